//! Field maps: which field of a record is which in another system, whose it is, and which value is which.
//!
//! A map is of one system and one type of record. It is drafted, checked against the published schema of the record, published
//! from a moment on, and never changes again: the next version follows it. The program maps no calls by itself; a connector
//! reads the map that holds, and previews say what it makes of a record. Whose a field is holds for what comes with a revision
//! of theirs, too: what is ours is not taken, what is theirs is taken even if it was changed here, and never a conflict. So it
//! is shown as read-only in the forms of linked records: it can be written, but the other system writes over it.

mod handlers;
mod model;
pub(in crate::sync) mod queries;
pub(in crate::sync) mod rules;

pub use model::{FieldMap, FieldMapEntry, FieldOwner};
use utoipa_actix_web::{scope, service_config::ServiceConfig};

use super::{kinds::SyncedType, links, systems};
use crate::{db::Tx, error::Result, forms::FormResource, kernel::ids::ExternalSystemId};

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

/// What the map says that holds now; nothing if none does.
///
/// # Errors
/// What the database reports.
pub(in crate::sync) fn entries(
    tx: &mut Tx<'_>,
    system: ExternalSystemId,
    kind: SyncedType,
) -> Result<Vec<FieldMapEntry>> {
    let now = tx.now;
    let map = queries::in_force(tx, system, kind, now)?;
    Ok(map.map(|map| map.entries.0).unwrap_or_default())
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
        let mut theirs = entries(tx, id, kind)?;
        theirs.retain(|entry| entry.owner == FieldOwner::Theirs);
        if theirs.is_empty() {
            continue;
        }
        let system = systems::queries::of_link(tx, id)?;
        kept.extend(theirs.into_iter().map(|entry| {
            let reason = format!(
                "It is kept in {}; what is written here is written over from there.",
                system.name
            );
            (entry.field, reason)
        }));
    }
    Ok(kept)
}
