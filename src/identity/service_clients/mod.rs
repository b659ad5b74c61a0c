//! Service clients: programs that sign in by themselves, with scopes, and with secrets that can be replaced without a gap, or
//! with tokens that they sign with keys of their own.

mod handlers;
mod model;
mod queries;
mod rules;

use crate::{db::Tx, error::Result, kernel::ids::PartnerId};
pub use model::{ClientStatus, NewServiceClient, ServiceClient};
pub use queries::{Signing, by_id, by_secret, find, insert, name_of, note_use, of_these, tell_revoked};
use queries::{active_of, save};
pub use rules::{CLIENT_ALGORITHMS, MACHINE, side};
use utoipa_actix_web::{scope, service_config::ServiceConfig};

/// The routes.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config.service(
        scope("/v1/service-clients")
            .service(handlers::list_service_clients)
            .service(handlers::create_service_client)
            .service(handlers::get_service_client)
            .service(handlers::update_service_client)
            .service(handlers::disable_service_client)
            .service(handlers::enable_service_client)
            .service(handlers::rotate_client_secret)
            .service(handlers::revoke_client_secret),
    );
}

/// Disables every client of a partner, when the partner ends; their secrets, tokens and keys are dead with them.
///
/// # Errors
/// What the database reports.
pub fn disable_all(tx: &mut Tx<'_>, partner: PartnerId) -> Result<()> {
    for before in active_of(tx, partner)? {
        let after = before.clone().moved(MACHINE.go(before.status, "disable")?, tx.now);
        save(tx, &before, after, "service_client.disabled")?;
    }
    Ok(())
}
