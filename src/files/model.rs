//! The shapes of files and attachments.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use utoipa::{
    IntoParams, PartialSchema, ToSchema,
    openapi::{KnownFormat, ObjectBuilder, RefOr, Schema, SchemaFormat, Type},
};

use crate::{
    bindable,
    kernel::{
        Time,
        ids::{AttachmentId, FileId, PartnerId},
        schemas,
    },
    resource, words,
};

words! {
    /// What a scanner says of a file.
    pub FileScanStatus {
        /// There was no scanner.
        NotScanned = "not_scanned",
        /// It could not be scanned yet, and is not served.
        Pending = "pending",
        /// Nothing was found.
        Clean = "clean",
        /// It is infected, and never served.
        Infected = "infected",
    }

    /// What a file can be attached to.
    pub AttachedResource {
        /// A registration.
        Deal = "deal",
        /// An appeal against a decision on a registration.
        DealAppeal = "deal_appeal",
        /// A piece of evidence for a registration.
        DealEvidence = "deal_evidence",
    }
}

bindable!(FileScanStatus, AttachedResource);

/// The content of a file.
#[derive(Debug)]
pub struct FileContent;

impl PartialSchema for FileContent {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::Binary)))
            .description(Some("The content of a file, byte for byte."))
            .into()
    }
}

impl ToSchema for FileContent {
    fn name() -> Cow<'static, str> {
        schemas::note::<Self>("FileContent")
    }
}

/// A file: what is known of it. Its content is read by a link.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct StoredFile {
    /// Its id.
    pub id: FileId,
    /// The partner whose it is; none for the vendor's own.
    #[schema(required = true)]
    pub partner_id: Option<PartnerId>,
    /// Its name.
    #[schema(example = "letter.pdf", min_length = 1, max_length = 200)]
    pub name: String,
    /// What kind of file it is, as its content shows.
    #[schema(example = "application/pdf", max_length = 100)]
    pub media_type: String,
    /// How many bytes it has.
    #[schema(example = 48_112, minimum = 1)]
    pub size_bytes: i64,
    /// SHA-256 of its content, as hexadecimal digits.
    #[schema(
        example = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        min_length = 64,
        max_length = 64
    )]
    pub sha256: String,
    /// What the scanner says of it.
    pub scan_status: FileScanStatus,
    /// When it was scanned.
    #[schema(required = true)]
    pub scanned_at: Option<Time>,
    /// When its content is to be deleted.
    #[schema(required = true)]
    pub retain_until: Option<Time>,
    /// When its content was deleted.
    #[schema(required = true)]
    pub content_deleted_at: Option<Time>,
    /// Who uploaded it; of the vendor's people the vendor alone reads it.
    #[schema(required = true, example = "user_01jdq4p6c8f3kb2v9y0s7x5ham", max_length = 255)]
    pub uploaded_by: Option<String>,
    /// How often it was changed.
    #[schema(example = 1, minimum = 1)]
    pub revision: i64,
    /// When it was uploaded.
    pub created_at: Time,
    /// When it was last changed.
    pub updated_at: Time,
}

resource!(
    StoredFile,
    "file",
    "/v1/files",
    told = |record| record.partner_id.into_iter().collect()
);

/// What is said of a file with its upload.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct NewFile {
    /// What it is called. What stands before a slash is dropped, and characters that no file system takes are replaced.
    #[param(example = "letter.pdf", min_length = 1, max_length = 255)]
    pub name: String,
    /// When its content is to be deleted; never if left out.
    #[param(nullable = false)]
    pub retain_until: Option<Time>,
}

/// What a list of files is filtered by.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct FileFilter {
    /// Only files of that partner.
    #[param(nullable = false)]
    pub partner_id: Option<PartnerId>,
    /// Only files of which the scanner says so.
    #[param(style = Form, explode = false, nullable = false)]
    pub scan_status: Option<Vec<FileScanStatus>>,
}

/// A link to be made.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewFileLink {
    /// For how many minutes it shall be good; 15 if left out.
    #[serde(default)]
    #[schema(example = 15, minimum = 1, maximum = 15, nullable = false)]
    pub minutes: Option<i64>,
}

/// A link by which the content of a file is read, without a token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct FileLink {
    /// Its address.
    #[schema(
        example = "https://prm.example.com/v1/files/file_01jdq4p6c8f3kb2v9y0s7x5ham/content?expires=1795000000&signature=q83v",
        max_length = 2000
    )]
    pub url: String,
    /// Until when it is good.
    pub expires_at: Time,
}

/// What a link says.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct FileLinkProof {
    /// Until when the link is good, in seconds since 1970.
    #[param(example = 1_795_000_000, minimum = 0, maximum = 99_999_999_999_i64)]
    pub expires: i64,
    /// What proves that it was made here.
    #[param(
        example = "q83vASNFZ4mrze8BI0VniavN7wEjRWeJq83vASNFZ4k",
        min_length = 1,
        max_length = 100,
        pattern = "^[A-Za-z0-9_-]+$"
    )]
    pub signature: String,
}

/// A file as a record shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Attachment {
    /// Its id.
    pub id: AttachmentId,
    /// The file.
    pub file_id: FileId,
    /// What it is attached to.
    pub resource_type: AttachedResource,
    /// The record's id.
    #[schema(example = "deal_01jdq4p6c8f3kb2v9y0s7x5ham", max_length = 64)]
    pub resource_id: String,
    /// The partner that the record belongs to.
    pub partner_id: PartnerId,
    /// The file's name.
    #[schema(example = "letter.pdf", max_length = 200)]
    pub name: String,
    /// What kind of file it is.
    #[schema(example = "application/pdf", max_length = 100)]
    pub media_type: String,
    /// How many bytes it has.
    #[schema(example = 48_112, minimum = 1)]
    pub size_bytes: i64,
    /// What the scanner says of it.
    pub scan_status: FileScanStatus,
    /// Who attached it; of the vendor's people the vendor alone reads it.
    #[schema(required = true, example = "user_01jdq4p6c8f3kb2v9y0s7x5ham", max_length = 255)]
    pub attached_by: Option<String>,
    /// How often it was changed.
    #[schema(example = 1, minimum = 1)]
    pub revision: i64,
    /// When it was attached.
    pub created_at: Time,
    /// When it was last changed.
    pub updated_at: Time,
}

resource!(
    Attachment,
    "attachment",
    "/v1/attachments",
    told = |record| vec![record.partner_id]
);

/// A file to be attached to a record.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewAttachment {
    /// The file.
    pub file_id: FileId,
    /// What it is attached to.
    pub resource_type: AttachedResource,
    /// The record's id.
    #[schema(example = "deal_01jdq4p6c8f3kb2v9y0s7x5ham", min_length = 1, max_length = 64)]
    pub resource_id: String,
}

/// What a list of attachments is filtered by.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct AttachmentFilter {
    /// Only what is attached to records of that type.
    #[param(nullable = false)]
    pub resource_type: Option<AttachedResource>,
    /// Only what is attached to that record.
    #[param(nullable = false, min_length = 1, max_length = 64)]
    pub resource_id: Option<String>,
    /// Only where that file is attached.
    #[param(nullable = false)]
    pub file_id: Option<FileId>,
}
