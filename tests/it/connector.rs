//! The worked CRM connector of `examples/connector`: killed again and again while people change both sides, it ends with both
//! in step and no change lost. Its own `check.py` does that and judges it; here it is given a server on each engine.

use std::{path::Path, process::Command};

use openprm::db::Engine;

use crate::support::{not_run, server::Demo};

/// How often the connector is killed after its first load. `OPENPRM_CONNECTOR_KILLS` sets another number.
const KILLS: u64 = 8;
/// How many things people do on both sides. `OPENPRM_CONNECTOR_CHANGES` sets another number.
const CHANGES: u64 = 160;

fn setting(name: &str, usual: u64) -> String {
    let set: Option<u64> = std::env::var(name).ok().and_then(|text| text.parse().ok());
    set.unwrap_or(usual).to_string()
}

fn keeps_both_sides_in_step(engine: Engine, name: &str) {
    if Command::new("python3").arg("--version").output().is_err() {
        not_run(&format!("connector::{name}"), "python3 is not installed");
        return;
    }
    let demo = Demo::serve(engine, &[]);
    let check = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/connector/check.py");
    let checked = Command::new("python3")
        .arg(check)
        .args(["--url", &demo.server.url()])
        .args(["--kills", &setting("OPENPRM_CONNECTOR_KILLS", KILLS)])
        .args(["--changes", &setting("OPENPRM_CONNECTOR_CHANGES", CHANGES)])
        // Nothing is written into the checkout.
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .current_dir(&demo.folder.0)
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
    keeps_both_sides_in_step(Engine::Postgres, "postgres");
}
