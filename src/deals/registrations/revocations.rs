//! Taking away what was granted.

use super::{
    approvals, closing,
    decisions::DealRevocation,
    endings::blank_decision,
    history::{self, Entry},
    queries, review_queries,
    reviews::refuse,
    rows::Registration,
    rules,
    states::{DealAxis, DealLineStatus, DecisionOutcome, ProtectionState, REVIEW, ReviewStatus},
};
use crate::{
    db::Tx,
    deals::protection::{self, Ending},
    error::Result,
    http::IfMatch,
    kernel::{Stored, ids::DealId},
    policies::{self, ReasonKind},
};

/// Takes the grant away, whether the sale goes on, was won or was lost: what still protects it ends, and it counts against
/// the partner's standing for as long as the program says. The partner reads the reason, and may appeal.
///
/// # Errors
/// 409 `invalid_state`; 409 `guard_failed` if the reason rests on somebody's word that is not named.
pub fn revoke(tx: &mut Tx<'_>, id: DealId, seen: IfMatch, revocation: &DealRevocation) -> Result<Registration> {
    let before = approvals::locked(tx, id)?;
    seen.check(before.deal.revision)?;
    let now = tx.moment();
    let status = rules::status_at(&before, now);
    let to = REVIEW.go(status, "revoke")?;
    let settings = policies::in_force(tx, now)?;
    let (kind, code) = (ReasonKind::Revocation, &revocation.reason_code);
    let failing = settings
        .reasons
        .failing(kind, code, false, revocation.evidence.is_some());
    refuse(failing, status, "revoke")?;
    let mut decision = blank_decision(tx, &before, DecisionOutcome::Revoked);
    decision.reason_code = Some(revocation.reason_code.to_string());
    decision.reason_labels = settings.reasons.labels(kind, code).map(Stored);
    decision.reason_text = Some(revocation.reason_text.clone());
    decision.evidence.clone_from(&revocation.evidence);
    decision.policy_version = Some(settings.version);
    review_queries::insert_decision(tx, &decision)?;
    closing::close(tx, id)?;
    let taken = protection::end(tx, id, Ending::Revoked, revocation.reason_code.as_str())?;
    let mut after = before.clone();
    after.deal.review_status = to;
    for line in &mut after.lines {
        line.row.review_status = DealLineStatus::Rejected;
        line.row.updated_at = now;
    }
    if let Some(review) = &mut after.review {
        review.decided_at = Some(now);
        review.appeal_until = Some(now.plus_days(settings.registration.appeal_days));
    }
    queries::write(tx, &before, &after.touched(now))?;
    let after = queries::find(tx, id)?;
    queries::tell_because(tx, &before, &after, "deal.revoked", revocation.reason_code.as_str())?;
    let mut entry = Entry::action("revoke")
        .moved(DealAxis::ReviewStatus, status, ReviewStatus::Revoked)
        .because(
            Some(revocation.reason_code.to_string()),
            Some(revocation.reason_text.clone()),
        );
    if let Some(evidence) = &revocation.evidence {
        entry = entry.detail(format!("Evidence: {evidence}"));
    }
    history::note(tx, id, entry)?;
    if !taken.is_empty() {
        let entry =
            Entry::action("release").moved(DealAxis::Protection, ProtectionState::Active, ProtectionState::Released);
        history::note(tx, id, entry)?;
    }
    Ok(after)
}
