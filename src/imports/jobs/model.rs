//! The shapes of imports.

use std::borrow::Cow;

use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::{
    IntoParams, PartialSchema, ToSchema,
    openapi::{ObjectBuilder, RefOr, Schema, Type},
};

use super::mapping_model::ImportMapping;
use crate::{
    bindable,
    imports::{ImportKind, ImportVerdict},
    kernel::{
        Stored, Time,
        ids::{FileId, ImportId},
        page::Order,
        schemas,
    },
    ordered, resource,
    schema::{import_job_rows, import_jobs},
    words,
};

words! {
    /// Where an import stands.
    pub ImportStatus {
        /// It waits for a server that takes it on.
        Queued = "queued",
        /// A server works on it.
        Running = "running",
        /// Every row has its verdict.
        Finished = "finished",
        /// It could not go on; what was taken before stays.
        Failed = "failed",
        /// Somebody stopped it; what was taken before stays.
        Cancelled = "cancelled",
        /// What it made and changed is taken back.
        Undoing = "undoing",
        /// It was taken back, as far as that was possible: each row says whether.
        Undone = "undone",
    }

    /// How the rows of a file are written.
    pub ImportFormat {
        /// Cells with a sign between them, the first line naming the columns.
        Csv = "csv",
        /// One JSON object a line.
        Ndjson = "ndjson",
    }

    /// What became of a row when its import was undone.
    pub ImportUndoVerdict {
        /// The record that it made was removed, or withdrawn where such records are not removed.
        Removed = "removed",
        /// The record that it changed has its previous values.
        Restored = "restored",
        /// The record was left as it is, for the reason that is given.
        Left = "left",
    }

    /// The order of imports.
    pub ImportSort {
        /// Oldest first.
        Created = "created_at",
        /// Newest first.
        CreatedDescending = "-created_at",
    }
}

bindable!(ImportStatus, ImportUndoVerdict);

ordered!(ImportSort of "import_jobs" {
    Created | CreatedDescending => "created_at",
});

/// The order of rows: that of the file.
pub(super) const ROWS: Order = Order {
    column: "import_job_rows.line",
    id: "import_job_rows.import_id",
    descending: false,
};

/// A file that is brought in, row by row, in the background.
#[derive(
    Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable, AsChangeset, Identifiable, Serialize, ToSchema,
)]
#[diesel(table_name = import_jobs, treat_none_as_null = true, treat_none_as_default_value = false)]
pub struct Import {
    /// Its id.
    pub id: ImportId,
    /// Where it stands.
    pub status: ImportStatus,
    /// The kind of record that its rows make.
    pub kind: ImportKind,
    /// The system that the file comes from: with the key of a row it names a record for ever.
    #[schema(example = "salesforce", max_length = 64)]
    pub system: String,
    /// How the rows are written.
    pub format: ImportFormat,
    /// The file. Its content is needed until its rows were read.
    pub file_id: FileId,
    /// The file's name when the import was made.
    #[schema(example = "accounts.csv", max_length = 200)]
    pub file_name: String,
    /// SHA-256 of the file's content, as hexadecimal digits.
    #[schema(
        example = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        min_length = 64,
        max_length = 64
    )]
    pub file_sha256: String,
    /// Whether it keeps nothing: its verdicts say what would become of the rows. Committing it clears this.
    #[schema(example = true)]
    pub dry_run: bool,
    /// Whether its rows are history: nobody is notified of them, and guards about time are left out, which each verdict names.
    #[schema(example = false)]
    pub legacy: bool,
    /// Which column is which field.
    #[schema(value_type = ImportMapping)]
    pub mapping: Stored<ImportMapping>,
    /// How many bytes the file has.
    #[schema(example = 48_112, minimum = 0)]
    pub bytes_total: i64,
    /// How many of them were read.
    #[schema(example = 48_112, minimum = 0)]
    pub bytes_read: i64,
    /// How many rows were found so far; all of them once every byte was read.
    #[schema(example = 850, minimum = 0)]
    pub rows_read: i64,
    /// How many rows have their verdict.
    #[schema(example = 850, minimum = 0)]
    pub rows_done: i64,
    /// How many made a record.
    #[schema(example = 800, minimum = 0)]
    pub rows_created: i64,
    /// How many changed one.
    #[schema(example = 20, minimum = 0)]
    pub rows_updated: i64,
    /// How many said what their record says already.
    #[schema(example = 10, minimum = 0)]
    pub rows_unchanged: i64,
    /// How many became drafts that say what is missing.
    #[schema(example = 0, minimum = 0)]
    pub rows_draft: i64,
    /// How many the mapping leaves out.
    #[schema(example = 5, minimum = 0)]
    pub rows_skipped: i64,
    /// How many are wrong; the file of problems has them.
    #[schema(example = 15, minimum = 0)]
    pub rows_rejected: i64,
    /// Of an import that is undone: how many records were removed or withdrawn.
    #[schema(example = 0, minimum = 0)]
    pub rows_removed: i64,
    /// Of an import that is undone: how many records have their previous values.
    #[schema(example = 0, minimum = 0)]
    pub rows_restored: i64,
    /// Of an import that is undone: how many records were left as they are.
    #[schema(example = 0, minimum = 0)]
    pub rows_left: i64,
    /// Why it failed.
    #[schema(required = true, example = json!(null), max_length = 4000)]
    pub error: Option<String>,
    /// Who made it. Its rows are taken with what they, or whoever committed it, are permitted at that moment.
    #[schema(example = "user_01jdq4k8v6e5ns3q7t9x2m4b8c", max_length = 100)]
    pub created_by: String,
    /// When a server took it on.
    #[schema(required = true)]
    pub started_at: Option<Time>,
    /// When it ended.
    #[schema(required = true)]
    pub finished_at: Option<Time>,
    /// When its rows are deleted, and its file's content if nothing else needs that. Then it cannot be undone any more.
    #[schema(required = true)]
    pub expires_at: Option<Time>,
    /// How often it came to another state; progress does not count.
    #[schema(example = 1, minimum = 1)]
    pub revision: i64,
    /// When it was made.
    pub created_at: Time,
    /// When it last came further.
    pub updated_at: Time,
}

resource!(Import, "import", "/v1/imports");

/// A file to be brought in.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "file_id": "file_01jdq4p6c8f3kb2v9y0s7x5ham",
    "kind": "customer_accounts",
    "format": "csv",
    "system": "salesforce",
    "mapping": {
        "key": {"column": "Id"},
        "fields": {
            "name": {"column": "Name"},
            "website": {"column": "Website"},
            "address.city": {"column": "BillingCity"},
            "address.country": {"column": "BillingCountry", "table": "countries", "closed": true}
        },
        "when": [{"column": "IsDeleted", "is": ["true"], "skip": "deleted in Salesforce"}],
        "tables": {"countries": {"Germany": "DE", "Austria": "AT"}}
    },
    "dry_run": true
}))]
pub struct NewImport {
    /// The file, which was uploaded before.
    pub file_id: FileId,
    /// The kind of record that its rows make.
    pub kind: ImportKind,
    /// How the rows are written; found out from the content if left out.
    #[schema(nullable = false)]
    pub format: Option<ImportFormat>,
    /// The system that the file comes from: with the key of a row it names a record for ever.
    #[schema(
        example = "salesforce",
        min_length = 1,
        max_length = 64,
        pattern = "^[a-z0-9][a-z0-9_.-]{0,63}$"
    )]
    pub system: String,
    /// Which column is which field.
    pub mapping: ImportMapping,
    /// Whether to keep nothing, and only say what would become of the rows. Such an import can be committed when it was looked
    /// at.
    #[serde(default)]
    #[schema(example = true)]
    pub dry_run: bool,
    /// Whether the rows are history: nobody is notified of them, and guards about time are left out, which each verdict names.
    /// Partners, account managers, tier memberships and deals come in no other way.
    #[serde(default)]
    #[schema(example = false)]
    pub legacy: bool,
    /// Whether to bring in once more what was brought in before, or is just now, by the same mapping.
    #[serde(default)]
    #[schema(example = false)]
    pub again: bool,
}

/// What a list of imports is filtered and sorted by.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ImportFilter {
    /// Only those that stand there.
    #[param(style = Form, explode = false, nullable = false)]
    pub status: Option<Vec<ImportStatus>>,
    /// Only those of such records.
    #[param(style = Form, explode = false, nullable = false)]
    pub kind: Option<Vec<ImportKind>>,
    /// The order; newest first if left out.
    #[param(nullable = false)]
    pub sort: Option<ImportSort>,
}

/// How long to wait for an import.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ImportWait {
    /// If it has not ended yet, how many seconds to wait for that.
    #[param(minimum = 0, maximum = 30, default = 0, example = 1, nullable = false)]
    pub wait: Option<u64>,
}

/// What became of a row.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Serialize, ToSchema)]
#[diesel(table_name = import_job_rows)]
pub struct ImportRow {
    /// The number of its first line in the file.
    #[schema(example = 17, minimum = 1)]
    pub line: i64,
    /// What it is known by in its system; null if that could not be read.
    #[schema(required = true, example = "0018d00000A1b2C", max_length = 255)]
    #[diesel(column_name = row_key)]
    pub key: Option<String>,
    /// What became of it; null while it waits.
    #[schema(required = true)]
    pub verdict: Option<ImportVerdict>,
    /// Why, as a code.
    #[schema(required = true, example = "required", max_length = 100)]
    pub reason_code: Option<String>,
    /// Why, in words: for a row of history also which guards were not applied to it.
    #[schema(
        required = true,
        example = "name: it is empty, and every row must have it",
        max_length = 10_000
    )]
    pub reason_text: Option<String>,
    /// The record.
    #[schema(required = true, example = json!(null), max_length = 64)]
    pub resource_id: Option<String>,
    /// The revision in which it left the record, where that can be undone.
    #[schema(required = true, example = json!(null), minimum = 1)]
    #[diesel(column_name = left_revision)]
    pub resource_revision: Option<i64>,
    /// What became of it when the import was undone.
    #[schema(required = true)]
    pub undo_verdict: Option<ImportUndoVerdict>,
    /// Why, as a code.
    #[schema(required = true, example = json!(null), max_length = 100)]
    pub undo_code: Option<String>,
    /// Why, in words.
    #[schema(required = true, example = json!(null), max_length = 10_000)]
    pub undo_text: Option<String>,
    /// In which pass over the rows it got its verdict.
    #[serde(skip)]
    #[schema(ignore)]
    pub pass: i64,
}

/// What a list of rows is filtered by.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ImportRowFilter {
    /// Only those with that verdict.
    #[param(style = Form, explode = false, nullable = false)]
    pub verdict: Option<Vec<ImportVerdict>>,
    /// Only those of which that became when the import was undone.
    #[param(style = Form, explode = false, nullable = false)]
    pub undo_verdict: Option<Vec<ImportUndoVerdict>>,
}

/// How the file of problems shall be written.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ImportProblemsAs {
    /// CSV, or JSON lines; as the file that was brought in if left out.
    #[param(nullable = false)]
    pub format: Option<ImportFormat>,
}

/// The rows that are wrong, as a file.
#[derive(Debug)]
pub struct ImportProblems;

impl PartialSchema for ImportProblems {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .max_length(Some(usize::try_from(i32::MAX).unwrap_or(usize::MAX)))
            .pattern(Some("^[^\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f\\x7f]*$"))
            .description(Some("The rows that are wrong, each with its line and its reason."))
            .into()
    }
}

impl ToSchema for ImportProblems {
    fn name() -> Cow<'static, str> {
        schemas::note::<Self>("ImportProblems")
    }
}
