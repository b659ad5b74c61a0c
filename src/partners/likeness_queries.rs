//! The partners that a description of a firm may mean.

use diesel::prelude::*;

use super::{
    domains,
    model::Registration,
    queries::{NamedPartner, by_registration, named_by_ids},
};
use crate::{
    db::{Clause, Tx},
    error::Result,
    kernel::{ids::PartnerId, words::fold},
    schema::partners::{self, table},
};

/// How many partners of one name are looked at.
const MOST: i64 = 20;

/// A partner that a description may mean.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alike {
    /// The partner.
    pub id: PartnerId,
    /// Its name.
    pub legal_name: String,
    /// What says so: `registration_number`, `domain`, `name`.
    pub by: Vec<&'static str>,
}

/// The partners that the caller may see with that entry of a register, that verified domain, or that name in any spelling.
///
/// # Errors
/// What the database reports.
pub fn alike(tx: &mut Tx<'_>, name: &str, entry: Option<&Registration>, domain: Option<&str>) -> Result<Vec<Alike>> {
    let numbered = match entry {
        Some(entry) => by_registration(tx, entry)?.map(|partner| partner.id),
        None => None,
    };
    let owner = match domain {
        Some(domain) => domains::holder(tx, domain)?,
        None => None,
    };
    let mut clause = Clause::rows_of(tx.caller(), "partners.id");
    clause
        .equals("partners.name_key", fold(name).as_str())
        .and("partners.status <> 'merged'");
    let named: Vec<NamedPartner> = table
        .filter(clause)
        .order(partners::id)
        .limit(MOST)
        .select(NamedPartner::as_select())
        .load(tx.conn())?;
    let known: Vec<PartnerId> = numbered.into_iter().chain(owner).collect();
    let mut found: Vec<Alike> = Vec::new();
    for partner in named_by_ids(tx, &known)?.into_iter().chain(named.iter().cloned()) {
        if found.iter().any(|one| one.id == partner.id) {
            continue;
        }
        let by = [
            ("registration_number", numbered == Some(partner.id)),
            ("domain", owner == Some(partner.id)),
            ("name", named.iter().any(|one| one.id == partner.id)),
        ];
        found.push(Alike {
            id: partner.id,
            by: by
                .into_iter()
                .filter(|(_, holds)| *holds)
                .map(|(what, _)| what)
                .collect(),
            legal_name: partner.legal_name,
        });
    }
    Ok(found)
}
