//! What may happen to specialisations and their awards. Pure.

use AwardStatus::{Expired, Upcoming, Valid, Withdrawn};

use super::model::{
    AwardBasis, AwardRow, AwardStatus, NewSpecialisation, NewSpecialisationAward, Specialisation, SpecialisationAward,
    SpecialisationPatch, SpecialisationStatus,
};
use crate::{
    error::{Error, Result},
    kernel::{
        Stored, Time,
        ids::{Id as _, SpecialisationAwardId, SpecialisationId},
        states::{Action, FailingGuard, Machine, Transition, guard},
        words::fold,
    },
    programs::{
        evaluations::CriterionResult,
        tiers::{Criterion, NewCriterion},
    },
};

/// What an award's status allows.
pub const MACHINE: Machine<AwardStatus> = Machine {
    name: "specialisation_award.status",
    transitions: &[
        Transition {
            action: "renew",
            operation: Some("renewSpecialisationAward"),
            from: &[Valid],
            to: &[Valid],
            guards: &[
                "The award has an end, no more than one validity ahead.",
                "The specialisation is active, and the partner a member of its program.",
                "The criteria are met, or a reason is given by hand.",
            ],
        },
        Transition {
            action: "withdraw",
            operation: Some("withdrawSpecialisationAward"),
            from: &[Upcoming, Valid],
            to: &[Withdrawn],
            guards: &[],
        },
        Transition {
            action: "expire",
            operation: None,
            from: &[Valid],
            to: &[Expired],
            guards: &["`valid_until` has passed."],
        },
    ],
};

fn criteria(new: &[NewCriterion]) -> Stored<Vec<Criterion>> {
    Stored(new.iter().map(Criterion::from).collect())
}

impl Specialisation {
    /// A new specialisation.
    pub fn new(new: &NewSpecialisation, now: Time) -> Self {
        Self {
            id: SpecialisationId::at(now),
            program_id: new.program_id,
            code: new.code.clone(),
            name: new.name.clone(),
            name_key: fold(&new.name),
            description: new.description.clone(),
            criteria: criteria(&new.criteria),
            currency: new.currency,
            validity_days: new.validity_days,
            status: SpecialisationStatus::Active,
            revision: 1,
            created_at: now,
            updated_at: now,
        }
    }

    /// The specialisation with the changes made.
    #[must_use]
    pub fn patched(self, patch: &SpecialisationPatch, now: Time) -> Self {
        let name = patch.name.clone().unwrap_or(self.name);
        Self {
            name_key: fold(&name),
            name,
            description: patch.description.clone().apply(self.description),
            criteria: patch.criteria.as_deref().map_or(self.criteria, criteria),
            currency: patch.currency.unwrap_or(self.currency),
            validity_days: patch.validity_days.apply(self.validity_days),
            status: patch.status.unwrap_or(self.status),
            revision: self.revision + 1,
            updated_at: now,
            ..self
        }
    }
}

/// What the guards of awards and renewals look at.
#[derive(Debug, Clone, Copy)]
pub struct Grounds<'a> {
    /// The specialisation as it is now.
    pub specialisation: &'a Specialisation,
    /// How its criteria come out now.
    pub findings: &'a [CriterionResult],
    /// Whether the partner is a member of its program.
    pub member: bool,
}

impl Grounds<'_> {
    /// What stands in the way of an award or a renewal on that basis.
    pub fn failing(&self, basis: AwardBasis, reason: Option<&str>) -> Vec<FailingGuard> {
        let mut failing = Vec::new();
        if self.specialisation.status == SpecialisationStatus::Retired {
            let detail = format!("{} is not awarded any more.", self.specialisation.name);
            failing.push(FailingGuard::new("specialisation_retired", detail));
        }
        if !self.member {
            let detail = "The partner is no member of the specialisation's program; enrol it first.";
            failing.push(FailingGuard::new("not_a_member", detail));
        }
        match basis {
            AwardBasis::Manual if reason.is_none() => {
                failing.push(guard("reason_missing", "#/reason", "Say why it is awarded by hand."));
            }
            AwardBasis::Manual => {}
            AwardBasis::Evaluation if self.findings.is_empty() => failing.push(guard(
                "no_criteria",
                "#/basis",
                "The specialisation has no criteria; award it by hand.",
            )),
            AwardBasis::Evaluation => {
                failing.extend(self.findings.iter().filter(|one| !one.pass).map(|one| {
                    let detail = format!(
                        "`{}` is {} and must be {} {}; {} is missing.",
                        one.metric_key, one.actual, one.op, one.threshold, one.gap
                    );
                    guard("criterion_not_met", "#/basis", detail)
                }));
            }
        }
        failing
    }
}

impl AwardRow {
    /// An award from a moment on.
    ///
    /// # Errors
    /// 409 `guard_failed` naming everything that stands in the way.
    pub fn new(new: &NewSpecialisationAward, grounds: &Grounds<'_>, now: Time) -> Result<Self> {
        let failing = grounds.failing(new.basis, new.reason.as_deref());
        if !failing.is_empty() {
            return Err(Error::guards(grounds.specialisation.status, "award", failing));
        }
        let valid_from = new.valid_from.unwrap_or(now);
        Ok(Self {
            id: SpecialisationAwardId::at(now),
            specialisation_id: new.specialisation_id,
            partner_id: new.partner_id,
            basis: new.basis,
            reason: new.reason.clone(),
            findings: Stored(grounds.findings.to_vec()),
            valid_from,
            valid_until: grounds
                .specialisation
                .validity_days
                .map(|days| valid_from.plus_days(days)),
            renewals: 0,
            renewed_at: None,
            withdrawn_at: None,
            withdrawal_reason: None,
            revision: 1,
            created_at: now,
            updated_at: now,
        })
    }

    /// Where it stands at a moment.
    pub fn status_at(&self, at: Time) -> AwardStatus {
        if self.withdrawn_at.is_some_and(|withdrawn| withdrawn <= at) {
            Withdrawn
        } else if self.valid_from > at {
            Upcoming
        } else if self.valid_until.is_some_and(|until| until <= at) {
            Expired
        } else {
            Valid
        }
    }

    /// What stands in the way of a renewal for reasons of time.
    fn too_early(&self, specialisation: &Specialisation, now: Time) -> Option<FailingGuard> {
        let Some(until) = self.valid_until else {
            return Some(FailingGuard::new(
                "without_end",
                "The award has no end; there is nothing to renew.",
            ));
        };
        let days = specialisation.validity_days?;
        (until > now.plus_days(days)).then(|| {
            let detail = format!("It was renewed already and lasts until {until}.");
            FailingGuard::new("renewed_already", detail)
        })
    }

    /// The award with more time, from its old end on.
    ///
    /// # Errors
    /// 409 `invalid_state`, or `guard_failed` naming everything that stands in the way.
    pub fn renewed(self, basis: AwardBasis, reason: Option<&str>, grounds: &Grounds<'_>, now: Time) -> Result<Self> {
        let status = self.status_at(now);
        MACHINE.go(status, "renew")?;
        let mut failing = grounds.failing(basis, reason);
        failing.extend(self.too_early(grounds.specialisation, now));
        if !failing.is_empty() {
            return Err(Error::guards(status, "renew", failing));
        }
        let days = grounds.specialisation.validity_days;
        Ok(Self {
            basis,
            reason: reason.map(str::to_owned),
            findings: Stored(grounds.findings.to_vec()),
            valid_until: self.valid_until.and_then(|until| Some(until.plus_days(days?))),
            renewals: self.renewals + 1,
            renewed_at: Some(now),
            revision: self.revision + 1,
            updated_at: now,
            ..self
        })
    }

    /// The award after it was taken back.
    ///
    /// # Errors
    /// 409 `invalid_state` if it has ended.
    pub fn withdrawn(self, reason: &str, now: Time) -> Result<Self> {
        MACHINE.go(self.status_at(now), "withdraw")?;
        Ok(Self {
            withdrawn_at: Some(now),
            withdrawal_reason: Some(reason.to_owned()),
            revision: self.revision + 1,
            updated_at: now,
            ..self
        })
    }

    /// What people can do with it now.
    pub fn actions(&self, grounds: &Grounds<'_>, now: Time, allowed: impl Fn(&str) -> bool) -> Vec<Action> {
        let rows = MACHINE
            .transitions
            .iter()
            .filter(|row| row.from.contains(&self.status_at(now)));
        rows.filter_map(|row| {
            let operation = row.operation.filter(|operation| allowed(operation))?;
            let mut failing = Vec::new();
            if row.action == "renew" {
                // By hand a reason goes with the request; what remains is what no request can mend.
                failing = grounds.failing(AwardBasis::Manual, Some(""));
                failing.extend(self.too_early(grounds.specialisation, now));
            }
            Some(Action::new(row.action, operation, failing))
        })
        .collect()
    }

    /// The award as it stands at a moment: what came later is not told.
    pub fn shown(self, at: Time) -> SpecialisationAward {
        let status = self.status_at(at);
        let withdrawn = status == Withdrawn;
        SpecialisationAward {
            id: self.id,
            specialisation_id: self.specialisation_id,
            partner_id: self.partner_id,
            status,
            basis: self.basis,
            reason: self.reason,
            findings: self.findings.0,
            valid_from: self.valid_from,
            valid_until: self.valid_until,
            renewals: self.renewals,
            renewed_at: self.renewed_at.filter(|renewed| *renewed <= at),
            withdrawn_at: self.withdrawn_at.filter(|_| withdrawn),
            withdrawal_reason: self.withdrawal_reason.filter(|_| withdrawn),
            revision: self.revision,
            created_at: self.created_at,
            updated_at: self.updated_at,
        }
    }
}
