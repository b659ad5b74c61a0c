//! From a query to its text and values, and these to an engine.

use std::{
    collections::BTreeSet,
    sync::{Mutex, PoisonError},
};

use diesel::{
    QueryResult,
    backend::Backend,
    pg::Pg,
    query_builder::{self, AstPass, BindCollector, QueryBuilder, QueryFragment, QueryId},
    result::Error::SerializationError,
    serialize::{IsNull, Output, ToSql},
    sql_types::{HasSqlType, Untyped},
    sqlite::Sqlite,
};

use super::{
    Engine,
    values::{Kind, Value},
};

/// The text of a query as it is written.
#[derive(Debug, Default)]
pub struct Text {
    engine: Engine,
    sql: String,
    places: usize,
}

impl Text {
    /// Writes a part of another text, whose places follow on those that are written.
    fn push_template(&mut self, template: &str) {
        let mut rest = template;
        while let Some((before, after)) = rest.split_once(['?', '$']) {
            self.push_sql(before);
            self.push_bind_param();
            rest = after.trim_start_matches(|digit: char| digit.is_ascii_digit());
        }
        self.push_sql(rest);
    }
}

impl QueryBuilder<Engine> for Text {
    fn push_sql(&mut self, sql: &str) {
        self.sql.push_str(sql);
    }

    fn push_identifier(&mut self, identifier: &str) -> QueryResult<()> {
        // SQLite takes a name in double quotes that it does not know for a text.
        let quote = match self.engine {
            Engine::Sqlite => '`',
            Engine::Postgres => '"',
        };
        self.sql.push(quote);
        if identifier.contains(quote) {
            self.sql
                .push_str(&identifier.replace(quote, &format!("{quote}{quote}")));
        } else {
            self.sql.push_str(identifier);
        }
        self.sql.push(quote);
        Ok(())
    }

    fn push_bind_param(&mut self) {
        self.push_bind_param_value_only();
        match self.engine {
            Engine::Sqlite => self.sql.push('?'),
            Engine::Postgres => self.sql.push_str(&format!("${}", self.places)),
        }
    }

    fn push_bind_param_value_only(&mut self) {
        self.places += 1;
    }

    fn finish(self) -> String {
        self.sql
    }
}

/// The values of a query, in the order of their places.
#[derive(Debug, Default)]
pub struct Values(Vec<Value>);

impl<'a> BindCollector<'a, Engine> for Values {
    type Buffer = Value;

    fn push_bound_value<T, U>(&mut self, bind: &'a U, (): &mut ()) -> QueryResult<()>
    where
        Engine: HasSqlType<T>,
        U: ToSql<T, Engine> + ?Sized + 'a,
    {
        let kind = <Engine as HasSqlType<T>>::metadata(&mut ());
        let mut lookup = ();
        let mut output = Output::new(Value::Null(kind), &mut lookup);
        let null = bind.to_sql(&mut output).map_err(SerializationError)?;
        self.0.push(match null {
            IsNull::Yes => Value::Null(kind),
            IsNull::No => output.into_inner(),
        });
        Ok(())
    }

    fn push_null_value(&mut self, kind: Kind) -> QueryResult<()> {
        self.0.push(Value::Null(kind));
        Ok(())
    }
}

/// What is asked of a query, without its type: all that is compiled for each query is its own walk.
pub trait Walk {
    /// [`QueryFragment::walk_ast`].
    fn walk<'b>(&'b self, pass: AstPass<'_, 'b, Engine>) -> QueryResult<()>;
}

impl<Q: QueryFragment<Engine>> Walk for Q {
    fn walk<'b>(&'b self, pass: AstPass<'_, 'b, Engine>) -> QueryResult<()> {
        self.walk_ast(pass)
    }
}

/// A query without its type.
pub struct Query<'q>(pub &'q dyn Walk);

impl QueryFragment<Engine> for Query<'_> {
    fn walk_ast<'b>(&'b self, pass: AstPass<'_, 'b, Engine>) -> QueryResult<()> {
        self.0.walk(pass)
    }
}

/// A query as an engine takes it: its text, whether the statement is to be kept, and its values.
#[derive(Debug, Clone, Default)]
pub struct Prepared {
    sql: String,
    kept: bool,
    values: Vec<Value>,
}

/// How the addition of a row begins, and what stands before the row.
const ADDITION: &str = "INSERT INTO ";
const VALUES: &str = " VALUES (";
/// How the change of a row begins, and what stands before its key.
const CHANGE: &str = "UPDATE ";
const WHERE: &str = " WHERE ";

/// Whether a text is that of a change whose values all have places. diesel prepares every change anew, as another might set other
/// columns, and preparing one costs more than to run it; here the text tells statements apart, and there is one for each place in the program.
fn is_plain_update(sql: &str) -> bool {
    sql.starts_with(CHANGE) && !sql.contains('\'')
}

/// So many texts of changes that name some columns of their row are kept.
const USUAL: usize = 500;

/// Whether the text of such a change is one of those that are kept: the first that there were. Which columns a change names is up to
/// whoever asks for it, and connections keep a statement for as long as they live: with every text, someone could fill the memory.
fn is_usual(sql: &str) -> bool {
    static TEXTS: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());
    let mut texts = TEXTS.lock().unwrap_or_else(PoisonError::into_inner);
    texts.contains(sql) || (texts.len() < USUAL && texts.insert(sql.to_owned()))
}

static SQLITE: Engine = Engine::Sqlite;
static POSTGRES: Engine = Engine::Postgres;

impl Prepared {
    /// Writes a query for an engine.
    pub fn of(query: &Query<'_>, engine: Engine) -> QueryResult<Self> {
        let backend = match engine {
            Engine::Sqlite => &SQLITE,
            Engine::Postgres => &POSTGRES,
        };
        let mut text = Text {
            engine,
            sql: String::with_capacity(1024),
            places: 0,
        };
        query.to_sql(&mut text, backend)?;
        let mut values = Values::default();
        query.collect_binds(&mut values, &mut (), backend)?;
        let sql = text.finish();
        Ok(Self {
            kept: is_plain_update(&sql) || query.is_safe_to_cache_prepared(backend)?,
            sql,
            values: values.0,
        })
    }

    /// A change of a row without the columns that it sets to what they are, `before` being the same statement with the row as it is.
    /// A column that is named has its indexes written anew on SQLite, whatever its value; and on PostgreSQL its triggers fire, and
    /// a key that is named holds the row against all who refer to it.
    pub fn without(self, before: &Self, engine: Engine) -> Self {
        let parts = self.sql.split_once(" SET ");
        let parts = parts.and_then(|(head, rest)| Some((head, rest.split_once(" WHERE ")?)));
        let Some((head, (set, row))) = parts.filter(|_| self.sql == before.sql && is_plain_update(&self.sql)) else {
            return self;
        };
        let mut text = Text {
            engine,
            ..Text::default()
        };
        let mut values = Vec::new();
        let set: Vec<&str> = set.split(", ").collect();
        for ((column, value), was) in set.iter().zip(&self.values).zip(&before.values) {
            if value != was {
                text.push_sql(if values.is_empty() { head } else { ", " });
                text.push_sql(if values.is_empty() { " SET " } else { "" });
                text.push_sql(column.split(" = ").next().unwrap_or_default());
                text.push_sql(" = ");
                text.push_bind_param();
                values.push(value.clone());
            }
        }
        if values.is_empty() {
            return self;
        }
        text.push_sql(" WHERE ");
        text.push_template(row);
        values.extend(self.values.iter().skip(set.len()).cloned());
        let sql = text.finish();
        Self {
            kept: is_usual(&sql),
            sql,
            values,
        }
    }

    /// Its text.
    pub fn sql(&self) -> &str {
        &self.sql
    }

    /// Whether it has the text of another.
    pub fn is_like(&self, other: &Self) -> bool {
        self.sql == other.sql
    }

    /// The table that it adds to, or of which it changes a row.
    pub fn table(&self) -> Option<&str> {
        let rest = self
            .sql
            .strip_prefix(ADDITION)
            .or_else(|| self.sql.strip_prefix(CHANGE))?;
        rest.trim_start_matches(['`', '"']).split(['`', '"', ' ']).next()
    }

    /// Whether one of its values is one of those texts.
    pub fn has_one_of(&self, texts: &BTreeSet<String>) -> bool {
        let is_one = |value: &Value| matches!(value, Value::Text(text) if texts.contains(text));
        self.values.iter().any(is_one)
    }

    /// Whether it changes the row with some key and does nothing else, by values that all have places.
    pub fn is_change(&self) -> bool {
        let row = self.sql.split_once(WHERE).map(|(_, row)| row);
        let is_key = |row: &str| {
            row.split(" AND ")
                .all(|part| part.matches(" = ").count() == 1 && !part.contains("SELECT"))
        };
        is_plain_update(&self.sql) && row.is_some_and(is_key)
    }

    /// By what a change finds its row: the first value that is not one that it sets.
    pub fn key(&self) -> Option<&Value> {
        let set = self.sql.split_once(WHERE).map(|(set, _)| set)?;
        self.values.get(set.matches(['?', '$']).count())
    }

    /// Changes of a row each that have one text, as one change of all rows, on PostgreSQL.
    pub fn changed_together(changes: &[Self]) -> Self {
        let (Some(first), true) = (changes.first(), changes.len() > 1) else {
            return changes.first().cloned().unwrap_or_default();
        };
        let places = first.values.len();
        let mut text = Text {
            engine: Engine::Postgres,
            ..Text::default()
        };
        // Each place of the one becomes a column of the list of values.
        let (set, row) = first.sql.split_once(WHERE).unwrap_or_default();
        text.push_sql(&set.replace('$', "later.c"));
        text.push_sql(" FROM (VALUES ");
        for number in 0..changes.len() {
            text.push_sql(if number == 0 { "(" } else { ", (" });
            for place in 0..places {
                text.push_sql(if place == 0 { "" } else { ", " });
                text.push_bind_param();
            }
            text.push_sql(")");
        }
        let columns: Vec<String> = (1..=places).map(|place| format!("c{place}")).collect();
        text.push_sql(&format!(") AS later ({})", columns.join(", ")));
        text.push_sql(WHERE);
        text.push_sql(&row.replace('$', "later.c"));
        Self {
            sql: text.finish(),
            kept: first.kept,
            values: changes
                .iter()
                .flat_map(|change| change.values.iter().cloned())
                .collect(),
        }
    }

    /// Whether it adds a row and does nothing else: nothing is asked back, and nothing happens instead.
    pub fn is_row(&self) -> bool {
        let row = self.sql.split_once(VALUES).map(|(_, row)| row);
        self.sql.starts_with(ADDITION) && row.is_some_and(|row| row.find(')') == Some(row.len() - 1))
    }

    /// Additions of a row each that have one text, as one addition of all rows.
    pub fn together(rows: &[Self], engine: Engine) -> Self {
        let sql = rows.first().map_or_else(String::new, |first| first.sql.clone());
        let row = sql
            .split_once(VALUES)
            .map(|(_, row)| format!("({row}"))
            .unwrap_or_default();
        let mut text = Text {
            engine,
            places: rows.first().map_or(0, |first| first.values.len()),
            sql,
        };
        for _ in rows.iter().skip(1) {
            text.push_sql(", ");
            text.push_template(&row);
        }
        Self {
            sql: text.finish(),
            kept: rows.iter().all(|row| row.kept),
            values: rows.iter().flat_map(|row| row.values.iter().cloned()).collect(),
        }
    }

    fn written<'b, DB: Backend>(
        &'b self,
        out: &mut AstPass<'_, 'b, DB>,
    ) -> impl Iterator<Item = &'b Value> + use<'b, DB> {
        out.push_sql(&self.sql);
        if !self.kept {
            out.unsafe_to_cache_prepared();
        }
        self.values.iter()
    }
}

impl QueryFragment<Sqlite> for Prepared {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
        for value in self.written(&mut out) {
            value.to_sqlite(&mut out)?;
        }
        Ok(())
    }
}

impl QueryFragment<Pg> for Prepared {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        for value in self.written(&mut out) {
            value.to_postgres(&mut out)?;
        }
        Ok(())
    }
}

// Queries of every kind are of this type: their text tells their statements apart.
impl QueryId for Prepared {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

/// The types of the rows stay with whoever asked; neither engine wants to know them.
impl query_builder::Query for Prepared {
    type SqlType = Untyped;
}

#[cfg(test)]
mod tests {
    use diesel::prelude::*;

    use super::*;
    use crate::{
        db::Lock,
        schema::{deals, event_audiences},
    };

    fn written(query: &dyn Walk, engine: Engine) -> Prepared {
        Prepared::of(&Query(query), engine).unwrap()
    }

    #[test]
    fn places_and_names_are_written_as_each_engine_knows_them() {
        let query = deals::table
            .filter(deals::id.eq("a"))
            .filter(deals::revision.gt(2_i64))
            .select(deals::id)
            .limit(3);
        let (sqlite, postgres) = (written(&query, Engine::Sqlite), written(&query, Engine::Postgres));
        assert!(sqlite.sql.contains("`deals`.`revision` > ?"), "{sqlite:?}");
        assert!(postgres.sql.contains(r#"("deals"."revision" > $2)"#), "{postgres:?}");
        assert!(postgres.sql.ends_with("LIMIT $3"), "{postgres:?}");
        assert_eq!(sqlite.values, postgres.values);
        assert_eq!(
            sqlite.values,
            [Value::Text("a".to_owned()), Value::Big(2), Value::Big(3)]
        );
        assert!(sqlite.kept, "a statement without lists is prepared once");
        let change = diesel::update(deals::table.find("a")).set(deals::title.eq("b"));
        assert!(written(&change, Engine::Sqlite).kept, "and so is a change");
    }

    #[test]
    fn changes_of_several_rows_are_one_that_takes_their_values_from_a_list() {
        let change = |id: &'static str, title: &'static str, revision: i64| {
            let row = deals::table.find(id).filter(deals::revision.eq(revision));
            let change = diesel::update(row).set((deals::title.eq(title), deals::revision.eq(revision + 1)));
            written(&change, Engine::Postgres)
        };
        let both = Prepared::changed_together(&[change("a", "First", 1), change("b", "Second", 7)]);
        assert_eq!(
            both.sql,
            r#"UPDATE "deals" SET "title" = later.c1, "revision" = later.c2 FROM (VALUES ($1, $2, $3, $4), ($5, $6, $7, $8)) AS later (c1, c2, c3, c4) WHERE (("deals"."id" = later.c3) AND ("deals"."revision" = later.c4))"#
        );
        let text = |text: &str| Value::Text(text.to_owned());
        let first = [text("First"), Value::Big(2), text("a"), Value::Big(1)];
        let second = [text("Second"), Value::Big(8), text("b"), Value::Big(7)];
        assert_eq!(both.values, [first, second].concat());
        let alone = change("a", "First", 1);
        assert_eq!(Prepared::changed_together(std::slice::from_ref(&alone)).sql, alone.sql);
    }

    #[test]
    fn a_change_names_the_columns_alone_that_it_changes() {
        let set = |title: &'static str, revision: i64| {
            let row = (
                deals::title.eq(title),
                deals::stage.eq("prospect"),
                deals::revision.eq(revision),
            );
            diesel::update(deals::table.find("a").filter(deals::revision.eq(1_i64))).set(row)
        };
        let changed = |title: &'static str, engine: Engine| {
            let (before, after) = (set("b", 1), set(title, 2));
            written(&after, engine).without(&written(&before, engine), engine)
        };
        let sqlite = changed("b", Engine::Sqlite);
        assert_eq!(
            sqlite.sql,
            "UPDATE `deals` SET `revision` = ? WHERE ((`deals`.`id` = ?) AND (`deals`.`revision` = ?))"
        );
        assert_eq!(
            sqlite.values,
            [Value::Big(2), Value::Text("a".to_owned()), Value::Big(1)]
        );
        let postgres = changed("c", Engine::Postgres);
        assert_eq!(
            postgres.sql,
            r#"UPDATE "deals" SET "title" = $1, "revision" = $2 WHERE (("deals"."id" = $3) AND ("deals"."revision" = $4))"#
        );
        assert_eq!(postgres.values.len(), 4);
        let same = written(&set("b", 1), Engine::Postgres);
        assert_eq!(same.values.len(), 5);
        let named = same.sql.clone();
        assert_eq!(
            same.without(&written(&set("b", 1), Engine::Postgres), Engine::Postgres)
                .sql,
            named
        );
    }

    #[test]
    fn no_more_texts_of_changes_are_kept_than_there_is_room_for() {
        let kept = (0..USUAL * 2)
            .filter(|number| is_usual(&format!("UPDATE t SET c{number}")))
            .count();
        assert!((1..=USUAL).contains(&kept), "{kept}");
        assert!(!is_usual("UPDATE t SET another"));
        let again = (0..USUAL * 2)
            .filter(|number| is_usual(&format!("UPDATE t SET c{number}")))
            .count();
        assert_eq!(again, kept, "those that are kept stay so");
    }

    #[test]
    fn additions_of_a_row_become_one_of_many() {
        let heard = |partner: &'static str, seq: i64| {
            diesel::insert_into(event_audiences::table).values((
                event_audiences::partner_id.eq(partner),
                event_audiences::event_seq.eq(seq),
                event_audiences::position.eq(None::<i64>),
                event_audiences::lost.eq(false),
            ))
        };
        let (first, second) = (heard("a", 1), heard("b", 2));
        for (engine, text) in [
            (
                Engine::Sqlite,
                "INSERT INTO `event_audiences` (`partner_id`, `event_seq`, `position`, `lost`) VALUES (?, ?, ?, ?), (?, ?, ?, ?)",
            ),
            (
                Engine::Postgres,
                r#"INSERT INTO "event_audiences" ("partner_id", "event_seq", "position", "lost") VALUES ($1, $2, $3, $4), ($5, $6, $7, $8)"#,
            ),
        ] {
            let rows = [written(&first, engine), written(&second, engine)];
            assert!(rows.iter().all(Prepared::is_row));
            assert!(rows[0].is_like(&rows[1]));
            assert_eq!(rows[0].table(), Some("event_audiences"));
            let both = Prepared::together(&rows, engine);
            assert_eq!((both.sql(), both.values.len(), both.kept), (text, 8, true));
            assert_eq!(Prepared::together(&rows[..1], engine).sql(), rows[0].sql());
        }
        let asked = diesel::insert_into(event_audiences::table)
            .values(event_audiences::event_seq.eq(1_i64))
            .returning(event_audiences::position);
        assert!(
            !written(&asked, Engine::Postgres).is_row(),
            "what is answered is wanted now"
        );
        assert!(!written(&deals::table.find("d").select(deals::title), Engine::Sqlite).is_row());
    }

    #[test]
    fn what_is_not_there_keeps_its_type() {
        let nothing = (
            event_audiences::partner_id.eq("p"),
            event_audiences::event_seq.eq(1_i64),
            event_audiences::position.eq(None::<i64>),
        );
        let query = diesel::insert_into(event_audiences::table).values(nothing);
        let values = written(&query, Engine::Postgres).values;
        assert_eq!(values.last(), Some(&Value::Null(Kind::Big)));
    }

    #[test]
    fn rows_are_held_where_there_is_more_than_one_writer() {
        let query = Lock::NoKeyUpdate.on(deals::table.find("a").select(deals::id));
        assert!(written(&query, Engine::Postgres).sql.ends_with("FOR NO KEY UPDATE"));
        assert!(!written(&query, Engine::Sqlite).sql.contains("FOR"));
    }

    #[test]
    fn a_quote_in_a_name_stays_in_it() {
        let mut text = Text {
            engine: Engine::Postgres,
            ..Text::default()
        };
        text.push_identifier(r#"a"b"#).unwrap();
        assert_eq!(text.finish(), r#""a""b""#);
    }
}
