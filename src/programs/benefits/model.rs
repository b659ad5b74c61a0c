//! The shapes of benefits.

use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    bindable,
    kernel::{
        Money, Time,
        ids::{BenefitGrantId, BenefitUseId, PartnerId, ProductId, ProgramId, ProgramMembershipId, TierId},
    },
    ordered,
    programs::tiers::{AllowanceKind, ResponseClass},
    resource,
    schema::{benefit_grants, benefit_uses},
    words,
};

words! {
    /// Where a grant stands at a moment.
    pub BenefitGrantStatus {
        /// It begins later.
        Upcoming = "upcoming",
        /// It can be consumed.
        Active = "active",
        /// It has ended.
        Expired = "expired",
    }

    /// Where a use of a benefit stands.
    pub BenefitUseStatus {
        /// It counts as consumed.
        Used = "used",
        /// It was taken back.
        Returned = "returned",
    }

    /// The order of grants.
    pub BenefitGrantSort {
        /// Oldest first.
        Created = "created_at",
        /// Newest first.
        CreatedDescending = "-created_at",
    }
}

bindable!(BenefitGrantStatus, BenefitUseStatus);

ordered!(BenefitGrantSort of "benefit_grants" {
    Created | CreatedDescending => "created_at",
});

/// A grant as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable, AsChangeset, Identifiable)]
#[diesel(table_name = benefit_grants, treat_none_as_null = true, treat_none_as_default_value = false)]
pub struct GrantRow {
    pub id: BenefitGrantId,
    pub membership_id: ProgramMembershipId,
    pub partner_id: PartnerId,
    pub program_id: ProgramId,
    pub tier_version_id: TierId,
    pub code: String,
    pub name: String,
    pub kind: AllowanceKind,
    pub product_id: Option<ProductId>,
    pub granted: i64,
    pub consumed: i64,
    pub valid_from: Time,
    pub valid_until: Option<Time>,
    pub renews: bool,
    pub revision: i64,
    pub created_at: Time,
    pub updated_at: Time,
}

/// A benefit in a quantity that was granted to a member, as it stands at a moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct BenefitGrant {
    /// Its id.
    pub id: BenefitGrantId,
    /// The partner.
    pub partner_id: PartnerId,
    /// The program.
    pub program_id: ProgramId,
    /// The membership.
    pub membership_id: ProgramMembershipId,
    /// The tier that gives it.
    pub tier_id: TierId,
    /// The code of the allowance.
    #[schema(example = "nfr-firewall", max_length = 40)]
    pub code: String,
    /// What it is called.
    #[schema(example = "Firewall licences for own use", max_length = 200)]
    pub name: String,
    /// What it is.
    pub kind: AllowanceKind,
    /// The product that it is for.
    #[schema(required = true)]
    pub product_id: Option<ProductId>,
    /// Where it stands.
    pub status: BenefitGrantStatus,
    /// How many were granted.
    #[schema(example = 25, minimum = 1)]
    pub granted: i64,
    /// How many of them were consumed.
    #[schema(example = 10, minimum = 0)]
    pub consumed: i64,
    /// How many of them nobody had consumed when it ended.
    #[schema(example = 0, minimum = 0)]
    pub expired: i64,
    /// How many of them are left.
    #[schema(example = 15, minimum = 0)]
    pub remaining: i64,
    /// From when it holds.
    pub valid_from: Time,
    /// When it ends; null for as long as the tier is held.
    #[schema(required = true)]
    pub valid_until: Option<Time>,
    /// How often it was changed.
    #[schema(example = 1, minimum = 1)]
    pub revision: i64,
    /// When it was recorded.
    pub created_at: Time,
    /// When it was last changed.
    pub updated_at: Time,
}

resource!(
    BenefitGrant,
    "benefit_grant",
    "/v1/benefit-grants",
    told = |record| vec![record.partner_id]
);

/// A use as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable, AsChangeset, Identifiable)]
#[diesel(table_name = benefit_uses, treat_none_as_null = true, treat_none_as_default_value = false)]
pub struct UseRow {
    pub id: BenefitUseId,
    pub grant_id: BenefitGrantId,
    pub partner_id: PartnerId,
    pub quantity: i64,
    pub purpose: Option<String>,
    pub reference: Option<String>,
    pub used_by: String,
    pub returned_at: Option<Time>,
    pub return_reason: Option<String>,
    pub revision: i64,
    pub created_at: Time,
    pub updated_at: Time,
}

/// What was consumed of a granted benefit at once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct BenefitUse {
    /// Its id.
    pub id: BenefitUseId,
    /// The grant.
    pub grant_id: BenefitGrantId,
    /// The partner.
    pub partner_id: PartnerId,
    /// Whether it counts.
    pub status: BenefitUseStatus,
    /// How many were consumed.
    #[schema(example = 5, minimum = 1, maximum = 1_000_000)]
    pub quantity: i64,
    /// What for.
    #[schema(required = true, example = "Demonstration room in Stuttgart", max_length = 500)]
    pub purpose: Option<String>,
    /// What it is called elsewhere: a licence, an order, a ticket.
    #[schema(required = true, example = "LIC-2026-0042", max_length = 100)]
    pub reference: Option<String>,
    /// Who consumed it.
    #[schema(max_length = 64)]
    pub used_by: String,
    /// When it was returned.
    #[schema(required = true)]
    pub returned_at: Option<Time>,
    /// Why it was returned.
    #[schema(required = true, max_length = 500)]
    pub return_reason: Option<String>,
    /// How often it was changed.
    #[schema(example = 1, minimum = 1)]
    pub revision: i64,
    /// When it was consumed.
    pub created_at: Time,
    /// When it was last changed.
    pub updated_at: Time,
}

resource!(
    BenefitUse,
    "benefit_use",
    "/v1/benefit-uses",
    told = |record| vec![record.partner_id]
);

/// What is to be consumed of a benefit.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewBenefitUse {
    /// How many.
    #[schema(example = 1, minimum = 1, maximum = 1_000_000)]
    pub quantity: i64,
    /// What for.
    #[schema(example = "Demonstration room in Stuttgart", min_length = 1, max_length = 500)]
    pub purpose: Option<String>,
    /// What it is called elsewhere: a licence, an order, a ticket.
    #[schema(example = "LIC-2026-0042", min_length = 1, max_length = 100)]
    pub reference: Option<String>,
}

/// Why what was consumed is returned.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BenefitReturn {
    /// The reason, in words.
    #[schema(example = "The demonstration room was given up.", min_length = 1, max_length = 500)]
    pub reason: String,
}

/// What a list of grants is filtered by.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct BenefitGrantFilter {
    /// Only grants to this partner.
    #[param(nullable = false)]
    pub partner_id: Option<PartnerId>,
    /// Only grants of this program.
    #[param(nullable = false)]
    pub program_id: Option<ProgramId>,
    /// Only grants of these kinds.
    #[param(style = Form, explode = false, nullable = false)]
    pub kind: Option<Vec<AllowanceKind>>,
    /// Only grants with this code.
    #[param(min_length = 1, max_length = 40, example = "nfr-firewall", nullable = false)]
    pub code: Option<String>,
    /// Only grants that stand there at the moment that is read.
    #[param(style = Form, explode = false, nullable = false)]
    pub status: Option<Vec<BenefitGrantStatus>>,
    /// Only grants of which nothing is consumed now, or only those of which something is.
    #[param(nullable = false, example = true)]
    pub unused: Option<bool>,
    /// The moment that is read: now, if it is not said.
    #[param(nullable = false)]
    pub as_of: Option<Time>,
    /// The order.
    #[param(nullable = false)]
    pub sort: Option<BenefitGrantSort>,
}

/// What a list of uses is filtered by.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct BenefitUseFilter {
    /// Only uses that stand there.
    #[param(style = Form, explode = false, nullable = false)]
    pub status: Option<Vec<BenefitUseStatus>>,
}

/// The moment whose benefits are read.
#[derive(Debug, Clone, Copy, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct BenefitMoment {
    /// The moment that is read: now, if it is not said.
    #[param(nullable = false)]
    pub as_of: Option<Time>,
}

/// A tier, as the source of a benefit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct BenefitTier {
    /// The tier.
    pub tier_id: TierId,
    /// Its name.
    #[schema(example = "Gold", max_length = 100)]
    pub name: String,
    /// Its rank: 1 is the entry tier.
    #[schema(example = 3, minimum = 1, maximum = 20)]
    pub rank: i64,
    /// The version of the program's rules that it belongs to.
    #[schema(example = 2, minimum = 1)]
    pub version: i64,
}

/// What is kept of a tier that was left.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct BenefitTail {
    /// The tier that was left.
    pub tier: BenefitTier,
    /// When that ends.
    pub until: Time,
}

/// What a membership brings at a moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct MembershipBenefits {
    /// The program.
    pub program_id: ProgramId,
    /// Its code.
    #[schema(example = "RESELL", max_length = 32)]
    pub program_code: String,
    /// The membership.
    pub membership_id: ProgramMembershipId,
    /// The tier that is held; null after the partner left, while a tail runs.
    #[schema(required = true)]
    pub tier: Option<BenefitTier>,
    /// Discount on registered deals, in hundredths of a percent.
    #[schema(required = true, example = 1250, minimum = 0, maximum = 10000)]
    pub discount_basis_points: Option<i64>,
    /// How much of a marketing activity the vendor pays, in hundredths of a percent.
    #[schema(required = true, example = 5000, minimum = 0, maximum = 10000)]
    pub mdf_rate_basis_points: Option<i64>,
    /// How many days an approved registration is protected, in place of the policy's.
    #[schema(required = true, example = 120, minimum = 1, maximum = 730)]
    pub protection_days: Option<i64>,
    /// The weight when leads are routed; 100 is usual.
    #[schema(required = true, example = 150, minimum = 0, maximum = 1000)]
    pub lead_weight: Option<i64>,
    /// Up to which amount a registration without conflict is approved at once.
    #[schema(required = true)]
    pub auto_approval_limit: Option<Money>,
    /// How fast the vendor answers.
    #[schema(required = true)]
    pub response_class: Option<ResponseClass>,
    /// Whether somebody at the vendor is named to look after the partner.
    #[schema(example = true)]
    pub named_manager: bool,
    /// The tier that was left and still brings response class or named manager; null if none does.
    #[schema(required = true)]
    pub tail: Option<BenefitTail>,
    /// What else the tier gives, in words.
    #[schema(max_items = 50, example = json!(["A named technical contact"]))]
    pub others: Vec<String>,
    /// What can be consumed.
    #[schema(max_items = 500)]
    pub allowances: Vec<BenefitGrant>,
}

/// What a partner's memberships bring at a moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct PartnerBenefits {
    /// The partner.
    pub partner_id: PartnerId,
    /// The moment that was read.
    pub as_of: Time,
    /// Each membership that brings something then.
    #[schema(max_items = 200)]
    pub data: Vec<MembershipBenefits>,
}

/// What the report of benefits is limited to.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct BenefitUsageFilter {
    /// Only this program.
    #[param(nullable = false)]
    pub program_id: Option<ProgramId>,
    /// Only these kinds.
    #[param(style = Form, explode = false, nullable = false)]
    pub kind: Option<Vec<AllowanceKind>>,
    /// The moment that is read: now, if it is not said.
    #[param(nullable = false)]
    pub as_of: Option<Time>,
}

/// What became of one kind of benefit of one tier.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct BenefitUsage {
    /// The program.
    pub program_id: ProgramId,
    /// The name of the tier that gave it, in any version.
    #[schema(example = "Gold", max_length = 100)]
    pub tier_name: String,
    /// What it is.
    pub kind: AllowanceKind,
    /// How many were granted.
    #[schema(example = 500, minimum = 0)]
    pub granted: i64,
    /// How many of them were consumed.
    #[schema(example = 320, minimum = 0)]
    pub consumed: i64,
    /// How many of them ended without being consumed.
    #[schema(example = 30, minimum = 0)]
    pub expired: i64,
    /// How many of them are left.
    #[schema(example = 150, minimum = 0)]
    pub remaining: i64,
    /// How many partners they were granted to.
    #[schema(example = 20, minimum = 0)]
    pub partners: i64,
    /// How many of those partners have consumed none.
    #[schema(example = 4, minimum = 0)]
    pub partners_without_use: i64,
}

/// What became of the benefits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct BenefitUsageReport {
    /// The moment that was read.
    pub as_of: Time,
    /// By program, tier and kind.
    #[schema(max_items = 10000)]
    pub data: Vec<BenefitUsage>,
}
