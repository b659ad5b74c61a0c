//! Whether the caller may decide the step whose turn it is, and what their vote makes of the chain.

use std::collections::BTreeMap;

use super::{
    chain::{Chain, its_turn},
    clock, delegations,
    model::{ApprovalKind, ApprovalReason, ApprovalStepStatus, ApprovalVerdict},
    policy::SegregationPolicy,
    queries,
    rows::{StepRow, VoteRow},
    rules,
    segregation::Interests,
    voices::{self, Absent, Voice},
};
use crate::{
    db::{Clause, Tx},
    error::{Error, Result, codes},
    identity,
    kernel::{
        ids::{DelegationId, PartnerId, UserId},
        states::{FailingGuard, guard},
    },
    partners, policies,
};

/// Whom the caller stands in for now: people of the vendor who are active and away.
///
/// # Errors
/// What the database reports.
pub fn absent(tx: &mut Tx<'_>) -> Result<Vec<Absent>> {
    let caller = tx.caller();
    let Some(me) = caller.user().filter(|_| caller.is_vendor()) else {
        return Ok(Vec::new());
    };
    let links = delegations::in_force(tx)?;
    if !links.iter().any(|link| link.delegate == me) {
        return Ok(Vec::new());
    }
    let mut kinds: BTreeMap<UserId, (DelegationId, Vec<ApprovalKind>)> = BTreeMap::new();
    for kind in ApprovalKind::ALL.iter().copied() {
        for (person, delegation) in rules::represented(&links, kind, me) {
            kinds
                .entry(person)
                .or_insert_with(|| (delegation, Vec::new()))
                .1
                .push(kind);
        }
    }
    let people: Vec<UserId> = kinds.keys().copied().collect();
    let mut roles = identity::users::active_vendor_roles(tx, &people)?;
    let mut absent = Vec::new();
    for (user, (delegation, kinds)) in kinds {
        if let Some(roles) = roles.remove(&user) {
            let rows = identity::rows_of_user(tx, user)?;
            absent.push(Absent {
                user,
                delegation,
                kinds,
                roles,
                rows,
            });
        }
    }
    Ok(absent)
}

/// The primary account managers of the steps' partners, where the policy asks for them.
///
/// # Errors
/// What the database reports.
pub fn managers(
    tx: &mut Tx<'_>,
    steps: &[StepRow],
    segregation: &SegregationPolicy,
) -> Result<BTreeMap<PartnerId, UserId>> {
    if !segregation.managed_partners {
        return Ok(BTreeMap::new());
    }
    let mut named: Vec<PartnerId> = steps.iter().filter_map(|step| step.partner_id).collect();
    named.sort_unstable();
    named.dedup();
    let now = tx.now;
    partners::account_managers::primary_of(tx, &named, now)
}

/// Whether the caller may decide the step whose turn it is, and in whose name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judged {
    /// The step; none if none waits.
    pub step: Option<StepRow>,
    /// In whose name; none if something stands against it.
    pub voice: Option<Voice>,
    /// What stands against it.
    pub failing: Vec<FailingGuard>,
    /// What of that concerns the caller, whatever step it is.
    pub own: Vec<FailingGuard>,
}

impl Judged {
    /// What stands against a refusal of the record. `reviews`: whether the caller's role reviews such records; those may refuse
    /// one at every step. Anybody else refuses only the step that is theirs to decide, or that of whom they stand in for.
    pub fn against_refusal(&self, reviews: bool) -> &[FailingGuard] {
        if reviews { &self.own } else { &self.failing }
    }
}

/// Judges whether the caller may decide the step whose turn it is: by role, by an escalation, or for somebody who is away; not
/// on what concerns them or whom they stand in for; and not twice in one chain.
///
/// # Errors
/// What the database reports.
pub fn judge(tx: &mut Tx<'_>, chain: &Chain, interests: &Interests, segregation: &SegregationPolicy) -> Result<Judged> {
    let caller = tx.caller();
    let own = interests.against(segregation, &caller.actor_text(), caller.user());
    let with = |also: FailingGuard| own.iter().cloned().chain([also]).collect();
    let Some(step) = chain.pending() else {
        return Ok(Judged {
            step: None,
            voice: None,
            failing: with(guard(
                "step_pending",
                "#",
                "No step of the approval chain waits for a decision.",
            )),
            own,
        });
    };
    let absent = absent(tx)?;
    let weighed = voices::weighed(caller, chain, step, &absent, (interests, segregation));
    let voice = weighed
        .iter()
        .find(|(_, failing)| failing.is_empty())
        .map(|(voice, _)| *voice);
    let failing = match (voice, weighed.into_iter().next()) {
        (Some(_), _) => Vec::new(),
        (None, Some((_, failing))) => failing,
        (None, None) => with(guard(
            "step_role",
            "#",
            format!(
                "The step `{}` is decided by the role {}; somebody who has it must decide.",
                step.name, step.approver_role
            ),
        )),
    };
    Ok(Judged {
        step: Some(step.clone()),
        voice,
        failing,
        own,
    })
}

/// What a vote has made of the chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Turn {
    /// More people must agree to the same step.
    More {
        /// How many have.
        agreed: i64,
    },
    /// It is the next step's turn.
    Next,
    /// All have agreed.
    Complete,
    /// One has refused; nobody is asked any more.
    Refused,
}

/// A vote that was cast.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cast {
    /// The step, as it is now.
    pub step: StepRow,
    /// Whom the voter stood in for.
    pub on_behalf_of: Option<UserId>,
    /// How it goes on.
    pub turn: Turn,
}

/// Casts the caller's vote on a chain that was found with its lock: for themselves, or for who is away. Whoever calls has
/// judged it, and has refused what stands against it.
///
/// # Errors
/// 409 `guard_failed` if the step was decided in that name before.
pub fn cast(
    tx: &mut Tx<'_>,
    chain: &Chain,
    step: &StepRow,
    voice: Voice,
    verdict: ApprovalVerdict,
    reason: Option<&str>,
) -> Result<Cast> {
    let now = tx.moment();
    let vote = VoteRow {
        id: tx.new_id(),
        step_id: step.id,
        person_id: voice.person,
        voice_id: voice.voice,
        delegation_id: voice.delegation,
        decision: verdict,
        reason: reason.map(str::to_owned),
        decided_at: now,
    };
    queries::insert_vote(tx, &vote).map_err(|error| {
        if !error.is(&codes::ALREADY_EXISTS) {
            return error;
        }
        let failing = vec![guard("already_decided", "#", "You have decided this step.")];
        Error::guards(step.status, "approve", failing)
    })?;
    let verdicts: Vec<ApprovalVerdict> = chain
        .votes_on(step.id)
        .map(|vote| vote.decision)
        .chain([verdict])
        .collect();
    let status = rules::outcome(step.quorum, &verdicts);
    let decided = status != ApprovalStepStatus::Pending;
    let after = StepRow {
        status,
        decided_by: decided.then(|| tx.caller().actor_text()),
        decided_at: decided.then_some(now),
        note: reason.map(str::to_owned).filter(|_| decided),
        revision: step.revision + 1,
        updated_at: now,
        ..step.clone()
    };
    queries::save(tx, step, &after)?;
    let next = chain
        .steps
        .iter()
        .find(|other| other.position > step.position && other.status == ApprovalStepStatus::Waiting);
    let turn = match (status, next) {
        (ApprovalStepStatus::Rejected, _) => {
            queries::end(tx, step.subject_type, &step.subject_id)?;
            Turn::Refused
        }
        (ApprovalStepStatus::Approved, None) => Turn::Complete,
        (ApprovalStepStatus::Approved, Some(next)) => {
            let time = clock::of_step(tx, next)?;
            let turn = StepRow {
                revision: next.revision + 1,
                updated_at: now,
                ..its_turn(next.clone(), now, time.as_deref())
            };
            queries::save(tx, next, &turn)?;
            Turn::Next
        }
        _ => Turn::More {
            agreed: i64::try_from(verdicts.len()).unwrap_or(i64::MAX),
        },
    };
    Ok(Cast {
        step: after,
        on_behalf_of: voice.on_behalf_of(),
        turn,
    })
}

/// Refuses the step whose turn it is in the name of the caller, where what a refusal needs was judged elsewhere: whoever may
/// refuse a record may do so at every step. A caller to whom the step falls by nobody's role speaks for themselves.
///
/// # Errors
/// What the database reports.
pub fn refuse(tx: &mut Tx<'_>, chain: &Chain, voice: Option<Voice>, reason: Option<&str>) -> Result<Option<Cast>> {
    let Some(step) = chain.pending() else {
        return Ok(None);
    };
    let own = tx.caller().user().map(|person| Voice {
        person,
        voice: person,
        delegation: None,
        because: ApprovalReason::OwnRole,
    });
    let heard = |voice: &Voice| {
        chain
            .votes_on(step.id)
            .any(|vote| vote.person_id == voice.person || vote.voice_id == voice.voice)
    };
    // Whoever has agreed to this very step before may refuse the record all the same: their vote stays as it was cast.
    let Some(voice) = voice.or(own).filter(|voice| !heard(voice)) else {
        return Ok(None);
    };
    let step = step.clone();
    cast(tx, chain, &step, voice, ApprovalVerdict::Rejected, reason).map(Some)
}

/// Which steps wait for the caller's decision, of each kind of record: conditions on `approval_steps`, for lists of what waits.
///
/// # Errors
/// What the database reports.
pub fn waits_for_caller<const KINDS: usize>(tx: &mut Tx<'_>, kinds: [ApprovalKind; KINDS]) -> Result<[Clause; KINDS]> {
    let now = tx.now;
    let segregation = policies::in_force(tx, now)?.registration.segregation;
    let absent = absent(tx)?;
    Ok(kinds.map(|kind| queries::waits(tx, kind, &absent, &segregation)))
}
