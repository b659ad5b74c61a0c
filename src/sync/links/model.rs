//! The shapes of links.

use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    bindable,
    kernel::{
        Time,
        ids::{ExternalSystemId, SyncLinkId},
    },
    ordered, resource,
    schema::sync_links,
    sync::kinds::SyncedType,
    words,
};

words! {
    /// Where a link stands.
    pub SyncState {
        /// It waits to be pushed: it was changed here since the other system last had it, or somebody asked for it.
        Pending = "pending",
        /// Both have the same.
        InSync = "in_sync",
        /// The other system did not take it.
        Error = "error",
        /// Both were changed; somebody chooses.
        Conflict = "conflict",
        /// Somebody paused it.
        Paused = "paused",
    }

    /// The order of links.
    pub SyncLinkSort {
        /// Oldest first.
        Created = "created_at",
        /// Newest first.
        CreatedDescending = "-created_at",
        /// Least recently changed first.
        Updated = "updated_at",
        /// Most recently changed first.
        UpdatedDescending = "-updated_at",
    }
}

bindable!(SyncState);

ordered!(SyncLinkSort of "sync_links" {
    Created | CreatedDescending => "created_at",
    Updated | UpdatedDescending => "updated_at",
});

/// One record in one other system.
#[derive(
    Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable, AsChangeset, Identifiable, Serialize, ToSchema,
)]
#[diesel(table_name = sync_links, treat_none_as_null = true, treat_none_as_default_value = false)]
pub struct SyncLink {
    /// Its id.
    pub id: SyncLinkId,
    /// The system.
    pub system_id: ExternalSystemId,
    /// The type of the record.
    pub resource_type: SyncedType,
    /// The record.
    #[schema(example = "account_01jdq4p6c8f3kb2v9y0s7x5ham", max_length = 64)]
    pub resource_id: String,
    /// Its id in the system.
    #[schema(example = "0018d00000abcdeAAB", min_length = 1, max_length = 255)]
    pub external_id: String,
    /// Where it stands.
    pub state: SyncState,
    /// The record's present revision.
    #[schema(example = 5, minimum = 0)]
    pub our_revision: i64,
    /// The revision of ours that was pushed last; null if none was.
    #[schema(required = true, example = 4, minimum = 0)]
    pub pushed_revision: Option<i64>,
    /// When that was told.
    #[schema(required = true)]
    pub pushed_at: Option<Time>,
    /// The revision of theirs that was taken last; null if none was.
    #[schema(required = true, example = "2026-11-21T09:30:00Z", max_length = 64)]
    pub pulled_revision: Option<String>,
    /// When that was changed there, as far as they said.
    #[schema(required = true)]
    pub pulled_changed_at: Option<Time>,
    /// When it was taken.
    #[schema(required = true)]
    pub pulled_at: Option<Time>,
    /// The last revision of ours that both sides had: what a change on both sides is held against.
    #[schema(example = 4, minimum = 0)]
    pub agreed_revision: i64,
    /// Since when something waits to be pushed: its lag. Null if nothing waits.
    #[schema(required = true)]
    pub pending_since: Option<Time>,
    /// What failed, as a code of the connector; null if nothing did since it last went well.
    #[schema(required = true, example = "FIELD_CUSTOM_VALIDATION_EXCEPTION", max_length = 64)]
    pub error_code: Option<String>,
    /// What failed, in a sentence.
    #[schema(
        required = true,
        example = "Stage and probability do not go together.",
        max_length = 500
    )]
    pub error_detail: Option<String>,
    /// Since when it fails.
    #[schema(required = true)]
    pub failing_since: Option<Time>,
    /// When it failed last.
    #[schema(required = true)]
    pub failed_at: Option<Time>,
    /// How often it failed since it last went well.
    #[schema(example = 0, minimum = 0)]
    pub failures: i64,
    /// How often it was changed.
    #[schema(example = 7, minimum = 1)]
    pub revision: i64,
    /// When it was linked.
    pub created_at: Time,
    /// When it was last changed.
    pub updated_at: Time,
}

resource!(SyncLink, "sync_link", "/v1/sync-links");

/// A link to be made.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewSyncLink {
    /// The system.
    pub system_id: ExternalSystemId,
    /// The type of the record.
    #[schema(example = json!("customer_account"))]
    pub resource_type: SyncedType,
    /// The record.
    #[schema(
        example = "account_01jdq4p6c8f3kb2v9y0s7x5ham",
        min_length = 1,
        max_length = 64,
        pattern = "^[a-z]+_[0-7][0-9a-hjkmnp-tv-z]{25}$"
    )]
    pub resource_id: String,
    /// Its id in the system, exactly as that writes it.
    #[schema(example = "0018d00000abcdeAAB", min_length = 1, max_length = 255)]
    pub external_id: String,
}

/// Where a link shall lead instead: to another id of the system, to another record, or both.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SyncRelink {
    /// The other id in the system.
    #[schema(example = "0018d00000fghijAAB", min_length = 1, max_length = 255, nullable = false)]
    pub external_id: Option<String>,
    /// The other record, of the same type.
    #[schema(
        example = "account_01jdq4p6c8f3kb2v9y0s7x5ham",
        min_length = 1,
        max_length = 64,
        pattern = "^[a-z]+_[0-7][0-9a-hjkmnp-tv-z]{25}$",
        nullable = false
    )]
    pub resource_id: Option<String>,
}

/// What the other system refused.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SyncFailure {
    /// A code of the connector or of the system, that stays the same.
    #[schema(example = "FIELD_CUSTOM_VALIDATION_EXCEPTION", min_length = 1, max_length = 64)]
    pub code: String,
    /// What is wrong, in a sentence for people.
    #[schema(
        example = "Stage and probability do not go together.",
        min_length = 1,
        max_length = 500
    )]
    pub detail: String,
}

/// What became of one record that was pushed.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SyncReportItem {
    /// The record.
    #[schema(
        example = "account_01jdq4p6c8f3kb2v9y0s7x5ham",
        min_length = 1,
        max_length = 64,
        pattern = "^[a-z]+_[0-7][0-9a-hjkmnp-tv-z]{25}$"
    )]
    pub resource_id: String,
    /// The revision of it that was pushed.
    #[schema(example = 1, minimum = 1)]
    pub revision: i64,
    /// The revision that the other system has since: its echo is then known.
    #[schema(
        example = "2026-11-21T09:30:00Z",
        min_length = 1,
        max_length = 64,
        pattern = "^[!-~]+$",
        nullable = false
    )]
    pub external_revision: Option<String>,
    /// What the other system refused; left out if it took it.
    #[schema(nullable = false)]
    pub error: Option<SyncFailure>,
}

/// What a connector pushed.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SyncReport {
    /// The system.
    pub system_id: ExternalSystemId,
    /// What became of each record.
    #[schema(min_items = 1, max_items = 1000)]
    pub items: Vec<SyncReportItem>,
}

words! {
    /// What came of one item of a report.
    pub SyncReportStatus {
        /// It is noted.
        Noted = "noted",
        /// There is no such link.
        Unknown = "unknown",
        /// The record has no such revision yet.
        Ahead = "ahead",
    }
}

/// What came of one item of a report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct SyncReportVerdict {
    /// Which item, from 0.
    #[schema(example = 0, minimum = 0, maximum = 999)]
    pub index: i64,
    /// What came of it.
    pub status: SyncReportStatus,
    /// The link; null if there is none.
    #[schema(required = true)]
    pub link_id: Option<SyncLinkId>,
    /// Where the link stands now; null if there is none.
    #[schema(required = true)]
    pub state: Option<SyncState>,
}

/// What came of a report, in the order in which it was sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct SyncReported {
    /// What came of each item.
    #[schema(max_items = 1000)]
    pub items: Vec<SyncReportVerdict>,
    /// How many were noted.
    #[schema(example = 1, minimum = 0)]
    pub succeeded: i64,
    /// How many were not.
    #[schema(example = 0, minimum = 0)]
    pub failed: i64,
}

/// What a list of links is filtered by.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct SyncLinkFilter {
    /// Only links with this system.
    #[param(nullable = false)]
    pub system_id: Option<ExternalSystemId>,
    /// Only links of these types of records.
    #[param(style = Form, explode = false, nullable = false)]
    pub resource_type: Option<Vec<SyncedType>>,
    /// Only links of this record.
    #[param(
        min_length = 1,
        max_length = 64,
        example = "account_01jdq4p6c8f3kb2v9y0s7x5ham",
        nullable = false
    )]
    pub resource_id: Option<String>,
    /// Only links with this id in the system.
    #[param(min_length = 1, max_length = 255, example = "0018d00000abcdeAAB", nullable = false)]
    pub external_id: Option<String>,
    /// Only links that stand there.
    #[param(style = Form, explode = false, nullable = false)]
    pub state: Option<Vec<SyncState>>,
    /// Only links that were changed at this moment or later.
    #[param(nullable = false)]
    pub updated_since: Option<Time>,
    /// The order; oldest first if left out.
    #[param(nullable = false)]
    pub sort: Option<SyncLinkSort>,
}
