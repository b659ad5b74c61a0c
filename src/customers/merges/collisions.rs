//! Which claims of two accounts cannot both stand once the accounts are one. Pure.

use std::collections::{BTreeMap, BTreeSet};

use super::model::{CollisionKind, CollisionSide, PlannedCollision, Slot};
use crate::kernel::{
    Time,
    ids::{AccountId, DealId, PartnerId, ProductId, ProtectionId, TerritoryId},
};

/// An active exclusive protection with what decides who came first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    pub id: ProtectionId,
    pub deal_id: DealId,
    pub partner_id: PartnerId,
    pub account_id: AccountId,
    pub product_id: ProductId,
    pub territory_id: TerritoryId,
    /// `new_business`, `renewal` or `any`.
    pub class: String,
    pub starts_at: Time,
    pub ends_at: Time,
    pub received_at: Option<Time>,
    pub seq: Option<i64>,
}

/// The nodes above each node of a tree, itself included.
pub type Above<I> = BTreeMap<I, BTreeSet<I>>;

/// Whether one node is the other or lies above it. The same rule as the database's guard.
fn meets<I: Ord + Copy>(above: &Above<I>, a: I, b: I) -> bool {
    let over = |low: I, high: I| above.get(&low).is_some_and(|nodes| nodes.contains(&high));
    a == b || over(a, b) || over(b, a)
}

fn overlap(a: &Held, b: &Held, products: &Above<ProductId>, territories: &Above<TerritoryId>) -> bool {
    let class = a.class == b.class || a.class == "any" || b.class == "any";
    class
        && a.starts_at < b.ends_at
        && b.starts_at < a.ends_at
        && meets(products, a.product_id, b.product_id)
        && meets(territories, a.territory_id, b.territory_id)
}

fn side(held: &Held) -> CollisionSide {
    CollisionSide {
        account_id: held.account_id,
        partner_id: held.partner_id,
        deal_id: held.deal_id,
        protection_id: Some(held.id),
        received_at: held.received_at,
        seq: held.seq,
    }
}

/// The protections that give way, each with the one that stands before it. First is whose registration was received first;
/// of a protection without one, the start counts. A protection that itself gives way displaces nobody.
pub fn of_protections(
    mut held: Vec<Held>,
    products: &Above<ProductId>,
    territories: &Above<TerritoryId>,
) -> Vec<PlannedCollision> {
    held.sort_by_key(|one| {
        (
            one.received_at.unwrap_or(one.starts_at),
            one.seq.unwrap_or(i64::MAX),
            one.starts_at,
            one.id,
        )
    });
    let mut kept: Vec<&Held> = Vec::new();
    let mut found = Vec::new();
    for later in &held {
        let earlier = kept
            .iter()
            .find(|earlier| earlier.account_id != later.account_id && overlap(earlier, later, products, territories));
        let Some(earlier) = earlier else {
            kept.push(later);
            continue;
        };
        found.push(PlannedCollision {
            kind: CollisionKind::Protections,
            product_id: later.product_id,
            territory_id: Some(later.territory_id),
            from: Some(earlier.starts_at.max(later.starts_at)),
            until: Some(earlier.ends_at.min(later.ends_at)),
            first: side(earlier),
            second: side(later),
        });
    }
    found
}

/// When a registration was received, and its place.
pub type Received = BTreeMap<DealId, (Option<Time>, Option<i64>)>;

/// The places of open registrations that one account cannot have twice.
pub fn of_slots(slots: &[Slot], received: &Received) -> Vec<PlannedCollision> {
    let mut by_scope: BTreeMap<(PartnerId, ProductId, &str), Vec<&Slot>> = BTreeMap::new();
    for slot in slots {
        by_scope
            .entry((slot.partner_id, slot.product_id, &slot.deal_type))
            .or_default()
            .push(slot);
    }
    let when = |slot: &Slot| received.get(&slot.deal_id).copied().unwrap_or_default();
    let side = |slot: &Slot| {
        let (received_at, seq) = when(slot);
        CollisionSide {
            account_id: slot.account_id,
            partner_id: slot.partner_id,
            deal_id: slot.deal_id,
            protection_id: None,
            received_at,
            seq,
        }
    };
    let order = |slot: &&Slot| {
        let (received_at, seq) = when(slot);
        (received_at.is_none(), received_at, seq, slot.deal_id)
    };
    by_scope
        .into_values()
        .filter_map(|mut both| {
            both.sort_by_key(order);
            let [first, second] = both.as_slice() else { return None };
            Some(PlannedCollision {
                kind: CollisionKind::OpenRegistrations,
                product_id: second.product_id,
                territory_id: None,
                from: None,
                until: None,
                first: side(first),
                second: side(second),
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::ids::Id as _;

    fn held(number: u64, account: u64, received: i64) -> Held {
        Held {
            id: ProtectionId::example(number),
            deal_id: DealId::example(number),
            partner_id: PartnerId::example(number),
            account_id: AccountId::example(account),
            product_id: ProductId::example(1),
            territory_id: TerritoryId::example(1),
            class: "new_business".to_owned(),
            starts_at: Time::from_micros(100),
            ends_at: Time::from_micros(200),
            received_at: Some(Time::from_micros(received)),
            seq: Some(1),
        }
    }

    fn losers(all: Vec<Held>) -> Vec<ProtectionId> {
        of_protections(all, &Above::new(), &Above::new())
            .into_iter()
            .filter_map(|found| found.second.protection_id)
            .collect()
    }

    #[test]
    fn the_earlier_registration_stays() {
        assert_eq!(losers(vec![held(1, 1, 50), held(2, 2, 40)]), [ProtectionId::example(1)]);
        assert_eq!(losers(vec![held(1, 1, 30), held(2, 2, 40)]), [ProtectionId::example(2)]);
    }

    #[test]
    fn times_classes_and_scopes_that_do_not_meet_do_not_collide() {
        let later = Held {
            starts_at: Time::from_micros(200),
            ends_at: Time::from_micros(300),
            ..held(2, 2, 40)
        };
        assert_eq!(
            losers(vec![held(1, 1, 30), later]),
            [],
            "periods that touch do not overlap"
        );
        let renewal = Held {
            class: "renewal".to_owned(),
            ..held(2, 2, 40)
        };
        assert_eq!(losers(vec![held(1, 1, 30), renewal.clone()]), []);
        assert_eq!(
            losers(vec![
                Held {
                    class: "any".to_owned(),
                    ..held(1, 1, 30)
                },
                renewal
            ]),
            [ProtectionId::example(2)]
        );
        let elsewhere = Held {
            territory_id: TerritoryId::example(2),
            ..held(2, 2, 40)
        };
        assert_eq!(losers(vec![held(1, 1, 30), elsewhere.clone()]), []);
        let above = Above::from([(
            TerritoryId::example(2),
            BTreeSet::from([TerritoryId::example(2), TerritoryId::example(1)]),
        )]);
        assert_eq!(
            of_protections(vec![held(1, 1, 30), elsewhere], &Above::new(), &above).len(),
            1,
            "one lies in the other"
        );
    }

    #[test]
    fn what_gives_way_displaces_nobody() {
        // 2 gives way to 1, so 3, which meets only 2, stays.
        let second = Held {
            ends_at: Time::from_micros(300),
            ..held(2, 2, 40)
        };
        let third = Held {
            starts_at: Time::from_micros(250),
            ends_at: Time::from_micros(300),
            ..held(3, 1, 50)
        };
        assert_eq!(losers(vec![held(1, 1, 30), second, third]), [ProtectionId::example(2)]);
    }

    #[test]
    fn of_two_places_the_earlier_registration_keeps_its_own() {
        let slot = |account: u64, deal: u64| Slot {
            account_id: AccountId::example(account),
            partner_id: PartnerId::example(1),
            product_id: ProductId::example(1),
            deal_type: "net_new".to_owned(),
            deal_id: DealId::example(deal),
        };
        let received = Received::from([
            (DealId::example(1), (Some(Time::from_micros(9)), Some(1))),
            (DealId::example(2), (Some(Time::from_micros(5)), Some(1))),
        ]);
        let found = of_slots(&[slot(1, 1), slot(2, 2)], &received);
        assert_eq!(found.len(), 1);
        assert_eq!(
            (found[0].first.deal_id, found[0].second.deal_id),
            (DealId::example(2), DealId::example(1))
        );
    }
}
