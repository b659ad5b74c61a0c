//! The program itself for a benchmark, as a process of its own, and connections to it that are kept.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use serde_json::{Value, json};

const EMAIL: &str = "admin@example.com";
const PASSWORD: &str = "nine lime tractors at dusk";

/// How long the start may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// The program, killed when it is dropped.
pub struct Server {
    pub child: Child,
    pub port: u16,
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

impl Server {
    /// Serves that database on a free port, with these settings besides, and waits until it is ready.
    pub fn start(url: &str, more: &[(&str, &str)]) -> Self {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let child = Command::new(env!("CARGO_BIN_EXE_openprm"))
            .arg("serve")
            .current_dir(std::env::temp_dir())
            .env("DATABASE_URL", url)
            .env("OPENPRM_BIND", format!("127.0.0.1:{port}"))
            .env("OPENPRM_SECRET", "a secret for benchmarks that is long enough")
            .env("OPENPRM_ADMIN_EMAIL", EMAIL)
            .env("OPENPRM_ADMIN_PASSWORD", PASSWORD)
            .env("OPENPRM_ACCESS_TOKEN_SECONDS", "3600")
            .env("OPENPRM_RATE_LIMIT", "0")
            .env("OPENPRM_LOG", "error")
            .envs(more.iter().copied())
            .stdout(Stdio::null())
            .stderr(Stdio::inherit())
            .spawn()
            .unwrap();
        let server = Self { child, port };
        let begun = Instant::now();
        while !server.is_ready() {
            assert!(begun.elapsed() < PATIENCE, "the program was not ready");
            std::thread::sleep(Duration::from_millis(20));
        }
        server
    }

    fn is_ready(&self) -> bool {
        TcpStream::connect(("127.0.0.1", self.port)).is_ok()
            && Link::new(self.port, "")
                .call("GET", "/health/ready", "", &Value::Null)
                .0
                == 200
    }

    /// A token of the administrator, good for an hour.
    pub fn sign_in(&self) -> String {
        let login = json!({"email": EMAIL, "password": PASSWORD});
        let (status, _, session) = Link::new(self.port, "").call("POST", "/v1/auth/login", "", &login);
        assert_eq!(status, 200, "{session}");
        session["access_token"].as_str().expect("a token").to_owned()
    }
}

/// What an answer begins with.
pub struct Head {
    /// 0 if none came.
    pub status: u16,
    /// The ETag; empty if there is none.
    pub tag: String,
    /// The bytes of the body; none if it comes in chunks.
    pub length: Option<usize>,
}

/// A connection that is kept.
pub struct Link {
    writer: TcpStream,
    /// Where the body is read that `send` leaves.
    pub reader: BufReader<TcpStream>,
    token: String,
}

impl Link {
    /// Connects; without a token if it is empty.
    pub fn new(port: u16, token: &str) -> Self {
        let stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
        stream.set_nodelay(true).unwrap();
        Self {
            writer: stream.try_clone().unwrap(),
            reader: BufReader::with_capacity(1 << 16, stream),
            token: token.to_owned(),
        }
    }

    /// Sends a request, whose further headers each end with `\r\n`; what the answer begins with. Its body is the caller's to read.
    pub fn send(&mut self, method: &str, path: &str, headers: &str, body: &Value) -> Head {
        let body = if body.is_null() {
            String::new()
        } else {
            body.to_string()
        };
        let bearer = if self.token.is_empty() {
            String::new()
        } else {
            format!("authorization: Bearer {}\r\n", self.token)
        };
        let text = format!(
            "{method} {path} HTTP/1.1\r\nhost: localhost\r\n{bearer}{headers}content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        self.writer.write_all(text.as_bytes()).unwrap();
        let mut line = String::new();
        self.reader.read_line(&mut line).unwrap();
        let status = line
            .split(' ')
            .nth(1)
            .and_then(|status| status.parse().ok())
            .unwrap_or(0);
        let (mut tag, mut length) = (String::new(), None);
        loop {
            line.clear();
            self.reader.read_line(&mut line).unwrap();
            let text = line.trim();
            if text.is_empty() {
                break;
            }
            if let Some((name, value)) = text.split_once(": ") {
                match name.to_ascii_lowercase().as_str() {
                    "content-length" => length = Some(value.parse().unwrap()),
                    "etag" => value.clone_into(&mut tag),
                    _ => {}
                }
            }
        }
        Head { status, tag, length }
    }

    /// Calls; the status, the ETag and the body, which is null if there is none.
    pub fn call(&mut self, method: &str, path: &str, headers: &str, body: &Value) -> (u16, String, Value) {
        let Head { status, tag, length } = self.send(method, path, headers, body);
        let mut bytes = vec![0; length.unwrap_or(0)];
        self.reader.read_exact(&mut bytes).unwrap();
        (status, tag, serde_json::from_slice(&bytes).unwrap_or_default())
    }
}
