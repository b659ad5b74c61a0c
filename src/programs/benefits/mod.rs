//! What membership brings: the benefits of a tier, granted, consumed, ended and reported.
//!
//! # Rules
//!
//! - Benefits are part of a tier of a version ([`super::tiers`]), so what was published never changes.
//! - **Figures of decisions** (discount, marketing rate, protection days, weight in the routing of leads, approval limit) are
//!   those of the tier in force at the moment asked about, and of no other.
//! - **Response class** and **named manager** are kept for the `tail_days` of the tier that was left, if they are better
//!   than those of the new one.
//! - **Allowances** come in quantities. Each is granted as a row of its own when a member comes to a tier that gives it: so
//!   much as is missing to the tier's quantity, so that moving up tops up and does not double. The chain of tiers alone
//!   decides what is granted, once for each start of a tier ([`rules::plan`]); working it out again changes nothing.
//! - What the new tier does not give any more is kept for the tail of the tier that was left, and then ends, with what was
//!   consumed of it. If the new tier gives less of it, that begins when the tail is over.
//! - A grant with `valid_days` ends by the clock. One that renews is granted anew at its end while the tier is held; the
//!   next one is written by a job a month before.
//! - Nobody consumes more than was granted: the database holds it, whoever comes at the same moment. What was consumed can
//!   be returned, once, with a reason. Uses stay as history.
//! - What had ended before a membership was recorded here (of imported history) is not granted afterwards.
//!
//! Granted, consumed, expired and remaining are worked out for the moment asked about; nothing waits for a job.

pub mod handlers;
mod model;
pub mod queries;
pub mod rules;
mod usage_queries;

pub use model::{BenefitGrant, BenefitUse};
pub use queries::{follow, renew_due};
