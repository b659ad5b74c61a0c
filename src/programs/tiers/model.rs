//! The shapes of versions and tiers.

use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    bindable,
    http::Resource,
    kernel::{
        Currency, Money, Patch, Stored, Time,
        ids::{ProductId, ProgramId, TerritoryId, TierId},
    },
    programs::{figure::Figure, metrics::MetricKey},
    schema::{program_versions, tier_versions},
    words,
};

words! {
    /// Where a version of a program's rules stands.
    pub VersionStatus {
        /// It is being worked out; there is at most one.
        Draft = "draft",
        /// It holds from `valid_from` until the next one begins, and never changes.
        Published = "published",
    }

    /// How a figure is compared with a threshold.
    pub Comparison {
        /// At least the threshold.
        AtLeast = "gte",
        /// At most the threshold.
        AtMost = "lte",
    }

    /// How fast the vendor answers members of a tier; a later word is a better class.
    pub ResponseClass {
        /// As everybody.
        Standard = "standard",
        /// Before those of the standard class.
        Priority = "priority",
        /// Before all others.
        Premium = "premium",
    }

    /// What a tier gives in a quantity.
    pub AllowanceKind {
        /// Licences for the partner's own use: demonstrations, tests, its own business.
        InternalUseLicences = "internal_use_licences",
        /// Cases that support takes up without charge.
        SupportIncidents = "support_incidents",
        /// Places in trainings.
        TrainingSeats = "training_seats",
        /// Places at events.
        EventPasses = "event_passes",
        /// Something else that is counted; the name says what.
        Other = "other",
    }
}

bindable!(VersionStatus, AllowanceKind);

/// A version of a program's rules.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable, AsChangeset, Serialize, ToSchema)]
#[diesel(table_name = program_versions, treat_none_as_null = true, treat_none_as_default_value = false)]
pub struct ProgramVersion {
    /// The program.
    pub program_id: ProgramId,
    /// Its number: 1 is the first.
    #[schema(example = 2, minimum = 1)]
    pub version: i64,
    /// From when it holds; of a draft, from when it is meant to.
    pub valid_from: Time,
    /// Where it stands.
    pub status: VersionStatus,
    /// What it changes.
    #[schema(
        required = true,
        example = "Gold asks for two certified engineers.",
        max_length = 2000
    )]
    pub note: Option<String>,
    /// The currency that amounts are measured in, where a criterion names no other.
    pub currency: Currency,
    /// Whether a committed evaluation promotes at once; otherwise it only proposes.
    pub auto_promote: bool,
    /// For how many days a member keeps its tier after it was told that it fails the criteria.
    #[schema(example = 60, minimum = 1, maximum = 365)]
    pub notice_days: i64,
    /// Who published it.
    #[schema(required = true, max_length = 64)]
    pub published_by: Option<String>,
    /// When it was published.
    #[schema(required = true)]
    pub published_at: Option<Time>,
    /// How often it was changed.
    #[schema(example = 1, minimum = 1)]
    pub revision: i64,
    /// When it was made.
    pub created_at: Time,
    /// When it was last changed.
    pub updated_at: Time,
}

impl Resource for ProgramVersion {
    const TYPE: &'static str = "program_version";

    fn id(&self) -> String {
        format!("{}:{}", self.program_id, self.version)
    }

    fn revision(&self) -> i64 {
        self.revision
    }

    fn path(&self) -> String {
        format!("/v1/programs/{}/versions/{}", self.program_id, self.version)
    }
}

/// A version to be worked out.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewVersion {
    /// The currency that amounts are measured in, where a criterion names no other.
    pub currency: Currency,
    /// What it changes.
    #[schema(example = "Gold asks for two certified engineers.", max_length = 2000)]
    pub note: Option<String>,
    /// From when it is meant to hold.
    pub valid_from: Option<Time>,
    /// Whether a committed evaluation promotes at once. No, if it is not said.
    #[serde(default)]
    pub auto_promote: bool,
    /// For how many days a member keeps its tier after it was told that it fails the criteria. 60, if it is not said.
    #[schema(example = 60, minimum = 1, maximum = 365, nullable = false)]
    pub notice_days: Option<i64>,
    /// Whether it begins with the tiers of the latest published version. Yes, if it is not said.
    #[schema(example = true, nullable = false)]
    pub copy_tiers: Option<bool>,
}

/// Changes of a draft. What is left out stays.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct VersionPatch {
    /// The currency that amounts are measured in, where a criterion names no other.
    #[schema(nullable = false)]
    pub currency: Option<Currency>,
    /// What it changes; null removes it.
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 2000)]
    pub note: Patch<String>,
    /// From when it is meant to hold.
    #[schema(nullable = false)]
    pub valid_from: Option<Time>,
    /// Whether a committed evaluation promotes at once.
    #[schema(nullable = false)]
    pub auto_promote: Option<bool>,
    /// For how many days a member keeps its tier after it was told that it fails the criteria.
    #[schema(example = 60, minimum = 1, maximum = 365, nullable = false)]
    pub notice_days: Option<i64>,
}

/// When a version is to begin.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Publication {
    /// From when it holds: now, if it is not said. Only a program's first version may begin in the past.
    pub valid_from: Option<Time>,
}

/// What a list of versions is filtered by.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct VersionFilter {
    /// Only versions that stand there.
    #[param(style = Form, explode = false, nullable = false)]
    pub status: Option<Vec<VersionStatus>>,
}

/// Which version of which program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct VersionPath {
    /// The program.
    pub id: ProgramId,
    /// The number of the version.
    #[param(minimum = 1, example = 2)]
    pub version: i64,
}

/// A condition of a tier: a figure of the partner, compared with a threshold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Criterion {
    /// What is counted.
    pub metric_key: MetricKey,
    /// How it is compared.
    pub op: Comparison,
    /// What it is compared with, in the metric's unit.
    pub threshold: Figure,
    /// How many days before the evaluation count; null for all.
    #[schema(required = true, example = 365, minimum = 1, maximum = 3660)]
    pub window_days: Option<i64>,
    /// Only this product and what lies in it; null for all.
    #[schema(required = true)]
    pub product_id: Option<ProductId>,
    /// Only this territory and what lies in it; null for all.
    #[schema(required = true)]
    pub territory_id: Option<TerritoryId>,
    /// The currency of an amount; null for the version's.
    #[schema(required = true)]
    pub currency: Option<Currency>,
}

/// A condition to be set.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewCriterion {
    /// What is counted.
    pub metric_key: MetricKey,
    /// How it is compared.
    pub op: Comparison,
    /// What it is compared with, in the metric's unit.
    pub threshold: Figure,
    /// How many days before the evaluation count; all, if it is not said.
    #[schema(example = 365, minimum = 1, maximum = 3660)]
    pub window_days: Option<i64>,
    /// Only this product and what lies in it.
    pub product_id: Option<ProductId>,
    /// Only this territory and what lies in it.
    pub territory_id: Option<TerritoryId>,
    /// The currency of an amount; the version's, if it is not said.
    pub currency: Option<Currency>,
}

/// What a tier gives in a quantity: granted to each member once it holds the tier, and consumed bit by bit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TierAllowance {
    /// Its code, unique in the tier. The same code in another tier or version is the same benefit: who moves there gets
    /// what is missing to that tier's quantity, not all of it once more.
    #[schema(example = "nfr-firewall", pattern = "^[a-z][a-z0-9_-]{0,39}$", max_length = 40)]
    pub code: String,
    /// What it is called.
    #[schema(example = "Firewall licences for own use", min_length = 1, max_length = 200)]
    pub name: String,
    /// What it is.
    pub kind: AllowanceKind,
    /// The product that it is for; null for none in particular.
    #[schema(required = true)]
    pub product_id: Option<ProductId>,
    /// How many a member has in all.
    #[schema(example = 25, minimum = 1, maximum = 1_000_000)]
    pub quantity: i64,
    /// For how many days from the grant; null for as long as the tier is held.
    #[schema(required = true, example = 365, minimum = 30, maximum = 3660)]
    pub valid_days: Option<i64>,
    /// Whether it is granted anew at the end of those days, while the tier is held.
    #[schema(example = true)]
    pub renews: bool,
}

/// What a tier is to give in a quantity.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewTierAllowance {
    /// Its code, unique in the tier. The same code in another tier or version is the same benefit, and is of the same kind.
    #[schema(example = "nfr-firewall", pattern = "^[a-z][a-z0-9_-]{0,39}$", max_length = 40)]
    pub code: String,
    /// What it is called.
    #[schema(example = "Firewall licences for own use", min_length = 1, max_length = 200)]
    pub name: String,
    /// What it is.
    pub kind: AllowanceKind,
    /// The product that it is for.
    pub product_id: Option<ProductId>,
    /// How many a member has in all.
    #[schema(example = 25, minimum = 1, maximum = 1_000_000)]
    pub quantity: i64,
    /// For how many days from the grant; as long as the tier is held, if it is not said.
    #[schema(example = 365, minimum = 30, maximum = 3660)]
    pub valid_days: Option<i64>,
    /// Whether it is granted anew at the end of those days, while the tier is held. No, if it is not said.
    #[serde(default)]
    #[schema(example = true)]
    pub renews: bool,
}

/// What a tier gives.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TierBenefits {
    /// Discount on registered deals, in hundredths of a percent: 1250 is 12.5 %.
    #[schema(required = true, example = 1250, minimum = 0, maximum = 10000)]
    pub discount_basis_points: Option<i64>,
    /// How many days an approved registration is protected, in place of the policy's.
    #[schema(required = true, example = 120, minimum = 1, maximum = 730)]
    pub protection_days: Option<i64>,
    /// The weight of its members when leads are routed; 100 is usual.
    #[schema(required = true, example = 150, minimum = 0, maximum = 1000)]
    pub lead_weight: Option<i64>,
    /// Up to which amount a registration without conflict is approved at once.
    #[schema(required = true)]
    pub auto_approval_limit: Option<Money>,
    /// How much of a marketing activity the vendor pays, in hundredths of a percent: 5000 is half.
    #[serde(default)]
    #[schema(required = true, example = 5000, minimum = 0, maximum = 10000)]
    pub mdf_rate_basis_points: Option<i64>,
    /// How fast the vendor answers.
    #[serde(default)]
    #[schema(required = true)]
    pub response_class: Option<ResponseClass>,
    /// Whether somebody at the vendor is named to look after the member.
    #[serde(default)]
    #[schema(example = true)]
    pub named_manager: bool,
    /// What it gives in quantities.
    #[serde(default)]
    #[schema(max_items = 50)]
    pub allowances: Vec<TierAllowance>,
    /// For how many days a member that leaves the tier keeps response class, named manager and allowances. The figures of
    /// decisions (discount, rates, weight, limits) are those of the new tier at once.
    #[serde(default)]
    #[schema(example = 30, minimum = 0, maximum = 365)]
    pub tail_days: i64,
    /// What else it gives, in words.
    #[schema(max_items = 50, example = json!(["A named technical contact"]))]
    pub others: Vec<String>,
}

/// What a tier is to give.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewTierBenefits {
    /// Discount on registered deals, in hundredths of a percent: 1250 is 12.5 %.
    #[schema(example = 1250, minimum = 0, maximum = 10000)]
    pub discount_basis_points: Option<i64>,
    /// How many days an approved registration is protected, in place of the policy's.
    #[schema(example = 120, minimum = 1, maximum = 730)]
    pub protection_days: Option<i64>,
    /// The weight of its members when leads are routed; 100 is usual.
    #[schema(example = 150, minimum = 0, maximum = 1000)]
    pub lead_weight: Option<i64>,
    /// Up to which amount a registration without conflict is approved at once.
    pub auto_approval_limit: Option<Money>,
    /// How much of a marketing activity the vendor pays, in hundredths of a percent: 5000 is half.
    #[schema(example = 5000, minimum = 0, maximum = 10000)]
    pub mdf_rate_basis_points: Option<i64>,
    /// How fast the vendor answers.
    pub response_class: Option<ResponseClass>,
    /// Whether somebody at the vendor is named to look after the member. No, if it is not said.
    #[serde(default)]
    pub named_manager: bool,
    /// What it gives in quantities.
    #[serde(default)]
    #[schema(max_items = 50)]
    pub allowances: Vec<NewTierAllowance>,
    /// For how many days a member that leaves the tier keeps response class, named manager and allowances. None, if it is
    /// not said.
    #[serde(default)]
    #[schema(example = 30, minimum = 0, maximum = 365)]
    pub tail_days: i64,
    /// What else it gives, in words.
    #[serde(default)]
    #[schema(max_items = 50, example = json!(["A named technical contact"]))]
    pub others: Vec<String>,
}

/// A tier of one version of a program.
#[derive(
    Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable, AsChangeset, Identifiable, Serialize, ToSchema,
)]
#[diesel(table_name = tier_versions, treat_none_as_null = true, treat_none_as_default_value = false)]
pub struct Tier {
    /// Its id. Each version has tiers of its own.
    pub id: TierId,
    /// The program.
    pub program_id: ProgramId,
    /// The version of the program's rules.
    #[schema(example = 2, minimum = 1)]
    pub version: i64,
    /// Its rank, unique in the version: 1 is the entry tier.
    #[schema(example = 3, minimum = 1, maximum = 20)]
    pub rank: i64,
    /// Its name, unique in the version. A member goes on in the tier of the same name when a new version begins.
    #[schema(example = "Gold", min_length = 1, max_length = 100)]
    pub name: String,
    /// The name folded for search and uniqueness.
    #[serde(skip)]
    #[schema(ignore)]
    pub name_key: String,
    /// What a member must meet, all of it.
    #[schema(value_type = Vec<Criterion>, max_items = 20)]
    pub criteria: Stored<Vec<Criterion>>,
    /// What it gives.
    #[schema(value_type = TierBenefits)]
    pub benefits: Stored<TierBenefits>,
    /// How often it was changed.
    #[schema(example = 1, minimum = 1)]
    pub revision: i64,
    /// When it was made.
    pub created_at: Time,
    /// When it was last changed.
    pub updated_at: Time,
}

impl Resource for Tier {
    const TYPE: &'static str = "tier";

    fn id(&self) -> String {
        self.id.to_string()
    }

    fn revision(&self) -> i64 {
        self.revision
    }

    fn path(&self) -> String {
        format!("/v1/programs/{}/tiers/{}", self.program_id, self.id)
    }
}

/// A tier to be added to the draft.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewTier {
    /// Its rank, unique in the version: 1 is the entry tier.
    #[schema(example = 3, minimum = 1, maximum = 20)]
    pub rank: i64,
    /// Its name, unique in the version.
    #[schema(example = "Gold", min_length = 1, max_length = 100)]
    pub name: String,
    /// What a member must meet, all of it.
    #[serde(default)]
    #[schema(max_items = 20)]
    pub criteria: Vec<NewCriterion>,
    /// What it gives.
    #[serde(default)]
    pub benefits: NewTierBenefits,
}

/// Changes of a tier of the draft. What is left out stays.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TierPatch {
    /// A new rank.
    #[schema(example = 3, minimum = 1, maximum = 20, nullable = false)]
    pub rank: Option<i64>,
    /// A new name.
    #[schema(example = "Gold", min_length = 1, max_length = 100, nullable = false)]
    pub name: Option<String>,
    /// What a member must meet, in place of what it is now.
    #[schema(max_items = 20, nullable = false)]
    pub criteria: Option<Vec<NewCriterion>>,
    /// What it gives, in place of what it gives now.
    #[schema(nullable = false)]
    pub benefits: Option<NewTierBenefits>,
}

/// Which tiers are listed: those in force now, if nothing is said.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct TierFilter {
    /// The tiers of this version.
    #[param(minimum = 1, example = 2, nullable = false)]
    pub version: Option<i64>,
    /// The tiers of the version that is in force at this moment.
    #[param(nullable = false)]
    pub as_of: Option<Time>,
}

/// Which tier of which program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct TierPath {
    /// The program.
    pub id: ProgramId,
    /// The tier.
    pub tier_id: TierId,
}
