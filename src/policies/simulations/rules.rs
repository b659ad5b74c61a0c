//! What a policy makes of a deal, and where two policies differ. Pure: everything that is asked of the world was read before,
//! and the rules are those that decide on registrations.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    course::{self, Course},
    model::{NewPolicySimulation, PolicyQuestion, PolicySimulationCount, PolicySimulationFilter},
    rivals::Rivals,
    windows::shut_out,
};
use crate::{
    approvals::{self, ChainFacts},
    customers::resolution::EntityClass,
    deals::{
        conflict::{
            ConflictVerdict,
            rules::{Rejudged, Tree},
        },
        registrations::{self, DealStage, DealType, Registration, ReviewStatus, SubmissionFacts, tier_terms},
    },
    kernel::{
        Time,
        ids::{DealId, PartnerId, ProductId, TerritoryId},
    },
    partners::KnownBy,
    policies::{PolicyCode, ProgramSettings},
    programs::TierTerms,
};

/// How an answer that names the deal by whose window another is shut out begins; its number follows.
const BY: &str = "by ";
/// Most differences that are kept to be read.
const MOST_ROWS: usize = 20_000;

/// A deal of the past with what the rules ask of the world as it was when the deal began.
#[derive(Debug, Clone)]
pub struct PastDeal {
    /// The deal.
    pub registration: Registration,
    /// When it was sent in; of history, when it was begun.
    pub began: Time,
    /// The tier that its partner held then.
    pub tier: Option<TierTerms>,
    /// The segment that its partner was in then.
    pub segment: Option<PolicyCode>,
    /// When grants of its partner were taken away.
    pub strikes: Vec<Time>,
    /// How many other registrations of its partner were before the vendor then.
    pub open: i64,
    /// What the check of its submission comes to under the version in force and under the simulated policy; none without one.
    pub checked: Option<(Rejudged, Rejudged)>,
    /// Who waited for the same when it was granted; none if nobody did, or it was not.
    pub rivals: Option<Rivals>,
    /// What became of it.
    pub course: Course,
}

/// Which of the two sides judges.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    /// The version in force.
    Before,
    /// The simulated policy.
    After,
}

impl PastDeal {
    /// The deal alone, before the world was asked.
    pub fn new(registration: Registration) -> Self {
        let deal = &registration.deal;
        Self {
            began: deal.received_at.unwrap_or(deal.created_at),
            registration,
            tier: None,
            segment: None,
            strikes: Vec::new(),
            open: 0,
            checked: None,
            rivals: None,
            course: Course::default(),
        }
    }

    fn partner(&self) -> PartnerId {
        self.registration.deal.partner_id
    }

    fn is_history(&self) -> bool {
        self.registration.deal.review_status == ReviewStatus::NotRegistered
    }

    pub(super) fn deal_type(&self) -> DealType {
        self.registration.deal.deal_type
    }

    /// From when it was protected; history as if it had been granted at once. Nothing if it never was.
    pub(super) fn protected_from(&self) -> Option<Time> {
        let granted = self.registration.windows.iter().map(|window| window.starts_at).min();
        granted.or_else(|| self.is_history().then_some(self.began))
    }

    /// Days of protection, unless an approver chose others.
    pub(super) fn days(&self, policy: &ProgramSettings) -> i64 {
        tier_terms::of_decision(self.tier.as_ref(), &policy.registration, self.deal_type(), None).window_days
    }

    pub(super) fn products(&self) -> impl Iterator<Item = ProductId> + '_ {
        self.registration.lines.iter().map(|line| line.row.product_id)
    }

    fn is_asked_for(&self, filter: &PolicySimulationFilter, from: Option<Time>) -> bool {
        from.is_none_or(|from| self.began >= from)
            && filter.partner_id.is_none_or(|only| only == self.partner())
            && filter.deal_type.is_none_or(|only| only == self.deal_type())
            && filter.legacy.is_none_or(|only| only == self.is_history())
    }
}

/// The deals there were, by their beginning, with the trees that their scopes lie in.
#[derive(Debug)]
pub struct Past {
    pub(super) deals: Vec<PastDeal>,
    pub(super) products: Tree<ProductId>,
    pub(super) territories: Tree<TerritoryId>,
}

impl Past {
    /// The deals in the order of their beginning, each with how many others of its partner were before the vendor then.
    pub fn new(mut deals: Vec<PastDeal>, products: Tree<ProductId>, territories: Tree<TerritoryId>) -> Self {
        deals.sort_by_key(|deal| (deal.began, deal.registration.deal.seq, deal.registration.deal.id));
        let mut begun: BTreeMap<PartnerId, Vec<Time>> = BTreeMap::new();
        let mut ended: BTreeMap<PartnerId, Vec<Time>> = BTreeMap::new();
        for deal in deals.iter().filter(|deal| !deal.is_history()) {
            begun.entry(deal.partner()).or_default().push(deal.began);
            let review = deal.registration.review.as_ref();
            let open = deal.registration.deal.review_status.is_open();
            if let Some(end) = review.and_then(|review| review.decided_at).filter(|_| !open) {
                ended.entry(deal.partner()).or_default().push(end);
            } else if !open {
                // It is decided, and nobody knows when: then it took no place for long.
                ended.entry(deal.partner()).or_default().push(deal.began);
            }
        }
        ended.values_mut().for_each(|ends| ends.sort());
        for deal in &mut deals {
            let before = |times: Option<&Vec<Time>>, until: Time, including: bool| {
                times.map_or(0, |times| {
                    times.partition_point(|at| if including { *at <= until } else { *at < until })
                })
            };
            let begun = before(begun.get(&deal.registration.deal.partner_id), deal.began, false);
            let ended = before(ended.get(&deal.registration.deal.partner_id), deal.began, true);
            deal.open = i64::try_from(begun.saturating_sub(ended)).unwrap_or(i64::MAX);
        }
        Self {
            deals,
            products,
            territories,
        }
    }
}

/// The answer to a question: what is told of it, and what it adds to the total.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Answer {
    told: String,
    total: i64,
}

impl Answer {
    /// An answer that counts as one, or as none.
    pub(super) fn of(told: String, counts: bool) -> Self {
        Self::counted(told, usize::from(counts))
    }

    /// An answer that counts as so many.
    pub(super) fn counted(told: String, total: usize) -> Self {
        Self {
            told,
            total: count(total),
        }
    }

    pub(super) fn yes_or_no(yes: bool) -> Self {
        Self::of(if yes { "yes" } else { "no" }.to_owned(), yes)
    }
}

/// What a policy makes of a deal: an answer to each question that the deal gives rise to.
type Judgement = BTreeMap<PolicyQuestion, Answer>;

/// Judges a deal by a policy. `shut_out_by` is the deal in whose window, under the same policy, it begins.
fn judge(
    (side, policy): (Part, &ProgramSettings),
    deal: &PastDeal,
    territories: &Tree<TerritoryId>,
    shut_out_by: Option<&str>,
) -> Judgement {
    let (registration, row) = (&deal.registration, &deal.registration.deal);
    let mut found = Judgement::new();
    let rule = &policy.registration.auto_approval;
    let since = deal.began.plus_days(-rule.strike_days);
    let struck = deal.strikes.iter().any(|at| (since..deal.began).contains(at));
    found.insert(
        PolicyQuestion::AutoApproval,
        Answer::yes_or_no(
            shut_out_by.is_none()
                && !struck
                && tier_terms::grants_without_person(rule, deal.tier.as_ref(), row.amount()),
        ),
    );
    let facts = ChainFacts {
        amount: row.amount(),
        deal_type: Some(row.deal_type),
        territories: row
            .territory_id
            .map(|place| territories.with_above(place))
            .unwrap_or_default(),
        tier_rank: deal.tier.as_ref().map_or(0, |tier| tier.rank),
        segment: deal.segment.clone(),
    };
    let steps = approvals::asked(&policy.registration.approval_chain, &facts);
    let names: Vec<&str> = steps.iter().map(|step| step.name.as_str()).collect();
    found.insert(
        PolicyQuestion::ApprovalSteps,
        Answer::counted(names.join("; "), names.len()),
    );
    refusals(policy, deal, &mut found);
    if !row.stage.is_closed() {
        let retired = !policy.pipeline.has(row.stage);
        let told = if retired { row.stage.as_str() } else { "no" };
        found.insert(PolicyQuestion::RetiredStage, Answer::of(told.to_owned(), retired));
    }
    if row.customer_account_id.is_some() && !registration.lines.is_empty() {
        found.insert(
            PolicyQuestion::ShutOut,
            Answer {
                told: shut_out_by.map_or_else(|| "no".to_owned(), |by| format!("{BY}{by}")),
                total: i64::from(shut_out_by.is_some()),
            },
        );
    }
    if let Some(from) = deal.protected_from() {
        let days = deal.days(policy);
        let end = from.plus_days(days);
        found.insert(
            PolicyQuestion::ProtectionEnd,
            match shut_out_by {
                Some(_) => Answer {
                    told: "none".to_owned(),
                    total: 0,
                },
                None => Answer {
                    told: end.to_string(),
                    total: days,
                },
            },
        );
        if let Some(closed) = row.closed_at.filter(|_| row.stage == DealStage::WON) {
            let inside = shut_out_by.is_none() && closed < end;
            found.insert(PolicyQuestion::WonInsideWindow, Answer::yes_or_no(inside));
        }
    }
    if let Some(rivals) = &deal.rivals {
        let needed = rivals.come_before(&policy.registration);
        found.insert(PolicyQuestion::PassingOver, Answer::yes_or_no(needed));
    }
    if let Some((before, after)) = deal.checked {
        let checked = if side == Part::Before { before } else { after };
        let class = checked.class.unwrap_or(EntityClass::Distinct);
        let known = Answer::of(class.to_string(), class <= EntityClass::Probable);
        found.insert(PolicyQuestion::MatchClass, known);
        let clear = Answer::of(checked.verdict.to_string(), checked.verdict == ConflictVerdict::Clear);
        found.insert(PolicyQuestion::CheckVerdict, clear);
    }
    found.extend(course::judge(deal, policy));
    found
}

/// The guards of submission that a policy has a say in.
fn refusals(policy: &ProgramSettings, deal: &PastDeal, found: &mut Judgement) {
    let facts = SubmissionFacts {
        partner_active: true,
        agreements: None,
        authorised: Vec::new(),
        open_registrations: deal.open,
        tier_rank: deal.tier.as_ref().map(|tier| tier.rank),
        own: KnownBy {
            name_key: String::new(),
            registration_number: None,
            website: None,
            domains: Vec::new(),
        },
        already: None,
    };
    let failing = registrations::submission_guards(&deal.registration, &facts, &policy.registration, deal.began);
    let fails = |name: &str| failing.iter().any(|guard| guard.guard == name);
    let lacking: Vec<&str> = failing
        .iter()
        .filter(|guard| guard.guard == "required_fields")
        .filter_map(|guard| guard.pointer.as_deref())
        .collect();
    found.insert(
        PolicyQuestion::RequiredFields,
        Answer {
            told: if lacking.is_empty() {
                "none".to_owned()
            } else {
                lacking.join(", ")
            },
            total: i64::from(!lacking.is_empty()),
        },
    );
    if deal.registration.deal.expected_close_on.is_some() {
        let too_far = fails("expected_close_within_horizon");
        found.insert(PolicyQuestion::ExpectedClose, Answer::yes_or_no(too_far));
    }
    if !deal.is_history() {
        found.insert(PolicyQuestion::Capacity, Answer::yes_or_no(fails("capacity")));
    }
}

/// The number of the deal that an answer names, if the question is one that names deals.
pub fn named_deal(question: PolicyQuestion, told: &str) -> Option<&str> {
    told.strip_prefix(BY).filter(|_| question == PolicyQuestion::ShutOut)
}

/// An answer as those read it who see these of the deals that answers name: another is not named.
pub fn seen(question: PolicyQuestion, told: String, visible: &BTreeSet<String>) -> String {
    match named_deal(question, &told) {
        Some(number) if !visible.contains(number) => format!("{BY}another partner"),
        _ => told,
    }
}

/// Where two policies differ about a deal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The question.
    pub question: PolicyQuestion,
    /// The deal.
    pub deal_id: DealId,
    /// Its partner.
    pub partner_id: PartnerId,
    /// The answer of the one.
    pub before: String,
    /// The answer of the other.
    pub after: String,
}

/// What a simulation comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// How many deals were judged.
    pub deals: i64,
    /// How many of them are history.
    pub legacy_deals: i64,
    /// For how many something differs.
    pub differing_deals: i64,
    /// How each question came out.
    pub counts: Vec<PolicySimulationCount>,
    /// How many differences there are.
    pub found: i64,
    /// Those that are kept, by question and then by the beginning of the deal.
    pub differences: Vec<Difference>,
}

#[derive(Default)]
struct Tally {
    asked: i64,
    before: i64,
    after: i64,
    partners: BTreeSet<PartnerId>,
    differences: Vec<Difference>,
}

/// Judges the deals that are asked for by both policies.
pub fn compare(past: &Past, asked: &NewPolicySimulation, before: &ProgramSettings, after: &ProgramSettings) -> Outcome {
    let (out_before, out_after) = (shut_out(past, before), shut_out(past, after));
    let mut tallies: BTreeMap<PolicyQuestion, Tally> = BTreeMap::new();
    let (mut deals, mut legacy_deals) = (0_i64, 0_i64);
    let mut differing: BTreeSet<DealId> = BTreeSet::new();
    for (deal, (by_before, by_after)) in past.deals.iter().zip(out_before.into_iter().zip(out_after)) {
        if !deal.is_asked_for(&asked.filter, asked.from) {
            continue;
        }
        deals += 1;
        legacy_deals += i64::from(deal.is_history());
        let mut other = judge((Part::After, after), deal, &past.territories, by_after);
        for (question, one) in judge((Part::Before, before), deal, &past.territories, by_before) {
            // What only one side can answer is no difference.
            let Some(other) = other.remove(&question) else { continue };
            let tally = tallies.entry(question).or_default();
            tally.asked += 1;
            tally.before += one.total;
            tally.after += other.total;
            if one.told != other.told {
                differing.insert(deal.registration.deal.id);
                tally.partners.insert(deal.partner());
                tally.differences.push(Difference {
                    question,
                    deal_id: deal.registration.deal.id,
                    partner_id: deal.partner(),
                    before: one.told,
                    after: other.told,
                });
            }
        }
    }
    let counts = tallies.iter().map(|(question, tally)| PolicySimulationCount {
        question: *question,
        asked: tally.asked,
        before: tally.before,
        after: tally.after,
        differing: count(tally.differences.len()),
        partners: count(tally.partners.len()),
    });
    Outcome {
        deals,
        legacy_deals,
        differing_deals: count(differing.len()),
        counts: counts.collect(),
        found: tallies.values().map(|tally| count(tally.differences.len())).sum(),
        differences: kept(
            tallies.into_values().map(|tally| tally.differences).collect(),
            MOST_ROWS,
        ),
    }
}

/// As many of each list as there is room for: short lists whole, the rest of the room shared among the long ones.
fn kept<T>(lists: Vec<Vec<T>>, most: usize) -> Vec<T> {
    let mut lengths: Vec<usize> = lists.iter().map(Vec::len).collect();
    lengths.sort_unstable();
    let (mut room, mut share) = (most, most);
    for (index, length) in lengths.iter().enumerate() {
        share = room / (lengths.len() - index);
        if *length > share {
            break;
        }
        room -= length;
        share = *length;
    }
    lists
        .into_iter()
        .flat_map(|list| list.into_iter().take(share))
        .collect()
}

pub(super) fn count(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_lists_are_kept_whole_and_long_ones_share_the_rest() {
        let list = |length: usize| vec![length; length];
        let lengths = |lists: Vec<Vec<usize>>, most| {
            let mut kept_of: BTreeMap<usize, usize> = BTreeMap::new();
            for one in kept(lists, most) {
                *kept_of.entry(one).or_default() += 1;
            }
            kept_of.into_iter().collect::<Vec<_>>()
        };
        assert_eq!(lengths(vec![list(2), list(3)], 10), [(2, 2), (3, 3)]);
        assert_eq!(lengths(vec![list(50), list(2), list(9)], 20), [(2, 2), (9, 9), (50, 9)]);
        assert_eq!(
            lengths(vec![list(50), list(2), list(40)], 20),
            [(2, 2), (40, 9), (50, 9)]
        );
        assert!(lengths(vec![], 20).is_empty());
    }
}
