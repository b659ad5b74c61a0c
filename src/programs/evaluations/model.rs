//! The shapes of evaluations.

use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    bindable,
    http::Resource,
    kernel::{
        Currency, Stored, Time,
        ids::{
            EvaluationId, EvaluationResultId, PartnerId, ProductId, ProgramId, ProgramMembershipId, TerritoryId, TierId,
        },
    },
    ordered,
    programs::{
        figure::Figure,
        metrics::{MetricKey, MetricUnit},
        tiers::Comparison,
    },
    schema::{evaluation_results, evaluation_runs},
    words,
};

words! {
    /// What an evaluation does with what it finds.
    pub EvaluationMode {
        /// Nothing: it shows what would follow.
        Preview = "preview",
        /// It promotes or proposes to, and gives notice to whom it finds below their tier.
        Commit = "commit",
    }

    /// What the figures of a member say about its tier.
    pub Proposal {
        /// It deserves a higher one.
        Promote = "promote",
        /// It deserves the one it holds.
        Retain = "retain",
        /// It deserves a lower one.
        Demote = "demote",
    }

    /// What an evaluation did about a member.
    pub Effect {
        /// Nothing.
        None = "none",
        /// It was promoted.
        Promoted = "promoted",
        /// A promotion waits to be confirmed.
        PromotionProposed = "promotion_proposed",
        /// It was told that it fails the criteria.
        PutAtRisk = "put_at_risk",
        /// It fails the criteria, and its notice still runs.
        NoticeRunning = "notice_running",
        /// Its notice has run out; the demotion waits to be confirmed.
        DemotionDue = "demotion_due",
        /// It meets the criteria of its tier again.
        Recovered = "recovered",
        /// Its tier was set by hand; figures do not move it.
        HeldByOverride = "held_by_override",
    }

    /// The order of evaluations.
    pub EvaluationSort {
        /// Oldest first.
        Created = "created_at",
        /// Newest first.
        CreatedDescending = "-created_at",
    }
}

bindable!(EvaluationMode, Proposal, Effect);

ordered!(EvaluationSort of "evaluation_runs" {
    Created | CreatedDescending => "created_at",
});

/// One run of an evaluation.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable, Identifiable, Serialize, ToSchema)]
#[diesel(table_name = evaluation_runs, treat_none_as_default_value = false)]
pub struct Evaluation {
    /// Its id.
    pub id: EvaluationId,
    /// The program.
    pub program_id: ProgramId,
    /// The version of the program's rules that it judged by.
    #[schema(example = 2, minimum = 1)]
    pub version: i64,
    /// The moment whose figures and members it looked at.
    pub as_of: Time,
    /// The rules it went by: program, version, and the version of the metrics' definitions.
    #[schema(example = "RESELL/2/metrics-1", max_length = 100)]
    pub rule_version: String,
    /// Whether it had effects.
    pub mode: EvaluationMode,
    /// The only partner it looked at; null if it looked at all members.
    #[schema(required = true)]
    pub partner_id: Option<PartnerId>,
    /// How many members it looked at.
    #[schema(example = 38, minimum = 0)]
    pub evaluated: i64,
    /// For how many it proposes a promotion.
    #[schema(example = 3, minimum = 0)]
    pub promotions: i64,
    /// For how many it finds a lower tier.
    #[schema(example = 2, minimum = 0)]
    pub demotions: i64,
    /// Who ran it.
    #[schema(max_length = 64)]
    pub created_by: String,
    /// When it ran.
    pub created_at: Time,
}

impl Resource for Evaluation {
    const TYPE: &'static str = "tier_evaluation";

    fn id(&self) -> String {
        self.id.to_string()
    }

    /// What was found never changes.
    fn revision(&self) -> i64 {
        1
    }

    fn path(&self) -> String {
        format!("/v1/programs/{}/evaluations/{}", self.program_id, self.id)
    }
}

/// An evaluation to be run.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewEvaluation {
    /// Whether it has effects.
    pub mode: EvaluationMode,
    /// The moment whose figures and members it looks at, not in the future: now, if it is not said.
    pub as_of: Option<Time>,
    /// The version of the rules it judges by: the one in force now, if it is not said. A preview can take any, a draft too.
    #[schema(example = 2, minimum = 1)]
    pub version: Option<i64>,
    /// The only partner it looks at; all members, if it is not said.
    pub partner_id: Option<PartnerId>,
}

/// How one criterion came out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CriterionResult {
    /// What was counted.
    pub metric_key: MetricKey,
    /// What it is measured in.
    pub unit: MetricUnit,
    /// How it was compared.
    pub op: Comparison,
    /// What it was compared with.
    pub threshold: Figure,
    /// What was found.
    pub actual: Figure,
    /// Whether the criterion is met.
    pub pass: bool,
    /// How far the figure is from the threshold; 0 if the criterion is met.
    pub gap: Figure,
    /// The first moment that counts; null for everything before `until`.
    #[schema(required = true)]
    pub from: Option<Time>,
    /// The moment before which things count.
    pub until: Time,
    /// Only this product and what lies in it; null for all.
    #[schema(required = true)]
    pub product_id: Option<ProductId>,
    /// Only this territory and what lies in it; null for all.
    #[schema(required = true)]
    pub territory_id: Option<TerritoryId>,
    /// The currency of an amount; null for other metrics.
    #[schema(required = true)]
    pub currency: Option<Currency>,
    /// How many records the figure comes from.
    #[schema(example = 14, minimum = 0)]
    pub records: i64,
    /// Which records those are.
    #[schema(example = "deals with stage won, by closed_at", max_length = 200)]
    pub source: String,
}

/// How the criteria of one tier came out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TierFinding {
    /// The tier.
    pub tier_id: TierId,
    /// Its rank.
    #[schema(example = 3, minimum = 1, maximum = 20)]
    pub rank: i64,
    /// Its name.
    #[schema(example = "Gold", max_length = 100)]
    pub name: String,
    /// Whether all its criteria are met.
    pub met: bool,
    /// Each of them.
    #[schema(max_items = 20)]
    pub criteria: Vec<CriterionResult>,
}

/// What an evaluation found for one member.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable, Identifiable, Serialize, ToSchema)]
#[diesel(table_name = evaluation_results, treat_none_as_default_value = false)]
pub struct EvaluationResult {
    /// Its id.
    pub id: EvaluationResultId,
    /// The evaluation.
    #[serde(rename = "evaluation_id")]
    pub run_id: EvaluationId,
    /// The program.
    pub program_id: ProgramId,
    /// The partner.
    pub partner_id: PartnerId,
    /// The membership.
    pub membership_id: ProgramMembershipId,
    /// The tier that it held then, as it stands in the version it is judged by.
    #[schema(required = true)]
    pub current_tier_id: Option<TierId>,
    /// The highest tier whose criteria it all meets, or the entry tier.
    pub proposed_tier_id: TierId,
    /// What follows from that.
    pub proposal: Proposal,
    /// What was done about it.
    pub effect: Effect,
    /// How the criteria of each tier came out, the lowest rank first.
    #[serde(rename = "tiers")]
    #[schema(value_type = Vec<TierFinding>, max_items = 50)]
    pub criteria: Stored<Vec<TierFinding>>,
    /// When it was found.
    pub created_at: Time,
}

/// What a list of evaluations is filtered by.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct EvaluationFilter {
    /// Only evaluations of these modes.
    #[param(style = Form, explode = false, nullable = false)]
    pub mode: Option<Vec<EvaluationMode>>,
    /// The order; newest first, if it is not said.
    #[param(nullable = false)]
    pub sort: Option<EvaluationSort>,
}

/// What a list of results is filtered by.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct EvaluationResultFilter {
    /// Only the result of this partner.
    #[param(nullable = false)]
    pub partner_id: Option<PartnerId>,
    /// Only results with these proposals.
    #[param(style = Form, explode = false, nullable = false)]
    pub proposal: Option<Vec<Proposal>>,
    /// Only results with these effects.
    #[param(style = Form, explode = false, nullable = false)]
    pub effect: Option<Vec<Effect>>,
}

/// Which evaluation of which program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct EvaluationPath {
    /// The program.
    pub id: ProgramId,
    /// The evaluation.
    pub evaluation_id: EvaluationId,
}

/// Which tier a member asks about, and as of when.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct GapQuestion {
    /// The tier, by its id or by its name in any case: the next one above, if it is not said.
    #[param(min_length = 1, max_length = 100, example = "Gold", nullable = false)]
    pub tier: Option<String>,
    /// The moment whose figures are looked at: now, if it is not said.
    #[param(nullable = false)]
    pub as_of: Option<Time>,
}

/// What a member lacks for a tier.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct TierGap {
    /// The membership.
    pub membership_id: ProgramMembershipId,
    /// The moment whose figures were looked at.
    pub as_of: Time,
    /// The rules it went by: program, version, and the version of the metrics' definitions.
    #[schema(example = "RESELL/2/metrics-1", max_length = 100)]
    pub rule_version: String,
    /// The tier that is held; null if none is.
    #[schema(required = true)]
    pub current_tier_id: Option<TierId>,
    /// The tier that was asked about, with each criterion: the figure, the threshold and what is missing.
    pub tier: TierFinding,
}
