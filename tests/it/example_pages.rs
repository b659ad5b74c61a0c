//! The example pages in headless Chromium: the portal, through the whole story of a registration, and the form that renders
//! itself. Their own `check.mjs` do that and judge it; here they are given the pages, and a server on each engine.

use std::{
    ffi::OsString,
    net::TcpListener,
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
};

use openprm::db::Engine;

use crate::support::{not_run, server::Demo};

/// Where Chromium is. `./scripts/test` says so once it has found or installed it, Node.js, and the portal's packages.
fn chromium() -> Option<OsString> {
    std::env::var_os("OPENPRM_CHROMIUM").filter(|place| !place.is_empty())
}

fn examples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples")
}

/// An origin that nobody has at this moment; nothing else on this machine asks for ports so fast.
fn origin() -> String {
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    format!("http://{address}")
}

/// Runs a program to its end, which must be a good one, and prints what it said.
fn run(command: &mut Command) {
    let ended = command.output().expect("node and npm are there");
    let (said, complained) = (
        String::from_utf8_lossy(&ended.stdout),
        String::from_utf8_lossy(&ended.stderr),
    );
    println!("{command:?}\n{said}");
    assert!(
        ended.status.success(),
        "{command:?}: {}\n{said}{complained}",
        ended.status
    );
}

/// Generates the client from the contract, checks the types and builds the pages, once for both engines.
fn build() {
    static BUILT: OnceLock<()> = OnceLock::new();
    BUILT.get_or_init(|| {
        run(Command::new("npm")
            .args(["run", "build"])
            .current_dir(examples().join("portal")));
    });
}

fn do_what_they_show(engine: Engine, name: &str) {
    let Some(chromium) = chromium() else {
        return not_run(
            &format!("example_pages::{name}"),
            "OPENPRM_CHROMIUM is not set; ./scripts/test sets it unless it is told --without-browser",
        );
    };
    build();
    let (portal, form) = (origin(), origin());
    // The portal has one origin with the API, as its users see it; the form's page is of another.
    let settings = [
        ("OPENPRM_PORTAL_URL", portal.as_str()),
        ("OPENPRM_CORS_ORIGINS", form.as_str()),
    ];
    let demo = Demo::serve(engine, &settings);
    for (page, variable, origin) in [
        ("form", "OPENPRM_FORM_ORIGIN", &form),
        ("portal", "OPENPRM_PORTAL_ORIGIN", &portal),
    ] {
        run(Command::new("node")
            .arg(examples().join(page).join("check.mjs"))
            .arg(demo.server.url())
            .env(variable, origin)
            .env("CHROMIUM", &chromium)
            // What the browser leaves behind goes with the test.
            .env("TMPDIR", &demo.folder.0)
            .current_dir(&demo.folder.0));
    }
}

#[test]
fn sqlite() {
    do_what_they_show(Engine::Sqlite, "sqlite");
}

#[test]
fn postgres() {
    do_what_they_show(Engine::Postgres, "postgres");
}
