//! What can be embedded in protections.

use serde::Serialize;
use utoipa::ToSchema;

use super::model::Protection;
use crate::{
    catalog::{
        products::{self, Product},
        territories::{self, Territory},
    },
    customers::{self, CustomerAccount},
    db::Tx,
    deals::registrations::{self, Deal},
    error::Result,
    http::{Expand, Expanding},
    partners::{self, Partner},
    words,
};

words! {
    /// What can be embedded in protections.
    pub ProtectionPath {
        /// The registration that it was granted to.
        Deal = "deal",
        /// That registration, and the distributor through which it is sold.
        DealDistributor = "deal.distributor",
        /// The partner that holds it.
        Partner = "partner",
        /// That partner, and the firm that it belongs to.
        PartnerParent = "partner.parent",
        /// The customer account.
        Account = "account",
        /// The product or product line.
        Product = "product",
        /// The territory.
        Territory = "territory",
    }
}

/// The related records of a protection that were asked for by `expand`. Each is null if it was not asked for, if there is
/// none, or if it is not for the caller to see; `redacted` tells the last from the others.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ProtectionExpanded {
    /// The registration that it was granted to.
    #[schema(required = true)]
    pub deal: Option<Deal>,
    /// The distributor through which the registration is sold: `deal.distributor`.
    #[schema(required = true)]
    pub deal_distributor: Option<Partner>,
    /// The partner that holds it.
    #[schema(required = true)]
    pub partner: Option<Partner>,
    /// The firm that the partner belongs to: `partner.parent`.
    #[schema(required = true)]
    pub partner_parent: Option<Partner>,
    /// The customer account.
    #[schema(required = true)]
    pub account: Option<CustomerAccount>,
    /// The product or product line.
    #[schema(required = true)]
    pub product: Option<Product>,
    /// The territory.
    #[schema(required = true)]
    pub territory: Option<Territory>,
    /// The paths at which there is a record that you may not see.
    #[schema(max_items = 20, example = json!([]))]
    pub redacted: Vec<ProtectionPath>,
}

impl Expand for Protection {
    type Path = ProtectionPath;
    type Related = ProtectionExpanded;

    fn related(tx: &mut Tx<'_>, records: &[Self], wanted: &Expanding<Self>) -> Result<Vec<ProtectionExpanded>> {
        let deals = wanted.load(
            tx,
            ProtectionPath::Deal,
            "getDeal",
            records.iter().map(|protection| protection.deal_id),
            registrations::by_ids,
        )?;
        let distributors = wanted.load(
            tx,
            ProtectionPath::DealDistributor,
            "getPartner",
            deals.records().filter_map(|deal| deal.distributor_id),
            partners::by_ids,
        )?;
        let partners = wanted.load(
            tx,
            ProtectionPath::Partner,
            "getPartner",
            records.iter().map(|protection| protection.partner_id),
            partners::by_ids,
        )?;
        let parents = wanted.load(
            tx,
            ProtectionPath::PartnerParent,
            "getPartner",
            partners.records().filter_map(|partner| partner.parent_id),
            partners::by_ids,
        )?;
        let accounts = wanted.load(
            tx,
            ProtectionPath::Account,
            "getCustomerAccount",
            records.iter().map(|protection| protection.account_id),
            customers::find_all,
        )?;
        let products = wanted.load(
            tx,
            ProtectionPath::Product,
            "getProduct",
            records.iter().map(|protection| protection.product_id),
            products::by_ids,
        )?;
        let territories = wanted.load(
            tx,
            ProtectionPath::Territory,
            "getTerritory",
            records.iter().map(|protection| protection.territory_id),
            territories::by_ids,
        )?;
        let embed = |record: &Self| {
            let mut redacted = Vec::new();
            let deal = deals.one(Some(record.deal_id), &mut redacted);
            let distributor = deal.as_ref().and_then(|deal| deal.distributor_id);
            let deal_distributor = distributors.one(distributor, &mut redacted);
            let partner = partners.one(Some(record.partner_id), &mut redacted);
            let parent = partner.as_ref().and_then(|partner| partner.parent_id);
            let partner_parent = parents.one(parent, &mut redacted);
            ProtectionExpanded {
                deal,
                deal_distributor,
                partner,
                partner_parent,
                account: accounts.one(Some(record.account_id), &mut redacted),
                product: products.one(Some(record.product_id), &mut redacted),
                territory: territories.one(Some(record.territory_id), &mut redacted),
                redacted,
            }
        };
        Ok(records.iter().map(embed).collect())
    }
}
