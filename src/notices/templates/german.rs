//! The built-in texts in German.

use super::rules::Text;
use crate::notices::catalogue::NoticeTopic;

/// The text of a topic.
#[expect(clippy::too_many_lines, reason = "one text for each topic")]
pub const fn text(topic: NoticeTopic) -> Text {
    let (subject, body) = match topic {
        NoticeTopic::DealSubmitted => (
            "Neue Registrierung: {{deal.title}}",
            "{{partner.name}} hat {{deal.number}}, „{{deal.title}}“, für {{customer.name}} eingereicht.\n\nBitte entscheiden Sie bis {{decision.due}}.",
        ),
        NoticeTopic::DealQueued => (
            "Ihre Registrierung ist da: {{deal.title}}",
            "Wir haben {{deal.number}}, „{{deal.title}}“, für {{customer.name}} erhalten. Sie hat ihren Platz in der Reihenfolge.\n\nUnsere Entscheidung bekommen Sie bis {{decision.due}}.",
        ),
        NoticeTopic::DealApproved => (
            "Genehmigt: {{deal.title}}",
            "Ihre Registrierung {{deal.number}}, „{{deal.title}}“, für {{customer.name}} ist genehmigt.\n\nSie ist geschützt bis {{protected.until}}.",
        ),
        NoticeTopic::DealRejected => (
            "Nicht genehmigt: {{deal.title}}",
            "Ihre Registrierung {{deal.number}}, „{{deal.title}}“, für {{customer.name}} wurde nicht genehmigt, und zwar aus diesem Grund:\n\n{{reason}}",
        ),
        NoticeTopic::DealInfoRequested => (
            "Wir brauchen Antworten zu {{deal.title}}",
            "Um über {{deal.number}}, „{{deal.title}}“, zu entscheiden, brauchen wir bis {{answers.due}} von Ihnen:\n\n{{questions}}\n\nOhne Antwort verfällt die Registrierung dann.",
        ),
        NoticeTopic::DealInfoAnswered => (
            "Beantwortet: {{deal.title}}",
            "{{partner.name}} hat die Fragen zu {{deal.number}}, „{{deal.title}}“, beantwortet.\n\nBitte entscheiden Sie bis {{decision.due}}.",
        ),
        NoticeTopic::DealInfoDue => (
            "Antworten fällig in {{time.left}}: {{deal.title}}",
            "Zu {{deal.number}}, „{{deal.title}}“, brauchen wir noch bis {{answers.due}}:\n\n{{questions}}\n\nOhne Antwort verfällt die Registrierung dann.",
        ),
        NoticeTopic::DealWithdrawn => (
            "Zurückgezogen: {{deal.title}}",
            "Die Registrierung {{deal.number}}, „{{deal.title}}“, von {{partner.name}} für {{customer.name}} wurde zurückgezogen. {{reason}}",
        ),
        NoticeTopic::DealLapsed => (
            "Verfallen: {{deal.title}}",
            "Die Registrierung {{deal.number}}, „{{deal.title}}“, von {{partner.name}} ist verfallen, weil die Antworten nicht rechtzeitig kamen. Sie kann neu eingereicht werden.",
        ),
        NoticeTopic::DealRevoked => (
            "Genehmigung widerrufen: {{deal.title}}",
            "Die Genehmigung von {{deal.number}}, „{{deal.title}}“, von {{partner.name}} wurde widerrufen, und zwar aus diesem Grund:\n\n{{reason}}\n\nSie ist nicht mehr geschützt.",
        ),
        NoticeTopic::DealScopeLost => (
            "Anderweitig vergeben: {{deal.title}}",
            "Was Ihre Registrierung {{deal.number}}, „{{deal.title}}“, beansprucht, ging ganz oder teilweise an eine frühere Registrierung. Ihre behält ihren Platz in der Reihenfolge, und Sie hören von unserer Entscheidung.",
        ),
        NoticeTopic::ApprovalStepPending => (
            "Ihre Genehmigung ist dran: {{deal.title}}",
            "Auf Ihre Entscheidung wartet {{deal.number}}, „{{deal.title}}“, von {{partner.name}} für {{customer.name}}.\n\nBitte entscheiden Sie bis {{decision.due}}.",
        ),
        NoticeTopic::ReviewDue => (
            "Entscheidung fällig in {{time.left}}: {{deal.title}}",
            "{{deal.number}}, „{{deal.title}}“, von {{partner.name}} wartet noch auf eine Entscheidung. Sie ist fällig bis {{decision.due}}.",
        ),
        NoticeTopic::ExtensionRequested => (
            "Verlängerung erbeten: {{deal.title}}",
            "{{partner.name}} bittet darum, {{deal.number}}, „{{deal.title}}“, bis {{extension.until}} zu schützen:\n\n{{extension.activity}}",
        ),
        NoticeTopic::ExtensionGranted => (
            "Verlängert: {{deal.title}}",
            "Ihre Registrierung {{deal.number}}, „{{deal.title}}“, ist jetzt geschützt bis {{extension.until}}.",
        ),
        NoticeTopic::ExtensionDenied => (
            "Verlängerung abgelehnt: {{deal.title}}",
            "Die Verlängerung für {{deal.number}}, „{{deal.title}}“, wurde abgelehnt, und zwar aus diesem Grund:\n\n{{reason}}",
        ),
        NoticeTopic::ExtensionGraceEnding => (
            "Eine Verlängerung wartet: {{deal.title}}",
            "Die erbetene Verlängerung für {{deal.number}}, „{{deal.title}}“, von {{partner.name}} wartet noch. Entscheidet niemand, endet der Schutz am {{deadline}}, also in {{time.left}}.",
        ),
        NoticeTopic::AmendmentRequested => (
            "Änderung zu prüfen: {{deal.title}}",
            "{{partner.name}} möchte {{deal.number}}, „{{deal.title}}“, nach der Genehmigung ändern:\n\n{{reason}}",
        ),
        NoticeTopic::AmendmentApproved => (
            "Änderung genehmigt: {{deal.title}}",
            "Ihre Änderung von {{deal.number}}, „{{deal.title}}“, ist genehmigt und gilt ab jetzt.",
        ),
        NoticeTopic::AmendmentRejected => (
            "Änderung nicht genehmigt: {{deal.title}}",
            "Ihre Änderung von {{deal.number}}, „{{deal.title}}“, wurde nicht genehmigt, und zwar aus diesem Grund:\n\n{{reason}}\n\nDie Registrierung bleibt, wie sie war.",
        ),
        NoticeTopic::ProtectionEnding => (
            "Schutz endet in {{time.left}}: {{deal.title}}",
            "Der Schutz von {{deal.number}}, „{{deal.title}}“, von {{partner.name}} für {{customer.name}} endet in {{time.left}}, am {{deadline}}.\n\nBraucht das Geschäft länger, bitten Sie vorher um eine Verlängerung.",
        ),
        NoticeTopic::ProtectionEnded => (
            "Schutz beendet: {{deal.title}}",
            "Der Schutz von {{deal.number}}, „{{deal.title}}“, von {{partner.name}} für {{customer.name}} ist zu Ende. Andere können jetzt dasselbe registrieren.",
        ),
        NoticeTopic::WinReported => (
            "Gewonnen: {{deal.title}}",
            "{{partner.name}} hat {{deal.number}}, „{{deal.title}}“, bei {{customer.name}} gewonnen. Bitte bestätigen Sie den Gewinn anhand der Nachweise.",
        ),
        NoticeTopic::WinConfirmed => (
            "Ihr Gewinn ist bestätigt: {{deal.title}}",
            "Ihr Gewinn von {{deal.number}}, „{{deal.title}}“, bei {{customer.name}} ist bestätigt. Herzlichen Glückwunsch.",
        ),
        NoticeTopic::WinRefused => (
            "Ihr Gewinn kam zurück: {{deal.title}}",
            "Ihr Gewinn von {{deal.number}}, „{{deal.title}}“, konnte nicht bestätigt werden, und zwar aus diesem Grund:\n\n{{reason}}\n\nDas Geschäft ist wieder offen.",
        ),
        NoticeTopic::CommentAdded => (
            "Kommentar zu {{deal.title}}",
            "{{comment.author}} hat {{deal.number}}, „{{deal.title}}“, kommentiert:\n\n{{comment.text}}",
        ),
        NoticeTopic::TransferProposed => (
            "Eine Übertragung braucht Ihre Zustimmung",
            "Eine Registrierung soll von oder an {{partner.name}} übertragen werden. Bitte stimmen Sie zu oder lehnen Sie ab.\n\n{{reason}}",
        ),
        NoticeTopic::ReopeningRequested => (
            "Eine Entscheidung soll zurückgenommen werden: {{deal.title}}",
            "Die Entscheidung über {{deal.number}}, „{{deal.title}}“, von {{partner.name}} sei ein Versehen:\n\n{{reason}}",
        ),
        NoticeTopic::AppealReceived => (
            "Einspruch: {{deal.title}}",
            "{{partner.name}} legt Einspruch gegen die Entscheidung über {{deal.number}}, „{{deal.title}}“, ein. Darüber ist zu entscheiden bis {{deadline}}.\n\n{{reason}}",
        ),
        NoticeTopic::AppealDecided => (
            "Einspruch {{outcome}}: {{deal.title}}",
            "Über den Einspruch zu {{deal.number}}, „{{deal.title}}“, ist entschieden: {{outcome}}, und zwar aus diesem Grund:\n\n{{reason}}",
        ),
        NoticeTopic::ConflictDecided => (
            "Konflikt entschieden: {{deal.title}}",
            "Ein Konflikt um {{deal.number}}, „{{deal.title}}“, ist entschieden: Die Registrierung ist {{outcome}}, und zwar aus diesem Grund:\n\n{{reason}}",
        ),
        NoticeTopic::AppealDue => (
            "Einspruch fällig in {{time.left}}: {{deal.title}}",
            "Der Einspruch von {{partner.name}} zu {{deal.number}}, „{{deal.title}}“, wartet noch auf eine Entscheidung. Sie ist fällig bis {{deadline}}.",
        ),
        NoticeTopic::ApplicationReceived => (
            "Bewerbung: {{partner.name}}",
            "{{partner.name}} ({{partner.number}}) bewirbt sich als Partner. Die Prüfung kann beginnen.",
        ),
        NoticeTopic::ApplicationDecided => (
            "Bewerbung entschieden: {{partner.name}}",
            "Über die Bewerbung von {{partner.name}} ({{partner.number}}) ist entschieden: {{outcome}}.",
        ),
        NoticeTopic::HandoverGiven => (
            "Übergabe: {{partner.name}}",
            "{{partner.name}} ({{partner.number}}) geht ab {{effective.at}} in andere Hände. Bitte gehen Sie die Liste der offenen Arbeit durch.",
        ),
        NoticeTopic::AccountManagerChanged => (
            "Ihre Ansprechperson",
            "{{manager.name}} betreut {{partner.name}} ab {{effective.at}}.",
        ),
        NoticeTopic::TierChangePending => (
            "Die Stufe von {{partner.name}} ist in Gefahr",
            "{{partner.name}} erfüllt nicht mehr, was die Stufe {{tier.name}} verlangt. Die Stufe bleibt bis {{grace.until}} erhalten.",
        ),
        NoticeTopic::SpecialisationAwarded => (
            "Verliehen: {{specialisation.name}}",
            "{{partner.name}} hat die Spezialisierung {{specialisation.name}}.\n\nVon: {{effective.at}}\nBis: {{award.until}}",
        ),
        NoticeTopic::SpecialisationEnding => (
            "{{specialisation.name}} endet in {{time.left}}",
            "{{partner.name}} hat die Spezialisierung {{specialisation.name}} bis {{deadline}}. Wird sie nicht erneuert, endet sie dann.",
        ),
        NoticeTopic::SpecialisationEnded => (
            "Beendet: {{specialisation.name}}",
            "{{partner.name}} hat die Spezialisierung {{specialisation.name}} nicht mehr, und zwar aus diesem Grund:\n\n{{reason}}",
        ),
        NoticeTopic::PartnerUserInvited => (
            "Eingeladen: {{person.name}}",
            "{{person.name}} wurde eingeladen, für {{partner.name}} zu handeln. Hat niemand von Ihnen darum gebeten, sperren Sie den Zugang.",
        ),
        NoticeTopic::PartnerNoticeEnding => (
            "Die Partnerschaft endet in {{time.left}}",
            "Die Kündigungsfrist von {{partner.name}} ({{partner.number}}) endet am {{deadline}}. Regeln Sie vorher, was offen ist.",
        ),
        NoticeTopic::SyncFailing => (
            "Datensätze kommen nicht in {{system.name}} an",
            "Seit {{effective.at}} kommen Datensätze nicht in {{system.name}} an.\n\nWas fehlschlug und warum, steht bei den Verknüpfungen im Zustand error; versuchen Sie es erneut, wenn die Ursache behoben ist.",
        ),
        NoticeTopic::WebhookDisabled => (
            "Webhooks kommen nicht mehr an",
            "An {{webhook.url}} wird nichts mehr gesendet, und zwar aus diesem Grund:\n\n{{reason}}\n\nWas nicht gesendet wurde, wartet. Schalten Sie den Endpunkt ein, wenn die Ursache behoben ist; dann wird es der Reihe nach gesendet.",
        ),
        NoticeTopic::ImportEnded => (
            "Import von {{import.file}}",
            "Der Import von {{import.file}} {{outcome}}.\n\nZeilen: {{import.rows}}\n\nJede Zeile hat ihr Urteil und den Grund dafür; die fehlerhaften lassen sich herunterladen, berichtigen und wieder einlesen.",
        ),
    };
    Text { subject, body }
}
