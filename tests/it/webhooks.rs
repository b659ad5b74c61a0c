//! Webhooks: what a receiver gets, in which order, what becomes of it when the receiver fails, and where nothing is sent.

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    net::IpAddr,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use actix_web::rt::task::JoinHandle;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use diesel::prelude::*;
use futures_util::future::BoxFuture;
use hmac::{Hmac, KeyInit as _, Mac as _};
use openprm::{
    auth::Role,
    db::{Db, Engine},
    error::Error,
    events::{Fact, sequencer::Sequencer},
    kernel::ids::PartnerId,
    on_each, schema,
    webhooks::{Dispatcher, Resolve, SystemResolver},
};
use serde_json::{Value, json};
use sha2::Sha256;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::watch,
};

use crate::{
    partners::prospect,
    support::{Client, World, contract},
};

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

/// As `each_engine!`, with settings.
macro_rules! hooked {
    ($(async fn $name:ident($world:ident: World, $settings:ident) $body:block)+) => {$(
        async fn $name($world: World) $body

        mod $name {
            use openprm::db::Engine;
            use crate::support::{World, contract};

            #[actix_web::test]
            async fn sqlite() { super::$name(World::configured(Engine::Sqlite, contract(), super::$settings).await).await }

            #[actix_web::test]
            async fn postgres() { super::$name(World::configured(Engine::Postgres, contract(), super::$settings).await).await }
        }
    )+};
}

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

/// Waits until it is so, for ten seconds at most.
async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(
            begun.elapsed() < Duration::from_secs(20),
            "it never came to this: {what}"
        );
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
            begun.elapsed() < Duration::from_secs(20),
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

fn told(world: &World, kind: &'static str) -> i64 {
    world.sql(move |tx| {
        use schema::events::dsl as e;
        on_each!(tx, |c| e::events.filter(e::event_type.eq(kind)).count().get_result(c)).map_err(Error::from)
    })
}

hooked! {
    async fn a_message_is_signed_and_says_what_happened(world: World, QUICK) {
        let (admin, ops) = (world.vendor(Role::Admin), world.vendor(Role::ChannelOps));
        let receiver = Receiver::willing().await;
        let running = Running::start(&world);
        let hook = hook(&admin, &receiver.url("/in?team=7"), &["territory.created"]).await;
        assert!(hook.secret.starts_with("whsec_") && admin.get(&hook.path).await.expect(200).get("secret").is_none());
        let made = territory(&ops, "LI").await;
        ops.patch(&made, json!({"name": "Liechtenstein"})).await.expect(200);
        until("one message", || receiver.hits().len() == 1).await;
        a_while().await;
        let hits = receiver.hits();
        let (hit, body) = (&hits[0], hits[0].json());
        assert_eq!((hits.len(), hit.path.as_str()), (1, "/in?team=7"), "it wants new territories alone");
        assert_eq!(hit.signed_by(&hook.secret), 1);
        assert_eq!(hit.headers["user-agent"], "OpenPRM-Webhooks/1");
        assert_eq!(hit.headers["content-type"], "application/json");
        assert_eq!((&body["type"], &body["sequence"], &body["thin"]), (&json!("territory.created"), &json!(1), &json!(false)));
        assert_eq!((&body["data"]["data"]["code"], &body["timestamp"]), (&json!("LI"), &body["data"]["occurred_at"]));
        assert!(body["data"]["cursor"].is_string() && hit.headers["webhook-id"] == body["data"]["id"].as_str().unwrap());

        let all = deliveries(&admin, &format!("endpoint_id={}", hook.id)).await;
        let path = format!("/v1/webhook-deliveries/{}", all[0]["id"].as_str().unwrap());
        let delivery = becomes(&admin, &path, "status", json!("delivered")).await;
        assert_eq!((&delivery["attempts"], &delivery["last_status"], &delivery["next_attempt_at"]), (&json!(1), &json!(204), &Value::Null));
        let attempts = admin.get(&format!("{path}/attempts")).await.expect(200);
        assert_eq!(attempts["request_body"].as_str().unwrap().as_bytes(), hit.body);
        let attempt = &attempts["data"][0];
        assert_eq!(attempt["request_headers"]["webhook-signature"].as_str().unwrap(), hit.headers["webhook-signature"]);
        assert_eq!(attempt["request_headers"]["webhook-timestamp"].as_str().unwrap(), hit.headers["webhook-timestamp"]);
        running.stop().await;
    }

    async fn both_secrets_sign_while_one_takes_the_place_of_the_other(world: World, QUICK) {
        let (admin, ops) = (world.vendor(Role::Admin), world.vendor(Role::ChannelOps));
        let receiver = Receiver::willing().await;
        let hook = hook(&admin, &receiver.url("/"), &["territory.*"]).await;
        let rotated = admin.post(&format!("{}/rotate-secret", hook.path), json!({})).await.expect(200);
        let new = rotated["secret"].as_str().unwrap().to_owned();
        assert!(rotated["endpoint"]["previous_secret_until"].is_string());
        let running = Running::start(&world);
        territory(&ops, "LI").await;
        until("a message", || receiver.hits().len() == 1).await;
        let hit = &receiver.hits()[0];
        assert_eq!((hit.signed_by(&hook.secret), hit.signed_by(&new)), (1, 1));
        assert!(new != hook.secret && hit.headers["webhook-signature"].split(' ').count() == 2);
        world.clock.advance_seconds(24 * 3600 + 1);
        territory(&ops, "MC").await;
        until("another message", || receiver.hits().len() == 2).await;
        let hit = &receiver.hits()[1];
        assert_eq!((hit.signed_by(&hook.secret), hit.signed_by(&new)), (0, 1));
        let at_once = admin.post(&format!("{}/rotate-secret", hook.path), json!({"overlap_hours": 0})).await.expect(200);
        assert_eq!(at_once["endpoint"]["previous_secret_until"], Value::Null);
        running.stop().await;
    }

    async fn whatever_fails_a_record_s_messages_come_in_order_and_all_of_them(world: World, QUICK) {
        let (admin, ops) = (world.vendor(Role::Admin), world.vendor(Role::ChannelOps));
        let mut number = 0;
        let receiver = Receiver::new(move |_| {
            number += 1;
            if number % 3 == 0 { Reply::Status(503, "") } else { Reply::Status(200, "") }
        }).await;
        let hook = hook(&admin, &receiver.url("/"), &["territory.*"]).await;
        let running = Running::start(&world);
        let mut paths = Vec::new();
        for code in ["AA", "BB", "CC", "DD"] {
            paths.push(territory(&ops, code).await);
        }
        for round in 0..6 {
            for path in &paths {
                ops.patch(path, json!({"name": format!("Round {round}")})).await.expect(200);
            }
        }
        let open = format!("/v1/webhook-deliveries?endpoint_id={}&include_total=true", hook.id);
        let (begun, all) = (Instant::now(), 4 * 7);
        loop {
            let delivered = admin.get(&format!("{open}&status=delivered")).await.expect(200)["total"]["value"].as_i64();
            if delivered == Some(all) {
                break;
            }
            assert!(begun.elapsed() < Duration::from_secs(20), "{delivered:?} of {all}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let lines = by_record(&receiver.hits());
        assert_eq!(lines.len(), 4);
        for (record, order) in &lines {
            assert!(order.is_sorted(), "{record}: {order:?}");
            assert_eq!(order.iter().collect::<BTreeSet<_>>().len(), 7, "{record}: {order:?}");
        }
        let numbers: BTreeSet<i64> = lines.into_values().flatten().collect();
        assert_eq!(numbers, (1..=all).collect::<BTreeSet<_>>(), "numbers without gaps");
        running.stop().await;
    }

    async fn it_is_tried_by_the_schedule_then_disabled_and_goes_on_in_order_once_enabled(world: World, SHORT) {
        let (admin, ops) = (world.vendor(Role::Admin), world.vendor(Role::ChannelOps));
        world.holds(&admin, Role::Admin);
        let well = Arc::new(Mutex::new(false));
        let state = well.clone();
        let receiver = Receiver::new(move |_| if *state.lock().unwrap() { Reply::Status(204, "") } else { Reply::Status(500, "") }).await;
        let hook = hook(&admin, &receiver.url("/"), &["territory.*"]).await;
        let running = Running::start(&world);
        let path = territory(&ops, "LI").await;
        ops.patch(&path, json!({"name": "Second"})).await.expect(200);
        until("the first try", || receiver.hits().len() == 1).await;
        a_while().await;
        assert_eq!(receiver.hits().len(), 1, "the second message waits for the first");
        let first = deliveries(&admin, "").await[0].clone();
        let delivery = format!("/v1/webhook-deliveries/{}", first["id"].as_str().unwrap());
        let waits = becomes(&admin, &delivery, "attempts", json!(1)).await;
        assert_eq!((&waits["status"], &waits["last_status"]), (&json!("pending"), &json!(500)));
        world.clock.advance_seconds(73);
        until("the second try", || receiver.hits().len() == 2).await;
        world.clock.advance_seconds(4400);
        until("the third try", || receiver.hits().len() == 3).await;
        let failed = becomes(&admin, &delivery, "status", json!("failed")).await;
        assert_eq!((&failed["attempts"], &failed["next_attempt_at"]), (&json!(3), &Value::Null));
        let disabled = becomes(&admin, &hook.path, "status", json!("disabled")).await;
        assert_eq!(disabled["disabled_reason"], json!("failing"));
        assert_eq!(told(&world, "webhook_endpoint.disabled"), 1);
        world.sequence();
        world.work("notice_dispatch");
        let notices = admin.get("/v1/notices?topic=webhook_disabled").await.expect(200);
        assert_eq!(notices["data"].as_array().unwrap().len(), 1, "{notices}");
        assert!(notices["data"][0]["body"].as_str().unwrap().contains(&receiver.url("/")));

        ops.patch(&path, json!({"name": "Third"})).await.expect(200);
        world.clock.advance_days(3);
        a_while().await;
        assert_eq!(receiver.hits().len(), 3, "nothing is sent to one that is disabled");
        *well.lock().unwrap() = true;
        admin.post(&format!("{}/enable", hook.path), json!({})).await.expect(200);
        until("all of them", || receiver.hits().len() == 6).await;
        let order: Vec<i64> = receiver.hits().iter().map(Hit::sequence).collect();
        assert_eq!(order, [1, 1, 1, 1, 2, 3]);
        let ids: Vec<String> = receiver.hits().iter().map(|hit| hit.headers["webhook-id"].clone()).collect();
        assert!(ids[..4].iter().all(|id| *id == ids[0]) && ids[4] != ids[0], "an id stays over all tries");
        becomes(&admin, &delivery, "status", json!("delivered")).await;
        running.stop().await;
    }

    async fn a_receiver_that_is_gone_is_left_alone_at_once(world: World, SHORT) {
        let (admin, ops) = (world.vendor(Role::Admin), world.vendor(Role::ChannelOps));
        let receiver = Receiver::new(|_| Reply::Status(410, "")).await;
        let hook = hook(&admin, &receiver.url("/"), &["territory.*"]).await;
        let running = Running::start(&world);
        territory(&ops, "LI").await;
        let disabled = becomes(&admin, &hook.path, "status", json!("disabled")).await;
        assert_eq!((&disabled["disabled_reason"], receiver.hits().len()), (&json!("gone"), 1));
        assert_eq!(deliveries(&admin, "status=pending").await.len(), 1, "what it has not had waits");
        running.stop().await;
    }

    async fn redirects_silence_and_answers_without_end_are_cut_short_and_told(world: World, SHORT) {
        let (admin, ops) = (world.vendor(Role::Admin), world.vendor(Role::ChannelOps));
        let receiver = Receiver::new(|hit| match hit.path.as_str() {
            "/moved" => Reply::Status(302, "location: /elsewhere\r\n"),
            "/silent" => Reply::Hang,
            "/endless" => Reply::Endless,
            "/busy" => Reply::Status(429, "retry-after: 7200\r\n"),
            _ => Reply::Status(204, ""),
        }).await;
        let free = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
        let urls = [receiver.url("/moved"), receiver.url("/silent"), receiver.url("/endless"), receiver.url("/busy"), format!("http://127.0.0.1:{free}/")];
        let mut hooks = Vec::new();
        for url in &urls {
            hooks.push(hook(&admin, url, &["territory.*"]).await);
        }
        let (running, begun) = (Running::start(&world), Instant::now());
        territory(&ops, "LI").await;
        let mut found = Vec::new();
        for hook in &hooks {
            let query = format!("endpoint_id={}", hook.id);
            until_listed(&admin, &query, 1).await;
            let id = deliveries(&admin, &query).await[0]["id"].as_str().unwrap().to_owned();
            let path = format!("/v1/webhook-deliveries/{id}");
            let delivery = becomes(&admin, &path, "attempts", json!(1)).await;
            let attempts = admin.get(&format!("{path}/attempts")).await.expect(200);
            found.push((delivery, attempts["data"][0].clone()));
        }
        assert!(begun.elapsed() < Duration::from_secs(12));
        let error = |index: usize| found[index].1["error"].as_str().unwrap().to_owned();
        assert!(error(0).contains("redirects are not followed") && found[0].1["status"] == 302, "{found:?}");
        assert!(receiver.at("/elsewhere").is_empty());
        assert!(error(1).contains("did not answer within 1 seconds"), "{}", error(1));
        let took = found[1].1["milliseconds"].as_i64().unwrap();
        assert!((900..5000).contains(&took), "{took}");
        assert_eq!((&found[2].0["status"], found[2].1["answer"].as_str().unwrap().len()), (&json!("delivered"), 1024));
        let next: openprm::kernel::Time = found[3].0["next_attempt_at"].as_str().unwrap().parse().unwrap();
        assert!(next.since(world.now()) > 7_000_000_000, "the receiver's wish is obeyed");
        assert!(error(4).contains("cannot be reached"), "{}", error(4));
        running.stop().await;
    }

    async fn two_servers_share_the_endpoints_and_send_nothing_twice(world: World, QUICK) {
        let (admin, ops) = (world.vendor(Role::Admin), world.vendor(Role::ChannelOps));
        let receiver = Receiver::willing().await;
        let mut hooks = Vec::new();
        for number in 0..6 {
            hooks.push(hook(&admin, &receiver.url(&format!("/{number}")), &["territory.*"]).await);
        }
        let resolver = || Arc::new(SystemResolver);
        let servers = [Running::with(&world, world.with_connections(4), resolver()), Running::with(&world, world.with_connections(4), resolver())];
        let mut paths = Vec::new();
        for code in ["AA", "BB", "CC"] {
            paths.push(territory(&ops, code).await);
        }
        for round in 0..5 {
            for path in &paths {
                ops.patch(path, json!({"name": format!("Round {round}")})).await.expect(200);
            }
        }
        until("all messages", || receiver.hits().len() >= 6 * 18).await;
        a_while().await;
        for number in 0..6 {
            let hits = receiver.at(&format!("/{number}"));
            assert_eq!(hits.len(), 18, "endpoint {number}");
            assert!(by_record(&hits).values().all(|order| order.is_sorted() && order.len() == 6));
        }
        for server in servers {
            server.stop().await;
        }
        let leased: i64 = world.sql(|tx| {
            use schema::webhook_marks::dsl as m;
            on_each!(tx, |c| m::webhook_marks.filter(m::lease_token.is_not_null()).count().get_result(c)).map_err(Error::from)
        });
        assert_eq!(leased, 0, "whoever ends in order gives everything back");
    }

    async fn what_was_under_way_when_a_server_was_gone_is_sent_again_in_order(world: World, SHORT) {
        let (admin, ops) = (world.vendor(Role::Admin), world.vendor(Role::ChannelOps));
        let hangs = Arc::new(Mutex::new(true));
        let state = hangs.clone();
        let receiver = Receiver::new(move |_| if *state.lock().unwrap() { Reply::Hang } else { Reply::Status(204, "") }).await;
        hook(&admin, &receiver.url("/"), &["territory.*"]).await;
        let server = Running::start(&world);
        let mut paths = Vec::new();
        for code in ["AA", "BB", "CC"] {
            paths.push(territory(&ops, code).await);
        }
        for path in &paths {
            ops.patch(path, json!({"name": "Changed"})).await.expect(200);
        }
        until("calls under way", || receiver.hits().len() == 3).await;
        server.crash();
        *hangs.lock().unwrap() = false;
        let other = Running::start(&world);
        tokio::time::sleep(Duration::from_millis(500)).await;
        let early = receiver.hits().len();
        assert_eq!(early, 3, "the lease holds");
        world.clock.advance_seconds(5);
        until("all of them", || receiver.hits().len() >= 9).await;
        a_while().await;
        let lines = by_record(&receiver.hits());
        assert!(lines.values().all(|order| order.is_sorted() && order.len() == 3), "{lines:?}");
        assert_eq!(deliveries(&admin, "status=delivered").await.len(), 6);
        other.stop().await;
    }

    async fn one_delivery_or_a_time_range_is_sent_again_under_its_old_ids(world: World, QUICK) {
        let (admin, ops) = (world.vendor(Role::Admin), world.vendor(Role::ChannelOps));
        let receiver = Receiver::willing().await;
        let hook = hook(&admin, &receiver.url("/"), &["territory.*"]).await;
        let running = Running::start(&world);
        let begun = world.now();
        for code in ["AA", "BB", "CC"] {
            territory(&ops, code).await;
        }
        until_listed(&admin, "status=delivered", 3).await;
        let second = deliveries(&admin, "").await[1].clone();
        let path = format!("/v1/webhook-deliveries/{}", second["id"].as_str().unwrap());
        assert_eq!(admin.post(&format!("{path}/replay"), json!({})).await.expect(200)["status"], json!("pending"));
        until("it again", || receiver.hits().len() == 4).await;
        assert_eq!(Some(receiver.hits()[3].headers["webhook-id"].as_str()), second["event_id"].as_str());
        let again = becomes(&admin, &path, "status", json!("delivered")).await;
        assert_eq!(again["attempts"], json!(2));
        assert_eq!(told(&world, "webhook_delivery.replayed"), 1);

        let replay = format!("{}/replay", hook.path);
        let failed = json!({"from": begun, "only_failed": true});
        assert_eq!(admin.post(&replay, failed).await.expect(200)["deliveries"], json!(0));
        assert_eq!(admin.post(&replay, json!({"from": begun})).await.expect(200)["deliveries"], json!(3));
        until("all again", || receiver.hits().len() == 7).await;
        let backwards = json!({"from": world.now(), "to": begun});
        assert_eq!(admin.post(&replay, backwards).await.refused(409), "contradiction");
        running.stop().await;
    }

    async fn a_ping_goes_past_the_queue_and_to_one_that_is_disabled(world: World, SHORT) {
        let admin = world.vendor(Role::Admin);
        let receiver = Receiver::new(|hit| if hit.path == "/well" { Reply::Status(204, "") } else { Reply::Status(410, "") }).await;
        let (well, ill) = (hook(&admin, &receiver.url("/well"), &["*"]).await, hook(&admin, &receiver.url("/ill"), &["*"]).await);
        admin.post(&format!("{}/disable", well.path), json!({})).await.expect(200);
        let running = Running::start(&world);
        for (hook, status) in [(&well, "delivered"), (&ill, "failed")] {
            let made = admin.post(&format!("{}/ping", hook.path), json!({})).await;
            let path = made.header("location").unwrap().to_owned();
            assert_eq!(made.expect(201)["kind"], json!("ping"));
            let ping = becomes(&admin, &path, "status", json!(status)).await;
            assert_eq!((&ping["attempts"], &ping["sequence"]), (&json!(1), &Value::Null));
            assert_eq!(admin.post(&format!("{path}/replay"), json!({})).await.refused(409), "conflict");
        }
        let hits = receiver.at("/well");
        assert_eq!((hits[0].json()["type"].clone(), hits[0].signed_by(&well.secret)), (json!("ping"), 1));
        assert_eq!(hits[0].json()["data"]["endpoint_id"], json!(well.id));
        running.stop().await;
    }

    async fn a_partner_is_told_what_is_its_own_and_sees_its_own_endpoints(world: World, QUICK) {
        let (admin, ops) = (world.vendor(Role::Admin), world.vendor(Role::ChannelOps));
        let mut partners = Vec::new();
        for name in ["Nordwind", "Südwind"] {
            let partner: PartnerId = prospect(&ops, name).await["id"].as_str().unwrap().parse().unwrap();
            partners.push(partner);
        }
        let (a, b) = (partners[0], partners[1]);
        let (ours, theirs) = (world.partner_user(a, Role::PartnerAdmin), world.partner_user(b, Role::PartnerAdmin));
        let receiver = Receiver::willing().await;
        let own = hook(&ours, &receiver.url("/ours"), &["task.*"]).await;
        hook(&theirs, &receiver.url("/theirs"), &["*"]).await;
        for other in [&theirs, &admin] {
            assert_eq!(other.get(&own.path).await.refused(404), "not_found");
            assert_eq!(other.post(&format!("{}/ping", own.path), json!({})).await.refused(404), "not_found");
        }
        assert_eq!(ops.get(&own.path).await.refused(403), "forbidden");
        let running = Running::start(&world);
        let task = |partner: PartnerId| json!({"title": "Call", "resource_type": "partner", "resource_id": partner, "visibility": "shared"});
        for partner in [a, b, a] {
            ops.post("/v1/tasks", task(partner)).await.expect(201);
        }
        until("both of ours", || receiver.at("/ours").len() == 2).await;
        a_while().await;
        let about = |path: &str| -> BTreeSet<String> {
            receiver.at(path).iter().filter_map(|hit| hit.json()["data"]["data"]["partner_id"].as_str().map(str::to_owned)).collect()
        };
        assert_eq!((receiver.at("/ours").len(), about("/ours")), (2, BTreeSet::from([a.to_string()])));
        assert!(!about("/theirs").contains(&a.to_string()));
        let listed = deliveries(&ours, "status=delivered").await;
        assert_eq!((listed.len(), deliveries(&admin, "").await.len()), (2, 0));
        let attempts = ours.get(&format!("/v1/webhook-deliveries/{}/attempts", listed[0]["id"].as_str().unwrap())).await.expect(200);
        assert_eq!(attempts["data"][0]["answer"], Value::Null, "what a receiver says is for the vendor alone");
        assert!(attempts["request_body"].is_string());
        running.stop().await;
    }

    async fn a_machine_s_endpoint_learns_what_its_scopes_allow_and_ends_with_it(world: World, QUICK) {
        let (admin, ops) = (world.vendor(Role::Admin), world.vendor(Role::ChannelOps));
        let machine = world.machine(&["webhooks:read", "webhooks:write", "catalog:read"]);
        let receiver = Receiver::willing().await;
        for types in [json!(["partner.created"]), json!(["partner.*"]), json!(["no.such"]), json!(["nothing.*"])] {
            let body = json!({"url": receiver.url("/"), "event_types": types});
            assert_eq!(machine.post("/v1/webhook-endpoints", body).await.refused(409), "contradiction");
        }
        let made = hook(&machine, &receiver.url("/"), &["*"]).await;
        let seen = admin.get(&made.path).await.expect(200);
        assert!(seen["client_id"].is_string(), "the vendor's people see their machines' endpoints");
        let running = Running::start(&world);
        territory(&ops, "LI").await;
        prospect(&ops, "Nordwind").await;
        until("the territory", || !receiver.hits().is_empty()).await;
        a_while().await;
        assert!(receiver.hits().iter().all(|hit| hit.json()["type"].as_str().unwrap().starts_with("territory.")), "{:?}", receiver.hits());
        let count = receiver.hits().len();
        let client = seen["client_id"].as_str().unwrap().to_owned();
        world.sql(move |tx| {
            use schema::service_clients::dsl as s;
            on_each!(tx, |c| diesel::update(s::service_clients.find(&client)).set(s::status.eq("disabled")).execute(c)).map_err(Error::from)
        });
        territory(&ops, "MC").await;
        let ended = becomes(&admin, &made.path, "status", json!("disabled")).await;
        assert_eq!((&ended["disabled_reason"], receiver.hits().len()), (&json!("client_disabled"), count));
        running.stop().await;
    }

    async fn names_are_called_at_addresses_that_were_checked(world: World, SHORT) {
        let (admin, ops) = (world.vendor(Role::Admin), world.vendor(Role::ChannelOps));
        let receiver = Receiver::willing().await;
        let named = |name: &str| format!("http://{name}:{}/{name}", receiver.port);
        let mut hooks = Vec::new();
        for name in ["here.example.com", "inner.example.com", "both.example.com", "nowhere.example.com"] {
            hooks.push(hook(&admin, &named(name), &["territory.*"]).await);
        }
        let running = Running::with(&world, world.db.clone(), Arc::new(Names));
        territory(&ops, "LI").await;
        for (hook, status) in hooks.iter().zip(["delivered", "pending", "pending", "pending"]) {
            let query = format!("endpoint_id={}", hook.id);
            until_listed(&admin, &query, 1).await;
            let path = format!("/v1/webhook-deliveries/{}", deliveries(&admin, &query).await[0]["id"].as_str().unwrap());
            let delivery = becomes(&admin, &path, "attempts", json!(1)).await;
            assert_eq!(delivery["status"], json!(status), "{delivery}");
            assert_eq!(delivery["last_error"].is_null(), status == "delivered");
        }
        let hits = receiver.hits();
        assert_eq!(hits.len(), 1, "{hits:?}");
        assert_eq!(hits[0].headers["host"], format!("here.example.com:{}", receiver.port));
        running.stop().await;
    }

    async fn a_message_without_its_record_is_small_and_so_is_one_about_a_large_record(world: World, QUICK) {
        let (admin, ops) = (world.vendor(Role::Admin), world.vendor(Role::ChannelOps));
        let receiver = Receiver::willing().await;
        let thin = json!({"url": receiver.url("/thin"), "event_types": ["territory.*"], "include_data": false});
        admin.post("/v1/webhook-endpoints", thin).await.expect(201);
        hook(&admin, &receiver.url("/whole"), &["territory.*"]).await;
        let running = Running::start(&world);
        let path = territory(&ops, "LI").await;
        let id = path.rsplit('/').next().unwrap().to_owned();
        world.sql(move |tx| {
            tx.record(Fact {
                kind: "territory.updated",
                resource_type: "territory",
                resource_id: id.clone(),
                revision: 2,
                audience: Vec::new(),
                data: json!({"name": "x".repeat(30_000)}),
                previous: Some(json!({"name": "LI"})),
                changed: vec!["name".to_owned()],
                lost: Vec::new(),
                partner_view: None,
                deleted: false,
                reason: None,
            })
        });
        until("all of it", || receiver.hits().len() == 4).await;
        let (thin, whole) = (receiver.at("/thin"), receiver.at("/whole"));
        assert!(thin.iter().all(|hit| hit.json()["thin"] == true && hit.json()["data"]["data"].is_null()));
        assert_eq!(thin[0].json()["data"]["resource_id"], whole[0].json()["data"]["resource_id"]);
        assert_eq!((whole[0].json()["thin"].clone(), whole[1].json()["thin"].clone()), (json!(false), json!(true)));
        assert!(whole[1].body.len() < 20_000 && whole[1].json()["data"]["data"].is_null());
        running.stop().await;
    }

    async fn an_endpoint_that_hangs_keeps_no_other_waiting(world: World, QUICK) {
        let (admin, ops) = (world.vendor(Role::Admin), world.vendor(Role::ChannelOps));
        let receiver = Receiver::new(|hit| if hit.path == "/poison" { Reply::Hang } else { Reply::Status(204, "") }).await;
        hook(&admin, &receiver.url("/poison"), &["territory.*"]).await;
        for number in 0..8 {
            hook(&admin, &receiver.url(&format!("/{number}")), &["territory.*"]).await;
        }
        let running = Running::start(&world);
        for number in 0..10 {
            territory(&ops, &format!("T{number}")).await;
        }
        let begun = Instant::now();
        let good = || receiver.hits().iter().filter(|hit| hit.path != "/poison").count();
        until("the good ones", || good() == 80).await;
        assert!(begun.elapsed() < Duration::from_secs(8), "{:?}", begun.elapsed());
        running.stop().await;
    }

    async fn what_is_settled_goes_when_its_time_is_over_and_a_removed_endpoint_with_all_of_its(world: World, QUICK) {
        let (admin, ops) = (world.vendor(Role::Admin), world.vendor(Role::ChannelOps));
        let receiver = Receiver::willing().await;
        let (kept, removed) = (hook(&admin, &receiver.url("/kept"), &["territory.*"]).await, hook(&admin, &receiver.url("/gone"), &["territory.*"]).await);
        let running = Running::start(&world);
        territory(&ops, "LI").await;
        until_listed(&admin, "status=delivered", 2).await;
        assert_eq!(admin.delete(&removed.path).await.status, 204);
        assert_eq!(admin.get(&removed.path).await.refused(404), "not_found");
        assert_eq!(world.work("webhook_retention"), 0, "those at work may not have noticed");
        world.clock.advance_seconds(3700);
        assert_eq!(world.work("webhook_retention"), 1);
        assert_eq!(deliveries(&admin, "").await.len(), 1);
        territory(&ops, "MC").await;
        until("the other", || receiver.at("/kept").len() == 2).await;
        until_listed(&admin, "status=delivered", 2).await;
        world.clock.advance_days(31);
        assert_eq!(world.work("webhook_retention"), 2);
        assert_eq!(receiver.at("/gone").len(), 1);
        admin.get(&kept.path).await.expect(200);
        running.stop().await;
    }
}

async fn until_listed(client: &Client<'_>, query: &str, wanted: usize) {
    let begun = Instant::now();
    while deliveries(client, query).await.len() != wanted {
        assert!(
            begun.elapsed() < Duration::from_secs(20),
            "never {wanted} with {query}: {:?}",
            deliveries(client, query).await
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Knows some names.
struct Names;

impl Resolve for Names {
    fn resolve<'r>(&'r self, host: &'r str) -> BoxFuture<'r, io::Result<Vec<IpAddr>>> {
        let found: &[&str] = match host {
            "here.example.com" => &["127.0.0.1"],
            "inner.example.com" => &["10.0.0.1"],
            "both.example.com" => &["127.0.0.1", "169.254.169.254"],
            _ => &[],
        };
        let found = found.iter().map(|text| text.parse().unwrap()).collect();
        Box::pin(async move { Ok(found) })
    }
}

each_engine! {
    async fn an_address_that_nothing_may_be_sent_to_is_refused(world: World) {
        let admin = world.vendor(Role::Admin);
        for url in [
            "http://crm.example.com/",
            "https://127.0.0.1/",
            "https://[::1]/",
            "https://169.254.169.254/latest/meta-data/",
            "https://localhost/",
            "https://user:word@crm.example.com/",
            "https://2130706433/",
        ] {
            let refused = admin.post("/v1/webhook-endpoints", json!({"url": url})).await;
            assert_eq!(refused.body["errors"][0]["pointer"], json!("#/url"), "{url}: {}", refused.body);
            assert_eq!(refused.refused(409), "contradiction");
        }
        let made = hook(&admin, "https://crm.example.com/hooks", &["*"]).await;
        let tag = admin.get(&made.path).await.header("etag").unwrap().to_owned();
        let body = json!({"url": "https://10.0.0.1/"});
        let refused = admin.send(actix_web::http::Method::PATCH, &made.path, &[("if-match", &tag)], Some(&body)).await;
        assert_eq!(refused.refused(409), "contradiction");
        let changed = admin.patch(&made.path, json!({"event_types": ["territory.updated", "territory.created", "territory.updated"], "description": "For the CRM."})).await.expect(200);
        assert_eq!(changed["event_types"], json!(["territory.created", "territory.updated"]));
        assert_eq!(admin.post(&format!("{}/enable", made.path), json!({})).await.refused(409), "invalid_state");
    }
}

#[actix_web::test]
async fn the_first_server_on_an_sqlite_database_takes_over_at_once() {
    let world = World::configured(Engine::Sqlite, contract(), QUICK).await;
    let (admin, ops) = (world.vendor(Role::Admin), world.vendor(Role::ChannelOps));
    let receiver = Receiver::willing().await;
    hook(&admin, &receiver.url("/"), &["territory.*"]).await;
    let server = Running::start(&world);
    territory(&ops, "LI").await;
    until("a message", || receiver.hits().len() == 1).await;
    server.crash();
    openprm::webhooks::take_over(&world.db).unwrap();
    let next = Running::start(&world);
    territory(&ops, "MC").await;
    until("another message", || receiver.hits().len() == 2).await;
    next.stop().await;
}
