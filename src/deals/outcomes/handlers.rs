//! One function per operation: take, call, answer.

use actix_web::{delete, get, post};

use super::{
    losses,
    model::{DealEvidence, DealEvidenceFilter, DealLoss, DealWin, DealWinRejection, NewDealEvidence},
    queries::{self, EvidenceRow},
    wins,
};
use crate::{
    auth::Caller,
    db::{Db, Tx},
    deals::registrations::{self, Deal, seen},
    error::{Error, Result},
    http::{Created, IfMatch, IfMatchIfSent, Json, NoContent, Path, Query, Reply},
    kernel::{
        ids::{DealId, EvidenceId, PartnerId},
        page::{Page, Paging},
        states,
    },
};

/// Report a deal as won
///
/// Ends the sale and uses its protection up. It takes an order, a purchase order or a contract, shown now or before, and a
/// registration of the program's minimum age. The report of a partner or an account manager waits for `verifyDealWin`; that
/// of those who run the program is confirmed as it is made. A program of the vendor proposes a win: any evidence will do, such
/// as its own record, and a person confirms.
#[utoipa::path(params(DealId, IfMatchIfSent), extensions(("x-errors" = json!(["invalid_state", "guard_failed", "precondition_failed"]))))]
#[post("/{id}/win")]
pub async fn win_deal(
    db: Db,
    caller: Caller,
    id: Path<DealId>,
    seen_at: IfMatch,
    win: Json<DealWin>,
) -> Reply<Json<Deal>> {
    db.write(&caller, move |tx| {
        let after = wins::win(tx, id.0, seen_at, &win.0)?;
        seen(tx, after).map(Json)
    })
    .await
}

/// Confirm a win
///
/// The vendor's word that there is an order. It is final, and told once as `deal.win_verified`: what is paid for wins
/// begins with it. One order confirms one win.
#[utoipa::path(params(DealId, IfMatchIfSent), extensions(("x-errors" = json!(["invalid_state", "guard_failed", "precondition_failed"]))))]
#[post("/{id}/verify-win")]
pub async fn verify_deal_win(db: Db, caller: Caller, id: Path<DealId>, seen_at: IfMatch) -> Reply<Json<Deal>> {
    db.write(&caller, move |tx| {
        let after = wins::verify(tx, id.0, seen_at)?;
        seen(tx, after).map(Json)
    })
    .await
}

/// Refuse a win
///
/// There is no such order: the sale goes on at `committed`, and what protected it lasts for the rest of its time, unless
/// somebody else was protected meanwhile. The partner reads the reason.
#[utoipa::path(params(DealId, IfMatchIfSent), extensions(("x-errors" = json!(["invalid_state", "guard_failed", "precondition_failed"]))))]
#[post("/{id}/reject-win")]
pub async fn reject_deal_win(
    db: Db,
    caller: Caller,
    id: Path<DealId>,
    seen_at: IfMatch,
    rejection: Json<DealWinRejection>,
) -> Reply<Json<Deal>> {
    db.write(&caller, move |tx| {
        let after = wins::reject(tx, id.0, seen_at, &rejection.0)?;
        seen(tx, after).map(Json)
    })
    .await
}

/// Report a deal as lost
///
/// Ends the sale for a reason. What protected it is free at once; a registration that is still before the vendor is taken
/// back with it.
#[utoipa::path(params(DealId, IfMatchIfSent), extensions(("x-errors" = json!(["invalid_state", "guard_failed", "precondition_failed"]))))]
#[post("/{id}/lose")]
pub async fn lose_deal(
    db: Db,
    caller: Caller,
    id: Path<DealId>,
    seen_at: IfMatch,
    loss: Json<DealLoss>,
) -> Reply<Json<Deal>> {
    db.write(&caller, move |tx| {
        let after = losses::lose(tx, id.0, seen_at, &loss.0)?;
        seen(tx, after).map(Json)
    })
    .await
}

/// List the evidence for a deal
///
/// In the order in which it was shown. The vendor also reads for which other deals the same was shown.
#[utoipa::path(params(DealId, DealEvidenceFilter, Paging))]
#[get("/{id}/evidence")]
pub async fn list_deal_evidence(
    db: Db,
    caller: Caller,
    id: Path<DealId>,
    filter: Query<DealEvidenceFilter>,
    paging: Paging,
) -> Reply<Page<DealEvidence>> {
    db.snapshot(&caller, move |tx| {
        let partner = registrations::find_row(tx, id.0)?.partner_id;
        queries::page(tx, (id.0, partner), &filter.0, &paging)
    })
    .await
}

/// Show evidence for a deal
///
/// An order, a contract, a letter, a meeting: what a win rests on, and what shows work on the deal. Work counts as a sign
/// of life when an extension is asked for. The document itself can be uploaded before, and named by `file_id`: both sides read it.
#[utoipa::path(params(DealId), extensions(("x-errors" = json!(["already_exists"]))))]
#[post("/{id}/evidence")]
pub async fn create_deal_evidence(
    db: Db,
    caller: Caller,
    id: Path<DealId>,
    new: Json<NewDealEvidence>,
) -> Reply<Created<DealEvidence>> {
    db.write(&caller, move |tx| {
        let deal = registrations::find(tx, id.0)?;
        registrations::may_write(tx.caller(), &deal)?;
        let row = EvidenceRow::new(id.0, &new.0, tx.caller().actor_text(), tx.now);
        let row = queries::insert(tx, deal.deal.partner_id, row, "#/file_id")?;
        one(tx, deal.deal.partner_id, row).map(Created)
    })
    .await
}

fn one(tx: &mut Tx<'_>, partner: PartnerId, row: EvidenceRow) -> Result<DealEvidence> {
    queries::seen(tx, partner, vec![row])?
        .pop()
        .ok_or_else(Error::not_found)
}

/// Read a piece of evidence
///
/// If the caller may see the deal.
#[utoipa::path(params(EvidenceId))]
#[get("/{id}")]
pub async fn get_deal_evidence(db: Db, caller: Caller, id: Path<EvidenceId>) -> Reply<Json<DealEvidence>> {
    db.snapshot(&caller, move |tx| {
        let (row, partner) = queries::find(tx, id.0)?;
        one(tx, partner, row).map(Json)
    })
    .await
}

/// Remove a piece of evidence
///
/// While the vendor has not confirmed it, and as long as no reported win rests on it.
#[utoipa::path(params(EvidenceId, IfMatch), extensions(("x-errors" = json!(["guard_failed"]))))]
#[delete("/{id}")]
pub async fn delete_deal_evidence(db: Db, caller: Caller, id: Path<EvidenceId>, seen_at: IfMatch) -> Reply<NoContent> {
    db.write(&caller, move |tx| {
        let (row, _) = queries::find(tx, id.0)?;
        let deal = registrations::find(tx, row.deal_id)?;
        registrations::may_write(tx.caller(), &deal)?;
        seen_at.check(row.revision)?;
        if row.verified_at.is_some() || deal.deal.stage.is_closed() {
            let detail = "The deal is closed, or the vendor has confirmed this piece; it stays with the record.";
            let failing = vec![states::guard("evidence_open", "#", detail)];
            return Err(Error::guards(deal.deal.stage, "delete_evidence", failing));
        }
        queries::delete(tx, deal.deal.partner_id, row).map(|()| NoContent)
    })
    .await
}
