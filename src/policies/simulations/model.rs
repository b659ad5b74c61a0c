//! The shapes of simulations.

use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    bindable,
    deals::registrations::DealType,
    http::Resource,
    kernel::{
        Stored, Time,
        ids::{DealId, PartnerId, PolicyId, PolicySimulationId},
    },
    schema::{policy_simulation_rows, policy_simulations},
    words,
};

words! {
    /// What both sides of a simulation are asked about a deal.
    pub PolicyQuestion {
        /// Whether it would be granted without a person.
        AutoApproval = "auto_approval",
        /// Which steps would have to agree.
        ApprovalSteps = "approval_steps",
        /// Which required fields it lacks.
        RequiredFields = "required_fields",
        /// Whether its expected close lies too far ahead.
        ExpectedClose = "expected_close",
        /// Whether its partner would have had too many registrations before the vendor.
        Capacity = "capacity",
        /// Whether its sale goes on in a stage that the list of stages no longer has.
        RetiredStage = "retired_stage",
        /// When its protection would end.
        ProtectionEnd = "protection_end",
        /// Whether it was won before that end.
        WonInsideWindow = "won_inside_window",
        /// Whether another partner's window would shut it out.
        ShutOut = "shut_out",
        /// Whether those who were passed over would need a reason.
        PassingOver = "passing_over",
        /// How surely the check knew its customer.
        MatchClass = "match_class",
        /// What the check of its submission came to.
        CheckVerdict = "check_verdict",
        /// Which limits its requests for more time would have met.
        ExtensionLimits = "extension_limits",
        /// How many of its amendments would have been reviewed.
        AmendmentReview = "amendment_review",
        /// Whether it was won too soon after it was sent in.
        WonTooEarly = "won_too_early",
        /// What would have kept those who decided on it from deciding.
        Segregation = "segregation",
        /// Which reasons that were given on it could not be given.
        RetiredReason = "retired_reason",
    }
}

bindable!(PolicyQuestion);

/// Which deals are simulated.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct PolicySimulationFilter {
    /// Only deals of this partner; those of others still shut them out.
    #[schema(example = json!(null))]
    pub partner_id: Option<PartnerId>,
    /// Only this kind of business.
    #[schema(example = json!(null))]
    pub deal_type: Option<DealType>,
    /// Only imported history that was never registered, or only what was registered.
    #[schema(example = json!(null))]
    pub legacy: Option<bool>,
}

/// What to simulate a policy over.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPolicySimulation {
    /// Only deals that began at this moment or later: were sent in, or, as history, were begun.
    #[schema(example = "2016-10-01T00:00:00Z")]
    pub from: Option<Time>,
    /// Only deals that began before this moment.
    #[schema(example = json!(null))]
    pub until: Option<Time>,
    /// Which deals; all, if it is not said.
    #[serde(default)]
    pub filter: PolicySimulationFilter,
}

/// How a question came out over all deals.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PolicySimulationCount {
    /// The question.
    pub question: PolicyQuestion,
    /// Of how many deals it was asked.
    #[schema(example = 4238, minimum = 0)]
    pub asked: i64,
    /// The total under the version in force: deals, steps, days, amendments or decisions, by the question.
    #[schema(example = 2900, minimum = 0)]
    pub before: i64,
    /// The total under the simulated policy.
    #[schema(example = 3540, minimum = 0)]
    pub after: i64,
    /// For how many deals the two differ.
    #[schema(example = 640, minimum = 0)]
    pub differing: i64,
    /// Of how many partners those are.
    #[schema(example = 31, minimum = 0)]
    pub partners: i64,
}

/// What a policy would have decided otherwise.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable, Identifiable, Serialize, ToSchema)]
#[diesel(table_name = policy_simulations, treat_none_as_default_value = false)]
pub struct PolicySimulation {
    /// Its id.
    pub id: PolicySimulationId,
    /// The policy.
    pub policy_id: PolicyId,
    /// The policy's revision when it was simulated.
    #[schema(example = 1, minimum = 1)]
    pub policy_revision: i64,
    /// The version that it was compared with: the one in force; 0 are the built-in defaults.
    #[schema(example = 0, minimum = 0)]
    pub compared_version: i64,
    /// Only deals that began at this moment or later.
    #[serde(rename = "from")]
    #[schema(required = true)]
    pub started_from: Option<Time>,
    /// Only deals that began before this moment.
    #[serde(rename = "until")]
    #[schema(required = true)]
    pub started_until: Option<Time>,
    /// Which deals.
    #[schema(value_type = PolicySimulationFilter)]
    pub filter: Stored<PolicySimulationFilter>,
    /// How many deals were judged.
    #[schema(example = 7375, minimum = 0)]
    pub deals: i64,
    /// How many of them are imported history that was never registered.
    #[schema(example = 7375, minimum = 0)]
    pub legacy_deals: i64,
    /// For how many of them something differs.
    #[schema(example = 3012, minimum = 0)]
    pub differing_deals: i64,
    /// How each question came out.
    #[schema(value_type = Vec<PolicySimulationCount>, max_items = 50)]
    pub counts: Stored<Vec<PolicySimulationCount>>,
    /// How many differences there are.
    #[schema(example = 8015, minimum = 0)]
    pub found_rows: i64,
    /// How many of them are kept to be read: at most 20,000, shared out among the questions. The counts tell of all.
    #[schema(example = 8015, minimum = 0, maximum = 20000)]
    pub stored_rows: i64,
    /// Who asked.
    #[schema(example = "user_01jdq4p6c8f3kb2v9y0s7x5ham", max_length = 255)]
    pub created_by: String,
    /// When.
    pub created_at: Time,
}

impl Resource for PolicySimulation {
    const TYPE: &'static str = "policy_simulation";

    fn id(&self) -> String {
        self.id.to_string()
    }

    fn revision(&self) -> i64 {
        1
    }

    fn path(&self) -> String {
        format!("/v1/policy-simulations/{}", self.id)
    }
}

/// Where the two sides differ about a deal.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable, Serialize, ToSchema)]
#[diesel(table_name = policy_simulation_rows, treat_none_as_default_value = false)]
pub struct PolicySimulationRow {
    /// The simulation.
    pub simulation_id: PolicySimulationId,
    /// Its place in the simulation.
    #[schema(example = 1, minimum = 1)]
    pub position: i64,
    /// The question.
    #[serde(rename = "question")]
    pub kind: PolicyQuestion,
    /// The deal.
    pub deal_id: DealId,
    /// Its partner.
    pub partner_id: PartnerId,
    /// The answer under the version in force.
    #[serde(rename = "before")]
    #[schema(example = "no", max_length = 2000)]
    pub value_before: String,
    /// The answer under the simulated policy.
    #[serde(rename = "after")]
    #[schema(example = "yes", max_length = 2000)]
    pub value_after: String,
}

/// What a list of simulations is filtered by. Newest first.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PolicySimulationsFilter {
    /// Only simulations of this policy.
    #[param(nullable = false)]
    pub policy_id: Option<PolicyId>,
}

/// What a list of differences is filtered by.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PolicySimulationRowFilter {
    /// Only differences in the answers to these questions.
    #[param(style = Form, explode = false, nullable = false)]
    pub question: Option<Vec<PolicyQuestion>>,
    /// Only those about deals of this partner.
    #[param(nullable = false)]
    pub partner_id: Option<PartnerId>,
}
