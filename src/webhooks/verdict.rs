//! What an answer means for a message and for its endpoint. Pure.

use super::{
    deliveries::{AttemptRow, WebhookDeliveryStatus, work_queries::Change},
    endpoints::WebhookDisabledReason,
    queue::Open,
    sender::Answer,
    settings::WebhookSettings,
};
use crate::kernel::{Time, ids::WebhookDeliveryId};

/// What was done with a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Deed {
    /// It was sent, at that moment and signed so.
    Sent {
        /// When.
        at: Time,
        /// What was signed.
        signature: String,
        /// What came of it.
        answer: Answer,
    },
    /// It was not, because the endpoint may not learn of it.
    PassedOver,
}

/// A message and what was done with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// The message.
    pub open: Open,
    /// What was done.
    pub deed: Deed,
}

/// What follows for a message, and for its endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// What is written down.
    pub change: Change,
    /// Why the endpoint is disabled, if it is.
    pub disables: Option<WebhookDisabledReason>,
}

/// What follows from an outcome, with `chance` between 0 and 255.
pub fn judge(outcome: &Outcome, settings: &WebhookSettings, now: Time, chance: u8) -> Verdict {
    let row = &outcome.open.row;
    let settled = |status, error: Option<String>| Change {
        id: row.id,
        status,
        attempts: row.attempts,
        tries: row.tries,
        next_attempt_at: None,
        attempted_at: None,
        last_status: None,
        last_error: error,
        expires_at: Some(settings.kept_until(now)),
    };
    let Deed::Sent { at, answer, .. } = &outcome.deed else {
        let why = "The endpoint may not learn of this event any more.".to_owned();
        return Verdict {
            change: settled(WebhookDeliveryStatus::Skipped, Some(why)),
            disables: None,
        };
    };
    let tries = row.tries.saturating_add(1);
    let tried = Change {
        attempts: row.attempts.saturating_add(1),
        tries,
        attempted_at: Some(*at),
        last_status: answer.status.map(i64::from),
        ..settled(WebhookDeliveryStatus::Delivered, answer.error.clone())
    };
    if answer.is_taken() {
        return Verdict {
            change: tried,
            disables: None,
        };
    }
    if outcome.open.is_ping() {
        return Verdict {
            change: Change {
                status: WebhookDeliveryStatus::Failed,
                ..tried
            },
            disables: None,
        };
    }
    let gone = answer.status == Some(410);
    match settings.schedule.next(tries, now, answer.wait, chance) {
        Some(next) => Verdict {
            change: Change {
                status: WebhookDeliveryStatus::Pending,
                next_attempt_at: Some(next),
                expires_at: None,
                ..tried
            },
            disables: gone.then_some(WebhookDisabledReason::Gone),
        },
        None => Verdict {
            change: Change {
                status: WebhookDeliveryStatus::Failed,
                expires_at: None,
                ..tried
            },
            disables: Some(if gone {
                WebhookDisabledReason::Gone
            } else {
                WebhookDisabledReason::Failing
            }),
        },
    }
}

/// The attempt as it is written down, which is the delivery's `number`th; none if there was none.
pub fn attempt(outcome: &Outcome, delivery_id: WebhookDeliveryId, number: i64) -> Option<AttemptRow> {
    let Deed::Sent { at, signature, answer } = &outcome.deed else {
        return None;
    };
    Some(AttemptRow {
        delivery_id,
        number,
        attempted_at: *at,
        milliseconds: answer.milliseconds,
        status: answer.status.map(i64::from),
        error: answer.error.clone(),
        signature: Some(signature.clone()),
        answer: answer.body.clone(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        kernel::ids::{Id as _, WebhookDeliveryId},
        webhooks::deliveries::work_queries::Waiting,
    };

    const NOW: Time = Time::from_micros(1_000_000_000_000_000);

    fn settings() -> WebhookSettings {
        WebhookSettings {
            schedule: "0,5,300".parse().unwrap(),
            timeout_seconds: 15,
            failing_seconds: 10,
            retention_days: 30,
            allow_http: false,
            allowed_networks: "".parse().unwrap(),
        }
    }

    fn outcome(place: i64, tries: i64, status: Option<u16>) -> Outcome {
        Outcome {
            open: Open {
                place,
                row: Waiting {
                    id: WebhookDeliveryId::example(1),
                    sequence: Some(place),
                    position: Some(1),
                    event_id: None,
                    resource_type: "deal".to_owned(),
                    resource_id: "deal_1".to_owned(),
                    occurred_at: NOW,
                    attempts: tries + 3,
                    tries,
                    next_attempt_at: Some(NOW),
                },
            },
            deed: Deed::Sent {
                at: NOW,
                signature: String::new(),
                answer: Answer {
                    status,
                    ..Answer::default()
                },
            },
        }
    }

    #[test]
    fn a_message_is_tried_as_the_schedule_has_it_and_then_its_endpoint_is_disabled() {
        let judged = |tries, status| judge(&outcome(1, tries, status), &settings(), NOW, 0);
        let taken = judged(2, Some(204)).change;
        assert_eq!((taken.status, taken.attempts), (WebhookDeliveryStatus::Delivered, 6));
        assert!(taken.expires_at.is_some() && taken.next_attempt_at.is_none());
        for status in [None, Some(301), Some(400), Some(500)] {
            let first = judged(0, status);
            assert_eq!(
                (first.change.status, first.disables),
                (WebhookDeliveryStatus::Pending, None)
            );
            assert_eq!((first.change.tries, first.change.expires_at), (1, None));
            let last = judged(2, status);
            assert_eq!(last.change.status, WebhookDeliveryStatus::Failed);
            assert_eq!(last.disables, Some(WebhookDisabledReason::Failing));
        }
    }

    #[test]
    fn a_receiver_that_is_gone_is_left_alone_at_once_and_its_message_waits() {
        let gone = judge(&outcome(1, 0, Some(410)), &settings(), NOW, 0);
        assert_eq!(
            (gone.change.status, gone.disables),
            (WebhookDeliveryStatus::Pending, Some(WebhookDisabledReason::Gone))
        );
    }

    #[test]
    fn a_ping_is_tried_once_and_disables_nothing() {
        for status in [None, Some(410), Some(500)] {
            let failed = judge(&outcome(-1, 0, status), &settings(), NOW, 0);
            assert_eq!(
                (failed.change.status, failed.disables),
                (WebhookDeliveryStatus::Failed, None)
            );
            assert!(failed.change.expires_at.is_some());
        }
    }

    #[test]
    fn what_may_not_be_told_is_passed_over_without_an_attempt() {
        let passed = Outcome {
            deed: Deed::PassedOver,
            ..outcome(1, 0, None)
        };
        let judged = judge(&passed, &settings(), NOW, 0);
        assert_eq!(
            (judged.change.status, judged.change.attempts),
            (WebhookDeliveryStatus::Skipped, 3)
        );
    }
}
