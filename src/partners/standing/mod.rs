//! The standing of a partner: it becomes active, is suspended and reinstated, and ends after a notice.
//!
//! The notice runs by the clock. Whoever is due is ended by [`end_due`], which the server calls from time to time; until then
//! the record says when the end is.

mod handlers;
mod model;
mod queries;
mod rules;

pub use model::StatusChange;
use utoipa_actix_web::service_config::ServiceConfig;

use super::{Partner, PartnerStatus, consequences, rules::Reason};
use crate::{db::Tx, error::Result, kernel::ids::PartnerId};

/// The routes below a partner.
pub(super) fn routes(config: &mut ServiceConfig<'_>) {
    config
        .service(handlers::activate_partner)
        .service(handlers::suspend_partner)
        .service(handlers::reinstate_partner)
        .service(handlers::offboard_partner)
        .service(handlers::terminate_partner)
        .service(handlers::list_partner_actions)
        .service(handlers::list_partner_status_changes);
}

/// The partners whose notice has come to its end.
///
/// # Errors
/// What the database reports.
pub fn due(tx: &mut Tx<'_>) -> Result<Vec<PartnerId>> {
    queries::due(tx)
}

/// Ends one partner whose notice has come to its end; says whether it did, for nothing happens if it was ended meanwhile.
///
/// # Errors
/// What the database reports.
pub fn end_due(tx: &mut Tx<'_>, id: PartnerId) -> Result<bool> {
    let before = super::find(tx, id)?;
    if before.status != PartnerStatus::Offboarding || before.effective_end_at.is_none_or(|end| end > tx.now) {
        return Ok(false);
    }
    let reason = Reason {
        code: before.status_reason_code.clone(),
        text: before.status_reason_text.clone(),
    };
    terminate(tx, &before, reason).map(|_ended| true)
}

fn terminate(tx: &mut Tx<'_>, before: &Partner, reason: Reason) -> Result<Partner> {
    let after = before.clone().moved("terminate", reason, tx.now)?;
    let saved = super::save(
        tx,
        before,
        Partner {
            account_manager_id: None,
            ..after
        },
        "partner.terminated",
    )?;
    consequences::ended(tx, &saved)?;
    Ok(saved)
}
