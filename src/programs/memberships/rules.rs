//! What may happen to memberships. Pure.

use Standing::{AtRisk, Current, DemotionPending, Ended};

use super::{
    chain::{Link, in_force, overriding},
    model::{Appeal, AppealDecision, AppealStatus, MembershipRow, ProgramMembership, Risk, Standing, TierHeld},
};
use crate::{
    error::{Error, Result},
    kernel::{
        Stored, Time,
        ids::{Id as _, PartnerId, ProgramId, ProgramMembershipId},
        states::{Action, FailingGuard, Machine, Transition},
    },
    programs::tiers::Tier,
};

const fn row(
    action: &'static str,
    operation: Option<&'static str>,
    from: &'static [Standing],
    to: &'static [Standing],
    guards: &'static [&'static str],
) -> Transition<Standing> {
    Transition {
        action,
        operation,
        from,
        to,
        guards,
    }
}

/// What a member's standing allows.
pub const MACHINE: Machine<Standing> = Machine {
    name: "program_membership.standing",
    transitions: &[
        row(
            "warn",
            Some("createEvaluation"),
            &[Current],
            &[AtRisk],
            &["A committed evaluation found that the criteria of the tier fail, and no override is in force."],
        ),
        row(
            "recover",
            Some("createEvaluation"),
            &[AtRisk, DemotionPending],
            &[Current],
            &["A committed evaluation found that the criteria are met again."],
        ),
        row(
            "run_out",
            None,
            &[AtRisk],
            &[DemotionPending],
            &["`grace_until` has passed."],
        ),
        row(
            "promote",
            Some("promoteMember"),
            &[Current, AtRisk, DemotionPending],
            &[Current],
            &[
                "A committed evaluation proposed it, and the tier has not changed since.",
                "No override is in force.",
            ],
        ),
        row(
            "demote",
            Some("confirmDemotion"),
            &[DemotionPending],
            &[Current],
            &[
                "No appeal is open.",
                "No override is in force.",
                "The criteria are still not met.",
            ],
        ),
        row(
            "override",
            Some("overrideTier"),
            &[Current, AtRisk, DemotionPending],
            &[Current],
            &[
                "The tier is one of the version in force.",
                "The end, if there is one, lies ahead.",
            ],
        ),
        row(
            "end_override",
            Some("endTierOverride"),
            &[Current],
            &[Current],
            &["An override is in force."],
        ),
        row(
            "appeal",
            Some("appealDemotion"),
            &[AtRisk],
            &[AtRisk],
            &["There was no appeal before."],
        ),
        row(
            "appeal",
            Some("appealDemotion"),
            &[DemotionPending],
            &[DemotionPending],
            &["There was no appeal before."],
        ),
        row(
            "decide_appeal",
            Some("decideAppeal"),
            &[AtRisk],
            &[AtRisk, Current],
            &["An appeal is open."],
        ),
        row(
            "decide_appeal",
            Some("decideAppeal"),
            &[DemotionPending],
            &[DemotionPending, Current],
            &["An appeal is open."],
        ),
        row(
            "leave",
            Some("leaveProgram"),
            &[Current, AtRisk, DemotionPending],
            &[Ended],
            &[],
        ),
    ],
};

/// What the guards of a member's actions look at, besides its standing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Facts {
    /// An override is in force.
    pub overridden: bool,
    /// Where its appeal stands.
    pub appeal: Option<AppealStatus>,
    /// A committed evaluation proposes a promotion that still fits.
    pub promotion_proposed: bool,
    /// It meets the criteria of its tier.
    pub qualifies: bool,
}

/// The guards of an action that fail.
pub fn failing(action: &str, facts: &Facts) -> Vec<FailingGuard> {
    let rules = [
        (
            action == "promote" && !facts.promotion_proposed,
            "promotion_not_proposed",
            "No committed evaluation proposes it for the tier that the member holds now; evaluate again.",
        ),
        (
            matches!(action, "promote" | "demote") && facts.overridden,
            "override_in_force",
            "The tier is held by an override; end that first.",
        ),
        (
            action == "demote" && facts.appeal == Some(AppealStatus::Open),
            "appeal_open",
            "The member appealed; decide on the appeal first.",
        ),
        (
            action == "demote" && facts.qualifies,
            "criteria_met",
            "The member meets the criteria of its tier again; evaluate it, and it recovers.",
        ),
        (
            action == "end_override" && !facts.overridden,
            "no_override",
            "The tier is not held by an override.",
        ),
        (
            action == "appeal" && facts.appeal.is_some(),
            "already_appealed",
            "There was an appeal already; it was or will be decided.",
        ),
        (
            action == "decide_appeal" && facts.appeal != Some(AppealStatus::Open),
            "no_open_appeal",
            "There is no appeal that waits for a decision.",
        ),
    ];
    rules
        .into_iter()
        .filter(|(fails, _, _)| *fails)
        .map(|(_, guard, detail)| FailingGuard::new(guard, detail))
        .collect()
}

/// Checks an action against standing and guards.
///
/// # Errors
/// 409 `invalid_state`, or `guard_failed` naming every guard that fails.
pub fn permit(standing: Standing, action: &'static str, facts: &Facts) -> Result<()> {
    MACHINE.go(standing, action)?;
    let failing = failing(action, facts);
    if failing.is_empty() {
        Ok(())
    } else {
        Err(Error::guards(standing, action, failing))
    }
}

/// The actions that people can take in a standing, with what stands in their way.
pub fn actions(standing: Standing, facts: &Facts, allowed: impl Fn(&str) -> bool) -> Vec<Action> {
    let rows = MACHINE.transitions.iter().filter(|row| row.from.contains(&standing));
    rows.filter_map(|row| {
        let operation = row
            .operation
            .filter(|operation| *operation != "createEvaluation" && allowed(operation))?;
        let failing = failing(row.action, facts);
        Some(Action::new(row.action, operation, failing))
    })
    .collect()
}

impl MembershipRow {
    /// A membership that begins.
    pub fn new(partner: PartnerId, program: ProgramId, joined_at: Time, now: Time) -> Self {
        Self {
            id: ProgramMembershipId::at(now),
            partner_id: partner,
            program_id: program,
            standing: Current,
            grace_until: None,
            risk: None,
            appeal: None,
            joined_at,
            ended_at: None,
            end_reason: None,
            revision: 1,
            created_at: now,
            updated_at: now,
        }
    }

    /// The standing at a moment: that a notice has run out is a matter of time, not of a job that notices it.
    pub fn standing_at(&self, at: Time) -> Standing {
        match self.standing {
            Ended if self.ended_at.is_some_and(|ended| ended > at) => Current,
            AtRisk | DemotionPending if self.risk.as_ref().is_some_and(|risk| risk.since > at) => Current,
            AtRisk | DemotionPending if self.grace_until.is_some_and(|grace| grace <= at) => DemotionPending,
            DemotionPending => AtRisk,
            other => other,
        }
    }

    fn touched(self, now: Time) -> Self {
        Self {
            revision: self.revision + 1,
            updated_at: now,
            ..self
        }
    }

    /// The membership of a member that holds its tier firmly.
    #[must_use]
    pub fn settled(self, now: Time) -> Self {
        Self {
            standing: Current,
            grace_until: None,
            risk: None,
            appeal: None,
            ..self.touched(now)
        }
    }

    /// The membership of a member that was told that it fails the criteria.
    #[must_use]
    pub fn warned(self, risk: Risk, grace_until: Time, now: Time) -> Self {
        Self {
            standing: AtRisk,
            grace_until: Some(grace_until),
            risk: Some(Stored(risk)),
            appeal: None,
            ..self.touched(now)
        }
    }

    /// The membership after its notice has run out.
    #[must_use]
    pub fn due(self, now: Time) -> Self {
        Self {
            standing: DemotionPending,
            ..self.touched(now)
        }
    }

    /// The membership of a member that left.
    #[must_use]
    pub fn ended(self, reason: &str, at: Time, now: Time) -> Self {
        let at = at.max(self.joined_at);
        Self {
            standing: Ended,
            ended_at: Some(at),
            end_reason: Some(reason.to_owned()),
            ..self.settled(now)
        }
    }

    /// The membership of a member that appealed.
    #[must_use]
    pub fn appealed(self, statement: &str, by: String, now: Time) -> Self {
        let appeal = Appeal {
            status: AppealStatus::Open,
            statement: statement.to_owned(),
            made_by: by,
            made_at: now,
            decision: None,
            decided_at: None,
        };
        Self {
            appeal: Some(Stored(appeal)),
            ..self.touched(now)
        }
    }

    /// The membership after its appeal was decided.
    #[must_use]
    pub fn appeal_decided(self, decision: &AppealDecision, now: Time) -> Self {
        let appeal = self.appeal.clone().map(|appeal| {
            Stored(Appeal {
                status: if decision.upheld {
                    AppealStatus::Upheld
                } else {
                    AppealStatus::Rejected
                },
                decision: Some(decision.decision.clone()),
                decided_at: Some(now),
                ..appeal.0
            })
        });
        if decision.upheld {
            Self {
                appeal,
                ..self.settled(now)
            }
        } else {
            Self {
                appeal,
                ..self.touched(now)
            }
        }
    }

    /// The membership as it is shown, at a moment.
    pub fn shown(self, links: &[Link], tier: impl Fn(&Link) -> Option<Tier>, at: Time) -> ProgramMembership {
        let standing = self.standing_at(at);
        let set = overriding(links, at);
        let at_risk = matches!(standing, AtRisk | DemotionPending);
        let held = in_force(links, at).and_then(|link| Some((link, tier(link)?)));
        ProgramMembership {
            id: self.id,
            program_id: self.program_id,
            partner_id: self.partner_id,
            standing,
            tier: held.map(|(link, tier)| TierHeld {
                tier_id: tier.id,
                name: tier.name,
                rank: tier.rank,
                version: tier.version,
                since: link.at,
                cause: link.cause,
                overridden: set.is_some(),
                override_until: set.and_then(|set| set.until),
            }),
            grace_until: self.grace_until.filter(|_| at_risk),
            risk: self.risk.map(|risk| risk.0).filter(|_| at_risk),
            appeal: self.appeal.map(|appeal| appeal.0).filter(|appeal| appeal.made_at <= at),
            joined_at: self.joined_at,
            ended_at: self.ended_at,
            end_reason: self.end_reason,
            revision: self.revision,
            created_at: self.created_at,
            updated_at: self.updated_at,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::ids::{EvaluationId, TierId};

    fn day(day: i64) -> Time {
        Time::from_micros(1_767_225_600_000_000).plus_days(day)
    }

    fn warned() -> MembershipRow {
        let risk = Risk {
            since: day(10),
            evaluation_id: EvaluationId::example(1),
            target_tier_id: TierId::example(1),
            failing: vec![],
        };
        MembershipRow::new(PartnerId::example(1), ProgramId::example(1), day(0), day(0)).warned(risk, day(70), day(10))
    }

    #[test]
    fn a_notice_runs_out_by_time_alone() {
        let row = warned();
        assert_eq!(row.standing_at(day(5)), Current);
        assert_eq!(row.standing_at(day(10)), AtRisk);
        assert_eq!(row.standing_at(day(69)), AtRisk);
        assert_eq!(row.standing_at(day(70)), DemotionPending);
    }

    #[test]
    fn nobody_is_demoted_before_the_notice_ran_out_nor_against_what_stands_in_the_way() {
        let clear = Facts::default();
        assert!(permit(AtRisk, "demote", &clear).is_err());
        assert!(permit(DemotionPending, "demote", &clear).is_ok());
        for facts in [
            Facts {
                overridden: true,
                ..clear
            },
            Facts {
                appeal: Some(AppealStatus::Open),
                ..clear
            },
            Facts {
                qualifies: true,
                ..clear
            },
        ] {
            let error = permit(DemotionPending, "demote", &facts).unwrap_err();
            assert_eq!(error.all_faults().len(), 1);
        }
        assert!(
            permit(
                DemotionPending,
                "demote",
                &Facts {
                    appeal: Some(AppealStatus::Rejected),
                    ..clear
                }
            )
            .is_ok()
        );
    }

    #[test]
    fn an_upheld_appeal_settles_and_a_rejected_one_does_not() {
        let open = warned().appealed("No.", "user".to_owned(), day(20));
        let decide = |upheld| {
            open.clone().appeal_decided(
                &AppealDecision {
                    upheld,
                    decision: "So.".to_owned(),
                },
                day(30),
            )
        };
        assert_eq!(decide(true).standing_at(day(90)), Current);
        assert_eq!(decide(false).standing_at(day(90)), DemotionPending);
        assert!(
            permit(
                AtRisk,
                "appeal",
                &Facts {
                    appeal: Some(AppealStatus::Rejected),
                    ..Facts::default()
                }
            )
            .is_err()
        );
    }
}
