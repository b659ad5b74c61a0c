//! What is answered: how each item went.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{
    ToSchema,
    openapi::{ObjectBuilder, OneOfBuilder, Ref, RefOr, Response, Type, schema::Schema},
};

use crate::{
    db::Tx,
    error::{Error, Result},
    http::{Answer, Documented, Plain, Resource, Upserted},
};

/// What an item came to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct BatchOutcome {
    /// Its place in the batch; the first is 0.
    #[schema(example = 0, minimum = 0, maximum = 999)]
    pub index: usize,
    /// Your own mark for it.
    #[schema(required = true, example = "row-17", max_length = 255)]
    pub r#ref: Option<String>,
    /// What the call for this record alone would be answered with: 200, 201, or the status of the problem.
    #[schema(example = 201, minimum = 200, maximum = 599)]
    pub status: u16,
    /// The record's id.
    #[schema(required = true, example = "deal_01jdq4p6c8f3kb2v9y0s7x5ham", max_length = 64)]
    pub id: Option<String>,
    /// The record's tag, as it is now.
    #[schema(required = true, example = "\"1-0123456789abcdef\"", max_length = 80)]
    pub etag: Option<String>,
    /// Where the record is read.
    #[schema(
        required = true,
        example = "/v1/deals/deal_01jdq4p6c8f3kb2v9y0s7x5ham",
        max_length = 255
    )]
    pub location: Option<String>,
    /// Why it was not done.
    #[schema(schema_with = problem_or_null, required = true)]
    pub problem: Option<Value>,
}

fn problem_or_null() -> RefOr<Schema> {
    OneOfBuilder::new()
        .item(ObjectBuilder::new().schema_type(Type::Null))
        .item(Ref::from_schema_name("Problem"))
        .description(Some(
            "Why it was not done, as the call for this record alone would be answered; its pointers lead into this batch. Null if \
             it was done.",
        ))
        .examples([Value::Null])
        .into()
}

/// What a batch came to, item by item, in the order sent.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct BatchResult {
    /// The outcomes.
    #[schema(max_items = 1000)]
    pub items: Vec<BatchOutcome>,
    /// How many were done; of a dry run, how many would be.
    #[schema(example = 1, minimum = 0, maximum = 1000)]
    pub succeeded: usize,
    /// How many were not.
    #[schema(example = 0, minimum = 0, maximum = 1000)]
    pub failed: usize,
}

/// The answer to a batch: 200 if every item was done, else 207. Both have one schema.
pub struct Batched;

impl Documented for Batched {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        let mut both = Plain::<BatchResult>::responses();
        if let Some(one) = both.get("200").cloned() {
            both.insert("207".to_owned(), one);
        }
        both
    }
}

/// What an item came to: done, or refused in a way that leaves something behind, which stays although nothing was done.
pub type Settled = std::result::Result<Done, Error>;

/// A record that was made or changed.
pub struct Done {
    /// Its id.
    pub id: String,
    pub(super) status: u16,
    pub(super) etag: Option<String>,
    pub(super) location: String,
}

impl Done {
    /// What the call for this record alone would tell of it.
    ///
    /// # Errors
    /// `internal` if it cannot be written down.
    pub fn of<T: Resource>(tx: &Tx<'_>, done: Upserted<T>) -> Result<Self> {
        let (id, location) = (done.record.id(), done.record.path());
        let rendered = done.render(tx.caller().request())?;
        Ok(Self {
            id,
            status: rendered.status,
            etag: rendered.etag,
            location,
        })
    }

    /// [`Done::of`] what came with a revision of another system, or its refusal.
    ///
    /// # Errors
    /// As [`Done::of`].
    pub fn settled<T: Resource>(tx: &Tx<'_>, settled: std::result::Result<Upserted<T>, Error>) -> Result<Settled> {
        match settled {
            Ok(done) => Self::of(tx, done).map(Ok),
            Err(refusal) => Ok(Err(refusal)),
        }
    }

    /// [`Done::of`] a record that was there.
    ///
    /// # Errors
    /// As [`Done::of`].
    pub fn changed<T: Resource>(tx: &Tx<'_>, record: T) -> Result<Self> {
        Self::of(tx, Upserted { record, created: false })
    }
}
