//! Custom fields: what this vendor wants to know of its records beyond what the product has fields for.
//!
//! A definition says of which type of record, of what kind the value is, and whether partners see and write it.
//! Records keep their values together in `custom`; every value is checked against its definition when it is written,
//! and an unknown name is refused. The values are kept once more beside the records, in one table for all types, which the
//! lists of all of them are filtered by. A definition bounds its values (length, pattern, least and largest, choices), and says
//! how forms show them (heading, place, help). A definition is retired rather than removed: the values stay readable.

mod bounds;
mod handlers;
mod model;
mod queries;
mod rules;
mod value_queries;

pub use model::{
    CustomField, CustomFields, CustomFieldsPatch, CustomRecord, CustomTerm, CustomType, CustomValue, NewCustomField,
};
pub use queries::definitions;
pub use rules::{created, key_of, patched};
use utoipa_actix_web::{scope, service_config::ServiceConfig};
pub use value_queries::{fill, forget, keep};

use std::collections::BTreeMap;

use crate::{
    db::{Clause, Tx},
    error::Result,
};

/// The routes.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config.service(
        scope("/v1/custom-fields")
            .service(handlers::list_custom_fields)
            .service(handlers::create_custom_field)
            .service(handlers::get_custom_field)
            .service(handlers::update_custom_field),
    );
}

/// The values of a new record, checked: names, kinds, what the caller may write, and that what is required is there.
///
/// # Errors
/// 409 `contradiction` naming each value that does not fit, 403 `field_forbidden` for values that the caller's side may not write.
pub fn for_new(tx: &mut Tx<'_>, record: CustomRecord, given: &CustomFields) -> Result<CustomFields> {
    let known = definitions(tx, record)?;
    if known.is_empty() && given.0.is_empty() {
        return Ok(CustomFields::default());
    }
    rules::created(&known, given, tx.caller().is_vendor())
}

/// The values of a record with the changes made, checked.
///
/// # Errors
/// As [`for_new`].
pub fn for_changed(
    tx: &mut Tx<'_>,
    record: CustomRecord,
    current: CustomFields,
    patch: &CustomFieldsPatch,
) -> Result<CustomFields> {
    if patch.0.is_empty() {
        return Ok(current);
    }
    let known = definitions(tx, record)?;
    rules::patched(&known, current, patch, tx.caller().is_vendor())
}

/// The definitions that the caller sees, those in use, in the order in which forms show them.
///
/// # Errors
/// What the database reports.
pub fn seen(tx: &mut Tx<'_>, record: CustomRecord) -> Result<Vec<CustomField>> {
    let is_vendor = tx.caller().is_vendor();
    let mut known = definitions(tx, record)?;
    known.retain(|field| field.status == model::CustomFieldStatus::Active && (is_vendor || field.partner_visible));
    known.sort_by(|one, other| {
        let place = |field: &CustomField| (field.position.unwrap_or(i64::MAX), field.label_key.clone());
        place(one).cmp(&place(other))
    });
    Ok(known)
}

/// The names of the fields whose values the caller reads, retired ones included: their values stay. In the order of names.
///
/// # Errors
/// What the database reports.
pub fn readable(tx: &mut Tx<'_>, record: CustomRecord) -> Result<Vec<String>> {
    let is_vendor = tx.caller().is_vendor();
    let known = definitions(tx, record)?.into_iter();
    let mut names: Vec<String> = known
        .filter(|field| is_vendor || field.partner_visible)
        .map(|field| field.name)
        .collect();
    names.sort();
    Ok(names)
}

/// And: the custom fields of the records whose ids stand in `column` hold what is asked for: of each field that is named one of
/// its values. A field that the caller does not see holds nothing for it.
///
/// # Errors
/// What the database reports.
pub fn filter(
    tx: &mut Tx<'_>,
    clause: &mut Clause,
    record: CustomRecord,
    column: &'static str,
    terms: Option<&Vec<CustomTerm>>,
) -> Result<()> {
    let Some(terms) = terms else { return Ok(()) };
    let wanted = wanted(tx, record, terms)?;
    value_queries::holding(clause, record, column, &wanted);
    Ok(())
}

/// What a list is filtered by: for each field that is named the values that it may hold, as they are compared. No query for the
/// vendor.
fn wanted(tx: &mut Tx<'_>, record: CustomRecord, terms: &[CustomTerm]) -> Result<BTreeMap<String, Vec<String>>> {
    let mut wanted: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for term in terms {
        wanted.entry(term.name.clone()).or_default().push(key_of(&term.value));
    }
    if !wanted.is_empty() && !tx.caller().is_vendor() {
        let known = definitions(tx, record)?;
        for (name, values) in &mut wanted {
            if !known.iter().any(|field| field.name == *name && field.partner_visible) {
                values.clear();
            }
        }
    }
    Ok(wanted)
}

/// Takes from the values what the caller may not see. One query, and only for callers of partners.
///
/// # Errors
/// What the database reports.
pub fn shown<'v>(
    tx: &mut Tx<'_>,
    record: CustomRecord,
    values: impl IntoIterator<Item = &'v mut CustomFields>,
) -> Result<()> {
    if tx.caller().is_vendor() {
        return Ok(());
    }
    let mut values = values.into_iter().filter(|values| !values.0.is_empty()).peekable();
    if values.peek().is_none() {
        return Ok(());
    }
    let known = definitions(tx, record)?;
    for values in values {
        values
            .0
            .retain(|name, _| known.iter().any(|field| field.name == *name && field.partner_visible));
    }
    Ok(())
}
