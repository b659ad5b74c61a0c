//! What the steps of a partner's life do to its registrations, in the transaction of the step: `partners` calls these when
//! a partner is suspended, comes back, ends, or passes to another account manager.
//!
//! - A suspension that pauses sets aside what the partner holds, with its end as it was: others may be protected
//!   meanwhile. When the partner comes back, what is still free is in force again; what is not is contested, and a
//!   conflict case is opened, so that nobody's claim vanishes.
//! - The end of a partnership takes back what was not decided and releases what was granted. A registration that was
//!   approved stays approved: it is what a transfer, an attribution or an audit goes back to.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    approvals, closing,
    contests::{self, Dispute, Why},
    endings,
    history::{self, Entry},
    queries, review_queries,
    reviews::REVIEWERS,
    rows::Registration,
    rules, segregation, slot_queries,
    states::{DealAxis, REVIEW, ReviewStatus},
};
use crate::{
    customers::{self, cases::CaseType},
    db::Tx,
    deals::protection::{self, Ending, Protection, ProtectionStatus},
    error::Result,
    identity,
    kernel::ids::{AccountId, DealId, HandoverId, PartnerId, UserId},
    policies,
};

const SUSPENDED: Why = Why {
    code: "partner_suspended",
    text: "The partner is suspended; its protections are paused until it is reinstated.",
};
const REINSTATED: Why = Why {
    code: "partner_reinstated",
    text: "The partner is reinstated.",
};
const TAKEN_MEANWHILE: Why = Why {
    code: "granted_to_another_meanwhile",
    text: "Another registration was protected on the scope while the partner was suspended; a conflict case decides.",
};
const ENDED: Why = Why {
    code: "partner_ended",
    text: "The partnership has ended.",
};

/// The partner is suspended under a policy that pauses: what it holds is set aside.
///
/// # Errors
/// What the database reports.
pub fn paused(tx: &mut Tx<'_>, partner: PartnerId) -> Result<()> {
    let holding = holding(tx, partner)?;
    let paused: BTreeSet<DealId> = protection::pause(tx, partner)?.iter().map(|row| row.deal_id).collect();
    for before in holding.values().filter(|before| paused.contains(&before.deal.id)) {
        contests::moved(tx, before, ("deal.protection_paused", "pause"), SUSPENDED)?;
    }
    Ok(())
}

/// The partner may work again: what was set aside is in force again, as far as nobody else was protected meanwhile.
///
/// # Errors
/// What the database reports.
pub fn resumed(tx: &mut Tx<'_>, partner: PartnerId) -> Result<()> {
    let holding = holding(tx, partner)?;
    let resumed = protection::resume(tx, partner)?;
    let mut contested: BTreeMap<DealId, Vec<&Protection>> = BTreeMap::new();
    for row in resumed.get(&ProtectionStatus::Contested).into_iter().flatten() {
        contested.entry(row.deal_id).or_default().push(row);
    }
    let moved: BTreeSet<DealId> = resumed.values().flatten().map(|row| row.deal_id).collect();
    for before in holding.values().filter(|before| moved.contains(&before.deal.id)) {
        match contested.get(&before.deal.id) {
            None => contests::moved(tx, before, ("deal.protection_resumed", "resume"), REINSTATED)?,
            Some(lost) => {
                contests::moved(tx, before, ("deal.protection_contested", "contest"), TAKEN_MEANWHILE)?;
                open_case(tx, before, lost)?;
            }
        }
    }
    Ok(())
}

/// The partnership is over: what was not decided is taken back, and what was granted is released.
///
/// # Errors
/// What the database reports.
pub fn ended(tx: &mut Tx<'_>, partner: PartnerId) -> Result<()> {
    for id in queries::unfinished_of(tx, partner)? {
        let before = approvals::locked(tx, id)?;
        let status = rules::status_at(&before, tx.moment());
        if status == ReviewStatus::Lapsed && before.deal.review_status != status {
            endings::lapse(tx, &before)?;
        } else if status.is_open() || status == ReviewStatus::Draft {
            taken_back(tx, &before, status)?;
        } else {
            closing::close(tx, id)?;
            // What was closed may have moved the registration on.
            let before = queries::find(tx, id)?;
            if !protection::end(tx, id, Ending::Released, ENDED.code)?.is_empty() {
                contests::moved(tx, &before, ("deal.protection_released", "release"), ENDED)?;
            }
        }
    }
    // What was granted keeps its slots while the partner works it; nobody works it any more.
    slot_queries::free_slots_of(tx, partner)
}

/// What waits for a decision of the former account manager waits for the new one's. Where the new one may not decide (by
/// role, because they sent it in, or because they look after a competitor), it waits for any reviewer.
///
/// # Errors
/// What the database reports.
pub fn rerouted(tx: &mut Tx<'_>, partner: PartnerId, from: UserId, to: UserId, handover: HandoverId) -> Result<()> {
    let decides = identity::users::is_active_vendor_with(tx, to, REVIEWERS)?;
    let now = tx.now;
    let policy = policies::in_force(tx, now)?.registration.segregation;
    for id in review_queries::awaiting(tx, partner, from)? {
        let before = approvals::locked(tx, id)?;
        // Somebody else may have taken it while this one waited for the lock.
        if !rules::status_at(&before, tx.moment()).is_open() || before.deal.assignee_id != Some(from) {
            continue;
        }
        let next = (decides && segregation::lets(tx, &before, to, &policy)?).then_some(to);
        let mut after = before.clone();
        after.deal.assignee_id = next;
        if let Some(review) = &mut after.review {
            review.assigned_at = next.map(|_| now);
        }
        queries::save(tx, &before, after.touched(now), "deal.assigned")?;
        let whom = next.map_or_else(
            || "Any reviewer: the new account manager may not decide it.".to_owned(),
            |user| format!("To {user}."),
        );
        let entry = Entry::action("assign").detail(format!("{whom} Handover {handover}."));
        history::note(tx, id, entry)?;
    }
    Ok(())
}

/// The partner's registrations that hold a protection, with their accounts locked.
fn holding(tx: &mut Tx<'_>, partner: PartnerId) -> Result<BTreeMap<DealId, Registration>> {
    let held = protection::held_by(tx, partner)?;
    let accounts: Vec<AccountId> = held.iter().map(|row| row.account_id).collect();
    customers::lock_all(tx, &accounts)?;
    let deals: BTreeSet<DealId> = held.iter().map(|row| row.deal_id).collect();
    let found = queries::find_all(tx, &deals.into_iter().collect::<Vec<_>>())?;
    Ok(found.into_iter().map(|one| (one.deal.id, one)).collect())
}

fn taken_back(tx: &mut Tx<'_>, before: &Registration, status: ReviewStatus) -> Result<()> {
    let (id, now) = (before.deal.id, tx.now);
    let to = REVIEW.go(status, "withdraw")?;
    let after = closing::taken_back(tx, before)?;
    queries::write(tx, before, &after.touched(now))?;
    let after = queries::find(tx, id)?;
    queries::tell(tx, before, &after, "deal.withdrawn")?;
    let entry = Entry::action("withdraw").moved(DealAxis::ReviewStatus, status, to);
    history::note(tx, id, ENDED.told(entry))
}

/// Opens a case on a registration that came back to a scope that others were given meanwhile.
fn open_case(tx: &mut Tx<'_>, back: &Registration, contested: &[&Protection]) -> Result<()> {
    let Some(first) = contested.first() else { return Ok(()) };
    let mut rivals = Vec::new();
    for row in contested {
        rivals.extend(protection::rivals(tx, row)?);
    }
    let dispute = Dispute {
        case_type: CaseType::DuplicateRegistration,
        summary: format!(
            "{} came back from its partner's suspension to a scope that another registration was given meanwhile.",
            back.deal.number
        ),
        cause: REINSTATED.code.to_owned(),
        from: first.starts_at,
        protection: Some(first.id),
    };
    contests::open(tx, back, &dispute, &rivals).map(drop)
}
