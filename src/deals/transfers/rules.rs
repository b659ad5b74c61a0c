//! What may happen to a transfer, and who reads what of it. Pure.

use super::{
    model::{DealTransfer, NewDealTransfer, TransferStatus, TransferredDeal},
    rows::TransferRow,
};
use crate::{
    auth::Caller,
    deals::{
        attribution::{self, AttributionRole, AttributionShare},
        registrations::{self, DealLineStatus, Registration, ReviewStatus},
    },
    error::Result,
    kernel::{
        Stored, Time,
        ids::{DealId, Id as _, PartnerId, ProductId, TransferId},
        states::{FailingGuard, Machine, Transition, guard},
    },
};

use TransferStatus::{Cancelled, Declined, Executed, Proposed};

/// The machine of a transfer. It begins with `proposeDealTransfer`.
pub const MACHINE: Machine<TransferStatus> = Machine {
    name: "deal_transfer.status",
    transitions: &[
        Transition {
            action: "consent",
            operation: Some("consentToDealTransfer"),
            from: &[Proposed],
            to: &[Proposed],
            guards: &["each partner once; again changes nothing"],
        },
        Transition {
            action: "decline",
            operation: Some("declineDealTransfer"),
            from: &[Proposed],
            to: &[Declined],
            guards: &["by either partner, with a reason"],
        },
        Transition {
            action: "cancel",
            operation: Some("cancelDealTransfer"),
            from: &[Proposed],
            to: &[Cancelled],
            guards: &["by the vendor, or because the registration ended"],
        },
        Transition {
            action: "execute",
            operation: Some("executeDealTransfer"),
            from: &[Proposed],
            to: &[Executed],
            guards: &[
                "both partners consent",
                "the registration is before the vendor or approved, and neither won nor lost",
                "an approved registration is still protected, and no conflict case is open on its protection",
                "the receiver is active, and its agreements permit registering",
                "the receiver is authorised for every product in the territory",
                "the receiver has no other open registration of the same account, product and deal type",
                "the customer is not the receiver itself",
            ],
        },
    ],
};

/// One of the two partners of a transfer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Party {
    /// The one that gives the registration.
    Giver,
    /// The one that receives it.
    Receiver,
}

/// Who reads a transfer. A distributor may see both partners' rows, so the sides do not exclude each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reader {
    vendor: bool,
    giver: bool,
    receiver: bool,
}

/// What both partners may read: events carry it, because they reach both.
pub const BOTH: Reader = Reader {
    vendor: false,
    giver: false,
    receiver: false,
};

impl Reader {
    /// The reader that the caller is.
    pub fn of(caller: &Caller, row: &TransferRow) -> Self {
        Self {
            vendor: caller.is_vendor(),
            giver: caller.sees(row.from_partner_id),
            receiver: caller.sees(row.to_partner_id),
        }
    }
}

impl TransferRow {
    /// A new proposal for a registration.
    pub fn proposed(registration: &Registration, new: &NewDealTransfer, actor: String, now: Time) -> Self {
        let whole = || {
            vec![AttributionShare {
                partner_id: new.to_partner_id,
                role: AttributionRole::Selling,
                basis_points: attribution::WHOLE,
            }]
        };
        Self {
            id: TransferId::at(now),
            deal_id: registration.deal.id,
            from_partner_id: registration.deal.partner_id,
            to_partner_id: new.to_partner_id,
            new_deal_id: None,
            status: Proposed,
            reason_code: new.reason_code,
            reason_text: new.reason_text.clone(),
            attribution: Stored(new.attribution.clone().unwrap_or_else(whole)),
            proposed_by: actor,
            from_consent_by: None,
            from_consent_at: None,
            to_consent_by: None,
            to_consent_at: None,
            ended_by: None,
            ended_at: None,
            ended_reason: None,
            executed_by: None,
            executed_at: None,
            revision: 1,
            created_at: now,
            updated_at: now,
        }
    }

    /// Which of the two the partner is, if it is one.
    pub fn party(&self, partner: Option<PartnerId>) -> Option<Party> {
        match partner {
            Some(partner) if partner == self.from_partner_id => Some(Party::Giver),
            Some(partner) if partner == self.to_partner_id => Some(Party::Receiver),
            _ => None,
        }
    }

    /// The transfer with the consent of that partner; unchanged if it consented before.
    ///
    /// # Errors
    /// 409 `invalid_state` once it is over.
    pub fn consented(self, party: Party, actor: String, now: Time) -> Result<Self> {
        MACHINE.go(self.status, "consent")?;
        let mut next = self.clone();
        let (by, at) = match party {
            Party::Giver => (&mut next.from_consent_by, &mut next.from_consent_at),
            Party::Receiver => (&mut next.to_consent_by, &mut next.to_consent_at),
        };
        if at.is_some() {
            return Ok(self);
        }
        (*by, *at) = (Some(actor), Some(now));
        Ok(next.touched(now))
    }

    /// The transfer ended without being executed: `decline` or `cancel`.
    ///
    /// # Errors
    /// 409 `invalid_state` once it is over.
    pub fn ended(self, action: &'static str, reason: Option<String>, actor: String, now: Time) -> Result<Self> {
        let status = MACHINE.go(self.status, action)?;
        Ok(Self {
            status,
            ended_by: Some(actor),
            ended_at: Some(now),
            ended_reason: reason,
            ..self
        }
        .touched(now))
    }

    /// The transfer executed: the receiver has that registration.
    ///
    /// # Errors
    /// 409 `invalid_state` once it is over.
    pub fn executed(self, new_deal: DealId, actor: String, now: Time) -> Result<Self> {
        let status = MACHINE.go(self.status, "execute")?;
        Ok(Self {
            status,
            new_deal_id: Some(new_deal),
            executed_by: Some(actor),
            executed_at: Some(now),
            ..self
        }
        .touched(now))
    }

    fn touched(mut self, now: Time) -> Self {
        self.revision += 1;
        self.updated_at = now;
        self
    }

    /// The transfer as the reader sees it; `deal` is what there is to know of the registration.
    pub fn seen_by(self, reader: Reader, deal: Option<TransferredDeal>) -> DealTransfer {
        let (vendor, giver, receiver) = (reader.vendor, reader.giver, reader.receiver);
        let parties = [self.from_partner_id, self.to_partner_id];
        let reads = |partner| vendor || parties.contains(&partner);
        let (attribution, others_basis_points) = attribution::shown(self.attribution.0, reads);
        let ended = matches!(self.status, Declined | Cancelled);
        // What protects the receiver's registration is no longer the giver's to know.
        let protection_is_theirs = self.status == Executed && !vendor && !receiver;
        let deal = deal
            .filter(|_| vendor || giver || (receiver && !ended))
            .map(|deal| TransferredDeal {
                protected_until: deal.protected_until.filter(|_| !protection_is_theirs),
                ..deal
            });
        DealTransfer {
            id: self.id,
            status: self.status,
            deal_id: Some(self.deal_id).filter(|_| vendor || giver),
            from_partner_id: self.from_partner_id,
            to_partner_id: self.to_partner_id,
            new_deal_id: self.new_deal_id.filter(|_| vendor || receiver),
            reason_code: self.reason_code,
            reason_text: self.reason_text,
            deal,
            attribution,
            others_basis_points,
            proposed_by: Some(self.proposed_by).filter(|_| vendor),
            from_consent_at: self.from_consent_at,
            from_consent_by: self.from_consent_by.filter(|_| vendor || giver),
            to_consent_at: self.to_consent_at,
            to_consent_by: self.to_consent_by.filter(|_| vendor || receiver),
            ended_at: self.ended_at,
            ended_by: self.ended_by.filter(|_| vendor),
            ended_reason: self.ended_reason,
            executed_at: self.executed_at,
            executed_by: self.executed_by.filter(|_| vendor),
            revision: self.revision,
            created_at: self.created_at,
            updated_at: self.updated_at,
        }
    }
}

/// What the registration itself says against a transfer at `now`.
pub fn failing_deal(registration: &Registration, now: Time) -> Vec<FailingGuard> {
    let mut failing = Vec::new();
    let status = registrations::status_at(registration, now);
    if status != ReviewStatus::Approved && !status.is_open() {
        let detail =
            format!("The registration is {status}; only one that is before the vendor or approved can be transferred.");
        failing.push(guard("registration_alive", "#/review_status", detail));
    }
    if registration.deal.stage.is_closed() {
        let detail = "The deal is won or lost, so there is nothing to transfer.";
        failing.push(guard("deal_open", "#/stage", detail));
    }
    let running = |status: &str| {
        let mut windows = registration.windows.iter();
        windows.any(|window| window.status == status && now < window.ends_at)
    };
    if running("contested") {
        let detail = "A conflict case is open on its protection; decide the case first.";
        failing.push(guard("not_contested", "#/protection", detail));
    } else if status == ReviewStatus::Approved && !running("active") && !running("paused") {
        let detail =
            "Its protection has ended, so there is nothing to hand over; the other partner registers the deal itself.";
        failing.push(guard("protection_running", "#/protection", detail));
    }
    failing
}

/// What is known of the receiver when a transfer shall be executed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Receiver {
    /// Whether it may register new business.
    pub active: bool,
    /// What its agreements lack.
    pub agreements: Option<FailingGuard>,
    /// The products that it may not sell in the territory.
    pub unauthorised: Vec<String>,
    /// Its own open registration of the same, by number.
    pub already: Option<String>,
    /// Whether it is the customer itself.
    pub is_customer: bool,
}

/// The guards of executing a transfer that fail.
pub fn failing(
    transfer: &TransferRow,
    registration: &Registration,
    receiver: &Receiver,
    now: Time,
) -> Vec<FailingGuard> {
    let mut failing = failing_deal(registration, now);
    for (consent, name, pointer, who) in [
        (transfer.from_consent_at, "giver_consents", "#/from_consent_at", "gives"),
        (
            transfer.to_consent_at,
            "receiver_consents",
            "#/to_consent_at",
            "receives",
        ),
    ] {
        if consent.is_none() {
            let detail = format!("The partner that {who} the registration has not consented yet.");
            failing.push(guard(name, pointer, detail));
        }
    }
    if !receiver.active {
        let detail = "The receiving partner is not active, so nothing can be granted to it; see the partner's status.";
        failing.push(guard("partner_active", "#/to_partner_id", detail));
    }
    failing.extend(receiver.agreements.clone());
    for product in &receiver.unauthorised {
        let territory = registration.territory.as_deref().unwrap_or_default();
        let detail =
            format!("The receiving partner is not authorised to sell {product} in {territory}; authorise it first.");
        failing.push(guard("product_authorised", "#/to_partner_id", detail));
    }
    if let Some(number) = &receiver.already {
        let detail = format!(
            "The receiving partner's own {number} is open for the same customer, product and kind of deal; it goes on with that one, or withdraws it."
        );
        failing.push(guard("no_open_registration", "#/to_partner_id", detail));
    }
    if receiver.is_customer {
        let detail = "The customer is the receiving partner itself; a partner does not register its own purchases.";
        failing.push(guard("customer_not_own", "#/to_partner_id", detail));
    }
    failing
}

/// The products that a registration still asks for or was granted.
pub fn products(registration: &Registration) -> Vec<(ProductId, String)> {
    let lines = registration.lines.iter();
    lines
        .filter(|line| line.row.review_status != DealLineStatus::Rejected)
        .map(|line| (line.row.product_id, line.product.clone()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{deals::transfers::model::TransferReason, error::codes};

    const NOW: Time = Time::from_micros(1_000);

    fn transfer() -> TransferRow {
        let share = |partner, role, basis_points| AttributionShare {
            partner_id: PartnerId::example(partner),
            role,
            basis_points,
        };
        TransferRow {
            id: TransferId::example(1),
            deal_id: DealId::example(1),
            from_partner_id: PartnerId::example(1),
            to_partner_id: PartnerId::example(2),
            new_deal_id: None,
            status: Proposed,
            reason_code: TransferReason::CustomerRequest,
            reason_text: None,
            attribution: Stored(vec![
                share(2, AttributionRole::Selling, 7_000),
                share(1, AttributionRole::Sourcing, 2_000),
                share(3, AttributionRole::Influencing, 1_000),
            ]),
            proposed_by: "user_ops".to_owned(),
            from_consent_by: None,
            from_consent_at: None,
            to_consent_by: None,
            to_consent_at: None,
            ended_by: None,
            ended_at: None,
            ended_reason: None,
            executed_by: None,
            executed_at: None,
            revision: 1,
            created_at: NOW,
            updated_at: NOW,
        }
    }

    fn deal() -> Option<TransferredDeal> {
        Some(TransferredDeal {
            number: "DR-2026-000001".to_owned(),
            title: "Acme".to_owned(),
            customer_name: None,
            territory: None,
            amount: None,
            protected_until: Some(NOW),
        })
    }

    const VENDOR: Reader = Reader { vendor: true, ..BOTH };
    const GIVER: Reader = Reader { giver: true, ..BOTH };
    const RECEIVER: Reader = Reader { receiver: true, ..BOTH };

    #[test]
    fn each_side_consents_once_and_again_changes_nothing() {
        let once = transfer().consented(Party::Giver, "user_a".to_owned(), NOW).unwrap();
        assert_eq!(
            (once.revision, once.from_consent_at, once.to_consent_at),
            (2, Some(NOW), None)
        );
        let again = once
            .clone()
            .consented(Party::Giver, "user_b".to_owned(), Time::from_micros(2_000));
        assert_eq!(again.unwrap(), once);
        let both = once.consented(Party::Receiver, "user_c".to_owned(), NOW).unwrap();
        assert!(both.to_consent_at.is_some() && both.status == Proposed);
    }

    #[test]
    fn what_is_over_moves_no_more() {
        let over = transfer().ended("decline", None, "user_a".to_owned(), NOW).unwrap();
        assert_eq!(over.status, Declined);
        for refused in [
            over.clone().consented(Party::Giver, String::new(), NOW),
            over.clone().ended("cancel", None, String::new(), NOW),
            over.executed(DealId::example(2), String::new(), NOW),
        ] {
            assert!(refused.unwrap_err().is(&codes::INVALID_STATE));
        }
    }

    #[test]
    fn each_partner_reads_its_own_registration_alone() {
        let done = transfer()
            .consented(Party::Giver, "user_a".to_owned(), NOW)
            .and_then(|row| row.consented(Party::Receiver, "user_b".to_owned(), NOW))
            .and_then(|row| row.executed(DealId::example(2), "user_ops".to_owned(), NOW))
            .unwrap();
        let ids = |reader| {
            let seen = done.clone().seen_by(reader, deal());
            (seen.deal_id.is_some(), seen.new_deal_id.is_some())
        };
        assert_eq!(ids(VENDOR), (true, true));
        assert_eq!(ids(GIVER), (true, false));
        assert_eq!(ids(RECEIVER), (false, true));
        assert_eq!(ids(BOTH), (false, false));
        let giver = done.clone().seen_by(GIVER, deal());
        assert_eq!((giver.from_consent_by.is_some(), giver.to_consent_by), (true, None));
        assert_eq!(giver.deal.unwrap().protected_until, None, "the rest is the receiver's");
        assert_eq!(giver.executed_by, None);
        assert_eq!(done.seen_by(BOTH, deal()).deal, None);
    }

    #[test]
    fn the_receiver_forgets_what_it_does_not_receive() {
        assert!(transfer().seen_by(RECEIVER, deal()).deal.is_some());
        let over = transfer().ended("cancel", None, "user_ops".to_owned(), NOW).unwrap();
        assert!(over.clone().seen_by(RECEIVER, deal()).deal.is_none());
        assert!(over.seen_by(GIVER, deal()).deal.is_some());
    }

    #[test]
    fn the_two_read_each_others_shares_and_not_a_thirds() {
        let seen = transfer().seen_by(RECEIVER, None);
        assert_eq!((seen.attribution.len(), seen.others_basis_points), (2, 1_000));
        assert_eq!(transfer().seen_by(VENDOR, None).attribution.len(), 3);
    }
}
