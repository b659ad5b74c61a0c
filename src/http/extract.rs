//! What handlers take. The gate has read and checked everything before; extractors only hand it over, typed.

use std::{
    future::{Ready, ready},
    rc::Rc,
    sync::Arc,
};

use actix_web::{FromRequest, HttpMessage as _, HttpRequest, dev::Payload, web::Bytes};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use utoipa::{
    IntoParams,
    openapi::{
        ObjectBuilder, Required, Type,
        path::{Parameter, ParameterBuilder, ParameterIn},
    },
};

use super::{State, export::Form, reply};
use crate::{
    app::Contract,
    auth::{Caller, permissions},
    db::Db,
    error::{Error, Fault, Result, codes},
    kernel::page::{CursorFault, DEFAULT_LIMIT, MAX_LIMIT, Paging},
};

/// What the gate found out about a request, for the extractors.
pub struct Checked {
    pub caller: Caller,
    pub body: Option<Bytes>,
    pub query: Map<String, Value>,
    pub list: u64,
    pub if_match: Option<i64>,
    /// In which form a list is asked for.
    pub form: Form,
}

/// Takes from what the gate found out.
pub(super) fn checked<T>(request: &HttpRequest, take: impl FnOnce(&Checked) -> Result<T>) -> Ready<Result<T>> {
    ready(found(request).and_then(|checked| take(&checked)))
}

/// What the gate found out, for what calls handlers itself.
pub(super) fn found(request: &HttpRequest) -> Result<Rc<Checked>> {
    let found = request.extensions().get::<Rc<Checked>>().cloned();
    found.ok_or_else(|| Error::internal("a handler was reached past the gate"))
}

/// A JSON body, checked against the operation's schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Json<T>(pub T);

impl<T: DeserializeOwned + 'static> FromRequest for Json<T> {
    type Error = Error;
    type Future = Ready<Result<Self>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        checked(request, |checked| {
            // An absent body is an empty object, for actions whose fields are all optional.
            let body = checked.body.as_deref().unwrap_or(b"{}");
            serde_json::from_slice(body)
                .map(Self)
                // The contract permits it, or the gate had refused it: an amount has more digits than its currency, for one.
                .map_err(|error| Error::contradicts("#", "invalid_value", format!("A value does not fit: {error}.")))
        })
    }
}

/// The query parameters, checked against the operation's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query<T>(pub T);

impl<T: DeserializeOwned + 'static> FromRequest for Query<T> {
    type Error = Error;
    type Future = Ready<Result<Self>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        checked(request, |checked| {
            serde_json::from_value(Value::Object(checked.query.clone()))
                .map(Self)
                .map_err(|error| {
                    Error::new(&codes::INVALID_QUERY).fault(
                        "query",
                        "invalid_value",
                        format!("A parameter does not fit: {error}."),
                    )
                })
        })
    }
}

/// The ids in the path. One that is malformed names no record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Path<T>(pub T);

impl<T: DeserializeOwned + 'static> FromRequest for Path<T> {
    type Error = Error;
    type Future = Ready<Result<Self>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        #[expect(
            clippy::disallowed_types,
            reason = "the one place that reads path segments; a malformed one is answered as unknown"
        )]
        let parsed = actix_web::web::Path::<T>::from_request(request, payload).into_inner();
        ready(
            parsed
                .map(|path| Self(path.into_inner()))
                .map_err(|_malformed| Error::not_found()),
        )
    }
}

impl FromRequest for Caller {
    type Error = Error;
    type Future = Ready<Result<Self>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        checked(request, |checked| Ok(checked.caller.clone()))
    }
}

impl FromRequest for Db {
    type Error = Error;
    type Future = Ready<Result<Self>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(State::of(request).map(|state| state.db.clone()))
    }
}

/// The lists of the contract, for what is kept of one: a view that somebody saves.
#[derive(Clone)]
pub struct Lists(Arc<Contract>);

impl Lists {
    /// Checks that the operation is a list that the caller may call, and takes these parameters.
    ///
    /// # Errors
    /// 409 `unknown_reference` if it is none; 409 `contradiction` for parameters that do not fit, by their names below
    /// `#/filters`.
    pub fn check(&self, caller: &Caller, operation: &str, query: &[(String, String)]) -> Result<()> {
        let list = self.0.operations.list(operation);
        let Some(list) = list.filter(|_list| permissions::may_call(caller, operation)) else {
            return Err(Error::unknown_reference(
                "#/operation",
                "There is no such list; name the operation of a list that you may call.",
            ));
        };
        let Err(error) = list.check_query(query, false) else {
            return Ok(());
        };
        let faults = error.all_faults().iter().map(|fault| Fault {
            pointer: match fault.pointer.trim_start_matches("query:") {
                "sort" => "#/sort".to_owned(),
                "fields" => "#/columns".to_owned(),
                name => format!("#/filters/{name}"),
            },
            ..fault.clone()
        });
        Err(Error::contradiction(faults.collect()))
    }
}

impl FromRequest for Lists {
    type Error = Error;
    type Future = Ready<Result<Self>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(State::of(request).map(|state| Self(state.contract.clone())))
    }
}

/// The revision that the caller last read: `If-Match`, required where the contract says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IfMatch(pub Option<i64>);

impl IfMatch {
    /// Refuses a change of a record that was changed since the caller read it.
    ///
    /// # Errors
    /// 412 `precondition_failed` with the present tag.
    pub fn check(self, current: i64) -> Result<()> {
        match self.0 {
            Some(reply::NO_REVISION) => Err(Error::new(&codes::PRECONDITION_FAILED)
                .detail("The tag in If-Match is not one of this record; send the ETag that it was answered with.")
                .etag(format!("\"{current}\""))),
            Some(read) if read != current => Err(Error::new(&codes::PRECONDITION_FAILED)
                .detail(format!(
                    "The record is at revision {current}, not {read}; read it again and repeat the change."
                ))
                .etag(format!("\"{current}\""))),
            _ => Ok(()),
        }
    }

    /// Refuses to make a record for who wants to change one: a tag is of what is there (RFC 9110, section 13.1.1), so the record
    /// was deleted since it was read, or the id is another's.
    ///
    /// # Errors
    /// 412 `precondition_failed` if a tag was sent.
    pub fn check_none(self) -> Result<()> {
        if self.0.is_none() {
            return Ok(());
        }
        Err(Error::new(&codes::PRECONDITION_FAILED)
            .detail("There is no such record for the tag in If-Match to be of; leave the header out to make one."))
    }
}

impl FromRequest for IfMatch {
    type Error = Error;
    type Future = Ready<Result<Self>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        checked(request, |checked| Ok(Self(checked.if_match)))
    }
}

impl IntoParams for IfMatch {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        vec![
            ParameterBuilder::new()
                .name("If-Match")
                .parameter_in(ParameterIn::Header)
                .required(Required::True)
                .description(Some(
                    "The ETag of the record as you last read it. If it was changed since, or is not there for an upsert to change, \
                     the answer is 412.",
                ))
                .schema(Some(
                    ObjectBuilder::new()
                        .schema_type(Type::String)
                        .max_length(Some(80))
                        .pattern(Some("^(W/)?\"[!#-~]*\"$"))
                        .examples(["\"1-0123456789abcdef\""]),
                ))
                .build(),
        ]
    }
}

/// `If-Match` where it need not be sent: actions and upserts honour it if it is.
/// Stands in `params(…)`; the handler itself takes [`IfMatch`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IfMatchIfSent;

impl IntoParams for IfMatchIfSent {
    fn into_params(parameter_in: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let mut parameters = IfMatch::into_params(parameter_in);
        for parameter in &mut parameters {
            parameter.required = Required::False;
        }
        parameters
    }
}

/// Reads the entity tag of `If-Match`.
pub(super) fn revision(request: &HttpRequest) -> Result<Option<i64>> {
    request
        .headers()
        .get("if-match")
        .map(|value| {
            value
                .to_str()
                .map_err(|_binary| Error::new(&codes::INVALID_HEADER))
                .map(reply::revision_of)
        })
        .transpose()
}

impl FromRequest for Paging {
    type Error = Error;
    type Future = Ready<Result<Self>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let state = State::of(request).map(|state| state.signer.clone());
        checked(request, |checked| {
            let signer = state?;
            let limit = checked
                .query
                .get("limit")
                .and_then(Value::as_i64)
                .unwrap_or(DEFAULT_LIMIT);
            let after = match checked.query.get("cursor").and_then(Value::as_str) {
                None => None,
                Some(cursor) => Some(signer.read(cursor, checked.list).map_err(|fault| {
                    Error::new(match fault {
                        CursorFault::Invalid => &codes::INVALID_CURSOR,
                        CursorFault::Mismatch => &codes::CURSOR_MISMATCH,
                    })
                    .fault(
                        "query:cursor",
                        "invalid_value",
                        "Send next_cursor as it was answered, with the same filters.",
                    )
                })?),
            };
            Ok(Self {
                limit,
                after,
                list: checked.list,
                signer,
                count: checked
                    .query
                    .get("include_total")
                    .and_then(Value::as_bool)
                    .unwrap_or(false),
                total: Arc::default(),
            })
        })
    }
}

impl IntoParams for Paging {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let parameter = |name: &str, description: &str, schema: ObjectBuilder| {
            ParameterBuilder::new()
                .name(name)
                .parameter_in(ParameterIn::Query)
                .required(Required::False)
                .description(Some(description))
                .schema(Some(schema))
                .build()
        };
        vec![
            parameter(
                "limit",
                "How many rows the page has at most. An export (NDJSON or CSV) has all rows without it, and with it is that page.",
                ObjectBuilder::new()
                    .schema_type(Type::Integer)
                    .format(Some(utoipa::openapi::SchemaFormat::KnownFormat(
                        utoipa::openapi::KnownFormat::Int32,
                    )))
                    .minimum(Some(1))
                    .maximum(Some(MAX_LIMIT))
                    .default(Some(DEFAULT_LIMIT.into())),
            ),
            parameter(
                "cursor",
                "Where the page begins: `next_cursor` of the page before, with the same filters and order.",
                ObjectBuilder::new()
                    .schema_type(Type::String)
                    .max_length(Some(1024))
                    .pattern(Some("^[A-Za-z0-9_-]+$")),
            ),
            parameter(
                "include_total",
                "Whether `total` shall tell how many rows there are on all pages. It costs a count, which ends at 10,000.",
                ObjectBuilder::new()
                    .schema_type(Type::Boolean)
                    .default(Some(false.into())),
            ),
        ]
    }
}
