//! The only file that knows the tables of granted benefits and of their uses.

use std::collections::{BTreeMap, BTreeSet};

use diesel::{dsl::sql, prelude::*, sql_types::BigInt};

use super::{
    model::{
        BenefitGrant, BenefitGrantFilter, BenefitGrantSort, BenefitGrantStatus, BenefitUse, BenefitUseFilter,
        BenefitUseStatus, GrantRow, MembershipBenefits, NewBenefitUse, UseRow,
    },
    rules,
};
use crate::{
    db::{Clause, Lock, Tx, among},
    error::Result,
    events::Fact,
    kernel::{
        Time,
        ids::{BenefitGrantId, BenefitUseId, PartnerId, ProgramId, ProgramMembershipId},
        page::{Order, Page, Paging},
    },
    load_page,
    programs::memberships::{
        chain::Course,
        queries::{self as memberships, Member},
        tiers_of_partner,
    },
    revise,
    schema::{benefit_grants, benefit_grants::table, benefit_uses},
};

/// How many rows are stored in one statement.
const CHUNK: usize = 200;

/// Lets the grants of members be what their chains of tiers bring about. Working it out again changes nothing.
///
/// # Errors
/// What the database reports.
pub fn follow(tx: &mut Tx<'_>, course: &Course, members: &[Member]) -> Result<()> {
    if !course.gives_allowances() {
        return Ok(());
    }
    let now = tx.now;
    let ids: Vec<ProgramMembershipId> = members.iter().map(|member| member.row.id).collect();
    let mut there = of_memberships(tx, &ids)?;
    for member in members {
        let planned = rules::plan(&member.links, |tier| course.tier(tier), now);
        let existing = there.remove(&member.row.id).unwrap_or_default();
        let changes = rules::changes(planned, existing, member.row.created_at, now);
        for (before, after) in changes.changed {
            save(tx, before, after, "benefit_grant.changed")?;
        }
        for row in changes.gone {
            diesel::delete(table.find(row.id)).execute(tx.conn())?;
            let consumed = row.consumed;
            tx.record(Fact::deleted("benefit_grant.dropped", &row.shown(consumed, now)))?;
        }
        let new: Vec<GrantRow> = changes.new.iter().map(|one| granted(tx, member, one)).collect();
        insert(tx, new)?;
    }
    Ok(())
}

fn granted(tx: &Tx<'_>, member: &Member, one: &rules::Planned) -> GrantRow {
    GrantRow {
        id: tx.new_id(),
        membership_id: member.row.id,
        partner_id: member.row.partner_id,
        program_id: member.row.program_id,
        tier_version_id: one.tier,
        code: one.allowance.code.clone(),
        name: one.allowance.name.clone(),
        kind: one.allowance.kind,
        product_id: one.allowance.product_id,
        granted: one.granted,
        consumed: 0,
        valid_from: one.from,
        valid_until: one.until,
        renews: one.renews,
        revision: 1,
        created_at: tx.now,
        updated_at: tx.now,
    }
}

fn insert(tx: &mut Tx<'_>, rows: Vec<GrantRow>) -> Result<()> {
    for chunk in rows.chunks(CHUNK) {
        diesel::insert_into(table).values(chunk).execute(tx.conn())?;
    }
    let now = tx.now;
    rows.into_iter()
        .try_for_each(|row| tx.record(Fact::created("benefit_grant.granted", &row.shown(0, now))))
}

/// The grants of memberships, whoever sees them: their owner writes them. They are held fast, so that who consumes one
/// meanwhile waits. Writers of SQLite are alone anyway.
fn of_memberships(
    tx: &mut Tx<'_>,
    memberships: &[ProgramMembershipId],
) -> Result<BTreeMap<ProgramMembershipId, Vec<GrantRow>>> {
    let mut by_membership: BTreeMap<ProgramMembershipId, Vec<GrantRow>> = BTreeMap::new();
    for chunk in memberships.chunks(CHUNK) {
        let ids = benefit_grants::membership_id.eq_any(among(chunk));
        let order = (benefit_grants::valid_from, benefit_grants::id);
        let grants = table.filter(ids).order(order).select(GrantRow::as_select());
        let rows: Vec<GrantRow> = Lock::NoKeyUpdate.on(grants).load(tx.conn())?;
        for row in rows {
            by_membership.entry(row.membership_id).or_default().push(row);
        }
    }
    Ok(by_membership)
}

/// Writes what follows on grants that renew soon, of so many memberships at most; tells of how many.
///
/// # Errors
/// What the database reports.
pub fn renew_due(tx: &mut Tx<'_>, most: i64) -> Result<usize> {
    let now = tx.now;
    let by = now.plus_days(rules::RENEWED_BEFORE_DAYS);
    let due: Vec<(ProgramId, PartnerId)> = table
        .filter(benefit_grants::renews.eq(true))
        .filter(benefit_grants::valid_until.le(by))
        .order((benefit_grants::valid_until, benefit_grants::id))
        .limit(most)
        .select((benefit_grants::program_id, benefit_grants::partner_id))
        .load(tx.conn())?;
    let due: BTreeSet<(ProgramId, PartnerId)> = due.into_iter().collect();
    let mut courses: BTreeMap<ProgramId, Course> = BTreeMap::new();
    for (program, partner) in &due {
        if !courses.contains_key(program) {
            courses.insert(*program, memberships::course(tx, *program)?);
        }
        // Held fast, so that its tiers stay while they are looked at.
        let members = memberships::members(tx, *program, Some(*partner), now, true)?;
        if let Some(course) = courses.get(program) {
            follow(tx, course, &members)?;
        }
    }
    Ok(due.len())
}

/// Stores a changed grant over the revision it was read at, and tells of it.
fn save(tx: &mut Tx<'_>, before: GrantRow, after: GrantRow, kind: &'static str) -> Result<()> {
    revise!(
        tx,
        table,
        benefit_grants::revision,
        (before.id, before.revision),
        &after
    )?;
    let now = tx.now;
    let (was, is) = (before.consumed, after.consumed);
    tx.record(Fact::changed(kind, &before.shown(was, now), &after.shown(is, now)))
}

/// One page of the grants that the caller may see, as they stand at a moment.
///
/// # Errors
/// What the database reports.
pub fn page(tx: &mut Tx<'_>, filter: &BenefitGrantFilter, paging: &Paging) -> Result<Page<BenefitGrant>> {
    let sort = filter.sort.unwrap_or(BenefitGrantSort::Created);
    let at = filter.as_of.unwrap_or(tx.now);
    let mut clause = Clause::rows_of(tx.caller(), "benefit_grants.partner_id");
    clause
        .equals_some("benefit_grants.partner_id", filter.partner_id.as_ref())
        .equals_some("benefit_grants.program_id", filter.program_id.as_ref())
        .one_of_some("benefit_grants.kind", filter.kind.as_ref())
        .equals_some("benefit_grants.code", filter.code.as_ref());
    if let Some(statuses) = &filter.status {
        clause.sql(" AND (FALSE");
        for status in statuses {
            of_status(clause.sql(" OR "), *status, at);
        }
        clause.sql(")");
    }
    match filter.unused {
        Some(true) => clause.sql(" AND benefit_grants.consumed = 0"),
        Some(false) => clause.sql(" AND benefit_grants.consumed > 0"),
        None => &mut clause,
    };
    let rows = load_page!(tx, table => GrantRow, clause, sort.order(), paging)?;
    Page::of(rows, paging, |row| (row.created_at.into(), row.id.to_string())).with(|rows| shown(tx, rows, at))
}

/// Where a grant stands, as [`GrantRow::status_at`] works it out.
fn of_status(clause: &mut Clause, status: BenefitGrantStatus, at: Time) {
    const ENDED: &str = "benefit_grants.valid_until IS NOT NULL AND benefit_grants.valid_until <= ";
    match status {
        BenefitGrantStatus::Upcoming => clause.sql("benefit_grants.valid_from > ").value(&at),
        BenefitGrantStatus::Expired => clause
            .sql("(benefit_grants.valid_from <= ")
            .value(&at)
            .sql(" AND ")
            .sql(ENDED)
            .value(&at)
            .sql(")"),
        BenefitGrantStatus::Active => clause
            .sql("(benefit_grants.valid_from <= ")
            .value(&at)
            .sql(" AND NOT (")
            .sql(ENDED)
            .value(&at)
            .sql("))"),
    };
}

/// The grants as they stand at a moment.
fn shown(tx: &mut Tx<'_>, rows: Vec<GrantRow>, at: Time) -> Result<Vec<BenefitGrant>> {
    let past = if at < tx.now {
        let ids: Vec<BenefitGrantId> = rows.iter().map(|row| row.id).collect();
        Some(consumed_at(tx, &ids, at)?)
    } else {
        None
    };
    let shown = rows.into_iter().map(|row| {
        let consumed = past
            .as_ref()
            .map_or(row.consumed, |past| past.get(&row.id).copied().unwrap_or(0));
        row.shown(consumed, at)
    });
    Ok(shown.collect())
}

/// The uses that counted at a moment.
pub(super) fn counted_at(at: Time) -> Clause {
    let mut clause = Clause::all();
    clause
        .sql(" AND benefit_uses.created_at <= ")
        .value(&at)
        .sql(" AND (benefit_uses.returned_at IS NULL OR benefit_uses.returned_at > ")
        .value(&at)
        .sql(")");
    clause
}

/// How many were consumed of grants by a moment.
fn consumed_at(tx: &mut Tx<'_>, grants: &[BenefitGrantId], at: Time) -> Result<BTreeMap<BenefitGrantId, i64>> {
    let mut clause = counted_at(at);
    clause.one_of("benefit_uses.grant_id", grants);
    let sums: Vec<(BenefitGrantId, i64)> = benefit_uses::table
        .filter(clause)
        .group_by(benefit_uses::grant_id)
        .select((
            benefit_uses::grant_id,
            sql::<BigInt>("CAST(COALESCE(SUM(benefit_uses.quantity), 0) AS BIGINT)"),
        ))
        .load(tx.conn())?;
    Ok(sums.into_iter().collect())
}

/// The grant with that id, as it is stored.
///
/// # Errors
/// 404 if there is none, or the caller may not see it.
pub fn find(tx: &mut Tx<'_>, id: BenefitGrantId) -> Result<GrantRow> {
    let clause = Clause::rows_of(tx.caller(), "benefit_grants.partner_id");
    Ok(table
        .find(id)
        .filter(clause)
        .select(GrantRow::as_select())
        .get_result(tx.conn())?)
}

/// The grant with that id, as it stands at a moment.
///
/// # Errors
/// 404 if there is none, or the caller may not see it.
pub fn find_at(tx: &mut Tx<'_>, id: BenefitGrantId, at: Time) -> Result<Option<BenefitGrant>> {
    let row = find(tx, id)?;
    Ok(shown(tx, vec![row], at)?.pop())
}

/// The grant with that id, held fast: whoever consumes it at the same moment waits. Writers of SQLite are alone anyway.
fn held(tx: &mut Tx<'_>, id: BenefitGrantId) -> Result<GrantRow> {
    let clause = Clause::rows_of(tx.caller(), "benefit_grants.partner_id");
    let row = table.find(id).filter(clause).select(GrantRow::as_select());
    Ok(Lock::NoKeyUpdate.on(row).get_result(tx.conn())?)
}

/// Consumes so many of a grant, by a partner that works with the vendor or does not, and tells of it.
///
/// # Errors
/// 404 if there is no such grant; 409 `guard_failed` if they cannot be consumed.
pub fn consume(
    tx: &mut Tx<'_>,
    id: BenefitGrantId,
    new: &NewBenefitUse,
    is_live: impl Fn(&mut Tx<'_>, PartnerId) -> Result<bool>,
) -> Result<BenefitUse> {
    let before = held(tx, id)?;
    let live = is_live(tx, before.partner_id)?;
    let now = tx.now;
    before.permit(new.quantity, live, now)?;
    let row = UseRow::new(&before, new, tx.caller().actor_text(), now);
    let after = before.clone().consumed_by(new.quantity, now);
    save(tx, before, after, "benefit_grant.consumed")?;
    diesel::insert_into(benefit_uses::table)
        .values(&row)
        .execute(tx.conn())?;
    let shown = row.shown();
    tx.record(Fact::created("benefit_use.created", &shown))?;
    Ok(shown)
}

/// One page of the uses of a grant, oldest first.
///
/// # Errors
/// What the database reports.
pub fn use_page(
    tx: &mut Tx<'_>,
    grant: &GrantRow,
    filter: &BenefitUseFilter,
    paging: &Paging,
) -> Result<Page<BenefitUse>> {
    let mut clause = Clause::rows_of(tx.caller(), "benefit_uses.partner_id");
    clause.equals("benefit_uses.grant_id", &grant.id);
    if let Some(statuses) = &filter.status {
        let has = |status| statuses.contains(&status);
        match (has(BenefitUseStatus::Used), has(BenefitUseStatus::Returned)) {
            (true, false) => clause.sql(" AND benefit_uses.returned_at IS NULL"),
            (false, true) => clause.sql(" AND benefit_uses.returned_at IS NOT NULL"),
            _ => &mut clause,
        };
    }
    let order = Order {
        column: "benefit_uses.created_at",
        id: "benefit_uses.id",
        descending: false,
    };
    let rows = load_page!(tx, benefit_uses::table => UseRow, clause, order, paging)?;
    Ok(Page::of(rows, paging, |row| (row.created_at.into(), row.id.to_string())).map(UseRow::shown))
}

/// The use with that id, as it is stored.
///
/// # Errors
/// 404 if there is none, or the caller may not see it.
pub fn find_use(tx: &mut Tx<'_>, id: BenefitUseId) -> Result<UseRow> {
    let clause = Clause::rows_of(tx.caller(), "benefit_uses.partner_id");
    Ok(benefit_uses::table
        .find(id)
        .filter(clause)
        .select(UseRow::as_select())
        .get_result(tx.conn())?)
}

/// Stores a use that was given back, with what its grant has again, and tells of both.
///
/// # Errors
/// 404 if there is none; what `back` refuses.
pub fn give_back(
    tx: &mut Tx<'_>,
    id: BenefitUseId,
    back: impl Fn(UseRow, Time) -> Result<UseRow>,
) -> Result<BenefitUse> {
    let grant = find_use(tx, id)?.grant_id;
    let before_grant = held(tx, grant)?;
    let before = find_use(tx, id)?;
    let now = tx.now;
    let after = back(before.clone(), now)?;
    revise!(
        tx,
        benefit_uses::table,
        benefit_uses::revision,
        (before.id, before.revision),
        &after
    )?;
    let after_grant = before_grant.clone().consumed_by(-after.quantity, now);
    save(tx, before_grant, after_grant, "benefit_grant.returned")?;
    let shown = after.shown();
    tx.record(Fact::changed("benefit_use.returned", &before.shown(), &shown))?;
    Ok(shown)
}

/// What a partner's memberships bring at a moment, those of which nothing holds any more left out. The partner was found
/// by the caller's own rows.
///
/// # Errors
/// What the database reports.
pub fn of_partner(tx: &mut Tx<'_>, partner: PartnerId, at: Time) -> Result<Vec<MembershipBenefits>> {
    let mut clause = Clause::all();
    clause.equals("benefit_grants.partner_id", &partner).sql(" AND ");
    of_status(&mut clause, BenefitGrantStatus::Active, at);
    let rows: Vec<GrantRow> = table
        .filter(clause)
        .order((benefit_grants::code, benefit_grants::valid_from, benefit_grants::id))
        .select(GrantRow::as_select())
        .load(tx.conn())?;
    let mut grants: BTreeMap<ProgramMembershipId, Vec<BenefitGrant>> = BTreeMap::new();
    for grant in shown(tx, rows, at)? {
        grants.entry(grant.membership_id).or_default().push(grant);
    }
    let mut found = Vec::new();
    for held in tiers_of_partner(tx, partner)? {
        let allowances = grants.remove(&held.membership_id).unwrap_or_default();
        let kept = rules::kept(&held.starts, at);
        let tier = held
            .starts
            .iter()
            .rev()
            .find(|(from, _)| *from <= at)
            .and_then(|(_, tier)| tier.as_ref());
        if tier.is_none() && kept.tail.is_none() && allowances.is_empty() {
            continue;
        }
        let benefits = tier.map(|tier| tier.benefits.0.clone()).unwrap_or_default();
        found.push(MembershipBenefits {
            program_id: held.program_id,
            program_code: held.program_code,
            membership_id: held.membership_id,
            tier: tier.map(Into::into),
            discount_basis_points: benefits.discount_basis_points,
            mdf_rate_basis_points: benefits.mdf_rate_basis_points,
            protection_days: benefits.protection_days,
            lead_weight: benefits.lead_weight,
            auto_approval_limit: benefits.auto_approval_limit,
            response_class: kept.response_class,
            named_manager: kept.named_manager,
            tail: kept.tail,
            others: benefits.others,
            allowances,
        });
    }
    Ok(found)
}
