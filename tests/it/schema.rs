//! The database: both engines' migrations end in one schema, every `down` undoes its `up`, and `src/schema.rs` is that schema.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Debug,
    sync::Arc,
};

use diesel::{
    QueryableByName, RunQueryDsl as _, sql_query,
    sql_types::{Bool, Integer, Nullable, Text},
};
use openprm::{
    auth::Caller,
    db::{Db, Engine, SystemClock, Tx},
    error::Result,
};

use crate::support::Database;

/// A schema as both engines can tell it.
#[derive(Debug, Default, PartialEq, Eq)]
struct Schema {
    /// Table, column → place, type, whether it must have a value.
    columns: BTreeMap<(String, String), (i32, String, bool)>,
    /// Table, columns: primary keys and unique constraints.
    unique: BTreeSet<(String, &'static str, Vec<String>)>,
    /// Table, columns, other table, its columns, on update, on delete.
    foreign: BTreeSet<(String, Vec<String>, String, Vec<String>, String, String)>,
    /// Name → table, columns, unique, partial.
    indexes: BTreeMap<String, (String, Vec<String>, bool, bool)>,
}

#[derive(QueryableByName)]
struct Name {
    #[diesel(sql_type = Text)]
    name: String,
}

#[derive(QueryableByName)]
struct Column {
    #[diesel(sql_type = Text)]
    of_table: String,
    #[diesel(sql_type = Integer)]
    place: i32,
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Text)]
    kind: String,
    #[diesel(sql_type = Bool)]
    required: bool,
    /// Its place in the primary key, from 1; 0 if it is not part of it.
    #[diesel(sql_type = Integer)]
    key: i32,
}

/// One column of a foreign key.
#[derive(QueryableByName)]
struct Reference {
    #[diesel(sql_type = Text)]
    of_table: String,
    #[diesel(sql_type = Text)]
    id: String,
    #[diesel(sql_type = Text)]
    from_column: String,
    #[diesel(sql_type = Text)]
    to_table: String,
    #[diesel(sql_type = Nullable<Text>)]
    to_column: Option<String>,
    #[diesel(sql_type = Text)]
    on_update: String,
    #[diesel(sql_type = Text)]
    on_delete: String,
}

/// One column of an index.
#[derive(QueryableByName)]
struct Indexed {
    #[diesel(sql_type = Text)]
    of_table: String,
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Nullable<Text>)]
    column_name: Option<String>,
    #[diesel(sql_type = Bool)]
    is_unique: bool,
    #[diesel(sql_type = Bool)]
    partial: bool,
    /// `c` made by CREATE INDEX, `u` by a constraint, `pk` by the primary key.
    #[diesel(sql_type = Text)]
    origin: String,
}

/// Diesel's own table: it differs between the engines and is nobody's schema.
const NOT_OURS: &str = "__diesel_schema_migrations";

const SQLITE_COLUMNS: &str = "SELECT t.name AS of_table, c.cid + 1 AS place, c.name AS name, c.type AS kind, c.\"notnull\" <> 0 AS required, c.pk AS key \
     FROM sqlite_master t JOIN pragma_table_info(t.name) c WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite_%' ORDER BY 1, 2";
const SQLITE_REFERENCES: &str = "SELECT t.name AS of_table, CAST(f.id AS TEXT) AS id, f.\"from\" AS from_column, f.\"table\" AS to_table, f.\"to\" AS to_column, \
     f.on_update AS on_update, f.on_delete AS on_delete FROM sqlite_master t JOIN pragma_foreign_key_list(t.name) f WHERE t.type = 'table' ORDER BY 1, 2, f.seq";
const SQLITE_INDEXES: &str = "SELECT t.name AS of_table, i.name AS name, x.name AS column_name, i.\"unique\" <> 0 AS is_unique, i.partial <> 0 AS partial, i.origin AS origin \
     FROM sqlite_master t JOIN pragma_index_list(t.name) i JOIN pragma_index_info(i.name) x WHERE t.type = 'table' ORDER BY 1, 2, x.seqno";

const POSTGRES_COLUMNS: &str = "SELECT c.relname::text AS of_table, a.attnum::int4 AS place, a.attname::text AS name, format_type(a.atttypid, a.atttypmod) AS kind, a.attnotnull AS required, \
     coalesce(array_position(k.conkey, a.attnum), 0)::int4 AS key FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid \
     LEFT JOIN pg_constraint k ON k.conrelid = c.oid AND k.contype = 'p' \
     WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace AND a.attnum > 0 AND NOT a.attisdropped ORDER BY 1, 2";
const POSTGRES_REFERENCES: &str = "SELECT k.conrelid::regclass::text AS of_table, k.conname::text AS id, f.attname::text AS from_column, k.confrelid::regclass::text AS to_table, t.attname::text AS to_column, \
     CASE k.confupdtype WHEN 'a' THEN 'NO ACTION' WHEN 'c' THEN 'CASCADE' ELSE k.confupdtype::text END AS on_update, CASE k.confdeltype WHEN 'a' THEN 'NO ACTION' WHEN 'c' THEN 'CASCADE' ELSE k.confdeltype::text END AS on_delete \
     FROM pg_constraint k CROSS JOIN unnest(k.conkey, k.confkey) WITH ORDINALITY o(f, t, n) JOIN pg_attribute f ON f.attrelid = k.conrelid AND f.attnum = o.f JOIN pg_attribute t ON t.attrelid = k.confrelid AND t.attnum = o.t \
     WHERE k.contype = 'f' AND k.connamespace = 'public'::regnamespace ORDER BY 1, 2, o.n";
const POSTGRES_INDEXES: &str = "SELECT i.indrelid::regclass::text AS of_table, c.relname::text AS name, a.attname::text AS column_name, i.indisunique AS is_unique, i.indpred IS NOT NULL AS partial, \
     CASE k.contype WHEN 'p' THEN 'pk' WHEN 'u' THEN 'u' ELSE 'c' END AS origin FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid LEFT JOIN pg_constraint k ON k.conindid = i.indexrelid AND k.contype IN ('p', 'u') \
     CROSS JOIN unnest(i.indkey::int2[]) WITH ORDINALITY o(n, place) LEFT JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = o.n WHERE c.relnamespace = 'public'::regnamespace ORDER BY 1, 2, o.place";

fn rows<T: QueryableByName<Engine> + 'static>(tx: &mut Tx<'_>, sqlite: &str, postgres: &str) -> Result<Vec<T>> {
    let sql = match tx.engine() {
        Engine::Sqlite => sqlite,
        Engine::Postgres => postgres,
    };
    Ok(sql_query(sql).load(tx.conn())?)
}

/// One name for each type, whichever engine tells it.
fn plain(kind: &str) -> String {
    match kind.to_ascii_lowercase().as_str() {
        "integer" | "bigint" => "bigint".to_owned(),
        "bytea" | "blob" => "bytes".to_owned(),
        other => other.to_owned(),
    }
}

fn read(tx: &mut Tx<'_>) -> Result<Schema> {
    let mut schema = Schema::default();
    let mut keys: BTreeMap<String, Vec<(i32, String)>> = BTreeMap::new();
    for column in rows::<Column>(tx, SQLITE_COLUMNS, POSTGRES_COLUMNS)?
        .into_iter()
        .filter(|column| column.of_table != NOT_OURS)
    {
        if column.key > 0 {
            keys.entry(column.of_table.clone())
                .or_default()
                .push((column.key, column.name.clone()));
        }
        schema.columns.insert(
            (column.of_table, column.name),
            (column.place, plain(&column.kind), column.required),
        );
    }
    for (table, mut columns) in keys {
        columns.sort();
        schema.unique.insert((
            table,
            "primary key",
            columns.into_iter().map(|(_, name)| name).collect(),
        ));
    }
    let mut references: BTreeMap<(String, String), Vec<Reference>> = BTreeMap::new();
    for reference in rows::<Reference>(tx, SQLITE_REFERENCES, POSTGRES_REFERENCES)? {
        references
            .entry((reference.of_table.clone(), reference.id.clone()))
            .or_default()
            .push(reference);
    }
    for ((table, _), columns) in references {
        let from = columns.iter().map(|one| one.from_column.clone()).collect();
        let to = columns
            .iter()
            .map(|one| one.to_column.clone().unwrap_or_else(|| "id".to_owned()))
            .collect();
        let first = &columns[0];
        schema.foreign.insert((
            table,
            from,
            first.to_table.clone(),
            to,
            first.on_update.clone(),
            first.on_delete.clone(),
        ));
    }
    for row in rows::<Indexed>(tx, SQLITE_INDEXES, POSTGRES_INDEXES)?
        .into_iter()
        .filter(|row| row.of_table != NOT_OURS && row.origin != "pk")
    {
        let entry = schema
            .indexes
            .entry(row.name)
            .or_insert_with(|| (row.of_table, Vec::new(), row.is_unique, row.partial));
        entry
            .1
            .push(row.column_name.unwrap_or_else(|| "an expression".to_owned()));
        if row.origin == "u" {
            entry.3 = false;
        }
    }
    // A unique constraint has no name that both engines give it.
    let constraints: Vec<String> = schema
        .indexes
        .iter()
        .filter(|(name, (_, _, unique, partial))| *unique && !partial && is_constraint(name))
        .map(|(name, _)| name.clone())
        .collect();
    for name in constraints {
        if let Some((table, columns, ..)) = schema.indexes.remove(&name) {
            schema.unique.insert((table, "unique", columns));
        }
    }
    Ok(schema)
}

/// Names that the engines give to the indexes of constraints.
fn is_constraint(name: &str) -> bool {
    name.starts_with("sqlite_autoindex_")
        || name.ends_with("_key")
        || name.ends_with("_key1")
        || name.ends_with("_key2")
}

#[derive(QueryableByName)]
struct Code {
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Text)]
    text: String,
}

/// Triggers, functions, and everything else that `down` must take away too.
fn code(tx: &mut Tx<'_>) -> Result<BTreeMap<String, String>> {
    let found = rows::<Code>(
        tx,
        "SELECT type || ' ' || name AS name, coalesce(sql, '') AS text FROM sqlite_master WHERE name NOT LIKE 'sqlite_%' AND name <> '__diesel_schema_migrations'",
        "SELECT 'function ' || proname AS name, md5(prosrc) AS text FROM pg_proc WHERE pronamespace = 'public'::regnamespace \
         UNION ALL SELECT 'trigger ' || tgname || ' of ' || tgrelid::regclass::text, pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal \
         UNION ALL SELECT 'constraint ' || conname || ' of ' || conrelid::regclass::text, pg_get_constraintdef(oid) FROM pg_constraint WHERE connamespace = 'public'::regnamespace AND conrelid::regclass::text <> '__diesel_schema_migrations' \
         UNION ALL SELECT 'index ' || indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' AND tablename <> '__diesel_schema_migrations' \
         UNION ALL SELECT 'table ' || tablename, '' FROM pg_tables WHERE schemaname = 'public' AND tablename <> '__diesel_schema_migrations' \
         UNION ALL SELECT 'type ' || typname, typtype::text FROM pg_type WHERE typnamespace = 'public'::regnamespace AND typtype IN ('e', 'd')",
    )?;
    Ok(found.into_iter().map(|one| (one.name, one.text)).collect())
}

fn open(engine: Engine) -> (Database, Db) {
    let database = Database::empty(engine);
    let db = Db::open(&database.settings, Arc::new(SystemClock)).unwrap();
    (database, db)
}

fn told<T>(db: &Db, question: fn(&mut Tx<'_>) -> Result<T>) -> T
where
    T: Send + 'static,
{
    db.run_now(&Caller::system("test"), question).unwrap()
}

fn differences<T: Ord + Debug>(
    what: &str,
    left: impl IntoIterator<Item = T>,
    right: impl IntoIterator<Item = T>,
) -> Vec<String> {
    let (left, right): (BTreeSet<T>, BTreeSet<T>) = (left.into_iter().collect(), right.into_iter().collect());
    let alone = |one: &BTreeSet<T>, other: &BTreeSet<T>, side: &str| {
        one.difference(other)
            .map(|item| format!("{what} in {side} alone: {item:?}"))
            .collect::<Vec<_>>()
    };
    [alone(&left, &right, "SQLite"), alone(&right, &left, "PostgreSQL")].concat()
}

#[test]
fn both_engines_migrations_end_in_one_schema() {
    let [left, right] = [Engine::Sqlite, Engine::Postgres].map(|engine| {
        let (_database, db) = open(engine);
        db.migrate_up().unwrap();
        told(&db, read)
    });
    let found = [
        differences("column", left.columns, right.columns),
        differences("key", left.unique, right.unique),
        differences("foreign key", left.foreign, right.foreign),
        differences("index", left.indexes, right.indexes),
    ]
    .concat();
    assert!(
        found.is_empty(),
        "If you are here because you wrote a migration: the engines' schemas differ.\n  {}",
        found.join("\n  ")
    );
}

#[test]
fn every_way_down_undoes_its_way_up() {
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let (_database, db) = open(engine);
        let whole = db.migrate_up().unwrap();
        let top = told(&db, code);
        let mut states = Vec::new();
        for _ in &whole {
            states.push(told(&db, code));
            db.migrate_down().unwrap_or_else(|error| panic!("{engine:?}: {error}"));
        }
        let empty = told(&db, code);
        assert!(
            empty.is_empty(),
            "{engine:?}: after every way down there is still {:?}",
            empty.keys()
        );
        assert_eq!(db.migrate_up().unwrap(), whole, "{engine:?}: the second way up");
        assert_eq!(told(&db, code), top, "{engine:?}: the second way up ends elsewhere");
        // Halfway down and up again, from every step.
        for (step, state) in states.iter().enumerate() {
            for _ in 0..=step {
                db.migrate_down().unwrap();
            }
            db.migrate_up().unwrap();
            assert_eq!(
                told(&db, code),
                top,
                "{engine:?}: down by {} and up again ends elsewhere",
                step + 1
            );
            assert!(!state.is_empty());
            if step > 4 {
                break;
            }
        }
    }
}

/// The tables of `src/schema.rs`: name → its key, and column → type, whether it may be null.
type Tables = BTreeMap<String, (Vec<String>, Vec<(String, String)>)>;

fn declared() -> Tables {
    let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/src/schema.rs")).unwrap();
    let mut tables = Tables::new();
    let mut current: Option<String> = None;
    for line in text.lines().map(str::trim) {
        if let Some((name, key)) = line.strip_suffix(") {").and_then(|line| line.split_once(" (")) {
            let name = name.rsplit(' ').next().unwrap().to_owned();
            tables.insert(
                name.clone(),
                (key.split(',').map(|one| one.trim().to_owned()).collect(), Vec::new()),
            );
            current = Some(name);
        } else if let (Some(table), Some((column, kind))) = (
            &current,
            line.strip_suffix(',').and_then(|line| line.split_once(" -> ")),
        ) {
            tables
                .get_mut(table)
                .unwrap()
                .1
                .push((column.trim_start_matches("r#").to_owned(), kind.to_owned()));
        }
    }
    tables
}

#[test]
fn the_code_s_schema_is_the_database_s() {
    let (_database, db) = open(Engine::Postgres);
    db.migrate_up().unwrap();
    let schema = told(&db, read);
    let mut there = Tables::new();
    let mut columns: Vec<_> = schema.columns.into_iter().collect();
    columns.sort_by(|a, b| (&a.0.0, a.1.0).cmp(&(&b.0.0, b.1.0)));
    for ((table, column), (_, kind, required)) in columns {
        let kind = match kind.as_str() {
            "bigint" => "BigInt",
            "text" => "Text",
            "boolean" => "Bool",
            "bytes" => "Binary",
            other => panic!("{table}.{column}: the type {other} is not portable"),
        };
        let kind = if required {
            kind.to_owned()
        } else {
            format!("Nullable<{kind}>")
        };
        there.entry(table).or_default().1.push((column, kind));
    }
    for (table, what, key) in schema.unique {
        if what == "primary key" {
            there.entry(table).or_default().0 = key;
        }
    }
    let declared = declared();
    let mut faults = Vec::new();
    for name in there.keys().chain(declared.keys()).collect::<BTreeSet<_>>() {
        match (there.get(name), declared.get(name)) {
            (Some(_), None) => faults.push(format!("{name} is missing in src/schema.rs")),
            (None, Some(_)) => faults.push(format!("{name} is in src/schema.rs alone")),
            (Some((key, columns)), Some((told_key, told_columns))) => {
                if key != told_key {
                    faults.push(format!("{name}: the key is {key:?}, src/schema.rs says {told_key:?}"));
                }
                let (columns, told): (BTreeSet<_>, BTreeSet<_>) =
                    (columns.iter().collect(), told_columns.iter().collect());
                faults.extend(
                    columns
                        .symmetric_difference(&told)
                        .map(|(column, kind)| format!("{name}.{column}: {kind} stands on one side alone")),
                );
            }
            (None, None) => {}
        }
    }
    assert!(declared.len() > 50, "src/schema.rs could not be read");
    assert!(
        faults.is_empty(),
        "If you are here because you wrote a migration: src/schema.rs is not the database's schema.\n  {}",
        faults.join("\n  ")
    );
}

each_engine! {
    async fn every_stored_value_has_the_type_of_its_column(world: World) {
        let _fixtures = crate::support::fixtures::Fixtures::new(&world).await;
        if world.engine() == Engine::Postgres {
            // The server sees to it.
            return;
        }
        let wrong = world.sql(|tx| {
            let columns = rows::<Column>(tx, SQLITE_COLUMNS, POSTGRES_COLUMNS)?;
            let mut wrong = Vec::new();
            for column in columns.into_iter().filter(|column| column.of_table != NOT_OURS) {
                let stored = match plain(&column.kind).as_str() {
                    "text" => "'text'",
                    "bytes" => "'blob'",
                    _ => "'integer'",
                };
                let (table, name) = (&column.of_table, &column.name);
                let question = format!("SELECT DISTINCT typeof(\"{name}\") AS name FROM \"{table}\" WHERE typeof(\"{name}\") NOT IN ({stored}, 'null')");
                let found: Vec<Name> = rows(tx, &question, &question)?;
                wrong.extend(found.into_iter().map(|kind| format!("{table}.{name} ({}) holds {}", column.kind, kind.name)));
            }
            Ok(wrong)
        });
        assert!(wrong.is_empty(), "SQLite stores what it is given: {}", wrong.join(", "));
    }
}
