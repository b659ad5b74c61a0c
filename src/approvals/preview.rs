//! Who is asked by name: those who hold the role of a step, are there, see the record and may decide on it; and who stands in
//! for those who are away.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    chain::Chain,
    delegations,
    model::{ApprovalChainStep, ApprovalKind, ApprovalStepStatus, ApprovalVote, AskedPerson, AwayPerson},
    policy::SegregationPolicy,
    rows::{StepRow, VoteRow},
    rules::{self, Link},
    segregation::Interests,
    voices::spoken,
};
use crate::{
    auth::{Role, permissions::roles_may_call},
    db::Tx,
    error::Result,
    identity::{self, users::VendorPerson},
    kernel::ids::UserId,
};

/// The most people that are named of one step.
const NAMED: usize = 100;

/// The people of a program's approvals at one moment.
struct People {
    /// Those of the vendor who are active and hold a role of the chain or stand in for somebody.
    active: BTreeMap<UserId, VendorPerson>,
    /// Who of them sees the record.
    seeing: BTreeSet<UserId>,
    links: Vec<Link>,
}

/// The chain as the vendor sees it: with votes, escalations, and who is asked by name.
///
/// # Errors
/// What the database reports.
pub fn for_vendor(
    tx: &mut Tx<'_>,
    chain: &Chain,
    interests: &Interests,
    segregation: &SegregationPolicy,
) -> Result<Vec<ApprovalChainStep>> {
    let open = |step: &&StepRow| matches!(step.status, ApprovalStepStatus::Waiting | ApprovalStepStatus::Pending);
    let people = match chain.steps.iter().find(open) {
        None => None,
        Some(step) => {
            let links = delegations::in_force(tx)?;
            let roles: BTreeSet<Role> = chain
                .steps
                .iter()
                .flat_map(|step| [step.approver_role.role(), step.escalate_to.role()])
                .collect();
            let standing_in: Vec<UserId> = links.iter().map(|link| link.delegate).collect();
            let active: BTreeMap<UserId, VendorPerson> =
                identity::users::vendor_people(tx, &roles.into_iter().collect::<Vec<_>>(), &standing_in)?
                    .into_iter()
                    .map(|person| (person.id, person))
                    .collect();
            let ids: Vec<UserId> = active.keys().copied().collect();
            let seeing = match step.partner_id {
                Some(partner) => identity::who_sees(tx, partner, &ids)?,
                None => ids.into_iter().collect(),
            };
            Some(People { active, seeing, links })
        }
    };
    Ok(chain
        .steps
        .iter()
        .map(|step| {
            let (asked, away) = people
                .as_ref()
                .filter(|_| open(&step))
                .map(|people| asked(people, chain, step, interests, segregation))
                .unwrap_or_default();
            let escalation = chain.escalation_of(step.id);
            ApprovalChainStep {
                decided_by: step.decided_by.clone(),
                votes: Some(chain.votes_on(step.id).map(seen).collect()),
                escalates_at: step.escalates_at.filter(|_| {
                    escalation.is_none() && step.paused_at.is_none() && step.status == ApprovalStepStatus::Pending
                }),
                escalated_at: escalation.map(|row| row.escalated_at),
                asked: Some(asked),
                away: Some(away),
                ..plain(step)
            }
        })
        .collect())
}

/// The chain as a partner sees it: what must be agreed, and what was, without who.
pub fn for_partner(chain: &Chain) -> Vec<ApprovalChainStep> {
    chain.steps.iter().map(plain).collect()
}

fn plain(step: &StepRow) -> ApprovalChainStep {
    ApprovalChainStep {
        id: Some(step.id),
        position: step.position,
        name: step.name.clone(),
        role: step.approver_role,
        from: step.from_amount(),
        quorum: step.quorum,
        status: step.status,
        pending_since: step.pending_since,
        decided_by: None,
        decided_at: step.decided_at,
        votes: None,
        escalates_at: None,
        escalated_at: None,
        asked: None,
        away: None,
    }
}

fn seen(vote: &VoteRow) -> ApprovalVote {
    ApprovalVote {
        person_id: vote.person_id,
        on_behalf_of: (vote.voice_id != vote.person_id).then_some(vote.voice_id),
        decision: vote.decision,
        reason: vote.reason.clone(),
        decided_at: vote.decided_at,
    }
}

fn asked(
    people: &People,
    chain: &Chain,
    step: &StepRow,
    interests: &Interests,
    segregation: &SegregationPolicy,
) -> (Vec<AskedPerson>, Vec<AwayPerson>) {
    let escalated = chain.escalation_of(step.id).map(|row| row.escalated_to.role());
    let holds = |role: Role| role == step.approver_role.role() || escalated == Some(role);
    let operation = step.subject_type.operation();
    let lets = |user: UserId| people.seeing.contains(&user) && interests.lets(segregation, user);
    // Whether the one may decide in the name of the other.
    let may = |present: &VendorPerson, voice: UserId| {
        roles_may_call(present.roles, operation) && lets(present.id) && spoken(chain, step, present.id, voice).is_none()
    };
    let mut asked = Vec::new();
    let mut away = Vec::new();
    let mut holders: Vec<&VendorPerson> = people
        .active
        .values()
        .filter(|person| person.roles.list().into_iter().any(holds))
        .filter(|person| lets(person.id) && spoken(chain, step, person.id, person.id).is_none())
        .collect();
    holders.sort_by(|a, b| (&a.name, a.id).cmp(&(&b.name, b.id)));
    for person in holders {
        match stand_in(&people.links, step.subject_type, person.id) {
            None => asked.extend(may(person, person.id).then(|| AskedPerson {
                user_id: person.id,
                name: person.name.clone(),
                on_behalf_of: None,
            })),
            Some((present, link)) => {
                let present = present
                    .and_then(|user| people.active.get(&user))
                    .filter(|user| may(user, person.id));
                asked.extend(present.map(|user| AskedPerson {
                    user_id: user.id,
                    name: user.name.clone(),
                    on_behalf_of: Some(person.id),
                }));
                away.push(AwayPerson {
                    user_id: person.id,
                    name: person.name.clone(),
                    until: link.ends_at,
                    stand_in_id: present.map(|user| user.id),
                    stand_in_name: present.map(|user| user.name.clone()),
                });
            }
        }
    }
    asked.truncate(NAMED);
    away.truncate(NAMED);
    (asked, away)
}

/// Who stands in for a person, of delegations in force, with the delegation of the person itself.
fn stand_in(links: &[Link], kind: ApprovalKind, person: UserId) -> Option<(Option<UserId>, &Link)> {
    let own = links
        .iter()
        .find(|link| link.person == person && (link.kinds.is_empty() || link.kinds.contains(&kind)))?;
    Some((rules::stand_in(links, kind, person).map(|(present, _)| present), own))
}
