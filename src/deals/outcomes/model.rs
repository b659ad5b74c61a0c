//! The shapes of wins, losses and evidence.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    bindable,
    kernel::{
        Date, Money, Time,
        ids::{DealId, EvidenceId, FileId, PartnerId},
        page::Order,
    },
    policies::PolicyCode,
    resource, words,
};

words! {
    /// What a piece of evidence is.
    pub DealEvidenceKind {
        /// An order in the vendor's or the distributor's books.
        Order = "order",
        /// The customer's purchase order.
        PurchaseOrder = "purchase_order",
        /// A signed contract.
        Contract = "contract",
        /// A letter or mail of the customer.
        CustomerLetter = "customer_letter",
        /// A meeting with the customer.
        Meeting = "meeting",
        /// Other work on the deal.
        Activity = "activity",
        /// Something else, which the note says.
        Other = "other",
    }
}

bindable!(DealEvidenceKind);

impl DealEvidenceKind {
    /// Whether it shows that the customer has bought.
    pub const fn shows_a_sale(self) -> bool {
        matches!(self, Self::Order | Self::PurchaseOrder | Self::Contract)
    }

    /// Whether it shows that somebody worked on the deal.
    pub const fn shows_work(self) -> bool {
        matches!(self, Self::Meeting | Self::Activity | Self::CustomerLetter)
    }
}

/// Evidence to be added to a deal.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewDealEvidence {
    /// What it is.
    pub kind: DealEvidenceKind,
    /// Its number or name, as it stands on it. Each reference is kept once a deal and kind.
    #[schema(example = "PO-2026-4711", min_length = 1, max_length = 200, pattern = "[^ \t\r\n]")]
    pub reference: String,
    /// The day on it.
    #[schema(example = "2026-11-18")]
    pub issued_on: Option<Date>,
    /// The amount on it.
    #[schema(example = json!({"amount": "46800.00", "currency": "EUR"}))]
    pub amount: Option<Money>,
    /// The document itself: a file that was uploaded before and that you may read. Whoever reads the deal reads it then.
    #[schema(example = json!(null))]
    pub file_id: Option<FileId>,
    /// What else there is to say.
    #[schema(example = "Signed by the head of purchasing.", min_length = 1, max_length = 2000)]
    pub note: Option<String>,
}

/// The report of a win.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DealWin {
    /// The order, purchase order or contract, and what else there is. May be left out if the deal has it already.
    #[serde(default)]
    #[schema(max_items = 20)]
    pub evidence: Vec<NewDealEvidence>,
    /// The day on which it was won: today if left out, and not before the day of registration.
    #[schema(example = json!(null))]
    pub closed_on: Option<Date>,
    /// What was sold in the end, in the registration's currency; the registration's amount if left out.
    #[schema(example = json!(null))]
    pub amount: Option<Money>,
    /// A note, which both sides read.
    #[schema(example = "Delivery begins in January.", min_length = 1, max_length = 2000)]
    pub note: Option<String>,
}

/// The report of a loss.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DealLoss {
    /// Why.
    #[schema(value_type = String, example = "no_budget", min_length = 1, max_length = 64, pattern = "^[a-z][a-z0-9_]{0,63}$")]
    pub reason_code: PolicyCode,
    /// Why, in words.
    #[schema(
        example = "They stay with what they have for another year.",
        min_length = 1,
        max_length = 2000
    )]
    pub note: Option<String>,
    /// Whom the customer chose.
    #[schema(example = "Contoso Networks", min_length = 1, max_length = 200)]
    pub competitor: Option<String>,
    /// The day on which it was lost: today if left out, and not before the day of registration.
    #[schema(example = json!(null))]
    pub closed_on: Option<Date>,
}

/// Why a reported win is not confirmed.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DealWinRejection {
    /// Why, as a code; the partner reads it.
    #[schema(value_type = String, example = "order_not_found", min_length = 1, max_length = 64, pattern = "^[a-z][a-z0-9_]{0,63}$")]
    pub reason_code: PolicyCode,
    /// Why, in words; the partner reads them.
    #[schema(
        example = "The distributor knows no order of that number.",
        min_length = 1,
        max_length = 2000
    )]
    pub reason_text: String,
}

/// A piece of evidence for a deal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct DealEvidence {
    /// Its id.
    pub id: EvidenceId,
    /// The deal.
    pub deal_id: DealId,
    /// What it is.
    pub kind: DealEvidenceKind,
    /// Its number or name.
    #[schema(example = "PO-2026-4711", min_length = 1, max_length = 200)]
    pub reference: String,
    /// The day on it.
    #[schema(required = true)]
    pub issued_on: Option<Date>,
    /// The amount on it.
    #[schema(required = true)]
    pub amount: Option<Money>,
    /// The document itself.
    #[schema(required = true)]
    pub file_id: Option<FileId>,
    /// What else there is to say.
    #[schema(required = true, example = "Signed by the head of purchasing.", max_length = 2000)]
    pub note: Option<String>,
    /// Who showed it.
    #[schema(example = "user_01jdq4p6c8f3kb2v9y0s7x5ham", max_length = 255)]
    pub submitted_by: String,
    /// When the vendor confirmed it.
    #[schema(required = true)]
    pub verified_at: Option<Time>,
    /// Who confirmed it; for the vendor alone.
    #[schema(required = true, example = "user_01jdq4p6c8f3kb2v9y0s7x5ham", max_length = 255)]
    pub verified_by: Option<String>,
    /// Other deals for which the same was shown; for the vendor alone.
    #[schema(required = true, max_items = 50)]
    pub also_shown_for: Option<Vec<DealId>>,
    /// How often it was changed.
    #[schema(example = 1, minimum = 1)]
    pub revision: i64,
    /// When it was shown.
    pub created_at: Time,
    /// When it was last changed.
    pub updated_at: Time,
    /// The partner whose deal it is.
    #[serde(skip)]
    #[schema(ignore)]
    pub partner_id: PartnerId,
}

resource!(
    DealEvidence,
    "deal_evidence",
    "/v1/deal-evidence",
    told = |record| vec![record.partner_id]
);

/// What a list of evidence is filtered by.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct DealEvidenceFilter {
    /// Only evidence of these kinds.
    #[param(style = Form, explode = false, nullable = false)]
    pub kind: Option<Vec<DealEvidenceKind>>,
}

/// The order of evidence: as it came.
pub(super) const ORDER: Order = Order {
    column: "deal_evidence.created_at",
    id: "deal_evidence.id",
    descending: false,
};
