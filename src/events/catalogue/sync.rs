//! Events about keeping records in step with other systems. That a link waits, because its record was changed here, is told by the
//! record's own event.

use super::{Change, Group, Limit, ResourceType, Rows};
use crate::{
    http::Resource,
    kernel::schemas,
    sync::{conflicts::SyncConflict, links::SyncLink, maps::FieldMap, reviews::SyncReview, systems::ExternalSystem},
};

resource_types! {
    ExternalSystem, "getExternalSystem", Vendor {
        "external_system.created" new => "An external system was named.",
        "external_system.failing" => "Records fail to get into an external system, and have for an hour.",
        "external_system.paused" => "An external system was paused.",
        "external_system.recovered" => "Records get into an external system again.",
        "external_system.resumed" => "An external system was resumed.",
        "external_system.resync_requested" => "The records of an external system are to be pushed anew.",
        "external_system.updated" => "An external system was changed.",
    }
    SyncLink, "getSyncLink", Vendor {
        "sync_link.collided" => "A linked record was changed on both sides.",
        "sync_link.created" new => "A record was linked with another system.",
        "sync_link.deleted" gone => "The link of a record with another system was ended.",
        "sync_link.paused" => "A link was paused.",
        "sync_link.pulled" => "A version of another system was taken.",
        "sync_link.relinked" => "A link leads to another record or another id.",
        "sync_link.reported" => "A connector told what became of a push.",
        "sync_link.resolved" => "A linked record is in conflict no more.",
        "sync_link.resumed" => "A link was resumed.",
        "sync_link.resync_requested" => "A record is to be pushed anew.",
        "sync_link.retried" => "A push that failed is to be tried again.",
    }
    // Both hold parts of the record: who may not read such records reads neither.
    SyncConflict, "getSyncConflict", Vendor, [Limit::On("resource_type")] {
        "sync_conflict.created" new => "A record was changed on both sides, and both versions are kept.",
        "sync_conflict.dropped" => "A conflict was dropped with its link.",
        "sync_conflict.resolved" => "A conflict was resolved.",
        "sync_conflict.updated" => "One side of a conflict has moved on.",
    }
    SyncReview, "getSyncReview", Vendor, [Limit::On("resource_type")] {
        "sync_review.created" new => "A record of another system may be one of ours.",
        "sync_review.decided" => "Somebody said which record of another system is which of ours.",
        "sync_review.updated" => "A record of another system that may be one of ours is described anew.",
    }
    FieldMap, "getFieldMap", Vendor {
        "field_map.created" new => "A field map was drafted.",
        "field_map.deleted" gone => "A draft of a field map was deleted.",
        "field_map.published" => "A field map was published: it holds from its moment on.",
        "field_map.updated" => "A draft of a field map was changed.",
    }
}
