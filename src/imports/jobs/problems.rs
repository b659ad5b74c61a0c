//! The rows of an import that are wrong, as a file: mended, it can be brought in by the same mapping.

use std::{collections::BTreeMap, io};

use actix_web::{HttpRequest, HttpResponse, Responder, body::BoxBody, http::header, web::Bytes};
use futures_util::stream;
use serde_json::{Map, Value};
use utoipa::{
    IntoResponses,
    openapi::{ContentBuilder, RefOr, Response, ResponseBuilder},
};

use super::{
    model::{Import, ImportFormat, ImportProblems},
    queries::Work,
    reading::{PROBLEM_COLUMNS, cells, guarded},
    row_queries::{self, Wrong},
};
use crate::{
    auth::Caller,
    db::Db,
    error::{Error, Result},
    kernel::schemas,
};

/// How many rows are written at a time.
const ROWS: i64 = 500;
/// The media types.
const CSV: &str = "text/csv";
const NDJSON: &str = "application/x-ndjson";

/// The file as an answer.
#[derive(Debug)]
pub struct ProblemFile(HttpResponse);

impl Responder for ProblemFile {
    type Body = BoxBody;

    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        self.0
    }
}

impl IntoResponses for ProblemFile {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        let content = || {
            ContentBuilder::new()
                .schema(Some(schemas::met::<ImportProblems>()))
                .build()
        };
        let response = ResponseBuilder::new()
            .description("The rows that are wrong, each with its line and its reason.")
            .content(CSV, content())
            .content(NDJSON, content())
            .build();
        BTreeMap::from([("200".to_owned(), response.into())])
    }
}

/// How the rows are written.
#[derive(Debug, Clone)]
struct Form {
    /// How the rows of the file were written that was brought in.
    of: ImportFormat,
    /// How they are written now.
    to: ImportFormat,
    /// The columns of that file, without those of a file of problems.
    columns: Vec<String>,
    /// All of them, as they stand in a row that was kept.
    header: Vec<String>,
    /// What stands between cells, so that the same mapping reads them.
    delimiter: u8,
    /// What stands between the parts of a list within a cell.
    list: char,
}

/// Where the writing of the file has come to.
struct Written {
    db: Db,
    caller: Caller,
    import: Import,
    pass: i64,
    form: Form,
    /// The last row; none before the line with the columns.
    after: Option<i64>,
}

/// Answers with the rows that are wrong, piece by piece.
pub fn answer(db: &Db, caller: &Caller, import: Import, work: &Work, to: Option<ImportFormat>) -> ProblemFile {
    let header = work.header.as_ref().map(|header| header.0.clone()).unwrap_or_default();
    let own = |name: &&String| !PROBLEM_COLUMNS.contains(&name.as_str());
    let formats = &import.mapping.0.formats;
    let said = formats.delimiter.and_then(|sign| sign.as_str().bytes().next());
    let found = u8::try_from(work.delimiter).ok().filter(|sign| *sign > 0);
    let form = Form {
        delimiter: said.or(found).unwrap_or(b','),
        list: formats
            .list
            .and_then(|sign| sign.as_str().chars().next())
            .unwrap_or(';'),
        of: import.format,
        to: to.unwrap_or(import.format),
        columns: header.iter().filter(own).cloned().collect(),
        header,
    };
    let (media, end) = match form.to {
        ImportFormat::Csv => (CSV, "csv"),
        ImportFormat::Ndjson => (NDJSON, "ndjson"),
    };
    let name = format!("attachment; filename=\"problems-{}.{end}\"", import.id);
    let written = Written {
        db: db.clone(),
        caller: caller.clone(),
        pass: work.pass,
        import,
        form,
        after: None,
    };
    let pieces = stream::unfold(Some(written), |written| async move {
        match piece(written?).await {
            Ok((piece, written)) => Some((Ok(piece), written)),
            Err(error) => {
                log::warn!("a file of problems was not written to its end: {error}");
                Some((Err(io::Error::other("the rows cannot be read")), None))
            }
        }
    });
    let mut response = HttpResponse::Ok();
    response
        .insert_header((header::CONTENT_TYPE, media))
        .insert_header((header::CONTENT_DISPOSITION, name))
        .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .insert_header((header::CACHE_CONTROL, "private, no-store"));
    ProblemFile(response.streaming(pieces))
}

/// The next piece; with the last one there is nothing to go on from.
async fn piece(mut written: Written) -> Result<(Bytes, Option<Written>)> {
    let Some(after) = written.after else {
        written.after = Some(0);
        let line = match written.form.to {
            ImportFormat::Csv => {
                let columns = PROBLEM_COLUMNS.iter().map(|name| (*name).to_owned());
                csv_line(&written.form, columns.chain(written.form.columns.iter().cloned()))?
            }
            ImportFormat::Ndjson => Vec::new(),
        };
        // An empty piece would end the body.
        if line.is_empty() {
            return Box::pin(piece(written)).await;
        }
        return Ok((Bytes::from(line), Some(written)));
    };
    let (id, pass) = (written.import.id, written.pass);
    let rows = written
        .db
        .ask(&written.caller, move |tx| row_queries::wrong(tx, id, pass, after, ROWS))
        .await?;
    let mut lines = Vec::new();
    for row in &rows {
        lines.extend(match written.form.to {
            ImportFormat::Csv => as_csv(&written.form, row)?,
            ImportFormat::Ndjson => as_json(&written.form, row)?,
        });
    }
    written.after = rows.last().map(|row| row.line);
    let goes_on = i64::try_from(rows.len()).is_ok_and(|found| found >= ROWS);
    Ok((Bytes::from(lines), goes_on.then_some(written)))
}

fn csv_line(form: &Form, texts: impl Iterator<Item = String>) -> Result<Vec<u8>> {
    let mut writer = csv::WriterBuilder::new()
        .delimiter(form.delimiter)
        .from_writer(Vec::new());
    let cells: Vec<String> = texts.map(|text| guarded(&text)).collect();
    writer.write_record(cells).map_err(Error::internal)?;
    writer.into_inner().map_err(Error::internal)
}

/// The cells of a row by the names of their columns; nothing of one that could not be read.
fn named(form: &Form, row: &Wrong) -> BTreeMap<String, String> {
    let content = row.content.as_deref().unwrap_or_default();
    let read = cells(form.of, content, &form.header, form.list).unwrap_or_default();
    form.header.iter().cloned().zip(read).collect()
}

fn as_csv(form: &Form, row: &Wrong) -> Result<Vec<u8>> {
    let mut named = named(form, row);
    let said = |text: &Option<String>| text.clone().unwrap_or_default();
    let reason = [
        row.line.to_string(),
        said(&row.reason_code),
        said(&row.reason_text),
        said(&row.raw),
    ];
    let cells = form.columns.iter().map(|name| named.remove(name).unwrap_or_default());
    csv_line(form, reason.into_iter().chain(cells))
}

fn as_json(form: &Form, row: &Wrong) -> Result<Vec<u8>> {
    let whole = match (form.of, &row.content) {
        (ImportFormat::Ndjson, Some(content)) => serde_json::from_str(content).unwrap_or_default(),
        _ => {
            let named = named(form, row);
            let own = |(name, _): &(String, String)| form.columns.contains(name);
            Value::Object(
                named
                    .into_iter()
                    .filter(own)
                    .map(|(name, text)| (name, Value::String(text)))
                    .collect(),
            )
        }
    };
    let mut record = Map::new();
    let reasons = [
        Value::from(row.line),
        Value::from(row.reason_code.clone()),
        Value::from(row.reason_text.clone()),
        Value::from(row.raw.clone()),
    ];
    for (name, value) in PROBLEM_COLUMNS.iter().zip(reasons) {
        if !value.is_null() {
            record.insert((*name).to_owned(), value);
        }
    }
    if let Value::Object(members) = whole {
        let own = |(name, _): &(String, Value)| !PROBLEM_COLUMNS.contains(&name.as_str());
        record.extend(members.into_iter().filter(own));
    }
    let mut line = serde_json::to_vec(&Value::Object(record)).map_err(Error::internal)?;
    line.push(b'\n');
    Ok(line)
}
