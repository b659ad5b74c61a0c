//! The shapes of what waits for a person.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    bindable,
    kernel::{Time, ids::PartnerId},
    words,
};

words! {
    /// What waits for a person.
    pub WorkItemKind {
        /// A registration waits for a decision.
        RegistrationDecision = "registration_decision",
        /// A change of an approved registration waits for a decision.
        AmendmentDecision = "amendment_decision",
        /// A request for more time waits for a decision.
        ExtensionDecision = "extension_decision",
        /// A request to undo a decision waits for another person.
        ReopeningDecision = "reopening_decision",
        /// An appeal waits for somebody who had no part in the decision.
        AppealDecision = "appeal_decision",
        /// A reported win is to be confirmed.
        WinVerification = "win_verification",
        /// Both partners consent to a transfer: it is to be carried out.
        TransferExecution = "transfer_execution",
        /// A partner was passed to the person, who has not accepted yet.
        HandoverAcceptance = "handover_acceptance",
        /// The first talk with a partner that was taken over is to be logged.
        HandoverFirstTalk = "handover_first_talk",
        /// A handover can be completed.
        HandoverCompletion = "handover_completion",
        /// Work that changed hands with a partner is open.
        HandoverWork = "handover_work",
        /// A conflict case is in the person's hands.
        CaseDecision = "case_decision",
        /// Nobody has looked at an application yet.
        ApplicationReview = "application_review",
        /// An application is to be decided.
        ApplicationDecision = "application_decision",
        /// A protection ends within 30 days, and no request for more time waits.
        ProtectionEnd = "protection_end",
        /// The vendor asked questions about a registration.
        DealQuestions = "deal_questions",
        /// The vendor asked questions about the partner.
        PartnerQuestions = "partner_questions",
        /// A transfer waits for the partner's consent.
        TransferConsent = "transfer_consent",
        /// A recurring job of the program failed, and has not run since.
        FailedJob = "failed_job",
        /// A record failed to get into another system.
        SyncError = "sync_error",
        /// A record was changed here and in another system.
        SyncConflict = "sync_conflict",
        /// A record of another system may be one of ours.
        SyncReview = "sync_review",
        /// A task is to be done.
        Task = "task",
        /// Somebody waits to hear from the person again.
        FollowUp = "follow_up",
    }
}

bindable!(WorkItemKind);

/// How long before its end a protection is somebody's work, in days.
pub(super) const BEFORE_END_DAYS: i64 = 30;

impl WorkItemKind {
    /// The operation that clears it, its method, and its path: `{resource}` and `{id}` stand for the record and for what of
    /// the record waits.
    pub const fn action(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::RegistrationDecision => ("approveDeal", "POST", "/v1/deals/{id}/approve"),
            Self::AmendmentDecision => ("approveDealAmendment", "POST", "/v1/deal-amendments/{id}/approve"),
            Self::ExtensionDecision => ("grantDealExtension", "POST", "/v1/deal-extensions/{id}/grant"),
            Self::ReopeningDecision => ("approveDealReopening", "POST", "/v1/deal-reopenings/{id}/approve"),
            Self::AppealDecision => ("upholdDealAppeal", "POST", "/v1/deal-appeals/{id}/uphold"),
            Self::WinVerification => ("verifyDealWin", "POST", "/v1/deals/{id}/verify-win"),
            Self::TransferExecution => ("executeDealTransfer", "POST", "/v1/deal-transfers/{id}/execute"),
            Self::HandoverAcceptance => ("acceptHandover", "POST", "/v1/handovers/{id}/accept"),
            Self::HandoverFirstTalk => ("logFirstTouch", "POST", "/v1/handovers/{id}/log-first-touch"),
            Self::HandoverCompletion => ("completeHandover", "POST", "/v1/handovers/{id}/complete"),
            Self::HandoverWork => ("updateHandoverItem", "PATCH", "/v1/handovers/{resource}/items/{id}"),
            Self::CaseDecision => ("resolveConflictCase", "POST", "/v1/conflict-cases/{id}/resolve"),
            Self::ApplicationReview => ("startPartnerReview", "POST", "/v1/partners/{id}/start-review"),
            Self::ApplicationDecision => ("approvePartner", "POST", "/v1/partners/{id}/approve"),
            Self::ProtectionEnd => ("requestDealExtension", "POST", "/v1/deals/{id}/extensions"),
            Self::DealQuestions => ("answerDealInfo", "POST", "/v1/deals/{id}/answer-info"),
            Self::PartnerQuestions => ("answerPartnerInfo", "POST", "/v1/partners/{id}/answer-info"),
            Self::TransferConsent => ("consentToDealTransfer", "POST", "/v1/deal-transfers/{id}/consent"),
            Self::FailedJob => ("runJob", "POST", "/v1/jobs/{id}/run"),
            Self::SyncError => ("retrySyncLink", "POST", "/v1/sync-links/{id}/retry"),
            Self::SyncConflict => ("resolveSyncConflict", "POST", "/v1/sync-conflicts/{id}/resolve"),
            Self::SyncReview => ("decideSyncReview", "POST", "/v1/sync-reviews/{id}/decide"),
            Self::Task | Self::FollowUp => ("completeTask", "POST", "/v1/tasks/{id}/complete"),
        }
    }
}

impl WorkItemKind {
    /// What people call it, in English and in German.
    pub const fn label(self) -> [&'static str; 2] {
        match self {
            Self::RegistrationDecision => ["Deals to decide", "Zu entscheidende Projekte"],
            Self::AmendmentDecision => ["Changes of deals to decide", "Zu entscheidende Projektänderungen"],
            Self::ExtensionDecision => ["Extensions to decide", "Zu entscheidende Verlängerungen"],
            Self::ReopeningDecision => ["Reopenings to decide", "Zu entscheidende Wiederaufnahmen"],
            Self::AppealDecision => ["Appeals to decide", "Zu entscheidende Einsprüche"],
            Self::WinVerification => ["Wins to confirm", "Zu bestätigende Gewinne"],
            Self::TransferExecution => ["Transfers to carry out", "Durchzuführende Übertragungen"],
            Self::HandoverAcceptance => ["Handovers to accept", "Anzunehmende Übergaben"],
            Self::HandoverFirstTalk => ["First talks after a handover", "Erste Gespräche nach einer Übergabe"],
            Self::HandoverCompletion => ["Handovers to complete", "Abzuschließende Übergaben"],
            Self::HandoverWork => ["Work from handovers", "Aufgaben aus Übergaben"],
            Self::CaseDecision => ["Conflict cases to decide", "Zu entscheidende Konfliktfälle"],
            Self::ApplicationReview => ["New applications", "Neue Bewerbungen"],
            Self::ApplicationDecision => ["Applications to decide", "Zu entscheidende Bewerbungen"],
            Self::ProtectionEnd => ["Protections that end soon", "Bald endender Projektschutz"],
            Self::DealQuestions => ["Questions about deals", "Rückfragen zu Projekten"],
            Self::PartnerQuestions => ["Questions about your company", "Rückfragen zu Ihrer Firma"],
            Self::TransferConsent => ["Transfers to consent to", "Zustimmungspflichtige Übertragungen"],
            Self::FailedJob => ["Jobs that failed", "Fehlgeschlagene Hintergrundarbeiten"],
            Self::SyncError => [
                "Records that other systems refused",
                "Von anderen Systemen abgelehnte Datensätze",
            ],
            Self::SyncConflict => ["Changes on both sides", "Änderungen auf beiden Seiten"],
            Self::SyncReview => ["Records to be matched", "Zuzuordnende Datensätze"],
            Self::Task => ["Tasks", "Aufgaben"],
            Self::FollowUp => ["Follow-ups", "Wiedervorlagen"],
        }
    }
}

/// What clears an item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct WorkItemAction {
    /// The operation, by its id in the contract.
    #[schema(example = "approveDeal", max_length = 64)]
    pub operation: String,
    /// Its method.
    #[schema(example = "POST", max_length = 10)]
    pub method: String,
    /// Its path, with the ids of this item.
    #[schema(example = "/v1/deals/deal_01jdq4p6c8f3kb2v9y0s7x5ham/approve", max_length = 200)]
    pub path: String,
}

/// Something that waits for the caller.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct WorkItem {
    /// What it is recognised by: its kind and what waits.
    #[schema(example = "registration_decision:deal_01jdq4p6c8f3kb2v9y0s7x5ham", max_length = 100)]
    pub id: String,
    /// What waits.
    pub kind: WorkItemKind,
    /// What it is about, in a few words.
    #[schema(example = "Acme: firewalls for 40 branches", max_length = 500)]
    pub title: String,
    /// The type of the record that it is about.
    #[schema(example = "deal", max_length = 32)]
    pub resource_type: String,
    /// The record that it is about.
    #[schema(example = "deal_01jdq4p6c8f3kb2v9y0s7x5ham", max_length = 64)]
    pub resource_id: String,
    /// The partner that it is about.
    #[schema(required = true)]
    pub partner_id: Option<PartnerId>,
    /// Since when it waits.
    pub since: Time,
    /// By when it is to be done.
    #[schema(required = true)]
    pub due_at: Option<Time>,
    /// Whether that moment has passed.
    #[schema(example = false)]
    pub overdue: bool,
    /// What clears it.
    pub action: WorkItemAction,
}

/// What the queue is filtered by.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct WorkItemFilter {
    /// Only items of these kinds.
    #[param(style = Form, explode = false, nullable = false)]
    pub kind: Option<Vec<WorkItemKind>>,
    /// Only items that are due before that moment.
    #[param(nullable = false)]
    pub due_before: Option<Time>,
    /// Only items that are late, or only others.
    #[param(nullable = false)]
    pub overdue: Option<bool>,
}

/// How much of one kind waits for the caller.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct WorkItemCount {
    /// What waits.
    pub kind: WorkItemKind,
    /// How many; counting ends at 10,000.
    #[schema(example = 12, minimum = 0, maximum = 10_000)]
    pub count: i64,
    /// How many of them are late.
    #[schema(example = 2, minimum = 0, maximum = 10_000)]
    pub overdue: i64,
    /// When the first of them is due.
    #[schema(required = true)]
    pub next_due_at: Option<Time>,
}

/// What waits for the caller, in numbers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct WorkSummary {
    /// Kinds of which something waits.
    #[schema(max_items = 50)]
    pub kinds: Vec<WorkItemCount>,
    /// How many items wait.
    #[schema(example = 12, minimum = 0)]
    pub count: i64,
    /// How many of them are late.
    #[schema(example = 2, minimum = 0)]
    pub overdue: i64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_action_is_an_operation_at_its_path() {
        let document = crate::app::document().unwrap();
        for kind in WorkItemKind::ALL {
            let (operation, method, path) = kind.action();
            let path = path.replace("{id}", "{}").replace("{resource}", "{}");
            let found = document["paths"].as_object().unwrap().iter().find(|(there, _)| {
                let parts = there
                    .split('/')
                    .map(|part| if part.starts_with('{') { "{}" } else { part });
                parts.collect::<Vec<_>>().join("/") == path
            });
            let (_, item) = found.unwrap_or_else(|| panic!("{kind}: there is no {path}"));
            assert_eq!(item[method.to_lowercase()]["operationId"], operation, "{kind}");
        }
    }
}
