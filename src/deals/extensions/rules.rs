//! What may happen to extensions, and which end they come to. Pure.

use super::{
    model::{DealExtensionGrant, DealExtensionStatus, NewDealExtension},
    queries::ExtensionRow,
};
use crate::{
    deals::registrations::{DealStage, Held, ReviewStatus},
    kernel::{
        Time,
        states::{FailingGuard, Machine, Transition, guard},
    },
    policies::RegistrationPolicy,
};

use DealExtensionStatus::{Denied, Granted, Pending, Withdrawn};

/// The machine of a request for more time.
pub const MACHINE: Machine<DealExtensionStatus> = Machine {
    name: "deal_extension.status",
    transitions: &[
        Transition {
            action: "grant",
            operation: Some("grantDealExtension"),
            from: &[Pending],
            to: &[Granted],
            guards: &[
                "the registration is approved, its deal open and its partner active",
                "the protection did not end while the extension waited",
                "the program's number of extensions is not used up",
                "the new end lies after the old one and now, and not after the one asked for",
                "the approver did not submit the registration, ask for the time, or manage a competing claimant",
                "the step of the program's chain for more time is the approver's to decide; without a chain, a reviewer's",
                "no active protection of another registration on the same scope (the database refuses it)",
            ],
        },
        Transition {
            action: "deny",
            operation: Some("denyDealExtension"),
            from: &[Pending],
            to: &[Denied],
            guards: &[
                "the approver did not submit the registration, ask for the time, or manage a competing claimant",
                "the program offers the reason",
            ],
        },
        Transition {
            action: "withdraw",
            operation: Some("withdrawDealExtension"),
            from: &[Pending],
            to: &[Withdrawn],
            guards: &[],
        },
    ],
};

/// What an extension is judged by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// Where the review of the registration stands.
    pub status: ReviewStatus,
    /// Where the sale stands.
    pub stage: DealStage,
    /// What protects it now.
    pub held: Option<Held>,
    /// How many extensions were granted.
    pub granted: i64,
    /// Whether it was worked on lately enough.
    pub worked_on: bool,
    /// Whether an extension waits.
    pub waiting: bool,
    /// Whether the partner is active.
    pub partner_active: bool,
}

/// The end that is asked for, reckoned from the granted end.
pub fn asked_end(previous: Time, asked: &NewDealExtension, policy: &RegistrationPolicy) -> Time {
    match (asked.requested_end_on, asked.days) {
        (Some(day), _) => day.start(),
        (None, Some(days)) => previous.plus_days(days),
        (None, None) => previous.plus_days(policy.extension_days),
    }
}

/// The end that a grant names, reckoned from the old end; all that was asked for if it names none.
pub fn granted_end(row: &ExtensionRow, grant: &DealExtensionGrant) -> Time {
    match (grant.until, grant.days) {
        (Some(until), _) => until,
        (None, Some(days)) => row.previous_end_at.plus_days(days),
        (None, None) => row.requested_end_at,
    }
}

/// What asks for an extension to be refused, the end aside.
pub fn failing_to_ask(standing: &Standing, policy: &RegistrationPolicy) -> Vec<FailingGuard> {
    let mut failing = Vec::new();
    alive(standing, &mut failing);
    if standing.held.is_none() {
        failing.push(guard(
            "protection_in_force",
            "#/protection",
            "Nothing protects the registration now, so there is no end to move; register the deal anew.",
        ));
    }
    left(standing, policy, &mut failing);
    if !standing.worked_on {
        let detail = format!(
            "The deal shows no work within the last {} days; move its stage, log its next step, or hand in evidence of a meeting.",
            policy.activity_days
        );
        failing.push(guard("recent_activity", "#/last_activity_at", detail));
    }
    if standing.waiting {
        failing.push(guard(
            "no_pending_extension",
            "#",
            "Another extension waits for the decision; wait for it, or take it back.",
        ));
    }
    failing
}

fn alive(standing: &Standing, failing: &mut Vec<FailingGuard>) {
    if standing.status != ReviewStatus::Approved {
        failing.push(guard(
            "registration_approved",
            "#/review_status",
            format!(
                "The registration is {}; only what was approved is protected.",
                standing.status
            ),
        ));
    }
    if standing.stage.is_closed() {
        failing.push(guard(
            "deal_open",
            "#/stage",
            "The deal is won or lost, so it needs no more time.",
        ));
    }
    if !standing.partner_active {
        failing.push(guard(
            "partner_active",
            "#/partner_id",
            "The partner is not active, so nothing can be granted to it; see the partner's status.",
        ));
    }
}

/// Whether no more extensions are permitted after so many.
const fn used_up(granted: i64, policy: &RegistrationPolicy) -> bool {
    granted >= policy.extensions
}

/// The last end that one extension can move that end to.
fn last_end(previous: Time, policy: &RegistrationPolicy) -> Time {
    previous.plus_days(policy.extension_days)
}

/// The guards of the program's limits that would have failed for a request of the past: so many had been granted before it.
pub fn limits_met(row: &ExtensionRow, granted: i64, policy: &RegistrationPolicy) -> Vec<&'static str> {
    [
        ("extension_left", used_up(granted, policy)),
        (
            "end_within_limit",
            row.requested_end_at > last_end(row.previous_end_at, policy),
        ),
    ]
    .into_iter()
    .filter_map(|(guard, fails)| fails.then_some(guard))
    .collect()
}

fn left(standing: &Standing, policy: &RegistrationPolicy, failing: &mut Vec<FailingGuard>) {
    if used_up(standing.granted, policy) {
        let detail = format!(
            "The protection was extended {} times, and the program permits {}.",
            standing.granted, policy.extensions
        );
        failing.push(guard("extension_left", "#/extension_count", detail));
    }
}

/// What is wrong with the end that is asked for.
pub fn failing_end(held: Held, asked: &NewDealExtension, policy: &RegistrationPolicy) -> Vec<FailingGuard> {
    let pointer = if asked.requested_end_on.is_some() {
        "#/requested_end_on"
    } else {
        "#/days"
    };
    let (end, last) = (
        asked_end(held.granted_until, asked, policy),
        last_end(held.granted_until, policy),
    );
    let mut failing = Vec::new();
    if asked.requested_end_on.is_some() && asked.days.is_some() {
        failing.push(guard(
            "end_named_once",
            "#/days",
            "Say the end as a day or as a number of days, not as both.",
        ));
    }
    if end <= held.granted_until {
        let detail = format!(
            "The end must lie after the granted one, {}; {end} does not.",
            held.granted_until
        );
        failing.push(guard("end_after_present", pointer, detail));
    }
    if end > last {
        let detail = format!(
            "One extension moves the end by at most {} days, so to {last}; ask for no more.",
            policy.extension_days
        );
        failing.push(guard("end_within_limit", pointer, detail));
    }
    failing
}

/// What stands in the way of granting, besides who decides: `end` is the end to be granted.
pub fn failing_to_grant(
    standing: &Standing,
    row: &ExtensionRow,
    grant: &DealExtensionGrant,
    policy: &RegistrationPolicy,
    now: Time,
) -> Vec<FailingGuard> {
    let mut failing = Vec::new();
    alive(standing, &mut failing);
    if standing.held.is_none() {
        failing.push(guard(
            "protection_in_force",
            "#/protection",
            "The protection is no longer in force, and what ended while the extension waited is not brought back; register the deal anew.",
        ));
    }
    left(standing, policy, &mut failing);
    let pointer = if grant.until.is_some() { "#/until" } else { "#/days" };
    let end = granted_end(row, grant);
    if grant.until.is_some() && grant.days.is_some() {
        failing.push(guard(
            "end_named_once",
            "#/days",
            "Say the end as a moment or as a number of days, not as both.",
        ));
    }
    if end > row.requested_end_at {
        let detail = format!("No more is granted than was asked for: {}.", row.requested_end_at);
        failing.push(guard("end_within_request", pointer, detail));
    }
    if end <= row.previous_end_at.max(now) {
        let detail = format!(
            "The end must lie in the future and after the old one, {}; {end} does not.",
            row.previous_end_at
        );
        failing.push(guard("end_after_present", pointer, detail));
    }
    failing
}

impl ExtensionRow {
    /// The extension decided, or taken back.
    #[must_use]
    pub fn ended(self, status: DealExtensionStatus, by: String, now: Time) -> Self {
        Self {
            status,
            decided_by: Some(by),
            decided_at: Some(now),
            revision: self.revision + 1,
            updated_at: now,
            ..self
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::kernel::ids::{DealId, ExtensionId, Id as _};

    fn at(day: i64) -> Time {
        Time::from_micros(1_770_000_000_000_000).plus_days(day)
    }

    fn standing(held: Option<(i64, i64)>) -> Standing {
        Standing {
            status: ReviewStatus::Approved,
            stage: DealStage::QUALIFIED,
            held: held.map(|(granted, ends)| Held {
                granted_until: at(granted),
                ends_at: at(ends),
            }),
            granted: 0,
            worked_on: true,
            waiting: false,
            partner_active: true,
        }
    }

    fn asked(days: Option<i64>) -> NewDealExtension {
        NewDealExtension {
            requested_end_on: None,
            days,
            activity: "Talks go on.".to_owned(),
        }
    }

    fn row(previous: Time, requested: Time) -> ExtensionRow {
        ExtensionRow {
            id: ExtensionId::example(1),
            deal_id: DealId::example(1),
            status: Pending,
            previous_end_at: previous,
            requested_end_at: requested,
            granted_end_at: None,
            grace_until: previous.plus_days(10),
            evidence: "Talks go on.".to_owned(),
            requested_by: "user".to_owned(),
            decided_by: None,
            decided_at: None,
            reason_code: None,
            reason_text: None,
            revision: 1,
            created_at: previous,
            updated_at: previous,
        }
    }

    fn names(failing: &[FailingGuard]) -> Vec<&str> {
        failing.iter().map(|guard| guard.guard.as_str()).collect()
    }

    #[test]
    fn every_guard_that_fails_is_named_at_once() {
        let policy = RegistrationPolicy::default();
        assert!(failing_to_ask(&standing(Some((90, 90))), &policy).is_empty());
        let all = Standing {
            status: ReviewStatus::Revoked,
            stage: DealStage::WON,
            held: None,
            granted: 2,
            worked_on: false,
            waiting: true,
            partner_active: false,
        };
        assert_eq!(
            names(&failing_to_ask(&all, &policy)),
            [
                "registration_approved",
                "deal_open",
                "partner_active",
                "protection_in_force",
                "extension_left",
                "recent_activity",
                "no_pending_extension"
            ]
        );
    }

    #[test]
    fn the_end_is_reckoned_from_the_old_end_and_lies_within_the_limit() {
        let policy = RegistrationPolicy::default();
        let held = Held {
            granted_until: at(90),
            ends_at: at(90),
        };
        assert_eq!(asked_end(at(90), &asked(None), &policy), at(150));
        assert_eq!(asked_end(at(90), &asked(Some(7)), &policy), at(97));
        assert!(failing_end(held, &asked(Some(60)), &policy).is_empty());
        assert_eq!(
            names(&failing_end(held, &asked(Some(61)), &policy)),
            ["end_within_limit"]
        );
        let early = NewDealExtension {
            requested_end_on: Some(at(80).date()),
            ..asked(Some(7))
        };
        assert_eq!(
            names(&failing_end(held, &early, &policy)),
            ["end_named_once", "end_after_present"]
        );
    }

    #[test]
    fn what_ended_while_it_waited_is_not_brought_back() {
        let policy = RegistrationPolicy::default();
        let (row, grant) = (row(at(90), at(150)), DealExtensionGrant::default());
        assert!(failing_to_grant(&standing(Some((90, 100))), &row, &grant, &policy, at(99)).is_empty());
        assert_eq!(
            names(&failing_to_grant(&standing(None), &row, &grant, &policy, at(100))),
            ["protection_in_force"]
        );
        let few = DealExtensionGrant {
            days: Some(5),
            ..DealExtensionGrant::default()
        };
        assert_eq!(
            names(&failing_to_grant(
                &standing(Some((90, 100))),
                &row,
                &few,
                &policy,
                at(96)
            )),
            ["end_after_present"],
            "an end that has passed grants nothing"
        );
    }

    proptest! {
        /// However often, late and much is asked for and granted: each grant moves the end from where it was by at most the
        /// program's days, there are at most as many as the program permits, and what has ended stays ended.
        #[test]
        fn ends_move_from_the_old_end_and_never_beyond_the_count(
            steps in proptest::collection::vec((0_i64..60, proptest::option::of(1_i64..200), proptest::option::of(1_i64..200), any::<bool>()), 1..40),
            extensions in 0_i64..5, extension_days in 1_i64..90, grace_days in 0_i64..15,
        ) {
            let policy = RegistrationPolicy { extensions, extension_days, grace_days, ..RegistrationPolicy::default() };
            let (mut now, mut end, mut granted, mut lapsed) = (at(0), at(90), 0_i64, false);
            for (wait, days, fewer, decided_late) in steps {
                now = now.plus_days(wait);
                lapsed = lapsed || now >= end;
                let held = (!lapsed).then_some(Held { granted_until: end, ends_at: end });
                let facts = Standing { held, granted, ..standing(None) };
                let wanted = asked(days);
                let refused = !failing_to_ask(&facts, &policy).is_empty() || held.is_none_or(|held| !failing_end(held, &wanted, &policy).is_empty());
                prop_assert!(refused || !lapsed);
                if refused { continue }
                let request = row(end, asked_end(end, &wanted, &policy));
                // The decision comes after the granted end, within the grace or beyond it.
                if decided_late { now = now.max(end.plus_days(grace_days / 2)) }
                let grace = end.plus_days(grace_days);
                let held = (now < grace.max(end)).then_some(Held { granted_until: end, ends_at: grace });
                let grant = DealExtensionGrant { days: fewer, ..DealExtensionGrant::default() };
                if !failing_to_grant(&Standing { held, granted, ..facts }, &request, &grant, &policy, now).is_empty() {
                    continue;
                }
                let next = granted_end(&request, &grant);
                prop_assert!(next > end && next > now, "an end is moved forward");
                prop_assert!(next <= end.plus_days(extension_days), "from the old end, by no more than the program's days");
                prop_assert!(next <= request.requested_end_at);
                granted += 1;
                end = next;
            }
            prop_assert!(granted <= extensions);
            prop_assert!(end <= at(90).plus_days(extensions * extension_days));
        }
    }
}
