//! Identity: who signs in, how they prove it, and what they may do.
//!
//! People sign in with a password, and with a code if they have a second factor, and get a short access token and a refresh
//! token that is good for one use, in the answer or as a cookie. Programs
//! sign in by OAuth 2.0 client credentials or with an API key, within scopes. A token proves who; the standing, looked
//! up at most five seconds ago, says what: roles, scopes, and whose rows.

pub mod addressees;
pub mod api_keys;
mod browser;
mod by_key;
mod cache;
pub mod credentials;
mod elsewhere;
mod engine;
mod invite;
mod jose;
mod keys;
mod letters;
pub mod links;
mod me;
pub mod memberships;
pub mod oauth;
mod one_time;
mod passwords;
pub mod providers;
mod scopes;
pub mod second_factors;
pub mod service_clients;
pub mod sessions;
mod setup;
mod sign_ins;
mod standing;
pub mod teams;
mod throttle;
pub mod tokens;
pub mod users;

pub use engine::{Holder, Identity};
pub use second_factors::SecondFactorPolicy;
use serde_json::Value;
pub use setup::{Access, NewUser, create_first_admin, create_user, end_partner, hash_password, made_up_password};
pub use standing::{distributors_of, rows_of_partner, rows_of_user, scopes_of_client, who_sees};
use utoipa_actix_web::service_config::ServiceConfig;

use std::collections::HashSet;

use crate::{
    db::Tx,
    error::Result,
    kernel::{Time, ids::PartnerId},
};

/// Which of these actors, by their ids, are people or machines of these partners.
///
/// # Errors
/// What the database reports.
pub fn own_actors(tx: &mut Tx<'_>, partners: &[PartnerId], actors: &[&str]) -> Result<HashSet<String>> {
    let named = |prefix| -> Vec<&str> {
        let these = actors.iter().filter(|actor| actor.starts_with(prefix));
        these.copied().collect()
    };
    let mut own = HashSet::new();
    let (people, clients) = (named("user_"), named("client_"));
    if !people.is_empty() {
        own.extend(memberships::of_these(tx, partners, &people)?);
    }
    if !clients.is_empty() {
        own.extend(service_clients::of_these(tx, partners, &clients)?);
    }
    Ok(own)
}

/// The routes.
pub fn routes(config: &mut ServiceConfig<'_>) {
    sessions::routes(config);
    users::routes(config);
    memberships::routes(config);
    teams::routes(config);
    service_clients::routes(config);
    api_keys::routes(config);
    oauth::routes(config);
    providers::routes(config);
    links::routes(config);
    second_factors::routes(config);
    config.service(me::get_me);
}

/// Deletes what nobody can use any more: one-time tokens, sessions and challenges that ended by that moment, what is remembered
/// of tokens that were used or revoked and ended by then, and counts of failed sign-ins that are forgotten; at most so many of
/// each. Tells how many in all.
///
/// # Errors
/// What the database reports.
pub fn delete_expired(tx: &mut Tx<'_>, by: Time, most: i64) -> Result<usize> {
    let deleted = [
        one_time::delete_expired(tx, by, most)?,
        sessions::delete_expired(tx, by, most)?,
        second_factors::delete_expired(tx, by, most)?,
        throttle::delete_forgotten(tx, most)?,
        oauth::tokens::delete_expired(tx, by, most)?,
    ];
    Ok(deleted.iter().sum())
}

/// Takes where they came from away from sign-ins before the first moment, and deletes those before the second; at most so
/// many of each. Tells how many of the more numerous.
///
/// # Errors
/// What the database reports.
pub fn forget_sign_ins(tx: &mut Tx<'_>, bare: Time, gone: Time, most: i64) -> Result<usize> {
    let deleted = sign_ins::delete_old(tx, gone, most)?;
    Ok(sign_ins::take_addresses(tx, bare, most)?.max(deleted))
}

/// The state machines, as the contract publishes them.
pub fn machines() -> Vec<Value> {
    vec![
        users::MACHINE.published(),
        memberships::MACHINE.published(),
        service_clients::MACHINE.published(),
    ]
}
