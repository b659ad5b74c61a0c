//! What an upheld appeal does to the registration and its protection, in the transaction of the decision.

use super::{
    model::{DealAppealRelief, DealAppealRemedy},
    queries::AppealRow,
};
use crate::{
    catalog::products,
    customers::cases::CaseType,
    db::Tx,
    deals::{
        conflict::{self, CheckPurpose},
        protection,
        registrations::{
            self, DealAxis, DealLineStatus, DecisionOutcome, DecisionRow, Dispute, ProtectionState, REVIEW,
            Registration, ReviewStatus,
            history::{self, Entry},
        },
        reopenings::{self, Anew},
    },
    error::Result,
    kernel::ids::CaseId,
    policies::ProgramSettings,
};

/// Whether what was taken away is given back, and nothing is decided anew.
pub fn restores(appeal: &AppealRow) -> bool {
    appeal.from_status == ReviewStatus::Revoked
}

/// What upholding leads to.
pub fn remedy(appeal: &AppealRow, relief: DealAppealRelief) -> DealAppealRemedy {
    match relief {
        _ if restores(appeal) => DealAppealRemedy::Restored,
        DealAppealRelief::Review => DealAppealRemedy::ReviewedAgain,
        DealAppealRelief::Approve => DealAppealRemedy::Approved,
    }
}

/// The conflict case that decides whose the scope is, opened now; nothing if nobody else holds it. The account is locked.
///
/// # Errors
/// What the database reports.
pub fn case(tx: &mut Tx<'_>, registration: &Registration, appeal: &AppealRow) -> Result<Option<CaseId>> {
    let rivals = protection::rows_on_scope(tx, registration)?;
    let number = &registration.deal.number;
    let dispute = Dispute {
        case_type: CaseType::Appeal,
        summary: format!("An appeal about {number} was upheld while another registration is protected on its scope."),
        cause: format!("appeal {}", appeal.id),
        from: tx.moment(),
        protection: None,
    };
    registrations::open_case(tx, registration, &dispute, &rivals)
}

/// Puts the registration right. Its account is locked, and the appeal is stored as upheld.
///
/// # Errors
/// 409 `protection_overlap` if the scope is protected for another; 409 `guard_failed` for earlier claimants, and if the
/// partner registered the same again meanwhile.
pub fn put_right(
    tx: &mut Tx<'_>,
    before: &Registration,
    appeal: &AppealRow,
    settings: &ProgramSettings,
) -> Result<Registration> {
    if restores(appeal) {
        return restore(tx, before, appeal, settings);
    }
    let reason = appeal.reason_text.clone();
    let anew = Anew {
        from: appeal.from_status,
        action: "uphold_appeal",
        outcome: DecisionOutcome::AppealUpheld,
        event: "deal.appeal_upheld",
        reason_code: None,
        reason_labels: None,
        reason_text: reason.clone(),
        told_text: reason.clone(),
        detail: format!("Appeal {}.", appeal.id),
        cast: None,
    };
    let reviewed = reopenings::review_anew(tx, before, &anew)?;
    if appeal.remedy == Some(DealAppealRemedy::Approved) {
        registrations::grant_on_appeal(tx, &reviewed, settings, &reason.unwrap_or_default())
    } else {
        Ok(reviewed)
    }
}

/// Approves again what was revoked, and gives back what was taken, for the time that was left of it.
fn restore(
    tx: &mut Tx<'_>,
    before: &Registration,
    appeal: &AppealRow,
    settings: &ProgramSettings,
) -> Result<Registration> {
    let (id, now, status) = (before.deal.id, tx.moment(), appeal.from_status);
    let open = !before.deal.stage.is_closed();
    if open {
        registrations::open_again(tx, before)?;
    }
    let granted = registrations::all_decisions(tx, id)?
        .into_iter()
        .rfind(|decision| decision.granted_scope.is_some() && decision.outcome != DecisionOutcome::StepApproved);
    let mut after = registrations::find(tx, id)?;
    after.deal.review_status = REVIEW.go_to(status, "uphold_appeal", ReviewStatus::Approved)?;
    if let Some(review) = &mut after.review {
        review.decided_at = Some(now);
        review.appeal_until = None;
    }
    let codes = granted
        .as_ref()
        .and_then(|decision| decision.granted_scope.as_ref())
        .map(|scope| scope.0.products.clone());
    for line in &mut after.lines {
        let approved = match &codes {
            Some(codes) => is_granted(tx, codes, line)?,
            None => true,
        };
        if approved {
            line.row.review_status = DealLineStatus::Approved;
            line.row.updated_at = now;
        }
    }
    registrations::write(tx, before, &after.touched(now))?;
    // The check looks at what is asked for again: the lines that were written just now.
    let check = conflict::check_deal(tx, id, CheckPurpose::Review, None, None)?;
    registrations::tie_check(tx, id, check.id)?;
    let decision = DecisionRow {
        reason_text: appeal.reason_text.clone(),
        policy_version: Some(settings.version),
        conflict_check_id: Some(check.id),
        rule_version: Some(check.rule_version.to_string()),
        granted_scope: granted.as_ref().and_then(|decision| decision.granted_scope.clone()),
        discount_basis_points: granted.as_ref().and_then(|decision| decision.discount_basis_points),
        terms: granted.as_ref().and_then(|decision| decision.terms.clone()),
        ..registrations::blank_decision(tx, before, DecisionOutcome::AppealUpheld)
    };
    registrations::insert_decision(tx, &decision)?;
    let contested = appeal.remedy == Some(DealAppealRemedy::Contested);
    let given = match (open, contested) {
        (true, false) => protection::give_back(tx, id, Some(decision.id))?,
        (true, true) => protection::give_back_contested(tx, id, Some(decision.id))?,
        (false, _) => Vec::new(),
    };
    let after = registrations::find(tx, id)?;
    registrations::tell(tx, before, &after, "deal.appeal_upheld")?;
    history::note(
        tx,
        id,
        Entry::action("uphold_appeal")
            .moved(DealAxis::ReviewStatus, status, ReviewStatus::Approved)
            .because(None, appeal.reason_text.clone())
            .detail(format!("Appeal {}.", appeal.id)),
    )?;
    if contested && !given.is_empty() {
        let entry = Entry::action("contest").moved(
            DealAxis::Protection,
            ProtectionState::Released,
            ProtectionState::Contested,
        );
        let text = "Another registration is protected on the scope by now; a conflict case decides.";
        history::note(tx, id, entry.because(None, Some(text.to_owned())))?;
    } else if let Some(until) = given.iter().map(|protection| protection.granted_until).max() {
        let entry = Entry::action("restore")
            .moved(DealAxis::Protection, ProtectionState::Released, ProtectionState::Active)
            .because(None, Some(format!("Protected until {until}.")));
        history::note(tx, id, entry)?;
        registrations::tell_contenders(tx, &after, None)?;
    }
    Ok(after)
}

/// Whether the grant named the line's product, or a part of it.
fn is_granted(tx: &mut Tx<'_>, codes: &[String], line: &registrations::Line) -> Result<bool> {
    for code in codes {
        if *code == line.product {
            return Ok(true);
        }
        if let Some((product, _)) = registrations::product(tx, code)?
            && products::overlaps(tx, product, line.row.product_id)?
        {
            return Ok(true);
        }
    }
    Ok(false)
}
