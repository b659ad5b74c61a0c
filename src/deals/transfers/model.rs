//! The shapes of transfers.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    bindable,
    deals::attribution::AttributionShare,
    kernel::{
        Money, Time,
        ids::{DealId, PartnerId, TransferId},
    },
    ordered, resource, words,
};

words! {
    /// Where a transfer stands.
    pub TransferStatus {
        /// The vendor proposed it; the partners consent or decline.
        Proposed = "proposed",
        /// Done: the receiver has a registration of its own.
        Executed = "executed",
        /// One of the partners does not want it.
        Declined = "declined",
        /// The vendor took it back, or the registration ended.
        Cancelled = "cancelled",
    }

    /// Why a registration changes partners.
    pub TransferReason {
        /// The customer wants the other partner.
        CustomerRequest = "customer_request",
        /// The partner gives it away.
        PartnerRequest = "partner_request",
        /// The partner cannot deliver it.
        UnableToSupport = "unable_to_support",
        /// The partner does not work it.
        Inactivity = "inactivity",
        /// The partnership ends.
        PartnerLeaving = "partner_leaving",
        /// The partners' territories were cut anew.
        TerritoryChange = "territory_change",
        /// A conflict case decided so.
        CaseDecision = "case_decision",
        /// Something else, which the text says.
        Other = "other",
    }

    /// The order of transfers.
    pub TransferSort {
        /// Oldest first.
        Created = "created_at",
        /// Newest first.
        CreatedDescending = "-created_at",
    }
}

bindable!(TransferStatus, TransferReason);

ordered!(TransferSort of "deal_transfers" {
    Created | CreatedDescending => "created_at",
});

/// What the receiver may know of a registration before it consents: enough to judge it, and nothing of its contacts, its
/// competitor, its prices or the work done on it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct TransferredDeal {
    /// The number that people use.
    #[schema(example = "DR-2026-000123", max_length = 32)]
    pub number: String,
    /// What it is about, in a line.
    #[schema(example = "Acme: firewalls for 40 branches", max_length = 255)]
    pub title: String,
    /// The customer's name as it was typed.
    #[schema(required = true, example = "Acme GmbH", max_length = 255)]
    pub customer_name: Option<String>,
    /// The code of the territory.
    #[schema(required = true, example = "DE", max_length = 32)]
    pub territory: Option<String>,
    /// What the deal is expected to bring.
    #[schema(required = true)]
    pub amount: Option<Money>,
    /// Until when it is protected; null if it is not, or no longer the caller's to know.
    #[schema(required = true)]
    pub protected_until: Option<Time>,
}

/// A transfer of a registration from one partner to another. The registration itself never changes its partner: executing
/// supersedes it and opens another for the receiver, at the same place in the queue and with the rest of its protection.
/// Each partner sees its own registration alone, the vendor both.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct DealTransfer {
    /// Its id.
    pub id: TransferId,
    /// Where it stands.
    pub status: TransferStatus,
    /// The registration that is transferred; null for the receiver.
    #[schema(required = true)]
    pub deal_id: Option<DealId>,
    /// The partner that gives it.
    pub from_partner_id: PartnerId,
    /// The partner that receives it.
    pub to_partner_id: PartnerId,
    /// The receiver's registration; null until the transfer is executed, and for the giver.
    #[schema(required = true)]
    pub new_deal_id: Option<DealId>,
    /// Why, as a code; both partners read it.
    pub reason_code: TransferReason,
    /// Why, in words; both partners read them.
    #[schema(
        required = true,
        example = "The customer asked for the partner that runs its other sites.",
        max_length = 2000
    )]
    pub reason_text: Option<String>,
    /// What is transferred. The receiver no longer reads it once the transfer was declined or cancelled. Events do not tell it.
    #[schema(required = true)]
    pub deal: Option<TransferredDeal>,
    /// Who is credited with the receiver's registration: the two partners read each other's shares, the vendor all.
    #[schema(max_items = 20)]
    pub attribution: Vec<AttributionShare>,
    /// What the shares that the caller does not read add up to, in hundredths of a percent.
    #[schema(example = 0, minimum = 0, maximum = 10_000)]
    pub others_basis_points: i64,
    /// Who proposed it; for the vendor alone.
    #[schema(required = true, example = "user_01jdq4p6c8f3kb2v9y0s7x5ham", max_length = 255)]
    pub proposed_by: Option<String>,
    /// When the giver consented; null until then.
    #[schema(required = true)]
    pub from_consent_at: Option<Time>,
    /// Who consented for the giver; for the vendor and the giver.
    #[schema(required = true, example = "user_01jdq4p6c8f3kb2v9y0s7x5ham", max_length = 255)]
    pub from_consent_by: Option<String>,
    /// When the receiver consented; null until then.
    #[schema(required = true)]
    pub to_consent_at: Option<Time>,
    /// Who consented for the receiver; for the vendor and the receiver.
    #[schema(required = true, example = "user_01jdq4p6c8f3kb2v9y0s7x5ham", max_length = 255)]
    pub to_consent_by: Option<String>,
    /// When it was declined or cancelled; null otherwise.
    #[schema(required = true)]
    pub ended_at: Option<Time>,
    /// Who declined or cancelled it; for the vendor alone.
    #[schema(required = true, example = "user_01jdq4p6c8f3kb2v9y0s7x5ham", max_length = 255)]
    pub ended_by: Option<String>,
    /// Why it was declined or cancelled; both partners read it.
    #[schema(
        required = true,
        example = "We have nobody for firewalls until summer.",
        max_length = 2000
    )]
    pub ended_reason: Option<String>,
    /// When it was executed; null until then.
    #[schema(required = true)]
    pub executed_at: Option<Time>,
    /// Who executed it; for the vendor alone.
    #[schema(required = true, example = "user_01jdq4p6c8f3kb2v9y0s7x5ham", max_length = 255)]
    pub executed_by: Option<String>,
    /// How often it was changed.
    #[schema(example = 1, minimum = 1)]
    pub revision: i64,
    /// When it was proposed.
    pub created_at: Time,
    /// When it was last changed.
    pub updated_at: Time,
}

resource!(
    DealTransfer,
    "deal_transfer",
    "/v1/deal-transfers",
    told = |record| vec![record.from_partner_id, record.to_partner_id]
);

/// A transfer to be proposed.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewDealTransfer {
    /// The partner that shall receive the registration.
    pub to_partner_id: PartnerId,
    /// Why, as a code; both partners read it.
    pub reason_code: TransferReason,
    /// Why, in words; both partners read them.
    #[schema(
        example = "The customer asked for the partner that runs its other sites.",
        min_length = 1,
        max_length = 2000
    )]
    pub reason_text: Option<String>,
    /// Who shall be credited with the receiver's registration; all of it the receiver, as its seller, if left out. The shares
    /// add up to 10,000 basis points, and the two partners consent to them.
    #[schema(min_items = 1, max_items = 20, nullable = false)]
    pub attribution: Option<Vec<AttributionShare>>,
}

/// A refusal of a transfer.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DealTransferRefusal {
    /// Why; the vendor and both partners read it.
    #[schema(
        example = "We have nobody for firewalls until summer.",
        min_length = 1,
        max_length = 2000
    )]
    pub reason: String,
}

/// A transfer that is taken back.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DealTransferCancellation {
    /// Why; both partners read it.
    #[schema(example = "The customer stays with its partner.", min_length = 1, max_length = 2000)]
    pub reason: Option<String>,
}

/// What a list of transfers is filtered by.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct DealTransferFilter {
    /// Only transfers in these states.
    #[param(style = Form, explode = false, nullable = false)]
    pub status: Option<Vec<TransferStatus>>,
    /// Only transfers from or to this partner.
    #[param(nullable = false)]
    pub partner_id: Option<PartnerId>,
    /// The order; newest first if left out.
    #[param(nullable = false)]
    pub sort: Option<TransferSort>,
}
