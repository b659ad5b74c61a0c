//! The shapes of reviews.

use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    bindable,
    http::Resource,
    kernel::{
        Date, Stored, Time,
        ids::{PartnerId, PartnerInfoRequestId, ProgramId, TerritoryId, UserId},
        page::Order,
    },
    partners::{PartnerType, applications::ReapplyRule},
    schema::partner_info_requests,
    words,
};

words! {
    /// What became of questions to an applicant.
    pub PartnerInfoStatus {
        /// They wait for answers.
        Open = "open",
        /// They were answered.
        Answered = "answered",
        /// They wait, and their due time has passed.
        Overdue = "overdue",
        /// The vendor went on without answers.
        Cancelled = "cancelled",
    }
}

bindable!(PartnerInfoStatus);

/// The order of questions: the latest first.
pub(super) const ORDER: Order = Order {
    column: "partner_info_requests.asked_at",
    id: "partner_info_requests.id",
    descending: true,
};

/// Questions of the vendor to a firm that applied.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable, AsChangeset, Serialize, ToSchema)]
#[diesel(table_name = partner_info_requests, treat_none_as_null = true, treat_none_as_default_value = false)]
pub struct PartnerInfoRequest {
    /// Its id.
    pub id: PartnerInfoRequestId,
    /// The firm.
    pub partner_id: PartnerId,
    /// What is asked.
    #[schema(value_type = Vec<String>, example = json!(["How many engineers do you employ?"]), max_items = 20)]
    pub questions: Stored<Vec<String>>,
    /// When the answers are due.
    pub due_at: Time,
    /// What became of it.
    pub status: PartnerInfoStatus,
    /// Who asked.
    #[schema(example = "user_01k7wz9d6cfvb8k1zq3n5x7h2a", max_length = 64)]
    pub asked_by: String,
    /// When it was asked.
    pub asked_at: Time,
    /// The answers, in the order of the questions.
    #[schema(value_type = Option<Vec<String>>, required = true, example = json!(["Twelve, four of them certified."]), max_items = 20)]
    pub answers: Option<Stored<Vec<String>>>,
    /// Who answered.
    #[schema(required = true, example = "anonymous", max_length = 64)]
    pub answered_by: Option<String>,
    /// When it was answered.
    #[schema(required = true)]
    pub answered_at: Option<Time>,
    /// How often it was changed.
    #[schema(example = 1, minimum = 1)]
    pub revision: i64,
}

impl Resource for PartnerInfoRequest {
    const TYPE: &'static str = "partner_info_request";

    fn id(&self) -> String {
        self.id.to_string()
    }

    fn revision(&self) -> i64 {
        self.revision
    }

    fn path(&self) -> String {
        format!("/v1/partners/{}/info-requests", self.partner_id)
    }

    fn audience(&self) -> Vec<PartnerId> {
        vec![self.partner_id]
    }
}

/// What the vendor wants to know of a firm that applied.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PartnerQuestions {
    /// What is asked.
    #[schema(example = json!(["How many engineers do you employ?"]), min_items = 1, max_items = 20)]
    pub questions: Vec<String>,
    /// When the answers are due; after as many days as the settings say if left out.
    pub due_at: Option<Time>,
}

/// The answers of a firm that applied.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PartnerAnswers {
    /// The answers, in the order of the questions.
    #[schema(example = json!(["Twelve, four of them certified."]), min_items = 1, max_items = 20)]
    pub answers: Vec<String>,
}

/// Why the vendor turns a firm down.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PartnerRejection {
    /// A code of the vendor; the firm reads it.
    #[schema(
        example = "territory_covered",
        min_length = 1,
        max_length = 64,
        pattern = "^[a-z][a-z0-9_]{0,63}$"
    )]
    pub reason_code: String,
    /// In words, for the vendor.
    #[schema(
        example = "Three partners serve the region already.",
        min_length = 1,
        max_length = 2000
    )]
    pub reason_text: Option<String>,
    /// Whether and when the firm may apply again.
    pub reapply: ReapplyRule,
    /// With `after`: from which date on; after as many days as the settings say if left out. Other rules take none.
    pub reapply_after_on: Option<Date>,
}

/// What the vendor accepts a firm as.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PartnerApproval {
    /// What kinds of business it shall do.
    #[schema(min_items = 1, max_items = 7)]
    pub types: Vec<PartnerType>,
    /// The territories that it shall work in.
    #[schema(min_items = 1, max_items = 300)]
    pub territory_ids: Vec<TerritoryId>,
    /// The programs that it joins, in their entry tier.
    #[schema(min_items = 1, max_items = 20)]
    pub program_ids: Vec<ProgramId>,
    /// The vendor's user who looks after it from now on.
    pub account_manager_id: UserId,
    /// A note on the decision, for the vendor.
    #[schema(example = "Strong in the public sector.", min_length = 1, max_length = 2000)]
    pub note: Option<String>,
}

/// Why a firm is no longer on the way to become a partner.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PartnerWithdrawal {
    /// A code of the vendor; the firm reads it.
    #[schema(
        example = "no_interest",
        min_length = 1,
        max_length = 64,
        pattern = "^[a-z][a-z0-9_]{0,63}$"
    )]
    pub reason_code: String,
    /// In words, for the vendor.
    #[schema(
        example = "They chose to build their own product.",
        min_length = 1,
        max_length = 2000
    )]
    pub reason_text: Option<String>,
}
