//! Reads the history of where partners stand, and who is due to end. Written are both in the partners' own queries.

use diesel::prelude::*;

use super::model::StatusChange;
use crate::{
    count_if_wanted,
    db::{Clause, Tx},
    error::Result,
    kernel::{
        Time,
        ids::PartnerId,
        page::{Key, Order, Page, Paging},
    },
    load_page,
    partners::PartnerStatus,
    schema::{partner_status_changes, partners},
};

#[derive(Queryable, Selectable)]
#[diesel(table_name = partner_status_changes)]
struct StatusChangeRow {
    partner_id: PartnerId,
    seq: i64,
    from_status: Option<PartnerStatus>,
    to_status: PartnerStatus,
    reason_code: Option<String>,
    reason_text: Option<String>,
    actor_id: String,
    at: Time,
}

impl From<StatusChangeRow> for StatusChange {
    fn from(row: StatusChangeRow) -> Self {
        Self {
            partner_id: row.partner_id,
            seq: row.seq,
            from_status: row.from_status,
            to_status: row.to_status,
            reason_code: row.reason_code,
            reason_text: row.reason_text,
            changed_by: Some(row.actor_id),
            at: row.at,
        }
    }
}

/// The latest change first.
const ORDER: Order = Order {
    column: "partner_status_changes.seq",
    id: "partner_status_changes.seq",
    descending: true,
};

/// One page of a partner's history.
///
/// # Errors
/// What the database reports.
pub fn page(tx: &mut Tx<'_>, partner: PartnerId, paging: &Paging) -> Result<Page<StatusChange>> {
    let mut clause = Clause::rows_of(tx.caller(), "partner_status_changes.partner_id");
    clause.equals("partner_status_changes.partner_id", &partner);
    count_if_wanted!(tx, partner_status_changes::table, clause, paging)?;
    // The number is unique within the partner, so it stands for the id, too.
    if let Some((Key::Number(after), _)) = &paging.after {
        clause.below("partner_status_changes.seq", Some(after));
    }
    let first = Paging {
        after: None,
        ..paging.clone()
    };
    let rows = load_page!(tx, partner_status_changes::table => StatusChangeRow, clause, ORDER, &first)?;
    Ok(Page::of(rows, paging, |row| (row.seq.into(), row.seq.to_string())).map(StatusChange::from))
}

/// The partners whose notice has come to its end.
///
/// # Errors
/// What the database reports.
pub fn due(tx: &mut Tx<'_>) -> Result<Vec<PartnerId>> {
    let now = tx.now;
    Ok(partners::table
        .filter(partners::status.eq(PartnerStatus::Offboarding))
        .filter(partners::effective_end_at.le(now))
        .order(partners::id.asc())
        .select(partners::id)
        .load(tx.conn())?)
}
