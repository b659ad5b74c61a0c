//! An upload: from the first byte to the record, with nothing left of one that fails.

use std::time::Duration;

use actix_web::web::Payload;
use futures_util::StreamExt as _;
use hmac::digest::Digest as _;
use sha2::Sha256;

use super::{
    Files,
    model::{FileScanStatus, NewFile, StoredFile},
    names::{self, Refusal},
    queries::{self, FileRow},
    scanner::Verdict,
    store::Writing,
};
use crate::{
    auth::{Caller, IdempotencyKey, Request},
    db::Db,
    error::{Error, Result, codes},
    http::{Created, Reply},
    kernel::{
        hex,
        ids::{FileId, Id as _},
    },
};

/// How long the next piece may take.
const PIECE_DEADLINE: Duration = Duration::from_secs(30);
/// As many of the first bytes show the kind.
const HEAD: usize = 4096;

/// What was found on the way.
struct Taken {
    size: u64,
    sha256: String,
    media_type: String,
}

/// Takes the content in, and stores its record.
///
/// # Errors
/// 413, 415, 422 and 409 `contradiction` for content that is not taken; 409 `file_infected`; 408 for content that stopped coming.
pub async fn take(
    files: &Files,
    db: &Db,
    caller: &Caller,
    new: NewFile,
    declared: &str,
    payload: Payload,
) -> Reply<Created<StoredFile>> {
    let name = names::sanitised(&new.name).ok_or_else(|| {
        Error::contradicts(
            "query:name",
            "invalid_format",
            "Nothing that a file can be called is left of the name.",
        )
    })?;
    let id = FileId::at(db.now());
    let key = object_key(id);
    let (object, location) = (key.clone(), files.store.location().to_owned());
    db.run(caller, move |tx| queries::begin_object(tx, &object, &location))
        .await?;
    let outcome = keep(files, db, caller, (id, &key, name), &new, declared, payload).await;
    // Whatever did not become a file is nobody's, and a repeated upload has its first one's record.
    let lost = outcome.as_ref().map_or(true, crate::http::Sent::was_replayed);
    if lost {
        let object = key.clone();
        if let Err(error) = db.run(caller, move |tx| queries::doom(tx, &object)).await {
            log::warn!("the object {key} is left to the sweep: {error}");
        }
    }
    outcome
}

/// Where the content lies: spread over folders by the last characters of the id, which are random.
fn object_key(id: FileId) -> String {
    let id = id.to_string();
    let spread: String = id.chars().rev().take(2).collect();
    format!("{spread}/{id}")
}

async fn keep(
    files: &Files,
    db: &Db,
    caller: &Caller,
    (id, key, name): (FileId, &str, String),
    new: &NewFile,
    declared: &str,
    payload: Payload,
) -> Reply<Created<StoredFile>> {
    let mut writing = files.store.begin(key)?;
    let taken = match pass(&mut writing, payload, declared, files.limit).await {
        Ok(taken) => taken,
        Err(refusal) => {
            writing.abort().await;
            return Err(refusal);
        }
    };
    writing.finish().await?;
    let verdict = if files.scanner.is_there() {
        files.scanner.scan(Box::pin(files.store.read(key).await?)).await
    } else {
        Verdict::NotScanned
    };
    let scan_status = match verdict {
        Verdict::NotScanned => FileScanStatus::NotScanned,
        Verdict::Clean => FileScanStatus::Clean,
        Verdict::Infected(found) => {
            log::warn!("{} uploaded what is infected with {found}", caller.actor_text());
            return Err(Error::new(&codes::FILE_INFECTED));
        }
        Verdict::Unknown(why) => {
            log::warn!("{id} waits to be scanned: {why}");
            FileScanStatus::Pending
        }
    };
    let now = db.now();
    let row = FileRow {
        id,
        object_key: Some(key.to_owned()),
        partner_id: caller.partner(),
        name,
        media_type: taken.media_type,
        size_bytes: i64::try_from(taken.size).unwrap_or(i64::MAX),
        sha256: taken.sha256.clone(),
        scan_status,
        scanned_at: (scan_status == FileScanStatus::Clean).then_some(now),
        retain_until: new.retain_until,
        content_deleted_at: None,
        uploaded_by: caller.actor_text(),
        revision: 1,
        created_at: now,
        updated_at: now,
    };
    // The key covers the content, whose hash is known only now.
    let request = caller.request().clone();
    let idempotency = request.idempotency.clone().map(|key| IdempotencyKey {
        body_hash: taken.sha256,
        ..key
    });
    let caller = caller.in_request(Request { idempotency, ..request });
    db.write(&caller, move |tx| {
        let row = queries::insert(tx, row.clone())?;
        Ok(Created(row.seen(tx.caller())))
    })
    .await
}

/// Passes the content on to the store, looking at it on the way.
async fn pass(writing: &mut Writing, mut payload: Payload, declared: &str, limit: u64) -> Result<Taken> {
    let (mut size, mut hash) = (0_u64, Sha256::new());
    let (mut head, mut media_type) = (Vec::with_capacity(HEAD), None);
    loop {
        let next = tokio::time::timeout(PIECE_DEADLINE, payload.next())
            .await
            .map_err(|_elapsed| Error::new(&codes::REQUEST_TIMEOUT))?;
        let Some(piece) = next else { break };
        let piece = piece.map_err(|error| {
            Error::new(&codes::MALFORMED_JSON)
                .detail("The upload ended too early; send it whole.")
                .cause(error)
        })?;
        size = size.saturating_add(u64::try_from(piece.len()).unwrap_or(u64::MAX));
        if size > limit {
            return Err(too_large(limit));
        }
        if head.len() < HEAD {
            head.extend(piece.iter().take(HEAD - head.len()));
            if head.len() == HEAD {
                media_type = Some(kind(declared, &head)?);
            }
        }
        hash.update(&piece);
        writing.write(piece).await?;
    }
    if size == 0 {
        return Err(Error::field(
            "#",
            "empty_file",
            "The file is empty; send its content as the body.",
        ));
    }
    let media_type = match media_type {
        Some(media_type) => media_type,
        None => kind(declared, &head)?,
    };
    Ok(Taken {
        size,
        sha256: hex::encode(&hash.finalize()),
        media_type,
    })
}

/// The refusal of what is larger than files may be.
pub fn too_large(limit: u64) -> Error {
    Error::new(&codes::PAYLOAD_TOO_LARGE).detail(format!("A file may have at most {limit} bytes."))
}

const NOT_TAKEN: &str =
    "Files of this kind are not taken; send a PDF, an image, an office document, an archive, a video or plain text.";

fn kind(declared: &str, head: &[u8]) -> Result<String> {
    names::media_type(declared, head).map_err(|refusal| match refusal {
        Refusal::NotTaken => Error::new(&codes::UNSUPPORTED_MEDIA_TYPE).detail(NOT_TAKEN),
        Refusal::Unknown => Error::contradicts("#", "unknown_file_type", NOT_TAKEN),
        Refusal::Mismatch(shown) => Error::contradicts(
            "header:Content-Type",
            "type_mismatch",
            format!("The content is {shown}, not {declared}; send the type that it is."),
        ),
    })
}
