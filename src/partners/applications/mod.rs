//! Applications: a firm asks to become a partner, before anybody of it has an account.
//!
//! The applicant's address is verified by a token, in an invitation or in the mail that confirms the application; with it the
//! domain of the address becomes the firm's, unless anybody can have an address in it. The same token follows the
//! application: questions are answered, and the application is withdrawn, by whoever holds it.
//!
//! Two people of one firm who apply at the same moment bring the same registration number or domain; one of them wins by a
//! constraint of the database, and the other is told that the firm has applied.

mod handlers;
mod model;
mod queries;
mod rules;

pub use model::{ApplicationReceipt, PartnerApplication, ReapplyRule};
pub(super) use queries::{find, save};
pub(super) use rules::{answered, days_later};
use std::sync::Arc;

use utoipa_actix_web::{scope, service_config::ServiceConfig};

use crate::{
    calendars::{self, ClockBasis, WorkingTime},
    db::Tx,
    error::Result,
    policies,
};

/// The public routes.
pub(super) fn public_routes(config: &mut ServiceConfig<'_>) {
    config.service(
        scope("/v1/partner-applications")
            .service(handlers::apply_as_partner)
            .service(handlers::verify_applicant_email)
            .service(handlers::read_own_application)
            .service(handlers::answer_own_application)
            .service(handlers::withdraw_own_application),
    );
}

/// The routes below a partner.
pub(super) fn routes(config: &mut ServiceConfig<'_>) {
    config.service(handlers::get_partner_application);
}

/// The hours that the days of a review run in; none: round the clock. A firm may be at home in several territories, so they are those
/// of the program's calendar.
pub(super) fn hours(tx: &mut Tx<'_>, basis: Option<ClockBasis>) -> Result<Option<Arc<WorkingTime>>> {
    if basis != Some(ClockBasis::BusinessTime) {
        return Ok(None);
    }
    let now = tx.now;
    let closed = policies::in_force(tx, now)?.registration.holidays;
    Ok(Some(calendars::of_territory(tx, None, &closed)?.time))
}
