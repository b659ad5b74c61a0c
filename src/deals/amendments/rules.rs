//! What may happen to amendments, what of them takes a review, and what they make of a registration. Pure.

use super::{
    model::{DealAmendedLine, DealAmendmentPart, DealAmendmentStatus, DealAmendmentTerms, NewDealAmendment},
    queries::AmendmentRow,
};
use crate::{
    deals::{
        conflict::rules::QueuePlace,
        registrations::{DealLineStatus, DealStage, Line, LineRow, Registration, ReviewStatus},
    },
    kernel::{
        Money, Time,
        ids::{DealLineId, Id as _},
        states::{FailingGuard, Machine, Transition, guard},
    },
};

use DealAmendmentStatus::{Applied, Approved, Pending, Rejected, Withdrawn};

/// The machine of an amendment that waits.
pub const MACHINE: Machine<DealAmendmentStatus> = Machine {
    name: "deal_amendment.status",
    transitions: &[
        Transition {
            action: "approve",
            operation: Some("approveDealAmendment"),
            from: &[Pending],
            to: &[Approved],
            guards: &[
                "the registration is approved, its deal open and its partner active",
                "the approver did not submit the registration, send in the amendment, or manage a competing claimant",
                "the approver has the role that the chain's last step at the new amount asks for",
                "the expected close lies in the future and within the program's horizon",
                "for added products: the registration's protection is in force",
                "for added products: no earlier live claim, unless it is overridden with a reason",
                "for added products: no active protection of another registration (the database refuses it)",
            ],
        },
        Transition {
            action: "reject",
            operation: Some("rejectDealAmendment"),
            from: &[Pending],
            to: &[Rejected],
            guards: &[
                "the approver did not submit the registration, send in the amendment, or manage a competing claimant",
            ],
        },
        Transition {
            action: "withdraw",
            operation: Some("withdrawDealAmendment"),
            from: &[Pending],
            to: &[Withdrawn],
            guards: &[],
        },
    ],
};

/// What an amendment is judged by, besides itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// Where the review of the registration stands.
    pub status: ReviewStatus,
    /// Where the sale stands.
    pub stage: DealStage,
    /// Whether the partner is active.
    pub partner_active: bool,
    /// Whether an amendment waits.
    pub waiting: bool,
}

/// Why the registration cannot be amended, whatever is amended.
pub fn failing_to_amend(standing: Standing) -> Vec<FailingGuard> {
    let mut failing = alive(standing);
    if standing.waiting {
        failing.push(guard(
            "no_pending_amendment",
            "#",
            "Another amendment waits for the decision; wait for it, or take it back.",
        ));
    }
    failing
}

/// Why nothing can be changed or agreed to any more.
pub fn alive(standing: Standing) -> Vec<FailingGuard> {
    let mut failing = Vec::new();
    if standing.status != ReviewStatus::Approved {
        failing.push(guard(
            "registration_approved",
            "#/review_status",
            format!(
                "The registration is {}; only what was approved is amended.",
                standing.status
            ),
        ));
    }
    if standing.stage.is_closed() {
        failing.push(guard(
            "deal_open",
            "#/stage",
            "The deal is won or lost, and its record stays as it was.",
        ));
    }
    if !standing.partner_active {
        failing.push(guard(
            "partner_active",
            "#/partner_id",
            "The partner is not active, so nothing can be granted to it; see the partner's status.",
        ));
    }
    failing
}

/// Whether the line is part of what was granted.
pub fn is_granted(line: &Line) -> bool {
    matches!(
        line.row.review_status,
        DealLineStatus::Approved | DealLineStatus::NotRegistered
    )
}

fn terms_of(line: &Line) -> DealAmendedLine {
    DealAmendedLine {
        product: line.product.clone(),
        product_id: line.row.product_id,
        quantity: line.row.quantity,
        unit_price: Money::from_columns(line.row.unit_price_minor, line.row.unit_price_currency),
    }
}

/// What the amendment changes, and what those fields hold now. What is sent as it is counts as not sent.
pub fn changes(
    present: &Registration,
    new: &NewDealAmendment,
    lines: Option<Vec<DealAmendedLine>>,
) -> (DealAmendmentTerms, DealAmendmentTerms) {
    let granted: Vec<DealAmendedLine> = present
        .lines
        .iter()
        .filter(|line| is_granted(line))
        .map(terms_of)
        .collect();
    let changes = DealAmendmentTerms {
        amount: new.amount.filter(|amount| Some(*amount) != present.deal.amount()),
        lines: lines.filter(|lines| *lines != granted),
        expected_close_on: new
            .expected_close_on
            .filter(|day| Some(*day) != present.deal.expected_close_on),
    };
    let previous = DealAmendmentTerms {
        amount: changes.amount.and(present.deal.amount()),
        lines: changes.lines.as_ref().map(|_| granted),
        expected_close_on: changes.expected_close_on.and(present.deal.expected_close_on),
    };
    (changes, previous)
}

/// What is of another currency than the amount.
pub fn other_currencies(present: &Registration, changes: &DealAmendmentTerms) -> Vec<FailingGuard> {
    let Some(amount) = changes.amount.or(present.deal.amount()) else {
        return Vec::new();
    };
    let sent = changes.lines.is_some();
    if changes.amount.is_none() && !sent {
        return Vec::new();
    }
    let lines = changes.lines.clone().unwrap_or_else(|| {
        present
            .lines
            .iter()
            .filter(|line| is_granted(line))
            .map(terms_of)
            .collect()
    });
    lines
        .iter()
        .enumerate()
        .filter_map(|(index, line)| {
            let price = line.unit_price.filter(|price| price.currency != amount.currency)?;
            let pointer = if sent {
                format!("#/lines/{index}/unit_price")
            } else {
                "#/amount".to_owned()
            };
            let detail = format!(
                "{} costs {price}, and the amount is in {}; send amount and lines in one currency.",
                line.product, amount.currency
            );
            Some(guard("one_currency", &pointer, detail))
        })
        .collect()
}

/// The amount that somebody, or the rules, approved: `holding` are the amendments that hold since the last approval of the
/// whole, oldest first. Amounts that held at once do not count, so that small steps do not add up past a review.
pub fn approved_amount(present: Option<Money>, holding: &[AmendmentRow]) -> Option<Money> {
    let mut approved = None;
    for row in holding.iter().filter(|row| row.changes.amount.is_some()) {
        if row.status == Approved {
            approved = Some(row.changes.amount);
        } else if approved.is_none() {
            approved = Some(row.previous.amount);
        }
    }
    approved.unwrap_or(present)
}

/// What of an amendment of the past would take a review: `former` came before it, the oldest first, and the whole was last
/// approved at `since`. What became of those is taken as it was.
pub fn would_be_reviewed(
    row: &AmendmentRow,
    former: &[AmendmentRow],
    since: Option<Time>,
    percent: i64,
) -> Vec<DealAmendmentPart> {
    let holding: Vec<AmendmentRow> = former
        .iter()
        .filter(|other| matches!(other.status, Applied | Approved))
        .filter(|other| since.is_none_or(|since| other.created_at >= since))
        .cloned()
        .collect();
    let present = row.previous.amount;
    review_of(
        present,
        approved_amount(present, &holding),
        &row.changes,
        row.review_of.contains(&DealAmendmentPart::Lines),
        percent,
    )
}

/// Whether the amount rises over the approved one by more than so many percent.
fn rises_past(approved: Money, wanted: Money, percent: i64) -> bool {
    i128::from(wanted.minor) * 100 > i128::from(approved.minor) * (100 + i128::from(percent))
}

/// What of the changes takes a review.
pub fn review_of(
    present: Option<Money>,
    approved: Option<Money>,
    changes: &DealAmendmentTerms,
    adds_products: bool,
    percent: i64,
) -> Vec<DealAmendmentPart> {
    let mut parts = Vec::new();
    if let Some(wanted) = changes.amount {
        // Amounts of different currencies are not compared.
        let other_currency = present
            .into_iter()
            .chain(approved)
            .any(|known| known.currency != wanted.currency);
        let falls = present.is_some_and(|present| !other_currency && wanted.minor <= present.minor);
        let past = approved.is_none_or(|approved| other_currency || rises_past(approved, wanted, percent));
        if past && !falls {
            parts.push(DealAmendmentPart::Amount);
        }
        if other_currency {
            parts.push(DealAmendmentPart::Currency);
        }
    }
    if adds_products {
        parts.push(DealAmendmentPart::Lines);
    }
    parts
}

fn line(
    deal: &Registration,
    position: i64,
    wanted: &DealAmendedLine,
    place: Option<QueuePlace>,
    status: DealLineStatus,
    now: Time,
) -> Line {
    Line {
        row: LineRow {
            id: DealLineId::at(now),
            deal_id: deal.deal.id,
            position,
            product_id: wanted.product_id,
            quantity: wanted.quantity,
            unit_price_minor: wanted.unit_price.map(|price| price.minor),
            unit_price_currency: wanted.unit_price.map(|price| price.currency),
            received_at: place.map(|place| place.received_at),
            seq: place.map(|place| place.seq),
            review_status: status,
            created_at: now,
            updated_at: now,
        },
        product: wanted.product.clone(),
    }
}

/// The registration with all of the changes. A line whose product was there keeps its id and its place in the queue; one
/// below a granted product came with that product's place.
pub fn amended(before: &Registration, changes: &DealAmendmentTerms, now: Time) -> Registration {
    let mut after = before.clone();
    if let Some(amount) = changes.amount {
        (after.deal.amount_minor, after.deal.amount_currency) = (Some(amount.minor), Some(amount.currency));
    }
    after.deal.expected_close_on = changes.expected_close_on.or(before.deal.expected_close_on);
    if let Some(wanted) = &changes.lines {
        let place = before
            .deal
            .received_at
            .zip(before.deal.seq)
            .map(|(received_at, seq)| QueuePlace { received_at, seq });
        let waits = |line: &&Line| line.row.review_status == DealLineStatus::Pending;
        let granted = before.lines.iter().filter(|line| is_granted(line));
        let mut free: Vec<&Line> = granted.chain(before.lines.iter().filter(waits)).collect();
        after.lines = (1..)
            .zip(wanted)
            .map(|(position, wanted)| {
                let made = line(before, position, wanted, place, DealLineStatus::Approved, now);
                let same = free.iter().position(|line| line.row.product_id == wanted.product_id);
                match same.map(|at| free.remove(at)) {
                    None => made,
                    Some(same) => Line {
                        row: LineRow {
                            id: same.row.id,
                            received_at: same.row.received_at,
                            seq: same.row.seq,
                            review_status: if is_granted(same) {
                                same.row.review_status
                            } else {
                                DealLineStatus::Approved
                            },
                            created_at: same.row.created_at,
                            ..made.row
                        },
                        ..made
                    },
                }
            })
            .collect();
    }
    after.touched(now)
}

/// The registration with lines that wait, at their own place in the queue.
pub fn with_added(before: &Registration, added: &[DealAmendedLine], place: QueuePlace, now: Time) -> Registration {
    let last = before.lines.iter().map(|line| line.row.position).max().unwrap_or(0);
    let mut after = before.clone();
    after.lines.extend(
        (last + 1..)
            .zip(added)
            .map(|(position, wanted)| line(before, position, wanted, Some(place), DealLineStatus::Pending, now)),
    );
    after.touched(now)
}

/// The registration without the lines that waited.
pub fn without_added(before: &Registration, now: Time) -> Registration {
    let mut after = before.clone();
    after
        .lines
        .retain(|line| line.row.review_status != DealLineStatus::Pending);
    after.touched(now)
}

impl AmendmentRow {
    /// The amendment decided, or taken back.
    #[must_use]
    pub fn ended(self, status: DealAmendmentStatus, by: String, now: Time) -> Self {
        Self {
            status,
            decided_by: Some(by),
            decided_at: Some(now),
            revision: self.revision + 1,
            updated_at: now,
            ..self
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::kernel::{
        Currency, Stored,
        ids::{AmendmentId, DealId},
    };

    fn euro(minor: i64) -> Money {
        Money::new(minor, "EUR".parse::<Currency>().unwrap())
    }

    fn dollar(minor: i64) -> Money {
        Money::new(minor, "USD".parse::<Currency>().unwrap())
    }

    fn to(amount: Money) -> DealAmendmentTerms {
        DealAmendmentTerms {
            amount: Some(amount),
            ..DealAmendmentTerms::default()
        }
    }

    fn row(number: i64, status: DealAmendmentStatus, previous: Money, amount: Money) -> AmendmentRow {
        let at = Time::from_micros(1_770_000_000_000_000 + number);
        AmendmentRow {
            id: AmendmentId::example(1),
            deal_id: DealId::example(1),
            status,
            changes: Stored(to(amount)),
            previous: Stored(to(previous)),
            review_of: Stored(Vec::new()),
            reason: "More branches.".to_owned(),
            conflict_check_id: None,
            received_at: at,
            seq: 0,
            requested_by: "user".to_owned(),
            decided_by: None,
            decided_at: None,
            decision_code: None,
            decision_text: None,
            revision: 1,
            created_at: at,
            updated_at: at,
        }
    }

    #[test]
    fn only_what_changed_is_reviewed() {
        use DealAmendmentPart::{Amount, Currency, Lines};
        let review = |present, wanted, adds| review_of(Some(present), Some(present), &to(wanted), adds, 20);
        assert_eq!(review(euro(1000), euro(1200), false), []);
        assert_eq!(review(euro(1000), euro(1201), false), [Amount]);
        assert_eq!(review(euro(1000), euro(10), false), []);
        assert_eq!(review(euro(1000), euro(10), true), [Lines]);
        assert_eq!(review(euro(1000), dollar(10), false), [Amount, Currency]);
        assert_eq!(
            review_of(None, None, &to(euro(1)), false, 20),
            [Amount],
            "nothing was approved"
        );
        assert_eq!(
            review_of(
                Some(euro(1150)),
                Some(euro(1000)),
                &DealAmendmentTerms::default(),
                false,
                20
            ),
            []
        );
    }

    #[test]
    fn the_approved_amount_is_what_was_decided_last_not_what_held_at_once() {
        use DealAmendmentStatus::Applied;
        assert_eq!(approved_amount(Some(euro(1000)), &[]), Some(euro(1000)));
        let small = row(1, Applied, euro(1000), euro(1100));
        assert_eq!(
            approved_amount(Some(euro(1100)), std::slice::from_ref(&small)),
            Some(euro(1000))
        );
        let large = row(2, Approved, euro(1100), euro(5000));
        let again = row(3, Applied, euro(5000), euro(5500));
        assert_eq!(
            approved_amount(Some(euro(5500)), &[small, large, again]),
            Some(euro(5000))
        );
    }

    proptest! {
        /// However many steps an amount is raised in, without a review it never rises past the program's percent of what
        /// was approved.
        #[test]
        fn small_steps_do_not_creep_past_a_review(first in 1_i64..1_000_000, steps in proptest::collection::vec(1_i64..2_000_000, 1..30), percent in 0_i64..100) {
            let (mut present, mut holding, mut approved) = (euro(first), Vec::new(), euro(first));
            for (number, wanted) in (1..).zip(steps) {
                let wanted = euro(wanted);
                if wanted == present { continue }
                let base = approved_amount(Some(present), &holding);
                prop_assert_eq!(base, Some(approved));
                let review = review_of(Some(present), base, &to(wanted), false, percent);
                let status = if review.is_empty() { DealAmendmentStatus::Applied } else { Approved };
                if status == Approved { approved = wanted }
                holding.push(row(number, status, present, wanted));
                present = wanted;
                prop_assert!(i128::from(present.minor) * 100 <= i128::from(approved.minor) * i128::from(100 + percent));
            }
        }
    }
}
