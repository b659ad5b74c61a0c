//! Notes on a partner: the vendor's own, the partner's own, or shared by both.
//!
//! Neither side reads what is the other's own. A note is changed by whoever wrote it; the vendor's administrators may also
//! remove what any of the vendor's people wrote.

mod handlers;
mod model;
mod queries;
mod rules;

pub use model::{Note, NoteVisibility};
use utoipa_actix_web::service_config::ServiceConfig;

/// The routes below a partner.
pub(super) fn routes(config: &mut ServiceConfig<'_>) {
    config
        .service(handlers::list_partner_notes)
        .service(handlers::create_partner_note)
        .service(handlers::get_partner_note)
        .service(handlers::update_partner_note)
        .service(handlers::delete_partner_note);
}
