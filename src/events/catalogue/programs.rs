//! Events about programs, tiers and members.

use super::{Change, Group, Limit, ResourceType, Rows};
use crate::{
    http::Resource,
    kernel::schemas,
    programs::{
        Program,
        benefits::{BenefitGrant, BenefitUse},
        evaluations::Evaluation,
        memberships::ProgramMembership,
        specialisations::{Specialisation, SpecialisationAward},
        tiers::{ProgramVersion, Tier},
    },
};

resource_types! {
    Program, "getProgram", Common, [
        Limit::PartnersIf("status", &["active", "retired"]),
        Limit::VendorFields(&["custom"]),
    ] {
        "program.created" new => "A program was drafted.",
        "program.published" => "A program was opened with its first version.",
        "program.retired" => "A program was retired.",
        "program.updated" => "A program was changed.",
    }
    ProgramVersion, "getProgramVersion", Common, [Limit::PartnersIf("status", &["published"])] {
        "program_version.created" new => "A version of a program was drafted.",
        "program_version.deleted" gone => "A draft of a program's version was deleted.",
        "program_version.published" => "A version of a program was published.",
        "program_version.updated" => "A draft of a program's version was changed.",
    }
    // Tiers change while their version is a draft, and drafts are the vendor's.
    Tier, "getTier", Common, [Limit::VendorAlone] {
        "tier.created" new => "A tier was drafted.",
        "tier.deleted" gone => "A tier was deleted from a draft.",
        "tier.updated" => "A tier of a draft was changed.",
    }
    ProgramMembership, "getProgramMembership", Owned {
        "program_membership.appeal_decided" => "A member's appeal against a demotion was decided.",
        "program_membership.appealed" => "A member appealed against a demotion.",
        "program_membership.created" new => "A partner joined a program.",
        "program_membership.demoted" => "A member was moved to a lower tier.",
        "program_membership.demotion_due" => "A member's time to recover is over, and its demotion waits to be confirmed.",
        "program_membership.ended" => "A partner left a program.",
        "program_membership.overridden" => "A member was given a tier by decision.",
        "program_membership.override_ended" => "A tier that was given by decision has ended.",
        "program_membership.promoted" => "A member was moved to a higher tier.",
        "program_membership.put_at_risk" => "A member no longer meets its tier, and has time to recover.",
        "program_membership.recovered" => "A member meets its tier again.",
        "program_membership.updated" => "The tiers that a member held were completed from imported history.",
    }
    // One evaluates all members, or one partner; who is limited to some partners reads the others at the operation.
    Evaluation, "getEvaluation", Vendor {
        "tier_evaluation.completed" new => "Members were judged by the criteria of their tiers.",
    }
    BenefitGrant, "getBenefitGrant", Owned {
        "benefit_grant.changed" => "A benefit was changed with the member's tier.",
        "benefit_grant.consumed" => "Some of a benefit was consumed.",
        "benefit_grant.dropped" gone => "A benefit that had not begun was dropped with the member's tier.",
        "benefit_grant.granted" new => "A benefit was granted.",
        "benefit_grant.returned" => "Some of a benefit was given back.",
    }
    BenefitUse, "getBenefitUse", Owned {
        "benefit_use.created" new => "A use of a benefit was recorded.",
        "benefit_use.returned" => "A use of a benefit was taken back.",
    }
    // Partners read those of programs that are no drafts; the event does not say which that are.
    Specialisation, "getSpecialisation", Common, [Limit::VendorAlone] {
        "specialisation.created" new => "A specialisation was created.",
        "specialisation.updated" => "A specialisation was changed.",
    }
    SpecialisationAward, "getSpecialisationAward", Owned {
        "specialisation_award.awarded" new => "A specialisation was awarded to a partner.",
        "specialisation_award.expired" => "The time of a specialisation was up.",
        "specialisation_award.renewed" => "A specialisation was renewed.",
        "specialisation_award.withdrawn" => "A specialisation was withdrawn.",
    }
}
