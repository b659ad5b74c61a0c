//! The shapes of products.

use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    bindable,
    custom_fields::{CustomFields, CustomFieldsPatch, CustomTerm},
    http::Resource,
    kernel::{
        Money, Patch, Time,
        ids::{ProductAliasId, ProductId},
    },
    ordered, resource,
    schema::product_aliases,
    words,
};

words! {
    /// What a node of the product tree is.
    pub ProductKind {
        /// A product line: it holds lines and products.
        Line = "line",
        /// A product, or a variant of one.
        Product = "product",
    }

    /// Whether a product may be used for new records.
    pub ProductStatus {
        /// It may.
        Active = "active",
        /// It is kept for the records that name it.
        Retired = "retired",
    }

    /// The order of products.
    pub ProductSort {
        /// By name.
        Name = "name",
        /// By name, backwards.
        NameDescending = "-name",
        /// Oldest first.
        Created = "created_at",
        /// Newest first.
        CreatedDescending = "-created_at",
        /// Least recently changed first.
        Updated = "updated_at",
        /// Most recently changed first.
        UpdatedDescending = "-updated_at",
    }
}

bindable!(ProductKind, ProductStatus);

ordered!(ProductSort of "products" {
    Name | NameDescending => "name_key",
    Created | CreatedDescending => "created_at",
    Updated | UpdatedDescending => "updated_at",
});

/// A product line, a product, or a variant of one: a node in the tree of products.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Product {
    /// Its id.
    pub id: ProductId,
    /// Its code, unique in any case: the stock-keeping unit where there is one.
    #[schema(
        example = "NW-400-EU",
        max_length = 64,
        pattern = "^[A-Za-z0-9]([A-Za-z0-9 ._/+-]{0,62}[A-Za-z0-9+])?$"
    )]
    pub code: String,
    /// Its name.
    #[schema(example = "Northwind 400", min_length = 1, max_length = 200)]
    pub name: String,
    /// What it is.
    pub kind: ProductKind,
    /// The line or product that it lies in; null for a root.
    #[schema(required = true)]
    pub parent_id: Option<ProductId>,
    /// Whether it may be used for new records.
    pub status: ProductStatus,
    /// What it is, in more words.
    #[schema(required = true, example = "Workplace licence, Europe", max_length = 4000)]
    pub description: Option<String>,
    /// The price of one before any discount.
    #[schema(required = true)]
    pub list_price: Option<Money>,
    /// The fields that this deployment adds of its own.
    pub custom: CustomFields,
    /// How often it was changed.
    #[schema(example = 1, minimum = 1)]
    pub revision: i64,
    /// When it was made.
    pub created_at: Time,
    /// When it was last changed.
    pub updated_at: Time,
}

resource!(Product, "product", "/v1/products");

/// A product to be made.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewProduct {
    /// Its code, unique in any case: the stock-keeping unit where there is one.
    #[schema(
        example = "NW-400-CH",
        max_length = 64,
        pattern = "^[A-Za-z0-9]([A-Za-z0-9 ._/+-]{0,62}[A-Za-z0-9+])?$"
    )]
    pub code: String,
    /// Its name.
    #[schema(example = "Northwind 400 Switzerland", min_length = 1, max_length = 200)]
    pub name: String,
    /// What it is. A line lies in a line or nowhere.
    pub kind: ProductKind,
    /// The line or product that it lies in; none for a root.
    pub parent_id: Option<ProductId>,
    /// What it is, in more words.
    #[schema(max_length = 4000)]
    pub description: Option<String>,
    /// The price of one before any discount.
    pub list_price: Option<Money>,
    /// The fields that this deployment adds of its own.
    #[serde(default)]
    pub custom: CustomFields,
}

/// Changes of a product. What is left out stays.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ProductPatch {
    /// A new code.
    #[schema(
        example = "NW-400-EU",
        max_length = 64,
        nullable = false,
        pattern = "^[A-Za-z0-9]([A-Za-z0-9 ._/+-]{0,62}[A-Za-z0-9+])?$"
    )]
    pub code: Option<String>,
    /// A new name.
    #[schema(example = "Northwind 400", min_length = 1, max_length = 200, nullable = false)]
    pub name: Option<String>,
    /// A new place in the tree; null makes it a root.
    #[serde(default)]
    #[schema(value_type = Option<ProductId>)]
    pub parent_id: Patch<ProductId>,
    /// Whether it may be used for new records.
    #[schema(nullable = false)]
    pub status: Option<ProductStatus>,
    /// What it is, in more words; null removes it.
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 4000)]
    pub description: Patch<String>,
    /// The price of one before any discount; null removes it.
    #[serde(default)]
    #[schema(value_type = Option<Money>)]
    pub list_price: Patch<Money>,
    /// Changes of this deployment's own fields.
    #[serde(default)]
    #[schema(nullable = false)]
    pub custom: CustomFieldsPatch,
}

/// What a list of products is filtered by.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ProductFilter {
    /// Only nodes of these kinds.
    #[param(style = Form, explode = false, nullable = false)]
    pub kind: Option<Vec<ProductKind>>,
    /// Only products in these states.
    #[param(style = Form, explode = false, nullable = false)]
    pub status: Option<Vec<ProductStatus>>,
    /// Only products directly in this one.
    #[param(nullable = false)]
    pub parent_id: Option<ProductId>,
    /// Only this product and everything that lies in it, at any depth.
    #[param(nullable = false)]
    pub under: Option<ProductId>,
    /// Only the product that goes by this code or alias, in any case.
    #[param(min_length = 1, max_length = 200, example = "nw-400-eu", nullable = false)]
    pub code: Option<String>,
    /// Only products whose custom fields hold these values, each as `name:value`; several values of one field are
    /// alternatives. The first 120 characters count, and a value with a comma cannot be asked for. A field that you do not
    /// see, or that there is none of, holds nothing.
    #[param(style = Form, explode = false, nullable = false)]
    pub custom: Option<Vec<CustomTerm>>,
    /// Only products whose name contains this text, in any case.
    #[param(min_length = 1, max_length = 100, example = "northwind", nullable = false)]
    pub q: Option<String>,
    /// The order.
    #[param(nullable = false)]
    pub sort: Option<ProductSort>,
}

/// Another name that a product goes by, in some file or system.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable, Identifiable, Serialize, ToSchema)]
#[diesel(table_name = product_aliases, treat_none_as_default_value = false)]
pub struct ProductAlias {
    /// Its id.
    pub id: ProductAliasId,
    /// The product.
    pub product_id: ProductId,
    /// The other name, unique in any case.
    #[schema(example = "NW400 (Europe)", min_length = 1, max_length = 200)]
    pub alias: String,
    /// The name folded for search and uniqueness.
    #[serde(skip)]
    #[schema(ignore)]
    pub alias_key: String,
    /// When it was given.
    pub created_at: Time,
}

impl Resource for ProductAlias {
    const TYPE: &'static str = "product_alias";

    fn id(&self) -> String {
        self.id.to_string()
    }

    /// An alias never changes: it is given and taken away.
    fn revision(&self) -> i64 {
        1
    }

    fn path(&self) -> String {
        format!("/v1/products/{}/aliases/{}", self.product_id, self.id)
    }
}

/// Another name to give to a product.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewProductAlias {
    /// The other name, unique in any case.
    #[schema(
        example = "NW400 (Europe)",
        max_length = 200,
        pattern = "^[^\\x00-\\x20\\x7f]([^\\x00-\\x1f\\x7f]*[^\\x00-\\x20\\x7f])?$"
    )]
    pub alias: String,
}

/// Which alias of which product.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct ProductAliasPath {
    /// The product.
    pub id: ProductId,
    /// The alias.
    pub alias_id: ProductAliasId,
}

/// The way from the root of the tree to a product.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ProductTrail {
    /// The root first, the product itself last.
    #[schema(max_items = 1000)]
    pub data: Vec<Product>,
}
