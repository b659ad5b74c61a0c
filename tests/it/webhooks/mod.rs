//! Webhooks, story by story, with a receiver that answers as it is told and a dispatcher that can be stopped or crash.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use actix_web::rt::task::JoinHandle;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use diesel::prelude::*;
use hmac::{Hmac, KeyInit as _, Mac as _};
use openprm::{
    db::Db,
    error::Error,
    events::sequencer::Sequencer,
    schema,
    webhooks::{Dispatcher, Resolve, SystemResolver},
};
use serde_json::{Value, json};
use sha2::Sha256;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::watch,
};

use crate::support::{Client, World};

type Settings = &'static [(&'static str, &'static str)];

const HTTP: (&str, &str) = ("OPENPRM_WEBHOOK_ALLOW_HTTP", "on");
const HERE: (&str, &str) = ("OPENPRM_WEBHOOK_ALLOW_PRIVATE", "127.0.0.0/8");
/// Failures are tried again at once, fifty times.
const AT_ONCE: (&str, &str) = (
    "OPENPRM_WEBHOOK_SCHEDULE",
    "0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0",
);
const QUICK: Settings = &[HTTP, HERE, AT_ONCE, ("OPENPRM_WEBHOOK_TIMEOUT_SECONDS", "2")];
const SHORT: Settings = &[
    HTTP,
    HERE,
    ("OPENPRM_WEBHOOK_SCHEDULE", "0,60,3600"),
    ("OPENPRM_WEBHOOK_TIMEOUT_SECONDS", "1"),
];

/// How long is waited for what must come to be. A machine that has other work is slow; what is broken never comes.
const PATIENCE: Duration = Duration::from_secs(60);

/// As `each_engine!`, with settings.
macro_rules! hooked {
    ($(async fn $name:ident($world:ident: World, $settings:ident) $body:block)+) => {$(
        async fn $name($world: $crate::support::World) $body

        mod $name {
            use openprm::db::Engine;
            use $crate::support::{World, contract};

            #[actix_web::test]
            async fn sqlite() { super::$name(World::configured(Engine::Sqlite, contract(), super::$settings).await).await }

            #[actix_web::test]
            async fn postgres() { super::$name(World::configured(Engine::Postgres, contract(), super::$settings).await).await }
        }
    )+};
}

mod failing;
mod guarding;
mod replaying;
mod rights;
mod sending;
mod sharing;
mod wanting;

/// A request that a receiver got.
#[derive(Debug, Clone)]
struct Hit {
    path: String,
    headers: BTreeMap<String, String>,
    body: Vec<u8>,
}

impl Hit {
    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    fn sequence(&self) -> i64 {
        self.json()["sequence"].as_i64().unwrap()
    }

    fn record(&self) -> String {
        self.json()["data"]["resource_id"].as_str().unwrap().to_owned()
    }

    /// Which of its signatures are right for that secret.
    fn signed_by(&self, secret: &str) -> usize {
        let key = STANDARD.decode(secret.strip_prefix("whsec_").unwrap()).unwrap();
        let mut mac = Hmac::<Sha256>::new_from_slice(&key).unwrap();
        let signed = format!("{}.{}.", self.headers["webhook-id"], self.headers["webhook-timestamp"]);
        mac.update(signed.as_bytes());
        mac.update(&self.body);
        let right = format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()));
        let sent = self.headers["webhook-signature"].split(' ');
        sent.filter(|signature| *signature == right).count()
    }
}

/// What a receiver does with a request.
#[derive(Debug, Clone)]
enum Reply {
    Status(u16, &'static str),
    /// The head of an answer, and a body without an end.
    Endless,
    /// Nothing at all.
    Hang,
}

type Script = Arc<Mutex<dyn FnMut(&Hit) -> Reply + Send>>;

/// A little server that takes whatever is sent.
struct Receiver {
    port: u16,
    hits: Arc<Mutex<Vec<Hit>>>,
    task: JoinHandle<()>,
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Receiver {
    async fn new(script: impl FnMut(&Hit) -> Reply + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let hits: Arc<Mutex<Vec<Hit>>> = Arc::default();
        let (seen, script): (_, Script) = (hits.clone(), Arc::new(Mutex::new(script)));
        let task = actix_web::rt::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                actix_web::rt::spawn(serve(stream, seen.clone(), script.clone()));
            }
        });
        Self { port, hits, task }
    }

    async fn willing() -> Self {
        Self::new(|_| Reply::Status(204, "")).await
    }

    fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    fn hits(&self) -> Vec<Hit> {
        self.hits.lock().unwrap().clone()
    }

    fn at(&self, path: &str) -> Vec<Hit> {
        self.hits().into_iter().filter(|hit| hit.path == path).collect()
    }
}

async fn serve(mut stream: TcpStream, hits: Arc<Mutex<Vec<Hit>>>, script: Script) {
    let mut buffer = Vec::new();
    loop {
        let head = loop {
            if let Some(end) = buffer.windows(4).position(|four| four == b"\r\n\r\n") {
                break end;
            }
            let mut some = [0_u8; 8192];
            match stream.read(&mut some).await {
                Ok(read) if read > 0 => buffer.extend_from_slice(&some[..read]),
                _ => return,
            }
        };
        let text = String::from_utf8_lossy(&buffer[..head]).into_owned();
        let mut lines = text.lines();
        let path = lines.next().unwrap().split(' ').nth(1).unwrap().to_owned();
        let headers: BTreeMap<String, String> = lines
            .filter_map(|line| line.split_once(": "))
            .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
            .collect();
        let length: usize = headers.get("content-length").map_or(0, |text| text.parse().unwrap());
        while buffer.len() < head + 4 + length {
            let mut some = [0_u8; 8192];
            match stream.read(&mut some).await {
                Ok(read) if read > 0 => buffer.extend_from_slice(&some[..read]),
                _ => return,
            }
        }
        let body = buffer[head + 4..head + 4 + length].to_vec();
        buffer.drain(..head + 4 + length);
        let hit = Hit { path, headers, body };
        hits.lock().unwrap().push(hit.clone());
        let reply = (*script.lock().unwrap())(&hit);
        match reply {
            Reply::Status(status, extra) => {
                let body = if status == 204 { "" } else { "said" };
                let text = format!(
                    "HTTP/1.1 {status} X\r\n{extra}content-length: {}\r\n\r\n{body}",
                    body.len()
                );
                if stream.write_all(text.as_bytes()).await.is_err() {
                    return;
                }
            }
            Reply::Endless => {
                let _ = stream
                    .write_all(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
                    .await;
                while stream.write_all(b"400\r\n").await.is_ok()
                    && stream.write_all(&[b'x'; 1024]).await.is_ok()
                    && stream.write_all(b"\r\n").await.is_ok()
                {}
                return;
            }
            Reply::Hang => {
                tokio::time::sleep(Duration::from_secs(60)).await;
                return;
            }
        }
    }
}

/// A server's dispatcher, and what gives events their places.
struct Running {
    stop: watch::Sender<bool>,
    dispatcher: JoinHandle<()>,
    sequencer: JoinHandle<()>,
}

impl Running {
    fn with(world: &World, db: Db, resolver: Arc<dyn Resolve>) -> Self {
        let (stop, stopped) = watch::channel(false);
        let dispatcher = Dispatcher::new(&world.state, resolver).on(db.clone());
        let sequencer = Sequencer::new();
        Self {
            stop,
            dispatcher: actix_web::rt::spawn(dispatcher.run(stopped)),
            sequencer: actix_web::rt::spawn(async move {
                loop {
                    let (sequencer, db) = (sequencer.clone(), db.clone());
                    let _ = actix_web::web::block(move || sequencer.turn(&db)).await;
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
            }),
        }
    }

    fn start(world: &World) -> Self {
        Self::with(world, world.db.clone(), Arc::new(SystemResolver))
    }

    async fn stop(self) {
        self.stop.send_replace(true);
        self.dispatcher.await.unwrap();
        self.sequencer.abort();
    }

    /// Gone without a word, as when the machine is.
    fn crash(self) {
        self.dispatcher.abort();
        self.sequencer.abort();
    }
}

/// Waits until it is so.
async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < PATIENCE, "it never came to this: {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Waits until the record is so.
async fn becomes(client: &Client<'_>, path: &str, field: &str, value: Value) -> Value {
    let begun = Instant::now();
    loop {
        let record = client.get(path).await.expect(200);
        if record[field] == value {
            return record;
        }
        assert!(
            begun.elapsed() < PATIENCE,
            "{path} never came to {field} = {value}: {record}"
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn a_while() {
    tokio::time::sleep(Duration::from_millis(700)).await;
}

struct Hook {
    path: String,
    id: String,
    secret: String,
}

async fn hook(client: &Client<'_>, url: &str, types: &[&str]) -> Hook {
    let made = client
        .post("/v1/webhook-endpoints", json!({"url": url, "event_types": types}))
        .await
        .expect(201);
    let id = made["endpoint"]["id"].as_str().unwrap().to_owned();
    Hook {
        path: format!("/v1/webhook-endpoints/{id}"),
        id,
        secret: made["secret"].as_str().unwrap().to_owned(),
    }
}

async fn territory(ops: &Client<'_>, code: &str) -> String {
    let made = ops
        .post("/v1/territories", json!({"code": code, "name": code, "kind": "custom"}))
        .await
        .expect(201);
    format!("/v1/territories/{}", made["id"].as_str().unwrap())
}

async fn deliveries(client: &Client<'_>, query: &str) -> Vec<Value> {
    let page = client
        .get(&format!("/v1/webhook-deliveries?sort=created_at&limit=200&{query}"))
        .await
        .expect(200);
    page["data"].as_array().unwrap().clone()
}

/// Per record, the numbers in the order in which they came.
fn by_record(hits: &[Hit]) -> BTreeMap<String, Vec<i64>> {
    let mut lines: BTreeMap<String, Vec<i64>> = BTreeMap::new();
    for hit in hits {
        lines.entry(hit.record()).or_default().push(hit.sequence());
    }
    lines
}

/// How many events of that kind have their place in the feed.
fn told(world: &World, kind: &'static str) -> i64 {
    world.sql(move |tx| {
        use schema::events::dsl as e;
        e::events
            .filter(e::event_type.eq(kind))
            .filter(e::position.is_not_null())
            .count()
            .get_result(tx.conn())
            .map_err(Error::from)
    })
}

async fn until_listed(client: &Client<'_>, query: &str, wanted: usize) {
    let begun = Instant::now();
    while deliveries(client, query).await.len() != wanted {
        assert!(
            begun.elapsed() < PATIENCE,
            "never {wanted} with {query}: {:?}",
            deliveries(client, query).await
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
