//! Parts of queries that the engines write differently.

use diesel::{
    QueryResult, RunQueryDsl,
    expression::array_comparison::{In, InExpression, NotIn},
    insertable::CanInsertInSingleQuery,
    query_builder::{
        AstPass, BatchInsert, LimitClause, LimitOffsetClause, NoLimitClause, NoOffsetClause, OffsetClause, Query,
        QueryFragment, QueryId,
    },
};

use super::Engine;

impl QueryFragment<Engine> for LimitOffsetClause<NoLimitClause, NoOffsetClause> {
    fn walk_ast<'b>(&'b self, _out: AstPass<'_, 'b, Engine>) -> QueryResult<()> {
        Ok(())
    }
}

impl<L> QueryFragment<Engine> for LimitOffsetClause<LimitClause<L>, NoOffsetClause>
where
    LimitClause<L>: QueryFragment<Engine>,
{
    fn walk_ast<'b>(&'b self, out: AstPass<'_, 'b, Engine>) -> QueryResult<()> {
        self.limit_clause.walk_ast(out)
    }
}

impl<L, O> QueryFragment<Engine> for LimitOffsetClause<LimitClause<L>, OffsetClause<O>>
where
    LimitClause<L>: QueryFragment<Engine>,
    OffsetClause<O>: QueryFragment<Engine>,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Engine>) -> QueryResult<()> {
        self.limit_clause.walk_ast(out.reborrow())?;
        self.offset_clause.walk_ast(out)
    }
}

// Diesel says so of engines with `DEFAULT` alone; here no row has one.
impl<V, Table, Id, const STABLE: bool> CanInsertInSingleQuery<Engine> for BatchInsert<Vec<V>, Table, Id, STABLE> {
    fn rows_to_insert(&self) -> Option<usize> {
        Some(self.values.len())
    }
}

/// Lists of values: one array on PostgreSQL, a place for each on SQLite. Diesel's own list (a plain `Vec`) is not taken: it is
/// written anew for each length, and kept in no cache ([`among`](crate::db::among()) is).
#[derive(Debug, Clone, Copy)]
pub struct ByEngine;

/// `left IN (…)`, or `left = ANY(…)`; nothing is in an empty list.
fn compare<'b>(
    (left, values): (
        &'b impl QueryFragment<Engine>,
        &'b (impl QueryFragment<Engine> + InExpression),
    ),
    (sqlite, postgres, empty): (&str, &str, &str),
    mut out: AstPass<'_, 'b, Engine>,
) -> QueryResult<()> {
    let operator = match out.backend() {
        Engine::Sqlite if values.is_empty() => {
            out.push_sql(empty);
            return Ok(());
        }
        Engine::Sqlite => sqlite,
        Engine::Postgres => postgres,
    };
    left.walk_ast(out.reborrow())?;
    out.push_sql(operator);
    values.walk_ast(out.reborrow())?;
    out.push_sql(")");
    Ok(())
}

impl<T, U> QueryFragment<Engine, ByEngine> for In<T, U>
where
    T: QueryFragment<Engine>,
    U: QueryFragment<Engine> + InExpression,
{
    fn walk_ast<'b>(&'b self, out: AstPass<'_, 'b, Engine>) -> QueryResult<()> {
        compare((&self.left, &self.values), (" IN (", " = ANY(", "1=0"), out)
    }
}

impl<T, U> QueryFragment<Engine, ByEngine> for NotIn<T, U>
where
    T: QueryFragment<Engine>,
    U: QueryFragment<Engine> + InExpression,
{
    fn walk_ast<'b>(&'b self, out: AstPass<'_, 'b, Engine>) -> QueryResult<()> {
        compare((&self.left, &self.values), (" NOT IN (", " != ALL(", "1=1"), out)
    }
}

/// How rows are held against others until the transaction ends.
#[derive(Debug, Clone, Copy)]
pub enum Lock {
    /// Against changes of any kind, of keys and of the row itself: the row may go.
    Update,
    /// As [`Lock::Update`], without the rows that others hold.
    FreeForUpdate,
    /// Against changes; others may name the row meanwhile.
    NoKeyUpdate,
    /// Against changes; others may hold it so, too.
    Share,
}

/// A query whose rows are held until the transaction ends.
#[derive(Debug, Clone, Copy)]
pub struct Locked<Q>(Q, Lock);

impl Lock {
    /// Holds the rows of a query until the transaction ends: `Lock::NoKeyUpdate.on(deals::table.find(id).select(…))`. SQLite has
    /// one writer, who holds everything.
    pub fn on<Q>(self, query: Q) -> Locked<Q> {
        Locked(query, self)
    }
}

impl<Q: Query> Query for Locked<Q> {
    type SqlType = Q::SqlType;
}

impl<Q, C> RunQueryDsl<C> for Locked<Q> {}

impl<Q> QueryId for Locked<Q> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<Q: QueryFragment<Engine>> QueryFragment<Engine> for Locked<Q> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Engine>) -> QueryResult<()> {
        self.0.walk_ast(out.reborrow())?;
        if *out.backend() == Engine::Postgres {
            out.push_sql(match self.1 {
                Lock::Update => " FOR UPDATE",
                Lock::FreeForUpdate => " FOR UPDATE SKIP LOCKED",
                Lock::NoKeyUpdate => " FOR NO KEY UPDATE",
                Lock::Share => " FOR SHARE",
            });
        }
        Ok(())
    }
}
