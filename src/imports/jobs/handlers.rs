//! One function per operation: take, call, answer.

use std::time::Duration;

use actix_web::{get, post, web::Data};

use super::{
    authority::Authority,
    mapping_model::{ImportSuggestion, NewImportSuggestion},
    model::{Import, ImportFilter, ImportFormat, ImportProblemsAs, ImportRow, ImportRowFilter, ImportWait, NewImport},
    problems::{self, ProblemFile},
    queries::{self, Phase, Work},
    reading::{Records, likely_encoding, sniffed},
    row_queries,
    rules::{self, FileFacts},
    suggestion, taking, worker,
};
use crate::{
    auth::Caller,
    db::{Db, Tx},
    error::{Error, Result, codes},
    events::queries as events,
    files,
    http::{Accepted, IfMatch, IfMatchIfSent, Json, Path, Plain, Query, Reply, Sent, State},
    imports::formats::{Encoding, Formats, Given},
    kernel::{
        ids::{FileId, Id as _, ImportId},
        page::{Page, Paging},
    },
};

/// Seconds that a reader may wait for an import to end, at most.
const LONGEST_WAIT: u64 = 30;
/// How many rows a suggestion looks at.
const LOOKED_AT: usize = 50;

/// List imports
///
/// Newest first unless another order is asked for. Who is limited to some partners' rows sees their own imports.
#[utoipa::path(params(ImportFilter, Paging))]
#[get("")]
pub async fn list_imports(db: Db, caller: Caller, filter: Query<ImportFilter>, paging: Paging) -> Reply<Page<Import>> {
    db.read(&caller, move |tx| queries::page(tx, &filter.0, &paging)).await
}

/// The file that a body names, at its beginning.
struct Begun {
    facts: FileFacts,
    head: Vec<u8>,
    whole: bool,
}

async fn begun(state: &State, db: &Db, caller: &Caller, id: FileId) -> Result<Begun> {
    let opened = files::open(&state.files, db, caller, id).await.map_err(|error| {
        error.when(&codes::NOT_FOUND, || {
            Error::unknown_reference("#/file_id", "There is no such file, or it is not yours to read.")
        })
    })?;
    let mut content = opened.content;
    let (head, whole) = worker::head(&mut content).await?;
    Ok(Begun {
        facts: FileFacts {
            name: opened.name,
            sha256: opened.sha256,
            size: opened.size,
            format: sniffed(&head),
        },
        head,
        whole,
    })
}

/// What is wrong with the first line of a file.
fn unreadable(error: Error) -> Error {
    let detail = error.message().to_owned();
    error.when(&codes::VALIDATION_FAILED, || {
        Error::contradicts("#/file_id", "unreadable_file", detail)
    })
}

/// Bring in a file
///
/// A file of CSV or JSON lines, row by row, in the background. The mapping is checked against the columns at once; every row then
/// gets a verdict and a reason, and a bad row costs only itself. A record is known by the system and the key of its row, so the
/// same file can be brought in again: what says nothing new changes nothing. Begin with `dry_run`, read the verdicts, then commit.
/// Whoever imports must also be permitted to make such records by hand. Poll the import (`wait` helps) until it has ended.
#[utoipa::path(extensions(("x-errors" = json!(["already_exists", "file_infected", "file_not_served"]))))]
#[post("")]
pub async fn create_import(
    db: Db,
    state: Data<State>,
    caller: Caller,
    new: Json<NewImport>,
) -> Reply<Accepted<Import>> {
    rules::check_permitted(&caller, new.0.kind)?;
    let mut begun = begun(&state, &db, &caller, new.0.file_id).await?;
    if let Some(said) = new.0.format.filter(|said| *said != begun.facts.format) {
        if said == ImportFormat::Ndjson {
            let detail = "The file does not begin with a JSON object; send the format that it has.";
            return Err(Error::contradicts("#/format", "wrong_format", detail));
        }
        begun.facts.format = said;
    }
    let (format, by) = (begun.facts.format, caller.actor_text());
    let draft = Import::new(ImportId::at(db.now()), &new.0, &begun.facts, by, db.now())?;
    let plan = worker::plan(&state, &draft)?;
    if format == ImportFormat::Csv {
        let formats = taking::formats(&plan)?;
        let records = Records::begun(format, begun.head, begun.whole, &formats, Vec::new()).map_err(unreadable)?;
        taking::check_columns(&plan, &records.place().header)?;
    }
    let (facts, again) = (begun.facts, new.0.again);
    db.write(&caller, move |tx| {
        let by = tx.caller().actor_text();
        let import = Import::new(tx.new_id(), &new.0, &facts, by, tx.now)?;
        let work = Work::new(&import, Authority::of(tx.caller()), again);
        queries::insert(tx, import, &work).map(Accepted)
    })
    .await
}

/// Suggest a mapping
///
/// From the names of a file's columns, and what stands in its first rows; with `formats.encoding` if the file is not UTF-8. A
/// beginning, to be read before it is used.
#[utoipa::path(extensions(("x-errors" = json!(["file_infected", "file_not_served"]))))]
#[post("/suggest-mapping")]
pub async fn suggest_import_mapping(
    db: Db,
    state: Data<State>,
    caller: Caller,
    new: Json<NewImportSuggestion>,
) -> Reply<Plain<ImportSuggestion>> {
    let begun = begun(&state, &db, &caller, new.0.file_id).await?;
    let format = begun.facts.format;
    let encoding = match format {
        ImportFormat::Csv => likely_encoding(&begun.head, begun.whole),
        ImportFormat::Ndjson => Encoding::Utf8,
    };
    let given = Given {
        encoding: Some(encoding),
        ..Given::default()
    };
    let formats = Formats::of(&given, &Given::default()).map_err(Error::internal)?;
    let columns = suggestion::members(format, &begun.head);
    let mut records = Records::begun(format, begun.head, begun.whole, &formats, columns).map_err(unreadable)?;
    let mut rows = Vec::new();
    while rows.len() < LOOKED_AT {
        let Some(read) = records.read()? else { break };
        rows.extend(read.row.cells.ok());
    }
    let columns = records.place().header;
    Sent::of(
        Plain(suggestion::suggested((format, encoding), new.0.kind, &columns, &rows)),
        &caller,
    )
}

/// Read an import
///
/// Where it stands and how far it has come. With `wait` the answer comes when it has ended, or after so many seconds.
#[utoipa::path(params(ImportId, ImportWait))]
#[get("/{id}")]
pub async fn get_import(
    db: Db,
    state: Data<State>,
    caller: Caller,
    id: Path<ImportId>,
    wait: Query<ImportWait>,
) -> Reply<Json<Import>> {
    let longest = Duration::from_secs(wait.0.wait.unwrap_or(0).min(LONGEST_WAIT));
    let mut waiting = state.tail.wait(longest);
    loop {
        let (import, read_to) = db
            .ask_snapshot(&caller, move |tx| {
                // Its end is an event, so whoever waits for one looks again.
                let read_to = events::last_position(tx)?.unwrap_or(0);
                Ok((queries::find(tx, id.0)?, read_to))
            })
            .await?;
        if import.has_ended() || !waiting.beyond(&db, read_to).await? {
            return Sent::of(Json(import), &caller);
        }
    }
}

/// List the rows of an import
///
/// Each with its verdict, in the order of the file: those that were read so far. They are kept for 90 days after the end unless the
/// deployment says otherwise.
#[utoipa::path(params(ImportId, ImportRowFilter, Paging))]
#[get("/{id}/rows")]
pub async fn list_import_rows(
    db: Db,
    caller: Caller,
    id: Path<ImportId>,
    filter: Query<ImportRowFilter>,
    paging: Paging,
) -> Reply<Page<ImportRow>> {
    db.snapshot(&caller, move |tx| {
        let import = queries::find(tx, id.0)?;
        let work = queries::work(tx, import.id)?;
        row_queries::page(tx, import.id, work.pass, &filter.0, &paging)
    })
    .await
}

/// Read the rows that are wrong
///
/// As a file with the columns of the one that was brought in, and before them the line and the reason. Mend it, upload it, and bring
/// it in by the same mapping; the columns with the reasons are passed over. Cells that a spreadsheet would take for a formula begin
/// with an apostrophe, which is taken away again. What could not be read at all stands in `openprm_raw`.
#[utoipa::path(params(ImportId, ImportProblemsAs))]
#[get("/{id}/problems")]
pub async fn get_import_problems(
    db: Db,
    caller: Caller,
    id: Path<ImportId>,
    form: Query<ImportProblemsAs>,
) -> Result<ProblemFile> {
    let (import, work) = db
        .ask_snapshot(&caller, move |tx| {
            let import = queries::find(tx, id.0)?;
            let work = queries::work(tx, import.id)?;
            Ok((import, work))
        })
        .await?;
    Ok(problems::answer(&db, &caller, import, &work, form.0.format))
}

/// Changes an import that no batch is at, with the work on it.
fn change(
    tx: &mut Tx<'_>,
    id: ImportId,
    seen: IfMatch,
    kind: &'static str,
    step: &dyn Fn(&mut Tx<'_>, &Import, &mut Work) -> Result<Import>,
) -> Result<Import> {
    let mut held = queries::hold_for_change(tx, id)?;
    seen.check(held.import.revision)?;
    let after = step(tx, &held.import, &mut held.work)?;
    queries::save(tx, &held.import, after, &held.work, kind)
}

/// Commit a dry run
///
/// Goes over the very rows that were looked at once more, and keeps what they make. Send the tag of the import that was looked at as
/// `If-Match`. From then on its rows are taken with what the caller is permitted.
#[utoipa::path(
    params(ImportId, IfMatchIfSent),
    extensions(("x-errors" = json!(["invalid_state", "guard_failed", "already_exists", "contradiction"])))
)]
#[post("/{id}/commit")]
pub async fn commit_import(db: Db, caller: Caller, id: Path<ImportId>, seen: IfMatch) -> Reply<Accepted<Import>> {
    db.write(&caller, move |tx| {
        let after = change(tx, id.0, seen, "import.committed", &|tx, before, work| {
            rules::check_permitted(tx.caller(), before.kind)?;
            let after = before
                .clone()
                .committed((work.read_skipped, work.read_rejected), tx.now)?;
            work.content_key = work.content_key.is_some().then(|| rules::content_key(&after));
            work.authority.0 = Authority::of(tx.caller());
            work.pass += 1;
            work.turned(Phase::Rows);
            Ok(after)
        })?;
        Ok(Accepted(after))
    })
    .await
}

/// Cancel an import
///
/// After the batch that is under way nothing more of it is taken; what was taken before stays, and can be undone.
#[utoipa::path(params(ImportId, IfMatchIfSent), extensions(("x-errors" = json!(["invalid_state"]))))]
#[post("/{id}/cancel")]
pub async fn cancel_import(
    db: Db,
    state: Data<State>,
    caller: Caller,
    id: Path<ImportId>,
    seen: IfMatch,
) -> Reply<Json<Import>> {
    let days = state.config.import_days;
    db.write(&caller, move |tx| {
        let after = change(tx, id.0, seen, "import.cancelled", &|tx, before, work| {
            let after = before.clone().ended("cancel", tx.now.plus_days(days), tx.now)?;
            work.content_key = None;
            if before.started_at.is_some() && !before.dry_run {
                queries::close_run(tx, &after, Some("It was cancelled."))?;
            }
            Ok(after)
        })?;
        Ok(Json(after))
    })
    .await
}

/// Undo an import
///
/// In the background, the last row first: a record that a row made is removed, or withdrawn where such records are not removed; one
/// that it changed gets its previous values. A record that has another revision than the one in which the import left it is left as
/// it is, and so is what other records depend on, or what got a part from elsewhere (a product's alias, a person's time at a partner,
/// a partner's account manager); each row says what became of it, and why.
#[utoipa::path(
    params(ImportId, IfMatchIfSent),
    extensions(("x-errors" = json!(["invalid_state", "guard_failed", "contradiction"])))
)]
#[post("/{id}/undo")]
pub async fn undo_import(db: Db, caller: Caller, id: Path<ImportId>, seen: IfMatch) -> Reply<Accepted<Import>> {
    db.write(&caller, move |tx| {
        let after = change(tx, id.0, seen, "import.undo_requested", &|tx, before, work| {
            rules::check_permitted(tx.caller(), before.kind)?;
            let after = before.clone().undoing(tx.now)?;
            work.authority.0 = Authority::of(tx.caller());
            work.content_key = None;
            work.turned(Phase::Undo);
            Ok(after)
        })?;
        Ok(Accepted(after))
    })
    .await
}
