//! Who agrees to an amendment: the last step of the chain that the registration would ask for as it shall be. Whoever agreed to
//! the rest has agreed.

use super::{
    model::DealAmendment,
    queries::{self, AmendmentRow},
    rules,
};
use crate::{
    approvals::{self, ApprovalKind, Cast, Chain, Judged, StepRow, Subject},
    db::Tx,
    deals::registrations::{
        self, Reader, Registration,
        history::{self, Entry},
    },
    error::{Error, Result},
    kernel::{
        Time,
        ids::{AmendmentId, DealId},
    },
    policies::RegistrationPolicy,
};

const KIND: ApprovalKind = ApprovalKind::DealAmendment;

/// Opens the chain of an amendment that waits.
///
/// # Errors
/// What the database reports.
pub fn begin(
    tx: &mut Tx<'_>,
    deal: &Registration,
    row: &AmendmentRow,
    policy: &RegistrationPolicy,
    now: Time,
) -> Result<()> {
    let wanted = rules::amended(deal, &row.changes, now);
    let facts = registrations::chain_facts(tx, &wanted, &policy.approval_chain)?;
    let last: Vec<_> = approvals::asked(&policy.approval_chain, &facts)
        .pop()
        .into_iter()
        .collect();
    let subject = Subject {
        kind: KIND,
        id: row.id.to_string(),
        label: deal.deal.number.clone(),
        partner_id: Some(deal.deal.partner_id),
        requested_by: row.requested_by.clone(),
    };
    let steps = approvals::plan(&subject, 1, &last, &facts, None, now);
    approvals::open(tx, &steps)
}

/// The chain, and whether the caller may decide the step whose turn it is.
///
/// # Errors
/// What the database reports.
pub fn judged(
    tx: &mut Tx<'_>,
    deal: &Registration,
    row: &AmendmentRow,
    policy: &RegistrationPolicy,
    lock: bool,
) -> Result<(Chain, Judged)> {
    let chain = approvals::find(tx, KIND, &row.id.to_string(), 1, lock)?;
    let mut interests = registrations::interests(tx, deal, &policy.segregation)?;
    interests.requested_by.insert(row.requested_by.clone());
    let judged = approvals::judge(tx, &chain, &interests, &policy.segregation)?;
    Ok((chain, judged))
}

/// Ends what nobody will decide any more.
///
/// # Errors
/// What the database reports.
pub fn end(tx: &mut Tx<'_>, id: AmendmentId) -> Result<()> {
    approvals::end(tx, KIND, &id.to_string())
}

/// Escalates the step of an amendment that has waited too long, under the lock that it is decided under, and tells of it. Says
/// whether it was escalated now.
///
/// # Errors
/// 404 if there is no such amendment.
pub fn escalate(tx: &mut Tx<'_>, step: &StepRow) -> Result<bool> {
    let id: AmendmentId = step.subject_id.parse().map_err(Error::internal)?;
    let deal: DealId = queries::path(tx, id)?.id;
    let registration = registrations::locked(tx, deal)?;
    let Some(step) = approvals::escalate(tx, step.id)? else {
        return Ok(false);
    };
    registrations::tell_vendor(tx, &registration, "deal.approval_escalated")?;
    let detail = format!(
        "The step of amendment {id} waited too long: {}. {} may decide it too.",
        step.name, step.escalate_to
    );
    history::note(tx, deal, Entry::action("escalate").detail(detail).for_vendor())?;
    Ok(true)
}

/// One more has agreed to what takes several.
///
/// # Errors
/// What the database reports.
pub fn agreed_by_some(
    tx: &mut Tx<'_>,
    deal: &Registration,
    row: &AmendmentRow,
    cast: &Cast,
    agreed: i64,
) -> Result<DealAmendment> {
    let after = AmendmentRow {
        revision: row.revision + 1,
        updated_at: tx.moment(),
        ..row.clone()
    };
    queries::save(tx, &deal.deal, row, &after, "deal_amendment.voted")?;
    let detail = format!("{agreed} of {} have agreed.", cast.step.quorum);
    history::note(
        tx,
        deal.deal.id,
        Entry::action("approve_amendment").detail(detail).for_vendor(),
    )?;
    Ok(after.seen(&deal.deal, Reader::of(tx.caller())))
}
