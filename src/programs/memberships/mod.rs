//! Who is in a program, in which tier since when, and how firmly.

pub mod chain;
pub mod handlers;
mod import;
mod joining;
mod model;
pub mod queries;
pub mod rules;
mod terms;

pub use import::{ImportedMembership, ImportedTier, insert_membership_imported};
pub use joining::{join_all, leave_all, tell_override_ends};
pub use model::{Appeal, ProgramMembership, ProgramMembershipPath, Risk, Standing, TierCause, TierHeld};
pub use terms::{TierTerms, TiersHeld, TiersOfMember, tier_at, tiers_held, tiers_of_partner};
