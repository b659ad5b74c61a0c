//! The shapes of the feed.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::{
    IntoParams, PartialSchema, ToSchema,
    openapi::{
        ObjectBuilder, RefOr, Schema, Type,
        schema::{AdditionalProperties, SchemaType},
    },
};

use crate::{
    kernel::{Time, ids::EventId, schemas},
    words,
};

/// Seconds that a reader may wait for an event, at most.
pub const LONGEST_WAIT: u64 = 30;
/// Events on a page if the reader does not say.
pub const USUAL_PAGE: i64 = 100;

words! {
    /// What did something.
    pub EventActorType {
        /// A person.
        User = "user",
        /// A machine: a service client.
        Client = "client",
        /// The program itself.
        System = "system",
        /// Somebody who had not signed in.
        Anonymous = "anonymous",
    }
}

/// Who or what did something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct EventActor {
    /// What it is.
    #[serde(rename = "type")]
    pub kind: EventActorType,
    /// The person's or machine's id, or which part of the program it was; null to partners if it is not one of theirs.
    #[schema(
        required = true,
        example = "user_01jdq4p6c8f3kb2v9y0s7x5ham",
        min_length = 1,
        max_length = 64
    )]
    pub id: Option<String>,
}

/// Something that happened to a record.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Event {
    /// Where the feed goes on after this event. Cursors sort as text in the order of the feed.
    #[schema(
        example = "00000000000001f4",
        pattern = "^[0-9a-f]{16}$",
        min_length = 16,
        max_length = 16
    )]
    pub cursor: String,
    /// The event. Whoever gets it twice knows it by this.
    pub id: EventId,
    /// What happened, out of the catalogue that the contract publishes as webhooks.
    #[serde(rename = "type")]
    #[schema(
        example = "deal.approved",
        pattern = "^[a-z_]+\\.[a-z_]+$",
        min_length = 3,
        max_length = 100
    )]
    pub kind: String,
    /// The type of the record.
    #[schema(example = "deal", pattern = "^[a-z_]+$", min_length = 1, max_length = 60)]
    pub resource_type: String,
    /// The record.
    #[schema(example = "deal_01jdq4p6c8f3kb2v9y0s7x5ham", min_length = 1, max_length = 100)]
    pub resource_id: String,
    /// The record's revision after it. Of two events of one record the later has the larger one, or the same if the record
    /// itself did not change.
    #[schema(example = 4, minimum = 0)]
    pub revision: i64,
    /// When it happened.
    pub occurred_at: Time,
    /// Who or what did it.
    pub actor: EventActor,
    /// The operation, or the part of the program, that it happened by.
    #[schema(example = "approveDeal", min_length = 1, max_length = 100)]
    pub origin: String,
    /// What the caller sent as `Change-Origin`, to know its own changes by; null if nothing was sent, and to partners if the
    /// change was not one of theirs.
    #[schema(required = true, example = "crm-sync-7", max_length = 200)]
    pub origin_tag: Option<String>,
    /// The names of the record's fields that changed, of those that the reader sees; all of a new record.
    #[schema(max_items = 200, example = json!(["review_status", "protection"]))]
    pub changed_fields: Vec<String>,
    /// The record after the event, as its own operation shows it to the reader; null if it is gone, or was erased.
    #[schema(schema_with = data, required = true)]
    pub data: Value,
    /// What the changed fields held before; the whole record if it is gone; null for a new one.
    #[schema(schema_with = previous, required = true)]
    pub previous: Value,
    /// Whether the record is gone, or the reader may not see it any more: drop your copy.
    #[schema(example = false)]
    pub deleted: bool,
}

fn data() -> RefOr<Schema> {
    record(
        "The record after the event, as its own operation shows it to the reader; null if it is gone, or was erased.",
    )
}

fn previous() -> RefOr<Schema> {
    record("What the changed fields held before; the whole record if it is gone; null for a new one.")
}

/// Any record, or null.
fn record(description: &str) -> RefOr<Schema> {
    ObjectBuilder::new()
        .schema_type(SchemaType::from_iter([Type::Object, Type::Null]))
        .description(Some(description))
        .additional_properties(Some(AdditionalProperties::FreeForm(true)))
        .max_properties(Some(200))
        .examples([json!({"review_status": "approved"})])
        .build()
        .into()
}

/// Which events, from where on.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct EventFilter {
    /// Only what comes after this: `next_cursor` of the page before, or the `cursor` of any event; `beginning` for the oldest
    /// event that is kept, which is where it begins if left out; `now` for what happens from now on.
    #[param(
        example = "00000000000001f4",
        pattern = "^([0-9a-f]{16}|beginning|now)$",
        max_length = 16,
        nullable = false
    )]
    pub cursor: Option<String>,
    /// Only events of these types; `deal.*` for all of deals.
    #[param(style = Form, explode = false, nullable = false, min_items = 1, max_items = 50, example = json!(["deal.approved", "deal.rejected"]))]
    pub types: Option<Vec<EventTypePattern>>,
    /// Only events of records of these types.
    #[param(style = Form, explode = false, nullable = false, min_items = 1, max_items = 50, example = json!(["deal"]))]
    pub resource_type: Option<Vec<ResourceTypeName>>,
    /// Only events of these records.
    #[param(style = Form, explode = false, nullable = false, min_items = 1, max_items = 50, example = json!(["deal_01jdq4p6c8f3kb2v9y0s7x5ham"]))]
    pub resource_id: Option<Vec<ResourceIdText>>,
    /// `self` leaves out what the caller itself did: a program that writes what it reads does not hear its own echo.
    #[param(nullable = false, example = "self")]
    pub exclude_origin: Option<ExcludedOrigin>,
    /// Most events on the page.
    #[param(minimum = 1, maximum = 500, default = 100, example = 100, nullable = false)]
    pub limit: Option<i64>,
    /// If there is none yet, how many seconds to wait for one.
    #[param(minimum = 0, maximum = 30, default = 0, example = 1, nullable = false)]
    pub wait: Option<u64>,
}

words! {
    /// Whose changes are left out.
    pub ExcludedOrigin {
        /// The caller's own.
        Own = "self",
    }
}

macro_rules! texts {
    ($($(#[doc = $doc:literal])+ $name:ident = $pattern:literal, $most:literal, $example:literal;)+) => {$(
        $(#[doc = $doc])+
        #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub String);

        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                ObjectBuilder::new()
                    .schema_type(Type::String)
                    .description(Some(concat!($($doc),+).trim_start()))
                    .pattern(Some($pattern))
                    .min_length(Some(1))
                    .max_length(Some($most))
                    .examples([json!($example)])
                    .into()
            }
        }

        impl ToSchema for $name {
            fn name() -> std::borrow::Cow<'static, str> {
                schemas::note::<Self>(stringify!($name))
            }
        }
    )+};
}

texts! {
    /// A type of event, or all types of one resource by `.*`.
    EventTypePattern = "^[a-z_]+\\.([a-z_]+|\\*)$", 100, "deal.approved";
    /// The type of a record.
    ResourceTypeName = "^[a-z_]+$", 60, "deal";
    /// The id of a record.
    ResourceIdText = "^[A-Za-z0-9_:.-]+$", 100, "deal_01jdq4p6c8f3kb2v9y0s7x5ham";
}
