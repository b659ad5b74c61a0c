//! The rules of a program: versions, and the ranked tiers in each.

pub mod handlers;
mod model;
pub mod queries;
pub mod rules;

pub use model::{
    Comparison, Criterion, NewCriterion, NewTier, NewTierBenefits, NewVersion, ProgramVersion, Tier, TierBenefits,
    VersionStatus,
};
pub use queries::{publish_new, tier_named};
