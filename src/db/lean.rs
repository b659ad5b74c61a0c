//! A connection that is compiled once for all queries.
//!
//! Diesel compiles the way of a query through the connection (its text, the cache of statements, its values, the record for
//! instrumentation) anew for each of the more than 900 types of queries of this program, for two engines: a seventh of the
//! program. Here a query meets the engine behind one pointer, so that only what differs is compiled for each: its own
//! [`QueryFragment::walk_ast`]. The price is that statements are found in the cache by their text, which takes a
//! microsecond or two to write, and not by their type.

use diesel::{
    QueryResult,
    backend::Backend,
    connection::{
        AnsiTransactionManager, CacheSize, Connection, ConnectionSealed, DefaultLoadingMode, Instrumentation,
        LoadConnection, SimpleConnection,
    },
    expression::QueryMetadata,
    pg::{Pg, PgConnection},
    query_builder::{AstPass, Query, QueryFragment, QueryId},
    result::ConnectionResult,
    sql_types::Untyped,
    sqlite::{Sqlite, SqliteConnection},
};

/// What an engine asks of a query.
trait Walk<DB: Backend> {
    fn walk<'b>(&'b self, pass: AstPass<'_, 'b, DB>) -> QueryResult<()>;
}

impl<DB: Backend, Q: QueryFragment<DB>> Walk<DB> for Q {
    fn walk<'b>(&'b self, pass: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        self.walk_ast(pass)
    }
}

/// A query whose rows are read, without its type.
struct Loaded<'q, DB: Backend>(Box<dyn Walk<DB> + 'q>);

/// A query that is executed, without its type.
struct Executed<'q, DB: Backend>(&'q dyn Walk<DB>);

impl<DB: Backend> QueryFragment<DB> for Loaded<'_, DB> {
    fn walk_ast<'b>(&'b self, pass: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        self.0.walk(pass)
    }
}

impl<DB: Backend> QueryFragment<DB> for Executed<'_, DB> {
    fn walk_ast<'b>(&'b self, pass: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        self.0.walk(pass)
    }
}

// Many queries are of this type: their text tells them apart.
impl<DB: Backend> QueryId for Loaded<'_, DB> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<DB: Backend> QueryId for Executed<'_, DB> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

/// The type of the rows stays with whoever asked; neither engine wants to know it.
impl<DB: Backend> Query for Loaded<'_, DB> {
    type SqlType = Untyped;
}

/// A connection of diesel's, behind one pointer.
pub struct Lean<C>(C);

impl<C> Lean<C> {
    /// Diesel's own, for what is not a query of the program: migrations.
    pub(super) fn own(&mut self) -> &mut C {
        &mut self.0
    }
}

macro_rules! lean {
    ($own:ty, $engine:ty) => {
        impl ConnectionSealed for Lean<$own> {}

        impl SimpleConnection for Lean<$own> {
            fn batch_execute(&mut self, sql: &str) -> QueryResult<()> {
                self.0.batch_execute(sql)
            }
        }

        impl Connection for Lean<$own> {
            type Backend = $engine;
            type TransactionManager = AnsiTransactionManager;

            #[expect(
                clippy::disallowed_methods,
                reason = "the connection that is wrapped is made here"
            )]
            fn establish(url: &str) -> ConnectionResult<Self> {
                <$own>::establish(url).map(Self)
            }

            fn execute_returning_count<T>(&mut self, source: &T) -> QueryResult<usize>
            where
                T: QueryFragment<$engine> + QueryId,
            {
                self.0.execute_returning_count(&Executed(source))
            }

            fn transaction_state(&mut self) -> &mut AnsiTransactionManager {
                self.0.transaction_state()
            }

            fn instrumentation(&mut self) -> &mut dyn Instrumentation {
                self.0.instrumentation()
            }

            fn set_instrumentation(&mut self, instrumentation: impl Instrumentation) {
                self.0.set_instrumentation(instrumentation);
            }

            fn set_prepared_statement_cache_size(&mut self, size: CacheSize) {
                self.0.set_prepared_statement_cache_size(size);
            }
        }

        impl Lean<$own> {
            fn rows<'conn, 'query>(
                &'conn mut self,
                query: Loaded<'query, $engine>,
            ) -> QueryResult<<$own as LoadConnection>::Cursor<'conn, 'query>> {
                LoadConnection::<DefaultLoadingMode>::load(&mut self.0, query)
            }
        }

        impl LoadConnection for Lean<$own> {
            type Cursor<'conn, 'query> = <$own as LoadConnection>::Cursor<'conn, 'query>;
            type Row<'conn, 'query> = <$own as LoadConnection>::Row<'conn, 'query>;

            fn load<'conn, 'query, T>(&'conn mut self, source: T) -> QueryResult<Self::Cursor<'conn, 'query>>
            where
                T: Query + QueryFragment<$engine> + QueryId + 'query,
                $engine: QueryMetadata<T::SqlType>,
            {
                self.rows(Loaded(Box::new(source)))
            }
        }
    };
}

lean!(SqliteConnection, Sqlite);
lean!(PgConnection, Pg);
