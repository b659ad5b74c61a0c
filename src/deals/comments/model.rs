//! The shapes of comments.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    bindable,
    kernel::{
        Time,
        ids::{CommentId, DealId, PartnerId},
        page::Order,
    },
    resource, words,
};

words! {
    /// Who reads a comment.
    pub CommentVisibility {
        /// The vendor's people.
        Vendor = "vendor",
        /// The partner's people.
        Partner = "partner",
        /// Both.
        Both = "both",
    }

    /// On which side the author of a comment stands.
    pub CommentSide {
        /// The vendor's.
        Vendor = "vendor",
        /// The partner's.
        Partner = "partner",
    }
}

bindable!(CommentVisibility, CommentSide);

/// The order of comments: as they were written.
pub(super) const ORDER: Order = Order {
    column: "deal_comments.created_at",
    id: "deal_comments.id",
    descending: false,
};

/// A comment on a registration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct DealComment {
    /// Its id.
    pub id: CommentId,
    /// The registration.
    pub deal_id: DealId,
    /// The registration's partner, which hears of what it may read.
    #[serde(skip)]
    #[schema(ignore)]
    pub partner_id: PartnerId,
    /// Who reads it.
    pub visibility: CommentVisibility,
    /// On which side its author stands.
    pub author_side: CommentSide,
    /// Who wrote it.
    #[schema(example = "user_01k7wz9d6cfvb8k1zq3n5x7h2a", max_length = 255)]
    pub author_id: String,
    /// What it says.
    #[schema(example = "The customer wants the trial to begin in January.", max_length = 10_000)]
    pub body: String,
    /// How often it was changed.
    #[schema(example = 1, minimum = 1)]
    pub revision: i64,
    /// When it was written.
    pub created_at: Time,
    /// When it was last changed.
    pub updated_at: Time,
}

resource!(
    DealComment,
    "deal_comment",
    "/v1/deal-comments",
    told = |record| {
        match record.visibility {
            CommentVisibility::Vendor => Vec::new(),
            CommentVisibility::Partner | CommentVisibility::Both => vec![record.partner_id],
        }
    }
);

/// A comment to be written.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewDealComment {
    /// What it says.
    #[schema(
        example = "The customer wants the trial to begin in January.",
        min_length = 1,
        max_length = 10_000
    )]
    pub body: String,
    /// Who shall read it: the own side alone, or both; both if left out. It stays as it is written.
    #[schema(nullable = false)]
    pub visibility: Option<CommentVisibility>,
}

/// Changes of a comment. What is left out stays.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DealCommentPatch {
    /// What it says.
    #[schema(
        example = "The customer wants the trial to begin in February.",
        min_length = 1,
        max_length = 10_000,
        nullable = false
    )]
    pub body: Option<String>,
}

/// What a list of comments is filtered by.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct DealCommentFilter {
    /// Only comments for these readers.
    #[param(style = Form, explode = false, nullable = false)]
    pub visibility: Option<Vec<CommentVisibility>>,
    /// Only comments by authors of that side.
    #[param(nullable = false)]
    pub author_side: Option<CommentSide>,
}
