//! One function per operation: take, call, answer.

use actix_web::{get, post};

use super::{
    model::{Notice, NoticeFilter, ReadUpTo, UnreadNotices},
    queries,
};
use crate::{
    auth::Caller,
    db::Db,
    http::{Json, Path, Plain, Query, Reply},
    kernel::{
        ids::NoticeId,
        page::{Page, Paging},
    },
};

/// List your notices
///
/// What the caller was told of in the app, the newest first. Nobody reads those of others. For people only.
#[utoipa::path(params(NoticeFilter, Paging))]
#[get("")]
pub async fn list_notices(db: Db, caller: Caller, filter: Query<NoticeFilter>, paging: Paging) -> Reply<Page<Notice>> {
    let person = caller.person()?;
    db.read(&caller, move |tx| queries::page(tx, person, &filter.0, &paging))
        .await
}

/// Count your unread notices
///
/// How many of the caller's notices wait to be read. For people only.
#[utoipa::path]
#[get("/unread-count")]
pub async fn count_unread_notices(db: Db, caller: Caller) -> Reply<Plain<UnreadNotices>> {
    let person = caller.person()?;
    db.read(&caller, move |tx| {
        let unread = queries::unread(tx, person)?;
        Ok(Plain(UnreadNotices { unread }))
    })
    .await
}

/// Mark your notices as read
///
/// All that were written by a moment, as of the caller's last look; answers how many are still unread. For people only.
#[utoipa::path]
#[post("/read-all")]
pub async fn read_notices(db: Db, caller: Caller, up_to: Json<ReadUpTo>) -> Reply<Plain<UnreadNotices>> {
    let person = caller.person()?;
    db.write(&caller, move |tx| {
        queries::read_all(tx, person, up_to.0.until)?;
        let unread = queries::unread(tx, person)?;
        Ok(Plain(UnreadNotices { unread }))
    })
    .await
}

/// Mark a notice as read
///
/// The first time counts; after that nothing changes. A notice of somebody else is not found. For people only.
#[utoipa::path(params(NoticeId))]
#[post("/{id}/read")]
pub async fn read_notice(db: Db, caller: Caller, id: Path<NoticeId>) -> Reply<Json<Notice>> {
    let person = caller.person()?;
    db.write(&caller, move |tx| queries::read(tx, person, id.0).map(Json))
        .await
}
