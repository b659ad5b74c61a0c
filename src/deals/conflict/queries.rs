//! The only file, with its parts, that knows the tables of checks and probes. What the rules look at is loaded by
//! [`mod@claims`] and [`trees`], in a number of queries that does not grow with the number of candidates.

mod around;
mod claims;
mod customers;
mod registrations;
mod trees;

use std::collections::{BTreeMap, BTreeSet};

use diesel::prelude::*;

pub use self::{
    around::{Around, counting_accounts},
    claims::load as claims,
    customers::{look_among, look_up, named as named_customer, with_relatives},
    registrations::{Described, Registered, asked as asked_by, hash, note_found, remember},
    trees::Trees,
};
use super::{
    model::{
        Assessment, CheckPurpose, ConflictCheck, ConflictCheckFilter, ConflictProbe, ConflictProbeFilter,
        ConflictVerdict, DryRunAnswer, RedactedAssessment, RuleVersion,
    },
    rules::{ConflictPolicy, Facts, Tree},
};
use crate::{
    auth::Caller,
    customers::resolution::EntityClass,
    db::{Clause, Tx, among},
    error::{Error, Result},
    events::Fact,
    kernel::{
        Stored, Time,
        ids::{AccountId, ConflictCheckId, ConflictProbeId, DealId, PartnerId, ProductId, TerritoryId, UserId},
        page::{Key, Order, Page, Paging},
    },
    load_page,
    policies::ProgramSettings,
    schema::{conflict_checks, conflict_probes, deals},
};

/// The part of the product tree above those products.
///
/// # Errors
/// What the database reports.
pub fn product_tree(tx: &mut Tx<'_>, asked: &BTreeSet<ProductId>) -> Result<Tree<ProductId>> {
    trees::products(tx, asked, &BTreeSet::new())
}

/// The part of the territory tree above those territories.
///
/// # Errors
/// What the database reports.
pub fn territory_tree(tx: &mut Tx<'_>, asked: &BTreeSet<TerritoryId>) -> Result<Tree<TerritoryId>> {
    trees::territories(tx, asked, &BTreeSet::new())
}

/// A check as it stands in the database.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = conflict_checks, treat_none_as_default_value = false)]
pub struct CheckRow {
    pub id: ConflictCheckId,
    pub purpose: CheckPurpose,
    pub deal_id: Option<DealId>,
    pub partner_id: Option<PartnerId>,
    pub account_id: Option<AccountId>,
    pub entity_class: Option<EntityClass>,
    pub verdict: ConflictVerdict,
    pub queue_position: Option<i64>,
    pub earliest_free_at: Option<Time>,
    pub rule_version: RuleVersion,
    pub policy_version: i64,
    pub as_of: Time,
    pub input_hash: String,
    pub input: Stored<Facts>,
    pub document: Stored<Assessment>,
    pub redacted: Stored<RedactedAssessment>,
    pub replay_of_id: Option<ConflictCheckId>,
    pub created_by: String,
    pub created_at: Time,
}

impl CheckRow {
    /// The check as the caller may read it: partners read the redacted assessment alone.
    pub fn seen_by(self, caller: &Caller) -> ConflictCheck {
        let told = self.told();
        if !caller.is_vendor() {
            return told;
        }
        ConflictCheck {
            account_id: self.account_id,
            assessment: Some(self.document.0),
            created_by: Some(self.created_by),
            ..told
        }
    }

    /// The check as its event shows it: what the partner may know.
    fn told(&self) -> ConflictCheck {
        ConflictCheck {
            id: self.id,
            purpose: self.purpose,
            deal_id: self.deal_id,
            partner_id: self.partner_id,
            account_id: None,
            verdict: self.verdict,
            rule_version: self.rule_version,
            policy_version: self.policy_version,
            as_of: self.as_of,
            assessment: None,
            redacted: self.redacted.0.clone(),
            replay_of_id: self.replay_of_id,
            created_by: None,
            created_at: self.created_at,
        }
    }
}

/// What a caller may read of checks: the vendor all of the partners it sees, partners those of their own registrations.
/// Dry runs and replays are no business of partners: a dry run has answered what it may.
fn readable(caller: &Caller) -> Clause {
    let mut clause = Clause::rows_of(caller, "conflict_checks.partner_id");
    if !caller.is_vendor() {
        clause.sql(" AND conflict_checks.purpose NOT IN ('dry_run', 'replay', 'merge')");
    }
    clause
}

/// The stored check with that id, if the caller may see it.
///
/// # Errors
/// 404 otherwise.
pub fn find(tx: &mut Tx<'_>, id: ConflictCheckId) -> Result<CheckRow> {
    let mut clause = readable(tx.caller());
    clause.equals("conflict_checks.id", &id);
    Ok(conflict_checks::table
        .filter(clause)
        .select(CheckRow::as_select())
        .first(tx.conn())?)
}

/// One page of checks, newest first.
///
/// # Errors
/// What the database reports.
pub fn page(tx: &mut Tx<'_>, filter: &ConflictCheckFilter, paging: &Paging) -> Result<Page<ConflictCheck>> {
    const ORDER: Order = Order {
        column: "conflict_checks.created_at",
        id: "conflict_checks.id",
        descending: true,
    };
    let mut clause = readable(tx.caller());
    clause
        .equals_some("conflict_checks.deal_id", filter.deal_id.as_ref())
        .one_of_some("conflict_checks.verdict", filter.verdict.as_ref())
        .one_of_some("conflict_checks.purpose", filter.purpose.as_ref());
    let rows = load_page!(tx, conflict_checks::table => CheckRow, clause, ORDER, paging)?;
    let caller = tx.caller();
    Ok(Page::of(rows, paging, |row| (Key::from(row.created_at), row.id.to_string())).map(|row| row.seen_by(caller)))
}

/// What a timeline tells of a check.
#[derive(Debug, Clone, Queryable)]
pub struct CheckLine {
    pub id: ConflictCheckId,
    pub verdict: ConflictVerdict,
    pub policy_version: i64,
    pub created_by: String,
    pub created_at: Time,
}

/// The checks of a registration that the caller may read, oldest first: at most 500.
///
/// # Errors
/// What the database reports.
pub fn checks_of(tx: &mut Tx<'_>, deal: DealId) -> Result<Vec<CheckLine>> {
    let mut clause = readable(tx.caller());
    clause.equals("conflict_checks.deal_id", &deal);
    Ok(conflict_checks::table
        .filter(clause)
        .order((conflict_checks::created_at, conflict_checks::id))
        .select((
            conflict_checks::id,
            conflict_checks::verdict,
            conflict_checks::policy_version,
            conflict_checks::created_by,
            conflict_checks::created_at,
        ))
        .limit(500)
        .load(tx.conn())?)
}

/// Stores a check and tells of it. The event shows what the partner may know; the vendor reads the rest by its id.
///
/// # Errors
/// What the database reports.
pub fn insert(tx: &mut Tx<'_>, row: CheckRow) -> Result<CheckRow> {
    tx.add(diesel::insert_into(conflict_checks::table).values(&row))?;
    tx.record(Fact::created("conflict_check.created", &row.told()))?;
    Ok(row)
}

/// Whether the caller may see that registration.
///
/// # Errors
/// 404 otherwise.
pub fn require_deal(tx: &mut Tx<'_>, deal: DealId) -> Result<()> {
    let mut clause = Clause::rows_of(tx.caller(), "deals.partner_id");
    clause.equals("deals.id", &deal);
    let found: Option<DealId> = deals::table
        .filter(clause)
        .select(deals::id)
        .first(tx.conn())
        .optional()?;
    found.map(drop).ok_or_else(Error::not_found)
}

/// The part about conflicts of the policy in force at that moment, with its version; version 0 are the defaults.
///
/// # Errors
/// What the database reports.
pub fn policy(tx: &mut Tx<'_>, at: Time) -> Result<(i64, ConflictPolicy)> {
    Ok(policy_of(&crate::policies::in_force(tx, at)?))
}

/// The part about conflicts of a policy, with its version.
pub fn policy_of(settings: &ProgramSettings) -> (i64, ConflictPolicy) {
    let rule = settings.registration.first_in_time;
    (settings.version, settings.conflict.clone().under(rule))
}

/// What the last checks of those registrations looked at, by the purposes of the checks.
///
/// # Errors
/// What the database reports.
pub fn last_facts(
    tx: &mut Tx<'_>,
    deals: &[DealId],
    purposes: &[CheckPurpose],
) -> Result<BTreeMap<(DealId, CheckPurpose), Facts>> {
    let rows: Vec<(Option<DealId>, CheckPurpose, Stored<Facts>)> = conflict_checks::table
        .filter(conflict_checks::deal_id.eq_any(among(deals)))
        .filter(conflict_checks::purpose.eq_any(among(purposes)))
        .order((conflict_checks::deal_id, conflict_checks::as_of, conflict_checks::id))
        .select((
            conflict_checks::deal_id,
            conflict_checks::purpose,
            conflict_checks::input,
        ))
        .load(tx.conn())?;
    let found = rows.into_iter();
    Ok(found
        .filter_map(|(deal, purpose, facts)| Some(((deal?, purpose), facts.0)))
        .collect())
}

/// A dry run that a partner made.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = conflict_probes, treat_none_as_default_value = false)]
pub struct ProbeRow {
    pub id: ConflictProbeId,
    pub partner_id: PartnerId,
    pub user_id: Option<UserId>,
    pub deal_id: Option<DealId>,
    pub conflict_check_id: ConflictCheckId,
    pub input_hash: String,
    pub account_id: Option<AccountId>,
    pub answer: DryRunAnswer,
    pub at: Time,
}

/// Stores a dry run.
///
/// # Errors
/// What the database reports.
pub fn insert_probe(tx: &mut Tx<'_>, row: &ProbeRow) -> Result<()> {
    diesel::insert_into(conflict_probes::table)
        .values(row)
        .execute(tx.conn())?;
    Ok(())
}

/// How many dry runs the partner made since that moment, and when the first of them was.
///
/// # Errors
/// What the database reports.
pub fn probes_since(tx: &mut Tx<'_>, partner: PartnerId, since: Time) -> Result<(i64, Option<Time>)> {
    use diesel::dsl::{count_star, min};
    let own = conflict_probes::partner_id
        .eq(partner)
        .and(conflict_probes::at.gt(since));
    Ok(conflict_probes::table
        .filter(own)
        .select((count_star(), min(conflict_probes::at)))
        .first::<(i64, Option<Time>)>(tx.conn())?)
}

/// For how many different customers the partner made dry runs since that moment, leaving out those on whom it has
/// registered something since: looking without registering is what gives a prober away.
///
/// # Errors
/// What the database reports.
pub fn customers_probed_since(tx: &mut Tx<'_>, partner: PartnerId, since: Time) -> Result<i64> {
    use diesel::dsl::{exists, not};
    let registered = deals::table
        .filter(deals::partner_id.eq(partner))
        .filter(deals::received_at.ge(since.micros()))
        .filter(deals::customer_account_id.eq(conflict_probes::account_id));
    Ok(conflict_probes::table
        .filter(
            conflict_probes::partner_id
                .eq(partner)
                .and(conflict_probes::at.gt(since)),
        )
        .filter(not(exists(registered)))
        .select(diesel::dsl::count(conflict_probes::input_hash).aggregate_distinct())
        .first::<i64>(tx.conn())?)
}

/// One page of dry runs, newest first.
///
/// # Errors
/// What the database reports.
pub fn probes(tx: &mut Tx<'_>, filter: &ConflictProbeFilter, paging: &Paging) -> Result<Page<ConflictProbe>> {
    const ORDER: Order = Order {
        column: "conflict_probes.at",
        id: "conflict_probes.id",
        descending: true,
    };
    let mut clause = Clause::rows_of(tx.caller(), "conflict_probes.partner_id");
    clause
        .equals_some("conflict_probes.partner_id", filter.partner_id.as_ref())
        .equals_some("conflict_probes.account_id", filter.account_id.as_ref())
        .at_least("conflict_probes.at", filter.since.as_ref());
    let rows = load_page!(tx, conflict_probes::table => ProbeRow, clause, ORDER, paging)?;
    Ok(
        Page::of(rows, paging, |row| (Key::from(row.at), row.id.to_string())).map(|row| ConflictProbe {
            id: row.id,
            partner_id: row.partner_id,
            user_id: row.user_id,
            conflict_check_id: row.conflict_check_id,
            account_id: row.account_id,
            answer: row.answer,
            at: row.at,
        }),
    )
}

/// Whether there is such a partner.
///
/// # Errors
/// What the database reports.
pub fn partner_exists(tx: &mut Tx<'_>, partner: PartnerId) -> Result<bool> {
    use crate::schema::partners;
    let found: Option<PartnerId> = partners::table
        .find(partner)
        .select(partners::id)
        .first(tx.conn())
        .optional()?;
    Ok(found.is_some())
}
