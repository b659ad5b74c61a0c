//! The two engines as one backend of diesel's, so that each query is checked, compiled and written once.
//!
//! Diesel knows an engine by its type, and a query that must run on two is compiled for each: with some 900 queries that was a
//! third of the time to build the program, and of its size. Here [`Engine`] is the backend of all queries, and which of the
//! engines it is, is known at run time only. Where their SQL differs, a part of a query asks `out.backend()`:
//!
//! - `statement` writes a query's text with the marks of its engine and collects its values;
//! - `values` says which types of values there are, and takes them to and from either engine;
//! - `fetched` has the rows of either;
//! - `parts` has the parts of queries that differ: bounds of a page, lists, locks.
//!
//! Diesel's own `MultiConnection` does the like, but knows neither `ON CONFLICT` nor inserts of many rows nor `RETURNING`.

mod fetched;
mod parts;
mod statement;
pub mod values;

pub use fetched::{Row, Rows};
pub use parts::{Lock, Locked};
pub use statement::Walk;
pub(super) use statement::{Prepared, Query};

use diesel::backend::{
    Backend, DieselReserveSpecialization, SqlDialect, TrustedBackend,
    sql_dialect::{
        aggregate_function_expressions, alias_syntax, batch_insert_support, built_in_window_function_require_order,
        concat_clause, default_keyword_for_insert, default_value_clause, exists_syntax, from_clause_syntax,
        on_conflict_clause, returning_clause, select_statement_syntax, window_frame_clause_group_support,
        window_frame_exclusion_support,
    },
};

use crate::error::{Error, Result, codes};

/// The engine behind a URL.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Engine {
    /// Embedded.
    #[default]
    Sqlite,
    /// A server.
    Postgres,
}

impl Engine {
    /// The engine that the URL's scheme names.
    ///
    /// # Errors
    /// `unavailable` with what a URL looks like.
    pub fn of(url: &str) -> Result<Self> {
        if url.starts_with("sqlite://") {
            Ok(Self::Sqlite)
        } else if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            Ok(Self::Postgres)
        } else {
            Err(Error::new(&codes::UNAVAILABLE)
                .detail("DATABASE_URL must begin with sqlite:// or postgres://, as in sqlite://openprm.db."))
        }
    }
}

impl Backend for Engine {
    type QueryBuilder = statement::Text;
    type RawValue<'a> = values::Raw<'a>;
    type BindCollector<'a> = statement::Values;
}

/// `ON CONFLICT`, which both engines write alike.
#[derive(Debug, Clone, Copy)]
pub struct OnConflict;

impl on_conflict_clause::SupportsOnConflictClause for OnConflict {}
impl on_conflict_clause::SupportsOnConflictClauseWhere for OnConflict {}
impl on_conflict_clause::PgLikeOnConflictClause for OnConflict {}

/// A value that is not given is NULL: SQLite has no `DEFAULT` among values, and a statement with one is kept in no cache. A row
/// with optional fields says `treat_none_as_default_value = false`, or it does not compile.
#[derive(Debug, Clone, Copy)]
pub struct NoDefault;

// What diesel asks of an engine that takes many rows in one statement.
impl default_keyword_for_insert::SupportsDefaultKeyword for NoDefault {}

impl SqlDialect for Engine {
    type ReturningClause = returning_clause::PgLikeReturningClause;
    type OnConflictClause = OnConflict;
    type InsertWithDefaultKeyword = NoDefault;
    type BatchInsertSupport = batch_insert_support::PostgresLikeBatchInsertSupport;
    type ConcatClause = concat_clause::ConcatWithPipesClause;
    type DefaultValueClauseForInsert = default_value_clause::AnsiDefaultValueClause;
    type EmptyFromClauseSyntax = from_clause_syntax::AnsiSqlFromClauseSyntax;
    type SelectStatementSyntax = select_statement_syntax::AnsiSqlSelectStatement;
    type ExistsSyntax = exists_syntax::AnsiSqlExistsSyntax;
    type ArrayComparison = parts::ByEngine;
    type AliasSyntax = alias_syntax::AsAliasSyntax;
    type WindowFrameClauseGroupSupport = window_frame_clause_group_support::IsoGroupWindowFrameUnit;
    type WindowFrameExclusionSupport = window_frame_exclusion_support::FrameExclusionSupport;
    type AggregateFunctionExpressions = aggregate_function_expressions::PostgresLikeAggregateFunctionExpressions;
    type BuiltInWindowFunctionRequireOrder = built_in_window_function_require_order::NoOrderRequired;
}

impl DieselReserveSpecialization for Engine {}
impl TrustedBackend for Engine {}
