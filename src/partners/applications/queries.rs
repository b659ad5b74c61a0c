//! The only file that knows the table of applications.

use diesel::prelude::*;

use super::model::PartnerApplication;
use crate::{
    db::{Clause, Tx},
    error::Result,
    events::Fact,
    kernel::ids::PartnerId,
    schema::partner_applications::{self as applications, table},
};

/// The application of a partner, if the caller may see it.
///
/// # Errors
/// 404 if it never applied.
pub fn find(tx: &mut Tx<'_>, partner: PartnerId) -> Result<PartnerApplication> {
    let mut clause = Clause::rows_of(tx.caller(), "partner_applications.partner_id");
    clause.equals("partner_applications.partner_id", &partner);
    Ok(table
        .filter(clause)
        .select(PartnerApplication::as_select())
        .first(tx.conn())?)
}

/// The application whose token that is, whoever asks.
///
/// # Errors
/// What the database reports.
pub fn find_by_token(tx: &mut Tx<'_>, token_hash: &str) -> Result<Option<PartnerApplication>> {
    Ok(table
        .filter(applications::applicant_token_hash.eq(token_hash))
        .select(PartnerApplication::as_select())
        .first(tx.conn())
        .optional()?)
}

/// The earlier application of a firm, whoever asks.
///
/// # Errors
/// What the database reports.
pub fn earlier(tx: &mut Tx<'_>, partner: PartnerId) -> Result<Option<PartnerApplication>> {
    Ok(table
        .find(partner)
        .select(PartnerApplication::as_select())
        .first(tx.conn())
        .optional()?)
}

/// Stores a new application in the place of an earlier one, and tells of it.
///
/// # Errors
/// What the database reports.
pub fn put(
    tx: &mut Tx<'_>,
    earlier: Option<&PartnerApplication>,
    new: PartnerApplication,
) -> Result<PartnerApplication> {
    let Some(earlier) = earlier else {
        diesel::insert_into(table).values(&new).execute(tx.conn())?;
        tx.record(Fact::created("partner_application.received", &new))?;
        return Ok(new);
    };
    save(tx, earlier, new, "partner_application.received")
}

/// Stores a changed application, and tells of it. The partner is saved beside it, and its revision guards both.
///
/// # Errors
/// What the database reports.
pub fn save(
    tx: &mut Tx<'_>,
    before: &PartnerApplication,
    after: PartnerApplication,
    kind: &'static str,
) -> Result<PartnerApplication> {
    diesel::update(table.find(before.partner_id))
        .set(&after)
        .execute(tx.conn())?;
    tx.record(Fact::changed(kind, before, &after))?;
    Ok(after)
}
