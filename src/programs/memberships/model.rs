//! The shapes of memberships.

use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    bindable,
    http::Resource,
    kernel::{
        Stored, Time,
        ids::{EvaluationId, EvaluationResultId, PartnerId, ProgramId, ProgramMembershipId, TierAssignmentId, TierId},
        states::Action,
    },
    ordered,
    programs::evaluations::CriterionResult,
    schema::{program_memberships, tier_assignments},
    words,
};

words! {
    /// How firmly a member holds its tier.
    pub Standing {
        /// It meets the criteria, as far as is known.
        Current = "current",
        /// It was told that it fails the criteria, and keeps the tier for the time of the notice.
        AtRisk = "at_risk",
        /// The notice has run out; the demotion waits to be confirmed.
        DemotionPending = "demotion_pending",
        /// It has left the program.
        Ended = "ended",
    }

    /// Why a tier began.
    pub TierCause {
        /// The partner joined.
        Entry = "entry",
        /// An evaluation found what it deserves.
        Evaluation = "evaluation",
        /// Somebody set it by hand.
        Override = "override",
        /// What was set by hand ended.
        OverrideExpired = "override_expired",
        /// A new version of the program's rules began.
        NewVersion = "new_version",
        /// It came with the vendor's history.
        Import = "import",
        /// The partner left.
        End = "end",
    }

    /// Why a tier is set by hand.
    pub OverrideReason {
        /// Contracted, whatever the figures are.
        Contract = "contract",
        /// The firm is new but known, or comes from a competitor.
        StrategicPartner = "strategic_partner",
        /// Firms merged, and their figures are not together yet.
        Merger = "merger",
        /// Figures that the system does not have.
        MissingData = "missing_data",
        /// The vendor's own doing: a late evaluation, a product withdrawn.
        VendorCaused = "vendor_caused",
        /// A mistake is put right.
        Correction = "correction",
        /// The partner broke the program's rules.
        Breach = "breach",
        /// Something else; the text says what.
        Other = "other",
    }

    /// Where an appeal stands.
    pub AppealStatus {
        /// It waits for a decision; nobody is demoted meanwhile.
        Open = "open",
        /// The member keeps its tier.
        Upheld = "upheld",
        /// The demotion goes on.
        Rejected = "rejected",
    }

    /// The order of memberships.
    pub ProgramMembershipSort {
        /// Oldest first.
        Created = "created_at",
        /// Newest first.
        CreatedDescending = "-created_at",
    }
}

bindable!(Standing, TierCause);

ordered!(ProgramMembershipSort of "program_memberships" {
    Created | CreatedDescending => "created_at",
});

/// What a member was told when it came to be at risk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Risk {
    /// Since when.
    pub since: Time,
    /// The evaluation that found it.
    pub evaluation_id: EvaluationId,
    /// The tier that the figures deserve.
    pub target_tier_id: TierId,
    /// The criteria of the present tier that fail, with what is missing.
    #[schema(max_items = 20)]
    pub failing: Vec<CriterionResult>,
}

/// What a member holds against its demotion.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Appeal {
    /// Where it stands.
    pub status: AppealStatus,
    /// What the member says.
    #[schema(example = "Two won deals are still booked under our former name.", max_length = 4000)]
    pub statement: String,
    /// Who made it.
    #[schema(max_length = 64)]
    pub made_by: String,
    /// When it was made.
    pub made_at: Time,
    /// What was decided, in words.
    #[schema(required = true, max_length = 4000)]
    pub decision: Option<String>,
    /// When it was decided.
    #[schema(required = true)]
    pub decided_at: Option<Time>,
}

/// A membership as it is stored; its tiers are a chain of their own.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable, AsChangeset, Identifiable)]
#[diesel(table_name = program_memberships, treat_none_as_null = true, treat_none_as_default_value = false)]
pub struct MembershipRow {
    pub id: ProgramMembershipId,
    pub partner_id: PartnerId,
    pub program_id: ProgramId,
    pub standing: Standing,
    pub grace_until: Option<Time>,
    pub risk: Option<Stored<Risk>>,
    pub appeal: Option<Stored<Appeal>>,
    pub joined_at: Time,
    pub ended_at: Option<Time>,
    pub end_reason: Option<String>,
    pub revision: i64,
    pub created_at: Time,
    pub updated_at: Time,
}

/// A link of the chain as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable, Identifiable)]
#[diesel(table_name = tier_assignments, treat_none_as_default_value = false)]
pub struct AssignmentRow {
    pub id: TierAssignmentId,
    pub membership_id: ProgramMembershipId,
    pub partner_id: PartnerId,
    pub program_id: ProgramId,
    pub valid_from: Time,
    pub tier_version_id: Option<TierId>,
    pub cause: TierCause,
    pub reason_code: Option<String>,
    pub reason_text: Option<String>,
    pub override_until: Option<Time>,
    pub evaluation_result_id: Option<EvaluationResultId>,
    pub created_by: String,
    pub created_at: Time,
}

/// The tier that a member holds at a moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct TierHeld {
    /// The tier.
    pub tier_id: TierId,
    /// Its name.
    #[schema(example = "Gold", max_length = 100)]
    pub name: String,
    /// Its rank: 1 is the entry tier.
    #[schema(example = 3, minimum = 1, maximum = 20)]
    pub rank: i64,
    /// The version of the program's rules that it belongs to.
    #[schema(example = 2, minimum = 1)]
    pub version: i64,
    /// Since when.
    pub since: Time,
    /// Why.
    pub cause: TierCause,
    /// Whether it is held by an override.
    pub overridden: bool,
    /// When the override ends; null if none is in force, or it has no end.
    #[schema(required = true)]
    pub override_until: Option<Time>,
}

/// A partner's membership of a program.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ProgramMembership {
    /// Its id.
    pub id: ProgramMembershipId,
    /// The program.
    pub program_id: ProgramId,
    /// The partner.
    pub partner_id: PartnerId,
    /// How firmly it holds its tier.
    pub standing: Standing,
    /// The tier it holds; null before it joined and after it left.
    #[schema(required = true)]
    pub tier: Option<TierHeld>,
    /// Until when it keeps the tier although it fails the criteria.
    #[schema(required = true)]
    pub grace_until: Option<Time>,
    /// What it was told, if it is at risk.
    #[schema(required = true)]
    pub risk: Option<Risk>,
    /// What it holds against it.
    #[schema(required = true)]
    pub appeal: Option<Appeal>,
    /// When it joined.
    pub joined_at: Time,
    /// When it left.
    #[schema(required = true)]
    pub ended_at: Option<Time>,
    /// Why it left.
    #[schema(required = true, max_length = 500)]
    pub end_reason: Option<String>,
    /// How often it was changed.
    #[schema(example = 1, minimum = 1)]
    pub revision: i64,
    /// When it was recorded.
    pub created_at: Time,
    /// When it was last changed.
    pub updated_at: Time,
}

impl ProgramMembership {
    /// Where the membership with that id is read.
    pub fn path_of(program: &str, id: &str) -> String {
        format!("/v1/programs/{program}/memberships/{id}")
    }
}

impl Resource for ProgramMembership {
    const TYPE: &'static str = "program_membership";

    fn id(&self) -> String {
        self.id.to_string()
    }

    fn revision(&self) -> i64 {
        self.revision
    }

    fn path(&self) -> String {
        Self::path_of(&self.program_id.to_string(), &self.id.to_string())
    }

    fn audience(&self) -> Vec<PartnerId> {
        vec![self.partner_id]
    }
}

/// One start in the chain of a member's tiers: it holds until the next one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct TierStart {
    /// Its id.
    pub id: TierAssignmentId,
    /// From when it holds. Starts to come are those of new versions and of overrides that end.
    pub valid_from: Time,
    /// The tier; null where the membership ends.
    #[schema(required = true)]
    pub tier_id: Option<TierId>,
    /// The tier's name.
    #[schema(required = true, example = "Gold", max_length = 100)]
    pub tier_name: Option<String>,
    /// The tier's rank.
    #[schema(required = true, example = 3, minimum = 1, maximum = 20)]
    pub tier_rank: Option<i64>,
    /// Why it began.
    pub cause: TierCause,
    /// The reason as a code, of an override.
    #[schema(required = true, example = "strategic_partner", max_length = 64)]
    pub reason_code: Option<String>,
    /// The reason in words; only the vendor reads it.
    #[schema(required = true, max_length = 2000)]
    pub reason_text: Option<String>,
    /// When the override ends.
    #[schema(required = true)]
    pub override_until: Option<Time>,
    /// What the evaluation found; only the vendor reads it.
    #[schema(required = true)]
    pub evaluation_result_id: Option<EvaluationResultId>,
    /// Who did it; only the vendor reads it.
    #[schema(required = true, max_length = 64)]
    pub created_by: Option<String>,
    /// When it was recorded.
    pub created_at: Time,
}

/// A partner to be enrolled.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Enrolment {
    /// The partner.
    pub partner_id: PartnerId,
}

/// Why a member leaves.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Leave {
    /// The reason, in words.
    #[schema(example = "Moves to the managed services program.", min_length = 1, max_length = 500)]
    pub reason: String,
}

/// A tier to be set by hand.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TierOverride {
    /// The tier, of the version in force.
    pub tier_id: TierId,
    /// Why.
    pub reason_code: OverrideReason,
    /// Why, in words; only the vendor reads it.
    #[schema(
        example = "Takes over 30 of our customers in May.",
        min_length = 1,
        max_length = 2000
    )]
    pub reason_text: String,
    /// Until when; without end, if it is not said.
    pub until: Option<Time>,
}

/// A promotion that an evaluation proposed.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Promotion {
    /// The committed evaluation that proposed it.
    pub evaluation_id: EvaluationId,
}

/// What a member holds against its demotion.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewAppeal {
    /// What it says.
    #[schema(
        example = "Two won deals are still booked under our former name.",
        min_length = 1,
        max_length = 4000
    )]
    pub statement: String,
}

/// The decision on an appeal.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AppealDecision {
    /// Whether the member keeps its tier.
    pub upheld: bool,
    /// What was decided and why, for the member to read.
    #[schema(
        example = "The deals were moved; the criteria are met.",
        min_length = 1,
        max_length = 4000
    )]
    pub decision: String,
}

/// What a list of memberships is filtered by.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ProgramMembershipFilter {
    /// Only memberships of this partner.
    #[param(nullable = false)]
    pub partner_id: Option<PartnerId>,
    /// Only memberships with these standings.
    #[param(style = Form, explode = false, nullable = false)]
    pub standing: Option<Vec<Standing>>,
    /// Only members that hold this tier.
    #[param(nullable = false)]
    pub tier_id: Option<TierId>,
    /// Only who was a member at this moment, with the tier held then.
    #[param(nullable = false)]
    pub as_of: Option<Time>,
    /// The order.
    #[param(nullable = false)]
    pub sort: Option<ProgramMembershipSort>,
}

/// The moment that is read.
#[derive(Debug, Clone, Copy, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct MembershipMoment {
    /// The moment that is read: now, if it is not said.
    #[param(nullable = false)]
    pub as_of: Option<Time>,
}

/// Which membership of which program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct ProgramMembershipPath {
    /// The program.
    pub id: ProgramId,
    /// The membership.
    pub membership_id: ProgramMembershipId,
}

/// What can be done with a membership now.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ProgramMembershipActions {
    /// Each action that its standing allows.
    #[schema(max_items = 20)]
    pub data: Vec<Action>,
}
