//! The only file that knows the table of custom field definitions. They belong to no partner.

use diesel::prelude::*;

use super::model::{CustomField, CustomFieldFilter, CustomFieldSort, CustomRecord};
use crate::{
    db::{Clause, Tx},
    error::{Error, Result, codes},
    events::Fact,
    kernel::{
        ids::CustomFieldId,
        page::{Key, Page, Paging},
    },
    load_page, revise,
    schema::custom_field_definitions::{self as fields, table},
};

/// One page of definitions.
///
/// # Errors
/// What the database reports.
pub fn page(tx: &mut Tx<'_>, filter: &CustomFieldFilter, paging: &Paging) -> Result<Page<CustomField>> {
    let sort = filter.sort.unwrap_or(CustomFieldSort::Label);
    let mut clause = visible(tx);
    clause
        .one_of_some("custom_field_definitions.resource_type", filter.resource_type.as_ref())
        .one_of_some("custom_field_definitions.status", filter.status.as_ref());
    let rows = load_page!(tx, table => CustomField, clause, sort.order(), paging)?;
    Ok(Page::of(rows, paging, |row| {
        let key: Key = match sort {
            CustomFieldSort::Label | CustomFieldSort::LabelDescending => row.label_key.as_str().into(),
            CustomFieldSort::Created | CustomFieldSort::CreatedDescending => row.created_at.into(),
        };
        (key, row.id.to_string())
    }))
}

/// Partners see the definitions of the fields that they see.
fn visible(tx: &Tx<'_>) -> Clause {
    let mut clause = Clause::all();
    if !tx.caller().is_vendor() {
        clause.equals("custom_field_definitions.partner_visible", &true);
    }
    clause
}

/// Every definition for a type of record, retired ones included.
///
/// # Errors
/// What the database reports.
pub fn definitions(tx: &mut Tx<'_>, record: CustomRecord) -> Result<Vec<CustomField>> {
    Ok(table
        .filter(fields::resource_type.eq(record))
        .select(CustomField::as_select())
        .load(tx.conn())?)
}

/// The definition with that id.
///
/// # Errors
/// 404 if there is none, or the caller does not see it.
pub fn find(tx: &mut Tx<'_>, id: CustomFieldId) -> Result<CustomField> {
    let visible = visible(tx);
    Ok(table
        .find(id)
        .filter(visible)
        .select(CustomField::as_select())
        .get_result(tx.conn())?)
}

/// Stores a new definition, and tells of it.
///
/// # Errors
/// 409 `already_exists` if the type of record has a field of that name.
pub fn insert(tx: &mut Tx<'_>, field: CustomField) -> Result<CustomField> {
    tx.attempt(|tx| Ok(diesel::insert_into(table).values(&field).execute(tx.conn())?))
        .map_err(|error| {
            error.when(&codes::ALREADY_EXISTS, || {
                let detail = format!(
                    "There is already a custom field `{}` for this type of record.",
                    field.name
                );
                Error::new(&codes::ALREADY_EXISTS).fault("#/name", "already_exists", detail)
            })
        })?;
    tx.record(Fact::created("custom_field.created", &field))?;
    Ok(field)
}

/// Stores a changed definition over the revision it was read at, and tells of it.
///
/// # Errors
/// 412 if it was changed meanwhile.
pub fn save(tx: &mut Tx<'_>, before: &CustomField, after: CustomField) -> Result<CustomField> {
    revise!(tx, table, fields::revision, (before.id, before.revision), &after)?;
    tx.record(Fact::changed("custom_field.updated", before, &after))?;
    Ok(after)
}
