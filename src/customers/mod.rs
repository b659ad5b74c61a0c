//! End customers, and what the vendor itself holds on them.
//!
//! A customer account is one organisation. Registrations, protections and the vendor's own opportunities hang on it, so
//! two records for one organisation hide conflicts: [`resolution`] finds the account that a description means, and
//! [`merges`] unites accounts that turn out to be one. Partners never see accounts themselves, only what their own
//! deals say of them.

pub mod accounts;
pub mod cases;
pub mod direct_opportunities;
mod existing;
mod holdings;
pub mod installed_base;
pub mod matching;
pub mod merges;
pub mod named_accounts;
pub mod resolution;

pub use accounts::{
    CustomerAccount, Locked, NUMBERS, NewCustomerAccount, find, find_all, go_on, insert, lock, lock_all, lock_present,
    next_claim, surviving, upsert_by_external, usable, with_numbers,
};
pub use resolution::{CustomerInput, EntityClass, MatchSignal, ResolutionCandidate, ResolvedCustomer, resolve};
use utoipa_actix_web::service_config::ServiceConfig;

/// The routes.
pub fn routes(config: &mut ServiceConfig<'_>) {
    accounts::routes(config);
    direct_opportunities::routes(config);
    named_accounts::routes(config);
    installed_base::routes(config);
    cases::routes(config);
    merges::routes(config);
}

/// The state machines, as the contract publishes them.
pub fn machines() -> Vec<serde_json::Value> {
    vec![
        accounts::STATES.published(),
        merges::STATES.published(),
        cases::STATES.published(),
    ]
}
