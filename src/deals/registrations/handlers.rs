//! Registrations themselves: list, create, read, change, and the upsert by an id of another system.

use actix_web::{get, patch, post, put};

use super::{
    drafts,
    model::Deal,
    queries,
    requests::{DealFilter, DealPatch, NewDeal},
    rows::Registration,
    view::Reader,
};
use crate::{
    auth::Caller,
    custom_fields::{self, CustomRecord},
    db::{Db, Tx},
    error::Result,
    http::{Created, Expandable, Expanding, IfMatch, IfMatchIfSent, Json, Path, Query, Reply, Upserted},
    kernel::{
        ids::DealId,
        page::{Page, Paging},
    },
    references::ExternalPath,
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
        let draft = drafts::create(tx, new.0.clone())?;
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
        let after = drafts::change(tx, &before, patch.0.clone())?;
        seen(tx, after).map(Json)
    })
    .await
}

/// Put a registration at your own id
///
/// Makes a draft with that external reference, or makes the registration that has it what the body says. Repeating the
/// request changes nothing. What was sent in already is locked as for a change.
#[utoipa::path(params(ExternalPath, IfMatchIfSent), extensions(("x-errors" = json!(["field_locked", "field_forbidden", "already_exists", "guard_failed"]))))]
#[put("/by-external-id/{system}/{external_id}")]
pub async fn upsert_deal(
    db: Db,
    caller: Caller,
    path: Path<ExternalPath>,
    seen_at: IfMatch,
    body: Json<NewDeal>,
) -> Reply<Upserted<Deal>> {
    let reference = path.0.reference()?;
    db.write(&caller, move |tx| {
        let (registration, created) = drafts::upsert(tx, &reference, body.0.clone(), seen_at)?;
        Ok(Upserted {
            record: seen(tx, registration)?,
            created,
        })
    })
    .await
}
