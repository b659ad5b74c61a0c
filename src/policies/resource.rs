//! The shapes of drafts and versions of the policy.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{
    model::{Document, ProgramSettings, RegistrationPolicy},
    notices::NoticePolicy,
    partners::PartnerPolicy,
    pipeline::PipelinePolicy,
    reasons::ReasonPolicy,
    rows::PolicyRow,
};
use crate::{
    bindable,
    deals::conflict::ConflictPolicy,
    kernel::{Patch, Time, differences::CheckDifference, ids::PolicyId},
    resource, words,
};

words! {
    /// Where a policy stands at a moment.
    pub PolicyStatus {
        /// It is being worked out, and holds for nothing.
        Draft = "draft",
        /// It will hold from a moment to come.
        Scheduled = "scheduled",
        /// It holds.
        InForce = "in_force",
        /// Another has taken its place.
        Past = "past",
        /// It was to hold, and was taken back before it did.
        Withdrawn = "withdrawn",
    }
}

bindable!(PolicyStatus);

/// What the program's owner has decided, whole: a draft, or a version that was published from a moment on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Policy {
    /// Its id.
    pub id: PolicyId,
    /// Where it stands now.
    pub status: PolicyStatus,
    /// The number that decisions note; null for a draft.
    #[schema(required = true, example = 3, minimum = 1)]
    pub version: Option<i64>,
    /// The version that was published last when it was begun, or that was looked at since; 0 are the built-in defaults.
    #[schema(example = 2, minimum = 0)]
    pub base_version: i64,
    /// From when it holds; null for a draft.
    #[schema(required = true)]
    pub valid_from: Option<Time>,
    /// What it changes, and why.
    #[schema(
        required = true,
        example = "Longer protection for the new fiscal year.",
        max_length = 1000
    )]
    pub note: Option<String>,
    /// Who began it.
    #[schema(example = "user_01jdq4p6c8f3kb2v9y0s7x5ham", max_length = 255)]
    pub created_by: String,
    /// Who published it.
    #[schema(required = true, example = "user_01jdq4p6c8f3kb2v9y0s7x5ham", max_length = 255)]
    pub published_by: Option<String>,
    /// When it was published.
    #[schema(required = true)]
    pub published_at: Option<Time>,
    /// Who withdrew it.
    #[schema(required = true, example = "user_01jdq4p6c8f3kb2v9y0s7x5ham", max_length = 255)]
    pub withdrawn_by: Option<String>,
    /// When it was withdrawn.
    #[schema(required = true)]
    pub withdrawn_at: Option<Time>,
    /// How registrations are taken in, reviewed and protected.
    pub registration: RegistrationPolicy,
    /// How much each kind of claim weighs in a conflict check.
    pub conflict: ConflictPolicy,
    /// How partners are taken in, looked after and let go.
    pub partners: PartnerPolicy,
    /// The reasons that people may give.
    pub reasons: ReasonPolicy,
    /// The stages that a sale goes through.
    pub pipeline: PipelinePolicy,
    /// How people are told.
    pub notices: NoticePolicy,
    /// How often it was changed.
    #[schema(example = 1, minimum = 1)]
    pub revision: i64,
    /// When it was begun.
    pub created_at: Time,
    /// When it was last changed.
    pub updated_at: Time,
}

resource!(Policy, "policy", "/v1/policies");

/// The policy that holds at a moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct PolicyInForce {
    /// The moment that was asked for; null for now.
    #[schema(required = true)]
    pub as_of: Option<Time>,
    /// The number that decisions note; 0 are the built-in defaults.
    #[schema(example = 3, minimum = 0)]
    pub version: i64,
    /// The policy; null for the built-in defaults.
    #[schema(required = true)]
    pub policy_id: Option<PolicyId>,
    /// From when it holds; null for the built-in defaults.
    #[schema(required = true)]
    pub valid_from: Option<Time>,
    /// What it changed, and why.
    #[schema(
        required = true,
        example = "Longer protection for the new fiscal year.",
        max_length = 1000
    )]
    pub note: Option<String>,
    /// How registrations are taken in, reviewed and protected.
    pub registration: RegistrationPolicy,
    /// How much each kind of claim weighs in a conflict check.
    pub conflict: ConflictPolicy,
    /// How partners are taken in, looked after and let go.
    pub partners: PartnerPolicy,
    /// The reasons that people may give.
    pub reasons: ReasonPolicy,
    /// The stages that a sale goes through.
    pub pipeline: PipelinePolicy,
    /// How people are told.
    pub notices: NoticePolicy,
}

impl PolicyInForce {
    /// What holds at that moment: a published policy, or the built-in defaults.
    pub fn of(row: Option<PolicyRow>, as_of: Option<Time>) -> Self {
        let (policy_id, valid_from, note) = row.as_ref().map_or((None, None, None), |row| {
            (Some(row.id), row.valid_from, row.note.clone())
        });
        let ProgramSettings {
            version,
            registration,
            conflict,
            partners,
            reasons,
            pipeline,
            notices,
        } = settings(row);
        Self {
            as_of,
            version,
            policy_id,
            valid_from,
            note,
            registration,
            conflict,
            partners,
            reasons,
            pipeline,
            notices,
        }
    }
}

/// The settings of a published policy, or the built-in defaults.
pub fn settings(row: Option<PolicyRow>) -> ProgramSettings {
    row.map_or_else(
        || ProgramSettings::of(0, Document::default()),
        |row| ProgramSettings::of(row.version.unwrap_or(0), row.document.0),
    )
}

/// A part of a policy as it is sent: what is left out stays as it is.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Part(pub serde_json::Value);

/// The parts of a policy as they are sent.
#[derive(Debug, Clone, Copy, Default)]
pub struct Parts<'a> {
    /// How registrations are taken in, reviewed and protected.
    pub registration: Option<&'a Part>,
    /// How much each kind of claim weighs in a conflict check.
    pub conflict: Option<&'a Part>,
    /// How partners are taken in, looked after and let go.
    pub partners: Option<&'a Part>,
    /// The reasons that people may give.
    pub reasons: Option<&'a Part>,
    /// The stages that a sale goes through.
    pub pipeline: Option<&'a Part>,
    /// How people are told.
    pub notices: Option<&'a Part>,
}

/// Declares a body that has the parts of a policy besides fields of its own.
macro_rules! with_parts {
    ($(#[$about:meta])* pub struct $name:ident { $($own:tt)* }) => {
        $(#[$about])*
        pub struct $name {
            $($own)*
            /// How registrations are taken in, reviewed and protected.
            #[schema(value_type = Option<RegistrationPolicy>, nullable = false)]
            pub registration: Option<Part>,
            /// How much each kind of claim weighs in a conflict check.
            #[schema(value_type = Option<ConflictPolicy>, nullable = false)]
            pub conflict: Option<Part>,
            /// How partners are taken in, looked after and let go.
            #[schema(value_type = Option<PartnerPolicy>, nullable = false)]
            pub partners: Option<Part>,
            /// The reasons that people may give.
            #[schema(value_type = Option<ReasonPolicy>, nullable = false)]
            pub reasons: Option<Part>,
            /// The stages that a sale goes through.
            #[schema(value_type = Option<PipelinePolicy>, nullable = false)]
            pub pipeline: Option<Part>,
            /// How people are told.
            #[schema(value_type = Option<NoticePolicy>, nullable = false)]
            pub notices: Option<Part>,
        }

        impl $name {
            /// The parts that are sent.
            pub fn parts(&self) -> Parts<'_> {
                Parts {
                    registration: self.registration.as_ref(),
                    conflict: self.conflict.as_ref(),
                    partners: self.partners.as_ref(),
                    reasons: self.reasons.as_ref(),
                    pipeline: self.pipeline.as_ref(),
                    notices: self.notices.as_ref(),
                }
            }
        }
    };
}

with_parts! {
    /// A new draft. What is left out is as in the version that was published last, or in the one that is named.
    #[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
    #[serde(deny_unknown_fields)]
    pub struct NewPolicy {
        /// What it changes, and why.
        #[schema(
            example = "Longer protection for the new fiscal year.",
            min_length = 1,
            max_length = 1000
        )]
        pub note: Option<String>,
        /// The version that it begins from: the one that was published last, if it is not said; 0 are the built-in defaults.
        #[schema(example = 0, minimum = 0, nullable = false)]
        pub from_version: Option<i64>,
    }
}

with_parts! {
    /// Changes of a draft. What is left out stays, in each of its parts too; lists are replaced as a whole.
    #[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
    #[serde(deny_unknown_fields)]
    pub struct PolicyPatch {
        /// What it changes, and why.
        #[serde(default)]
        #[schema(value_type = Option<String>, example = "Longer protection for the new fiscal year.", min_length = 1, max_length = 1000)]
        pub note: Patch<String>,
        /// That the version with this number was looked at: the last one, so that the draft can be published after it.
        #[schema(example = 2, minimum = 0, nullable = false)]
        pub base_version: Option<i64>,
    }
}

/// From when a draft is to hold.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PolicyPublication {
    /// From when it holds: from now on, if it is not said. Never in the past, and not before a version that was published
    /// already.
    #[schema(example = json!(null))]
    pub valid_from: Option<Time>,
    /// What it changes, and why; in place of the draft's note.
    #[schema(
        example = "Agreed by the channel board on 2026-11-20.",
        min_length = 1,
        max_length = 1000
    )]
    pub note: Option<String>,
}

/// Where a policy differs from the one in force.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct PolicyChanges {
    /// The policy.
    pub policy_id: PolicyId,
    /// The version that it is compared with; 0 are the built-in defaults.
    #[schema(example = 2, minimum = 0)]
    pub compared_version: i64,
    /// Where they differ: `before` is what the version says, `after` what the policy says, as JSON.
    #[schema(max_items = 500)]
    pub changes: Vec<CheckDifference>,
}

/// What a list of policies is filtered by. Newest first.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PolicyFilter {
    /// Only policies that stand there now.
    #[param(style = Form, explode = false, nullable = false)]
    pub status: Option<Vec<PolicyStatus>>,
}

/// As of when the policy is read.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PolicyMoment {
    /// The policy that holds at that moment; now, if it is not said.
    #[param(nullable = false)]
    pub as_of: Option<Time>,
}
