//! Notes on a record: the vendor's own, the partner's own, or shared by both.
//!
//! A note belongs to a record and stays on it. Neither side reads what is the other's own, and nobody reads notes on records
//! that they may not read. A note is changed by whoever wrote it; the vendor's administrators may also remove what any of the
//! vendor's people wrote.

mod handlers;
mod model;
mod queries;
mod rules;

pub use model::{Note, NoteVisibility};
use utoipa_actix_web::{scope, service_config::ServiceConfig};

/// The routes.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config.service(
        scope("/v1/notes")
            .service(handlers::list_notes)
            .service(handlers::create_note)
            .service(handlers::get_note)
            .service(handlers::update_note)
            .service(handlers::delete_note),
    );
}
