//! Which events are answers, and to what. Pure.

use super::{ResponseKind, ResponseSide};
use crate::{
    events::queries::Logged,
    kernel::{
        Time,
        ids::{DealId, PartnerId},
    },
};

/// The events that may be answers.
const EVENTS: [&str; 13] = [
    "deal.approved",
    "deal.rejected",
    "deal.info_answered",
    "deal_extension.granted",
    "deal_extension.denied",
    "deal_amendment.approved",
    "deal_amendment.rejected",
    "deal_reopening.approved",
    "deal_reopening.rejected",
    "deal_appeal.upheld",
    "deal_appeal.dismissed",
    "deal_comment.created",
    "partner_info.answered",
];

/// The events that may be answers.
pub fn events() -> Vec<&'static str> {
    EVENTS.to_vec()
}

/// What was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// A decision on the registration; its review clock tells the time.
    Review(DealId),
    /// Answers to questions about the registration.
    DealQuestions(DealId),
    /// A decision on something about the registration, asked for at that moment.
    Record(DealId, Time),
    /// A comment of the other side on the registration, if there is one that waits.
    Comment(DealId),
    /// Answers to questions about the partner's application, asked at that moment.
    PartnerQuestions(PartnerId, Time),
}

/// Who answered what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Answered {
    /// Who answered.
    pub side: ResponseSide,
    /// What kind of answer it is.
    pub kind: ResponseKind,
    /// What it answers.
    pub asked: Asked,
}

/// What the event answers, if anything.
pub fn of(event: &Logged) -> Option<Answered> {
    use ResponseKind::{Comment, Decision, Questions, Request};
    use ResponseSide::{Partner, Vendor};
    let text = |name: &str| event.data.get(name).and_then(serde_json::Value::as_str);
    let own = || event.resource_id.parse().ok();
    let deal = || text("deal_id")?.parse().ok();
    let moment = |name: &str| text(name)?.parse::<Time>().ok();
    let (side, kind, asked) = match event.kind.as_str() {
        "deal.approved" | "deal.rejected" => (Vendor, Decision, Asked::Review(own()?)),
        "deal.info_answered" => (Partner, Questions, Asked::DealQuestions(own()?)),
        "deal_comment.created" if text("visibility")? == "both" => {
            let side = text("author_side")?.parse().ok()?;
            (side, Comment, Asked::Comment(deal()?))
        }
        "deal_comment.created" => return None,
        "partner_info.answered" => {
            let partner = text("partner_id")?.parse().ok()?;
            (
                Partner,
                Questions,
                Asked::PartnerQuestions(partner, moment("asked_at")?),
            )
        }
        _ => (Vendor, Request, Asked::Record(deal()?, moment("created_at")?)),
    };
    Some(Answered { side, kind, asked })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::kernel::ids::Id as _;

    fn event(kind: &str, data: Value) -> Logged {
        Logged {
            position: 1,
            id: "evt_1".to_owned(),
            kind: kind.to_owned(),
            resource_type: "deal".to_owned(),
            resource_id: DealId::example(1).to_string(),
            occurred_at: Time::from_micros(9),
            actor: "user_1".to_owned(),
            data,
            audience: Vec::new(),
        }
    }

    #[test]
    fn an_answer_is_of_the_side_that_gave_it() {
        let deal = DealId::example(2);
        let comment = |side: &str, visibility: &str| {
            let data = json!({"deal_id": deal, "author_side": side, "visibility": visibility});
            of(&event("deal_comment.created", data)).map(|answered| answered.side)
        };
        assert_eq!(comment("vendor", "both"), Some(ResponseSide::Vendor));
        assert_eq!(comment("partner", "both"), Some(ResponseSide::Partner));
        assert_eq!(
            comment("vendor", "vendor"),
            None,
            "what the other side does not read is no answer"
        );
        let granted = of(&event(
            "deal_extension.granted",
            json!({"deal_id": deal, "created_at": "2026-11-21T09:00:00Z"}),
        ));
        assert_eq!(
            granted.unwrap().asked,
            Asked::Record(deal, "2026-11-21T09:00:00Z".parse().unwrap())
        );
        assert_eq!(
            of(&event("deal.info_answered", Value::Null)).unwrap().side,
            ResponseSide::Partner
        );
    }

    #[test]
    fn what_was_erased_is_no_answer() {
        assert_eq!(of(&event("deal_extension.granted", Value::Null)), None);
        assert_eq!(of(&event("partner_info.answered", Value::Null)), None);
    }
}
