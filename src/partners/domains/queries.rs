//! The only file that knows the table of partners' domains.

use diesel::prelude::*;

use super::model::{DomainFilter, DomainMethod, DomainStatus, ORDER, PartnerDomain};
use crate::{
    db::{Clause, Tx},
    error::{Error, Result, codes},
    events::Fact,
    kernel::{
        ids::{PartnerDomainId, PartnerId},
        page::{Page, Paging},
    },
    load_page, revise,
    schema::partner_domains::{self as domains, table},
};

/// And: the partner whose id stands in `column` has the domain, verified.
pub fn verified_as(clause: &mut Clause, column: &'static str, domain: &str) {
    clause
        .and("EXISTS (SELECT 1 FROM partner_domains WHERE partner_domains.status = 'verified' AND partner_domains.partner_id = ")
        .sql(column)
        .equals("partner_domains.domain", domain.trim().to_ascii_lowercase().as_str())
        .sql(")");
}

/// One page of a partner's domains.
///
/// # Errors
/// What the database reports.
pub fn page(
    tx: &mut Tx<'_>,
    partner: PartnerId,
    filter: &DomainFilter,
    paging: &Paging,
) -> Result<Page<PartnerDomain>> {
    let mut clause = Clause::rows_of(tx.caller(), "partner_domains.partner_id");
    clause
        .equals("partner_domains.partner_id", &partner)
        .one_of_some("partner_domains.status", filter.status.as_ref());
    let rows = load_page!(tx, table => PartnerDomain, clause, ORDER, paging)?;
    Ok(Page::of(rows, paging, |row| {
        (row.created_at.into(), row.id.to_string())
    }))
}

/// The domain of a partner with that id, if the caller may see it.
///
/// # Errors
/// 404 if there is none.
pub fn find(tx: &mut Tx<'_>, partner: PartnerId, id: PartnerDomainId) -> Result<PartnerDomain> {
    let mut clause = Clause::rows_of(tx.caller(), "partner_domains.partner_id");
    clause
        .equals("partner_domains.partner_id", &partner)
        .equals("partner_domains.id", &id);
    Ok(table
        .filter(clause)
        .select(PartnerDomain::as_select())
        .first(tx.conn())?)
}

/// The domain on the partner's list.
///
/// # Errors
/// What the database reports.
pub fn of_partner(tx: &mut Tx<'_>, partner: PartnerId, domain: &str) -> Result<Option<PartnerDomain>> {
    Ok(table
        .filter(domains::partner_id.eq(partner))
        .filter(domains::domain.eq(domain))
        .select(PartnerDomain::as_select())
        .first(tx.conn())
        .optional()?)
}

/// The partner that has the domain, verified.
///
/// # Errors
/// What the database reports.
pub fn holder(tx: &mut Tx<'_>, domain: &str) -> Result<Option<PartnerId>> {
    Ok(table
        .filter(domains::domain.eq(domain))
        .filter(domains::status.eq(DomainStatus::Verified))
        .select(domains::partner_id)
        .first(tx.conn())
        .optional()?)
}

/// The partner that had the domain last, verified, and released it.
///
/// # Errors
/// What the database reports.
pub fn former_holder(tx: &mut Tx<'_>, domain: &str) -> Result<Option<PartnerId>> {
    Ok(table
        .filter(domains::domain.eq(domain))
        .filter(domains::status.eq(DomainStatus::Released))
        .filter(domains::verified_at.is_not_null())
        .order(domains::updated_at.desc())
        .select(domains::partner_id)
        .first(tx.conn())
        .optional()?)
}

/// The domains that the partner has, verified.
///
/// # Errors
/// What the database reports.
pub fn verified_of(tx: &mut Tx<'_>, partner: PartnerId) -> Result<Vec<String>> {
    Ok(table
        .filter(domains::partner_id.eq(partner))
        .filter(domains::status.eq(DomainStatus::Verified))
        .order(domains::domain)
        .select(domains::domain)
        .load(tx.conn())?)
}

/// Whether the partner has a verified domain.
///
/// # Errors
/// What the database reports.
pub fn has_verified(tx: &mut Tx<'_>, partner: PartnerId) -> Result<bool> {
    let count: i64 = table
        .filter(domains::partner_id.eq(partner))
        .filter(domains::status.eq(DomainStatus::Verified))
        .count()
        .get_result(tx.conn())?;
    Ok(count > 0)
}

/// Claims the domain for the partner, unless it does already, and verifies it if the method is known.
///
/// # Errors
/// 409 `duplicate_partner` if it shall be verified and another live partner has it.
pub fn claim(tx: &mut Tx<'_>, partner: PartnerId, domain: &str, method: Option<DomainMethod>) -> Result<PartnerDomain> {
    let now = tx.now;
    let claimed = match of_partner(tx, partner, domain)? {
        None => insert(tx, PartnerDomain::new(partner, domain.to_owned(), now))?,
        Some(known) if known.status == DomainStatus::Released => {
            save(tx, &known, known.clone().claimed_again(now), "partner_domain.claimed")?
        }
        Some(known) => known,
    };
    match method {
        Some(method) if claimed.status != DomainStatus::Verified => {
            let verified = claimed.clone().verified(method, now);
            save(tx, &claimed, verified, "partner_domain.verified")
        }
        _ => Ok(claimed),
    }
}

fn insert(tx: &mut Tx<'_>, domain: PartnerDomain) -> Result<PartnerDomain> {
    tx.attempt(|tx| Ok(diesel::insert_into(table).values(&domain).execute(tx.conn())?))?;
    tx.record(Fact::created("partner_domain.claimed", &domain))?;
    Ok(domain)
}

/// Stores a changed domain over the revision it was read at, and tells of it.
///
/// # Errors
/// 412 if it was changed meanwhile, 409 `duplicate_partner` if another live partner has it, verified.
pub fn save(
    tx: &mut Tx<'_>,
    before: &PartnerDomain,
    after: PartnerDomain,
    kind: &'static str,
) -> Result<PartnerDomain> {
    let saved = tx.attempt(|tx| revise!(tx, table, domains::revision, (before.id, before.revision), &after));
    saved.map_err(|error| {
        error.when(&codes::ALREADY_EXISTS, || {
            Error::new(&codes::DUPLICATE_PARTNER).fault(
                "#/domain",
                "duplicate_partner",
                format!("Another partner has {}.", after.domain),
            )
        })
    })?;
    tx.record(Fact::changed(kind, before, &after))?;
    Ok(after)
}

/// Removes a claim that was never verified.
///
/// # Errors
/// What the database reports.
pub fn remove(tx: &mut Tx<'_>, domain: &PartnerDomain) -> Result<()> {
    diesel::delete(table.find(domain.id)).execute(tx.conn())?;
    tx.record(Fact::deleted("partner_domain.withdrawn", domain))
}

/// Releases every domain of the partner: others can have them from now on.
///
/// # Errors
/// What the database reports.
pub fn release_all(tx: &mut Tx<'_>, partner: PartnerId) -> Result<()> {
    let now = tx.now;
    let live: Vec<PartnerDomain> = table
        .filter(domains::partner_id.eq(partner))
        .filter(domains::status.ne(DomainStatus::Released))
        .select(PartnerDomain::as_select())
        .load(tx.conn())?;
    for domain in live {
        save(tx, &domain, domain.clone().released(now), "partner_domain.released")?;
    }
    Ok(())
}
