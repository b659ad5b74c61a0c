//! The built-in texts in English.

use super::rules::Text;
use crate::notices::catalogue::NoticeTopic;

/// The text of a topic.
#[expect(clippy::too_many_lines, reason = "one text for each topic")]
pub const fn text(topic: NoticeTopic) -> Text {
    let (subject, body) = match topic {
        NoticeTopic::DealSubmitted => (
            "New registration: {{deal.title}}",
            "{{partner.name}} sent in {{deal.number}}, “{{deal.title}}”, for {{customer.name}}.\n\nPlease decide by {{decision.due}}.",
        ),
        NoticeTopic::DealQueued => (
            "We have your registration: {{deal.title}}",
            "We received {{deal.number}}, “{{deal.title}}”, for {{customer.name}}. It has its place in the queue.\n\nYou will have our decision by {{decision.due}}.",
        ),
        NoticeTopic::DealApproved => (
            "Approved: {{deal.title}}",
            "Your registration {{deal.number}}, “{{deal.title}}”, for {{customer.name}} is approved.\n\nIt is protected until {{protected.until}}.",
        ),
        NoticeTopic::DealRejected => (
            "Not approved: {{deal.title}}",
            "Your registration {{deal.number}}, “{{deal.title}}”, for {{customer.name}} was not approved, because:\n\n{{reason}}",
        ),
        NoticeTopic::DealInfoRequested => (
            "We need answers about {{deal.title}}",
            "To decide on {{deal.number}}, “{{deal.title}}”, we need this from you by {{answers.due}}:\n\n{{questions}}\n\nWithout an answer the registration lapses then.",
        ),
        NoticeTopic::DealInfoAnswered => (
            "Answered: {{deal.title}}",
            "{{partner.name}} answered what was asked about {{deal.number}}, “{{deal.title}}”.\n\nPlease decide by {{decision.due}}.",
        ),
        NoticeTopic::DealInfoDue => (
            "Answers are due in {{time.left}}: {{deal.title}}",
            "We still need this about {{deal.number}}, “{{deal.title}}”, by {{answers.due}}:\n\n{{questions}}\n\nWithout an answer the registration lapses then.",
        ),
        NoticeTopic::DealWithdrawn => (
            "Withdrawn: {{deal.title}}",
            "The registration {{deal.number}}, “{{deal.title}}”, of {{partner.name}} for {{customer.name}} was withdrawn. {{reason}}",
        ),
        NoticeTopic::DealLapsed => (
            "Lapsed: {{deal.title}}",
            "The registration {{deal.number}}, “{{deal.title}}”, of {{partner.name}} has lapsed, because the answers did not come in time. It can be registered anew.",
        ),
        NoticeTopic::DealRevoked => (
            "Approval revoked: {{deal.title}}",
            "The approval of {{deal.number}}, “{{deal.title}}”, of {{partner.name}} was revoked, because:\n\n{{reason}}\n\nIt is not protected any more.",
        ),
        NoticeTopic::DealScopeLost => (
            "Granted elsewhere: {{deal.title}}",
            "What your registration {{deal.number}}, “{{deal.title}}”, asks for was granted to an earlier registration, in whole or in part. Yours keeps its place in the queue, and you hear of our decision.",
        ),
        NoticeTopic::ApprovalStepPending => (
            "Your approval is next: {{deal.title}}",
            "Your decision is waited for on {{deal.number}}, “{{deal.title}}”, of {{partner.name}} for {{customer.name}}.\n\nPlease decide by {{decision.due}}.",
        ),
        NoticeTopic::ReviewDue => (
            "Decision due in {{time.left}}: {{deal.title}}",
            "{{deal.number}}, “{{deal.title}}”, of {{partner.name}} still waits for a decision. It is due by {{decision.due}}.",
        ),
        NoticeTopic::ExtensionRequested => (
            "More time asked for: {{deal.title}}",
            "{{partner.name}} asks to protect {{deal.number}}, “{{deal.title}}”, until {{extension.until}}:\n\n{{extension.activity}}",
        ),
        NoticeTopic::ExtensionGranted => (
            "More time granted: {{deal.title}}",
            "Your registration {{deal.number}}, “{{deal.title}}”, is now protected until {{extension.until}}.",
        ),
        NoticeTopic::ExtensionDenied => (
            "More time refused: {{deal.title}}",
            "More time for {{deal.number}}, “{{deal.title}}”, was refused, because:\n\n{{reason}}",
        ),
        NoticeTopic::ExtensionGraceEnding => (
            "A request for more time waits: {{deal.title}}",
            "The request for more time for {{deal.number}}, “{{deal.title}}”, of {{partner.name}} still waits. The protection ends on {{deadline}} if nobody decides, in {{time.left}}.",
        ),
        NoticeTopic::AmendmentRequested => (
            "Change to review: {{deal.title}}",
            "{{partner.name}} wants to change {{deal.number}}, “{{deal.title}}”, which was approved:\n\n{{reason}}",
        ),
        NoticeTopic::AmendmentApproved => (
            "Change agreed: {{deal.title}}",
            "Your change of {{deal.number}}, “{{deal.title}}”, is agreed to and holds from now on.",
        ),
        NoticeTopic::AmendmentRejected => (
            "Change not agreed: {{deal.title}}",
            "Your change of {{deal.number}}, “{{deal.title}}”, was not agreed to, because:\n\n{{reason}}\n\nThe registration stays as it was.",
        ),
        NoticeTopic::ProtectionEnding => (
            "Protection ends in {{time.left}}: {{deal.title}}",
            "The protection of {{deal.number}}, “{{deal.title}}”, of {{partner.name}} for {{customer.name}} ends in {{time.left}}, on {{deadline}}.\n\nIf the deal needs longer, ask for more time before then.",
        ),
        NoticeTopic::ProtectionEnded => (
            "Protection has ended: {{deal.title}}",
            "The protection of {{deal.number}}, “{{deal.title}}”, of {{partner.name}} for {{customer.name}} has ended. Others may now register the same.",
        ),
        NoticeTopic::WinReported => (
            "Won: {{deal.title}}",
            "{{partner.name}} won {{deal.number}}, “{{deal.title}}”, at {{customer.name}}. Please confirm the win by its evidence.",
        ),
        NoticeTopic::WinConfirmed => (
            "Your win is confirmed: {{deal.title}}",
            "Your win of {{deal.number}}, “{{deal.title}}”, at {{customer.name}} is confirmed. Congratulations.",
        ),
        NoticeTopic::WinRefused => (
            "Your win was sent back: {{deal.title}}",
            "Your win of {{deal.number}}, “{{deal.title}}”, could not be confirmed, because:\n\n{{reason}}\n\nThe deal is open again.",
        ),
        NoticeTopic::CommentAdded => (
            "Comment on {{deal.title}}",
            "{{comment.author}} commented on {{deal.number}}, “{{deal.title}}”:\n\n{{comment.text}}",
        ),
        NoticeTopic::TransferProposed => (
            "A transfer needs your consent",
            "A registration shall be transferred from or to {{partner.name}}. Please consent or decline.\n\n{{reason}}",
        ),
        NoticeTopic::ReopeningRequested => (
            "A decision shall be undone: {{deal.title}}",
            "The decision on {{deal.number}}, “{{deal.title}}”, of {{partner.name}} is said to be mistaken:\n\n{{reason}}",
        ),
        NoticeTopic::AppealReceived => (
            "Appeal: {{deal.title}}",
            "{{partner.name}} appeals against the decision on {{deal.number}}, “{{deal.title}}”. A decision is owed by {{deadline}}.\n\n{{reason}}",
        ),
        NoticeTopic::AppealDecided => (
            "Appeal {{outcome}}: {{deal.title}}",
            "The appeal about {{deal.number}}, “{{deal.title}}”, was {{outcome}}, because:\n\n{{reason}}",
        ),
        NoticeTopic::ConflictDecided => (
            "Conflict decided: {{deal.title}}",
            "A conflict about {{deal.number}}, “{{deal.title}}”, is decided: the registration is {{outcome}}, because:\n\n{{reason}}",
        ),
        NoticeTopic::AppealDue => (
            "Appeal due in {{time.left}}: {{deal.title}}",
            "The appeal of {{partner.name}} about {{deal.number}}, “{{deal.title}}”, still waits for a decision. It is owed by {{deadline}}.",
        ),
        NoticeTopic::ApplicationReceived => (
            "Application: {{partner.name}}",
            "{{partner.name}} ({{partner.number}}) applied to become a partner. The review can begin.",
        ),
        NoticeTopic::ApplicationDecided => (
            "Application decided: {{partner.name}}",
            "The application of {{partner.name}} ({{partner.number}}) was decided: {{outcome}}.",
        ),
        NoticeTopic::HandoverGiven => (
            "Handover: {{partner.name}}",
            "{{partner.name}} ({{partner.number}}) is handed over to another account manager from {{effective.at}}. Please go through the list of open work.",
        ),
        NoticeTopic::AccountManagerChanged => (
            "Your account manager",
            "{{manager.name}} looks after {{partner.name}} from {{effective.at}}.",
        ),
        NoticeTopic::TierChangePending => (
            "The tier of {{partner.name}} is at risk",
            "{{partner.name}} does not meet what its tier {{tier.name}} asks for any more. The tier is kept until {{grace.until}}.",
        ),
        NoticeTopic::SpecialisationAwarded => (
            "Awarded: {{specialisation.name}}",
            "{{partner.name}} has the specialisation {{specialisation.name}}.\n\nFrom: {{effective.at}}\nUntil: {{award.until}}",
        ),
        NoticeTopic::SpecialisationEnding => (
            "{{specialisation.name}} ends in {{time.left}}",
            "{{partner.name}} has the specialisation {{specialisation.name}} until {{deadline}}. Unless it is renewed, it ends then.",
        ),
        NoticeTopic::SpecialisationEnded => (
            "Ended: {{specialisation.name}}",
            "{{partner.name}} does not have the specialisation {{specialisation.name}} any more, because:\n\n{{reason}}",
        ),
        NoticeTopic::PartnerUserInvited => (
            "Invited: {{person.name}}",
            "{{person.name}} was invited to act for {{partner.name}}. If nobody of yours asked for that, disable the access.",
        ),
        NoticeTopic::PartnerNoticeEnding => (
            "The partnership ends in {{time.left}}",
            "The notice of {{partner.name}} ({{partner.number}}) ends on {{deadline}}. Settle what is open before then.",
        ),
        NoticeTopic::SyncFailing => (
            "Records do not get into {{system.name}}",
            "Since {{effective.at}} records fail to get into {{system.name}}.\n\nWhat failed, and why, is listed among the sync links whose state is error; try them again when the cause is mended.",
        ),
        NoticeTopic::WebhookDisabled => (
            "Webhooks do not arrive any more",
            "Nothing more is sent to {{webhook.url}}, because:\n\n{{reason}}\n\nWhat was not sent waits. Enable the endpoint when the cause is mended; it is then sent in order.",
        ),
        NoticeTopic::ImportEnded => (
            "Import of {{import.file}}",
            "The import of {{import.file}} {{outcome}}.\n\nRows: {{import.rows}}\n\nEach row has its verdict and its reason; those that are wrong can be downloaded, mended and brought in again.",
        ),
    };
    Text { subject, body }
}
