//! Events about partners and their people.

use super::{Change, Group, Limit, ResourceType, Rows};
use crate::{
    http::Resource,
    kernel::schemas,
    partners::{
        Partner,
        account_managers::Assignment,
        applications::PartnerApplication,
        authorisations::Authorisation,
        domains::PartnerDomain,
        handovers::{Handover, HandoverItem},
        invitations::Invitation,
        people::{Employment, Person},
        resellers::ResellerRelation,
        reviews::PartnerInfoRequest,
        segments::PartnerSegment,
    },
};

resource_types! {
    // Of the custom fields partners read those that are open to them: at the partner, for an event keeps all.
    Partner, "getPartner", Owned, [Limit::VendorFields(&["status_reason_text", "tags", "external_refs", "custom"])] {
        "partner.activated" => "A partner was activated: it may work in the program.",
        "partner.applied" => "A firm applied to become a partner.",
        "partner.approved" => "A firm was accepted as a partner.",
        "partner.created" new => "A firm was recorded as a prospective partner.",
        "partner.deleted" gone => "A partner was removed with the import that had brought it.",
        "partner.imported" new => "A partner came with imported history.",
        "partner.info_answered" => "An applicant answered the vendor's questions.",
        "partner.info_requested" => "The vendor asked an applicant questions.",
        "partner.invited" => "A firm was invited to apply.",
        "partner.offboarding_started" => "The end of a partnership was begun.",
        "partner.reinstated" => "A suspended partner may work again.",
        "partner.rejected" => "A firm was turned down.",
        "partner.review_resumed" => "The review of an application went on without an answer.",
        "partner.review_started" => "The review of an application was begun.",
        "partner.suspended" => "A partner was suspended.",
        "partner.terminated" => "A partnership has ended.",
        "partner.updated" => "A partner's record was changed.",
        "partner.withdrawn" => "An applicant withdrew.",
    }
    PartnerApplication, "getPartnerApplication", Owned, [
        Limit::VendorFields(&["reviewer_id", "decided_by", "decision_text"])
    ] {
        "partner_application.approved" => "An application was approved.",
        "partner_application.paused" => "The time for a decision stands still while questions wait for answers.",
        "partner_application.received" => "An application was received.",
        "partner_application.rejected" => "An application was rejected.",
        "partner_application.resumed" => "The time for a decision runs on.",
        "partner_application.review_started" => "Somebody took an application on to review it.",
        "partner_application.verified" => "An applicant confirmed the mail address.",
    }
    PartnerInfoRequest, "listPartnerInfoRequests", Owned {
        "partner_info.answered" => "Questions to an applicant were answered.",
        "partner_info.cancelled" => "Questions to an applicant were taken back.",
        "partner_info.requested" new => "Questions were put to an applicant.",
    }
    PartnerDomain, "getPartnerDomain", Owned {
        "partner_domain.claimed" => "An internet domain was claimed for a partner.",
        "partner_domain.released" => "An internet domain was given up.",
        "partner_domain.verified" => "It was confirmed that an internet domain is the partner's.",
        "partner_domain.withdrawn" gone => "The claim of an internet domain was taken back.",
    }
    Assignment, "getAccountManager", Owned, [Limit::VendorFields(&["reason_text", "created_by", "handover_id"])] {
        "account_manager.assigned" new => "Somebody of the vendor looks after a partner from some day on.",
        "account_manager.cancelled" gone => "An assignment that was still to come was cancelled, or went with its partner.",
        "account_manager.ended" new => "From some day on nobody has a part in looking after a partner.",
    }
    // What the vendor thinks of a partner. Who is limited to some partners reads theirs at the operation.
    PartnerSegment, "getPartnerSegment", Vendor {
        "partner.segment_changed" new => "The vendor put a partner into another segment, or into none.",
    }
    ResellerRelation, "getReseller", Owned {
        "reseller_relation.created" new => "A distributor serves a reseller from some day on.",
        "reseller_relation.updated" => "The period in which a distributor serves a reseller was changed.",
    }
    // The vendor's until the firm answers. Who is limited to some partners reads theirs at the operation.
    Invitation, "listPartnerInvitations", Vendor {
        "partner_invitation.closed" => "An invitation was used, or taken back.",
        "partner_invitation.sent" new => "An invitation to apply was sent.",
    }
    Authorisation, "getProductAuthorisation", Owned {
        "product_authorisation.granted" new => "A partner was authorised to sell a product or line.",
        "product_authorisation.updated" => "The authorisation to sell a product or line was changed.",
    }
    // Also read at the operation by whoever hands over or takes over, and by those who look after the partner.
    Handover, "getHandover", Vendor {
        "handover.accepted" => "The new account manager took a handover on.",
        "handover.agreed" => "A second person agreed to a handover.",
        "handover.begun" => "A handover was begun: the partner has its new account manager.",
        "handover.cancelled" => "A handover was called off.",
        "handover.completed" => "A handover was completed.",
        "handover.opened" new => "A handover was opened.",
        "handover.scheduled" => "It was settled when a handover begins.",
        "handover.touched" => "The new account manager talked with the partner for the first time.",
        "handover.updated" => "A handover was changed.",
    }
    HandoverItem, "getHandoverItem", Vendor {
        "handover_item.added" new => "Somebody wrote down open work for a handover.",
        "handover_item.listed" new => "Open work was found and listed for a handover.",
        "handover_item.updated" => "Open work of a handover was dealt with, or changed.",
    }
    // A person may work at several partners; each reads them at the operation, without what is no longer its business.
    Person, "getPerson", Vendor {
        "person.created" new => "A person at a partner was recorded.",
        "person.deleted" gone => "A person was removed with the import that had brought them.",
        "person.updated" => "A person's record was changed.",
    }
    Employment, "getEmployment", Owned {
        "employment.deleted" gone => "A person's time at a partner was removed with the import that had brought it.",
        "employment.ended" => "A person left a partner.",
        "employment.started" new => "A person began to work at a partner.",
        "employment.updated" => "What a person does at a partner was changed.",
    }
}
