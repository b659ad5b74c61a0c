//! Values on their way into a query, and out of a row.

use diesel::{
    QueryResult,
    backend::Backend,
    deserialize::{self, FromSql},
    pg::Pg,
    query_builder::AstPass,
    result::Error::SerializationError,
    serialize::{IsNull, Output, Result as Serialized, ToSql},
    sql_types::{
        Array, BigInt, Binary, Bool, Date, Double, Float, HasSqlType, Integer, Nullable, SmallInt, Text, Time,
        Timestamp, TypeMetadata,
    },
    sqlite::Sqlite,
};

use super::Engine;

/// The types that columns of this program have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Truth.
    Bool,
    /// A number of 16 bits.
    Small,
    /// A number of 32 bits.
    Int,
    /// A number of 64 bits.
    Big,
    /// A fraction of 32 bits.
    Float,
    /// A fraction of 64 bits.
    Double,
    /// Text.
    Text,
    /// Bytes.
    Bytes,
    /// A list of numbers of 64 bits, which PostgreSQL alone takes as one.
    Numbers,
    /// A list of texts, likewise.
    Texts,
}

impl TypeMetadata for Engine {
    type TypeMetadata = Kind;
    type MetadataLookup = ();
}

/// A value of a query. It owns what it holds, so that the query need not outlive its rows.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    #[doc(hidden)]
    Null(Kind),
    #[doc(hidden)]
    Bool(bool),
    #[doc(hidden)]
    Small(i16),
    #[doc(hidden)]
    Int(i32),
    #[doc(hidden)]
    Big(i64),
    #[doc(hidden)]
    Float(f32),
    #[doc(hidden)]
    Double(f64),
    #[doc(hidden)]
    Text(String),
    #[doc(hidden)]
    Bytes(Vec<u8>),
    #[doc(hidden)]
    Numbers(Vec<i64>),
    #[doc(hidden)]
    Texts(Vec<String>),
}

/// Hands a value to an engine as the type that diesel knows it by.
macro_rules! hand {
    ($value:expr, $out:expr) => {
        match $value {
            Value::Null(kind) => match kind {
                Kind::Bool => $out.push_bind_param_value_only::<Nullable<Bool>, Option<bool>>(&None),
                Kind::Small => $out.push_bind_param_value_only::<Nullable<SmallInt>, Option<i16>>(&None),
                Kind::Int => $out.push_bind_param_value_only::<Nullable<Integer>, Option<i32>>(&None),
                Kind::Big => $out.push_bind_param_value_only::<Nullable<BigInt>, Option<i64>>(&None),
                Kind::Float => $out.push_bind_param_value_only::<Nullable<Float>, Option<f32>>(&None),
                Kind::Double => $out.push_bind_param_value_only::<Nullable<Double>, Option<f64>>(&None),
                Kind::Text => $out.push_bind_param_value_only::<Nullable<Text>, Option<String>>(&None),
                Kind::Bytes => $out.push_bind_param_value_only::<Nullable<Binary>, Option<Vec<u8>>>(&None),
                Kind::Numbers | Kind::Texts => Err(unfit("a list that is null")),
            },
            Value::Bool(value) => $out.push_bind_param_value_only::<Bool, bool>(value),
            Value::Small(value) => $out.push_bind_param_value_only::<SmallInt, i16>(value),
            Value::Int(value) => $out.push_bind_param_value_only::<Integer, i32>(value),
            Value::Big(value) => $out.push_bind_param_value_only::<BigInt, i64>(value),
            Value::Float(value) => $out.push_bind_param_value_only::<Float, f32>(value),
            Value::Double(value) => $out.push_bind_param_value_only::<Double, f64>(value),
            Value::Text(value) => $out.push_bind_param_value_only::<Text, String>(value),
            Value::Bytes(value) => $out.push_bind_param_value_only::<Binary, Vec<u8>>(value),
            list @ (Value::Numbers(_) | Value::Texts(_)) => list.list_to($out),
        }
    };
}

/// An engine that takes lists, or does not.
trait Lists: Backend {
    fn take<'b>(list: &'b Value, out: &mut AstPass<'_, 'b, Self>) -> QueryResult<()>;
}

impl Lists for Sqlite {
    fn take<'b>(_list: &'b Value, _out: &mut AstPass<'_, 'b, Self>) -> QueryResult<()> {
        Err(unfit("a list for SQLite, which has none"))
    }
}

impl Lists for Pg {
    fn take<'b>(list: &'b Value, out: &mut AstPass<'_, 'b, Self>) -> QueryResult<()> {
        match list {
            Value::Numbers(values) => out.push_bind_param_value_only::<Array<BigInt>, Vec<i64>>(values),
            Value::Texts(values) => out.push_bind_param_value_only::<Array<Text>, Vec<String>>(values),
            _ => Err(unfit("no list")),
        }
    }
}

impl Value {
    fn list_to<'b, DB: Lists>(&'b self, out: &mut AstPass<'_, 'b, DB>) -> QueryResult<()> {
        DB::take(self, out)
    }

    pub(super) fn to_sqlite<'b>(&'b self, out: &mut AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
        hand!(self, out)
    }

    pub(super) fn to_postgres<'b>(&'b self, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        hand!(self, out)
    }
}

fn unfit(what: &str) -> diesel::result::Error {
    SerializationError(format!("a query has {what}").into())
}

/// A value of a row, as its engine gave it.
pub enum Raw<'a> {
    #[doc(hidden)]
    Sqlite(<Sqlite as Backend>::RawValue<'a>),
    #[doc(hidden)]
    Postgres(<Pg as Backend>::RawValue<'a>),
}

macro_rules! of_kind {
    ($($sql_type:ty => $kind:ident),+ $(,)?) => {$(
        impl HasSqlType<$sql_type> for Engine {
            fn metadata((): &mut ()) -> Kind {
                Kind::$kind
            }
        }
    )+};
}

of_kind!(
    Bool => Bool, SmallInt => Small, Integer => Int, BigInt => Big, Float => Float, Double => Double, Text => Text, Binary => Bytes,
    // Diesel wants to know of them; no column has them (a moment is a number, a date is text).
    Date => Text, Time => Text, Timestamp => Text,
);

impl<ST> HasSqlType<Array<ST>> for Engine
where
    Self: HasSqlType<ST>,
{
    fn metadata((): &mut ()) -> Kind {
        match <Self as HasSqlType<ST>>::metadata(&mut ()) {
            Kind::Big => Kind::Numbers,
            _ => Kind::Texts,
        }
    }
}

macro_rules! into_value {
    ($($type:ty => $variant:ident),+ $(,)?) => {$(
        impl From<$type> for Value {
            fn from(value: $type) -> Self {
                Self::$variant(value.into())
            }
        }
    )+};
}

into_value!(
    bool => Bool, i16 => Small, i32 => Int, i64 => Big, f32 => Float, f64 => Double, String => Text, &str => Text, &[u8] => Bytes,
    Vec<i64> => Numbers, Vec<String> => Texts,
);

macro_rules! goes_in {
    ($($sql_type:ty => $type:ty, |$it:ident| $value:expr);+ $(;)?) => {$(
        impl ToSql<$sql_type, Engine> for $type {
            fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Engine>) -> Serialized {
                let $it = self;
                out.set_value($value);
                Ok(IsNull::No)
            }
        }
    )+};
}

goes_in!(
    Bool => bool, |it| *it;
    SmallInt => i16, |it| *it;
    Integer => i32, |it| *it;
    BigInt => i64, |it| *it;
    Float => f32, |it| *it;
    Double => f64, |it| *it;
    Text => str, |it| it;
    Binary => [u8], |it| it;
);

/// A list is of numbers or of texts; its values go in as they would alone.
impl<ST, T> ToSql<Array<ST>, Engine> for Vec<T>
where
    Engine: HasSqlType<ST>,
    T: ToSql<ST, Engine>,
{
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Engine>) -> Serialized {
        let kind = <Engine as HasSqlType<Array<ST>>>::metadata(&mut ());
        let (mut numbers, mut texts) = (Vec::new(), Vec::new());
        for value in self {
            let mut lookup = ();
            let mut one = Output::new(Value::Null(kind), &mut lookup);
            value.to_sql(&mut one)?;
            match (kind, one.into_inner()) {
                (Kind::Numbers, Value::Big(number)) => numbers.push(number),
                (Kind::Texts, Value::Text(text)) => texts.push(text),
                _ => return Err("a list is of 64-bit numbers or of texts".into()),
            }
        }
        out.set_value(if kind == Kind::Numbers {
            Value::Numbers(numbers)
        } else {
            Value::Texts(texts)
        });
        Ok(IsNull::No)
    }
}

macro_rules! comes_out {
    ($($sql_type:ty => $type:ty),+ $(,)?) => {$(
        impl FromSql<$sql_type, Engine> for $type {
            fn from_sql(value: Raw<'_>) -> deserialize::Result<Self> {
                match value {
                    Raw::Sqlite(value) => <Self as FromSql<$sql_type, Sqlite>>::from_sql(value),
                    Raw::Postgres(value) => <Self as FromSql<$sql_type, Pg>>::from_sql(value),
                }
            }
        }
    )+};
}

comes_out!(
    Bool => bool, SmallInt => i16, Integer => i32, BigInt => i64, Float => f32, Double => f64, Text => String, Binary => Vec<u8>,
);
