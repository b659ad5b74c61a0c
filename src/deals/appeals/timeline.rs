//! What happened up to an appeal and after it, read together from where the program wrote it down.

use super::{
    model::{DealAppealEvent, DealAppealStatus, DealAppealTimeline, DealAppealTimelineEntry},
    queries::AppealRow,
};
use crate::{
    db::Tx,
    deals::{
        conflict, outcomes,
        registrations::{self, DecisionOutcome, DecisionRow, Reader, Registration},
    },
    error::Result,
    files::{self, AttachedResource},
    kernel::Time,
};

fn line(at: Time, event: DealAppealEvent, summary: impl Into<String>) -> DealAppealTimelineEntry {
    DealAppealTimelineEntry {
        at,
        event,
        summary: summary.into(),
        actor: None,
        reason_code: None,
        text: None,
        rests_on: None,
        policy_version: None,
        record_id: None,
    }
}

/// The timeline of an appeal, as the caller may read it.
///
/// # Errors
/// What the database reports.
pub fn of(tx: &mut Tx<'_>, registration: &Registration, appeal: &AppealRow) -> Result<DealAppealTimeline> {
    let (reader, id) = (Reader::of(tx.caller()), registration.deal.id);
    let mut data = Vec::new();
    if let Some(at) = registration.deal.received_at {
        let summary = format!("{} was received.", registration.deal.number);
        data.push(DealAppealTimelineEntry {
            actor: registration.review.as_ref().map(|review| review.submitted_by.clone()),
            ..line(at, DealAppealEvent::Received, summary)
        });
    }
    for check in conflict::checks_of(tx, id)? {
        let summary = reader.sees(Some(())).map_or_else(
            || "The program looked for conflicts.".to_owned(),
            |()| format!("The program looked for conflicts: {}.", check.verdict),
        );
        data.push(DealAppealTimelineEntry {
            actor: reader.sees(Some(check.created_by)),
            policy_version: Some(check.policy_version),
            record_id: Some(check.id.to_string()),
            ..line(check.created_at, DealAppealEvent::Check, summary)
        });
    }
    // The outcome of this appeal is told below, in the appeal's own words.
    for decision in registrations::all_decisions(tx, id)? {
        data.extend(decided(decision, reader));
    }
    for piece in outcomes::pieces_of(tx, id)? {
        data.push(DealAppealTimelineEntry {
            actor: Some(piece.submitted_by),
            text: piece.note,
            record_id: Some(piece.id.to_string()),
            ..line(
                piece.created_at,
                DealAppealEvent::Evidence,
                format!("Shown: {} {}.", piece.kind, piece.reference),
            )
        });
    }
    let named = |file| appeal.evidence.0.iter().any(|piece| piece.file_id == Some(file));
    let attached = files::attached_to(tx, AttachedResource::DealAppeal, &appeal.id.to_string())?;
    for file in attached.into_iter().filter(|file| !named(file.file_id)) {
        data.push(DealAppealTimelineEntry {
            actor: file.attached_by,
            record_id: Some(file.file_id.to_string()),
            ..line(
                file.created_at,
                DealAppealEvent::Evidence,
                format!("Shown: {}.", file.name),
            )
        });
    }
    data.extend(appealed(appeal, reader));
    // What happened at one moment stays in the order in which it is told here.
    data.sort_by_key(|entry| entry.at);
    data.truncate(2000);
    Ok(DealAppealTimeline { data })
}

fn decided(decision: DecisionRow, reader: Reader) -> Option<DealAppealTimelineEntry> {
    use DecisionOutcome as O;
    let (event, summary) = match decision.outcome {
        O::Rejected => (DealAppealEvent::Refusal, "The registration was refused."),
        O::Revoked => (DealAppealEvent::Revocation, "What was granted was taken away."),
        O::Approved => (DealAppealEvent::Decision, "The registration was approved."),
        O::AutoApproved => (
            DealAppealEvent::Decision,
            "The registration was approved by the program's rules.",
        ),
        O::StepApproved => (DealAppealEvent::Decision, "A step of the approval chain agreed."),
        O::ExtensionGranted => (DealAppealEvent::Decision, "More time was granted."),
        O::ExtensionDenied => (DealAppealEvent::Decision, "More time was refused."),
        O::AmendmentApproved => (DealAppealEvent::Decision, "A change was granted."),
        O::AmendmentRejected => (DealAppealEvent::Decision, "A change was refused."),
        O::Reopened => (
            DealAppealEvent::Decision,
            "A decision was undone; the registration was reviewed again.",
        ),
        O::Lapsed => (
            DealAppealEvent::Decision,
            "The answers did not come in time; the registration lapsed.",
        ),
        O::Superseded => (DealAppealEvent::Decision, "Another registration took its place."),
        O::AppealUpheld | O::AppealDismissed => return None,
    };
    Some(DealAppealTimelineEntry {
        actor: reader.sees(Some(decision.decided_by)),
        reason_code: decision.reason_code,
        text: decision.reason_text,
        rests_on: reader.sees(decision.evidence),
        policy_version: decision.policy_version,
        record_id: Some(decision.id.to_string()),
        ..line(decision.decided_at, event, summary)
    })
}

fn appealed(appeal: &AppealRow, reader: Reader) -> Vec<DealAppealTimelineEntry> {
    let mut lines = vec![DealAppealTimelineEntry {
        actor: Some(appeal.lodged_by.clone()),
        text: Some(appeal.grounds.clone()),
        record_id: Some(appeal.id.to_string()),
        ..line(appeal.created_at, DealAppealEvent::Appeal, "The partner appealed.")
    }];
    for piece in &appeal.evidence.0 {
        let link = piece.link.as_ref().map_or_else(String::new, |link| format!(" {link}"));
        lines.push(DealAppealTimelineEntry {
            actor: Some(appeal.lodged_by.clone()),
            text: Some(format!("{}{link}", piece.note).chars().take(4000).collect()),
            record_id: Some(
                piece
                    .file_id
                    .map_or_else(|| appeal.id.to_string(), |file| file.to_string()),
            ),
            ..line(appeal.created_at, DealAppealEvent::Evidence, "Shown with the appeal.")
        });
    }
    if let Some(at) = appeal.decided_at {
        let summary = match appeal.status {
            DealAppealStatus::Upheld => "The appeal was upheld.",
            DealAppealStatus::Dismissed => "The appeal was dismissed; the decision stands.",
            DealAppealStatus::Open | DealAppealStatus::Withdrawn => "The appeal ended without a decision.",
        };
        lines.push(DealAppealTimelineEntry {
            actor: reader.sees(appeal.decided_by.clone()),
            reason_code: appeal.remedy.map(|remedy| remedy.to_string()),
            text: appeal.reason_text.clone(),
            policy_version: appeal.policy_version,
            record_id: Some(appeal.id.to_string()),
            ..line(at, DealAppealEvent::Outcome, summary)
        });
    }
    lines
}
