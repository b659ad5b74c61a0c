//! In whose names somebody could decide a step, and what stands against each. Pure: whoever asks has loaded the chain.

use super::{
    chain::Chain,
    model::{ApprovalKind, ApprovalReason},
    policy::{ApproverRole, SegregationPolicy},
    rows::{StepRow, VoteRow},
    rules,
    segregation::Interests,
};
use crate::{
    auth::{Caller, Roles, Rows, permissions::may_call},
    kernel::{
        ids::{DelegationId, UserId},
        states::{FailingGuard, guard},
    },
};

/// Somebody who is away and whom the caller stands in for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Absent {
    /// Who is away.
    pub user: UserId,
    /// By which delegation.
    pub delegation: DelegationId,
    /// What it is limited to; all if empty.
    pub kinds: Vec<ApprovalKind>,
    /// Their roles.
    pub roles: Roles,
    /// Whose rows they see.
    pub rows: Rows,
}

/// In whose name the caller may decide a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Voice {
    /// Who decides.
    pub person: UserId,
    /// Whose decision it is: their own, or that of whom they stand in for.
    pub voice: UserId,
    /// By which delegation.
    pub delegation: Option<DelegationId>,
    /// Why the step is theirs to decide.
    pub because: ApprovalReason,
}

impl Voice {
    /// Whom the person stands in for, if they do.
    pub fn on_behalf_of(&self) -> Option<UserId> {
        (self.voice != self.person).then_some(self.voice)
    }
}

/// Every name in which the caller could decide the step by role, the own first.
fn voices(caller: &Caller, step: &StepRow, escalated: Option<ApproverRole>, absent: &[Absent]) -> Vec<Voice> {
    let Some(person) = caller.user() else {
        return Vec::new();
    };
    let own = rules::permits(step.approver_role, escalated, caller.roles()).map(|because| Voice {
        person,
        voice: person,
        delegation: None,
        because,
    });
    let lent = absent
        .iter()
        .filter(|one| one.kinds.contains(&step.subject_type))
        .filter(|one| match (&one.rows, step.partner_id) {
            (Rows::All, _) => true,
            (Rows::Partners(partners), Some(partner)) => partners.contains(&partner),
            (Rows::Partners(_), None) => false,
        })
        .filter(|one| rules::permits(step.approver_role, escalated, one.roles).is_some())
        .map(|one| Voice {
            person,
            voice: one.user,
            delegation: Some(one.delegation),
            because: ApprovalReason::Delegated,
        });
    own.into_iter().chain(lent).collect()
}

/// Every name in which the caller could decide the step, the own first, each with what stands against it: what concerns the
/// caller, what concerns whom they stand in for, and what was decided before.
pub fn weighed(
    caller: &Caller,
    chain: &Chain,
    step: &StepRow,
    absent: &[Absent],
    (interests, segregation): (&Interests, &SegregationPolicy),
) -> Vec<(Voice, Vec<FailingGuard>)> {
    let own = interests.against(segregation, &caller.actor_text(), caller.user());
    let escalated = chain.escalation_of(step.id).map(|row| row.escalated_to);
    let against = |voice: Voice| {
        let mut failing = own.clone();
        if let Some(absent) = voice.on_behalf_of() {
            failing.extend(interests.against_absent(segregation, absent));
        }
        failing.extend(spoken(chain, step, voice.person, voice.voice));
        (voice, failing)
    };
    voices(caller, step, escalated, absent)
        .into_iter()
        .map(against)
        .collect()
}

/// The first name in which the caller may decide the step; none if there is none, or if the caller may not call the operation
/// that decides such records.
pub fn able(
    caller: &Caller,
    chain: &Chain,
    step: &StepRow,
    absent: &[Absent],
    concern: (&Interests, &SegregationPolicy),
) -> Option<Voice> {
    if !may_call(caller, step.subject_type.operation()) {
        return None;
    }
    weighed(caller, chain, step, absent, concern)
        .into_iter()
        .find(|(_, failing)| failing.is_empty())
        .map(|(voice, _)| voice)
}

/// What stands against a decision by that person in that name because of what was decided before: whoever has spoken in a
/// chain, for themselves, for another or through another, does not speak in it again.
pub fn spoken(chain: &Chain, step: &StepRow, person: UserId, voice: UserId) -> Option<FailingGuard> {
    let theirs = |vote: &&VoteRow| {
        [vote.person_id, vote.voice_id]
            .iter()
            .any(|who| *who == person || *who == voice)
    };
    let vote = chain.votes.iter().find(theirs)?;
    Some(if vote.step_id == step.id {
        guard(
            "already_decided",
            "#",
            "You have decided this step, or somebody has in the same name; the others take other people.",
        )
    } else {
        guard(
            "another_person",
            "#",
            "You decided an earlier step of this chain; the next takes another person.",
        )
    })
}
