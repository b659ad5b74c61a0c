//! The way to a store that speaks S3: over HTTP/1.1 with TLS by rustls, to the one address that the settings name. It goes
//! wherever the settings say and nowhere else: no redirect is followed, and nothing that a user sends names an address.

use std::{io, pin::Pin, time::Duration};

use http_body_util::BodyExt as _;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector as Tcp},
    rt::TokioExecutor,
};
use object_store::{
    ClientOptions, RetryConfig,
    aws::{AmazonS3, AmazonS3Builder},
    client::{
        HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpRequestBody, HttpResponse,
        HttpResponseBody, HttpService,
    },
};

use super::store::{self, failed};
use crate::{config::S3, error::Result};

/// How long a connection may take.
const CONNECT: Duration = Duration::from_secs(5);
/// How long a request may take until its answer begins, with a part of an upload on its way.
const ANSWER: Duration = Duration::from_secs(60);
/// How long a connection that nobody uses is kept.
const IDLE: Duration = Duration::from_secs(20);
/// How long a request that fails is tried again.
const TRIES: Duration = Duration::from_secs(15);

/// The bucket of that location, by the settings.
///
/// # Errors
/// 503 with a cause that says what is wrong with the settings.
pub fn open(location: &str, settings: &S3) -> Result<AmazonS3> {
    let (bucket, _) = store::bucket(location).unwrap_or_default();
    let builder = AmazonS3Builder::new()
        .with_bucket_name(bucket)
        .with_region(&settings.region)
        .with_access_key_id(&settings.key_id)
        .with_secret_access_key(&settings.secret)
        .with_virtual_hosted_style_request(false)
        // Objects are deleted one by one, which every such store understands.
        .with_disable_bulk_delete(true)
        .with_retry(RetryConfig {
            max_retries: 3,
            retry_timeout: TRIES,
            ..RetryConfig::default()
        })
        .with_http_connector(Wire);
    let builder = match &settings.endpoint {
        Some(endpoint) => builder
            .with_endpoint(endpoint)
            .with_allow_http(endpoint.starts_with("http://")),
        None => builder,
    };
    builder.build().map_err(|error| failed(&error))
}

/// Makes clients.
#[derive(Debug)]
struct Wire;

impl HttpConnector for Wire {
    fn connect(&self, _: &ClientOptions) -> object_store::Result<HttpClient> {
        let mut tcp = Tcp::new();
        tcp.enforce_http(false);
        tcp.set_connect_timeout(Some(CONNECT));
        tcp.set_nodelay(true);
        let tls = HttpsConnectorBuilder::new()
            // By the one cryptographic library that is built in, aws-lc-rs.
            .with_webpki_roots()
            .https_or_http()
            .enable_http1()
            .wrap_connector(tcp);
        let client = Client::builder(TokioExecutor::new())
            .pool_idle_timeout(IDLE)
            .pool_timer(hyper_util::rt::TokioTimer::new())
            .build(tls);
        Ok(HttpClient::new(Line(client)))
    }
}

/// One client with its connections.
#[derive(Debug)]
struct Line(Client<HttpsConnector<Tcp>, HttpRequestBody>);

fn late() -> HttpError {
    HttpError::new(HttpErrorKind::Timeout, io::Error::from(io::ErrorKind::TimedOut))
}

impl HttpService for Line {
    // As `async_trait` writes it.
    fn call<'life0, 'async_trait>(
        &'life0 self,
        request: HttpRequest,
    ) -> Pin<Box<dyn Future<Output = std::result::Result<HttpResponse, HttpError>> + Send + 'async_trait>>
    where
        'life0: 'async_trait,
        Self: 'async_trait,
    {
        Box::pin(async move {
            let response = tokio::time::timeout(ANSWER, self.0.request(request))
                .await
                .map_err(|_elapsed| late())?
                .map_err(|error| {
                    let kind = if error.is_connect() {
                        HttpErrorKind::Connect
                    } else {
                        HttpErrorKind::Interrupted
                    };
                    HttpError::new(kind, error)
                })?;
            Ok(response.map(|body| {
                HttpResponseBody::new(body.map_err(|error| HttpError::new(HttpErrorKind::Interrupted, error)))
            }))
        })
    }
}
