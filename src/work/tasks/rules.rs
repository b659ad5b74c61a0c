//! What can happen to a task, and by whom. Pure.

use super::model::{NewTask, Task, TaskKind, TaskPatch, TaskPriority, TaskStatus};
use crate::{
    error::{Error, Result, codes},
    kernel::{
        Time,
        ids::{Id as _, PartnerId, TaskId},
        states::{Machine, Transition},
    },
    work::{WorkRecordType, WorkSide, WorkVisibility},
};

use TaskStatus::{Cancelled, Done, Open};

const AUTHORS_SIDE: &str = "the caller stands on the side that wrote it";

/// What can happen to a task.
pub const MACHINE: Machine<TaskStatus> = Machine {
    name: "task.status",
    transitions: &[
        Transition {
            action: "complete",
            operation: Some("completeTask"),
            from: &[Open],
            to: &[Done],
            guards: &[],
        },
        Transition {
            action: "cancel",
            operation: Some("cancelTask"),
            from: &[Open],
            to: &[Cancelled],
            guards: &[AUTHORS_SIDE],
        },
        Transition {
            action: "reopen",
            operation: Some("reopenTask"),
            from: &[Done, Cancelled],
            to: &[Open],
            guards: &[],
        },
    ],
};

/// Who writes a task, on what, and for whom to see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Author {
    /// Who writes it.
    pub name: String,
    /// On which side they stand.
    pub side: WorkSide,
    /// The partner of the record.
    pub partner: Option<PartnerId>,
    /// Who shall see it.
    pub visibility: WorkVisibility,
}

/// The record that a new task names, if it names one.
///
/// # Errors
/// 409 `contradiction` if only its type or only its id is given.
pub fn record(new: &NewTask) -> Result<Option<(WorkRecordType, &str)>> {
    match (new.resource_type, new.resource_id.as_deref()) {
        (None, None) => Ok(None),
        (Some(kind), Some(id)) => Ok(Some((kind, id))),
        (None, Some(_)) => Err(Error::contradicts(
            "#/resource_type",
            "required",
            "Say of which type the record is.",
        )),
        (Some(_), None) => Err(Error::contradicts(
            "#/resource_id",
            "required",
            "Say which record it is.",
        )),
    }
}

impl Task {
    /// A new task, open.
    pub fn new(new: &NewTask, author: Author, now: Time) -> Self {
        Self {
            id: TaskId::at(now),
            kind: new.kind.unwrap_or(TaskKind::Task),
            title: new.title.clone(),
            detail: new.detail.clone(),
            status: Open,
            priority: new.priority.unwrap_or(TaskPriority::Normal),
            visibility: author.visibility,
            resource_type: new.resource_type,
            resource_id: new.resource_id.clone(),
            partner_id: author.partner,
            assignee_id: new.assignee_id,
            due_at: new.due_at,
            created_by: author.name,
            created_side: author.side,
            ended_by: None,
            ended_at: None,
            revision: 1,
            created_at: now,
            updated_at: now,
        }
    }

    /// The partner that it is shared with.
    pub fn shared_with(&self) -> Option<PartnerId> {
        self.partner_id.filter(|_| self.visibility == WorkVisibility::Shared)
    }

    /// Checks that the side wrote it: the other side does it or leaves it, and does not change it.
    ///
    /// # Errors
    /// 403 `forbidden` otherwise. The vendor, whose program it is, may change what it sees.
    pub fn is_of(&self, side: WorkSide) -> Result<()> {
        if side == WorkSide::Vendor || self.created_side == side {
            return Ok(());
        }
        Err(Error::new(&codes::FORBIDDEN).detail("The vendor wrote this task; do it, or write one of your own."))
    }

    /// The task with the changes made.
    ///
    /// # Errors
    /// 409 `invalid_state` unless it is open.
    pub fn patched(self, patch: &TaskPatch, now: Time) -> Result<Self> {
        if self.status != Open {
            return Err(Error::invalid_state(
                self.status,
                "update",
                MACHINE.allowed(self.status),
            ));
        }
        Ok(Self {
            title: patch.title.clone().unwrap_or(self.title),
            detail: patch.detail.clone().apply(self.detail),
            priority: patch.priority.unwrap_or(self.priority),
            assignee_id: patch.assignee_id.apply(self.assignee_id),
            due_at: patch.due_at.apply(self.due_at),
            revision: self.revision + 1,
            updated_at: now,
            ..self
        })
    }

    /// The task after an action of the machine.
    ///
    /// # Errors
    /// 409 `invalid_state` if its state does not permit it.
    pub fn moved(self, action: &'static str, by: String, now: Time) -> Result<Self> {
        let status = MACHINE.go(self.status, action)?;
        let ended = status != Open;
        Ok(Self {
            status,
            ended_by: ended.then_some(by),
            ended_at: ended.then_some(now),
            revision: self.revision + 1,
            updated_at: now,
            ..self
        })
    }
}
