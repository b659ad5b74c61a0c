//! A store that speaks as much S3 as files need, over HTTP: objects, uploads in parts, keys that must be right.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use actix_web::{
    App, HttpRequest, HttpResponse, HttpServer,
    web::{self, Bytes, Data},
};
use hmac::digest::Digest as _;
use openprm::kernel::hex;

pub const KEY_ID: &str = "AKIATESTTESTTEST";

/// What lies in it.
#[derive(Default)]
pub struct Contents {
    pub objects: BTreeMap<String, Vec<u8>>,
    /// The parts of each upload that has not ended, by its number.
    pub uploads: BTreeMap<String, BTreeMap<u32, Vec<u8>>>,
    /// Every request: method and path with query.
    pub asked: Vec<String>,
    /// Whether it answers nobody.
    pub closed: bool,
}

/// The store, which ends with the test.
pub struct Bucket {
    pub contents: Arc<Mutex<Contents>>,
    pub endpoint: String,
    handle: actix_web::dev::ServerHandle,
}

impl Bucket {
    pub fn start() -> Self {
        let contents = Arc::new(Mutex::new(Contents::default()));
        let shared = Data::from(contents.clone());
        let server = HttpServer::new(move || {
            App::new()
                .app_data(shared.clone())
                .app_data(web::PayloadConfig::new(64 * 1024 * 1024))
                .default_service(web::to(answer))
        })
        .workers(1)
        .disable_signals()
        .bind(("127.0.0.1", 0))
        .unwrap();
        let endpoint = format!("http://{}", server.addrs()[0]);
        let server = server.run();
        let handle = server.handle();
        actix_web::rt::spawn(server);
        Self {
            contents,
            endpoint,
            handle,
        }
    }

    /// The names of what lies in it.
    pub fn names(&self) -> Vec<String> {
        self.contents.lock().unwrap().objects.keys().cloned().collect()
    }
}

impl Drop for Bucket {
    fn drop(&mut self) {
        drop(self.handle.stop(false));
    }
}

fn header<'r>(request: &'r HttpRequest, name: &str) -> &'r str {
    request
        .headers()
        .get(name)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default()
}

async fn answer(request: HttpRequest, body: Bytes, contents: Data<Mutex<Contents>>) -> HttpResponse {
    let mut contents = contents.lock().unwrap();
    contents.asked.push(format!("{} {}", request.method(), request.uri()));
    let signed = header(&request, "authorization").starts_with(&format!("AWS4-HMAC-SHA256 Credential={KEY_ID}/"));
    let whole = header(&request, "x-amz-content-sha256") == hex::encode(&sha2::Sha256::digest(&body));
    if contents.closed || !signed || !whole {
        return HttpResponse::Forbidden().body("<Error><Code>AccessDenied</Code></Error>");
    }
    #[expect(
        clippy::disallowed_types,
        reason = "a stand-in for another server, which takes what it is sent"
    )]
    let query = web::Query::<BTreeMap<String, String>>::from_query(request.query_string());
    let query = query.unwrap().into_inner();
    let key = request.path().to_owned();
    let xml = |text: String| HttpResponse::Ok().content_type("application/xml").body(text);
    let done = || HttpResponse::Ok().insert_header(("etag", "\"stored\"")).finish();
    match (request.method().as_str(), query.get("uploadId")) {
        ("POST", None) if query.contains_key("uploads") => {
            let id = format!("upload-{}", contents.asked.len());
            contents.uploads.insert(id.clone(), BTreeMap::new());
            xml(format!(
                "<InitiateMultipartUploadResult><UploadId>{id}</UploadId></InitiateMultipartUploadResult>"
            ))
        }
        ("PUT", Some(id)) => {
            let number = query["partNumber"].parse().unwrap();
            contents.uploads.get_mut(id).unwrap().insert(number, body.to_vec());
            done()
        }
        ("POST", Some(id)) => {
            let parts = contents.uploads.remove(id).unwrap();
            let sizes: Vec<usize> = parts.values().map(Vec::len).collect();
            let (_, all_but_last) = sizes.split_last().unwrap();
            assert!(all_but_last.iter().all(|size| *size >= 5 * 1024 * 1024), "{sizes:?}");
            contents.objects.insert(key, parts.into_values().flatten().collect());
            xml("<CompleteMultipartUploadResult><ETag>\"stored\"</ETag></CompleteMultipartUploadResult>".to_owned())
        }
        ("DELETE", Some(id)) => {
            contents.uploads.remove(id);
            HttpResponse::NoContent().finish()
        }
        ("PUT", None) => {
            contents.objects.insert(key, body.to_vec());
            done()
        }
        ("GET", None) => match contents.objects.get(&key) {
            Some(object) => HttpResponse::Ok()
                .insert_header(("etag", "\"stored\""))
                .insert_header(("last-modified", "Sat, 21 Nov 2026 09:00:00 GMT"))
                .body(object.clone()),
            None => HttpResponse::NotFound().body("<Error><Code>NoSuchKey</Code></Error>"),
        },
        ("DELETE", None) => {
            contents.objects.remove(&key);
            HttpResponse::NoContent().finish()
        }
        _ => HttpResponse::NotImplemented().finish(),
    }
}
