//! What may stand in custom fields. Pure.

use super::model::{
    CustomField, CustomFieldPatch, CustomFieldStatus, CustomFields, CustomFieldsPatch, CustomType, CustomValue,
    NewCustomField,
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
    /// 422 if choices and type do not go together.
    pub fn new(new: &NewCustomField, now: Time) -> Result<Self> {
        Ok(Self {
            id: CustomFieldId::at(now),
            resource_type: new.resource_type,
            name: new.name.clone(),
            label: new.label.clone(),
            label_key: fold(&new.label),
            data_type: new.data_type,
            choices: choices(new.data_type, new.choices.as_deref())?,
            required: new.required,
            partner_visible: new.partner_visible,
            partner_editable: new.partner_editable,
            status: CustomFieldStatus::Active,
            revision: 1,
            created_at: now,
            updated_at: now,
        })
    }

    /// The definition with the changes made.
    ///
    /// # Errors
    /// 422 if choices and type do not go together.
    pub fn patched(self, patch: &CustomFieldPatch, now: Time) -> Result<Self> {
        let label = patch.label.clone().unwrap_or(self.label);
        let choices = match &patch.choices {
            None => self.choices,
            Some(named) => choices(self.data_type, Some(named))?,
        };
        Ok(Self {
            label_key: fold(&label),
            label,
            choices,
            required: patch.required.unwrap_or(self.required),
            partner_visible: patch.partner_visible.unwrap_or(self.partner_visible),
            partner_editable: patch.partner_editable.unwrap_or(self.partner_editable),
            status: patch.status.unwrap_or(self.status),
            revision: self.revision + 1,
            updated_at: now,
            ..self
        })
    }

    /// What is wrong with a value of this field, if anything is.
    fn fault(&self, value: &CustomValue) -> Option<String> {
        let label = &self.label;
        match (self.data_type, value) {
            (CustomType::Text, CustomValue::Text(text)) if text.chars().count() <= 1000 => None,
            (CustomType::Integer, CustomValue::Integer(_)) | (CustomType::Boolean, CustomValue::Boolean(_)) => None,
            (CustomType::Decimal, CustomValue::Text(text)) if is_decimal(text) => None,
            (CustomType::Date, CustomValue::Text(text)) if text.parse::<Date>().is_ok() => None,
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

fn choices(data_type: CustomType, named: Option<&[String]>) -> Result<Option<Stored<Vec<String>>>> {
    match (data_type, named) {
        (CustomType::Choice, Some(named)) if !named.is_empty() => {
            let mut kept: Vec<String> = Vec::new();
            for choice in named {
                if !kept.contains(choice) {
                    kept.push(choice.clone());
                }
            }
            Ok(Some(Stored(kept)))
        }
        (CustomType::Choice, _) => Err(Error::field("#/choices", "required", "Name what can be chosen.")),
        (_, None) => Ok(None),
        (_, Some(_)) => Err(Error::field(
            "#/choices",
            "not_applicable",
            "Only the type `choice` has choices; leave them out.",
        )),
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
/// 422 naming each value that does not fit or is missing; 403 for values that are not the caller's to write.
pub fn created(known: &[CustomField], given: &CustomFields, is_vendor: bool) -> Result<CustomFields> {
    let patch = CustomFieldsPatch(
        given
            .0
            .iter()
            .map(|(name, value)| (name.clone(), Some(value.clone())))
            .collect(),
    );
    let values = patched(known, CustomFields::default(), &patch, is_vendor)?;
    // What a partner cannot write, it cannot be asked for.
    let missing = known.iter().filter(|field| {
        field.required
            && field.status == CustomFieldStatus::Active
            && (is_vendor || field.partner_editable)
            && !values.0.contains_key(&field.name)
    });
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
        Err(Error::new(&codes::VALIDATION_FAILED).faults(faults))
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
        Err(Error::new(&codes::VALIDATION_FAILED).faults(faults))
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
            written("secret").unwrap_err().is(&codes::VALIDATION_FAILED),
            "a partner does not learn that it exists"
        );
    }

    #[test]
    fn what_is_required_cannot_be_left_out_or_cleared() {
        let mut level = field("level", CustomType::Text, None);
        level.required = true;
        assert!(created(&[level.clone()], &CustomFields::default(), true).is_err());
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
