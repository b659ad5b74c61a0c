//! The shapes of interactions.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    bindable,
    kernel::{
        Patch, Time,
        ids::{InteractionId, PartnerId, PersonId, TaskId, UserId},
    },
    ordered, resource, words,
    work::{WorkRecordType, WorkSide, WorkVisibility},
};

words! {
    /// How people talked with each other.
    pub InteractionKind {
        /// By telephone or video.
        Call = "call",
        /// At one table.
        Meeting = "meeting",
        /// By mail.
        Mail = "mail",
        /// At the place of the partner or the customer.
        Visit = "visit",
        /// In another way.
        Other = "other",
    }

    /// The order of interactions.
    pub InteractionSort {
        /// The earliest talk first.
        Happened = "happened_at",
        /// The latest talk first.
        HappenedDescending = "-happened_at",
        /// Oldest entry first.
        Created = "created_at",
        /// Newest entry first.
        CreatedDescending = "-created_at",
    }
}

bindable!(InteractionKind);

ordered!(InteractionSort of "interactions" {
    Happened | HappenedDescending => "happened_at",
    Created | CreatedDescending => "created_at",
});

/// A talk that has happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Interaction {
    /// Its id.
    pub id: InteractionId,
    /// How people talked.
    pub kind: InteractionKind,
    /// What about.
    #[schema(example = "Offer for 40 branches", min_length = 1, max_length = 200)]
    pub subject: String,
    /// When it happened.
    pub happened_at: Time,
    /// How long it took, in minutes.
    #[schema(required = true, example = 45, minimum = 0, maximum = 10_080)]
    pub duration_minutes: Option<i64>,
    /// What was said.
    #[schema(
        required = true,
        example = "They want the trial to begin in January.",
        max_length = 10_000
    )]
    pub summary: Option<String>,
    /// The Message-ID of a mail.
    #[schema(required = true, example = "<20261120.1@mail.example.com>", max_length = 255)]
    pub mail_message_id: Option<String>,
    /// Who sees it.
    pub visibility: WorkVisibility,
    /// The type of the record that it is on.
    pub resource_type: WorkRecordType,
    /// The record that it is on.
    #[schema(example = "deal_01jdq4p6c8f3kb2v9y0s7x5ham", max_length = 64)]
    pub resource_id: String,
    /// The partner of that record.
    #[schema(required = true)]
    pub partner_id: Option<PartnerId>,
    /// The users of the vendor who took part.
    #[schema(max_items = 50)]
    pub vendor_participants: Vec<UserId>,
    /// The people of the partner or the customer who took part.
    #[schema(max_items = 50)]
    pub partner_participants: Vec<PersonId>,
    /// What follows from it.
    #[schema(required = true, example = "Send the offer by Friday.", max_length = 1000)]
    pub next_step: Option<String>,
    /// The follow-up that was written with it.
    #[schema(required = true)]
    pub follow_up_task_id: Option<TaskId>,
    /// Who wrote it down.
    #[schema(example = "user_01k7wz9d6cfvb8k1zq3n5x7h2a", max_length = 64)]
    pub created_by: String,
    /// On which side its author stands.
    pub created_side: WorkSide,
    /// How often it was changed.
    #[schema(example = 1, minimum = 1)]
    pub revision: i64,
    /// When it was written down.
    pub created_at: Time,
    /// When it was last changed.
    pub updated_at: Time,
}

resource!(
    Interaction,
    "interaction",
    "/v1/interactions",
    told = |record| {
        match record.visibility {
            WorkVisibility::Internal => Vec::new(),
            WorkVisibility::Shared => record.partner_id.into_iter().collect(),
        }
    }
);

/// A follow-up to be written with an interaction, on the same record and for the same people to see.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewFollowUp {
    /// What is to be done, in a few words; the interaction's next step if left out, or else its subject.
    #[schema(
        example = "Ask whether the offer arrived",
        min_length = 1,
        max_length = 200,
        nullable = false
    )]
    pub title: Option<String>,
    /// Who is to do it; the author if left out.
    #[schema(nullable = false)]
    pub assignee_id: Option<UserId>,
    /// By when it is to be done.
    pub due_at: Option<Time>,
}

/// An interaction to be written down.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewInteraction {
    /// How people talked.
    pub kind: InteractionKind,
    /// What about.
    #[schema(example = "Offer for 40 branches", min_length = 1, max_length = 200)]
    pub subject: String,
    /// When it happened; not in the future.
    #[schema(example = json!("2026-11-20T14:00:00Z"))]
    pub happened_at: Time,
    /// How long it took, in minutes.
    #[schema(example = 45, minimum = 0, maximum = 10_080)]
    pub duration_minutes: Option<i64>,
    /// What was said.
    #[schema(
        example = "They want the trial to begin in January.",
        min_length = 1,
        max_length = 10_000
    )]
    pub summary: Option<String>,
    /// The Message-ID of a mail.
    #[schema(example = json!(null), min_length = 3, max_length = 255)]
    pub mail_message_id: Option<String>,
    /// Who shall see it: if left out, the vendor's people alone for what one of them writes, both sides for what the
    /// partner's people write. It stays as it is written.
    #[schema(nullable = false, example = json!("shared"))]
    pub visibility: Option<WorkVisibility>,
    /// The type of the record that it is on.
    #[schema(example = json!("partner"))]
    pub resource_type: WorkRecordType,
    /// The record that it is on.
    #[schema(example = "partner_01jdq4p6c8f3kb2v9y0s7x5ham", min_length = 1, max_length = 64)]
    pub resource_id: String,
    /// The users of the vendor who took part.
    #[serde(default)]
    #[schema(max_items = 50, example = json!([]))]
    pub vendor_participants: Vec<UserId>,
    /// The people of the partner or the customer who took part.
    #[serde(default)]
    #[schema(max_items = 50, example = json!([]))]
    pub partner_participants: Vec<PersonId>,
    /// What follows from it.
    #[schema(example = "Send the offer by Friday.", min_length = 1, max_length = 1000)]
    pub next_step: Option<String>,
    /// A follow-up to be written with it.
    pub follow_up: Option<NewFollowUp>,
}

/// Changes of an interaction. What is left out stays.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct InteractionPatch {
    /// How people talked.
    #[schema(nullable = false)]
    pub kind: Option<InteractionKind>,
    /// What about.
    #[schema(
        example = "Offer for 50 branches",
        min_length = 1,
        max_length = 200,
        nullable = false
    )]
    pub subject: Option<String>,
    /// When it happened; not in the future.
    #[schema(nullable = false, example = json!("2026-11-20T15:00:00Z"))]
    pub happened_at: Option<Time>,
    /// How long it took, in minutes.
    #[serde(default)]
    #[schema(value_type = Option<i64>, example = 60, minimum = 0, maximum = 10_080)]
    pub duration_minutes: Patch<i64>,
    /// What was said.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "They want the trial to begin in February.", min_length = 1, max_length = 10_000)]
    pub summary: Patch<String>,
    /// The Message-ID of a mail.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = json!(null), min_length = 3, max_length = 255)]
    pub mail_message_id: Patch<String>,
    /// The users of the vendor who took part, all of them.
    #[schema(max_items = 50, nullable = false, example = json!([]))]
    pub vendor_participants: Option<Vec<UserId>>,
    /// The people of the partner or the customer who took part, all of them.
    #[schema(max_items = 50, nullable = false, example = json!([]))]
    pub partner_participants: Option<Vec<PersonId>>,
    /// What follows from it.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "Send the offer by Monday.", min_length = 1, max_length = 1000)]
    pub next_step: Patch<String>,
}

/// What a list of interactions is filtered by.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct InteractionFilter {
    /// Only interactions of these kinds.
    #[param(style = Form, explode = false, nullable = false)]
    pub kind: Option<Vec<InteractionKind>>,
    /// Only interactions in which that user of the vendor took part.
    #[param(nullable = false)]
    pub user_id: Option<UserId>,
    /// Only interactions in which that person took part.
    #[param(nullable = false)]
    pub person_id: Option<PersonId>,
    /// Only interactions that happened then or later.
    #[param(nullable = false)]
    pub happened_from: Option<Time>,
    /// Only interactions that happened before that moment.
    #[param(nullable = false)]
    pub happened_before: Option<Time>,
    /// The order; the latest talk first if left out.
    #[param(nullable = false)]
    pub sort: Option<InteractionSort>,
}
