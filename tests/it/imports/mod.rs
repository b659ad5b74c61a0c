//! Imports: what becomes of good rows and of bad ones, that a run can be repeated, stopped and rehearsed, each kind of
//! record, and a whole pipeline of an old CRM.

mod custom;
mod odd_files;
mod people;
mod pipeline;
mod registrations;
mod rows;
mod vendor;

use std::{
    collections::BTreeMap,
    fs,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use diesel::prelude::*;
use openprm::{
    db::{Engine, among},
    imports::{Mapping, Plan, Report, Summary, Watch, import, rehearse},
    schema::{customer_accounts, events, external_references, import_rows, import_runs},
    verify,
};
use serde_json::Value;

use crate::support::{World, contract};

/// A folder with files, gone with the test.
struct Files(PathBuf);

impl Drop for Files {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.0));
    }
}

impl Files {
    fn new(files: &[(&str, &[u8])]) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let folder = std::env::temp_dir().join(format!(
            "openprm_import_{}_{}",
            std::process::id(),
            NEXT.fetch_add(1, Ordering::SeqCst)
        ));
        fs::create_dir_all(&folder).unwrap();
        let made = Self(folder);
        files.iter().for_each(|(name, bytes)| made.write(name, bytes));
        made
    }

    fn write(&self, name: &str, bytes: &[u8]) {
        fs::write(self.0.join(name), bytes).unwrap();
    }

    fn plan(&self, mapping: &str) -> Arc<Plan> {
        let mapping = Mapping::parse(mapping).unwrap();
        Arc::new(Plan {
            mapping,
            mapping_hash: "test".to_owned(),
            folder: self.0.clone(),
            contract: contract(),
        })
    }

    /// Imports, and answers the summary and the report.
    fn import(&self, world: &World, mapping: &str) -> (Summary, Vec<Value>) {
        self.go(world, mapping, import)
    }

    fn rehearse(&self, world: &World, mapping: &str) -> (Summary, Vec<Value>) {
        self.go(world, mapping, rehearse)
    }

    fn go(
        &self,
        world: &World,
        mapping: &str,
        how: fn(&openprm::db::Db, &Arc<Plan>, Option<&mut Report>, &Watch) -> openprm::error::Result<Summary>,
    ) -> (Summary, Vec<Value>) {
        let path = self.0.join("report.ndjson");
        let mut report = Report::create(&path).unwrap();
        let summary = how(&world.db, &self.plan(mapping), Some(&mut report), &silent()).unwrap();
        let lines = fs::read_to_string(path)
            .unwrap()
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        (summary, lines)
    }
}

fn silent() -> Watch {
    Arc::new(|_| {})
}

/// Line, verdict and code of each row of one kind of record.
fn verdicts(report: &[Value], entity: &str) -> Vec<(u64, String, String)> {
    let text = |line: &Value, name: &str| line[name].as_str().unwrap_or_default().to_owned();
    report
        .iter()
        .filter(|line| line["entity"] == entity)
        .map(|line| {
            (
                line["line"].as_u64().unwrap(),
                text(line, "verdict"),
                text(line, "code"),
            )
        })
        .collect()
}

fn expected(rows: &[(u64, &str, &str)]) -> Vec<(u64, String, String)> {
    rows.iter()
        .map(|(line, verdict, code)| (*line, (*verdict).to_owned(), (*code).to_owned()))
        .collect()
}

fn accounts(world: &World) -> i64 {
    world.sql(|tx| Ok(customer_accounts::table.count().get_result(tx.conn())?))
}

/// Rows of the tables that any import writes.
fn written(world: &World) -> [i64; 5] {
    world.sql(|tx| {
        Ok([
            customer_accounts::table.count().get_result(tx.conn())?,
            events::table.count().get_result(tx.conn())?,
            external_references::table.count().get_result(tx.conn())?,
            import_runs::table.count().get_result(tx.conn())?,
            import_rows::table.count().get_result(tx.conn())?,
        ])
    })
}

/// How many rows each table of the database has.
fn all_rows(world: &World) -> BTreeMap<String, i64> {
    #[derive(diesel::QueryableByName)]
    struct Name {
        #[diesel(sql_type = diesel::sql_types::Text)]
        name: String,
    }
    #[derive(diesel::QueryableByName)]
    struct Count {
        #[diesel(sql_type = diesel::sql_types::BigInt)]
        rows: i64,
    }
    let names = match world.engine() {
        Engine::Sqlite => "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'",
        Engine::Postgres => {
            "SELECT table_name::text AS name FROM information_schema.tables WHERE table_schema = current_schema()"
        }
    };
    world.sql(move |tx| {
        let names: Vec<Name> = diesel::sql_query(names).load(tx.conn())?;
        let mut counts = BTreeMap::new();
        for Name { name } in names {
            let sql = format!("SELECT COUNT(*) AS rows FROM {name}");
            let Count { rows } = diesel::sql_query(&sql).get_result(tx.conn())?;
            counts.insert(name, rows);
        }
        Ok(counts)
    })
}

/// What the events of those types of records are, each once.
fn event_kinds(world: &World, types: &'static [&'static str]) -> Vec<String> {
    world.sql(move |tx| {
        Ok(events::table
            .filter(events::resource_type.eq_any(among(types)))
            .select(events::event_type)
            .distinct()
            .order(events::event_type)
            .load(tx.conn())?)
    })
}

/// What the database must hold after any import.
fn is_sound(world: &World) {
    let findings = world.sql(verify::findings);
    let broken: Vec<_> = findings.iter().filter(|finding| finding.count > 0).collect();
    assert!(broken.is_empty(), "{broken:?}");
}

/// A line of the report.
fn line<'r>(report: &'r [Value], entity: &str, number: u64) -> &'r Value {
    report
        .iter()
        .find(|line| line["entity"] == entity && line["line"] == number)
        .unwrap()
}

fn reason<'r>(report: &'r [Value], entity: &str, number: u64) -> &'r str {
    line(report, entity, number)["reason"].as_str().unwrap_or_default()
}

fn id<'r>(report: &'r [Value], entity: &str, number: u64) -> &'r str {
    line(report, entity, number)["resource_id"].as_str().unwrap()
}
