//! The only file that knows the table of questions to applicants.

use diesel::prelude::*;

use super::model::{ORDER, PartnerInfoRequest, PartnerInfoStatus};
use crate::{
    db::{Clause, Tx},
    error::{Error, Result, codes},
    events::Fact,
    kernel::{
        ids::PartnerId,
        page::{Page, Paging},
    },
    load_page, revise,
    schema::partner_info_requests::{self as requests, table},
};

/// One page of the questions to a firm, as they stand now.
///
/// # Errors
/// What the database reports.
pub fn page(tx: &mut Tx<'_>, partner: PartnerId, paging: &Paging) -> Result<Page<PartnerInfoRequest>> {
    let mut clause = Clause::rows_of(tx.caller(), "partner_info_requests.partner_id");
    clause.equals("partner_info_requests.partner_id", &partner);
    let rows = load_page!(tx, table => PartnerInfoRequest, clause, ORDER, paging)?;
    let now = tx.now;
    Ok(Page::of(rows, paging, |row| (row.asked_at.into(), row.id.to_string())).map(|row| row.at(now)))
}

/// The questions that wait for answers of the firm.
///
/// # Errors
/// What the database reports.
pub fn open_of(tx: &mut Tx<'_>, partner: PartnerId) -> Result<Option<PartnerInfoRequest>> {
    Ok(table
        .filter(requests::partner_id.eq(partner))
        .filter(requests::status.eq(PartnerInfoStatus::Open))
        .select(PartnerInfoRequest::as_select())
        .first(tx.conn())
        .optional()?)
}

/// What the firm is asked now.
///
/// # Errors
/// What the database reports.
pub fn open_questions(tx: &mut Tx<'_>, partner: PartnerId) -> Result<Vec<String>> {
    Ok(open_of(tx, partner)?
        .map(|request| request.questions.0)
        .unwrap_or_default())
}

/// Stores new questions, and tells of them.
///
/// # Errors
/// 409 `conflict` if others wait for answers.
pub fn insert(tx: &mut Tx<'_>, request: PartnerInfoRequest) -> Result<PartnerInfoRequest> {
    tx.attempt(|tx| Ok(diesel::insert_into(table).values(&request).execute(tx.conn())?))
        .map_err(|error| {
            error.when(&codes::ALREADY_EXISTS, || {
                Error::new(&codes::CONFLICT).detail("Other questions wait for answers.")
            })
        })?;
    tx.record(Fact::created("partner_info.requested", &request))?;
    Ok(request)
}

/// Stores changed questions over the revision they were read at, and tells of it.
///
/// # Errors
/// 412 if they were changed meanwhile.
pub fn save(
    tx: &mut Tx<'_>,
    before: &PartnerInfoRequest,
    after: PartnerInfoRequest,
    kind: &'static str,
) -> Result<PartnerInfoRequest> {
    revise!(tx, table, requests::revision, (before.id, before.revision), &after)?;
    tx.record(Fact::changed(kind, before, &after))?;
    Ok(after)
}
