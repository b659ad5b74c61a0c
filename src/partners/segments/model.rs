//! The shapes of partners' segments.

use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    http::Resource,
    kernel::{
        Time,
        ids::{PartnerId, PartnerSegmentId},
        page::Order,
    },
    policies::PolicyCode,
    schema::partner_segments,
};

/// The order of entries: the latest first.
pub(super) const ORDER: Order = Order {
    column: "partner_segments.valid_from",
    id: "partner_segments.id",
    descending: true,
};

/// The segment that a partner is in from a moment on, until the next entry begins.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable, Serialize, ToSchema)]
#[diesel(table_name = partner_segments, treat_none_as_default_value = false)]
pub struct PartnerSegment {
    /// Its id.
    pub id: PartnerSegmentId,
    /// The partner.
    pub partner_id: PartnerId,
    /// The segment's code; null where the partner is in none from then on.
    #[schema(value_type = Option<String>, required = true, example = "grow", max_length = 64)]
    pub segment: Option<PolicyCode>,
    /// From when on.
    pub valid_from: Time,
    /// Why.
    #[schema(example = "Doubled its business in twelve months.", max_length = 2000)]
    pub reason_text: String,
    /// The version of the policy whose segments were to be chosen from; 0 are the built-in defaults.
    #[schema(example = 0, minimum = 0)]
    pub policy_version: i64,
    /// Who set it.
    #[schema(example = "user_01jdq4k8v6e5ns3q7t9x2m4b8c", max_length = 100)]
    pub created_by: String,
    /// When it was set.
    pub created_at: Time,
}

impl Resource for PartnerSegment {
    const TYPE: &'static str = "partner_segment";

    fn id(&self) -> String {
        self.id.to_string()
    }

    fn revision(&self) -> i64 {
        1
    }

    fn path(&self) -> String {
        format!("/v1/partners/{}/segments/{}", self.partner_id, self.id)
    }
}

/// The segment that a partner shall be in.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPartnerSegment {
    /// The segment, by its code in the policy in force; left out or null for none.
    #[schema(value_type = Option<String>, example = "grow", min_length = 1, max_length = 64, pattern = "^[a-z][a-z0-9_]{0,63}$")]
    pub segment: Option<PolicyCode>,
    /// Why.
    #[schema(
        example = "Doubled its business in twelve months.",
        min_length = 1,
        max_length = 2000
    )]
    pub reason_text: String,
}

/// What a list of segments is filtered by.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PartnerSegmentFilter {
    /// Only the entry that held at this moment.
    #[param(nullable = false)]
    pub as_of: Option<Time>,
}

/// A segment of a partner, by the ids in its address.
#[derive(Debug, Clone, Copy, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct PartnerSegmentPath {
    /// The partner.
    pub id: PartnerId,
    /// The entry.
    pub segment_id: PartnerSegmentId,
}
