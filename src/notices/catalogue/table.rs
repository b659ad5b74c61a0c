//! The rows of the catalogue.

use super::{
    model::{
        MailDelivery::Digest,
        NoticeRelation::{
            AccountManager, Adjudicator, Administrator, ApplicationReviewer, ChannelOps, Finance, IncomingManager,
            OutgoingManager, PartnerAdmin, PendingApprover, Reviewer, Starter, Submitter,
        },
        NoticeTopic,
    },
    rules::TopicRule,
};
use crate::modules::Module;

/// The registration, as its partner knows it.
const DEAL: &[&str] = &["deal.number", "deal.title", "customer.name", "partner.name"];
/// The partner.
const PARTNER: &[&str] = &["partner.name", "partner.number"];
/// Until when the vendor decides.
const DECISION: &[&str] = &["decision.due"];
/// Until when the registration is protected.
const PROTECTED: &[&str] = &["protected.until"];
/// Why, in words, or the code in words.
const REASON: &[&str] = &["reason"];
/// What was asked, and until when it is to be answered.
const QUESTIONS: &[&str] = &["questions", "answers.due"];
/// The days that are left.
const LEFT: &[&str] = &["time.left"];
/// The deadline.
const DEADLINE: &[&str] = &["deadline"];
/// What happened with the deal, and the end that was asked for.
const EXTENSION: &[&str] = &["extension.activity", "extension.until"];
/// The end that was granted.
const GRANTED: &[&str] = &["extension.until"];
/// What was said, and by whom.
const COMMENT: &[&str] = &["comment.text", "comment.author"];
/// How it was decided.
const OUTCOME: &[&str] = &["outcome"];
/// From when.
const FROM: &[&str] = &["effective.at"];
/// Who looks after the partner, and from when.
const MANAGER: &[&str] = &["manager.name", "effective.at"];
/// The tier, and until when it is kept.
const TIER: &[&str] = &["tier.name", "grace.until"];
/// The specialisation, and until when it holds.
const SPECIALISATION: &[&str] = &["specialisation.name", "award.until"];
/// The endpoint.
const WEBHOOK: &[&str] = &["webhook.url"];
/// The file, how its import ended, and what became of its rows.
const IMPORT: &[&str] = &["import.file", "outcome", "import.rows"];
/// The other system.
const SYSTEM: &[&str] = &["system.name"];
/// The person.
const PERSON: &[&str] = &["person.name"];

/// The first row.
pub(super) const FIRST: TopicRule = TopicRule {
    vendor: &[PendingApprover, AccountManager],
    action: Some("approveDeal"),
    placeholders: &[DEAL, DECISION],
    ..TopicRule::on_deals(
        NoticeTopic::DealSubmitted,
        "A registration was sent in and waits for the vendor.",
        &["deal.submitted"],
    )
};

/// Every topic.
pub static TOPICS: &[TopicRule] = &[
    FIRST,
    TopicRule {
        partner: &[Submitter],
        placeholders: &[DEAL, DECISION],
        tells_actor: true,
        ..TopicRule::on_deals(
            NoticeTopic::DealQueued,
            "The vendor has a registration, and it has its place in the queue.",
            &["deal.submitted"],
        )
    },
    TopicRule {
        partner: &[Submitter, PartnerAdmin],
        placeholders: &[DEAL, PROTECTED],
        ..TopicRule::on_deals(
            NoticeTopic::DealApproved,
            "A registration was approved.",
            &["deal.approved"],
        )
    },
    TopicRule {
        partner: &[Submitter, PartnerAdmin],
        placeholders: &[DEAL, REASON],
        reason_of: Some("reject"),
        ..TopicRule::on_deals(
            NoticeTopic::DealRejected,
            "A registration was refused, and why.",
            &["deal.rejected"],
        )
    },
    TopicRule {
        partner: &[Submitter, PartnerAdmin],
        optional: false,
        action: Some("answerDealInfo"),
        placeholders: &[DEAL, QUESTIONS],
        ..TopicRule::on_deals(
            NoticeTopic::DealInfoRequested,
            "The vendor needs answers, by a date.",
            &["deal.info_requested"],
        )
    },
    TopicRule {
        vendor: &[Reviewer],
        action: Some("approveDeal"),
        placeholders: &[DEAL, DECISION],
        ..TopicRule::on_deals(
            NoticeTopic::DealInfoAnswered,
            "The answers are there.",
            &["deal.info_answered"],
        )
    },
    TopicRule {
        partner: &[Submitter, PartnerAdmin],
        optional: false,
        action: Some("answerDealInfo"),
        placeholders: &[DEAL, QUESTIONS, LEFT],
        ..TopicRule::on_deals(NoticeTopic::DealInfoDue, "Answers are due soon.", &[])
    },
    TopicRule {
        vendor: &[Reviewer, AccountManager],
        partner: &[Submitter],
        mail: Digest,
        placeholders: &[DEAL, REASON],
        reason_of: Some("withdraw"),
        ..TopicRule::on_deals(
            NoticeTopic::DealWithdrawn,
            "A registration was taken back.",
            &["deal.withdrawn"],
        )
    },
    TopicRule {
        vendor: &[AccountManager],
        partner: &[Submitter, PartnerAdmin],
        placeholders: &[DEAL],
        ..TopicRule::on_deals(
            NoticeTopic::DealLapsed,
            "A registration ended because answers did not come.",
            &["deal.lapsed"],
        )
    },
    TopicRule {
        vendor: &[AccountManager],
        partner: &[Submitter, PartnerAdmin],
        optional: false,
        placeholders: &[DEAL, REASON],
        reason_of: Some("revoke"),
        ..TopicRule::on_deals(
            NoticeTopic::DealRevoked,
            "An approval was revoked, and why.",
            &["deal.revoked"],
        )
    },
    TopicRule {
        partner: &[Submitter, PartnerAdmin],
        placeholders: &[DEAL],
        ..TopicRule::on_deals(
            NoticeTopic::DealScopeLost,
            "What a registration asks for was granted to another one.",
            &["deal.scope_granted_elsewhere"],
        )
    },
    TopicRule {
        vendor: &[PendingApprover],
        action: Some("approveDeal"),
        placeholders: &[DEAL, DECISION],
        ..TopicRule::on_deals(
            NoticeTopic::ApprovalStepPending,
            "The next step of an approval waits, or one that waited too long goes to others.",
            &[
                "deal.step_approved",
                "deal.approval_advanced",
                "deal.approval_escalated",
            ],
        )
    },
    TopicRule {
        vendor: &[PendingApprover],
        action: Some("approveDeal"),
        placeholders: &[DEAL, DECISION, LEFT],
        ..TopicRule::on_deals(NoticeTopic::ReviewDue, "The time for a decision is running out.", &[])
    },
    TopicRule {
        vendor: &[Reviewer, PendingApprover, AccountManager],
        action: Some("grantDealExtension"),
        placeholders: &[DEAL, EXTENSION],
        ..TopicRule::on_deals(
            NoticeTopic::ExtensionRequested,
            "More time is asked for.",
            &["deal_extension.requested"],
        )
    },
    TopicRule {
        partner: &[Submitter, PartnerAdmin],
        placeholders: &[DEAL, GRANTED],
        ..TopicRule::on_deals(
            NoticeTopic::ExtensionGranted,
            "More time was granted.",
            &["deal_extension.granted"],
        )
    },
    TopicRule {
        partner: &[Submitter, PartnerAdmin],
        placeholders: &[DEAL, REASON],
        reason_of: Some("deny_extension"),
        ..TopicRule::on_deals(
            NoticeTopic::ExtensionDenied,
            "More time was refused, and why.",
            &["deal_extension.denied"],
        )
    },
    TopicRule {
        vendor: &[Reviewer],
        action: Some("grantDealExtension"),
        placeholders: &[DEAL, LEFT, DEADLINE],
        ..TopicRule::on_deals(
            NoticeTopic::ExtensionGraceEnding,
            "The grace of a request for more time ends soon.",
            &[],
        )
    },
    TopicRule {
        vendor: &[Reviewer, AccountManager],
        action: Some("approveDealAmendment"),
        placeholders: &[DEAL, REASON],
        ..TopicRule::on_deals(
            NoticeTopic::AmendmentRequested,
            "A change of what was approved waits for the vendor.",
            &["deal_amendment.requested"],
        )
    },
    TopicRule {
        partner: &[Submitter, PartnerAdmin],
        placeholders: &[DEAL],
        ..TopicRule::on_deals(
            NoticeTopic::AmendmentApproved,
            "A change of what was approved was agreed to.",
            &["deal_amendment.approved"],
        )
    },
    TopicRule {
        partner: &[Submitter, PartnerAdmin],
        placeholders: &[DEAL, REASON],
        reason_of: Some("reject_amendment"),
        ..TopicRule::on_deals(
            NoticeTopic::AmendmentRejected,
            "A change of what was approved was refused, and why.",
            &["deal_amendment.rejected"],
        )
    },
    TopicRule {
        vendor: &[AccountManager],
        partner: &[Submitter, PartnerAdmin],
        action: Some("requestDealExtension"),
        placeholders: &[DEAL, LEFT, DEADLINE],
        ..TopicRule::on_deals(NoticeTopic::ProtectionEnding, "A protection ends soon.", &[])
    },
    TopicRule {
        vendor: &[AccountManager],
        partner: &[Submitter, PartnerAdmin],
        placeholders: &[DEAL],
        ..TopicRule::on_deals(
            NoticeTopic::ProtectionEnded,
            "A protection has ended.",
            &["protection.expired"],
        )
    },
    TopicRule {
        vendor: &[AccountManager, Finance, ChannelOps],
        mail: Digest,
        action: Some("verifyDealWin"),
        placeholders: &[DEAL],
        ..TopicRule::on_deals(
            NoticeTopic::WinReported,
            "A deal was won, and the win waits to be confirmed.",
            &["deal.won"],
        )
    },
    TopicRule {
        partner: &[Submitter, PartnerAdmin],
        placeholders: &[DEAL],
        ..TopicRule::on_deals(
            NoticeTopic::WinConfirmed,
            "A win was confirmed.",
            &["deal.win_verified"],
        )
    },
    TopicRule {
        partner: &[Submitter, PartnerAdmin],
        action: Some("winDeal"),
        placeholders: &[DEAL, REASON],
        reason_of: Some("reject_win"),
        ..TopicRule::on_deals(
            NoticeTopic::WinRefused,
            "A win was sent back, and why.",
            &["deal.win_rejected"],
        )
    },
    TopicRule {
        vendor: &[Reviewer, AccountManager],
        partner: &[Submitter, PartnerAdmin],
        placeholders: &[DEAL, COMMENT],
        ..TopicRule::on_deals(
            NoticeTopic::CommentAdded,
            "Somebody commented on a registration.",
            &["deal_comment.created"],
        )
    },
    TopicRule {
        partner: &[PartnerAdmin],
        action: Some("consentToDealTransfer"),
        placeholders: &[PARTNER, REASON],
        ..TopicRule::on_deals(
            NoticeTopic::TransferProposed,
            "A registration shall go to another partner.",
            &["deal_transfer.proposed"],
        )
    },
    TopicRule {
        vendor: &[ChannelOps, PendingApprover],
        action: Some("approveDealReopening"),
        placeholders: &[DEAL, REASON],
        ..TopicRule::on_deals(
            NoticeTopic::ReopeningRequested,
            "A decision shall be undone.",
            &["deal_reopening.requested"],
        )
    },
    TopicRule {
        vendor: &[Adjudicator, AccountManager],
        action: Some("upholdDealAppeal"),
        placeholders: &[DEAL, REASON, DEADLINE],
        ..TopicRule::on_deals(
            NoticeTopic::AppealReceived,
            "A partner appeals against a refusal or a revocation.",
            &["deal_appeal.lodged"],
        )
    },
    TopicRule {
        vendor: &[AccountManager],
        partner: &[Submitter, PartnerAdmin],
        optional: false,
        placeholders: &[DEAL, OUTCOME, REASON],
        ..TopicRule::on_deals(
            NoticeTopic::AppealDecided,
            "An appeal was decided, and why so.",
            &["deal_appeal.upheld", "deal_appeal.dismissed"],
        )
    },
    TopicRule {
        vendor: &[AccountManager],
        partner: &[Submitter, PartnerAdmin],
        optional: false,
        placeholders: &[DEAL, OUTCOME, REASON],
        reason_of: Some("case_decision"),
        ..TopicRule::on_deals(
            NoticeTopic::ConflictDecided,
            "A conflict case moved the protection of a registration.",
            &[
                "deal.protection_awarded",
                "deal.protection_lost",
                "deal.protection_shared",
            ],
        )
    },
    TopicRule {
        vendor: &[Adjudicator],
        action: Some("upholdDealAppeal"),
        placeholders: &[DEAL, LEFT, DEADLINE],
        ..TopicRule::on_deals(
            NoticeTopic::AppealDue,
            "The time for the decision on an appeal is running out.",
            &[],
        )
    },
    TopicRule {
        module: Some(Module::Applications),
        vendor: &[ApplicationReviewer],
        action: Some("startPartnerReview"),
        placeholders: &[PARTNER],
        ..TopicRule::on(
            NoticeTopic::ApplicationReceived,
            "A firm applied to become a partner.",
            &["partner.applied"],
        )
    },
    TopicRule {
        vendor: &[AccountManager, ChannelOps],
        partner: &[PartnerAdmin],
        placeholders: &[PARTNER, OUTCOME],
        ..TopicRule::on(
            NoticeTopic::ApplicationDecided,
            "An application was decided.",
            &["partner.approved", "partner.rejected"],
        )
    },
    TopicRule {
        module: Some(Module::Handovers),
        vendor: &[IncomingManager, OutgoingManager],
        action: Some("acceptHandover"),
        placeholders: &[PARTNER, FROM],
        ..TopicRule::on(
            NoticeTopic::HandoverGiven,
            "A partner goes from one account manager to another.",
            &["handover.opened"],
        )
    },
    TopicRule {
        partner: &[PartnerAdmin],
        placeholders: &[PARTNER, MANAGER],
        ..TopicRule::on(
            NoticeTopic::AccountManagerChanged,
            "A partner has another account manager.",
            &["account_manager.assigned"],
        )
    },
    TopicRule {
        tells_until: true,
        module: Some(Module::Programs),
        vendor: &[AccountManager],
        partner: &[PartnerAdmin],
        placeholders: &[PARTNER, TIER],
        ..TopicRule::on(
            NoticeTopic::TierChangePending,
            "A partner is about to lose its tier.",
            &["program_membership.put_at_risk", "program_membership.demotion_due"],
        )
    },
    TopicRule {
        module: Some(Module::Programs),
        tells_until: true,
        vendor: &[AccountManager],
        partner: &[PartnerAdmin],
        placeholders: &[PARTNER, SPECIALISATION, FROM],
        ..TopicRule::on(
            NoticeTopic::SpecialisationAwarded,
            "A specialisation was awarded or renewed.",
            &["specialisation_award.awarded", "specialisation_award.renewed"],
        )
    },
    TopicRule {
        module: Some(Module::Programs),
        vendor: &[AccountManager],
        partner: &[PartnerAdmin],
        action: Some("renewSpecialisationAward"),
        placeholders: &[PARTNER, SPECIALISATION, LEFT, DEADLINE],
        ..TopicRule::on(NoticeTopic::SpecialisationEnding, "A specialisation ends soon.", &[])
    },
    TopicRule {
        module: Some(Module::Programs),
        vendor: &[AccountManager],
        partner: &[PartnerAdmin],
        optional: false,
        placeholders: &[PARTNER, SPECIALISATION, REASON],
        ..TopicRule::on(
            NoticeTopic::SpecialisationEnded,
            "A specialisation has ended, or was taken back, and why.",
            &["specialisation_award.expired", "specialisation_award.withdrawn"],
        )
    },
    TopicRule {
        partner: &[PartnerAdmin],
        mail: Digest,
        placeholders: &[PARTNER, PERSON],
        ..TopicRule::on(
            NoticeTopic::PartnerUserInvited,
            "Somebody was invited to act for the partner.",
            &["partner_user.created"],
        )
    },
    TopicRule {
        vendor: &[AccountManager],
        partner: &[PartnerAdmin],
        optional: false,
        placeholders: &[PARTNER, LEFT, DEADLINE],
        ..TopicRule::on(
            NoticeTopic::PartnerNoticeEnding,
            "A partnership that was given notice ends soon.",
            &[],
        )
    },
    TopicRule {
        module: Some(Module::Webhooks),
        vendor: &[Administrator],
        partner: &[PartnerAdmin],
        optional: false,
        action: Some("enableWebhookEndpoint"),
        placeholders: &[WEBHOOK, REASON],
        ..TopicRule::on(
            NoticeTopic::WebhookDisabled,
            "A webhook endpoint is not delivered to any more, and why.",
            &["webhook_endpoint.disabled"],
        )
    },
    TopicRule {
        module: Some(Module::Imports),
        vendor: &[Starter],
        placeholders: &[IMPORT],
        tells_actor: true,
        ..TopicRule::on(
            NoticeTopic::ImportEnded,
            "An import has ended, or was undone.",
            &["import.failed", "import.finished", "import.undone"],
        )
    },
    TopicRule {
        module: Some(Module::Sync),
        vendor: &[Administrator, ChannelOps],
        action: Some("listSyncLinks"),
        placeholders: &[SYSTEM, FROM],
        ..TopicRule::on(
            NoticeTopic::SyncFailing,
            "Records fail to get into another system.",
            &["external_system.failing"],
        )
    },
];
