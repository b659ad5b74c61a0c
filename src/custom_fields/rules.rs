//! What may stand in custom fields. Pure.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{
    bounds::{LINE, LONGEST, is_portable},
    model::{
        CustomField, CustomFieldPatch, CustomFieldStatus, CustomFields, CustomFieldsPatch, CustomType, CustomValue,
        NewCustomField,
    },
};
use crate::{
    error::{Error, Fault, Result, codes},
    kernel::{
        Date, Stored, Time,
        ids::{CustomFieldId, Id as _},
        words::fold,
    },
};

impl CustomField {
    /// A new definition.
    ///
    /// # Errors
    /// 409 `contradiction` naming each bound and choice that does not go with the type, or with each other.
    pub fn new(new: &NewCustomField, now: Time) -> Result<Self> {
        Self {
            id: CustomFieldId::at(now),
            resource_type: new.resource_type,
            name: new.name.clone(),
            label: new.label.clone(),
            label_key: fold(&new.label),
            data_type: new.data_type,
            choices: new.choices.as_deref().map(choices),
            required: new.required,
            partner_visible: new.partner_visible,
            partner_editable: new.partner_editable,
            status: CustomFieldStatus::Active,
            revision: 1,
            created_at: now,
            updated_at: now,
            help: new.help.clone(),
            section: new.section.clone(),
            position: new.position,
            min_length: new.min_length,
            max_length: new.max_length,
            minimum: new.minimum.clone(),
            maximum: new.maximum.clone(),
            pattern: new.pattern.clone(),
        }
        .coherent()
    }

    /// The definition with the changes made.
    ///
    /// # Errors
    /// 409 `contradiction` naming each bound and choice that does not go with the type, or with each other.
    pub fn patched(self, patch: &CustomFieldPatch, now: Time) -> Result<Self> {
        let label = patch.label.clone().unwrap_or(self.label);
        Self {
            label_key: fold(&label),
            label,
            choices: patch.choices.as_deref().map(choices).or(self.choices),
            required: patch.required.unwrap_or(self.required),
            partner_visible: patch.partner_visible.unwrap_or(self.partner_visible),
            partner_editable: patch.partner_editable.unwrap_or(self.partner_editable),
            status: patch.status.unwrap_or(self.status),
            help: patch.help.clone().apply(self.help),
            section: patch.section.clone().apply(self.section),
            position: patch.position.apply(self.position),
            min_length: patch.min_length.apply(self.min_length),
            max_length: patch.max_length.apply(self.max_length),
            minimum: patch.minimum.clone().apply(self.minimum),
            maximum: patch.maximum.clone().apply(self.maximum),
            pattern: patch.pattern.clone().apply(self.pattern),
            revision: self.revision + 1,
            updated_at: now,
            ..self
        }
        .coherent()
    }

    /// Checks that choices and bounds suit the kind of value, and each other.
    ///
    /// A schema can say what each of them may be, but not which of them go together; and a change is measured by what is
    /// defined already.
    ///
    /// # Errors
    /// 409 `contradiction` naming each that does not.
    fn coherent(self) -> Result<Self> {
        let mut faults = self.choices_faults();
        let is_text = self.data_type == CustomType::Text;
        for (given, pointer) in [
            (self.min_length.is_some(), "#/min_length"),
            (self.max_length.is_some(), "#/max_length"),
            (self.pattern.is_some(), "#/pattern"),
        ] {
            if given && !is_text {
                faults.push(not_applicable(pointer, "Only the type `text` has this; leave it out."));
            }
        }
        if let (Some(least), Some(most)) = (self.min_length, self.max_length)
            && least > most
        {
            faults.push(fault(
                "out_of_range",
                "#/max_length",
                "It must not be below `min_length`.",
            ));
        }
        if let Some(pattern) = &self.pattern
            && is_text
            && !is_portable(pattern)
        {
            faults.push(fault(
                "invalid_format",
                "#/pattern",
                "Use literals, explicit classes such as [A-Z0-9], groups, alternatives and counts only.",
            ));
        }
        for (bound, pointer) in [(&self.minimum, "#/minimum"), (&self.maximum, "#/maximum")] {
            faults.extend(bound.as_deref().and_then(|bound| self.bound_fault(bound, pointer)));
        }
        if let (Some(least), Some(most)) = (&self.minimum, &self.maximum)
            && self.order(least, most).is_gt()
        {
            faults.push(fault("out_of_range", "#/maximum", "It must not be below `minimum`."));
        }
        if faults.is_empty() {
            Ok(self)
        } else {
            Err(Error::contradiction(faults))
        }
    }

    fn choices_faults(&self) -> Vec<Fault> {
        let named = self.choices.as_ref().map(|choices| choices.0.len());
        match (self.data_type, named) {
            (CustomType::Choice, None | Some(0)) => {
                vec![fault("required", "#/choices", "Name what can be chosen.")]
            }
            (CustomType::Choice, Some(_)) | (_, None) => Vec::new(),
            (_, Some(_)) => vec![not_applicable(
                "#/choices",
                "Only the type `choice` has choices; leave them out.",
            )],
        }
    }

    fn bound_fault(&self, bound: &str, pointer: &str) -> Option<Fault> {
        let (fits, kind) = match self.data_type {
            // As the number itself is written: without a plus sign or zeros before it.
            CustomType::Integer => (
                bound.parse::<i64>().is_ok_and(|number| number.to_string() == bound),
                "a whole number",
            ),
            CustomType::Decimal => (is_decimal(bound), "a decimal number"),
            CustomType::Date => (bound.parse::<Date>().is_ok(), "a date"),
            CustomType::Text | CustomType::Boolean | CustomType::Choice => {
                return Some(not_applicable(
                    pointer,
                    "Only numbers and dates have this; leave it out.",
                ));
            }
        };
        (!fits).then(|| fault("invalid_value", pointer, format!("It must be {kind}, written as text.")))
    }

    /// Whether the caller's side may write it at all.
    pub fn may_write(&self, is_vendor: bool) -> bool {
        self.status == CustomFieldStatus::Active && (is_vendor || (self.partner_visible && self.partner_editable))
    }

    /// The JSON Schema of its values, as forms show and check them. Bounds of numbers and dates that are written as text
    /// stand in `x-minimum` and `x-maximum`, for JSON Schema has none.
    pub fn schema(&self) -> Value {
        let mut schema = match self.data_type {
            CustomType::Text => json!({
                "type": "string",
                "minLength": self.min_length.unwrap_or(0),
                "maxLength": self.max_length.unwrap_or(LONGEST),
                "pattern": self.pattern.as_deref().unwrap_or(LINE),
            }),
            CustomType::Integer => json!({"type": "integer"}),
            CustomType::Decimal => {
                json!({"type": "string", "maxLength": 30, "pattern": "^-?[0-9]+([.][0-9]+)?$", "x-widget": "decimal"})
            }
            CustomType::Boolean => json!({"type": "boolean", "x-widget": "checkbox"}),
            CustomType::Date => json!({"type": "string", "format": "date", "maxLength": 10, "x-widget": "date"}),
            CustomType::Choice => {
                let choices: Vec<Value> = self
                    .choices
                    .iter()
                    .flat_map(|choices| &choices.0)
                    .map(|choice| json!({"const": choice, "title": choice}))
                    .collect();
                json!({"type": "string", "oneOf": choices, "x-widget": "select"})
            }
        };
        if let Value::Object(schema) = &mut schema {
            schema.insert("title".to_owned(), json!(self.label));
            if let Some(help) = &self.help {
                schema.insert("description".to_owned(), json!(help));
            }
            let whole = self.data_type == CustomType::Integer;
            for (bound, plain, text) in [
                (&self.minimum, "minimum", "x-minimum"),
                (&self.maximum, "maximum", "x-maximum"),
            ] {
                let Some(bound) = bound else { continue };
                match bound.parse::<i64>() {
                    Ok(number) if whole => schema.insert(plain.to_owned(), json!(number)),
                    _ => schema.insert(text.to_owned(), json!(bound)),
                };
            }
        }
        schema
    }

    /// What is wrong with a value of this field, if anything is.
    fn fault(&self, value: &CustomValue) -> Option<String> {
        let label = &self.label;
        match (self.data_type, value) {
            (CustomType::Text, CustomValue::Text(text)) if text.chars().count() <= 1000 => self.misfit(text),
            (CustomType::Boolean, CustomValue::Boolean(_)) => None,
            (CustomType::Integer, CustomValue::Integer(number)) => self.outside(&number.to_string()),
            (CustomType::Decimal, CustomValue::Text(text)) if is_decimal(text) => self.outside(text),
            (CustomType::Date, CustomValue::Text(text)) if text.parse::<Date>().is_ok() => self.outside(text),
            (CustomType::Choice, CustomValue::Text(text)) => {
                let known = self
                    .choices
                    .as_ref()
                    .map(|choices| choices.0.as_slice())
                    .unwrap_or_default();
                (!known.contains(text)).then(|| format!("{label} is one of: {}.", known.join(", ")))
            }
            (CustomType::Choice, _) => Some(format!("{label} is one of its choices, written as text.")),
            (CustomType::Text, _) => Some(format!("{label} is text of up to 1,000 characters.")),
            (CustomType::Integer, _) => Some(format!("{label} is a whole number.")),
            (CustomType::Boolean, _) => Some(format!("{label} is true or false.")),
            (CustomType::Decimal, _) => Some(format!("{label} is a decimal number written as text, as in \"12.50\".")),
            (CustomType::Date, _) => Some(format!("{label} is a date written as text, as in \"2027-03-31\".")),
        }
    }
}

impl CustomFieldsPatch {
    /// The values that it sets: those of a record that is new.
    pub fn set(self) -> CustomFields {
        let named = self.0.into_iter();
        CustomFields(
            named
                .filter_map(|(name, value)| value.map(|value| (name, value)))
                .collect(),
        )
    }

    /// What of it says something else than these values; nothing if all of it is said already.
    #[must_use]
    pub fn unless_same(self, present: &CustomFields) -> Option<Self> {
        let named = self.0.into_iter();
        let changed: BTreeMap<_, _> = named
            .filter(|(name, value)| present.0.get(name) != value.as_ref())
            .collect();
        (!changed.is_empty()).then_some(Self(changed))
    }
}

impl From<&CustomFields> for CustomFieldsPatch {
    /// The changes that set all of these values.
    fn from(values: &CustomFields) -> Self {
        let named = values.0.iter();
        Self(named.map(|(name, value)| (name.clone(), Some(value.clone()))).collect())
    }
}

impl CustomValue {
    /// The value as filters compare it: folded, and cut to 120 characters.
    pub fn key(&self) -> String {
        match self {
            Self::Boolean(value) => value.to_string(),
            Self::Integer(value) => value.to_string(),
            Self::Text(value) => key_of(value),
        }
    }
}

/// A text as filters compare values.
pub fn key_of(text: &str) -> String {
    fold(text).chars().take(120).collect()
}

/// Choices as they are kept: each once.
fn choices(named: &[String]) -> Stored<Vec<String>> {
    let mut kept: Vec<String> = Vec::new();
    for choice in named {
        if !kept.contains(choice) {
            kept.push(choice.clone());
        }
    }
    Stored(kept)
}

fn not_applicable(pointer: &str, detail: &str) -> Fault {
    fault("not_applicable", pointer, detail)
}

fn fault(code: &'static str, pointer: &str, detail: impl Into<String>) -> Fault {
    Fault {
        pointer: pointer.to_owned(),
        code: code.into(),
        detail: detail.into(),
    }
}

/// `-12.50`: digits with at most one point between them, up to 30 characters.
fn is_decimal(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    let plain = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    text.len() <= 30 && plain(whole) && plain(fraction)
}

/// The values of a new record.
///
/// # Errors
/// 409 `contradiction` naming each value that does not fit its definition or is missing; 403 for values that are not the caller's to write.
pub fn created(known: &[CustomField], given: &CustomFields, is_vendor: bool) -> Result<CustomFields> {
    let values = patched(known, CustomFields::default(), &given.into(), is_vendor)?;
    // What a partner cannot write, it cannot be asked for.
    let missing = known
        .iter()
        .filter(|field| field.required && field.may_write(is_vendor) && !values.0.contains_key(&field.name));
    let faults: Vec<Fault> = missing
        .map(|field| Fault {
            pointer: format!("#/custom/{}", field.name),
            code: "required".into(),
            detail: format!("{} is required.", field.label),
        })
        .collect();
    if faults.is_empty() {
        Ok(values)
    } else {
        Err(Error::contradiction(faults))
    }
}

/// The values with the changes made.
///
/// # Errors
/// As [`created`].
pub fn patched(
    known: &[CustomField],
    current: CustomFields,
    patch: &CustomFieldsPatch,
    is_vendor: bool,
) -> Result<CustomFields> {
    let mut values = current;
    let (mut faults, mut forbidden) = (Vec::new(), Vec::new());
    for (name, value) in &patch.0 {
        let fault = |code: &'static str, detail: String| Fault {
            pointer: format!("#/custom/{name}"),
            code: code.into(),
            detail,
        };
        let field = known
            .iter()
            .find(|field| field.name == *name)
            .filter(|field| is_vendor || field.partner_visible);
        match (field, value) {
            (None, _) => faults.push(fault(
                "unknown_field",
                format!("There is no custom field `{name}` here."),
            )),
            (Some(field), _) if !is_vendor && !field.partner_editable => {
                forbidden.push(fault(
                    "field_forbidden",
                    format!("{} is written by the vendor alone.", field.label),
                ));
            }
            (Some(field), _) if field.status == CustomFieldStatus::Retired => {
                faults.push(fault("retired", format!("{} is no longer in use.", field.label)));
            }
            (Some(field), None) if field.required => {
                faults.push(fault("required", format!("{} is required.", field.label)));
            }
            (Some(_), None) => {
                values.0.remove(name);
            }
            (Some(field), Some(value)) => match field.fault(value) {
                Some(detail) => faults.push(fault("invalid_value", detail)),
                None => {
                    values.0.insert(name.clone(), value.clone());
                }
            },
        }
    }
    if !forbidden.is_empty() {
        return Err(Error::new(&codes::FIELD_FORBIDDEN).faults(forbidden));
    }
    if faults.is_empty() {
        Ok(values)
    } else {
        Err(Error::contradiction(faults))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::custom_fields::CustomRecord;

    fn field(name: &str, data_type: CustomType, choices: Option<&[&str]>) -> CustomField {
        let new = NewCustomField {
            resource_type: CustomRecord::Partner,
            name: name.to_owned(),
            label: name.to_owned(),
            data_type,
            choices: choices.map(|choices| choices.iter().map(|choice| (*choice).to_owned()).collect()),
            required: false,
            partner_visible: false,
            partner_editable: false,
            help: None,
            section: None,
            position: None,
            min_length: None,
            max_length: None,
            minimum: None,
            maximum: None,
            pattern: None,
        };
        CustomField::new(&new, Time::from_micros(0)).unwrap()
    }

    fn given(name: &str, value: CustomValue) -> CustomFields {
        CustomFields([(name.to_owned(), value)].into())
    }

    #[test]
    fn a_value_must_be_of_its_fields_kind() {
        let known = [
            field("level", CustomType::Choice, Some(&["basic", "premium"])),
            field("rate", CustomType::Decimal, None),
            field("since", CustomType::Date, None),
            field("seats", CustomType::Integer, None),
        ];
        let text = |text: &str| CustomValue::Text(text.to_owned());
        for (name, good) in [
            ("level", text("premium")),
            ("rate", text("-12.50")),
            ("since", text("2027-03-31")),
            ("seats", CustomValue::Integer(3)),
        ] {
            assert!(created(&known, &given(name, good), true).is_ok(), "{name}");
        }
        for (name, bad) in [
            ("level", text("gold")),
            ("rate", text("1e3")),
            ("since", text("2027-02-30")),
            ("seats", text("3")),
            ("unknown", text("x")),
        ] {
            let refusal = created(&known, &given(name, bad), true).unwrap_err();
            assert_eq!(refusal.all_faults()[0].pointer, format!("#/custom/{name}"));
        }
    }

    #[test]
    fn a_value_must_lie_within_its_fields_bounds() {
        let bounded = |data_type, minimum: &str, maximum: &str| CustomField {
            minimum: Some(minimum.to_owned()),
            maximum: Some(maximum.to_owned()),
            ..field("it", data_type, None)
        };
        let text = |text: &str| CustomValue::Text(text.to_owned());
        let share = bounded(CustomType::Decimal, "-0.5", "12.50");
        for (value, fits) in [
            ("-0.50", true),
            ("-0.51", false),
            ("12.5", true),
            ("012.500", true),
            ("12.501", false),
            ("100", false),
        ] {
            assert_eq!(share.fault(&text(value)).is_none(), fits, "{value}");
        }
        let seats = bounded(CustomType::Integer, "1", "500");
        assert!(seats.fault(&CustomValue::Integer(500)).is_none() && seats.fault(&CustomValue::Integer(0)).is_some());
        let since = bounded(CustomType::Date, "2026-01-01", "2026-12-31");
        assert!(since.fault(&text("2026-12-31")).is_none() && since.fault(&text("2027-01-01")).is_some());
        let code = CustomField {
            pattern: Some("^[A-Z]{2}-[0-9]{4}$".to_owned()),
            min_length: Some(7),
            ..field("code", CustomType::Text, None)
        };
        assert!(code.fault(&text("DE-0815")).is_none() && code.fault(&text("de-0815")).is_some());
        assert!(code.clone().coherent().is_ok() && bounded(CustomType::Integer, "-5", "0").coherent().is_ok());
        for wrong in [
            CustomField {
                pattern: Some("^(?=a)b$".to_owned()),
                ..code.clone()
            },
            CustomField {
                max_length: Some(3),
                ..code
            },
            CustomField {
                minimum: Some("13".to_owned()),
                ..share
            },
            CustomField {
                min_length: Some(1),
                ..seats
            },
            CustomField {
                maximum: Some("31.12.2026".to_owned()),
                ..since
            },
            bounded(CustomType::Integer, "+5", "9"),
            bounded(CustomType::Integer, "5", "09"),
            bounded(CustomType::Integer, "-0", "9"),
        ] {
            assert!(wrong.coherent().is_err());
        }
    }

    #[test]
    fn a_partner_writes_only_what_is_open_to_partners() {
        let mut open = field("size", CustomType::Integer, None);
        (open.partner_visible, open.partner_editable) = (true, true);
        let mut shown = field("score", CustomType::Integer, None);
        shown.partner_visible = true;
        let known = [open, shown, field("secret", CustomType::Integer, None)];
        let written = |name| created(&known, &given(name, CustomValue::Integer(1)), false);
        assert!(written("size").is_ok());
        assert!(written("score").unwrap_err().is(&codes::FIELD_FORBIDDEN));
        assert!(
            written("secret").unwrap_err().is(&codes::CONTRADICTION),
            "a partner does not learn that it exists"
        );
    }

    #[test]
    fn what_is_required_cannot_be_left_out_or_cleared() {
        let mut level = field("level", CustomType::Text, None);
        level.required = true;
        assert!(created(&[level.clone()], &CustomFields::default(), true).is_err());
        let unseen = CustomField {
            partner_editable: true,
            ..level.clone()
        };
        assert!(
            created(&[unseen], &CustomFields::default(), false).is_ok(),
            "a partner is asked for nothing that it does not see"
        );
        let cleared = CustomFieldsPatch([("level".to_owned(), None)].into());
        assert!(
            patched(
                &[level],
                given("level", CustomValue::Text("a".to_owned())),
                &cleared,
                true
            )
            .is_err()
        );
    }
}
