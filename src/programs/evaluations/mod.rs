//! Evaluations: figures against criteria, and what follows from them.

pub mod handlers;
mod model;
pub mod queries;
pub mod rules;

pub use model::{CriterionResult, Effect, Evaluation, EvaluationMode, EvaluationResult, Proposal, TierFinding};
