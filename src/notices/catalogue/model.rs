//! The shapes of the catalogue, and the words for its topics.

use serde::Serialize;
use utoipa::ToSchema;

use crate::{bindable, words};

words! {
    /// What a notice is about.
    pub NoticeTopic {
        /// A registration was sent in and waits for the vendor.
        DealSubmitted = "deal_submitted",
        /// The vendor has a registration, and it has its place in the queue.
        DealQueued = "deal_queued",
        /// A registration was approved.
        DealApproved = "deal_approved",
        /// A registration was refused, and why.
        DealRejected = "deal_rejected",
        /// The vendor needs answers, by a date.
        DealInfoRequested = "deal_info_requested",
        /// The answers are there.
        DealInfoAnswered = "deal_info_answered",
        /// Answers are due soon.
        DealInfoDue = "deal_info_due",
        /// A registration was taken back.
        DealWithdrawn = "deal_withdrawn",
        /// A registration ended because answers did not come.
        DealLapsed = "deal_lapsed",
        /// An approval was revoked, and why.
        DealRevoked = "deal_revoked",
        /// What a registration asks for was granted to another one.
        DealScopeLost = "deal_scope_lost",
        /// The next step of an approval waits, or one that waited too long goes to others.
        ApprovalStepPending = "approval_step_pending",
        /// The time for a decision is running out.
        ReviewDue = "review_due",
        /// More time is asked for.
        ExtensionRequested = "extension_requested",
        /// More time was granted.
        ExtensionGranted = "extension_granted",
        /// More time was refused, and why.
        ExtensionDenied = "extension_denied",
        /// The grace of a request for more time ends soon.
        ExtensionGraceEnding = "extension_grace_ending",
        /// A change of what was approved waits for the vendor.
        AmendmentRequested = "amendment_requested",
        /// A change of what was approved was agreed to.
        AmendmentApproved = "amendment_approved",
        /// A change of what was approved was refused, and why.
        AmendmentRejected = "amendment_rejected",
        /// A protection ends soon.
        ProtectionEnding = "protection_ending",
        /// A protection has ended.
        ProtectionEnded = "protection_ended",
        /// A deal was won, and the win waits to be confirmed.
        WinReported = "win_reported",
        /// A win was confirmed.
        WinConfirmed = "win_confirmed",
        /// A win was sent back, and why.
        WinRefused = "win_refused",
        /// Somebody commented on a registration.
        CommentAdded = "comment_added",
        /// A registration shall go to another partner.
        TransferProposed = "transfer_proposed",
        /// A decision shall be undone.
        ReopeningRequested = "reopening_requested",
        /// A partner appeals against a refusal or a revocation.
        AppealReceived = "appeal_received",
        /// An appeal was decided, and why so.
        AppealDecided = "appeal_decided",
        /// A conflict case moved the protection of a registration.
        ConflictDecided = "conflict_decided",
        /// The time for the decision on an appeal is running out.
        AppealDue = "appeal_due",
        /// A firm applied to become a partner.
        ApplicationReceived = "application_received",
        /// An application was decided.
        ApplicationDecided = "application_decided",
        /// A partner goes from one account manager to another.
        HandoverGiven = "handover_given",
        /// A partner has another account manager.
        AccountManagerChanged = "account_manager_changed",
        /// A partner is about to lose its tier.
        TierChangePending = "tier_change_pending",
        /// A specialisation was awarded or renewed.
        SpecialisationAwarded = "specialisation_awarded",
        /// A specialisation ends soon.
        SpecialisationEnding = "specialisation_ending",
        /// A specialisation has ended, or was taken back.
        SpecialisationEnded = "specialisation_ended",
        /// Somebody was invited to act for the partner.
        PartnerUserInvited = "partner_user_invited",
        /// A partnership that was given notice ends soon.
        PartnerNoticeEnding = "partner_notice_ending",
        /// A webhook endpoint is not delivered to any more, and why.
        WebhookDisabled = "webhook_disabled",
        /// An import has ended, or was undone.
        ImportEnded = "import_ended",
        /// Records fail to get into another system.
        SyncFailing = "sync_failing",
    }

    /// How a topic comes by mail.
    pub MailDelivery {
        /// Not at all.
        Off = "off",
        /// As soon as it happens, but for quiet hours.
        AtOnce = "at_once",
        /// With others of the day in one mail.
        Digest = "digest",
    }

    /// Which of the people a notice goes to.
    pub NoticeRelation {
        /// Who sent the registration in; its partner's sellers if they do not act for it any more.
        Submitter = "submitter",
        /// The partner's administrators.
        PartnerAdmin = "partner_admin",
        /// The partner's primary account manager.
        AccountManager = "account_manager",
        /// Who is asked to decide the step of the approval that waits: the reviewer it was given to, or else everyone with its
        /// role; for those who are away, whoever stands in for them.
        PendingApprover = "pending_approver",
        /// The reviewer of the registration, or else every approver.
        Reviewer = "reviewer",
        /// Who has taken the appeal on, or else everyone who may judge it: approvers, and those who run the program, who had
        /// no part in the decision.
        Adjudicator = "adjudicator",
        /// Those who run the program.
        ChannelOps = "channel_ops",
        /// Those who answer for the money.
        Finance = "finance",
        /// The vendor's administrators.
        Administrator = "administrator",
        /// Those who decide on applications.
        ApplicationReviewer = "application_reviewer",
        /// The account manager who takes a partner over.
        IncomingManager = "incoming_manager",
        /// The account manager who gives a partner away.
        OutgoingManager = "outgoing_manager",
        /// Who began it.
        Starter = "starter",
    }

    /// On which side of the channel the people stand.
    pub NoticeSide {
        /// The vendor's.
        Vendor = "vendor",
        /// A partner's.
        Partner = "partner",
    }
}

bindable!(NoticeTopic, MailDelivery);

/// A topic of the catalogue, as it is for the caller's side.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct NoticeTopicEntry {
    /// The topic.
    pub topic: NoticeTopic,
    /// What it tells, in a line.
    #[schema(example = "A registration was approved.", max_length = 200)]
    pub about: String,
    /// The types of events that it stands for; none for reminders.
    #[schema(max_items = 10, example = json!(["deal.approved"]))]
    pub events: Vec<String>,
    /// How many days before a deadline it reminds; none for what tells of events.
    #[schema(max_items = 10, example = json!([]))]
    pub days_before: Vec<i64>,
    /// Who of the caller's side is told.
    #[schema(max_items = 10, example = json!(["submitter", "partner_admin"]))]
    pub recipients: Vec<NoticeRelation>,
    /// Whether it appears in the app unless the person chooses otherwise.
    #[schema(example = true)]
    pub in_app: bool,
    /// How it comes by mail unless the person chooses otherwise.
    pub mail: MailDelivery,
    /// Whether it may be switched off. What may not is told in the app, and by mail at once or once a day.
    #[schema(example = true)]
    pub optional: bool,
    /// The operation that settles what it asks for; null if it asks for nothing.
    #[schema(required = true, example = "startPartnerReview", max_length = 100)]
    pub action: Option<String>,
    /// What its texts can name, as in `{{deal.title}}`.
    #[schema(max_items = 20, example = json!(["deal.number", "deal.title"]))]
    pub placeholders: Vec<String>,
}

/// The topics of the caller's side.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct NoticeTopicList {
    /// Every topic that the caller's side is told of.
    #[schema(max_items = 100)]
    pub data: Vec<NoticeTopicEntry>,
}
