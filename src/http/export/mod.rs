//! Exports: every list, whole, as NDJSON or CSV.
//!
//! A list that is asked for as `application/x-ndjson` or `text/csv` is answered with all its rows. An export is its list,
//! page after page: the gate hands it to [`serve`], which asks the list's own handler for one page after the other, and sends
//! the rows on. So filters, order, `fields`, `expand`, whose rows are seen and what of them is the list's own doing, no handler
//! knows of exports, and no query is there twice.
//!
//! - **Memory and pace.** The next page is read when the last one was taken: one page is in memory (`OPENPRM_EXPORT_ROWS`), a slow
//!   reader slows nobody else, and one that went away has ended it. No transaction spans two pages.
//! - **State.** Rows that change meanwhile are as in a walk over pages: with a moving sort key one may come twice, or have gone
//!   ahead. So an export names the feed's cursor from before its first row (`Feed-Cursor`): with the feed from there, by
//!   `revision`, it is the list of any later moment.
//! - **Whole or broken.** A page that fails midway ends the connection without the end of the chunked body, which every reader
//!   of HTTP/1.1 notices. HTTP/1.0 has no such end, so there are no exports by it. That a page cannot be read at once is no
//!   failure: it is asked for again for some seconds.
//! - **Cost.** Each page is a call to the rate limit. Only the first can be refused; later ones wait, and leave half of the limit
//!   to the caller's other calls. A caller has [`AT_ONCE`] exports under way at most.
//! - **Who.** Before each page it is asked anew who the caller is, as before any call. A token that ended or was revoked, a user
//!   who was suspended, or a right that is gone ends the export as a failure does; fewer rows to see are fewer from then on.

mod form;
mod running;
mod table;

pub use form::{Form, form};
pub use running::{AT_ONCE, Running};
pub use table::{Columns, csv};

use std::{panic::AssertUnwindSafe, rc::Rc, sync::Arc, time::Duration};

use actix_web::{
    HttpMessage as _, HttpResponse,
    body::{BoxBody, MessageBody, to_bytes},
    dev::{ServiceRequest, ServiceResponse},
    http::{
        StatusCode,
        header::{self, HeaderMap},
    },
    middleware::Next,
    test::TestRequest,
    web::{Bytes, Data, block},
};
use futures_util::{FutureExt as _, StreamExt as _, stream};
use running::Turn;
use serde::Deserialize;
use serde_json::{Value, json, value::RawValue};

use super::{
    State,
    extract::{self, Checked},
    gate::{self, HANDLER_DEADLINE},
    reply::Listed,
};
use crate::{
    auth::{Caller, Permission, Side},
    custom_fields,
    error::{Error, Result, codes},
    events::feed,
};

/// How often a page is asked for again that cannot be read at once.
const TRIES: u32 = 5;
/// How long the first of these waits; each further one waits so much longer.
const PAUSE: Duration = Duration::from_millis(300);

/// Answers a request that the gate let through, for a list in another form than JSON.
pub async fn serve(request: ServiceRequest, next: Next<impl MessageBody + 'static>) -> ServiceResponse<BoxBody> {
    match begin(&request, next).await {
        // A page's refusal keeps what it was refused for, which `into_response` would lose: the gate tells it.
        Ok(response) => ServiceResponse::new(request.into_parts().0, response),
        Err(error) => request.error_response(error),
    }
}

/// Reads the first page, which decides on status and headers, and lets the rest follow.
async fn begin<B: MessageBody + 'static>(request: &ServiceRequest, next: Next<B>) -> Result<HttpResponse> {
    let state = State::of(request.request())?;
    let asked = extract::found(request.request())?;
    let (caller, form) = (asked.caller.clone(), asked.form);
    // Whoever need not be known stays unknown.
    let token = match caller.side() {
        Side::Nobody => None,
        Side::Vendor | Side::Partner(_) => gate::bearer(request)?,
    };
    let turn = state.exports.begin(&caller)?;
    let list = state.contract.operations.list(caller.request().operation);
    let (columns, permission) = list
        .and_then(|list| Some((list.columns.clone()?, list.permission)))
        .ok_or_else(|| Error::internal("an export of what is no list"))?;
    let record = columns.custom_record().filter(|_| form == Form::Table);
    let (feed_cursor, custom) = state
        .db
        .ask(&caller, move |tx| {
            let custom = record.map(|record| custom_fields::readable(tx, record)).transpose()?;
            Ok((feed::present(tx)?, custom))
        })
        .await?;
    let columns = (form == Form::Table).then(|| {
        let fields = asked.query.get("fields").and_then(Value::as_array);
        Arc::new(columns.asked(fields, asked.query.contains_key("expand"), custom.as_deref()))
    });
    let head = columns.as_deref().map(Columns::head).transpose()?;
    // An export is never "not modified", and the list itself is asked for as JSON.
    let mut headers = request.headers().clone();
    headers.remove(header::IF_NONE_MATCH);
    headers.remove(header::ACCEPT);
    let mut walk = Walk {
        next,
        address: request.uri().to_string(),
        headers,
        // With a limit it is one page in another form, whose Link leads to the next.
        whole: !asked.query.contains_key("limit"),
        cursor: None,
        columns,
        permission,
        state,
        asked,
        caller,
        token,
        _turn: turn,
    };
    let page = walk.page().await?;
    if page.status() != StatusCode::OK {
        return Ok(page.map_into_boxed_body());
    }
    let mut response = HttpResponse::Ok();
    for name in ["content-language", "vary", "link"] {
        if let Some(value) = page.headers().get(name)
            && (name != "link" || !walk.whole)
        {
            response.insert_header((name, value.clone()));
        }
    }
    let name = file_name(walk.asked.caller.request().operation);
    let file = format!(
        "attachment; filename=\"{name}-{}.{}\"",
        walk.state.db.now().date(),
        form.extension()
    );
    let (rows, listed) = walk.rows(page).await?;
    let first = head.into_iter().chain([rows]).map(Ok);
    let rest = stream::try_unfold(walk, |mut walk| async move {
        match walk.cursor {
            None => Ok(None),
            Some(_) => walk.go_on().await.map(|rows| Some((rows, walk))),
        }
    });
    let mut response = response
        .content_type(form.content_type())
        .insert_header(("feed-cursor", feed_cursor))
        .insert_header((header::CONTENT_DISPOSITION, file))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .streaming(stream::iter(first).chain(rest));
    response.extensions_mut().insert(Listed(listed));
    Ok(response)
}

/// What is needed to read one page after the other.
struct Walk<B> {
    next: Next<B>,
    state: Data<State>,
    asked: Rc<Checked>,
    /// Who asks, as of the last page.
    caller: Caller,
    /// What tells who asks, if they are known.
    token: Option<String>,
    /// The list's address as it was asked for: a page's `Link` is made of it.
    address: String,
    headers: HeaderMap,
    whole: bool,
    /// Where the next page begins, if there is one.
    cursor: Option<String>,
    /// The columns of a table; none for lines.
    columns: Option<Arc<Columns>>,
    /// Who may read the list, and what a page costs of the rate limit.
    permission: &'static Permission,
    _turn: Turn,
}

/// A page of a list, its rows as they were written.
#[derive(Deserialize)]
struct Page<'a> {
    #[serde(borrow)]
    data: Vec<&'a RawValue>,
    next_cursor: Option<String>,
    has_more: bool,
}

/// The rows of a page as they are sent.
struct Rows {
    bytes: Bytes,
    count: usize,
    /// Where the next page begins, if there is one.
    next: Option<String>,
}

impl Rows {
    /// The rows of that page, as lines or as a table of these columns.
    fn of(page: &[u8], columns: Option<&Columns>) -> Result<Self> {
        let length = page.len();
        let page: Page<'_> = serde_json::from_slice(page).map_err(Error::internal)?;
        let bytes = match columns {
            None => {
                let mut lines = Vec::with_capacity(length);
                for row in &page.data {
                    lines.extend_from_slice(row.get().as_bytes());
                    lines.push(b'\n');
                }
                lines.into()
            }
            Some(columns) => columns.table(&page.data)?,
        };
        Ok(Self {
            bytes,
            count: page.data.len(),
            next: page.next_cursor.filter(|_| page.has_more),
        })
    }
}

impl<B: MessageBody + 'static> Walk<B> {
    /// Asks the list for the page at the cursor, or the first one.
    async fn page(&self) -> Result<HttpResponse<B>> {
        let call = AssertUnwindSafe(self.next.call(self.request())).catch_unwind();
        match tokio::time::timeout(HANDLER_DEADLINE, call).await {
            Err(_elapsed) => Err(Error::new(&codes::TIMEOUT).retry_after(5)),
            Ok(Err(_panic)) => Err(Error::internal("a handler panicked")),
            Ok(Ok(Err(error))) => Err(Error::internal(&error)),
            Ok(Ok(Ok(response))) => Ok(response.into_parts().1),
        }
    }

    /// The request for that page: the caller's own as the gate left it, but for where it begins and how long it is.
    fn request(&self) -> ServiceRequest {
        let mut query = self.asked.query.clone();
        for shown_nowhere in ["include_total", "wait"] {
            query.remove(shown_nowhere);
        }
        if self.whole {
            query.insert("limit".to_owned(), json!(self.state.config.export_rows));
        }
        if let Some(cursor) = &self.cursor {
            query.insert("cursor".to_owned(), json!(cursor));
        }
        let mut request = TestRequest::get()
            .uri(&self.address)
            .app_data(self.state.clone())
            .to_srv_request();
        *request.headers_mut() = self.headers.clone();
        request.extensions_mut().insert(Rc::new(Checked {
            caller: self.caller.clone(),
            body: None,
            query,
            list: self.asked.list,
            if_match: None,
            form: Form::Json,
        }));
        request
    }

    /// The rows of a page in the form asked for, and how many they are. A page has hundreds, so they are written where they
    /// hold up nobody.
    async fn rows(&mut self, page: HttpResponse<B>) -> Result<(Bytes, usize)> {
        let body = to_bytes(page.into_body()).await.map_err(|error| {
            let error: Box<dyn std::error::Error> = error.into();
            Error::internal(error)
        })?;
        let columns = self.columns.clone();
        let rows = block(move || Rows::of(&body, columns.as_deref()))
            .await
            .map_err(Error::internal)??;
        self.cursor = rows.next.filter(|_| self.whole);
        Ok((rows.bytes, rows.count))
    }

    /// The rows of the next page, once it is its turn. Whatever fails here ends the body before its end.
    async fn go_on(&mut self) -> Result<Bytes> {
        let outcome = self.next_rows().await;
        if let Err(error) = &outcome {
            let request = self.caller.request();
            let level = if error.code().status < 500 {
                log::Level::Info
            } else {
                log::Level::Error
            };
            log::log!(
                level,
                "{} an export of {} broke off: {error}",
                request.id,
                request.operation
            );
        }
        outcome
    }

    async fn next_rows(&mut self) -> Result<Bytes> {
        self.state.limiter.pace(&self.caller, self.permission.weight).await;
        let mut tries = 0;
        loop {
            match self.try_rows().await {
                Err(error) if error.is(&codes::UNAVAILABLE) && tries < TRIES => {
                    tries += 1;
                    tokio::time::sleep(PAUSE * tries).await;
                }
                outcome => return outcome,
            }
        }
    }

    async fn try_rows(&mut self) -> Result<Bytes> {
        self.recognise().await?;
        let page = self.page().await?;
        let status = page.status();
        if status == StatusCode::OK {
            return self.rows(page).await.map(|(rows, _)| rows);
        }
        let told = page.error().map_or_else(|| status.to_string(), ToString::to_string);
        Err(match status {
            StatusCode::SERVICE_UNAVAILABLE => Error::new(&codes::UNAVAILABLE).cause(told),
            _ => Error::internal(told),
        })
    }

    /// Asks who the caller is now, and whether they may still read the list. What is known of a token is believed for seconds, so
    /// this seldom asks the database.
    async fn recognise(&mut self) -> Result<()> {
        let Some(token) = &self.token else { return Ok(()) };
        let request = self.caller.request().clone();
        let caller = self.state.authenticator.authenticate(token, request).await?;
        self.permission.check(&caller)?;
        self.caller = caller;
        Ok(())
    }
}

/// What the file is called: `deal-comments` for `listDealComments`.
fn file_name(operation: &str) -> String {
    let mut name = String::new();
    for letter in operation.trim_start_matches("list").chars() {
        if letter.is_ascii_uppercase() && !name.is_empty() {
            name.push('-');
        }
        name.push(letter.to_ascii_lowercase());
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_called_what_its_list_is_called() {
        assert_eq!(file_name("listDealComments"), "deal-comments");
        assert_eq!(file_name("listDeals"), "deals");
    }
}
