//! Finds candidates in the index of keys, and reads what is known of them.

use std::collections::{BTreeMap, BTreeSet};

use diesel::{
    backend::Backend,
    prelude::*,
    query_builder::{AstPass, Query, QueryFragment, QueryId},
    serialize::ToSql,
    sql_types::{BigInt, HasSqlType, Text},
};

use super::{
    model::{AccountRelation, EntityClass, ResolutionCandidate},
    rules::Wanted,
};
use crate::{
    customers::{
        accounts::{self, AccountAlias, identity::Identity},
        matching::profile::Profile,
    },
    db::{Tx, among},
    error::Result,
    kernel::{country::Country, ids::AccountId},
    references::{self, ExternalRef},
    schema::customer_accounts::{self as columns, table},
};

/// An account that has a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Queryable)]
pub struct Hit {
    /// Which key, counted as they were asked for.
    pub number: i64,
    /// The account.
    pub account_id: AccountId,
}

/// One statement for all keys. Each key is a range of the index, read no further than until it is known to be too common;
/// so a search reads some thousand entries at most, whatever the number of accounts.
#[derive(Debug, Clone)]
struct KeySearch<'a>(&'a [Wanted]);

impl Query for KeySearch<'_> {
    type SqlType = (BigInt, Text);
}

impl<C> RunQueryDsl<C> for KeySearch<'_> {}

impl QueryId for KeySearch<'_> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<DB> QueryFragment<DB> for KeySearch<'_>
where
    DB: Backend + HasSqlType<Text> + HasSqlType<BigInt>,
    String: ToSql<Text, DB>,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        for (number, wanted) in self.0.iter().enumerate() {
            out.push_sql(if number == 0 {
                "SELECT * FROM (SELECT CAST("
            } else {
                " UNION ALL SELECT * FROM (SELECT CAST("
            });
            // The number of the key and how far it is read come from here, never from a caller.
            out.push_sql(&number.to_string());
            out.push_sql(" AS BIGINT) AS number, account_id FROM account_keys WHERE kind = ");
            // A kind is one of our own words; as text of the statement it lets the engine plan for it.
            out.push_sql("'");
            out.push_sql(wanted.key.kind.as_str());
            out.push_sql("'");
            out.push_sql(" AND key = ");
            out.push_bind_param::<Text, String>(&wanted.key.key)?;
            out.push_sql(" ORDER BY account_id LIMIT ");
            out.push_sql(&(wanted.most + 1).to_string());
            out.push_sql(") AS k");
            out.push_sql(&number.to_string());
        }
        Ok(())
    }
}

/// The accounts that have one of the keys.
///
/// # Errors
/// What the database reports.
pub fn hits(tx: &mut Tx<'_>, search: &[Wanted]) -> Result<Vec<Hit>> {
    if search.is_empty() {
        return Ok(Vec::new());
    }
    Ok(KeySearch(search).load::<Hit>(tx.conn())?)
}

/// What a comparison needs of an account's row.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = columns)]
pub struct Known {
    pub id: AccountId,
    pub number: String,
    pub name: String,
    pub website: Option<String>,
    pub registration_number: Option<String>,
    pub registration_authority: Option<String>,
    pub phone: Option<String>,
    pub street: Option<String>,
    pub city: Option<String>,
    pub postal_code: Option<String>,
    pub country: Option<Country>,
    pub parent_id: Option<AccountId>,
}

/// An account with everything that it is compared by.
#[derive(Debug, Clone)]
pub struct Described {
    /// Its row.
    pub row: Known,
    aliases: Vec<AccountAlias>,
    external_refs: Vec<ExternalRef>,
}

impl Described {
    /// The account as it is compared.
    pub fn profile(&self) -> Profile {
        let row = &self.row;
        Identity {
            name: &row.name,
            website: row.website.as_deref(),
            registration_number: row.registration_number.as_deref(),
            registration_authority: row.registration_authority.as_deref(),
            phone: row.phone.as_deref(),
            street: row.street.as_deref(),
            city: row.city.as_deref(),
            postal_code: row.postal_code.as_deref(),
            country: row.country,
            aliases: &self.aliases,
            external_refs: &self.external_refs,
        }
        .profile()
    }
}

/// What is known of those accounts; their ids in other systems only if the comparison has any to compare with.
///
/// # Errors
/// What the database reports.
pub fn described(tx: &mut Tx<'_>, ids: &[AccountId], with_refs: bool) -> Result<Vec<Described>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let rows = table
        .filter(columns::id.eq_any(among(ids)))
        .select(Known::as_select())
        .load(tx.conn())?;
    let mut aliases = accounts::queries::aliases_of(tx, ids)?;
    let mut refs = if with_refs {
        references::by_records(
            tx,
            accounts::TYPE,
            &ids.iter().map(ToString::to_string).collect::<Vec<_>>(),
        )?
    } else {
        references::ByRecord::new()
    };
    Ok(rows
        .into_iter()
        .map(|row| Described {
            aliases: aliases.remove(&row.id).unwrap_or_default(),
            external_refs: refs.remove(&row.id.to_string()).unwrap_or_default(),
            row,
        })
        .collect())
}

/// Most relatives that are named: a group of thousands of companies is not one customer.
const MOST_RELATIVES: i64 = 200;

/// Parents, subsidiaries and siblings of those accounts, without these themselves.
///
/// # Errors
/// What the database reports.
pub fn relatives(tx: &mut Tx<'_>, of: &[AccountId]) -> Result<Vec<ResolutionCandidate>> {
    if of.is_empty() {
        return Ok(Vec::new());
    }
    let own: Vec<(AccountId, Option<AccountId>)> = table
        .filter(columns::id.eq_any(among(of)))
        .select((columns::id, columns::parent_id))
        .load(tx.conn())?;
    let parents: BTreeMap<AccountId, AccountId> = own
        .into_iter()
        .filter_map(|(child, parent)| Some((child, parent?)))
        .collect();
    let heads: BTreeSet<AccountId> = of.iter().copied().chain(parents.values().copied()).collect();
    let heads: Vec<AccountId> = heads.into_iter().collect();
    let rows: Vec<Known> = table
        .filter(
            columns::parent_id
                .eq_any(among(&heads))
                .or(columns::id.eq_any(among(&heads))),
        )
        .filter(columns::merged_into_id.is_null())
        .order((columns::parent_id, columns::name_key, columns::id))
        .limit(MOST_RELATIVES)
        .select(Known::as_select())
        .load(tx.conn())?;
    Ok(rows
        .iter()
        .filter(|row| !of.contains(&row.id))
        .filter_map(|row| related(row, of, &parents))
        .collect())
}

fn related(row: &Known, of: &[AccountId], parents: &BTreeMap<AccountId, AccountId>) -> Option<ResolutionCandidate> {
    let child_of = |parent: AccountId| {
        parents
            .iter()
            .find(|(_, above)| **above == parent)
            .map(|(child, _)| *child)
    };
    let (relation, relative) = if let Some(child) = child_of(row.id) {
        (AccountRelation::Parent, child)
    } else {
        let above = row.parent_id?;
        if of.contains(&above) {
            (AccountRelation::Subsidiary, above)
        } else {
            (AccountRelation::Sibling, child_of(above)?)
        }
    };
    Some(ResolutionCandidate {
        account_id: row.id,
        number: row.number.clone(),
        name: row.name.clone(),
        country: row.country,
        class: EntityClass::Distinct,
        decisive: false,
        score: 0.0,
        relation,
        relative_of_id: Some(relative),
        matched: Vec::new(),
        against: Vec::new(),
        evidence: None,
    })
}
