//! The worked CRM connector of `examples/connector`: killed again and again while people change both sides, it ends with both
//! in step and no change lost. Its own `check.py` does that and judges it; here it is given a server on each engine.

use std::{
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use openprm::db::Engine;

use crate::{crash::request, support::Database};

/// How often the connector is killed after its first load. `OPENPRM_CONNECTOR_KILLS` sets another number.
const KILLS: u64 = 8;
/// How many things people do on both sides. `OPENPRM_CONNECTOR_CHANGES` sets another number.
const CHANGES: u64 = 160;
/// How long the start may take, on a busy machine: it makes the demo program first.
const START: Duration = Duration::from_secs(240);

/// The program, killed when it is dropped.
struct Server {
    child: Child,
    url: String,
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
    /// Serves the demo program on that database, which is empty.
    fn start(database: &Database, folder: &Path) -> Self {
        // Free at this moment; nothing else on this machine asks for ports so fast.
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let begun = Instant::now();
        let child = Command::new(env!("CARGO_BIN_EXE_openprm"))
            .args(["serve", "--demo"])
            .current_dir(folder)
            .env("DATABASE_URL", &database.settings.url)
            .env("OPENPRM_BIND", format!("127.0.0.1:{port}"))
            .env("OPENPRM_SECRET", "a secret for the connector that is long enough")
            .env("OPENPRM_FILES_URL", folder.join("files"))
            .env("OPENPRM_RATE_LIMIT", "0")
            .env("OPENPRM_REQUEST_LOG", "off")
            .env("OPENPRM_WORKERS", "2")
            .env("OPENPRM_LOG", "error")
            .stdout(Stdio::null())
            .stderr(Stdio::inherit())
            .spawn()
            .unwrap();
        let mut server = Self {
            child,
            url: format!("http://127.0.0.1:{port}"),
        };
        loop {
            if let Some((200, _)) = request(port, "GET", "/health/ready", &[], None) {
                return server;
            }
            assert!(
                server.child.try_wait().unwrap().is_none(),
                "the program ended by itself"
            );
            assert!(begun.elapsed() < START, "the program was not ready after {START:?}");
            std::thread::sleep(Duration::from_millis(100));
        }
    }
}

fn setting(name: &str, usual: u64) -> String {
    let set: Option<u64> = std::env::var(name).ok().and_then(|text| text.parse().ok());
    set.unwrap_or(usual).to_string()
}

fn keeps_both_sides_in_step(engine: Engine, name: &str) {
    if Command::new("python3").arg("--version").output().is_err() {
        println!("not run: connector::{name} (python3 is not installed)");
        return;
    }
    let folder = Folder(std::env::temp_dir().join(format!("openprm_connector_{name}_{}", std::process::id())));
    std::fs::create_dir_all(&folder.0).unwrap();
    let database = Database::empty(engine);
    let server = Server::start(&database, &folder.0);
    let check = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/connector/check.py");
    let checked = Command::new("python3")
        .arg(check)
        .args(["--url", &server.url])
        .args(["--kills", &setting("OPENPRM_CONNECTOR_KILLS", KILLS)])
        .args(["--changes", &setting("OPENPRM_CONNECTOR_CHANGES", CHANGES)])
        // Nothing is written into the checkout.
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .current_dir(&folder.0)
        .output()
        .unwrap();
    let (said, complained) = (
        String::from_utf8_lossy(&checked.stdout),
        String::from_utf8_lossy(&checked.stderr),
    );
    println!("{name}: {said}");
    assert!(checked.status.success(), "{said}{complained}");
}

#[test]
fn sqlite() {
    keeps_both_sides_in_step(Engine::Sqlite, "sqlite");
}

#[test]
fn postgres() {
    if std::env::var_os("TEST_POSTGRES_URL").is_none() {
        println!("not run: connector::postgres (TEST_POSTGRES_URL is not set)");
        return;
    }
    keeps_both_sides_in_step(Engine::Postgres, "postgres");
}
