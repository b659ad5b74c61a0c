//! Domains: which internet domains are a partner's own. A verified domain names one live partner.
//!
//! A partner claims a domain, or its applicant's address does; it counts once the vendor, or a token sent to an address in
//! it, has verified it. The end of the partnership releases it. Domains that many parties share, as those of free
//! mailboxes, belong to nobody.

mod handlers;
mod model;
mod queries;
mod rules;

pub use model::{DomainMethod, DomainStatus, PartnerDomain};
pub(super) use queries::{claim, former_holder, has_verified, holder, release_all, verified_as, verified_of};
pub(super) use rules::{Domain, of_text};
use utoipa_actix_web::service_config::ServiceConfig;

/// The routes below a partner.
pub(super) fn routes(config: &mut ServiceConfig<'_>) {
    config
        .service(handlers::list_partner_domains)
        .service(handlers::add_partner_domain)
        .service(handlers::get_partner_domain)
        .service(handlers::verify_partner_domain)
        .service(handlers::release_partner_domain);
}
