//! What protections are at a moment, and what may happen to them. Pure.
//!
//! Nothing ends a protection when its time is up: whether it is in force is a function of the moment asked for. A row
//! keeps its last change (`status`, `status_since`), so it can be read as of any moment: before that change it was active.

use std::collections::BTreeMap;

use super::{
    model::{DealTypeClass, Protection, ProtectionStatus},
    queries::ProtectionRow,
};
use crate::{
    deals::registrations::ProtectionState,
    kernel::{
        Time,
        ids::{AccountId, DealId, DecisionId, Id as _, PartnerId, ProductId, ProtectionId, TerritoryId},
    },
};

/// How a protection ends before its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// The partner gives it back: withdrawn, lost.
    Released,
    /// The vendor takes it away.
    Revoked,
    /// The deal was won.
    Consumed,
}

impl From<Ending> for ProtectionStatus {
    fn from(ending: Ending) -> Self {
        match ending {
            Ending::Released => Self::Released,
            Ending::Revoked => Self::Revoked,
            Ending::Consumed => Self::Consumed,
        }
    }
}

impl ProtectionStatus {
    /// Whether something is still to come of it.
    pub const fn is_live(self) -> bool {
        matches!(self, Self::Active | Self::Contested | Self::Paused)
    }
}

/// A scope that was granted, on one product node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope {
    /// The registration.
    pub deal_id: DealId,
    /// Its partner.
    pub partner_id: PartnerId,
    /// The decision behind it.
    pub decision_id: Option<DecisionId>,
    /// The customer.
    pub account_id: AccountId,
    /// The territory.
    pub territory_id: TerritoryId,
    /// Which deals it shuts out.
    pub class: DealTypeClass,
    /// Whether it shuts others out at all.
    pub exclusive: bool,
    /// Its first moment.
    pub starts_at: Time,
    /// The first moment after it.
    pub until: Time,
    /// Whether it came with imported history.
    pub legacy: bool,
}

impl ProtectionRow {
    /// A new protection.
    pub fn granted(scope: &Scope, product_id: ProductId, now: Time) -> Self {
        Self {
            id: ProtectionId::at(now),
            deal_id: scope.deal_id,
            partner_id: scope.partner_id,
            decision_id: scope.decision_id,
            account_id: scope.account_id,
            product_id,
            territory_id: scope.territory_id,
            deal_type_class: scope.class,
            exclusive: scope.exclusive,
            starts_at: scope.starts_at,
            ends_at: scope.until,
            granted_until: scope.until,
            status: ProtectionStatus::Active,
            status_reason: None,
            status_since: now,
            transferred_to_id: None,
            legacy: scope.legacy,
            revision: 1,
            created_at: now,
            updated_at: now,
        }
    }

    /// A protection of history, as it stands now: in force, run out, or ended before its time.
    pub fn kept(scope: &Scope, product_id: ProductId, ended: Option<(Ending, Time)>, now: Time) -> Self {
        let row = Self {
            status_reason: Some("imported".to_owned()),
            status_since: scope.starts_at,
            ..Self::granted(scope, product_id, now)
        };
        match ended {
            // What had run out before could not be ended any more.
            Some((ending, at)) if at < row.ends_at => {
                let kept = row.ended(ending.into(), Some("imported"), at);
                Self {
                    revision: 1,
                    updated_at: now,
                    ..kept
                }
            }
            _ => row,
        }
    }

    fn changed(mut self, status: ProtectionStatus, reason: Option<&str>, now: Time) -> Self {
        self.status = status;
        self.status_reason = reason.map(str::to_owned);
        self.status_since = now;
        self.touched(now)
    }

    fn touched(mut self, now: Time) -> Self {
        self.revision += 1;
        self.updated_at = now;
        self
    }

    /// Whether it can still end before its time.
    pub fn is_running(&self, now: Time) -> bool {
        self.status.is_live() && now < self.ends_at
    }

    /// Ended at `now`, before its time.
    #[must_use]
    pub fn ended(mut self, status: ProtectionStatus, reason: Option<&str>, now: Time) -> Self {
        self.ends_at = self.ends_at.min(now).max(self.starts_at);
        self.changed(status, reason, now)
    }

    /// Paused with its partner, or contested.
    #[must_use]
    pub fn set_aside(self, status: ProtectionStatus, reason: &str, now: Time) -> Self {
        self.changed(status, Some(reason), now)
    }

    /// As it is stored where it begins with a conflict case.
    #[must_use]
    pub fn contested_from_the_start(mut self, reason: &str) -> Self {
        self.status = ProtectionStatus::Contested;
        self.status_reason = Some(reason.to_owned());
        self
    }

    /// In force again, with the end it had.
    #[must_use]
    pub fn restored(self, now: Time) -> Self {
        self.changed(ProtectionStatus::Active, None, now)
    }

    /// In force again up to the end that was granted, though it was cut short.
    #[must_use]
    pub fn reinstated(mut self, now: Time) -> Self {
        self.ends_at = self.granted_until;
        self.changed(ProtectionStatus::Active, None, now)
    }

    /// The same scope once more from now on, for the time that was left of it when it was taken away.
    pub fn given_back(&self, decision_id: Option<DecisionId>, now: Time) -> Self {
        let left = self.granted_until.since(self.status_since).max(0);
        let until = Time::from_micros(now.micros().saturating_add(left));
        Self {
            starts_at: now,
            ends_at: until,
            granted_until: until,
            ..self.handed_to(self.deal_id, self.partner_id, decision_id, now)
        }
    }

    /// With another end: `granted_until` stays where only a grace is given.
    #[must_use]
    pub fn until(mut self, ends_at: Time, granted_until: Option<Time>, now: Time) -> Self {
        self.ends_at = ends_at;
        self.granted_until = granted_until.unwrap_or(self.granted_until);
        self.touched(now)
    }

    /// The same scope for the rest of its time, at another registration.
    pub fn handed_to(
        &self,
        deal_id: DealId,
        partner_id: PartnerId,
        decision_id: Option<DecisionId>,
        now: Time,
    ) -> Self {
        Self {
            id: ProtectionId::at(now),
            deal_id,
            partner_id,
            decision_id,
            starts_at: self.starts_at.max(now),
            status: ProtectionStatus::Active,
            status_reason: None,
            status_since: now,
            transferred_to_id: None,
            revision: 1,
            created_at: now,
            updated_at: now,
            ..self.clone()
        }
    }

    /// A part of the scope for the rest of its time, at the same registration.
    pub fn narrowed_to(&self, product_id: ProductId, now: Time) -> Self {
        Self {
            product_id,
            status: self.status,
            status_reason: self.status_reason.clone(),
            ..self.handed_to(self.deal_id, self.partner_id, self.decision_id, now)
        }
    }

    /// What it is at the moment `at`.
    pub fn state_at(&self, at: Time) -> ProtectionState {
        if at < self.starts_at.min(self.created_at) || at < self.starts_at {
            return ProtectionState::None;
        }
        let before_the_change = at < self.status_since;
        match self.status {
            ProtectionStatus::Released | ProtectionStatus::Revoked if !before_the_change => ProtectionState::Released,
            ProtectionStatus::Transferred if !before_the_change => ProtectionState::Transferred,
            ProtectionStatus::Consumed if !before_the_change => ProtectionState::Consumed,
            _ if at >= self.ends_at => ProtectionState::Expired,
            ProtectionStatus::Paused if !before_the_change => ProtectionState::Paused,
            ProtectionStatus::Contested if !before_the_change => ProtectionState::Contested,
            _ if at >= self.granted_until => ProtectionState::Grace,
            _ => ProtectionState::Active,
        }
    }

    /// The protection as it is read, by the vendor or by a partner.
    pub fn seen(self, at: Time, by_vendor: bool) -> Protection {
        Protection {
            state: self.state_at(at),
            as_of: at,
            id: self.id,
            deal_id: self.deal_id,
            partner_id: self.partner_id,
            decision_id: self.decision_id,
            account_id: self.account_id,
            product_id: self.product_id,
            territory_id: self.territory_id,
            deal_type_class: self.deal_type_class,
            exclusive: self.exclusive,
            starts_at: self.starts_at,
            ends_at: self.ends_at,
            granted_until: self.granted_until,
            status: self.status,
            status_reason: self.status_reason,
            status_since: self.status_since,
            transferred_to_id: self.transferred_to_id.filter(|_| by_vendor),
            legacy: self.legacy,
            revision: self.revision,
            created_at: self.created_at,
            updated_at: self.updated_at,
        }
    }
}

/// What the last revocation took of a registration's protections; nothing if protections were granted since, or all had
/// ended before it.
pub fn taken_last(rows: Vec<ProtectionRow>) -> Vec<ProtectionRow> {
    let newest = rows.iter().map(|row| row.created_at).max();
    let taken: Vec<ProtectionRow> = rows
        .into_iter()
        .filter(|row| row.status == ProtectionStatus::Revoked && Some(row.status_since) >= newest)
        .collect();
    let last = taken.iter().map(|row| row.status_since).max();
    taken
        .into_iter()
        .filter(|row| Some(row.status_since) == last && row.status_since < row.granted_until)
        .collect()
}

/// What protects a registration, out of what its protections are: the strongest of them. `waits` says whether the
/// registration is before the vendor.
pub fn state_of_deal(states: &[ProtectionState], waits: bool) -> ProtectionState {
    use ProtectionState::{Active, Consumed, Contested, Expired, Grace, None, Paused, Queued, Released, Transferred};
    let any = |wanted: ProtectionState| states.contains(&wanted).then_some(wanted);
    let in_force = any(Active).or(any(Grace)).or(any(Contested)).or(any(Paused));
    in_force
        .or(waits.then_some(Queued))
        .or(any(Consumed))
        .or(any(Transferred))
        .or(any(Released))
        .or(any(Expired))
        .unwrap_or(None)
}

/// The topmost of the products: those with no other of them above. `above` gives each product's ancestors.
pub fn topmost(products: &[ProductId], above: &BTreeMap<ProductId, Vec<ProductId>>) -> Vec<ProductId> {
    let mut top: Vec<ProductId> = products
        .iter()
        .copied()
        .filter(|product| {
            !above
                .get(product)
                .is_some_and(|above| above.iter().any(|upper| products.contains(upper)))
        })
        .collect();
    top.sort();
    top.dedup();
    top
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(day: i64) -> Time {
        Time::from_micros(1_770_000_000_000_000).plus_days(day)
    }

    fn row() -> ProtectionRow {
        let scope = Scope {
            deal_id: DealId::example(1),
            partner_id: PartnerId::example(1),
            decision_id: None,
            account_id: AccountId::example(1),
            territory_id: TerritoryId::example(1),
            class: DealTypeClass::NewBusiness,
            exclusive: true,
            starts_at: at(0),
            until: at(90),
            legacy: false,
        };
        ProtectionRow::granted(&scope, ProductId::example(1), at(0))
    }

    #[test]
    fn a_protection_is_in_force_from_its_first_moment_up_to_its_end_and_needs_nobody_to_end_it() {
        let row = row();
        assert_eq!(row.state_at(at(-1)), ProtectionState::None);
        assert_eq!(row.state_at(at(0)), ProtectionState::Active);
        assert_eq!(
            row.state_at(Time::from_micros(at(90).micros() - 1)),
            ProtectionState::Active
        );
        assert_eq!(row.state_at(at(90)), ProtectionState::Expired);
    }

    #[test]
    fn a_grace_lies_between_the_granted_end_and_the_end_in_force() {
        let row = row().until(at(100), None, at(89));
        assert_eq!(row.state_at(at(90)), ProtectionState::Grace);
        assert_eq!(row.state_at(at(100)), ProtectionState::Expired);
        let row = row.until(at(180), Some(at(180)), at(95));
        assert_eq!(row.state_at(at(95)), ProtectionState::Active);
    }

    #[test]
    fn what_was_ended_is_still_read_as_it_was_before() {
        let row = row().ended(ProtectionStatus::Released, Some("withdrawn"), at(30));
        assert_eq!(row.state_at(at(29)), ProtectionState::Active);
        assert_eq!(row.state_at(at(30)), ProtectionState::Released);
        assert_eq!((row.ends_at, row.granted_until), (at(30), at(90)));
    }

    #[test]
    fn what_is_set_aside_still_ends_with_its_time() {
        let paused = row().set_aside(ProtectionStatus::Paused, "partner_suspended", at(10));
        assert_eq!(paused.state_at(at(9)), ProtectionState::Active);
        assert_eq!(paused.state_at(at(10)), ProtectionState::Paused);
        assert_eq!(paused.state_at(at(90)), ProtectionState::Expired);
        assert_eq!(paused.restored(at(20)).state_at(at(20)), ProtectionState::Active);
    }

    #[test]
    fn a_handed_over_protection_lasts_as_long_as_it_would_have() {
        let old = row();
        let new = old.handed_to(DealId::example(2), PartnerId::example(2), None, at(40));
        assert_eq!(
            (new.starts_at, new.ends_at, new.granted_until),
            (at(40), at(90), at(90))
        );
        assert_ne!(new.id, old.id);
    }

    #[test]
    fn what_was_taken_is_given_back_for_the_time_that_was_left_of_it() {
        let taken = row().ended(ProtectionStatus::Revoked, Some("other"), at(30));
        let back = taken.given_back(None, at(45));
        assert_eq!(
            (back.starts_at, back.ends_at, back.granted_until),
            (at(45), at(105), at(105))
        );
        assert_eq!(
            taken.state_at(at(40)),
            ProtectionState::Released,
            "the time in between stays unprotected"
        );
        assert_eq!(taken_last(vec![taken.clone()]), std::slice::from_ref(&taken));
        assert_eq!(taken_last(vec![taken, back]), [], "it is given back once");
    }

    #[test]
    fn a_registration_is_as_protected_as_its_best_protection() {
        use ProtectionState::{Active, Consumed, Expired, None, Queued, Released};
        assert_eq!(state_of_deal(&[], false), None);
        assert_eq!(state_of_deal(&[], true), Queued);
        assert_eq!(state_of_deal(&[Expired, Active], true), Active);
        assert_eq!(state_of_deal(&[Expired, Released], false), Released);
        assert_eq!(state_of_deal(&[Expired, Consumed], false), Consumed);
    }

    proptest! {
        #[test]
        fn states_follow_each_other_in_time_and_never_come_back(end in 1_i64..200, grace in 0_i64..20, ended in proptest::option::of(0_i64..250)) {
            let mut row = row();
            row.granted_until = at(end);
            row.ends_at = at(end + grace);
            if let Some(day) = ended.filter(|day| at(*day) < row.ends_at) {
                row = row.ended(ProtectionStatus::Released, None, at(day));
            }
            let order = |state| match state { ProtectionState::None => 0, ProtectionState::Active => 1, ProtectionState::Grace => 2, _ => 3 };
            let mut last = 0;
            for day in -2..300 {
                let now = order(row.state_at(at(day)));
                prop_assert!(now >= last, "day {}", day);
                last = now;
            }
        }
    }
}
