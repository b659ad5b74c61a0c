//! `IN` lists whose statements are few, so that they are prepared once.

use std::marker::PhantomData;

use diesel::{
    expression::{
        AppearsOnTable, AsExpression, Expression, SelectableExpression, TypedExpressionType, ValidGrouping,
        array_comparison::{AsInExpression, InExpression},
        expression_types::NotSelectable,
    },
    query_builder::{AstPass, QueryFragment, QueryId},
    result::QueryResult,
    serialize::ToSql,
    sql_types::{Array, HasSqlType, SingleValue, SqlType},
};

use super::Engine;

/// Longer lists are rare, and each length would be a statement of its own for good.
const MOST: usize = 256;

/// The values of a list, for `eq_any` and `ne_all`: `ids.eq_any(among(&wanted))`.
///
/// SQLite has no arrays: there, diesel writes a placeholder for each value, and keeps no such statement, because every length
/// is another. Parsing and planning it anew took more than half of the time of reading a record with its parts. Here the
/// list is filled up to a power of two with its last value, which says the same; so there are nine statements at most, and they
/// are kept. PostgreSQL takes the list as one array.
#[derive(Debug, Clone)]
pub struct Among<T>(Vec<T>);

/// The list as part of a query.
#[derive(Debug, Clone)]
pub struct Listed<ST, T> {
    values: Vec<T>,
    sql_type: PhantomData<ST>,
}

/// A list for `eq_any` and `ne_all`.
pub fn among<T>(values: impl IntoIterator<Item = T>) -> Among<T> {
    Among(values.into_iter().collect())
}

/// How many placeholders a list of so many values gets, so that lists of many lengths share a statement.
pub(super) fn places(values: usize) -> usize {
    if values > MOST {
        values
    } else {
        values.next_power_of_two()
    }
}

impl<T, ST> AsInExpression<ST> for Among<T>
where
    T: AsExpression<ST>,
    ST: SqlType + TypedExpressionType,
{
    type InExpression = Listed<ST, T>;

    fn as_in_expression(self) -> Self::InExpression {
        Listed {
            values: self.0,
            sql_type: PhantomData,
        }
    }
}

impl<ST: SqlType, T> InExpression for Listed<ST, T> {
    type SqlType = ST;

    fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    fn is_array(&self) -> bool {
        false
    }
}

impl<ST: TypedExpressionType, T> Expression for Listed<ST, T> {
    type SqlType = NotSelectable;
}

impl<ST, T, GB> ValidGrouping<GB> for Listed<ST, T>
where
    ST: SingleValue,
    T: AsExpression<ST>,
    T::Expression: ValidGrouping<GB>,
{
    type IsAggregate = <T::Expression as ValidGrouping<GB>>::IsAggregate;
}

impl<ST, T, QS> SelectableExpression<QS> for Listed<ST, T>
where
    Self: AppearsOnTable<QS>,
    ST: SingleValue,
    T: AsExpression<ST>,
    T::Expression: SelectableExpression<QS>,
{
}

impl<ST, T, QS> AppearsOnTable<QS> for Listed<ST, T>
where
    Self: Expression,
    ST: SingleValue,
    T: AsExpression<ST>,
    T::Expression: SelectableExpression<QS>,
{
}

impl<ST, T> QueryId for Listed<ST, T> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<ST, T> QueryFragment<Engine> for Listed<ST, T>
where
    Engine: HasSqlType<ST>,
    ST: SingleValue,
    T: ToSql<ST, Engine>,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Engine>) -> QueryResult<()> {
        if *out.backend() == Engine::Postgres {
            return out.push_bind_param::<Array<ST>, Vec<T>>(&self.values);
        }
        if self.values.len() > MOST {
            out.unsafe_to_cache_prepared();
        }
        let Some(last) = self.values.last() else {
            return Ok(());
        };
        let more = places(self.values.len()).saturating_sub(self.values.len());
        for (place, value) in self.values.iter().chain(std::iter::repeat_n(last, more)).enumerate() {
            if place > 0 {
                out.push_sql(", ");
            }
            out.push_bind_param(value)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use diesel::prelude::*;

    use super::*;
    use crate::{
        db::engine::{Prepared, Query},
        schema::deals,
    };

    fn written(wanted: &[&str], engine: Engine) -> String {
        let query = deals::table.select(deals::id).filter(deals::id.eq_any(among(wanted)));
        format!("{:?}", Prepared::of(&Query(&query), engine).unwrap())
    }

    fn sql(wanted: &[&str]) -> String {
        written(wanted, Engine::Sqlite)
    }

    #[test]
    fn a_list_is_filled_up_with_its_last_value_so_that_statements_are_few() {
        let three = sql(&["a", "b", "c"]);
        assert!(three.contains("IN (?, ?, ?, ?)"), "{three}");
        assert!(
            three.contains(r#"[Text("a"), Text("b"), Text("c"), Text("c")]"#),
            "{three}"
        );
        assert!(sql(&["a"]).contains("IN (?)"));
        assert!(sql(&[]).contains("1=0"), "nothing is in an empty list");
    }

    #[test]
    fn a_long_list_stays_as_it_is() {
        assert_eq!(
            [places(1), places(5), places(200), places(256), places(257)],
            [1, 8, 256, 256, 257]
        );
    }

    #[test]
    fn postgres_takes_one_array() {
        let three = written(&["a", "b", "c"], Engine::Postgres);
        assert!(three.contains("= ANY($1)"), "{three}");
        assert!(three.contains(r#"[Texts(["a", "b", "c"])]"#), "{three}");
    }
}
