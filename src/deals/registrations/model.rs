//! The shapes of registrations on the wire.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::states::{
    DealCustomerResolution, DealLineStatus, DealSource, DealStage, DealType, DealVisibility, DecisionOutcome,
    ProtectionState, ReviewStatus,
};
use crate::{
    custom_fields::CustomFields,
    kernel::{
        Date, Money, Time,
        country::Country,
        ids::{
            AccountId, CalendarId, ConflictCheckId, DealContactId, DealId, DealLineId, DealSiteId, DecisionId,
            InfoRequestId, PartnerId, ProductId, ProtectionId, TerritoryId, UserId,
        },
    },
    policies::PolicyLabels,
    references::ExternalRef,
    resource, words,
};

/// A registered deal: an opportunity that a partner claims, with the three axes of its life. `review_status` is the
/// vendor's review, `protection` what shuts others out at the moment of reading, `stage` the sale itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Deal {
    /// Its id.
    pub id: DealId,
    /// The number that people use.
    #[schema(example = "DR-2026-000123", max_length = 32)]
    pub number: String,
    /// The partner that registered it.
    pub partner_id: PartnerId,
    /// The distributor through which it is sold.
    #[schema(required = true)]
    pub distributor_id: Option<PartnerId>,
    /// The user who wrote it; null for imported history and for machines.
    #[schema(required = true)]
    pub submitter_id: Option<UserId>,
    /// Who of the vendor wrote it on the partner's behalf, if so.
    #[schema(required = true, example = "user_01jdq4p6c8f3kb2v9y0s7x5ham", max_length = 255)]
    pub on_behalf_of: Option<String>,
    /// What it is about, in a line.
    #[schema(example = "Acme: firewalls for 40 branches", min_length = 1, max_length = 255)]
    pub title: String,
    /// The customer's need.
    #[schema(
        required = true,
        example = "Acme replaces the firewalls of its branches before their support ends.",
        max_length = 4000
    )]
    pub description: Option<String>,
    /// What kind of business it is.
    pub deal_type: DealType,
    /// Where it came from.
    pub source: DealSource,
    /// Where the vendor's review stands.
    pub review_status: ReviewStatus,
    /// Where the sale stands.
    pub stage: DealStage,
    /// What protects it now.
    pub protection: DealProtection,
    /// How often its protection was extended.
    #[schema(example = 0, minimum = 0)]
    pub extension_count: i64,
    /// The customer as the partner typed it.
    #[schema(required = true)]
    pub customer: Option<DealCustomer>,
    /// The customer account that the customer was found to be.
    #[schema(required = true)]
    pub customer_account_id: Option<AccountId>,
    /// The code of the territory.
    #[schema(required = true, example = "DE", max_length = 32)]
    pub territory: Option<String>,
    /// The territory.
    #[schema(required = true)]
    pub territory_id: Option<TerritoryId>,
    /// The products.
    #[schema(max_items = 100)]
    pub lines: Vec<DealLine>,
    /// What the deal is expected to bring.
    #[schema(required = true)]
    pub amount: Option<Money>,
    /// When the customer is expected to buy.
    #[schema(required = true)]
    pub expected_close_on: Option<Date>,
    /// What happens next.
    #[schema(
        required = true,
        example = "Workshop with the network team in the second week of December.",
        max_length = 255
    )]
    pub next_step: Option<String>,
    /// Who else the customer looks at.
    #[schema(required = true, example = "Northwall", max_length = 255)]
    pub competitor: Option<String>,
    /// What the partner wants of the vendor.
    #[schema(max_items = 20, example = json!(["technical_consultation"]))]
    pub co_sell_needs: Vec<String>,
    /// Which of the vendor's people may work with it.
    pub visibility: DealVisibility,
    /// Whether the customer agreed that the partner names it.
    #[schema(example = true)]
    pub customer_consent: bool,
    /// People at the customer.
    #[schema(max_items = 50)]
    pub contacts: Vec<DealContact>,
    /// Places of the customer.
    #[schema(max_items = 100)]
    pub sites: Vec<DealSite>,
    /// When the server took it in: with `seq`, its place in the queue.
    #[schema(required = true)]
    pub received_at: Option<Time>,
    /// What comes first of what came in at the same moment; for the vendor alone.
    #[schema(required = true, example = 3, minimum = 1)]
    pub seq: Option<i64>,
    /// The review, once it was sent in.
    #[schema(required = true)]
    pub review: Option<DealReview>,
    /// Where the vendor's promise to decide in time is; null before it is sent in, and for reviews that ended undecided or
    /// elsewhere.
    #[schema(required = true)]
    pub review_sla: Option<ReviewSla>,
    /// What the partner owes an answer to.
    #[schema(required = true)]
    pub info_request: Option<DealInfoRequest>,
    /// The last decision.
    #[schema(required = true)]
    pub decision: Option<DealDecision>,
    /// The conflict check that the last decision, or the submission, was made on.
    #[schema(required = true)]
    pub conflict_check_id: Option<ConflictCheckId>,
    /// The version of the program's settings that it was taken in under.
    #[schema(required = true, example = 1, minimum = 0)]
    pub policy_version: Option<i64>,
    /// What is still lacking before it can be submitted, as field names.
    #[schema(max_items = 50, example = json!([]))]
    pub missing: Vec<String>,
    /// Whether it is imported history: rules about time were skipped for it.
    #[schema(example = false)]
    pub legacy: bool,
    /// The last sign of work on it.
    pub last_activity_at: Time,
    /// When it was won or lost.
    #[schema(required = true)]
    pub closed_at: Option<Time>,
    /// Why it was lost.
    #[schema(required = true, example = "price", max_length = 255)]
    pub closed_reason: Option<String>,
    /// When the vendor confirmed the win; null while it is only reported. Nothing is paid for a win before.
    #[schema(required = true)]
    pub win_verified_at: Option<Time>,
    /// Custom fields; partners see those that are open to them.
    pub custom: CustomFields,
    /// What other systems call it.
    #[schema(max_items = 20)]
    pub external_refs: Vec<ExternalRef>,
    /// How often it was changed.
    #[schema(example = 1, minimum = 1)]
    pub revision: i64,
    /// When it was made.
    pub created_at: Time,
    /// When it was last changed.
    pub updated_at: Time,
}

resource!(
    Deal,
    "deal",
    "/v1/deals",
    expandable,
    told = |record| std::iter::once(record.partner_id)
        .chain(record.distributor_id)
        .collect()
);

/// What protects a registration at the moment it is read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct DealProtection {
    /// The state.
    pub state: ProtectionState,
    /// The protection that the state is read from; the one that ends last if there are several.
    #[schema(required = true)]
    pub protection_id: Option<ProtectionId>,
    /// When it began.
    #[schema(required = true)]
    pub starts_at: Option<Time>,
    /// The end that was granted.
    #[schema(required = true)]
    pub granted_until: Option<Time>,
    /// The end in force, the grace of a pending extension included.
    #[schema(required = true)]
    pub ends_at: Option<Time>,
}

/// A customer as it was typed. It is kept word for word beside the account it was found to be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct DealCustomer {
    /// The customer's name.
    #[schema(example = "Acme GmbH", min_length = 1, max_length = 200)]
    pub name: String,
    /// Its website.
    #[schema(required = true, example = "https://www.acme.example", max_length = 255)]
    pub website: Option<String>,
    /// Its number in a register of companies.
    #[schema(required = true, example = "HRB 123456", max_length = 64)]
    pub registration_number: Option<String>,
    /// The register.
    #[schema(required = true, example = "Amtsgericht Stuttgart", max_length = 120)]
    pub registration_authority: Option<String>,
    /// Its telephone number.
    #[schema(required = true, example = "+49 711 5550100", max_length = 40)]
    pub phone: Option<String>,
    /// A mail address of the customer.
    #[schema(required = true, example = "einkauf@acme.example", max_length = 254)]
    pub email: Option<String>,
    /// Street and number.
    #[schema(required = true, example = "Hauptstraße 5", max_length = 200)]
    pub street: Option<String>,
    /// The city.
    #[schema(required = true, example = "Stuttgart", max_length = 120)]
    pub city: Option<String>,
    /// The state or province.
    #[schema(required = true, example = "Baden-Württemberg", max_length = 120)]
    pub region: Option<String>,
    /// The postal code.
    #[schema(required = true, example = "70173", max_length = 20)]
    pub postal_code: Option<String>,
    /// The country.
    #[schema(required = true)]
    pub country: Option<Country>,
    /// How it was tied to an account.
    pub resolution: DealCustomerResolution,
}

/// One product of a deal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct DealLine {
    /// Its id.
    pub id: DealLineId,
    /// The code of the product or product line.
    #[schema(example = "EDGE-FW", max_length = 64)]
    pub product: String,
    /// The product or product line.
    pub product_id: ProductId,
    /// How many.
    #[schema(example = 40, minimum = 1)]
    pub quantity: i64,
    /// What one costs.
    #[schema(required = true)]
    pub unit_price: Option<Money>,
    /// Where its review stands: a line that was added later is reviewed by itself.
    pub review_status: DealLineStatus,
    /// When the server took the line in.
    #[schema(required = true)]
    pub received_at: Option<Time>,
}

/// A person at the customer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct DealContact {
    /// Its id.
    pub id: DealContactId,
    /// The name.
    #[schema(example = "Petra Weiss", min_length = 1, max_length = 200)]
    pub name: String,
    /// The mail address.
    #[schema(required = true, example = "petra.weiss@acme.example", max_length = 254)]
    pub email: Option<String>,
    /// The telephone number.
    #[schema(required = true, example = "+49 711 5550123", max_length = 40)]
    pub phone: Option<String>,
    /// The title at work.
    #[schema(required = true, example = "Head of Networks", max_length = 120)]
    pub title: Option<String>,
    /// The part played in buying.
    #[schema(required = true, example = "decision maker", max_length = 120)]
    pub role: Option<String>,
}

/// A place of the customer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct DealSite {
    /// Its id.
    pub id: DealSiteId,
    /// What it is called.
    #[schema(required = true, example = "Plant Esslingen", max_length = 200)]
    pub name: Option<String>,
    /// Street and number.
    #[schema(required = true, example = "Werkstraße 1", max_length = 200)]
    pub street: Option<String>,
    /// The city.
    #[schema(required = true, example = "Esslingen", max_length = 120)]
    pub city: Option<String>,
    /// The state or province.
    #[schema(required = true, example = "Baden-Württemberg", max_length = 120)]
    pub region: Option<String>,
    /// The postal code.
    #[schema(required = true, example = "73728", max_length = 20)]
    pub postal_code: Option<String>,
    /// The country.
    #[schema(required = true)]
    pub country: Option<Country>,
}

words! {
    /// Where the vendor's promise to decide in time is, counted in the business time of the deal's territory.
    pub SlaState {
        /// The clock runs, with a quarter of its time left or more.
        OnTime = "on_time",
        /// The clock runs, with less than a quarter of its business time left.
        AtRisk = "at_risk",
        /// The clock has run out, and nothing is decided.
        Breached = "breached",
        /// The clock stands, while the partner owes answers.
        Paused = "paused",
        /// It was decided in time.
        Met = "met",
        /// It was decided too late.
        Missed = "missed",
    }
}

/// Where the vendor's promise to decide in time is, as of now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ReviewSla {
    /// Where it is.
    pub state: SlaState,
    /// When a decision is or was due; null while the clock stands.
    #[schema(required = true)]
    pub due_at: Option<Time>,
    /// How much business time is left until then, in seconds; null once it is decided.
    #[schema(required = true, example = 57600, minimum = 0)]
    pub remaining_business_seconds: Option<i64>,
    /// The calendar that is counted by; null for Monday to Friday, UTC.
    #[schema(required = true)]
    pub calendar_id: Option<CalendarId>,
    /// Its revision when the clock began.
    #[schema(required = true, example = 1, minimum = 1)]
    pub calendar_revision: Option<i64>,
}

/// The state of a review and its clock, which stands while the partner owes answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct DealReview {
    /// Which review of the registration it is: 1, and one more each time it is reopened.
    #[schema(example = 1, minimum = 1)]
    pub round: i64,
    /// When it was sent in.
    pub submitted_at: Time,
    /// Who sent it in.
    #[schema(example = "user_01jdq4p6c8f3kb2v9y0s7x5ham", max_length = 255)]
    pub submitted_by: String,
    /// When the vendor owes a decision, in business days of the deal's territory; null while the clock stands.
    #[schema(required = true)]
    pub due_at: Option<Time>,
    /// Since when the clock stands.
    #[schema(required = true)]
    pub paused_at: Option<Time>,
    /// How long the clock stood before, in seconds.
    #[schema(example = 0, minimum = 0)]
    pub paused_seconds: i64,
    /// Who of the vendor works on it; for the vendor alone.
    #[schema(required = true)]
    pub assignee_id: Option<UserId>,
    /// When they took it.
    #[schema(required = true)]
    pub assigned_at: Option<Time>,
    /// When it was decided.
    #[schema(required = true)]
    pub decided_at: Option<Time>,
    /// Whether the rules granted it without a person.
    #[schema(example = false)]
    pub auto_approved: bool,
    /// Until when the partner may appeal against the decision.
    #[schema(required = true)]
    pub appeal_until: Option<Time>,
}

/// What was asked of the partner.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct DealInfoRequest {
    /// Its id.
    pub id: InfoRequestId,
    /// The questions.
    #[schema(min_items = 1, max_items = 20, example = json!(["Which sites are meant?"]))]
    pub questions: Vec<String>,
    /// When the answers are due; after it the registration lapses.
    pub due_at: Time,
    /// Where it stands.
    pub status: super::states::InfoRequestStatus,
    /// The answers, in the order of the questions.
    #[schema(max_items = 20, example = json!([]))]
    pub answers: Vec<String>,
    /// When they came.
    #[schema(required = true)]
    pub answered_at: Option<Time>,
    /// When it was asked.
    pub created_at: Time,
}

/// A decision on a registration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct DealDecision {
    /// Its id.
    pub id: DecisionId,
    /// What was decided.
    pub outcome: DecisionOutcome,
    /// When.
    pub decided_at: Time,
    /// By whom; for the vendor alone.
    #[schema(required = true, example = "user_01jdq4p6c8f3kb2v9y0s7x5ham", max_length = 255)]
    pub decided_by: Option<String>,
    /// Whom they stood in for, who was away; for the vendor alone.
    #[schema(required = true, example = "user_01k7wz9d6cfvb8k1zq3n5x7h2a", max_length = 255)]
    pub on_behalf_of: Option<String>,
    /// Why, as a code.
    #[schema(required = true, example = "duplicate_registration", max_length = 64)]
    pub reason_code: Option<String>,
    /// What the code was called when it was decided.
    #[schema(required = true)]
    pub reason_labels: Option<PolicyLabels>,
    /// Why, in words.
    #[schema(
        required = true,
        example = "Another partner registered the same project before.",
        max_length = 2000
    )]
    pub reason_text: Option<String>,
    /// What the reason rests on; for the vendor alone, since it may name another partner's registration.
    #[schema(required = true, example = "DR-2026-000101", max_length = 500)]
    pub evidence: Option<String>,
    /// What was granted.
    #[schema(required = true)]
    pub granted_scope: Option<GrantedScope>,
    /// When the protection begins.
    #[schema(required = true)]
    pub starts_at: Option<Time>,
    /// When it ends, as granted.
    #[schema(required = true)]
    pub ends_at: Option<Time>,
    /// The registration discount, in hundredths of a percent.
    #[schema(required = true, example = 500, minimum = 0, maximum = 10000)]
    pub discount_basis_points: Option<i64>,
    /// The terms as they stood when it was decided.
    #[schema(required = true)]
    pub terms: Option<DecisionTerms>,
    /// The version of the matching rules that the check ran under.
    #[schema(required = true, example = "cr-1", max_length = 64)]
    pub rule_version: Option<String>,
    /// The version of the program's settings.
    #[schema(required = true, example = 1, minimum = 0)]
    pub policy_version: Option<i64>,
    /// The conflict check that it was decided on.
    #[schema(required = true)]
    pub conflict_check_id: Option<ConflictCheckId>,
    /// Why earlier claimants were passed over; for the vendor alone.
    #[schema(required = true, example = "customer_choice", max_length = 64)]
    pub override_code: Option<String>,
    /// Which were passed over; for the vendor alone.
    #[schema(required = true, max_items = 200)]
    pub overridden_deals: Option<Vec<DealId>>,
}

/// The scope that a decision granted; it may be narrower than the one asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct GrantedScope {
    /// The codes of the products.
    #[schema(max_items = 100, example = json!(["EDGE-FW"]))]
    pub products: Vec<String>,
    /// The code of the territory.
    #[schema(example = "DE", max_length = 32)]
    pub territory: String,
    /// Whether it is less than what was asked for.
    #[schema(example = false)]
    pub narrowed: bool,
}

/// The terms that a decision was made under, kept as they stood.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DecisionTerms {
    /// The rank of the partner's best tier; null if it has none.
    #[schema(required = true, example = 2)]
    pub tier_rank: Option<i64>,
    /// The name of that tier.
    #[schema(required = true, example = "Gold", max_length = 200)]
    pub tier: Option<String>,
    /// The rules that the tier is of: program, version, and the version of the metrics' definitions.
    #[serde(default)]
    #[schema(required = true, example = "RESELL/2/metrics-1", max_length = 200)]
    pub tier_version: Option<String>,
    /// Days of protection.
    #[schema(example = 90, minimum = 1)]
    pub window_days: i64,
}
