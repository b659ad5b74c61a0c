//! The shapes of conflict cases.

use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    bindable,
    kernel::{
        Time,
        ids::{
            AccountId, AccountMergeId, CaseClaimId, CaseId, ConflictCheckId, DealId, NamedAccountId, OpportunityId,
            PartnerId, ProtectionId, UserId,
        },
        states::Action,
    },
    ordered, resource,
    schema::conflict_case_claims,
    words,
};

words! {
    /// What a case is about.
    pub CaseType {
        /// Two registrations of one scope.
        DuplicateRegistration = "duplicate_registration",
        /// A partner's registration and the vendor's own claim.
        DirectVsPartner = "direct_vs_partner",
        /// Where a territory ends.
        Territory = "territory",
        /// A deal taken right after a protection ended.
        PoachingAfterExpiry = "poaching_after_expiry",
        /// Who has which share in a deal.
        Attribution = "attribution",
        /// What is owed for a deal.
        IncentiveDispute = "incentive_dispute",
        /// Claims that collided when customer accounts were merged.
        AccountMerge = "account_merge",
        /// A decision that a partner does not accept.
        Appeal = "appeal",
    }

    /// Where a case stands.
    pub CaseStatus {
        /// Nobody has taken it up.
        Opened = "opened",
        /// Somebody has taken it up.
        Triaged = "triaged",
        /// The sides give evidence.
        Evidence = "evidence",
        /// It is being judged.
        Adjudicating = "adjudicating",
        /// A decision was proposed to the sides.
        Proposed = "proposed",
        /// The sides accepted it.
        Accepted = "accepted",
        /// A side did not accept it.
        Appealed = "appealed",
        /// It is decided.
        Resolved = "resolved",
        /// It has ended.
        Closed = "closed",
    }

    /// How a case was decided.
    pub CaseOutcome {
        /// The first claim stands.
        UpholdFirst = "uphold_first",
        /// The second claim stands.
        AwardSecond = "award_second",
        /// They share.
        Split = "split",
        /// They sell together.
        CoSell = "co_sell",
        /// Neither stands.
        BothDenied = "both_denied",
        /// There was none.
        NoConflict = "no_conflict",
    }

    /// What a case came to for one side.
    pub ClaimOutcome {
        /// Its claim stood, and stands.
        Upheld = "upheld",
        /// Its claim stands now.
        Awarded = "awarded",
        /// It shares.
        Shared = "shared",
        /// Its claim does not stand.
        Denied = "denied",
    }

    /// The order of cases.
    pub ConflictCaseSort {
        /// Oldest first.
        Created = "created_at",
        /// Newest first.
        CreatedDescending = "-created_at",
        /// Least recently changed first.
        Updated = "updated_at",
        /// Most recently changed first.
        UpdatedDescending = "-updated_at",
        /// The next to be decided first.
        DecisionDue = "decision_due_at",
        /// The last to be decided first.
        DecisionDueDescending = "-decision_due_at",
    }
}

bindable!(CaseType, CaseStatus, CaseOutcome);

ordered!(ConflictCaseSort of "conflict_cases" {
    Created | CreatedDescending => "created_at",
    Updated | UpdatedDescending => "updated_at",
    DecisionDue | DecisionDueDescending => "decision_due_at",
});

/// A fact that a case rests on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CaseFact {
    /// What it is.
    #[schema(example = "overlap_from", max_length = 64)]
    pub name: String,
    /// What is known of it.
    #[schema(example = "2026-03-01T00:00:00.000000Z", max_length = 1000)]
    pub value: String,
}

/// One side of a case: a partner's registration and protection, or what the vendor holds itself.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Serialize, ToSchema)]
#[diesel(table_name = conflict_case_claims)]
pub struct ConflictCaseClaim {
    /// Its id.
    pub id: CaseClaimId,
    /// Its place: 1 came first.
    #[schema(example = 1, minimum = 1)]
    pub position: i64,
    /// Whose claim it is; null is the vendor's own.
    #[schema(required = true)]
    pub partner_id: Option<PartnerId>,
    /// The registration.
    #[schema(required = true)]
    pub deal_id: Option<DealId>,
    /// The protection.
    #[schema(required = true)]
    pub protection_id: Option<ProtectionId>,
    /// The opportunity that the vendor works itself.
    #[schema(required = true)]
    pub direct_opportunity_id: Option<OpportunityId>,
    /// The named account.
    #[schema(required = true)]
    pub named_account_id: Option<NamedAccountId>,
    /// When the registration was received.
    #[schema(required = true)]
    pub received_at: Option<Time>,
    /// Its place among the registrations for the customer, where two were received at one moment.
    #[schema(required = true, example = 12)]
    pub seq: Option<i64>,
    /// What the case came to for it.
    #[schema(required = true)]
    pub outcome: Option<ClaimOutcome>,
}

/// A conflict case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ConflictCase {
    /// Its id.
    pub id: CaseId,
    /// The number that people use for it.
    #[schema(example = "CC-2026-000012", max_length = 32)]
    pub number: String,
    /// What it is about.
    pub case_type: CaseType,
    /// Where it stands.
    pub status: CaseStatus,
    /// How it was decided.
    #[schema(required = true)]
    pub outcome: Option<CaseOutcome>,
    /// The customer.
    pub account_id: AccountId,
    /// The merge of accounts that it came from.
    #[schema(required = true)]
    pub account_merge_id: Option<AccountMergeId>,
    /// The conflict check that it came from.
    #[schema(required = true)]
    pub conflict_check_id: Option<ConflictCheckId>,
    /// What it is about, in a sentence.
    #[schema(example = "Two protections of one scope collided in a merge.", max_length = 1000)]
    pub summary: String,
    /// The facts that it rests on.
    #[schema(max_items = 50)]
    pub detail: Vec<CaseFact>,
    /// The sides, the earlier first.
    #[schema(max_items = 50)]
    pub claims: Vec<ConflictCaseClaim>,
    /// Who decides it.
    #[schema(required = true)]
    pub adjudicator_id: Option<UserId>,
    /// By when somebody must take it up.
    pub acknowledge_due_at: Time,
    /// By when it must be decided.
    pub decision_due_at: Time,
    /// When somebody took it up.
    #[schema(required = true)]
    pub acknowledged_at: Option<Time>,
    /// Why it was decided so.
    #[schema(
        required = true,
        example = "The first partner had logged meetings since May.",
        max_length = 4000
    )]
    pub resolution_text: Option<String>,
    /// Who decided it.
    #[schema(required = true, example = "user_01jdq4p6c8f3kb2v9y0s7x5ham", max_length = 255)]
    pub resolved_by: Option<String>,
    /// When it was decided.
    #[schema(required = true)]
    pub resolved_at: Option<Time>,
    /// Who or what opened it.
    #[schema(example = "user_01jdq4p6c8f3kb2v9y0s7x5ham", max_length = 255)]
    pub opened_by: String,
    /// How often it was changed.
    #[schema(example = 1, minimum = 1)]
    pub revision: i64,
    /// When it was opened.
    pub created_at: Time,
    /// When it was last changed.
    pub updated_at: Time,
}

resource!(ConflictCase, super::TYPE, "/v1/conflict-cases");

/// A case to be opened by the program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewCase {
    /// What it is about.
    pub case_type: CaseType,
    /// The merge that it comes from.
    pub account_merge_id: Option<AccountMergeId>,
    /// The conflict check that it comes from.
    pub conflict_check_id: Option<ConflictCheckId>,
    /// What it is about, in a sentence.
    pub summary: String,
    /// The facts that it rests on.
    pub detail: Vec<CaseFact>,
    /// The sides, the earlier first.
    pub claims: Vec<NewCaseClaim>,
}

/// One side of a case to be opened.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NewCaseClaim {
    /// Whose claim it is; none is the vendor's own.
    pub partner_id: Option<PartnerId>,
    /// The registration.
    pub deal_id: Option<DealId>,
    /// The protection.
    pub protection_id: Option<ProtectionId>,
    /// The opportunity that the vendor works itself.
    pub direct_opportunity_id: Option<OpportunityId>,
    /// The named account.
    pub named_account_id: Option<NamedAccountId>,
    /// When the registration was received.
    pub received_at: Option<Time>,
    /// Its place among the registrations for the customer.
    pub seq: Option<i64>,
}

/// Somebody takes up a case.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ConflictCaseTriage {
    /// Who decides it; the caller unless said otherwise.
    pub adjudicator_id: Option<UserId>,
}

/// The decision of a case.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ConflictCaseResolution {
    /// How it is decided.
    pub outcome: CaseOutcome,
    /// Why, for both sides to read.
    #[schema(
        example = "The first partner had logged meetings since May.",
        min_length = 1,
        max_length = 4000
    )]
    pub reason: String,
}

/// The end of a case.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ConflictCaseClosure {
    /// Why it ends.
    #[schema(
        example = "The partners agreed between themselves.",
        min_length = 1,
        max_length = 4000
    )]
    pub reason: String,
}

/// What can happen to a case now.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CaseAction {
    /// The actions that its state allows, each with the guards that fail.
    #[schema(max_items = 10)]
    pub actions: Vec<Action>,
}

/// What a list of cases is filtered by.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ConflictCaseFilter {
    /// Only cases that stand so.
    #[param(style = Form, explode = false, nullable = false)]
    pub status: Option<Vec<CaseStatus>>,
    /// Only cases of these types.
    #[param(style = Form, explode = false, nullable = false)]
    pub case_type: Option<Vec<CaseType>>,
    /// Only cases of this customer.
    #[param(nullable = false)]
    pub account_id: Option<AccountId>,
    /// Only cases that came from this merge.
    #[param(nullable = false)]
    pub account_merge_id: Option<AccountMergeId>,
    /// Only cases in which this partner is a side.
    #[param(nullable = false)]
    pub partner_id: Option<PartnerId>,
    /// Only cases that this user decides.
    #[param(nullable = false)]
    pub adjudicator_id: Option<UserId>,
    /// The order; newest first unless said otherwise.
    #[param(nullable = false)]
    pub sort: Option<ConflictCaseSort>,
}
