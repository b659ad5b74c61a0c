//! The shapes of extensions.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    bindable,
    kernel::{
        Date, Time,
        ids::{DealId, ExtensionId, PartnerId},
    },
    policies::PolicyCode,
    resource, words,
};

words! {
    /// Where a request for more time stands.
    pub DealExtensionStatus {
        /// It waits for the vendor; a grace keeps the protection meanwhile.
        Pending = "pending",
        /// The end was moved.
        Granted = "granted",
        /// The end stays, and the grace is over.
        Denied = "denied",
        /// Taken back, or overtaken by the end of the deal.
        Withdrawn = "withdrawn",
    }
}

bindable!(DealExtensionStatus);

/// A request for more time, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct DealExtension {
    /// Its id.
    pub id: ExtensionId,
    /// The registration.
    pub deal_id: DealId,
    /// The registration's partner.
    pub partner_id: PartnerId,
    /// Where it stands.
    pub status: DealExtensionStatus,
    /// The granted end at the time of asking: what is granted begins there.
    pub previous_end_at: Time,
    /// The end that is asked for.
    pub requested_end_at: Time,
    /// The end that was granted; never after the one asked for.
    #[schema(required = true)]
    pub granted_end_at: Option<Time>,
    /// While it waits, the protection lasts until then.
    pub grace_until: Time,
    /// What happened with the deal, as the partner tells it.
    #[schema(
        example = "Proof of concept done on 2027-02-03; the offer is with the board.",
        min_length = 1,
        max_length = 2000
    )]
    pub activity: String,
    /// Who asked.
    #[schema(example = "user_01jdq4p6c8f3kb2v9y0s7x5ham", max_length = 255)]
    pub requested_by: String,
    /// Who decided it or took it back; for the vendor alone.
    #[schema(required = true, example = "user_01jdq4p6c8f3kb2v9y0s7x5ham", max_length = 255)]
    pub decided_by: Option<String>,
    /// When it was decided or taken back.
    #[schema(required = true)]
    pub decided_at: Option<Time>,
    /// Why it was refused, as a code.
    #[schema(value_type = Option<String>, required = true, example = "no_progress", min_length = 1, max_length = 64, pattern = "^[a-z][a-z0-9_]{0,63}$")]
    pub reason_code: Option<PolicyCode>,
    /// What was said with the decision.
    #[schema(
        required = true,
        example = "Granted for the board's meeting in March.",
        max_length = 2000
    )]
    pub reason_text: Option<String>,
    /// How often it was changed.
    #[schema(example = 1, minimum = 1)]
    pub revision: i64,
    /// When it was asked for.
    pub created_at: Time,
    /// When it was last changed.
    pub updated_at: Time,
    /// Who learns of its events: the partner, and the distributor it sells through.
    #[serde(skip)]
    #[schema(ignore)]
    pub told: Vec<PartnerId>,
}

resource!(
    DealExtension,
    "deal_extension",
    "/v1/deal-extensions",
    told = |record| record.told.clone()
);

/// A request for more time. Without an end it asks for as many days as the program gives at most; an end is said either
/// as a day or as a number of days.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewDealExtension {
    /// The first day (UTC) on which the protection no longer holds.
    #[schema(example = json!(null))]
    pub requested_end_on: Option<Date>,
    /// Days from the present granted end.
    #[schema(example = 30, minimum = 1, maximum = 1095)]
    pub days: Option<i64>,
    /// What happened with the deal of late: meetings, offers, answers of the customer.
    #[schema(
        example = "Proof of concept done on 2027-02-03; the offer is with the board.",
        min_length = 1,
        max_length = 2000
    )]
    pub activity: String,
}

/// A grant. Without an end all that was asked for is granted; an end is said either as a moment or as a number of days.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DealExtensionGrant {
    /// The new end, if it is before the one asked for.
    #[schema(example = json!(null))]
    pub until: Option<Time>,
    /// Days from the old end, if they are fewer than those asked for.
    #[schema(example = json!(null), minimum = 1, maximum = 1095)]
    pub days: Option<i64>,
    /// What the partner reads with it.
    #[schema(
        example = "Granted for the board's meeting in March.",
        min_length = 1,
        max_length = 2000
    )]
    pub reason_text: Option<String>,
}

/// A refusal of more time.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DealExtensionDenial {
    /// Why, as a code; the partner reads it.
    #[schema(value_type = String, example = "no_progress", min_length = 1, max_length = 64, pattern = "^[a-z][a-z0-9_]{0,63}$")]
    pub reason_code: PolicyCode,
    /// Why, in words; the partner reads them.
    #[schema(
        example = "The customer has not answered since October.",
        min_length = 1,
        max_length = 2000
    )]
    pub reason_text: String,
}

/// What a list of extensions is filtered by.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct DealExtensionFilter {
    /// Only extensions that stand there.
    #[param(style = Form, explode = false, nullable = false)]
    pub status: Option<Vec<DealExtensionStatus>>,
}

/// Which extension, of which registration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DealExtensionPath {
    /// The registration.
    pub id: DealId,
    /// The extension.
    pub extension_id: ExtensionId,
}
