//! The shapes of reminders.

use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    bindable,
    kernel::{
        Time,
        ids::{NoticeReminderId, PartnerId},
    },
    ordered,
    schema::notice_reminders,
    words,
};

words! {
    /// What kind of deadline it is.
    pub ReminderKind {
        /// The granted end of a registration's protection.
        ProtectionEnds = "protection_ends",
        /// The day by which a partner must have answered.
        InfoDue = "info_due",
        /// The end of the grace while more time is asked for.
        ExtensionGrace = "extension_grace",
        /// The time by which a registration must have been decided.
        ReviewDue = "review_due",
        /// The time by which an appeal must have been decided.
        AppealDue = "appeal_due",
        /// The end of an award of a specialisation.
        SpecialisationEnds = "specialisation_ends",
        /// The end of a partnership that was given notice.
        PartnerNotice = "partner_notice",
    }

    /// What became of a reminder.
    pub ReminderState {
        /// Its moment has not come.
        Waiting = "waiting",
        /// It was sent.
        Sent = "sent",
        /// Its moment had passed when the deadline was first seen, or a nearer one was sent instead.
        Skipped = "skipped",
        /// The deadline moved, or does not matter any more.
        Moot = "moot",
    }

    /// The order of reminders.
    pub ReminderSort {
        /// The next one first.
        Due = "due_at",
        /// The last one first.
        DueDescending = "-due_at",
    }
}

bindable!(ReminderKind, ReminderState);

ordered!(ReminderSort of "notice_reminders" {
    Due | DueDescending => "due_at",
});

/// A reminder before a deadline.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable, Serialize, ToSchema)]
#[diesel(table_name = notice_reminders, treat_none_as_default_value = false)]
pub struct NoticeReminder {
    /// Its id.
    pub id: NoticeReminderId,
    /// What kind of deadline it is.
    pub kind: ReminderKind,
    /// The registration, award of a specialisation, or partner.
    #[schema(example = "deal_01jdq4p6c8f3kb2v9y0s7x5ham", max_length = 255)]
    pub resource_id: String,
    /// The partner whose registration it is, or the partner itself.
    pub partner_id: PartnerId,
    /// The deadline.
    pub deadline: Time,
    /// How many days before it.
    #[schema(example = 14, minimum = 1)]
    pub days_before: i64,
    /// When it is sent.
    pub due_at: Time,
    /// What became of it.
    pub state: ReminderState,
    /// When; null while it waits.
    #[schema(required = true)]
    pub settled_at: Option<Time>,
    /// When the deadline was first seen.
    pub created_at: Time,
    /// When it was last changed.
    pub updated_at: Time,
}

/// What a list of reminders is filtered by.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct NoticeReminderFilter {
    /// Only reminders of these kinds.
    #[param(style = Form, explode = false, nullable = false)]
    pub kind: Option<Vec<ReminderKind>>,
    /// Only reminders in these states.
    #[param(style = Form, explode = false, nullable = false)]
    pub state: Option<Vec<ReminderState>>,
    /// Only reminders of this registration, award or partner.
    #[param(
        nullable = false,
        example = "deal_01jdq4p6c8f3kb2v9y0s7x5ham",
        min_length = 1,
        max_length = 255
    )]
    pub resource_id: Option<String>,
    /// Only reminders of this partner and its registrations.
    #[param(nullable = false)]
    pub partner_id: Option<PartnerId>,
    /// The order; the next one first if left out.
    #[param(nullable = false)]
    pub sort: Option<ReminderSort>,
}
