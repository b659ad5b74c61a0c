//! One function per operation: take, call, answer.

use actix_web::{get, patch, post, put};

use super::{
    model::{NewPartner, Partner, PartnerFilter, PartnerPatch},
    queries,
    upserts::{self, PartnerBatch},
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
        ids::PartnerId,
        page::{Page, Paging},
    },
    references::ExternalPath,
    sync::{self, Carried, SyncedType},
};

/// What the caller may see of the partners.
pub(super) fn shown(tx: &mut Tx<'_>, mut partners: Vec<Partner>) -> Result<Vec<Partner>> {
    if tx.caller().is_vendor() {
        return Ok(partners);
    }
    custom_fields::shown(
        tx,
        CustomRecord::Partner,
        partners.iter_mut().map(|partner| &mut partner.custom),
    )?;
    Ok(partners.into_iter().map(Partner::for_partners).collect())
}

/// What the caller may see of the partner.
pub(super) fn shown_one(tx: &mut Tx<'_>, partner: Partner) -> Result<Partner> {
    shown(tx, vec![partner])?
        .pop()
        .ok_or_else(crate::error::Error::not_found)
}

/// List partners
///
/// The partners that the caller may see: for the vendor's people those of their row scope, for a partner's people their own,
/// and a distributor's resellers where the program says so.
#[utoipa::path(params(PartnerFilter, Paging, Expanding::<Partner>), extensions(("x-errors" = json!(["contradiction"]))))]
#[get("")]
pub async fn list_partners(
    db: Db,
    caller: Caller,
    filter: Query<PartnerFilter>,
    paging: Paging,
    expanding: Expanding<Partner>,
) -> Reply<Page<Expandable<Partner>>> {
    db.snapshot(&caller, move |tx| {
        let page = queries::page(tx, &filter.0, &paging)?.with(|rows| shown(tx, rows))?;
        expanding.page(tx, page)
    })
    .await
}

/// Create a prospect
///
/// Records a firm that the vendor wants as a partner. Whoever sees only some partners becomes its account manager, and so
/// sees it.
#[utoipa::path(extensions(("x-errors" = json!(["duplicate_partner", "already_exists", "conflict"]))))]
#[post("")]
pub async fn create_partner(db: Db, caller: Caller, new: Json<NewPartner>) -> Reply<Created<Partner>> {
    db.write(&caller, move |tx| super::create(tx, &new.0).map(Created))
        .await
}

/// Put a prospect at an id of another system
///
/// The partner that the system knows by that id is changed, or a prospect is made if there is none, which then needs `legal_name`,
/// `default_currency` and `time_zone`. What is left out stays, null clears, references are added. Where a partner stands changes
/// by its actions alone. With `External-Revision` the partner is linked with the system: an older
/// revision is refused (`stale_revision`), the same one changes nothing, and what both sides changed since they agreed is kept as
/// a conflict (`sync_conflict`), not written over.
#[utoipa::path(
    params(ExternalPath, IfMatchIfSent, Carried),
    extensions(("x-errors" = json!(["duplicate_partner", "already_exists", "conflict", "field_locked", "stale_revision", "sync_conflict", "sync_paused"])))
)]
#[put("/{system}/{external_id}")]
pub async fn upsert_partner(
    db: Db,
    caller: Caller,
    path: Path<ExternalPath>,
    seen: IfMatch,
    carried: Carried,
    given: Json<PartnerPatch>,
) -> Reply<Upserted<Partner>> {
    let reference = path.0.reference()?;
    db.settle(&caller, move |tx| {
        sync::arrival(tx, SyncedType::Partner, &reference, &carried, one, &mut |tx| {
            upserts::upsert_by_external(tx, &reference, &given.0, seen)
        })
    })
    .await
}

/// The partner with that id, as it is answered.
pub(super) fn one(tx: &mut Tx<'_>, id: &str) -> Result<Partner> {
    let partner = queries::find(tx, id.parse().map_err(|_other| Error::not_found())?)?;
    shown_one(tx, partner)
}

/// Put many partners
///
/// Up to 1,000 in one call: by the ids of another system as `upsertPartner`, or by their own as `updatePartner`. Each item is for
/// itself, and its outcome is told in the order sent, unless `atomic` makes it all or nothing. The rate limit counts items.
#[utoipa::path(request_body = PartnerBatch)]
#[post("/batch")]
pub async fn batch_partners(db: Db, caller: Caller, batch: Batch<PartnerPatch>) -> Reply<Batched> {
    upserts::BATCH.run(&db, &caller, batch).await
}

/// Read a partner by an id of another system
///
/// The partner that the system knows by that id.
#[utoipa::path(params(ExternalPath, Expanding::<Partner>))]
#[get("/{system}/{external_id}")]
pub async fn get_partner_by_external_id(
    db: Db,
    caller: Caller,
    path: Path<ExternalPath>,
    expanding: Expanding<Partner>,
) -> Reply<Json<Expandable<Partner>>> {
    let reference = path.0.reference()?;
    db.snapshot(&caller, move |tx| {
        let partner = queries::find_by_reference(tx, &reference)?;
        let partner = shown_one(tx, partner)?;
        expanding.one(tx, partner).map(Json)
    })
    .await
}

/// Read a partner
///
/// Its profile, where it stands, and who looks after it.
#[utoipa::path(params(PartnerId, Expanding::<Partner>))]
#[get("/{id}")]
pub async fn get_partner(
    db: Db,
    caller: Caller,
    id: Path<PartnerId>,
    expanding: Expanding<Partner>,
) -> Reply<Json<Expandable<Partner>>> {
    db.snapshot(&caller, move |tx| {
        let partner = queries::find(tx, id.0)?;
        let partner = shown_one(tx, partner)?;
        expanding.one(tx, partner).map(Json)
    })
    .await
}

/// Change a partner's profile
///
/// The vendor changes every field of the profile, a partner's administrator those that are the partner's own. Once a
/// partner has ended, only the vendor's labels on it change. Where it stands changes by actions alone.
#[utoipa::path(
    params(PartnerId, IfMatch),
    extensions(("x-errors" = json!(["duplicate_partner", "already_exists", "conflict", "field_forbidden", "field_locked"])))
)]
#[patch("/{id}")]
pub async fn update_partner(
    db: Db,
    caller: Caller,
    id: Path<PartnerId>,
    seen: IfMatch,
    patch: Json<PartnerPatch>,
) -> Reply<Json<Partner>> {
    db.write(&caller, move |tx| {
        let before = queries::find(tx, id.0)?;
        seen.check(before.revision)?;
        let saved = super::change(tx, &before, &patch.0)?;
        shown_one(tx, saved).map(Json)
    })
    .await
}
