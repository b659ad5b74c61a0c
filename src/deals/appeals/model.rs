//! The shapes of appeals.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    bindable,
    deals::registrations::{ReviewStatus, SlaState},
    kernel::{
        Time,
        ids::{AppealId, CaseId, DealId, DecisionId, FileId, PartnerId},
    },
    resource, words,
};

words! {
    /// Where an appeal stands.
    pub DealAppealStatus {
        /// The vendor owes a decision.
        Open = "open",
        /// The partner was right: the decision was undone.
        Upheld = "upheld",
        /// The decision stands.
        Dismissed = "dismissed",
        /// Taken back by the partner, or overtaken by what happened to the registration.
        Withdrawn = "withdrawn",
    }

    /// What an upheld appeal led to.
    pub DealAppealRemedy {
        /// The revoked registration is approved again, and protected for the time that was left.
        Restored = "restored",
        /// The refused registration is before the vendor again.
        ReviewedAgain = "reviewed_again",
        /// The refused registration was granted at once.
        Approved = "approved",
        /// The partner was right, but somebody else holds the scope by now: a conflict case decides whose it is.
        Contested = "contested",
    }

    /// What a line of an appeal's timeline tells.
    pub DealAppealEvent {
        /// The registration was received.
        Received = "received",
        /// The program looked for conflicts.
        Check = "check",
        /// A decision other than a refusal or a revocation.
        Decision = "decision",
        /// The registration was refused.
        Refusal = "refusal",
        /// What was granted was taken away.
        Revocation = "revocation",
        /// The partner, or the vendor, showed something.
        Evidence = "evidence",
        /// The partner appealed.
        Appeal = "appeal",
        /// The vendor decided on the appeal, or the partner took it back.
        Outcome = "outcome",
    }
}

bindable!(DealAppealStatus, DealAppealRemedy);

/// Something that the partner shows for its appeal: a note, and where there is more a link or a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DealAppealEvidence {
    /// What it is, and what it shows.
    #[schema(
        example = "The customer's letter of 2026-11-18, which names us.",
        min_length = 1,
        max_length = 2000
    )]
    pub note: String,
    /// Where it can be read.
    #[serde(default)]
    #[schema(
        required = false,
        example = "https://files.example.com/letter.pdf",
        min_length = 1,
        max_length = 2000,
        pattern = "^https?://[^ \t\r\n]+$"
    )]
    pub link: Option<String>,
    /// The document itself: a file that was uploaded before. Whoever reads the registration reads it then.
    #[serde(default)]
    #[schema(required = false, example = json!(null))]
    pub file_id: Option<FileId>,
}

/// An appeal against the refusal or the revocation of a registration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct DealAppeal {
    /// Its id.
    pub id: AppealId,
    /// The registration.
    pub deal_id: DealId,
    /// The registration's partner.
    pub partner_id: PartnerId,
    /// The decision that it is against.
    pub decision_id: DecisionId,
    /// Where the registration stood: `rejected` or `revoked`.
    pub from_status: ReviewStatus,
    /// Where it stands.
    pub status: DealAppealStatus,
    /// Why the partner holds the decision to be wrong.
    #[schema(
        example = "The registration that ours was refused for is of another plant.",
        min_length = 1,
        max_length = 4000
    )]
    pub grounds: String,
    /// What the partner shows for it.
    #[schema(min_items = 1, max_items = 20)]
    pub evidence: Vec<DealAppealEvidence>,
    /// Who lodged it.
    #[schema(example = "user_01jdq4p6c8f3kb2v9y0s7x5ham", max_length = 255)]
    pub lodged_by: String,
    /// When the vendor owes its decision.
    pub due_at: Time,
    /// Where the vendor's promise to decide by then is; null for an appeal that ended without a decision.
    #[schema(required = true)]
    pub sla: Option<SlaState>,
    /// Who of the vendor has taken it on; for the vendor alone.
    #[schema(required = true, example = "user_01jdq4p6c8f3kb2v9y0s7x5han", max_length = 255)]
    pub adjudicator: Option<String>,
    /// Who decided it or took it back; for the vendor alone.
    #[schema(required = true, example = "user_01jdq4p6c8f3kb2v9y0s7x5han", max_length = 255)]
    pub decided_by: Option<String>,
    /// When it was decided or taken back.
    #[schema(required = true)]
    pub decided_at: Option<Time>,
    /// What it led to, if it was upheld.
    #[schema(required = true)]
    pub remedy: Option<DealAppealRemedy>,
    /// The conflict case that decides whose the scope is, if it was upheld so; for the vendor alone.
    #[schema(required = true, example = json!(null))]
    pub conflict_case_id: Option<CaseId>,
    /// Why it was decided so.
    #[schema(
        required = true,
        example = "The two plants are separate companies.",
        max_length = 2000
    )]
    pub reason_text: Option<String>,
    /// The version of the program's settings under which it was decided.
    #[schema(required = true, example = 1, minimum = 0)]
    pub policy_version: Option<i64>,
    /// How often it was changed.
    #[schema(example = 1, minimum = 1)]
    pub revision: i64,
    /// When it was lodged.
    pub created_at: Time,
    /// When it was last changed.
    pub updated_at: Time,
    /// Who learns of its events: the partner, and the distributor it sells through.
    #[serde(skip)]
    #[schema(ignore)]
    pub told: Vec<PartnerId>,
}

resource!(
    DealAppeal,
    "deal_appeal",
    "/v1/deal-appeals",
    told = |record| record.told.clone()
);

/// An appeal to be lodged.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewDealAppeal {
    /// Why the decision is wrong.
    #[schema(
        example = "The registration that ours was refused for is of another plant.",
        min_length = 1,
        max_length = 4000
    )]
    pub grounds: String,
    /// What shows it.
    #[schema(min_items = 1, max_items = 20)]
    pub evidence: Vec<DealAppealEvidence>,
}

words! {
    /// How a refused registration is put right.
    pub DealAppealRelief {
        /// It is before the vendor again, in a new round of its approval chain.
        Review = "review",
        /// It is granted at once.
        Approve = "approve",
    }
}

/// The decision that the partner is right.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DealAppealUphold {
    /// Why; both sides read it.
    #[schema(
        example = "The two plants are separate companies.",
        min_length = 1,
        max_length = 2000
    )]
    pub reason_text: String,
    /// How a refused registration is put right: `review` if left out. A revoked one is always restored.
    #[serde(default)]
    #[schema(nullable = false, example = "review")]
    pub relief: Option<DealAppealRelief>,
    /// What happens if somebody else holds the scope by now: with `true` a conflict case is opened, which decides whose it is,
    /// and nobody loses anything until then; otherwise upholding is refused.
    #[serde(default)]
    #[schema(example = false)]
    pub contest: bool,
}

/// The decision that the partner is not right.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DealAppealDismissal {
    /// Why; both sides read it.
    #[schema(
        example = "The commercial register shows one company with one purchasing office.",
        min_length = 1,
        max_length = 2000
    )]
    pub reason_text: String,
}

/// What a list of appeals is filtered by.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct DealAppealFilter {
    /// Only appeals that stand there.
    #[param(style = Form, explode = false, nullable = false)]
    pub status: Option<Vec<DealAppealStatus>>,
    /// Only appeals on which a decision is owed before this moment.
    #[param(nullable = false)]
    pub due_before: Option<Time>,
}

/// What happened, from the receipt of the registration to the outcome of the appeal, as the program wrote it down.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct DealAppealTimeline {
    /// The lines, oldest first.
    #[schema(max_items = 2000)]
    pub data: Vec<DealAppealTimelineEntry>,
}

/// One line of the timeline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct DealAppealTimelineEntry {
    /// When.
    pub at: Time,
    /// What it tells.
    pub event: DealAppealEvent,
    /// What happened, in a sentence.
    #[schema(example = "The registration was refused.", max_length = 500)]
    pub summary: String,
    /// Who did it; for the vendor alone, but for what the partner's own people did.
    #[schema(required = true, example = "user_01jdq4p6c8f3kb2v9y0s7x5ham", max_length = 255)]
    pub actor: Option<String>,
    /// Why, as a code.
    #[schema(required = true, example = "duplicate_registration", max_length = 64)]
    pub reason_code: Option<String>,
    /// Why, or what is shown, in words.
    #[schema(
        required = true,
        example = "Another partner registered the same project before.",
        max_length = 4000
    )]
    pub text: Option<String>,
    /// What the decision rests on; for the vendor alone, since it may name another partner's registration.
    #[schema(required = true, example = "DR-2026-000101", max_length = 500)]
    pub rests_on: Option<String>,
    /// The version of the program's settings that it was decided under.
    #[schema(required = true, example = 1, minimum = 0)]
    pub policy_version: Option<i64>,
    /// The record that tells more: a decision, a check, a piece of evidence.
    #[schema(required = true, example = "decision_01jdq4p6c8f3kb2v9y0s7x5ham", max_length = 64)]
    pub record_id: Option<String>,
}
