//! The shapes of amendments.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    bindable,
    deals::registrations::{DealOverride, NewDealLine},
    kernel::{
        Date, Money, Time,
        ids::{AmendmentId, ConflictCheckId, DealId, PartnerId, ProductId},
    },
    policies::PolicyCode,
    resource, words,
};

words! {
    /// Where an amendment stands.
    pub DealAmendmentStatus {
        /// It holds since it was sent in: nothing of it took a review.
        Applied = "applied",
        /// It waits for the vendor; nothing of it holds yet.
        Pending = "pending",
        /// The vendor agreed, and all of it holds.
        Approved = "approved",
        /// The vendor refused, and nothing of it holds.
        Rejected = "rejected",
        /// Taken back, or overtaken by the end of the deal.
        Withdrawn = "withdrawn",
    }

    /// A part of an amendment that takes a review.
    pub DealAmendmentPart {
        /// The amount rises by more than the program lets pass.
        Amount = "amount",
        /// The amount is in another currency.
        Currency = "currency",
        /// A product is new to the registration.
        Lines = "lines",
    }
}

bindable!(DealAmendmentStatus, DealAmendmentPart);

/// A change of what was approved, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct DealAmendment {
    /// Its id.
    pub id: AmendmentId,
    /// The registration.
    pub deal_id: DealId,
    /// The registration's partner.
    pub partner_id: PartnerId,
    /// Where it stands.
    pub status: DealAmendmentStatus,
    /// What it makes of the registration; fields that it does not change are null.
    pub changes: DealAmendmentTerms,
    /// What those fields held when it was sent in.
    pub previous: DealAmendmentTerms,
    /// What of it takes a review; the rest waits with it.
    #[schema(max_items = 3, example = json!(["amount"]))]
    pub review_of: Vec<DealAmendmentPart>,
    /// Why the partner changes it.
    #[schema(
        example = "The customer adds its branches in Hamburg.",
        min_length = 1,
        max_length = 2000
    )]
    pub reason: String,
    /// The conflict check of the products that it adds: the last one.
    #[schema(required = true)]
    pub conflict_check_id: Option<ConflictCheckId>,
    /// When the server took it in: the place of the products that it adds.
    pub received_at: Time,
    /// Who sent it in.
    #[schema(example = "user_01jdq4p6c8f3kb2v9y0s7x5ham", max_length = 255)]
    pub requested_by: String,
    /// Who decided it or took it back; for the vendor alone.
    #[schema(required = true, example = "user_01jdq4p6c8f3kb2v9y0s7x5ham", max_length = 255)]
    pub decided_by: Option<String>,
    /// When it was decided or taken back.
    #[schema(required = true)]
    pub decided_at: Option<Time>,
    /// Why it was refused, as a code.
    #[schema(value_type = Option<String>, required = true, example = "register_anew", min_length = 1, max_length = 64, pattern = "^[a-z][a-z0-9_]{0,63}$")]
    pub decision_code: Option<PolicyCode>,
    /// What was said with the decision.
    #[schema(
        required = true,
        example = "Agreed; the price list of January holds.",
        max_length = 2000
    )]
    pub decision_text: Option<String>,
    /// How often it was changed.
    #[schema(example = 1, minimum = 1)]
    pub revision: i64,
    /// When it was sent in.
    pub created_at: Time,
    /// When it was last changed.
    pub updated_at: Time,
    /// Who learns of its events: the partner, and the distributor it sells through.
    #[serde(skip)]
    #[schema(ignore)]
    pub told: Vec<PartnerId>,
}

resource!(
    DealAmendment,
    "deal_amendment",
    "/v1/deal-amendments",
    told = |record| record.told.clone()
);

/// What an amendment changes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DealAmendmentTerms {
    /// What the deal is expected to bring.
    #[schema(required = true)]
    pub amount: Option<Money>,
    /// The products, all of them.
    #[schema(required = true, max_items = 100)]
    pub lines: Option<Vec<DealAmendedLine>>,
    /// When the customer is expected to buy.
    #[schema(required = true)]
    pub expected_close_on: Option<Date>,
}

/// A product of an amended deal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DealAmendedLine {
    /// The code of the product or product line.
    #[schema(example = "EDGE-FW", max_length = 64)]
    pub product: String,
    /// The product or product line.
    pub product_id: ProductId,
    /// How many.
    #[schema(example = 60, minimum = 1)]
    pub quantity: i64,
    /// What one costs.
    #[schema(required = true)]
    pub unit_price: Option<Money>,
}

/// A change of what was approved. What is left out stays. Amount and prices are of one currency.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewDealAmendment {
    /// What the deal is expected to bring.
    #[schema(nullable = false)]
    pub amount: Option<Money>,
    /// The products, all of them: one that is left out is given back. A product that was not granted before is asked for
    /// anew if it is listed.
    #[schema(min_items = 1, max_items = 100, nullable = false)]
    pub lines: Option<Vec<NewDealLine>>,
    /// When the customer is expected to buy.
    #[schema(nullable = false)]
    pub expected_close_on: Option<Date>,
    /// Why it changes.
    #[schema(
        example = "The customer adds its branches in Hamburg.",
        min_length = 1,
        max_length = 2000
    )]
    pub reason: String,
}

/// An agreement to an amendment.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DealAmendmentApproval {
    /// What the partner reads with it.
    #[schema(
        example = "Agreed; the price list of January holds.",
        min_length = 1,
        max_length = 2000
    )]
    pub note: Option<String>,
    /// Passes over those who asked for an added product first, with a reason.
    #[serde(rename = "override")]
    #[schema(example = json!(null))]
    pub passing_over: Option<DealOverride>,
}

/// A refusal of an amendment.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DealAmendmentRejection {
    /// Why, as a code; the partner reads it.
    #[schema(value_type = String, example = "register_anew", min_length = 1, max_length = 64, pattern = "^[a-z][a-z0-9_]{0,63}$")]
    pub reason_code: PolicyCode,
    /// Why, in words; the partner reads them.
    #[schema(
        example = "The branches in Hamburg are a project of their own.",
        min_length = 1,
        max_length = 2000
    )]
    pub reason_text: String,
}

/// What a list of amendments is filtered by.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct DealAmendmentFilter {
    /// Only amendments that stand there.
    #[param(style = Form, explode = false, nullable = false)]
    pub status: Option<Vec<DealAmendmentStatus>>,
}

/// Which amendment, of which registration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DealAmendmentPath {
    /// The registration.
    pub id: DealId,
    /// The amendment.
    pub amendment_id: AmendmentId,
}
