//! The dictionary of metrics, and how each is measured: a reader of other modules' tables, as a report is.
//!
//! Each figure is what the records say of a moment, `as_of`: what was closed, decided or begun before it counts, and what
//! came later does not. So an evaluation gives the same figures whenever it is repeated, as long as nobody corrects the
//! records of the past. Whole populations are measured by one grouped query for each distinct question.
//!
//! Amounts are measured in one currency. Deals in others are not converted and do not count; a program that sells in
//! several asks for each in a criterion of its own.

use std::collections::BTreeMap;

use diesel::{dsl::sql, prelude::*, sql_types::BigInt};

pub use super::model::{MetricKey, MetricUnit};
use super::{
    figure::Figure,
    model::{Metric, MetricDictionary},
};
use crate::{
    db::{Clause, Tx},
    error::Result,
    kernel::{
        Currency, Money, Time,
        ids::{PartnerId, ProductId, ProgramId, TerritoryId},
        time::DAY,
    },
    schema::{deal_decisions, deals, employments, partner_status_changes, partners, product_authorisations},
};

/// The version of the definitions below. It rises when one of them changes its meaning.
pub const VERSION: i64 = 1;

/// What a metric is.
#[derive(Debug, Clone, Copy)]
pub struct Definition {
    /// What it counts.
    pub description: &'static str,
    /// What it is measured in.
    pub unit: MetricUnit,
    /// Whether it can be limited to a window before `as_of`.
    pub takes_window: bool,
    /// Whether it can be limited to a product.
    pub takes_product: bool,
    /// Whether it can be limited to a territory.
    pub takes_territory: bool,
    /// Which records it is read from.
    pub source: &'static str,
}

impl Definition {
    /// A metric of deals: it takes a window, a product and a territory.
    const fn of_deals(unit: MetricUnit, description: &'static str, source: &'static str) -> Self {
        Self {
            description,
            unit,
            takes_window: true,
            takes_product: true,
            takes_territory: true,
            source,
        }
    }
}

impl MetricKey {
    /// What the metric is.
    pub const fn definition(self) -> Definition {
        use MetricUnit::{Amount, Count, Days, Percent};
        match self {
            Self::WonAmount => Definition::of_deals(
                Amount,
                "Amount of the deals that were won, by the day they closed. A deal counts whole if any of its lines lies in the product asked for; deals in other currencies do not count.",
                "deals with stage won, by closed_at",
            ),
            Self::WonCount => Definition::of_deals(
                Count,
                "Deals that were won, by the day they closed.",
                "deals with stage won, by closed_at",
            ),
            Self::WonCustomers => Definition::of_deals(
                Count,
                "Different customers of the deals that were won, by the day they closed.",
                "customer accounts of deals with stage won, by closed_at",
            ),
            Self::WinRate => Definition::of_deals(
                Percent,
                "Deals that were won, of a hundred that were won or lost, by the day they closed; nothing while none has ended.",
                "deals with stage won or closed_lost, by closed_at",
            ),
            Self::SubmittedRegistrations => Definition::of_deals(
                Count,
                "Deal registrations, by the moment they were received.",
                "deals, by received_at",
            ),
            Self::ApprovedRegistrations => Definition::of_deals(
                Count,
                "Deal registrations that were approved, by the moment of the decision, whatever became of them later.",
                "decisions that approve a deal, by decided_at",
            ),
            Self::ActivePeople => Definition {
                description: "People whose employment at the partner is in force.",
                unit: Count,
                takes_window: false,
                takes_product: false,
                takes_territory: false,
                source: "employments in force",
            },
            Self::ProductAuthorisations => Definition {
                description: "Different products and lines that the partner is authorised to sell.",
                unit: Count,
                takes_window: false,
                takes_product: true,
                takes_territory: true,
                source: "product authorisations in force",
            },
            Self::DaysActive => Definition {
                description: "Whole days that the partner was in status active.",
                unit: Days,
                takes_window: true,
                takes_product: false,
                takes_territory: false,
                source: "changes of the partner's status",
            },
        }
    }
}

/// The dictionary as it is published.
pub fn dictionary() -> MetricDictionary {
    let metric = |key: &MetricKey| {
        let definition = key.definition();
        Metric {
            key: *key,
            description: definition.description.to_owned(),
            unit: definition.unit,
            takes_window: definition.takes_window,
            takes_product: definition.takes_product,
            takes_territory: definition.takes_territory,
        }
    };
    MetricDictionary {
        version: VERSION,
        data: MetricKey::ALL.iter().map(metric).collect(),
    }
}

/// One question to the records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Asked {
    /// What is counted.
    pub key: MetricKey,
    /// Only the days before the moment; everything before it, if there is none.
    pub window_days: Option<i64>,
    /// Only this product and what lies in it.
    pub product: Option<ProductId>,
    /// Only this territory and what lies in it.
    pub territory: Option<TerritoryId>,
    /// The currency of amounts.
    pub currency: Currency,
}

impl Asked {
    /// When the window begins.
    pub fn from(&self, as_of: Time) -> Option<Time> {
        self.window_days.map(|days| as_of.plus_days(-days))
    }
}

/// What the records answer about one partner.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Measured {
    /// The figure.
    pub figure: Figure,
    /// How many records it comes from.
    pub records: i64,
}

/// Who is measured.
#[derive(Debug, Clone, Copy)]
pub enum Population {
    /// Everyone who was in the program at the moment.
    Members(ProgramId),
    /// One partner.
    Partner(PartnerId),
}

impl Population {
    fn among(self, column: &'static str, as_of: Time) -> Clause {
        let mut clause = Clause::all();
        match self {
            Self::Partner(partner) => clause.equals(column, &partner),
            Self::Members(program) => clause
                .sql(" AND ")
                .sql(column)
                .sql(" IN (SELECT partner_id FROM program_memberships WHERE program_id = ")
                .value(&program)
                .sql(" AND joined_at <= ")
                .value(&as_of)
                .sql(" AND (ended_at IS NULL OR ended_at > ")
                .value(&as_of)
                .sql("))"),
        };
        clause
    }
}

/// The answers to all questions about all partners of a population.
#[derive(Debug, Clone, Default)]
pub struct Figures(BTreeMap<Asked, BTreeMap<PartnerId, Measured>>);

impl Figures {
    /// The answer about one partner: nothing found is zero.
    pub fn of(&self, asked: &Asked, partner: PartnerId) -> Measured {
        self.0
            .get(asked)
            .and_then(|answers| answers.get(&partner))
            .copied()
            .unwrap_or_default()
    }
}

#[cfg(test)]
impl FromIterator<(Asked, PartnerId, Figure)> for Figures {
    fn from_iter<I: IntoIterator<Item = (Asked, PartnerId, Figure)>>(all: I) -> Self {
        let mut figures = Self::default();
        for (asked, partner, figure) in all {
            figures
                .0
                .entry(asked)
                .or_default()
                .insert(partner, Measured { figure, records: 1 });
        }
        figures
    }
}

/// Asks the records: one grouped query for each distinct question.
///
/// # Errors
/// What the database reports.
pub fn measure(
    tx: &mut Tx<'_>,
    population: Population,
    asked: impl IntoIterator<Item = Asked>,
    as_of: Time,
) -> Result<Figures> {
    let mut figures = Figures::default();
    for question in asked {
        if let std::collections::btree_map::Entry::Vacant(e) = figures.0.entry(question) {
            let answers = answer(tx, population, &question, as_of)?;
            e.insert(answers);
        }
    }
    Ok(figures)
}

fn answer(
    tx: &mut Tx<'_>,
    population: Population,
    asked: &Asked,
    as_of: Time,
) -> Result<BTreeMap<PartnerId, Measured>> {
    let won = |extra: &'static str, value: &'static str| {
        let mut clause = of_deals(population, asked, as_of, "deals.closed_at");
        clause.sql(" AND ").sql(extra);
        if asked.key == MetricKey::WonAmount {
            clause.equals("deals.amount_currency", &asked.currency);
        }
        (clause, value)
    };
    let (rows, scale): (Vec<(PartnerId, i64, i64)>, fn(&Asked, i64, i64) -> Figure) = match asked.key {
        MetricKey::WonAmount => {
            let sum = "CAST(COALESCE(SUM(deals.amount_minor), 0) AS BIGINT)";
            (grouped_deals(tx, won("deals.stage = 'won'", sum))?, |asked, sum, _| {
                Figure::amount(Money::new(sum, asked.currency))
            })
        }
        MetricKey::WonCount => (
            grouped_deals(tx, won("deals.stage = 'won'", "COUNT(*)"))?,
            |_, count, _| Figure::whole(count),
        ),
        MetricKey::WonCustomers => {
            let customers = "COUNT(DISTINCT deals.customer_account_id)";
            (
                grouped_deals(tx, won("deals.stage = 'won'", customers))?,
                |_, count, _| Figure::whole(count),
            )
        }
        MetricKey::WinRate => {
            let wins = "CAST(SUM(CASE WHEN deals.stage = 'won' THEN 1 ELSE 0 END) AS BIGINT)";
            (
                grouped_deals(tx, won("deals.stage IN ('won', 'closed_lost')", wins))?,
                |_, wins, ended| Figure::thousandths(wins.saturating_mul(100_000) / ended.max(1)),
            )
        }
        MetricKey::SubmittedRegistrations => {
            let clause = of_deals(population, asked, as_of, "deals.received_at");
            (grouped_deals(tx, (clause, "COUNT(*)"))?, |_, count, _| {
                Figure::whole(count)
            })
        }
        MetricKey::ApprovedRegistrations => (approved(tx, population, asked, as_of)?, |_, count, _| {
            Figure::whole(count)
        }),
        MetricKey::ActivePeople => (people(tx, population, as_of)?, |_, count, _| Figure::whole(count)),
        MetricKey::ProductAuthorisations => (authorisations(tx, population, asked, as_of)?, |_, count, _| {
            Figure::whole(count)
        }),
        MetricKey::DaysActive => (days_active(tx, population, asked, as_of)?, |_, days, _| {
            Figure::whole(days)
        }),
    };
    Ok(rows
        .into_iter()
        .map(|(partner, value, records)| {
            (
                partner,
                Measured {
                    figure: scale(asked, value, records),
                    records,
                },
            )
        })
        .collect())
}

/// The deals that a question is about, by the moment in `column`.
fn of_deals(population: Population, asked: &Asked, as_of: Time, column: &'static str) -> Clause {
    let mut clause = population.among("deals.partner_id", as_of);
    clause
        .below(column, Some(&as_of))
        .at_least(column, asked.from(as_of).as_ref());
    if let Some(product) = &asked.product {
        clause
            .sql(" AND EXISTS (SELECT 1 FROM deal_lines INNER JOIN product_closure ON product_closure.descendant_id = deal_lines.product_id")
            .sql(" WHERE deal_lines.deal_id = deals.id AND product_closure.ancestor_id = ")
            .value(product)
            .sql(")");
    }
    if let Some(territory) = &asked.territory {
        clause
            .sql(" AND deals.territory_id IN (SELECT descendant_id FROM territory_closure WHERE ancestor_id = ")
            .value(territory)
            .sql(")");
    }
    clause
}

fn grouped_deals(tx: &mut Tx<'_>, (clause, value): (Clause, &'static str)) -> Result<Vec<(PartnerId, i64, i64)>> {
    Ok(deals::table
        .filter(clause)
        .group_by(deals::partner_id)
        .select((deals::partner_id, sql::<BigInt>(value), sql::<BigInt>("COUNT(*)")))
        .load(tx.conn())?)
}

fn approved(tx: &mut Tx<'_>, population: Population, asked: &Asked, as_of: Time) -> Result<Vec<(PartnerId, i64, i64)>> {
    let mut clause = of_deals(population, asked, as_of, "deal_decisions.decided_at");
    clause.sql(" AND deal_decisions.outcome IN ('approved', 'auto_approved')");
    Ok(deal_decisions::table
        .inner_join(deals::table.on(deals::id.eq(deal_decisions::deal_id)))
        .filter(clause)
        .group_by(deals::partner_id)
        .select((
            deals::partner_id,
            sql::<BigInt>("COUNT(DISTINCT deals.id)"),
            sql::<BigInt>("COUNT(*)"),
        ))
        .load(tx.conn())?)
}

fn people(tx: &mut Tx<'_>, population: Population, as_of: Time) -> Result<Vec<(PartnerId, i64, i64)>> {
    let mut clause = population.among("employments.partner_id", as_of);
    in_force(
        &mut clause,
        "employments.starts_on <= ",
        "(employments.ends_on IS NULL OR employments.ends_on > ",
        as_of,
    );
    Ok(employments::table
        .filter(clause)
        .group_by(employments::partner_id)
        .select((
            employments::partner_id,
            sql::<BigInt>("COUNT(DISTINCT employments.person_id)"),
            sql::<BigInt>("COUNT(*)"),
        ))
        .load(tx.conn())?)
}

fn in_force(clause: &mut Clause, starts: &'static str, ends: &'static str, as_of: Time) {
    let day = as_of.date();
    clause
        .sql(" AND ")
        .sql(starts)
        .value(&day)
        .sql(" AND ")
        .sql(ends)
        .value(&day)
        .sql(")");
}

fn authorisations(
    tx: &mut Tx<'_>,
    population: Population,
    asked: &Asked,
    as_of: Time,
) -> Result<Vec<(PartnerId, i64, i64)>> {
    use product_authorisations as table;
    let mut clause = population.among("product_authorisations.partner_id", as_of);
    let (starts, ends) = (
        "product_authorisations.starts_on <= ",
        "(product_authorisations.ends_on IS NULL OR product_authorisations.ends_on > ",
    );
    in_force(&mut clause, starts, ends, as_of);
    if let Some(product) = &asked.product {
        let within =
            "product_authorisations.product_id IN (SELECT descendant_id FROM product_closure WHERE ancestor_id = ";
        clause.sql(" AND ").sql(within).value(product).sql(")");
    }
    if let Some(territory) = &asked.territory {
        let within =
            "product_authorisations.territory_id IN (SELECT descendant_id FROM territory_closure WHERE ancestor_id = ";
        clause.sql(" AND ").sql(within).value(territory).sql(")");
    }
    Ok(table::table
        .filter(clause)
        .group_by(table::partner_id)
        .select((
            table::partner_id,
            sql::<BigInt>("COUNT(DISTINCT product_authorisations.product_id)"),
            sql::<BigInt>("COUNT(*)"),
        ))
        .load(tx.conn())?)
}

/// From the changes of status; a partner that came without a history counts from when its status began.
fn days_active(
    tx: &mut Tx<'_>,
    population: Population,
    asked: &Asked,
    as_of: Time,
) -> Result<Vec<(PartnerId, i64, i64)>> {
    use partner_status_changes as changes;
    let mut clause = population.among("partner_status_changes.partner_id", as_of);
    clause.below("partner_status_changes.at", Some(&as_of));
    let mut told: Vec<(PartnerId, String, Time)> = changes::table
        .filter(clause)
        .order((changes::partner_id, changes::seq))
        .select((changes::partner_id, changes::to_status, changes::at))
        .load(tx.conn())?;
    let mut clause = population.among("partners.id", as_of);
    clause.below("partners.status_since", Some(&as_of)).sql(
        " AND NOT EXISTS (SELECT 1 FROM partner_status_changes WHERE partner_status_changes.partner_id = partners.id)",
    );
    let untold: Vec<(PartnerId, String, Time)> = partners::table
        .filter(clause)
        .select((partners::id, partners::status, partners::status_since))
        .load(tx.conn())?;
    told.extend(untold);
    Ok(days_in(&told, "active", asked.from(as_of), as_of))
}

/// How long each was in the state, in whole days of the window, and how often it came into it.
/// The changes of one partner stand together and in order.
fn days_in(
    changes: &[(PartnerId, String, Time)],
    state: &str,
    from: Option<Time>,
    until: Time,
) -> Vec<(PartnerId, i64, i64)> {
    let mut totals: Vec<(PartnerId, i64, i64)> = Vec::new();
    for (index, (partner, to, at)) in changes.iter().enumerate() {
        let next = changes
            .get(index + 1)
            .filter(|(other, _, _)| other == partner)
            .map_or(until, |(_, _, next)| *next);
        let begin = from.map_or(*at, |from| from.max(*at));
        if to == state && next > begin {
            match totals.last_mut() {
                Some((last, micros, times)) if last == partner => {
                    (*micros, *times) = (*micros + next.since(begin), *times + 1);
                }
                _ => totals.push((*partner, next.since(begin), 1)),
            }
        }
    }
    totals
        .into_iter()
        .map(|(partner, micros, times)| (partner, micros / DAY, times))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::ids::Id as _;

    #[test]
    fn days_in_a_state_are_summed_over_its_times_and_cut_to_the_window() {
        let (one, other) = (PartnerId::example(1), PartnerId::example(2));
        let day = |day: i64| Time::from_micros(0).plus_days(day);
        let changes = [
            (one, "applied".to_owned(), day(0)),
            (one, "active".to_owned(), day(10)),
            (one, "suspended".to_owned(), day(20)),
            (one, "active".to_owned(), day(30)),
            (other, "active".to_owned(), day(35)),
        ];
        assert_eq!(
            days_in(&changes, "active", None, day(40)),
            [(one, 20, 2), (other, 5, 1)]
        );
        assert_eq!(
            days_in(&changes, "active", Some(day(15)), day(40)),
            [(one, 15, 2), (other, 5, 1)]
        );
        assert_eq!(
            days_in(&changes, "active", Some(day(38)), day(40)),
            [(one, 2, 1), (other, 2, 1)]
        );
    }
}
