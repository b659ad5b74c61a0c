//! The shapes of forms on the wire.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::{
    IntoParams, ToSchema,
    openapi::{
        ObjectBuilder, RefOr, Type,
        schema::{AdditionalProperties, Schema},
    },
};

use crate::{deals::registrations::DealStage, kernel::Language, policies::ReasonKind, words};

words! {
    /// A type of record that is written by forms.
    pub FormResource {
        /// Registered deals.
        Deals = "deals",
        /// Partners.
        Partners = "partners",
        /// People at partners.
        People = "people",
        /// Customer accounts.
        CustomerAccounts = "customer-accounts",
        /// Opportunities that the vendor works itself.
        DirectOpportunities = "direct-opportunities",
        /// Customers that the vendor serves itself.
        NamedAccounts = "named-accounts",
        /// What customers have already.
        InstalledBase = "installed-base",
        /// Products and product lines.
        Products = "products",
        /// Territories.
        Territories = "territories",
        /// Partner programs.
        Programs = "programs",
    }

    /// What a form is filled in for.
    pub FormAction {
        /// To send the record in: then everything that this needs is required.
        Submit = "submit",
    }
}

/// Which form.
#[derive(Debug, Clone, Copy, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct FormPath {
    /// The type of record, as in its address.
    pub resource: FormResource,
}

/// What the form is for.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct FormQuery {
    /// The record that shall be changed: then `update` says what is open in the state that it is in.
    #[param(
        min_length = 27,
        max_length = 64,
        pattern = "^[a-z]+_[0-7][0-9a-z]{25}$",
        example = "deal_01jdq4p6c8f3kb2v9y0s7x5ham",
        nullable = false
    )]
    pub id: Option<String>,
    /// What the form is filled in for; to save what there is if left out.
    #[param(nullable = false)]
    pub action: Option<FormAction>,
}

/// A JSON Schema (2020-12), whole: it refers to nothing outside itself.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(transparent)]
pub struct JsonSchema(pub Value);

impl utoipa::PartialSchema for JsonSchema {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::Object)
            .description(Some(
                "A JSON Schema (draft 2020-12) that refers to nothing outside itself, with the `x-` keywords that say how to render it.",
            ))
            .additional_properties(Some(AdditionalProperties::FreeForm(true)))
            .max_properties(Some(100))
            .examples([json!({
                "$schema": "https://json-schema.org/draft/2020-12/schema",
                "type": "object",
                "title": "Deal",
                "required": ["title"],
                "properties": {"title": {"type": "string", "title": "Title", "maxLength": 255, "pattern": "^[^\\x00-\\x1f\\x7f]*$", "x-order": 10, "x-widget": "text"}}
            })])
            .into()
    }
}

impl ToSchema for JsonSchema {
    fn name() -> std::borrow::Cow<'static, str> {
        crate::kernel::schemas::note::<Self>("JsonSchema")
    }
}

/// An operation that a form leads to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct FormOperation {
    /// Its id in the contract.
    #[schema(example = "createDeal", max_length = 64)]
    pub operation: String,
    /// Its method.
    #[schema(example = "POST", max_length = 8)]
    pub method: String,
    /// Its path; `{id}` stands for the record's id.
    #[schema(example = "/v1/deals", max_length = 200)]
    pub path: String,
}

/// A reason that the caller may give.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct FormReason {
    /// Its code.
    #[schema(example = "no_budget", max_length = 64)]
    pub code: String,
    /// What people read.
    #[schema(example = "No budget", max_length = 120)]
    pub label: String,
    /// Whether it rests on something that must be named as evidence.
    #[schema(example = false)]
    pub needs_evidence: bool,
}

/// The reasons that an operation takes from the caller.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct FormReasons {
    /// What they are given for.
    pub kind: ReasonKind,
    /// The operation's id in the contract.
    #[schema(example = "loseDeal", max_length = 64)]
    pub operation: String,
    /// Where the code stands in its body.
    #[schema(example = "#/reason_code", max_length = 64)]
    pub pointer: String,
    /// The reasons, in the program's order.
    #[schema(max_items = 50)]
    pub reasons: Vec<FormReason>,
}

/// A stage of a sale that goes on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct FormStage {
    /// Its code.
    pub code: DealStage,
    /// What people read.
    #[schema(example = "Qualified", max_length = 120)]
    pub label: String,
    /// How likely a sale that stands here is won, in percent, as long as nobody says otherwise.
    #[schema(example = 25, minimum = 0, maximum = 100)]
    pub probability: i64,
    /// The stages that a sale can be moved to from here; null for any.
    #[schema(required = true, max_items = 20, example = json!(["committed"]))]
    pub next: Option<Vec<DealStage>>,
}

/// What the caller may write of a type of record, and how to ask for it.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct FormSchema {
    /// The type of record.
    pub resource: FormResource,
    /// The language of titles and labels.
    pub language: Language,
    /// What a new record may hold; null for those who make none.
    #[schema(required = true)]
    pub create: Option<JsonSchema>,
    /// What a change may hold: of a new record, or of the record that was asked for, in the state that it is in. Null for
    /// those who change none, and where there is no such record for the caller.
    #[schema(required = true)]
    pub update: Option<JsonSchema>,
    /// The fields that must be there before the record can be sent in, as pointers, with `*` for every item of a list. What the
    /// program asks for of one kind of business alone stands in the schema (`x-required-when`).
    #[schema(max_items = 50, example = json!(["/customer", "/territory"]))]
    pub required_for_submit: Vec<String>,
    /// The operation that makes a record, if the caller may.
    #[schema(required = true)]
    pub create_by: Option<FormOperation>,
    /// The operation that changes a record, if the caller may. It takes the record's `ETag` in `If-Match`.
    #[schema(required = true)]
    pub update_by: Option<FormOperation>,
    /// The operation that sends a record in, if there is one and the caller may. It takes an `Idempotency-Key`.
    #[schema(required = true)]
    pub submit_by: Option<FormOperation>,
    /// The reasons that the program's policy offers the caller, for each operation that takes one from the caller.
    #[schema(max_items = 20)]
    pub reasons: Vec<FormReasons>,
    /// The stages of a sale that goes on, in the program's order; none for other records than deals. `won` and `closed_lost` are
    /// its ends.
    #[schema(max_items = 20)]
    pub stages: Vec<FormStage>,
}
