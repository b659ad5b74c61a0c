//! Reports: figures over the records that the caller may see, read from the records themselves. What is told of engagement is
//! read from the facts that [`crate::usage`] keeps.

mod handlers;
mod model;
mod queries;
mod review_times;

use utoipa_actix_web::{scope, service_config::ServiceConfig};

use crate::{programs, usage};

/// The routes.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config.service(
        scope("/v1/reports")
            .service(handlers::list_win_rates)
            .service(handlers::list_review_times)
            .service(usage::list_engagement)
            .configure(programs::report_routes),
    );
}
