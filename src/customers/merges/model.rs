//! The shapes of merges.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    bindable,
    customers::accounts::AccountAlias,
    kernel::{
        Time,
        ids::{AccountId, AccountMergeId, CaseId, DealId, PartnerId, ProductId, ProtectionId, TerritoryId},
        states::Action,
    },
    ordered,
    references::ExternalRef,
    resource, words,
};

words! {
    /// Where a merge stands.
    pub MergeStatus {
        /// It is planned; nothing has happened.
        Planned = "planned",
        /// It was done.
        Executed = "executed",
        /// It was done, and undone by a split.
        Undone = "undone",
        /// It will not be done.
        Cancelled = "cancelled",
    }

    /// What a merge moves.
    pub MovedKind {
        /// Accounts that belong to the account that goes.
        Subsidiaries = "subsidiaries",
        /// What it is known by.
        Aliases = "aliases",
        /// Its ids in other systems.
        ExternalRefs = "external_refs",
        /// Its tags.
        Tags = "tags",
        /// Notes on it.
        Notes = "notes",
        /// Tasks on it.
        Tasks = "tasks",
        /// Interactions on it.
        Interactions = "interactions",
        /// The vendor's own opportunities.
        DirectOpportunities = "direct_opportunities",
        /// Named accounts.
        NamedAccounts = "named_accounts",
        /// What it has.
        InstalledBase = "installed_base",
        /// Registrations of partners.
        Deals = "deals",
        /// Protections of partners.
        Protections = "protections",
        /// Conflict cases.
        ConflictCases = "conflict_cases",
    }

    /// What collides in a merge.
    pub CollisionKind {
        /// Two exclusive protections of overlapping scopes. The later becomes contested, and a case is opened.
        Protections = "protections",
        /// Two open registrations of one partner for one product and type of deal. The later loses its place, and a case
        /// is opened.
        OpenRegistrations = "open_registrations",
    }

    /// What somebody has to agree to before a merge is done.
    pub MergeDecisionCode {
        /// The accounts have different registration numbers.
        DifferentRegistrationNumber = "different_registration_number",
        /// The accounts lie in different countries.
        DifferentCountry = "different_country",
        /// The accounts have different domains.
        DifferentDomain = "different_domain",
        /// Protections collide; the later ones become contested.
        ProtectionsCollide = "protections_collide",
        /// Open registrations of one partner collide; the later ones lose their place.
        OpenRegistrationsCollide = "open_registrations_collide",
        /// The account that stays belongs to the one that goes, and takes its place in the hierarchy.
        TakesPlaceOfParent = "takes_place_of_parent",
    }

    /// The order of merges.
    pub AccountMergeSort {
        /// Oldest first.
        Created = "created_at",
        /// Newest first.
        CreatedDescending = "-created_at",
    }
}

bindable!(MergeStatus);

ordered!(AccountMergeSort of "account_merges" {
    Created | CreatedDescending => "created_at",
});

/// How many records of a kind a merge moves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PlannedMove {
    /// What.
    pub kind: MovedKind,
    /// How many.
    #[schema(example = 3, minimum = 1)]
    pub rows: i64,
}

/// One side of a collision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CollisionSide {
    /// The account that it is on before the merge.
    pub account_id: AccountId,
    /// Whose it is.
    pub partner_id: PartnerId,
    /// The registration.
    pub deal_id: DealId,
    /// The protection, where protections collide.
    #[schema(required = true)]
    pub protection_id: Option<ProtectionId>,
    /// When the registration was received.
    #[schema(required = true)]
    pub received_at: Option<Time>,
    /// Its place among the registrations for its account.
    #[schema(required = true, example = 4)]
    pub seq: Option<i64>,
}

/// A collision: `first` stays as it is, `second` gives way until a case decides.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PlannedCollision {
    /// What collides.
    pub kind: CollisionKind,
    /// The product of the later one.
    pub product_id: ProductId,
    /// The territory of the later one, where protections collide.
    #[schema(required = true)]
    pub territory_id: Option<TerritoryId>,
    /// The first moment of the overlap, where protections collide.
    #[schema(required = true)]
    pub from: Option<Time>,
    /// The first moment after it, where protections collide.
    #[schema(required = true)]
    pub until: Option<Time>,
    /// The earlier one.
    pub first: CollisionSide,
    /// The later one.
    pub second: CollisionSide,
}

/// Something that somebody has to agree to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MergeDecision {
    /// What it is: to be sent in `accept`.
    pub code: MergeDecisionCode,
    /// What it means in this case.
    #[schema(example = "The registration numbers are HRB 1 and HRB 2.", max_length = 1000)]
    pub detail: String,
}

/// A field in which the accounts differ. The account that stays keeps its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FieldDifference {
    /// The field.
    #[schema(example = "phone", max_length = 64)]
    pub field: String,
    /// What the account that stays holds.
    #[schema(required = true, example = "+49 30 1234567", max_length = 1000)]
    pub survivor: Option<String>,
    /// What the account that goes holds.
    #[schema(required = true, example = "+49 30 7654321", max_length = 1000)]
    pub other: Option<String>,
}

/// What a merge will do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MergePlan {
    /// The revision of the account that stays, when the plan was made.
    #[schema(example = 3, minimum = 1)]
    pub survivor_revision: i64,
    /// The revision of the account that goes, when the plan was made.
    #[schema(example = 1, minimum = 1)]
    pub other_revision: i64,
    /// What will move, kind by kind.
    #[schema(max_items = 20)]
    pub moves: Vec<PlannedMove>,
    /// What will collide.
    #[schema(max_items = 10000)]
    pub collisions: Vec<PlannedCollision>,
    /// What somebody has to agree to.
    #[schema(max_items = 20)]
    pub decisions: Vec<MergeDecision>,
    /// In what the accounts differ.
    #[schema(max_items = 50)]
    pub differences: Vec<FieldDifference>,
}

/// A merge of two customer accounts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct AccountMerge {
    /// Its id.
    pub id: AccountMergeId,
    /// Where it stands.
    pub status: MergeStatus,
    /// The account that stays.
    pub survivor_id: AccountId,
    /// The account that goes.
    pub other_id: AccountId,
    /// Why.
    #[schema(example = "The same company, imported twice.", max_length = 1000)]
    pub reason: String,
    /// What it will do, or did.
    pub plan: MergePlan,
    /// The conflict cases that it opened.
    #[schema(max_items = 10000)]
    pub conflict_case_ids: Vec<CaseId>,
    /// Who planned it.
    #[schema(example = "user_01jdq4p6c8f3kb2v9y0s7x5ham", max_length = 255)]
    pub planned_by: String,
    /// Who did it.
    #[schema(required = true, example = "user_01jdq4p6c8f3kb2v9y0s7x5ham", max_length = 255)]
    pub executed_by: Option<String>,
    /// When it was done.
    #[schema(required = true)]
    pub executed_at: Option<Time>,
    /// Who undid it.
    #[schema(required = true, example = "user_01jdq4p6c8f3kb2v9y0s7x5ham", max_length = 255)]
    pub undone_by: Option<String>,
    /// When it was undone.
    #[schema(required = true)]
    pub undone_at: Option<Time>,
    /// How often it was changed.
    #[schema(example = 1, minimum = 1)]
    pub revision: i64,
    /// When it was planned.
    pub created_at: Time,
    /// When it was last changed.
    pub updated_at: Time,
    /// What it did, for undoing it.
    #[serde(skip)]
    #[schema(ignore)]
    pub(super) effects: Option<Effects>,
}

resource!(AccountMerge, super::TYPE, "/v1/account-merges");

/// A merge to be planned.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewAccountMerge {
    /// The account that stays.
    pub survivor_id: AccountId,
    /// The account that goes.
    pub other_id: AccountId,
    /// Why.
    #[schema(example = "The same company, imported twice.", min_length = 1, max_length = 1000)]
    pub reason: String,
}

/// What somebody agrees to.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MergeExecution {
    /// The decisions of the plan that are agreed to: all of them must be.
    #[serde(default)]
    #[schema(max_items = 20)]
    pub accept: Vec<MergeDecisionCode>,
}

/// What can happen to a merge now.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct MergeActions {
    /// The actions that its state allows, each with the guards that fail.
    #[schema(max_items = 10)]
    pub actions: Vec<Action>,
}

/// What a list of merges is filtered by.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct AccountMergeFilter {
    /// Only merges that stand so.
    #[param(style = Form, explode = false, nullable = false)]
    pub status: Option<Vec<MergeStatus>>,
    /// Only merges into this account.
    #[param(nullable = false)]
    pub survivor_id: Option<AccountId>,
    /// Only merges of this account into another.
    #[param(nullable = false)]
    pub other_id: Option<AccountId>,
    /// The order; newest first unless said otherwise.
    #[param(nullable = false)]
    pub sort: Option<AccountMergeSort>,
}

/// What an account was known by before a merge.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Snapshot {
    pub aliases: Vec<AccountAlias>,
    pub external_refs: Vec<ExternalRef>,
    pub tags: Vec<String>,
    pub parent_id: Option<AccountId>,
}

/// A record that was moved, with the revision it had afterwards; notes, tasks and interactions have none that counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Moved {
    pub id: String,
    pub revision: i64,
}

/// A protection that gave way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Contested {
    pub id: ProtectionId,
    pub revision: i64,
}

/// The place of an open registration.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct Slot {
    pub account_id: AccountId,
    pub partner_id: PartnerId,
    pub product_id: ProductId,
    pub deal_type: String,
    pub deal_id: DealId,
}

/// Everything that a merge did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Effects {
    pub survivor: Snapshot,
    pub other: Snapshot,
    pub survivor_revision: i64,
    pub other_revision: i64,
    pub moved: BTreeMap<MovedKind, Vec<Moved>>,
    pub contested: Vec<Contested>,
    pub slots_moved: Vec<Slot>,
    pub slots_lost: Vec<Slot>,
    pub cases: Vec<CaseId>,
}
