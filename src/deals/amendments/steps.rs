//! The steps of an amendment. Each holds the account's lock: what is added is checked, queued and protected under it.

use super::{
    additions,
    chains::agreed_by_some,
    model::{
        DealAmendedLine, DealAmendment, DealAmendmentApproval, DealAmendmentPath, DealAmendmentRejection,
        DealAmendmentStatus, NewDealAmendment,
    },
    queries::{self, AmendmentRow},
    rules::{self, MACHINE, Standing},
};
use crate::{
    approvals::{self, ApprovalVerdict, Turn},
    db::Tx,
    deals::{
        chains,
        conflict::{self, Check, CheckPurpose, rules::Window},
        protection,
        registrations::{
            self, DecisionOutcome, DecisionRow, GrantedScope, Reader, Registration,
            history::{self, Entry},
        },
    },
    error::{Error, Result, codes},
    http::IfMatch,
    kernel::{
        Stored, Time,
        ids::{DealId, ProductId},
        states::{Action, FailingGuard, guard},
    },
    partners,
    policies::{self, ReasonKind, RegistrationPolicy},
};

fn standing(tx: &mut Tx<'_>, deal: &Registration, now: Time) -> Result<Standing> {
    Ok(Standing {
        status: registrations::status_at(deal, now),
        stage: deal.deal.stage,
        partner_active: partners::is_active(tx, deal.deal.partner_id)?,
        waiting: queries::pending(tx, deal.deal.id)?.is_some(),
    })
}

/// Changes what was approved: at once where the rules let it pass, otherwise once the vendor agrees.
///
/// # Errors
/// 409 `guard_failed` naming every guard that fails; 409 `unknown_reference` for products that do not exist; 403 for those
/// who may only read the registration.
pub fn amend(tx: &mut Tx<'_>, id: DealId, new: &NewDealAmendment) -> Result<DealAmendment> {
    let before = registrations::locked(tx, id)?;
    registrations::may_write(tx.caller(), &before)?;
    let now = tx.moment();
    let policy = policies::in_force(tx, now)?.registration;
    let (changes, previous) = rules::changes(&before, new, named(tx, new)?);
    let standing = standing(tx, &before, now)?;
    let mut failing = rules::failing_to_amend(standing);
    if changes == super::model::DealAmendmentTerms::default() {
        failing.push(guard(
            "something_changed",
            "#",
            "The registration is so already; send what shall be different.",
        ));
    }
    if let Some(day) = changes.expected_close_on {
        registrations::close_date(day, &policy, now, &mut failing);
    }
    failing.extend(rules::other_currencies(&before, &changes));
    let wanted = changes.lines.clone().unwrap_or_default();
    let added = additions::new_lines(tx, &before, &wanted)?;
    failing.extend(additions::failing(tx, &before, &wanted, &added, now)?);
    if !failing.is_empty() {
        return Err(Error::guards(standing.status, "amend", failing));
    }
    let since = before.decision.as_ref().map(|decision| decision.decided_at);
    let holding = queries::holding_since(tx, id, since)?;
    let present = before.deal.amount();
    let review_of = rules::review_of(
        present,
        rules::approved_amount(present, &holding),
        &changes,
        !added.is_empty(),
        policy.amendment_percent,
    );
    let place = additions::place(tx, &before, &added)?;
    let mut row = AmendmentRow {
        id: tx.new_id(),
        deal_id: id,
        status: if review_of.is_empty() {
            DealAmendmentStatus::Applied
        } else {
            DealAmendmentStatus::Pending
        },
        changes: Stored(changes),
        previous: Stored(previous),
        review_of: Stored(review_of),
        reason: new.reason.clone(),
        conflict_check_id: None,
        received_at: place.received_at,
        seq: place.seq,
        requested_by: tx.caller().actor_text(),
        decided_by: None,
        decided_at: None,
        decision_code: None,
        decision_text: None,
        revision: 1,
        created_at: now,
        updated_at: now,
    };
    let mut entry = Entry::action("amend").because(None, Some(new.reason.clone()));
    if row.status == DealAmendmentStatus::Applied {
        queries::insert(tx, &before.deal, &row)?;
        hold(tx, &before, &row, now, "amend")?;
        told(tx, &before, "deal.amended", entry)?;
    } else {
        let after = rules::with_added(&before, &added, place, now);
        registrations::write(tx, &before, &after)?;
        if let Some(check) = check_added(tx, &before, &added, &after, now)? {
            entry = entry.detail(format!("Check {}: {}.", check.id, check.assessment.verdict));
            row.conflict_check_id = Some(check.id);
        }
        queries::insert(tx, &before.deal, &row).map_err(|error| waits(error, standing))?;
        let wanted = rules::amended(&before, &row.changes, now);
        chains::begin(tx, &row, &wanted, &policy, now)?;
        told(tx, &before, "deal.amendment_requested", entry)?;
    }
    Ok(row.seen(&before.deal, Reader::of(tx.caller())))
}

/// The lines that the request names, with the products behind the codes.
fn named(tx: &mut Tx<'_>, new: &NewDealAmendment) -> Result<Option<Vec<DealAmendedLine>>> {
    let Some(lines) = &new.lines else { return Ok(None) };
    let named = registrations::named(tx, None, lines)?;
    let lines = lines.iter().zip(named.products);
    Ok(Some(
        lines
            .map(|(line, (product_id, product))| DealAmendedLine {
                product,
                product_id,
                quantity: line.quantity.unwrap_or(1),
                unit_price: line.unit_price,
            })
            .collect(),
    ))
}

/// Two who amend at the same moment, where no account is there to be locked.
fn waits(error: Error, standing: Standing) -> Error {
    if !error.is(&codes::ALREADY_EXISTS) {
        return error;
    }
    let waiting = Standing {
        waiting: true,
        ..standing
    };
    Error::guards(standing.status, "amend", rules::failing_to_amend(waiting))
}

/// Slots and conflict check of what was added and waits.
fn check_added(
    tx: &mut Tx<'_>,
    before: &Registration,
    added: &[DealAmendedLine],
    after: &Registration,
    now: Time,
) -> Result<Option<Check>> {
    let (Some(held), Some((territory, _))) = (before.held(now), additions::territory(tx, before)?) else {
        return Ok(None);
    };
    if added.is_empty() {
        return Ok(None);
    }
    additions::move_slots(tx, after, "amend")?;
    let products: Vec<ProductId> = added.iter().map(|line| line.product_id).collect();
    let window = Window::new(now, held.granted_until);
    let (id, purpose) = (before.deal.id, CheckPurpose::Amendment);
    conflict::check_lines(tx, id, purpose, window, &products, territory).map(Some)
}

/// Makes the registration what the amendment says: its fields, its slots, and what protects it. What was added is protected
/// before, by the decision that agrees to it.
fn hold(tx: &mut Tx<'_>, before: &Registration, row: &AmendmentRow, now: Time, action: &'static str) -> Result<()> {
    let after = rules::amended(before, &row.changes, now);
    if row.changes.lines.is_some() {
        let products: Vec<ProductId> = after.lines.iter().map(|line| line.row.product_id).collect();
        protection::narrow(tx, before.deal.id, &products)?;
        additions::move_slots(tx, &after, action)?;
    }
    registrations::write(tx, before, &after)
}

fn told(tx: &mut Tx<'_>, before: &Registration, kind: &'static str, entry: Entry) -> Result<Registration> {
    let after = registrations::find(tx, before.deal.id)?;
    registrations::tell(tx, before, &after, kind)?;
    history::note(tx, before.deal.id, entry)?;
    Ok(after)
}

/// The registration and its amendment, both as they stand under the lock.
fn begin(
    tx: &mut Tx<'_>,
    path: DealAmendmentPath,
    seen: IfMatch,
    action: &'static str,
) -> Result<(Registration, AmendmentRow, DealAmendmentStatus)> {
    let deal = registrations::locked(tx, path.id)?;
    let row = queries::find(tx, path.id, path.amendment_id)?;
    seen.check(row.revision)?;
    let status = MACHINE.go(row.status, action)?;
    Ok((deal, row, status))
}

/// Who may not decide on it: as for registrations, and whoever sent it in.
fn failing_to_decide(tx: &mut Tx<'_>, deal: &Registration, row: &AmendmentRow) -> Result<Vec<FailingGuard>> {
    let now = tx.now;
    let policy = policies::in_force(tx, now)?.registration.segregation;
    let mut interests = registrations::interests(tx, deal, &policy)?;
    interests.requested_by.insert(row.requested_by.clone());
    let caller = tx.caller();
    Ok(interests.against(&policy, &caller.actor_text(), caller.user()))
}

/// What stands in the way of agreeing, besides who agrees, the queue and what is protected.
fn failing_to_approve(
    tx: &mut Tx<'_>,
    deal: &Registration,
    row: &AmendmentRow,
    policy: &RegistrationPolicy,
    now: Time,
) -> Result<Vec<FailingGuard>> {
    let mut failing: Vec<FailingGuard> = rules::alive(standing(tx, deal, now)?).into_iter().collect();
    if let Some(day) = row.changes.expected_close_on {
        registrations::close_date(day, policy, now, &mut failing);
    }
    if additions::waiting(deal).next().is_some() {
        failing.extend(additions::failing_time(deal.held(now), now));
    }
    Ok(failing)
}

/// Agrees to all of the amendment, and protects what it adds.
///
/// # Errors
/// 409 `invalid_state`; 409 `guard_failed` naming every guard that fails, or who asked first; 409 `protection_overlap` if an
/// added product is protected for another.
pub fn approve(
    tx: &mut Tx<'_>,
    path: DealAmendmentPath,
    seen: IfMatch,
    approval: &DealAmendmentApproval,
) -> Result<DealAmendment> {
    let (deal, row, status) = begin(tx, path, seen, "approve")?;
    let now = tx.moment();
    let settings = policies::in_force(tx, now)?;
    let segregation = &settings.registration.segregation;
    let (chain, judged) = chains::judged(tx, &deal, &row, segregation, true)?;
    let mut failing = judged.failing;
    if let Some(over) = &approval.passing_over {
        let reasons = &settings.reasons;
        failing.extend(reasons.failing(ReasonKind::Override, &over.reason_code, false, false));
    }
    failing.extend(failing_to_approve(tx, &deal, &row, &settings.registration, now)?);
    let (Some(step), Some(voice), true) = (judged.step, judged.voice, failing.is_empty()) else {
        return Err(Error::guards(row.status, "approve", failing));
    };
    let note = approval.note.as_deref();
    let cast = approvals::cast(tx, &chain, &step, voice, ApprovalVerdict::Approved, note)?;
    if let Turn::More { agreed } = cast.turn {
        return agreed_by_some(tx, &deal, &row, &cast, agreed);
    }
    let added: Vec<(ProductId, String)> = additions::waiting(&deal)
        .map(|line| (line.row.product_id, line.product.clone()))
        .collect();
    let products: Vec<ProductId> = added.iter().map(|(product, _)| *product).collect();
    let over = approval.passing_over.as_ref();
    let mut decision = DecisionRow {
        decided_at: now,
        step_id: Some(cast.step.id),
        on_behalf_of: cast.on_behalf_of.map(|user| user.to_string()),
        reason_text: approval
            .note
            .clone()
            .or_else(|| over.map(|over| over.reason_text.clone())),
        evidence: Some(row.id.to_string()),
        policy_version: Some(settings.version),
        conflict_check_id: None,
        override_code: over.map(|over| over.reason_code.to_string()),
        overridden_deals: over.map(|over| Stored(over.deals.clone())),
        ..registrations::blank_decision(tx, &deal, DecisionOutcome::AmendmentApproved)
    };
    let scope = deal.held(now).zip(additions::territory(tx, &deal)?);
    if let Some((held, (territory_id, territory))) = scope.filter(|_| !added.is_empty()) {
        let window = Window::new(now, held.granted_until);
        let check = conflict::check_lines(tx, path.id, CheckPurpose::Approval, window, &products, territory_id)?;
        decision.conflict_check_id = Some(check.id);
        decision.rule_version = Some(check.rule_version.to_string());
        (decision.starts_at, decision.ends_at) = (Some(now), Some(held.granted_until));
        decision.granted_scope = Some(Stored(GrantedScope {
            products: added.into_iter().map(|(_, code)| code).collect(),
            territory,
            narrowed: deal.deal.territory_id != Some(territory_id),
        }));
        registrations::insert_decision(tx, &decision)?;
        additions::protect(tx, &deal, territory_id, held, &decision, over)?;
    } else {
        registrations::insert_decision(tx, &decision)?;
    }
    hold(tx, &deal, &row, now, "approve")?;
    let after = AmendmentRow {
        conflict_check_id: decision.conflict_check_id.or(row.conflict_check_id),
        decision_text: approval.note.clone(),
        ..row.clone().ended(status, tx.caller().actor_text(), now)
    };
    queries::save(tx, &deal.deal, &row, &after, "deal_amendment.approved")?;
    let mut entry = Entry::action("approve_amendment").because(None, approval.note.clone());
    if let Some(over) = over {
        let deals: Vec<String> = over.deals.iter().map(ToString::to_string).collect();
        entry = entry.detail(format!(
            "Passed over ({}): {}. {}",
            over.reason_code,
            deals.join(", "),
            over.reason_text
        ));
    }
    let amended = told(tx, &deal, "deal.amended", entry)?;
    if !products.is_empty() {
        registrations::tell_contenders(tx, &amended, Some(&products))?;
    }
    Ok(after.seen(&deal.deal, Reader::of(tx.caller())))
}

/// Refuses the amendment: nothing of it holds.
///
/// # Errors
/// 409 `invalid_state`; 409 `guard_failed` for who may not decide.
pub fn reject(
    tx: &mut Tx<'_>,
    path: DealAmendmentPath,
    seen: IfMatch,
    rejection: &DealAmendmentRejection,
) -> Result<DealAmendment> {
    let (deal, row, status) = begin(tx, path, seen, "reject")?;
    let now = tx.moment();
    let settings = policies::in_force(tx, now)?;
    let (kind, code) = (ReasonKind::AmendmentRejection, &rejection.reason_code);
    let text = rejection.reason_text.clone();
    let mut failing = failing_to_decide(tx, &deal, &row)?;
    failing.extend(settings.reasons.failing(kind, code, false, false));
    if !failing.is_empty() {
        return Err(Error::guards(row.status, "reject", failing));
    }
    let segregation = &settings.registration.segregation;
    let (chain, judged) = chains::judged(tx, &deal, &row, segregation, true)?;
    let cast = approvals::refuse(tx, &chain, judged.voice, Some(&text))?;
    chains::end(tx, &row)?;
    let decision = DecisionRow {
        reason_code: Some(code.to_string()),
        reason_labels: settings.reasons.labels(kind, code).map(Stored),
        reason_text: Some(text.clone()),
        evidence: Some(row.id.to_string()),
        policy_version: Some(settings.version),
        conflict_check_id: row.conflict_check_id,
        step_id: cast.as_ref().map(|cast| cast.step.id),
        on_behalf_of: cast.and_then(|cast| cast.on_behalf_of).map(|user| user.to_string()),
        ..registrations::blank_decision(tx, &deal, DecisionOutcome::AmendmentRejected)
    };
    registrations::insert_decision(tx, &decision)?;
    let after = AmendmentRow {
        decision_code: Some(code.clone()),
        decision_text: Some(text.clone()),
        ..row.clone().ended(status, tx.caller().actor_text(), now)
    };
    queries::save(tx, &deal.deal, &row, &after, "deal_amendment.rejected")?;
    let entry = Entry::action("reject_amendment").because(Some(code.to_string()), Some(text));
    drop_added(tx, &deal, "deal.amendment_rejected", entry, now)?;
    Ok(after.seen(&deal.deal, Reader::of(tx.caller())))
}

/// Takes the amendment back: nothing of it holds.
///
/// # Errors
/// 409 `invalid_state`; 403 for those who may only read the registration.
pub fn withdraw(tx: &mut Tx<'_>, path: DealAmendmentPath, seen: IfMatch) -> Result<DealAmendment> {
    let (deal, row, status) = begin(tx, path, seen, "withdraw")?;
    registrations::may_write(tx.caller(), &deal)?;
    let now = tx.moment();
    let after = row.clone().ended(status, tx.caller().actor_text(), now);
    chains::end(tx, &row)?;
    queries::save(tx, &deal.deal, &row, &after, "deal_amendment.withdrawn")?;
    let entry = Entry::action("withdraw_amendment");
    drop_added(tx, &deal, "deal.amendment_withdrawn", entry, now)?;
    Ok(after.seen(&deal.deal, Reader::of(tx.caller())))
}

/// What was added and waited leaves the registration, its slots and the queue.
fn drop_added(tx: &mut Tx<'_>, deal: &Registration, kind: &'static str, entry: Entry, now: Time) -> Result<()> {
    let after = rules::without_added(deal, now);
    if after.lines != deal.lines {
        additions::move_slots(tx, &after, "amend")?;
    }
    registrations::write(tx, deal, &after)?;
    told(tx, deal, kind, entry).map(drop)
}

/// Closes the amendment that waits, if one does, because the deal itself has come to an end: what it would have added is
/// refused. Slots and protections are the caller's to end.
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
        .ended(DealAmendmentStatus::Withdrawn, tx.caller().actor_text(), now);
    queries::refuse_added_lines(tx, deal)?;
    chains::end(tx, &row)?;
    queries::save(tx, &owner, &row, &after, "deal_amendment.withdrawn")
}

/// What the caller can do about changes of the registration now.
///
/// # Errors
/// What the database reports.
pub fn actions(tx: &mut Tx<'_>, deal: &Registration) -> Result<Vec<Action>> {
    let now = tx.now;
    let standing = standing(tx, deal, now)?;
    let mut actions = Vec::new();
    let own: Vec<FailingGuard> = registrations::own_failing(tx.caller(), deal).into_iter().collect();
    if standing.status == registrations::ReviewStatus::Approved && !standing.stage.is_closed() {
        let mut failing = rules::failing_to_amend(standing);
        failing.extend(own.clone());
        actions.extend(registrations::action(tx.caller(), "amend", "amendDeal", failing));
    }
    if let Some(row) = queries::pending(tx, deal.deal.id)? {
        let policy = policies::in_force(tx, now)?.registration;
        let (_, judged) = chains::judged(tx, deal, &row, &policy.segregation, false)?;
        let mut approves = judged.failing;
        approves.extend(failing_to_approve(tx, deal, &row, &policy, now)?);
        let rejects = failing_to_decide(tx, deal, &row)?;
        for (action, operation, failing) in [
            ("approve_amendment", "approveDealAmendment", approves),
            ("reject_amendment", "rejectDealAmendment", rejects),
            ("withdraw_amendment", "withdrawDealAmendment", own),
        ] {
            actions.extend(registrations::action(tx.caller(), action, operation, failing));
        }
    }
    Ok(actions)
}
