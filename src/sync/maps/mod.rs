//! Field maps: which field of a record is which in another system, whose it is, and which value is which.
//!
//! A map is of one system and one type of record. It is drafted, checked against the published schema of the record, published
//! from a moment on, and never changes again: the next version follows it. The program maps no calls by itself; a connector
//! reads the map that holds, and previews say what it makes of a record. What a map says to be theirs is shown as read-only
//! in the forms of linked records: it can be written, but the other system writes over it.

mod handlers;
mod model;
pub(in crate::sync) mod queries;
pub(in crate::sync) mod rules;

pub use model::{FieldMap, FieldOwner};
use utoipa_actix_web::{scope, service_config::ServiceConfig};

use super::{kinds::SyncedType, links, systems};
use crate::{db::Tx, error::Result, forms::FormResource};

/// The routes.
pub(super) fn routes(config: &mut ServiceConfig<'_>) {
    config.service(
        scope("/v1/field-maps")
            .service(handlers::list_field_maps)
            .service(handlers::create_field_map)
            .service(handlers::get_field_map)
            .service(handlers::update_field_map)
            .service(handlers::delete_field_map)
            .service(handlers::publish_field_map)
            .service(handlers::preview_field_map),
    );
}

impl SyncedType {
    /// The type of record as forms name it.
    pub(in crate::sync) const fn form(self) -> FormResource {
        match self {
            Self::Partner => FormResource::Partners,
            Self::Person => FormResource::People,
            Self::CustomerAccount => FormResource::CustomerAccounts,
            Self::Deal => FormResource::Deals,
        }
    }
}

/// The fields of a linked record that another system keeps, as pointers, each with a sentence that says so.
///
/// # Errors
/// What the database reports.
pub fn kept_elsewhere(tx: &mut Tx<'_>, resource: FormResource, record: &str) -> Result<Vec<(String, String)>> {
    let mut kept = Vec::new();
    let Some(kind) = SyncedType::ALL.iter().copied().find(|kind| kind.form() == resource) else {
        return Ok(kept);
    };
    for id in links::queries::systems_of(tx, kind, record)? {
        let now = tx.now;
        let Some(map) = queries::in_force(tx, id, kind, now)? else {
            continue;
        };
        let system = systems::queries::of_link(tx, id)?;
        let theirs = map.entries.0.iter().filter(|entry| entry.owner == FieldOwner::Theirs);
        kept.extend(theirs.map(|entry| {
            let reason = format!(
                "It is kept in {}; what is written here is written over from there.",
                system.name
            );
            (entry.field.clone(), reason)
        }));
    }
    Ok(kept)
}
