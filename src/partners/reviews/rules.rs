//! What may happen in a review. Pure.

use super::model::{PartnerInfoRequest, PartnerInfoStatus, PartnerRejection};
use crate::{
    kernel::{
        Date, Stored, Time,
        ids::{Id as _, PartnerId, PartnerInfoRequestId},
        states::{FailingGuard, guard},
    },
    partners::applications::{PartnerApplication, ReapplyRule},
};

impl PartnerInfoRequest {
    /// New questions.
    pub fn new(partner: PartnerId, questions: &[String], due: Time, by: String, now: Time) -> Self {
        Self {
            id: PartnerInfoRequestId::at(now),
            partner_id: partner,
            questions: Stored(questions.to_vec()),
            due_at: due,
            status: PartnerInfoStatus::Open,
            asked_by: by,
            asked_at: now,
            answers: None,
            answered_by: None,
            answered_at: None,
            revision: 1,
        }
    }

    /// The questions, answered.
    #[must_use]
    pub fn answered(self, answers: &[String], by: String, now: Time) -> Self {
        Self {
            status: PartnerInfoStatus::Answered,
            answers: Some(Stored(answers.to_vec())),
            answered_by: Some(by),
            answered_at: Some(now),
            revision: self.revision + 1,
            ..self
        }
    }

    /// The questions, no longer of interest.
    #[must_use]
    pub fn cancelled(self) -> Self {
        Self {
            status: PartnerInfoStatus::Cancelled,
            revision: self.revision + 1,
            ..self
        }
    }

    /// The questions as they stand at `now`: they become overdue by the clock, not by a flag.
    #[must_use]
    pub fn at(self, now: Time) -> Self {
        let overdue = self.status == PartnerInfoStatus::Open && self.due_at <= now;
        Self {
            status: if overdue {
                PartnerInfoStatus::Overdue
            } else {
                self.status
            },
            ..self
        }
    }
}

impl PartnerApplication {
    /// The application, turned down. Without a date of its own, "after" means so many days.
    #[must_use]
    pub fn turned_down(self, rejection: &PartnerRejection, reapply_days: i64, by: String, now: Time) -> Self {
        let after = match rejection.reapply {
            ReapplyRule::After => Some(
                rejection
                    .reapply_after_on
                    .unwrap_or_else(|| now.date().plus_days(reapply_days)),
            ),
            ReapplyRule::Instant | ReapplyRule::Never => None,
        };
        Self {
            decided_at: Some(now),
            decided_by: Some(by),
            decision_code: Some(rejection.reason_code.clone()),
            decision_text: rejection.reason_text.clone(),
            reapply_rule: Some(rejection.reapply),
            reapply_after_on: after,
            ..self
        }
    }

    /// The application, accepted.
    #[must_use]
    pub fn accepted(self, note: Option<String>, by: String, now: Time) -> Self {
        Self {
            decided_at: Some(now),
            decided_by: Some(by),
            decision_code: Some("accepted".to_owned()),
            decision_text: note,
            ..self
        }
    }
}

/// What a firm that was turned down reads about applying again.
pub fn reapply_sentence(rule: ReapplyRule, after: Option<Date>) -> String {
    match (rule, after) {
        (ReapplyRule::Instant, _) => "You may apply again at any time.".to_owned(),
        (ReapplyRule::After, Some(date)) => format!("You may apply again from {date} on."),
        (ReapplyRule::After, None) => "You may apply again later.".to_owned(),
        (ReapplyRule::Never, _) => String::new(),
    }
}

/// What stands in the way of an action of a review. `verified` if the applicant's address or a domain of the firm is.
pub fn failing(action: &str, verified: bool) -> Vec<FailingGuard> {
    if action == "start_review" && !verified {
        return vec![FailingGuard::new(
            "email_not_verified",
            "The applicant has not verified the address; wait for it, or verify a domain of the firm.",
        )];
    }
    Vec::new()
}

/// What stands in the way of questions that are due then.
pub fn failing_due(due: Time, now: Time) -> Vec<FailingGuard> {
    if due > now {
        return Vec::new();
    }
    vec![guard(
        "due_in_the_past",
        "#/due_at",
        "The answers must be due in the future.",
    )]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn questions_become_overdue_by_the_clock() {
        let now = Time::from_micros(1_795_000_000_000_000);
        let request = PartnerInfoRequest::new(
            PartnerId::example(1),
            &["Why?".to_owned()],
            now.plus_days(1),
            "user".to_owned(),
            now,
        );
        assert_eq!(request.clone().at(now).status, PartnerInfoStatus::Open);
        assert_eq!(request.clone().at(now.plus_days(1)).status, PartnerInfoStatus::Overdue);
        assert_eq!(
            request
                .answered(&[], "user".to_owned(), now)
                .at(now.plus_days(2))
                .status,
            PartnerInfoStatus::Answered
        );
    }
}
