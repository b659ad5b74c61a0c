//! What goes with a registration when it, or its sale, comes to an end: its slots, and whatever else still waits for
//! somebody because of it; and how it takes its slots again when the end is undone.

use super::{
    endings::ended,
    rows::Registration,
    rules, slot_queries,
    states::{DealLineStatus, REVIEW},
};
use crate::{
    db::Tx,
    deals::{amendments, appeals, extensions, reopenings, transfers},
    error::{Error, Result, codes},
    kernel::{
        ids::{DealId, ProductId},
        states::{FailingGuard, guard},
    },
};

/// Ends what hangs on a registration that nobody works on any more.
///
/// # Errors
/// What the database reports.
pub fn close(tx: &mut Tx<'_>, deal: DealId) -> Result<()> {
    extensions::close_pending(tx, deal)?;
    amendments::close_pending(tx, deal)?;
    transfers::close_open(tx, deal)?;
    reopenings::close_open(tx, deal)?;
    appeals::close_open(tx, deal)?;
    slot_queries::free_slots(tx, deal)
}

/// The registration, taken back while it was before the vendor; to be written by the caller.
///
/// # Errors
/// 409 `invalid_state` if it is not.
pub fn taken_back(tx: &mut Tx<'_>, before: &Registration) -> Result<Registration> {
    let status = rules::status_at(before, tx.moment());
    ended(tx, before, REVIEW.go(status, "withdraw")?, DealLineStatus::Rejected)
}

/// Whether the partner registered the same again meanwhile.
///
/// # Errors
/// What the database reports.
pub fn slot_taken(tx: &mut Tx<'_>, registration: &Registration) -> Result<Option<FailingGuard>> {
    let deal = &registration.deal;
    let Some(account) = deal.customer_account_id else {
        return Ok(None);
    };
    let products: Vec<ProductId> = registration.lines.iter().map(|line| line.row.product_id).collect();
    let holder = slot_queries::slot_holder(tx, deal.partner_id, account, &products, deal.deal_type)?;
    Ok(holder.filter(|number| *number != deal.number).map(|number| {
        let detail = format!(
            "{number} of the same partner is open for the same customer, product and kind of deal; only one of them can be."
        );
        guard("no_open_registration", "#/lines", detail)
    }))
}

/// Takes the slots again.
///
/// # Errors
/// 409 `guard_failed` if the partner registered the same again meanwhile.
pub fn open_again(tx: &mut Tx<'_>, registration: &Registration) -> Result<()> {
    let Some(account) = registration.deal.customer_account_id else {
        return Ok(());
    };
    slot_queries::free_slots(tx, registration.deal.id)?;
    slot_queries::take_slots(tx, registration, account).map_err(|error| {
        if !error.is(&codes::ALREADY_EXISTS) {
            return error;
        }
        let detail = "The partner has another open registration of the same customer, product and kind of deal.";
        let failing = vec![guard("no_open_registration", "#/lines", detail)];
        Error::guards(registration.deal.review_status, "open_again", failing)
    })
}
