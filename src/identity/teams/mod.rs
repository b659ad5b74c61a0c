//! Teams of the vendor: their members share the rows of the partners that any of them looks after.

mod handlers;
mod model;
mod queries;
mod rules;

pub use model::{NewTeam, Team};
pub use queries::{find, insert};
use utoipa_actix_web::{scope, service_config::ServiceConfig};

/// The routes.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config.service(
        scope("/v1/teams")
            .service(handlers::list_teams)
            .service(handlers::create_team)
            .service(handlers::get_team)
            .service(handlers::update_team)
            .service(handlers::delete_team),
    );
}
