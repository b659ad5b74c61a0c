//! The contract and Swagger UI, as they are served. What is served stays the same as long as the server runs: it is compressed
//! once, and not sent again to those who have it.

use std::{
    hash::{DefaultHasher, Hash as _, Hasher as _},
    sync::OnceLock,
};

use actix_web::{
    HttpMessage as _, HttpRequest, HttpResponse, HttpResponseBuilder,
    body::{self, BoxBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    guard,
    http::header::{
        self, AcceptEncoding, CacheControl, CacheDirective, ContentEncoding, ETag, Encoding, EntityTag, HeaderValue,
        IfNoneMatch,
    },
    middleware::{Compress, Next, from_fn},
    web::{self, Bytes, ServiceConfig},
};
use serde_json::Value;
use utoipa_swagger_ui::{Config as SwaggerConfig, SwaggerUi};

use super::{State, document};
use crate::error::{Error, Result, codes};

const WHOLE: &str = "/openapi.json";
const OLDER: &str = "/openapi-3.0.json";
const WITHOUT_WEBHOOKS: &str = "/openapi-no-webhooks.json";

/// How Swagger UI begins, in place of what its package brings, which has no room for plugins.
const INITIALIZER: &str = include_str!("swagger-initializer.js");

/// A document of the contract, and its compressed forms once somebody asked for them.
#[derive(Debug, Clone)]
pub struct Published {
    plain: Bytes,
    /// Weak, because it stands for all forms.
    tag: EntityTag,
    brotli: OnceLock<Bytes>,
    gzip: OnceLock<Bytes>,
}

impl Published {
    fn of(document: &Value) -> Result<Self> {
        let plain = serde_json::to_vec(document).map(Bytes::from).map_err(Error::internal)?;
        let mut hasher = DefaultHasher::new();
        plain.hash(&mut hasher);
        Ok(Self {
            plain,
            tag: EntityTag::new_weak(format!("{:016x}", hasher.finish())),
            brotli: OnceLock::new(),
            gzip: OnceLock::new(),
        })
    }

    /// Where that form is kept; nothing for the document as it is.
    const fn kept(&self, coding: ContentEncoding) -> Option<&OnceLock<Bytes>> {
        match coding {
            ContentEncoding::Brotli => Some(&self.brotli),
            ContentEncoding::Gzip => Some(&self.gzip),
            _ => None,
        }
    }

    /// An answer about the document, whatever form it has.
    fn about(&self, mut answer: HttpResponseBuilder) -> HttpResponseBuilder {
        answer
            .insert_header(ETag(self.tag.clone()))
            .insert_header(CacheControl(vec![CacheDirective::NoCache]))
            .insert_header((header::VARY, "Accept-Encoding"));
        answer
    }

    /// The document as it is.
    fn whole(&self) -> HttpResponse {
        self.about(HttpResponse::Ok())
            .content_type("application/json")
            .body(self.plain.clone())
    }

    /// The document in the form that is kept.
    fn packed(&self, coding: ContentEncoding, bytes: Bytes) -> HttpResponse {
        self.about(HttpResponse::Ok())
            .content_type("application/json")
            .insert_header(coding)
            .body(bytes)
    }
}

/// The contract in all its versions, by address.
///
/// # Errors
/// None in practice.
pub fn publish(contract: &Value) -> Result<Vec<(&'static str, Published)>> {
    Ok(vec![
        (WHOLE, Published::of(contract)?),
        (OLDER, Published::of(&document::openapi_3_0(contract))?),
        (WITHOUT_WEBHOOKS, Published::of(&document::without_webhooks(contract))?),
    ])
}

/// The documents, and Swagger UI on the first of them.
pub fn routes(config: &mut ServiceConfig) {
    for address in [WHOLE, OLDER, WITHOUT_WEBHOOKS] {
        config.service(
            web::resource(address)
                .guard(guard::Get())
                .wrap(Compress::default())
                .wrap(from_fn(keep))
                .to(show),
        );
    }
    config
        .route("/docs", web::get().to(to_docs))
        .route("/docs/swagger-initializer.js", web::get().to(initializer))
        .service(SwaggerUi::new("/docs/{_:.*}").config(SwaggerConfig::from(WHOLE)));
}

/// The document of that address, as it is spelled: routes also match one with escapes, and there is none such.
fn find<'a>(state: &'a State, address: &str) -> Result<&'a Published> {
    let documents = &state.contract.documents;
    documents
        .iter()
        .find(|(known, _)| *known == address)
        .map(|(_, document)| document)
        .ok_or_else(|| Error::new(&codes::ROUTE_NOT_FOUND))
}

async fn show(request: HttpRequest) -> Result<HttpResponse> {
    let state = State::of(&request)?;
    Ok(find(&state, request.path())?.whole())
}

/// Answers with what is kept. The first request for a form goes on to the compression within, which leaves nothing to do for the one
/// around all routes.
async fn keep(
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> std::result::Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let state = State::of(request.request())?;
    let document = find(&state, request.path())?;
    if has(&request, &document.tag) {
        let unchanged = document.about(HttpResponse::NotModified()).finish();
        return Ok(request.into_response(unchanged));
    }
    let coding = coding(&request);
    let Some(kept) = document.kept(coding) else {
        return Ok(request.into_response(document.whole()));
    };
    if let Some(bytes) = kept.get() {
        return Ok(request.into_response(document.packed(coding, bytes.clone())));
    }
    let only = HeaderValue::from_static(coding.as_str());
    request.headers_mut().insert(header::ACCEPT_ENCODING, only.clone());
    let made = next.call(request).await?;
    if made.headers().get(header::CONTENT_ENCODING) != Some(&only) {
        return Ok(made.map_into_boxed_body());
    }
    let (request, made) = made.into_parts();
    let bytes = body::to_bytes(made.into_body()).await;
    let bytes = bytes.map_err(|error| Error::internal(Into::<Box<dyn std::error::Error>>::into(error)))?;
    let answer = document.packed(coding, kept.get_or_init(|| bytes).clone());
    Ok(ServiceResponse::new(request, answer))
}

/// The form that the caller likes best.
fn coding(request: &ServiceRequest) -> ContentEncoding {
    let forms = [Encoding::identity(), Encoding::brotli(), Encoding::gzip()];
    let chosen = request
        .get_header::<AcceptEncoding>()
        .and_then(|accepted| accepted.negotiate(forms.iter()));
    match chosen {
        Some(Encoding::Known(coding)) => coding,
        _ => ContentEncoding::Identity,
    }
}

/// Whether the caller has what is at that tag.
fn has(request: &ServiceRequest, tag: &EntityTag) -> bool {
    match request.get_header::<IfNoneMatch>() {
        Some(IfNoneMatch::Any) => true,
        Some(IfNoneMatch::Items(tags)) => tags.iter().any(|held| held.weak_eq(tag)),
        None => false,
    }
}

async fn to_docs() -> HttpResponse {
    HttpResponse::PermanentRedirect()
        .insert_header((header::LOCATION, "/docs/"))
        .finish()
}

async fn initializer() -> HttpResponse {
    HttpResponse::Ok().content_type("text/javascript").body(INITIALIZER)
}
