//! Partner users: a person's right to act for one partner, with roles. The vendor and the partner's own administrators
//! invite, change and end them, and help out of a lost second factor. A partner's administrators reach the people of their own
//! partner alone, give no roles but partners', and leave the partner somebody who runs its account.

mod handlers;
mod model;
mod queries;
mod rules;

pub use model::{MembershipStatus, NewPartnerUser, PartnerRole, PartnerUser};
pub use queries::{active_partners, find, insert, of_partner, of_these, of_user, partner_names, save};
pub use rules::MACHINE;
use utoipa_actix_web::{scope, service_config::ServiceConfig};

/// The routes.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config.service(
        scope("/v1/partner-users")
            .service(handlers::list_partner_users)
            .service(handlers::invite_partner_user)
            .service(handlers::get_partner_user)
            .service(handlers::update_partner_user)
            .service(handlers::disable_partner_user)
            .service(handlers::enable_partner_user)
            .service(handlers::invite_partner_user_again)
            .service(handlers::reset_partner_user_second_factor),
    );
}
