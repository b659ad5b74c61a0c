//! The filters of the list of registrations as conditions. Protection and lapse depend on the moment of asking, so they
//! are computed here from the windows and due dates, as they are when one registration is read.

use super::{
    model::SlaState,
    requests::{DealFilter, DealSort},
    states::{ProtectionState, ReviewStatus},
};
use crate::{
    auth::Caller,
    db::Clause,
    kernel::{Time, money::CURRENCIES, words::fold},
};

/// The conditions of a list for that caller.
pub fn clause(caller: &Caller, filter: &DealFilter, sort: DealSort, now: Time) -> Clause {
    let mut clause = Clause::rows_of(caller, "deals.partner_id");
    clause
        .one_of_some("deals.stage", filter.stage.as_ref())
        .one_of_some("deals.partner_id", filter.partner_id.as_ref())
        .equals_some("deals.customer_account_id", filter.customer_account_id.as_ref())
        .one_of_some("deals.deal_type", filter.deal_type.as_ref())
        .equals_some("deals.legacy", filter.legacy.as_ref())
        .at_least("deals.received_at", filter.received_since.as_ref())
        .below("deals.received_at", filter.received_before.as_ref())
        .at_least("deals.updated_at", filter.updated_since.as_ref())
        .equals_some("deals.amount_currency", filter.currency.as_ref());
    if let Some(assignee) = &filter.assignee_id {
        // Partners do not learn who works on what, so the filter finds them nothing.
        if caller.is_vendor() {
            clause.equals("deals.assignee_id", assignee)
        } else {
            clause.and("FALSE")
        };
    }
    if let Some(territory) = &filter.territory_id {
        clause
            .and("deals.territory_id IN (SELECT descendant_id FROM territory_closure WHERE ancestor_id = ")
            .value(territory)
            .sql(")");
    }
    if let Some(product) = &filter.product_id {
        clause
            .and("EXISTS (SELECT 1 FROM deal_lines AS l JOIN product_closure AS pc ON pc.descendant_id = l.product_id WHERE l.deal_id = deals.id AND pc.ancestor_id = ")
            .value(product)
            .sql(")");
    }
    if let Some(wanted) = &filter.status {
        status(&mut clause, wanted, now);
    }
    if let Some(wanted) = &filter.review_sla {
        sla(&mut clause, wanted, now);
    }
    if let Some(wanted) = &filter.protection {
        protection(&mut clause, wanted, now);
    }
    if let Some(units) = filter.amount_min {
        amount(&mut clause, " >= ", units);
    }
    if let Some(units) = filter.amount_max {
        amount(&mut clause, " <= ", units);
    }
    if let Some(q) = &filter.q {
        search(&mut clause, q);
    }
    if let Some(present) = sort.present() {
        clause.and(present);
    }
    clause
}

/// Whether the questions of a registration are overdue at a moment that follows.
const OVERDUE: &str = "EXISTS (SELECT 1 FROM deal_reviews AS r WHERE r.deal_id = deals.id AND r.info_due_at <= ";

fn status(clause: &mut Clause, wanted: &[ReviewStatus], now: Time) {
    let has = |status| wanted.contains(&status);
    let (asked, lapsed) = (has(ReviewStatus::InfoRequested), has(ReviewStatus::Lapsed));
    if asked == lapsed {
        clause.one_of("deals.review_status", wanted);
        return;
    }
    // Exactly one of the two: what is stored as asked and overdue counts as lapsed.
    clause.and("(FALSE");
    for status in wanted.iter().filter(|status| **status != ReviewStatus::InfoRequested) {
        clause.sql(" OR deals.review_status = ").value(status);
    }
    clause
        .sql(" OR (deals.review_status = ")
        .value(&ReviewStatus::InfoRequested)
        .sql(if asked { " AND NOT " } else { " AND " });
    clause.sql(OVERDUE).value(&now).sql(")))");
}

/// Whether the clock of the present round is so; the condition follows.
const CLOCK: &str = "EXISTS (SELECT 1 FROM review_clocks AS k JOIN deal_reviews AS kr ON kr.deal_id = k.deal_id AND kr.round = k.round WHERE k.deal_id = deals.id AND ";

/// Whether the clock of the present round stopped so, told by the index of what was decided.
const DECIDED: &str = "deals.id IN (SELECT k.deal_id FROM review_clocks AS k JOIN deal_reviews AS kr ON kr.deal_id = k.deal_id AND kr.round = k.round WHERE k.met = ";

/// The promise to decide in time: of what waits by the state and the due time of the registration first, of what was decided by
/// what the clock showed. Both have an index.
fn sla(clause: &mut Clause, wanted: &[SlaState], now: Time) {
    const RUNS: &str = "deals.review_status IN ('submitted', 'in_review') AND deals.review_due_at ";
    clause.and("(FALSE");
    for state in wanted {
        clause.sql(" OR (");
        match state {
            SlaState::OnTime => clause
                .sql(RUNS)
                .sql(">= ")
                .value(&now)
                .sql(" AND ")
                .sql(CLOCK)
                .sql("k.decided_at IS NULL AND k.at_risk_at >= ")
                .value(&now)
                .sql(")"),
            SlaState::AtRisk => clause
                .sql(RUNS)
                .sql(">= ")
                .value(&now)
                .sql(" AND ")
                .sql(CLOCK)
                .sql("k.decided_at IS NULL AND k.at_risk_at < ")
                .value(&now)
                .sql(")"),
            SlaState::Breached => clause
                .sql(RUNS)
                .sql("< ")
                .value(&now)
                .sql(" AND ")
                .sql(CLOCK)
                .sql("k.decided_at IS NULL)"),
            SlaState::Paused => clause
                .sql("deals.review_status = 'info_requested' AND NOT ")
                .sql(OVERDUE)
                .value(&now)
                .sql(") AND ")
                .sql(CLOCK)
                .sql("k.paused_at IS NOT NULL)"),
            SlaState::Met => clause.sql(DECIDED).sql("TRUE)"),
            SlaState::Missed => clause.sql(DECIDED).sql("FALSE)"),
        };
        clause.sql(")");
    }
    clause.sql(")");
}

fn protection(clause: &mut Clause, wanted: &[ProtectionState], now: Time) {
    clause.and("(FALSE");
    for state in wanted {
        clause.sql(" OR (");
        match state {
            ProtectionState::None | ProtectionState::Queued => {
                clause.sql(if *state == ProtectionState::Queued { "" } else { "NOT " });
                clause.sql("(deals.review_status IN ('submitted', 'in_review') OR (deals.review_status = 'info_requested' AND NOT ");
                clause
                    .sql(OVERDUE)
                    .value(&now)
                    .sql("))) AND NOT EXISTS (SELECT 1 FROM protections AS p WHERE p.deal_id = deals.id)");
            }
            live => best(clause, *live, now),
        }
        clause.sql(")");
    }
    clause.sql(")");
}

/// What a registration's protections say of it: the strongest state speaks, in the order that one registration is read in.
fn best(clause: &mut Clause, state: ProtectionState, now: Time) {
    clause
        .sql("(SELECT CASE MAX(CASE WHEN p.status = 'active' AND p.granted_until > ")
        .value(&now);
    clause
        .sql(" THEN 9 WHEN p.status = 'active' AND p.ends_at > ")
        .value(&now);
    clause.sql(
        " THEN 8 WHEN p.status = 'contested' THEN 7 WHEN p.status = 'paused' THEN 6 WHEN p.status = 'consumed' THEN 5 \
         WHEN p.status = 'transferred' THEN 4 WHEN p.status = 'active' THEN 3 ELSE 2 END) \
         WHEN 9 THEN 'active' WHEN 8 THEN 'grace' WHEN 7 THEN 'contested' WHEN 6 THEN 'paused' WHEN 5 THEN 'consumed' \
         WHEN 4 THEN 'transferred' WHEN 3 THEN 'expired' WHEN 2 THEN 'released' END \
         FROM protections AS p WHERE p.deal_id = deals.id) = ",
    );
    clause.value(&state);
}

/// The amount against so many whole units of the deal's own currency: currencies differ in their digits (ISO 4217).
fn amount(clause: &mut Clause, operator: &'static str, units: i64) {
    clause.and("deals.amount_minor").sql(operator).sql("CASE");
    for (digits, factor) in [(0, 1), (3, 1000), (4, 10_000)] {
        let those: Vec<&str> = CURRENCIES
            .iter()
            .copied()
            .filter(|code| {
                code.parse()
                    .is_ok_and(|currency: crate::kernel::Currency| currency.digits() == digits)
            })
            .collect();
        if those.is_empty() {
            continue;
        }
        clause.sql(" WHEN deals.amount_currency IN (");
        for (index, code) in those.iter().enumerate() {
            clause.sql(if index > 0 { ", " } else { "" }).value(*code);
        }
        clause.sql(") THEN ").value(&units.saturating_mul(factor));
    }
    clause.sql(" ELSE ").value(&units.saturating_mul(100)).sql(" END");
}

fn search(clause: &mut Clause, q: &str) {
    let begin = fold(q);
    let end = format!("{begin}\u{10ffff}");
    clause
        .and("((deals.title_key >= ")
        .value(&begin)
        .sql(" AND deals.title_key < ")
        .value(&end)
        .sql(") OR deals.number = ")
        .value(&q.trim().to_uppercase());
    clause
        .sql(" OR deals.id IN (SELECT i.deal_id FROM deal_customer_inputs AS i WHERE i.name_key >= ")
        .value(&begin);
    clause.sql(" AND i.name_key < ").value(&end).sql("))");
}
