//! The shapes of notices.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    kernel::{
        Time,
        ids::{NoticeId, PartnerId},
        page::Order,
    },
    notices::catalogue::NoticeTopic,
    resource,
};

/// The order of notices: the newest first.
pub(super) const ORDER: Order = Order {
    column: "notices.created_at",
    id: "notices.id",
    descending: true,
};

/// Something that the caller is told of. Its texts are plain text; show them as such.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Notice {
    /// Its id.
    pub id: NoticeId,
    /// What it is about.
    pub topic: NoticeTopic,
    /// What it says, in a line.
    #[schema(example = "Approved: Acme: firewalls for 40 branches", max_length = 250)]
    pub subject: String,
    /// What it says.
    #[schema(
        example = "Your registration DR-2026-000123 for Acme GmbH is approved.",
        max_length = 50_000
    )]
    pub body: String,
    /// The language that it is written in.
    #[schema(example = "en", max_length = 35)]
    pub locale: String,
    /// The type of the record that it is about.
    #[schema(example = "deal", max_length = 64)]
    pub resource_type: String,
    /// The record.
    #[schema(example = "deal_01jdq4p6c8f3kb2v9y0s7x5ham", max_length = 255)]
    pub resource_id: String,
    /// Where the record is read.
    #[schema(example = "/v1/deals/deal_01jdq4p6c8f3kb2v9y0s7x5ham", max_length = 255)]
    pub path: String,
    /// The operation that settles what it asks for; null if it asks for nothing that the caller may do.
    #[schema(required = true, example = "startPartnerReview", max_length = 100)]
    pub action: Option<String>,
    /// Until when; null where there is no date.
    #[schema(required = true)]
    pub due_at: Option<Time>,
    /// When it happened.
    pub occurred_at: Time,
    /// When it was read; null until then.
    #[schema(required = true)]
    pub read_at: Option<Time>,
    /// The partner that the caller is told it for; null for the vendor's people.
    #[schema(required = true)]
    pub partner_id: Option<PartnerId>,
    /// How often it was changed.
    #[schema(example = 1, minimum = 1)]
    pub revision: i64,
    /// When it was written.
    pub created_at: Time,
    /// When it was last changed.
    pub updated_at: Time,
}

resource!(Notice, "notice", "/v1/notices");

/// What a list of notices is filtered by.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct NoticeFilter {
    /// Only those that were not read, or only those that were.
    #[param(nullable = false, example = true)]
    pub unread: Option<bool>,
    /// Only notices about these topics.
    #[param(style = Form, explode = false, nullable = false)]
    pub topic: Option<Vec<NoticeTopic>>,
    /// Only notices about records of this type.
    #[param(nullable = false, example = "deal", min_length = 1, max_length = 64)]
    pub resource_type: Option<String>,
    /// Only notices about this record.
    #[param(
        nullable = false,
        example = "deal_01jdq4p6c8f3kb2v9y0s7x5ham",
        min_length = 1,
        max_length = 255
    )]
    pub resource_id: Option<String>,
}

/// How many notices wait to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub struct UnreadNotices {
    /// How many.
    #[schema(example = 3, minimum = 0)]
    pub unread: i64,
}

/// Up to when notices are read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReadUpTo {
    /// Those that were written by then; all that there are if left out.
    #[schema(nullable = false)]
    pub until: Option<Time>,
}
