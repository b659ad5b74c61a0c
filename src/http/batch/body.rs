//! What is sent: the envelope with its items, each read for itself.

use std::{borrow::Cow, result::Result as Outcome};

use actix_web::{
    FromRequest, HttpRequest,
    dev::Payload,
    web::{Bytes, Data, block},
};
use futures_util::future::LocalBoxFuture;
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{ArrayBuilder, KnownFormat, ObjectBuilder, OneOfBuilder, Ref, RefOr, SchemaFormat, Type, schema::Schema},
};

use super::{MOST, Plan};
use crate::{
    auth::{Caller, permissions},
    error::{Error, Fault, Result, codes},
    http::{IfMatch, State, extract, reply},
    kernel::Time,
    references::ExternalRef,
    sync::{Carried, REVISION_PATTERN},
    words,
};

words! {
    /// What is to be done with a record of a batch.
    pub BatchAction {
        /// The record that the other system knows by `external_ref` is changed, or made if there is none.
        Upsert = "upsert",
        /// The record with that `id` is changed.
        Update = "update",
    }
}

/// An item of a batch, as it was sent.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BatchItem<T> {
    /// What is to be done.
    pub op: BatchAction,
    /// The caller's own mark.
    #[serde(rename = "ref")]
    pub mark: Option<String>,
    /// By which id of another system the record is known.
    pub external_ref: Option<ExternalRef>,
    /// The record's id.
    pub id: Option<String>,
    /// The tag of the record as the caller last read it.
    pub if_match: Option<String>,
    /// The revision that the record has in the other system.
    pub external_revision: Option<String>,
    /// When it was changed there.
    pub external_changed_at: Option<Time>,
    /// The revision of ours that the change was made on the base of.
    pub external_base_revision: Option<i64>,
    /// The fields.
    pub data: T,
    /// Whether a registration is sent in at once, where a registration is what it is.
    #[serde(default)]
    pub submit: bool,
}

/// Which record an item is about, and at which revision.
pub enum Target<'i> {
    /// The one that another system knows by that id, and the revision that it has there.
    External(&'i ExternalRef, IfMatch, Carried),
    /// The one with that id.
    Own(&'i str, IfMatch),
}

impl<T> BatchItem<T> {
    /// Whether it comes with a revision of the other system.
    pub(super) const fn is_versioned(&self) -> bool {
        self.external_revision.is_some()
    }

    /// The record that the item is about, for a caller who may do that with it.
    ///
    /// # Errors
    /// 403 where the call for one record would be refused so; 409 `contradiction` if what names the record does not go with
    /// `op`; 428 for an update without `if_match`.
    pub fn target(&self, caller: &Caller, operations: Operations) -> Result<Target<'_>> {
        let seen = IfMatch(self.if_match.as_deref().map(reply::revision_of));
        let wants =
            |field: &str, detail: &str| Error::contradicts(format!("#/../{field}"), "contradiction", detail.to_owned());
        let beside = self.external_changed_at.is_some() || self.external_base_revision.is_some();
        if (self.op == BatchAction::Update || !self.is_versioned()) && (self.is_versioned() || beside) {
            return Err(wants(
                "external_revision",
                "A revision of the other system goes with an upsert; the time and the base of the change go with that revision.",
            ));
        }
        match (self.op, &self.external_ref, &self.id) {
            (BatchAction::Upsert, Some(reference), None) => {
                permissions::require(caller, operations.upsert)?;
                let carried = Carried::of(
                    self.external_revision.as_deref(),
                    self.external_changed_at,
                    self.external_base_revision,
                );
                Ok(Target::External(reference, seen, carried))
            }
            (BatchAction::Upsert, ..) => Err(wants(
                "external_ref",
                "An upsert names its record by `external_ref`, and has no `id`.",
            )),
            (BatchAction::Update, None, Some(id)) => {
                permissions::require(caller, operations.update)?;
                if seen.0.is_none() {
                    return Err(Error::new(&codes::PRECONDITION_REQUIRED).fault(
                        "header:If-Match",
                        "required",
                        "Send the ETag of the record as you last read it.",
                    ));
                }
                Ok(Target::Own(id, seen))
            }
            (BatchAction::Update, ..) => Err(wants(
                "id",
                "An update names its record by `id`, and has no `external_ref`.",
            )),
        }
    }
}

/// The operations that do for one record what a batch does for many: whoever may not call one, may not do it here.
#[derive(Debug, Clone, Copy)]
pub struct Operations {
    /// For one record by an id of another system.
    pub upsert: &'static str,
    /// For one record by its id.
    pub update: &'static str,
}

/// What batches of a type of record hold.
pub trait BatchData: DeserializeOwned + ToSchema + Clone + Send + Sync + 'static {
    /// What the schemas' names begin with: `Deal`.
    const RECORD: &'static str;
    /// The example of an id: `deal_01jdq4p6c8f3kb2v9y0s7x5ham`.
    const ID: &'static str;
    /// Whether items can be sent in at once.
    const SUBMITS: bool = false;
}

/// A batch, as it was sent.
pub struct Batch<T> {
    /// Each item, or what is wrong with it.
    pub items: Vec<Outcome<BatchItem<T>, Vec<Fault>>>,
    pub(super) plan: Plan,
}

/// The envelope, as it was sent.
struct Envelope {
    items: Vec<Outcome<Value, Vec<Fault>>>,
    marks: Vec<Option<String>>,
    atomic: bool,
    dry_run: bool,
    path: String,
}

impl<T: DeserializeOwned> Batch<T> {
    fn of(envelope: Envelope) -> Self {
        let read = |(index, item): (usize, Outcome<Value, Vec<Fault>>)| {
            item.and_then(|value| {
                serde_json::from_value::<BatchItem<T>>(value).map_err(|error| {
                    vec![Fault {
                        pointer: format!("#/items/{index}"),
                        code: "invalid_value".into(),
                        detail: format!("A value does not fit: {error}."),
                    }]
                })
            })
        };
        let items: Vec<_> = envelope.items.into_iter().enumerate().map(read).collect();
        let mut named: Vec<(Option<&ExternalRef>, Option<&String>)> = items
            .iter()
            .flatten()
            .map(|item| (item.external_ref.as_ref(), item.id.as_ref()))
            .collect();
        let readable = named.len();
        named.sort();
        named.dedup();
        let delicate =
            readable < items.len() || named.len() < readable || items.iter().flatten().any(BatchItem::is_versioned);
        Self {
            plan: Plan {
                marks: envelope.marks,
                atomic: envelope.atomic,
                dry_run: envelope.dry_run,
                delicate,
                path: envelope.path,
            },
            items,
        }
    }
}

impl<T> Batch<T> {
    /// Whether everything is tried and nothing kept.
    pub const fn is_dry_run(&self) -> bool {
        self.plan.dry_run
    }
}

/// The item, if it can be read.
///
/// # Errors
/// 422 `validation_failed` with everything that does not fit.
pub fn readable<T>(item: &Outcome<BatchItem<T>, Vec<Fault>>) -> Result<&BatchItem<T>> {
    item.as_ref().map_err(|faults| {
        Error::new(&codes::VALIDATION_FAILED)
            .detail("The item does not fit; the others are not held up by it.")
            .faults(faults.clone())
    })
}

impl<T: DeserializeOwned + Send + 'static> FromRequest for Batch<T> {
    type Error = Error;
    type Future = LocalBoxFuture<'static, Result<Self>>;

    /// A thousand items take a while to read and to check, so that is not done where all requests meet.
    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let arrived = Arrived::of(request);
        Box::pin(async move {
            let arrived = arrived?;
            block(move || Envelope::of(&arrived).map(Self::of))
                .await
                .map_err(Error::internal)?
        })
    }
}

/// What is needed of a request to read its envelope.
struct Arrived {
    state: Data<State>,
    pattern: String,
    path: String,
    body: Option<Bytes>,
}

impl Arrived {
    fn of(request: &HttpRequest) -> Result<Self> {
        Ok(Self {
            state: State::of(request)?,
            pattern: request.match_pattern().unwrap_or_default(),
            path: request.path().to_owned(),
            body: extract::checked(request, |checked| Ok(checked.body.clone())).into_inner()?,
        })
    }
}

impl Envelope {
    /// The envelope of a request that the gate let through, each item checked against its schema in the contract.
    fn of(arrived: &Arrived) -> Result<Self> {
        let operation = arrived.state.contract.operations.find("POST", &arrived.pattern);
        let body = operation.ok().flatten().and_then(|operation| operation.body.as_ref());
        let body = body.ok_or_else(|| Error::internal("a batch without a body in the contract"))?;
        let sent = arrived.body.as_deref().unwrap_or(b"{}");
        let mut sent: Value = serde_json::from_slice(sent).map_err(Error::internal)?;
        let is = |name: &str| sent.get(name).and_then(Value::as_bool).unwrap_or(false);
        let (atomic, dry_run) = (is("atomic"), is("dry_run"));
        let items = match sent.get_mut("items").map(Value::take) {
            Some(Value::Array(items)) => items,
            _ => Vec::new(),
        };
        let mark = |item: &Value| {
            let mark = item.get("ref").and_then(Value::as_str);
            // One that does not fit is told as a fault, and not repeated.
            mark.filter(|mark| mark.chars().count() <= 255 && !mark.contains(char::is_control))
                .map(str::to_owned)
        };
        let marks = items.iter().map(mark).collect();
        let items = items
            .into_iter()
            .enumerate()
            .map(|(index, item)| {
                let faults = body.item_faults(index, &item)?;
                Ok(if faults.is_empty() { Ok(item) } else { Err(faults) })
            })
            .collect::<Result<Vec<_>>>()?;
        Ok(Self {
            items,
            marks,
            atomic,
            dry_run,
            path: arrived.path.clone(),
        })
    }
}

type Named = Vec<(String, RefOr<Schema>)>;

fn text(description: &str, example: &str, longest: usize) -> ObjectBuilder {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .description(Some(description))
        .min_length(Some(1))
        .max_length(Some(longest))
        .examples([example])
}

fn flag(description: &str) -> ObjectBuilder {
    ObjectBuilder::new()
        .schema_type(Type::Boolean)
        .description(Some(description))
        .default(Some(false.into()))
        .examples([false])
}

impl<T: BatchData> PartialSchema for BatchItem<T> {
    fn schema() -> RefOr<Schema> {
        let reference = OneOfBuilder::new()
            .item(ObjectBuilder::new().schema_type(Type::Null))
            .item(Ref::from_schema_name(ExternalRef::name()))
            .description(Some("Of an upsert: by which id of another system the record is known."));
        let id = text("Of an update: the record's id.", T::ID, 64);
        let tag = text(
            "The ETag of the record as you last read it: required of an update, honoured of an upsert. A record that was changed \
             since is refused with 412.",
            "\"1-0123456789abcdef\"",
            80,
        )
        .pattern(Some("^(W/)?\"[!#-~]*\"$"));
        let revision = text(
            "Of an upsert: the record's revision in the other system, as `External-Revision` of the call for one record \
             says it. An older one than was taken last is refused (`stale_revision`), the same one changes nothing, and what \
             both sides changed becomes a conflict (`sync_conflict`). That is kept although the item is refused, but not by \
             an atomic batch or a dry run. Without a revision the item is taken as it is.",
            "2026-11-21T09:30:00Z",
            64,
        )
        .pattern(Some(REVISION_PATTERN));
        let changed_at = OneOfBuilder::new()
            .item(ObjectBuilder::new().schema_type(Type::Null))
            .item(Ref::from_schema_name(Time::name()))
            .description(Some(
                "With `external_revision`: when the record was changed there. It decides between revisions that are neither \
                 numbers nor moments.",
            ))
            .examples([Value::Null]);
        let base = ObjectBuilder::new()
            .schema_type(Type::Integer)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::Int64)))
            .minimum(Some(0))
            .description(Some(
                "With `external_revision`: the revision of this record that the change was made on the base of; the last \
                 that both sides had, if left out.",
            ))
            .examples([4]);
        // What need not be sent is left out of examples: an upsert has no id.
        let unsent = |schema: ObjectBuilder| {
            OneOfBuilder::new()
                .item(ObjectBuilder::new().schema_type(Type::Null))
                .item(schema)
                .examples([Value::Null])
        };
        let item = ObjectBuilder::new()
            .schema_type(Type::Object)
            .description(Some("One record of the batch."))
            .property("op", Ref::from_schema_name(BatchAction::name()))
            .property(
                "ref",
                text(
                    "Your own mark for the item; it comes back with its outcome.",
                    "row-17",
                    255,
                ),
            )
            .property("external_ref", reference)
            .property("id", unsent(id))
            .property("if_match", unsent(tag))
            .property("external_revision", unsent(revision))
            .property("external_changed_at", changed_at)
            .property("external_base_revision", unsent(base))
            .property("data", Ref::from_schema_name(T::name()))
            .required("op")
            .required("data");
        if T::SUBMITS {
            item.property(
                "submit",
                flag("Whether the registration is also sent in, if it is a draft, under all guards of `submitDeal`: both are done, or neither."),
            )
            .into()
        } else {
            item.into()
        }
    }
}

impl<T: BatchData> ToSchema for BatchItem<T> {
    fn name() -> Cow<'static, str> {
        format!("{}BatchItem", T::RECORD).into()
    }

    fn schemas(schemas: &mut Named) {
        schemas.push((BatchAction::name().into_owned(), BatchAction::schema()));
        schemas.push((ExternalRef::name().into_owned(), ExternalRef::schema()));
        schemas.push((Time::name().into_owned(), Time::schema()));
        schemas.push((T::name().into_owned(), T::schema()));
        ExternalRef::schemas(schemas);
        T::schemas(schemas);
    }
}

impl<T: BatchData> PartialSchema for Batch<T> {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::Object)
            .description(Some("Records that are made or changed in one call."))
            .property(
                "items",
                ArrayBuilder::new()
                    .items(Ref::from_schema_name(BatchItem::<T>::name()))
                    .min_items(Some(1))
                    .max_items(Some(MOST))
                    .description(Some("What is to be done, in this order.")),
            )
            .property(
                "atomic",
                flag("All or nothing: if one item cannot be done, none is, and the others are told `rolled_back`."),
            )
            .property("dry_run", flag("Whether everything is tried and nothing is kept."))
            .required("items")
            .into()
    }
}

impl<T: BatchData> ToSchema for Batch<T> {
    fn name() -> Cow<'static, str> {
        format!("{}Batch", T::RECORD).into()
    }

    fn schemas(schemas: &mut Named) {
        schemas.push((BatchItem::<T>::name().into_owned(), BatchItem::<T>::schema()));
        BatchItem::<T>::schemas(schemas);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_item_names_its_record_in_one_way() {
        let caller = Caller::system("test");
        let operations = Operations {
            upsert: "upsertDeal",
            update: "updateDeal",
        };
        let item = |value: Value| serde_json::from_value::<BatchItem<Value>>(value).unwrap();
        let code = |value: Value| {
            item(value)
                .target(&caller, operations)
                .err()
                .map(|error| error.code().code)
        };
        let reference = serde_json::json!({"system": "crm", "id": "1"});
        assert_eq!(
            code(serde_json::json!({"op": "upsert", "external_ref": reference, "data": {}})),
            None
        );
        assert_eq!(
            code(serde_json::json!({"op": "upsert", "id": "deal_1", "data": {}})),
            Some("contradiction")
        );
        assert_eq!(
            code(serde_json::json!({"op": "update", "id": "deal_1", "data": {}})),
            Some("precondition_required")
        );
        assert_eq!(
            code(serde_json::json!({"op": "update", "id": "deal_1", "if_match": "\"1-a\"", "data": {}})),
            None
        );
    }

    #[test]
    fn a_revision_of_the_other_system_goes_with_an_upsert() {
        let caller = Caller::system("test");
        let operations = Operations {
            upsert: "upsertDeal",
            update: "updateDeal",
        };
        let reference = serde_json::json!({"system": "crm", "id": "1"});
        let named = |mut value: Value| {
            value["data"] = serde_json::json!({});
            let item: BatchItem<Value> = serde_json::from_value(value).unwrap();
            let refusal = item.target(&caller, operations).err();
            refusal.map(|error| {
                error
                    .all_faults()
                    .iter()
                    .map(|fault| fault.pointer.clone())
                    .collect::<String>()
            })
        };
        let upsert = serde_json::json!({"op": "upsert", "external_ref": reference, "external_revision": "3", "external_base_revision": 2});
        assert_eq!(named(upsert), None);
        for wrong in [
            serde_json::json!({"op": "upsert", "external_ref": reference, "external_base_revision": 2}),
            serde_json::json!({"op": "upsert", "external_ref": reference, "external_changed_at": "2026-11-21T09:30:00Z"}),
            serde_json::json!({"op": "update", "id": "deal_1", "if_match": "\"1-a\"", "external_revision": "3"}),
        ] {
            assert_eq!(named(wrong).as_deref(), Some("#/../external_revision"));
        }
    }
}
