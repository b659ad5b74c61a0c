//! What can be embedded in the installed base.

use serde::Serialize;
use utoipa::ToSchema;

use super::model::InstalledBase;
use crate::{
    catalog::{
        products::{self, Product},
        territories::{self, Territory},
    },
    customers::accounts::{self, CustomerAccount},
    db::Tx,
    error::Result,
    http::{Expand, Expanding},
    partners::{self, Partner},
    words,
};

words! {
    /// What can be embedded in the installed base.
    pub InstalledBasePath {
        /// The customer account.
        Account = "account",
        /// That account, and the account of the organisation that it belongs to.
        AccountParent = "account.parent",
        /// The product or product line.
        Product = "product",
        /// The territory.
        Territory = "territory",
        /// The partner that sold it.
        Partner = "partner",
    }
}

/// The related records of an installed product that were asked for by `expand`. Each is null if it was not asked for, if there is
/// none, or if it is not for the caller to see; `redacted` tells the last from the others.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct InstalledBaseExpanded {
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
    /// The partner that sold it.
    #[schema(required = true)]
    pub partner: Option<Partner>,
    /// The paths at which there is a record that you may not see.
    #[schema(max_items = 20, example = json!([]))]
    pub redacted: Vec<InstalledBasePath>,
}

impl Expand for InstalledBase {
    type Path = InstalledBasePath;
    type Related = InstalledBaseExpanded;

    fn related(tx: &mut Tx<'_>, records: &[Self], wanted: &Expanding<Self>) -> Result<Vec<InstalledBaseExpanded>> {
        let accounts = wanted.load(
            tx,
            InstalledBasePath::Account,
            "getCustomerAccount",
            records.iter().map(|one| one.account_id),
            accounts::find_all,
        )?;
        let parents = wanted.load(
            tx,
            InstalledBasePath::AccountParent,
            "getCustomerAccount",
            accounts.records().filter_map(|account| account.parent_id),
            accounts::find_all,
        )?;
        let products = wanted.load(
            tx,
            InstalledBasePath::Product,
            "getProduct",
            records.iter().map(|one| one.product_id),
            products::by_ids,
        )?;
        let territories = wanted.load(
            tx,
            InstalledBasePath::Territory,
            "getTerritory",
            records.iter().filter_map(|one| one.territory_id),
            territories::by_ids,
        )?;
        let partners = wanted.load(
            tx,
            InstalledBasePath::Partner,
            "getPartner",
            records.iter().filter_map(|one| one.partner_id),
            partners::by_ids,
        )?;
        let embed = |record: &Self| {
            let mut redacted = Vec::new();
            let account = accounts.one(Some(record.account_id), &mut redacted);
            let above = account.as_ref().and_then(|account| account.parent_id);
            let account_parent = parents.one(above, &mut redacted);
            InstalledBaseExpanded {
                account,
                account_parent,
                product: products.one(Some(record.product_id), &mut redacted),
                territory: territories.one(record.territory_id, &mut redacted),
                partner: partners.one(record.partner_id, &mut redacted),
                redacted,
            }
        };
        Ok(records.iter().map(embed).collect())
    }
}
