//! The table of merges, and those rows of other modules that a merge moves as they are: protections, places of open
//! registrations.

use std::collections::{BTreeMap, BTreeSet};

use diesel::prelude::*;

use super::{
    TYPE,
    collisions::{Above, Held, Received},
    model::{
        AccountMerge, AccountMergeFilter, AccountMergeSort, Effects, MergePlan, MergeStatus, Moved, MovedKind, Slot,
    },
};
use crate::{
    db::{Clause, Tx, among},
    deals::protection::{ProtectionRow, ProtectionStatus},
    error::{Error, Result},
    events::Fact,
    kernel::{
        Stored, Time,
        ids::{AccountId, AccountMergeId, DealId, PartnerId, ProductId, ProtectionId, TerritoryId},
        page::{Page, Paging},
    },
    load_page, revise,
    schema::{
        account_merges::{self as columns, table},
        conflict_cases, customer_accounts, deal_open_slots as slots, deals, direct_opportunities, installed_base,
        named_accounts, product_closure, protections, territory_closure,
    },
    work::{self, WorkRecordType},
};

#[derive(Debug, Clone, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = columns, treat_none_as_null = true, treat_none_as_default_value = false)]
struct MergeRow {
    id: AccountMergeId,
    kind: String,
    survivor_id: AccountId,
    other_id: Option<AccountId>,
    status: MergeStatus,
    plan: Stored<MergePlan>,
    effects: Option<Stored<Effects>>,
    reason: String,
    planned_by: String,
    executed_by: Option<String>,
    executed_at: Option<Time>,
    undone_by: Option<String>,
    undone_at: Option<Time>,
    revision: i64,
    created_at: Time,
    updated_at: Time,
}

impl From<&AccountMerge> for MergeRow {
    fn from(merge: &AccountMerge) -> Self {
        let merge = merge.clone();
        Self {
            id: merge.id,
            kind: "merge".to_owned(),
            survivor_id: merge.survivor_id,
            other_id: Some(merge.other_id),
            status: merge.status,
            plan: Stored(merge.plan),
            effects: merge.effects.map(Stored),
            reason: merge.reason,
            planned_by: merge.planned_by,
            executed_by: merge.executed_by,
            executed_at: merge.executed_at,
            undone_by: merge.undone_by,
            undone_at: merge.undone_at,
            revision: merge.revision,
            created_at: merge.created_at,
            updated_at: merge.updated_at,
        }
    }
}

impl TryFrom<MergeRow> for AccountMerge {
    type Error = Error;

    fn try_from(row: MergeRow) -> Result<Self> {
        let effects = row.effects.map(|effects| effects.0);
        Ok(Self {
            id: row.id,
            status: row.status,
            survivor_id: row.survivor_id,
            other_id: row
                .other_id
                .ok_or_else(|| Error::internal("a merge names no other account"))?,
            reason: row.reason,
            plan: row.plan.0,
            conflict_case_ids: effects
                .as_ref()
                .map(|effects| effects.cases.clone())
                .unwrap_or_default(),
            planned_by: row.planned_by,
            executed_by: row.executed_by,
            executed_at: row.executed_at,
            undone_by: row.undone_by,
            undone_at: row.undone_at,
            revision: row.revision,
            created_at: row.created_at,
            updated_at: row.updated_at,
            effects,
        })
    }
}

/// One page of merges.
///
/// # Errors
/// What the database reports.
pub fn page(tx: &mut Tx<'_>, filter: &AccountMergeFilter, paging: &Paging) -> Result<Page<AccountMerge>> {
    let sort = filter.sort.unwrap_or(AccountMergeSort::CreatedDescending);
    let mut clause = Clause::all();
    clause
        .one_of_some("account_merges.status", filter.status.as_ref())
        .equals_some("account_merges.survivor_id", filter.survivor_id.as_ref())
        .equals_some("account_merges.other_id", filter.other_id.as_ref());
    let rows = load_page!(tx, table => MergeRow, clause, sort.order(), paging)?;
    let merges = rows
        .into_iter()
        .map(AccountMerge::try_from)
        .collect::<Result<Vec<_>>>()?;
    Ok(Page::of(merges, paging, |merge| {
        (merge.created_at.into(), merge.id.to_string())
    }))
}

/// The merge with that id.
///
/// # Errors
/// 404 if there is none.
pub fn find(tx: &mut Tx<'_>, id: AccountMergeId) -> Result<AccountMerge> {
    table
        .find(id)
        .select(MergeRow::as_select())
        .get_result(tx.conn())?
        .try_into()
}

/// Stores a planned merge, and tells of it.
///
/// # Errors
/// What the database reports.
pub fn insert(tx: &mut Tx<'_>, merge: AccountMerge) -> Result<AccountMerge> {
    let row = MergeRow::from(&merge);
    diesel::insert_into(table).values(&row).execute(tx.conn())?;
    tx.record(Fact::created("account_merge.planned", &merge).because(merge.reason.clone()))?;
    Ok(merge)
}

/// Stores a changed merge over the revision it was read at, and tells of it.
///
/// # Errors
/// 412 if it was changed meanwhile.
pub fn save(tx: &mut Tx<'_>, before: &AccountMerge, after: AccountMerge, kind: &'static str) -> Result<AccountMerge> {
    let row = MergeRow::from(&after);
    revise!(tx, table, columns::revision, (before.id, before.revision), &row)?;
    tx.record(Fact::changed(kind, before, &after).because(after.reason.clone()))?;
    Ok(after)
}

macro_rules! count {
    ($tx:expr, $table:ident . $column:ident, $account:expr) => {{
        let count: i64 = $table::table
            .filter($table::$column.eq($account))
            .count()
            .get_result($tx.conn())?;
        count
    }};
}

/// How many records of each kind hang on the account, of those kinds that are tables of their own.
///
/// # Errors
/// What the database reports.
pub fn counts(tx: &mut Tx<'_>, account: AccountId, survivor: AccountId) -> Result<Vec<(MovedKind, i64)>> {
    let children: i64 = customer_accounts::table
        .filter(customer_accounts::parent_id.eq(account))
        .filter(customer_accounts::id.ne(survivor))
        .count()
        .get_result(tx.conn())?;
    let text = account.to_string();
    let noted = work::on_record(tx, WorkRecordType::CustomerAccount, &text)?;
    let rows = |ids: Vec<String>| i64::try_from(ids.len()).map_err(Error::internal);
    Ok(vec![
        (MovedKind::Subsidiaries, children),
        (MovedKind::Notes, rows(noted.notes)?),
        (MovedKind::Tasks, rows(noted.tasks)?),
        (MovedKind::Interactions, rows(noted.interactions)?),
        (
            MovedKind::DirectOpportunities,
            count!(tx, direct_opportunities.account_id, account),
        ),
        (MovedKind::NamedAccounts, count!(tx, named_accounts.account_id, account)),
        (MovedKind::InstalledBase, count!(tx, installed_base.account_id, account)),
        (MovedKind::Deals, count!(tx, deals.customer_account_id, account)),
        (MovedKind::Protections, count!(tx, protections.account_id, &text)),
        (MovedKind::ConflictCases, count!(tx, conflict_cases.account_id, account)),
    ])
}

macro_rules! standing {
    ($tx:expr, $table:ident . $column:ident, $account:expr, $ids:expr) => {{
        let account = $account.to_string();
        let rows: Vec<(String, i64)> = $table::table
            .filter($table::id.eq_any(among($ids)))
            .filter($table::$column.eq(&account))
            .select(($table::id, $table::revision))
            .load($tx.conn())?;
        rows
    }};
}

/// How many of the moved records are no more as the merge left them on that account.
///
/// # Errors
/// What the database reports.
pub fn changed(tx: &mut Tx<'_>, kind: MovedKind, moved: &[Moved], account: AccountId) -> Result<usize> {
    if moved.is_empty() {
        return Ok(0);
    }
    let ids: Vec<&str> = moved.iter().map(|one| one.id.as_str()).collect();
    let rows = match kind {
        MovedKind::Subsidiaries => standing!(tx, customer_accounts.parent_id, account, &ids),
        MovedKind::DirectOpportunities => standing!(tx, direct_opportunities.account_id, account, &ids),
        MovedKind::NamedAccounts => standing!(tx, named_accounts.account_id, account, &ids),
        MovedKind::InstalledBase => standing!(tx, installed_base.account_id, account, &ids),
        MovedKind::Deals => standing!(tx, deals.customer_account_id, account, &ids),
        MovedKind::Protections => standing!(tx, protections.account_id, account, &ids),
        MovedKind::ConflictCases => standing!(tx, conflict_cases.account_id, account, &ids),
        MovedKind::Aliases
        | MovedKind::ExternalRefs
        | MovedKind::Tags
        | MovedKind::Notes
        | MovedKind::Tasks
        | MovedKind::Interactions => return Ok(0),
    };
    let now: BTreeMap<String, i64> = rows.into_iter().collect();
    Ok(moved
        .iter()
        .filter(|one| now.get(&one.id) != Some(&one.revision))
        .count())
}

/// The registrations of an account.
///
/// # Errors
/// What the database reports.
pub fn deals_of(tx: &mut Tx<'_>, account: AccountId) -> Result<Vec<DealId>> {
    Ok(deals::table
        .filter(deals::customer_account_id.eq(account))
        .order(deals::id)
        .select(deals::id)
        .load(tx.conn())?)
}

type HeldRow = (
    ProtectionId,
    DealId,
    PartnerId,
    AccountId,
    ProductId,
    TerritoryId,
    String,
    Time,
    Time,
    Option<Time>,
    Option<i64>,
);

/// The active exclusive protections of the accounts.
///
/// # Errors
/// What the database reports.
pub fn held(tx: &mut Tx<'_>, accounts: &[AccountId]) -> Result<Vec<Held>> {
    let rows: Vec<HeldRow> = protections::table
        .inner_join(deals::table)
        .filter(protections::account_id.eq_any(among(accounts)))
        .filter(protections::exclusive.eq(true))
        .filter(protections::status.eq("active"))
        .select((
            protections::id,
            protections::deal_id,
            protections::partner_id,
            protections::account_id,
            protections::product_id,
            protections::territory_id,
            protections::deal_type_class,
            protections::starts_at,
            protections::ends_at,
            deals::received_at,
            deals::seq,
        ))
        .load(tx.conn())?;
    Ok(rows
        .into_iter()
        .map(
            |(
                id,
                deal_id,
                partner_id,
                account_id,
                product_id,
                territory_id,
                class,
                starts_at,
                ends_at,
                received_at,
                seq,
            )| Held {
                id,
                deal_id,
                partner_id,
                account_id,
                product_id,
                territory_id,
                class,
                starts_at,
                ends_at,
                received_at,
                seq,
            },
        )
        .collect())
}

fn grouped<I: Ord>(rows: Vec<(I, I)>) -> Above<I> {
    let mut above: Above<I> = Above::new();
    for (low, high) in rows {
        above.entry(low).or_default().insert(high);
    }
    above
}

/// What lies above the products and territories of the protections.
///
/// # Errors
/// What the database reports.
pub fn trees(tx: &mut Tx<'_>, held: &[Held]) -> Result<(Above<ProductId>, Above<TerritoryId>)> {
    let products: BTreeSet<ProductId> = held.iter().map(|one| one.product_id).collect();
    let territories: BTreeSet<TerritoryId> = held.iter().map(|one| one.territory_id).collect();
    let products: Vec<(ProductId, ProductId)> = product_closure::table
        .filter(product_closure::descendant_id.eq_any(among(&products)))
        .select((product_closure::descendant_id, product_closure::ancestor_id))
        .load(tx.conn())?;
    let territories: Vec<(TerritoryId, TerritoryId)> = territory_closure::table
        .filter(territory_closure::descendant_id.eq_any(among(&territories)))
        .select((territory_closure::descendant_id, territory_closure::ancestor_id))
        .load(tx.conn())?;
    Ok((grouped(products), grouped(territories)))
}

/// The places of open registrations on the accounts, and when those registrations were received.
///
/// # Errors
/// What the database reports.
pub fn open_slots(tx: &mut Tx<'_>, accounts: &[AccountId]) -> Result<(Vec<Slot>, Received)> {
    let rows: Vec<(AccountId, PartnerId, ProductId, String, DealId)> = slots::table
        .filter(slots::account_id.eq_any(among(accounts)))
        .select((
            slots::account_id,
            slots::partner_id,
            slots::product_id,
            slots::deal_type,
            slots::deal_id,
        ))
        .load(tx.conn())?;
    let mut found: Vec<Slot> = rows
        .into_iter()
        .map(|(account_id, partner_id, product_id, deal_type, deal_id)| Slot {
            account_id,
            partner_id,
            product_id,
            deal_type,
            deal_id,
        })
        .collect();
    found.sort();
    let ids: Vec<DealId> = found.iter().map(|slot| slot.deal_id).collect();
    let received: Vec<(DealId, Option<Time>, Option<i64>)> = deals::table
        .filter(deals::id.eq_any(among(&ids)))
        .select((deals::id, deals::received_at, deals::seq))
        .load(tx.conn())?;
    Ok((
        found,
        received.into_iter().map(|(deal, at, seq)| (deal, (at, seq))).collect(),
    ))
}

/// Takes a place away from an open registration.
///
/// # Errors
/// What the database reports.
pub fn free_slot(tx: &mut Tx<'_>, slot: &Slot) -> Result<()> {
    diesel::delete(
        slots::table
            .filter(slots::partner_id.eq(slot.partner_id))
            .filter(slots::account_id.eq(slot.account_id))
            .filter(slots::product_id.eq(slot.product_id))
            .filter(slots::deal_type.eq(&slot.deal_type))
            .filter(slots::deal_id.eq(slot.deal_id)),
    )
    .execute(tx.conn())?;
    Ok(())
}

/// Gives an open registration its place.
///
/// # Errors
/// What the database reports.
pub fn take_slot(tx: &mut Tx<'_>, slot: &Slot) -> Result<()> {
    diesel::insert_into(slots::table)
        .values((
            slots::partner_id.eq(slot.partner_id),
            slots::account_id.eq(slot.account_id),
            slots::product_id.eq(slot.product_id),
            slots::deal_type.eq(&slot.deal_type),
            slots::deal_id.eq(slot.deal_id),
        ))
        .execute(tx.conn())?;
    Ok(())
}

/// The protections of an account, whatever became of them.
///
/// # Errors
/// What the database reports.
pub fn protections_of(tx: &mut Tx<'_>, account: AccountId) -> Result<Vec<ProtectionId>> {
    Ok(protections::table
        .filter(protections::account_id.eq(account))
        .order(protections::id)
        .select(protections::id)
        .load(tx.conn())?)
}

/// What happens to a protection in a merge or split.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// It goes to another account.
    Move(AccountId),
    /// It gives way until a case decides.
    Contest,
    /// It is in force again.
    Restore,
}

/// Changes a protection, tells of it, and answers its revision.
///
/// # Errors
/// 409 `protection_overlap` by the database's guard.
pub fn change_protection(tx: &mut Tx<'_>, id: ProtectionId, step: Step, reason: &'static str) -> Result<i64> {
    let now = tx.now;
    let row = protections::table.find(id);
    let before: ProtectionRow = row.select(ProtectionRow::as_select()).get_result(tx.conn())?;
    let touched = (
        protections::revision.eq(protections::revision + 1),
        protections::updated_at.eq(now.micros()),
    );
    let status = |status: ProtectionStatus, why: Option<&'static str>| {
        (
            protections::status.eq(status.as_str()),
            protections::status_reason.eq(why),
            protections::status_since.eq(now.micros()),
        )
    };
    let (kind, after): (_, ProtectionRow) = match step {
        Step::Move(account) => {
            let after = diesel::update(row)
                .set((protections::account_id.eq(account), touched))
                .returning(ProtectionRow::as_returning())
                .get_result(tx.conn())?;
            ("protection.moved", after)
        }
        Step::Contest => {
            let contested = status(ProtectionStatus::Contested, Some(reason));
            let after = diesel::update(row)
                .set((contested, touched))
                .returning(ProtectionRow::as_returning())
                .get_result(tx.conn())?;
            ("protection.contested", after)
        }
        Step::Restore => {
            let active = status(ProtectionStatus::Active, None);
            let after = diesel::update(row)
                .set((active, touched))
                .returning(ProtectionRow::as_returning())
                .get_result(tx.conn())?;
            ("protection.restored", after)
        }
    };
    let revision = after.revision;
    let fact = Fact::changed(kind, &before.seen(now, true), &after.seen(now, true));
    tx.record(fact.because(format!("{TYPE}: {reason}")))?;
    Ok(revision)
}
