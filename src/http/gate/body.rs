//! The body of a request: taken in whole, read, and checked against the contract.

use std::{sync::Arc, time::Duration};

use actix_web::{
    HttpMessage as _,
    dev::{Payload, ServiceRequest},
    http::{Method, header},
    web::{Bytes, BytesMut, block},
};
use futures_util::StreamExt as _;
use serde_json::{Map, Value};

use crate::{
    error::{Error, Result, codes},
    http::operations::Body,
};

/// Largest body of an ordinary operation.
pub const BODY_LIMIT: usize = 256 * 1024;
/// Largest body of a batch.
pub const BATCH_LIMIT: usize = 8 * 1024 * 1024;
/// How long a body may take to arrive.
const BODY_DEADLINE: Duration = Duration::from_secs(10);
/// Where the addresses of batches end.
pub(super) const BATCH: &str = "/batch";

fn content_type(request: &ServiceRequest) -> String {
    let value = request
        .headers()
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

/// An operation without a body takes none, but an empty one does no harm.
pub(super) fn refuse(request: &ServiceRequest) -> Result<()> {
    let length = request
        .headers()
        .get(header::CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok())
        .and_then(|text| text.parse::<u64>().ok());
    if length.unwrap_or(0) > u64::try_from(BODY_LIMIT).unwrap_or(u64::MAX) {
        return Err(Error::new(&codes::PAYLOAD_TOO_LARGE));
    }
    Ok(())
}

/// The body, and how many records it speaks of.
pub(super) async fn read(request: &mut ServiceRequest, expected: &Arc<Body>) -> Result<(Option<Bytes>, usize)> {
    let many = [BATCH, "/matchings"];
    let limit = if many.iter().any(|end| request.path().ends_with(end)) {
        BATCH_LIMIT
    } else {
        BODY_LIMIT
    };
    let bytes = match tokio::time::timeout(BODY_DEADLINE, drain(request.take_payload(), limit)).await {
        Ok(bytes) => bytes?,
        Err(_elapsed) => return Err(Error::new(&codes::REQUEST_TIMEOUT)),
    };
    if bytes.is_empty() && !expected.required {
        return Ok((None, 1));
    }
    let given = content_type(request);
    let fits = if expected.is_form {
        given == "application/x-www-form-urlencoded"
    } else {
        given == "application/json" || (given == "application/merge-patch+json" && *request.method() == Method::PATCH)
    };
    if !fits {
        let wanted = if expected.is_form {
            "application/x-www-form-urlencoded"
        } else {
            "application/json"
        };
        return Err(Error::new(&codes::UNSUPPORTED_MEDIA_TYPE).detail(format!("Send Content-Type: {wanted}.")));
    }
    let (bytes, records) = if bytes.len() > BODY_LIMIT {
        // Megabytes take a while to check, so that is not done where all requests meet.
        let expected = Arc::clone(expected);
        block(move || checked(&expected, bytes))
            .await
            .map_err(Error::internal)??
    } else {
        checked(expected, bytes)?
    };
    Ok((Some(bytes), records))
}

/// The body as JSON, if it is what the operation expects, and how many records it speaks of.
fn checked(expected: &Body, bytes: Bytes) -> Result<(Bytes, usize)> {
    let mut value = if expected.is_form { form(&bytes)? } else { json(&bytes)? };
    expected.check(&value)?;
    let records = expected.records(&value);
    let bytes = if whole(&mut value) || expected.is_form {
        serde_json::to_vec(&value).map_err(Error::internal)?.into()
    } else {
        bytes
    };
    Ok((bytes, records))
}

/// Writes the numbers without their fraction that have none: `16.0` is a whole number to JSON Schema, and to the writers of JSON that
/// know one kind of number only, but not to serde. Whether there was one.
fn whole(value: &mut Value) -> bool {
    /// Up to here every whole number is one that such a writer can mean (2^53).
    const EXACT: f64 = 9_007_199_254_740_992.0;
    match value {
        Value::Number(number) => {
            let fraction = number
                .as_f64()
                .filter(|float| number.is_f64() && float.fract() == 0.0 && float.abs() <= EXACT);
            let Some(whole) = fraction.and_then(|float| format!("{float:.0}").parse::<i64>().ok()) else {
                return false;
            };
            *value = whole.into();
            true
        }
        // All of them, and not up to the first.
        Value::Array(all) => all.iter_mut().map(whole).filter(|made| *made).count() > 0,
        Value::Object(all) => all.values_mut().map(whole).filter(|made| *made).count() > 0,
        _ => false,
    }
}

async fn drain(mut payload: Payload, limit: usize) -> Result<Bytes> {
    let mut bytes = BytesMut::new();
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|error| {
            Error::new(&codes::MALFORMED_JSON)
                .detail("The body ended too early; send it whole.")
                .cause(error)
        })?;
        if bytes.len() + chunk.len() > limit {
            return Err(Error::new(&codes::PAYLOAD_TOO_LARGE)
                .detail(format!("The body may have at most {} KiB.", limit / 1024)));
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes.freeze())
}

fn json(bytes: &[u8]) -> Result<Value> {
    serde_json::from_slice(bytes).map_err(|error| {
        Error::new(&codes::MALFORMED_JSON)
            .detail(format!("The body cannot be read as JSON: {error}."))
            .fault(
                "#",
                "malformed",
                format!("Line {}, column {}.", error.line(), error.column()),
            )
    })
}

fn form(bytes: &[u8]) -> Result<Value> {
    let text = std::str::from_utf8(bytes)
        .map_err(|_binary| Error::new(&codes::MALFORMED_JSON).detail("The form is not UTF-8."))?;
    #[expect(
        clippy::disallowed_types,
        reason = "the pairs as they stand; the operation's schema checks them"
    )]
    let pairs = actix_web::web::Query::<Vec<(String, String)>>::from_query(text)
        .map_err(|_malformed| Error::new(&codes::MALFORMED_JSON).detail("The form cannot be read."))?;
    let mut map = Map::new();
    for (name, value) in pairs.into_inner() {
        // A parameter without a value counts as left out (RFC 6749, section 3.2; forms are OAuth's alone).
        if value.is_empty() {
            continue;
        }
        if map.insert(name.clone(), Value::String(value)).is_some() {
            return Err(Error::field(
                format!("#/{name}"),
                "repeated",
                format!("`{name}` may stand only once."),
            ));
        }
    }
    Ok(Value::Object(map))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn whole_numbers_are_written_without_a_fraction() {
        let mut sent: Value = serde_json::from_str(
            r#"{"rank": 16.0, "all": [-0.0, 1e3, {"days": -2.0}], "rate": 0.5, "huge": 1e300, "n": 3}"#,
        )
        .unwrap();
        assert!(whole(&mut sent));
        assert_eq!(
            sent,
            json!({"rank": 16, "all": [0, 1000, {"days": -2}], "rate": 0.5, "huge": 1e300, "n": 3})
        );
        assert!(!whole(&mut sent));
    }
}
