//! What handlers answer with. The type of a reply is its contract: status, headers and schema come from it.

use std::{
    borrow::Cow,
    collections::BTreeMap,
    hash::{DefaultHasher, Hash as _, Hasher as _},
    marker::PhantomData,
    rc::Rc,
};

use actix_web::{
    HttpMessage as _, HttpRequest, HttpResponse, HttpResponseBuilder, Responder,
    body::BoxBody,
    http::{Method, StatusCode, header},
    web::Bytes,
};
use serde::Serialize;
use utoipa::{
    IntoResponses, ToSchema,
    openapi::{ContentBuilder, Ref, RefOr, Response, ResponseBuilder},
};

use super::{Json, document, extract::Checked, resource::Resource};
use crate::{
    auth::{Caller, Request},
    error::{Error, Result},
    kernel::{Language, page::Page, schemas},
};

/// What a handler returns.
pub type Reply<A> = Result<Sent<A>>;

/// A reply that can be written down: sent now, and replayed for the same idempotency key.
pub trait Answer: Documented + Send + 'static {
    /// Status, headers and body.
    ///
    /// # Errors
    /// 400 for `fields` that the answer does not have.
    fn render(self, request: &Request) -> Result<Rendered>;
}

/// A reply with a place in the contract.
pub trait Documented {
    /// Its responses by status.
    fn responses() -> BTreeMap<String, RefOr<Response>>;
}

/// A reply as it goes out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendered {
    /// The status.
    pub status: u16,
    /// The strong entity tag.
    pub etag: Option<String>,
    /// Where the record is.
    pub location: Option<String>,
    /// Where the next page begins.
    pub next_cursor: Option<String>,
    /// The body.
    pub body: Option<Bytes>,
    /// Whether it shows a secret once: then it is never stored in clear.
    pub secret: bool,
    /// Whether it was answered before for the same idempotency key.
    pub replayed: bool,
    /// How many rows it lists, if it is a page.
    pub rows: Option<usize>,
    /// A cookie that the browser shall keep, or drop. A replay has none.
    pub cookie: Option<String>,
}

/// How many rows an answer lists: left with the response for those who look at it on its way out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Listed(pub usize);

/// A rendered reply that remembers its type for the contract.
#[derive(Debug)]
pub struct Sent<A>(Rendered, PhantomData<fn() -> A>);

impl<A> Sent<A> {
    /// The reply of that type.
    pub fn new(rendered: Rendered) -> Self {
        Self(rendered, PhantomData)
    }

    /// Whether it was answered before for the same idempotency key, and this request did nothing.
    pub const fn was_replayed(&self) -> bool {
        self.0.replayed
    }
}

impl<A: Answer> Sent<A> {
    /// An answer that was made outside of a transaction.
    ///
    /// # Errors
    /// As [`Answer::render`].
    pub fn of(answer: A, caller: &Caller) -> Result<Self> {
        answer.render(caller.request()).map(Self::new)
    }
}

/// A record was made: 201 with `Location` and `ETag`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Created<T>(pub T);

/// Work was begun that goes on in the background: 202 with the record that tells how far it is, its `Location`, and when to ask
/// again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accepted<T>(pub T);

/// Seconds after which whoever began work may ask how far it is.
const ASK_AFTER: &str = "1";

/// A record was put at the caller's own id: 201 if it is new, 200 if it was there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upserted<T> {
    /// The record as it is now.
    pub record: T,
    /// Whether it was made by this request.
    pub created: bool,
}

/// An answer that is no record: 200.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plain<T>(pub T);

/// Done, and nothing to show: 204.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoContent;

fn digest(bytes: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    bytes.hash(&mut hasher);
    hasher.finish()
}

/// About as much JSON as a record has: room for it is made at once.
const RECORD: usize = 2048;

/// The JSON of a reply, with only the fields asked for. Of a list, `rows` is how many it has.
fn encode<T: Serialize>(value: &T, request: &Request, rows: Option<usize>) -> Result<Bytes> {
    // Grown step by step, a page of records is copied again and again.
    let mut whole = Vec::with_capacity(rows.unwrap_or(1).saturating_mul(RECORD).max(256));
    serde_json::to_writer(&mut whole, value).map_err(Error::internal)?;
    match &request.fields {
        None => Ok(whole.into()),
        // Written and read again: a second serializer for every type, which `to_value` would be, weighs more than this rare way.
        Some(fields) => narrow(&whole, fields, rows.is_some()),
    }
}

/// Only those fields of a record, or of each record of a list.
fn narrow(whole: &[u8], fields: &[String], list: bool) -> Result<Bytes> {
    let mut whole: serde_json::Value = serde_json::from_slice(whole).map_err(Error::internal)?;
    let keep = |record: &mut serde_json::Value| {
        if let Some(record) = record.as_object_mut() {
            // What was asked for by `expand` stays: it need not be asked for twice.
            record.retain(|name, value| {
                fields.iter().any(|field| field == name) || (name == "expanded" && !value.is_null())
            });
        }
    };
    if list {
        whole
            .get_mut("data")
            .and_then(serde_json::Value::as_array_mut)
            .into_iter()
            .flatten()
            .for_each(keep);
    } else {
        keep(&mut whole);
    }
    serde_json::to_vec(&whole).map(Bytes::from).map_err(Error::internal)
}

/// A record that could be expanded and was not.
#[derive(Serialize)]
struct Unexpanded<'a, T> {
    #[serde(flatten)]
    record: &'a T,
    expanded: (),
}

/// The JSON of one record.
fn record<T: Resource>(value: &T, request: &Request) -> Result<Bytes> {
    if T::EXPANDABLE {
        let whole = Unexpanded {
            record: value,
            expanded: (),
        };
        encode(&whole, request, None)
    } else {
        encode(value, request, None)
    }
}

impl Rendered {
    /// A body of JSON; of a record with its revision.
    pub(super) fn json(status: u16, body: Bytes, revision: Option<i64>) -> Self {
        let hash = digest(&body);
        let etag = revision.map_or_else(
            || format!("\"{hash:016x}\""),
            |revision| format!("\"{revision}-{hash:016x}\""),
        );
        Self {
            status,
            etag: Some(etag),
            location: None,
            next_cursor: None,
            body: Some(body),
            secret: false,
            replayed: false,
            rows: None,
            cookie: None,
        }
    }
}

impl<T: Resource> Answer for Json<T> {
    fn render(self, request: &Request) -> Result<Rendered> {
        Ok(Rendered::json(200, record(&self.0, request)?, Some(self.0.revision())))
    }
}

impl<T: Resource> Answer for Created<T> {
    fn render(self, request: &Request) -> Result<Rendered> {
        Ok(Rendered {
            location: Some(self.0.path()),
            ..Rendered::json(201, record(&self.0, request)?, Some(self.0.revision()))
        })
    }
}

impl<T: Resource> Answer for Accepted<T> {
    fn render(self, request: &Request) -> Result<Rendered> {
        Ok(Rendered {
            location: Some(self.0.path()),
            ..Rendered::json(202, record(&self.0, request)?, Some(self.0.revision()))
        })
    }
}

impl<T: Resource> Answer for Upserted<T> {
    fn render(self, request: &Request) -> Result<Rendered> {
        if self.created {
            Created(self.record).render(request)
        } else {
            Json(self.record).render(request)
        }
    }
}

impl<T: Serialize + ToSchema + Send + 'static> Answer for Plain<T> {
    fn render(self, request: &Request) -> Result<Rendered> {
        Ok(Rendered::json(200, encode(&self.0, request, None)?, None))
    }
}

impl<T: Serialize + ToSchema + Send + 'static> Answer for Page<T> {
    fn render(self, request: &Request) -> Result<Rendered> {
        let (next_cursor, rows) = (self.next_cursor.clone(), Some(self.data.len()));
        Ok(Rendered {
            next_cursor,
            rows,
            ..Rendered::json(200, encode(&self, request, rows)?, None)
        })
    }
}

impl Answer for NoContent {
    fn render(self, _: &Request) -> Result<Rendered> {
        Ok(Rendered {
            status: 204,
            etag: None,
            location: None,
            next_cursor: None,
            body: None,
            secret: false,
            replayed: false,
            rows: None,
            cookie: None,
        })
    }
}

fn one(status: &str, description: &str, schema: Ref) -> BTreeMap<String, RefOr<Response>> {
    let content = ContentBuilder::new().schema(Some(schema)).build();
    BTreeMap::from([(
        status.to_owned(),
        ResponseBuilder::new()
            .description(description)
            .content("application/json", content)
            .build()
            .into(),
    )])
}

impl<T: Resource> Documented for Json<T> {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        one("200", "The record.", T::answered())
    }
}

impl<T: Resource> Documented for Created<T> {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        one("201", "The record that was made.", T::answered())
    }
}

impl<T: Resource> Documented for Accepted<T> {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        one("202", "The record that tells how far the work is.", T::answered())
    }
}

impl<T: Resource> Documented for Upserted<T> {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        let mut both = one("200", "The record that was there, as it is now.", T::answered());
        both.extend(one("201", "The record that was made.", T::answered()));
        both
    }
}

impl<T: ToSchema> Documented for Plain<T> {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        one("200", "The answer.", schemas::met::<T>())
    }
}

impl<T: ToSchema> Documented for Page<T> {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        one("200", "One page of the list.", schemas::met::<Self>())
    }
}

impl Documented for NoContent {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        BTreeMap::from([(
            "204".to_owned(),
            ResponseBuilder::new()
                .description("Done; there is nothing to show.")
                .build()
                .into(),
        )])
    }
}

impl<A: Documented> IntoResponses for Sent<A> {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        A::responses()
    }
}

impl IntoResponses for Error {
    /// Errors are added to the finished document, from the table of codes.
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        BTreeMap::new()
    }
}

impl<A> Responder for Sent<A> {
    type Body = BoxBody;

    fn respond_to(self, request: &HttpRequest) -> HttpResponse {
        self.0.respond_to(request)
    }
}

impl Rendered {
    fn respond_to(self, request: &HttpRequest) -> HttpResponse {
        let rendered = self;
        let status = StatusCode::from_u16(rendered.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        if let Some(etag) = rendered
            .etag
            .as_deref()
            .filter(|etag| status == StatusCode::OK && unchanged(request, etag))
        {
            let mut builder = HttpResponse::NotModified();
            in_language(&mut builder, request);
            let mut response = builder
                .insert_header((header::ETAG, etag))
                .insert_header((header::CACHE_CONTROL, "private, no-cache"))
                .finish();
            note_rows(&mut response, rendered.rows);
            return response;
        }
        let mut response = HttpResponse::build(status);
        in_language(&mut response, request);
        response.insert_header((
            header::CACHE_CONTROL,
            if rendered.secret {
                "no-store"
            } else {
                "private, no-cache"
            },
        ));
        // What was computed for a POST is no representation of its address; only a record's revision is worth a tag there.
        let read = matches!(*request.method(), Method::GET | Method::HEAD);
        if let Some(etag) = rendered.etag.filter(|etag| read || etag.contains('-')) {
            response.insert_header((header::ETAG, etag));
        }
        if let Some(location) = rendered.location {
            response.insert_header((header::LOCATION, location));
        }
        if status == StatusCode::ACCEPTED {
            response.insert_header((header::RETRY_AFTER, ASK_AFTER));
        }
        if let Some(cursor) = rendered.next_cursor {
            response.insert_header((header::LINK, format!("<{}>; rel=\"next\"", next_page(request, &cursor))));
        }
        if let Some(cookie) = rendered.cookie {
            response.insert_header((header::SET_COOKIE, cookie));
        }
        if rendered.replayed {
            response.insert_header(("Idempotency-Replayed", "true"));
        }
        let mut response = match rendered.body {
            Some(body) => response.content_type(media(request)).body(body),
            None => response.finish(),
        };
        note_rows(&mut response, rendered.rows);
        response
    }
}

fn note_rows(response: &mut HttpResponse, rows: Option<usize>) {
    if let Some(rows) = rows {
        response.extensions_mut().insert(Listed(rows));
    }
}

/// Says which language a reply is in, where the handler took the one that the caller reads.
fn in_language(response: &mut HttpResponseBuilder, request: &HttpRequest) {
    if let Some(language) = request.extensions().get::<Language>() {
        response
            .insert_header((header::CONTENT_LANGUAGE, language.as_str()))
            .insert_header((header::VARY, "Accept-Language"));
    }
}

/// The media type of a reply's body: a narrowed record is of another type than the whole one.
fn media(request: &HttpRequest) -> &'static str {
    let narrowed = request
        .extensions()
        .get::<Rc<Checked>>()
        .is_some_and(|checked| checked.caller.request().fields.is_some());
    if narrowed {
        document::NARROWED
    } else {
        "application/json"
    }
}

/// Whether a reader already has what is at that tag.
fn unchanged(request: &HttpRequest, etag: &str) -> bool {
    let mut lines = request.headers().get_all(header::IF_NONE_MATCH);
    matches!(*request.method(), Method::GET | Method::HEAD)
        && lines.any(|line| {
            line.to_str().unwrap_or_default().split(',').any(|tag| {
                let tag = tag.trim();
                tag == "*" || tag.trim_start_matches("W/") == etag
            })
        })
}

/// The address of the next page: this one with another cursor.
fn next_page(request: &HttpRequest, cursor: &str) -> String {
    let mut query: Vec<Cow<'_, str>> = request
        .query_string()
        .split('&')
        .filter(|pair| !pair.is_empty() && !pair.starts_with("cursor="))
        .map(Cow::from)
        .collect();
    query.push(format!("cursor={cursor}").into());
    format!("{}?{}", request.path(), query.join("&"))
}

/// The revision that an entity tag of ours names: the digits before the dash. One that is no record's, such as that of a
/// page, names [`NO_REVISION`], which no record has.
pub fn revision_of(etag: &str) -> i64 {
    etag.trim()
        .trim_start_matches("W/")
        .trim_matches('"')
        .split('-')
        .next()
        .and_then(|digits| digits.parse().ok())
        .unwrap_or(NO_REVISION)
}

/// The revision of what has none.
pub const NO_REVISION: i64 = -1;

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn narrowed_fields_leave_what_was_asked_to_be_embedded() {
        let request = Request {
            fields: Some(["id".to_owned()].into()),
            ..Request::internal("test")
        };
        let narrowed = |value: serde_json::Value, rows| -> serde_json::Value {
            serde_json::from_slice(&encode(&value, &request, rows).unwrap()).unwrap()
        };
        let embedded = json!({"partner": {"name": "Nordwind"}});
        let record = json!({"id": "a", "title": "b", "expanded": embedded});
        assert_eq!(narrowed(record.clone(), None), json!({"id": "a", "expanded": embedded}));
        assert_eq!(
            narrowed(json!({"data": [record], "next_cursor": null}), Some(1)),
            json!({"data": [{"id": "a", "expanded": embedded}], "next_cursor": null})
        );
        assert_eq!(narrowed(json!({"id": "a", "expanded": null}), None), json!({"id": "a"}));
    }
}
