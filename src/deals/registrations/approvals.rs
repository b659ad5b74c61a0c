//! Approving: by the chain, by the rules alone, and never past somebody who came first without a reason.
//!
//! An approval holds the account's lock from its first look to its commit: the check runs again under it, the queue is
//! compared, the protection is inserted, and the database refuses an overlap whatever was looked at before.

use super::{
    chains,
    decisions::{DealApproval, DealOverride},
    history::{self, Entry},
    model::DecisionTerms,
    queries, review_queries,
    reviews::REVIEWERS,
    rows::{DecisionRow, Registration},
    rules,
    scopes::{self, Scope},
    segregation,
    states::{DealAxis, DealLineStatus, DecisionOutcome, ProtectionState, REVIEW, ReviewStatus},
    tier_terms,
};
use crate::{
    approvals::{self, ApprovalVerdict, Cast, Chain, Judged, Turn},
    auth::Roles,
    customers,
    db::Tx,
    deals::{
        conflict::{
            self, Check, CheckPurpose, ConflictVerdict,
            rules::{AskedLine, QueuePlace, Window},
        },
        protection::{self, Grant, Override},
    },
    error::{Error, Result, codes},
    http::IfMatch,
    kernel::{
        Stored, Time,
        ids::{DealId, ProductId},
        states::{FailingGuard, guard},
    },
    partners,
    policies::{self, ProgramSettings, ReasonKind},
    programs::{self, TierTerms},
};

/// The chain of the registration, and whether the caller may decide the step whose turn it is.
///
/// # Errors
/// What the database reports.
pub fn judged(
    tx: &mut Tx<'_>,
    registration: &Registration,
    settings: &ProgramSettings,
    lock: bool,
) -> Result<(Chain, Judged)> {
    let segregation = &settings.registration.segregation;
    let chain = chains::find(tx, registration, lock)?;
    let interests = segregation::interests(tx, registration, segregation)?;
    let judged = approvals::judge(tx, &chain, &interests, segregation)?;
    Ok((chain, judged))
}

/// The guards of an approval that fail for this caller, besides the queue and what is protected.
///
/// # Errors
/// What the database reports.
pub fn failing(tx: &mut Tx<'_>, registration: &Registration) -> Result<Vec<FailingGuard>> {
    let now = tx.now;
    let settings = policies::in_force(tx, now)?;
    let (_, judged) = judged(tx, registration, &settings, false)?;
    let mut failing = judged.failing;
    failing.extend(failing_of_record(tx, registration)?);
    Ok(failing)
}

/// The guards of a refusal that fail for this caller, besides the reason.
///
/// # Errors
/// What the database reports.
pub fn failing_to_refuse(tx: &mut Tx<'_>, registration: &Registration) -> Result<Vec<FailingGuard>> {
    let now = tx.now;
    let settings = policies::in_force(tx, now)?;
    let (_, judged) = judged(tx, registration, &settings, false)?;
    Ok(judged.against_refusal(reviews(tx)).to_vec())
}

/// Whether the caller's role decides on registrations, at whatever step.
pub fn reviews(tx: &Tx<'_>) -> bool {
    tx.caller().roles().meets(Roles::of(REVIEWERS))
}

fn failing_of_record(tx: &mut Tx<'_>, registration: &Registration) -> Result<Vec<FailingGuard>> {
    let mut failing = Vec::new();
    if registration.deal.customer_account_id.is_none() {
        failing.push(guard(
            "customer_tied",
            "#/customer_account_id",
            "The customer is tied to no account; choose one first.",
        ));
    }
    if !partners::is_active(tx, registration.deal.partner_id)? {
        failing.push(guard(
            "partner_active",
            "#/partner_id",
            "The partner is not active, so nothing can be granted to it.",
        ));
    }
    Ok(failing)
}

/// Approves the step whose turn it is, in the caller's name or in that of whom they stand in for; the last vote on the last
/// step grants the scope.
///
/// # Errors
/// 409 `invalid_state`; 409 `guard_failed` for who may not decide, for a scope wider than what was asked for, and for
/// earlier claimants; 409 `protection_overlap` if the scope is protected for another.
pub fn approve(tx: &mut Tx<'_>, id: DealId, seen: IfMatch, approval: &DealApproval) -> Result<Registration> {
    let before = locked(tx, id)?;
    seen.check(before.deal.revision)?;
    let (now, status) = (tx.moment(), rules::status_at(&before, tx.moment()));
    REVIEW.go(status, "approve")?;
    let settings = policies::in_force(tx, now)?;
    let (chain, judged) = judged(tx, &before, &settings, true)?;
    let mut failing = judged.failing;
    failing.extend(failing_of_record(tx, &before)?);
    if let Some(over) = &approval.passing_over {
        let reasons = &settings.reasons;
        failing.extend(reasons.failing(ReasonKind::Override, &over.reason_code, false, false));
    }
    let scope = match scopes::narrowed(tx, &before, approval.scope.as_ref())? {
        Ok(scope) => Some(scope),
        Err(guards) => {
            failing.extend(guards);
            None
        }
    };
    let (Some(scope), Some(step), Some(voice), true) = (scope, judged.step, judged.voice, failing.is_empty()) else {
        return Err(Error::guards(status, "approve", failing));
    };
    let verdict = ApprovalVerdict::Approved;
    let cast = approvals::cast(tx, &chain, &step, voice, verdict, approval.note.as_deref())?;
    if let Turn::More { agreed } = cast.turn {
        return agreed_by_some(tx, &before, status, &cast, agreed);
    }
    let tier = programs::tier_at(tx, before.deal.partner_id, now)?;
    let terms = tier_terms::of_decision(
        tier.as_ref(),
        &settings.registration,
        before.deal.deal_type,
        approval.protection_days,
    );
    let days = terms.window_days;
    let window = Window::new(now, now.plus_days(days));
    let check = conflict::check_deal(tx, id, CheckPurpose::Approval, Some(window), None)?;
    let decision = Decision {
        outcome: DecisionOutcome::Approved,
        cast: Some(&cast),
        scope: &scope,
        check: &check,
        discount: tier_terms::discount(tier.as_ref(), &settings.registration),
        terms,
        now,
        settings: &settings,
        approval,
    };
    if cast.turn == Turn::Complete {
        granted(tx, &before, status, decision)
    } else {
        step_agreed(tx, &before, status, decision)
    }
}

/// One more has agreed to a step that takes several.
fn agreed_by_some(
    tx: &mut Tx<'_>,
    before: &Registration,
    status: ReviewStatus,
    cast: &Cast,
    agreed: i64,
) -> Result<Registration> {
    let now = tx.moment();
    let mut after = before.clone();
    after.deal.review_status = REVIEW.go_to(status, "approve", ReviewStatus::InReview)?;
    let after = queries::save(tx, before, after.touched(now), "deal.approval_voted")?;
    let what = format!(
        "{agreed} of {} have agreed to the step: {}.",
        cast.step.quorum, cast.step.name
    );
    history::note(
        tx,
        before.deal.id,
        Entry::action("approve")
            .moved(DealAxis::ReviewStatus, status, ReviewStatus::InReview)
            .detail(in_whose_name(what, cast)),
    )?;
    Ok(after)
}

/// What was done, with the name that it was done in if it is another's.
fn in_whose_name(what: String, cast: &Cast) -> String {
    match cast.on_behalf_of {
        Some(absent) => format!("{what} On behalf of {absent}.").trim_start().to_owned(),
        None => what,
    }
}

/// The registration, read under its account's lock.
///
/// # Errors
/// 404 if the caller may not see it.
pub fn locked(tx: &mut Tx<'_>, id: DealId) -> Result<Registration> {
    let row = queries::find_row(tx, id)?;
    if let Some(account) = row.customer_account_id {
        customers::lock(tx, account)?;
    }
    queries::find(tx, id)
}

/// What an approval decides, on which grounds.
struct Decision<'a> {
    outcome: DecisionOutcome,
    cast: Option<&'a Cast>,
    scope: &'a Scope,
    check: &'a Check,
    discount: i64,
    terms: DecisionTerms,
    now: Time,
    settings: &'a ProgramSettings,
    approval: &'a DealApproval,
}

impl Decision<'_> {
    fn row(&self, tx: &Tx<'_>, deal: DealId, outcome: DecisionOutcome) -> DecisionRow {
        let over = self.approval.passing_over.as_ref();
        let last = outcome != DecisionOutcome::StepApproved;
        DecisionRow {
            id: tx.new_id(),
            deal_id: deal,
            step_id: self.cast.map(|cast| cast.step.id),
            outcome,
            decided_by: if outcome == DecisionOutcome::AutoApproved {
                history::RULES.to_owned()
            } else {
                tx.caller().actor_text()
            },
            on_behalf_of: self
                .cast
                .and_then(|cast| cast.on_behalf_of)
                .map(|user| user.to_string()),
            decided_at: self.now,
            reason_code: None,
            reason_labels: None,
            reason_text: self
                .approval
                .note
                .clone()
                .or_else(|| over.map(|over| over.reason_text.clone())),
            evidence: None,
            granted_scope: Some(Stored(self.scope.granted())),
            starts_at: last.then_some(self.now),
            ends_at: last.then(|| self.now.plus_days(self.terms.window_days)),
            discount_basis_points: last.then_some(self.discount),
            terms: Some(Stored(self.terms.clone())),
            rule_version: Some(self.check.rule_version.to_string()),
            policy_version: Some(self.settings.version),
            conflict_check_id: Some(self.check.id),
            override_code: over.map(|over| over.reason_code.to_string()),
            overridden_deals: over.map(|over| Stored(over.deals.clone())),
        }
    }
}

fn step_agreed(
    tx: &mut Tx<'_>,
    before: &Registration,
    status: ReviewStatus,
    decision: Decision<'_>,
) -> Result<Registration> {
    let row = decision.row(tx, before.deal.id, DecisionOutcome::StepApproved);
    review_queries::insert_decision(tx, &row)?;
    let mut after = before.clone();
    after.deal.review_status = REVIEW.go_to(status, "approve", ReviewStatus::InReview)?;
    after.deal.conflict_check_id = Some(decision.check.id);
    let after = queries::save(tx, before, after.touched(decision.now), "deal.step_approved")?;
    let detail = decision
        .cast
        .map(|cast| in_whose_name(format!("Step agreed: {}.", cast.step.name), cast));
    history::note(
        tx,
        before.deal.id,
        Entry::action("approve")
            .moved(DealAxis::ReviewStatus, status, ReviewStatus::InReview)
            .detail(detail.unwrap_or_default()),
    )?;
    Ok(after)
}

fn granted(
    tx: &mut Tx<'_>,
    before: &Registration,
    status: ReviewStatus,
    decision: Decision<'_>,
) -> Result<Registration> {
    let (id, now) = (before.deal.id, decision.now);
    let row = decision.row(tx, id, decision.outcome);
    review_queries::insert_decision(tx, &row)?;
    let granted = protection::grant(tx, &grant(before, &decision, &row)?)?;
    let mut after = before.clone();
    after.deal.review_status = REVIEW.go_to(status, "approve", ReviewStatus::Approved)?;
    after.deal.conflict_check_id = Some(decision.check.id);
    after.deal.last_activity_at = now;
    if let Some(clock) = &mut after.clock {
        clock.decide(now, decision.outcome == DecisionOutcome::AutoApproved);
    }
    if let Some(review) = &mut after.review {
        review.decided_at = Some(now);
        review.auto_approved = decision.outcome == DecisionOutcome::AutoApproved;
    }
    for line in &mut after.lines {
        let covered = scopes::covers(tx, &decision.scope.products, line.row.product_id)?;
        line.row.review_status = if covered {
            DealLineStatus::Approved
        } else {
            DealLineStatus::Rejected
        };
        line.row.updated_at = now;
    }
    queries::write(tx, before, &after.touched(now))?;
    let after = queries::find(tx, id)?;
    queries::tell(tx, before, &after, "deal.approved")?;
    let mut entry = Entry::action("approve").moved(DealAxis::ReviewStatus, status, ReviewStatus::Approved);
    let by_rules = decision.outcome == DecisionOutcome::AutoApproved;
    if by_rules {
        entry = entry.by_rules();
    }
    let passed_over = decision.approval.passing_over.as_ref().map(|over| {
        format!(
            "Passed over ({}): {}. {}",
            over.reason_code,
            joined(&over.deals),
            over.reason_text
        )
    });
    let lent = decision.cast.filter(|cast| cast.on_behalf_of.is_some());
    let detail = match lent {
        Some(cast) => Some(in_whose_name(passed_over.unwrap_or_default(), cast)),
        None => passed_over,
    };
    if let Some(detail) = detail {
        entry = entry.detail(detail);
    }
    history::note(tx, id, entry)?;
    if !granted.is_empty() {
        let until = now.plus_days(decision.terms.window_days);
        let entry = Entry::action("protect")
            .moved(DealAxis::Protection, ProtectionState::Queued, ProtectionState::Active)
            .because(None, Some(format!("Protected until {until}.")));
        history::note(tx, id, if by_rules { entry.by_rules() } else { entry })?;
    }
    tell_contenders(tx, &after, None)?;
    Ok(after)
}

fn joined(deals: &[DealId]) -> String {
    deals.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

fn grant(before: &Registration, decision: &Decision<'_>, row: &DecisionRow) -> Result<Grant> {
    let deal = &before.deal;
    let account_id = deal
        .customer_account_id
        .ok_or_else(|| Error::internal("an approval without an account passed the guards"))?;
    let place = deal
        .received_at
        .zip(deal.seq)
        .map(|(received_at, seq)| QueuePlace { received_at, seq });
    let over = decision.approval.passing_over.as_ref();
    Ok(Grant {
        deal_id: deal.id,
        partner_id: deal.partner_id,
        decision_id: Some(row.id),
        account_id,
        lines: decision
            .scope
            .products
            .iter()
            .map(|(product_id, _)| AskedLine {
                product_id: *product_id,
                place,
            })
            .collect(),
        territory_id: decision.scope.territory.0,
        deal_type: deal.deal_type,
        exclusive: true,
        starts_at: decision.now,
        until: decision.now.plus_days(decision.terms.window_days),
        legacy: false,
        overridden: over.map(|DealOverride { reason_code, deals, .. }| Override {
            code: reason_code.to_string(),
            deals: deals.clone(),
        }),
    })
}

/// Grants what was just sent in, where the program's rules do so without a person: the check is clear, the amount is
/// small enough, the partner's tier (`tier`, as of now) high enough, and nothing was revoked of late. Otherwise it waits for
/// a reviewer.
///
/// # Errors
/// What the database reports.
pub fn grant_without_person(
    tx: &mut Tx<'_>,
    sent_in: Registration,
    check: &Check,
    settings: &ProgramSettings,
    tier: Option<&TierTerms>,
) -> Result<Registration> {
    if check.assessment.verdict != ConflictVerdict::Clear || !is_in_good_standing(tx, &sent_in, settings, tier)? {
        return Ok(sent_in);
    }
    let Ok(scope) = scopes::narrowed(tx, &sent_in, None)? else {
        return Ok(sent_in);
    };
    let now = tx.moment();
    let tier = programs::tier_at(tx, sent_in.deal.partner_id, now)?;
    let terms = tier_terms::of_decision(tier.as_ref(), &settings.registration, sent_in.deal.deal_type, None);
    let approval = DealApproval::default();
    let decision = Decision {
        outcome: DecisionOutcome::AutoApproved,
        cast: None,
        scope: &scope,
        check,
        discount: tier_terms::discount(tier.as_ref(), &settings.registration),
        terms,
        now,
        settings,
        approval: &approval,
    };
    let tried = tx.attempt(|tx| {
        chains::end(tx, sent_in.deal.id)?;
        granted(tx, &sent_in, ReviewStatus::Submitted, decision)
    });
    match tried {
        // Somebody holds or claims the scope after all: then a person decides.
        Err(error) if error.is(&codes::PROTECTION_OVERLAP) || error.is(&codes::GUARD_FAILED) => Ok(sent_in),
        tried => tried,
    }
}

/// Grants at once what an upheld appeal has put before the vendor again, under the account's lock that the caller holds:
/// the check runs again, and whoever came first is not passed over.
///
/// # Errors
/// 409 `guard_failed` for earlier claimants; 409 `protection_overlap` if the scope is protected for another.
pub fn grant_on_appeal(
    tx: &mut Tx<'_>,
    reviewed: &Registration,
    settings: &ProgramSettings,
    note: &str,
) -> Result<Registration> {
    let scope = scopes::narrowed(tx, reviewed, None)?
        .map_err(|failing| Error::guards(reviewed.deal.review_status, "uphold", failing))?;
    let now = tx.moment();
    let tier = programs::tier_at(tx, reviewed.deal.partner_id, now)?;
    let terms = tier_terms::of_decision(tier.as_ref(), &settings.registration, reviewed.deal.deal_type, None);
    let window = Window::new(now, now.plus_days(terms.window_days));
    let check = conflict::check_deal(tx, reviewed.deal.id, CheckPurpose::Approval, Some(window), None)?;
    chains::end(tx, reviewed.deal.id)?;
    let approval = DealApproval {
        note: Some(note.to_owned()),
        ..DealApproval::default()
    };
    let decision = Decision {
        outcome: DecisionOutcome::Approved,
        cast: None,
        scope: &scope,
        check: &check,
        discount: tier_terms::discount(tier.as_ref(), &settings.registration),
        terms,
        now,
        settings,
        approval: &approval,
    };
    granted(tx, reviewed, ReviewStatus::InReview, decision)
}

/// Whether amount, tier and record would let a registration be granted without a person.
///
/// # Errors
/// What the database reports.
pub fn may_grant_without_person(
    tx: &mut Tx<'_>,
    registration: &Registration,
    settings: &ProgramSettings,
) -> Result<bool> {
    let now = tx.now;
    let tier = programs::tier_at(tx, registration.deal.partner_id, now)?;
    is_in_good_standing(tx, registration, settings, tier.as_ref())
}

fn is_in_good_standing(
    tx: &mut Tx<'_>,
    registration: &Registration,
    settings: &ProgramSettings,
    tier: Option<&TierTerms>,
) -> Result<bool> {
    let (rule, deal, now) = (&settings.registration.auto_approval, &registration.deal, tx.now);
    if !tier_terms::grants_without_person(rule, tier, deal.amount()) {
        return Ok(false);
    }
    Ok(review_queries::strikes(tx, deal.partner_id, now.plus_days(-rule.strike_days))? == 0)
}

/// Tells the other claimants of the scope, or of some of its products, that it was given away: each learns it of its own
/// registration alone.
///
/// # Errors
/// What the database reports.
pub fn tell_contenders(tx: &mut Tx<'_>, winner: &Registration, products: Option<&[ProductId]>) -> Result<()> {
    let others: Vec<DealId> = review_queries::contenders_for(tx, winner, products)?
        .into_iter()
        .map(|(deal, _)| deal)
        .collect();
    for other in others {
        queries::tell_of_loss(tx, other)?;
        let text = "Another registration was granted protection on an overlapping scope.".to_owned();
        history::note(
            tx,
            other,
            Entry::action("scope_granted_elsewhere")
                .because(None, Some(text))
                .detail(format!("Granted to {}.", winner.deal.number)),
        )?;
    }
    Ok(())
}
