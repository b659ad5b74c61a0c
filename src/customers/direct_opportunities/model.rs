//! The shapes of direct opportunities.

use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    bindable,
    custom_fields::{CustomFields, CustomFieldsPatch, CustomTerm},
    kernel::{
        Date, Money, Patch, Time,
        ids::{AccountId, OpportunityId, ProductId, TerritoryId, UserId},
    },
    ordered,
    references::ExternalRef,
    resource,
    schema::direct_opportunities,
    words,
};

words! {
    /// What kind of business an opportunity is.
    pub OpportunityType {
        /// The customer has nothing of it yet.
        NetNew = "net_new",
        /// The customer gets more.
        Expansion = "expansion",
        /// The customer goes on with what it has.
        Renewal = "renewal",
    }

    /// Where an opportunity stands.
    pub OpportunityStatus {
        /// It is being worked on.
        Open = "open",
        /// It was won.
        Won = "won",
        /// It was lost.
        Lost = "lost",
    }

    /// The order of opportunities.
    pub DirectOpportunitySort {
        /// Oldest first.
        Created = "created_at",
        /// Newest first.
        CreatedDescending = "-created_at",
        /// Least recently changed first.
        Updated = "updated_at",
        /// Most recently changed first.
        UpdatedDescending = "-updated_at",
        /// Longest without activity first.
        Activity = "last_activity_at",
        /// Latest activity first.
        ActivityDescending = "-last_activity_at",
        /// By title.
        Title = "title",
        /// By title, backwards.
        TitleDescending = "-title",
    }
}

bindable!(OpportunityType, OpportunityStatus);

ordered!(DirectOpportunitySort of "direct_opportunities" {
    Created | CreatedDescending => "created_at",
    Updated | UpdatedDescending => "updated_at",
    Activity | ActivityDescending => "last_activity_at",
    Title | TitleDescending => "title_key",
});

/// An opportunity that the vendor works itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct DirectOpportunity {
    /// Its id.
    pub id: OpportunityId,
    /// The number that people use for it.
    #[schema(example = "DO-2026-000123", max_length = 32)]
    pub number: String,
    /// The customer.
    pub account_id: AccountId,
    /// What it is about.
    #[schema(example = "Edge appliances for the Berlin plant", max_length = 255)]
    pub title: String,
    /// The product or product line; null stands for all of them.
    #[schema(required = true)]
    pub product_id: Option<ProductId>,
    /// The territory; null stands for all of them.
    #[schema(required = true)]
    pub territory_id: Option<TerritoryId>,
    /// What kind of business it is.
    pub deal_type: OpportunityType,
    /// Where it stands.
    pub status: OpportunityStatus,
    /// Its stage, in the words of the vendor's CRM.
    #[schema(example = "Proposal", max_length = 64)]
    pub stage: String,
    /// What it is worth.
    #[schema(required = true)]
    pub amount: Option<Money>,
    /// When it is expected to close.
    #[schema(required = true)]
    pub expected_close_on: Option<Date>,
    /// Who works it, if they are a user here.
    #[schema(required = true)]
    pub owner_id: Option<UserId>,
    /// Who works it, by name.
    #[schema(required = true, example = "Jane Doe", max_length = 200)]
    pub owner_name: Option<String>,
    /// When the vendor's CRM first knew of it.
    pub opened_at: Time,
    /// When something last happened on it.
    pub last_activity_at: Time,
    /// When it was won or lost.
    #[schema(required = true)]
    pub closed_at: Option<Time>,
    /// Custom fields.
    pub custom: CustomFields,
    /// The same opportunity in other systems.
    #[schema(max_items = 50)]
    pub external_refs: Vec<ExternalRef>,
    /// How often it was changed.
    #[schema(example = 1, minimum = 1)]
    pub revision: i64,
    /// When it was made.
    pub created_at: Time,
    /// When it was last changed.
    pub updated_at: Time,
}

resource!(DirectOpportunity, super::TYPE, "/v1/direct-opportunities", expandable);

/// An opportunity to be made, or put at an id of another system.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewDirectOpportunity {
    /// The customer.
    pub account_id: AccountId,
    /// What it is about.
    #[schema(example = "Edge appliances for the Berlin plant", min_length = 1, max_length = 255)]
    pub title: String,
    /// The product or product line; none stands for all of them.
    pub product_id: Option<ProductId>,
    /// The territory; none stands for all of them.
    pub territory_id: Option<TerritoryId>,
    /// What kind of business it is; net-new unless said otherwise.
    pub deal_type: Option<OpportunityType>,
    /// Where it stands; open unless said otherwise.
    pub status: Option<OpportunityStatus>,
    /// Its stage, in the words of the vendor's CRM.
    #[schema(example = "Proposal", min_length = 1, max_length = 64)]
    pub stage: Option<String>,
    /// What it is worth.
    pub amount: Option<Money>,
    /// When it is expected to close.
    pub expected_close_on: Option<Date>,
    /// Who works it, if they are a user here.
    pub owner_id: Option<UserId>,
    /// Who works it, by name.
    #[schema(example = "Jane Doe", min_length = 1, max_length = 200)]
    pub owner_name: Option<String>,
    /// When the vendor's CRM first knew of it; now unless said otherwise.
    pub opened_at: Option<Time>,
    /// When something last happened on it; `opened_at` unless said otherwise.
    pub last_activity_at: Option<Time>,
    /// When it was won or lost; now unless said otherwise. Means nothing while it is open.
    pub closed_at: Option<Time>,
    /// Custom fields.
    #[serde(default)]
    pub custom: CustomFields,
    /// The same opportunity in other systems.
    #[schema(max_items = 50)]
    pub external_refs: Option<Vec<ExternalRef>>,
}

/// Changes of an opportunity. What is left out stays, null clears.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DirectOpportunityPatch {
    /// The customer.
    #[schema(nullable = false)]
    pub account_id: Option<AccountId>,
    /// What it is about.
    #[schema(
        example = "Edge appliances for the Berlin plant",
        min_length = 1,
        max_length = 255,
        nullable = false
    )]
    pub title: Option<String>,
    /// The product or product line; null stands for all of them.
    #[serde(default)]
    #[schema(value_type = Option<ProductId>)]
    pub product_id: Patch<ProductId>,
    /// The territory; null stands for all of them.
    #[serde(default)]
    #[schema(value_type = Option<TerritoryId>)]
    pub territory_id: Patch<TerritoryId>,
    /// What kind of business it is.
    #[schema(nullable = false)]
    pub deal_type: Option<OpportunityType>,
    /// Where it stands.
    #[schema(nullable = false)]
    pub status: Option<OpportunityStatus>,
    /// Its stage, in the words of the vendor's CRM.
    #[schema(example = "Proposal", min_length = 1, max_length = 64, nullable = false)]
    pub stage: Option<String>,
    /// What it is worth.
    #[serde(default)]
    #[schema(value_type = Option<Money>)]
    pub amount: Patch<Money>,
    /// When it is expected to close.
    #[serde(default)]
    #[schema(value_type = Option<Date>)]
    pub expected_close_on: Patch<Date>,
    /// Who works it, if they are a user here.
    #[serde(default)]
    #[schema(value_type = Option<UserId>)]
    pub owner_id: Patch<UserId>,
    /// Who works it, by name.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "Jane Doe", min_length = 1, max_length = 200)]
    pub owner_name: Patch<String>,
    /// When something last happened on it; a change of status or stage counts as something, unless this says otherwise.
    #[schema(nullable = false)]
    pub last_activity_at: Option<Time>,
    /// When it was won or lost. Means nothing while it is open.
    #[schema(nullable = false)]
    pub closed_at: Option<Time>,
    /// Changes of custom fields.
    #[schema(nullable = false)]
    pub custom: Option<CustomFieldsPatch>,
    /// The same opportunity in other systems.
    #[schema(max_items = 50, nullable = false)]
    pub external_refs: Option<Vec<ExternalRef>>,
}

/// What a list of opportunities is filtered by.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct DirectOpportunityFilter {
    /// Only opportunities with this customer.
    #[param(nullable = false)]
    pub account_id: Option<AccountId>,
    /// Only opportunities that stand so.
    #[param(style = Form, explode = false, nullable = false)]
    pub status: Option<Vec<OpportunityStatus>>,
    /// Only opportunities of these kinds.
    #[param(style = Form, explode = false, nullable = false)]
    pub deal_type: Option<Vec<OpportunityType>>,
    /// Only opportunities for exactly this product or line.
    #[param(nullable = false)]
    pub product_id: Option<ProductId>,
    /// Only opportunities in exactly this territory.
    #[param(nullable = false)]
    pub territory_id: Option<TerritoryId>,
    /// Only opportunities that this user works.
    #[param(nullable = false)]
    pub owner_id: Option<UserId>,
    /// Only opportunities changed at this moment or later.
    #[param(nullable = false)]
    pub updated_since: Option<Time>,
    /// Only opportunities whose custom fields hold these values, each as `name:value`; several values of one field are
    /// alternatives. The first 120 characters count, and a value with a comma cannot be asked for. A field that
    /// there is none of holds nothing.
    #[param(style = Form, explode = false, nullable = false)]
    pub custom: Option<Vec<CustomTerm>>,
    /// Only opportunities whose title begins with this text, in any case.
    #[param(min_length = 1, max_length = 100, example = "edge", nullable = false)]
    pub q: Option<String>,
    /// The order; newest first unless said otherwise.
    #[param(nullable = false)]
    pub sort: Option<DirectOpportunitySort>,
}

/// What an open opportunity claims, as the conflict engine sees it.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = direct_opportunities)]
pub struct OpportunityClaim {
    /// The opportunity.
    pub id: OpportunityId,
    /// Its number.
    pub number: String,
    /// The customer.
    pub account_id: AccountId,
    /// The product or line; none claims all.
    pub product_id: Option<ProductId>,
    /// The territory; none claims all.
    pub territory_id: Option<TerritoryId>,
    /// What kind of business it is.
    pub deal_type: OpportunityType,
    /// Its stage.
    pub stage: String,
    /// Since when the vendor has worked it.
    pub opened_at: Time,
    /// When something last happened on it.
    pub last_activity_at: Time,
}
