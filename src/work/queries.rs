//! Questions that tasks and interactions ask alike: what the caller may read, and whether people exist.

use diesel::prelude::*;

use super::records::{RecordFilter, WorkRecordType, WorkVisibility};
use crate::{
    auth::{Caller, Rows},
    db::{Clause, Tx, among},
    error::{Error, Result},
    kernel::ids::{PartnerId, PersonId, UserId},
    schema::{partner_memberships, people, users},
};

/// The rows on records that the caller may read, or on none: the vendor's people those of their partners and those of no
/// partner, a partner's people those of their partner.
pub fn of_records(caller: &Caller, partner: &'static str, record: &'static str) -> Clause {
    let mut clause = Clause::all();
    match caller.rows() {
        _ if !caller.is_vendor() => clause = Clause::rows_of(caller, partner),
        Rows::Partners(partners) => {
            clause.sql(" AND (").sql(partner).sql(" IS NULL OR TRUE");
            clause.one_of(partner, partners).sql(")");
        }
        Rows::All => {}
    }
    let open = WorkRecordType::open_to(caller);
    if open.len() < WorkRecordType::ALL.len() {
        clause.sql(" AND (").sql(record).sql(" IS NULL OR TRUE");
        clause.one_of(record, &open).sql(")");
    }
    clause
}

/// Restricts rows to those on the records that are asked for; the columns are the partner's, the record's type, and its id.
pub fn on_records(clause: &mut Clause, filter: &RecordFilter, [partner, kind, id]: [&'static str; 3]) {
    clause
        .equals_some(kind, filter.resource_type.as_ref())
        .equals_some(id, filter.resource_id.as_ref())
        .one_of_some(partner, filter.partner_id.as_ref());
}

/// The tasks or interactions that the caller may read: of those on records that the caller may read, the vendor's people all,
/// a partner's people what is shared with them.
pub fn readable(caller: &Caller, partner: &'static str, record: &'static str, visibility: &'static str) -> Clause {
    let mut clause = of_records(caller, partner, record);
    if !caller.is_vendor() {
        clause.equals(visibility, &WorkVisibility::Shared);
    }
    clause
}

/// Checks that work can be given to that user: an active user of the vendor, or, if it is shared with a partner, one of that
/// partner's.
///
/// # Errors
/// 409 `unknown_reference` otherwise.
pub fn assignable(tx: &mut Tx<'_>, user: UserId, shared_with: Option<PartnerId>) -> Result<()> {
    if tx.caller().user() == Some(user) || count_users(tx, &[user])? == 1 {
        return Ok(());
    }
    let member = match shared_with {
        Some(partner) => is_member(tx, user, partner)?,
        None => false,
    };
    if member {
        return Ok(());
    }
    Err(Error::unknown_reference(
        "#/assignee_id",
        "There is no such user who can see it; name an active user of the vendor, or of the partner that it is shared with.",
    ))
}

fn is_member(tx: &mut Tx<'_>, user: UserId, partner: PartnerId) -> Result<bool> {
    let found: i64 = partner_memberships::table
        .filter(partner_memberships::user_id.eq(user))
        .filter(partner_memberships::partner_id.eq(partner))
        .filter(partner_memberships::status.eq("active"))
        .count()
        .get_result(tx.conn())?;
    Ok(found > 0)
}

/// How many of those users are active users of the vendor.
///
/// # Errors
/// What the database reports.
pub fn count_users(tx: &mut Tx<'_>, ids: &[UserId]) -> Result<i64> {
    Ok(users::table
        .filter(users::id.eq_any(among(ids)))
        .filter(users::kind.eq("vendor"))
        .filter(users::status.eq("active"))
        .count()
        .get_result(tx.conn())?)
}

/// How many of those people there are; for a partner's people, of those who work or worked at their partner.
///
/// # Errors
/// What the database reports.
pub fn count_people(tx: &mut Tx<'_>, ids: &[PersonId]) -> Result<i64> {
    let mut clause = Clause::all();
    clause.one_of("people.id", ids);
    if let Some(partner) = tx.caller().partner() {
        clause
            .sql(" AND EXISTS (SELECT 1 FROM employments AS e WHERE e.person_id = people.id AND e.partner_id = ")
            .value(&partner)
            .sql(")");
    }
    Ok(people::table.filter(clause).count().get_result(tx.conn())?)
}
