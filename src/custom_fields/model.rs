//! The shapes of custom fields.

use std::collections::BTreeMap;

use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::{
    IntoParams, ToSchema,
    openapi::{
        ObjectBuilder, Ref, RefOr, Type,
        schema::{AdditionalProperties, Schema, SchemaType},
    },
};

use crate::{
    bindable,
    kernel::{Patch, Stored, Time, ids::CustomFieldId},
    ordered, resource,
    schema::custom_field_definitions,
    words,
};

words! {
    /// A type of record that can have custom fields.
    pub CustomRecord {
        /// Partners.
        Partner = "partner",
        /// Registered deals.
        Deal = "deal",
        /// Customer accounts.
        CustomerAccount = "customer_account",
        /// Opportunities that the vendor works itself.
        DirectOpportunity = "direct_opportunity",
        /// Products and product lines.
        Product = "product",
        /// Programs.
        Program = "program",
    }

    /// What kind of value a custom field holds.
    pub CustomType {
        /// Text of up to 1,000 characters.
        Text = "text",
        /// A whole number.
        Integer = "integer",
        /// An exact decimal number, written as text: `12.50`.
        Decimal = "decimal",
        /// True or false.
        Boolean = "boolean",
        /// A calendar date, written as text: `2027-03-31`.
        Date = "date",
        /// One of the definition's choices.
        Choice = "choice",
    }

    /// Whether a custom field is in use.
    pub CustomFieldStatus {
        /// Values can be written.
        Active = "active",
        /// Values that are there stay; none can be written.
        Retired = "retired",
    }

    /// The order of custom fields.
    pub CustomFieldSort {
        /// By label.
        Label = "label",
        /// By label, backwards.
        LabelDescending = "-label",
        /// Oldest first.
        Created = "created_at",
        /// Newest first.
        CreatedDescending = "-created_at",
    }
}

bindable!(CustomRecord, CustomType, CustomFieldStatus);

ordered!(CustomFieldSort of "custom_field_definitions" {
    Label | LabelDescending => "label_key",
    Created | CreatedDescending => "created_at",
});

/// The definition of a custom field.
#[derive(
    Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable, AsChangeset, Identifiable, Serialize, ToSchema,
)]
#[diesel(table_name = custom_field_definitions, treat_none_as_null = true, treat_none_as_default_value = false)]
pub struct CustomField {
    /// Its id.
    pub id: CustomFieldId,
    /// The type of record that has it.
    pub resource_type: CustomRecord,
    /// Its name in `custom`, unique for the type of record; it never changes.
    #[schema(
        example = "support_level",
        min_length = 1,
        max_length = 63,
        pattern = "^[a-z][a-z0-9_]{0,62}$"
    )]
    pub name: String,
    /// What people call it.
    #[schema(example = "Support level", min_length = 1, max_length = 120)]
    pub label: String,
    /// The label folded for order.
    #[serde(skip)]
    #[schema(ignore)]
    pub label_key: String,
    /// What kind of value it holds.
    pub data_type: CustomType,
    /// What can be chosen; null unless the type is `choice`.
    #[schema(value_type = Option<Vec<String>>, required = true, example = json!(["basic", "premium"]), max_items = 200)]
    pub choices: Option<Stored<Vec<String>>>,
    /// Whether a record must have it.
    pub required: bool,
    /// Whether partners see it.
    pub partner_visible: bool,
    /// Whether partners may write it.
    pub partner_editable: bool,
    /// Whether it is in use.
    pub status: CustomFieldStatus,
    /// How often the definition was changed.
    #[schema(example = 1, minimum = 1)]
    pub revision: i64,
    /// When it was made.
    pub created_at: Time,
    /// When it was last changed.
    pub updated_at: Time,
    /// What people should know to fill it in.
    #[schema(required = true, example = "As agreed in the support contract.", max_length = 500)]
    pub help: Option<String>,
    /// Under which heading forms show it.
    #[schema(required = true, example = "Support", max_length = 120)]
    pub section: Option<String>,
    /// Its place among the custom fields of a form, the lowest first; by label if none is given.
    #[schema(required = true, example = 10, minimum = 0, maximum = 10000)]
    pub position: Option<i64>,
    /// The fewest characters of a text.
    #[schema(required = true, example = 2, minimum = 1, maximum = 1000)]
    pub min_length: Option<i64>,
    /// The most characters of a text; 1,000 if none is given.
    #[schema(required = true, example = 80, minimum = 1, maximum = 1000)]
    pub max_length: Option<i64>,
    /// The least number, or the earliest date.
    #[schema(required = true, example = "1", max_length = 30)]
    pub minimum: Option<String>,
    /// The largest number, or the latest date.
    #[schema(required = true, example = "500", max_length = 30)]
    pub maximum: Option<String>,
    /// What a text must match, as a regular expression that all languages read alike.
    #[schema(required = true, example = "^[A-Z]{2}-[0-9]{4}$", max_length = 200)]
    pub pattern: Option<String>,
}

resource!(CustomField, "custom_field", "/v1/custom-fields");

/// A custom field to be defined.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[schema(example = json!({
    "resource_type": "deal",
    "name": "support_level",
    "label": "Support level",
    "data_type": "choice",
    "choices": ["basic", "premium"],
    "required": false,
    "partner_visible": true,
    "partner_editable": true,
}))]
#[serde(deny_unknown_fields)]
pub struct NewCustomField {
    /// The type of record that shall have it.
    pub resource_type: CustomRecord,
    /// Its name in `custom`, unique for the type of record; it never changes.
    #[schema(
        example = "support_level",
        min_length = 1,
        max_length = 63,
        pattern = "^[a-z][a-z0-9_]{0,62}$"
    )]
    pub name: String,
    /// What people call it.
    #[schema(example = "Support level", min_length = 1, max_length = 120)]
    pub label: String,
    /// What kind of value it holds; it never changes.
    pub data_type: CustomType,
    /// What can be chosen, for the type `choice`; other types take none.
    #[serde(default)]
    #[schema(example = json!(["basic", "premium"]), max_items = 200)]
    pub choices: Option<Vec<String>>,
    /// Whether a record must have it; no by default.
    #[serde(default)]
    pub required: bool,
    /// Whether partners see it; no by default.
    #[serde(default)]
    pub partner_visible: bool,
    /// Whether partners may write it; no by default.
    #[serde(default)]
    pub partner_editable: bool,
    /// What people should know to fill it in.
    #[schema(example = "As agreed in the support contract.", min_length = 1, max_length = 500)]
    pub help: Option<String>,
    /// Under which heading forms show it.
    #[schema(example = "Support", min_length = 1, max_length = 120)]
    pub section: Option<String>,
    /// Its place among the custom fields of a form, the lowest first; by label if left out.
    #[schema(example = 10, minimum = 0, maximum = 10000)]
    pub position: Option<i64>,
    /// The fewest characters, for the type `text`.
    #[schema(example = json!(null), minimum = 1, maximum = 1000)]
    pub min_length: Option<i64>,
    /// The most characters, for the type `text`; 1,000 if left out.
    #[schema(example = json!(null), minimum = 1, maximum = 1000)]
    pub max_length: Option<i64>,
    /// The least number or the earliest date, for the types `integer`, `decimal` and `date`, as text.
    #[schema(example = json!(null), min_length = 1, max_length = 30)]
    pub minimum: Option<String>,
    /// The largest number or the latest date, for the types `integer`, `decimal` and `date`, as text.
    #[schema(example = json!(null), min_length = 1, max_length = 30)]
    pub maximum: Option<String>,
    /// What a text must match, for the type `text`: a regular expression of literals, explicit classes, groups and counts,
    /// which all languages read alike.
    #[schema(example = json!(null), min_length = 1, max_length = 200)]
    pub pattern: Option<String>,
}

/// Changes of a definition. What is left out stays.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CustomFieldPatch {
    /// What people call it.
    #[schema(example = "Support level", min_length = 1, max_length = 120, nullable = false)]
    pub label: Option<String>,
    /// What can be chosen. Values that are no longer named stay on the records that have them.
    #[schema(example = json!(["basic", "premium", "platinum"]), max_items = 200, nullable = false)]
    pub choices: Option<Vec<String>>,
    /// Whether a record must have it.
    #[schema(nullable = false)]
    pub required: Option<bool>,
    /// Whether partners see it.
    #[schema(nullable = false)]
    pub partner_visible: Option<bool>,
    /// Whether partners may write it.
    #[schema(nullable = false)]
    pub partner_editable: Option<bool>,
    /// Whether it is in use.
    #[schema(nullable = false)]
    pub status: Option<CustomFieldStatus>,
    /// What people should know to fill it in.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "As agreed in the support contract.", min_length = 1, max_length = 500)]
    pub help: Patch<String>,
    /// Under which heading forms show it.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "Support", min_length = 1, max_length = 120)]
    pub section: Patch<String>,
    /// Its place among the custom fields of a form.
    #[serde(default)]
    #[schema(value_type = Option<i64>, example = 10, minimum = 0, maximum = 10000)]
    pub position: Patch<i64>,
    /// The fewest characters, for the type `text`. Values that are there stay.
    #[serde(default)]
    #[schema(value_type = Option<i64>, example = json!(null), minimum = 1, maximum = 1000)]
    pub min_length: Patch<i64>,
    /// The most characters, for the type `text`. Values that are there stay.
    #[serde(default)]
    #[schema(value_type = Option<i64>, example = json!(null), minimum = 1, maximum = 1000)]
    pub max_length: Patch<i64>,
    /// The least number or the earliest date. Values that are there stay.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = json!(null), min_length = 1, max_length = 30)]
    pub minimum: Patch<String>,
    /// The largest number or the latest date. Values that are there stay.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = json!(null), min_length = 1, max_length = 30)]
    pub maximum: Patch<String>,
    /// What a text must match. Values that are there stay.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = json!(null), min_length = 1, max_length = 200)]
    pub pattern: Patch<String>,
}

/// What a list of definitions is filtered by.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct CustomFieldFilter {
    /// Only fields of these types of record.
    #[param(style = Form, explode = false, nullable = false)]
    pub resource_type: Option<Vec<CustomRecord>>,
    /// Only fields in these states.
    #[param(style = Form, explode = false, nullable = false)]
    pub status: Option<Vec<CustomFieldStatus>>,
    /// The order.
    #[param(nullable = false)]
    pub sort: Option<CustomFieldSort>,
}

/// The value of one custom field. Decimal numbers and dates are text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum CustomValue {
    /// True or false.
    Boolean(bool),
    /// A whole number.
    Integer(i64),
    /// Text, a choice, a decimal number or a date.
    Text(String),
}

/// The custom fields of a record: values by the name of their definition.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CustomFields(pub BTreeMap<String, CustomValue>);

/// Changes of custom fields: a value sets, null clears, what is left out stays.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct CustomFieldsPatch(pub BTreeMap<String, Option<CustomValue>>);

/// One condition of a list: a custom field by its name, and the value that it shall hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CustomTerm {
    /// The field.
    pub name: String,
    /// The value, as a request writes it.
    pub value: String,
}

impl<'de> Deserialize<'de> for CustomTerm {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.split_once(':')
            .map(|(name, value)| Self {
                name: name.to_owned(),
                value: value.to_owned(),
            })
            .ok_or_else(|| serde::de::Error::custom("write name:value"))
    }
}

impl utoipa::PartialSchema for CustomTerm {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .description(Some(
                "A custom field and the value that it shall hold, `name:value`; upper and lower case are alike.",
            ))
            .min_length(Some(3))
            .max_length(Some(184))
            .pattern(Some("^[a-z][a-z0-9_]{0,62}:[^,]{1,120}$"))
            .examples(["support_level:premium"])
            .into()
    }
}

impl ToSchema for CustomTerm {
    fn name() -> std::borrow::Cow<'static, str> {
        crate::kernel::schemas::note::<Self>("CustomTerm")
    }
}

/// The largest whole number that every JSON reader keeps exactly.
const EXACT: i64 = 9_007_199_254_740_991;

fn value(with_null: bool) -> RefOr<Schema> {
    let types = [Type::String, Type::Integer, Type::Boolean]
        .into_iter()
        .chain(with_null.then_some(Type::Null));
    ObjectBuilder::new()
        .schema_type(types.collect::<SchemaType>())
        .description(Some(if with_null {
            "The value of a custom field; null clears it. Decimal numbers and dates are text."
        } else {
            "The value of a custom field. Decimal numbers and dates are text."
        }))
        .max_length(Some(1000))
        .minimum(Some(-EXACT))
        .maximum(Some(EXACT))
        .examples(["premium"])
        .into()
}

fn map(name: &str, description: &str) -> RefOr<Schema> {
    ObjectBuilder::new()
        .schema_type(Type::Object)
        .description(Some(description))
        .additional_properties(Some(AdditionalProperties::RefOr(Ref::from_schema_name(name).into())))
        .max_properties(Some(100))
        .examples([serde_json::json!({})])
        .into()
}

macro_rules! map_schema {
    ($map:ident of $value:literal, $with_null:literal, $description:literal) => {
        impl utoipa::PartialSchema for $map {
            fn schema() -> RefOr<Schema> {
                map($value, $description)
            }
        }

        impl ToSchema for $map {
            fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
                schemas.push(($value.to_owned(), value($with_null)));
            }
        }
    };
}

map_schema!(CustomFields of "CustomValue", false, "Custom fields by name, as the definitions of the record's type say.");
map_schema!(CustomFieldsPatch of "CustomValuePatch", true, "Changes of custom fields by name; what is left out stays.");
