//! What the head of a request says: who sends it from where, which parameters it has, and in which form it wants its answer.

use std::{net::IpAddr, sync::Arc};

use actix_web::{
    dev::ServiceRequest,
    http::{Version, header},
    web::Bytes,
};
use hmac::digest::Digest as _;
use serde_json::{Map, Value};

use crate::{
    auth::{Caller, Idempotency, IdempotencyKey, MasterSecret},
    config::Config,
    error::{Error, Result, codes},
    http::{
        State,
        export::{self, Form},
        operations::Operation,
    },
    identity::oauth::refusal,
    kernel::{
        hex,
        ids::{Id as _, RequestId},
    },
};

/// The id that the caller gave the request, if it is one of ours in form, or a new one.
pub(super) fn request_id(request: &ServiceRequest, state: &State) -> RequestId {
    let given = request
        .headers()
        .get("x-request-id")
        .and_then(|value| value.to_str().ok())
        .and_then(|text| text.parse().ok());
    given.unwrap_or_else(|| RequestId::at(state.db.now()))
}

/// The peer's address; what a proxy says counts only if the proxy is one of the configured.
pub(super) fn peer(request: &ServiceRequest, config: &Config) -> Option<IpAddr> {
    let direct = request.peer_addr().map(|address| address.ip())?;
    if !config.trusted_proxies.contains(&direct) {
        return Some(direct);
    }
    let forwarded = request
        .headers()
        .get("x-forwarded-for")
        .and_then(|value| value.to_str().ok());
    forwarded
        .and_then(|list| {
            list.rsplit(',')
                .map(str::trim)
                .find_map(|part| part.parse().ok().filter(|ip| !config.trusted_proxies.contains(ip)))
        })
        .or(Some(direct))
}

/// The token that is presented, if one is.
pub(in crate::http) fn bearer(request: &ServiceRequest) -> Result<Option<String>> {
    let Some(value) = request.headers().get(header::AUTHORIZATION) else {
        return Ok(None);
    };
    let text = value.to_str().map_err(|_binary| Error::new(&codes::UNAUTHENTICATED))?;
    match text.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") && !token.trim().is_empty() => {
            Ok(Some(token.trim().to_owned()))
        }
        // Basic is for OAuth's endpoints, which read it themselves.
        Some((scheme, _)) if scheme.eq_ignore_ascii_case("basic") && refusal::speaks(request.path()) => Ok(None),
        _ => Err(Error::new(&codes::UNAUTHENTICATED)),
    }
}

/// What the caller wants to recognise its own change by.
pub(super) fn origin_tag(request: &ServiceRequest) -> Result<Option<String>> {
    let Some(value) = request.headers().get("change-origin") else {
        return Ok(None);
    };
    let text = value.to_str().unwrap_or_default();
    if text.is_empty() || text.len() > 64 || !text.chars().all(|c| c.is_ascii_alphanumeric() || "-_.:".contains(c)) {
        return Err(Error::new(&codes::INVALID_HEADER).fault(
            "header:Change-Origin",
            "invalid_format",
            "1 to 64 letters, digits, or any of - _ . :",
        ));
    }
    Ok(Some(text.to_owned()))
}

/// The parameters as typed values, and those that were passed over.
pub(super) fn query(
    request: &ServiceRequest,
    operation: &Operation,
    lenient: bool,
) -> Result<(Map<String, Value>, Vec<String>)> {
    #[expect(
        clippy::disallowed_types,
        reason = "the pairs as they stand; Operation checks and types them"
    )]
    let pairs =
        actix_web::web::Query::<Vec<(String, String)>>::from_query(request.query_string()).map_err(|_malformed| {
            Error::new(&codes::INVALID_QUERY)
                .detail("The query cannot be read; encode it as application/x-www-form-urlencoded.")
        })?;
    operation.check_query(&pairs, lenient)
}

/// In which form a list is asked for. Whatever is no list is in the one form that it has.
pub(super) fn wanted_form(request: &ServiceRequest, operation: &Operation) -> Result<Form> {
    if operation.columns.is_none() {
        return Ok(Form::Json);
    }
    let form = export::form(request.headers())?;
    if form != Form::Json && request.version() < Version::HTTP_11 {
        return Err(Error::new(&codes::NOT_ACCEPTABLE).detail(
            "In HTTP/1.0 nobody can tell an export that broke off from a whole one: ask by HTTP/1.1, the proxies between included.",
        ));
    }
    Ok(form)
}

/// Whether the caller wants parameters that are not known to be passed over: `Prefer: handling=lenient` (RFC 7240).
pub(super) fn prefers_leniency(request: &ServiceRequest) -> bool {
    let lines = request.headers().get_all("prefer");
    lines.filter_map(|line| line.to_str().ok()).any(|line| {
        line.split(',').any(|preference| {
            let preference = preference.split(';').next().unwrap_or_default();
            preference.split_once('=').is_some_and(|(name, value)| {
                name.trim().eq_ignore_ascii_case("handling")
                    && value.trim().trim_matches('"').eq_ignore_ascii_case("lenient")
            })
        })
    })
}

/// What became of the preference: that it was followed, and which parameters were passed over.
pub(super) fn applied(ignored: &[String]) -> Option<header::HeaderValue> {
    let plain = |name: &String| -> String {
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_.[]".contains(c);
        name.chars().take(64).map(|c| if plain(c) { c } else { '?' }).collect()
    };
    let names: Vec<String> = ignored.iter().take(20).map(plain).collect();
    let text = if names.is_empty() {
        "handling=lenient".to_owned()
    } else {
        format!("handling=lenient, ignored=\"{}\"", names.join(" "))
    };
    header::HeaderValue::from_str(&text).ok()
}

/// What the list is, without where the page begins and how its rows are shown: the same for every page of one walk.
pub(super) fn list_digest(path: &str, query: &Map<String, Value>, caller: &Caller) -> u64 {
    use std::hash::{DefaultHasher, Hash as _, Hasher as _};
    let mut hasher = DefaultHasher::new();
    caller.request().operation.hash(&mut hasher);
    path.hash(&mut hasher);
    for (name, value) in query.iter().filter(|(name, _)| {
        !matches!(
            name.as_str(),
            "cursor" | "limit" | "include_total" | "fields" | "expand"
        )
    }) {
        name.hash(&mut hasher);
        value.to_string().hash(&mut hasher);
    }
    hasher.finish()
}

/// The fields that the answer shall have, if not all.
pub(super) fn fields(query: &Map<String, Value>) -> Option<Arc<[String]>> {
    let names = query.get("fields")?.as_array()?;
    Some(names.iter().filter_map(Value::as_str).map(str::to_owned).collect())
}

/// The idempotency key, where the operation takes one.
pub(super) fn idempotency(
    request: &ServiceRequest,
    operation: &Operation,
    body: Option<&Bytes>,
    vault: &MasterSecret,
) -> Result<Option<IdempotencyKey>> {
    match (request.headers().get("idempotency-key"), operation.idempotency) {
        (None, Idempotency::Required) => Err(Error::new(&codes::INVALID_HEADER).fault(
            "header:Idempotency-Key",
            "required",
            "This operation moves money or protection: send an Idempotency-Key, so that it happens once.",
        )),
        (None, _) | (Some(_), Idempotency::None) => Ok(None),
        (Some(value), _) => {
            let key = value.to_str().unwrap_or_default().trim();
            let hash = sha2::Sha256::digest(body.map(Bytes::as_ref).unwrap_or_default());
            let body_hash = hex::encode(&hash);
            let path = match request.query_string() {
                "" => request.path().to_owned(),
                query => format!("{}?{query}", request.path()),
            };
            Ok(Some(IdempotencyKey {
                key: key.to_owned(),
                method: request.method().to_string(),
                path,
                body_hash,
                vault: vault.clone(),
            }))
        }
    }
}
