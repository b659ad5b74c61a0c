//! The shapes of partners.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    bindable,
    custom_fields::{CustomFields, CustomFieldsPatch, CustomTerm},
    kernel::{
        Address, AddressPatch, Currency, Patch, Time, TimeZone,
        country::Country,
        ids::{PartnerId, TerritoryId, UserId},
    },
    ordered,
    references::ExternalRef,
    resource, words,
};

words! {
    /// Where a partner stands between the first contact and its end.
    pub PartnerStatus {
        /// The vendor has it in mind.
        Prospect = "prospect",
        /// Asked to apply; the invitation can still be taken up.
        Invited = "invited",
        /// It applied; nobody has looked yet.
        Applied = "applied",
        /// The vendor examines the application.
        InReview = "in_review",
        /// The vendor waits for answers of the applicant; the review's clock stands still.
        InfoRequested = "info_requested",
        /// Accepted; it prepares.
        Onboarding = "onboarding",
        /// It sells.
        Active = "active",
        /// It may register nothing new for now.
        Suspended = "suspended",
        /// Notice was given; work that exists goes on until the end.
        Offboarding = "offboarding",
        /// It was a partner.
        Terminated = "terminated",
        /// The application was turned down.
        Rejected = "rejected",
        /// The application, or the plan to win the firm, was given up.
        Withdrawn = "withdrawn",
        /// The invitation was not taken up in time.
        InviteExpired = "invite_expired",
        /// It became part of another partner.
        Merged = "merged",
    }

    /// What kind of business a partner does with the vendor's products.
    pub PartnerType {
        /// Buys and sells on.
        Reseller = "reseller",
        /// Sells to resellers.
        Distributor = "distributor",
        /// Points out customers.
        Referral = "referral",
        /// Runs the product for customers: managed services.
        Msp = "msp",
        /// Builds it into customers' systems: system integrator.
        Si = "si",
        /// Builds products of its own on it: independent software vendor.
        Isv = "isv",
        /// Sells in the vendor's name.
        Agent = "agent",
    }

    /// What a suspension does to the protections that a partner holds.
    pub SuspensionProtection {
        /// They stay in force.
        Keep = "keep",
        /// They do not count while the partner is suspended.
        Pause = "pause",
    }

    /// The order of partners.
    pub PartnerSort {
        /// By legal name.
        Name = "name",
        /// By legal name, backwards.
        NameDescending = "-name",
        /// Oldest first.
        Created = "created_at",
        /// Newest first.
        CreatedDescending = "-created_at",
        /// Least recently changed first.
        Updated = "updated_at",
        /// Most recently changed first.
        UpdatedDescending = "-updated_at",
    }
}

bindable!(PartnerStatus, PartnerType);

ordered!(PartnerSort of "partners" {
    Name | NameDescending => "name_key",
    Created | CreatedDescending => "created_at",
    Updated | UpdatedDescending => "updated_at",
});

/// A number under which a tax office knows a firm.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TaxId {
    /// What kind of number it is, by the vendor's own names.
    #[schema(
        example = "eu_vat",
        min_length = 1,
        max_length = 32,
        pattern = "^[a-z][a-z0-9_]{0,31}$"
    )]
    pub kind: String,
    /// The number.
    #[schema(example = "DE123456789", min_length = 1, max_length = 40)]
    pub number: String,
}

/// A partner organisation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Partner {
    /// Its id.
    pub id: PartnerId,
    /// The number that people call it by.
    #[schema(example = "PA-2026-000123", max_length = 32)]
    pub number: String,
    /// Its name as it is registered.
    #[schema(example = "Nordwind Systemhaus GmbH", min_length = 1, max_length = 200)]
    pub legal_name: String,
    /// Names that it trades under.
    #[schema(example = json!(["Nordwind IT"]), max_items = 20)]
    pub trading_names: Vec<String>,
    /// What kind of business it does.
    #[schema(max_items = 7)]
    pub types: Vec<PartnerType>,
    /// Where it stands.
    pub status: PartnerStatus,
    /// Since when it stands there.
    pub status_since: Time,
    /// Why it stands there, as a code of the vendor.
    #[schema(required = true, example = "payment_overdue", max_length = 64)]
    pub status_reason_code: Option<String>,
    /// Why it stands there, in the words of whoever decided. For the vendor: partners read null.
    #[schema(required = true, example = "Two invoices are open since March.", max_length = 2000)]
    pub status_reason_text: Option<String>,
    /// What its suspension does to its protections; null unless it is suspended.
    #[schema(required = true)]
    pub suspension_protection: Option<SuspensionProtection>,
    /// When the partnership ends, if notice was given.
    #[schema(required = true)]
    pub effective_end_at: Option<Time>,
    /// The partner it became part of.
    #[schema(required = true)]
    pub merged_into_id: Option<PartnerId>,
    /// Its number in a register.
    #[schema(required = true)]
    pub registration: Option<Registration>,
    /// The numbers under which tax offices know it.
    #[schema(max_items = 20)]
    pub tax_ids: Vec<TaxId>,
    /// Its website.
    #[schema(required = true, example = "https://www.nordwind.example", max_length = 255)]
    pub website: Option<String>,
    /// Its telephone number in the international form (E.164).
    #[schema(required = true, example = "+493012345678", max_length = 40)]
    pub phone: Option<String>,
    /// Where its head office is.
    #[schema(required = true)]
    pub hq_address: Option<Address>,
    /// The partner that owns it.
    #[schema(required = true)]
    pub parent_id: Option<PartnerId>,
    /// The territories that it works in.
    #[schema(max_items = 300)]
    pub territory_ids: Vec<TerritoryId>,
    /// The currency that it does business in, unless said otherwise.
    pub default_currency: Currency,
    /// The time zone that its day is told in.
    pub time_zone: TimeZone,
    /// The vendor's user who looks after it now; null if nobody does.
    #[schema(required = true)]
    pub account_manager_id: Option<UserId>,
    /// The vendor's labels on it. For the vendor: partners read null.
    #[schema(required = true, example = json!(["strategic"]), max_items = 50)]
    pub tags: Option<Vec<String>>,
    /// Custom fields; partners see those that are open to them.
    pub custom: CustomFields,
    /// What it is called in other systems. For the vendor: partners read null.
    #[schema(required = true, max_items = 50)]
    pub external_refs: Option<Vec<ExternalRef>>,
    /// Whether it came with the vendor's history, without passing through review here.
    pub legacy: bool,
    /// How often it was changed.
    #[schema(example = 4, minimum = 1)]
    pub revision: i64,
    /// When it was first recorded.
    pub created_at: Time,
    /// When it was last changed.
    pub updated_at: Time,
}

resource!(
    Partner,
    "partner",
    "/v1/partners",
    expandable,
    told = |record| vec![record.id]
);

/// A firm that the vendor wants as a partner.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPartner {
    /// Its name as it is registered.
    #[schema(example = "Nordwind Systemhaus GmbH", min_length = 1, max_length = 200)]
    pub legal_name: String,
    /// Names that it trades under.
    #[serde(default)]
    #[schema(example = json!(["Nordwind IT"]), max_items = 20)]
    pub trading_names: Vec<String>,
    /// What kind of business it does.
    #[serde(default)]
    #[schema(max_items = 7)]
    pub types: Vec<PartnerType>,
    /// Its number in a register.
    pub registration: Option<Registration>,
    /// The numbers under which tax offices know it.
    #[serde(default)]
    #[schema(max_items = 20)]
    pub tax_ids: Vec<TaxId>,
    /// Its website.
    #[schema(example = "https://www.nordwind.example", min_length = 4, max_length = 255)]
    pub website: Option<String>,
    /// Its telephone number in the international form (E.164).
    #[schema(example = "+493012345678", max_length = 16, pattern = "^[+][1-9][0-9]{6,14}$")]
    pub phone: Option<String>,
    /// Where its head office is.
    pub hq_address: Option<Address>,
    /// The partner that owns it.
    pub parent_id: Option<PartnerId>,
    /// The territories that it works in.
    #[serde(default)]
    #[schema(max_items = 300)]
    pub territory_ids: Vec<TerritoryId>,
    /// The currency that it does business in, unless said otherwise.
    pub default_currency: Currency,
    /// The time zone that its day is told in.
    pub time_zone: TimeZone,
    /// The vendor's labels on it.
    #[serde(default)]
    #[schema(example = json!(["strategic"]), max_items = 50)]
    pub tags: Vec<String>,
    /// Custom fields.
    #[serde(default)]
    pub custom: CustomFields,
    /// What it is called in other systems.
    #[serde(default)]
    #[schema(max_items = 50)]
    pub external_refs: Vec<ExternalRef>,
}

/// A firm's entry in a register. It names one live partner.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Registration {
    /// The number, as the register writes it; blanks and punctuation do not count when two are compared.
    #[schema(example = "HRB 98765", min_length = 2, max_length = 64, pattern = "[0-9A-Za-z]")]
    pub number: String,
    /// The register: country and list as in org-id.guide, or an international one such as `DUNS`.
    #[schema(
        example = "DE-HRB",
        min_length = 2,
        max_length = 32,
        pattern = "^[A-Z0-9][A-Z0-9-]{1,31}$"
    )]
    pub authority: String,
}

/// Changes of a partner's profile. What is left out stays, null clears. Its status changes by actions alone.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PartnerPatch {
    /// Its name as it is registered.
    #[schema(
        example = "Nordwind Systemhaus GmbH",
        min_length = 1,
        max_length = 200,
        nullable = false
    )]
    pub legal_name: Option<String>,
    /// Names that it trades under.
    #[schema(example = json!(["Nordwind IT"]), max_items = 20, nullable = false)]
    pub trading_names: Option<Vec<String>>,
    /// What kind of business it does.
    #[schema(max_items = 7, nullable = false)]
    pub types: Option<Vec<PartnerType>>,
    /// Its number in a register.
    #[serde(default)]
    #[schema(value_type = Option<Registration>)]
    pub registration: Patch<Registration>,
    /// The numbers under which tax offices know it.
    #[schema(max_items = 20, nullable = false)]
    pub tax_ids: Option<Vec<TaxId>>,
    /// Its website.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "https://www.nordwind.example", min_length = 4, max_length = 255)]
    pub website: Patch<String>,
    /// Its telephone number in the international form (E.164).
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "+493012345678", max_length = 16, pattern = "^[+][1-9][0-9]{6,14}$")]
    pub phone: Patch<String>,
    /// Where its head office is.
    #[serde(default)]
    #[schema(value_type = Option<AddressPatch>)]
    pub hq_address: Patch<AddressPatch>,
    /// The partner that owns it.
    #[serde(default)]
    #[schema(value_type = Option<PartnerId>)]
    pub parent_id: Patch<PartnerId>,
    /// The territories that it works in.
    #[schema(max_items = 300, nullable = false)]
    pub territory_ids: Option<Vec<TerritoryId>>,
    /// The currency that it does business in, unless said otherwise.
    #[schema(nullable = false)]
    pub default_currency: Option<Currency>,
    /// The time zone that its day is told in.
    #[schema(nullable = false)]
    pub time_zone: Option<TimeZone>,
    /// The vendor's labels on it.
    #[schema(example = json!(["strategic"]), max_items = 50, nullable = false)]
    pub tags: Option<Vec<String>>,
    /// Custom fields.
    #[schema(nullable = false)]
    pub custom: Option<CustomFieldsPatch>,
    /// What it is called in other systems.
    #[schema(max_items = 50, nullable = false)]
    pub external_refs: Option<Vec<ExternalRef>>,
}

impl PartnerPatch {
    /// What it can change, by the names that the partner has it under.
    pub const FIELDS: &'static [&'static str] = &[
        "legal_name",
        "trading_names",
        "types",
        "registration",
        "tax_ids",
        "website",
        "phone",
        "hq_address",
        "parent_id",
        "territory_ids",
        "default_currency",
        "time_zone",
        "tags",
        "custom",
        "external_refs",
    ];
}

/// What a list of partners is filtered by.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PartnerFilter {
    /// Only partners that stand there.
    #[param(style = Form, explode = false, nullable = false)]
    pub status: Option<Vec<PartnerStatus>>,
    /// Only partners of one of these types.
    #[param(style = Form, explode = false, nullable = false)]
    pub r#type: Option<Vec<PartnerType>>,
    /// Only partners that work in this territory or one within it.
    #[param(nullable = false)]
    pub territory_id: Option<TerritoryId>,
    /// Only partners whose head office is in one of these countries.
    #[param(style = Form, explode = false, nullable = false)]
    pub country: Option<Vec<Country>>,
    /// Only partners that this one owns.
    #[param(nullable = false)]
    pub parent_id: Option<PartnerId>,
    /// Only partners that this user looks after now.
    #[param(nullable = false)]
    pub account_manager_id: Option<UserId>,
    /// Only partners with one of these tags, in any spelling.
    #[param(style = Form, explode = false, nullable = false)]
    pub tag: Option<Vec<String>>,
    /// Only partners that hold one of these specialisations now, by code.
    #[param(style = Form, explode = false, nullable = false, example = json!(["EDGE-EXPERT"]))]
    pub specialisation: Option<Vec<String>>,
    /// Only the partner with this verified domain.
    #[param(min_length = 3, max_length = 253, example = "nordwind.example", nullable = false)]
    pub domain: Option<String>,
    /// Together with `external_id`: the other system.
    #[param(min_length = 1, max_length = 64, example = "salesforce", nullable = false)]
    pub external_system: Option<String>,
    /// Together with `external_system`: the partner's id there.
    #[param(min_length = 1, max_length = 255, example = "0018d00000abcdeAAB", nullable = false)]
    pub external_id: Option<String>,
    /// Only partners changed at or after this moment.
    #[param(nullable = false)]
    pub updated_since: Option<Time>,
    /// Only partners whose custom fields hold these values, each as `name:value`; several values of one field are
    /// alternatives. The first 120 characters count, and a value with a comma cannot be asked for. A field that you do not
    /// see, or that there is none of, holds nothing.
    #[param(style = Form, explode = false, nullable = false)]
    pub custom: Option<Vec<CustomTerm>>,
    /// Only partners whose legal name begins with this text, in any case.
    #[param(min_length = 1, max_length = 100, example = "nord", nullable = false)]
    pub q: Option<String>,
    /// The order.
    #[param(nullable = false)]
    pub sort: Option<PartnerSort>,
}

/// A partner of the vendor's history, as an import or the demo data bring it.
#[derive(Debug, Clone)]
pub struct ImportedPartner {
    /// Its id.
    pub id: PartnerId,
    /// The status it has: `active` unless history says otherwise.
    pub status: PartnerStatus,
    /// When the partnership began, which is also where its status and its account manager's time begin.
    pub since: Time,
    /// The vendor's user who looked after it from then on; required for `active` and `suspended`.
    pub account_manager: Option<UserId>,
    /// Whether it is history whose guards about time were skipped.
    pub legacy: bool,
    /// The profile.
    pub profile: NewPartner,
}
