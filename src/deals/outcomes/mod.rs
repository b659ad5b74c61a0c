//! How a sale ends: won, with evidence that the vendor confirms, or lost, for a reason; and the evidence itself.
//!
//! - A partner reports a win with an order, a purchase order or a contract. That ends the sale and uses its protection up
//!   at once: whoever reports a win that is none loses by it. What is paid for wins waits for the vendor's word: the event
//!   `deal.win_verified` is told once for a deal, and is what incentives are accrued on.
//! - The report of the vendor's people who run the program is confirmed as it is made. That of the vendor's machines is not: a
//!   CRM that says `won` proposes the win with what it knows, if only its own record of it, and a person confirms it. A
//!   machine may be trusted with that too, by the scope that `verifyDealWin` asks for.
//! - A win that the vendor does not confirm goes back to `committed`, and its protection lasts for the rest of its time.
//! - A loss gives the protection back at once. A loss while the registration is before the vendor takes it back.

mod handlers;
mod losses;
mod model;
mod queries;
mod rules;
mod wins;

pub use losses::{failing as losing_fails, lose};
pub use model::{DealEvidence, DealEvidenceKind, DealLoss, DealWin, NewDealEvidence};
pub use queries::{evidence_by_time, evidence_of, find as find_evidence, of_deal as pieces_of};
pub use rules::too_young;
use utoipa_actix_web::{scope, service_config::ServiceConfig};
pub use wins::{failing as winning_fails, rejecting_fails, verifying_fails, win};

/// The routes within `/v1/deals`.
pub fn deal_routes(config: &mut ServiceConfig<'_>) {
    config
        .service(handlers::win_deal)
        .service(handlers::verify_deal_win)
        .service(handlers::reject_deal_win)
        .service(handlers::lose_deal)
        .service(handlers::list_deal_evidence)
        .service(handlers::create_deal_evidence);
}

/// The routes of a piece of evidence.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config.service(
        scope("/v1/deal-evidence")
            .service(handlers::get_deal_evidence)
            .service(handlers::delete_deal_evidence),
    );
}
