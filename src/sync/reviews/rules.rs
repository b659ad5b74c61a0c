//! What a record of another system is found to be, and what somebody says of it. Pure.

use super::model::{
    ExternalRecord, SyncCandidate, SyncMatch, SyncMatchStatus, SyncMatching, SyncReview, SyncReviewDecision,
    SyncReviewState, SyncReviewVerdict,
};
use crate::{
    error::{Error, Result},
    kernel::{
        Stored, Time,
        ids::{ExternalSystemId, Id as _, SyncReviewId},
        states::{Machine, Transition},
    },
    sync::{kinds::SyncedType, links::SyncLink},
};

/// How many records of ours are shown with one of another system.
const MOST: usize = 10;

/// The life of a review.
pub const MACHINE: Machine<SyncReviewState> = Machine {
    name: "sync_review.state",
    transitions: &[Transition {
        action: "decide",
        operation: Some("decideSyncReview"),
        from: &[SyncReviewState::Open],
        to: &[SyncReviewState::Linked, SyncReviewState::New, SyncReviewState::Ignored],
        guards: &["what is linked is not linked yet"],
    }],
};

fn bare(index: i64, record: &ExternalRecord, status: SyncMatchStatus) -> SyncMatch {
    SyncMatch {
        index,
        external_id: record.external_id.clone(),
        status,
        resource_id: None,
        link_id: None,
        review_id: None,
        candidates: Vec::new(),
        detail: None,
    }
}

/// What is known of a record that is linked, or that somebody has decided on; nothing if it is to be matched.
pub fn settled(
    index: i64,
    record: &ExternalRecord,
    link: Option<&SyncLink>,
    review: Option<&SyncReview>,
) -> Option<SyncMatch> {
    if let Some(link) = link {
        return Some(SyncMatch {
            resource_id: Some(link.resource_id.clone()),
            link_id: Some(link.id),
            ..bare(index, record, SyncMatchStatus::Linked)
        });
    }
    let review = review?;
    if !review.is_decided() {
        return None;
    }
    let status = match review.state {
        SyncReviewState::Ignored => SyncMatchStatus::Ignored,
        _ => SyncMatchStatus::New,
    };
    Some(SyncMatch {
        review_id: Some(review.id),
        ..bare(index, record, status)
    })
}

/// What a record is, by the records of ours that it may be: sure if exactly one is exact.
pub fn judged(index: i64, record: &ExternalRecord, mut candidates: Vec<SyncCandidate>) -> SyncMatch {
    candidates.sort_by(|one, other| {
        other
            .exact
            .cmp(&one.exact)
            .then(other.score.total_cmp(&one.score))
            .then(one.resource_id.cmp(&other.resource_id))
    });
    let exact = candidates.iter().filter(|one| one.exact).count();
    candidates.truncate(MOST);
    let status = match (exact, candidates.is_empty()) {
        (1, _) => SyncMatchStatus::Matched,
        (_, true) => SyncMatchStatus::New,
        _ => SyncMatchStatus::Ambiguous,
    };
    let sure = candidates.first().filter(|_| status == SyncMatchStatus::Matched);
    SyncMatch {
        resource_id: sure.map(|one| one.resource_id.clone()),
        candidates,
        ..bare(index, record, status)
    }
}

/// All matches with their numbers.
pub fn summed(dry_run: bool, items: Vec<SyncMatch>) -> SyncMatching {
    let count = |wanted: &[SyncMatchStatus]| {
        let found = items.iter().filter(|one| wanted.contains(&one.status)).count();
        i64::try_from(found).unwrap_or(i64::MAX)
    };
    SyncMatching {
        dry_run,
        new: count(&[SyncMatchStatus::New]),
        matched: count(&[
            SyncMatchStatus::Matched,
            SyncMatchStatus::Linked,
            SyncMatchStatus::Refused,
        ]),
        ambiguous: count(&[SyncMatchStatus::Ambiguous]),
        items,
    }
}

impl SyncReview {
    /// A record that waits for somebody.
    pub fn new(
        system: ExternalSystemId,
        kind: SyncedType,
        record: &ExternalRecord,
        candidates: Vec<SyncCandidate>,
        now: Time,
    ) -> Self {
        Self {
            id: SyncReviewId::at(now),
            system_id: system,
            resource_type: kind,
            external_id: record.external_id.clone(),
            described: Stored(record.clone()),
            candidates: Stored(candidates),
            state: SyncReviewState::Open,
            resource_id: None,
            decided_by: None,
            decided_at: None,
            revision: 1,
            created_at: now,
            updated_at: now,
        }
    }

    /// Whether somebody said that it is none of ours. One that was linked and is no more is matched anew.
    pub const fn is_decided(&self) -> bool {
        matches!(self.state, SyncReviewState::New | SyncReviewState::Ignored)
    }

    /// Whether it waits with just that.
    pub fn says(&self, record: &ExternalRecord, candidates: &[SyncCandidate]) -> bool {
        self.state == SyncReviewState::Open && self.described.0 == *record && self.candidates.0 == candidates
    }

    /// The record as it is described now, waiting again if it was linked once.
    #[must_use]
    pub fn renewed(self, record: &ExternalRecord, candidates: Vec<SyncCandidate>, now: Time) -> Self {
        Self {
            described: Stored(record.clone()),
            candidates: Stored(candidates),
            state: SyncReviewState::Open,
            resource_id: None,
            decided_by: None,
            decided_at: None,
            revision: self.revision + 1,
            updated_at: now,
            ..self
        }
    }

    /// The record that is one of ours, as its link says.
    ///
    /// # Errors
    /// 409 `invalid_state` if it was decided.
    pub fn linked(self, record: String, by: String, now: Time) -> Result<Self> {
        let verdict = SyncReviewVerdict {
            decision: SyncReviewDecision::Link,
            resource_id: Some(record),
        };
        self.decided(&verdict, by, now)
    }

    /// The record as somebody decided on it.
    ///
    /// # Errors
    /// 409 `invalid_state` if it was decided; 409 `contradiction` if no record is named to link, or one for nothing.
    pub fn decided(self, verdict: &SyncReviewVerdict, by: String, now: Time) -> Result<Self> {
        let target = match verdict.decision {
            SyncReviewDecision::Link => SyncReviewState::Linked,
            SyncReviewDecision::New => SyncReviewState::New,
            SyncReviewDecision::Ignore => SyncReviewState::Ignored,
        };
        let state = MACHINE.go_to(self.state, "decide", target)?;
        if (state == SyncReviewState::Linked) != verdict.resource_id.is_some() {
            return Err(Error::contradicts(
                "#/resource_id",
                "not_taken",
                "Name the record exactly for `link`.",
            ));
        }
        Ok(Self {
            state,
            resource_id: verdict.resource_id.clone(),
            decided_by: Some(by),
            decided_at: Some(now),
            revision: self.revision + 1,
            updated_at: now,
            ..self
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record() -> ExternalRecord {
        ExternalRecord {
            external_id: "1".to_owned(),
            name: "Acme".to_owned(),
            website: None,
            registration_number: None,
            registration_authority: None,
            phone: None,
            email: None,
            address: None,
            account_id: None,
            account_external_id: None,
            amount: None,
        }
    }

    fn candidate(id: &str, exact: bool, score: f64) -> SyncCandidate {
        SyncCandidate {
            resource_id: id.to_owned(),
            name: id.to_owned(),
            exact,
            score,
            reasons: Vec::new(),
        }
    }

    #[test]
    fn one_exact_candidate_is_sure_and_two_are_not() {
        let judge = |candidates| judged(0, &record(), candidates);
        assert_eq!(judge(vec![]).status, SyncMatchStatus::New);
        let one = judge(vec![candidate("b", false, 0.9), candidate("a", true, 0.8)]);
        assert_eq!(
            (one.status, one.resource_id.as_deref()),
            (SyncMatchStatus::Matched, Some("a"))
        );
        let two = judge(vec![candidate("b", true, 0.9), candidate("a", true, 0.8)]);
        assert_eq!((two.status, two.resource_id), (SyncMatchStatus::Ambiguous, None));
        assert_eq!(
            judge(vec![candidate("b", false, 0.9)]).status,
            SyncMatchStatus::Ambiguous
        );
    }

    #[test]
    fn what_was_decided_is_not_decided_again() {
        let now = Time::from_micros(1);
        let review = SyncReview::new(ExternalSystemId::example(1), SyncedType::Deal, &record(), vec![], now);
        let verdict = |decision, resource_id: Option<&str>| SyncReviewVerdict {
            decision,
            resource_id: resource_id.map(str::to_owned),
        };
        let decide = |review: &SyncReview, verdict| review.clone().decided(&verdict, "user_1".to_owned(), now);
        assert!(decide(&review, verdict(SyncReviewDecision::Link, None)).is_err());
        assert!(decide(&review, verdict(SyncReviewDecision::Ignore, Some("deal_1"))).is_err());
        let done = decide(&review, verdict(SyncReviewDecision::Ignore, None)).unwrap();
        assert_eq!(done.state, SyncReviewState::Ignored);
        assert!(decide(&done, verdict(SyncReviewDecision::New, None)).is_err());
        assert_eq!(
            settled(0, &record(), None, Some(&done)).unwrap().status,
            SyncMatchStatus::Ignored
        );
        assert!(settled(0, &record(), None, Some(&review)).is_none());
    }
}
