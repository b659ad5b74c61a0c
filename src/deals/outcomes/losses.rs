//! Losing: the sale has ended without an order, so what protected it is free for others at once.

use super::{model::DealLoss, rules};
use crate::{
    db::Tx,
    deals::{
        protection::{self, Ending},
        registrations::{
            self, DealAxis, DealStage, ProtectionState, Registration, ReviewStatus,
            history::{self, Entry},
        },
    },
    error::{Error, Result},
    http::IfMatch,
    kernel::{
        ids::DealId,
        states::{FailingGuard, guard},
    },
    policies::{self, ReasonKind},
};

/// The guards of a loss that fail: a registration that was never sent in, or that has ended, is not lost.
pub fn failing(status: ReviewStatus) -> Vec<FailingGuard> {
    let detail = match status {
        ReviewStatus::Draft => "The registration was never sent in; withdraw the draft instead.".to_owned(),
        ReviewStatus::Approved | ReviewStatus::NotRegistered => return Vec::new(),
        status if status.is_open() => return Vec::new(),
        status => format!("The registration is {status}; there is nothing left to lose."),
    };
    vec![guard("registration_alive", "#/review_status", detail)]
}

/// Reports the loss. A registration that is still before the vendor is taken back with it.
///
/// # Errors
/// 409 `invalid_state`; 409 `guard_failed`; 403 for those who may only read the deal.
pub fn lose(tx: &mut Tx<'_>, id: DealId, seen: IfMatch, loss: &DealLoss) -> Result<Registration> {
    let before = registrations::locked(tx, id)?;
    seen.check(before.deal.revision)?;
    registrations::may_write(tx.caller(), &before)?;
    let (now, from) = (tx.moment(), before.deal.stage);
    registrations::check_stage(from, "lose")?;
    let to = DealStage::CLOSED_LOST;
    let status = registrations::status_at(&before, now);
    let mut failing = failing(status);
    failing.extend(rules::closing_day(&before, loss.closed_on, now));
    let (reasons, by_partner) = (policies::in_force(tx, now)?.reasons, !tx.caller().is_vendor());
    failing.extend(reasons.failing(ReasonKind::Loss, &loss.reason_code, by_partner, false));
    if !failing.is_empty() {
        return Err(Error::guards(from, "lose", failing));
    }
    let mut after = if status.is_open() {
        registrations::taken_back(tx, &before)?
    } else {
        registrations::close(tx, id)?;
        before.clone()
    };
    after.deal.stage = to;
    after.deal.closed_at = Some(rules::closing_moment(&before, loss.closed_on, now));
    after.deal.closed_reason = Some(loss.reason_code.to_string());
    after.deal.last_activity_at = now;
    if loss.competitor.is_some() {
        after.details.competitor.clone_from(&loss.competitor);
    }
    let freed = protection::end(tx, id, Ending::Released, "lost")?;
    registrations::write(tx, &before, &after.touched(now))?;
    let after = registrations::find(tx, id)?;
    registrations::tell(tx, &before, &after, "deal.lost")?;
    history::note(
        tx,
        id,
        Entry::action("lose")
            .moved(DealAxis::Stage, from, to)
            .because(Some(loss.reason_code.to_string()), loss.note.clone()),
    )?;
    if !freed.is_empty() {
        history::note(
            tx,
            id,
            Entry::action("release").moved(DealAxis::Protection, ProtectionState::Active, ProtectionState::Released),
        )?;
    }
    if status.is_open() {
        history::note(
            tx,
            id,
            Entry::action("withdraw").moved(DealAxis::ReviewStatus, status, ReviewStatus::Withdrawn),
        )?;
    }
    Ok(after)
}
