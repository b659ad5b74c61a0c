//! The shapes of a partner's standing.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    kernel::{Time, ids::PartnerId, states::Action},
    partners::{PartnerStatus, SuspensionProtection},
};

/// A change of where a partner stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = PartnerStatusChange)]
pub struct StatusChange {
    /// The partner.
    pub partner_id: PartnerId,
    /// Its place in the partner's history, from 1 on.
    #[schema(example = 3, minimum = 1)]
    pub seq: i64,
    /// Where it stood; null for the first entry.
    #[schema(required = true)]
    pub from_status: Option<PartnerStatus>,
    /// Where it stands from then on.
    pub to_status: PartnerStatus,
    /// Why, as a code of the vendor.
    #[schema(required = true, example = "payment_overdue", max_length = 64)]
    pub reason_code: Option<String>,
    /// Why, in words. For the vendor: partners read null.
    #[schema(required = true, example = "Two invoices are open since March.", max_length = 2000)]
    pub reason_text: Option<String>,
    /// Who changed it. For the vendor: partners read null.
    #[schema(required = true, example = "user_01k7wz9d6cfvb8k1zq3n5x7h2a", max_length = 64)]
    pub changed_by: Option<String>,
    /// When.
    pub at: Time,
}

/// Why a partner's standing changes.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PartnerSuspension {
    /// A code of the vendor; the partner reads it.
    #[schema(
        example = "payment_overdue",
        min_length = 1,
        max_length = 64,
        pattern = "^[a-z][a-z0-9_]{0,63}$"
    )]
    pub reason_code: String,
    /// In words, for the vendor.
    #[schema(example = "Two invoices are open since March.", min_length = 1, max_length = 2000)]
    pub reason_text: Option<String>,
    /// What happens to the protections that the partner holds.
    pub protections: SuspensionProtection,
}

/// Why a partner may work again.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PartnerReinstatement {
    /// A code of the vendor; the partner reads it.
    #[schema(
        example = "paid",
        min_length = 1,
        max_length = 64,
        pattern = "^[a-z][a-z0-9_]{0,63}$"
    )]
    pub reason_code: Option<String>,
    /// In words, for the vendor.
    #[schema(example = "Both invoices are paid.", min_length = 1, max_length = 2000)]
    pub reason_text: Option<String>,
}

/// A notice that ends a partnership.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PartnerNotice {
    /// A code of the vendor; the partner reads it.
    #[schema(
        example = "partner_request",
        min_length = 1,
        max_length = 64,
        pattern = "^[a-z][a-z0-9_]{0,63}$"
    )]
    pub reason_code: String,
    /// In words, for the vendor.
    #[schema(example = "They close the business line.", min_length = 1, max_length = 2000)]
    pub reason_text: Option<String>,
    /// When the partnership ends; after the shortest notice if left out.
    pub effective_end_at: Option<Time>,
}

/// The end of a partnership.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PartnerTermination {
    /// Whether it ends although the notice still runs; no by default.
    #[serde(default)]
    pub force: bool,
    /// A code of the vendor; that of the notice if left out.
    #[schema(
        example = "breach_of_contract",
        min_length = 1,
        max_length = 64,
        pattern = "^[a-z][a-z0-9_]{0,63}$"
    )]
    pub reason_code: Option<String>,
    /// In words, for the vendor.
    #[schema(example = "Sold outside the territory again.", min_length = 1, max_length = 2000)]
    pub reason_text: Option<String>,
}

/// What can be done with a partner now.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct PartnerActions {
    /// Where the partner stands.
    pub status: PartnerStatus,
    /// The actions that its status and the caller's role permit, each with the guards that fail.
    #[schema(max_items = 20)]
    pub actions: Vec<Action>,
}
