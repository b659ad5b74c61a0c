//! The shape of a mapping in a request: what stands in a mapping file, for one file and one kind of record.

use std::{borrow::Cow, collections::BTreeMap};

use serde::{Deserialize, Serialize};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{ObjectBuilder, RefOr, Schema, Type, schema::AdditionalProperties},
};

use super::model::ImportFormat;
use crate::{
    imports::ImportKind,
    kernel::{ids::FileId, schemas},
    words,
};

words! {
    /// A form that a text is brought into.
    pub ImportTextForm {
        /// Capital letters.
        Upper = "upper",
        /// Small letters.
        Lower = "lower",
        /// Capital letters, digits and hyphens, as in codes: `GTX-PRO`.
        Code = "code",
        /// Small letters, digits and dots, as in mail addresses: `anna.snelling`.
        Dotted = "dotted",
    }

    /// What a number counts, if not ones.
    pub ImportUnit {
        /// Thousands.
        Thousand = "thousand",
        /// Millions.
        Million = "million",
    }

    /// How letters are stored.
    pub ImportEncoding {
        /// UTF-8, with or without a byte order mark.
        Utf8 = "utf-8",
        /// ISO 8859-1.
        Latin1 = "latin-1",
        /// The code page of western Windows.
        Windows1252 = "windows-1252",
    }

    /// What stands before the fraction of a number.
    pub ImportDecimal {
        /// As in 1,234.56.
        Point = ".",
        /// As in 1.234,56.
        Comma = ",",
    }

    /// What stands between cells.
    pub ImportDelimiter {
        /// A comma.
        Comma = ",",
        /// A semicolon.
        Semicolon = ";",
        /// A bar.
        Bar = "|",
        /// A tabulator.
        Tab = "\t",
    }

    /// What stands between the parts of a list within a cell.
    pub ImportListSign {
        /// A semicolon.
        Semicolon = ";",
        /// A comma.
        Comma = ",",
        /// A bar.
        Bar = "|",
        /// A slash.
        Slash = "/",
    }
}

/// Which column is which field. The field of a nested value is written with dots: `address.city`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ImportMapping {
    /// What a record is known by in its system. Two rows with one key are one record.
    pub key: ImportCell,
    /// Where each field comes from, by the name that it has in the API.
    pub fields: ImportFields,
    /// What holds for some rows only, in this order; the later rule wins.
    #[serde(default)]
    #[schema(max_items = 100, example = json!([{"column": "IsDeleted", "is": ["true"], "skip": "deleted in the old system"}]))]
    pub when: Vec<ImportRule>,
    /// Tables that turn what stands in the file into what is meant, by name.
    #[serde(default)]
    pub tables: ImportTables,
    /// How dates, numbers and amounts are written.
    #[serde(default)]
    pub formats: ImportFormats,
}

/// Where a text comes from: exactly one of `column`, `value` and `template`, then the steps that follow in their order.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"column": "Name"}))]
pub struct ImportCell {
    /// From this column; of JSON lines a member, those of an object in it with dots between.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "Name", min_length = 1, max_length = 255, nullable = false)]
    pub column: Option<String>,
    /// Or this text in every row.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = json!(null), max_length = 2000)]
    pub value: Option<String>,
    /// Or a text with columns in it: `{first} {last}`, `{name:dotted}@example.com`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = json!(null), min_length = 1, max_length = 2000)]
    pub template: Option<String>,
    /// Then replaced by what this table says, if it has the text.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = json!(null), min_length = 1, max_length = 64)]
    pub table: Option<String>,
    /// Whether a text that the table lacks is a fault of the row.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    #[schema(example = false)]
    pub closed: bool,
    /// Then brought into this form.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub form: Option<ImportTextForm>,
    /// Then, a number, taken in thousands or millions.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub unit: Option<ImportUnit>,
    /// What stands for an empty cell.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = json!(null), max_length = 2000)]
    pub default: Option<String>,
}

/// A rule for the rows whose cell in a column has, or has not, one of these texts; an empty text means an empty cell.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ImportRule {
    /// The column.
    #[schema(example = "IsDeleted", min_length = 1, max_length = 255)]
    pub column: String,
    /// One of these texts.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_items = 1000, nullable = false, example = json!(["true"]))]
    pub is: Option<Vec<String>>,
    /// None of these texts.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_items = 1000, nullable = false, example = json!(["false"]))]
    pub is_not: Option<Vec<String>>,
    /// Fields of such rows.
    #[serde(default)]
    pub fields: ImportFields,
    /// Why such rows are left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "deleted in the old system", min_length = 1, max_length = 500)]
    pub skip: Option<String>,
}

/// How a file writes things; what is left out is as usual.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ImportFormats {
    /// The order and form of a date's parts: `YYYY-MM-DD` (usual), `M/D/YYYY`, `DD.MM.YYYY`, `D-MMM-YY`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "DD.MM.YYYY", min_length = 1, max_length = 32)]
    pub date: Option<String>,
    /// What stands before the fraction of a number; a point as usual.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub decimal: Option<ImportDecimal>,
    /// The currency of amounts that name none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "EUR", min_length = 3, max_length = 3, pattern = "^[A-Z]{3}$")]
    pub currency: Option<String>,
    /// What stands between cells; found out from the first line if it is left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub delimiter: Option<ImportDelimiter>,
    /// How letters are stored; UTF-8 as usual.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub encoding: Option<ImportEncoding>,
    /// Texts that mean that nothing is there, besides an empty cell.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_items = 100, nullable = false, example = json!(["-", "n/a"]))]
    pub empty: Option<Vec<String>>,
    /// What stands between the parts of a list within a cell; a semicolon as usual.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub list: Option<ImportListSign>,
}

/// Where each field comes from.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(transparent)]
#[schema(example = json!({"name": {"column": "Name"}, "address.city": {"column": "BillingCity"}}))]
pub struct ImportFields(pub BTreeMap<String, ImportCell>);

/// Tables of texts, by name.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ImportTables(pub BTreeMap<String, BTreeMap<String, String>>);

impl PartialSchema for ImportTables {
    fn schema() -> RefOr<Schema> {
        let meant = ObjectBuilder::new().schema_type(Type::String).max_length(Some(2000));
        let table = ObjectBuilder::new()
            .schema_type(Type::Object)
            .additional_properties(Some(AdditionalProperties::RefOr(meant.into())))
            .max_properties(Some(2000))
            .description(Some("What stands in the file, and what is meant."));
        ObjectBuilder::new()
            .schema_type(Type::Object)
            .additional_properties(Some(AdditionalProperties::RefOr(table.into())))
            .max_properties(Some(50))
            .description(Some(
                "Tables of texts, by name: what stands in the file, and what is meant.",
            ))
            .examples([serde_json::json!({"countries": {"Germany": "DE", "Austria": "AT"}})])
            .into()
    }
}

impl ToSchema for ImportTables {
    fn name() -> Cow<'static, str> {
        schemas::note::<Self>("ImportTables")
    }
}

/// A file of which a mapping is to be suggested.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"file_id": "file_01jdq4p6c8f3kb2v9y0s7x5ham", "kind": "customer_accounts"}))]
pub struct NewImportSuggestion {
    /// The file, which was uploaded before.
    pub file_id: FileId,
    /// The kind of record that its rows shall make.
    pub kind: ImportKind,
}

/// What a file looks like, and a mapping to begin with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ImportSuggestion {
    /// How the rows are written.
    pub format: ImportFormat,
    /// The columns, in order.
    #[schema(max_items = 1000)]
    pub columns: Vec<ImportColumn>,
    /// A mapping of the columns whose names speak for themselves. Read it before it is used.
    pub mapping: ImportMapping,
    /// Columns that nothing was made of.
    #[schema(max_items = 1000, example = json!(["LastModifiedDate"]))]
    pub unmapped: Vec<String>,
    /// Fields that every row must have and for which no column was found.
    #[schema(max_items = 100, example = json!([]))]
    pub missing: Vec<String>,
}

/// A column of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ImportColumn {
    /// Its name.
    #[schema(example = "BillingCity", max_length = 10_000)]
    pub name: String,
    /// What stands in it in the first rows, once each.
    #[schema(max_items = 5, example = json!(["Berlin", "Wien"]))]
    pub samples: Vec<String>,
}
