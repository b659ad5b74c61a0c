//! The review of an application: questions with a due time, during which the review's clock stands still, and the decision.

mod handlers;
mod model;
mod queries;
mod rules;

pub use model::{PartnerInfoRequest, PartnerInfoStatus};
pub(super) use queries::open_questions;
pub(super) use rules::failing;
use utoipa_actix_web::service_config::ServiceConfig;

use super::{
    Partner, PartnerStatus,
    applications::{self, PartnerApplication},
    consequences, domains, invitations,
    rules::Reason,
};
use crate::{db::Tx, error::Result};

/// The routes below a partner.
pub(super) fn routes(config: &mut ServiceConfig<'_>) {
    config
        .service(handlers::start_partner_review)
        .service(handlers::request_partner_info)
        .service(handlers::list_partner_info_requests)
        .service(handlers::answer_partner_info)
        .service(handlers::resume_partner_review)
        .service(handlers::reject_partner)
        .service(handlers::approve_partner)
        .service(handlers::withdraw_partner);
}

/// Takes the answers to the open questions; the review goes on.
///
/// # Errors
/// 409 `invalid_state` if nothing is asked.
pub(super) fn answer(
    tx: &mut Tx<'_>,
    before: &Partner,
    application: &PartnerApplication,
    answers: &[String],
) -> Result<(PartnerApplication, Partner)> {
    let after = before.clone().moved("answer_info", Reason::default(), tx.now)?;
    if let Some(request) = queries::open_of(tx, before.id)? {
        let by = tx.caller().actor_text();
        let answered = request.clone().answered(answers, by, tx.now);
        queries::save(tx, &request, answered, "partner_info.answered")?;
    }
    let time = applications::hours(tx, application.clock_basis)?;
    let resumed = applications::answered(application.clone(), tx.now, time.as_deref());
    let application = applications::save(tx, application, resumed, "partner_application.resumed")?;
    Ok((application, super::save(tx, before, after, "partner.info_answered")?))
}

/// Ends the plan to make the firm a partner: what waits on it is closed, and its domains are free again.
///
/// # Errors
/// 409 `invalid_state` if it is a partner already, or no longer on the way.
pub(super) fn withdraw(tx: &mut Tx<'_>, before: &Partner, reason: Reason) -> Result<Partner> {
    let after = before.clone().moved("withdraw", reason, tx.now)?;
    close(tx, before)?;
    let saved = super::save(tx, before, after, "partner.withdrawn")?;
    consequences::withdrawn(tx, &saved)?;
    Ok(saved)
}

/// Closes what waits on an application that ends.
fn close(tx: &mut Tx<'_>, partner: &Partner) -> Result<()> {
    if let Some(request) = queries::open_of(tx, partner.id)? {
        let cancelled = request.clone().cancelled();
        queries::save(tx, &request, cancelled, "partner_info.cancelled")?;
    }
    if matches!(partner.status, PartnerStatus::Invited | PartnerStatus::InviteExpired) {
        invitations::cancel_open(tx, partner.id)?;
    }
    domains::release_all(tx, partner.id)
}
