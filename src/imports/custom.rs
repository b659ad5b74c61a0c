//! What the cells of custom fields hold, as their definitions say.

use super::{
    formats::{Formats, shown},
    ready::{Ready, RowFault, Typed},
};
use crate::custom_fields::{CustomField, CustomType};

/// Whether the row says anything of custom fields.
pub fn any(row: &Ready) -> bool {
    row.values.values().any(|value| matches!(value, Typed::Custom(_)))
}

/// The row with each custom field read as its definition says.
///
/// # Errors
/// Everything that does not fit.
pub fn read(row: &Ready, known: &[CustomField], formats: &Formats) -> Result<Ready, Vec<RowFault>> {
    let (mut read, mut faults) = (row.clone(), Vec::new());
    for (name, value) in &mut read.values {
        let Typed::Custom(text) = value else { continue };
        let own = name.strip_prefix("custom.").unwrap_or(name);
        let typed = match known.iter().find(|field| field.name == own) {
            Some(field) => typed(field, text, formats),
            None => Err(("unknown_field", format!("there is no custom field `{}`", shown(own)))),
        };
        match typed {
            Ok(typed) => *value = typed,
            Err((code, detail)) => faults.push(RowFault {
                field: name.clone(),
                code: code.to_owned(),
                detail,
            }),
        }
    }
    if faults.is_empty() { Ok(read) } else { Err(faults) }
}

fn typed(field: &CustomField, text: &str, formats: &Formats) -> Result<Typed, (&'static str, String)> {
    match field.data_type {
        CustomType::Text => Ok(Typed::Text(text.to_owned())),
        CustomType::Integer => formats
            .integer(text)
            .map(Typed::Integer)
            .map_err(|detail| ("invalid_number", detail)),
        CustomType::Decimal => formats
            .number(text)
            .map(Typed::Text)
            .map_err(|detail| ("invalid_number", detail)),
        CustomType::Boolean => Formats::flag(text)
            .map(Typed::Flag)
            .map_err(|detail| ("invalid_value", detail)),
        CustomType::Date => formats
            .date(text)
            .map(Typed::Date)
            .map_err(|detail| ("invalid_date", detail)),
        CustomType::Choice => choice(field, text),
    }
}

/// The choice that is spelt so, else the only one that is spelt so in another case.
fn choice(field: &CustomField, text: &str) -> Result<Typed, (&'static str, String)> {
    let known = field.choices.as_ref().map_or(&[][..], |choices| choices.0.as_slice());
    let exact = known.iter().find(|choice| *choice == text);
    let folded = || {
        let mut alike = known
            .iter()
            .filter(|choice| choice.to_lowercase() == text.to_lowercase());
        alike.next().filter(|_| alike.next().is_none())
    };
    exact
        .or_else(folded)
        .map(|choice| Typed::Text(choice.clone()))
        .ok_or_else(|| {
            let detail = format!("`{}` is not one of: {}", shown(text), known.join(", "));
            ("unknown_word", detail)
        })
}
