//! Segments: what the vendor thinks of a partner, as one word of the program's policy: strategic, to be grown, to be kept.
//!
//! A partner's segments are a chain of starts, each with its reason; an entry holds until the next one begins, and what was
//! written stays. People set them; the list of segments is the policy's, and one that it has given up is kept by the partners
//! that are in it. Approval chains ask by them. They are the vendor's own: partners do not read them.

mod handlers;
mod model;
mod queries;
mod rules;

pub use model::PartnerSegment;
pub use queries::{Held, at, held};
use utoipa_actix_web::service_config::ServiceConfig;

/// The routes below a partner.
pub(super) fn routes(config: &mut ServiceConfig<'_>) {
    config
        .service(handlers::list_partner_segments)
        .service(handlers::set_partner_segment)
        .service(handlers::get_partner_segment);
}
