//! The chain of a member's tiers. Pure.
//!
//! A link holds from its moment until the next one's, so there is neither gap nor overlap to guard against. What is known
//! of the time to come (versions that were published ahead, overrides that will end) stands in the chain already; when
//! something changes at a moment, everything from that moment on is worked out anew.

use super::model::{AssignmentRow, TierCause};
use crate::{
    kernel::{Time, ids::TierId},
    programs::tiers::{ProgramVersion, Tier, VersionStatus, rules::counterpart},
};

/// One start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// From when it holds.
    pub at: Time,
    /// The tier; none ends the chain.
    pub tier: Option<TierId>,
    /// Why it began.
    pub cause: TierCause,
    /// When it ends, of an override that does.
    pub until: Option<Time>,
}

impl From<&AssignmentRow> for Link {
    fn from(row: &AssignmentRow) -> Self {
        Self {
            at: row.valid_from,
            tier: row.tier_version_id,
            cause: row.cause,
            until: row.override_until,
        }
    }
}

/// The published versions of a program with their tiers: the course that its members take.
#[derive(Debug, Clone, Default)]
pub struct Course(Vec<(ProgramVersion, Vec<Tier>)>);

impl Course {
    /// The course of these versions; drafts are no part of it.
    pub fn new(versions: Vec<ProgramVersion>, tiers: &[Tier]) -> Self {
        let mut published: Vec<_> = versions
            .into_iter()
            .filter(|version| version.status == VersionStatus::Published)
            .map(|version| {
                let own = tiers
                    .iter()
                    .filter(|tier| tier.version == version.version)
                    .cloned()
                    .collect();
                (version, own)
            })
            .collect();
        published.sort_by_key(|(version, _)| version.valid_from);
        Self(published)
    }

    /// The version in force at a moment, with its tiers.
    pub fn at(&self, at: Time) -> Option<&(ProgramVersion, Vec<Tier>)> {
        self.0.iter().rev().find(|(version, _)| version.valid_from <= at)
    }

    /// The tier with that id.
    pub fn tier(&self, id: TierId) -> Option<&Tier> {
        self.0.iter().flat_map(|(_, tiers)| tiers).find(|tier| tier.id == id)
    }

    /// Whether any tier gives something in a quantity.
    pub fn gives_allowances(&self) -> bool {
        self.0
            .iter()
            .flat_map(|(_, tiers)| tiers)
            .any(|tier| !tier.benefits.allowances.is_empty())
    }

    /// The tier that a newcomer gets at a moment.
    pub fn entry(&self, at: Time) -> Option<&Tier> {
        self.at(at)
            .and_then(|(_, tiers)| tiers.iter().min_by_key(|tier| tier.rank))
    }

    /// The tier in which a member goes on in the version in force at a moment.
    fn goes_on(&self, tier: TierId, at: Time) -> TierId {
        let Some(held) = self.tier(tier) else { return tier };
        match self.at(at) {
            Some((version, tiers)) if version.version != held.version => {
                counterpart(&held.name_key, held.rank, tiers).map_or(tier, |tier| tier.id)
            }
            _ => tier,
        }
    }

    /// When versions begin after one moment, until another if there is one.
    fn beginnings(&self, after: Time, until: Option<Time>) -> impl Iterator<Item = Time> {
        let starts = self.0.iter().map(|(version, _)| version.valid_from);
        starts.filter(move |start| *start > after && until.is_none_or(|until| *start <= until))
    }

    /// The tier that a member who held `tier` at one moment would hold at a later one, if only versions changed.
    pub fn carried(&self, tier: TierId, from: Time, to: Time) -> TierId {
        self.beginnings(from, Some(to))
            .fold(tier, |held, start| self.goes_on(held, start))
    }

    /// The chain from `at` on: the tier, then each version to come, and the return to a base when an override ends.
    pub fn from(&self, at: Time, tier: TierId, cause: TierCause, ends: Option<(Time, TierId)>) -> Vec<Link> {
        let link = |at: Time, tier: TierId, cause: TierCause| Link {
            at,
            tier: Some(tier),
            cause,
            until: None,
        };
        let mut held = self.goes_on(tier, at);
        let mut over = ends.map(|(until, base)| (until, self.goes_on(base, at)));
        let until = ends.map(|(until, _)| until).filter(|_| cause == TierCause::Override);
        let mut links = vec![Link {
            until,
            ..link(at, held, cause)
        }];
        for start in self.beginnings(at, None) {
            if let Some((until, base)) = over.filter(|(until, _)| *until <= start) {
                over = None;
                held = self.goes_on(base, until);
                links.push(link(until, held, TierCause::OverrideExpired));
                if until == start {
                    continue;
                }
            }
            held = self.goes_on(held, start);
            over = over.map(|(until, base)| (until, self.goes_on(base, start)));
            links.push(link(start, held, TierCause::NewVersion));
        }
        if let Some((until, base)) = over {
            links.push(link(until, base, TierCause::OverrideExpired));
        }
        links
    }

    /// The tier that a member would hold at a moment without its override.
    pub fn base(&self, links: &[Link], at: Time) -> Option<TierId> {
        let mut moment = at;
        // One override may have followed another: the tier before the first of them is the one to return to.
        while let Some(set) = overriding(links, moment) {
            moment = just_before(set.at);
        }
        let held = in_force(links, moment)?;
        held.tier.map(|tier| self.carried(tier, held.at, at))
    }

    /// The chain from the beginning of a version on, of a member whose chain is `links`. None if it holds no tier then.
    pub fn under(&self, begins: Time, links: &[Link]) -> Option<Vec<Link>> {
        let before = just_before(begins);
        let held = in_force(links, before)?.tier?;
        let base = self.base(links, before)?;
        Some(match overriding(links, before).and_then(|set| set.until) {
            Some(until) if until <= begins => self.from(begins, base, TierCause::OverrideExpired, None),
            Some(until) => self.from(begins, held, TierCause::NewVersion, Some((until, base))),
            None => self.from(begins, held, TierCause::NewVersion, None),
        })
    }
}

fn just_before(at: Time) -> Time {
    Time::from_micros(at.micros() - 1)
}

/// The link that holds at a moment.
pub fn in_force(links: &[Link], at: Time) -> Option<&Link> {
    links.iter().rev().find(|link| link.at <= at)
}

/// The override that is in force at a moment. A version that begins does not end it.
pub fn overriding(links: &[Link], at: Time) -> Option<&Link> {
    let set = links
        .iter()
        .rev()
        .filter(|link| link.at <= at)
        .find(|link| link.cause != TierCause::NewVersion)?;
    (set.cause == TierCause::Override && set.until.is_none_or(|until| until > at)).then_some(set)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{
        kernel::ids::{Id as _, ProgramId},
        programs::tiers::{NewTier, NewTierBenefits, NewVersion},
    };

    fn day(day: i64) -> Time {
        Time::from_micros(1_767_225_600_000_000).plus_days(day)
    }

    fn course(versions: &[(i64, &[&str])]) -> Course {
        let program = ProgramId::example(1);
        let new = NewVersion {
            currency: "EUR".parse().unwrap(),
            note: None,
            valid_from: None,
            auto_promote: true,
            notice_days: None,
            copy_tiers: None,
        };
        let (mut published, mut tiers) = (Vec::new(), Vec::new());
        for (number, (start, names)) in (1_i64..).zip(versions) {
            for (rank, name) in (1_i64..).zip(*names) {
                let new = NewTier {
                    rank,
                    name: (*name).to_owned(),
                    criteria: vec![],
                    benefits: NewTierBenefits::default(),
                };
                let id = TierId::example(u64::try_from(number * 100 + rank).unwrap());
                tiers.push(Tier {
                    id,
                    ..Tier::new(&new, program, number, day(0))
                });
            }
            let draft = ProgramVersion::new(&new, program, number, day(0));
            published.push(ProgramVersion {
                valid_from: day(*start),
                status: VersionStatus::Published,
                ..draft
            });
        }
        Course::new(published, &tiers)
    }

    fn named(course: &Course, name: &str, at: Time) -> TierId {
        course
            .at(at)
            .unwrap()
            .1
            .iter()
            .find(|tier| tier.name == name)
            .unwrap()
            .id
    }

    fn name_at(course: &Course, links: &[Link], at: Time) -> String {
        let tier = in_force(links, at)
            .and_then(|link| link.tier)
            .and_then(|tier| course.tier(tier));
        tier.map_or_else(String::new, |tier| tier.name.clone())
    }

    fn replaced(links: &[Link], new: Vec<Link>) -> Vec<Link> {
        let from = new[0].at;
        links.iter().filter(|link| link.at < from).cloned().chain(new).collect()
    }

    #[test]
    fn a_member_goes_on_in_the_tier_of_the_same_name_or_the_next_below() {
        let course = course(&[(0, &["Bronze", "Silver", "Gold"]), (50, &["Member", "Bronze", "Gold"])]);
        let from = |name: &str| course.from(day(1), named(&course, name, day(1)), TierCause::Entry, None);
        assert_eq!(name_at(&course, &from("Gold"), day(60)), "Gold");
        assert_eq!(name_at(&course, &from("Bronze"), day(60)), "Bronze");
        assert_eq!(
            name_at(&course, &from("Silver"), day(60)),
            "Bronze",
            "rank 2 of the new version"
        );
    }

    #[test]
    fn an_override_ends_by_itself_even_across_a_new_version() {
        let course = course(&[(0, &["Bronze", "Silver", "Gold"]), (50, &["Bronze", "Silver", "Gold"])]);
        let entry = course.from(day(1), named(&course, "Bronze", day(1)), TierCause::Entry, None);
        let gold = named(&course, "Gold", day(10));
        let base = course.base(&entry, day(10)).unwrap();
        let chain = replaced(
            &entry,
            course.from(day(10), gold, TierCause::Override, Some((day(70), base))),
        );
        assert_eq!(name_at(&course, &chain, day(60)), "Gold");
        assert!(overriding(&chain, day(60)).is_some());
        assert_eq!(name_at(&course, &chain, day(70)), "Bronze");
        assert!(overriding(&chain, day(70)).is_none());
        assert_eq!(
            course
                .tier(in_force(&chain, day(70)).unwrap().tier.unwrap())
                .unwrap()
                .version,
            2
        );
    }

    #[test]
    fn an_override_over_another_returns_to_what_was_before_both() {
        let course = course(&[(0, &["Bronze", "Silver", "Gold"])]);
        let mut chain = course.from(day(1), named(&course, "Bronze", day(1)), TierCause::Entry, None);
        for (at, name, until) in [(10, "Gold", 100), (20, "Silver", 60)] {
            let base = course.base(&chain, day(at)).unwrap();
            let ends = Some((day(until), base));
            chain = replaced(
                &chain,
                course.from(day(at), named(&course, name, day(at)), TierCause::Override, ends),
            );
        }
        assert_eq!(name_at(&course, &chain, day(59)), "Silver");
        assert_eq!(name_at(&course, &chain, day(61)), "Bronze");
    }

    #[derive(Debug, Clone)]
    enum Change {
        Evaluated(usize),
        Overridden(usize, Option<i64>),
        OverrideEnded,
        Published,
    }

    fn change() -> impl Strategy<Value = Change> {
        prop_oneof![
            (0_usize..4).prop_map(Change::Evaluated),
            (0_usize..4, proptest::option::of(1_i64..40)).prop_map(|(tier, days)| Change::Overridden(tier, days)),
            Just(Change::OverrideEnded),
            Just(Change::Published),
        ]
    }

    proptest! {
        /// Whatever happens: one tier at each instant, always of the version in force then, and an override that has an end
        /// returns to the tier that the member would hold without it.
        #[test]
        fn exactly_one_tier_holds_at_each_instant(changes in proptest::collection::vec((1_i64..20, change()), 1..25)) {
            let names: [&[&str]; 3] = [&["Bronze", "Silver", "Gold"], &["Member", "Silver", "Gold", "Platinum"], &["Bronze", "Gold"]];
            let mut versions = vec![(0, names[0])];
            let mut road = course(&versions);
            let mut chain = road.from(day(1), road.entry(day(1)).unwrap().id, TierCause::Entry, None);
            let mut today = 1;
            for (step, change) in changes {
                today += step;
                let now = day(today);
                let tiers = road.at(now).unwrap().1.clone();
                let pick = |index: usize| tiers[index % tiers.len()].id;
                chain = match change {
                    Change::Evaluated(index) => replaced(&chain, road.from(now, pick(index), TierCause::Evaluation, None)),
                    Change::Overridden(index, days) => {
                        let base = road.base(&chain, now).unwrap();
                        let ends = days.map(|days| (day(today + days), base));
                        replaced(&chain, road.from(now, pick(index), TierCause::Override, ends))
                    }
                    Change::OverrideEnded if overriding(&chain, now).is_some() => {
                        let base = road.base(&chain, now).unwrap();
                        replaced(&chain, road.from(now, base, TierCause::OverrideExpired, None))
                    }
                    Change::OverrideEnded => chain,
                    Change::Published => {
                        // A version may be published ahead, but begins after every other.
                        let begins = (today + 5).max(versions.last().unwrap().0 + 1);
                        versions.push((begins, names[versions.len() % names.len()]));
                        road = course(&versions);
                        let new = road.under(day(begins), &chain).unwrap();
                        replaced(&chain, new)
                    }
                };
                prop_assert!(chain.windows(2).all(|pair| pair[0].at < pair[1].at), "starts are in order and unique: {chain:?}");
                for offset in 1..(today + 60) {
                    let held = in_force(&chain, day(offset)).and_then(|link| link.tier);
                    let tier = held.and_then(|tier| road.tier(tier));
                    prop_assert!(tier.is_some(), "a tier holds on day {offset}");
                    let version = road.at(day(offset)).unwrap().0.version;
                    prop_assert_eq!(tier.unwrap().version, version, "of the version in force on day {}", offset);
                }
                if let Some(until) = overriding(&chain, now).and_then(|set| set.until) {
                    let before = just_before(until);
                    let base = road.base(&chain, before).unwrap();
                    prop_assert_eq!(in_force(&chain, until).unwrap().tier, Some(road.carried(base, before, until)));
                }
            }
        }
    }
}
