//! Who may decide a step, in whose name, and what a decision makes of it. Pure.

use super::{
    model::{ApprovalKind, ApprovalReason, ApprovalStepStatus, ApprovalVerdict},
    policy::ApproverRole,
};
use crate::{
    auth::{Role, Roles},
    kernel::{
        Time,
        ids::{DelegationId, UserId},
    },
};

/// That somebody is away and another stands in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// The delegation.
    pub id: DelegationId,
    /// Who is away.
    pub person: UserId,
    /// Who stands in.
    pub delegate: UserId,
    /// What it is limited to; all if empty.
    pub kinds: Vec<ApprovalKind>,
    /// From when on.
    pub starts_at: Time,
    /// The first moment at which it no longer holds.
    pub ends_at: Time,
}

impl Link {
    fn covers(&self, kind: ApprovalKind) -> bool {
        self.kinds.is_empty() || self.kinds.contains(&kind)
    }
}

/// Who stands in for a person, of all delegations in force at one moment: who stands in may be away as well, then it is who
/// stands in for them. With it the delegation of the person itself. Nothing for who is there.
pub fn stand_in(links: &[Link], kind: ApprovalKind, person: UserId) -> Option<(UserId, &Link)> {
    let next = |person: UserId| links.iter().find(|link| link.person == person && link.covers(kind));
    let first = next(person)?;
    let mut present = first.delegate;
    // There are no circles; the count only keeps a broken table from holding the program up.
    for _ in links {
        match next(present) {
            Some(link) => present = link.delegate,
            None => return Some((present, first)),
        }
    }
    None
}

/// Whom somebody stands in for, directly or through others who are away too, of all delegations in force at one moment.
pub fn represented(links: &[Link], kind: ApprovalKind, me: UserId) -> Vec<(UserId, DelegationId)> {
    links
        .iter()
        .filter(|link| link.covers(kind))
        .filter(|link| stand_in(links, kind, link.person).is_some_and(|(present, _)| present == me))
        .map(|link| (link.person, link.id))
        .collect()
}

/// Whether a new delegation would lead back to who is away, for some kind of record at some moment of its period.
pub fn closes_circle(links: &[Link], new: &Link) -> bool {
    ApprovalKind::ALL
        .iter()
        .copied()
        .filter(|kind| new.covers(*kind))
        .any(|kind| {
            let of_kind: Vec<&Link> = links.iter().filter(|link| link.covers(kind)).collect();
            leads_back(
                &of_kind,
                new.person,
                new.delegate,
                (new.starts_at, new.ends_at),
                links.len(),
            )
        })
}

/// Whether decisions that come to `at` in that period would come to `to`, over so many further links at most: there are no
/// circles among the links, and the count only keeps a broken table from holding the program up.
fn leads_back(links: &[&Link], to: UserId, at: UserId, (from, until): (Time, Time), most: usize) -> bool {
    let Some(left) = most.checked_sub(1) else { return false };
    links.iter().filter(|link| link.person == at).any(|link| {
        let period = (link.starts_at.max(from), link.ends_at.min(until));
        period.0 < period.1 && (link.delegate == to || leads_back(links, to, link.delegate, period, left))
    })
}

/// Whether those roles may decide a step of that role, and why. Administrators may decide every step.
pub fn permits(role: ApproverRole, escalated: Option<ApproverRole>, roles: Roles) -> Option<ApprovalReason> {
    if roles.has(role.role()) || roles.has(Role::Admin) {
        Some(ApprovalReason::OwnRole)
    } else if escalated.is_some_and(|to| roles.has(to.role())) {
        Some(ApprovalReason::Escalated)
    } else {
        None
    }
}

/// What the votes make of a step: one who refuses refuses it, and it is agreed when as many agree as must.
pub fn outcome(quorum: i64, votes: &[ApprovalVerdict]) -> ApprovalStepStatus {
    let agreed = votes.iter().filter(|vote| **vote == ApprovalVerdict::Approved).count();
    if votes.contains(&ApprovalVerdict::Rejected) {
        ApprovalStepStatus::Rejected
    } else if i64::try_from(agreed).is_ok_and(|agreed| agreed >= quorum) {
        ApprovalStepStatus::Approved
    } else {
        ApprovalStepStatus::Pending
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::kernel::ids::Id as _;

    fn link(number: u64, person: u64, delegate: u64, from: i64, until: i64) -> Link {
        Link {
            id: DelegationId::example(number),
            person: UserId::example(person),
            delegate: UserId::example(delegate),
            kinds: Vec::new(),
            starts_at: Time::from_micros(from),
            ends_at: Time::from_micros(until),
        }
    }

    fn at(links: &[Link], moment: i64) -> Vec<Link> {
        let moment = Time::from_micros(moment);
        links
            .iter()
            .filter(|link| link.starts_at <= moment && moment < link.ends_at)
            .cloned()
            .collect()
    }

    /// What a delegation is limited to; all if empty.
    fn kinds() -> impl Strategy<Value = Vec<ApprovalKind>> {
        proptest::sample::subsequence(ApprovalKind::ALL.to_vec(), 0..=ApprovalKind::ALL.len())
    }

    prop_compose! {
        /// Delegations taken in one after the other, as the program does: none overlaps one of the same person, none closes a circle.
        fn taken_in()(asked in proptest::collection::vec((1_u64..6, 1_u64..6, 0_i64..20, 1_i64..8, kinds()), 0..12)) -> Vec<Link> {
            let mut links: Vec<Link> = Vec::new();
            for (number, (person, delegate, from, length, kinds)) in (1..).zip(asked) {
                let new = Link { kinds, ..link(number, person, delegate, from, from + length) };
                let overlaps = links.iter().any(|other| other.person == new.person && other.starts_at < new.ends_at && new.starts_at < other.ends_at);
                if person != delegate && !overlaps && !closes_circle(&links, &new) {
                    links.push(new);
                }
            }
            links
        }
    }

    proptest! {
        #[test]
        fn whoever_is_away_has_somebody_who_is_there(links in taken_in(), moment in 0_i64..30) {
            let links = at(&links, moment);
            for kind in ApprovalKind::ALL.iter().copied() {
                for away in links.iter().filter(|link| link.covers(kind)) {
                    let (present, first) = stand_in(&links, kind, away.person).expect("somebody is there");
                    prop_assert_eq!(first.id, away.id);
                    prop_assert!(stand_in(&links, kind, present).is_none(), "who stands in is there");
                    prop_assert!(represented(&links, kind, present).contains(&(away.person, away.id)));
                    prop_assert!(represented(&links, kind, away.person).is_empty(), "who is away stands in for nobody");
                }
            }
        }

        #[test]
        fn a_circle_is_seen_wherever_it_closes(length in 2_u64..6, gap in proptest::option::of(0_u64..6)) {
            // 1 → 2 → … → 1, all at the same time, or one of them at another.
            let links: Vec<Link> = (1..length).map(|person| {
                let apart = gap == Some(person);
                link(person, person, person + 1, if apart { 20 } else { 0 }, if apart { 30 } else { 10 })
            }).collect();
            let closing = link(99, length, 1, 0, 10);
            prop_assert_eq!(closes_circle(&links, &closing), gap.is_none_or(|gap| gap == 0 || gap >= length));
        }

        #[test]
        fn a_circle_is_one_of_a_kind_and_a_moment(
            links in taken_in(), person in 1_u64..6, delegate in 1_u64..6, from in 0_i64..20, length in 1_i64..8, kinds in kinds()
        ) {
            prop_assume!(person != delegate);
            let new = Link { kinds, ..link(99, person, delegate, from, from + length) };
            // Every kind and every moment by itself: who decides for whom, from one to the next.
            let closed = ApprovalKind::ALL.iter().filter(|kind| new.covers(**kind)).any(|kind| {
                (from..from + length).any(|moment| {
                    let held: Vec<Link> = at(&links, moment).into_iter().filter(|link| link.covers(*kind)).collect();
                    let mut reached = vec![new.delegate];
                    for _ in &held {
                        let next = held.iter().filter(|link| reached.contains(&link.person)).map(|link| link.delegate);
                        let next: Vec<UserId> = next.collect();
                        reached.extend(next);
                    }
                    reached.contains(&new.person)
                })
            });
            prop_assert_eq!(closes_circle(&links, &new), closed);
        }

        #[test]
        fn one_refusal_refuses_and_fewer_than_the_quorum_decide_nothing(quorum in 1_i64..6, agreed in 0_usize..8, refused in 0_usize..3) {
            let mut votes = vec![ApprovalVerdict::Approved; agreed];
            votes.extend(vec![ApprovalVerdict::Rejected; refused]);
            let wanted = if refused > 0 {
                ApprovalStepStatus::Rejected
            } else if i64::try_from(agreed).unwrap() >= quorum {
                ApprovalStepStatus::Approved
            } else {
                ApprovalStepStatus::Pending
            };
            prop_assert_eq!(outcome(quorum, &votes), wanted);
        }

        #[test]
        fn an_escalation_only_ever_adds(step in proptest::sample::select(ApproverRole::ALL), to in proptest::sample::select(ApproverRole::ALL), role in proptest::sample::select(Role::ALL)) {
            let roles = Roles::of(&[role]);
            if let Some(reason) = permits(step, None, roles) {
                prop_assert_eq!(permits(step, Some(to), roles), Some(reason));
            }
            prop_assert_eq!(permits(step, Some(to), roles).is_some(), role == step.role() || role == Role::Admin || role == to.role());
        }
    }

    #[test]
    fn a_link_of_one_kind_does_not_lead_on_to_one_of_another() {
        let of = |number, person, delegate, kinds: &[ApprovalKind]| Link {
            kinds: kinds.to_vec(),
            ..link(number, person, delegate, 0, 10)
        };
        let (deal, amendment) = (ApprovalKind::DealRegistration, ApprovalKind::DealAmendment);
        let links = [of(1, 2, 3, &[deal, amendment]), of(2, 3, 1, &[amendment])];
        assert!(
            !closes_circle(&links, &of(3, 1, 2, &[deal])),
            "no kind of record comes back"
        );
        assert!(closes_circle(&links, &of(3, 1, 2, &[amendment])));
        assert!(closes_circle(&links, &of(3, 1, 2, &[])));
    }
}
