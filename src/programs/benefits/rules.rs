//! What a chain of tiers brings. Pure.

use std::collections::BTreeSet;

use BenefitUseStatus::{Returned, Used};

use super::model::{
    BenefitGrant, BenefitGrantStatus, BenefitReturn, BenefitTail, BenefitTier, BenefitUse, BenefitUseStatus, GrantRow,
    NewBenefitUse, UseRow,
};
use crate::{
    error::{Error, Result},
    kernel::{
        Time,
        ids::{BenefitUseId, Id as _, TierId},
        states::{FailingGuard, Machine, Transition, guard},
    },
    programs::{
        memberships::chain::Link,
        tiers::{ResponseClass, Tier, TierAllowance},
    },
};

/// How far ahead grants that renew are written, in days.
const HORIZON_DAYS: i64 = 60;
/// How many days before its end a grant that renews is followed up by the next.
pub const RENEWED_BEFORE_DAYS: i64 = 30;

/// What a use's status allows.
pub const MACHINE: Machine<BenefitUseStatus> = Machine {
    name: "benefit_use.status",
    transitions: &[Transition {
        action: "return",
        operation: Some("returnBenefitUse"),
        from: &[Used],
        to: &[Returned],
        guards: &[],
    }],
};

/// A grant that a chain of tiers brings about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Planned {
    /// The tier that gives it.
    pub tier: TierId,
    /// What is given.
    pub allowance: TierAllowance,
    /// How many: what was missing to the tier's quantity.
    pub granted: i64,
    /// From when.
    pub from: Time,
    /// When it ends; none while the tier is held.
    pub until: Option<Time>,
    /// Whether it is granted anew at its end, too far ahead to be planned yet.
    pub renews: bool,
    /// Whether the member gave it up by going to another tier, and it ends with the tail.
    cut: bool,
}

impl Planned {
    fn live_at(&self, at: Time) -> bool {
        self.until.is_none_or(|until| until > at)
    }

    /// By its own days, whatever tier is held.
    fn term(&self) -> Option<Time> {
        self.allowance.valid_days.map(|days| self.from.plus_days(days))
    }
}

/// A time for which one tier is held, or none.
struct Stretch<'a> {
    from: Time,
    until: Option<Time>,
    tier: Option<&'a Tier>,
    /// For how long what the tier before gave is kept.
    tail_days: i64,
}

/// The grants that a member's tiers bring about, those that renew as far ahead of `now` as they are written.
pub fn plan<'a>(links: &[Link], tier: impl Fn(TierId) -> Option<&'a Tier>, now: Time) -> Vec<Planned> {
    let tiers: Vec<Option<&Tier>> = links.iter().map(|link| link.tier.and_then(&tier)).collect();
    let mut stretches: Vec<Stretch<'_>> = Vec::with_capacity(links.len());
    for (index, (link, tier)) in links.iter().zip(&tiers).enumerate() {
        let before = index
            .checked_sub(1)
            .and_then(|before| tiers.get(before).copied().flatten());
        stretches.push(Stretch {
            from: link.at,
            until: links.get(index + 1).map(|next| next.at),
            tier: *tier,
            tail_days: before.map_or(0, |tier| tier.benefits.tail_days),
        });
    }
    let codes: BTreeSet<&str> = tiers
        .iter()
        .flatten()
        .flat_map(|tier| tier.benefits.allowances.iter().map(|allowance| allowance.code.as_str()))
        .collect();
    let horizon = now.plus_days(HORIZON_DAYS);
    codes
        .into_iter()
        .flat_map(|code| of_one(code, &stretches, horizon))
        .collect()
}

/// The grants of one benefit.
fn of_one(code: &str, stretches: &[Stretch<'_>], horizon: Time) -> Vec<Planned> {
    let mut all: Vec<Planned> = Vec::new();
    for stretch in stretches {
        let given = stretch
            .tier
            .and_then(|tier| Some((tier, tier.benefits.allowance(code)?)));
        let wanted = given.map_or(0, |(_, allowance)| allowance.quantity);
        settle(&mut all, stretch, wanted);
        let Some((tier, allowance)) = given else { continue };
        // What ends makes room, unless it is given but once: what came from another tier too.
        let refills = allowance.renews || allowance.valid_days.is_none();
        let mut at = stretch.from;
        loop {
            let live: i64 = all.iter().filter(|one| one.live_at(at)).map(|one| one.granted).sum();
            if live < wanted {
                all.push(Planned {
                    tier: tier.id,
                    allowance: allowance.clone(),
                    granted: wanted - live,
                    from: at,
                    until: allowance.valid_days.map(|days| at.plus_days(days)),
                    renews: false,
                    cut: false,
                });
            }
            let held = |moment: Time| stretch.until.is_none_or(|until| moment < until);
            let next = all
                .iter_mut()
                .filter(|one| one.cut || refills)
                .filter_map(|one| Some((one.until.filter(|until| *until > at && held(*until))?, one)))
                .min_by_key(|(until, _)| *until);
            match next {
                Some((until, one)) if one.cut || !allowance.renews || until <= horizon => at = until,
                Some((_, one)) => {
                    one.renews = true;
                    break;
                }
                None => break,
            }
        }
    }
    all
}

/// At the beginning of a stretch: what is more than its tier gives ends with the tail, the latest grants first.
fn settle(all: &mut [Planned], stretch: &Stretch<'_>, wanted: i64) {
    let at = stretch.from;
    let mut total: i64 = all.iter().filter(|one| one.live_at(at)).map(|one| one.granted).sum();
    let tail = at.plus_days(stretch.tail_days);
    for one in all.iter_mut().rev().filter(|one| one.live_at(at)) {
        one.renews = false;
        if total > wanted {
            total -= one.granted;
            // Who gave it up before does not gain a second tail.
            let end = if one.cut {
                one.until
            } else {
                Some(one.until.map_or(tail, |until| until.min(tail)))
            };
            (one.until, one.cut) = (end, true);
        } else if one.cut {
            (one.until, one.cut) = (one.term(), false);
        }
    }
}

/// What must be written so that the grants are what the chain brings about.
#[derive(Debug, Default)]
pub struct Changes {
    /// New grants.
    pub new: Vec<Planned>,
    /// Grants that change, before and after.
    pub changed: Vec<(GrantRow, GrantRow)>,
    /// Grants that will not come to be.
    pub gone: Vec<GrantRow>,
}

/// Compares what is planned with what is there, of a membership that was recorded at a moment.
pub fn changes(planned: Vec<Planned>, there: Vec<GrantRow>, recorded: Time, now: Time) -> Changes {
    let mut changes = Changes::default();
    let mut there = there;
    for one in planned {
        if one.until.is_some_and(|until| until <= one.from || until <= recorded) {
            continue;
        }
        let same = |row: &GrantRow| {
            row.tier_version_id == one.tier && row.code == one.allowance.code && row.valid_from == one.from
        };
        let Some(row) = there.iter().position(same).map(|index| there.swap_remove(index)) else {
            changes.new.push(one);
            continue;
        };
        let after = GrantRow {
            granted: one.granted.max(row.consumed),
            valid_until: one.until,
            renews: one.renews,
            ..row.clone()
        };
        changes.changed.extend(changed(row, after, now));
    }
    for row in there {
        if row.valid_from > now {
            changes.gone.push(row);
        } else {
            // It began, and may have been consumed: it is history.
            let end = now.max(Time::from_micros(row.valid_from.micros() + 1));
            let after = GrantRow {
                valid_until: Some(row.valid_until.map_or(end, |until| until.min(end))),
                renews: false,
                ..row.clone()
            };
            changes.changed.extend(changed(row, after, now));
        }
    }
    changes
}

fn changed(before: GrantRow, after: GrantRow, now: Time) -> Option<(GrantRow, GrantRow)> {
    (before != after).then(|| {
        let after = GrantRow {
            revision: before.revision + 1,
            updated_at: now,
            ..after
        };
        (before, after)
    })
}

impl GrantRow {
    /// Where it stands at a moment.
    pub fn status_at(&self, at: Time) -> BenefitGrantStatus {
        if self.valid_from > at {
            BenefitGrantStatus::Upcoming
        } else if self.valid_until.is_some_and(|until| until <= at) {
            BenefitGrantStatus::Expired
        } else {
            BenefitGrantStatus::Active
        }
    }

    /// The grant as it stands at a moment, by when so many were consumed.
    pub fn shown(self, consumed: i64, at: Time) -> BenefitGrant {
        let status = self.status_at(at);
        let left = self.granted - consumed;
        let expired = if status == BenefitGrantStatus::Expired { left } else { 0 };
        BenefitGrant {
            id: self.id,
            partner_id: self.partner_id,
            program_id: self.program_id,
            membership_id: self.membership_id,
            tier_id: self.tier_version_id,
            code: self.code,
            name: self.name,
            kind: self.kind,
            product_id: self.product_id,
            status,
            granted: self.granted,
            consumed,
            expired,
            remaining: left - expired,
            valid_from: self.valid_from,
            valid_until: self.valid_until,
            revision: self.revision,
            created_at: self.created_at,
            updated_at: self.updated_at,
        }
    }

    /// The grant with so many more consumed, or fewer.
    #[must_use]
    pub fn consumed_by(self, quantity: i64, now: Time) -> Self {
        Self {
            consumed: self.consumed + quantity,
            revision: self.revision + 1,
            updated_at: now,
            ..self
        }
    }

    /// Checks that so many can be consumed now, by a partner that works with the vendor or does not.
    ///
    /// # Errors
    /// 409 `guard_failed` naming everything that stands in the way.
    pub fn permit(&self, quantity: i64, partner_is_live: bool, now: Time) -> Result<()> {
        let status = self.status_at(now);
        let mut failing: Vec<FailingGuard> = Vec::new();
        match status {
            BenefitGrantStatus::Upcoming => failing.push(FailingGuard::new(
                "not_begun",
                format!("The benefit begins at {}; wait until then.", self.valid_from),
            )),
            BenefitGrantStatus::Expired => failing.push(FailingGuard::new(
                "expired",
                "The benefit has ended; consume one that is active.",
            )),
            BenefitGrantStatus::Active => {}
        }
        let left = self.granted - self.consumed;
        if quantity > left {
            let detail = format!("Of {} granted, {left} remain; consume no more than that.", self.granted);
            failing.push(guard("not_enough", "#/quantity", detail));
        }
        if !partner_is_live {
            failing.push(FailingGuard::new(
                "partner_not_live",
                "Only partners that are onboarding or active consume benefits.",
            ));
        }
        if failing.is_empty() {
            Ok(())
        } else {
            Err(Error::guards(status, "consume", failing))
        }
    }
}

impl UseRow {
    /// A use of a grant.
    pub fn new(grant: &GrantRow, new: &NewBenefitUse, by: String, now: Time) -> Self {
        Self {
            id: BenefitUseId::at(now),
            grant_id: grant.id,
            partner_id: grant.partner_id,
            quantity: new.quantity,
            purpose: new.purpose.clone(),
            reference: new.reference.clone(),
            used_by: by,
            returned_at: None,
            return_reason: None,
            revision: 1,
            created_at: now,
            updated_at: now,
        }
    }

    const fn status(&self) -> BenefitUseStatus {
        if self.returned_at.is_some() { Returned } else { Used }
    }

    /// The use as it is shown.
    pub fn shown(self) -> BenefitUse {
        BenefitUse {
            id: self.id,
            grant_id: self.grant_id,
            partner_id: self.partner_id,
            status: self.status(),
            quantity: self.quantity,
            purpose: self.purpose,
            reference: self.reference,
            used_by: self.used_by,
            returned_at: self.returned_at,
            return_reason: self.return_reason,
            revision: self.revision,
            created_at: self.created_at,
            updated_at: self.updated_at,
        }
    }

    /// The use after it was returned.
    ///
    /// # Errors
    /// 409 `invalid_state` if it was returned before.
    pub fn returned(self, back: &BenefitReturn, now: Time) -> Result<Self> {
        MACHINE.go(self.status(), "return")?;
        Ok(Self {
            returned_at: Some(now),
            return_reason: Some(back.reason.clone()),
            revision: self.revision + 1,
            updated_at: now,
            ..self
        })
    }
}

impl From<&Tier> for BenefitTier {
    fn from(tier: &Tier) -> Self {
        Self {
            tier_id: tier.id,
            name: tier.name.clone(),
            rank: tier.rank,
            version: tier.version,
        }
    }
}

/// What is kept for a while: of the tier that is held, and of those that were left.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Kept {
    /// How fast the vendor answers.
    pub response_class: Option<ResponseClass>,
    /// Whether somebody is named to look after the partner.
    pub named_manager: bool,
    /// The tier that was left and brings more than the one that is held.
    pub tail: Option<BenefitTail>,
}

/// What is kept at a moment, by the member's tiers in order.
pub fn kept(links: &[(Time, Option<Tier>)], at: Time) -> Kept {
    let mut kept = Kept::default();
    let begun = links.iter().filter(|(from, _)| *from <= at).count();
    if let Some((_, Some(tier))) = begun.checked_sub(1).and_then(|last| links.get(last)) {
        kept.response_class = tier.benefits.response_class;
        kept.named_manager = tier.benefits.named_manager;
    }
    for pair in links.windows(2).take(begun.saturating_sub(1)) {
        let [(_, Some(left)), (until, _)] = pair else { continue };
        let until = until.plus_days(left.benefits.tail_days);
        let better =
            left.benefits.response_class > kept.response_class || (left.benefits.named_manager && !kept.named_manager);
        if until > at && better {
            kept.response_class = kept.response_class.max(left.benefits.response_class);
            kept.named_manager |= left.benefits.named_manager;
            kept.tail = Some(BenefitTail {
                tier: left.into(),
                until,
            });
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{
        kernel::{Stored, ids::ProgramId},
        programs::{
            memberships::TierCause,
            tiers::{AllowanceKind, NewTier, NewTierBenefits, TierBenefits},
        },
    };

    fn day(day: i64) -> Time {
        Time::from_micros(1_767_225_600_000_000).plus_days(day)
    }

    /// A tier that gives so many, which hold for so many days.
    fn tier(number: u64, quantity: i64, valid_days: Option<i64>, tail_days: i64) -> Tier {
        let new = NewTier {
            rank: i64::try_from(number).unwrap(),
            name: format!("Tier {number}"),
            criteria: vec![],
            benefits: NewTierBenefits::default(),
        };
        let allowance = TierAllowance {
            code: "nfr".to_owned(),
            name: "Licences".to_owned(),
            kind: AllowanceKind::InternalUseLicences,
            product_id: None,
            quantity,
            valid_days,
            renews: valid_days.is_some(),
        };
        Tier {
            id: TierId::example(number),
            benefits: Stored(TierBenefits {
                allowances: if quantity > 0 { vec![allowance] } else { vec![] },
                tail_days,
                ..TierBenefits::default()
            }),
            ..Tier::new(&new, ProgramId::example(1), 1, day(0))
        }
    }

    fn chain(starts: &[(i64, Option<u64>)]) -> Vec<Link> {
        let link = |(at, tier): &(i64, Option<u64>)| Link {
            at: day(*at),
            tier: tier.map(TierId::example),
            cause: TierCause::Evaluation,
            until: None,
        };
        starts.iter().map(link).collect()
    }

    fn planned(tiers: &[Tier], starts: &[(i64, Option<u64>)], now: i64) -> Vec<(i64, i64, Option<i64>)> {
        let days = |time: Time| time.since(day(0)) / crate::kernel::time::DAY;
        plan(&chain(starts), |id| tiers.iter().find(|tier| tier.id == id), day(now))
            .into_iter()
            .map(|one| (one.granted, days(one.from), one.until.map(days)))
            .collect()
    }

    #[test]
    fn moving_up_tops_up_and_moving_down_keeps_the_rest_for_the_tail() {
        let tiers = [tier(1, 10, None, 30), tier(2, 25, None, 30)];
        assert_eq!(planned(&tiers, &[(0, Some(1))], 0), [(10, 0, None)]);
        assert_eq!(
            planned(&tiers, &[(0, Some(1)), (5, Some(2))], 5),
            [(10, 0, None), (15, 5, None)]
        );
        assert_eq!(
            planned(&tiers, &[(0, Some(1)), (5, Some(2)), (50, Some(1))], 50),
            [(10, 0, None), (15, 5, Some(80))]
        );
        assert_eq!(
            planned(&tiers, &[(0, Some(2)), (50, Some(1))], 50),
            [(25, 0, Some(80)), (10, 80, None)],
            "what the lower tier gives begins when the tail is over"
        );
        assert_eq!(
            planned(&tiers, &[(0, Some(2)), (50, Some(1)), (60, Some(2))], 60),
            [(25, 0, None)],
            "who comes back within the tail has what it had"
        );
        assert_eq!(planned(&tiers, &[(0, Some(2)), (50, None)], 50), [(25, 0, Some(80))]);
    }

    #[test]
    fn what_renews_is_granted_anew_while_the_tier_is_held() {
        let tiers = [tier(1, 10, Some(100), 30)];
        assert_eq!(planned(&tiers, &[(0, Some(1))], 0), [(10, 0, Some(100))]);
        assert_eq!(
            planned(&tiers, &[(0, Some(1))], 50),
            [(10, 0, Some(100)), (10, 100, Some(200))]
        );
        let of_long = plan(&chain(&[(0, Some(1))]), |_| tiers.first(), day(50));
        assert_eq!(of_long.iter().map(|one| one.renews).collect::<Vec<_>>(), [false, true]);
        assert_eq!(
            planned(&tiers, &[(0, Some(1)), (80, None)], 90),
            [(10, 0, Some(100))],
            "a tail does not lengthen what ends anyway"
        );
    }

    proptest! {
        /// Whatever happens to a member: at each moment it has what its tier gives at least, and no more than the most that
        /// any of its tiers gave; and the past is planned as it was planned before.
        #[test]
        fn a_member_has_what_its_tier_gives(
            quantities in proptest::array::uniform4(0_i64..40),
            tails in proptest::array::uniform4(0_i64..40),
            terms in proptest::array::uniform4(proptest::option::of(30_i64..90)),
            moves in proptest::collection::vec((1_i64..50, 0_usize..5), 1..12),
        ) {
            let tiers: Vec<Tier> = (1_u64..).zip(quantities.iter().zip(&tails).zip(&terms)).map(|(number, ((quantity, tail), term))| tier(number, *quantity, *term, *tail)).collect();
            let find = |id: TierId| tiers.iter().find(|tier| tier.id == id);
            let mut at = 0;
            let mut starts = vec![];
            for (step, tier) in moves {
                at += step;
                starts.push((at, (tier < 4).then(|| u64::try_from(tier).unwrap() + 1)));
            }
            let links = chain(&starts);
            let whole = plan(&links, find, day(at));
            for moment in 0..at {
                let held = links.iter().rev().find(|link| link.at <= day(moment)).and_then(|link| find(link.tier?));
                let wanted = held.map_or(0, |tier| tier.benefits.allowance("nfr").map_or(0, |one| one.quantity));
                let live: i64 = whole.iter().filter(|one| one.from <= day(moment) && one.live_at(day(moment))).map(|one| one.granted).sum();
                prop_assert!(live >= wanted, "on day {moment}: {live} of {wanted} in {whole:?}");
                prop_assert!(live <= *quantities.iter().max().unwrap(), "on day {moment}: {live} in {whole:?}");
            }
            let keys: BTreeSet<_> = whole.iter().map(|one| (one.tier, one.from)).collect();
            prop_assert_eq!(keys.len(), whole.len(), "each is granted once");
            let known: Vec<Link> = links.iter().take(links.len() - 1).cloned().collect();
            let last = links.last().unwrap().at;
            let before = |all: Vec<Planned>| all.into_iter().filter(|one| one.from < last).map(|one| (one.tier, one.from, one.granted)).collect::<Vec<_>>();
            prop_assert_eq!(before(plan(&known, find, day(at))), before(whole));
        }
    }
}
