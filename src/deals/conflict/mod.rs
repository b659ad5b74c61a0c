//! The conflict engine: who else holds or wants what a registration asks for, and why (`domain.md` part 12).
//!
//! 1. The customer is found first: the accounts it may be, each with how sure that is and the evidence ([`prepare`]).
//! 2. What is held on those accounts is loaded: protections, queued registrations, and what the vendor holds itself.
//! 3. Pure [`rules`] hold each claim against the request, and come to a verdict with the claims in order of strength, the
//!    place in the queue, the first free moment, and what would clear it.
//! 4. The check is stored as it was found, with everything it looked at, so that it can be run again and compared.
//!
//! A fuzzy match alone never makes a conflict, and nothing that is likely the same customer is ever waved through.
//! Partners read a view that is built from allowed values: the kind of claim, the overlap, their place, the date; never
//! who, how much, or with whom.

mod checks;
mod dry_runs;
mod handlers;
mod model;
mod queries;
mod replays;
pub mod rules;

pub use checks::{
    Check, Prepared, Question, Read, check, check_deal, check_lines, check_unwritten, claimants_before, prepare,
    prepare_again, prepare_described, prepare_for, prepare_with, queue_position,
};
pub use model::{
    Assessment, AutoAction, CheckPurpose, ClaimKind, ConflictCheck, ConflictVerdict, RedactedAssessment, RuleVersion,
};
pub use queries::{Described, checks_of, last_facts, policy, product_tree, territory_tree};
pub use rules::ConflictPolicy;
use utoipa_actix_web::{scope, service_config::ServiceConfig};

/// The routes.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config
        .service(
            scope("/v1/conflict-checks")
                .service(handlers::list_conflict_checks)
                .service(handlers::dry_run_conflict_check)
                .service(handlers::get_conflict_check)
                .service(handlers::replay_conflict_check),
        )
        .service(scope("/v1/conflict-probes").service(handlers::list_conflict_probes));
}

/// The routes within `/v1/deals`.
pub fn deal_routes(config: &mut ServiceConfig<'_>) {
    config.service(handlers::run_conflict_check);
}
