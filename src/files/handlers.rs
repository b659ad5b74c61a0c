//! One function per operation: take, call, answer.

use actix_web::{
    HttpRequest, delete, get,
    http::header,
    post,
    web::{Data, Payload},
};

use super::{
    attachments,
    content::{self, Content},
    model::{
        Attachment, AttachmentFilter, FileContent, FileFilter, FileLink, FileLinkProof, NewAttachment, NewFile,
        NewFileLink, StoredFile,
    },
    queries, upload,
};
use crate::{
    auth::{Caller, Role},
    db::Db,
    error::{Error, Result, codes},
    http::{Created, IfMatch, Json, NoContent, Path, Plain, Query, Reply, State},
    kernel::{
        ids::{AttachmentId, FileId},
        page::{Page, Paging},
        states,
    },
};

/// For how many minutes a link is good.
const LINK_MINUTES: i64 = 15;

/// List files
///
/// What you or your side uploaded, and what is attached to records that you may see, newest first.
#[utoipa::path(params(FileFilter, Paging))]
#[get("")]
pub async fn list_files(db: Db, caller: Caller, filter: Query<FileFilter>, paging: Paging) -> Reply<Page<StoredFile>> {
    db.snapshot(&caller, move |tx| queries::page(tx, &filter.0, &paging))
        .await
}

/// Upload a file
///
/// The body is the content, byte for byte; it is passed on to the store as it comes. `Content-Type` says what it is, or
/// `application/octet-stream` to have it recognised; what the content shows must agree with it. Text is UTF-8, or ISO 8859-1 or
/// Windows-1252 as older systems export CSV. An idempotency key covers the name and the content.
#[utoipa::path(
    params(NewFile),
    request_body(content = FileContent, content_type = "application/octet-stream", description = "The content of the file."),
    extensions(("x-errors" = json!(["file_infected", "conflict"])))
)]
#[post("")]
pub async fn upload_file(
    request: HttpRequest,
    db: Db,
    caller: Caller,
    new: Query<NewFile>,
    payload: Payload,
) -> Reply<Created<StoredFile>> {
    let state: Data<State> = State::of(&request)?;
    let header = |name: header::HeaderName| {
        let value = request.headers().get(name).and_then(|value| value.to_str().ok());
        value.unwrap_or_default().to_owned()
    };
    let length = header(header::CONTENT_LENGTH).parse::<u64>().unwrap_or(0);
    if length > state.files.limit {
        return Err(upload::too_large(state.files.limit));
    }
    let declared = header(header::CONTENT_TYPE);
    let declared = declared
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase();
    upload::take(&state.files, &db, &caller, new.0, &declared, payload).await
}

/// Read about a file
///
/// What is known of it; its content is read by a link.
#[utoipa::path(params(FileId))]
#[get("/{id}")]
pub async fn get_file(db: Db, caller: Caller, id: Path<FileId>) -> Reply<Json<StoredFile>> {
    db.read(&caller, move |tx| {
        let row = queries::find(tx, id.0)?;
        Ok(Json(row.seen(tx.caller())))
    })
    .await
}

/// Delete a file
///
/// With its content, by who uploaded it or who runs its side, as long as it is attached to nothing.
#[utoipa::path(params(FileId, IfMatch), extensions(("x-errors" = json!(["guard_failed"]))))]
#[delete("/{id}")]
pub async fn delete_file(db: Db, caller: Caller, id: Path<FileId>, seen_at: IfMatch) -> Reply<NoContent> {
    db.write(&caller, move |tx| {
        let row = queries::find(tx, id.0)?;
        seen_at.check(row.revision)?;
        let caller = tx.caller();
        let runs_it = if caller.is_vendor() {
            caller.has(Role::Admin) || caller.has(Role::ChannelOps)
        } else {
            caller.has(Role::PartnerAdmin) && caller.partner() == row.partner_id
        };
        if row.uploaded_by != caller.actor_text() && !runs_it {
            return Err(Error::new(&codes::FORBIDDEN).detail("You may read this file, but it is another's to delete."));
        }
        if queries::is_attached(tx, row.id)? {
            let detail = "The file is attached to a record; remove it there first.";
            return Err(Error::guards(
                "stored",
                "delete_file",
                vec![states::guard("not_attached", "#", detail)],
            ));
        }
        queries::delete(tx, row).map(|()| NoContent)
    })
    .await
}

/// Make a link to a file's content
///
/// Good for that file and some minutes, without a token: for a browser or another program. A file that waits to be scanned
/// is scanned first.
#[utoipa::path(params(FileId), extensions(("x-errors" = json!(["file_infected", "file_not_served"]))))]
#[post("/{id}/links")]
pub async fn create_file_link(
    request: HttpRequest,
    db: Db,
    caller: Caller,
    id: Path<FileId>,
    new: Json<NewFileLink>,
) -> Reply<Plain<FileLink>> {
    let state: Data<State> = State::of(&request)?;
    let row = db.ask(&caller, move |tx| queries::find(tx, id.0)).await?;
    let row = content::scanned(&state.files, &db, &caller, row).await?;
    content::served(&row, state.files.scanner.is_there())?;
    let (master, url) = (state.identity.master().clone(), state.config.public_url.clone());
    let minutes = new.0.minutes.unwrap_or(LINK_MINUTES);
    db.read(&caller, move |tx| {
        let until = tx.now.plus_seconds(minutes * 60);
        Ok(Plain(content::link(&master, &url, row.id, until)))
    })
    .await
}

/// Read the content of a file
///
/// By a link that was made for it: the link is the permission, and without one there is nothing here. It is answered as
/// an attachment of no particular type.
#[utoipa::path(params(FileId, FileLinkProof), extensions(("x-errors" = json!(["invalid_token", "file_infected", "file_not_served"]))))]
#[get("/{id}/content")]
pub async fn get_file_content(
    request: HttpRequest,
    db: Db,
    id: Path<FileId>,
    proof: Query<FileLinkProof>,
) -> Result<Content> {
    let state: Data<State> = State::of(&request)?;
    content::check(state.identity.master(), id.0, &proof.0, db.now())?;
    let reader = Caller::system("file_link");
    let row = db.ask(&reader, move |tx| queries::find(tx, id.0)).await?;
    let key = content::served(&row, state.files.scanner.is_there())?;
    content::answer(&state.files, &db, &reader, &row, key).await
}

/// List attachments
///
/// The files of records that you may see, as they were attached.
#[utoipa::path(params(AttachmentFilter, Paging))]
#[get("")]
pub async fn list_attachments(
    db: Db,
    caller: Caller,
    filter: Query<AttachmentFilter>,
    paging: Paging,
) -> Reply<Page<Attachment>> {
    db.snapshot(&caller, move |tx| queries::attachment_page(tx, &filter.0, &paging))
        .await
}

/// Attach a file to a record
///
/// A file that you may read, to a registration, a piece of its evidence or an appeal that you may write. Whoever reads the
/// record reads the file.
#[utoipa::path(extensions(("x-errors" = json!(["already_exists", "guard_failed"]))))]
#[post("")]
pub async fn create_attachment(db: Db, caller: Caller, new: Json<NewAttachment>) -> Reply<Created<Attachment>> {
    db.write(&caller, move |tx| attachments::attach(tx, &new.0).map(Created))
        .await
}

/// Read an attachment
///
/// If you may see the record.
#[utoipa::path(params(AttachmentId))]
#[get("/{id}")]
pub async fn get_attachment(db: Db, caller: Caller, id: Path<AttachmentId>) -> Reply<Json<Attachment>> {
    db.read(&caller, move |tx| {
        queries::find_attachment(tx, id.0).map(|(_, attachment)| Json(attachment))
    })
    .await
}

/// Remove an attachment
///
/// The file stays, and can be attached again. What was shown with an appeal, or as a piece of evidence, is not removed.
#[utoipa::path(params(AttachmentId, IfMatch), extensions(("x-errors" = json!(["guard_failed"]))))]
#[delete("/{id}")]
pub async fn delete_attachment(db: Db, caller: Caller, id: Path<AttachmentId>, seen_at: IfMatch) -> Reply<NoContent> {
    db.write(&caller, move |tx| {
        let (row, attachment) = queries::find_attachment(tx, id.0)?;
        seen_at.check(row.revision)?;
        attachments::detach(tx, &attachment).map(|()| NoContent)
    })
    .await
}
