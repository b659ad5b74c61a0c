//! What may happen to versions and tiers. Pure.

use std::collections::{BTreeMap, BTreeSet};

use VersionStatus::{Draft, Published};

use super::model::{
    AllowanceKind, Criterion, NewCriterion, NewTier, NewTierAllowance, NewTierBenefits, NewVersion, ProgramVersion,
    Tier, TierAllowance, TierBenefits, TierPatch, VersionPatch, VersionStatus,
};
use crate::{
    error::{Error, Fault, Result, codes},
    kernel::{
        Stored, Time,
        ids::{Id as _, ProductId, ProgramId, TierId},
        states::{FailingGuard, Machine, Transition},
        words::fold,
    },
};

/// The notice that is given if a version does not say.
const NOTICE_DAYS: i64 = 60;

/// What a version's status allows.
pub const MACHINE: Machine<VersionStatus> = Machine {
    name: "program_version.status",
    transitions: &[
        Transition {
            action: "change",
            operation: Some("updateProgramVersion"),
            from: &[Draft],
            to: &[Draft],
            guards: &[],
        },
        Transition {
            action: "publish",
            operation: Some("publishProgramVersion"),
            from: &[Draft],
            to: &[Published],
            guards: &[
                "It has an entry tier of rank 1.",
                "It begins after every version before it, and only the first in the past.",
                "An allowance that several tiers give is of one kind and for one product in all of them.",
            ],
        },
    ],
};

impl ProgramVersion {
    /// A new draft.
    pub fn new(new: &NewVersion, program: ProgramId, version: i64, now: Time) -> Self {
        Self {
            program_id: program,
            version,
            valid_from: new.valid_from.unwrap_or(now),
            status: Draft,
            note: new.note.clone(),
            currency: new.currency,
            auto_promote: new.auto_promote,
            notice_days: new.notice_days.unwrap_or(NOTICE_DAYS),
            published_by: None,
            published_at: None,
            revision: 1,
            created_at: now,
            updated_at: now,
        }
    }

    /// The draft with the changes made.
    ///
    /// # Errors
    /// 422 `field_locked` naming every field that was sent, once it is published.
    pub fn patched(self, patch: &VersionPatch, now: Time) -> Result<Self> {
        let sent = [
            ("currency", patch.currency.is_some()),
            ("note", patch.note.is_sent()),
            ("valid_from", patch.valid_from.is_some()),
            ("auto_promote", patch.auto_promote.is_some()),
            ("notice_days", patch.notice_days.is_some()),
        ];
        self.unlocked(&sent)?;
        Ok(Self {
            currency: patch.currency.unwrap_or(self.currency),
            note: patch.note.clone().apply(self.note),
            valid_from: patch.valid_from.unwrap_or(self.valid_from),
            auto_promote: patch.auto_promote.unwrap_or(self.auto_promote),
            notice_days: patch.notice_days.unwrap_or(self.notice_days),
            revision: self.revision + 1,
            updated_at: now,
            ..self
        })
    }

    /// Refuses to change what a published version has promised.
    fn unlocked(&self, sent: &[(&str, bool)]) -> Result<()> {
        let locked: Vec<Fault> = sent
            .iter()
            .filter(|(_, sent)| *sent && self.status == Published)
            .map(|(name, _)| Fault {
                pointer: format!("#/{name}"),
                code: "locked".into(),
                detail: format!(
                    "Version {} is published and never changes; work out a new version.",
                    self.version
                ),
            })
            .collect();
        if locked.is_empty() {
            Ok(())
        } else {
            Err(Error::new(&codes::FIELD_LOCKED).faults(locked))
        }
    }

    /// The version as it is published, after those `before` it.
    ///
    /// # Errors
    /// 409 `invalid_state` if it is published; `guard_failed` naming everything that stands in the way.
    pub fn published(self, at: Option<Time>, tiers: &[Tier], before: &[Self], by: String, now: Time) -> Result<Self> {
        let status = MACHINE.go(self.status, "publish")?;
        let valid_from = at.unwrap_or(now);
        let mut failing = Vec::new();
        let mut guard = |guard: &str, pointer: Option<&str>, detail: String| {
            failing.push(FailingGuard {
                pointer: pointer.map(str::to_owned),
                ..FailingGuard::new(guard, detail)
            });
        };
        if !tiers.iter().any(|tier| tier.rank == 1) {
            guard(
                "entry_tier_missing",
                None,
                "Whoever joins needs a tier of rank 1; add it to the draft.".to_owned(),
            );
        }
        let latest = before.iter().map(|version| version.valid_from).max();
        if let Some(latest) = latest {
            if valid_from < now {
                guard(
                    "starts_in_past",
                    Some("#/valid_from"),
                    "Members had tiers then; choose a time from now on.".to_owned(),
                );
            }
            if valid_from <= latest {
                let detail = format!("Another version begins at {latest}; choose a later time.");
                guard("starts_before_another", Some("#/valid_from"), detail);
            }
        }
        for code in torn_allowances(tiers) {
            let detail = format!("The tiers mean different things by the allowance `{code}`; give one another code.");
            guard("allowance_differs", None, detail);
        }
        if !failing.is_empty() {
            return Err(Error::guards(self.status, "publish", failing));
        }
        Ok(Self {
            status,
            valid_from,
            published_by: Some(by),
            published_at: Some(now),
            revision: self.revision + 1,
            updated_at: now,
            ..self
        })
    }
}

impl From<&NewCriterion> for Criterion {
    fn from(new: &NewCriterion) -> Self {
        Self {
            metric_key: new.metric_key,
            op: new.op,
            threshold: new.threshold,
            window_days: new.window_days,
            product_id: new.product_id,
            territory_id: new.territory_id,
            currency: new.currency,
        }
    }
}

impl From<&NewTierBenefits> for TierBenefits {
    fn from(new: &NewTierBenefits) -> Self {
        Self {
            discount_basis_points: new.discount_basis_points,
            protection_days: new.protection_days,
            lead_weight: new.lead_weight,
            auto_approval_limit: new.auto_approval_limit,
            mdf_rate_basis_points: new.mdf_rate_basis_points,
            response_class: new.response_class,
            named_manager: new.named_manager,
            allowances: new.allowances.iter().map(TierAllowance::from).collect(),
            tail_days: new.tail_days,
            others: new.others.clone(),
        }
    }
}

impl From<&NewTierAllowance> for TierAllowance {
    fn from(new: &NewTierAllowance) -> Self {
        Self {
            code: new.code.clone(),
            name: new.name.clone(),
            kind: new.kind,
            product_id: new.product_id,
            quantity: new.quantity,
            valid_days: new.valid_days,
            renews: new.renews,
        }
    }
}

impl TierBenefits {
    /// The allowance with that code.
    pub fn allowance(&self, code: &str) -> Option<&TierAllowance> {
        self.allowances.iter().find(|allowance| allowance.code == code)
    }
}

impl Tier {
    /// A new tier of that version.
    pub fn new(new: &NewTier, program: ProgramId, version: i64, now: Time) -> Self {
        Self {
            id: TierId::at(now),
            program_id: program,
            version,
            rank: new.rank,
            name: new.name.clone(),
            name_key: fold(&new.name),
            criteria: Stored(new.criteria.iter().map(Criterion::from).collect()),
            benefits: Stored((&new.benefits).into()),
            revision: 1,
            created_at: now,
            updated_at: now,
        }
    }

    /// The same tier in a later version.
    #[must_use]
    pub fn copied_to(&self, version: i64, now: Time) -> Self {
        Self {
            id: TierId::at(now),
            version,
            revision: 1,
            created_at: now,
            updated_at: now,
            ..self.clone()
        }
    }

    /// The tier with the changes made.
    ///
    /// # Errors
    /// 422 `field_locked` naming every field that was sent, once its version is published.
    pub fn patched(self, patch: &TierPatch, version: &ProgramVersion, now: Time) -> Result<Self> {
        version.unlocked(&[
            ("rank", patch.rank.is_some()),
            ("name", patch.name.is_some()),
            ("criteria", patch.criteria.is_some()),
            ("benefits", patch.benefits.is_some()),
        ])?;
        let name = patch.name.clone().unwrap_or(self.name);
        let criteria = patch
            .criteria
            .as_ref()
            .map(|criteria| Stored(criteria.iter().map(Criterion::from).collect()));
        Ok(Self {
            rank: patch.rank.unwrap_or(self.rank),
            name_key: fold(&name),
            name,
            criteria: criteria.unwrap_or(self.criteria),
            benefits: patch
                .benefits
                .as_ref()
                .map_or(self.benefits, |benefits| Stored(benefits.into())),
            revision: self.revision + 1,
            updated_at: now,
            ..self
        })
    }
}

/// Whether every criterion asks for something that its metric knows.
///
/// # Errors
/// 409 `conflict` naming every limit that a metric does not take: it would be ignored silently.
pub fn check_criteria(criteria: &[Criterion]) -> Result<()> {
    let mut faults = Vec::new();
    for (index, criterion) in criteria.iter().enumerate() {
        let metric = criterion.metric_key.definition();
        let amount = metric.unit == crate::programs::metrics::MetricUnit::Amount;
        let limits = [
            ("window_days", criterion.window_days.is_some(), metric.takes_window),
            ("product_id", criterion.product_id.is_some(), metric.takes_product),
            ("territory_id", criterion.territory_id.is_some(), metric.takes_territory),
            ("currency", criterion.currency.is_some(), amount),
        ];
        for (name, _, _) in limits.into_iter().filter(|(_, sent, taken)| *sent && !*taken) {
            faults.push(Fault {
                pointer: format!("#/criteria/{index}/{name}"),
                code: "not_taken".into(),
                detail: format!(
                    "`{}` cannot be limited by `{name}`; leave it out.",
                    criterion.metric_key
                ),
            });
        }
    }
    if faults.is_empty() {
        return Ok(());
    }
    Err(Error::new(&codes::CONFLICT)
        .detail("Criteria ask for what their metrics do not know; see the list of metrics.")
        .faults(faults))
}

/// Whether the allowances of a tier can be told apart, and each has an end where it is to be granted anew.
///
/// # Errors
/// 409 `conflict` naming each that cannot be granted as it stands.
pub fn check_allowances(allowances: &[TierAllowance]) -> Result<()> {
    let mut faults = Vec::new();
    for (index, allowance) in allowances.iter().enumerate() {
        if allowances.iter().take(index).any(|other| other.code == allowance.code) {
            faults.push(Fault {
                pointer: format!("#/benefits/allowances/{index}/code"),
                code: "already_exists".into(),
                detail: format!(
                    "The tier has an allowance `{}` already; choose another code.",
                    allowance.code
                ),
            });
        }
        if allowance.renews && allowance.valid_days.is_none() {
            faults.push(Fault {
                pointer: format!("#/benefits/allowances/{index}/renews"),
                code: "without_end".into(),
                detail: "What has no end is not granted anew; give `valid_days` too.".to_owned(),
            });
        }
    }
    if faults.is_empty() {
        return Ok(());
    }
    Err(Error::new(&codes::CONFLICT)
        .detail("The allowances cannot be granted as they stand.")
        .faults(faults))
}

/// The codes by which tiers of one version mean different things.
fn torn_allowances(tiers: &[Tier]) -> Vec<String> {
    let mut meant: BTreeMap<&str, BTreeSet<(AllowanceKind, Option<ProductId>)>> = BTreeMap::new();
    for allowance in tiers.iter().flat_map(|tier| &tier.benefits.allowances) {
        meant
            .entry(&allowance.code)
            .or_default()
            .insert((allowance.kind, allowance.product_id));
    }
    meant
        .into_iter()
        .filter(|(_, meanings)| meanings.len() > 1)
        .map(|(code, _)| code.to_owned())
        .collect()
}

/// The version in force at a moment: the latest that had begun.
pub fn in_force(versions: &[ProgramVersion], at: Time) -> Option<&ProgramVersion> {
    versions
        .iter()
        .filter(|version| version.status == Published && version.valid_from <= at)
        .max_by_key(|version| version.valid_from)
}

/// The tier in which a member of `name_key` and `rank` goes on among other `tiers`: the one of the same name, or else the
/// highest that is not above its rank, or else the lowest.
pub fn counterpart<'a>(name_key: &str, rank: i64, tiers: &'a [Tier]) -> Option<&'a Tier> {
    tiers
        .iter()
        .find(|tier| tier.name_key == name_key)
        .or_else(|| {
            tiers
                .iter()
                .filter(|tier| tier.rank <= rank)
                .max_by_key(|tier| tier.rank)
        })
        .or_else(|| tiers.iter().min_by_key(|tier| tier.rank))
}
