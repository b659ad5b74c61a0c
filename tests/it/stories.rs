//! The stories of `examples/stories`, run as they are against a server of each engine by Redocly's runner, which also holds every answer
//! against the contract that the server publishes. Its tools are those of `./scripts/clients`.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::Command,
    sync::{
        Arc, Mutex, OnceLock,
        atomic::{AtomicBool, Ordering},
    },
};

use openprm::{db::Engine, demo::PASSWORD};

use crate::support::{
    not_run,
    server::{Demo, Server},
};

/// Where the stories look for the server if nobody says otherwise.
const PUBLISHED: &str = "http://127.0.0.1:8080";

/// A message that the receiver got.
struct Message {
    id: String,
    signature: String,
}

/// Takes every webhook.
struct Receiver {
    port: u16,
    got: Arc<Mutex<Vec<Message>>>,
    over: Arc<AtomicBool>,
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.over.store(true, Ordering::SeqCst);
        // Wakes it, so that it sees that it is over.
        drop(TcpStream::connect(("127.0.0.1", self.port)));
    }
}

impl Receiver {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let receiver = Self {
            port: listener.local_addr().unwrap().port(),
            got: Arc::default(),
            over: Arc::default(),
        };
        let (got, over) = (receiver.got.clone(), receiver.over.clone());
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                if over.load(Ordering::SeqCst) {
                    return;
                }
                if let Some(message) = stream.ok().and_then(take) {
                    got.lock().unwrap().push(message);
                }
            }
        });
        receiver
    }

    /// The ids of what came, in order.
    fn ids(&self) -> Vec<String> {
        self.got
            .lock()
            .unwrap()
            .iter()
            .map(|message| message.id.clone())
            .collect()
    }
}

/// Reads one request and answers 204.
fn take(mut stream: TcpStream) -> Option<Message> {
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    let (mut id, mut signature, mut length) = (String::new(), String::new(), 0);
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(": ") else {
            if line.trim_end().is_empty() {
                break;
            }
            continue;
        };
        match name.to_ascii_lowercase().as_str() {
            "webhook-id" => value.clone_into(&mut id),
            "webhook-signature" => value.clone_into(&mut signature),
            "content-length" => length = value.parse().ok()?,
            _ => {}
        }
    }
    reader.read_exact(&mut vec![0; length]).ok()?;
    stream
        .write_all(b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n")
        .ok()?;
    (!id.is_empty()).then_some(Message { id, signature })
}

/// Where the runner is; if it cannot be had on this machine, why.
fn tools() -> &'static Result<PathBuf, String> {
    static TOOLS: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    TOOLS.get_or_init(|| {
        let installed = Command::new("bash")
            .args(["scripts/clients", "--tools"])
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .output()
            .map_err(|error| error.to_string())?;
        if installed.status.success() {
            return Ok(PathBuf::from(String::from_utf8_lossy(&installed.stdout).trim()));
        }
        let complaint = String::from_utf8_lossy(&installed.stderr).into_owned();
        let error = complaint.lines().find(|line| line.starts_with("error: "));
        Err(error.unwrap_or("./scripts/clients --tools failed").to_owned())
    })
}

/// A run of stories: where, against what.
struct Run<'a> {
    tools: &'a Path,
    folder: &'a Path,
    server: &'a Server,
    receiver: &'a Receiver,
}

impl Run<'_> {
    /// Runs that text as a story: whether it came true, and what the runner said.
    fn tell(&self, file: &str, text: &str, run: &str) -> (bool, String) {
        assert!(text.contains(PUBLISHED), "{file} does not say where the contract is");
        let path = self.folder.join(file);
        std::fs::write(&path, text.replace(PUBLISHED, &self.server.url())).unwrap();
        let programs = [self.tools.join("python/bin"), self.tools.join("node_modules/.bin")];
        let usual = std::env::var_os("PATH").unwrap_or_default();
        let all = std::env::join_paths(programs.into_iter().chain(std::env::split_paths(&usual))).unwrap();
        let told = Command::new(self.tools.join("node_modules/.bin/redocly"))
            .arg("respect")
            .arg(&path)
            .args(["--execution-timeout", "300000"])
            .args(["--server", &format!("openprm={}", self.server.url())])
            .args(["--input", &format!("run={run}")])
            .args(["--input", &format!("password={PASSWORD}")])
            .args([
                "--input",
                &format!("receiver=http://127.0.0.1:{}/hooks", self.receiver.port),
            ])
            .env("PATH", all)
            .env("REDOCLY_TELEMETRY", "off")
            .env("REDOCLY_SUPPRESS_UPDATE_NOTICE", "true")
            .current_dir(self.folder)
            .output()
            .unwrap();
        let said = format!(
            "{}{}",
            String::from_utf8_lossy(&told.stdout),
            String::from_utf8_lossy(&told.stderr)
        );
        (told.status.success(), said)
    }
}

fn come_true(engine: Engine, name: &str) {
    let tools = match tools() {
        Ok(tools) => tools,
        Err(why) => {
            not_run(&format!("stories::{name}"), why);
            return;
        }
    };
    let here = [
        ("OPENPRM_WEBHOOK_ALLOW_HTTP", "on"),
        ("OPENPRM_WEBHOOK_ALLOW_PRIVATE", "127.0.0.0/8"),
    ];
    let demo = Demo::serve(engine, &here);
    let receiver = Receiver::start();
    let run = Run {
        tools,
        folder: &demo.folder.0,
        server: &demo.server,
        receiver: &receiver,
    };

    let stories = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/stories");
    let mut files: Vec<PathBuf> = std::fs::read_dir(stories)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.to_string_lossy().ends_with(".arazzo.yaml"))
        .collect();
    files.sort();
    assert!(files.len() >= 4, "{files:?}");
    for path in &files {
        let file = path.file_name().unwrap().to_string_lossy();
        let (came_true, said) = run.tell(&file, &std::fs::read_to_string(path).unwrap(), name);
        assert!(came_true, "{file}: {said}");
    }

    // The test message, the event, and the event again for each of the two replays.
    let ids = receiver.ids();
    assert_eq!(ids.len(), 4, "{ids:?}");
    assert!(ids[0].starts_with("delivery_") && ids[1].starts_with("evt_"), "{ids:?}");
    assert!(ids[2] == ids[1] && ids[3] == ids[1], "{ids:?}");
    let got = receiver.got.lock().unwrap();
    assert!(got.iter().all(|message| message.signature.starts_with("v1,")));
    drop(got);

    // A story that does not come true is noticed: otherwise all this says nothing.
    let story = std::fs::read_to_string(
        files
            .iter()
            .find(|path| path.ends_with("register-deal.arazzo.yaml"))
            .unwrap(),
    )
    .unwrap();
    let (right, wrong) = (r#"/review_status == "approved""#, r#"/review_status == "rejected""#);
    assert!(story.contains(right));
    let (came_true, said) = run.tell("broken.arazzo.yaml", &story.replace(right, wrong), "broken");
    assert!(!came_true && said.contains("step approve"), "{said}");
}

#[test]
fn sqlite() {
    come_true(Engine::Sqlite, "sqlite");
}

#[test]
fn postgres() {
    come_true(Engine::Postgres, "postgres");
}
