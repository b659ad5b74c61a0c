//! What a transaction about many records adds, kept back so that rows of one table go in together.
//!
//! A statement for each row costs a round trip to PostgreSQL, and on either engine more than the row itself. So work that
//! [gathers](super::Tx::gathering) keeps back the rows that it [adds](super::Tx::add) and the events that it records. They are
//! written in the order in which their tables came up, those that others refer to first: before a statement that names their table,
//! before a savepoint, and at the end. What fails then is no longer one record's own failure: whoever gathers does the work again
//! without, to find out whose it is.
//!
//! On PostgreSQL changes of rows that are at hand are kept back in the same way, and written after the additions. SQLite, which no
//! network lies before, makes them at once.

use std::collections::BTreeSet;

use diesel::QueryResult;

use super::{Conn, engine::Prepared};
use crate::events::append_queries::Event;

/// How many rows a statement has: few lengths, because a connection keeps each statement prepared.
const LENGTHS: [usize; 4] = [32, 8, 2, 1];

/// The tables that rows of others refer to, which are written first and in this order; and by what a statement is known that names one
/// or refers to it.
const REFERRED_TO: [(&str, &str); 2] = [("conflict_checks", "conflict_check"), ("deals", "deal")];

/// Where among those that others refer to the table of some rows is written.
fn rank(rows: &[Prepared]) -> Option<usize> {
    let table = rows.first()?.table()?;
    REFERRED_TO.iter().position(|(name, _)| *name == table)
}

/// Whether the statement names the table of some rows.
fn is_named(rows: &[Prepared], sql: &str) -> bool {
    let mark = match rank(rows).and_then(|rank| REFERRED_TO.get(rank)) {
        Some((_, mark)) => Some(*mark),
        None => rows.first().and_then(Prepared::table),
    };
    mark.is_some_and(|mark| sql.contains(mark))
}

/// Rows and events that are kept back.
#[derive(Default)]
pub(super) struct Later {
    /// For each kind of addition the additions, each of one row.
    rows: Vec<Vec<Prepared>>,
    /// The same of changes. Of one row there is at most one.
    changes: Vec<Vec<Prepared>>,
    events: Vec<Event>,
}

impl Later {
    /// Keeps back the addition of a row.
    pub fn add(&mut self, row: Prepared) {
        let alike = |kind: &&mut Vec<Prepared>| kind.first().is_some_and(|first| first.is_like(&row));
        match self.rows.iter_mut().find(alike) {
            Some(kind) => kind.push(row),
            None => {
                let kind = vec![row];
                let place = rank(&kind).map_or(self.rows.len(), |own| {
                    let before = |other: &Vec<Prepared>| rank(other).is_some_and(|other| other < own);
                    self.rows.iter().take_while(|other| before(other)).count()
                });
                self.rows.insert(place, kind);
            }
        }
    }

    /// Keeps back the change of a row, unless one of the same row is kept back already, which has to be made first.
    pub fn change(&mut self, change: Prepared) -> Option<Prepared> {
        let same = |other: &Prepared| other.table() == change.table() && other.key() == change.key();
        if self.changes.iter().flatten().any(same) {
            return Some(change);
        }
        match self
            .changes
            .iter_mut()
            .find(|kind| kind.first().is_some_and(|first| first.is_like(&change)))
        {
            Some(kind) => kind.push(change),
            None => self.changes.push(vec![change]),
        }
        None
    }

    /// Keeps back an event.
    pub fn tell(&mut self, event: Event) {
        self.events.push(event);
    }

    /// What has to be written before that statement: the rows of the tables that it names, with those that they refer to, and the
    /// events if it names a table of theirs. The rest goes on waiting. A statement that is about rows with one of some texts needs
    /// none of the rows if none of those that it names has one.
    pub fn before(&mut self, sql: &str, about: Option<&BTreeSet<String>>) -> Option<Self> {
        let named = |kind: &Vec<Prepared>| is_named(kind, sql);
        let concerns = |kind: &Vec<Prepared>| about.is_none_or(|texts| kind.iter().any(|row| row.has_one_of(texts)));
        let rows = if self.rows.iter().any(|kind| named(kind) && concerns(kind)) {
            self.rows
                .extract_if(.., |kind| named(kind) || rank(kind).is_some())
                .collect()
        } else {
            Vec::new()
        };
        let changes: Vec<Vec<Prepared>> = self.changes.extract_if(.., |kind| named(kind)).collect();
        let events = if Event::TABLES.iter().any(|table| sql.contains(table)) {
            std::mem::take(&mut self.events)
        } else {
            Vec::new()
        };
        let any = !rows.is_empty() || !changes.is_empty() || !events.is_empty();
        any.then_some(Self { rows, changes, events })
    }

    /// Writes everything.
    pub fn write(self, conn: &mut Conn) -> QueryResult<()> {
        for rows in self.rows {
            conn.insert(&rows)?;
        }
        for changes in self.changes {
            conn.change(&changes)?;
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
    use diesel::{ExpressionMethods as _, QueryDsl as _};

    use super::*;
    use crate::{
        db::{Engine, engine::Query},
        schema::{conflict_checks, deals, notes},
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
        assert!(later.before("SELECT * FROM notes", None).is_none());
        later.add(row("n"));
        assert!(later.before("SELECT * FROM deals", None).is_none());
        assert_eq!(
            later
                .before("SELECT `notes`.`id` FROM `notes`", None)
                .unwrap()
                .rows
                .len(),
            1
        );
        assert!(
            later.before("SELECT * FROM notes", None).is_none(),
            "they are written once"
        );
        later.add(row("n"));
        later.add(deal());
        assert_eq!(later.before("SELECT * FROM deals", None).unwrap().rows.len(), 1);
        later.add(deal());
        assert_eq!(later.before("SELECT * FROM notes", None).unwrap().rows.len(), 2);
        assert!(later.rows.is_empty());
    }

    #[test]
    fn a_statement_about_other_rows_needs_none_of_them() {
        let about = |id: &str| Some(BTreeSet::from([id.to_owned()]));
        let mut later = Later::default();
        later.add(row("n"));
        assert!(later.before("SELECT * FROM notes", about("m").as_ref()).is_none());
        assert!(later.before("SELECT * FROM notes", about("n").as_ref()).is_some());
    }

    #[test]
    fn checks_are_written_before_the_registrations_that_name_them() {
        let check = diesel::insert_into(conflict_checks::table).values(conflict_checks::id.eq("c"));
        let check = || Prepared::of(&Query(&check), Engine::Sqlite).unwrap();
        let mut later = Later::default();
        later.add(row("n"));
        later.add(deal());
        later.add(check());
        let tables: Vec<_> = later.rows.iter().map(|kind| kind[0].table()).collect();
        assert_eq!(tables, [Some("conflict_checks"), Some("deals"), Some("notes")]);
        let named = later
            .before("UPDATE deal_decisions SET conflict_check_id = ?", None)
            .unwrap();
        assert_eq!(named.rows.len(), 2, "with the registrations, which may be named, too");
    }

    #[test]
    fn a_row_has_one_change_that_is_kept_back() {
        let change = |id: &'static str, title: &'static str| {
            let change = diesel::update(deals::table.find(id)).set(deals::title.eq(title));
            Prepared::of(&Query(&change), Engine::Postgres).unwrap()
        };
        let mut later = Later::default();
        assert!(later.change(change("d", "A")).is_none());
        assert!(later.change(change("e", "A")).is_none());
        assert!(later.change(change("d", "B")).is_some(), "it has to follow the first");
        assert!(later.before("SELECT * FROM notes", None).is_none());
        assert_eq!(
            later
                .before("SELECT * FROM deals", about_nothing().as_ref())
                .unwrap()
                .changes[0]
                .len(),
            2
        );
    }

    /// A change does not name all that its row has.
    fn about_nothing() -> Option<BTreeSet<String>> {
        Some(BTreeSet::new())
    }
}
