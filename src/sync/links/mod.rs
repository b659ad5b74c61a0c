//! Links: one record in one other system, and how far each side has come.
//!
//! One record has one link with a system, and one id of a system names one record of a type, both by constraints. The id
//! is also an external reference of the record: linking gives it, unlinking takes it away, and a reference that is taken from a
//! record, or goes to another by a merge, ends or moves the link ([`released`], [`moved`]).

mod handlers;
mod model;
pub(in crate::sync) mod queries;
pub(in crate::sync) mod rules;

use std::collections::BTreeSet;

pub use model::{SyncLink, SyncState};
pub use queries::{Counted, Noted, counted, moved, noted, released, resync_all};
pub(in crate::sync) use rules::elsewhere;
use utoipa_actix_web::{scope, service_config::ServiceConfig};

use super::{kinds::SyncedType, systems::ExternalSystem};
use crate::{
    db::Tx,
    error::{Result, codes},
    references::ExternalRef,
};

/// The routes.
pub(super) fn routes(config: &mut ServiceConfig<'_>) {
    config.service(
        scope("/v1/sync-links")
            .service(handlers::list_sync_links)
            .service(handlers::create_sync_link)
            .service(handlers::report_sync_links)
            .service(handlers::get_sync_link)
            .service(handlers::delete_sync_link)
            .service(handlers::relink_sync_link)
            .service(handlers::retry_sync_link)
            .service(handlers::pause_sync_link)
            .service(handlers::resume_sync_link)
            .service(handlers::resync_sync_link),
    );
}

/// Links a record with a system, and gives it the reference. What both have now is agreed on: what differs later was changed
/// later.
///
/// # Errors
/// 409 `unknown_reference` if there is no such record, `already_exists` if either is linked.
pub(in crate::sync) fn link(
    tx: &mut Tx<'_>,
    system: &ExternalSystem,
    kind: SyncedType,
    record: &str,
    external_id: &str,
) -> Result<SyncLink> {
    queries::in_turn(tx, system.id, kind, external_id)?;
    if let Some(taken) = queries::by_record(tx, system.id, kind, record)? {
        return Err(rules::taken(
            "#/resource_id",
            &format!("The record is `{}` in {} already.", taken.external_id, system.code),
        ));
    }
    if let Some(taken) = queries::by_external(tx, system.id, kind, external_id)? {
        return Err(rules::taken(
            "#/external_id",
            &format!("{} is linked with it already.", taken.resource_id),
        ));
    }
    let reference = ExternalRef {
        system: system.code.clone(),
        id: external_id.to_owned(),
    };
    kind.read(tx, record).map_err(|error| rules::unknown(error, kind))?;
    let revision = give(tx, kind, record, &reference)?;
    let link = SyncLink::new(system, kind, (record, revision), external_id, tx.now);
    queries::insert(tx, link)
}

/// Gives a record the reference that goes with its link, and tells its revision then.
fn give(tx: &mut Tx<'_>, kind: SyncedType, record: &str, reference: &ExternalRef) -> Result<i64> {
    kind.refer(tx, record, Some(reference), None).map_err(|error| {
        error.when(&codes::ALREADY_EXISTS, || {
            rules::taken("#/external_id", "Another record has it among its external references.")
        })
    })?;
    Ok(kind.read(tx, record)?.revision)
}

/// Ends a link, and takes the reference from the record.
///
/// # Errors
/// What the rules of a change of the record refuse.
pub(in crate::sync) fn unlink(tx: &mut Tx<'_>, link: &SyncLink, system: &ExternalSystem) -> Result<()> {
    let reference = link.reference(&system.code);
    queries::in_turn(tx, system.id, link.resource_type, &link.external_id)?;
    link.resource_type
        .refer(tx, &link.resource_id, None, Some(&reference))?;
    // With its reference the link is gone; one whose reference was lost ends by itself.
    match queries::by_external(tx, system.id, link.resource_type, &link.external_id)? {
        Some(left) => queries::delete(tx, &left),
        None => Ok(()),
    }
}

/// Lets a link lead elsewhere, and the reference with it. The link goes first: a reference that is taken from a record ends only
/// the link that leads there.
///
/// # Errors
/// 409 `invalid_state` in conflict, `already_exists` if record or id is linked, `unknown_reference` if there is no such record;
/// what the rules of a change of the records refuse.
pub(in crate::sync) fn relink(tx: &mut Tx<'_>, before: &SyncLink, to: &model::SyncRelink) -> Result<SyncLink> {
    let (record, external) = before.target(to)?;
    let (system, kind) = (
        super::systems::queries::find(tx, before.system_id)?,
        before.resource_type,
    );
    // Each pair in one order, so that two who relink to and fro never wait for each other.
    for id in BTreeSet::from([&before.external_id, &external]) {
        queries::in_turn(tx, system.id, kind, id)?;
    }
    for id in BTreeSet::from([&before.resource_id, &record]) {
        kind.lock(tx, id).map_err(|error| rules::unknown(error, kind))?;
    }
    kind.read(tx, &record).map_err(|error| rules::unknown(error, kind))?;
    let (old, now) = (before.reference(&system.code), tx.now);
    let after = before.clone().relinked(record.clone(), external, now);
    let new = after.reference(&system.code);
    let after = queries::save(tx, before, after, "sync_link.relinked")?;
    super::reviews::linked(tx, &after)?;
    kind.refer(tx, &before.resource_id, None, Some(&old))?;
    let revision = give(tx, kind, &record, &new)?;
    queries::begin_at(tx, after.id, revision)
}
