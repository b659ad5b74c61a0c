//! One function per operation: take, call, answer.

use actix_web::{get, put};

use super::{
    model::{NewNoticePreferences, NoticePreferences},
    queries,
    rules::Wishes,
};
use crate::{
    auth::Caller,
    db::Db,
    http::{IfMatch, Json, Reply},
    notices::catalogue::NoticeSide,
};

/// Read how you are told
///
/// Topic by topic in the app and by mail, with the quiet hours, the hour of the digest, the language and the time zone. Who
/// chose nothing reads what the catalogue has. For people only.
#[utoipa::path]
#[get("/v1/me/notice-preferences")]
pub async fn get_notice_preferences(db: Db, caller: Caller) -> Reply<Json<NoticePreferences>> {
    let (person, side) = (caller.person()?, NoticeSide::of(&caller));
    let modules = caller.request().switches.modules();
    db.read(&caller, move |tx| {
        Ok(Json(queries::of(tx, person)?.shown(person, side, modules)))
    })
    .await
}

/// Choose how you are told
///
/// The whole of it, from the next notice on. What is left out is as the catalogue has it. Some topics cannot be switched off.
/// For people only.
#[utoipa::path(params(IfMatch))]
#[put("/v1/me/notice-preferences")]
pub async fn update_notice_preferences(
    db: Db,
    caller: Caller,
    seen: IfMatch,
    new: Json<NewNoticePreferences>,
) -> Reply<Json<NoticePreferences>> {
    let (person, side) = (caller.person()?, NoticeSide::of(&caller));
    let modules = caller.request().switches.modules();
    db.write(&caller, move |tx| {
        let before = queries::of(tx, person)?;
        seen.check(before.revision)?;
        let after = Wishes::chosen(&new.0, (side, modules), &before, tx.now)?;
        let saved = queries::save(tx, person, side, before, after)?;
        Ok(Json(saved.shown(person, side, modules)))
    })
    .await
}
