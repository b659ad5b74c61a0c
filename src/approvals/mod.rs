//! Approvals: who must agree to a record before it counts, used by every module that has something to decide.
//!
//! # How it goes
//!
//! - A policy lists steps ([`ApprovalStepRule`]), each with the conditions under which it is asked for: amount, kind of deal,
//!   territory, tier and segment of the partner. [`plan`] makes a chain of those that a record asks for, [`open`] stores it. A
//!   chain keeps the steps that it began with, whatever the policy says later.
//! - One step at a time has its turn. A step is decided by its **role**; with a **quorum** so many different people must agree
//!   to it. One who refuses ends the chain: whoever reviews such records at every step, anybody else at the step that is theirs
//!   to decide. Whoever has decided a step of a chain decides no other step of it.
//! - **Segregation** is judged per record ([`Interests`]): by policy, nobody decides what they sent in or wrote, or on a partner
//!   that they look after, or between such a partner and its competitor.
//! - A **delegation** lends an absent person's decisions to somebody of the vendor. The delegate may decide what the absent
//!   person's roles and rows permit, if their own role lets them call the operation at all; the vote says on whose behalf it
//!   is. The delegate is judged for themselves and for whom they stand in for, and the two have one voice: who is spoken for
//!   has voted. If the delegate is away too, whoever stands in for them stands in for both.
//! - A step that waits longer than its policy says is **escalated**, once: from then on another role may decide it as well.
//!   Its hours run round the clock or in business time, as the policy says ([`StepClock`]). The clock stands while somebody else
//!   owes an answer ([`pause`], [`resume`]).
//!
//! A module that decides by a chain takes [`find`] with its lock, [`judge`]s beside its own guards, and [`cast`]s. It [`escalate`]s its steps when the job finds them [`overdue`], and [`end`]s the chain when
//! the record is decided otherwise.

mod chain;
mod clock;
pub mod delegations;
mod handlers;
mod known;
mod model;
pub mod policy;
mod preview;
mod queries;
mod rows;
mod rules;
mod segregation;
mod voices;
mod voting;

pub use chain::{Chain, Subject, end, escalate, find, open, overdue, pause, plan, resume};
pub use clock::StepClock;
pub use known::known_territories;
pub use model::{ApprovalChainStep, ApprovalKind, ApprovalStepStatus, ApprovalVerdict, AskedPerson};
pub use policy::{ApprovalStepRule, ApproverRole, ChainFacts, SegregationPolicy, asked};
pub use preview::{for_partner, for_vendor};
pub use rows::StepRow;
pub use segregation::Interests;
use utoipa_actix_web::{scope, service_config::ServiceConfig};
pub use voices::Voice;
pub use voting::{Cast, Judged, Turn, cast, judge, refuse, waits_for_caller};

/// The routes.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config.service(scope("/v1/approvals").service(handlers::list_approvals));
    delegations::routes(config);
}
