//! The demo program: made through the API itself, the same in every run, with something in every state.

use std::collections::BTreeMap;

use diesel::prelude::*;
use openprm::{
    auth::Caller,
    config::Config,
    db::{Db, Engine, SystemClock},
    deals::registrations::{DealStage, ReviewStatus},
    demo,
    events::catalogue,
    on_each,
    schema::{
        deal_amendments, deal_extensions, deal_reopenings, deal_transfers, deals, events, interactions, notes,
        saved_views, tasks, users,
    },
};
use serde_json::json;

use crate::support::{api::api, database::Database};

/// The content of every event has the schema of its type of record.
fn events_are_what_the_contract_says(db: &Db) {
    let told: Vec<(String, Option<String>)> = db
        .ask_now(&Caller::system("test"), |tx| {
            Ok(on_each!(tx, |c| events::table
                .select((events::event_type, events::data))
                .load(c))?)
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

fn stands(engine: Engine) {
    let database = Database::empty(engine);
    let open = || Db::open(&database.settings, std::sync::Arc::new(SystemClock)).unwrap();
    open().migrate_up().unwrap();
    let url = database.settings.url.clone();
    let config = Config::read(move |name| match name {
        "DATABASE_URL" => Some(url.clone()),
        "OPENPRM_SECRET" => Some("a secret for the demo that is long enough".to_owned()),
        _ => None,
    })
    .unwrap();
    assert!(demo::load(&config).unwrap().unwrap().contains("admin@demo.example"));
    assert!(
        demo::load(&config).unwrap().is_some(),
        "a second start finds it and leaves it as it is"
    );
    let (statuses, stages, waiting, daily, people) = open()
        .ask_now(&Caller::system("test"), |tx| {
            let rows: Vec<(ReviewStatus, DealStage)> = on_each!(tx, |c| deals::table
                .select((deals::review_status, deals::stage))
                .load(c))?;
            let waiting: [i64; 4] = [
                on_each!(tx, |c| deal_extensions::table
                    .filter(deal_extensions::status.eq("pending"))
                    .count()
                    .get_result(c))?,
                on_each!(tx, |c| deal_amendments::table
                    .filter(deal_amendments::status.eq("pending"))
                    .count()
                    .get_result(c))?,
                on_each!(tx, |c| deal_transfers::table
                    .filter(deal_transfers::status.eq("executed"))
                    .count()
                    .get_result(c))?,
                on_each!(tx, |c| deal_reopenings::table
                    .filter(deal_reopenings::status.eq("requested"))
                    .count()
                    .get_result(c))?,
            ];
            let daily: [i64; 4] = [
                on_each!(tx, |c| tasks::table.count().get_result(c))?,
                on_each!(tx, |c| interactions::table.count().get_result(c))?,
                on_each!(tx, |c| notes::table.count().get_result(c))?,
                on_each!(tx, |c| saved_views::table.count().get_result(c))?,
            ];
            let people: i64 = on_each!(tx, |c| users::table.count().get_result(c))?;
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
