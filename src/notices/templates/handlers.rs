//! One function per operation: take, call, answer.

use actix_web::{get, patch, post};

use super::{
    model::{NoticePreview, NoticeTemplate, NoticeTemplateList, NoticeTemplatePatch, NoticeTemplatePath},
    queries::{self, Texts},
};
use crate::{
    auth::Caller,
    db::Db,
    http::{IfMatch, IfMatchIfSent, Json, Path, Plain, Reply},
    kernel::page::{Page, Paging},
};

/// List the texts of notices
///
/// The built-in ones in English and German, as they were edited or as they came, and those of other languages. Those of topics
/// of modules that are off are not among them.
#[utoipa::path]
#[get("")]
pub async fn list_notice_templates(db: Db, caller: Caller) -> Reply<Plain<NoticeTemplateList>> {
    db.read(&caller, |tx| {
        let modules = tx.caller().request().switches.modules();
        let data = Texts::load(tx)?.all(modules);
        Ok(Plain(NoticeTemplateList { data }))
    })
    .await
}

/// Read the text of a notice
///
/// The text that people of that language get. A locale without a text of its own answers that of its language, or the English one.
#[utoipa::path(params(NoticeTemplatePath), extensions(("x-errors" = json!(["not_found"]))))]
#[get("/{topic}/{locale}")]
pub async fn get_notice_template(
    db: Db,
    caller: Caller,
    path: Path<NoticeTemplatePath>,
) -> Reply<Json<NoticeTemplate>> {
    db.read(&caller, move |tx| {
        queries::find(tx, path.0.topic, &path.0.locale).map(Json)
    })
    .await
}

/// Change the text of a notice
///
/// From the next notice on. What the topic does not know as a placeholder is refused and named.
#[utoipa::path(params(NoticeTemplatePath, IfMatch), extensions(("x-errors" = json!(["not_found"]))))]
#[patch("/{topic}/{locale}")]
pub async fn update_notice_template(
    db: Db,
    caller: Caller,
    path: Path<NoticeTemplatePath>,
    seen: IfMatch,
    patch: Json<NoticeTemplatePatch>,
) -> Reply<Json<NoticeTemplate>> {
    db.write(&caller, move |tx| {
        let before = queries::find(tx, path.0.topic, &path.0.locale)?;
        seen.check(before.revision)?;
        let texts = before.patched(&patch.0)?;
        if (&texts.0, &texts.1) == (&before.subject, &before.body) {
            return Ok(Json(before));
        }
        queries::append(tx, &before, Some(texts)).map(Json)
    })
    .await
}

/// Give the built-in text back
///
/// The program's own text is kept among the revisions. A language that has no built-in text gets the English one again.
#[utoipa::path(params(NoticeTemplatePath, IfMatchIfSent), extensions(("x-errors" = json!(["not_found"]))))]
#[post("/{topic}/{locale}/reset")]
pub async fn reset_notice_template(
    db: Db,
    caller: Caller,
    path: Path<NoticeTemplatePath>,
    seen: IfMatch,
) -> Reply<Json<NoticeTemplate>> {
    db.write(&caller, move |tx| {
        let before = queries::find(tx, path.0.topic, &path.0.locale)?;
        seen.check(before.revision)?;
        if !before.is_own() {
            return Ok(Json(before));
        }
        queries::append(tx, &before, None).map(Json)
    })
    .await
}

/// Try the text of a notice
///
/// The text as it would read with made-up data: the one in force with the changes that are sent, which are not stored.
#[utoipa::path(params(NoticeTemplatePath), extensions(("x-errors" = json!(["not_found"]))))]
#[post("/{topic}/{locale}/preview")]
pub async fn preview_notice_template(
    db: Db,
    caller: Caller,
    path: Path<NoticeTemplatePath>,
    patch: Json<NoticeTemplatePatch>,
) -> Reply<Plain<NoticePreview>> {
    db.read(&caller, move |tx| {
        let (template, written_in) = queries::find_written(tx, path.0.topic, &path.0.locale)?;
        template.preview(&patch.0, &written_in).map(Plain)
    })
    .await
}

/// List the edits of a text
///
/// Every edit that there was, the last first. One that gave the built-in text back reads as that text.
#[utoipa::path(params(NoticeTemplatePath, Paging), extensions(("x-errors" = json!(["not_found"]))))]
#[get("/{topic}/{locale}/revisions")]
pub async fn list_notice_template_revisions(
    db: Db,
    caller: Caller,
    path: Path<NoticeTemplatePath>,
    paging: Paging,
) -> Reply<Page<NoticeTemplate>> {
    db.snapshot(&caller, move |tx| {
        queries::revisions(tx, path.0.topic, &path.0.locale, &paging)
    })
    .await
}
