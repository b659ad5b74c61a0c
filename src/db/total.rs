//! How many rows a list has, counted to a bound: whoever asks for a total waits for no more than that.

use diesel::{
    RunQueryDsl,
    backend::Backend,
    query_builder::{AstPass, Query, QueryFragment, QueryId},
    result::QueryResult,
    sql_types::BigInt,
};

/// `SELECT COUNT(*) FROM (…)`: the rows of a query, which bounds itself by its limit.
#[derive(Debug, Clone, Copy)]
pub struct Counted<Q>(pub Q);

impl<Q> Query for Counted<Q> {
    type SqlType = BigInt;
}

impl<Q, C> RunQueryDsl<C> for Counted<Q> {}

impl<Q> QueryId for Counted<Q> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<DB: Backend, Q: QueryFragment<DB>> QueryFragment<DB> for Counted<Q> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        out.push_sql("SELECT COUNT(*) FROM (");
        self.0.walk_ast(out.reborrow())?;
        out.push_sql(") AS counted");
        Ok(())
    }
}

/// Counts the rows of a list if the caller wants to know: `count_if_wanted!(tx, deals::table, clause, paging)`, before the
/// clause says where the page begins.
#[macro_export]
macro_rules! count_if_wanted {
    ($tx:expr, $table:expr, $clause:expr, $paging:expr) => {{
        use diesel::{QueryDsl as _, RunQueryDsl as _};
        let counted: diesel::QueryResult<Option<i64>> = if $paging.total_wanted() {
            $crate::db::Counted(
                $table
                    .select(diesel::dsl::sql::<diesel::sql_types::Integer>("1"))
                    .filter($clause.clone())
                    .limit($crate::kernel::page::MOST_COUNTED + 1),
            )
            .get_result::<i64>($tx.conn())
            .map(Some)
        } else {
            Ok(None)
        };
        counted.map(|rows| rows.into_iter().for_each(|rows| $paging.counted(rows)))
    }};
}
