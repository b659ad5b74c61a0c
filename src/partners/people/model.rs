//! The shapes of people and their employments.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    bindable,
    kernel::{
        Date, Patch, Time,
        ids::{EmploymentId, PartnerId, PersonId},
    },
    ordered,
    references::ExternalRef,
    resource, words,
};

words! {
    /// Whether a person's data is there.
    pub PersonStatus {
        /// It is.
        Active = "active",
        /// It was erased on request; what the person did stays, under a pseudonym.
        Erased = "erased",
    }

    /// The part that a person has at a partner.
    pub ContactRole {
        /// The first to be addressed.
        Primary = "primary",
        /// Sells.
        Sales = "sales",
        /// Does marketing.
        Marketing = "marketing",
        /// Knows the technology.
        Technical = "technical",
        /// Pays and is paid.
        Finance = "finance",
        /// May sign for the partner.
        Signer = "signer",
    }

    /// A way to reach a person.
    pub ContactChannel {
        /// By e-mail.
        Email = "email",
        /// By telephone.
        Phone = "phone",
        /// By letter.
        Post = "post",
    }

    /// The order of people.
    pub PersonSort {
        /// By name.
        Name = "name",
        /// By name, backwards.
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

bindable!(PersonStatus, ContactRole);

ordered!(PersonSort of "people" {
    Name | NameDescending => "name_key",
    Created | CreatedDescending => "created_at",
    Updated | UpdatedDescending => "updated_at",
});

/// Whether a person wants to hear of a topic in one way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ContactPreference {
    /// The topic, by the vendor's own names.
    #[schema(
        example = "product_news",
        min_length = 1,
        max_length = 64,
        pattern = "^[a-z][a-z0-9_]{0,63}$"
    )]
    pub topic: String,
    /// The way.
    pub channel: ContactChannel,
    /// Whether it is wanted.
    pub wanted: bool,
}

/// A consent that a person gave.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Consent {
    /// What for, by the vendor's own names.
    #[schema(
        example = "marketing_email",
        min_length = 1,
        max_length = 64,
        pattern = "^[a-z][a-z0-9_]{0,63}$"
    )]
    pub purpose: String,
    /// The words that were agreed to.
    #[schema(
        example = "I agree to receive product news by e-mail.",
        min_length = 1,
        max_length = 2000
    )]
    pub wording: String,
    /// When it was given.
    pub given_at: Time,
    /// When it was withdrawn; null while it holds.
    pub withdrawn_at: Option<Time>,
}

/// A person's time at one partner.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Employment {
    /// Its id.
    pub id: EmploymentId,
    /// The person.
    pub person_id: PersonId,
    /// The partner.
    pub partner_id: PartnerId,
    /// The position.
    #[schema(required = true, example = "Managing director", max_length = 120)]
    pub title: Option<String>,
    /// The department.
    #[schema(required = true, example = "Sales", max_length = 120)]
    pub department: Option<String>,
    /// The parts that the person has there.
    #[schema(max_items = 6)]
    pub roles: Vec<ContactRole>,
    /// The first day.
    pub starts_on: Date,
    /// The first day on which the person no longer works there; null if no end is known.
    #[schema(required = true)]
    pub ends_on: Option<Date>,
    /// How often it was changed.
    #[schema(example = 1, minimum = 1)]
    pub revision: i64,
    /// When it was recorded.
    pub created_at: Time,
    /// When it was last changed.
    pub updated_at: Time,
}

resource!(
    Employment,
    "employment",
    "/v1/employments",
    told = |record| vec![record.partner_id]
);

/// A person at partners.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Person {
    /// Its id.
    pub id: PersonId,
    /// The name.
    #[schema(example = "Anna Berg", min_length = 1, max_length = 200)]
    pub name: String,
    /// The address. Null for partners once the person has left them.
    #[schema(required = true, example = "anna.berg@nordwind.example", max_length = 254)]
    pub email: Option<String>,
    /// When the address was verified.
    #[schema(required = true)]
    pub email_verified_at: Option<Time>,
    /// The telephone number in the international form (E.164). Null for partners once the person has left them.
    #[schema(required = true, example = "+493012345678", max_length = 40)]
    pub phone: Option<String>,
    /// The language to address the person in, BCP 47.
    #[schema(required = true, example = "de", max_length = 35)]
    pub locale: Option<String>,
    /// Whether the person's data is there.
    pub status: PersonStatus,
    /// What the person wants to hear of, and how.
    #[schema(max_items = 100)]
    pub preferences: Vec<ContactPreference>,
    /// The consents that the person gave.
    #[schema(max_items = 100)]
    pub consents: Vec<Consent>,
    /// The times at partners that the caller may see, the latest first.
    #[schema(max_items = 100)]
    pub employments: Vec<Employment>,
    /// When the person's data was erased.
    #[schema(required = true)]
    pub erased_at: Option<Time>,
    /// What the person is called in other systems. For the vendor: partners read null.
    #[schema(required = true, max_items = 50)]
    pub external_refs: Option<Vec<ExternalRef>>,
    /// How often it was changed.
    #[schema(example = 1, minimum = 1)]
    pub revision: i64,
    /// When it was recorded.
    pub created_at: Time,
    /// When it was last changed.
    pub updated_at: Time,
}

resource!(Person, "person", "/v1/people");

/// A person's time at a partner, to be recorded.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewEmployment {
    /// The partner.
    pub partner_id: PartnerId,
    /// The position.
    #[schema(example = "Managing director", min_length = 1, max_length = 120)]
    pub title: Option<String>,
    /// The department.
    #[schema(example = "Sales", min_length = 1, max_length = 120)]
    pub department: Option<String>,
    /// The parts that the person has there.
    #[serde(default)]
    #[schema(max_items = 6)]
    pub roles: Vec<ContactRole>,
    /// The first day; today if left out.
    pub starts_on: Option<Date>,
}

/// A person to be recorded.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPerson {
    /// The name.
    #[schema(example = "Anna Berg", min_length = 1, max_length = 200)]
    pub name: String,
    /// The address.
    #[schema(
        example = "anna.berg@nordwind.example",
        min_length = 6,
        max_length = 254,
        pattern = "^[A-Za-z0-9._%+'-]{1,64}@([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?[.])+[A-Za-z][A-Za-z0-9-]{0,61}[A-Za-z0-9]$"
    )]
    pub email: Option<String>,
    /// The telephone number in the international form (E.164).
    #[schema(example = "+493012345678", max_length = 16, pattern = "^[+][1-9][0-9]{6,14}$")]
    pub phone: Option<String>,
    /// The language to address the person in, BCP 47.
    #[schema(
        example = "de",
        min_length = 2,
        max_length = 35,
        pattern = "^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$"
    )]
    pub locale: Option<String>,
    /// What the person wants to hear of, and how.
    #[serde(default)]
    #[schema(max_items = 100)]
    pub preferences: Vec<ContactPreference>,
    /// The consents that the person gave.
    #[serde(default)]
    #[schema(max_items = 100)]
    pub consents: Vec<Consent>,
    /// Where the person works. A partner's administrator may leave it out: it is their own partner.
    pub employment: Option<NewEmployment>,
}

/// Changes of a person. What is left out stays, null clears.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PersonPatch {
    /// The name.
    #[schema(example = "Anna Berg", min_length = 1, max_length = 200, nullable = false)]
    pub name: Option<String>,
    /// The address. A new one is not verified.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "anna.berg@nordwind.example", min_length = 6, max_length = 254, pattern = "^[A-Za-z0-9._%+'-]{1,64}@([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?[.])+[A-Za-z][A-Za-z0-9-]{0,61}[A-Za-z0-9]$")]
    pub email: Patch<String>,
    /// The telephone number in the international form (E.164).
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "+493012345678", max_length = 16, pattern = "^[+][1-9][0-9]{6,14}$")]
    pub phone: Patch<String>,
    /// The language to address the person in, BCP 47.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "de", min_length = 2, max_length = 35, pattern = "^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$")]
    pub locale: Patch<String>,
    /// What the person wants to hear of, and how.
    #[schema(max_items = 100, nullable = false)]
    pub preferences: Option<Vec<ContactPreference>>,
    /// The consents that the person gave.
    #[schema(max_items = 100, nullable = false)]
    pub consents: Option<Vec<Consent>>,
}

impl PersonPatch {
    /// What it can change, by the names that the person has it under.
    pub const FIELDS: &'static [&'static str] = &["name", "email", "phone", "locale", "preferences", "consents"];
}

/// What another system says of a person. What is left out stays, null clears. A new person needs a `name`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PersonUpsert {
    /// The name.
    #[schema(example = "Anna Berg", min_length = 1, max_length = 200, nullable = false)]
    pub name: Option<String>,
    /// The address. A new one is not verified.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "anna.berg@nordwind.example", min_length = 6, max_length = 254, pattern = "^[A-Za-z0-9._%+'-]{1,64}@([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?[.])+[A-Za-z][A-Za-z0-9-]{0,61}[A-Za-z0-9]$")]
    pub email: Patch<String>,
    /// The telephone number in the international form (E.164).
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "+493012345678", max_length = 16, pattern = "^[+][1-9][0-9]{6,14}$")]
    pub phone: Patch<String>,
    /// The language to address the person in, BCP 47.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "de", min_length = 2, max_length = 35, pattern = "^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$")]
    pub locale: Patch<String>,
    /// What the person wants to hear of, and how: all of it.
    #[schema(max_items = 100, nullable = false)]
    pub preferences: Option<Vec<ContactPreference>>,
    /// The consents that the person gave, all of them.
    #[schema(max_items = 100, nullable = false)]
    pub consents: Option<Vec<Consent>>,
    /// Where the person works. The time there is begun if the person does not work there, and else gets what is said of
    /// position, department and parts; it ends by its own operation.
    #[schema(example = json!(null))]
    pub employment: Option<NewEmployment>,
    /// What other systems call the person: these are added to those that there are.
    #[schema(max_items = 50, example = json!([]), nullable = false)]
    pub external_refs: Option<Vec<ExternalRef>>,
}

/// Changes of a person's time at a partner. What is left out stays, null clears. It ends by an action.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EmploymentPatch {
    /// The position.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "Managing director", min_length = 1, max_length = 120)]
    pub title: Patch<String>,
    /// The department.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "Sales", min_length = 1, max_length = 120)]
    pub department: Patch<String>,
    /// The parts that the person has there.
    #[schema(max_items = 6, nullable = false)]
    pub roles: Option<Vec<ContactRole>>,
}

/// The end of a person's time at a partner.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EmploymentEnd {
    /// The first day on which the person no longer works there; today if left out.
    pub ends_on: Option<Date>,
}

/// What a list of people is filtered by.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PersonFilter {
    /// Only people who work, or worked, at this partner.
    #[param(nullable = false)]
    pub partner_id: Option<PartnerId>,
    /// Only people with one of these parts at a partner.
    #[param(style = Form, explode = false, nullable = false)]
    pub role: Option<Vec<ContactRole>>,
    /// Only people who work at a partner on this day.
    #[param(nullable = false)]
    pub as_of: Option<Date>,
    /// Only people with this address, in any case.
    #[param(
        min_length = 3,
        max_length = 254,
        example = "anna.berg@nordwind.example",
        nullable = false
    )]
    pub email: Option<String>,
    /// Only people whose name begins with this text, in any case.
    #[param(min_length = 1, max_length = 100, example = "ann", nullable = false)]
    pub q: Option<String>,
    /// The order.
    #[param(nullable = false)]
    pub sort: Option<PersonSort>,
}
