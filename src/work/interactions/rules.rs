//! What an interaction says, and who changes it until when. Pure.

use super::model::{Interaction, InteractionPatch, NewInteraction};
use crate::{
    error::{Error, Result, codes},
    kernel::{
        Time,
        ids::{Id as _, InteractionId, PartnerId, TaskId},
    },
    work::{
        WorkSide, WorkVisibility,
        tasks::{NewTask, TaskKind},
    },
};

/// For how many days after it was written an interaction is changed or removed; later it is history.
pub const OPEN_DAYS: i64 = 30;

/// The longest title of a task.
const TITLE: usize = 200;

/// Checks that a talk has happened.
///
/// # Errors
/// 409 `conflict` for one in the future.
pub fn happened(at: Time, now: Time) -> Result<()> {
    if at <= now {
        return Ok(());
    }
    Err(Error::new(&codes::CONFLICT).fault(
        "#/happened_at",
        "in_the_future",
        "This moment is still to come; write down what has happened, and what is to come as a task.",
    ))
}

/// The people in order, each once.
pub fn each_once<T: Ord + Copy>(people: &[T]) -> Vec<T> {
    let mut seen = std::collections::BTreeSet::new();
    people.iter().copied().filter(|person| seen.insert(*person)).collect()
}

/// The follow-up that a new interaction asks for, if it does.
pub fn follow_up(new: &NewInteraction, visibility: WorkVisibility) -> Option<NewTask> {
    let wanted = new.follow_up.as_ref()?;
    let title = wanted.title.as_ref().or(new.next_step.as_ref()).unwrap_or(&new.subject);
    Some(NewTask {
        title: title.chars().take(TITLE).collect(),
        detail: new.next_step.clone(),
        kind: Some(TaskKind::FollowUp),
        priority: None,
        visibility: Some(visibility),
        resource_type: Some(new.resource_type),
        resource_id: Some(new.resource_id.clone()),
        assignee_id: wanted.assignee_id,
        due_at: wanted.due_at,
    })
}

impl Interaction {
    /// A new interaction.
    pub fn new(
        new: &NewInteraction,
        author: (String, WorkSide),
        partner: Option<PartnerId>,
        visibility: WorkVisibility,
        follow_up: Option<TaskId>,
        now: Time,
    ) -> Self {
        Self {
            id: InteractionId::at(now),
            kind: new.kind,
            subject: new.subject.clone(),
            happened_at: new.happened_at,
            duration_minutes: new.duration_minutes,
            summary: new.summary.clone(),
            mail_message_id: new.mail_message_id.clone(),
            visibility,
            resource_type: new.resource_type,
            resource_id: new.resource_id.clone(),
            partner_id: partner,
            vendor_participants: each_once(&new.vendor_participants),
            partner_participants: each_once(&new.partner_participants),
            next_step: new.next_step.clone(),
            follow_up_task_id: follow_up,
            created_by: author.0,
            created_side: author.1,
            revision: 1,
            created_at: now,
            updated_at: now,
        }
    }

    /// Checks that the caller wrote it, and not too long ago.
    ///
    /// # Errors
    /// 403 `forbidden` for others; 409 `conflict` after [`OPEN_DAYS`] days.
    pub fn is_open_to(&self, caller: &str, now: Time) -> Result<()> {
        if self.created_by != caller {
            return Err(Error::new(&codes::FORBIDDEN)
                .detail("Only its author changes an interaction; write down one of your own."));
        }
        if now < self.created_at.plus_days(OPEN_DAYS) {
            return Ok(());
        }
        let detail = format!("It was written more than {OPEN_DAYS} days ago and is history; write down another.");
        Err(Error::new(&codes::CONFLICT).fault("#/created_at", "too_old", detail))
    }

    /// The interaction with the changes made.
    #[must_use]
    pub fn patched(self, patch: &InteractionPatch, now: Time) -> Self {
        Self {
            kind: patch.kind.unwrap_or(self.kind),
            subject: patch.subject.clone().unwrap_or(self.subject),
            happened_at: patch.happened_at.unwrap_or(self.happened_at),
            duration_minutes: patch.duration_minutes.apply(self.duration_minutes),
            summary: patch.summary.clone().apply(self.summary),
            mail_message_id: patch.mail_message_id.clone().apply(self.mail_message_id),
            vendor_participants: patch
                .vendor_participants
                .as_ref()
                .map_or(self.vendor_participants, |sent| each_once(sent)),
            partner_participants: patch
                .partner_participants
                .as_ref()
                .map_or(self.partner_participants, |sent| each_once(sent)),
            next_step: patch.next_step.clone().apply(self.next_step),
            revision: self.revision + 1,
            updated_at: now,
            ..self
        }
    }
}
