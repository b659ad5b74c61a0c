//! Handovers: a partner passes from one account manager to another, with the work that is under way.
//!
//! A handover is prepared, scheduled, and begins at its effective moment: in one transaction the new account manager holds
//! the part and what waited for the former one's decision waits for the new one's. It is accepted by the new account manager
//! and completed after the first talk with the partner. Opening it lists the work that changes hands. Changing the primary
//! account manager too often takes the agreement of a second person, because partner and vendor begin anew each time.
//!
//! The effective moment comes by the clock: whoever is due is begun by [`begin_due`], which the server calls from time to time.

mod handlers;
mod model;
mod queries;
mod rules;
mod worklist;

pub use model::{Handover, HandoverItem, HandoverStatus};
pub use queries::{due, find};
pub use rules::MACHINE;
use utoipa_actix_web::{scope, service_config::ServiceConfig};

use super::{
    account_managers::{self, Entry},
    consequences,
};
use crate::{
    db::Tx,
    error::Result,
    kernel::ids::{HandoverId, PartnerId},
};

/// The routes.
pub(super) fn routes(config: &mut ServiceConfig<'_>) {
    config.service(
        scope("/v1/handovers")
            .service(handlers::list_handovers)
            .service(handlers::create_handover)
            .service(handlers::get_handover)
            .service(handlers::update_handover)
            .service(handlers::agree_to_handover)
            .service(handlers::schedule_handover)
            .service(handlers::begin_handover)
            .service(handlers::accept_handover)
            .service(handlers::log_first_touch)
            .service(handlers::complete_handover)
            .service(handlers::cancel_handover)
            .service(handlers::list_handover_items)
            .service(handlers::add_handover_item)
            .service(handlers::get_handover_item)
            .service(handlers::update_handover_item),
    );
}

/// Begins one handover whose effective moment has come; nothing happens if it was begun or cancelled meanwhile, or if its
/// guards fail, which whoever follows it sees when they begin it themselves.
///
/// # Errors
/// What the database reports.
pub fn begin_due(tx: &mut Tx<'_>, id: HandoverId) -> Result<bool> {
    let before = queries::find(tx, id)?;
    if before.status != HandoverStatus::Scheduled
        || before.effective_at > tx.now
        || !failing_to_begin(tx, &before)?.is_empty()
    {
        return Ok(false);
    }
    begin(tx, &before).map(|_begun| true)
}

fn failing_to_begin(tx: &mut Tx<'_>, handover: &Handover) -> Result<Vec<crate::kernel::states::FailingGuard>> {
    let status = super::status(tx, handover.partner_id)?;
    let now = tx.now;
    let holder = account_managers::current(tx, handover.partner_id, handover.role, now)?;
    Ok(rules::failing_begin(handover, status, holder, now))
}

/// The part passes on, and with it what waits for a decision of the former holder. All of it in this transaction.
fn begin(tx: &mut Tx<'_>, before: &Handover) -> Result<Handover> {
    let after = before.clone().moved("begin", tx.now)?;
    let entry = Entry {
        partner: before.partner_id,
        role: before.role,
        user: Some(before.to_user_id),
        valid_from: tx.now,
        reason_code: before.reason_code,
        reason_text: before.reason_text.clone(),
        handover: Some(before.id),
    };
    account_managers::begin(tx, entry)?;
    consequences::handed_over(tx, before)?;
    let saved = queries::save(tx, before, after, "handover.begun")?;
    // Work that came up since the handover was opened changes hands, too.
    list_work(tx, &saved)?;
    Ok(saved)
}

fn list_work(tx: &mut Tx<'_>, handover: &Handover) -> Result<()> {
    for found in worklist::of(tx, handover)? {
        let item = HandoverItem::listed(handover.id, found, tx.now);
        queries::add_listed(tx, &item)?;
    }
    Ok(())
}

/// Calls off the handovers of a partner that have not begun, when the partner ends.
///
/// # Errors
/// What the database reports.
pub(super) fn cancel_open(tx: &mut Tx<'_>, partner: PartnerId) -> Result<()> {
    for before in queries::to_begin(tx, partner)? {
        let after = before.clone().moved("cancel", tx.now)?;
        queries::save(tx, &before, after, "handover.cancelled")?;
    }
    Ok(())
}
