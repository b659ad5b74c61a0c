//! The demo program: made through the API itself, the same in every run, with something in every state, on either database by
//! its URL alone.

use std::{collections::BTreeMap, os::unix::fs::PermissionsExt as _, process::Command, sync::Arc};

use diesel::prelude::*;
use openprm::{
    auth::Caller,
    db::{Db, Engine, Settings, SystemClock},
    deals::registrations::{DealStage, ReviewStatus},
    demo,
    events::catalogue,
    schema::{
        deal_amendments, deal_extensions, deal_reopenings, deal_transfers, deals, events, interactions, notes,
        saved_views, tasks, users,
    },
};
use serde_json::json;

use crate::support::{
    Folder,
    api::api,
    database::Database,
    server::{DEMO_START, Server, request},
};

/// The content of every event has the schema of its type of record.
fn events_are_what_the_contract_says(db: &Db) {
    let told: Vec<(String, Option<String>)> = db
        .ask_now(&Caller::system("test"), |tx| {
            Ok(events::table
                .select((events::event_type, events::data))
                .load(tx.conn())?)
        })
        .unwrap();
    let mut faults = BTreeMap::new();
    for (kind, data) in told {
        let Some(data) = data else { continue };
        let schema = (catalogue::find(&kind).unwrap().resource.schema)();
        let reference = json!({"$ref": schema.ref_location});
        let mut found = Vec::new();
        api().fits(
            &schema.ref_location,
            &reference,
            &serde_json::from_str(&data).unwrap(),
            &mut found,
        );
        if !found.is_empty() {
            faults.insert(kind, found);
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

/// Serves the demo program in that folder as the README does: nothing is set but the URL of the database. Somebody signs in.
fn serve(folder: &Folder, url: &str) -> Server {
    let server = Server::start(&folder.0, &["serve", "--demo"], &[("DATABASE_URL", url)], DEMO_START);
    let login = json!({"email": "admin@demo.example", "password": demo::PASSWORD});
    let (status, session) = request(server.port, "POST", "/v1/auth/login", &[], Some(&login)).unwrap();
    assert_eq!(status, 200, "{session}");
    server
}

/// What the program says in that folder when it does not start.
fn refusal(folder: &Folder, url: &str, arguments: &[&str]) -> String {
    let ended = Command::new(env!("CARGO_BIN_EXE_openprm"))
        .args(arguments)
        .current_dir(&folder.0)
        .env("DATABASE_URL", url)
        .env("OPENPRM_BIND", "127.0.0.1:0")
        .env("OPENPRM_LOG", "error")
        .output()
        .unwrap();
    assert!(!ended.status.success());
    String::from_utf8(ended.stderr).unwrap()
}

fn stands(engine: Engine) {
    let (folder, database) = (Folder::made(), Database::empty(engine));
    let (url, settings, secret) = match engine {
        Engine::Sqlite => {
            let file = format!("sqlite://{}", folder.0.join("openprm.db").display());
            let settings = Settings {
                url: file,
                ..database.settings.clone()
            };
            ("sqlite://openprm.db".to_owned(), settings, "openprm.db.secret")
        }
        Engine::Postgres => {
            let settings = database.settings.clone();
            (settings.url.clone(), settings, "openprm-demo.secret")
        }
    };
    let open = || Db::open(&settings, Arc::new(SystemClock)).unwrap();
    serve(&folder, &url).end();
    let kept = folder.0.join(secret);
    assert_eq!(std::fs::metadata(&kept).unwrap().permissions().mode() & 0o777, 0o600);
    let before = std::fs::read(&kept).unwrap();
    // A second start finds the program and leaves it as it is, and opens with its secret what the first one sealed.
    serve(&folder, &url).end();
    assert_eq!(std::fs::read(&kept).unwrap(), before);
    if engine == Engine::Postgres {
        let elsewhere = Folder::made();
        let said = refusal(&elsewhere, &url, &["serve", "--demo"]);
        assert!(said.contains("does not open with this master secret"), "{said}");
        let said = refusal(&folder, &url, &["serve"]);
        let required = "OPENPRM_SECRET is required with PostgreSQL; make one with: openssl rand -base64 48";
        assert!(
            said.contains(required),
            "what is no demo needs a secret of its own: {said}"
        );
    }
    let (statuses, stages, waiting, daily, people) = open()
        .ask_now(&Caller::system("test"), |tx| {
            let rows: Vec<(ReviewStatus, DealStage)> = deals::table
                .select((deals::review_status, deals::stage))
                .load(tx.conn())?;
            let waiting: [i64; 4] = [
                deal_extensions::table
                    .filter(deal_extensions::status.eq("pending"))
                    .count()
                    .get_result(tx.conn())?,
                deal_amendments::table
                    .filter(deal_amendments::status.eq("pending"))
                    .count()
                    .get_result(tx.conn())?,
                deal_transfers::table
                    .filter(deal_transfers::status.eq("executed"))
                    .count()
                    .get_result(tx.conn())?,
                deal_reopenings::table
                    .filter(deal_reopenings::status.eq("requested"))
                    .count()
                    .get_result(tx.conn())?,
            ];
            let daily: [i64; 4] = [
                tasks::table.count().get_result(tx.conn())?,
                interactions::table.count().get_result(tx.conn())?,
                notes::table.count().get_result(tx.conn())?,
                saved_views::table.count().get_result(tx.conn())?,
            ];
            let people: i64 = users::table.count().get_result(tx.conn())?;
            let (mut statuses, mut stages) = (BTreeMap::new(), BTreeMap::new());
            for (status, stage) in rows {
                *statuses.entry(status.to_string()).or_insert(0) += 1;
                *stages.entry(stage.to_string()).or_insert(0) += 1;
            }
            Ok((statuses, stages, waiting, daily, people))
        })
        .unwrap();
    println!("{statuses:?} {stages:?} {waiting:?}");
    events_are_what_the_contract_says(&open());
    for status in [
        "draft",
        "submitted",
        "in_review",
        "info_requested",
        "approved",
        "rejected",
        "withdrawn",
        "revoked",
        "superseded",
    ] {
        assert!(statuses.contains_key(status), "no deal is {status}: {statuses:?}");
    }
    assert!(stages.len() == 7, "not every stage is there: {stages:?}");
    assert!(
        waiting.iter().all(|count| *count > 0),
        "extensions, amendments, transfers, reopenings: {waiting:?}"
    );
    assert!(
        daily.iter().all(|count| *count > 2),
        "tasks, interactions, notes, views: {daily:?}"
    );
    assert!(statuses.values().sum::<i32>() >= 600 && people >= 25);
}

#[test]
fn the_demo_program_has_deals_in_every_state_sqlite() {
    stands(Engine::Sqlite);
}

#[test]
fn the_demo_program_has_deals_in_every_state_postgres() {
    stands(Engine::Postgres);
}
