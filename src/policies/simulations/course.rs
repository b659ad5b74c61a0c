//! What became of a deal after it was sent in (who decided on it, what was asked of its protection and its terms, when it was won,
//! and which reasons were given), and what a policy says to that. Pure.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    model::PolicyQuestion,
    rules::{Answer, PastDeal, count},
};
use crate::{
    approvals::{Interests, SegregationPolicy},
    deals::{
        amendments::{self, AmendmentRow, DealAmendmentStatus},
        extensions::{self, DealExtensionStatus, ExtensionRow},
        outcomes,
        registrations::{DealStage, DecisionOutcome, DecisionRow, ReviewStatus, history::PastStep},
        reopenings::{DealReopening, DealReopeningStatus},
    },
    kernel::{
        Time,
        ids::{PartnerId, UserId},
    },
    policies::{PolicyCode, ProgramSettings, ReasonKind, ReasonPolicy, RegistrationPolicy},
};

/// The step by which a win is reported.
const WIN: &str = "win";

/// The steps that are taken for a reason, each with what the reason is given for. Why somebody was passed over stands in the
/// decision.
const GIVEN: [(&str, ReasonKind); 9] = [
    ("reject", ReasonKind::Rejection),
    ("revoke", ReasonKind::Revocation),
    ("withdraw", ReasonKind::Withdrawal),
    ("request_info", ReasonKind::InfoRequest),
    ("lose", ReasonKind::Loss),
    ("reject_win", ReasonKind::WinRejection),
    ("reject_amendment", ReasonKind::AmendmentRejection),
    ("deny_extension", ReasonKind::ExtensionDenial),
    ("request_reopening", ReasonKind::Reopening),
];

/// The steps of its history that a deal's course is read from.
pub fn steps() -> Vec<&'static str> {
    GIVEN.iter().map(|(step, _)| *step).chain([WIN]).collect()
}

/// A decision that somebody made, and whom it concerned then.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Vote {
    /// Who, as text of an actor.
    by: String,
    /// Who was away, if somebody stood in for them.
    absent: Option<UserId>,
    at: Time,
    interests: Interests,
}

/// What became of a deal.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Course {
    votes: Vec<Vote>,
    /// When the whole was approved, or was before the vendor anew.
    settled: Vec<Time>,
    /// What was asked for, the oldest first.
    extensions: Vec<ExtensionRow>,
    /// What was changed after the grant, the oldest first.
    amendments: Vec<AmendmentRow>,
    /// When its win was last reported.
    won_at: Option<Time>,
    /// The reasons that were given, each once.
    reasons: BTreeSet<(ReasonKind, PolicyCode)>,
}

impl Course {
    fn voted(&mut self, by: Option<String>, at: Option<Time>, requested_by: Option<String>, absent: Option<UserId>) {
        let (Some(by), Some(at)) = (by, at) else { return };
        let interests = Interests {
            requested_by: requested_by.into_iter().collect(),
            ..Interests::default()
        };
        self.votes.push(Vote {
            by,
            absent,
            at,
            interests,
        });
    }

    /// Adds a decision. Those on extensions, amendments and reopenings come with what was asked for.
    pub fn add_decision(&mut self, row: DecisionRow) {
        use DecisionOutcome::{AppealUpheld, Approved, AutoApproved, Rejected, Reopened, StepApproved};
        if matches!(row.outcome, Approved | AutoApproved | AppealUpheld | Reopened) {
            self.settled.push(row.decided_at);
        }
        if let Some(code) = row.override_code.and_then(|code| code.parse().ok()) {
            self.reasons.insert((ReasonKind::Override, code));
        }
        if matches!(row.outcome, Approved | StepApproved | Rejected) {
            let absent = row.on_behalf_of.and_then(|user| user.parse().ok());
            self.voted(Some(row.decided_by), Some(row.decided_at), None, absent);
        }
    }

    /// Adds an extension that was asked for; the oldest comes first.
    pub fn add_extension(&mut self, row: ExtensionRow) {
        if matches!(row.status, DealExtensionStatus::Granted | DealExtensionStatus::Denied) {
            let (by, asked) = (row.decided_by.clone(), row.requested_by.clone());
            self.voted(by, row.decided_at, Some(asked), None);
        }
        self.extensions.push(row);
    }

    /// Adds an amendment; the oldest comes first.
    pub fn add_amendment(&mut self, row: AmendmentRow) {
        if matches!(
            row.status,
            DealAmendmentStatus::Approved | DealAmendmentStatus::Rejected
        ) {
            let (by, asked) = (row.decided_by.clone(), row.requested_by.clone());
            self.voted(by, row.decided_at, Some(asked), None);
        }
        self.amendments.push(row);
    }

    /// Adds a reopening.
    pub fn add_reopening(&mut self, row: DealReopening) {
        if matches!(
            row.status,
            DealReopeningStatus::Approved | DealReopeningStatus::Rejected
        ) {
            self.voted(row.decided_by, row.decided_at, Some(row.requested_by), None);
        }
    }

    /// Adds a step of its history; the oldest comes first.
    pub fn add_step(&mut self, step: PastStep) {
        if step.action == WIN {
            self.won_at = Some(step.at);
        }
        let kind = GIVEN
            .iter()
            .find(|(name, _)| *name == step.action)
            .map(|(_, kind)| *kind);
        let code: Option<PolicyCode> = step.reason_code.and_then(|code| code.parse().ok());
        self.reasons.extend(kind.zip(code));
    }

    /// Says whom each decision concerned: who brought the deal in, and who looked after its partner and after those that
    /// competed with it at that moment.
    pub fn concern(
        &mut self,
        brought_in_by: &Interests,
        (own, competing): (PartnerId, &BTreeSet<PartnerId>),
        manager: impl Fn(PartnerId, Time) -> Option<UserId>,
    ) {
        for vote in &mut self.votes {
            vote.interests.submitted_by.clone_from(&brought_in_by.submitted_by);
            vote.interests.owners.clone_from(&brought_in_by.owners);
            vote.interests.managers = manager(own, vote.at).into_iter().collect();
            let theirs = competing.iter().filter_map(|partner| manager(*partner, vote.at));
            vote.interests.competing = theirs.collect();
        }
    }

    /// The limits that its extensions would have met, each once.
    fn limits_met(&self, policy: &RegistrationPolicy) -> BTreeSet<&'static str> {
        let granted_before = |at: Time| {
            let granted = self.extensions.iter().filter(|other| {
                other.status == DealExtensionStatus::Granted && other.decided_at.is_some_and(|decided| decided <= at)
            });
            count(granted.count())
        };
        self.extensions
            .iter()
            .flat_map(|row| extensions::limits_met(row, granted_before(row.created_at), policy))
            .collect()
    }

    /// How many of its amendments would have been reviewed.
    fn reviewed(&self, percent: i64) -> usize {
        let would_be = |index: usize, row: &AmendmentRow| {
            let since = self.settled.iter().copied().filter(|at| *at <= row.created_at).max();
            let former = self.amendments.get(..index).unwrap_or_default();
            !amendments::would_be_reviewed(row, former, since, percent).is_empty()
        };
        let rows = self.amendments.iter().enumerate();
        rows.filter(|(index, row)| would_be(*index, row)).count()
    }

    /// Which guards would have stood against how many of its decisions, and how many decisions those are.
    fn forbidden(&self, policy: &SegregationPolicy) -> (BTreeMap<String, usize>, usize) {
        let (mut guards, mut decisions) = (BTreeMap::new(), 0);
        for vote in &self.votes {
            let own = vote.interests.against(policy, &vote.by, vote.by.parse().ok());
            let of_absent = vote.absent.map(|user| vote.interests.against_absent(policy, user));
            let names: BTreeSet<String> = own
                .into_iter()
                .chain(of_absent.into_iter().flatten())
                .map(|guard| guard.guard)
                .collect();
            decisions += usize::from(!names.is_empty());
            for name in names {
                *guards.entry(name).or_default() += 1;
            }
        }
        (guards, decisions)
    }

    /// The reasons that could not be given, each as what it is for and its code.
    fn retired(&self, reasons: &ReasonPolicy) -> Vec<String> {
        self.reasons
            .iter()
            .filter(|(kind, code)| reasons.labels(*kind, code).is_none())
            .map(|(kind, code)| format!("{kind}/{code}"))
            .collect()
    }
}

/// The names, or `none`.
fn listed(names: &[String]) -> String {
    if names.is_empty() {
        "none".to_owned()
    } else {
        names.join(", ")
    }
}

/// What a policy says to the course of a deal: an answer to each question that it gives rise to.
pub(super) fn judge(deal: &PastDeal, policy: &ProgramSettings) -> Vec<(PolicyQuestion, Answer)> {
    let (course, registration) = (&deal.course, &policy.registration);
    let mut found = Vec::new();
    if !course.extensions.is_empty() {
        let met: Vec<String> = course.limits_met(registration).into_iter().map(str::to_owned).collect();
        found.push((
            PolicyQuestion::ExtensionLimits,
            Answer::of(listed(&met), !met.is_empty()),
        ));
    }
    if course.amendments.iter().any(|row| row.changes.amount.is_some()) {
        let reviewed = course.reviewed(registration.amendment_percent);
        found.push((
            PolicyQuestion::AmendmentReview,
            Answer::counted(reviewed.to_string(), reviewed),
        ));
    }
    let row = &deal.registration.deal;
    let won = course.won_at.filter(|_| row.stage == DealStage::WON);
    if let Some(at) = won.filter(|_| row.review_status == ReviewStatus::Approved) {
        let early = outcomes::too_young(&deal.registration, registration.won_after_hours, at);
        found.push((PolicyQuestion::WonTooEarly, Answer::yes_or_no(early)));
    }
    if !course.votes.is_empty() {
        let (guards, decisions) = course.forbidden(&registration.segregation);
        let told: Vec<String> = guards.iter().map(|(name, times)| format!("{name}: {times}")).collect();
        found.push((PolicyQuestion::Segregation, Answer::counted(listed(&told), decisions)));
    }
    if !course.reasons.is_empty() {
        let retired = course.retired(&policy.reasons);
        found.push((
            PolicyQuestion::RetiredReason,
            Answer::of(listed(&retired), !retired.is_empty()),
        ));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::ids::Id as _;

    fn at(hour: i64) -> Time {
        Time::from_micros(0).plus_seconds(hour * 3600)
    }

    #[test]
    fn who_would_have_been_kept_from_deciding_depends_on_whom_it_concerned_then() {
        let (approver, partner, rival) = (UserId::example(1), PartnerId::example(1), PartnerId::example(2));
        let mut course = Course::default();
        for (hour, requested_by) in [(1, None), (5, Some(approver.to_string()))] {
            course.voted(Some(approver.to_string()), Some(at(hour)), requested_by, None);
        }
        // They looked after the partner until the third hour, and after the rival from then on.
        course.concern(
            &Interests::default(),
            (partner, &BTreeSet::from([rival])),
            |of, when| ((of == partner) == (when < at(3))).then_some(approver),
        );
        let told = |policy: &SegregationPolicy| {
            let (guards, decisions) = course.forbidden(policy);
            (guards.into_iter().collect::<Vec<_>>(), decisions)
        };
        let free = SegregationPolicy {
            own_submissions: false,
            own_records: false,
            managed_partners: false,
            competing_partners: false,
        };
        let one = |name: &str| (vec![(name.to_owned(), 1)], 1);
        assert_eq!(told(&free), (Vec::new(), 0));
        let managed = SegregationPolicy {
            managed_partners: true,
            ..free
        };
        assert_eq!(told(&managed), one("not_managed_partner"));
        let competing = SegregationPolicy {
            competing_partners: true,
            ..free
        };
        assert_eq!(told(&competing), one("no_competing_interest"));
        let asked = SegregationPolicy {
            own_submissions: true,
            ..free
        };
        assert_eq!(told(&asked), one("not_own_request"));
    }

    #[test]
    fn a_reason_that_the_list_no_longer_has_is_named_with_what_it_was_for() {
        let mut course = Course::default();
        for (action, code) in [("lose", "price"), ("withdraw", "other"), ("approve", "price")] {
            course.add_step(PastStep {
                deal_id: crate::kernel::ids::DealId::example(1),
                at: at(1),
                action: action.to_owned(),
                reason_code: Some(code.to_owned()),
            });
        }
        assert_eq!(course.reasons.len(), 2, "an approval is given for no reason");
        assert!(course.retired(&ReasonPolicy::default()).is_empty());
        let short: ReasonPolicy = serde_json::from_value(serde_json::json!({"loss": [{"code": "no_budget"}]})).unwrap();
        assert_eq!(course.retired(&short), ["loss/price"]);
    }
}
