//! Events about registrations and what hangs on them.

use super::{Change, Group, Limit, ResourceType, Rows};
use crate::{
    deals::{
        amendments::DealAmendment, appeals::DealAppeal, attribution::DealAttributionSet, comments::DealComment,
        conflict::ConflictCheck, extensions::DealExtension, outcomes::DealEvidence, protection::Protection,
        registrations::Deal, reopenings::DealReopening, transfers::DealTransfer,
    },
    http::Resource,
    kernel::schemas,
};

resource_types! {
    // To the partner and its distributor; what the partner reads in place of the vendor's view is written with the event.
    Deal, "getDeal", Owned {
        "deal.amended" => "An amendment of an approved registration took effect.",
        "deal.amendment_rejected" => "An amendment of a registration was rejected.",
        "deal.amendment_requested" => "An amendment of an approved registration was asked for.",
        "deal.amendment_withdrawn" => "An amendment of a registration was withdrawn.",
        "deal.appeal_upheld" => "An appeal changed what was decided on a registration.",
        "deal.approval_advanced" => "A request about a registration waits for others to agree now; the vendor alone is told.",
        "deal.approval_escalated" => "A step of an approval waited too long and was escalated; the vendor alone is told.",
        "deal.approval_voted" => "One of several people agreed to a registration.",
        "deal.approved" => "A registration was approved.",
        "deal.assigned" => "A registration was given to a reviewer.",
        "deal.attribution_set" => "It was settled who is credited with a registration.",
        "deal.created" new => "A draft was begun.",
        "deal.customer_changed" => "A registration was moved to another customer account, by a merge or split.",
        "deal.customer_chosen" => "It was settled which customer a registration is about.",
        "deal.extended" => "The protection of a registration was extended.",
        "deal.extension_denied" => "More time for a registration was denied.",
        "deal.extension_requested" => "More time for a registration was asked for.",
        "deal.extension_withdrawn" => "A request for more time was withdrawn.",
        "deal.imported" new => "A registration came with imported history.",
        "deal.info_answered" => "The vendor's questions about a registration were answered.",
        "deal.info_requested" => "The vendor asked questions about a registration.",
        "deal.lapsed" => "A registration lapsed, because questions stayed unanswered or nobody decided in time.",
        "deal.lost" => "The sale was lost.",
        "deal.protection_awarded" => "A case was decided for the registration: it holds its scope alone.",
        "deal.protection_contested" => "What protects a registration was set aside until a case is decided.",
        "deal.protection_lost" => "A registration lost its protection to another by a decision.",
        "deal.protection_paused" => "The protection of a registration was set aside while its partner is suspended.",
        "deal.protection_released" => "What protected a registration was given back, because the partnership has ended.",
        "deal.protection_resumed" => "The protection of a registration is in force again.",
        "deal.protection_shared" => "A case was decided so that the registration shares its scope with others.",
        "deal.rejected" => "A registration was rejected.",
        "deal.reopened" => "A mistaken decision on a registration was undone.",
        "deal.revoked" => "The approval of a registration was revoked.",
        "deal.scope_granted_elsewhere" => "A scope that overlaps the registration's was granted to another.",
        "deal.stage_moved" => "The sale moved to another stage.",
        "deal.step_approved" => "One step of the approval of a registration was passed.",
        "deal.submitted" => "A registration was submitted.",
        "deal.taken_over" new => "A registration was taken over from another partner.",
        "deal.transfer_proposed" => "It was proposed that another partner takes a registration over.",
        "deal.transferred" => "A registration went to another partner.",
        "deal.updated" => "A registration was changed.",
        "deal.win_rejected" => "The vendor did not accept that the sale was won.",
        "deal.win_verified" => "The vendor confirmed that the sale was won.",
        "deal.withdrawn" => "A registration was withdrawn.",
        "deal.won" => "The sale was won.",
        "deal.worked_on" => "Somebody worked on a registration.",
    }
    DealAmendment, "getDealAmendment", Owned {
        "deal_amendment.applied" new => "An amendment took effect at once, because it needed no review.",
        "deal_amendment.approved" => "An amendment was approved.",
        "deal_amendment.rejected" => "An amendment was rejected.",
        "deal_amendment.requested" new => "An amendment was asked for.",
        "deal_amendment.voted" => "One of several people agreed to an amendment.",
        "deal_amendment.withdrawn" => "An amendment was withdrawn.",
    }
    DealAppeal, "getDealAppeal", Owned {
        "deal_appeal.claimed" => "Somebody took an appeal on to judge it.",
        "deal_appeal.dismissed" => "An appeal was dismissed.",
        "deal_appeal.lodged" new => "A partner appealed against a decision.",
        "deal_appeal.upheld" => "An appeal was upheld.",
        "deal_appeal.withdrawn" => "An appeal was withdrawn.",
    }
    // A set names every partner that is credited; each of them reads only its own part, at the registration.
    DealAttributionSet, "getDealAttribution", Vendor {
        "deal_attribution.set" new => "It was settled which partners are credited with a registration, and for how much.",
    }
    // Told to the vendor without its words where the partner alone reads it, and not at all in the feed.
    DealComment, "getDealComment", Owned, [Limit::PartnersOwn("visibility", "partner")] {
        "deal_comment.created" new => "A comment was written on a registration.",
        "deal_comment.deleted" gone => "A comment was deleted.",
        "deal_comment.updated" => "A comment was changed.",
    }
    DealEvidence, "getDealEvidence", Owned {
        "deal_evidence.created" new => "Evidence of a sale was handed in.",
        "deal_evidence.deleted" gone => "Evidence of a sale was taken back.",
        "deal_evidence.verified" => "Evidence of a sale was confirmed.",
    }
    DealExtension, "getDealExtension", Owned {
        "deal_extension.denied" => "More time was denied.",
        "deal_extension.granted" => "More time was granted.",
        "deal_extension.requested" new => "More time was asked for.",
        "deal_extension.voted" => "One of several people agreed to more time.",
        "deal_extension.withdrawn" => "A request for more time was withdrawn.",
    }
    // The vendor's own affair until it takes effect. Who is limited to some partners reads theirs at the operation.
    DealReopening, "getDealReopening", Vendor {
        "deal_reopening.approved" => "A second person agreed to undo a decision.",
        "deal_reopening.rejected" => "It was refused to undo a decision.",
        "deal_reopening.requested" new => "Somebody asked to undo a mistaken decision.",
        "deal_reopening.voted" => "One of several people agreed to undo a decision.",
        "deal_reopening.withdrawn" => "A request to undo a decision was withdrawn.",
    }
    DealTransfer, "getDealTransfer", Owned {
        "deal_transfer.cancelled" => "A transfer was called off.",
        "deal_transfer.consented" => "A partner consented to a transfer.",
        "deal_transfer.declined" => "A partner declined a transfer.",
        "deal_transfer.executed" => "A transfer was carried out.",
        "deal_transfer.proposed" new => "A transfer was proposed to both partners.",
    }
    // Dry runs and replays have no audience: they are no business of partners.
    ConflictCheck, "getConflictCheck", Owned {
        "conflict_check.created" new => "A registration was checked for conflicts.",
        "conflict_check.probing_suspected" new => "A partner looks for more customers than it registers; the vendor alone is told.",
    }
    Protection, "getProtection", Owned, [Limit::VendorFields(&["transferred_to_id"])] {
        "protection.consumed" => "A protection ended with the sale that it was for.",
        "protection.contested" => "A protection was set aside until a case is decided.",
        "protection.expired" => "The time of a protection was up.",
        "protection.extended" => "A protection was extended.",
        "protection.grace_ended" => "The grace of a protection ended, and its granted end holds again.",
        "protection.grace_given" => "A protection holds until an extension that was asked for is decided.",
        "protection.granted" new => "A scope was protected.",
        "protection.imported" new => "A protection came with imported history.",
        "protection.moved" => "A protection was moved to another customer account, by a merge or split.",
        "protection.paused" => "A protection was set aside while its partner is suspended.",
        "protection.released" => "A protection was given back.",
        "protection.restored" => "A protection that had ended or was contested is in force again.",
        "protection.resumed" => "A protection that was set aside is in force again.",
        "protection.revoked" => "A protection was revoked.",
        "protection.transferred" => "A protection went to another partner.",
    }
}
