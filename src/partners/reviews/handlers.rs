//! One function per operation: take, call, answer.

use actix_web::{get, post};

use super::{
    model::{
        PartnerAnswers, PartnerApproval, PartnerInfoRequest, PartnerQuestions, PartnerRejection, PartnerWithdrawal,
    },
    queries, rules,
};
use crate::{
    auth::Caller,
    db::{Db, Tx},
    error::{Error, Result},
    http::{IfMatch, IfMatchIfSent, Json, Path, Reply},
    kernel::{
        ids::PartnerId,
        page::{Page, Paging},
    },
    partners::{
        self, Partner,
        account_managers::{self, AccountManagerRole, AssignmentReason, Entry},
        applications, consequences, domains,
        letters::{self, Letter},
        rules::Reason,
    },
};

fn found(tx: &mut Tx<'_>, id: PartnerId, seen: IfMatch) -> Result<Partner> {
    let partner = partners::find(tx, id)?;
    seen.check(partner.revision)?;
    Ok(partner)
}

/// Start the review of an application
///
/// Whoever starts it becomes its reviewer. The applicant's address, or a domain of the firm, must be verified.
#[utoipa::path(params(PartnerId, IfMatchIfSent), extensions(("x-errors" = json!(["invalid_state", "guard_failed"]))))]
#[post("/{id}/start-review")]
pub async fn start_partner_review(db: Db, caller: Caller, id: Path<PartnerId>, seen: IfMatch) -> Reply<Json<Partner>> {
    db.write(&caller, move |tx| {
        let before = found(tx, id.0, seen)?;
        let after = before.clone().moved("start_review", Reason::default(), tx.now)?;
        let application = applications::find(tx, before.id)?;
        let verified = application.applicant_email_verified_at.is_some() || domains::has_verified(tx, before.id)?;
        let failing = rules::failing("start_review", verified);
        if !failing.is_empty() {
            return Err(Error::guards(before.status, "start_review", failing));
        }
        let reviewed = applications::PartnerApplication {
            reviewer_id: tx.caller().user(),
            ..application.clone()
        };
        applications::save(tx, &application, reviewed, "partner_application.review_started")?;
        partners::save(tx, &before, after, "partner.review_started").map(Json)
    })
    .await
}

/// Ask an applicant for information
///
/// The applicant is told by mail. Until the answers come, the review's clock stands still.
#[utoipa::path(params(PartnerId, IfMatchIfSent), extensions(("x-errors" = json!(["invalid_state", "guard_failed", "conflict"]))))]
#[post("/{id}/request-info")]
pub async fn request_partner_info(
    db: Db,
    caller: Caller,
    id: Path<PartnerId>,
    seen: IfMatch,
    asked: Json<PartnerQuestions>,
) -> Reply<Json<Partner>> {
    db.write(&caller, move |tx| {
        let before = found(tx, id.0, seen)?;
        let after = before.clone().moved("request_info", Reason::default(), tx.now)?;
        let application = applications::find(tx, before.id)?;
        let answer_days = partners::policy(tx)?.answer_days;
        let time = applications::hours(tx, application.clock_basis)?;
        let usual = applications::days_later(tx.now, answer_days, time.as_deref());
        let due = asked.0.due_at.unwrap_or(usual);
        let failing = rules::failing_due(due, tx.now);
        if !failing.is_empty() {
            return Err(Error::guards(before.status, "request_info", failing));
        }
        let request = PartnerInfoRequest::new(before.id, &asked.0.questions, due, tx.caller().actor_text(), tx.now);
        let request = queries::insert(tx, request)?;
        let waiting = application.clone().waiting(due, tx.now);
        applications::save(tx, &application, waiting, "partner_application.paused")?;
        letters::send(
            tx,
            &Letter::questions(&application.applicant_email, &before.number, &request.questions.0, due),
        )?;
        partners::save(tx, &before, after, "partner.info_requested").map(Json)
    })
    .await
}

/// List the questions to an applicant
///
/// Each with its answers, the latest first.
#[utoipa::path(params(PartnerId, Paging))]
#[get("/{id}/info-requests")]
pub async fn list_partner_info_requests(
    db: Db,
    caller: Caller,
    id: Path<PartnerId>,
    paging: Paging,
) -> Reply<Page<PartnerInfoRequest>> {
    db.snapshot(&caller, move |tx| {
        partners::status(tx, id.0)?;
        queries::page(tx, id.0, &paging)
    })
    .await
}

/// Answer the questions to an applicant
///
/// By the firm's administrator, or by the vendor for whoever answered otherwise. The review goes on, and its clock runs again.
#[utoipa::path(params(PartnerId, IfMatchIfSent), extensions(("x-errors" = json!(["invalid_state"]))))]
#[post("/{id}/answer-info")]
pub async fn answer_partner_info(
    db: Db,
    caller: Caller,
    id: Path<PartnerId>,
    seen: IfMatch,
    answers: Json<PartnerAnswers>,
) -> Reply<Json<Partner>> {
    db.write(&caller, move |tx| {
        let before = found(tx, id.0, seen)?;
        let application = applications::find(tx, before.id)?;
        let (_, partner) = super::answer(tx, &before, &application, &answers.0.answers)?;
        partners::shown_one(tx, partner).map(Json)
    })
    .await
}

/// Go on with a review without answers
///
/// The open questions are closed, and the review's clock runs again.
#[utoipa::path(params(PartnerId, IfMatchIfSent), extensions(("x-errors" = json!(["invalid_state"]))))]
#[post("/{id}/resume-review")]
pub async fn resume_partner_review(db: Db, caller: Caller, id: Path<PartnerId>, seen: IfMatch) -> Reply<Json<Partner>> {
    db.write(&caller, move |tx| {
        let before = found(tx, id.0, seen)?;
        let after = before.clone().moved("resume_review", Reason::default(), tx.now)?;
        if let Some(request) = queries::open_of(tx, before.id)? {
            let cancelled = request.clone().cancelled();
            queries::save(tx, &request, cancelled, "partner_info.cancelled")?;
        }
        let application = applications::find(tx, before.id)?;
        let time = applications::hours(tx, application.clock_basis)?;
        let resumed = applications::answered(application.clone(), tx.now, time.as_deref());
        applications::save(tx, &application, resumed, "partner_application.resumed")?;
        partners::save(tx, &before, after, "partner.review_resumed").map(Json)
    })
    .await
}

/// Turn an applicant down
///
/// The firm reads the code of the reason, and whether and when it may apply again. Its domains are free again.
#[utoipa::path(params(PartnerId, IfMatchIfSent), extensions(("x-errors" = json!(["invalid_state"]))))]
#[post("/{id}/reject")]
pub async fn reject_partner(
    db: Db,
    caller: Caller,
    id: Path<PartnerId>,
    seen: IfMatch,
    rejection: Json<PartnerRejection>,
) -> Reply<Json<Partner>> {
    db.write(&caller, move |tx| {
        let before = found(tx, id.0, seen)?;
        let reason = Reason {
            code: Some(rejection.0.reason_code.clone()),
            text: rejection.0.reason_text.clone(),
        };
        let after = before.clone().moved("reject", reason, tx.now)?;
        let application = applications::find(tx, before.id)?;
        let reapply_days = partners::policy(tx)?.reapply_days;
        let turned_down = application
            .clone()
            .turned_down(&rejection.0, reapply_days, tx.caller().actor_text(), tx.now);
        let application = applications::save(tx, &application, turned_down, "partner_application.rejected")?;
        let reapply = rules::reapply_sentence(rejection.0.reapply, application.reapply_after_on);
        letters::send(
            tx,
            &Letter::decision(&application.applicant_email, &before.number, false, &reapply),
        )?;
        super::close(tx, &before)?;
        partners::save(tx, &before, after, "partner.rejected").map(Json)
    })
    .await
}

/// Accept an applicant
///
/// The firm's types, territories and programs are chosen, and somebody looks after it from now on. It prepares; once it is
/// active it can register deals.
#[utoipa::path(params(PartnerId, IfMatchIfSent), extensions(("x-errors" = json!(["invalid_state", "guard_failed", "conflict", "already_exists"]))))]
#[post("/{id}/approve")]
pub async fn approve_partner(
    db: Db,
    caller: Caller,
    id: Path<PartnerId>,
    seen: IfMatch,
    approval: Json<PartnerApproval>,
) -> Reply<Json<Partner>> {
    db.write(&caller, move |tx| {
        let before = found(tx, id.0, seen)?;
        let approval = &approval.0;
        let after = before.clone().moved(
            "approve",
            Reason {
                code: None,
                text: approval.note.clone(),
            },
            tx.now,
        )?;
        let after = after.in_business(&approval.types, &approval.territory_ids);
        let application = applications::find(tx, before.id)?;
        let accepted = application
            .clone()
            .accepted(approval.note.clone(), tx.caller().actor_text(), tx.now);
        applications::save(tx, &application, accepted, "partner_application.approved")?;
        let mut saved = partners::save(tx, &before, after, "partner.approved")?;
        if account_managers::current(tx, saved.id, AccountManagerRole::Primary, tx.now)?
            != Some(approval.account_manager_id)
        {
            let entry = Entry {
                partner: saved.id,
                role: AccountManagerRole::Primary,
                user: Some(approval.account_manager_id),
                valid_from: tx.now,
                reason_code: AssignmentReason::Onboarding,
                reason_text: None,
                handover: None,
            };
            account_managers::begin_at(tx, entry, "#/account_manager_id")?;
        }
        saved.account_manager_id = Some(approval.account_manager_id);
        consequences::approved(tx, &saved, &approval.program_ids)?;
        letters::send(
            tx,
            &Letter::decision(&application.applicant_email, &saved.number, true, ""),
        )?;
        Ok(Json(saved))
    })
    .await
}

/// Give up on making a firm a partner
///
/// By the vendor, or by the firm's administrator, any time before it is active. The firm may apply again.
#[utoipa::path(params(PartnerId, IfMatchIfSent), extensions(("x-errors" = json!(["invalid_state"]))))]
#[post("/{id}/withdraw")]
pub async fn withdraw_partner(
    db: Db,
    caller: Caller,
    id: Path<PartnerId>,
    seen: IfMatch,
    why: Json<PartnerWithdrawal>,
) -> Reply<Json<Partner>> {
    db.write(&caller, move |tx| {
        let before = found(tx, id.0, seen)?;
        let reason = Reason {
            code: Some(why.0.reason_code.clone()),
            text: why.0.reason_text.clone(),
        };
        let partner = super::withdraw(tx, &before, reason)?;
        partners::shown_one(tx, partner).map(Json)
    })
    .await
}
