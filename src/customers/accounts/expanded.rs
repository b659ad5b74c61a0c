//! What can be embedded in customer accounts.

use serde::Serialize;
use utoipa::ToSchema;

use super::model::CustomerAccount;
use crate::{
    catalog::territories::{self, Territory},
    db::Tx,
    error::Result,
    http::{Expand, Expanding},
    words,
};

words! {
    /// What can be embedded in customer accounts.
    pub CustomerAccountPath {
        /// The account of the organisation that it belongs to.
        Parent = "parent",
        /// That account, and the one above it.
        ParentParent = "parent.parent",
        /// The account that stands for it since a merge.
        MergedInto = "merged_into",
        /// The territory that it lies in.
        Territory = "territory",
    }
}

/// The related records of a customer account that were asked for by `expand`. Each is null if it was not asked for, if there is
/// none, or if it is not for the caller to see; `redacted` tells the last from the others.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct CustomerAccountExpanded {
    /// The account of the organisation that it belongs to.
    #[schema(required = true)]
    pub parent: Option<CustomerAccount>,
    /// The account above that one: `parent.parent`.
    #[schema(required = true)]
    pub parent_parent: Option<CustomerAccount>,
    /// The account that stands for it since a merge.
    #[schema(required = true)]
    pub merged_into: Option<CustomerAccount>,
    /// The territory that it lies in.
    #[schema(required = true)]
    pub territory: Option<Territory>,
    /// The paths at which there is a record that you may not see.
    #[schema(max_items = 20, example = json!([]))]
    pub redacted: Vec<CustomerAccountPath>,
}

impl Expand for CustomerAccount {
    type Path = CustomerAccountPath;
    type Related = CustomerAccountExpanded;

    fn related(tx: &mut Tx<'_>, records: &[Self], wanted: &Expanding<Self>) -> Result<Vec<CustomerAccountExpanded>> {
        let parents = wanted.load(
            tx,
            CustomerAccountPath::Parent,
            "getCustomerAccount",
            records.iter().filter_map(|account| account.parent_id),
            super::find_all,
        )?;
        let grandparents = wanted.load(
            tx,
            CustomerAccountPath::ParentParent,
            "getCustomerAccount",
            parents.records().filter_map(|account| account.parent_id),
            super::find_all,
        )?;
        let merged = wanted.load(
            tx,
            CustomerAccountPath::MergedInto,
            "getCustomerAccount",
            records.iter().filter_map(|account| account.merged_into_id),
            super::find_all,
        )?;
        let territories = wanted.load(
            tx,
            CustomerAccountPath::Territory,
            "getTerritory",
            records.iter().filter_map(|account| account.territory_id),
            territories::by_ids,
        )?;
        let embed = |record: &Self| {
            let mut redacted = Vec::new();
            let parent = parents.one(record.parent_id, &mut redacted);
            let above = parent.as_ref().and_then(|account| account.parent_id);
            let parent_parent = grandparents.one(above, &mut redacted);
            CustomerAccountExpanded {
                parent,
                parent_parent,
                merged_into: merged.one(record.merged_into_id, &mut redacted),
                territory: territories.one(record.territory_id, &mut redacted),
                redacted,
            }
        };
        Ok(records.iter().map(embed).collect())
    }
}
