//! The shapes of first loads, and of the queue of what is ambiguous in them.

use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    bindable,
    kernel::{
        Address, Money, Stored, Time,
        ids::{AccountId, ExternalSystemId, SyncLinkId, SyncReviewId},
        page::Order,
    },
    resource,
    schema::sync_reviews,
    sync::kinds::SyncedType,
    words,
};

words! {
    /// Where the review of a record of another system stands.
    pub SyncReviewState {
        /// Somebody has to tell which of ours it is.
        Open = "open",
        /// It was linked to one of ours.
        Linked = "linked",
        /// It is none of ours: it is to be put here.
        New = "new",
        /// It is not to be here.
        Ignored = "ignored",
    }

    /// What shall become of a record of another system.
    pub SyncReviewDecision {
        /// It is one of ours, which is named.
        Link = "link",
        /// It is none of ours: the connector puts it here.
        New = "new",
        /// It is not to be here.
        Ignore = "ignore",
    }

    /// What a record of another system is.
    pub SyncMatchStatus {
        /// None of ours.
        New = "new",
        /// One of ours for sure; with `dry_run` false it is linked now.
        Matched = "matched",
        /// Perhaps one of ours; with `dry_run` false it waits for somebody.
        Ambiguous = "ambiguous",
        /// Linked already.
        Linked = "linked",
        /// Somebody said that it is not to be here.
        Ignored = "ignored",
        /// One of ours for sure, that cannot be linked: `detail` says why.
        Refused = "refused",
    }
}

bindable!(SyncReviewState);

/// The order of reviews.
pub(super) const ORDER: Order = Order {
    column: "sync_reviews.created_at",
    id: "sync_reviews.id",
    descending: false,
};

/// A record as another system describes it. What does not concern its type is not looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ExternalRecord {
    /// Its id there, exactly as that system writes it.
    #[schema(example = "0018d00000abcdeAAB", min_length = 1, max_length = 255)]
    pub external_id: String,
    /// What it is called: the name of a firm or person, the title of a deal.
    #[schema(example = "Acme Werkzeugbau GmbH", min_length = 1, max_length = 255)]
    pub name: String,
    /// Of a firm: its web site, or a domain.
    #[serde(default)]
    #[schema(example = "acme.example", min_length = 1, max_length = 255)]
    pub website: Option<String>,
    /// Of a firm: its number in a register.
    #[serde(default)]
    #[schema(example = "HRB 123456", min_length = 1, max_length = 64)]
    pub registration_number: Option<String>,
    /// Of a firm: who gave the number.
    #[serde(default)]
    #[schema(example = "DE-HRB", min_length = 1, max_length = 100)]
    pub registration_authority: Option<String>,
    /// Of a customer: its telephone number.
    #[serde(default)]
    #[schema(example = "+49 30 1234567", min_length = 1, max_length = 50)]
    pub phone: Option<String>,
    /// Of a person, or of somebody at a customer: the mail address.
    #[serde(default)]
    #[schema(example = "jane@acme.example", min_length = 3, max_length = 254)]
    pub email: Option<String>,
    /// Of a customer: its address.
    #[serde(default)]
    pub address: Option<Address>,
    /// Of a deal: its customer account.
    #[serde(default)]
    #[schema(example = json!(null))]
    pub account_id: Option<AccountId>,
    /// Of a deal: its customer's id there, if that is linked.
    #[serde(default)]
    #[schema(example = "0018d00000abcdeAAB", min_length = 1, max_length = 255)]
    pub account_external_id: Option<String>,
    /// Of a deal: what it is expected to bring.
    #[serde(default)]
    pub amount: Option<Money>,
}

/// Records of another system that are to be matched.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewSyncMatching {
    /// Their type.
    #[schema(example = json!("customer_account"))]
    pub resource_type: SyncedType,
    /// Whether nothing shall be written.
    #[serde(default = "NewSyncMatching::dry")]
    #[schema(default = true, example = true)]
    pub dry_run: bool,
    /// The records.
    #[schema(min_items = 1, max_items = 1000)]
    pub items: Vec<ExternalRecord>,
}

impl NewSyncMatching {
    const fn dry() -> bool {
        true
    }
}

/// A record of ours that one of another system may be.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct SyncCandidate {
    /// The record.
    #[schema(example = "account_01jdq4p6c8f3kb2v9y0s7x5ham", max_length = 64)]
    pub resource_id: String,
    /// What it is called.
    #[schema(example = "Acme Werkzeugbau GmbH", max_length = 255)]
    pub name: String,
    /// Whether what they have in common names one record for sure.
    #[schema(example = true)]
    pub exact: bool,
    /// How alike they are, 0 to 1.
    #[schema(example = 0.93, minimum = 0, maximum = 1)]
    pub score: f64,
    /// What they have in common.
    #[schema(max_items = 50, example = json!(["domain", "name"]))]
    pub reasons: Vec<String>,
}

/// What a record of another system was found to be.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct SyncMatch {
    /// Which item, from 0.
    #[schema(example = 0, minimum = 0, maximum = 999)]
    pub index: i64,
    /// Its id there.
    #[schema(example = "0018d00000abcdeAAB", max_length = 255)]
    pub external_id: String,
    /// What it is.
    pub status: SyncMatchStatus,
    /// The record of ours that it is; null unless that is sure.
    #[schema(required = true, example = "account_01jdq4p6c8f3kb2v9y0s7x5ham", max_length = 64)]
    pub resource_id: Option<String>,
    /// The link; null unless it is linked.
    #[schema(required = true)]
    pub link_id: Option<SyncLinkId>,
    /// The place in the queue; null unless it waits there, or was decided there.
    #[schema(required = true)]
    pub review_id: Option<SyncReviewId>,
    /// The records that it may be, the surest first.
    #[schema(max_items = 10)]
    pub candidates: Vec<SyncCandidate>,
    /// Why it cannot be linked; null otherwise.
    #[schema(
        required = true,
        example = "The record is `0018d` in crm already.",
        max_length = 1000
    )]
    pub detail: Option<String>,
}

/// What records of another system were found to be, in the order in which they were sent.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct SyncMatching {
    /// Whether nothing was written.
    #[schema(example = true)]
    pub dry_run: bool,
    /// What each is.
    #[schema(max_items = 1000)]
    pub items: Vec<SyncMatch>,
    /// How many are none of ours.
    #[schema(example = 0, minimum = 0)]
    pub new: i64,
    /// How many are ours for sure, those that were linked before included.
    #[schema(example = 1, minimum = 0)]
    pub matched: i64,
    /// How many may be ours.
    #[schema(example = 0, minimum = 0)]
    pub ambiguous: i64,
}

/// A record of another system that may be one of ours.
#[derive(
    Debug, Clone, PartialEq, Queryable, Selectable, Insertable, AsChangeset, Identifiable, Serialize, ToSchema,
)]
#[diesel(table_name = sync_reviews, treat_none_as_null = true, treat_none_as_default_value = false)]
pub struct SyncReview {
    /// Its id.
    pub id: SyncReviewId,
    /// The system.
    pub system_id: ExternalSystemId,
    /// The type of record.
    pub resource_type: SyncedType,
    /// Its id there.
    #[schema(example = "0018d00000abcdeAAB", max_length = 255)]
    pub external_id: String,
    /// The record as the other system describes it.
    #[schema(value_type = ExternalRecord)]
    pub described: Stored<ExternalRecord>,
    /// The records that it may be, the surest first.
    #[schema(value_type = Vec<SyncCandidate>, max_items = 10)]
    pub candidates: Stored<Vec<SyncCandidate>>,
    /// Where it stands.
    pub state: SyncReviewState,
    /// The record that it was linked to.
    #[schema(required = true, example = "account_01jdq4p6c8f3kb2v9y0s7x5ham", max_length = 64)]
    pub resource_id: Option<String>,
    /// Who decided.
    #[schema(required = true, example = "user_01jdq4k8v6e5ns3q7t9x2m4b8c", max_length = 100)]
    pub decided_by: Option<String>,
    /// When.
    #[schema(required = true)]
    pub decided_at: Option<Time>,
    /// How often it was changed.
    #[schema(example = 1, minimum = 1)]
    pub revision: i64,
    /// When it was first found ambiguous.
    pub created_at: Time,
    /// When it was last changed.
    pub updated_at: Time,
}

resource!(SyncReview, "sync_review", "/v1/sync-reviews");

/// What shall become of a record of another system.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SyncReviewVerdict {
    /// What shall become of it.
    #[schema(example = json!("ignore"))]
    pub decision: SyncReviewDecision,
    /// For `link`: the record of ours that it is, one of the candidates or another.
    #[schema(
        example = json!(null),
        min_length = 1,
        max_length = 64,
        pattern = "^[a-z]+_[0-7][0-9a-hjkmnp-tv-z]{25}$"
    )]
    pub resource_id: Option<String>,
}

/// What the queue is filtered by.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct SyncReviewFilter {
    /// Only reviews that stand there.
    #[param(style = Form, explode = false, nullable = false)]
    pub state: Option<Vec<SyncReviewState>>,
    /// Only records of this system.
    #[param(nullable = false)]
    pub system_id: Option<ExternalSystemId>,
    /// Only records of these types.
    #[param(style = Form, explode = false, nullable = false)]
    pub resource_type: Option<Vec<SyncedType>>,
}
