//! Lodging, taking on, deciding and taking back: each in the transaction that moves the registration.

use super::{
    judges::Concerned,
    model::{
        DealAppealDismissal, DealAppealRelief, DealAppealRemedy, DealAppealStatus, DealAppealUphold, NewDealAppeal,
    },
    outcomes,
    queries::{self, AppealRow},
    rules::{self, MACHINE},
};
use crate::{
    auth::permissions::may_call,
    db::Tx,
    deals::{
        protection,
        registrations::{
            self, DecisionOutcome, Registration,
            history::{self, Entry},
        },
    },
    error::{Error, Result},
    files::{self, AttachedResource},
    http::IfMatch,
    kernel::{
        ids::{AppealId, DealId},
        states::{Action, FailingGuard, guard},
    },
    partners, policies,
};

/// Lodges an appeal against the last decision on the registration.
///
/// # Errors
/// 409 `invalid_state` if the registration is neither refused nor revoked; 409 `guard_failed` after the time for it, or if
/// this decision was appealed against before; 403 for those who may only read the registration.
pub fn lodge(tx: &mut Tx<'_>, id: DealId, seen: IfMatch, new: &NewDealAppeal) -> Result<AppealRow> {
    let registration = registrations::locked(tx, id)?;
    seen.check(registration.deal.revision)?;
    registrations::may_write(tx.caller(), &registration)?;
    let now = tx.moment();
    let status = registrations::status_at(&registration, now);
    if !rules::is_appealable(status) {
        return Err(Error::invalid_state(status, "appeal", Vec::new()));
    }
    let failing = lodging_fails(tx, &registration)?;
    let Some(decision) = rules::contested(&registration).filter(|_| failing.is_empty()) else {
        return Err(Error::guards(status, "appeal", failing));
    };
    let policy = policies::in_force(tx, now)?.registration;
    let clock = registrations::business_clock(tx, registration.deal.territory_id, &policy)?;
    let due_at = clock.time.days_after(now, policy.appeal_decision_business_days);
    let promise = (clock.time.at_risk(now, due_at), due_at);
    let row = AppealRow::lodged(&registration, decision, new, tx.caller().actor_text(), promise, now);
    let row = queries::insert(tx, &registration.deal, row)?;
    for (place, piece) in new.evidence.iter().enumerate() {
        if let Some(file) = piece.file_id {
            let (pointer, appeal) = (format!("#/evidence/{place}/file_id"), row.id.to_string());
            let record = (AttachedResource::DealAppeal, appeal.as_str());
            files::attach_to(tx, (file, &pointer), record, registration.deal.partner_id)?;
        }
    }
    let entry = Entry::action("appeal").because(None, Some(new.grounds.chars().take(2000).collect()));
    history::note(tx, id, entry)?;
    Ok(row)
}

fn lodging_fails(tx: &mut Tx<'_>, registration: &Registration) -> Result<Vec<FailingGuard>> {
    let mut failing = rules::lodging_fails(registration, tx.moment());
    if let Some(decision) = rules::contested(registration)
        && let Some(before) = queries::against(tx, decision)?
    {
        failing.push(rules::used_up(before.status));
    }
    Ok(failing)
}

/// What stands against this caller as the adjudicator.
fn had_a_part(tx: &mut Tx<'_>, registration: &Registration) -> Result<Vec<FailingGuard>> {
    let concerned = Concerned::by(tx, registration)?;
    let caller = tx.caller();
    Ok(concerned.against(&caller.actor_text(), caller.user()))
}

fn judging_fails(tx: &mut Tx<'_>, registration: &Registration, appeal: &AppealRow) -> Result<Vec<FailingGuard>> {
    let mut failing = had_a_part(tx, registration)?;
    failing.extend(appeal.claimed_by_another(&tx.caller().actor_text()));
    Ok(failing)
}

/// What stands against putting the registration right.
fn upholding_fails(
    tx: &mut Tx<'_>,
    registration: &Registration,
    appeal: &AppealRow,
    relief: DealAppealRelief,
    contest: bool,
) -> Result<Vec<FailingGuard>> {
    let mut failing = judging_fails(tx, registration, appeal)?;
    let (deal, now) = (&registration.deal, tx.moment());
    let status = registrations::status_at(registration, now);
    let unchanged = rules::contested(registration) == Some(appeal.decision_id) && status == appeal.from_status;
    if !unchanged {
        failing.push(guard(
            "decision_unchanged",
            "#/decision_id",
            format!("The registration was decided again since, and is {status}."),
        ));
    }
    if !partners::is_active(tx, deal.partner_id)? {
        failing.push(guard(
            "partner_active",
            "#/partner_id",
            "The partner is not active, so nothing can be granted to it.",
        ));
    }
    let others = protection::others_on_scope(tx, registration)?;
    let contested = contest && !others.is_empty();
    if !contested {
        failing.extend(others.into_iter().map(|(number, until)| {
            let detail = format!(
                "{number} is protected on an overlapping scope until {until}; an appeal does not take it away. With `contest` a conflict case decides."
            );
            guard("scope_free", "#/customer_account_id", detail)
        }));
    }
    failing.extend(registrations::slot_taken(tx, registration)?);
    if relief == DealAppealRelief::Approve && !outcomes::restores(appeal) && !contested {
        failing.extend(registrations::granting_fails(tx, registration)?);
    }
    Ok(failing)
}

/// The appeal and its registration, read under the account's lock.
fn begin(
    tx: &mut Tx<'_>,
    id: AppealId,
    seen: IfMatch,
    action: &'static str,
) -> Result<(Registration, AppealRow, DealAppealStatus)> {
    let deal = queries::find(tx, id)?.deal_id;
    let registration = registrations::locked(tx, deal)?;
    // Again under the lock: somebody else may have decided meanwhile.
    let appeal = queries::find(tx, id)?;
    seen.check(appeal.revision)?;
    let to = MACHINE.go(appeal.status, action)?;
    Ok((registration, appeal, to))
}

fn refuse(failing: Vec<FailingGuard>, appeal: &AppealRow, action: &'static str) -> Result<()> {
    if failing.is_empty() {
        Ok(())
    } else {
        Err(Error::guards(appeal.status, action, failing))
    }
}

/// Takes the appeal on: nobody else decides it then, unless they take it on themselves.
///
/// # Errors
/// 409 `invalid_state`; 409 `guard_failed` for who had a part in the registration.
pub fn claim(tx: &mut Tx<'_>, id: AppealId, seen: IfMatch) -> Result<(Registration, AppealRow)> {
    let (registration, appeal, _) = begin(tx, id, seen, "claim")?;
    refuse(had_a_part(tx, &registration)?, &appeal, "claim")?;
    tx.caller().person()?;
    let after = appeal.clone().claimed(tx.caller().actor_text(), tx.moment());
    let after = queries::save(tx, &registration.deal, &appeal, after, "deal_appeal.claimed")?;
    Ok((registration, after))
}

/// Decides that the partner is right, and puts the registration right. Where somebody else holds the scope by now, and it was
/// asked for, a conflict case is opened that decides whose it is.
///
/// # Errors
/// 409 `invalid_state`; 409 `guard_failed` naming every guard that fails; 409 `protection_overlap` if the scope is protected
/// for another.
pub fn uphold(
    tx: &mut Tx<'_>,
    id: AppealId,
    seen: IfMatch,
    uphold: &DealAppealUphold,
) -> Result<(Registration, AppealRow)> {
    let (registration, appeal, to) = begin(tx, id, seen, "uphold")?;
    let relief = uphold.relief.unwrap_or(DealAppealRelief::Review);
    let failing = upholding_fails(tx, &registration, &appeal, relief, uphold.contest)?;
    refuse(failing, &appeal, "uphold")?;
    let (now, actor) = (tx.moment(), tx.caller().actor_text());
    let settings = policies::in_force(tx, now)?;
    let case = outcomes::case(tx, &registration, &appeal)?;
    let remedy = match case {
        Some(_) => DealAppealRemedy::Contested,
        None => outcomes::remedy(&appeal, relief),
    };
    let mut after = appeal
        .clone()
        .decided(to, Some(remedy), Some(uphold.reason_text.clone()), actor, now);
    after.policy_version = Some(settings.version);
    after.conflict_case_id = case;
    // First: what closes with the registration's new round is no appeal that was decided.
    let after = queries::save(tx, &registration.deal, &appeal, after, "deal_appeal.upheld")?;
    let registration = outcomes::put_right(tx, &registration, &after, &settings)?;
    Ok((registration, after))
}

/// Decides that the decision stands.
///
/// # Errors
/// 409 `invalid_state`; 409 `guard_failed` for who had a part in the registration.
pub fn dismiss(
    tx: &mut Tx<'_>,
    id: AppealId,
    seen: IfMatch,
    dismissal: &DealAppealDismissal,
) -> Result<(Registration, AppealRow)> {
    let (registration, appeal, to) = begin(tx, id, seen, "dismiss")?;
    refuse(judging_fails(tx, &registration, &appeal)?, &appeal, "dismiss")?;
    let (now, actor) = (tx.moment(), tx.caller().actor_text());
    let settings = policies::in_force(tx, now)?;
    let mut decision = registrations::blank_decision(tx, &registration, DecisionOutcome::AppealDismissed);
    decision.reason_text = Some(dismissal.reason_text.clone());
    decision.policy_version = Some(settings.version);
    registrations::insert_decision(tx, &decision)?;
    let mut after = appeal
        .clone()
        .decided(to, None, Some(dismissal.reason_text.clone()), actor, now);
    after.policy_version = Some(settings.version);
    let after = queries::save(tx, &registration.deal, &appeal, after, "deal_appeal.dismissed")?;
    let entry = Entry::action("dismiss_appeal").because(None, Some(dismissal.reason_text.clone()));
    history::note(tx, registration.deal.id, entry)?;
    Ok((registration, after))
}

/// Takes the appeal back.
///
/// # Errors
/// 409 `invalid_state`; 403 for those who may only read the registration.
pub fn withdraw(tx: &mut Tx<'_>, id: AppealId, seen: IfMatch) -> Result<(Registration, AppealRow)> {
    let (registration, appeal, to) = begin(tx, id, seen, "withdraw")?;
    registrations::may_write(tx.caller(), &registration)?;
    let (now, actor) = (tx.moment(), tx.caller().actor_text());
    let after = appeal.clone().decided(to, None, None, actor, now);
    let after = queries::save(tx, &registration.deal, &appeal, after, "deal_appeal.withdrawn")?;
    history::note(tx, registration.deal.id, Entry::action("withdraw_appeal"))?;
    Ok((registration, after))
}

/// Ends an appeal that was overtaken by what happened to the registration.
///
/// # Errors
/// What the database reports.
pub fn close_open(tx: &mut Tx<'_>, deal: DealId) -> Result<()> {
    let Some(appeal) = queries::open(tx, deal)? else {
        return Ok(());
    };
    let (now, actor) = (tx.moment(), tx.caller().actor_text());
    let row = registrations::find_row(tx, deal)?;
    let after = appeal
        .clone()
        .decided(DealAppealStatus::Withdrawn, None, None, actor, now);
    queries::save(tx, &row, &appeal, after, "deal_appeal.withdrawn").map(drop)
}

/// What the caller can do about an appeal of the registration now.
///
/// # Errors
/// What the database reports.
pub fn actions(tx: &mut Tx<'_>, registration: &Registration) -> Result<Vec<Action>> {
    let mut data = Vec::new();
    let status = registrations::status_at(registration, tx.now);
    if !rules::is_appealable(status) {
        return Ok(data);
    }
    let own = registrations::own_failing(tx.caller(), registration);
    match queries::open(tx, registration.deal.id)? {
        None if may_call(tx.caller(), "lodgeDealAppeal") => {
            let mut failing = lodging_fails(tx, registration)?;
            failing.extend(own);
            data.push(Action::new("appeal", "lodgeDealAppeal", failing));
        }
        None => {}
        Some(appeal) => {
            if may_call(tx.caller(), "upholdDealAppeal") {
                let failing = had_a_part(tx, registration)?;
                data.push(Action::new("claim_appeal", "claimDealAppeal", failing));
                let failing = upholding_fails(tx, registration, &appeal, DealAppealRelief::Review, false)?;
                data.push(Action::new("uphold_appeal", "upholdDealAppeal", failing));
                let failing = judging_fails(tx, registration, &appeal)?;
                data.push(Action::new("dismiss_appeal", "dismissDealAppeal", failing));
            }
            if may_call(tx.caller(), "withdrawDealAppeal") {
                let failing = own.into_iter().collect();
                data.push(Action::new("withdraw_appeal", "withdrawDealAppeal", failing));
            }
        }
    }
    Ok(data)
}
