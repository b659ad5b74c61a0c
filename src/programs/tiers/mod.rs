//! The rules of a program: versions, and the ranked tiers in each.

pub mod handlers;
mod model;
pub mod queries;
pub mod rules;

pub use model::{
    AllowanceKind, Comparison, Criterion, NewCriterion, NewTier, NewTierBenefits, NewVersion, ProgramVersion,
    ResponseClass, Tier, TierAllowance, TierBenefits, VersionStatus,
};
pub use queries::{publish_new, tier_named};
