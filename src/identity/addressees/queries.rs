//! Finds people to be told, among users, their roles and their memberships. Only active ones: nobody else is told anything.

use diesel::prelude::*;

use super::Addressee;
use crate::{
    auth::Role,
    db::{Clause, Tx, among},
    error::Result,
    identity::{memberships::MembershipStatus, users::UserStatus},
    kernel::ids::{PartnerId, UserId},
    schema::{partner_memberships, users},
};

/// The active people of a partner with one of those roles; with any role if none is named.
///
/// # Errors
/// What the database reports.
pub fn of_partner(tx: &mut Tx<'_>, partner: PartnerId, roles: &[Role]) -> Result<Vec<UserId>> {
    let mut clause = Clause::all();
    clause
        .equals("partner_memberships.partner_id", &partner)
        .equals("partner_memberships.status", &MembershipStatus::Active)
        .equals("users.status", &UserStatus::Active);
    if !roles.is_empty() {
        let roles: Vec<&str> = roles.iter().map(|role| role.as_str()).collect();
        clause
            .sql(" AND EXISTS (SELECT 1 FROM partner_membership_roles WHERE partner_membership_roles.membership_id = partner_memberships.id")
            .one_of("partner_membership_roles.role", &roles)
            .sql(")");
    }
    Ok(partner_memberships::table
        .inner_join(users::table)
        .filter(clause)
        .order(users::id)
        .select(users::id)
        .load(tx.conn())?)
}

type Row = (UserId, String, String, Option<String>, Option<String>);

/// Those of the people who are active, with how they are reached.
///
/// # Errors
/// What the database reports.
pub fn those(tx: &mut Tx<'_>, ids: &[UserId]) -> Result<Vec<Addressee>> {
    let rows: Vec<Row> = users::table
        .filter(users::id.eq_any(among(ids)))
        .filter(users::status.eq(UserStatus::Active))
        .order(users::id)
        .select((users::id, users::name, users::email, users::locale, users::time_zone))
        .load(tx.conn())?;
    let addressee = |(id, name, email, locale, time_zone): Row| Addressee {
        id,
        name,
        email,
        locale,
        time_zone,
    };
    Ok(rows.into_iter().map(addressee).collect())
}
