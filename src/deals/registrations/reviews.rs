//! Who reviews a registration and which customer it is, and the stage of its sale.

use super::{
    approvals,
    decisions::{DealAccountChoice, DealStageMove},
    history::{self, Entry},
    queries, review_queries,
    rows::Registration,
    rules, segregation, slot_queries,
    states::{DealAxis, DealCustomerResolution, REVIEW, ReviewStatus, check_stage},
};
use crate::{
    auth::Role,
    customers,
    db::Tx,
    deals::conflict::{self, CheckPurpose},
    error::{Error, Result, codes},
    http::IfMatch,
    identity,
    kernel::{
        ids::{DealId, UserId},
        states::{FailingGuard, guard},
    },
    policies,
};

/// The roles that decide on registrations.
pub const REVIEWERS: &[Role] = &[Role::Admin, Role::ChannelOps, Role::Approver];

/// The registration, its review's state now, and whether the action may start there.
pub(super) fn begin(
    tx: &mut Tx<'_>,
    id: DealId,
    seen: IfMatch,
    action: &'static str,
) -> Result<(Registration, ReviewStatus)> {
    let before = approvals::locked(tx, id)?;
    seen.check(before.deal.revision)?;
    let status = rules::status_at(&before, tx.moment());
    REVIEW.go(status, action)?;
    Ok((before, status))
}

pub(super) fn refuse(failing: Vec<FailingGuard>, status: ReviewStatus, action: &'static str) -> Result<()> {
    if failing.is_empty() {
        Ok(())
    } else {
        Err(Error::guards(status, action, failing))
    }
}

/// Gives the review to somebody who may decide it: the caller, or whom the caller names.
///
/// # Errors
/// 409 `invalid_state`, `guard_failed`; 409 `unknown_reference` for somebody who does not decide on registrations.
pub fn assign(tx: &mut Tx<'_>, id: DealId, seen: IfMatch, to: Option<UserId>) -> Result<Registration> {
    let action = if to.is_some() { "assign" } else { "claim_review" };
    let (before, status) = begin(tx, id, seen, action)?;
    let moment = tx.moment();
    let policy = policies::in_force(tx, moment)?.registration.segregation;
    let reviewer = match to {
        None => {
            refuse(segregation::failing(tx, &before, &policy)?, status, action)?;
            tx.caller().person()?
        }
        Some(user) => {
            if !identity::users::is_active_vendor_with(tx, user, REVIEWERS)? {
                return Err(Error::unknown_reference(
                    "#/assignee_id",
                    "There is nobody with that id who decides on registrations.",
                ));
            }
            let mut failing = Vec::new();
            if !segregation::lets(tx, &before, user, &policy)? {
                failing.push(guard(
                    "no_competing_interest",
                    "#/assignee_id",
                    "That person sent it in, or looks after a partner that claims the same scope.",
                ));
            }
            refuse(failing, status, action)?;
            user
        }
    };
    let now = tx.moment();
    let to_status = if status == ReviewStatus::Submitted {
        ReviewStatus::InReview
    } else {
        status
    };
    let mut after = before.clone();
    after.deal.review_status = REVIEW.go_to(status, action, to_status)?;
    after.deal.assignee_id = Some(reviewer);
    if let Some(review) = &mut after.review {
        review.assigned_at = Some(now);
    }
    let after = queries::save(tx, &before, after.touched(now), "deal.assigned")?;
    history::note(
        tx,
        id,
        Entry::action(action)
            .moved(DealAxis::ReviewStatus, status, to_status)
            .detail(format!("To {reviewer}.")),
    )?;
    Ok(after)
}

pub(super) fn move_slots(tx: &mut Tx<'_>, after: &Registration) -> Result<()> {
    let Some(account) = after.deal.customer_account_id else {
        return Ok(());
    };
    slot_queries::free_slots(tx, after.deal.id)?;
    slot_queries::take_slots(tx, after, account).map_err(|error| {
        if !error.is(&codes::ALREADY_EXISTS) {
            return error;
        }
        let detail = "The partner has another open registration for that customer, product and kind of deal; withdraw one of them first.";
        Error::guards(after.deal.review_status, "tie_customer", vec![guard("no_open_registration", "#/customer_account_id", detail)])
    })
}

/// Ties the registration to the account that the vendor says it is. It keeps the moment at which it was received; among
/// that account's registrations it counts by it.
///
/// # Errors
/// 409 `unknown_reference` or `account_merged` for an account that cannot be used; 409 `invalid_state` once it is decided.
pub fn choose_account(tx: &mut Tx<'_>, id: DealId, seen: IfMatch, choice: &DealAccountChoice) -> Result<Registration> {
    // The new account is locked alone: whoever decides under the old one's lock meanwhile finds another revision. Both would wait
    // crosswise for another choice.
    let row = queries::find_row(tx, id)?;
    customers::usable(tx, choice.customer_account_id, "#/customer_account_id")
        .map(drop)
        .or_else(|error| {
            if row.customer_account_id == Some(choice.customer_account_id) {
                Ok(())
            } else {
                Err(error)
            }
        })?;
    let before = queries::find(tx, id)?;
    seen.check(before.deal.revision)?;
    let status = rules::status_at(&before, tx.moment());
    let open = matches!(status, ReviewStatus::Draft | ReviewStatus::NotRegistered) || status.is_open();
    if !open || before.deal.stage.is_closed() {
        return Err(Error::invalid_state(status, "choose_account", REVIEW.allowed(status)));
    }
    let now = tx.moment();
    let actor = tx.caller().actor_text();
    let mut after = before.clone();
    after.deal.customer_account_id = Some(choice.customer_account_id);
    if after.deal.received_at.is_some() {
        let seq = customers::next_claim(tx, choice.customer_account_id)?;
        after.deal.seq = Some(seq);
        for line in after.lines.iter_mut().filter(|line| line.row.seq.is_some()) {
            line.row.seq = Some(seq);
        }
    }
    if let Some(customer) = &mut after.customer {
        (customer.resolution, customer.resolved_at, customer.resolved_by) =
            (DealCustomerResolution::Chosen, Some(now), Some(actor));
    }
    if status.is_open() {
        move_slots(tx, &after)?;
    }
    queries::write(tx, &before, &after.touched(now))?;
    if status.is_open() {
        let check = conflict::check_deal(tx, id, CheckPurpose::Review, None, None)?;
        review_queries::tie_check(tx, id, check.id)?;
    }
    let after = queries::find(tx, id)?;
    queries::tell(tx, &before, &after, "deal.customer_chosen")?;
    history::note(
        tx,
        id,
        Entry::action("choose_account")
            .because(None, choice.reason.clone())
            .for_vendor(),
    )?;
    Ok(after)
}

/// Moves the sale to another stage, as the program's policy lets it be moved.
///
/// # Errors
/// 409 `invalid_state` for a sale that has ended; 409 `guard_failed` for a stage that the program does not have, or that is not
/// reached from there, and for a registration that has ended; 403 for those who may only read it.
pub fn move_stage(tx: &mut Tx<'_>, id: DealId, seen: IfMatch, change: &DealStageMove) -> Result<Registration> {
    let before = queries::find(tx, id)?;
    seen.check(before.deal.revision)?;
    super::may_write(tx.caller(), &before)?;
    let (now, from) = (tx.now, before.deal.stage);
    check_stage(from, "move_stage")?;
    let to = change.stage;
    let mut failing = policies::in_force(tx, now)?.pipeline.failing(from, to);
    let status = rules::status_at(&before, now);
    if matches!(
        status,
        ReviewStatus::Rejected
            | ReviewStatus::Withdrawn
            | ReviewStatus::Lapsed
            | ReviewStatus::Revoked
            | ReviewStatus::Superseded
    ) {
        let detail = format!("The registration is {status}; register the deal anew to go on with it.");
        failing.push(guard("registration_alive", "#/review_status", detail));
    }
    if !failing.is_empty() {
        return Err(Error::guards(from, "move_stage", failing));
    }
    let mut after = before.clone();
    after.deal.stage = to;
    after.deal.last_activity_at = now;
    if change.next_step.is_some() {
        after.details.next_step.clone_from(&change.next_step);
    }
    let after = queries::save(tx, &before, after.touched(now), "deal.stage_moved")?;
    history::note(
        tx,
        id,
        Entry::action("move_stage")
            .moved(DealAxis::Stage, from, to)
            .because(None, change.next_step.clone()),
    )?;
    Ok(after)
}
