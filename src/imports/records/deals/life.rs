//! What a row says of a deal's life, if it can have been so. Pure.

use crate::{
    deals::{
        protection::Ending,
        registrations::{DealStage, ReviewStatus},
    },
    error::{Error, Result, codes},
    imports::ready::{Ready, RowFault},
    kernel::Time,
    policies::PipelinePolicy,
};

/// What the row says of the deal's life.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Life {
    /// Where its review stands.
    pub status: ReviewStatus,
    /// What the row says of that, where it lacks what it takes.
    pub said: ReviewStatus,
    /// Where the sale stands.
    pub stage: DealStage,
    /// When it was opened.
    pub opened_at: Time,
    /// When it was received, for what was sent in.
    pub received_at: Option<Time>,
    /// When it was decided.
    pub decided_at: Option<Time>,
    /// The last sign of work on it.
    pub last_activity_at: Time,
    /// When it was won or lost.
    pub closed_at: Option<Time>,
    /// Why it was lost.
    pub closed_reason: Option<String>,
    /// Why it was decided so.
    pub decision_reason: Option<String>,
    /// When what was granted was given back or taken away.
    pub ended_at: Option<Time>,
    /// From when until when it was protected.
    pub protected: Option<(Time, Time)>,
    /// What the partner owes an answer to.
    pub asked: Option<Asked>,
}

/// What the partner owes an answer to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// Since when.
    pub at: Time,
    /// The questions; none if the file has none.
    pub questions: Vec<String>,
    /// Until when.
    pub due_at: Option<Time>,
}

/// Which of the records that a deal needs the row names.
#[derive(Debug, Clone, Copy)]
pub struct Names {
    /// A customer account.
    pub account: bool,
    /// A product.
    pub product: bool,
    /// A territory.
    pub territory: bool,
}

fn fault(field: &str, code: &str, detail: &str) -> RowFault {
    RowFault {
        field: field.to_owned(),
        code: code.to_owned(),
        detail: detail.to_owned(),
    }
}

/// Whether the registration was sent in.
pub const fn was_sent_in(status: ReviewStatus) -> bool {
    !matches!(status, ReviewStatus::Draft | ReviewStatus::NotRegistered)
}

impl Life {
    /// What the row says.
    ///
    /// # Errors
    /// Everything that cannot have been so.
    pub fn read(row: &Ready, names: Names, pipeline: &PipelinePolicy, now: Time) -> Result<Self> {
        let usual = if names.account {
            ReviewStatus::NotRegistered
        } else {
            ReviewStatus::Draft
        };
        let said: ReviewStatus = row.word("review_status")?.unwrap_or(usual);
        let status = if names.account { said } else { ReviewStatus::Draft };
        let stage = stage(row, pipeline)?;
        let sent_in = was_sent_in(status);
        let opened = row.moment("opened_at");
        let received = row.moment("received_at").or(opened).filter(|_| sent_in);
        let closed = row.moment("closed_at");
        let mut faults = Vec::new();
        if status == ReviewStatus::Superseded {
            let detail = "what was handed to another partner is imported as a deal of that partner";
            faults.push(fault("review_status", "not_importable", detail));
        }
        if sent_in && received.is_none() {
            let detail = "what was sent in elsewhere has the moment at which it was received there";
            faults.push(fault("received_at", "required", detail));
        }
        if status.is_open() {
            waiting(names, stage, &mut faults);
        }
        times(row, stage, now, &mut faults);
        let protected = protected(row, status, names, &mut faults);
        if !faults.is_empty() {
            let refusal = Error::new(&codes::VALIDATION_FAILED);
            return Err(faults.into_iter().fold(refusal, |error, fault| {
                error.fault(format!("#/{}", fault.field), fault.code, fault.detail)
            }));
        }
        let opened_at = opened.or(received).unwrap_or(now);
        let asked = (status == ReviewStatus::InfoRequested).then(|| Asked {
            at: row.moment("asked_at").or(received).unwrap_or(now),
            questions: row.list("questions").to_vec(),
            due_at: row.moment("info_due_at"),
        });
        Ok(Self {
            status,
            said,
            stage,
            opened_at,
            received_at: received,
            decided_at: row.moment("decided_at"),
            last_activity_at: row.moment("last_activity_at").or(closed).unwrap_or(opened_at),
            closed_at: closed,
            closed_reason: row.text("closed_reason").map(str::to_owned),
            decision_reason: row.text("decision_reason").map(str::to_owned),
            ended_at: row.moment("ended_at"),
            protected,
            asked,
        })
    }

    /// How and when the protection ended before its time, if it did.
    pub fn ended(&self, now: Time) -> Option<(Ending, Time)> {
        let given_up = || self.ended_at.unwrap_or(now);
        match (self.status, self.stage, self.closed_at) {
            (ReviewStatus::Revoked, ..) => Some((Ending::Revoked, given_up())),
            (ReviewStatus::Withdrawn, ..) => Some((Ending::Released, given_up())),
            (_, DealStage::WON, Some(closed)) => Some((Ending::Consumed, closed)),
            (_, DealStage::CLOSED_LOST, Some(closed)) => Some((Ending::Released, closed)),
            _ => None,
        }
    }

    /// When it was decided, as far as that is known: at the latest when what was granted began.
    pub fn decision_at(&self, now: Time) -> Time {
        let known = self.decided_at.or(self.protected.map(|(from, _)| from));
        known.or(self.received_at).unwrap_or(now)
    }
}

/// The stage that the row names: an end, or one that the program has now. Where it names none, a sale begins.
fn stage(row: &Ready, pipeline: &PipelinePolicy) -> std::result::Result<DealStage, RowFault> {
    let Some(given) = row.text("stage") else {
        return Ok(pipeline.first());
    };
    let known = given.parse().ok().filter(|stage| pipeline.has(*stage));
    known.ok_or_else(|| {
        let detail = format!(
            "`{given}` is none of {}, {}, {}",
            pipeline.listed(),
            DealStage::WON,
            DealStage::CLOSED_LOST
        );
        fault("stage", "unknown_word", &detail)
    })
}

/// What waits for a decision is judged here: by whom is a matter of its scope.
fn waiting(names: Names, stage: DealStage, faults: &mut Vec<RowFault>) {
    let lacking = [(names.product, "product"), (names.territory, "territory")];
    for (_, field) in lacking.into_iter().filter(|(named, _)| !named) {
        let detail = "what waits for a decision names the customer, a product and a territory";
        faults.push(fault(field, "required", detail));
    }
    if stage.is_closed() {
        let detail = "a deal that was won or lost does not wait for a decision any more";
        faults.push(fault("stage", "closed", detail));
    }
}

fn times(row: &Ready, stage: DealStage, now: Time, faults: &mut Vec<RowFault>) {
    let (opened, closed) = (row.moment("opened_at"), row.moment("closed_at"));
    if stage.is_closed() && closed.is_none() {
        let detail = "a deal that was won or lost has the moment at which it was";
        faults.push(fault("closed_at", "required", detail));
    }
    if !stage.is_closed() && closed.is_some() {
        faults.push(fault("closed_at", "not_closed", "an open deal has no such moment"));
    }
    for field in [
        "opened_at",
        "received_at",
        "asked_at",
        "decided_at",
        "last_activity_at",
        "closed_at",
        "ended_at",
        "protected_from",
    ] {
        if row.moment(field).is_some_and(|moment| moment > now) {
            faults.push(fault(field, "in_the_future", "history does not lie in the future"));
        }
    }
    if let (Some(opened), Some(closed)) = (opened, closed)
        && closed < opened
    {
        faults.push(fault(
            "closed_at",
            "closed_before_opened",
            "it lies before the deal was opened",
        ));
    }
}

fn protected(row: &Ready, status: ReviewStatus, names: Names, faults: &mut Vec<RowFault>) -> Option<(Time, Time)> {
    let protected = match (row.moment("protected_from"), row.moment("protected_until")) {
        (None, None) => return None,
        (Some(from), Some(until)) if from < until => Some((from, until)),
        (Some(_), Some(_)) => {
            let detail = "a protection ends after it begins";
            faults.push(fault("protected_until", "ends_before_start", detail));
            None
        }
        _ => {
            let detail = "a protection has a beginning and an end";
            faults.push(fault("protected_until", "required", detail));
            None
        }
    };
    if !matches!(
        status,
        ReviewStatus::Approved | ReviewStatus::Revoked | ReviewStatus::Withdrawn
    ) {
        let detail =
            "only what was approved is protected: its review_status is approved, or revoked or withdrawn since then";
        faults.push(fault("protected_from", "not_approved", detail));
    }
    if !names.product || !names.territory {
        let detail = "what is protected names a product and a territory";
        faults.push(fault("protected_from", "scope_missing", detail));
    }
    protected
}
