//! What the vendor asks and the partner answers; while it is asked, the clock of the review stands.

use super::{
    chains, clock_queries,
    decisions::NewDealInfoRequest,
    history::{self, Entry},
    queries, review_queries,
    reviews::{begin, move_slots, refuse},
    rows::{InfoRow, Registration},
    segregation,
    states::{DealAxis, DealCustomerResolution, InfoRequestStatus, REVIEW, ReviewStatus},
    submission::{self, Found},
};
use crate::{
    customers,
    db::Tx,
    deals::conflict::{self, CheckPurpose},
    error::{Error, Result},
    http::IfMatch,
    kernel::states::guard,
    kernel::{Stored, ids::DealId},
    policies::{self, ReasonKind},
};

/// Asks the partner; the clock of the review stands until the answer, and the place in the queue is kept until it is due.
///
/// # Errors
/// 409 `invalid_state`, `guard_failed`.
pub fn request_info(tx: &mut Tx<'_>, id: DealId, seen: IfMatch, new: &NewDealInfoRequest) -> Result<Registration> {
    let (before, status) = begin(tx, id, seen, "request_info")?;
    let now = tx.moment();
    let settings = policies::in_force(tx, now)?;
    let policy = settings.registration;
    let mut failing = segregation::failing(tx, &before, &policy.segregation)?;
    if let Some(code) = &new.reason_code {
        failing.extend(settings.reasons.failing(ReasonKind::InfoRequest, code, false, false));
    }
    let days = new.business_days.unwrap_or(policy.info_business_days);
    if days > policy.info_business_days {
        let detail = format!(
            "The program gives partners at most {} business days to answer.",
            policy.info_business_days
        );
        failing.push(guard("due_within_limit", "#/business_days", detail));
    }
    refuse(failing, status, "request_info")?;
    let due_at = clock_queries::of_territory(tx, before.deal.territory_id, &policy)?
        .time
        .days_after(now, days);
    let info = InfoRow {
        id: tx.new_id(),
        deal_id: id,
        questions: Stored(new.questions.clone()),
        due_at,
        status: InfoRequestStatus::Open,
        asked_by: tx.caller().actor_text(),
        answers: None,
        answered_by: None,
        answered_at: None,
        revision: 1,
        created_at: now,
        updated_at: now,
    };
    review_queries::insert_info(tx, &info)?;
    chains::pause(tx, id)?;
    let mut after = before.clone();
    after.deal.review_status = REVIEW.go(status, "request_info")?;
    after.deal.assignee_id = after.deal.assignee_id.or_else(|| tx.caller().user());
    after.info = Some(info);
    if let Some(clock) = &mut after.clock {
        clock.pause(now);
    }
    if let Some(review) = &mut after.review {
        review.paused_at = Some(now);
        review.info_due_at = Some(due_at);
        review.assigned_at = review.assigned_at.or(Some(now));
    }
    let after = queries::save(tx, &before, after.touched(now), "deal.info_requested")?;
    history::note(
        tx,
        id,
        Entry::action("request_info")
            .moved(DealAxis::ReviewStatus, status, ReviewStatus::InfoRequested)
            .because(
                new.reason_code.as_ref().map(ToString::to_string),
                Some(new.questions.join("\n")),
            ),
    )?;
    Ok(after)
}

/// Answers what was asked. If the changed description of the customer leads to another account, the registration goes to
/// the end of that account's queue: the place was for the customer as it was described before.
///
/// # Errors
/// 409 `invalid_state` (also when the answers are overdue: it has lapsed), `guard_failed`.
pub fn answer_info(
    tx: &mut Tx<'_>,
    id: DealId,
    seen: IfMatch,
    answers: &[String],
    found: &Found,
) -> Result<Registration> {
    let (before, status) = begin(tx, id, seen, "answer_info")?;
    super::may_write(tx.caller(), &before)?;
    let now = tx.moment();
    let Some(info) = before.info.clone() else {
        return Err(Error::internal("questions are open, but there are none"));
    };
    if answers.len() != info.questions.len() {
        let detail = format!(
            "There are {} questions and {} answers; answer each, in their order.",
            info.questions.len(),
            answers.len()
        );
        return Err(Error::guards(
            status,
            "answer_info",
            vec![guard("answers_complete", "#/answers", detail)],
        ));
    }
    let answered = InfoRow {
        status: InfoRequestStatus::Answered,
        answers: Some(Stored(answers.to_vec())),
        answered_by: Some(tx.caller().actor_text()),
        answered_at: Some(now),
        revision: info.revision + 1,
        updated_at: now,
        ..info.clone()
    };
    review_queries::save_info(tx, &info, &answered)?;
    let mut after = moved_account(tx, &before, found)?.unwrap_or_else(|| before.clone());
    after.deal.review_status = REVIEW.go(status, "answer_info")?;
    after.deal.last_activity_at = now;
    after.info = None;
    if let Some(clock) = &mut after.clock {
        clock.resume(now);
        after.deal.review_due_at = Some(clock.row.due_at);
    }
    chains::resume(tx, id, after.deal.review_due_at)?;
    if let Some(review) = &mut after.review {
        let paused_at = review.paused_at.unwrap_or(now);
        review.paused_micros += now.since(paused_at);
        (review.paused_at, review.info_due_at) = (None, None);
    }
    queries::write(tx, &before, &after.touched(now))?;
    let check = conflict::check_deal(tx, id, CheckPurpose::Review, None, Some(found.prepared()))?;
    review_queries::tie_check(tx, id, check.id)?;
    let after = queries::find(tx, id)?;
    queries::tell(tx, &before, &after, "deal.info_answered")?;
    history::note(
        tx,
        id,
        Entry::action("answer_info")
            .moved(DealAxis::ReviewStatus, status, ReviewStatus::InReview)
            .because(None, Some(answers.join("\n"))),
    )?;
    Ok(after)
}

/// The registration on the account that its customer's changed description surely means, if that is another one.
fn moved_account(tx: &mut Tx<'_>, before: &Registration, found: &Found) -> Result<Option<Registration>> {
    let changed = before
        .customer
        .as_ref()
        .is_some_and(|customer| customer.candidates.is_none() && customer.resolution != DealCustomerResolution::Chosen);
    let Some(account) = found.account().filter(|_| changed) else {
        return Ok(None);
    };
    let account = customers::surviving(tx, account)?;
    if Some(account) == before.deal.customer_account_id {
        return Ok(None);
    }
    let after = submission::placed(tx, before, account, DealCustomerResolution::Matched)?;
    move_slots(tx, &after)?;
    Ok(Some(after))
}
