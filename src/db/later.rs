//! What a transaction about many records adds, kept back so that rows of one table go in together.
//!
//! A statement for each row costs a round trip to PostgreSQL, and on either engine more than the row itself. So work that
//! [gathers](super::Tx::gathering) keeps back the rows that it [adds](super::Tx::add) and the events that it records. They are
//! written in the order in which their tables came up, those that others refer to first: before a statement that names their table,
//! before a savepoint, and at the end. What fails then is no longer one record's own failure: whoever gathers does the work again
//! without, to find out whose it is.

use diesel::QueryResult;

use super::{Conn, engine::Prepared};
use crate::events::append_queries::Event;

/// How many rows a statement has: few lengths, because a connection keeps each statement prepared.
const LENGTHS: [usize; 4] = [32, 8, 2, 1];

/// The tables that rows of others refer to, which are written first.
const REFERRED_TO: [&str; 1] = ["deals"];

/// Rows and events that are kept back.
#[derive(Default)]
pub(super) struct Later {
    /// For each kind of addition the additions, each of one row.
    rows: Vec<Vec<Prepared>>,
    events: Vec<Event>,
}

impl Later {
    /// Keeps back the addition of a row.
    pub fn add(&mut self, row: Prepared) {
        let alike = |kind: &&mut Vec<Prepared>| kind.first().is_some_and(|first| first.is_like(&row));
        match self.rows.iter_mut().find(alike) {
            Some(kind) => kind.push(row),
            None if row.table().is_some_and(|table| REFERRED_TO.contains(&table)) => self.rows.insert(0, vec![row]),
            None => self.rows.push(vec![row]),
        }
    }

    /// Keeps back an event.
    pub fn tell(&mut self, event: Event) {
        self.events.push(event);
    }

    /// What has to be written before that statement: the rows of the tables that it names, with those that they refer to, and the
    /// events if it names a table of theirs. The rest goes on waiting.
    pub fn before(&mut self, sql: &str) -> Option<Self> {
        let named = |kind: &Vec<Prepared>| {
            kind.first()
                .and_then(Prepared::table)
                .is_some_and(|table| sql.contains(table))
        };
        let referred_to = |kind: &Vec<Prepared>| {
            let table = kind.first().and_then(Prepared::table);
            table.is_some_and(|table| REFERRED_TO.contains(&table))
        };
        let rows = if self.rows.iter().any(named) {
            self.rows
                .extract_if(.., |kind| named(kind) || referred_to(kind))
                .collect()
        } else {
            Vec::new()
        };
        let events = if Event::TABLES.iter().any(|table| sql.contains(table)) {
            std::mem::take(&mut self.events)
        } else {
            Vec::new()
        };
        (!rows.is_empty() || !events.is_empty()).then_some(Self { rows, events })
    }

    /// Writes everything.
    pub fn write(self, conn: &mut Conn) -> QueryResult<()> {
        for rows in self.rows {
            conn.insert(&rows)?;
        }
        Event::write(conn, self.events)
    }
}

/// Rows of one kind in as few statements as there are lengths for.
pub(super) fn portions(mut rows: &[Prepared]) -> impl Iterator<Item = &[Prepared]> {
    std::iter::from_fn(move || {
        let length = LENGTHS.into_iter().find(|length| *length <= rows.len())?;
        let (portion, rest) = rows.split_at_checked(length)?;
        rows = rest;
        Some(portion)
    })
}

#[cfg(test)]
mod tests {
    use diesel::ExpressionMethods as _;

    use super::*;
    use crate::{
        db::{Engine, engine::Query},
        schema::{deals, notes},
    };

    fn row(title: &'static str) -> Prepared {
        let row = diesel::insert_into(notes::table).values(notes::id.eq(title));
        Prepared::of(&Query(&row), Engine::Sqlite).unwrap()
    }

    fn deal() -> Prepared {
        let deal = diesel::insert_into(deals::table).values(deals::id.eq("d"));
        Prepared::of(&Query(&deal), Engine::Sqlite).unwrap()
    }

    #[test]
    fn rows_go_in_portions_of_few_lengths() {
        let rows: Vec<Prepared> = (0..45).map(|_| row("n")).collect();
        let lengths: Vec<usize> = portions(&rows).map(<[Prepared]>::len).collect();
        assert_eq!(lengths, [32, 8, 2, 2, 1]);
        assert_eq!(portions(&[]).count(), 0);
    }

    #[test]
    fn what_others_refer_to_is_written_first() {
        let mut later = Later::default();
        later.add(row("n"));
        later.add(deal());
        later.add(row("m"));
        let tables: Vec<_> = later.rows.iter().map(|kind| (kind[0].table(), kind.len())).collect();
        assert_eq!(tables, [(Some("deals"), 1), (Some("notes"), 2)]);
    }

    #[test]
    fn before_a_statement_the_rows_are_written_that_it_names_and_those_they_refer_to() {
        let mut later = Later::default();
        assert!(later.before("SELECT * FROM notes").is_none());
        later.add(row("n"));
        assert!(later.before("SELECT * FROM deals").is_none());
        assert_eq!(later.before("SELECT `notes`.`id` FROM `notes`").unwrap().rows.len(), 1);
        assert!(later.before("SELECT * FROM notes").is_none(), "they are written once");
        later.add(row("n"));
        later.add(deal());
        assert_eq!(later.before("SELECT * FROM deals").unwrap().rows.len(), 1);
        later.add(deal());
        assert_eq!(later.before("SELECT * FROM notes").unwrap().rows.len(), 2);
        assert!(later.rows.is_empty());
    }
}
