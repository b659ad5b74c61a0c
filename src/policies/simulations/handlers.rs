//! One function per operation: take, call, answer.

use std::sync::Arc;

use actix_web::{get, post};

use super::{
    model::{
        NewPolicySimulation, PolicySimulation, PolicySimulationRow, PolicySimulationRowFilter, PolicySimulationsFilter,
    },
    queries, rules,
};
use crate::{
    auth::Caller,
    db::Db,
    http::{Created, Json, Path, Query, Reply},
    kernel::{
        ids::{PolicyId, PolicySimulationId},
        page::{Page, Paging},
    },
    policies::{self, ProgramSettings, queries as policies_queries},
};

/// Simulate a policy over history
///
/// Judges every deal that was sent in, and imported history, by the policy and by the version in force now, and keeps where the
/// two differ: would it be granted without a person, who would have to agree, what would be refused, when would its protection
/// end, was it won before that, whom would its window shut out, and what would its check have come to. Of what came after: would
/// its extensions have met a limit, would its amendments have been reviewed, was it won too soon, who would not have been
/// permitted to decide, and which reasons are gone from the lists. Nothing changes by it. `before` is what the version in force
/// would say, not what was decided then. It cannot know how people would have decided or asked under other rules, and its windows
/// do not look at what the vendor holds itself, at uncertain matches, at relatives of the customer, at extensions, or at days
/// that an approver chose. Checks are judged again on what they had looked at. At most 20,000 differences are kept; the counts
/// tell of all.
#[utoipa::path(params(PolicyId), extensions(("x-errors" = json!(["guard_failed"]))))]
#[post("/{id}/simulate")]
pub async fn simulate_policy(
    db: Db,
    caller: Caller,
    id: Path<PolicyId>,
    new: Json<NewPolicySimulation>,
) -> Reply<Created<PolicySimulation>> {
    let asked = new.0.clone();
    // Read and judged on a reader's connection, so that nobody's write waits for it; and over all rows, whosoever the caller
    // sees: what is stored is the simulation of the policy, and not of one person's part of the world.
    let found = db
        .ask_snapshot(&Caller::system("simulate_policy"), move |tx| {
            let row = policies_queries::find_row(tx, id.0)?;
            let now = tx.now;
            let before = policies::in_force(tx, now)?;
            let after = ProgramSettings::of(row.version.unwrap_or(0), row.document.0);
            let past = queries::past(tx, asked.until, (&before, &after))?;
            let outcome = rules::compare(&past, &asked, &before, &after);
            Ok((row.revision, before.version, outcome))
        })
        .await?;
    let found = Arc::new(found);
    db.write(&caller, move |tx| {
        let (revision, compared, outcome) = found.as_ref();
        policies_queries::find_row(tx, id.0)?;
        queries::store(tx, (id.0, *revision, *compared), &new.0, outcome).map(Created)
    })
    .await
}

/// List simulations
///
/// The simulations of a policy, or of all, newest first.
#[utoipa::path(params(PolicySimulationsFilter, Paging))]
#[get("")]
pub async fn list_policy_simulations(
    db: Db,
    caller: Caller,
    filter: Query<PolicySimulationsFilter>,
    paging: Paging,
) -> Reply<Page<PolicySimulation>> {
    db.read(&caller, move |tx| queries::page(tx, &filter.0, &paging)).await
}

/// Read a simulation
///
/// How each question came out over all deals.
#[utoipa::path(params(PolicySimulationId))]
#[get("/{id}")]
pub async fn get_policy_simulation(
    db: Db,
    caller: Caller,
    id: Path<PolicySimulationId>,
) -> Reply<Json<PolicySimulation>> {
    db.read(&caller, move |tx| queries::find(tx, id.0).map(Json)).await
}

/// List what a simulation found
///
/// Deal by deal where the two sides differ, for the partners whose rows the caller may see. Where a deal is shut out by one of
/// a partner whose rows the caller may not see, that one is not named.
#[utoipa::path(params(PolicySimulationId, PolicySimulationRowFilter, Paging))]
#[get("/{id}/rows")]
pub async fn list_policy_simulation_rows(
    db: Db,
    caller: Caller,
    id: Path<PolicySimulationId>,
    filter: Query<PolicySimulationRowFilter>,
    paging: Paging,
) -> Reply<Page<PolicySimulationRow>> {
    db.snapshot(&caller, move |tx| {
        queries::find(tx, id.0)?;
        queries::row_page(tx, id.0, &filter.0, &paging)
    })
    .await
}
