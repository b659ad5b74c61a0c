//! Users: everybody who signs in. Administrators invite the vendor's people, set their roles and the rows they see,
//! and disable anybody; then every session dies.

mod handlers;
mod model;
mod queries;
mod rules;

pub use model::{NewVendorUser, RowScope, User, UserKind, UserStatus, VendorRole};
pub use queries::{
    Credentials, VendorPerson, active_vendor_roles, any, by_email, credentials_by_email, credentials_of, find, insert,
    is_active_vendor_with, note_sign_in, raise_session_version, save, set_password, vendor_people, vendors_with,
};
pub use rules::{MACHINE, email, may_reset, sorted};
use utoipa_actix_web::{scope, service_config::ServiceConfig};

/// The routes.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config.service(
        scope("/v1/users")
            .service(handlers::list_users)
            .service(handlers::invite_user)
            .service(handlers::get_user)
            .service(handlers::update_user)
            .service(handlers::disable_user)
            .service(handlers::enable_user)
            .service(handlers::invite_user_again)
            .service(handlers::reset_user_second_factor),
    );
}
