//! Conditions put together at run time: what a list is filtered by, whose rows the caller may see, and where a page begins.
//!
//! A list's filters are optional and many; written as diesel expressions each combination is a type of its own.
//! A [`Clause`] is one type for all of them: fixed SQL pieces from our own source, and bound values. It never holds
//! a caller's text as SQL, and it can be cached as a prepared statement, because its text alone decides its meaning.

use diesel::{
    backend::Backend,
    expression::{
        AppearsOnTable, Expression, SelectableExpression, ValidGrouping, expression_types::NotSelectable, is_aggregate,
    },
    query_builder::{AstPass, Query, QueryFragment, QueryId},
    query_dsl::RunQueryDsl,
    result::QueryResult,
    serialize::ToSql,
    sql_types::{BigInt, Bool, HasSqlType, Text, Untyped},
};

use super::among::places;
use crate::{
    auth::{Caller, Rows},
    kernel::{
        Date, Time,
        page::{Key, Order, Paging},
    },
};

#[derive(Debug, Clone)]
enum Piece {
    Sql(&'static str),
    Text(String),
    Number(i64),
    Bool(bool),
}

/// A value that a [`Clause`] can bind.
pub trait Bind {
    #[doc(hidden)]
    fn bind(&self) -> Bound;
}

#[doc(hidden)]
pub struct Bound(Piece);

macro_rules! bind_as_text { ($($name:ty),*) => {$( impl Bind for $name { fn bind(&self) -> Bound { Bound(Piece::Text(self.to_string())) } } )*} }
bind_as_text!(
    String,
    &str,
    str,
    Date,
    crate::kernel::Currency,
    crate::kernel::country::Country
);

impl Bind for i64 {
    fn bind(&self) -> Bound {
        Bound(Piece::Number(*self))
    }
}

impl Bind for Time {
    fn bind(&self) -> Bound {
        Bound(Piece::Number(self.micros()))
    }
}

impl Bind for bool {
    fn bind(&self) -> Bound {
        Bound(Piece::Bool(*self))
    }
}

/// Lets the words and ids of a module be bound: `bindable!(DealId, DealStage);`
#[macro_export]
macro_rules! bindable {
    ($($name:ty),+ $(,)?) => {$(
        impl $crate::db::Bind for $name {
            fn bind(&self) -> $crate::db::Bound { $crate::db::Bind::bind(&self.to_string()) }
        }
    )+};
}

/// Conditions that all must hold.
#[derive(Debug, Clone)]
pub struct Clause(Vec<Piece>);

impl Clause {
    /// No condition: for tables that belong to no partner.
    pub fn all() -> Self {
        Self(vec![Piece::Sql("TRUE")])
    }

    /// The rows of the partners whose rows the caller may see. `column` holds the partner's id.
    pub fn rows_of(caller: &Caller, column: &'static str) -> Self {
        let mut clause = Self::all();
        if let Rows::Partners(partners) = caller.rows() {
            clause.one_of(column, partners);
        }
        clause
    }

    /// The rows of two partners each, if the caller may see those of either: of both sides of a transfer.
    pub fn rows_of_either(caller: &Caller, one: &'static str, other: &'static str) -> Self {
        let mut clause = Self::all();
        if let Rows::Partners(partners) = caller.rows() {
            clause.and("(TRUE").one_of(one, partners);
            clause.sql(" OR TRUE").one_of(other, partners).sql(")");
        }
        clause
    }

    /// And: this condition, from fixed text.
    pub fn and(&mut self, sql: &'static str) -> &mut Self {
        self.0.extend([Piece::Sql(" AND "), Piece::Sql(sql)]);
        self
    }

    /// Appends fixed text as it stands: to build conditions with values in between.
    pub fn sql(&mut self, sql: &'static str) -> &mut Self {
        self.0.push(Piece::Sql(sql));
        self
    }

    /// Appends a bound value.
    pub fn value(&mut self, value: &(impl Bind + ?Sized)) -> &mut Self {
        self.0.push(value.bind().0);
        self
    }

    fn compare(&mut self, column: &'static str, operator: &'static str, value: &(impl Bind + ?Sized)) -> &mut Self {
        self.and(column).sql(operator).value(value)
    }

    /// And: the column holds the value.
    pub fn equals(&mut self, column: &'static str, value: &(impl Bind + ?Sized)) -> &mut Self {
        self.compare(column, " = ", value)
    }

    /// And: the column holds the value, if one is given.
    pub fn equals_some(&mut self, column: &'static str, value: Option<&impl Bind>) -> &mut Self {
        match value {
            Some(value) => self.equals(column, value),
            None => self,
        }
    }

    /// And: the column is at least the value, if one is given.
    pub fn at_least(&mut self, column: &'static str, value: Option<&impl Bind>) -> &mut Self {
        match value {
            Some(value) => self.compare(column, " >= ", value),
            None => self,
        }
    }

    /// And: the column is below the value, if one is given.
    pub fn below(&mut self, column: &'static str, value: Option<&impl Bind>) -> &mut Self {
        match value {
            Some(value) => self.compare(column, " < ", value),
            None => self,
        }
    }

    /// And: the column holds one of the values; none of them means no row.
    pub fn one_of<V: Bind>(&mut self, column: &'static str, values: &[V]) -> &mut Self {
        match values {
            [] => self.and("FALSE"),
            [only] => self.equals(column, only),
            several => {
                self.values_of(column, several.iter());
                self
            }
        }
    }

    /// And: the two columns hold one of the pairs; none of them means no row. For as many as a page has. The columns by
    /// themselves are named first: by them both engines find the rows in an index on the two.
    pub fn one_of_pairs<A: Bind, B: Bind>(
        &mut self,
        columns: (&'static str, &'static str),
        pairs: &[(A, B)],
    ) -> &mut Self {
        if pairs.is_empty() {
            return self.and("FALSE");
        }
        self.values_of(columns.0, pairs.iter().map(|(one, _)| one));
        self.values_of(columns.1, pairs.iter().map(|(_, other)| other));
        for (index, (one, other)) in pairs.iter().enumerate() {
            self.sql(if index > 0 { " OR (" } else { " AND ((" });
            self.sql(columns.0).sql(" = ").value(one);
            self.and(columns.1).sql(" = ").value(other).sql(")");
        }
        self.sql(")")
    }

    fn values_of<'v, V: Bind + 'v>(&mut self, column: &'static str, values: impl ExactSizeIterator<Item = &'v V>) {
        let mut missing = places(values.len()).saturating_sub(values.len());
        let (mut values, mut separator) = (values.peekable(), "");
        self.and(column).sql(" IN (");
        while let Some(value) = values.next() {
            let again = if values.peek().is_none() {
                std::mem::take(&mut missing)
            } else {
                0
            };
            for _ in 0..=again {
                self.sql(separator).value(value);
                separator = ", ";
            }
        }
        self.sql(")");
    }

    /// Appends the conditions of another clause, in parentheses: for those of a table that is asked within this one.
    pub fn all_of(&mut self, other: Self) -> &mut Self {
        self.sql("(");
        self.0.extend(other.0);
        self.sql(")")
    }

    /// And: the column holds one of the values, if any list of values is given.
    pub fn one_of_some<V: Bind>(&mut self, column: &'static str, values: Option<&Vec<V>>) -> &mut Self {
        match values {
            Some(values) => self.one_of(column, values),
            None => self,
        }
    }

    /// And: the folded text begins with `prefix`. A range, so that an index on the column serves it on both engines.
    pub fn begins_with(&mut self, column: &'static str, prefix: &str) -> &mut Self {
        let end = format!("{prefix}\u{10ffff}");
        self.compare(column, " >= ", prefix)
            .compare(column, " < ", end.as_str())
    }

    /// And: the folded text contains `part`.
    pub fn contains(&mut self, column: &'static str, part: &str) -> &mut Self {
        let escaped = part.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
        self.and(column)
            .sql(" LIKE ")
            .value(&format!("%{escaped}%"))
            .sql(" ESCAPE '\\'")
    }

    /// And: the row comes after the page before. A row value, which both engines serve from the list's index; the key alone
    /// where it is the id.
    pub fn page(&mut self, order: Order, paging: &Paging) -> &mut Self {
        let Some((key, id)) = &paging.after else { return self };
        if order.column == order.id {
            let operator = if order.descending { " < " } else { " > " };
            return match key {
                Key::Number(number) => self.compare(order.column, operator, number),
                Key::Text(text) => self.compare(order.column, operator, text),
            };
        }
        self.and("(")
            .sql(order.column)
            .sql(", ")
            .sql(order.id)
            .sql(if order.descending { ") < (" } else { ") > (" });
        match key {
            Key::Number(number) => self.value(number),
            Key::Text(text) => self.value(text),
        };
        self.sql(", ").value(id).sql(")")
    }
}

impl Expression for Clause {
    type SqlType = Bool;
}

impl<QS> AppearsOnTable<QS> for Clause {}
impl<QS> SelectableExpression<QS> for Clause {}
impl<GB> ValidGrouping<GB> for Clause {
    type IsAggregate = is_aggregate::Never;
}

impl QueryId for Clause {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<DB> QueryFragment<DB> for Clause
where
    DB: Backend + HasSqlType<Text> + HasSqlType<BigInt> + HasSqlType<Bool>,
    String: ToSql<Text, DB>,
    i64: ToSql<BigInt, DB>,
    bool: ToSql<Bool, DB>,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        out.push_sql("(");
        walk(&self.0, &mut out)?;
        out.push_sql(")");
        Ok(())
    }
}

fn walk<'b, DB>(pieces: &'b [Piece], out: &mut AstPass<'_, 'b, DB>) -> QueryResult<()>
where
    DB: Backend + HasSqlType<Text> + HasSqlType<BigInt> + HasSqlType<Bool>,
    String: ToSql<Text, DB>,
    i64: ToSql<BigInt, DB>,
    bool: ToSql<Bool, DB>,
{
    for piece in pieces {
        match piece {
            Piece::Sql(sql) => out.push_sql(sql),
            Piece::Text(text) => out.push_bind_param::<Text, String>(text)?,
            Piece::Number(number) => out.push_bind_param::<BigInt, i64>(number)?,
            Piece::Bool(flag) => out.push_bind_param::<Bool, bool>(flag)?,
        }
    }
    Ok(())
}

/// A whole query put together at run time: fixed SQL pieces from our own source, and bound values, like a [`Clause`]. For
/// what is asked of several tables at once.
#[derive(Debug, Clone, Default)]
pub struct Statement(Vec<Piece>);

impl Statement {
    /// Appends fixed text as it stands.
    pub fn sql(&mut self, sql: &'static str) -> &mut Self {
        self.0.push(Piece::Sql(sql));
        self
    }

    /// Appends a bound value.
    pub fn value(&mut self, value: &(impl Bind + ?Sized)) -> &mut Self {
        self.0.push(value.bind().0);
        self
    }

    /// Appends conditions that all must hold.
    pub fn clause(&mut self, clause: &Clause) -> &mut Self {
        self.sql("(");
        self.0.extend(clause.0.iter().cloned());
        self.sql(")")
    }

    /// Appends another statement, as a part of this one.
    pub fn part(&mut self, part: &Self) -> &mut Self {
        self.0.extend(part.0.iter().cloned());
        self
    }
}

impl Query for Statement {
    type SqlType = Untyped;
}

impl<Conn> RunQueryDsl<Conn> for Statement {}

impl QueryId for Statement {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<DB> QueryFragment<DB> for Statement
where
    DB: Backend + HasSqlType<Text> + HasSqlType<BigInt> + HasSqlType<Bool>,
    String: ToSql<Text, DB>,
    i64: ToSql<BigInt, DB>,
    bool: ToSql<Bool, DB>,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        out.unsafe_to_cache_prepared();
        walk(&self.0, &mut out)
    }
}

/// The order of a list as SQL.
#[derive(Debug, Clone, Copy)]
pub struct Sorted(pub Order);

impl Expression for Sorted {
    type SqlType = NotSelectable;
}

impl<QS> AppearsOnTable<QS> for Sorted {}
impl<GB> ValidGrouping<GB> for Sorted {
    type IsAggregate = is_aggregate::Never;
}

impl QueryId for Sorted {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<DB: Backend> QueryFragment<DB> for Sorted {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        let direction = if self.0.descending { " DESC" } else { " ASC" };
        out.push_sql(self.0.column);
        out.push_sql(direction);
        if self.0.column != self.0.id {
            out.push_sql(", ");
            out.push_sql(self.0.id);
            out.push_sql(direction);
        }
        Ok(())
    }
}

/// Loads one page of a table's rows into a `Selectable` row type:
/// `load_page!(tx, deals::table => DealRow, clause, order, paging)` gives `Vec<DealRow>` with one row more than wanted.
/// If the caller wants a total, the rows are counted before.
#[macro_export]
macro_rules! load_page {
    ($tx:expr, $table:expr => $row:ty, $clause:expr, $order:expr, $paging:expr) => {{
        use diesel::{QueryDsl as _, RunQueryDsl as _, SelectableHelper as _};
        let mut clause = $clause;
        $crate::count_if_wanted!($tx, $table, clause, $paging).and_then(|()| {
            clause.page($order, $paging);
            $table
                .select(<$row>::as_select())
                .filter(clause)
                .order($crate::db::Sorted($order))
                .limit($paging.fetch())
                .load::<$row>($tx.conn())
        })
    }};
}
