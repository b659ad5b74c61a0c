//! Registrations themselves: list, create, read, change, and the upsert by an id of another system.

use actix_web::{get, patch, post, put};

use super::{
    ahead::Ahead,
    batches::{self, DealBatch},
    drafts,
    model::Deal,
    queries,
    requests::{DealFilter, DealPatch, NewDeal},
    rows::Registration,
    upserts::DealUpsert,
    view::Reader,
};
use crate::{
    auth::Caller,
    custom_fields::{self, CustomRecord},
    db::{Db, Tx},
    error::{Error, Result},
    http::{
        Created, Expandable, Expanding, IfMatch, IfMatchIfSent, Json, Path, Query, Reply, Upserted,
        batch::{Batch, Batched},
    },
    kernel::{
        ids::DealId,
        page::{Page, Paging},
    },
    references::ExternalPath,
    sync::{self, Carried, SyncedType},
};

/// The registration as the caller sees it now.
///
/// # Errors
/// What the database reports.
pub fn seen(tx: &mut Tx<'_>, registration: Registration) -> Result<Deal> {
    let mut deal = registration.seen_by(Reader::of(tx.caller()), tx.now);
    custom_fields::shown(tx, CustomRecord::Deal, [&mut deal.custom])?;
    Ok(deal)
}

/// List registrations
///
/// The registrations that you may see: a partner its own, a distributor its resellers' too, the vendor by its row scope.
#[utoipa::path(params(DealFilter, Paging, Expanding::<Deal>))]
#[get("")]
pub async fn list_deals(
    db: Db,
    caller: Caller,
    filter: Query<DealFilter>,
    paging: Paging,
    expanding: Expanding<Deal>,
) -> Reply<Page<Expandable<Deal>>> {
    db.snapshot(&caller, move |tx| {
        let page = queries::page(tx, &filter.0, &paging)?;
        expanding.page(tx, page)
    })
    .await
}

/// Write a registration
///
/// Makes a draft, which has no place in any queue until it is submitted and may be incomplete; `missing` says what it
/// lacks. Territory and products are named by code or by id. Partners write their own, the vendor on a partner's behalf.
#[utoipa::path(extensions(("x-errors" = json!(["already_exists", "field_forbidden", "guard_failed"]))))]
#[post("")]
pub async fn create_deal(db: Db, caller: Caller, new: Json<NewDeal>) -> Reply<Created<Deal>> {
    db.write(&caller, move |tx| {
        let draft = drafts::create(tx, &mut Ahead::default(), new.0.clone())?;
        seen(tx, draft).map(Created)
    })
    .await
}

/// Read a registration
///
/// With the three axes as they stand now: what has expired or lapsed by time reads so at once.
#[utoipa::path(params(DealId, Expanding::<Deal>))]
#[get("/{id}")]
pub async fn get_deal(
    db: Db,
    caller: Caller,
    id: Path<DealId>,
    expanding: Expanding<Deal>,
) -> Reply<Json<Expandable<Deal>>> {
    db.snapshot(&caller, move |tx| {
        let registration = queries::find(tx, id.0)?;
        let deal = seen(tx, registration)?;
        expanding.one(tx, deal).map(Json)
    })
    .await
}

/// Change a registration
///
/// Which fields are open depends on where the review stands; a locked one is named with what locks it. Actions move the
/// states, this does not.
#[utoipa::path(params(DealId, IfMatch), extensions(("x-errors" = json!(["field_locked", "field_forbidden", "already_exists"]))))]
#[patch("/{id}")]
pub async fn update_deal(
    db: Db,
    caller: Caller,
    id: Path<DealId>,
    seen_at: IfMatch,
    patch: Json<DealPatch>,
) -> Reply<Json<Deal>> {
    db.write(&caller, move |tx| {
        let before = queries::find(tx, id.0)?;
        seen_at.check(before.deal.revision)?;
        let after = drafts::change(tx, &mut Ahead::default(), &before, patch.0.clone())?;
        seen(tx, after).map(Json)
    })
    .await
}

/// Read a registration by an id of another system
///
/// The registration that the system knows by that id, as it stands now.
#[utoipa::path(params(ExternalPath, Expanding::<Deal>))]
#[get("/by-external-id/{system}/{external_id}")]
pub async fn get_deal_by_external_id(
    db: Db,
    caller: Caller,
    path: Path<ExternalPath>,
    expanding: Expanding<Deal>,
) -> Reply<Json<Expandable<Deal>>> {
    let reference = path.0.reference()?;
    db.snapshot(&caller, move |tx| {
        let registration = queries::find_by_reference(tx, &reference)?;
        let deal = seen(tx, registration)?;
        expanding.one(tx, deal).map(Json)
    })
    .await
}

/// Put a registration at your own id
///
/// Makes a draft with that external reference, or changes the registration that has it: what the body leaves out stays, null
/// empties. Repeating the request changes nothing. What was sent in already is locked as for a change. With `stage` the sale
/// is moved, reported as won or as lost, under the rules of those operations. With `External-Revision` the registration is
/// linked with the system: an older revision is refused (`stale_revision`), the same one changes nothing, and what both sides
/// changed since they agreed is kept as a conflict (`sync_conflict`), not written over.
#[utoipa::path(
    params(ExternalPath, IfMatchIfSent, Carried),
    extensions(("x-errors" = json!(["field_locked", "field_forbidden", "already_exists", "guard_failed", "invalid_state", "stale_revision", "sync_conflict", "sync_paused"])))
)]
#[put("/by-external-id/{system}/{external_id}")]
pub async fn upsert_deal(
    db: Db,
    caller: Caller,
    path: Path<ExternalPath>,
    seen_at: IfMatch,
    carried: Carried,
    body: Json<DealUpsert>,
) -> Reply<Upserted<Deal>> {
    let reference = path.0.reference()?;
    db.settle(&caller, move |tx| {
        sync::arrival(tx, SyncedType::Deal, &reference, &carried, one, &mut |tx| {
            let (registration, created) =
                drafts::upsert(tx, &mut Ahead::default(), &reference, body.0.clone(), seen_at)?;
            Ok(Upserted {
                record: seen(tx, registration)?,
                created,
            })
        })
    })
    .await
}

/// Put many registrations
///
/// Up to 1,000 in one call: by the ids of another system as `upsertDeal`, or by their own as `updateDeal`. Each item is for itself,
/// and its outcome is told in the order sent, unless `atomic` makes it all or nothing. With `submit` a draft is sent in as
/// well. The rate limit counts items.
#[utoipa::path(request_body = DealBatch)]
#[post("/batch")]
pub async fn batch_deals(db: Db, caller: Caller, batch: Batch<DealUpsert>) -> Reply<Batched> {
    batches::run(&db, &caller, batch).await
}

/// The registration with that id, as the caller may see it.
pub(super) fn one(tx: &mut Tx<'_>, id: &str) -> Result<Deal> {
    let registration = queries::find(tx, id.parse().map_err(|_other| Error::not_found())?)?;
    seen(tx, registration)
}
