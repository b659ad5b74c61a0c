//! Links to content, and what they answer.

use std::collections::BTreeMap;

use actix_web::{HttpRequest, HttpResponse, Responder, body::BoxBody, http::header};
use subtle::ConstantTimeEq as _;
use utoipa::{
    IntoResponses,
    openapi::{ContentBuilder, RefOr, Response, ResponseBuilder},
};

use super::{
    Files,
    model::{FileContent, FileLink, FileLinkProof, FileScanStatus},
    names,
    queries::{self, FileRow},
    scanner::Verdict,
};
use crate::{
    auth::{Caller, MasterSecret},
    db::Db,
    error::{Error, Result, codes},
    kernel::{Time, ids::FileId, schemas},
};

/// What the key of links is derived for.
const PURPOSE: &str = "file-links";
const MICROS: i64 = 1_000_000;

fn signature(master: &MasterSecret, id: FileId, expires: i64) -> String {
    master.hash(PURPOSE, &format!("{id} {expires}"))
}

/// A link to a file that the caller was found to read.
pub fn link(master: &MasterSecret, public_url: &str, id: FileId, until: Time) -> FileLink {
    let expires = until.micros().div_euclid(MICROS);
    let proof = signature(master, id, expires);
    FileLink {
        url: format!("{public_url}/v1/files/{id}/content?expires={expires}&signature={proof}"),
        expires_at: Time::from_micros(expires.saturating_mul(MICROS)),
    }
}

/// Checks that a link was made here, for that file, and is still good.
///
/// # Errors
/// 404 for a link that was not made here; 401 `invalid_token` for one whose time is over.
pub fn check(master: &MasterSecret, id: FileId, proof: &FileLinkProof, now: Time) -> Result<()> {
    let wanted = signature(master, id, proof.expires);
    let same: bool = wanted.as_bytes().ct_eq(proof.signature.as_bytes()).into();
    if !same {
        return Err(Error::not_found());
    }
    if now.micros() < proof.expires.saturating_mul(MICROS) {
        Ok(())
    } else {
        Err(Error::new(&codes::INVALID_TOKEN).detail("The link is not good any more; ask for another."))
    }
}

/// Whether the content is served now.
///
/// # Errors
/// 409 `file_infected`, `file_not_served`.
pub fn served(row: &FileRow, scans: bool) -> Result<String> {
    let refuse = |why: &'static str| Err(Error::new(&codes::FILE_NOT_SERVED).detail(why));
    match (row.scan_status, &row.object_key) {
        (FileScanStatus::Infected, _) => Err(Error::new(&codes::FILE_INFECTED)),
        (_, None) => refuse("The content was deleted when its time was over."),
        (FileScanStatus::Pending, _) => refuse("The file waits to be scanned; ask again in a minute."),
        (FileScanStatus::NotScanned, _) if scans => refuse("The file waits to be scanned; ask for a link first."),
        (_, Some(key)) => Ok(key.clone()),
    }
}

/// The file, scanned if it was not and there is a scanner.
///
/// # Errors
/// What the database or the store reports.
pub async fn scanned(files: &Files, db: &Db, caller: &Caller, row: FileRow) -> Result<FileRow> {
    let waits = match row.scan_status {
        FileScanStatus::Pending => true,
        FileScanStatus::NotScanned => files.scanner.is_there(),
        FileScanStatus::Clean | FileScanStatus::Infected => false,
    };
    let Some(key) = row.object_key.clone().filter(|_| waits) else {
        return Ok(row);
    };
    let at = key.clone();
    let location = db.ask(caller, move |tx| queries::location(tx, &at)).await?;
    let store = files.at(&location)?;
    let status = match files.scanner.scan(Box::pin(store.read(&key).await?)).await {
        Verdict::Clean => FileScanStatus::Clean,
        Verdict::NotScanned => FileScanStatus::NotScanned,
        Verdict::Infected(found) => {
            log::warn!("{} is infected with {found}", row.id);
            FileScanStatus::Infected
        }
        Verdict::Unknown(why) => {
            log::warn!("{} waits to be scanned: {why}", row.id);
            return Ok(row);
        }
    };
    db.run(caller, move |tx| {
        let now = tx.now;
        if status == FileScanStatus::Infected {
            // Nobody needs it any more, not even to look at it.
            let after = FileRow {
                object_key: None,
                content_deleted_at: Some(now),
                ..row.clone().scanned(status, now)
            };
            return queries::save(tx, &row, after, "file.infected");
        }
        queries::save(tx, &row, row.clone().scanned(status, now), "file.scanned")
    })
    .await
}

/// A file with its content, for those who work with it inside the program.
pub struct Opened {
    /// Its name.
    pub name: String,
    /// SHA-256 of its content, as hexadecimal digits.
    pub sha256: String,
    /// How many bytes it has.
    pub size: i64,
    /// Its content, piece by piece.
    pub content: super::Content,
}

/// Opens a file that the caller reads.
///
/// # Errors
/// 404 if there is none; 409 `file_infected`, `file_not_served`; 503 if the store cannot be reached.
pub async fn open(files: &Files, db: &Db, caller: &Caller, id: FileId) -> Result<Opened> {
    let row = db.ask(caller, move |tx| queries::find(tx, id)).await?;
    let row = scanned(files, db, caller, row).await?;
    let key = served(&row, files.scanner.is_there())?;
    let at = key.clone();
    let location = db.ask(caller, move |tx| queries::location(tx, &at)).await?;
    let content = files.at(&location)?.read(&key).await?;
    Ok(Opened {
        name: row.name,
        sha256: row.sha256,
        size: row.size_bytes,
        content: Box::pin(content),
    })
}

/// The content of a file as an answer.
#[derive(Debug)]
pub struct Content(HttpResponse);

impl Responder for Content {
    type Body = BoxBody;

    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        self.0
    }
}

impl IntoResponses for Content {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        let content = ContentBuilder::new()
            .schema(Some(schemas::met::<FileContent>()))
            .build();
        let response = ResponseBuilder::new()
            .description("The content, as an attachment.")
            .content(names::ANY, content)
            .build();
        BTreeMap::from([("200".to_owned(), response.into())])
    }
}

/// Answers with the content, piece by piece.
///
/// # Errors
/// 503 if the store cannot be reached.
pub async fn answer(files: &Files, db: &Db, caller: &Caller, row: &FileRow, key: String) -> Result<Content> {
    let at = key.clone();
    let location = db.ask(caller, move |tx| queries::location(tx, &at)).await?;
    let pieces = files.at(&location)?.read(&key).await?;
    let mut response = HttpResponse::Ok();
    response
        .insert_header((header::CONTENT_TYPE, names::ANY))
        .insert_header((header::CONTENT_DISPOSITION, names::disposition(&row.name)))
        .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .insert_header((header::CONTENT_SECURITY_POLICY, "sandbox; default-src 'none'"))
        .insert_header((header::CACHE_CONTROL, "private, no-store"))
        .insert_header((header::REFERRER_POLICY, "no-referrer"))
        .insert_header((header::ACCEPT_RANGES, "none"))
        // As it is: what is packed already is not packed again, and its length is known.
        .insert_header((header::CONTENT_ENCODING, "identity"))
        .no_chunking(u64::try_from(row.size_bytes).unwrap_or(0));
    Ok(Content(response.streaming(pieces)))
}
