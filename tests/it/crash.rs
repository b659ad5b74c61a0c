//! The program is killed, not stopped, while eight writers use it: what was answered with 2xx is there afterwards, and a
//! write that is tried again with its key has happened once. On SQLite, whose one file is the whole truth.

use std::{
    collections::BTreeMap,
    io::{Read as _, Write as _},
    net::TcpStream,
    path::Path,
    process::Command,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::support::{
    Folder,
    server::{Server, request},
};

/// How often the program is killed. `OPENPRM_CRASH_CYCLES` sets another number.
const CYCLES: u64 = 5;
/// How many write at once.
const WRITERS: u64 = 8;
/// How long each life lasts once it serves.
const LIFE: Duration = Duration::from_millis(700);
/// How long the start may take, on a busy machine.
const START: Duration = Duration::from_secs(20);

const EMAIL: &str = "admin@example.com";
const PASSWORD: &str = "nine lime tractors at dusk";

/// Serves the database of the folder, as often as it is killed.
fn serve(folder: &Path) -> Server {
    let database = format!("sqlite://{}", folder.join("crash.db").display());
    Server::start(
        folder,
        &["serve"],
        &[
            ("DATABASE_URL", &database),
            ("OPENPRM_ADMIN_EMAIL", EMAIL),
            ("OPENPRM_ADMIN_PASSWORD", PASSWORD),
        ],
        START,
    )
}

fn sign_in(server: &Server) -> String {
    let login = json!({"email": EMAIL, "password": PASSWORD});
    let (status, body) =
        request(server.port, "POST", "/v1/auth/login", &[], Some(&login)).expect("an answer to the login");
    assert!(status < 300, "{status} {body}");
    body["access_token"].as_str().unwrap().to_owned()
}

/// What the writers know: by key, the body that was sent and the answer, if one came.
type Sent = Arc<Mutex<BTreeMap<String, (Value, Option<(u16, Value)>)>>>;

fn write(port: u16, token: &str, writer: u64, next: &AtomicU64, stop: &AtomicBool, sent: &Sent) {
    let bearer = format!("Bearer {token}");
    while !stop.load(Ordering::SeqCst) {
        let number = next.fetch_add(1, Ordering::SeqCst);
        let key = format!("crash-{number}");
        let body = json!({"code": format!("CRASH-{number}"), "name": format!("Written by {writer}"), "kind": "custom"});
        sent.lock().unwrap().insert(key.clone(), (body.clone(), None));
        let answer = request(
            port,
            "POST",
            "/v1/territories",
            &[("authorization", &bearer), ("idempotency-key", &key)],
            Some(&body),
        );
        match answer {
            Some(answer) => {
                sent.lock().unwrap().get_mut(&key).unwrap().1 = Some(answer);
            }
            // The program is gone.
            None => return,
        }
    }
}

#[test]
fn what_was_answered_outlives_a_kill() {
    let folder = Folder::made();
    let cycles = std::env::var("OPENPRM_CRASH_CYCLES")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(CYCLES);
    let sent = Sent::default();
    let next = Arc::new(AtomicU64::new(0));
    let mut slowest = Duration::ZERO;
    for _ in 0..cycles {
        let mut server = serve(&folder.0);
        slowest = slowest.max(server.took);
        let token = sign_in(&server);
        let stop = Arc::new(AtomicBool::new(false));
        let writers: Vec<_> = (0..WRITERS)
            .map(|writer| {
                let (port, token, next, stop, sent) =
                    (server.port, token.clone(), next.clone(), stop.clone(), sent.clone());
                std::thread::spawn(move || write(port, &token, writer, &next, &stop, &sent))
            })
            .collect();
        std::thread::sleep(LIFE);
        server.kill();
        stop.store(true, Ordering::SeqCst);
        for writer in writers {
            writer.join().unwrap();
        }
    }
    let server = serve(&folder.0);
    let bearer = format!("Bearer {}", sign_in(&server));
    let (mut answered, mut lost, mut unanswered) = (0, Vec::new(), 0);
    let sent = sent.lock().unwrap();
    for (key, (body, answer)) in sent.iter() {
        match answer {
            Some((201, made)) => {
                answered += 1;
                let path = format!("/v1/territories/{}", made["id"].as_str().unwrap());
                let there = request(server.port, "GET", &path, &[("authorization", &bearer)], None);
                if there.as_ref().map(|(status, record)| (*status, record)) != Some((200, made)) {
                    lost.push(format!("{key}: {made} is now {there:?}"));
                }
            }
            Some((status, problem)) => panic!("{key} was answered {status} {problem}"),
            None => unanswered += 1,
        }
        // Tried again, answered or not, it has happened once.
        if answer.is_none() || answered % 10 == 0 {
            let again = request(
                server.port,
                "POST",
                "/v1/territories",
                &[("authorization", &bearer), ("idempotency-key", key)],
                Some(body),
            );
            let (status, record) = again.expect("an answer to the retry");
            assert_eq!(status, 201, "{key} tried again: {record}");
            if let Some((_, made)) = answer {
                assert_eq!(record["id"], made["id"], "{key} happened twice");
            }
        }
        let path = format!("/v1/territories?code={}", body["code"].as_str().unwrap());
        let (_, page) = request(server.port, "GET", &path, &[("authorization", &bearer)], None).expect("an answer");
        assert_eq!(page["data"].as_array().map(Vec::len), Some(1), "{key}: {page}");
    }
    println!(
        "{cycles} kills: {answered} writes answered, {unanswered} cut off, {} lost; slowest start {slowest:?}",
        lost.len()
    );
    assert!(lost.is_empty(), "answered and not there:\n  {}", lost.join("\n  "));
    assert!(answered > cycles * WRITERS, "the writers hardly wrote: {answered}");
    drop(server);
    let verified = Command::new(env!("CARGO_BIN_EXE_openprm"))
        .arg("verify")
        .env(
            "DATABASE_URL",
            format!("sqlite://{}", folder.0.join("crash.db").display()),
        )
        .output()
        .unwrap();
    assert!(
        verified.status.success(),
        "invariants: {}{}",
        String::from_utf8_lossy(&verified.stdout),
        String::from_utf8_lossy(&verified.stderr)
    );
}

/// Uploads a text; the file's id.
fn upload(port: u16, token: &str, name: &str, text: &str) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    let head = format!(
        "POST /v1/files?name={name} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\nauthorization: Bearer {token}\r\n\
         content-type: text/plain\r\ncontent-length: {}\r\n\r\n",
        text.len()
    );
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(text.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let at = answer.find("file_").unwrap_or_else(|| panic!("{answer}"));
    answer[at..at + "file_".len() + 26].to_owned()
}

#[test]
fn an_import_goes_on_after_a_kill_and_takes_no_row_twice() {
    const ROWS: usize = 1500;
    let folder = Folder::made();
    let mut server = serve(&folder.0);
    let token = sign_in(&server);
    let mut text = "Id,Name,City\n".to_owned();
    for number in 0..ROWS {
        text.push_str(&format!("{number},Werk {number},Berlin\n"));
    }
    let file = upload(server.port, &token, "accounts.csv", &text);
    let column = |name: &str| json!({"column": name});
    let body = json!({
        "file_id": file,
        "kind": "customer_accounts",
        "system": "oldcrm",
        "mapping": {"key": column("Id"), "fields": {"name": column("Name"), "address.city": column("City")}},
    });
    let mut bearer = format!("Bearer {token}");
    let (status, import) = request(
        server.port,
        "POST",
        "/v1/imports",
        &[("authorization", &bearer)],
        Some(&body),
    )
    .unwrap();
    assert_eq!(status, 202, "{import}");
    let at = format!("/v1/imports/{}", import["id"].as_str().unwrap());
    let began = Instant::now();
    let mut lives = 1;
    let done = loop {
        std::thread::sleep(Duration::from_millis(400));
        let found = request(server.port, "GET", &at, &[("authorization", &bearer)], None);
        if let Some((200, import)) = &found
            && import["status"] != "queued"
            && import["status"] != "running"
        {
            break import.clone();
        }
        assert!(
            began.elapsed() < Duration::from_secs(180),
            "the import comes to no end: {found:?}"
        );
        // A few times in the middle of it; then it may come to its end.
        let working = found.is_some_and(|(_, import)| import["rows_read"].as_i64().unwrap_or(0) > 0);
        if working && lives <= 4 {
            lives += 1;
            drop(server);
            server = serve(&folder.0);
            // It has another address now, and so is another issuer of tokens.
            bearer = format!("Bearer {}", sign_in(&server));
        }
    };
    assert_eq!(
        (&done["status"], &done["rows_created"]),
        (&json!("finished"), &json!(ROWS)),
        "{done}"
    );
    let total = request(
        server.port,
        "GET",
        "/v1/customer-accounts?include_total=true&limit=1",
        &[("authorization", &bearer)],
        None,
    );
    let (_, page) = total.unwrap();
    assert_eq!(page["total"]["value"], json!(ROWS), "after {lives} lives");
    println!("{ROWS} rows over {lives} lives of the server");
}
