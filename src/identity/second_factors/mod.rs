//! Second factors: a proof beside the password that somebody who learnt the password does not have.
//!
//! It is a code of six digits that an authenticator shows for 30 seconds (TOTP, RFC 6238). Whoever sets one up proves the
//! password first, so that an access token that got away locks nobody out, and then sends a first code, so that nobody is
//! locked out by an authenticator that does not hold the secret. That ends the person's other sessions, which were
//! begun without it, and answers ten recovery codes, each good once, for the day that the authenticator is lost.
//!
//! Signing in then takes two steps: the right password is answered with a challenge, which a code completes within five
//! minutes and five tries. A code is taken once, though it is shown for half a minute: neither it nor one before it is taken
//! again. Clocks may differ by one step. Wrong codes make the next try wait as wrong passwords do.
//!
//! The secret is sealed with the master secret and bound to its user; recovery codes are kept as keyed hashes. Whoever lost
//! everything asks an administrator, who cannot do it for themselves; a partner's administrators do it for people who
//! act for no other partner.
//!
//! A deployment can require it (`OPENPRM_SECOND_FACTOR`). Whoever must have one and has none signs in, and can do nothing but
//! set it up.

mod flow;
mod handlers;
mod model;
mod queries;
mod rules;

pub use flow::{Answered, Compared, Refused, answer_challenge, ask, reset};
pub use model::SecondFactorPolicy;
pub use queries::delete_expired;
use utoipa_actix_web::{scope, service_config::ServiceConfig};

/// The routes.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config.service(
        scope("/v1/me/second-factor")
            .service(handlers::get_second_factor)
            .service(handlers::enrol_second_factor)
            .service(handlers::confirm_second_factor)
            .service(handlers::replace_recovery_codes)
            .service(handlers::remove_second_factor),
    );
}
