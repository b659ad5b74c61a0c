//! Keeping records in step with other systems: who is who there, how far each side has come, and where both were changed.
//!
//! - An external system ([`systems`]) is a CRM or the like, by the name that external references call it.
//! - A link ([`links`]) is one record in one system. That the two are one is an external reference, which stays part of the
//!   record; the link is how far it has come: our revision that they have, their revision that we have, what failed. A change
//!   of a linked record makes its links `pending` in the transaction that records the change ([`noted`]), so that no module
//!   can forget it. That is told by the record's own event; whatever else happens to a link has an event of its own.
//! - A change that comes with a revision of theirs goes through [`arrival`]: an older one is refused, the same one changes
//!   nothing, and where both sides changed a field since they agreed, nothing is written over: a conflict ([`conflicts`])
//!   keeps both versions until somebody chooses. What was agreed on is not stored twice: it is what the record's event of that
//!   revision says. Once that is not kept any more, whatever differs is a conflict. A record that had the id and no link is
//!   held against what it was when it got the id: whoever gave it the reference said that the two are one. A person's times at
//!   partners are compared as fields of the person (`employments`), each by itself.
//! - Field maps ([`maps`]) say which field is which, versioned; a connector reads the one that holds. Whose a field is by it is asked
//!   when a version of theirs comes.
//! - A first load asks which records are ours already ([`reviews`]): what is exact is linked, what is ambiguous waits for
//!   somebody.
//!
//! All of it is the vendor's: partners see nothing of it, nor do those of the vendor who are limited to some partners' rows.
//! A type of record that shall be linked has one row in `kinds`, and one in the table of matchings.

mod arrivals;
pub mod conflicts;
mod employments;
mod failing;
mod kinds;
pub mod links;
pub mod maps;
pub mod reviews;
mod rules;
pub mod systems;

pub use arrivals::{Carried, REVISION_PATTERN, arrival};
pub use failing::tell as tell_failing;
pub use kinds::SyncedType;
pub use links::{Noted, moved, noted, released};
use utoipa_actix_web::service_config::ServiceConfig;

use crate::{
    auth::{Caller, Rows},
    db::Clause,
};

/// The routes.
pub fn routes(config: &mut ServiceConfig<'_>) {
    systems::routes(config);
    links::routes(config);
    conflicts::routes(config);
    maps::routes(config);
    reviews::routes(config);
}

/// The state machines, as the contract publishes them.
pub fn machines() -> Vec<serde_json::Value> {
    vec![
        systems::rules::MACHINE.published(),
        links::rules::MACHINE.published(),
        conflicts::rules::MACHINE.published(),
        maps::rules::MACHINE.published(),
        reviews::rules::MACHINE.published(),
    ]
}

/// Everything, for those of the vendor who see everyone's rows; nothing for others.
fn whole_scope(caller: &Caller) -> Clause {
    let mut clause = Clause::all();
    if !caller.is_vendor() || *caller.rows() != Rows::All {
        clause.and("FALSE");
    }
    clause
}
