//! Who may not decide on a record, whatever their role: who brought it in, whose it is, and who looks after its partner or a
//! competitor of it. Pure; whoever owns the record says what stands where.

use std::collections::{BTreeMap, BTreeSet};

use super::{policy::SegregationPolicy, rows::StepRow};
use crate::kernel::{
    ids::{PartnerId, UserId},
    states::FailingGuard,
};

/// Whom a record concerns.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Interests {
    /// Who sent it in, as texts of actors.
    pub submitted_by: BTreeSet<String>,
    /// Who asked for the change that is decided, as texts of actors.
    pub requested_by: BTreeSet<String>,
    /// Who wrote it, or had it written, as texts of actors.
    pub owners: BTreeSet<String>,
    /// The primary account managers of its partner.
    pub managers: BTreeSet<UserId>,
    /// The primary account managers of partners that compete for the same.
    pub competing: BTreeSet<UserId>,
}

impl Interests {
    /// Whom a step concerns, as far as the step tells: who brought the record in, and who looks after its partner.
    pub fn of_step(step: &StepRow, managers: &BTreeMap<PartnerId, UserId>) -> Self {
        let manager = step.partner_id.and_then(|partner| managers.get(&partner));
        Self {
            requested_by: [step.requested_by.clone()].into(),
            managers: manager.copied().into_iter().collect(),
            ..Self::default()
        }
    }

    /// What stands against a decision by the caller.
    pub fn against(&self, policy: &SegregationPolicy, actor: &str, user: Option<UserId>) -> Vec<FailingGuard> {
        let mut failing = Vec::new();
        let sent_in = policy.own_submissions && self.submitted_by.contains(actor);
        let wrote = policy.own_records && self.owners.contains(actor);
        if sent_in || wrote {
            failing.push(FailingGuard::new(
                "not_own_submission",
                "You wrote this or sent it in; somebody else decides it.",
            ));
        }
        if policy.own_submissions && self.requested_by.contains(actor) {
            failing.push(FailingGuard::new(
                "not_own_request",
                "You asked for this; somebody else decides it.",
            ));
        }
        if policy.managed_partners && user.is_some_and(|user| self.managers.contains(&user)) {
            failing.push(FailingGuard::new(
                "not_managed_partner",
                "You look after the partner; somebody else decides it.",
            ));
        }
        if policy.competing_partners && user.is_some_and(|user| self.competing.contains(&user)) {
            failing.push(FailingGuard::new(
                "no_competing_interest",
                "You look after a partner that claims the same scope; somebody else decides it.",
            ));
        }
        failing
    }

    /// What stands against a decision in the name of somebody who is away.
    pub fn against_absent(&self, policy: &SegregationPolicy, user: UserId) -> Vec<FailingGuard> {
        self.against(policy, &user.to_string(), Some(user))
            .into_iter()
            .map(|guard| {
                FailingGuard::new(
                    &guard.guard,
                    format!("What keeps {user} from deciding this keeps you as well, who stand in for them."),
                )
            })
            .collect()
    }

    /// Whether the person may decide, as far as the record goes.
    pub fn lets(&self, policy: &SegregationPolicy, user: UserId) -> bool {
        self.against(policy, &user.to_string(), Some(user)).is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::ids::Id as _;

    #[test]
    fn each_rule_can_be_switched_by_itself() {
        let (writer, manager, rival) = (UserId::example(1), UserId::example(2), UserId::example(3));
        let interests = Interests {
            submitted_by: [writer.to_string()].into(),
            requested_by: BTreeSet::new(),
            owners: [writer.to_string()].into(),
            managers: [manager].into(),
            competing: [rival].into(),
        };
        let usual = SegregationPolicy::default();
        let lets = |policy: &SegregationPolicy| [writer, manager, rival].map(|user| interests.lets(policy, user));
        assert_eq!(lets(&usual), [false, true, false]);
        let strict = SegregationPolicy {
            managed_partners: true,
            ..usual
        };
        assert_eq!(lets(&strict), [false, false, false]);
        let half = SegregationPolicy {
            own_submissions: false,
            ..usual
        };
        assert_eq!(lets(&half), [false, true, false], "they wrote it all the same");
        let free = SegregationPolicy {
            own_submissions: false,
            own_records: false,
            managed_partners: false,
            competing_partners: false,
        };
        assert_eq!(lets(&free), [true, true, true]);
    }
}
