//! What can be embedded in partners.

use serde::Serialize;
use utoipa::ToSchema;

use super::model::Partner;
use crate::{
    catalog::territories::{self, Territory},
    db::Tx,
    error::Result,
    http::{Expand, Expanding},
    words,
};

words! {
    /// What can be embedded in partners.
    pub PartnerPath {
        /// The firm that it belongs to.
        Parent = "parent",
        /// That firm, and the one above it.
        ParentParent = "parent.parent",
        /// The partner that stands for it since a merge.
        MergedInto = "merged_into",
        /// The territories that it works in.
        Territories = "territories",
    }
}

/// The related records of a partner that were asked for by `expand`. Each is null if it was not asked for, if there is
/// none, or if it is not for the caller to see; `redacted` tells the last from the others.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct PartnerExpanded {
    /// The firm that it belongs to.
    #[schema(required = true)]
    pub parent: Option<Partner>,
    /// The firm above that one: `parent.parent`.
    #[schema(required = true)]
    pub parent_parent: Option<Partner>,
    /// The partner that stands for it since a merge.
    #[schema(required = true)]
    pub merged_into: Option<Partner>,
    /// The territories that it works in.
    #[schema(required = true, max_items = 1000)]
    pub territories: Option<Vec<Territory>>,
    /// The paths at which there is a record that you may not see.
    #[schema(max_items = 20, example = json!([]))]
    pub redacted: Vec<PartnerPath>,
}

impl Expand for Partner {
    type Path = PartnerPath;
    type Related = PartnerExpanded;

    fn related(tx: &mut Tx<'_>, records: &[Self], wanted: &Expanding<Self>) -> Result<Vec<PartnerExpanded>> {
        let parents = wanted.load(
            tx,
            PartnerPath::Parent,
            "getPartner",
            records.iter().filter_map(|partner| partner.parent_id),
            super::by_ids,
        )?;
        let grandparents = wanted.load(
            tx,
            PartnerPath::ParentParent,
            "getPartner",
            parents.records().filter_map(|partner| partner.parent_id),
            super::by_ids,
        )?;
        let merged = wanted.load(
            tx,
            PartnerPath::MergedInto,
            "getPartner",
            records.iter().filter_map(|partner| partner.merged_into_id),
            super::by_ids,
        )?;
        let territories = wanted.load(
            tx,
            PartnerPath::Territories,
            "getTerritory",
            records.iter().flat_map(|partner| partner.territory_ids.iter().copied()),
            territories::by_ids,
        )?;
        let embed = |record: &Self| {
            let mut redacted = Vec::new();
            let parent = parents.one(record.parent_id, &mut redacted);
            let above = parent.as_ref().and_then(|partner| partner.parent_id);
            let parent_parent = grandparents.one(above, &mut redacted);
            PartnerExpanded {
                parent,
                parent_parent,
                merged_into: merged.one(record.merged_into_id, &mut redacted),
                territories: territories.many(record.territory_ids.iter().copied(), &mut redacted),
                redacted,
            }
        };
        Ok(records.iter().map(embed).collect())
    }
}
