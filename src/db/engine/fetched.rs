//! Rows of either engine.

use std::ops::Range;

use diesel::{
    QueryResult,
    connection::LoadConnection,
    pg::PgConnection,
    row::{self, PartialRow, RowIndex, RowSealed},
    sqlite::SqliteConnection,
};

use super::{Engine, values::Raw};

type SqliteRow<'conn, 'query> = <SqliteConnection as LoadConnection>::Row<'conn, 'query>;
type PostgresRow<'conn, 'query> = <PgConnection as LoadConnection>::Row<'conn, 'query>;

/// The rows of a query, one after another.
pub enum Rows<'conn, 'query> {
    #[doc(hidden)]
    Sqlite(<SqliteConnection as LoadConnection>::Cursor<'conn, 'query>),
    #[doc(hidden)]
    Postgres(<PgConnection as LoadConnection>::Cursor<'conn, 'query>),
}

impl<'conn, 'query> Iterator for Rows<'conn, 'query> {
    type Item = QueryResult<Row<'conn, 'query>>;

    fn next(&mut self) -> Option<Self::Item> {
        Some(match self {
            Self::Sqlite(rows) => rows.next()?.map(Row::Sqlite),
            Self::Postgres(rows) => rows.next()?.map(Row::Postgres),
        })
    }
}

/// A row.
pub enum Row<'conn, 'query> {
    #[doc(hidden)]
    Sqlite(SqliteRow<'conn, 'query>),
    #[doc(hidden)]
    Postgres(PostgresRow<'conn, 'query>),
}

impl RowSealed for Row<'_, '_> {}

impl<'name> RowIndex<&'name str> for Row<'_, '_> {
    fn idx(&self, name: &'name str) -> Option<usize> {
        match self {
            Self::Sqlite(row) => row.idx(name),
            Self::Postgres(row) => row.idx(name),
        }
    }
}

impl RowIndex<usize> for Row<'_, '_> {
    fn idx(&self, place: usize) -> Option<usize> {
        match self {
            Self::Sqlite(row) => row.idx(place),
            Self::Postgres(row) => row.idx(place),
        }
    }
}

impl<'conn> row::Row<'conn, Engine> for Row<'conn, '_> {
    type Field<'a>
        = Field<'a>
    where
        'conn: 'a,
        Self: 'a;
    type InnerPartialRow = Self;

    fn field_count(&self) -> usize {
        match self {
            Self::Sqlite(row) => row.field_count(),
            Self::Postgres(row) => row.field_count(),
        }
    }

    fn get<'b, I>(&'b self, place: I) -> Option<Field<'b>>
    where
        'conn: 'b,
        Self: RowIndex<I>,
    {
        let place = self.idx(place)?;
        match self {
            Self::Sqlite(row) => row.get(place).map(Field::Sqlite),
            Self::Postgres(row) => row.get(place).map(Field::Postgres),
        }
    }

    fn partial_row(&self, range: Range<usize>) -> PartialRow<'_, Self> {
        PartialRow::new(self, range)
    }
}

/// A value of a row, with its name.
pub enum Field<'a> {
    #[doc(hidden)]
    Sqlite(<SqliteRow<'a, 'a> as row::Row<'a, diesel::sqlite::Sqlite>>::Field<'a>),
    #[doc(hidden)]
    Postgres(<PostgresRow<'a, 'a> as row::Row<'a, diesel::pg::Pg>>::Field<'a>),
}

impl<'a> row::Field<'a, Engine> for Field<'a> {
    fn field_name(&self) -> Option<&str> {
        match self {
            Self::Sqlite(field) => field.field_name(),
            Self::Postgres(field) => field.field_name(),
        }
    }

    fn value(&self) -> Option<Raw<'_>> {
        match self {
            Self::Sqlite(field) => field.value().map(Raw::Sqlite),
            Self::Postgres(field) => field.value().map(Raw::Postgres),
        }
    }
}
