//! State machines as tables: from, action, to, who, guards.
//!
//! One table per resource is what the code runs, what `GET …/actions` answers from, and what the contract publishes
//! as `x-state-machine`; none of the three can drift from the others.

use std::fmt::{Debug, Display};

use serde::Serialize;
use utoipa::ToSchema;

use crate::error::Error;

/// One row of a state machine.
#[derive(Debug, Clone, Copy)]
pub struct Transition<S: 'static> {
    /// The verb, as in the path: `approve`.
    pub action: &'static str,
    /// The operation that performs it, `approveDeal`; `None` for what only time does.
    pub operation: Option<&'static str>,
    /// Where it may start.
    pub from: &'static [S],
    /// Where it may end; more than one if the outcome depends on facts.
    pub to: &'static [S],
    /// What must hold besides the state, in words for a reader of the contract.
    pub guards: &'static [&'static str],
}

/// A whole machine.
#[derive(Debug, Clone, Copy)]
pub struct Machine<S: 'static> {
    /// The resource and axis, `deal.review_status`.
    pub name: &'static str,
    /// Every transition there is.
    pub transitions: &'static [Transition<S>],
}

impl<S: Copy + PartialEq + Debug + Display> Machine<S> {
    /// The actions that the state allows.
    pub fn allowed(&self, state: S) -> Vec<&'static str> {
        self.transitions
            .iter()
            .filter(|row| row.from.contains(&state))
            .map(|row| row.action)
            .collect()
    }

    /// Whether `action` may start in `state`.
    pub fn allows(&self, state: S, action: &str) -> bool {
        self.transitions
            .iter()
            .any(|row| row.action == action && row.from.contains(&state))
    }

    /// The only end of `action` from `state`.
    ///
    /// # Errors
    /// 409 `invalid_state` with current, attempted and allowed if the state does not permit the action.
    pub fn go(&self, state: S, action: &'static str) -> Result<S, Error> {
        self.transitions
            .iter()
            .find(|row| row.action == action && row.from.contains(&state))
            .and_then(|row| row.to.first().copied())
            .ok_or_else(|| self.refusal(state, action))
    }

    /// Checks that `action` leads from `state` to `target`: for actions whose end depends on facts.
    ///
    /// # Errors
    /// 409 `invalid_state` otherwise.
    pub fn go_to(&self, state: S, action: &'static str, target: S) -> Result<S, Error> {
        self.transitions
            .iter()
            .any(|row| row.action == action && row.from.contains(&state) && row.to.contains(&target))
            .then_some(target)
            .ok_or_else(|| self.refusal(state, action))
    }

    fn refusal(&self, state: S, action: &'static str) -> Error {
        Error::invalid_state(state, action, self.allowed(state))
    }

    /// The machine as the contract publishes it.
    pub fn published(&self) -> serde_json::Value {
        serde_json::json!({
            "name": self.name,
            "transitions": self.transitions.iter().map(|row| serde_json::json!({
                "action": row.action,
                "operation": row.operation,
                "from": row.from.iter().map(ToString::to_string).collect::<Vec<_>>(),
                "to": row.to.iter().map(ToString::to_string).collect::<Vec<_>>(),
                "guards": row.guards,
            })).collect::<Vec<_>>(),
        })
    }
}

/// A transition as it stands for this caller now.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Action {
    /// The verb, as in the path.
    #[schema(example = "approve", max_length = 64)]
    pub action: String,
    /// The operation that performs it.
    #[schema(example = "approveDeal", max_length = 64)]
    pub operation: String,
    /// Whether calling it now would pass every guard.
    #[schema(example = false)]
    pub available: bool,
    /// The guards that fail, and why.
    #[schema(max_items = 50)]
    pub failing: Vec<FailingGuard>,
}

impl Action {
    /// An action with what stands in its way now; available if nothing does.
    pub fn new(action: &str, operation: &str, failing: Vec<FailingGuard>) -> Self {
        Self {
            action: action.to_owned(),
            operation: operation.to_owned(),
            available: failing.is_empty(),
            failing,
        }
    }
}

/// A guard that stands in the way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct FailingGuard {
    /// Stable code of the guard.
    #[schema(example = "conflict_check_stale", max_length = 64)]
    pub guard: String,
    /// What is wrong and what to do about it.
    #[schema(
        example = "The customer was changed after the last check; run it again.",
        max_length = 1000
    )]
    pub detail: String,
    /// The field that is concerned, as a JSON pointer.
    #[schema(example = "#/customer/domain", max_length = 200)]
    pub pointer: Option<String>,
}

impl FailingGuard {
    /// A guard that no single field is concerned with.
    pub fn new(guard: &str, detail: impl Into<String>) -> Self {
        Self {
            guard: guard.to_owned(),
            detail: detail.into(),
            pointer: None,
        }
    }
}

/// A guard that stands in the way at a field: what is wrong there, and what to do about it.
pub fn guard(guard: &str, pointer: &str, detail: impl Into<String>) -> FailingGuard {
    FailingGuard {
        pointer: Some(pointer.to_owned()),
        ..FailingGuard::new(guard, detail)
    }
}
