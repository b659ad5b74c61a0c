//! The only file that knows the tables of simulations; and the loading of the history that they run over, in batches.

use std::collections::{BTreeMap, BTreeSet};

use diesel::prelude::*;

use super::{
    course::{self, Course},
    model::{
        NewPolicySimulation, PolicySimulation, PolicySimulationRow, PolicySimulationRowFilter, PolicySimulationsFilter,
    },
    rivals::Rivals,
    rules::{self, Outcome, Past, PastDeal},
};
use crate::{
    auth::Rows,
    db::{Clause, Tx, among},
    deals::{
        amendments,
        conflict::{
            self, CheckPurpose,
            rules::{Facts, earlier, later, rejudge},
        },
        extensions,
        outcomes::{self, DealEvidenceKind},
        registrations::{self, DecisionOutcome, Registration, history, past_queries as deals},
        reopenings,
    },
    error::{Error, Result},
    events::Fact,
    kernel::{
        Stored, Time,
        ids::{DealId, PartnerId, PolicyId, PolicySimulationId},
        page::{Order, Page, Paging},
        states::guard,
    },
    load_page,
    partners::{self, account_managers},
    policies::ProgramSettings,
    programs,
    schema::{
        policy_simulation_rows::{self as rows, table as rows_table},
        policy_simulations::{self as simulations, table},
    },
};

/// Deals loaded at once.
const BATCH: i64 = 500;
/// Most deals that are simulated over.
const MOST_DEALS: i64 = 50_000;
/// How many rows are stored in one statement.
const CHUNK: usize = 400;

const ORDER: Order = Order {
    column: "policy_simulations.created_at",
    id: "policy_simulations.id",
    descending: true,
};
const ROW_ORDER: Order = Order {
    column: "policy_simulation_rows.position",
    id: "policy_simulation_rows.deal_id",
    descending: false,
};

/// The deals there were until that moment, with what the rules ask of the world at the time each of them began.
///
/// # Errors
/// 409 `guard_failed` if there are more than a simulation can take.
pub fn past(
    tx: &mut Tx<'_>,
    until: Option<Time>,
    (before, after): (&ProgramSettings, &ProgramSettings),
) -> Result<Past> {
    let count = deals::count(tx)?;
    if count > MOST_DEALS {
        let detail = format!("There are {count} deals, and a simulation takes at most {MOST_DEALS}.");
        let failing = vec![guard("history_small_enough", "#", detail)];
        return Err(Error::guards("history", "simulate", failing));
    }
    let tiers = programs::tiers_held(tx)?;
    let segments = partners::segments::held(tx)?;
    let mut strikes: BTreeMap<PartnerId, Vec<Time>> = BTreeMap::new();
    for (partner, at) in deals::strikes(tx)? {
        strikes.entry(partner).or_default().push(at);
    }
    let managers = account_managers::managers_held(tx)?;
    let (mut found, mut last_seen): (Vec<PastDeal>, Option<DealId>) = (Vec::new(), None);
    let mut partner_of: BTreeMap<DealId, PartnerId> = BTreeMap::new();
    let mut competing: BTreeMap<DealId, Vec<DealId>> = BTreeMap::new();
    loop {
        let batch = deals::batch(tx, last_seen, BATCH)?;
        let Some(last) = batch.last() else { break };
        last_seen = Some(last.deal.id);
        let ids: Vec<DealId> = batch.iter().map(|one| one.deal.id).collect();
        let looked_at = conflict::last_facts(tx, &ids, &[CheckPurpose::Submission, CheckPurpose::Approval])?;
        let waiting: BTreeMap<DealId, Waiting> = batch
            .iter()
            .filter_map(|one| Some((one.deal.id, waiting(one, &looked_at)?)))
            .collect();
        let named: BTreeSet<DealId> = waiting
            .iter()
            .flat_map(|(deal, waiting)| waiting.all().chain([*deal]))
            .collect();
        let shown = outcomes::evidence_by_time(tx, &named.into_iter().collect::<Vec<_>>())?;
        let mut courses = courses(tx, &ids)?;
        for registration in batch {
            partner_of.insert(registration.deal.id, registration.deal.partner_id);
            let mut deal = PastDeal::new(registration);
            if until.is_some_and(|until| deal.began >= until) {
                continue;
            }
            let partner = deal.registration.deal.partner_id;
            deal.tier = tiers.at(partner, deal.began);
            deal.segment = segments.at(partner, deal.began);
            deal.strikes = strikes.get(&partner).cloned().unwrap_or_default();
            let id = deal.registration.deal.id;
            deal.checked = looked_at.get(&(id, CheckPurpose::Submission)).map(|facts| {
                let judged = |settings: &ProgramSettings| {
                    let rule = settings.registration.first_in_time;
                    rejudge(facts, settings.conflict.clone().under(rule))
                };
                (judged(before), judged(after))
            });
            deal.rivals = waiting.get(&id).map(|waiting| waiting.rivals(id, &shown));
            deal.course = courses.remove(&id).unwrap_or_default();
            competing.extend(waiting.get(&id).map(|waiting| (id, waiting.all().collect())));
            found.push(deal);
        }
    }
    for deal in &mut found {
        let row = &deal.registration.deal;
        let rivals = competing.get(&row.id).into_iter().flatten();
        let rivals = rivals.filter_map(|rival| partner_of.get(rival).copied());
        let rivals: BTreeSet<PartnerId> = rivals.filter(|partner| *partner != row.partner_id).collect();
        let brought_in_by = registrations::brought_in_by(&deal.registration);
        deal.course
            .concern(&brought_in_by, (row.partner_id, &rivals), |partner, at| {
                managers.at(partner, at)
            });
    }
    let products: BTreeSet<_> = found
        .iter()
        .flat_map(|deal| deal.registration.lines.iter())
        .map(|line| line.row.product_id)
        .collect();
    let territories: BTreeSet<_> = found
        .iter()
        .filter_map(|deal| deal.registration.deal.territory_id)
        .collect();
    let products = conflict::product_tree(tx, &products)?;
    let territories = conflict::territory_tree(tx, &territories)?;
    Ok(Past::new(found, products, territories))
}

/// What became of those deals; nothing of one that nothing happened to.
fn courses(tx: &mut Tx<'_>, ids: &[DealId]) -> Result<BTreeMap<DealId, Course>> {
    let mut found: BTreeMap<DealId, Course> = BTreeMap::new();
    for row in deals::decisions(tx, ids)? {
        found.entry(row.deal_id).or_default().add_decision(row);
    }
    for row in extensions::of_deals(tx, ids)? {
        found.entry(row.deal_id).or_default().add_extension(row);
    }
    for row in amendments::of_deals(tx, ids)? {
        found.entry(row.deal_id).or_default().add_amendment(row);
    }
    for row in reopenings::of_deals(tx, ids)? {
        found.entry(row.deal_id).or_default().add_reopening(row);
    }
    for step in history::done(tx, ids, &course::steps())? {
        found.entry(step.deal_id).or_default().add_step(step);
    }
    Ok(found)
}

/// Who waited for the same when a deal was granted.
struct Waiting {
    granted_at: Time,
    earlier: Vec<DealId>,
    later: Vec<DealId>,
}

impl Waiting {
    fn all(&self) -> impl Iterator<Item = DealId> + '_ {
        self.earlier.iter().chain(&self.later).copied()
    }

    fn rivals(&self, deal: DealId, shown: &BTreeMap<DealId, Vec<(Time, DealEvidenceKind)>>) -> Rivals {
        let by_then = |deal: &DealId| {
            let all = shown.get(deal).into_iter().flatten();
            all.filter(|(at, _)| *at <= self.granted_at)
                .map(|(_, kind)| *kind)
                .collect()
        };
        Rivals {
            own: by_then(&deal),
            earlier: self.earlier.iter().map(by_then).collect(),
            later: self.later.iter().map(by_then).collect(),
        }
    }
}

/// Who waited, by the check that the grant was decided on; without one those who were passed over.
fn waiting(deal: &Registration, looked_at: &BTreeMap<(DealId, CheckPurpose), Facts>) -> Option<Waiting> {
    let decision = deal.decision.as_ref()?;
    if !matches!(
        decision.outcome,
        DecisionOutcome::Approved | DecisionOutcome::AutoApproved
    ) {
        return None;
    }
    let ids = |list: Vec<(DealId, String)>| list.into_iter().map(|(deal, _)| deal).collect::<Vec<_>>();
    let (earlier, later) = match looked_at.get(&(deal.deal.id, CheckPurpose::Approval)) {
        Some(facts) => (ids(earlier(facts)), ids(later(facts))),
        None => {
            let passed_over = decision.overridden_deals.as_ref();
            (passed_over.map(|deals| deals.0.clone()).unwrap_or_default(), Vec::new())
        }
    };
    (!earlier.is_empty() || !later.is_empty()).then_some(Waiting {
        granted_at: decision.decided_at,
        earlier,
        later,
    })
}

/// Stores what a simulation came to, and tells of it.
///
/// # Errors
/// What the database reports.
pub fn store(
    tx: &mut Tx<'_>,
    (policy_id, policy_revision, compared_version): (PolicyId, i64, i64),
    new: &NewPolicySimulation,
    outcome: &Outcome,
) -> Result<PolicySimulation> {
    let whole = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
    let simulation = PolicySimulation {
        id: tx.new_id(),
        policy_id,
        policy_revision,
        compared_version,
        started_from: new.from,
        started_until: new.until,
        filter: Stored(new.filter.clone()),
        deals: outcome.deals,
        legacy_deals: outcome.legacy_deals,
        differing_deals: outcome.differing_deals,
        counts: Stored(outcome.counts.clone()),
        found_rows: outcome.found,
        stored_rows: whole(outcome.differences.len()),
        created_by: tx.caller().actor_text(),
        created_at: tx.now,
    };
    diesel::insert_into(table).values(&simulation).execute(tx.conn())?;
    let kept: Vec<PolicySimulationRow> = (1..)
        .zip(&outcome.differences)
        .map(|(position, difference)| PolicySimulationRow {
            simulation_id: simulation.id,
            position,
            kind: difference.question,
            deal_id: difference.deal_id,
            partner_id: difference.partner_id,
            value_before: difference.before.clone(),
            value_after: difference.after.clone(),
        })
        .collect();
    for chunk in kept.chunks(CHUNK) {
        diesel::insert_into(rows_table).values(chunk).execute(tx.conn())?;
    }
    tx.record(Fact::created("policy_simulation.completed", &simulation))?;
    Ok(simulation)
}

/// One page of simulations, newest first.
///
/// # Errors
/// What the database reports.
pub fn page(tx: &mut Tx<'_>, filter: &PolicySimulationsFilter, paging: &Paging) -> Result<Page<PolicySimulation>> {
    let mut clause = Clause::all();
    clause.equals_some("policy_simulations.policy_id", filter.policy_id.as_ref());
    let found = load_page!(tx, table => PolicySimulation, clause, ORDER, paging)?;
    Ok(Page::of(found, paging, |row| {
        (row.created_at.into(), row.id.to_string())
    }))
}

/// The simulation with that id.
///
/// # Errors
/// 404 if there is none.
pub fn find(tx: &mut Tx<'_>, id: PolicySimulationId) -> Result<PolicySimulation> {
    Ok(table
        .find(id)
        .select(PolicySimulation::as_select())
        .get_result(tx.conn())?)
}

/// One page of what a simulation found, for the partners whose rows the caller may see. Deals of others are not named there.
///
/// # Errors
/// What the database reports.
pub fn row_page(
    tx: &mut Tx<'_>,
    simulation: PolicySimulationId,
    filter: &PolicySimulationRowFilter,
    paging: &Paging,
) -> Result<Page<PolicySimulationRow>> {
    let mut clause = Clause::rows_of(tx.caller(), "policy_simulation_rows.partner_id");
    clause
        .equals("policy_simulation_rows.simulation_id", &simulation)
        .one_of_some("policy_simulation_rows.kind", filter.question.as_ref())
        .equals_some("policy_simulation_rows.partner_id", filter.partner_id.as_ref());
    let found = load_page!(tx, rows_table => PolicySimulationRow, clause, ROW_ORDER, paging)?;
    let page = Page::of(found, paging, |row: &PolicySimulationRow| {
        (row.position.into(), row.deal_id.to_string())
    });
    if matches!(tx.caller().rows(), Rows::All) {
        return Ok(page);
    }
    let named: Vec<String> = page
        .data
        .iter()
        .flat_map(|row| [&row.value_before, &row.value_after].map(|told| rules::named_deal(row.kind, told)))
        .flatten()
        .map(str::to_owned)
        .collect();
    let visible = deals::visible_numbers(tx, &named)?;
    Ok(page.map(|row| PolicySimulationRow {
        value_before: rules::seen(row.kind, row.value_before, &visible),
        value_after: rules::seen(row.kind, row.value_after, &visible),
        ..row
    }))
}

/// Removes the simulations of a policy, and tells of each.
///
/// # Errors
/// What the database reports.
pub fn delete_of(tx: &mut Tx<'_>, policy: PolicyId) -> Result<()> {
    let gone: Vec<PolicySimulation> = table
        .filter(simulations::policy_id.eq(policy))
        .order(simulations::id)
        .select(PolicySimulation::as_select())
        .load(tx.conn())?;
    let ids: Vec<PolicySimulationId> = gone.iter().map(|simulation| simulation.id).collect();
    diesel::delete(rows_table.filter(rows::simulation_id.eq_any(among(&ids)))).execute(tx.conn())?;
    diesel::delete(table.filter(simulations::id.eq_any(among(&ids)))).execute(tx.conn())?;
    for simulation in &gone {
        tx.record(Fact::deleted("policy_simulation.deleted", simulation))?;
    }
    Ok(())
}
