//! The program itself, as a process that can be killed, and requests to it over the network.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::OnceLock,
    time::{Duration, Instant},
};

use openprm::db::Engine;
use serde_json::Value;

use super::{Database, Folder, Template};

/// How long the start may take that makes the demo program first, on a busy machine.
pub const DEMO_START: Duration = Duration::from_secs(480);

/// The program, killed when it is dropped.
pub struct Server {
    child: Child,
    pub port: u16,
    /// How long it took to be ready.
    pub took: Duration,
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself; then there is nothing to kill.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

impl Server {
    /// Starts the program in that folder with those arguments and settings, and waits until it is ready.
    pub fn start(folder: &Path, arguments: &[&str], settings: &[(&str, &str)], patience: Duration) -> Self {
        // Free at this moment; nothing else on this machine asks for ports so fast.
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let begun = Instant::now();
        let child = Command::new(env!("CARGO_BIN_EXE_openprm"))
            .args(arguments)
            .current_dir(folder)
            .env("OPENPRM_BIND", format!("127.0.0.1:{port}"))
            .env("OPENPRM_WORKERS", "2")
            .env("OPENPRM_LOG", "error")
            .envs(settings.iter().copied())
            .stdout(Stdio::null())
            .stderr(Stdio::inherit())
            .spawn()
            .unwrap();
        let mut server = Self {
            child,
            port,
            took: Duration::ZERO,
        };
        while !matches!(request(port, "GET", "/health/ready", &[], None), Some((200, _))) {
            assert!(
                server.child.try_wait().unwrap().is_none(),
                "the program ended by itself"
            );
            assert!(
                begun.elapsed() < patience,
                "the program was not ready after {patience:?}"
            );
            std::thread::sleep(Duration::from_millis(20));
        }
        server.took = begun.elapsed();
        server
    }

    /// Where it answers.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Asks it to end, and waits until it has done so in good order.
    pub fn end(mut self) {
        let told = Command::new("kill")
            .args(["-TERM", &self.child.id().to_string()])
            .status()
            .unwrap();
        assert!(told.success());
        let ended = self.child.wait().unwrap();
        assert!(ended.success(), "{ended}");
    }

    /// Ends it as a power cut does.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

/// The demo program, served on a database of its own; all of it is gone with it.
pub struct Demo {
    pub server: Server,
    /// For whatever the test leaves behind.
    pub folder: Folder,
    _database: Database,
}

/// The demo program as it was made, once for all tests of an engine: with its database, and the files that it stored.
struct Made {
    database: Template,
    files: Vec<(PathBuf, Vec<u8>)>,
}

impl Made {
    fn new(engine: Engine) -> Self {
        let (folder, database) = (Folder::made(), Database::empty(engine));
        Demo::start(&folder, &database, &[]).end();
        Self {
            database: Template::of(database),
            files: contents(&folder.0.join(FILES), Path::new("")),
        }
    }

    fn of(engine: Engine) -> &'static Self {
        static SQLITE: OnceLock<Made> = OnceLock::new();
        static POSTGRES: OnceLock<Made> = OnceLock::new();
        let made = match engine {
            Engine::Sqlite => &SQLITE,
            Engine::Postgres => &POSTGRES,
        };
        made.get_or_init(|| Self::new(engine))
    }
}

/// Where the demo program's files are in its folder.
const FILES: &str = "files";

/// The files below a folder, if it is there.
fn contents(folder: &Path, within: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let Ok(entries) = std::fs::read_dir(folder.join(within)) else {
        return Vec::new();
    };
    let entries = entries.map(|entry| within.join(entry.unwrap().file_name()));
    entries
        .flat_map(|path| {
            let whole = folder.join(&path);
            if whole.is_dir() {
                contents(folder, &path)
            } else {
                vec![(path, std::fs::read(whole).unwrap())]
            }
        })
        .collect()
}

impl Demo {
    /// Serves it with these settings besides.
    pub fn serve(engine: Engine, more: &[(&str, &str)]) -> Self {
        let made = Made::of(engine);
        let (folder, database) = (Folder::made(), made.database.copy());
        for (path, content) in &made.files {
            let path = folder.0.join(FILES).join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, content).unwrap();
        }
        Self {
            server: Self::start(&folder, &database, more),
            folder,
            _database: database,
        }
    }

    fn start(folder: &Folder, database: &Database, more: &[(&str, &str)]) -> Server {
        let files = folder.0.join(FILES).display().to_string();
        let mut settings = vec![
            ("DATABASE_URL", database.settings.url.as_str()),
            ("OPENPRM_SECRET", "a secret for the demo program that is long enough"),
            ("OPENPRM_FILES_URL", &files),
            ("OPENPRM_RATE_LIMIT", "0"),
            ("OPENPRM_REQUEST_LOG", "off"),
        ];
        settings.extend(more);
        Server::start(&folder.0, &["serve", "--demo"], &settings, DEMO_START)
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
