//! The shapes of conflict checks.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    bindable,
    customers::resolution::{AccountRelation, EntityClass, MatchSignal},
    deals::registrations::{DealType, NewDealCustomer, NewDealLine},
    http::Resource,
    kernel::{
        Time,
        differences::CheckDifference,
        ids::{AccountId, ConflictCheckId, ConflictProbeId, DealId, PartnerId, ProductId, TerritoryId, UserId},
    },
    words,
};

words! {
    /// What a conflict check comes to, from the lightest to the heaviest.
    pub ConflictVerdict {
        /// Nobody holds or waits for the scope.
        Clear = "clear",
        /// Nothing stands in the way, but there is something to know.
        Advisory = "advisory",
        /// A person has to look: a likely match, a relative of the customer, or a claim that is not firm.
        Review = "review",
        /// The scope is taken, on what is surely the same customer.
        Conflict = "conflict",
    }

    /// What is held on a customer, from the strongest claim down.
    pub ClaimKind {
        /// An active exclusive protection.
        ActiveProtection = "active_protection",
        /// A named (house) account of the vendor.
        NamedAccount = "named_account",
        /// An open opportunity that the vendor works itself.
        DirectOpportunity = "direct_opportunity",
        /// A registration that was received earlier and is not decided.
        EarlierRegistration = "earlier_registration",
        /// A lead that the vendor gave to a partner who accepted it.
        AcceptedLead = "accepted_lead",
        /// The customer has the product already; counts against net-new business only.
        InstalledBase = "installed_base",
        /// A protection that is paused, or contested in a conflict case.
        ContestedProtection = "contested_protection",
        /// A protection that shuts nobody out.
        SharedProtection = "shared_protection",
        /// A protection that ended only lately.
        ExpiredProtection = "expired_protection",
    }

    /// How firmly a claim stands.
    pub ClaimStanding {
        /// In full.
        Holds = "holds",
        /// It came after the registration was received.
        Later = "later",
        /// Nobody has worked on it for long.
        Stale = "stale",
    }

    /// How the product of a claim lies to the one asked for.
    pub ProductOverlap {
        /// They are one.
        Equal = "equal",
        /// The claim is on a line above, or on all products.
        Ancestor = "ancestor",
        /// The claim is on a part of what is asked for.
        Descendant = "descendant",
    }

    /// How the territory of a claim lies to the one asked for.
    pub TerritoryOverlap {
        /// They are one.
        Equal = "equal",
        /// The claim's territory lies in the one asked for.
        Contained = "contained",
        /// The claim's territory contains the one asked for.
        Contains = "contains",
    }

    /// What may be done without a person.
    pub AutoAction {
        /// The registration may be approved automatically, if the other conditions of the policy are met.
        MayApprove = "may_approve",
        /// A person has to decide. Nothing is ever rejected automatically.
        HoldForReview = "hold_for_review",
    }

    /// What would clear a request.
    pub SuggestionKind {
        /// A narrower territory: any one of `territory_ids`.
        NarrowTerritory = "narrow_territory",
        /// Without the products `product_ids`.
        DropProducts = "drop_products",
        /// A part of a product line, any one of `product_ids`, instead of `replaced_product_id`.
        NarrowProduct = "narrow_product",
        /// Another type of deal: `deal_type`.
        ChangeDealType = "change_deal_type",
        /// Without the products `product_ids`, and in any one of `territory_ids`.
        DropAndNarrow = "drop_and_narrow",
        /// Later: `from` that moment on.
        WaitUntil = "wait_until",
        /// Proof that the customer is none of `account_ids`, which it only resembles.
        TellCustomersApart = "tell_customers_apart",
    }

    /// Why a check was run.
    pub CheckPurpose {
        /// The registration was sent in.
        Submission = "submission",
        /// Somebody wanted to see how it stands.
        Review = "review",
        /// Before the decision, with the account locked.
        Approval = "approval",
        /// Something was added to the registration.
        Amendment = "amendment",
        /// More time was asked for.
        Extension = "extension",
        /// A look before registering.
        DryRun = "dry_run",
        /// An earlier check was run again.
        Replay = "replay",
        /// Accounts were merged.
        Merge = "merge",
    }

    /// What a dry run tells a partner.
    pub DryRunAnswer {
        /// Nothing is known that speaks against registering.
        Clear = "clear",
        /// A person would have to look.
        NeedsReview = "needs_review",
    }

    /// What a replay looks at.
    pub ReplayBasis {
        /// Exactly what the check had looked at: it must come to the same.
        Stored = "stored",
        /// What the check had looked at, under the settings that are in force now.
        PresentPolicy = "present_policy",
        /// What is held now, under the settings that are in force now, for the same request and customer.
        PresentFacts = "present_facts",
    }

    /// A version of the conflict rules.
    pub RuleVersion {
        /// The first rules.
        Cr1 = "cr-1",
    }
}

bindable!(ConflictVerdict, CheckPurpose);

/// A customer account that the customer of a request may be, with the evidence.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct CustomerMatch {
    /// The account.
    pub account_id: AccountId,
    /// How sure it is that it is the same customer.
    pub class: EntityClass,
    /// Whether something decisive says so; without it there is never a conflict, only a review.
    #[schema(example = true)]
    pub decisive: bool,
    /// How alike they are, 0 to 1.
    #[schema(example = 0.91, minimum = 0, maximum = 2)]
    pub score: f64,
    /// Whether it is the customer itself or a relative.
    pub relation: AccountRelation,
    /// The account whose relative it is.
    #[schema(required = true)]
    pub relative_of_id: Option<AccountId>,
    /// What speaks for it, the strongest first.
    #[schema(max_items = 50)]
    pub matched: Vec<MatchSignal>,
    /// What speaks against it.
    #[schema(max_items = 50)]
    pub against: Vec<MatchSignal>,
}

/// On what a claim and a line of the request overlap.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ScopeOverlap {
    /// The product asked for.
    pub asked_product_id: ProductId,
    /// The product held; null means all.
    #[schema(required = true)]
    pub product_id: Option<ProductId>,
    /// How the product held lies to the one asked for.
    pub product: ProductOverlap,
    /// The territory held; null means everywhere.
    #[schema(required = true)]
    pub territory_id: Option<TerritoryId>,
    /// How the territory held lies to the one asked for.
    pub territory: TerritoryOverlap,
    /// The first moment of the overlap.
    pub from: Time,
    /// The first moment after it; null if no end is known.
    #[schema(required = true)]
    pub until: Option<Time>,
}

/// A claim that stands against the request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ClaimFinding {
    /// Its place in the order of strength; 1 is the strongest.
    #[schema(example = 1, minimum = 1)]
    pub precedence: i64,
    /// What it is.
    pub kind: ClaimKind,
    /// What it leads to by itself.
    pub effect: ConflictVerdict,
    /// How firmly it stands.
    pub standing: ClaimStanding,
    /// The record behind it.
    #[schema(example = "prot_01jdq4p6c8f3kb2v9y0s7x5ham", max_length = 64)]
    pub reference: String,
    /// The number of the record or of its registration.
    #[schema(required = true, example = "DR-2026-000101", max_length = 40)]
    pub number: Option<String>,
    /// The registration behind it.
    #[schema(required = true)]
    pub deal_id: Option<DealId>,
    /// Who holds it; null is the vendor.
    #[schema(required = true)]
    pub partner_id: Option<PartnerId>,
    /// Whether the asking partner holds it itself.
    #[schema(example = false)]
    pub own: bool,
    /// The customer account it is on.
    pub account_id: AccountId,
    /// How sure it is that the account is the customer of the request.
    pub class: EntityClass,
    /// Whether the account is the customer or a relative.
    pub relation: AccountRelation,
    /// Since when it counts: received, opened, or protected.
    pub since: Time,
    /// The counter that orders what arrived at one moment.
    #[schema(required = true, example = 3)]
    pub seq: Option<i64>,
    /// The first moment at which it counts no longer; null if none is known.
    #[schema(required = true)]
    pub until: Option<Time>,
    /// When it was last worked on, for opportunities.
    #[schema(required = true)]
    pub last_activity_at: Option<Time>,
    /// On what it and the request overlap.
    #[schema(max_items = 500)]
    pub overlaps: Vec<ScopeOverlap>,
    /// Why it stands.
    #[schema(
        example = "Approved first: DR-2026-000101 is protected until 2026-05-30.",
        max_length = 1000
    )]
    pub why: String,
}

impl ClaimFinding {
    /// The registration that is counted in the queue: the claim itself, where there is none.
    pub fn registration(&self) -> &str {
        self.number.as_deref().unwrap_or(self.reference.as_str())
    }
}

/// Something that would clear the request. It was tried: the rules judged the request changed in this way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Suggestion {
    /// What to change.
    pub kind: SuggestionKind,
    /// The suggestion in a sentence.
    #[schema(example = "Narrow the territory to Austria or Switzerland.", max_length = 2000)]
    pub sentence: String,
    /// What the check would then come to: `clear`, or `advisory`.
    pub leads_to: ConflictVerdict,
    /// Territories, any one of which would do.
    #[schema(max_items = 20)]
    pub territory_ids: Vec<TerritoryId>,
    /// Products: what to leave out, or the parts of a line any one of which would do.
    #[schema(max_items = 200)]
    pub product_ids: Vec<ProductId>,
    /// The product line to be replaced by a part of it.
    #[schema(required = true)]
    pub replaced_product_id: Option<ProductId>,
    /// The type of deal to choose.
    #[schema(required = true)]
    pub deal_type: Option<DealType>,
    /// The moment to wait for.
    #[schema(required = true)]
    pub from: Option<Time>,
    /// The accounts to be told apart from; empty for partners.
    #[schema(max_items = 200)]
    pub account_ids: Vec<AccountId>,
}

/// What follows from a verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PolicyOutcome {
    /// What may be done without a person.
    pub auto_action: AutoAction,
    /// Whether the partner may appeal a rejection that rests on this check.
    #[schema(example = true)]
    pub appealable: bool,
}

/// What a check found, in full: for the vendor.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Assessment {
    /// What it comes to.
    pub verdict: ConflictVerdict,
    /// The same in one or two sentences.
    #[schema(
        example = "The scope is taken. Approved first: DR-2026-000101 is protected until 2026-05-30.",
        max_length = 2000
    )]
    pub summary: String,
    /// The account that the customer most surely is; null for a new customer.
    #[schema(required = true)]
    pub customer: Option<CustomerMatch>,
    /// The accounts with claims, and those that are probably the customer, the surest first.
    #[schema(max_items = 50)]
    pub candidates: Vec<CustomerMatch>,
    /// How many accounts were compared.
    #[schema(example = 14, minimum = 0)]
    pub candidates_considered: i64,
    /// Whether there were more than could be compared.
    #[schema(example = false)]
    pub capped: bool,
    /// The claims, the strongest first.
    #[schema(max_items = 1000)]
    pub claims: Vec<ClaimFinding>,
    /// The place among those who hold or wait for the scope; 1 means nobody is ahead.
    #[schema(example = 2, minimum = 1)]
    pub queue_position: i64,
    /// How many registrations wait behind.
    #[schema(example = 0, minimum = 0)]
    pub registrations_behind: i64,
    /// The first moment at which the scope is free as things stand; null if it is free now, or nobody can say.
    #[schema(required = true)]
    pub earliest_free_at: Option<Time>,
    /// What would clear it.
    #[schema(max_items = 50)]
    pub would_clear_if: Vec<Suggestion>,
    /// What follows.
    pub policy: PolicyOutcome,
}

/// How the customer was recognised, as far as the partner may know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RedactedCustomer {
    /// How sure it is that the vendor knows the customer.
    pub class: EntityClass,
    /// Whether something decisive says so.
    #[schema(example = true)]
    pub decisive: bool,
    /// What speaks for it, by name only.
    #[schema(max_items = 50)]
    pub matched: Vec<String>,
    /// What speaks against it, by name only.
    #[schema(max_items = 50)]
    pub against: Vec<String>,
}

/// On which part of its own request the partner meets a claim.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RedactedOverlap {
    /// The product asked for.
    pub asked_product_id: ProductId,
    /// How the product held lies to it.
    pub product: ProductOverlap,
    /// How the territory held lies to the one asked for.
    pub territory: TerritoryOverlap,
}

/// A claim as the partner may know it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RedactedClaim {
    /// Its place in the order of strength.
    #[schema(example = 1, minimum = 1)]
    pub precedence: i64,
    /// What it is.
    pub kind: ClaimKind,
    /// What it leads to by itself.
    pub effect: ConflictVerdict,
    /// Whether it is the partner's own.
    #[schema(example = false)]
    pub own: bool,
    /// The partner's own registration behind it.
    #[schema(required = true)]
    pub deal_id: Option<DealId>,
    /// Whether it is on the customer or on a relative.
    pub relation: AccountRelation,
    /// Until when the scope is protected.
    #[schema(required = true)]
    pub until: Option<Time>,
    /// On what it and the request overlap.
    #[schema(max_items = 500)]
    pub overlaps: Vec<RedactedOverlap>,
    /// Why it stands.
    #[schema(
        example = "Another registration was approved first, and is protected until 2026-05-30.",
        max_length = 1000
    )]
    pub why: String,
}

/// What a check found, as the partner may know it: never who, how much, or with whom at the customer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RedactedAssessment {
    /// What it comes to.
    pub verdict: ConflictVerdict,
    /// The same in one or two sentences.
    #[schema(
        example = "The scope is taken. Your place in the queue is 2. As things stand it is free from 2026-05-30.",
        max_length = 2000
    )]
    pub summary: String,
    /// How the customer was recognised; null for a new customer.
    #[schema(required = true)]
    pub customer: Option<RedactedCustomer>,
    /// The claims, the strongest first; only the partner's own, if the program tells no more.
    #[schema(max_items = 1000)]
    pub claims: Vec<RedactedClaim>,
    /// The place among those who hold or wait for the scope; 1 means nobody is ahead. Null if the program does not tell it.
    #[schema(required = true, example = 2, minimum = 1)]
    pub queue_position: Option<i64>,
    /// The first moment at which the scope is free as things stand; null if it is free now, if nobody can say, or if the
    /// program does not tell it.
    #[schema(required = true)]
    pub earliest_free_at: Option<Time>,
    /// What would clear it, as far as the program tells it.
    #[schema(max_items = 50)]
    pub would_clear_if: Vec<Suggestion>,
    /// What follows.
    pub policy: PolicyOutcome,
}

/// A conflict check as it was found; another run is another record. Partners read `redacted`; `assessment` is the
/// vendor's.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ConflictCheck {
    /// Its id.
    pub id: ConflictCheckId,
    /// Why it was run.
    pub purpose: CheckPurpose,
    /// The registration that was checked; null for a look before registering.
    #[schema(required = true)]
    pub deal_id: Option<DealId>,
    /// Whose registration was checked.
    #[schema(required = true)]
    pub partner_id: Option<PartnerId>,
    /// The account that the customer most surely is; for the vendor alone.
    #[schema(required = true)]
    pub account_id: Option<AccountId>,
    /// What it came to.
    pub verdict: ConflictVerdict,
    /// The rules it was run by.
    pub rule_version: RuleVersion,
    /// The version of the settings it was run under; 0 are the defaults.
    #[schema(example = 1, minimum = 0)]
    pub policy_version: i64,
    /// The moment as of which it looked.
    pub as_of: Time,
    /// What it found, in full; for the vendor alone.
    #[schema(required = true)]
    pub assessment: Option<Assessment>,
    /// What it found, as the partner may know it.
    pub redacted: RedactedAssessment,
    /// The check that it repeats.
    #[schema(required = true)]
    pub replay_of_id: Option<ConflictCheckId>,
    /// Who had it run; for the vendor alone.
    #[schema(required = true, example = "user_01jdq4p6c8f3kb2v9y0s7x5ham", max_length = 255)]
    pub created_by: Option<String>,
    /// When it was run.
    pub created_at: Time,
}

impl Resource for ConflictCheck {
    const TYPE: &'static str = "conflict_check";

    fn id(&self) -> String {
        self.id.to_string()
    }

    fn revision(&self) -> i64 {
        1
    }

    fn path(&self) -> String {
        format!("/v1/conflict-checks/{}", self.id)
    }

    fn audience(&self) -> Vec<PartnerId> {
        let told = !matches!(
            self.purpose,
            CheckPurpose::DryRun | CheckPurpose::Replay | CheckPurpose::Merge
        );
        self.partner_id.into_iter().filter(|_| told).collect()
    }
}

/// What a list of checks is filtered by. Newest first.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ConflictCheckFilter {
    /// Only checks of this registration.
    #[param(nullable = false)]
    pub deal_id: Option<DealId>,
    /// Only checks that came to these verdicts.
    #[param(style = Form, explode = false, nullable = false)]
    pub verdict: Option<Vec<ConflictVerdict>>,
    /// Only checks that were run for these reasons.
    #[param(style = Form, explode = false, nullable = false)]
    pub purpose: Option<Vec<CheckPurpose>>,
}

/// How to run a check again.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReplayConflictCheck {
    /// What it looks at; `stored` if left out.
    #[schema(nullable = false)]
    pub basis: Option<ReplayBasis>,
    /// The rules to run it by; those it was run by if left out.
    #[schema(nullable = false)]
    pub rule_version: Option<RuleVersion>,
}

/// A check that was run again, beside the first run.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ConflictReplay {
    /// The new run, stored like any other.
    pub check: ConflictCheck,
    /// What it looked at.
    pub basis: ReplayBasis,
    /// Whether both came to exactly the same.
    #[schema(example = true)]
    pub reproduced: bool,
    /// The records whose claims are new.
    #[schema(max_items = 1000)]
    pub claims_added: Vec<String>,
    /// The records whose claims are gone.
    #[schema(max_items = 1000)]
    pub claims_removed: Vec<String>,
    /// Where they differ, at most 500 places.
    #[schema(max_items = 500)]
    pub differences: Vec<CheckDifference>,
}

impl Resource for ConflictReplay {
    const TYPE: &'static str = "conflict_check";

    fn id(&self) -> String {
        self.check.id()
    }

    fn revision(&self) -> i64 {
        1
    }

    fn path(&self) -> String {
        self.check.path()
    }
}

/// The person at the customer whom the partner is in touch with: a dry run is for business that is there, not for a look
/// around.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DryRunContact {
    /// The name.
    #[schema(example = "Petra Weiss", min_length = 1, max_length = 200)]
    pub name: String,
    /// The mail address.
    #[schema(example = "petra.weiss@acme.example", max_length = 254, pattern = "^[^@ ]+@[^@ ]+$")]
    pub email: String,
}

/// A look for conflicts before registering.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DryRunConflictCheck {
    /// The partner to look for. Callers of a partner may leave it out: it is theirs. The vendor may leave it out to look
    /// for nobody in particular.
    #[schema(example = json!(null))]
    pub partner_id: Option<PartnerId>,
    /// The customer.
    pub customer: NewDealCustomer,
    /// The person at the customer.
    pub contact: DryRunContact,
    /// What the customer needs.
    #[schema(
        example = "Acme replaces the firewalls of its branches before their support ends.",
        min_length = 20,
        max_length = 4000
    )]
    pub need: String,
    /// The territory: its code, or its id.
    #[schema(
        example = "DE",
        min_length = 1,
        max_length = 64,
        pattern = "^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$"
    )]
    pub territory: String,
    /// What kind of business it is; `net_new` if left out.
    #[schema(nullable = false)]
    pub deal_type: Option<DealType>,
    /// The products.
    #[schema(min_items = 1, max_items = 100)]
    pub lines: Vec<NewDealLine>,
}

/// What a look before registering tells.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ConflictDryRun {
    /// The answer: all that partners are told. To learn more they register.
    pub answer: DryRunAnswer,
    /// The stored check; for the vendor alone.
    #[schema(required = true)]
    pub check: Option<ConflictCheck>,
    /// How many dry runs the partner has left in the running 24 hours; null for the vendor.
    #[schema(required = true, example = 19, minimum = 0)]
    pub remaining: Option<i64>,
}

/// A dry run that a partner made, as the vendor sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ConflictProbe {
    /// Its id.
    pub id: ConflictProbeId,
    /// The partner.
    pub partner_id: PartnerId,
    /// The person.
    #[schema(required = true)]
    pub user_id: Option<UserId>,
    /// The check behind it.
    pub conflict_check_id: ConflictCheckId,
    /// The account that the customer most surely is.
    #[schema(required = true)]
    pub account_id: Option<AccountId>,
    /// What the partner was told.
    pub answer: DryRunAnswer,
    /// When.
    pub at: Time,
}

/// What a list of dry runs is filtered by. Newest first.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ConflictProbeFilter {
    /// Only those of this partner.
    #[param(nullable = false)]
    pub partner_id: Option<PartnerId>,
    /// Only those for customers that are most surely this account.
    #[param(nullable = false)]
    pub account_id: Option<AccountId>,
    /// Only those since this moment.
    #[param(nullable = false)]
    pub since: Option<Time>,
}
