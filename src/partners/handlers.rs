//! One function per operation: take, call, answer.

use actix_web::{get, patch, post};

use super::{
    NUMBERS,
    account_managers::{self, AccountManagerRole, AssignmentReason, Entry},
    model::{NewPartner, Partner, PartnerFilter, PartnerPatch},
    queries,
};
use crate::{
    auth::{Caller, Rows},
    custom_fields::{self, CustomRecord},
    db::{Db, Tx},
    error::Result,
    http::{Created, Expandable, Expanding, IfMatch, Json, Path, Query, Reply},
    kernel::{
        ids::PartnerId,
        page::{Page, Paging},
    },
    numbers,
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
#[utoipa::path(params(PartnerFilter, Paging, Expanding::<Partner>))]
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
    db.write(&caller, move |tx| {
        let custom = custom_fields::for_new(tx, CustomRecord::Partner, &new.0.custom)?;
        let number = numbers::next(tx, NUMBERS)?;
        let mut partner = Partner::prospect(&new.0, number, custom, tx.now);
        if let (Some(user), Rows::Partners(_)) = (tx.caller().user(), tx.caller().rows()) {
            let entry = Entry {
                partner: partner.id,
                role: AccountManagerRole::Primary,
                user: Some(user),
                valid_from: tx.now,
                reason_code: AssignmentReason::Onboarding,
                reason_text: None,
                handover: None,
            };
            account_managers::begin(tx, entry)?;
            partner.account_manager_id = Some(user);
        }
        queries::insert(tx, partner, "partner.created").map(Created)
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
        let custom = match &patch.0.custom {
            Some(change) => custom_fields::for_changed(tx, CustomRecord::Partner, before.custom.clone(), change)?,
            None => before.custom.clone(),
        };
        let is_vendor = tx.caller().is_vendor();
        let after = before.clone().patched(&patch.0, custom, is_vendor, tx.now)?;
        let saved = queries::save(tx, &before, after, "partner.updated")?;
        shown_one(tx, saved).map(Json)
    })
    .await
}
