//! The program is killed, not stopped, while eight writers use it: what was answered with 2xx is there afterwards, and a
//! write that is tried again with its key has happened once. On SQLite, whose one file is the whole truth.

use std::{
    collections::BTreeMap,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use serde_json::{Value, json};

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

/// The program, killed when it is dropped.
struct Server {
    child: Child,
    port: u16,
    took: Duration,
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself; then there is nothing to kill.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// A folder that goes with the test.
struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.0));
    }
}

impl Server {
    fn start(folder: &Path) -> Self {
        // Free at this moment; nothing else on this machine asks for ports so fast.
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let begun = Instant::now();
        let child = Command::new(env!("CARGO_BIN_EXE_openprm"))
            .arg("serve")
            .current_dir(folder)
            .env(
                "DATABASE_URL",
                format!("sqlite://{}", folder.join("crash.db").display()),
            )
            .env("OPENPRM_BIND", format!("127.0.0.1:{port}"))
            .env("OPENPRM_ADMIN_EMAIL", EMAIL)
            .env("OPENPRM_ADMIN_PASSWORD", PASSWORD)
            .env("OPENPRM_WORKERS", "2")
            .env("OPENPRM_LOG", "error")
            .stdout(Stdio::null())
            .stderr(Stdio::inherit())
            .spawn()
            .unwrap();
        let mut server = Self {
            child,
            port,
            took: Duration::ZERO,
        };
        loop {
            if let Some((200, _)) = request(port, "GET", "/health/ready", &[], None) {
                break;
            }
            assert!(
                server.child.try_wait().unwrap().is_none(),
                "the program ended by itself"
            );
            assert!(begun.elapsed() < START, "the program was not ready after {START:?}");
            std::thread::sleep(Duration::from_millis(20));
        }
        server.took = begun.elapsed();
        server
    }

    fn sign_in(&self) -> String {
        let login = json!({"email": EMAIL, "password": PASSWORD});
        let (status, body) =
            request(self.port, "POST", "/v1/auth/login", &[], Some(&login)).expect("an answer to the login");
        assert!(status < 300, "{status} {body}");
        body["access_token"].as_str().unwrap().to_owned()
    }
}

/// One request on a connection of its own; nothing if the connection broke before the answer was whole.
pub fn request(
    port: u16,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: Option<&Value>,
) -> Option<(u16, Value)> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(20))).ok()?;
    let body = body.map(Value::to_string).unwrap_or_default();
    let mut text = format!("{method} {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n");
    for (name, value) in headers {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    if !body.is_empty() {
        text.push_str(&format!(
            "content-type: application/json\r\ncontent-length: {}\r\n",
            body.len()
        ));
    }
    stream.write_all(format!("{text}\r\n{body}").as_bytes()).ok()?;
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let status = line.split(' ').nth(1)?.parse().ok()?;
    let mut length = None;
    loop {
        line.clear();
        reader.read_line(&mut line).ok()?;
        if line.trim().is_empty() {
            break;
        }
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse::<usize>().ok();
        }
    }
    let mut bytes = vec![0; length?];
    reader.read_exact(&mut bytes).ok()?;
    Some((status, serde_json::from_slice(&bytes).unwrap_or_default()))
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
    let name = format!("openprm_crash_{}", std::process::id());
    let folder = Folder(std::env::temp_dir().join(name));
    std::fs::create_dir_all(&folder.0).unwrap();
    let cycles = std::env::var("OPENPRM_CRASH_CYCLES")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(CYCLES);
    let sent = Sent::default();
    let next = Arc::new(AtomicU64::new(0));
    let mut slowest = Duration::ZERO;
    for _ in 0..cycles {
        let mut server = Server::start(&folder.0);
        slowest = slowest.max(server.took);
        let token = server.sign_in();
        let stop = Arc::new(AtomicBool::new(false));
        let writers: Vec<_> = (0..WRITERS)
            .map(|writer| {
                let (port, token, next, stop, sent) =
                    (server.port, token.clone(), next.clone(), stop.clone(), sent.clone());
                std::thread::spawn(move || write(port, &token, writer, &next, &stop, &sent))
            })
            .collect();
        std::thread::sleep(LIFE);
        server.child.kill().unwrap();
        server.child.wait().unwrap();
        stop.store(true, Ordering::SeqCst);
        for writer in writers {
            writer.join().unwrap();
        }
    }
    let server = Server::start(&folder.0);
    let bearer = format!("Bearer {}", server.sign_in());
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
