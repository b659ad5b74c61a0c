//! The steps of a review, and what can be read beside a registration.

use actix_web::{get, post};

use super::{
    actions, approvals,
    decisions::{
        DealAccountChoice, DealActions, DealApproval, DealApprovalChain, DealAssignment, DealChainQuery,
        DealInfoAnswers, DealRejection, DealRevocation, DealStageMove, DealWithdrawal, NewDealInfoRequest,
    },
    endings,
    handlers::seen,
    history,
    history::{DealHistoryEntry, DealHistoryFilter},
    model::{Deal, DealDecision, DealInfoRequest},
    queries, questions, review_queries, reviews, revocations, submission,
};
use crate::{
    approvals::ApprovalKind,
    auth::Caller,
    db::Db,
    deals::chains,
    http::{IfMatch, IfMatchIfSent, Json, Path, Plain, Query, Reply},
    kernel::{
        ids::DealId,
        page::{Page, Paging},
    },
};

/// Submit a registration
///
/// Sends it in: it takes its place in the queue at this moment, its customer is recognised, the conflict check is stored
/// and the clock of the review starts. All guards are judged at once. A competitor never makes it fail; a clear and small
/// deal of a partner in good standing may be approved at once.
#[utoipa::path(params(DealId, IfMatchIfSent), extensions(("x-errors" = json!(["invalid_state", "guard_failed", "precondition_failed", "account_merged"]))))]
#[post("/{id}/submit")]
pub async fn submit_deal(db: Db, caller: Caller, id: Path<DealId>, seen_at: IfMatch) -> Reply<Json<Deal>> {
    let found = db.ask(&caller, move |tx| submission::find_customer(tx, id.0)).await?;
    db.write(&caller, move |tx| {
        let after = submission::submit(tx, id.0, &found, seen_at)?;
        seen(tx, after).map(Json)
    })
    .await
}

/// Take a review
///
/// Makes the caller the reviewer of the registration.
#[utoipa::path(params(DealId, IfMatchIfSent), extensions(("x-errors" = json!(["invalid_state", "guard_failed", "precondition_failed"]))))]
#[post("/{id}/claim-review")]
pub async fn claim_deal_review(db: Db, caller: Caller, id: Path<DealId>, seen_at: IfMatch) -> Reply<Json<Deal>> {
    db.write(&caller, move |tx| {
        let after = reviews::assign(tx, id.0, seen_at, None)?;
        seen(tx, after).map(Json)
    })
    .await
}

/// Assign a review
///
/// Gives the review to somebody who decides on registrations, and who did not send it in or look after a competitor.
#[utoipa::path(params(DealId, IfMatchIfSent), extensions(("x-errors" = json!(["invalid_state", "guard_failed", "precondition_failed"]))))]
#[post("/{id}/assign")]
pub async fn assign_deal(
    db: Db,
    caller: Caller,
    id: Path<DealId>,
    seen_at: IfMatch,
    to: Json<DealAssignment>,
) -> Reply<Json<Deal>> {
    db.write(&caller, move |tx| {
        let after = reviews::assign(tx, id.0, seen_at, Some(to.0.assignee_id))?;
        seen(tx, after).map(Json)
    })
    .await
}

/// Ask the partner
///
/// Puts questions to the partner. The clock of the review stands until they are answered; the place in the queue is kept
/// until they are due, and lost after.
#[utoipa::path(params(DealId, IfMatchIfSent), extensions(("x-errors" = json!(["invalid_state", "guard_failed", "precondition_failed", "already_exists"]))))]
#[post("/{id}/request-info")]
pub async fn request_deal_info(
    db: Db,
    caller: Caller,
    id: Path<DealId>,
    seen_at: IfMatch,
    new: Json<NewDealInfoRequest>,
) -> Reply<Json<Deal>> {
    db.write(&caller, move |tx| {
        let after = questions::request_info(tx, id.0, seen_at, &new.0)?;
        seen(tx, after).map(Json)
    })
    .await
}

/// Answer the vendor
///
/// Answers the open questions; the review goes on where its clock stood.
#[utoipa::path(params(DealId, IfMatchIfSent), extensions(("x-errors" = json!(["invalid_state", "guard_failed", "precondition_failed", "account_merged"]))))]
#[post("/{id}/answer-info")]
pub async fn answer_deal_info(
    db: Db,
    caller: Caller,
    id: Path<DealId>,
    seen_at: IfMatch,
    answers: Json<DealInfoAnswers>,
) -> Reply<Json<Deal>> {
    let found = db.ask(&caller, move |tx| submission::find_customer(tx, id.0)).await?;
    db.write(&caller, move |tx| {
        let after = questions::answer_info(tx, id.0, seen_at, &answers.0.answers, &found)?;
        seen(tx, after).map(Json)
    })
    .await
}

/// Approve a registration
///
/// Decides the step of the approval chain whose turn it is; the last one protects the scope, whole or narrower. The conflict
/// check runs again under the lock of the customer's account. Whoever came first must be decided first, or passed over with
/// a reason; what is protected already is never given twice. Nobody approves what they sent in.
#[utoipa::path(params(DealId, IfMatchIfSent), extensions(("x-errors" = json!(["invalid_state", "guard_failed", "precondition_failed", "protection_overlap"]))))]
#[post("/{id}/approve")]
pub async fn approve_deal(
    db: Db,
    caller: Caller,
    id: Path<DealId>,
    seen_at: IfMatch,
    approval: Json<DealApproval>,
) -> Reply<Json<Deal>> {
    db.write(&caller, move |tx| {
        let after = approvals::approve(tx, id.0, seen_at, &approval.0)?;
        seen(tx, after).map(Json)
    })
    .await
}

/// Reject a registration
///
/// Refuses it with a reason that the partner reads, and evidence that the vendor keeps. An appeal is open for as long as the
/// program says. Reviewers refuse at every step of the chain; finance where the step is theirs to decide, or that of somebody
/// they stand in for.
#[utoipa::path(params(DealId, IfMatchIfSent), extensions(("x-errors" = json!(["invalid_state", "guard_failed", "precondition_failed"]))))]
#[post("/{id}/reject")]
pub async fn reject_deal(
    db: Db,
    caller: Caller,
    id: Path<DealId>,
    seen_at: IfMatch,
    rejection: Json<DealRejection>,
) -> Reply<Json<Deal>> {
    db.write(&caller, move |tx| {
        let after = endings::reject(tx, id.0, seen_at, &rejection.0)?;
        seen(tx, after).map(Json)
    })
    .await
}

/// Withdraw a registration
///
/// Takes it back, before the decision or after: its place in the queue and what protects it are free at once.
#[utoipa::path(params(DealId, IfMatchIfSent), extensions(("x-errors" = json!(["invalid_state", "guard_failed", "precondition_failed"]))))]
#[post("/{id}/withdraw")]
pub async fn withdraw_deal(
    db: Db,
    caller: Caller,
    id: Path<DealId>,
    seen_at: IfMatch,
    withdrawal: Json<DealWithdrawal>,
) -> Reply<Json<Deal>> {
    db.write(&caller, move |tx| {
        let after = endings::withdraw(tx, id.0, seen_at, &withdrawal.0)?;
        seen(tx, after).map(Json)
    })
    .await
}

/// Revoke a registration
///
/// Takes away what was granted: what still protects the deal ends, the partner reads why and may appeal, and the
/// registrations of the partner are not granted without a person for as long as the program says.
#[utoipa::path(params(DealId, IfMatchIfSent), extensions(("x-errors" = json!(["invalid_state", "guard_failed", "precondition_failed"]))))]
#[post("/{id}/revoke")]
pub async fn revoke_deal(
    db: Db,
    caller: Caller,
    id: Path<DealId>,
    seen_at: IfMatch,
    revocation: Json<DealRevocation>,
) -> Reply<Json<Deal>> {
    db.write(&caller, move |tx| {
        let after = revocations::revoke(tx, id.0, seen_at, &revocation.0)?;
        seen(tx, after).map(Json)
    })
    .await
}

/// Choose the customer account
///
/// Says which account the customer is, where the program could not be sure or was wrong. The moment at which the
/// registration was received stays.
#[utoipa::path(params(DealId, IfMatchIfSent), extensions(("x-errors" = json!(["invalid_state", "guard_failed", "precondition_failed", "account_merged"]))))]
#[post("/{id}/choose-account")]
pub async fn choose_deal_account(
    db: Db,
    caller: Caller,
    id: Path<DealId>,
    seen_at: IfMatch,
    choice: Json<DealAccountChoice>,
) -> Reply<Json<Deal>> {
    db.write(&caller, move |tx| {
        let after = reviews::choose_account(tx, id.0, seen_at, &choice.0)?;
        seen(tx, after).map(Json)
    })
    .await
}

/// Move the stage of a sale
///
/// Forward, or backward while the customer has not committed; each move is logged and counts as a sign of work.
#[utoipa::path(params(DealId, IfMatchIfSent), extensions(("x-errors" = json!(["invalid_state", "guard_failed", "precondition_failed"]))))]
#[post("/{id}/move-stage")]
pub async fn move_deal_stage(
    db: Db,
    caller: Caller,
    id: Path<DealId>,
    seen_at: IfMatch,
    change: Json<DealStageMove>,
) -> Reply<Json<Deal>> {
    db.write(&caller, move |tx| {
        let after = reviews::move_stage(tx, id.0, seen_at, &change.0)?;
        seen(tx, after).map(Json)
    })
    .await
}

/// List what can be done with a registration
///
/// The actions that its states and your role allow now, each with the guards that fail and why.
#[utoipa::path(params(DealId))]
#[get("/{id}/actions")]
pub async fn list_deal_actions(db: Db, caller: Caller, id: Path<DealId>) -> Reply<Plain<DealActions>> {
    db.snapshot(&caller, move |tx| {
        let registration = queries::find(tx, id.0)?;
        actions::of(tx, &registration).map(Plain)
    })
    .await
}

/// Read the approval chain of a registration
///
/// Who must agree, in order; for a draft who would have to, by its amount. Also who must agree to a request about it: to the one
/// that waits, or, as a preview, to one that you would make now.
#[utoipa::path(params(DealId, DealChainQuery))]
#[get("/{id}/approval-chain")]
pub async fn get_deal_approval_chain(
    db: Db,
    caller: Caller,
    id: Path<DealId>,
    which: Query<DealChainQuery>,
) -> Reply<Plain<DealApprovalChain>> {
    db.snapshot(&caller, move |tx| {
        let registration = queries::find(tx, id.0)?;
        let chain = match which.0.kind {
            None | Some(ApprovalKind::DealRegistration) => actions::chain(tx, &registration),
            Some(kind) => chains::of_request(tx, &registration, kind),
        };
        chain.map(Plain)
    })
    .await
}

/// List the decisions on a registration
///
/// Every decision as it was made, oldest first. Partners read them without who decided, on which evidence, and past whom.
#[utoipa::path(params(DealId, Paging))]
#[get("/{id}/decisions")]
pub async fn list_deal_decisions(
    db: Db,
    caller: Caller,
    id: Path<DealId>,
    paging: Paging,
) -> Reply<Page<DealDecision>> {
    db.snapshot(&caller, move |tx| {
        queries::find_row(tx, id.0)?;
        review_queries::decisions(tx, id.0, &paging)
    })
    .await
}

/// List what was asked about a registration
///
/// Every question to the partner with its answers, oldest first.
#[utoipa::path(params(DealId, Paging))]
#[get("/{id}/info-requests")]
pub async fn list_deal_info_requests(
    db: Db,
    caller: Caller,
    id: Path<DealId>,
    paging: Paging,
) -> Reply<Page<DealInfoRequest>> {
    db.snapshot(&caller, move |tx| {
        queries::find_row(tx, id.0)?;
        review_queries::infos(tx, id.0, &paging)
    })
    .await
}

/// Read the history of a registration
///
/// Every step, oldest first. The vendor also reads its own notes on the steps and the steps that are its alone.
#[utoipa::path(params(DealId, DealHistoryFilter, Paging))]
#[get("/{id}/history")]
pub async fn list_deal_history(
    db: Db,
    caller: Caller,
    id: Path<DealId>,
    filter: Query<DealHistoryFilter>,
    paging: Paging,
) -> Reply<Page<DealHistoryEntry>> {
    db.snapshot(&caller, move |tx| {
        queries::find_row(tx, id.0)?;
        history::page(tx, id.0, &filter.0, &paging)
    })
    .await
}
