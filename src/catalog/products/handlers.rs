//! One function per operation: take, call, answer.

use actix_web::{delete, get, patch, post};

use super::{
    model::{
        NewProduct, NewProductAlias, Product, ProductAlias, ProductAliasPath, ProductFilter, ProductPatch, ProductTrail,
    },
    queries,
};
use crate::{
    auth::Caller,
    custom_fields::{self, CustomRecord},
    db::Db,
    http::{Created, IfMatch, Json, NoContent, Path, Plain, Query, Reply},
    kernel::{
        ids::ProductId,
        page::{Page, Paging},
    },
};

/// List products
///
/// The tree of lines and products, flat: each row names the node that it lies in.
#[utoipa::path(params(ProductFilter, Paging))]
#[get("")]
pub async fn list_products(
    db: Db,
    caller: Caller,
    filter: Query<ProductFilter>,
    paging: Paging,
) -> Reply<Page<Product>> {
    db.snapshot(&caller, move |tx| queries::page(tx, &filter.0, &paging))
        .await
}

/// Create a product
///
/// Adds a line or a product to the tree. No other product may go by its code, as a code or as an alias.
#[utoipa::path(extensions(("x-errors" = json!(["already_exists", "conflict"]))))]
#[post("")]
pub async fn create_product(db: Db, caller: Caller, new: Json<NewProduct>) -> Reply<Created<Product>> {
    db.write(&caller, move |tx| {
        let custom = custom_fields::for_new(tx, CustomRecord::Product, &new.0.custom)?;
        queries::insert(tx, Product::new(&new.0, custom, tx.now)).map(Created)
    })
    .await
}

/// Read a product
///
/// One line or product.
#[utoipa::path(params(ProductId))]
#[get("/{id}")]
pub async fn get_product(db: Db, caller: Caller, id: Path<ProductId>) -> Reply<Json<Product>> {
    db.snapshot(&caller, move |tx| queries::find(tx, id.0).map(Json)).await
}

/// Change a product
///
/// Renames, prices, moves or retires a node. A move that would close a circle, put a line into a product, or make two
/// active protections overlap, is refused.
#[utoipa::path(
    params(ProductId, IfMatch),
    extensions(("x-errors" = json!(["already_exists", "protection_overlap", "conflict"])))
)]
#[patch("/{id}")]
pub async fn update_product(
    db: Db,
    caller: Caller,
    id: Path<ProductId>,
    seen: IfMatch,
    patch: Json<ProductPatch>,
) -> Reply<Json<Product>> {
    db.write(&caller, move |tx| {
        let before = queries::find(tx, id.0)?;
        seen.check(before.revision)?;
        let custom = custom_fields::for_changed(tx, CustomRecord::Product, before.custom.clone(), &patch.0.custom)?;
        queries::save(tx, &before, before.clone().patched(&patch.0, custom, tx.now)).map(Json)
    })
    .await
}

/// Delete a product
///
/// Removes a node that no other record names, with its aliases; retire it instead if one does.
#[utoipa::path(params(ProductId, IfMatch), extensions(("x-errors" = json!(["in_use"]))))]
#[delete("/{id}")]
pub async fn delete_product(db: Db, caller: Caller, id: Path<ProductId>, seen: IfMatch) -> Reply<NoContent> {
    db.write(&caller, move |tx| {
        let product = queries::find(tx, id.0)?;
        seen.check(product.revision)?;
        queries::delete(tx, &product).map(|()| NoContent)
    })
    .await
}

/// Read the way to a product
///
/// The lines and products that it lies in, the root first and itself last.
#[utoipa::path(params(ProductId))]
#[get("/{id}/path")]
pub async fn get_product_path(db: Db, caller: Caller, id: Path<ProductId>) -> Reply<Plain<ProductTrail>> {
    db.snapshot(&caller, move |tx| {
        queries::trail(tx, id.0).map(|data| Plain(ProductTrail { data }))
    })
    .await
}

/// List a product's aliases
///
/// The other names that it goes by in the files and systems that partners and the vendor send.
#[utoipa::path(params(ProductId, Paging))]
#[get("/{id}/aliases")]
pub async fn list_product_aliases(
    db: Db,
    caller: Caller,
    id: Path<ProductId>,
    paging: Paging,
) -> Reply<Page<ProductAlias>> {
    db.snapshot(&caller, move |tx| {
        let product = queries::find(tx, id.0)?;
        queries::aliases(tx, product.id, &paging)
    })
    .await
}

/// Give a product an alias
///
/// From now on the name leads to the product, in imports and in deals. No product may go by it already.
#[utoipa::path(params(ProductId), extensions(("x-errors" = json!(["already_exists"]))))]
#[post("/{id}/aliases")]
pub async fn add_product_alias(
    db: Db,
    caller: Caller,
    id: Path<ProductId>,
    new: Json<NewProductAlias>,
) -> Reply<Created<ProductAlias>> {
    db.write(&caller, move |tx| {
        let product = queries::find(tx, id.0)?;
        queries::add_alias(tx, product.alias(&new.0.alias, tx.now)).map(Created)
    })
    .await
}

/// Take an alias away
///
/// The name leads to no product any more; records that were found by it stay as they are.
#[utoipa::path(params(ProductAliasPath, IfMatch))]
#[delete("/{id}/aliases/{alias_id}")]
pub async fn remove_product_alias(
    db: Db,
    caller: Caller,
    path: Path<ProductAliasPath>,
    seen: IfMatch,
) -> Reply<NoContent> {
    db.write(&caller, move |tx| {
        let alias = queries::find_alias(tx, path.0.id, path.0.alias_id)?;
        seen.check(crate::http::Resource::revision(&alias))?;
        queries::remove_alias(tx, &alias).map(|()| NoContent)
    })
    .await
}
