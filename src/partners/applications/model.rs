//! The shapes of applications.

use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    bindable,
    calendars::ClockBasis,
    http::Resource,
    kernel::{
        Address, Currency, Date, Stored, Time, TimeZone,
        ids::{PartnerId, UserId},
    },
    partners::{
        PartnerStatus, PartnerType,
        model::{Registration, TaxId},
    },
    schema::partner_applications,
    words,
};

words! {
    /// When a firm that was turned down may apply again.
    pub ReapplyRule {
        /// At once.
        Instant = "instant",
        /// From a date on.
        After = "after",
        /// Not again.
        Never = "never",
    }
}

bindable!(ReapplyRule);

/// How a firm came in: who asked, for what, and what was decided.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable, AsChangeset, Serialize, ToSchema)]
#[diesel(table_name = partner_applications, treat_none_as_null = true, treat_none_as_default_value = false)]
pub struct PartnerApplication {
    /// The firm.
    pub partner_id: PartnerId,
    /// Who applied for it.
    #[schema(example = "Anna Berg", max_length = 200)]
    pub applicant_name: String,
    /// The applicant's address.
    #[schema(example = "anna.berg@nordwind.example", max_length = 254)]
    pub applicant_email: String,
    /// The address folded.
    #[serde(skip)]
    #[schema(ignore)]
    pub applicant_email_key: String,
    /// When the address was verified; the review begins after it.
    #[schema(required = true)]
    pub applicant_email_verified_at: Option<Time>,
    /// The applicant's position.
    #[schema(required = true, example = "Managing director", max_length = 120)]
    pub applicant_title: Option<String>,
    /// The hash of the token that follows the application.
    #[serde(skip)]
    #[schema(ignore)]
    pub applicant_token_hash: Option<String>,
    /// Why the firm wants to be a partner.
    #[schema(
        required = true,
        example = "We run your product for 40 customers in the north.",
        max_length = 4000
    )]
    pub statement: Option<String>,
    /// What kinds of business it asks for.
    #[schema(value_type = Vec<PartnerType>, max_items = 7)]
    pub requested_types: Stored<Vec<PartnerType>>,
    /// The codes of the territories that it asks for.
    #[schema(value_type = Vec<String>, example = json!(["DE", "AT"]), max_items = 50)]
    pub requested_territories: Stored<Vec<String>>,
    /// The codes of the programs that it asks for.
    #[schema(value_type = Vec<String>, example = json!(["channel"]), max_items = 20)]
    pub requested_programs: Stored<Vec<String>>,
    /// When it applied; again, if it did so before.
    #[schema(required = true)]
    pub applied_at: Option<Time>,
    /// When it shall be decided. Moved by the time that the vendor waited for answers.
    #[schema(required = true)]
    pub review_due_at: Option<Time>,
    /// Since when the vendor waits for answers; null if it does not.
    #[schema(required = true)]
    pub paused_at: Option<Time>,
    /// How long the vendor waited for answers before, in microseconds.
    #[schema(minimum = 0, example = 86_400_000_000_i64)]
    pub paused_micros: i64,
    /// When the answers are due; null if none are.
    #[schema(required = true)]
    pub info_due_at: Option<Time>,
    /// The vendor's user who reviews it. For the vendor: partners read null.
    #[schema(required = true)]
    pub reviewer_id: Option<UserId>,
    /// When it was decided.
    #[schema(required = true)]
    pub decided_at: Option<Time>,
    /// Who decided. For the vendor: partners read null.
    #[schema(required = true, example = "user_01k7wz9d6cfvb8k1zq3n5x7h2a", max_length = 64)]
    pub decided_by: Option<String>,
    /// The code of the decision's reason.
    #[schema(required = true, example = "territory_covered", max_length = 64)]
    pub decision_code: Option<String>,
    /// The decision's reason in words. For the vendor: partners read null.
    #[schema(
        required = true,
        example = "Three partners serve the region already.",
        max_length = 2000
    )]
    pub decision_text: Option<String>,
    /// When it may apply again, if it was turned down.
    #[schema(required = true)]
    pub reapply_rule: Option<ReapplyRule>,
    /// The date from which it may apply again.
    #[schema(required = true)]
    pub reapply_after_on: Option<Date>,
    /// By which clock the days of its review run; null for round the clock.
    #[schema(required = true)]
    pub clock_basis: Option<ClockBasis>,
}

impl Resource for PartnerApplication {
    const TYPE: &'static str = "partner_application";

    fn id(&self) -> String {
        self.partner_id.to_string()
    }

    /// It has none of its own: it changes with the partner, whose revision counts.
    fn revision(&self) -> i64 {
        1
    }

    fn path(&self) -> String {
        format!("/v1/partners/{}/application", self.partner_id)
    }

    fn audience(&self) -> Vec<PartnerId> {
        vec![self.partner_id]
    }
}

/// Who applies.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Applicant {
    /// The name.
    #[schema(example = "Anna Berg", min_length = 1, max_length = 200)]
    pub name: String,
    /// An address of the firm's own domain. One that anybody can have is taken only with a registration number.
    #[schema(
        example = "anna.berg@nordwind.example",
        min_length = 6,
        max_length = 254,
        pattern = "^[A-Za-z0-9._%+'-]{1,64}@([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?[.])+[A-Za-z][A-Za-z0-9-]{0,61}[A-Za-z0-9]$"
    )]
    pub email: String,
    /// The position.
    #[schema(example = "Managing director", min_length = 1, max_length = 120)]
    pub title: Option<String>,
}

/// A firm's application to become a partner.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPartnerApplication {
    /// Its name as it is registered.
    #[schema(example = "Nordwind Systemhaus GmbH", min_length = 1, max_length = 200)]
    pub legal_name: String,
    /// Names that it trades under.
    #[serde(default)]
    #[schema(example = json!(["Nordwind IT"]), max_items = 20)]
    pub trading_names: Vec<String>,
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
    /// The currency that it does business in.
    pub default_currency: Currency,
    /// The time zone that its day is told in.
    pub time_zone: TimeZone,
    /// Who applies.
    pub applicant: Applicant,
    /// Why the firm wants to be a partner.
    #[schema(
        example = "We run your product for 40 customers in the north.",
        min_length = 1,
        max_length = 4000
    )]
    pub statement: Option<String>,
    /// What kinds of business it asks for.
    #[schema(min_items = 1, max_items = 7)]
    pub types: Vec<PartnerType>,
    /// The codes of the territories that it asks for.
    #[schema(example = json!(["DE", "AT"]), min_items = 1, max_items = 50)]
    pub territory_codes: Vec<String>,
    /// The codes of the programs that it asks for, as the vendor publishes them.
    #[serde(default)]
    #[schema(example = json!(["channel"]), max_items = 20)]
    pub program_codes: Vec<String>,
    /// The token of an invitation.
    #[schema(
        example = "kQ3vX0hJt8m1oYb2c6d9e5f7g4h3i2j1k0l9m8n7o6p",
        min_length = 20,
        max_length = 100,
        pattern = "^[A-Za-z0-9_-]+$"
    )]
    pub invitation_token: Option<String>,
}

/// The token that follows an application.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ApplicationToken {
    /// The token in the mail that confirmed the application.
    #[schema(
        example = "kQ3vX0hJt8m1oYb2c6d9e5f7g4h3i2j1k0l9m8n7o6p",
        min_length = 20,
        max_length = 100,
        pattern = "^[A-Za-z0-9_-]+$"
    )]
    pub token: String,
}

/// An applicant's answers.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ApplicantAnswers {
    /// The token in the mail that confirmed the application.
    #[schema(
        example = "kQ3vX0hJt8m1oYb2c6d9e5f7g4h3i2j1k0l9m8n7o6p",
        min_length = 20,
        max_length = 100,
        pattern = "^[A-Za-z0-9_-]+$"
    )]
    pub token: String,
    /// The answers, in the order of the questions.
    #[schema(example = json!(["Twelve, four of them certified."]), min_items = 1, max_items = 20)]
    pub answers: Vec<String>,
}

/// An application as its applicant sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ApplicationReceipt {
    /// The number that people call it by.
    #[schema(example = "PA-2026-000123", max_length = 32)]
    pub number: String,
    /// The firm.
    #[schema(example = "Nordwind Systemhaus GmbH", max_length = 200)]
    pub legal_name: String,
    /// Where it stands.
    pub status: PartnerStatus,
    /// Whether the applicant's address is verified; the review begins after it.
    pub email_verified: bool,
    /// When it was received.
    #[schema(required = true)]
    pub applied_at: Option<Time>,
    /// When it shall be decided.
    #[schema(required = true)]
    pub review_due_at: Option<Time>,
    /// The questions that wait for answers.
    #[schema(example = json!(["How many engineers do you employ?"]), max_items = 20)]
    pub questions: Vec<String>,
    /// When the answers are due; null if nothing is asked.
    #[schema(required = true)]
    pub info_due_at: Option<Time>,
    /// When the firm may apply again, if it was turned down.
    #[schema(required = true)]
    pub reapply_rule: Option<ReapplyRule>,
    /// The date from which it may apply again.
    #[schema(required = true)]
    pub reapply_after_on: Option<Date>,
    #[serde(skip)]
    #[schema(ignore)]
    pub(super) partner_id: Option<PartnerId>,
}

impl Resource for ApplicationReceipt {
    const TYPE: &'static str = "partner_application";

    fn id(&self) -> String {
        self.number.clone()
    }

    fn revision(&self) -> i64 {
        1
    }

    fn path(&self) -> String {
        self.partner_id.map_or_else(
            || "/v1/partner-applications".to_owned(),
            |partner| format!("/v1/partners/{partner}/application"),
        )
    }
}
