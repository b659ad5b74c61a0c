//! The shapes of tasks.

use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    bindable,
    kernel::{
        Patch, Time,
        ids::{PartnerId, TaskId, UserId},
    },
    ordered, resource,
    schema::tasks,
    words,
    work::{WorkRecordType, WorkSide, WorkVisibility},
};

words! {
    /// What kind of work a task is.
    pub TaskKind {
        /// Something to do.
        Task = "task",
        /// To come back to somebody after a talk.
        FollowUp = "follow_up",
    }

    /// Where a task stands.
    pub TaskStatus {
        /// It is to be done.
        Open = "open",
        /// It is done.
        Done = "done",
        /// It need not be done.
        Cancelled = "cancelled",
    }

    /// How much a task matters.
    pub TaskPriority {
        /// Less than others.
        Low = "low",
        /// As much as others.
        Normal = "normal",
        /// More than others.
        High = "high",
    }

    /// The order of tasks.
    pub TaskSort {
        /// Oldest first.
        Created = "created_at",
        /// Newest first.
        CreatedDescending = "-created_at",
        /// Least recently changed first.
        Updated = "updated_at",
        /// Most recently changed first.
        UpdatedDescending = "-updated_at",
        /// Due first; only those that have a time.
        Due = "due_at",
    }
}

bindable!(TaskKind, TaskStatus, TaskPriority);

ordered!(TaskSort of "tasks" {
    Created | CreatedDescending => "created_at",
    Updated | UpdatedDescending => "updated_at",
    Due => "due_at",
});

/// A task or follow-up.
#[derive(
    Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable, AsChangeset, Identifiable, Serialize, ToSchema,
)]
#[diesel(table_name = tasks, treat_none_as_null = true, treat_none_as_default_value = false)]
pub struct Task {
    /// Its id.
    pub id: TaskId,
    /// What kind of work it is.
    pub kind: TaskKind,
    /// What is to be done, in a few words.
    #[schema(example = "Send the offer for 40 branches", min_length = 1, max_length = 200)]
    pub title: String,
    /// What is to be done, in more words.
    #[schema(
        required = true,
        example = "With the discount of the gold tier.",
        min_length = 1,
        max_length = 10_000
    )]
    pub detail: Option<String>,
    /// Where it stands.
    pub status: TaskStatus,
    /// How much it matters.
    pub priority: TaskPriority,
    /// Who sees it.
    pub visibility: WorkVisibility,
    /// The type of the record that it belongs to.
    #[schema(required = true)]
    pub resource_type: Option<WorkRecordType>,
    /// The record that it belongs to.
    #[schema(required = true, example = "deal_01jdq4p6c8f3kb2v9y0s7x5ham", max_length = 64)]
    pub resource_id: Option<String>,
    /// The partner of that record.
    #[schema(required = true)]
    pub partner_id: Option<PartnerId>,
    /// Who is to do it; nobody yet if empty.
    #[schema(required = true)]
    pub assignee_id: Option<UserId>,
    /// By when it is to be done.
    #[schema(required = true)]
    pub due_at: Option<Time>,
    /// Who wrote it.
    #[schema(example = "user_01k7wz9d6cfvb8k1zq3n5x7h2a", max_length = 64)]
    pub created_by: String,
    /// On which side its author stands.
    pub created_side: WorkSide,
    /// Who did or cancelled it.
    #[schema(required = true, example = "user_01k7wz9d6cfvb8k1zq3n5x7h2a", max_length = 64)]
    pub ended_by: Option<String>,
    /// When it was done or cancelled.
    #[schema(required = true)]
    pub ended_at: Option<Time>,
    /// How often it was changed.
    #[schema(example = 1, minimum = 1)]
    pub revision: i64,
    /// When it was written.
    pub created_at: Time,
    /// When it was last changed.
    pub updated_at: Time,
}

resource!(
    Task,
    "task",
    "/v1/tasks",
    told = |record| {
        match record.visibility {
            WorkVisibility::Internal => Vec::new(),
            WorkVisibility::Shared => record.partner_id.into_iter().collect(),
        }
    }
);

/// A task to be written.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewTask {
    /// What is to be done, in a few words.
    #[schema(example = "Send the offer for 40 branches", min_length = 1, max_length = 200)]
    pub title: String,
    /// What is to be done, in more words.
    #[schema(example = "With the discount of the gold tier.", min_length = 1, max_length = 10_000)]
    pub detail: Option<String>,
    /// What kind of work it is; a task if left out.
    #[schema(nullable = false)]
    pub kind: Option<TaskKind>,
    /// How much it matters; as much as others if left out.
    #[schema(nullable = false)]
    pub priority: Option<TaskPriority>,
    /// Who shall see it: if left out, the vendor's people alone for what one of them writes, both sides for what the
    /// partner's people write. It stays as it is written.
    #[schema(nullable = false, example = json!("shared"))]
    pub visibility: Option<WorkVisibility>,
    /// The type of the record that it belongs to.
    #[schema(example = json!("partner"))]
    pub resource_type: Option<WorkRecordType>,
    /// The record that it belongs to.
    #[schema(example = "partner_01jdq4p6c8f3kb2v9y0s7x5ham", min_length = 1, max_length = 64)]
    pub resource_id: Option<String>,
    /// Who is to do it.
    pub assignee_id: Option<UserId>,
    /// By when it is to be done.
    pub due_at: Option<Time>,
}

/// Changes of a task. What is left out stays.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TaskPatch {
    /// What is to be done, in a few words.
    #[schema(
        example = "Send the offer for 50 branches",
        min_length = 1,
        max_length = 200,
        nullable = false
    )]
    pub title: Option<String>,
    /// What is to be done, in more words.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "With the discount of the gold tier.", min_length = 1, max_length = 10_000)]
    pub detail: Patch<String>,
    /// How much it matters.
    #[schema(nullable = false)]
    pub priority: Option<TaskPriority>,
    /// Who is to do it.
    #[serde(default)]
    #[schema(value_type = Option<UserId>)]
    pub assignee_id: Patch<UserId>,
    /// By when it is to be done.
    #[serde(default)]
    #[schema(value_type = Option<Time>)]
    pub due_at: Patch<Time>,
}

/// What a list of tasks is filtered by.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct TaskFilter {
    /// Only tasks that stand there.
    #[param(style = Form, explode = false, nullable = false)]
    pub status: Option<Vec<TaskStatus>>,
    /// Only tasks of these kinds.
    #[param(style = Form, explode = false, nullable = false)]
    pub kind: Option<Vec<TaskKind>>,
    /// Only tasks that matter so much.
    #[param(style = Form, explode = false, nullable = false)]
    pub priority: Option<Vec<TaskPriority>>,
    /// Only tasks that these users are to do.
    #[param(style = Form, explode = false, nullable = false)]
    pub assignee_id: Option<Vec<UserId>>,
    /// Only tasks that are due before that moment.
    #[param(nullable = false)]
    pub due_before: Option<Time>,
    /// Only tasks that are open and late, or only others.
    #[param(nullable = false)]
    pub overdue: Option<bool>,
    /// The order; the newest first if left out.
    #[param(nullable = false)]
    pub sort: Option<TaskSort>,
}
