//! A registration as a reader sees it: one conversion, and the one place where fields are withheld.

use super::{
    model::{
        Deal, DealContact, DealCustomer, DealDecision, DealInfoRequest, DealLine, DealProtection, DealReview, DealSite,
    },
    rows::{ContactRow, CustomerRow, DecisionRow, InfoRow, Line, Registration, ReviewRow, SiteRow, WindowRow},
    rules,
    states::{InfoRequestStatus, ProtectionState, ReviewStatus},
};
use crate::{
    auth::Caller,
    kernel::{Money, Time},
};

/// Who reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reader {
    /// The vendor: everything.
    Vendor,
    /// A partner: its own registrations, without what tells of others and of the vendor's people.
    Partner,
}

impl Reader {
    /// The reader that the caller is.
    pub fn of(caller: &Caller) -> Self {
        if caller.is_vendor() {
            Self::Vendor
        } else {
            Self::Partner
        }
    }

    /// The reader on the vendor's side, or on a partner's.
    pub const fn on(vendor: bool) -> Self {
        if vendor { Self::Vendor } else { Self::Partner }
    }

    /// What only the vendor reads, if the reader is the vendor.
    pub fn sees<T>(self, internal: Option<T>) -> Option<T> {
        match self {
            Self::Vendor => internal,
            Self::Partner => None,
        }
    }
}

impl Registration {
    /// The registration as the reader sees it at `now`.
    pub fn seen_by(self, reader: Reader, now: Time) -> Deal {
        let status = rules::status_at(&self, now);
        let protection = protection(&self.windows, status, now);
        let amount = self.deal.amount();
        let missing = if status == ReviewStatus::Draft {
            rules::missing(&self)
        } else {
            self.details.missing.0.clone()
        };
        let review_sla = self.clock.and_then(|clock| clock.sla(status, now));
        let deal = self.deal;
        Deal {
            id: deal.id,
            number: deal.number,
            partner_id: deal.partner_id,
            distributor_id: deal.distributor_id,
            submitter_id: deal.submitter_id,
            on_behalf_of: self.details.on_behalf_of,
            title: deal.title,
            description: self.details.description,
            deal_type: deal.deal_type,
            source: deal.source,
            review_status: status,
            stage: deal.stage,
            protection,
            extension_count: self.extension_count,
            customer: self.customer.map(customer),
            customer_account_id: deal.customer_account_id,
            territory: self.territory,
            territory_id: deal.territory_id,
            lines: self.lines.into_iter().map(line).collect(),
            amount,
            expected_close_on: deal.expected_close_on,
            next_step: self.details.next_step,
            competitor: self.details.competitor,
            co_sell_needs: self.details.co_sell_needs.0,
            visibility: self.details.visibility,
            customer_consent: self.details.customer_consent,
            contacts: self.contacts.into_iter().map(contact).collect(),
            sites: self.sites.into_iter().map(site).collect(),
            received_at: deal.received_at,
            // It counts all claims on the account, so it would tell a partner how many others there are.
            seq: reader.sees(deal.seq),
            review: self
                .review
                .map(|row| review(row, reader, deal.review_due_at, deal.assignee_id)),
            review_sla,
            info_request: self.info.map(|row| info(row, now)),
            decision: self.decision.map(|row| decision(row, reader)),
            conflict_check_id: deal.conflict_check_id,
            policy_version: deal.policy_version,
            missing,
            legacy: deal.legacy,
            last_activity_at: deal.last_activity_at,
            closed_at: deal.closed_at,
            closed_reason: deal.closed_reason,
            win_verified_at: deal.win_verified_at,
            custom: deal.custom.0,
            external_refs: self.references,
            revision: deal.revision,
            created_at: deal.created_at,
            updated_at: deal.updated_at,
        }
    }
}

/// What is in force of what protects a registration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Held {
    /// The end that was granted.
    pub granted_until: Time,
    /// The end in force, the grace of a pending extension included.
    pub ends_at: Time,
}

impl Registration {
    /// What is in force at `now`, the grace included; nothing if it has ended, or is paused or contested. A registration
    /// of several products has a protection for each, and they end together.
    pub fn held(&self, now: Time) -> Option<Held> {
        let running = || {
            self.windows
                .iter()
                .filter(|row| row.status == "active" && row.starts_at <= now && now < row.ends_at)
        };
        Some(Held {
            granted_until: running().map(|row| row.granted_until).max()?,
            ends_at: running().map(|row| row.ends_at).max()?,
        })
    }
}

/// The protection axis, read off the windows as of `now`: expiry is a function of time, never a flag.
pub fn protection(windows: &[WindowRow], status: ReviewStatus, now: Time) -> DealProtection {
    let best = windows
        .iter()
        .max_by_key(|row| (rank(state_of(row, now)), row.ends_at, row.id));
    let state = match best {
        Some(row) => state_of(row, now),
        None if status.is_open() => ProtectionState::Queued,
        None => ProtectionState::None,
    };
    DealProtection {
        state,
        protection_id: best.map(|row| row.id),
        starts_at: best.map(|row| row.starts_at),
        granted_until: best.map(|row| row.granted_until),
        ends_at: best.map(|row| row.ends_at),
    }
}

/// Where one protection stands at `now`.
fn state_of(row: &WindowRow, now: Time) -> ProtectionState {
    match row.status.as_str() {
        "active" if now >= row.ends_at => ProtectionState::Expired,
        "active" if now >= row.granted_until => ProtectionState::Grace,
        "active" => ProtectionState::Active,
        "paused" => ProtectionState::Paused,
        "contested" => ProtectionState::Contested,
        "transferred" => ProtectionState::Transferred,
        "consumed" => ProtectionState::Consumed,
        _ => ProtectionState::Released,
    }
}

/// Which of several protections speaks for the registration: what lives before what has ended.
const fn rank(state: ProtectionState) -> u8 {
    match state {
        ProtectionState::Active => 9,
        ProtectionState::Grace => 8,
        ProtectionState::Contested => 7,
        ProtectionState::Paused => 6,
        ProtectionState::Consumed => 5,
        ProtectionState::Transferred => 4,
        ProtectionState::Expired => 3,
        ProtectionState::Released => 2,
        ProtectionState::Queued | ProtectionState::None => 0,
    }
}

fn customer(row: CustomerRow) -> DealCustomer {
    DealCustomer {
        name: row.name,
        website: row.website,
        registration_number: row.registration_number,
        registration_authority: row.registration_authority,
        phone: row.phone,
        email: row.email,
        street: row.street,
        city: row.city,
        region: row.region,
        postal_code: row.postal_code,
        country: row.country,
        resolution: row.resolution,
    }
}

fn line(line: Line) -> DealLine {
    DealLine {
        id: line.row.id,
        product: line.product,
        product_id: line.row.product_id,
        quantity: line.row.quantity,
        unit_price: Money::from_columns(line.row.unit_price_minor, line.row.unit_price_currency),
        review_status: line.row.review_status,
        received_at: line.row.received_at,
    }
}

fn contact(row: ContactRow) -> DealContact {
    DealContact {
        id: row.id,
        name: row.name,
        email: row.email,
        phone: row.phone,
        title: row.title,
        role: row.role,
    }
}

fn site(row: SiteRow) -> DealSite {
    DealSite {
        id: row.id,
        name: row.name,
        street: row.street,
        city: row.city,
        region: row.region,
        postal_code: row.postal_code,
        country: row.country,
    }
}

fn review(
    row: ReviewRow,
    reader: Reader,
    due_at: Option<Time>,
    assignee: Option<crate::kernel::ids::UserId>,
) -> DealReview {
    DealReview {
        round: row.round,
        submitted_at: row.submitted_at,
        submitted_by: row.submitted_by,
        due_at: due_at.filter(|_| row.paused_at.is_none()),
        paused_at: row.paused_at,
        paused_seconds: row.paused_micros / crate::kernel::time::SECOND,
        assignee_id: reader.sees(assignee),
        assigned_at: row.assigned_at,
        decided_at: row.decided_at,
        auto_approved: row.auto_approved,
        appeal_until: row.appeal_until,
    }
}

/// What was asked, with its state at `now`: an open question that is overdue has lapsed, whatever the row says.
pub fn info(row: InfoRow, now: Time) -> DealInfoRequest {
    let lapsed = row.status == InfoRequestStatus::Open && now >= row.due_at;
    DealInfoRequest {
        id: row.id,
        questions: row.questions.0,
        due_at: row.due_at,
        status: if lapsed { InfoRequestStatus::Lapsed } else { row.status },
        answers: row.answers.map(|answers| answers.0).unwrap_or_default(),
        answered_at: row.answered_at,
        created_at: row.created_at,
    }
}

/// A decision without what a partner may not learn: who decided, on which evidence, and past whom.
pub fn decision(row: DecisionRow, reader: Reader) -> DealDecision {
    DealDecision {
        id: row.id,
        outcome: row.outcome,
        decided_at: row.decided_at,
        decided_by: reader.sees(Some(row.decided_by)),
        on_behalf_of: reader.sees(row.on_behalf_of),
        reason_code: row.reason_code,
        reason_labels: row.reason_labels.map(|labels| labels.0),
        reason_text: row.reason_text,
        evidence: reader.sees(row.evidence),
        granted_scope: row.granted_scope.map(|scope| scope.0),
        starts_at: row.starts_at,
        ends_at: row.ends_at,
        discount_basis_points: row.discount_basis_points,
        terms: row.terms.map(|terms| terms.0),
        rule_version: row.rule_version,
        policy_version: row.policy_version,
        conflict_check_id: row.conflict_check_id,
        override_code: reader.sees(row.override_code),
        overridden_deals: reader.sees(row.overridden_deals.map(|deals| deals.0)),
    }
}
