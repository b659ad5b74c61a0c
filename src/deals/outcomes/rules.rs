//! When a sale may end. Pure: no database, no clock.

use super::model::{DealEvidenceKind, DealWin, NewDealEvidence};
use crate::{
    deals::registrations::{Registration, ReviewStatus},
    kernel::{
        Date, Money, Time,
        states::{FailingGuard, guard},
        words::fold,
    },
};

const MICROS_AN_HOUR: i64 = 3_600_000_000;

/// The form in which two references are compared: letters and digits, folded. `PO 2026/4711` and `po-2026-4711` are one.
pub fn reference_key(reference: &str) -> String {
    let key: String = fold(reference).chars().filter(|c| c.is_alphanumeric()).collect();
    // What has neither letters nor digits is compared as it was written.
    if key.is_empty() {
        reference.trim().to_owned()
    } else {
        key
    }
}

/// Since when the deal is registered, or known where it never was.
pub fn registered_at(registration: &Registration) -> Time {
    registration.deal.received_at.unwrap_or(registration.deal.created_at)
}

/// Whether the registration was so young at that moment that it was no lead to protect. What was imported has no age.
pub fn too_young(registration: &Registration, won_after_hours: i64, at: Time) -> bool {
    !registration.deal.legacy && age(registration, at) < won_after_hours
}

/// The age of the registration in whole hours.
fn age(registration: &Registration, at: Time) -> i64 {
    at.since(registered_at(registration)) / MICROS_AN_HOUR
}

/// What stands against a win besides the evidence: where the review stands, and the age of the registration.
pub fn winnable(
    registration: &Registration,
    status: ReviewStatus,
    won_after_hours: i64,
    now: Time,
) -> Vec<FailingGuard> {
    let mut failing = Vec::new();
    match status {
        ReviewStatus::Approved => {
            if too_young(registration, won_after_hours, now) {
                let age = age(registration, now);
                let detail = format!(
                    "The deal was registered {age} hours ago; a registration that is won sooner than {won_after_hours} hours after was no lead to protect."
                );
                failing.push(guard("minimum_age", "#/received_at", detail));
            }
        }
        ReviewStatus::NotRegistered => {}
        status if status.is_open() => failing.push(guard(
            "registration_decided",
            "#/review_status",
            "The registration waits for a decision; report the win once it is approved.",
        )),
        ReviewStatus::Draft => failing.push(guard(
            "registration_decided",
            "#/review_status",
            "The registration was never sent in; submit it first.",
        )),
        status => failing.push(guard(
            "registration_alive",
            "#/review_status",
            format!("The registration is {status}; a win of it cannot be reported."),
        )),
    }
    failing
}

/// Whether there is an order, a purchase order or a contract.
pub fn shows_a_sale(present: &[DealEvidenceKind], new: &[NewDealEvidence]) -> bool {
    present
        .iter()
        .copied()
        .chain(new.iter().map(|new| new.kind))
        .any(DealEvidenceKind::shows_a_sale)
}

/// What stands against the day of closing: it lies between the registration and today.
pub fn closing_day(registration: &Registration, day: Option<Date>, now: Time) -> Vec<FailingGuard> {
    let Some(day) = day else {
        return Vec::new();
    };
    let (first, today) = (registered_at(registration).date(), now.date());
    if day > today {
        vec![guard(
            "closed_on_not_in_future",
            "#/closed_on",
            format!("{day} has not come yet; it is {today} (UTC)."),
        )]
    } else if day < first && !registration.deal.legacy {
        let detail = format!(
            "{day} lies before {first}, when the deal was registered: what was sold before needs no protection."
        );
        vec![guard("closed_on_after_registration", "#/closed_on", detail)]
    } else {
        Vec::new()
    }
}

/// The moment of closing for a day: now if it is today, else the first moment of that day, but not before the registration.
pub fn closing_moment(registration: &Registration, day: Option<Date>, now: Time) -> Time {
    match day {
        Some(day) if day < now.date() => {
            let first = if registration.deal.legacy {
                day.start()
            } else {
                registered_at(registration)
            };
            day.start().max(first).min(now)
        }
        _ => now,
    }
}

/// What stands against the amount: a won deal keeps its registration's currency.
pub fn same_currency(registered: Option<Money>, win: &DealWin) -> Vec<FailingGuard> {
    match (registered, win.amount) {
        (Some(registered), Some(won)) if registered.currency != won.currency => vec![guard(
            "currency_unchanged",
            "#/amount/currency",
            format!(
                "The deal is registered in {}; have the registration amended if it was sold in {}.",
                registered.currency, won.currency
            ),
        )],
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_compared_by_their_letters_and_digits() {
        assert_eq!(reference_key("PO 2026/4711"), reference_key("po-2026-4711"));
        assert_ne!(reference_key("PO-1"), reference_key("PO-11"));
        assert_eq!(reference_key(" -- "), "--");
    }

    #[test]
    fn only_an_order_a_purchase_order_or_a_contract_shows_a_sale() {
        let shows: Vec<_> = DealEvidenceKind::ALL
            .iter()
            .filter(|kind| shows_a_sale(&[**kind], &[]))
            .collect();
        assert_eq!(
            shows,
            [
                &DealEvidenceKind::Order,
                &DealEvidenceKind::PurchaseOrder,
                &DealEvidenceKind::Contract
            ]
        );
    }
}
