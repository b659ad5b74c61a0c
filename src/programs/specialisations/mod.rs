//! Specialisations: what partners are good at, beside their tier.
//!
//! # Rules
//!
//! - A specialisation belongs to a program. Its **criteria** are written as those of tiers are, and judged by the same
//!   metrics ([`super::metrics`]). Changing them changes no award; the next award or renewal is judged by what holds then.
//! - It is **awarded** to a member of the program, from a moment on and for the validity of the specialisation: by hand with
//!   a reason, or because the criteria are met now. Either way the findings are kept with the award.
//! - A **renewal** begins at the old end, never now, and is one validity ahead at most. What has expired is awarded anew.
//! - It is **withdrawn** with a reason, and ends then. Who leaves the program loses its specialisations.
//! - An award that ends is told to its partner in time (`specialisation_ends` among the reminders), and when it has ended.
//! - Whether an award is valid is worked out for the moment asked about. No two awards of one specialisation to one partner
//!   overlap; the database holds that on its own.

pub mod handlers;
mod model;
mod queries;
pub mod rules;
mod steps;

pub use model::{Specialisation, SpecialisationAward};
pub use queries::{ENDS_FOR_GOOD, held};
pub use steps::{named, tell_ends, withdraw_all};
