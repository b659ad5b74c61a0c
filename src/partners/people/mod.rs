//! People: whom the vendor knows at partners, whether or not they sign in.
//!
//! A person works at partners from a day to a day, in parts (roles), and may work at two at once. A partner's own people see
//! the persons who work, or worked, there, and of each person only the time there; how to reach somebody who has left is no
//! longer theirs to read.
//!
//! A time at a partner has an address, a revision and events of its own. It is also a part of the person as everybody reads them,
//! so a change of it makes a revision of the person.

mod address_queries;
mod handlers;
mod model;
mod queries;
mod rules;
mod upserts;

pub use address_queries::of_address;
pub use model::{
    Consent, ContactPreference, ContactRole, Employment, EmploymentPatch, NewEmployment, NewPerson, Person,
    PersonPatch, PersonStatus,
};
pub use queries::{delete, find, insert, insert_employment, lock, of_name_and_address, save, save_employment};
pub use upserts::change;
use utoipa_actix_web::{scope, service_config::ServiceConfig};

/// The routes.
pub(super) fn routes(config: &mut ServiceConfig<'_>) {
    config
        .service(
            scope("/v1/people")
                .service(handlers::list_people)
                .service(handlers::create_person)
                .service(handlers::batch_people)
                .service(handlers::upsert_person)
                .service(handlers::get_person_by_external_id)
                .service(handlers::get_person)
                .service(handlers::update_person)
                .service(handlers::create_employment),
        )
        .service(
            scope("/v1/employments")
                .service(handlers::get_employment)
                .service(handlers::update_employment)
                .service(handlers::end_employment),
        );
}
