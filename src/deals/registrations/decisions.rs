//! What is sent with the steps of a review, and what they answer beside the registration.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::states::{DealStage, ReviewStatus};
use crate::{
    approvals::{ApprovalChainStep, ApprovalKind},
    kernel::{
        ids::{AccountId, DealId, UserId},
        states::Action,
    },
    policies::PolicyCode,
};

/// An approval. Without a scope all that was asked for is granted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DealApproval {
    /// What is granted, if it is less than what was asked for.
    #[schema(example = json!(null))]
    pub scope: Option<DealApprovalScope>,
    /// Days of protection, if other than the program's or the tier's.
    #[schema(example = 90, minimum = 1, maximum = 1095)]
    pub protection_days: Option<i64>,
    /// A note to the partner.
    #[schema(example = "Good luck in Stuttgart.", min_length = 1, max_length = 2000)]
    pub note: Option<String>,
    /// Passes over those who came first, with a reason.
    #[serde(rename = "override")]
    #[schema(example = json!(null))]
    pub passing_over: Option<DealOverride>,
}

/// A scope that is granted: within what was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DealApprovalScope {
    /// The products by code or id: those of the lines, or ones below them. All lines if left out.
    #[schema(min_items = 1, max_items = 100, example = json!(["EDGE-FW"]), nullable = false)]
    pub products: Option<Vec<String>>,
    /// The territory by code or id: that of the registration, or one within it.
    #[schema(example = "DE", min_length = 1, max_length = 64)]
    pub territory: Option<String>,
}

/// Why earlier claimants are passed over.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DealOverride {
    /// Why, as a code.
    #[schema(value_type = String, example = "customer_choice", min_length = 1, max_length = 64, pattern = "^[a-z][a-z0-9_]{0,63}$")]
    pub reason_code: PolicyCode,
    /// Why, in words.
    #[schema(
        example = "The customer's letter of 2026-11-18 names this partner.",
        min_length = 1,
        max_length = 2000
    )]
    pub reason_text: String,
    /// Whom: all of them must be named, as the conflict check names them.
    #[schema(min_items = 1, max_items = 200)]
    pub deals: Vec<DealId>,
}

/// A refusal.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DealRejection {
    /// Why, as a code; the partner reads it.
    #[schema(value_type = String, example = "duplicate_registration", min_length = 1, max_length = 64, pattern = "^[a-z][a-z0-9_]{0,63}$")]
    pub reason_code: PolicyCode,
    /// Why, in words; the partner reads them.
    #[schema(
        example = "Another partner registered the same project before.",
        min_length = 1,
        max_length = 2000
    )]
    pub reason_text: String,
    /// The claim that the reason rests on: a registration's number, an opportunity, a document. For the vendor alone.
    #[schema(example = "DR-2026-000101", min_length = 1, max_length = 500)]
    pub evidence: Option<String>,
}

/// A revocation.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DealRevocation {
    /// Why, as a code; the partner reads it.
    #[schema(value_type = String, example = "customer_objection", min_length = 1, max_length = 64, pattern = "^[a-z][a-z0-9_]{0,63}$")]
    pub reason_code: PolicyCode,
    /// Why, in words; the partner reads them.
    #[schema(
        example = "The customer told us in writing that it works with another partner.",
        min_length = 1,
        max_length = 2000
    )]
    pub reason_text: String,
    /// What the reason rests on: a letter, an order, a registration's number. For the vendor alone.
    #[schema(example = "Letter of 2026-11-18", min_length = 1, max_length = 500)]
    pub evidence: Option<String>,
}

/// A withdrawal.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DealWithdrawal {
    /// Why, as a code.
    #[schema(value_type = Option<String>, example = "customer_postponed", min_length = 1, max_length = 64, pattern = "^[a-z][a-z0-9_]{0,63}$")]
    pub reason_code: Option<PolicyCode>,
    /// Why, in words.
    #[schema(
        example = "The customer has postponed the project.",
        min_length = 1,
        max_length = 2000
    )]
    pub reason: Option<String>,
}

/// Questions to the partner.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewDealInfoRequest {
    /// Why the partner is asked, as a code; the partner reads it in the history.
    #[schema(value_type = Option<String>, example = "scope_unclear", min_length = 1, max_length = 64, pattern = "^[a-z][a-z0-9_]{0,63}$")]
    pub reason_code: Option<PolicyCode>,
    /// The questions.
    #[schema(min_items = 1, max_items = 20, example = json!(["Which sites are meant?"]))]
    pub questions: Vec<String>,
    /// Business days until the answers are due; the program's limit if left out.
    #[schema(example = 5, minimum = 1, maximum = 60, nullable = false)]
    pub business_days: Option<i64>,
}

/// Answers to the open questions.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DealInfoAnswers {
    /// One for each question, in their order.
    #[schema(min_items = 1, max_items = 20, example = json!(["The branches in Stuttgart and Esslingen."]))]
    pub answers: Vec<String>,
}

/// Who shall review it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DealAssignment {
    /// A person of the vendor who decides on registrations.
    pub assignee_id: UserId,
}

/// Which customer account it is.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DealAccountChoice {
    /// The account.
    pub customer_account_id: AccountId,
    /// Why it is this one.
    #[schema(example = "The branch was renamed last year.", min_length = 1, max_length = 2000)]
    pub reason: Option<String>,
}

/// Where the sale stands now.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DealStageMove {
    /// The stage: one that the program has for a sale that goes on, and that is reached from where it stands.
    pub stage: DealStage,
    /// What happens next.
    #[schema(example = "Proof of concept begins on Monday.", min_length = 1, max_length = 255)]
    pub next_step: Option<String>,
}

/// What can be done with a registration now, by this caller.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct DealActions {
    /// Where the review stands.
    pub review_status: ReviewStatus,
    /// Where the sale stands.
    pub stage: DealStage,
    /// The actions that the states and the caller's role allow, each with the guards that fail.
    #[schema(max_items = 50)]
    pub data: Vec<Action>,
}

/// Whose chain is read.
#[derive(Debug, Clone, Copy, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct DealChainQuery {
    /// The chain of the registration itself, or of such a request about it; of the registration if left out.
    #[param(nullable = false)]
    pub kind: Option<ApprovalKind>,
}

/// Who must agree to a registration, in order. No steps: one person whose role may decide it does.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct DealApprovalChain {
    /// Whether it is only what would be asked for: nothing was sent in yet.
    #[schema(example = true)]
    pub preview: bool,
    /// Whether a check without findings would grant it without a person, as far as amount, tier and record go.
    #[schema(example = false)]
    pub auto_approval: bool,
    /// The steps.
    #[schema(max_items = 10)]
    pub data: Vec<ApprovalChainStep>,
}
