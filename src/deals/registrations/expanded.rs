//! What can be embedded in registrations.

use serde::Serialize;
use utoipa::ToSchema;

use super::model::Deal;
use crate::{
    catalog::{
        products::{self, Product},
        territories::{self, Territory},
    },
    customers::{self, CustomerAccount},
    db::Tx,
    error::Result,
    http::{Expand, Expanding},
    partners::{self, Partner},
    words,
};

words! {
    /// What can be embedded in deals.
    pub DealPath {
        /// The partner that registered it.
        Partner = "partner",
        /// That partner, and the firm that it belongs to.
        PartnerParent = "partner.parent",
        /// The distributor through which it is sold.
        Distributor = "distributor",
        /// The customer account.
        CustomerAccount = "customer_account",
        /// The customer account, and the account of the organisation that it belongs to.
        CustomerAccountParent = "customer_account.parent",
        /// The territory.
        Territory = "territory",
        /// The products and product lines of its lines.
        Products = "products",
    }
}

/// The related records of a deal that were asked for by `expand`. Each is null if it was not asked for, if there is
/// none, or if it is not for the caller to see; `redacted` tells the last from the others.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct DealExpanded {
    /// The partner that registered it.
    #[schema(required = true)]
    pub partner: Option<Partner>,
    /// The firm that the partner belongs to: `partner.parent`.
    #[schema(required = true)]
    pub partner_parent: Option<Partner>,
    /// The distributor through which it is sold.
    #[schema(required = true)]
    pub distributor: Option<Partner>,
    /// The customer account.
    #[schema(required = true)]
    pub customer_account: Option<CustomerAccount>,
    /// The account of the organisation that the customer belongs to: `customer_account.parent`.
    #[schema(required = true)]
    pub customer_account_parent: Option<CustomerAccount>,
    /// The territory.
    #[schema(required = true)]
    pub territory: Option<Territory>,
    /// The products and product lines of its lines, each once.
    #[schema(required = true, max_items = 100)]
    pub products: Option<Vec<Product>>,
    /// The paths at which there is a record that you may not see.
    #[schema(max_items = 20, example = json!([]))]
    pub redacted: Vec<DealPath>,
}

impl Expand for Deal {
    type Path = DealPath;
    type Related = DealExpanded;

    fn related(tx: &mut Tx<'_>, records: &[Self], wanted: &Expanding<Self>) -> Result<Vec<DealExpanded>> {
        let partners = wanted.load(
            tx,
            DealPath::Partner,
            "getPartner",
            records.iter().map(|deal| deal.partner_id),
            partners::by_ids,
        )?;
        let parents = wanted.load(
            tx,
            DealPath::PartnerParent,
            "getPartner",
            partners.records().filter_map(|partner| partner.parent_id),
            partners::by_ids,
        )?;
        let distributors = wanted.load(
            tx,
            DealPath::Distributor,
            "getPartner",
            records.iter().filter_map(|deal| deal.distributor_id),
            partners::by_ids,
        )?;
        let accounts = wanted.load(
            tx,
            DealPath::CustomerAccount,
            "getCustomerAccount",
            records.iter().filter_map(|deal| deal.customer_account_id),
            customers::find_all,
        )?;
        let account_parents = wanted.load(
            tx,
            DealPath::CustomerAccountParent,
            "getCustomerAccount",
            accounts.records().filter_map(|account| account.parent_id),
            customers::find_all,
        )?;
        let territories = wanted.load(
            tx,
            DealPath::Territory,
            "getTerritory",
            records.iter().filter_map(|deal| deal.territory_id),
            territories::by_ids,
        )?;
        let products = wanted.load(
            tx,
            DealPath::Products,
            "getProduct",
            records
                .iter()
                .flat_map(|deal| deal.lines.iter().map(|line| line.product_id)),
            products::by_ids,
        )?;
        let embed = |record: &Self| {
            let mut redacted = Vec::new();
            let partner = partners.one(Some(record.partner_id), &mut redacted);
            let parent = partner.as_ref().and_then(|partner| partner.parent_id);
            let partner_parent = parents.one(parent, &mut redacted);
            let customer_account = accounts.one(record.customer_account_id, &mut redacted);
            let parent = customer_account.as_ref().and_then(|account| account.parent_id);
            let customer_account_parent = account_parents.one(parent, &mut redacted);
            DealExpanded {
                partner,
                partner_parent,
                distributor: distributors.one(record.distributor_id, &mut redacted),
                customer_account,
                customer_account_parent,
                territory: territories.one(record.territory_id, &mut redacted),
                products: products.many(record.lines.iter().map(|line| line.product_id), &mut redacted),
                redacted,
            }
        };
        Ok(records.iter().map(embed).collect())
    }
}
