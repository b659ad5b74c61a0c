//! One function per operation: take, call, answer.

use actix_web::get;

use super::{
    chain,
    model::{ApprovalFilter, ApprovalSubject, PendingApproval},
    queries,
    segregation::Interests,
    voices, voting,
};
use crate::{
    auth::Caller,
    db::Db,
    http::{Query, Reply},
    kernel::page::{Page, Paging},
    policies,
};

/// List what waits for a decision
///
/// The steps of approval chains whose turn it is, the longest waiting first, of the records that the caller may see. `mine=true`
/// leaves those that may wait for the caller: because their role decides them, because they stand in for somebody who is away,
/// or because they were escalated; without what they brought in themselves, and without chains that they have decided a step
/// of. What they wrote themselves, and whether they look after a competitor, is judged with the record.
#[utoipa::path(params(ApprovalFilter, Paging))]
#[get("")]
pub async fn list_approvals(
    db: Db,
    caller: Caller,
    filter: Query<ApprovalFilter>,
    paging: Paging,
) -> Reply<Page<PendingApproval>> {
    db.snapshot(&caller, move |tx| {
        let now = tx.now;
        let segregation = policies::in_force(tx, now)?.registration.segregation;
        let absent = voting::absent(tx)?;
        let page = queries::page(tx, &filter.0, &absent, &segregation, &paging)?;
        let mut chains = chain::around(tx, &page.data)?;
        let managers = voting::managers(tx, &page.data, &segregation)?;
        let caller = tx.caller();
        Ok(page.map(|step| {
            let chain = chains.remove(&step.id).unwrap_or_default();
            let escalation = chain.escalation_of(step.id);
            let interests = Interests::of_step(&step, &managers);
            let voice = voices::able(caller, &chain, &step, &absent, (&interests, &segregation));
            PendingApproval {
                id: step.id,
                subject: ApprovalSubject {
                    kind: step.subject_type,
                    path: step.subject_type.path(&step.subject_id),
                    id: step.subject_id,
                    label: step.subject_label,
                    partner_id: step.partner_id,
                },
                round: step.round,
                position: step.position,
                name: step.name,
                role: step.approver_role,
                quorum: step.quorum,
                agreed: i64::try_from(chain.votes_on(step.id).count()).unwrap_or(i64::MAX),
                since: step.pending_since.unwrap_or(step.created_at),
                due_at: step.due_at.filter(|_| step.paused_at.is_none()),
                paused_at: step.paused_at,
                escalates_at: step
                    .escalates_at
                    .filter(|_| escalation.is_none() && step.paused_at.is_none()),
                escalated_at: escalation.map(|row| row.escalated_at),
                escalated_to: escalation.map(|row| row.escalated_to),
                because: voice.map(|voice| voice.because),
                on_behalf_of: voice.and_then(|voice| voice.on_behalf_of()),
            }
        }))
    })
    .await
}
