//! The only file that knows the tables of products. They belong to no partner: everyone sees all of them.

use std::collections::BTreeMap;

use diesel::prelude::*;

use super::{
    model::{Product, ProductAlias, ProductFilter, ProductKind, ProductSort, ProductStatus},
    rules,
};
use crate::{
    custom_fields::{self, CustomFields, CustomRecord},
    db::{Clause, Tx, among},
    error::{Error, Result, codes},
    events::Fact,
    kernel::{
        Currency, Money, Stored, Time,
        ids::{ProductAliasId, ProductId},
        page::{Key, Order, Page, Paging},
        words::fold,
    },
    load_page, remove, revise,
    schema::{product_aliases, product_closure, products, products::table},
};

/// A product as it is stored.
#[derive(Debug, Clone, Queryable, Selectable, Insertable, AsChangeset, Identifiable)]
#[diesel(table_name = products, treat_none_as_null = true, treat_none_as_default_value = false)]
struct ProductRow {
    id: ProductId,
    code: String,
    code_key: String,
    name: String,
    name_key: String,
    kind: ProductKind,
    parent_id: Option<ProductId>,
    status: ProductStatus,
    description: Option<String>,
    list_price_minor: Option<i64>,
    list_price_currency: Option<Currency>,
    custom: Stored<CustomFields>,
    revision: i64,
    created_at: Time,
    updated_at: Time,
}

impl From<ProductRow> for Product {
    fn from(row: ProductRow) -> Self {
        Self {
            id: row.id,
            code: row.code,
            name: row.name,
            kind: row.kind,
            parent_id: row.parent_id,
            status: row.status,
            description: row.description,
            list_price: Money::from_columns(row.list_price_minor, row.list_price_currency),
            custom: row.custom.0,
            revision: row.revision,
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }
}

impl From<&Product> for ProductRow {
    fn from(product: &Product) -> Self {
        Self {
            id: product.id,
            code: product.code.clone(),
            code_key: fold(&product.code),
            name: product.name.clone(),
            name_key: fold(&product.name),
            kind: product.kind,
            parent_id: product.parent_id,
            status: product.status,
            description: product.description.clone(),
            list_price_minor: product.list_price.map(|price| price.minor),
            list_price_currency: product.list_price.map(|price| price.currency),
            custom: Stored(product.custom.clone()),
            revision: product.revision,
            created_at: product.created_at,
            updated_at: product.updated_at,
        }
    }
}

/// One page of products.
///
/// # Errors
/// What the database reports.
pub fn page(tx: &mut Tx<'_>, filter: &ProductFilter, paging: &Paging) -> Result<Page<Product>> {
    let sort = filter.sort.unwrap_or(ProductSort::Name);
    let mut clause = Clause::all();
    clause
        .one_of_some("products.kind", filter.kind.as_ref())
        .one_of_some("products.status", filter.status.as_ref())
        .equals_some("products.parent_id", filter.parent_id.as_ref());
    if let Some(under) = &filter.under {
        clause
            .sql(" AND products.id IN (SELECT descendant_id FROM product_closure WHERE ancestor_id = ")
            .value(under)
            .sql(")");
    }
    if let Some(code) = &filter.code {
        let key = fold(code);
        clause
            .sql(" AND (products.code_key = ")
            .value(&key)
            .sql(" OR products.id IN (SELECT product_id FROM product_aliases WHERE alias_key = ")
            .value(&key)
            .sql("))");
    }
    if let Some(q) = &filter.q {
        clause.contains("products.name_key", &fold(q));
    }
    custom_fields::filter(
        tx,
        &mut clause,
        CustomRecord::Product,
        "products.id",
        filter.custom.as_ref(),
    )?;
    let rows = load_page!(tx, table => ProductRow, clause, sort.order(), paging)?;
    let mut page = Page::of(rows, paging, |row| (key(sort, row), row.id.to_string())).map(Product::from);
    custom_fields::shown(
        tx,
        CustomRecord::Product,
        page.data.iter_mut().map(|product| &mut product.custom),
    )?;
    Ok(page)
}

fn key(sort: ProductSort, row: &ProductRow) -> Key {
    match sort {
        ProductSort::Name | ProductSort::NameDescending => row.name_key.as_str().into(),
        ProductSort::Created | ProductSort::CreatedDescending => row.created_at.into(),
        ProductSort::Updated | ProductSort::UpdatedDescending => row.updated_at.into(),
    }
}

/// The product with that id.
///
/// # Errors
/// 404 if there is none.
pub fn find(tx: &mut Tx<'_>, id: ProductId) -> Result<Product> {
    let row: ProductRow = table.find(id).select(ProductRow::as_select()).get_result(tx.conn())?;
    let mut product = Product::from(row);
    custom_fields::shown(tx, CustomRecord::Product, [&mut product.custom])?;
    Ok(product)
}

/// The products with those ids, by id; unknown ids are left out.
///
/// # Errors
/// What the database reports.
pub fn by_ids(tx: &mut Tx<'_>, ids: &[ProductId]) -> Result<BTreeMap<ProductId, Product>> {
    let rows: Vec<ProductRow> = table
        .filter(products::id.eq_any(among(ids)))
        .select(ProductRow::as_select())
        .load(tx.conn())?;
    let mut found: BTreeMap<ProductId, Product> = rows.into_iter().map(|row| (row.id, row.into())).collect();
    custom_fields::shown(
        tx,
        CustomRecord::Product,
        found.values_mut().map(|product| &mut product.custom),
    )?;
    Ok(found)
}

/// The product with that code, in any case.
///
/// # Errors
/// 404 if there is none.
pub fn by_code(tx: &mut Tx<'_>, code: &str) -> Result<Product> {
    let key = fold(code);
    let row: ProductRow = table
        .filter(products::code_key.eq(&key))
        .select(ProductRow::as_select())
        .get_result(tx.conn())?;
    Ok(row.into())
}

/// The product that goes by that code or, if none does, by that alias, in any case. Nothing if there is none.
///
/// # Errors
/// What the database reports.
pub fn resolve(tx: &mut Tx<'_>, text: &str) -> Result<Option<Product>> {
    let key = fold(text);
    let by_code: Option<ProductRow> = table
        .filter(products::code_key.eq(&key))
        .select(ProductRow::as_select())
        .get_result(tx.conn())
        .optional()?;
    let row = match by_code {
        Some(row) => Some(row),
        None => table
            .inner_join(product_aliases::table)
            .filter(product_aliases::alias_key.eq(&key))
            .select(ProductRow::as_select())
            .get_result(tx.conn())
            .optional()?,
    };
    Ok(row.map(Product::from))
}

/// The way from the root to the product, the product last.
///
/// # Errors
/// 404 if there is no such product.
pub fn trail(tx: &mut Tx<'_>, id: ProductId) -> Result<Vec<Product>> {
    let rows: Vec<ProductRow> = table
        .inner_join(product_closure::table.on(product_closure::ancestor_id.eq(products::id)))
        .filter(product_closure::descendant_id.eq(id))
        .order(product_closure::depth.desc())
        .select(ProductRow::as_select())
        .load(tx.conn())?;
    let mut trail: Vec<Product> = rows.into_iter().map(Product::from).collect();
    custom_fields::shown(
        tx,
        CustomRecord::Product,
        trail.iter_mut().map(|product| &mut product.custom),
    )?;
    if trail.is_empty() {
        Err(Error::not_found())
    } else {
        Ok(trail)
    }
}

/// The product and all that it lies in, from the top down; nothing if it does not exist.
///
/// # Errors
/// What the database reports.
pub fn ancestors(tx: &mut Tx<'_>, id: ProductId) -> Result<Vec<ProductId>> {
    Ok(product_closure::table
        .filter(product_closure::descendant_id.eq(id))
        .order((product_closure::depth.desc(), product_closure::ancestor_id))
        .select(product_closure::ancestor_id)
        .load(tx.conn())?)
}

/// Whether the scopes of two products meet: one is the other, or lies in it.
///
/// # Errors
/// What the database reports.
pub fn overlaps(tx: &mut Tx<'_>, one: ProductId, other: ProductId) -> Result<bool> {
    let below = product_closure::ancestor_id
        .eq(one)
        .and(product_closure::descendant_id.eq(other));
    let above = product_closure::ancestor_id
        .eq(other)
        .and(product_closure::descendant_id.eq(one));
    Ok(diesel::select(diesel::dsl::exists(product_closure::table.filter(below.or(above)))).get_result(tx.conn())?)
}

/// The parent that a product is to lie in, if it is to lie in any.
fn check_parent(tx: &mut Tx<'_>, product: &Product) -> Result<()> {
    let Some(parent) = product.parent_id else { return Ok(()) };
    if parent == product.id {
        return Err(Error::new(&codes::CONFLICT).fault(
            "#/parent_id",
            "circle",
            "A product cannot lie in itself; choose another parent.",
        ));
    }
    let parent = find(tx, parent).map_err(|error| error.when(&codes::NOT_FOUND, no_parent))?;
    rules::may_lie_in(product.kind, &parent)
}

fn no_parent() -> Error {
    Error::unknown_reference(
        "#/parent_id",
        "There is no such product; name one that exists, or null for a root.",
    )
}

/// Refuses a name that already leads to another product.
fn check_name(tx: &mut Tx<'_>, pointer: &str, name: &str, owner: ProductId) -> Result<()> {
    match resolve(tx, name)? {
        Some(other) if other.id != owner => Err(taken(pointer, name)),
        _ => Ok(()),
    }
}

fn taken(pointer: &str, name: &str) -> Error {
    Error::new(&codes::ALREADY_EXISTS).fault(
        pointer,
        "already_exists",
        format!("A product already goes by `{name}`."),
    )
}

/// Stores a new product, and tells of it.
///
/// # Errors
/// 409 `already_exists` if its code is taken, `unknown_reference` if its parent does not exist, `conflict` if it may not
/// lie there.
pub fn insert(tx: &mut Tx<'_>, product: Product) -> Result<Product> {
    check_parent(tx, &product)?;
    check_name(tx, "#/code", &product.code, product.id)?;
    let row = ProductRow::from(&product);
    let inserted = tx.attempt(|tx| Ok(diesel::insert_into(table).values(&row).execute(tx.conn())?));
    inserted.map_err(|error| explain(error, &product))?;
    let id = product.id.to_string();
    custom_fields::keep(tx, CustomRecord::Product, &id, None, &product.custom)?;
    tx.record(Fact::created("product.created", &product))?;
    Ok(product)
}

/// Stores a changed product over the revision it was read at, and tells of it.
///
/// # Errors
/// 412 if it was changed meanwhile; 409 if the code is taken, or the move is not possible.
pub fn save(tx: &mut Tx<'_>, before: &Product, after: Product) -> Result<Product> {
    if after.parent_id != before.parent_id {
        check_parent(tx, &after)?;
    }
    if after.code != before.code {
        check_name(tx, "#/code", &after.code, after.id)?;
    }
    let (was, row) = (ProductRow::from(before), ProductRow::from(&after));
    tx.attempt(|tx| revise!(tx, table, products::revision, (before.id, before.revision), &was => &row))
        .map_err(|error| explain(error, &after))?;
    let (id, known) = (after.id.to_string(), &before.custom);
    custom_fields::keep(tx, CustomRecord::Product, &id, Some(known), &after.custom)?;
    tx.record(Fact::changed("product.updated", before, &after))?;
    Ok(after)
}

/// Removes a product that nothing names, with its aliases.
///
/// # Errors
/// 409 `in_use` if something names it; 412 if it was changed meanwhile.
pub fn delete(tx: &mut Tx<'_>, product: &Product) -> Result<()> {
    let its_aliases = product_aliases::table.filter(product_aliases::product_id.eq(product.id));
    diesel::delete(its_aliases).execute(tx.conn())?;
    delete_with(tx, product, &[])
}

/// Removes a product that nothing but these aliases names, with them.
///
/// # Errors
/// 409 `in_use` if something else names it, another alias among it; 412 if it was changed meanwhile.
pub fn delete_with(tx: &mut Tx<'_>, product: &Product, its_aliases: &[ProductAlias]) -> Result<()> {
    for alias in its_aliases {
        remove_alias(tx, alias)?;
    }
    custom_fields::forget(tx, CustomRecord::Product, &product.id.to_string())?;
    remove!(tx, table, products::revision, (product.id, product.revision))?;
    tx.record(Fact::deleted("product.deleted", product))
}

/// Every alias of a product, oldest first.
///
/// # Errors
/// What the database reports.
pub fn aliases_of(tx: &mut Tx<'_>, product: ProductId) -> Result<Vec<ProductAlias>> {
    Ok(product_aliases::table
        .filter(product_aliases::product_id.eq(product))
        .order(product_aliases::id)
        .select(ProductAlias::as_select())
        .load(tx.conn())?)
}

/// One page of a product's aliases, oldest first.
///
/// # Errors
/// What the database reports.
pub fn aliases(tx: &mut Tx<'_>, product: ProductId, paging: &Paging) -> Result<Page<ProductAlias>> {
    let mut clause = Clause::all();
    clause.equals("product_aliases.product_id", &product);
    let order = Order {
        column: "product_aliases.id",
        id: "product_aliases.id",
        descending: false,
    };
    let rows = load_page!(tx, product_aliases::table => ProductAlias, clause, order, paging)?;
    Ok(Page::of(rows, paging, |row| {
        (row.id.to_string().as_str().into(), row.id.to_string())
    }))
}

/// An alias of that product.
///
/// # Errors
/// 404 if the product has no such alias.
pub fn find_alias(tx: &mut Tx<'_>, product: ProductId, id: ProductAliasId) -> Result<ProductAlias> {
    Ok(product_aliases::table
        .find(id)
        .filter(product_aliases::product_id.eq(product))
        .select(ProductAlias::as_select())
        .get_result(tx.conn())?)
}

/// Gives a product another name, and tells of it.
///
/// # Errors
/// 409 `already_exists` if a product already goes by it.
pub fn add_alias(tx: &mut Tx<'_>, alias: ProductAlias) -> Result<ProductAlias> {
    if resolve(tx, &alias.alias)?.is_some() {
        return Err(taken("#/alias", &alias.alias));
    }
    tx.attempt(|tx| {
        Ok(diesel::insert_into(product_aliases::table)
            .values(&alias)
            .execute(tx.conn())?)
    })
    .map_err(|error| error.when(&codes::ALREADY_EXISTS, || taken("#/alias", &alias.alias)))?;
    tx.record(Fact::created("product_alias.created", &alias))?;
    Ok(alias)
}

/// Takes a name away from a product, and tells of it.
///
/// # Errors
/// What the database reports.
pub fn remove_alias(tx: &mut Tx<'_>, alias: &ProductAlias) -> Result<()> {
    diesel::delete(product_aliases::table.find(alias.id)).execute(tx.conn())?;
    tx.record(Fact::deleted("product_alias.deleted", alias))
}

/// The database's refusal in terms of the product.
fn explain(error: Error, product: &Product) -> Error {
    error
        .when(&codes::ALREADY_EXISTS, || taken("#/code", &product.code))
        .when(&codes::UNKNOWN_REFERENCE, no_parent)
}
