//! Keyset pages: a page continues after a row, not at a count, so rows that come or go never shift it.

use std::sync::{Arc, OnceLock};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit as _, Mac as _, digest::array::Array};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use utoipa::ToSchema;

use crate::words;

/// Rows on a page if the caller does not say.
pub const DEFAULT_LIMIT: i64 = 50;
/// Most rows on a page.
pub const MAX_LIMIT: i64 = 200;
/// Up to how many rows are counted for a total; beyond it only that there are more is told.
pub const MOST_COUNTED: i64 = 10_000;

/// The value of a sort key: what the next page continues after.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Key {
    /// A count or a moment.
    Number(i64),
    /// A folded text.
    Text(String),
}

impl From<super::Time> for Key {
    fn from(time: super::Time) -> Self {
        Self::Number(time.micros())
    }
}

impl From<i64> for Key {
    fn from(number: i64) -> Self {
        Self::Number(number)
    }
}

impl From<&str> for Key {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<super::Date> for Key {
    fn from(date: super::Date) -> Self {
        Self::Text(date.to_string())
    }
}

/// The order of a list: one documented key, then the id, both in the same direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Order {
    /// The column of the key, qualified: `deals.updated_at`. Never nullable.
    pub column: &'static str,
    /// The column of the id, qualified: `deals.id`.
    pub id: &'static str,
    /// Newest or largest first.
    pub descending: bool,
}

/// Gives the words of a list's sort their [`Order`]: for each key the word that runs up, the word that runs down (its text begins
/// with a minus sign), and the column.
///
/// ```ignore
/// ordered!(TeamSort of "teams" { Name | NameDescending => "name_key" });
/// ```
#[macro_export]
macro_rules! ordered {
    ($sort:ident of $table:literal { $($word:ident $(| $down:ident)? => $column:literal),+ $(,)? }) => {
        impl $sort {
            /// The order as columns.
            pub const fn order(self) -> $crate::kernel::page::Order {
                $crate::kernel::page::Order {
                    column: match self { $(Self::$word $(| Self::$down)? => concat!($table, ".", $column)),+ },
                    id: concat!($table, ".id"),
                    descending: matches!(self.as_str().as_bytes(), [b'-', ..]),
                }
            }
        }
    };
}

/// Where a page begins and how long it is.
#[derive(Debug, Clone)]
pub struct Paging {
    /// Rows wanted, 1 to 200.
    pub limit: i64,
    /// The row before the first one wanted: its key and its id.
    pub after: Option<(Key, String)>,
    /// What the list is filtered and sorted by, as a digest: a cursor of another list is refused.
    pub list: u64,
    /// The key that cursors are signed with.
    pub signer: Signer,
    /// Whether the caller wants the rows counted.
    pub count: bool,
    /// The count, once it was made: the query makes it and the page tells it.
    pub total: Arc<OnceLock<Total>>,
}

words! {
    /// How exact a total is.
    pub TotalRelation {
        /// There are exactly so many rows.
        Exactly = "eq",
        /// There are at least so many: counting ended there.
        AtLeast = "gte",
    }
}

/// How many rows a list has, all pages together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub struct Total {
    /// How many were counted.
    #[schema(example = 128, minimum = 0, maximum = 10_000)]
    pub value: i64,
    /// Whether that is all of them.
    pub relation: TotalRelation,
}

impl Total {
    /// The total out of a count that ended one row beyond [`MOST_COUNTED`].
    pub fn of(counted: i64) -> Self {
        Self {
            value: counted.min(MOST_COUNTED),
            relation: if counted > MOST_COUNTED {
                TotalRelation::AtLeast
            } else {
                TotalRelation::Exactly
            },
        }
    }
}

/// Signs cursors, so that nobody can make one up.
#[derive(Clone)]
pub struct Signer(Arc<[u8; 32]>);

impl std::fmt::Debug for Signer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Signer")
    }
}

/// Why a cursor was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CursorFault {
    /// Not a cursor of ours, or changed on the way.
    Invalid,
    /// A cursor of a list with other filters or another order.
    Mismatch,
}

impl Signer {
    /// A signer with that key.
    pub fn new(key: [u8; 32]) -> Self {
        Self(Arc::new(key))
    }

    fn tag(&self, body: &[u8]) -> Vec<u8> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&*self.0)
            .unwrap_or_else(|_any_length_is_taken| Hmac::new(&Array::default()));
        mac.update(b"cursor:");
        mac.update(body);
        mac.finalize().into_bytes().iter().copied().take(12).collect()
    }

    /// The cursor that continues after the row with that key and id.
    pub fn cursor(&self, list: u64, key: &Key, id: &str) -> String {
        let body = serde_json::to_vec(&(list, key, id)).unwrap_or_default();
        let mut sealed = self.tag(&body);
        sealed.extend_from_slice(&body);
        URL_SAFE_NO_PAD.encode(sealed)
    }

    /// The row that a cursor continues after.
    ///
    /// # Errors
    /// [`CursorFault`] if it is not ours or belongs to another list.
    pub fn read(&self, cursor: &str, list: u64) -> Result<(Key, String), CursorFault> {
        let sealed = URL_SAFE_NO_PAD
            .decode(cursor)
            .map_err(|_malformed| CursorFault::Invalid)?;
        let (tag, body) = sealed.split_at_checked(12).ok_or(CursorFault::Invalid)?;
        if !bool::from(subtle::ConstantTimeEq::ct_eq(self.tag(body).as_slice(), tag)) {
            return Err(CursorFault::Invalid);
        }
        let (made_for, key, id): (u64, Key, String) =
            serde_json::from_slice(body).map_err(|_malformed| CursorFault::Invalid)?;
        if made_for == list {
            Ok((key, id))
        } else {
            Err(CursorFault::Mismatch)
        }
    }
}

/// One page of a list.
#[derive(Debug, Clone, Serialize)]
pub struct Page<T> {
    /// The rows, in the order asked for.
    pub data: Vec<T>,
    /// Where the next page begins; null on the last one.
    pub next_cursor: Option<String>,
    /// Whether there is a next page.
    pub has_more: bool,
    /// How many rows there are on all pages; null unless it was asked for.
    pub total: Option<Total>,
}

impl<T> Page<T> {
    /// The page out of `limit + 1` rows: the extra one only says that there is more.
    pub fn of(mut rows: Vec<T>, paging: &Paging, key: impl Fn(&T) -> (Key, String)) -> Self {
        let limit = usize::try_from(paging.limit).unwrap_or(1);
        let has_more = rows.len() > limit;
        rows.truncate(limit);
        let next_cursor = has_more.then(|| rows.last()).flatten().map(|last| {
            let (key, id) = key(last);
            paging.signer.cursor(paging.list, &key, &id)
        });
        Self {
            data: rows,
            next_cursor,
            has_more,
            total: paging.total.get().copied(),
        }
    }

    /// The same page with what `change` makes of all its rows together.
    ///
    /// # Errors
    /// What `change` refuses.
    pub fn with<U, E>(self, change: impl FnOnce(Vec<T>) -> Result<Vec<U>, E>) -> Result<Page<U>, E> {
        Ok(Page {
            data: change(self.data)?,
            next_cursor: self.next_cursor,
            has_more: self.has_more,
            total: self.total,
        })
    }

    /// The same page of other rows.
    pub fn map<U>(self, change: impl FnMut(T) -> U) -> Page<U> {
        Page {
            data: self.data.into_iter().map(change).collect(),
            next_cursor: self.next_cursor,
            has_more: self.has_more,
            total: self.total,
        }
    }
}

impl Paging {
    /// How many rows to load: one more than wanted.
    pub const fn fetch(&self) -> i64 {
        self.limit + 1
    }

    /// Whether the rows are still to be counted.
    pub fn total_wanted(&self) -> bool {
        self.count && self.total.get().is_none()
    }

    /// Notes how many rows were counted, at most one more than [`MOST_COUNTED`].
    pub fn counted(&self, rows: i64) {
        self.total.get_or_init(|| Total::of(rows));
    }
}

impl<T: ToSchema> utoipa::PartialSchema for Page<T> {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        use utoipa::openapi::{ArrayBuilder, ObjectBuilder, OneOfBuilder, Ref, Type, schema::SchemaType};
        let text = |description: &str| ObjectBuilder::new().description(Some(description));
        ObjectBuilder::new()
            .schema_type(Type::Object)
            .description(Some(format!("One page of {} records.", T::name())))
            .property(
                "data",
                ArrayBuilder::new()
                    .items(Ref::from_schema_name(T::name()))
                    .max_items(Some(200))
                    .description(Some("The rows, in the order asked for.")),
            )
            .property(
                "next_cursor",
                text("Where the next page begins; null on the last one.")
                    .schema_type(SchemaType::from_iter([Type::String, Type::Null]))
                    .max_length(Some(1024)),
            )
            .property(
                "has_more",
                text("Whether there is a next page.")
                    .schema_type(Type::Boolean)
                    .examples([false]),
            )
            .property(
                "total",
                OneOfBuilder::new()
                    .item(ObjectBuilder::new().schema_type(Type::Null))
                    .item(Ref::from_schema_name(Total::name()))
                    .description(Some(
                        "How many rows there are on all pages; null unless `include_total` asked for it.",
                    )),
            )
            .required("data")
            .required("next_cursor")
            .required("has_more")
            .required("total")
            .into()
    }
}

impl<T: ToSchema> ToSchema for Page<T> {
    fn name() -> std::borrow::Cow<'static, str> {
        format!("{}Page", T::name()).into()
    }

    fn schemas(schemas: &mut Vec<(String, utoipa::openapi::RefOr<utoipa::openapi::schema::Schema>)>) {
        schemas.push((T::name().into_owned(), T::schema()));
        T::schemas(schemas);
        schemas.push((Total::name().into_owned(), <Total as utoipa::PartialSchema>::schema()));
        Total::schemas(schemas);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_that_was_changed_or_belongs_to_another_list_is_refused() {
        let signer = Signer::new([7; 32]);
        let cursor = signer.cursor(1, &Key::Number(42), "deal_x");
        assert_eq!(signer.read(&cursor, 1), Ok((Key::Number(42), "deal_x".to_owned())));
        assert_eq!(signer.read(&cursor, 2), Err(CursorFault::Mismatch));
        assert_eq!(Signer::new([8; 32]).read(&cursor, 1), Err(CursorFault::Invalid));
        for bad in ["", "AAAA", "%%%"] {
            assert_eq!(signer.read(bad, 1), Err(CursorFault::Invalid));
        }
    }

    #[test]
    fn a_total_is_exact_up_to_its_bound_and_honest_beyond_it() {
        let told = |counted| (Total::of(counted).value, Total::of(counted).relation);
        assert_eq!(told(0), (0, TotalRelation::Exactly));
        assert_eq!(told(MOST_COUNTED), (10_000, TotalRelation::Exactly));
        assert_eq!(told(MOST_COUNTED + 1), (10_000, TotalRelation::AtLeast));
    }
}
