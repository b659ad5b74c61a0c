//! Files: streamed in, recognised, scanned, linked, and nothing left of what fails.

use std::{
    path::{Path, PathBuf},
    pin::Pin,
    sync::Arc,
};

use actix_web::{
    http::Method,
    web::{Bytes, Data},
};
use openprm::{
    auth::Role,
    config::Config,
    files::{self, Files, Scanner, Store, Sweeper, Verdict},
    http::State,
    jobs,
    kernel::ids::{FileId, Id as _},
};
use serde_json::{Value, json};

use crate::{
    program::{Program, approved, complete, guards, path, submitted},
    support::{Client, Response, World, bucket},
};

fn pdf(size: usize) -> Vec<u8> {
    let mut content = b"%PDF-1.7\n".to_vec();
    content.resize(size, b' ');
    content
}

async fn upload(client: &Client<'_>, name: &str, kind: &str, content: Vec<u8>) -> Response {
    let at = format!("/v1/files?name={name}");
    client
        .send_bytes(Method::POST, &at, &[("content-type", kind)], Some(content))
        .await
}

async fn link(client: &Client<'_>, file: &Value) -> String {
    let at = format!("/v1/files/{}/links", file["id"].as_str().unwrap());
    let link = client.post(&at, json!({})).await.expect(200);
    let url = link["url"].as_str().unwrap();
    url[url.find("/v1/").unwrap()..].to_owned()
}

/// Everything that lies in the store.
fn stored(world: &World) -> Vec<PathBuf> {
    fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            if entry.path().is_dir() {
                walk(&entry.path(), found);
            } else {
                found.push(entry.path());
            }
        }
    }
    let mut found = Vec::new();
    walk(Path::new(world.state.files.store.location()), &mut found);
    found
}

/// Sweeps as the server does.
async fn sweep(world: &World) {
    let sweeper = Sweeper::new(&world.db, &world.state.files);
    while sweeper.sweep().await.unwrap() > 0 {}
}

/// Finds what calls itself malicious, and is not always there.
struct Fake(std::sync::atomic::AtomicBool);

impl Scanner for Fake {
    fn is_there(&self) -> bool {
        true
    }

    fn scan(&self, mut content: files::Content) -> Pin<Box<dyn Future<Output = Verdict> + Send + '_>> {
        Box::pin(async move {
            use futures_util::StreamExt as _;
            if !self.0.load(std::sync::atomic::Ordering::SeqCst) {
                return Verdict::Unknown("away".to_owned());
            }
            let mut whole = Vec::new();
            while let Some(piece) = content.next().await {
                let piece: Bytes = piece.unwrap();
                whole.extend_from_slice(&piece);
            }
            if whole.windows(5).any(|part| part == b"EICAR") {
                Verdict::Infected("Eicar-Test".to_owned())
            } else {
                Verdict::Clean
            }
        })
    }
}

async fn scanned(world: &World, there: bool) -> (World2<'_>, Arc<Fake>) {
    let fake = Arc::new(Fake(there.into()));
    let files = Files {
        scanner: fake.clone(),
        ..world.state.files.clone()
    };
    (behind(world, files), fake)
}

/// The world behind another server, with other files.
fn behind(world: &World, files: Files) -> World2<'_> {
    let state = State {
        db: world.state.db.clone(),
        config: world.state.config.clone(),
        contract: world.state.contract.clone(),
        signer: world.state.signer.clone(),
        identity: world.state.identity.clone(),
        authenticator: world.state.authenticator.clone(),
        limiter: openprm::http::limits::Limiter::new(0),
        files,
        metrics: openprm::http::metrics::Metrics::new().unwrap(),
        usage: openprm::usage::Recorder::new(false),
        tail: openprm::events::feed::Tail::default(),
        exports: Arc::default(),
    };
    World2 {
        world,
        state: Data::new(state),
    }
}

/// The files of a server whose settings name a bucket of that store.
fn in_bucket(endpoint: &str, secret: &str) -> Files {
    let (endpoint, secret) = (endpoint.to_owned(), secret.to_owned());
    let config = Config::read(move |name| match name {
        "OPENPRM_FILES_URL" => Some("s3://prm/files/of the program".to_owned()),
        "OPENPRM_S3_ENDPOINT" => Some(endpoint.clone()),
        "OPENPRM_S3_REGION" => Some("eu-central-1".to_owned()),
        "OPENPRM_S3_KEY_ID" => Some(bucket::KEY_ID.to_owned()),
        "OPENPRM_S3_SECRET" => Some(secret.clone()),
        _ => None,
    });
    Files::open(&config.unwrap()).unwrap()
}

/// The same world behind another server.
struct World2<'w> {
    world: &'w World,
    state: Data<State>,
}

impl World2<'_> {
    /// The content that a link leads to.
    async fn content(&self, client: &Client<'_>, file: &Value) -> Bytes {
        use actix_web::test;
        let at = format!("/v1/files/{}/links", file["id"].as_str().unwrap());
        let (status, link) = self.send(client, Method::POST, &at, b"{}".to_vec()).await;
        assert_eq!(status, 200, "{link}");
        let url = link["url"].as_str().unwrap();
        let app = test::init_service(openprm::app::app(self.state.clone())).await;
        let request = test::TestRequest::get()
            .uri(&url[url.find("/v1/").unwrap()..])
            .to_request();
        test::call_and_read_body(&app, request).await
    }

    async fn send(&self, client: &Client<'_>, method: Method, at: &str, content: Vec<u8>) -> (u16, Value) {
        use actix_web::test;
        let app = test::init_service(openprm::app::app(self.state.clone())).await;
        let request = test::TestRequest::default()
            .method(method)
            .uri(at)
            .insert_header(("authorization", format!("Bearer {}", client.token())))
            .insert_header((
                "content-type",
                match at {
                    at if at.contains("links") => "application/json",
                    at if at.contains(".pdf") => "application/pdf",
                    _ => "text/plain",
                },
            ))
            .set_payload(content)
            .to_request();
        let response = test::call_service(&app, request).await;
        let status = response.status().as_u16();
        let body = test::read_body(response).await;
        (status, serde_json::from_slice(&body).unwrap_or_default())
    }
}

each_engine! {
    async fn a_file_is_kept_described_and_read_by_a_link(world: World) {
        let program = Program::new(&world).await;
        let sales = program.sales(program.partner("Nordwind"));
        let other = program.sales(program.partner("Südstern"));
        let content = pdf(3 * 1024 * 1024 + 17);
        let file = upload(&sales, "..%2Fetc%2FBrief%20%C3%84.pdf", "application/octet-stream", content.clone()).await.expect(201);
        assert_eq!((&file["name"], &file["media_type"], &file["size_bytes"]), (&json!("Brief Ä.pdf"), &json!("application/pdf"), &json!(content.len())));
        assert_eq!((&file["scan_status"], file["sha256"].as_str().unwrap().len()), (&json!("not_scanned"), 64));
        assert_eq!(stored(&world).len(), 1);
        let at = format!("/v1/files/{}", file["id"].as_str().unwrap());
        assert_eq!(other.get(&at).await.refused(404), "not_found");
        assert_eq!(other.post(&format!("{at}/links"), json!({})).await.refused(404), "not_found");
        let link = link(&sales, &file).await;
        let read = world.stranger().get(&link).await;
        assert_eq!((read.status, read.bytes == content), (200, true));
        assert_eq!(read.header("content-type"), Some("application/octet-stream"));
        assert!(read.header("content-disposition").unwrap().starts_with("attachment; filename=\"Brief _.pdf\""));
        assert_eq!(read.header("content-security-policy"), Some("sandbox; default-src 'none'"));
        assert_eq!(read.header("x-content-type-options"), Some("nosniff"));
        let id = file["id"].as_str().unwrap();
        for tampered in [link.replace("expires=1", "expires=2"), link.replace(id, &FileId::at(world.now()).to_string()), format!("{link}A")] {
            assert_eq!(world.stranger().get(&tampered).await.refused(404), "not_found", "{tampered}");
        }
        world.clock.advance_seconds(15 * 60 + 1);
        assert_eq!(world.stranger().get(&link).await.refused(401), "invalid_token");
        sales.delete(&at).await.expect(204);
        sweep(&world).await;
        assert_eq!(stored(&world), Vec::<PathBuf>::new());
    }

    async fn what_is_not_taken_leaves_nothing(world: World) {
        let program = Program::new(&world).await;
        let sales = program.sales(program.partner("Nordwind"));
        assert_eq!(upload(&sales, "a.exe", "application/octet-stream", b"MZ\x90\0\x03".to_vec()).await.refused(409), "contradiction");
        assert_eq!(upload(&sales, "a.png", "image/png", pdf(100)).await.refused(409), "contradiction");
        assert_eq!(upload(&sales, "a.html", "text/html", b"<html>".to_vec()).await.refused(415), "unsupported_media_type");
        assert_eq!(upload(&sales, "a.txt", "text/plain", Vec::new()).await.refused(422), "validation_failed");
        assert_eq!(upload(&sales, "a.pdf", "application/pdf", pdf(26_214_401)).await.refused(413), "payload_too_large");
        assert_eq!(upload(&sales, "..", "application/pdf", pdf(100)).await.refused(409), "contradiction");
        sweep(&world).await;
        assert_eq!(stored(&world), Vec::<PathBuf>::new());
        assert_eq!(sales.get("/v1/files").await.expect(200)["data"], json!([]));
    }

    async fn text_is_taken_in_utf_8_and_in_the_code_pages_of_older_systems(world: World) {
        let program = Program::new(&world).await;
        let sales = program.sales(program.partner("Nordwind"));
        let rows = b"Id;Name\r\n1;M\xfcller & S\xf6hne\r\n2;Caf\xe9 \x96 5 \x80\r\n".to_vec();
        for (sent, known) in [("text/csv", "text/csv"), ("text/csv; charset=windows-1252", "text/csv"), ("text/plain", "text/plain"), ("application/octet-stream", "text/plain")] {
            let file = upload(&sales, "a.csv", sent, rows.clone()).await.expect(201);
            assert_eq!((&file["media_type"], &file["size_bytes"]), (&json!(known), &json!(rows.len())), "{sent}");
            let link = link(&sales, &file).await;
            assert!(world.stranger().get(&link).await.bytes == rows, "{sent}: it is kept as it came");
        }
        for (sent, content) in [
            ("application/json", rows.clone()),
            ("message/rfc822", rows.clone()),
            ("text/csv", b"\xff\xfeI\0d\0;\0".to_vec()),
            ("text/csv", b"\xd0\xc8\xc5\xd2\xc1\xd4\xcf\xd2 1".to_vec()),
            ("text/plain", b"<html>caf\xe9".to_vec()),
        ] {
            assert_eq!(upload(&sales, "a.csv", sent, content).await.refused(415), "unsupported_media_type", "{sent}");
        }
        let unknown = upload(&sales, "a.csv", "application/octet-stream", b"\x1f\x8b\x08\x08abcdefgh\xe9".to_vec()).await.expect(409);
        assert_eq!(unknown["errors"][0]["code"], "unknown_file_type");
    }

    async fn what_a_server_left_half_written_is_swept(world: World) {
        let store = world.state.files.store.clone();
        let (key, location) = ("ab/file_left".to_owned(), store.location().to_owned());
        begin(&world, &key, &location);
        let mut writing = store.begin(&key).unwrap();
        writing.write(Bytes::from(pdf(12_000_000))).await.unwrap();
        writing.finish().await.unwrap();
        // Another that was killed in the middle: the part has no name of its own yet.
        let part = Path::new(&location).join("ab/file_killed#1");
        std::fs::write(&part, b"half").unwrap();
        begin(&world, "ab/file_killed", &location);
        sweep(&world).await;
        assert_eq!(stored(&world).len(), 2, "an upload that is under way is left alone");
        world.clock.advance_seconds(3700);
        sweep(&world).await;
        assert_eq!(stored(&world), Vec::<PathBuf>::new());
    }

    async fn the_same_key_keeps_one_file(world: World) {
        let program = Program::new(&world).await;
        let sales = program.sales(program.partner("Nordwind"));
        let headers = [("content-type", "application/pdf"), ("idempotency-key", "one-upload")];
        let at = "/v1/files?name=a.pdf";
        let first = sales.send_bytes(Method::POST, at, &headers, Some(pdf(2000))).await.expect(201);
        let again = sales.send_bytes(Method::POST, at, &headers, Some(pdf(2000))).await;
        assert_eq!(again.header("idempotency-replayed"), Some("true"));
        assert_eq!(again.expect(201)["id"], first["id"]);
        assert_eq!(sales.send_bytes(Method::POST, at, &headers, Some(pdf(2001))).await.refused(422), "idempotency_key_reused");
        sweep(&world).await;
        assert_eq!(stored(&world).len(), 1);
    }

    async fn what_is_infected_is_refused_and_what_waits_is_not_served(world: World) {
        let program = Program::new(&world).await;
        let sales = program.sales(program.partner("Nordwind"));
        let (server, fake) = scanned(&world, true).await;
        let (status, refusal) = server.send(&sales, Method::POST, "/v1/files?name=a.txt", b"EICAR".to_vec()).await;
        assert_eq!((status, &refusal["code"]), (409, &json!("file_infected")));
        let (status, clean) = server.send(&sales, Method::POST, "/v1/files?name=a.txt", b"hello".to_vec()).await;
        assert_eq!((status, &clean["scan_status"]), (201, &json!("clean")));
        fake.0.store(false, std::sync::atomic::Ordering::SeqCst);
        let (_, waits) = server.send(&sales, Method::POST, "/v1/files?name=b.txt", b"EICAR too".to_vec()).await;
        assert_eq!(waits["scan_status"], "pending");
        let at = format!("/v1/files/{}/links", waits["id"].as_str().unwrap());
        let (status, refusal) = server.send(&sales, Method::POST, &at, b"{}".to_vec()).await;
        assert_eq!((status, &refusal["code"]), (409, &json!("file_not_served")));
        fake.0.store(true, std::sync::atomic::Ordering::SeqCst);
        let (status, refusal) = server.send(&sales, Method::POST, &at, b"{}".to_vec()).await;
        assert_eq!((status, &refusal["code"]), (409, &json!("file_infected")));
        let now = sales.get(&format!("/v1/files/{}", waits["id"].as_str().unwrap())).await.expect(200);
        assert_eq!(now["scan_status"], "infected");
        sweep(server.world).await;
        assert_eq!(stored(&world).len(), 1, "only the clean one lies there");
    }

    async fn a_record_shows_its_files_to_both_sides_and_to_nobody_else(world: World) {
        let program = Program::new(&world).await;
        let (sales, other) = (program.sales(program.partner("Nordwind")), program.sales(program.partner("Südstern")));
        let ops = world.vendor(Role::ChannelOps);
        let deal = submitted(&sales, complete()).await;
        let file = upload(&sales, "letter.pdf", "application/pdf", pdf(500)).await.expect(201);
        let body = json!({"file_id": file["id"], "resource_type": "deal", "resource_id": deal["id"]});
        let attached = sales.post("/v1/attachments", body.clone()).await.expect(201);
        assert_eq!(attached["name"], "letter.pdf");
        assert_eq!(sales.post("/v1/attachments", body.clone()).await.refused(409), "already_exists");
        assert_eq!(other.post("/v1/attachments", body).await.refused(409), "unknown_reference");
        let vendors = upload(&ops, "answer.txt", "text/plain", b"Our answer.".to_vec()).await.expect(201);
        let at = format!("/v1/files/{}", vendors["id"].as_str().unwrap());
        assert_eq!(sales.get(&at).await.refused(404), "not_found");
        let body = json!({"file_id": vendors["id"], "resource_type": "deal", "resource_id": deal["id"]});
        ops.post("/v1/attachments", body).await.expect(201);
        assert_eq!(sales.get(&at).await.expect(200)["uploaded_by"], Value::Null);
        let list = format!("/v1/attachments?resource_type=deal&resource_id={}", deal["id"].as_str().unwrap());
        assert_eq!(sales.get(&list).await.expect(200)["data"].as_array().unwrap().len(), 2);
        assert_eq!(other.get(&list).await.expect(200)["data"], json!([]));
        let mine = format!("/v1/files/{}", file["id"].as_str().unwrap());
        assert_eq!(sales.delete(&mine).await.refused(409), "guard_failed");
        sales.delete(&format!("/v1/attachments/{}", attached["id"].as_str().unwrap())).await.expect(204);
        sales.delete(&mine).await.expect(204);
        assert_eq!(path(&deal, ""), format!("/v1/deals/{}", deal["id"].as_str().unwrap()));
    }

    async fn a_bucket_keeps_what_is_sent_and_loses_what_is_deleted(world: World) {
        let program = Program::new(&world).await;
        let sales = program.sales(program.partner("Nordwind"));
        let before = upload(&sales, "before.pdf", "application/pdf", pdf(900)).await.expect(201);
        let store = bucket::Bucket::start();
        let server = behind(&world, in_bucket(&store.endpoint, "a secret"));
        let (small, large) = (pdf(70_000), pdf(12 * 1024 * 1024 + 3));
        let (status, one) = server.send(&sales, Method::POST, "/v1/files?name=small.pdf", small.clone()).await;
        assert_eq!(status, 201, "{one}");
        let (status, two) = server.send(&sales, Method::POST, "/v1/files?name=large.pdf", large.clone()).await;
        assert_eq!(status, 201, "{two}");
        let asked = store.contents.lock().unwrap().asked.clone();
        assert_eq!(asked.len(), 1 + 1 + 3 + 1, "one request, or a beginning, three parts and an end: {asked:?}");
        assert!(store.names().iter().all(|name| name.starts_with("/prm/files/of%20the%20program/") || name.starts_with("/prm/files/of the program/")), "{:?}", store.names());
        assert_eq!(store.names().len(), 2);
        for (file, content) in [(&one, small), (&two, large)] {
            assert_eq!(file["size_bytes"], json!(content.len()));
            assert!(server.content(&sales, file).await == content);
        }
        assert!(server.content(&sales, &before).await == pdf(900), "what lies in the folder is still read there");
        // What is not taken, and what is deleted, leaves nothing behind.
        let (status, refusal) = server.send(&sales, Method::POST, "/v1/files?name=much.pdf", pdf(27_000_000)).await;
        assert_eq!((status, &refusal["code"]), (413, &json!("payload_too_large")));
        for file in [&one, &two, &before] {
            sales.delete(&format!("/v1/files/{}", file["id"].as_str().unwrap())).await.expect(204);
        }
        let sweeper = Sweeper::new(&world.db, &server.state.files);
        store.contents.lock().unwrap().closed = true;
        assert_eq!(sweeper.sweep().await.unwrap(), 1, "only the folder answers");
        store.contents.lock().unwrap().closed = false;
        while sweeper.sweep().await.unwrap() > 0 {}
        assert_eq!((store.names(), stored(&world)), (Vec::new(), Vec::new()));
        assert!(store.contents.lock().unwrap().uploads.is_empty(), "uploads that were given up are ended");
    }

    async fn a_bucket_that_refuses_is_told_and_leaves_no_record(world: World) {
        let program = Program::new(&world).await;
        let sales = program.sales(program.partner("Nordwind"));
        let store = bucket::Bucket::start();
        store.contents.lock().unwrap().closed = true;
        let server = behind(&world, in_bucket(&store.endpoint, "a secret"));
        for size in [2_000, 11_000_000] {
            let (status, refusal) = server.send(&sales, Method::POST, "/v1/files?name=a.pdf", pdf(size)).await;
            assert_eq!((status, &refusal["code"]), (503, &json!("unavailable")));
            assert!(!refusal.to_string().contains("AccessDenied"), "{refusal}");
        }
        assert_eq!(sales.get("/v1/files").await.expect(200)["data"], json!([]));
        store.contents.lock().unwrap().closed = false;
        let sweeper = Sweeper::new(&world.db, &server.state.files);
        while sweeper.sweep().await.unwrap() > 0 {}
        assert_eq!(store.names(), Vec::<String>::new());
    }

    async fn a_document_is_evidence_and_both_sides_read_it(world: World) {
        let program = Program::new(&world).await;
        let (sales, other) = (program.sales(program.partner("Nordwind")), program.sales(program.partner("Südstern")));
        let ops = world.vendor(Role::ChannelOps);
        let deal = approved(&world, &sales, complete()).await;
        world.clock.advance_days(4);
        let order = upload(&sales, "order.pdf", "application/pdf", pdf(700)).await.expect(201);
        let letter = upload(&sales, "letter.pdf", "application/pdf", pdf(800)).await.expect(201);
        let theirs = upload(&other, "order.pdf", "application/pdf", pdf(900)).await.expect(201);
        let at = |file: &Value| format!("/v1/files/{}", file["id"].as_str().unwrap());
        let piece = |kind: &str, reference: &str, file: &Value| json!({"kind": kind, "reference": reference, "file_id": file["id"]});
        let evidence = path(&deal, "/evidence");
        let shown = sales.post(&evidence, piece("customer_letter", "Letter", &letter)).await.expect(201);
        assert_eq!(shown["file_id"], letter["id"]);
        let refused = sales.post(&evidence, piece("meeting", "Minutes", &theirs)).await.expect(409);
        assert_eq!((refused["code"].as_str(), refused["errors"][0]["pointer"].as_str()), (Some("unknown_reference"), Some("#/file_id")));
        assert_eq!(sales.get(&evidence).await.expect(200)["data"].as_array().unwrap().len(), 1, "a refused piece is not kept");
        let won = json!({"evidence": [piece("meeting", "Minutes", &letter), piece("purchase_order", "PO-1", &theirs)]});
        let refused = sales.post(&path(&deal, "/win"), won).await.expect(409);
        assert_eq!(refused["errors"][0]["pointer"], "#/evidence/1/file_id");
        sales.post(&path(&deal, "/win"), json!({"evidence": [piece("purchase_order", "PO-1", &order)]})).await.expect(200);
        let read = ops.get(&evidence).await.expect(200);
        assert_eq!((&read["data"][0]["file_id"], &read["data"][1]["file_id"]), (&letter["id"], &order["id"]));
        assert_eq!(other.get(&at(&order)).await.refused(404), "not_found");
        assert_eq!(ops.get(&at(&order)).await.expect(200)["sha256"], order["sha256"]);
        let reached = link(&ops, &order).await;
        assert!(world.stranger().get(&reached).await.bytes == pdf(700));
        // What a record rests on is neither deleted nor taken off.
        assert_eq!(guards(&sales.send(Method::DELETE, &at(&order), &[("if-match", "\"1\"")], None).await.expect(409)), ["not_attached"]);
        let list = format!("/v1/attachments?file_id={}", order["id"].as_str().unwrap());
        let attached = sales.get(&list).await.expect(200)["data"][0].clone();
        assert_eq!(attached["resource_type"], "deal_evidence");
        let attachment = format!("/v1/attachments/{}", attached["id"].as_str().unwrap());
        assert_eq!(guards(&sales.delete(&attachment).await.expect(409)), ["not_shown"]);
    }

    async fn what_is_shown_with_an_appeal_stays_with_it(world: World) {
        let program = Program::new(&world).await;
        let sales = program.sales(program.partner("Nordwind"));
        let judge = world.vendor(Role::ChannelOps);
        let deal = submitted(&sales, complete()).await;
        let no = json!({"reason_code": "not_qualified", "reason_text": "There is no budget."});
        world.vendor(Role::Approver).post(&path(&deal, "/reject"), no).await.expect(200);
        let file = upload(&sales, "minutes.pdf", "application/pdf", pdf(700)).await.expect(201);
        let body = json!({"grounds": "There is.", "evidence": [{"note": "The board's minutes.", "file_id": file["id"]}]});
        let appeal = sales.post(&path(&deal, "/appeals"), body).await.expect(201);
        let at = format!("/v1/deal-appeals/{}", appeal["id"].as_str().unwrap());
        let timeline = judge.get(&format!("{at}/timeline")).await.expect(200);
        let shown: Vec<&Value> = timeline["data"].as_array().unwrap().iter().filter(|line| line["event"] == "evidence").collect();
        assert_eq!((shown.len(), &shown[0]["record_id"]), (1, &file["id"]));
        assert_eq!(judge.get(&format!("/v1/files/{}", file["id"].as_str().unwrap())).await.expect(200)["name"], "minutes.pdf");
        let list = format!("/v1/attachments?resource_type=deal_appeal&resource_id={}", appeal["id"].as_str().unwrap());
        let attached = sales.get(&list).await.expect(200)["data"][0].clone();
        let attachment = format!("/v1/attachments/{}", attached["id"].as_str().unwrap());
        assert_eq!(guards(&sales.delete(&attachment).await.expect(409)), ["not_shown"]);
        judge.post(&format!("{at}/dismiss"), json!({"reason_text": "They are of last year."})).await.expect(200);
        let more = upload(&sales, "more.txt", "text/plain", b"More.".to_vec()).await.expect(201);
        let late = json!({"file_id": more["id"], "resource_type": "deal_appeal", "resource_id": appeal["id"]});
        assert_eq!(guards(&sales.post("/v1/attachments", late).await.expect(409)), ["appeal_open"]);
    }

    async fn content_ends_with_its_time_and_the_record_stays(world: World) {
        let program = Program::new(&world).await;
        let sales = program.sales(program.partner("Nordwind"));
        let at = "/v1/files?name=a.pdf&retain_until=2026-11-25T00:00:00Z";
        let file = sales.send_bytes(Method::POST, at, &[("content-type", "application/pdf")], Some(pdf(500))).await.expect(201);
        let link = link(&sales, &file).await;
        world.clock.advance_days(5);
        let db = world.db.clone();
        actix_web::web::block(move || jobs::run_by_name(&db, &openprm::modules::Switches::default(), "file_ends")).await.unwrap().unwrap();
        sweep(&world).await;
        assert_eq!(stored(&world), Vec::<PathBuf>::new());
        let left = sales.get(&format!("/v1/files/{}", file["id"].as_str().unwrap())).await.expect(200);
        assert!(left["content_deleted_at"].is_string());
        assert_eq!(world.stranger().get(&link).await.refused(401), "invalid_token");
        let at = format!("/v1/files/{}/links", file["id"].as_str().unwrap());
        assert_eq!(sales.post(&at, json!({})).await.refused(409), "file_not_served");
    }
}

/// Notes an object as an upload does before its first byte.
fn begin(world: &World, key: &str, location: &str) {
    let (key, location) = (key.to_owned(), location.to_owned());
    world.sql(move |tx| {
        use diesel::RunQueryDsl as _;
        let sql = format!(
            "INSERT INTO file_objects (key, location, state, since) VALUES ('{key}', '{location}', 'writing', {})",
            tx.now.micros()
        );
        diesel::sql_query(&sql)
            .execute(tx.conn())
            .map(drop)
            .map_err(openprm::error::Error::from)
    });
}

/// A store whose upload is cut off in the middle keeps nothing that can be read.
#[actix_web::test]
async fn an_upload_that_is_given_up_leaves_nothing() {
    let folder = std::env::temp_dir().join(format!("openprm-files-{:016x}", rand::random::<u64>()));
    let store = Store::folder(&folder.display().to_string());
    let mut writing = store.begin("ab/file_cut").unwrap();
    writing.write(Bytes::from(pdf(12_000_000))).await.unwrap();
    writing.abort().await;
    assert!(store.read("ab/file_cut").await.is_err());
    store.remove("ab/file_cut").await.unwrap();
    std::fs::remove_dir_all(&folder).unwrap();
}
