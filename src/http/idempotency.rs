//! One effect for each idempotency key: the key, the effect and the answer are one transaction.
//!
//! The row is written first, so a second request with the key waits for the first (on PostgreSQL at the unique index,
//! on SQLite behind the one writer) and then finds its answer. Only outcomes of a committed transaction are kept.

use actix_web::web::Bytes;
use diesel::prelude::*;
use serde::{Deserialize, Serialize};

use super::Rendered;
use crate::{
    auth::Request,
    db::{Clause, Tx},
    error::{Error, Result, codes},
    schema::idempotency_keys as table,
};

/// How long an answer is kept.
const KEPT_DAYS: i64 = 7;

/// The parts of an answer besides its body.
#[derive(Debug, Serialize, Deserialize)]
struct Head {
    etag: Option<String>,
    location: Option<String>,
    next_cursor: Option<String>,
}

/// What the key of sealed answers is derived for.
const PURPOSE: &str = "idempotency";

/// What a request does, and its answer. It may run again.
pub type Effect<'a> = dyn Fn(&mut Tx<'_>, &Request) -> Result<Rendered> + Send + Sync + 'a;
/// An owned [`Effect`].
pub type Work = Box<Effect<'static>>;

type Row = (
    String,
    String,
    String,
    Option<i64>,
    Option<String>,
    Option<String>,
    bool,
    i64,
);

/// Runs `work` once for the request's key, and answers what it answered the first time after that.
///
/// # Errors
/// 422 `idempotency_key_reused` if the key came with another request before; what `work` refuses, and then nothing is kept.
pub fn once(tx: &mut Tx<'_>, request: &Request, work: &Effect<'_>) -> Result<Rendered> {
    let Some(key) = &request.idempotency else {
        return work(tx, request);
    };
    let principal = principal(tx);
    let now = tx.now;
    let claimed = diesel::insert_into(table::table)
        .values((
            table::principal.eq(&principal),
            table::key.eq(&key.key),
            table::method.eq(&key.method),
            table::path.eq(&key.path),
            table::sealed.eq(false),
            table::body_hash.eq(&key.body_hash),
            table::created_at.eq(now.micros()),
            table::expires_at.eq(now.plus_days(KEPT_DAYS).micros()),
        ))
        .on_conflict_do_nothing()
        .execute(tx.conn())?;
    if claimed == 0 {
        return replay(tx, &principal, request, work);
    }
    let rendered = work(tx, request)?;
    let head = Head {
        etag: rendered.etag.clone(),
        location: rendered.location.clone(),
        next_cursor: rendered.next_cursor.clone(),
    };
    let head = serde_json::to_string(&head).map_err(Error::internal)?;
    // What shows a secret once is kept sealed: it can be given again, and a copy of the database shows nothing of it.
    let body = match rendered.body.as_deref() {
        Some(body) if rendered.secret => Some(key.vault.seal(PURPOSE, &place(&principal, &key.key), body)?),
        Some(body) => Some(String::from_utf8_lossy(body).into_owned()),
        None => None,
    };
    diesel::update(table::table.find((&principal, &key.key)))
        .set((
            table::status.eq(Some(i64::from(rendered.status))),
            table::headers.eq(Some(head)),
            table::body.eq(body),
            table::sealed.eq(rendered.secret),
        ))
        .execute(tx.conn())?;
    Ok(rendered)
}

/// Forgets the request's key: what it was used for was refused, although something of it is kept.
///
/// # Errors
/// What the database reports.
pub fn forget(tx: &mut Tx<'_>, request: &Request) -> Result<()> {
    if let Some(key) = &request.idempotency {
        let principal = principal(tx);
        diesel::delete(table::table.find((&principal, &key.key))).execute(tx.conn())?;
    }
    Ok(())
}

/// Keys are unique for each caller; a partner's user and the same person elsewhere are two.
fn principal(tx: &Tx<'_>) -> String {
    let caller = tx.caller();
    caller.partner().map_or_else(
        || caller.actor_text(),
        |partner| format!("{}@{partner}", caller.actor_text()),
    )
}

/// The row that a sealed answer belongs to: moved to another, it does not open.
fn place(principal: &str, key: &str) -> String {
    format!("{principal} {key}")
}

fn replay(tx: &mut Tx<'_>, principal: &str, request: &Request, work: &Effect<'_>) -> Result<Rendered> {
    let Some(key) = &request.idempotency else {
        return Err(Error::internal("a replay without a key"));
    };
    let (method, path, body_hash, status, head, body, sealed, expires_at): Row = table::table
        .find((principal, &key.key))
        .select((
            table::method,
            table::path,
            table::body_hash,
            table::status,
            table::headers,
            table::body,
            table::sealed,
            table::expires_at,
        ))
        .get_result(tx.conn())?;
    if expires_at <= tx.now.micros() {
        diesel::delete(table::table.find((principal, &key.key))).execute(tx.conn())?;
        return once(tx, request, work);
    }
    if method != key.method || path != key.path || body_hash != key.body_hash {
        return Err(Error::new(&codes::IDEMPOTENCY_KEY_REUSED));
    }
    let (Some(status), Some(head)) = (status, head) else {
        return Err(Error::new(&codes::IDEMPOTENCY_IN_PROGRESS).retry_after(1));
    };
    let head: Head = serde_json::from_str(&head).map_err(Error::internal)?;
    let body = match body {
        Some(body) if sealed => Some(key.vault.open(PURPOSE, &place(principal, &key.key), &body)?.into()),
        body => body.map(Bytes::from),
    };
    Ok(Rendered {
        status: u16::try_from(status).unwrap_or(200),
        etag: head.etag,
        location: head.location,
        next_cursor: head.next_cursor,
        body,
        secret: sealed,
        replayed: true,
        rows: None,
        cookie: None,
    })
}

/// Deletes at most so many answers whose keys have ended; tells how many.
///
/// # Errors
/// What the database reports.
pub fn delete_expired(tx: &mut Tx<'_>, most: i64) -> Result<usize> {
    let now = tx.now;
    let mut over = Clause::all();
    over.sql(" AND (principal, key) IN (SELECT principal, key FROM idempotency_keys WHERE expires_at <= ")
        .value(&now)
        .sql(" ORDER BY expires_at LIMIT ")
        .value(&most)
        .sql(")");
    Ok(diesel::delete(table::table.filter(over)).execute(tx.conn())?)
}
