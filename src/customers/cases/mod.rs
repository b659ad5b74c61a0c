//! Conflict cases: collisions that people decide.
//!
//! The program opens a case wherever two claims cannot both stand and no rule says which does: it never lets one of them
//! vanish. A case names the claims, is taken up by somebody who stands on no side, and ends with an outcome and a reason. The outcome moves the
//! protections in the same transaction (see `deals::registrations::settle_case`).

mod handlers;
mod model;
mod queries;
mod rules;

pub use model::{
    CaseAction, CaseFact, CaseOutcome, CaseStatus, CaseType, ClaimOutcome, ConflictCase, ConflictCaseClaim,
    ConflictCaseClosure, NewCase, NewCaseClaim,
};
pub use queries::{find, move_to, of_merge};
pub use rules::STATES;
use utoipa_actix_web::{scope, service_config::ServiceConfig};

use crate::{calendars, db::Tx, error::Result, kernel::ids::AccountId, policies};

/// The type of conflict cases in events and notes.
pub const TYPE: &str = "conflict_case";

/// The routes.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config.service(
        scope("/v1/conflict-cases")
            .service(handlers::list_conflict_cases)
            .service(handlers::get_conflict_case)
            .service(handlers::list_conflict_case_actions)
            .service(handlers::triage_conflict_case)
            .service(handlers::resolve_conflict_case)
            .service(handlers::close_conflict_case),
    );
}

/// Opens a case: with its number, its claims in the order of their strength, and the times by which it must be taken up
/// and decided.
///
/// # Errors
/// What the database reports.
pub fn open(tx: &mut Tx<'_>, account: AccountId, new: NewCase) -> Result<ConflictCase> {
    let holidays = policies::in_force(tx, tx.now)?.registration.holidays;
    let territory = super::accounts::find(tx, account)?.territory_id;
    let clock = calendars::of_territory(tx, territory, &holidays)?;
    let number = crate::numbers::next(tx, "CC")?;
    let opened_by = tx.caller().actor_text();
    queries::insert(
        tx,
        ConflictCase::new(account, new, number, opened_by, tx.now, &clock.time),
    )
}

/// Ends a case without anybody deciding it, because what it was about is gone.
///
/// # Errors
/// 409 `invalid_state` if it has ended.
pub fn drop(tx: &mut Tx<'_>, case: &ConflictCase, reason: &str) -> Result<ConflictCase> {
    let closure = ConflictCaseClosure {
        reason: reason.to_owned(),
    };
    let actor = tx.caller().actor_text();
    queries::save(
        tx,
        case,
        case.clone().closed(&closure, actor, tx.now)?,
        "conflict_case.closed",
    )
}
