//! Events about what people do: tasks, interactions, notes, files, and views that they saved.

use super::{Change, Group, Limit, ResourceType, Rows};
use crate::{
    files::{Attachment, StoredFile},
    http::Resource,
    kernel::schemas,
    work::{interactions::Interaction, notes::Note, saved_views::SavedView, tasks::Task},
};

resource_types! {
    // What is the vendor's alone has no audience. On records of no partner, those who are limited to some partners read it at
    // the operation.
    Task, "getTask", Owned, [Limit::On("resource_type")] {
        "task.cancelled" => "A task was cancelled.",
        "task.completed" => "A task was completed.",
        "task.created" new => "A task was written.",
        "task.reopened" => "A task was reopened.",
        "task.updated" => "A task was changed.",
    }
    Interaction, "getInteraction", Owned, [Limit::On("resource_type")] {
        "interaction.created" new => "A call, meeting or other interaction was recorded.",
        "interaction.deleted" gone => "The record of an interaction was deleted.",
        "interaction.updated" => "The record of an interaction was changed.",
    }
    Note, "getNote", Owned, [Limit::On("resource_type"), Limit::PartnersOwn("visibility", "partner")] {
        "note.created" new => "A note was written.",
        "note.deleted" gone => "A note was deleted.",
        "note.shared" new => "A note of the vendor's own was shared with the partner.",
        "note.updated" => "A note was changed.",
    }
    SavedView, "getSavedView", Personal {
        "saved_view.created" new => "Somebody saved a view.",
        "saved_view.deleted" gone => "Somebody deleted a view.",
        "saved_view.updated" => "Somebody changed a view.",
    }
    // A file of the vendor's own has no audience, also when it is attached to a partner's record: see attachments.
    StoredFile, "getFile", Owned {
        "file.content_deleted" => "The time to keep a file was up, and its content was deleted.",
        "file.deleted" gone => "A file was deleted.",
        "file.infected" => "Malware was found in a file.",
        "file.scanned" => "A file was scanned for malware.",
        "file.uploaded" new => "A file was uploaded.",
    }
    Attachment, "getAttachment", Owned {
        "attachment.created" new => "A file was attached to a record.",
        "attachment.deleted" gone => "A file was detached from a record.",
    }
}
