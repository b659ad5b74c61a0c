//! Territories: a tree from the world down to regions, countries and subdivisions, or of the vendor's own cutting.
//!
//! Partners are authorised for territories, deals name one, and two scopes meet where one territory lies in the other.
//! The closure table beside the tree is kept by triggers of the database.

mod handlers;
mod model;
mod queries;
mod rules;

pub use model::{NewTerritory, Territory, TerritoryKind, TerritoryPatch};
pub use queries::{ancestors, by_code, by_ids, calendar_of, count_by_calendar, delete, find, insert, overlaps, save};
use utoipa_actix_web::{scope, service_config::ServiceConfig};

/// The routes.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config.service(
        scope("/v1/territories")
            .service(handlers::list_territories)
            .service(handlers::create_territory)
            .service(handlers::get_territory)
            .service(handlers::update_territory)
            .service(handlers::delete_territory)
            .service(handlers::get_territory_path),
    );
}
