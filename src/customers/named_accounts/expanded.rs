//! What can be embedded in named accounts.

use serde::Serialize;
use utoipa::ToSchema;

use super::model::NamedAccount;
use crate::{
    catalog::{
        products::{self, Product},
        territories::{self, Territory},
    },
    customers::accounts::{self, CustomerAccount},
    db::Tx,
    error::Result,
    http::{Expand, Expanding},
    words,
};

words! {
    /// What can be embedded in named accounts.
    pub NamedAccountPath {
        /// The customer account.
        Account = "account",
        /// That account, and the account of the organisation that it belongs to.
        AccountParent = "account.parent",
        /// The product or product line.
        Product = "product",
        /// The territory.
        Territory = "territory",
    }
}

/// The related records of a named account that were asked for by `expand`. Each is null if it was not asked for, if there is
/// none, or if it is not for the caller to see; `redacted` tells the last from the others.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct NamedAccountExpanded {
    /// The customer account.
    #[schema(required = true)]
    pub account: Option<CustomerAccount>,
    /// The account of the organisation that the customer belongs to: `account.parent`.
    #[schema(required = true)]
    pub account_parent: Option<CustomerAccount>,
    /// The product or product line.
    #[schema(required = true)]
    pub product: Option<Product>,
    /// The territory.
    #[schema(required = true)]
    pub territory: Option<Territory>,
    /// The paths at which there is a record that you may not see.
    #[schema(max_items = 20, example = json!([]))]
    pub redacted: Vec<NamedAccountPath>,
}

impl Expand for NamedAccount {
    type Path = NamedAccountPath;
    type Related = NamedAccountExpanded;

    fn related(tx: &mut Tx<'_>, records: &[Self], wanted: &Expanding<Self>) -> Result<Vec<NamedAccountExpanded>> {
        let accounts = wanted.load(
            tx,
            NamedAccountPath::Account,
            "getCustomerAccount",
            records.iter().map(|one| one.account_id),
            accounts::find_all,
        )?;
        let parents = wanted.load(
            tx,
            NamedAccountPath::AccountParent,
            "getCustomerAccount",
            accounts.records().filter_map(|account| account.parent_id),
            accounts::find_all,
        )?;
        let products = wanted.load(
            tx,
            NamedAccountPath::Product,
            "getProduct",
            records.iter().filter_map(|one| one.product_id),
            products::by_ids,
        )?;
        let territories = wanted.load(
            tx,
            NamedAccountPath::Territory,
            "getTerritory",
            records.iter().filter_map(|one| one.territory_id),
            territories::by_ids,
        )?;
        let embed = |record: &Self| {
            let mut redacted = Vec::new();
            let account = accounts.one(Some(record.account_id), &mut redacted);
            let above = account.as_ref().and_then(|account| account.parent_id);
            let account_parent = parents.one(above, &mut redacted);
            NamedAccountExpanded {
                account,
                account_parent,
                product: products.one(record.product_id, &mut redacted),
                territory: territories.one(record.territory_id, &mut redacted),
                redacted,
            }
        };
        Ok(records.iter().map(embed).collect())
    }
}
