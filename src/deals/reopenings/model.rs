//! The shapes of reopenings.

use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    bindable,
    deals::registrations::ReviewStatus,
    http::Resource,
    kernel::{
        Time,
        ids::{DealId, PartnerId, ReopeningId},
        page::Order,
    },
    policies::PolicyCode,
    schema::deal_reopenings,
    words,
};

words! {
    /// Where a reopening stands.
    pub DealReopeningStatus {
        /// Asked for; another person decides.
        Requested = "requested",
        /// Agreed: the registration is before the vendor again.
        Approved = "approved",
        /// Not agreed.
        Rejected = "rejected",
        /// Taken back by who asked for it, or overtaken by what happened to the registration.
        Withdrawn = "withdrawn",
    }
}

bindable!(DealReopeningStatus);

/// A request to undo the decision on a registration.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable, AsChangeset, Serialize, ToSchema)]
#[diesel(table_name = deal_reopenings, treat_none_as_null = true, treat_none_as_default_value = false)]
pub struct DealReopening {
    /// Its id.
    pub id: ReopeningId,
    /// The registration.
    pub deal_id: DealId,
    /// Where it stands.
    pub status: DealReopeningStatus,
    /// Where the registration stood when it was asked for.
    pub from_status: ReviewStatus,
    /// Why, as a code.
    #[schema(value_type = String, example = "wrong_decision", min_length = 1, max_length = 64, pattern = "^[a-z][a-z0-9_]{0,63}$")]
    pub reason_code: PolicyCode,
    /// Why, in words.
    #[schema(
        required = true,
        example = "The duplicate that it was refused for is another plant's.",
        max_length = 2000
    )]
    pub reason_text: Option<String>,
    /// Who asked for it.
    #[schema(example = "user_01jdq4p6c8f3kb2v9y0s7x5ham", max_length = 255)]
    pub requested_by: String,
    /// Who decided on it.
    #[schema(required = true, example = "user_01jdq4p6c8f3kb2v9y0s7x5han", max_length = 255)]
    pub decided_by: Option<String>,
    /// When.
    #[schema(required = true)]
    pub decided_at: Option<Time>,
    /// How often it was changed.
    #[schema(example = 1, minimum = 1)]
    pub revision: i64,
    /// When it was asked for.
    pub created_at: Time,
    /// When it was last changed.
    pub updated_at: Time,
}

impl DealReopening {
    /// Where the reopening with that id is read.
    pub fn path_of(id: &str) -> String {
        format!("/v1/deal-reopenings/{id}")
    }
}

impl Resource for DealReopening {
    const TYPE: &'static str = "deal_reopening";

    fn id(&self) -> String {
        self.id.to_string()
    }

    fn revision(&self) -> i64 {
        self.revision
    }

    fn path(&self) -> String {
        Self::path_of(&self.id.to_string())
    }

    /// The vendor's own affair.
    fn audience(&self) -> Vec<PartnerId> {
        Vec::new()
    }
}

/// A reopening to be asked for.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewDealReopening {
    /// Why, as a code.
    #[schema(value_type = String, example = "wrong_decision", min_length = 1, max_length = 64, pattern = "^[a-z][a-z0-9_]{0,63}$")]
    pub reason_code: PolicyCode,
    /// Why, in words.
    #[schema(
        example = "The duplicate that it was refused for is another plant's.",
        min_length = 1,
        max_length = 2000
    )]
    pub reason_text: String,
}

/// The order of reopenings: as they were asked for.
pub(super) const ORDER: Order = Order {
    column: "deal_reopenings.created_at",
    id: "deal_reopenings.id",
    descending: false,
};
