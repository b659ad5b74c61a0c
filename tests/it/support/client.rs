//! A caller of the API, as a test sees it.

use actix_web::{
    body,
    dev::ServiceResponse,
    http::{Method, header::HeaderMap},
    test::TestRequest,
};
use openprm::auth::Caller;
use serde_json::Value;

use super::{World, api::api};

/// Somebody who calls.
pub struct Client<'w> {
    world: &'w World,
    token: Option<String>,
    caller: Option<Caller>,
}

/// What was answered.
#[derive(Debug)]
pub struct Response {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Value,
    pub bytes: Vec<u8>,
    /// What of it the contract does not promise.
    pub faults: Vec<String>,
    asked: String,
}

impl<'w> Client<'w> {
    pub(super) const fn new(world: &'w World, token: Option<String>, caller: Option<Caller>) -> Self {
        Self { world, token, caller }
    }

    /// The same caller, for calls of queries and rules.
    pub fn caller(&self) -> &Caller {
        self.caller.as_ref().expect("a caller who has signed in")
    }

    /// Sends a form, as OAuth does.
    pub async fn form(&self, path: &str, headers: &[(&str, &str)], fields: &[(&str, &str)]) -> Response {
        let mut request = TestRequest::post().uri(path).set_form(fields);
        for (name, value) in headers {
            request = request.insert_header((*name, *value));
        }
        self.answer(request.to_request(), Method::POST, path).await.promised()
    }

    /// Sends a request as it stands. Whatever is answered must be what the contract promises.
    pub async fn send(&self, method: Method, path: &str, headers: &[(&str, &str)], body: Option<&Value>) -> Response {
        self.probe(method, path, headers, body).await.promised()
    }

    /// Sends a body byte for byte. Whatever is answered must be what the contract promises.
    pub async fn send_bytes(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<Vec<u8>>,
    ) -> Response {
        self.probe_bytes(method, path, headers, body).await.promised()
    }

    /// As [`Client::send`], but what the contract does not promise stands in `faults`.
    pub async fn probe(&self, method: Method, path: &str, headers: &[(&str, &str)], body: Option<&Value>) -> Response {
        let bytes = body.map(|body| serde_json::to_vec(body).unwrap());
        let typed = headers
            .iter()
            .any(|(name, _)| name.eq_ignore_ascii_case("content-type"));
        let mut headers = headers.to_vec();
        if bytes.is_some() && !typed {
            headers.push(("content-type", "application/json"));
        }
        self.probe_bytes(method, path, &headers, bytes).await
    }

    /// As [`Client::send_bytes`], but what the contract does not promise stands in `faults`.
    pub async fn probe_bytes(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<Vec<u8>>,
    ) -> Response {
        let mut request = TestRequest::default().method(method.clone()).uri(path);
        if let Some(token) = &self.token {
            request = request.insert_header(("authorization", format!("Bearer {token}")));
        }
        for (name, value) in headers {
            request = request.append_header((*name, *value));
        }
        if let Some(body) = body {
            request = request.set_payload(body);
        }
        self.answer(request.to_request(), method, path).await
    }

    /// Asks and leaves the body to the test, to be read piece by piece. Nothing of it is held against the contract.
    pub async fn open(&self, path: &str, headers: &[(&str, &str)]) -> ServiceResponse {
        let mut request = TestRequest::get().uri(path);
        if let Some(token) = &self.token {
            request = request.insert_header(("authorization", format!("Bearer {token}")));
        }
        for (name, value) in headers {
            request = request.append_header((*name, *value));
        }
        (self.world.call)(request.to_request()).await
    }

    async fn answer(&self, request: actix_http::Request, method: Method, path: &str) -> Response {
        let response = (self.world.call)(request).await;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let bytes = body::to_bytes(response.into_body()).await.unwrap_or_default().to_vec();
        let faults = api().faults(&method, path, status, &headers, &bytes);
        Response {
            status,
            headers,
            body: serde_json::from_slice(&bytes).unwrap_or_default(),
            bytes,
            faults,
            asked: format!("{method} {path}"),
        }
    }

    /// What the caller presents.
    pub fn token(&self) -> String {
        self.token.clone().unwrap_or_default()
    }

    pub async fn get(&self, path: &str) -> Response {
        self.send(Method::GET, path, &[], None).await
    }

    /// Sends a fresh idempotency key along, as a well-behaved client does.
    pub async fn post(&self, path: &str, body: Value) -> Response {
        let key = format!("key-{}", self.world.number());
        self.send(Method::POST, path, &[("idempotency-key", &key)], Some(&body))
            .await
    }

    /// Reads the record first, for its tag.
    pub async fn patch(&self, path: &str, body: Value) -> Response {
        let tag = self.tag(path).await;
        self.send(Method::PATCH, path, &[("if-match", &tag)], Some(&body)).await
    }

    /// Reads the record first, for its tag.
    pub async fn delete(&self, path: &str) -> Response {
        let tag = self.tag(path).await;
        self.send(Method::DELETE, path, &[("if-match", &tag)], None).await
    }

    pub async fn put(&self, path: &str, body: Value) -> Response {
        self.send(Method::PUT, path, &[], Some(&body)).await
    }

    async fn tag(&self, path: &str) -> String {
        self.get(path).await.header("etag").unwrap_or("\"1\"").to_owned()
    }
}

impl Response {
    /// The answer, if it is what the contract promises.
    fn promised(self) -> Self {
        assert!(
            self.faults.is_empty(),
            "If you are here because you changed a handler: {} answered {}, and the contract says otherwise.\n  {}\n  the answer: {}",
            self.asked,
            self.status,
            self.faults.join("\n  "),
            String::from_utf8_lossy(&self.bytes)
                .chars()
                .take(2000)
                .collect::<String>()
        );
        self
    }

    /// The body, if the status is the one expected.
    #[track_caller]
    pub fn expect(self, status: u16) -> Value {
        assert_eq!(
            self.status,
            status,
            "{} answered {}: {}",
            self.asked,
            self.status,
            String::from_utf8_lossy(&self.bytes)
        );
        self.body
    }

    /// The problem's code, if the status is the one expected.
    #[track_caller]
    pub fn refused(self, status: u16) -> String {
        let body = self.expect(status);
        body["code"].as_str().unwrap_or_default().to_owned()
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }
}
