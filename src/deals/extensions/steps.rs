//! The steps of an extension. Each holds the account's lock, so that two decisions on one scope come one after the other.

use super::{
    model::{
        DealExtension, DealExtensionDenial, DealExtensionGrant, DealExtensionPath, DealExtensionStatus,
        NewDealExtension,
    },
    queries::{self, ExtensionRow},
    rules::{self, MACHINE, Standing},
};
use crate::{
    db::Tx,
    deals::{
        chains::{self, Agreement, tell_waits, together},
        protection,
        registrations::{
            self, DealAxis, DecisionOutcome, DecisionRow, Held, ProtectionState, Reader, Registration, ReviewStatus,
            history::{self, Entry},
        },
    },
    error::{Error, Result, codes},
    http::IfMatch,
    kernel::{
        Stored, Time,
        ids::DealId,
        states::{Action, FailingGuard, guard},
    },
    partners,
    policies::{self, ReasonKind, RegistrationPolicy},
};

fn standing(tx: &mut Tx<'_>, deal: &Registration, policy: &RegistrationPolicy, now: Time) -> Result<Standing> {
    let since = now.plus_days(-policy.activity_days);
    Ok(Standing {
        status: registrations::status_at(deal, now),
        stage: deal.deal.stage,
        held: deal.held(now),
        granted: deal.extension_count,
        worked_on: deal.deal.last_activity_at >= since
            || queries::worked_since(tx, deal.deal.id, &policy.extension_evidence, since)?,
        waiting: queries::pending(tx, deal.deal.id)?.is_some(),
        partner_active: partners::is_active(tx, deal.deal.partner_id)?,
    })
}

/// Who may not decide on it: as for registrations, and whoever asked for it.
fn failing_to_decide(tx: &mut Tx<'_>, deal: &Registration, row: &ExtensionRow) -> Result<Vec<FailingGuard>> {
    let now = tx.now;
    let policy = policies::in_force(tx, now)?.registration.segregation;
    let mut failing = registrations::segregation_failing(tx, deal, &policy)?;
    if row.requested_by == tx.caller().actor_text() {
        failing.push(guard(
            "not_own_request",
            "#",
            "You asked for this extension; somebody else decides it.",
        ));
    }
    Ok(failing)
}

/// Asks for more time, and gives the grace.
///
/// # Errors
/// 409 `guard_failed` naming every guard that fails; 409 `protection_overlap` if somebody else is protected within the
/// grace; 403 for those who may only read the registration.
pub fn request(tx: &mut Tx<'_>, id: DealId, new: &NewDealExtension) -> Result<DealExtension> {
    let before = registrations::locked(tx, id)?;
    registrations::may_write(tx.caller(), &before)?;
    let now = tx.moment();
    let policy = policies::in_force(tx, now)?.registration;
    let standing = standing(tx, &before, &policy, now)?;
    let mut failing = rules::failing_to_ask(&standing, &policy);
    failing.extend(
        standing
            .held
            .map(|held| rules::failing_end(held, new, &policy))
            .unwrap_or_default(),
    );
    let (Some(held), true) = (standing.held, failing.is_empty()) else {
        return Err(Error::guards(standing.status, "request_extension", failing));
    };
    let grace_until = held.granted_until.plus_days(policy.grace_days).max(held.ends_at);
    let row = ExtensionRow {
        id: tx.new_id(),
        deal_id: id,
        status: DealExtensionStatus::Pending,
        previous_end_at: held.granted_until,
        requested_end_at: rules::asked_end(held.granted_until, new, &policy),
        granted_end_at: None,
        grace_until,
        evidence: new.activity.clone(),
        requested_by: tx.caller().actor_text(),
        decided_by: None,
        decided_at: None,
        reason_code: None,
        reason_text: None,
        revision: 1,
        created_at: now,
        updated_at: now,
    };
    queries::insert(tx, &before.deal, &row).map_err(|error| taken(error, standing.status))?;
    chains::begin(tx, &row, &before, &policy, now)?;
    if grace_until > held.ends_at {
        protection::extend(tx, id, grace_until, None)?;
    }
    let entry = Entry::action("request_extension").because(None, Some(new.activity.clone()));
    touch(tx, &before, "deal.extension_requested", entry, now)?;
    Ok(row.seen(&before.deal, Reader::of(tx.caller())))
}

/// Two who ask at the same moment, where no account is there to be locked.
fn taken(error: Error, status: ReviewStatus) -> Error {
    if !error.is(&codes::ALREADY_EXISTS) {
        return error;
    }
    let detail = "Another extension waits for the decision; wait for it, or take it back.";
    Error::guards(
        status,
        "request_extension",
        vec![guard("no_pending_extension", "#", detail)],
    )
}

/// The registration one revision further, because what protects it has changed.
fn touch(tx: &mut Tx<'_>, before: &Registration, kind: &'static str, entry: Entry, now: Time) -> Result<()> {
    let id = before.deal.id;
    registrations::write(tx, before, &before.clone().touched(now))?;
    let after = registrations::find(tx, id)?;
    registrations::tell(tx, before, &after, kind)?;
    history::note(tx, id, entry)
}

/// The registration and its extension, both as they stand under the lock.
fn begin(
    tx: &mut Tx<'_>,
    path: DealExtensionPath,
    seen: IfMatch,
    action: &'static str,
) -> Result<(Registration, ExtensionRow, DealExtensionStatus)> {
    let deal = registrations::locked(tx, path.id)?;
    let row = queries::find(tx, path.id, path.extension_id)?;
    seen.check(row.revision)?;
    let status = MACHINE.go(row.status, action)?;
    Ok((deal, row, status))
}

fn decision(
    tx: &Tx<'_>,
    deal: &Registration,
    row: &ExtensionRow,
    outcome: DecisionOutcome,
    text: Option<String>,
) -> DecisionRow {
    DecisionRow {
        reason_text: text,
        evidence: Some(row.id.to_string()),
        ..registrations::blank_decision(tx, deal, outcome)
    }
}

/// Grants more time, from the old end on.
///
/// # Errors
/// 409 `invalid_state`; 409 `guard_failed` naming every guard that fails; 409 `protection_overlap` if somebody else is
/// protected after the old end.
pub fn grant(
    tx: &mut Tx<'_>,
    path: DealExtensionPath,
    seen: IfMatch,
    grant: &DealExtensionGrant,
) -> Result<DealExtension> {
    let (deal, row, status) = begin(tx, path, seen, "grant")?;
    let now = tx.moment();
    let settings = policies::in_force(tx, now)?;
    let standing = standing(tx, &deal, &settings.registration, now)?;
    let decides = chains::decides(tx, &deal, &row, &settings.registration.segregation, true)?;
    let mut failing = together(failing_to_decide(tx, &deal, &row)?, decides.failing_to_agree());
    failing.extend(rules::failing_to_grant(
        &standing,
        &row,
        grant,
        &settings.registration,
        now,
    ));
    if !failing.is_empty() {
        return Err(Error::guards(row.status, "grant", failing));
    }
    let cast = match decides.agree(tx, grant.reason_text.as_deref())? {
        Agreement::Holds(cast) => cast,
        Agreement::Waits(how) => return agreed_by_some(tx, &deal, &row, how, now),
    };
    let end = rules::granted_end(&row, grant);
    let decided = DecisionRow {
        starts_at: Some(row.previous_end_at),
        ends_at: Some(end),
        policy_version: Some(settings.version),
        step_id: cast.as_ref().map(|cast| cast.step.id),
        on_behalf_of: cast.and_then(|cast| cast.on_behalf_of).map(|user| user.to_string()),
        ..decision(
            tx,
            &deal,
            &row,
            DecisionOutcome::ExtensionGranted,
            grant.reason_text.clone(),
        )
    };
    registrations::insert_decision(tx, &decided)?;
    protection::extend(tx, path.id, end, Some(end))?;
    let after = ExtensionRow {
        granted_end_at: Some(end),
        reason_text: grant.reason_text.clone(),
        ..row.clone().ended(status, tx.caller().actor_text(), now)
    };
    queries::save(tx, &deal.deal, &row, &after, "deal_extension.granted")?;
    let text = grant
        .reason_text
        .clone()
        .unwrap_or_else(|| format!("Protected until {end}."));
    let entry = Entry::action("grant_extension")
        .moved(DealAxis::Protection, state(standing.held, now), ProtectionState::Active)
        .because(None, Some(text));
    touch(tx, &deal, "deal.extended", entry, now)?;
    Ok(after.seen(&deal.deal, Reader::of(tx.caller())))
}

/// Some have agreed, and others must still.
fn agreed_by_some(
    tx: &mut Tx<'_>,
    deal: &Registration,
    row: &ExtensionRow,
    how: String,
    now: Time,
) -> Result<DealExtension> {
    let after = ExtensionRow {
        revision: row.revision + 1,
        updated_at: now,
        ..row.clone()
    };
    queries::save(tx, &deal.deal, row, &after, "deal_extension.voted")?;
    tell_waits(tx, deal, "grant_extension", how)?;
    Ok(after.seen(&deal.deal, Reader::of(tx.caller())))
}

/// Refuses more time. The grace is over.
///
/// # Errors
/// 409 `invalid_state`; 409 `guard_failed` for who may not decide.
pub fn deny(
    tx: &mut Tx<'_>,
    path: DealExtensionPath,
    seen: IfMatch,
    denial: &DealExtensionDenial,
) -> Result<DealExtension> {
    let (deal, row, status) = begin(tx, path, seen, "deny")?;
    let now = tx.moment();
    let settings = policies::in_force(tx, now)?;
    let (kind, code) = (ReasonKind::ExtensionDenial, &denial.reason_code);
    let decides = chains::decides(tx, &deal, &row, &settings.registration.segregation, true)?;
    let mut failing = together(failing_to_decide(tx, &deal, &row)?, decides.failing_to_refuse());
    failing.extend(settings.reasons.failing(kind, code, false, false));
    if !failing.is_empty() {
        return Err(Error::guards(row.status, "deny", failing));
    }
    let cast = decides.refuse(tx, Some(&denial.reason_text))?;
    chains::end(tx, &row)?;
    let decided = DecisionRow {
        reason_code: Some(code.to_string()),
        reason_labels: settings.reasons.labels(kind, code).map(Stored),
        policy_version: Some(settings.version),
        step_id: cast.as_ref().map(|cast| cast.step.id),
        on_behalf_of: cast.and_then(|cast| cast.on_behalf_of).map(|user| user.to_string()),
        ..decision(
            tx,
            &deal,
            &row,
            DecisionOutcome::ExtensionDenied,
            Some(denial.reason_text.clone()),
        )
    };
    registrations::insert_decision(tx, &decided)?;
    let after = ExtensionRow {
        reason_code: Some(denial.reason_code.clone()),
        reason_text: Some(denial.reason_text.clone()),
        ..row.clone().ended(status, tx.caller().actor_text(), now)
    };
    queries::save(tx, &deal.deal, &row, &after, "deal_extension.denied")?;
    let entry =
        Entry::action("deny_extension").because(Some(denial.reason_code.to_string()), Some(denial.reason_text.clone()));
    end_grace(tx, &deal, "deal.extension_denied", entry, now)?;
    Ok(after.seen(&deal.deal, Reader::of(tx.caller())))
}

/// Takes the request back. The grace is over.
///
/// # Errors
/// 409 `invalid_state`; 403 for those who may only read the registration.
pub fn withdraw(tx: &mut Tx<'_>, path: DealExtensionPath, seen: IfMatch) -> Result<DealExtension> {
    let (deal, row, status) = begin(tx, path, seen, "withdraw")?;
    registrations::may_write(tx.caller(), &deal)?;
    let now = tx.moment();
    let after = row.clone().ended(status, tx.caller().actor_text(), now);
    chains::end(tx, &row)?;
    queries::save(tx, &deal.deal, &row, &after, "deal_extension.withdrawn")?;
    let entry = Entry::action("withdraw_extension");
    end_grace(tx, &deal, "deal.extension_withdrawn", entry, now)?;
    Ok(after.seen(&deal.deal, Reader::of(tx.caller())))
}

/// The granted end holds again, or now where it has passed.
fn end_grace(tx: &mut Tx<'_>, deal: &Registration, kind: &'static str, entry: Entry, now: Time) -> Result<()> {
    let ended = protection::end_grace(tx, deal.deal.id)?;
    let held = deal.held(now).filter(|held| now >= held.granted_until);
    let entry = match held {
        Some(_) if !ended.is_empty() => {
            entry.moved(DealAxis::Protection, ProtectionState::Grace, ProtectionState::Expired)
        }
        _ => entry,
    };
    touch(tx, deal, kind, entry, now)
}

fn state(held: Option<Held>, now: Time) -> ProtectionState {
    match held {
        Some(held) if now < held.granted_until => ProtectionState::Active,
        Some(_) => ProtectionState::Grace,
        None => ProtectionState::Expired,
    }
}

/// Closes the extension that waits, if one does, because the deal itself has come to an end. What protects the deal is
/// the caller's to end: with it the grace ends.
///
/// # Errors
/// What the database reports.
pub fn close_pending(tx: &mut Tx<'_>, deal: DealId) -> Result<()> {
    let Some(row) = queries::pending(tx, deal)? else {
        return Ok(());
    };
    let now = tx.moment();
    let owner = registrations::find_row(tx, deal)?;
    let after = row
        .clone()
        .ended(DealExtensionStatus::Withdrawn, tx.caller().actor_text(), now);
    chains::end(tx, &row)?;
    queries::save(tx, &owner, &row, &after, "deal_extension.withdrawn")
}

/// What the caller can do about more time for the registration now.
///
/// # Errors
/// What the database reports.
pub fn actions(tx: &mut Tx<'_>, deal: &Registration) -> Result<Vec<Action>> {
    let now = tx.now;
    let policy = policies::in_force(tx, now)?.registration;
    let standing = standing(tx, deal, &policy, now)?;
    let pending = queries::pending(tx, deal.deal.id)?;
    let mut actions = Vec::new();
    let own: Vec<FailingGuard> = registrations::own_failing(tx.caller(), deal).into_iter().collect();
    if standing.status == ReviewStatus::Approved && !standing.stage.is_closed() {
        let mut failing = rules::failing_to_ask(&standing, &policy);
        failing.extend(own.clone());
        actions.extend(registrations::action(
            tx.caller(),
            "request_extension",
            "requestDealExtension",
            failing,
        ));
    }
    if let Some(row) = pending {
        let own_interest = failing_to_decide(tx, deal, &row)?;
        let decides = chains::decides(tx, deal, &row, &policy.segregation, false)?;
        let mut grants = together(own_interest.clone(), decides.failing_to_agree());
        let denies = together(own_interest, decides.failing_to_refuse());
        let grant = DealExtensionGrant::default();
        grants.extend(rules::failing_to_grant(&standing, &row, &grant, &policy, now));
        for (action, operation, failing) in [
            ("grant_extension", "grantDealExtension", grants),
            ("deny_extension", "denyDealExtension", denies),
            ("withdraw_extension", "withdrawDealExtension", own),
        ] {
            actions.extend(registrations::action(tx.caller(), action, operation, failing));
        }
    }
    Ok(actions)
}
