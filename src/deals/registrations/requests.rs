//! What callers send: new registrations, changes of them, and the filters of their list.

use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::model::SlaState;
use super::states::{DealSource, DealStage, DealType, DealVisibility, ProtectionState, ReviewStatus};
use crate::{
    custom_fields::{CustomFields, CustomFieldsPatch, CustomTerm},
    kernel::{
        Date, Money, Patch, Time,
        country::Country,
        ids::{AccountId, PartnerId, ProductId, TerritoryId, UserId},
    },
    ordered,
    references::ExternalRef,
    words,
};

/// A registration to be made. It becomes a draft, and a draft may be incomplete: `missing` in the answer says what is
/// lacking before it can be submitted.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewDeal {
    /// The partner it is for. Callers of a partner may leave it out: it is theirs; a distributor may name a reseller of
    /// its own, and the vendor, on a partner's behalf, must name one.
    #[schema(example = json!(null))]
    pub partner_id: Option<PartnerId>,
    /// What it is about, in a line.
    #[schema(example = "Acme: firewalls for 40 branches", min_length = 1, max_length = 255)]
    pub title: String,
    /// The customer's need.
    #[schema(
        example = "Acme replaces the firewalls of its branches before their support ends.",
        min_length = 1,
        max_length = 4000
    )]
    pub description: Option<String>,
    /// What kind of business it is; `net_new` if left out.
    #[schema(nullable = false)]
    pub deal_type: Option<DealType>,
    /// Where it came from; `partner_sourced` if left out.
    #[schema(nullable = false)]
    pub source: Option<DealSource>,
    /// The customer, as you know it. The program finds the account.
    pub customer: Option<NewDealCustomer>,
    /// The territory in which the customer buys: its code, or its id.
    #[schema(
        example = "DE",
        min_length = 1,
        max_length = 64,
        pattern = "^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$"
    )]
    pub territory: Option<String>,
    /// The products.
    #[serde(default)]
    #[schema(max_items = 100)]
    pub lines: Vec<NewDealLine>,
    /// What the deal is expected to bring.
    pub amount: Option<Money>,
    /// When the customer is expected to buy.
    pub expected_close_on: Option<Date>,
    /// What happens next.
    #[schema(
        example = "Workshop with the network team in the second week of December.",
        min_length = 1,
        max_length = 255
    )]
    pub next_step: Option<String>,
    /// Who else the customer looks at.
    #[schema(example = "Northwall", min_length = 1, max_length = 255)]
    pub competitor: Option<String>,
    /// What the partner wants of the vendor.
    #[serde(default)]
    #[schema(max_items = 20, example = json!(["technical_consultation"]))]
    pub co_sell_needs: Vec<String>,
    /// Which of the vendor's people may work with it; `full` if left out.
    #[schema(nullable = false)]
    pub visibility: Option<DealVisibility>,
    /// Whether the customer agreed that the partner names it.
    #[serde(default)]
    #[schema(example = true)]
    pub customer_consent: bool,
    /// People at the customer.
    #[serde(default)]
    #[schema(max_items = 50)]
    pub contacts: Vec<NewDealContact>,
    /// Places of the customer.
    #[serde(default)]
    #[schema(max_items = 100)]
    pub sites: Vec<NewDealSite>,
    /// Custom fields.
    #[serde(default)]
    pub custom: CustomFields,
    /// What other systems call it.
    #[serde(default)]
    #[schema(max_items = 20, example = json!([]))]
    pub external_refs: Vec<ExternalRef>,
}

/// A customer as the partner knows it. One strong mark is needed to submit: website or mail address of its own domain,
/// registration number, or the address.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewDealCustomer {
    /// The customer's name.
    #[schema(example = "Acme GmbH", min_length = 1, max_length = 200)]
    pub name: String,
    /// Its website.
    #[schema(example = "https://www.acme.example", min_length = 1, max_length = 255)]
    pub website: Option<String>,
    /// Its number in a register of companies.
    #[schema(example = "HRB 123456", min_length = 1, max_length = 64)]
    pub registration_number: Option<String>,
    /// The register.
    #[schema(example = "Amtsgericht Stuttgart", min_length = 1, max_length = 120)]
    pub registration_authority: Option<String>,
    /// Its telephone number.
    #[schema(example = "+49 711 5550100", min_length = 1, max_length = 40)]
    pub phone: Option<String>,
    /// A mail address of the customer.
    #[schema(example = "einkauf@acme.example", max_length = 254, pattern = "^[^@ ]+@[^@ ]+$")]
    pub email: Option<String>,
    /// Street and number.
    #[schema(example = "Hauptstraße 5", min_length = 1, max_length = 200)]
    pub street: Option<String>,
    /// The city.
    #[schema(example = "Stuttgart", min_length = 1, max_length = 120)]
    pub city: Option<String>,
    /// The state or province.
    #[schema(example = "Baden-Württemberg", min_length = 1, max_length = 120)]
    pub region: Option<String>,
    /// The postal code.
    #[schema(example = "70173", min_length = 1, max_length = 20)]
    pub postal_code: Option<String>,
    /// The country.
    pub country: Option<Country>,
}

/// A product of a deal to be registered.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewDealLine {
    /// The product or product line: its code, an alias of it, or its id.
    #[schema(example = "EDGE-FW", min_length = 1, max_length = 100)]
    pub product: String,
    /// How many; 1 if left out.
    #[schema(example = 40, minimum = 1, maximum = 10_000_000, nullable = false)]
    pub quantity: Option<i64>,
    /// What one costs.
    pub unit_price: Option<Money>,
}

/// A person at the customer.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewDealContact {
    /// The name.
    #[schema(example = "Petra Weiss", min_length = 1, max_length = 200)]
    pub name: String,
    /// The mail address.
    #[schema(example = "petra.weiss@acme.example", max_length = 254, pattern = "^[^@ ]+@[^@ ]+$")]
    pub email: Option<String>,
    /// The telephone number.
    #[schema(example = "+49 711 5550123", min_length = 1, max_length = 40)]
    pub phone: Option<String>,
    /// The title at work.
    #[schema(example = "Head of Networks", min_length = 1, max_length = 120)]
    pub title: Option<String>,
    /// The part played in buying.
    #[schema(example = "decision maker", min_length = 1, max_length = 120)]
    pub role: Option<String>,
}

/// A place of the customer.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewDealSite {
    /// What it is called.
    #[schema(example = "Plant Esslingen", min_length = 1, max_length = 200)]
    pub name: Option<String>,
    /// Street and number.
    #[schema(example = "Werkstraße 1", min_length = 1, max_length = 200)]
    pub street: Option<String>,
    /// The city.
    #[schema(example = "Esslingen", min_length = 1, max_length = 120)]
    pub city: Option<String>,
    /// The state or province.
    #[schema(example = "Baden-Württemberg", min_length = 1, max_length = 120)]
    pub region: Option<String>,
    /// The postal code.
    #[schema(example = "73728", min_length = 1, max_length = 20)]
    pub postal_code: Option<String>,
    /// The country.
    pub country: Option<Country>,
}

/// Changes of a registration. What is left out stays; lists are replaced as a whole. Which fields are open depends on
/// where the review stands: a draft is open, what was sent in is not, while questions are open the fields that answer
/// them are, and after approval those that are not part of the granted scope.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DealPatch {
    /// A new title.
    #[schema(
        example = "Acme: firewalls for 42 branches",
        min_length = 1,
        max_length = 255,
        nullable = false
    )]
    pub title: Option<String>,
    /// The customer's need.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "Acme replaces the firewalls of its branches.", min_length = 1, max_length = 4000)]
    pub description: Patch<String>,
    /// What kind of business it is.
    #[schema(nullable = false)]
    pub deal_type: Option<DealType>,
    /// Where it came from.
    #[schema(nullable = false)]
    pub source: Option<DealSource>,
    /// Changes of the customer; null takes it out.
    #[serde(default)]
    #[schema(value_type = Option<DealCustomerPatch>)]
    pub customer: Patch<DealCustomerPatch>,
    /// The territory: its code, or its id.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "DE", min_length = 1, max_length = 64, pattern = "^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")]
    pub territory: Patch<String>,
    /// The products, all of them.
    #[schema(max_items = 100, nullable = false)]
    pub lines: Option<Vec<NewDealLine>>,
    /// What the deal is expected to bring.
    #[serde(default)]
    #[schema(value_type = Option<Money>)]
    pub amount: Patch<Money>,
    /// When the customer is expected to buy.
    #[serde(default)]
    #[schema(value_type = Option<Date>)]
    pub expected_close_on: Patch<Date>,
    /// What happens next.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "Offer by Friday.", min_length = 1, max_length = 255)]
    pub next_step: Patch<String>,
    /// Who else the customer looks at.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "Northwall", min_length = 1, max_length = 255)]
    pub competitor: Patch<String>,
    /// What the partner wants of the vendor, all of it.
    #[schema(max_items = 20, example = json!(["technical_consultation"]), nullable = false)]
    pub co_sell_needs: Option<Vec<String>>,
    /// Which of the vendor's people may work with it.
    #[schema(nullable = false)]
    pub visibility: Option<DealVisibility>,
    /// Whether the customer agreed that the partner names it.
    #[schema(example = true, nullable = false)]
    pub customer_consent: Option<bool>,
    /// People at the customer, all of them.
    #[schema(max_items = 50, nullable = false)]
    pub contacts: Option<Vec<NewDealContact>>,
    /// Places of the customer, all of them.
    #[schema(max_items = 100, nullable = false)]
    pub sites: Option<Vec<NewDealSite>>,
    /// Custom fields: null empties one.
    #[schema(nullable = false)]
    pub custom: Option<CustomFieldsPatch>,
    /// What other systems call it, all of them.
    #[schema(max_items = 20, example = json!([]), nullable = false)]
    pub external_refs: Option<Vec<ExternalRef>>,
}

/// Changes of the customer of a registration. What is left out stays.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DealCustomerPatch {
    /// The customer's name.
    #[schema(example = "Acme GmbH", min_length = 1, max_length = 200, nullable = false)]
    pub name: Option<String>,
    /// Its website.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "https://www.acme.example", min_length = 1, max_length = 255)]
    pub website: Patch<String>,
    /// Its number in a register of companies.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "HRB 123456", min_length = 1, max_length = 64)]
    pub registration_number: Patch<String>,
    /// The register.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "Amtsgericht Stuttgart", min_length = 1, max_length = 120)]
    pub registration_authority: Patch<String>,
    /// Its telephone number.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "+49 711 5550100", min_length = 1, max_length = 40)]
    pub phone: Patch<String>,
    /// A mail address of the customer.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "einkauf@acme.example", max_length = 254, pattern = "^[^@ ]+@[^@ ]+$")]
    pub email: Patch<String>,
    /// Street and number.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "Hauptstraße 5", min_length = 1, max_length = 200)]
    pub street: Patch<String>,
    /// The city.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "Stuttgart", min_length = 1, max_length = 120)]
    pub city: Patch<String>,
    /// The state or province.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "Baden-Württemberg", min_length = 1, max_length = 120)]
    pub region: Patch<String>,
    /// The postal code.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "70173", min_length = 1, max_length = 20)]
    pub postal_code: Patch<String>,
    /// The country.
    #[serde(default)]
    #[schema(value_type = Option<Country>)]
    pub country: Patch<Country>,
}

words! {
    /// The order of registrations. Orders by a date that not every registration has leave out those that lack it.
    pub DealSort {
        /// Oldest first.
        Created = "created_at",
        /// Newest first.
        CreatedDescending = "-created_at",
        /// Least recently changed first.
        Updated = "updated_at",
        /// Most recently changed first.
        UpdatedDescending = "-updated_at",
        /// First received first: the queue.
        Received = "received_at",
        /// Last received first.
        ReceivedDescending = "-received_at",
        /// Soonest expected close first.
        ExpectedClose = "expected_close_on",
        /// Latest expected close first.
        ExpectedCloseDescending = "-expected_close_on",
        /// Soonest due review first.
        ReviewDue = "review_due_at",
    }
}

ordered!(DealSort of "deals" {
    Created | CreatedDescending => "created_at",
    Updated | UpdatedDescending => "updated_at",
    Received | ReceivedDescending => "received_at",
    ExpectedClose | ExpectedCloseDescending => "expected_close_on",
    ReviewDue => "review_due_at",
});

impl DealSort {
    /// The condition that the key is there, for keys that may be absent.
    pub const fn present(self) -> Option<&'static str> {
        match self {
            Self::Received | Self::ReceivedDescending => Some("deals.received_at IS NOT NULL"),
            Self::ExpectedClose | Self::ExpectedCloseDescending => Some("deals.expected_close_on IS NOT NULL"),
            Self::ReviewDue => Some("deals.review_due_at IS NOT NULL"),
            Self::Created | Self::CreatedDescending | Self::Updated | Self::UpdatedDescending => None,
        }
    }
}

/// What a list of registrations is filtered by.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct DealFilter {
    /// Only registrations whose review stands there now.
    #[param(style = Form, explode = false, nullable = false)]
    pub status: Option<Vec<ReviewStatus>>,
    /// Only registrations whose sale stands there.
    #[param(style = Form, explode = false, nullable = false)]
    pub stage: Option<Vec<DealStage>>,
    /// Only registrations with that state of the promise to decide in time.
    #[param(style = Form, explode = false, nullable = false)]
    pub review_sla: Option<Vec<SlaState>>,
    /// Only registrations that are protected so now.
    #[param(style = Form, explode = false, nullable = false)]
    pub protection: Option<Vec<ProtectionState>>,
    /// Only registrations of these partners.
    #[param(style = Form, explode = false, nullable = false)]
    pub partner_id: Option<Vec<PartnerId>>,
    /// Only registrations for that customer account.
    #[param(nullable = false)]
    pub customer_account_id: Option<AccountId>,
    /// Only registrations in that territory or one within it.
    #[param(nullable = false)]
    pub territory_id: Option<TerritoryId>,
    /// Only registrations of that product or one below it.
    #[param(nullable = false)]
    pub product_id: Option<ProductId>,
    /// Only registrations of these kinds of business.
    #[param(style = Form, explode = false, nullable = false)]
    pub deal_type: Option<Vec<DealType>>,
    /// Only registrations that this person of the vendor works on; for the vendor alone.
    #[param(nullable = false)]
    pub assignee_id: Option<UserId>,
    /// Only imported history, or only what is none.
    #[param(nullable = false)]
    pub legacy: Option<bool>,
    /// Only registrations received at or after that moment.
    #[param(nullable = false)]
    pub received_since: Option<Time>,
    /// Only registrations received before that moment.
    #[param(nullable = false)]
    pub received_before: Option<Time>,
    /// Only registrations changed at or after that moment.
    #[param(nullable = false)]
    pub updated_since: Option<Time>,
    /// Only registrations worth at least so many whole units of their own currency.
    #[param(minimum = 0, maximum = 1_000_000_000_000_i64, example = 10000, nullable = false)]
    pub amount_min: Option<i64>,
    /// Only registrations worth at most so many whole units of their own currency.
    #[param(minimum = 0, maximum = 1_000_000_000_000_i64, example = 500_000, nullable = false)]
    pub amount_max: Option<i64>,
    /// Only registrations in that currency.
    #[param(nullable = false)]
    pub currency: Option<crate::kernel::Currency>,
    /// Only registrations whose custom fields hold these values, each as `name:value`; several values of one field are
    /// alternatives. The first 120 characters count, and a value with a comma cannot be asked for. A field that you do not
    /// see, or that there is none of, holds nothing.
    #[param(style = Form, explode = false, nullable = false)]
    pub custom: Option<Vec<CustomTerm>>,
    /// Only registrations whose title or customer name begins with this text, in any case, or whose number it is.
    #[param(min_length = 1, max_length = 100, example = "acme", nullable = false)]
    pub q: Option<String>,
    /// The order; newest first if left out.
    #[param(nullable = false)]
    pub sort: Option<DealSort>,
}
