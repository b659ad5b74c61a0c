//! The only file that knows the tables of memberships and of the chains of tiers.

use std::collections::BTreeMap;

use diesel::prelude::*;

use super::{
    chain::{Course, Link, in_force},
    model::{
        AssignmentRow, MembershipRow, ProgramMembership, ProgramMembershipFilter, ProgramMembershipSort, Standing,
        TierCause, TierStart,
    },
};
use crate::{
    db::{Clause, Lock, Tx, among},
    error::{Error, Result, codes},
    events::Fact,
    kernel::{
        Time,
        ids::{EvaluationResultId, PartnerId, ProgramId, ProgramMembershipId},
        page::{Order, Page, Paging},
    },
    load_page,
    programs::{
        benefits, evaluations,
        tiers::{ProgramVersion, queries as tiers},
    },
    revise,
    schema::{program_memberships, program_memberships::table, tier_assignments},
};

/// How many links are stored in one statement.
const CHUNK: usize = 200;

/// A membership with the chain of its tiers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// The membership.
    pub row: MembershipRow,
    /// Its tiers, in order.
    pub links: Vec<Link>,
}

/// Why a tier changes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Why {
    /// The reason as a code, of an override.
    pub code: Option<String>,
    /// The reason in words.
    pub text: Option<String>,
    /// What an evaluation found.
    pub result: Option<EvaluationResultId>,
}

impl Member {
    /// The membership as it is shown, at a moment.
    pub fn shown(&self, course: &Course, at: Time) -> ProgramMembership {
        self.row.clone().shown(
            &self.links,
            |link| link.tier.and_then(|tier| course.tier(tier)).cloned(),
            at,
        )
    }
}

/// The published versions of a program with their tiers.
///
/// # Errors
/// What the database reports.
pub fn course(tx: &mut Tx<'_>, program: ProgramId) -> Result<Course> {
    let versions = tiers::versions(tx, program)?;
    let tiers = tiers::all_tiers(tx, program)?;
    Ok(Course::new(versions, &tiers))
}

/// The chains of tiers that match, by membership.
fn chains(tx: &mut Tx<'_>, clause: Clause) -> Result<BTreeMap<ProgramMembershipId, Vec<Link>>> {
    let rows: Vec<AssignmentRow> = tier_assignments::table
        .filter(clause)
        .order(tier_assignments::valid_from)
        .select(AssignmentRow::as_select())
        .load(tx.conn())?;
    let mut chains: BTreeMap<ProgramMembershipId, Vec<Link>> = BTreeMap::new();
    for row in &rows {
        chains.entry(row.membership_id).or_default().push(row.into());
    }
    Ok(chains)
}

fn with_chains(tx: &mut Tx<'_>, rows: Vec<MembershipRow>) -> Result<Vec<Member>> {
    let ids: Vec<ProgramMembershipId> = rows.iter().map(|row| row.id).collect();
    let mut clause = Clause::all();
    clause.one_of("tier_assignments.membership_id", &ids);
    let mut chains = chains(tx, clause)?;
    Ok(rows
        .into_iter()
        .map(|row| Member {
            links: chains.remove(&row.id).unwrap_or_default(),
            row,
        })
        .collect())
}

/// One page of a program's memberships.
///
/// # Errors
/// What the database reports.
pub fn page(
    tx: &mut Tx<'_>,
    program: ProgramId,
    filter: &ProgramMembershipFilter,
    paging: &Paging,
) -> Result<Page<ProgramMembership>> {
    let sort = filter.sort.unwrap_or(ProgramMembershipSort::Created);
    let at = filter.as_of.unwrap_or(tx.now);
    let mut clause = Clause::rows_of(tx.caller(), "program_memberships.partner_id");
    clause
        .equals("program_memberships.program_id", &program)
        .equals_some("program_memberships.partner_id", filter.partner_id.as_ref());
    if filter.as_of.is_some() {
        live_at(&mut clause, at);
    }
    if let Some(standings) = &filter.standing {
        clause.sql(" AND (FALSE");
        for standing in standings {
            of_standing(clause.sql(" OR "), *standing, at);
        }
        clause.sql(")");
    }
    if let Some(tier) = &filter.tier_id {
        clause
            .sql(" AND EXISTS (SELECT 1 FROM tier_assignments AS held WHERE held.membership_id = program_memberships.id")
            .sql(" AND held.tier_version_id = ")
            .value(tier)
            .sql(" AND held.valid_from <= ")
            .value(&at)
            .sql(" AND NOT EXISTS (SELECT 1 FROM tier_assignments AS later WHERE later.membership_id = held.membership_id")
            .sql(" AND later.valid_from > held.valid_from AND later.valid_from <= ")
            .value(&at)
            .sql("))");
    }
    let rows = load_page!(tx, table => MembershipRow, clause, sort.order(), paging)?;
    let page = Page::of(rows, paging, |row| (row.created_at.into(), row.id.to_string()));
    let course = course(tx, program)?;
    page.with(|rows| {
        let members = with_chains(tx, rows)?;
        Ok(members.iter().map(|member| member.shown(&course, at)).collect())
    })
}

fn live_at(clause: &mut Clause, at: Time) {
    clause
        .sql(" AND program_memberships.joined_at <= ")
        .value(&at)
        .sql(" AND (program_memberships.ended_at IS NULL OR program_memberships.ended_at > ")
        .value(&at)
        .sql(")");
}

/// The standing at a moment, as [`MembershipRow::standing_at`] works it out; the time of the warning is not looked at.
fn of_standing(clause: &mut Clause, standing: Standing, at: Time) {
    match standing {
        Standing::Current => clause.sql("program_memberships.standing = 'current'"),
        Standing::AtRisk => clause
            .sql("(program_memberships.grace_until IS NOT NULL AND program_memberships.grace_until > ")
            .value(&at)
            .sql(")"),
        Standing::DemotionPending => clause
            .sql("(program_memberships.grace_until IS NOT NULL AND program_memberships.grace_until <= ")
            .value(&at)
            .sql(")"),
        Standing::Ended => clause.sql("program_memberships.standing = 'ended'"),
    };
}

/// A membership of a program.
///
/// # Errors
/// 404 if there is none, or the caller may not see it.
pub fn find(tx: &mut Tx<'_>, program: ProgramId, id: ProgramMembershipId) -> Result<Member> {
    let mut clause = Clause::rows_of(tx.caller(), "program_memberships.partner_id");
    clause.equals("program_memberships.program_id", &program);
    let row: MembershipRow = table
        .find(id)
        .filter(clause)
        .select(MembershipRow::as_select())
        .get_result(tx.conn())?;
    with_chains(tx, vec![row])?.pop().ok_or_else(Error::not_found)
}

/// The memberships of a partner that have not ended, with their programs. The partner was found by the caller's own rows.
///
/// # Errors
/// What the database reports.
pub fn live_of(tx: &mut Tx<'_>, partner: PartnerId) -> Result<Vec<(ProgramId, ProgramMembershipId)>> {
    Ok(table
        .filter(program_memberships::partner_id.eq(partner))
        .filter(program_memberships::ended_at.is_null())
        .order(program_memberships::program_id)
        .select((program_memberships::program_id, program_memberships::id))
        .load(tx.conn())?)
}

/// The programs that a partner was in at a moment. The partner was found by the caller's own rows.
///
/// # Errors
/// What the database reports.
pub fn programs_at(tx: &mut Tx<'_>, partner: PartnerId, at: Time) -> Result<Vec<ProgramId>> {
    let mut clause = Clause::all();
    clause.equals("program_memberships.partner_id", &partner);
    live_at(&mut clause, at);
    Ok(table
        .filter(clause)
        .select(program_memberships::program_id)
        .distinct()
        .order(program_memberships::program_id)
        .load(tx.conn())?)
}

/// When overrides ended by the clock after one moment and by another, with their memberships, the earliest first.
///
/// # Errors
/// What the database reports.
pub fn overrides_ended(tx: &mut Tx<'_>, after: Time, by: Time) -> Result<Vec<(ProgramId, ProgramMembershipId, Time)>> {
    Ok(tier_assignments::table
        .filter(tier_assignments::cause.eq(TierCause::OverrideExpired))
        .filter(tier_assignments::valid_from.gt(after))
        .filter(tier_assignments::valid_from.le(by))
        .order((tier_assignments::valid_from, tier_assignments::id))
        .select((
            tier_assignments::program_id,
            tier_assignments::membership_id,
            tier_assignments::valid_from,
        ))
        .load(tx.conn())?)
}

/// The memberships of a partner in a program, the latest first.
///
/// # Errors
/// What the database reports.
pub fn of_partner(tx: &mut Tx<'_>, program: ProgramId, partner: PartnerId) -> Result<Vec<Member>> {
    let mut clause = Clause::rows_of(tx.caller(), "program_memberships.partner_id");
    clause
        .equals("program_memberships.program_id", &program)
        .equals("program_memberships.partner_id", &partner);
    let rows: Vec<MembershipRow> = table
        .filter(clause)
        .order(program_memberships::joined_at.desc())
        .select(MembershipRow::as_select())
        .load(tx.conn())?;
    with_chains(tx, rows)
}

/// Who was a member of a program at a moment, or one partner if it was. Held fast against other writers if that is wanted.
///
/// # Errors
/// What the database reports.
pub fn members(
    tx: &mut Tx<'_>,
    program: ProgramId,
    partner: Option<PartnerId>,
    at: Time,
    lock: bool,
) -> Result<Vec<Member>> {
    let mut clause = Clause::rows_of(tx.caller(), "program_memberships.partner_id");
    clause
        .equals("program_memberships.program_id", &program)
        .equals_some("program_memberships.partner_id", partner.as_ref());
    live_at(&mut clause, at);
    if lock {
        tx.hold(
            Lock::NoKeyUpdate,
            table
                .filter(clause.clone())
                .order(program_memberships::id)
                .select(program_memberships::id),
        )?;
    }
    let rows: Vec<MembershipRow> = table
        .filter(clause)
        .order(program_memberships::id)
        .select(MembershipRow::as_select())
        .load(tx.conn())?;
    let mut clause = Clause::all();
    clause
        .equals("tier_assignments.program_id", &program)
        .equals_some("tier_assignments.partner_id", partner.as_ref());
    let mut chains = chains(tx, clause)?;
    Ok(rows
        .into_iter()
        .map(|row| Member {
            links: chains.remove(&row.id).unwrap_or_default(),
            row,
        })
        .collect())
}

/// Stores a new membership with its chain, and tells of it.
///
/// # Errors
/// 409 `already_exists` if the partner is in the program already.
pub fn insert(tx: &mut Tx<'_>, course: &Course, member: Member, kind: &'static str) -> Result<ProgramMembership> {
    let inserted = tx.attempt(|tx| Ok(diesel::insert_into(table).values(&member.row).execute(tx.conn())?));
    inserted.map_err(|error| error.when(&codes::ALREADY_EXISTS, already_member))?;
    let rows = assignments(tx, &member.row, &member.links, &Why::default());
    store(tx, &rows)?;
    let shown = member.shown(course, tx.now);
    tx.record(Fact::created(kind, &shown))?;
    benefits::follow(tx, course, &[member])?;
    Ok(shown)
}

fn already_member() -> Error {
    let detail = "The partner is in the program already; a membership must end before another begins.";
    Error::new(&codes::ALREADY_EXISTS).fault("#/partner_id", "already_exists", detail)
}

/// Stores a changed membership over the revision it was read at, and tells of it.
///
/// # Errors
/// 412 if it was changed meanwhile.
pub fn save(
    tx: &mut Tx<'_>,
    course: &Course,
    member: Member,
    after: MembershipRow,
    kind: &'static str,
) -> Result<ProgramMembership> {
    let links = member.links.clone();
    replace(tx, course, member, Member { row: after, links }, kind)
}

fn replace(
    tx: &mut Tx<'_>,
    course: &Course,
    before: Member,
    after: Member,
    kind: &'static str,
) -> Result<ProgramMembership> {
    revise!(
        tx,
        table,
        program_memberships::revision,
        (before.row.id, before.row.revision),
        &after.row
    )?;
    let shown = after.shown(course, tx.now);
    tx.record(Fact::changed(kind, &before.shown(course, tx.now), &shown))?;
    Ok(shown)
}

/// Stores a changed membership together with its chain from the first new link on, and tells of it.
///
/// # Errors
/// 412 if it was changed meanwhile.
pub fn move_to(
    tx: &mut Tx<'_>,
    course: &Course,
    member: Member,
    after: MembershipRow,
    new: Vec<Link>,
    why: Why,
    kind: &'static str,
) -> Result<ProgramMembership> {
    let mut links = member.links.clone();
    let rows = assignments(tx, &after, &new, &why);
    if let Some(first) = new.first() {
        let stale = tier_assignments::table
            .filter(tier_assignments::membership_id.eq(after.id))
            .filter(tier_assignments::valid_from.ge(first.at));
        diesel::delete(stale).execute(tx.conn())?;
        links.retain(|link| link.at < first.at);
    }
    store(tx, &rows)?;
    links.extend(new);
    let after = Member { row: after, links };
    let shown = replace(tx, course, member, after.clone(), kind)?;
    benefits::follow(tx, course, &[after])?;
    Ok(shown)
}

/// Adds links that came later than the chain that they belong into; those whose moments are taken stay as they are.
///
/// # Errors
/// What the database reports.
pub(super) fn add_missing(tx: &mut Tx<'_>, course: &Course, member: &Member, links: &[Link]) -> Result<usize> {
    let new: Vec<Link> = links
        .iter()
        .filter(|link| member.links.iter().all(|known| known.at != link.at))
        .cloned()
        .collect();
    let rows = assignments(tx, &member.row, &new, &Why::default());
    store(tx, &rows)?;
    let mut after = member.clone();
    after.links.extend(new);
    after.links.sort_by_key(|link| link.at);
    benefits::follow(tx, course, &[after])?;
    Ok(rows.len())
}

fn assignments(tx: &Tx<'_>, row: &MembershipRow, links: &[Link], why: &Why) -> Vec<AssignmentRow> {
    let mut why = Some(why.clone());
    let assignment = |link: &Link| {
        // The reason belongs to the change itself, not to what follows from it later.
        let why = why.take().unwrap_or_default();
        AssignmentRow {
            id: tx.new_id(),
            membership_id: row.id,
            partner_id: row.partner_id,
            program_id: row.program_id,
            valid_from: link.at,
            tier_version_id: link.tier,
            cause: link.cause,
            reason_code: why.code,
            reason_text: why.text,
            override_until: link.until,
            evaluation_result_id: why.result,
            created_by: tx.caller().actor_text(),
            created_at: tx.now,
        }
    };
    links.iter().map(assignment).collect()
}

fn store(tx: &mut Tx<'_>, rows: &[AssignmentRow]) -> Result<()> {
    for chunk in rows.chunks(CHUNK) {
        diesel::insert_into(tier_assignments::table)
            .values(chunk)
            .execute(tx.conn())?;
    }
    Ok(())
}

/// Lets every member of a program go on under a version that was just published.
///
/// # Errors
/// What the database reports.
pub fn go_on_under(tx: &mut Tx<'_>, version: &ProgramVersion) -> Result<()> {
    let course = course(tx, version.program_id)?;
    let begins = version.valid_from;
    let mut clause = Clause::all();
    clause
        .equals("program_memberships.program_id", &version.program_id)
        .sql(" AND program_memberships.ended_at IS NULL");
    let rows: Vec<MembershipRow> = table
        .filter(clause)
        .order(program_memberships::id)
        .select(MembershipRow::as_select())
        .load(tx.conn())?;
    let mut clause = Clause::all();
    clause.equals("tier_assignments.program_id", &version.program_id);
    let chains = chains(tx, clause)?;
    let (mut new, mut members) = (Vec::new(), Vec::with_capacity(rows.len()));
    for row in rows {
        let before = chains.get(&row.id).map(Vec::as_slice).unwrap_or_default();
        let ahead = course.under(begins, before).unwrap_or_default();
        new.extend(assignments(tx, &row, &ahead, &Why::default()));
        let kept = before.iter().filter(|link| link.at < begins).cloned();
        let links = kept.chain(ahead).collect();
        members.push(Member { row, links });
    }
    let stale = tier_assignments::table
        .filter(tier_assignments::program_id.eq(version.program_id))
        .filter(tier_assignments::valid_from.ge(begins))
        .filter(tier_assignments::cause.eq_any(among([TierCause::NewVersion, TierCause::OverrideExpired])));
    diesel::delete(stale).execute(tx.conn())?;
    store(tx, &new)?;
    benefits::follow(tx, &course, &members)
}

/// One page of a member's tiers, the first one first, with those that are to come.
///
/// # Errors
/// What the database reports.
pub fn starts(tx: &mut Tx<'_>, member: &Member, course: &Course, paging: &Paging) -> Result<Page<TierStart>> {
    let mut clause = Clause::all();
    clause.equals("tier_assignments.membership_id", &member.row.id);
    let order = Order {
        column: "tier_assignments.valid_from",
        id: "tier_assignments.id",
        descending: false,
    };
    let rows = load_page!(tx, tier_assignments::table => AssignmentRow, clause, order, paging)?;
    let vendor = tx.caller().is_vendor();
    Ok(
        Page::of(rows, paging, |row| (row.valid_from.into(), row.id.to_string())).map(|row| {
            let tier = row.tier_version_id.and_then(|tier| course.tier(tier));
            TierStart {
                id: row.id,
                valid_from: row.valid_from,
                tier_id: row.tier_version_id,
                tier_name: tier.map(|tier| tier.name.clone()),
                tier_rank: tier.map(|tier| tier.rank),
                cause: row.cause,
                reason_code: row.reason_code,
                reason_text: row.reason_text.filter(|_| vendor),
                override_until: row.override_until,
                evaluation_result_id: row.evaluation_result_id.filter(|_| vendor),
                created_by: Some(row.created_by).filter(|_| vendor),
                created_at: row.created_at,
            }
        }),
    )
}

/// What the guards of a member's actions look at.
///
/// # Errors
/// What the database reports.
pub fn facts(tx: &mut Tx<'_>, member: &Member, course: &Course) -> Result<super::rules::Facts> {
    let now = tx.now;
    let held = in_force(&member.links, now);
    let latest = evaluations::queries::latest_committed(tx, member.row.id, None)?;
    let mut qualifies = false;
    if member.row.standing_at(now) == Standing::DemotionPending
        && let Some((version, _)) = course.at(now)
        && let Some(tier) = held.and_then(|link| course.tier(link.tier?))
    {
        let found =
            evaluations::queries::findings(tx, version, std::slice::from_ref(tier), member.row.partner_id, now)?;
        qualifies = found.iter().all(|finding| finding.met);
    }
    Ok(super::rules::Facts {
        overridden: super::chain::overriding(&member.links, now).is_some(),
        appeal: member.row.appeal.as_ref().map(|appeal| appeal.status),
        promotion_proposed: latest.is_some_and(|result| still_fits(&result, held)),
        qualifies,
    })
}

/// Whether a proposal was made for the tier that is still held.
pub fn still_fits(result: &evaluations::EvaluationResult, held: Option<&Link>) -> bool {
    result.effect == evaluations::Effect::PromotionProposed && held.is_some_and(|held| held.at <= result.created_at)
}
