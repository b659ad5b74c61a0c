//! The rows of a registration as they stand in the database, and the whole of them put together.

use diesel::prelude::*;

use super::states::{
    DealCustomerResolution, DealLineStatus, DealSource, DealStage, DealType, DealVisibility, DecisionOutcome,
    ReviewStatus,
};
use crate::{
    custom_fields::CustomFields,
    kernel::{
        Currency, Date, Money, Stored, Time,
        country::Country,
        ids::{
            AccountId, ApprovalStepId, CalendarId, ConflictCheckId, DealContactId, DealId, DealLineId, DealSiteId,
            DecisionId, InfoRequestId, PartnerId, ProductId, ProtectionId, TerritoryId, UserId,
        },
    },
    policies::PolicyLabels,
    references::ExternalRef,
    schema::{
        deal_contacts, deal_customer_inputs, deal_decisions, deal_details, deal_info_requests, deal_lines,
        deal_reviews, deal_sites, deals, protections, review_clocks,
    },
};

/// The registration itself: what lists are filtered and sorted by.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable, AsChangeset, Identifiable)]
#[diesel(table_name = deals, treat_none_as_null = true, treat_none_as_default_value = false)]
pub struct DealRow {
    pub id: DealId,
    pub number: String,
    pub partner_id: PartnerId,
    pub distributor_id: Option<PartnerId>,
    pub submitter_id: Option<UserId>,
    pub title: String,
    pub title_key: String,
    pub deal_type: DealType,
    pub source: DealSource,
    pub territory_id: Option<TerritoryId>,
    pub customer_account_id: Option<AccountId>,
    pub amount_minor: Option<i64>,
    pub amount_currency: Option<Currency>,
    pub expected_close_on: Option<Date>,
    pub review_status: ReviewStatus,
    pub stage: DealStage,
    pub received_at: Option<Time>,
    pub seq: Option<i64>,
    pub review_due_at: Option<Time>,
    pub assignee_id: Option<UserId>,
    pub conflict_check_id: Option<ConflictCheckId>,
    pub policy_version: Option<i64>,
    pub last_activity_at: Time,
    pub legacy: bool,
    pub closed_at: Option<Time>,
    pub closed_reason: Option<String>,
    pub win_verified_at: Option<Time>,
    pub custom: Stored<CustomFields>,
    pub revision: i64,
    pub created_at: Time,
    pub updated_at: Time,
}

impl DealRow {
    /// What the deal is expected to bring.
    pub fn amount(&self) -> Option<Money> {
        Money::from_columns(self.amount_minor, self.amount_currency)
    }
}

/// What the registration tells beside its scope.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = deal_details, treat_none_as_null = true, treat_none_as_default_value = false)]
pub struct DetailsRow {
    pub deal_id: DealId,
    pub description: Option<String>,
    pub next_step: Option<String>,
    pub competitor: Option<String>,
    pub co_sell_needs: Stored<Vec<String>>,
    pub visibility: DealVisibility,
    pub customer_consent: bool,
    pub on_behalf_of: Option<String>,
    pub missing: Stored<Vec<String>>,
}

/// The customer exactly as it was typed, and what was made of it.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = deal_customer_inputs, treat_none_as_null = true, treat_none_as_default_value = false)]
pub struct CustomerRow {
    pub deal_id: DealId,
    pub name: String,
    pub name_key: String,
    pub website: Option<String>,
    pub domain: Option<String>,
    pub registration_number: Option<String>,
    pub registration_authority: Option<String>,
    pub phone: Option<String>,
    pub email: Option<String>,
    pub street: Option<String>,
    pub city: Option<String>,
    pub region: Option<String>,
    pub postal_code: Option<String>,
    pub country: Option<Country>,
    pub resolution: DealCustomerResolution,
    pub resolved_at: Option<Time>,
    pub resolved_by: Option<String>,
    pub input_hash: Option<String>,
    pub matcher_version: Option<String>,
    pub candidates: Option<String>,
    pub matched_at: Option<Time>,
}

/// The clock and the state of the review.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = deal_reviews, treat_none_as_null = true, treat_none_as_default_value = false)]
pub struct ReviewRow {
    pub deal_id: DealId,
    pub submitted_by: String,
    pub submitted_at: Time,
    pub round: i64,
    pub paused_at: Option<Time>,
    pub paused_micros: i64,
    pub info_due_at: Option<Time>,
    pub assigned_at: Option<Time>,
    pub decided_at: Option<Time>,
    pub auto_approved: bool,
    pub appeal_until: Option<Time>,
}

/// The clock of one round of the review, in business time.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = review_clocks, primary_key(deal_id, round), treat_none_as_null = true, treat_none_as_default_value = false)]
pub struct ClockRow {
    pub deal_id: DealId,
    pub round: i64,
    pub territory_id: Option<TerritoryId>,
    pub deal_type: DealType,
    pub calendar_id: Option<CalendarId>,
    pub calendar_revision: Option<i64>,
    pub started_at: Time,
    /// After it less than a quarter of the business time is left.
    pub at_risk_at: Time,
    pub due_at: Time,
    pub paused_at: Option<Time>,
    /// Business time of the pauses that are over.
    pub paused_micros: i64,
    pub decided_at: Option<Time>,
    pub automatic: bool,
    /// Business time to the decision, with the pauses.
    pub elapsed_micros: Option<i64>,
    /// Business time to the decision, without the pauses.
    pub worked_micros: Option<i64>,
    pub met: Option<bool>,
}

/// One product of the deal.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = deal_lines, treat_none_as_default_value = false)]
pub struct LineRow {
    pub id: DealLineId,
    pub deal_id: DealId,
    pub position: i64,
    pub product_id: ProductId,
    pub quantity: i64,
    pub unit_price_minor: Option<i64>,
    pub unit_price_currency: Option<Currency>,
    pub received_at: Option<Time>,
    pub seq: Option<i64>,
    pub review_status: DealLineStatus,
    pub created_at: Time,
    pub updated_at: Time,
}

/// A line with the code of its product.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    pub row: LineRow,
    pub product: String,
}

/// A person at the customer.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = deal_contacts, treat_none_as_default_value = false)]
pub struct ContactRow {
    pub id: DealContactId,
    pub deal_id: DealId,
    pub position: i64,
    pub name: String,
    pub email: Option<String>,
    pub phone: Option<String>,
    pub title: Option<String>,
    pub role: Option<String>,
    pub created_at: Time,
    pub updated_at: Time,
}

/// A place of the customer.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = deal_sites, treat_none_as_default_value = false)]
pub struct SiteRow {
    pub id: DealSiteId,
    pub deal_id: DealId,
    pub position: i64,
    pub name: Option<String>,
    pub street: Option<String>,
    pub city: Option<String>,
    pub region: Option<String>,
    pub postal_code: Option<String>,
    pub country: Option<Country>,
    pub created_at: Time,
    pub updated_at: Time,
}

/// What was asked of the partner.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable, AsChangeset, Identifiable)]
#[diesel(table_name = deal_info_requests, treat_none_as_null = true, treat_none_as_default_value = false)]
pub struct InfoRow {
    pub id: InfoRequestId,
    pub deal_id: DealId,
    pub questions: Stored<Vec<String>>,
    pub due_at: Time,
    pub status: super::states::InfoRequestStatus,
    pub asked_by: String,
    pub answers: Option<Stored<Vec<String>>>,
    pub answered_by: Option<String>,
    pub answered_at: Option<Time>,
    pub revision: i64,
    pub created_at: Time,
    pub updated_at: Time,
}

/// One decision, as it was made. Append-only.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = deal_decisions, treat_none_as_default_value = false)]
pub struct DecisionRow {
    pub id: DecisionId,
    pub deal_id: DealId,
    pub step_id: Option<ApprovalStepId>,
    pub outcome: DecisionOutcome,
    pub decided_by: String,
    pub on_behalf_of: Option<String>,
    pub decided_at: Time,
    pub reason_code: Option<String>,
    pub reason_text: Option<String>,
    pub evidence: Option<String>,
    pub granted_scope: Option<Stored<super::model::GrantedScope>>,
    pub starts_at: Option<Time>,
    pub ends_at: Option<Time>,
    pub discount_basis_points: Option<i64>,
    pub terms: Option<Stored<super::model::DecisionTerms>>,
    pub rule_version: Option<String>,
    pub policy_version: Option<i64>,
    pub conflict_check_id: Option<ConflictCheckId>,
    pub override_code: Option<String>,
    pub overridden_deals: Option<Stored<Vec<DealId>>>,
    pub reason_labels: Option<Stored<PolicyLabels>>,
}

/// As much of a protection as the axis is read from.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = protections)]
pub struct WindowRow {
    pub id: ProtectionId,
    pub deal_id: DealId,
    pub status: String,
    pub starts_at: Time,
    pub ends_at: Time,
    pub granted_until: Time,
}

/// A registration with everything that belongs to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registration {
    pub deal: DealRow,
    pub details: DetailsRow,
    pub customer: Option<CustomerRow>,
    pub review: Option<ReviewRow>,
    /// The clock of the present round.
    pub clock: Option<super::clock::ReviewClock>,
    /// The code of its territory.
    pub territory: Option<String>,
    pub lines: Vec<Line>,
    pub contacts: Vec<ContactRow>,
    pub sites: Vec<SiteRow>,
    pub references: Vec<ExternalRef>,
    /// What the partner owes an answer to.
    pub info: Option<InfoRow>,
    /// The last decision that ended a review or undid one.
    pub decision: Option<DecisionRow>,
    pub windows: Vec<WindowRow>,
    /// How many extensions of its protection were granted.
    pub extension_count: i64,
}
