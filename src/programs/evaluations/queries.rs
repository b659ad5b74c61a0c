//! The only file that knows the tables of evaluations.

use diesel::prelude::*;

use super::{
    model::{
        Effect, Evaluation, EvaluationFilter, EvaluationMode, EvaluationResult, EvaluationResultFilter, EvaluationSort,
        NewEvaluation, Proposal, TierFinding,
    },
    rules,
};
use crate::{
    db::{Clause, Tx},
    error::{Error, Result, codes},
    events::Fact,
    kernel::{
        Stored, Time,
        ids::{EvaluationId, PartnerId, ProgramId, ProgramMembershipId},
        page::{Order, Page, Paging},
        states::guard,
    },
    load_page,
    programs::{
        memberships::{
            Risk, Standing, TierCause,
            chain::{Course, Link, in_force, overriding},
            queries::{self as memberships, Member, Why},
        },
        metrics::{self, Population},
        model::Program,
        queries as programs,
        tiers::{ProgramVersion, Tier, queries as tiers, rules::counterpart},
    },
    schema::{evaluation_results, evaluation_runs},
};

/// How many results are stored in one statement.
const CHUNK: usize = 200;

/// One page of a program's evaluations.
///
/// # Errors
/// What the database reports.
pub fn page(
    tx: &mut Tx<'_>,
    program: ProgramId,
    filter: &EvaluationFilter,
    paging: &Paging,
) -> Result<Page<Evaluation>> {
    let sort = filter.sort.unwrap_or(EvaluationSort::CreatedDescending);
    let mut clause = visible(tx);
    clause
        .equals("evaluation_runs.program_id", &program)
        .one_of_some("evaluation_runs.mode", filter.mode.as_ref());
    let rows = load_page!(tx, evaluation_runs::table => Evaluation, clause, sort.order(), paging)?;
    Ok(Page::of(rows, paging, |row| {
        (row.created_at.into(), row.id.to_string())
    }))
}

/// An evaluation of a program.
///
/// # Errors
/// 404 if there is none, or it looked at a partner that the caller may not see.
pub fn find(tx: &mut Tx<'_>, program: ProgramId, id: EvaluationId) -> Result<Evaluation> {
    let mut clause = visible(tx);
    clause.equals("evaluation_runs.program_id", &program);
    Ok(evaluation_runs::table
        .find(id)
        .filter(clause)
        .select(Evaluation::as_select())
        .get_result(tx.conn())?)
}

/// Evaluations of all members, and those of one partner whose rows the caller may see.
fn visible(tx: &Tx<'_>) -> Clause {
    let mut clause = Clause::all();
    if let crate::auth::Rows::Partners(partners) = tx.caller().rows() {
        clause
            .sql(" AND (evaluation_runs.partner_id IS NULL OR TRUE")
            .one_of("evaluation_runs.partner_id", partners)
            .sql(")");
    }
    clause
}

/// One page of what an evaluation found, for the partners whose rows the caller may see.
///
/// # Errors
/// What the database reports.
pub fn result_page(
    tx: &mut Tx<'_>,
    evaluation: EvaluationId,
    filter: &EvaluationResultFilter,
    paging: &Paging,
) -> Result<Page<EvaluationResult>> {
    let mut clause = Clause::rows_of(tx.caller(), "evaluation_results.partner_id");
    clause
        .equals("evaluation_results.run_id", &evaluation)
        .equals_some("evaluation_results.partner_id", filter.partner_id.as_ref())
        .one_of_some("evaluation_results.proposal", filter.proposal.as_ref())
        .one_of_some("evaluation_results.effect", filter.effect.as_ref());
    let order = Order {
        column: "evaluation_results.created_at",
        id: "evaluation_results.id",
        descending: false,
    };
    let rows = load_page!(tx, evaluation_results::table => EvaluationResult, clause, order, paging)?;
    Ok(Page::of(rows, paging, |row| {
        (row.created_at.into(), row.id.to_string())
    }))
}

/// What the latest committed evaluation, or the one named, found for a member.
///
/// # Errors
/// What the database reports.
pub fn latest_committed(
    tx: &mut Tx<'_>,
    membership: ProgramMembershipId,
    evaluation: Option<EvaluationId>,
) -> Result<Option<EvaluationResult>> {
    let mut clause = Clause::rows_of(tx.caller(), "evaluation_results.partner_id");
    clause
        .equals("evaluation_results.membership_id", &membership)
        .equals("evaluation_runs.mode", &EvaluationMode::Commit)
        .equals_some("evaluation_runs.id", evaluation.as_ref());
    Ok(evaluation_results::table
        .inner_join(evaluation_runs::table.on(evaluation_runs::id.eq(evaluation_results::run_id)))
        .filter(clause)
        .order((evaluation_results::created_at.desc(), evaluation_results::id.desc()))
        .select(EvaluationResult::as_select())
        .first(tx.conn())
        .optional()?)
}

/// How the tiers of a version come out for one partner.
///
/// # Errors
/// What the database reports.
pub fn findings(
    tx: &mut Tx<'_>,
    version: &ProgramVersion,
    tiers: &[Tier],
    partner: PartnerId,
    as_of: Time,
) -> Result<Vec<TierFinding>> {
    let figures = metrics::measure(tx, Population::Partner(partner), questions(version, tiers), as_of)?;
    Ok(rules::judge(tiers, version.currency, &figures, partner, as_of))
}

fn questions(version: &ProgramVersion, tiers: &[Tier]) -> Vec<metrics::Asked> {
    tiers
        .iter()
        .flat_map(|tier| tier.criteria.iter())
        .map(|criterion| rules::asked(criterion, version.currency))
        .collect()
}

/// The version that an evaluation judges by.
fn version_of(tx: &mut Tx<'_>, program: &Program, new: &NewEvaluation, as_of: Time) -> Result<ProgramVersion> {
    let in_force = tiers::version_at(tx, program.id, tx.now)?;
    let mut failing = Vec::new();
    let mut guard = |code: &str, pointer: &str, detail: &str| failing.push(guard(code, pointer, detail));
    if as_of > tx.now {
        guard(
            "in_future",
            "#/as_of",
            "What is to come has no figures yet; choose a moment that has passed.",
        );
    }
    let asked = match new.version {
        Some(version) => Some(tiers::find_version(tx, program.id, version).map_err(|error| {
            error.when(&codes::NOT_FOUND, || {
                Error::unknown_reference("#/version", "The program has no such version.")
            })
        })?),
        None => in_force.clone(),
    };
    if asked.is_none() {
        guard(
            "no_version",
            "#/version",
            "No version of the program is in force; publish one, or name a draft to preview.",
        );
    }
    let differs = asked.as_ref().map(|version| version.version) != in_force.as_ref().map(|version| version.version);
    if new.mode == EvaluationMode::Commit && asked.is_some() && differs {
        guard(
            "not_in_force",
            "#/version",
            "Only the version in force now can be committed; preview any other.",
        );
    }
    match asked {
        Some(version) if failing.is_empty() => Ok(version),
        _ => Err(Error::guards(program.status, "evaluate", failing)),
    }
}

/// Evaluates the members of a program, stores what it finds, and in commit mode does what follows.
///
/// # Errors
/// 409 `guard_failed` naming what stands in the way, `unknown_reference` for a version or partner that there is not.
pub fn run(tx: &mut Tx<'_>, program: &Program, new: &NewEvaluation) -> Result<Evaluation> {
    let commit = new.mode == EvaluationMode::Commit;
    if commit {
        programs::hold(tx, program.id)?;
    }
    let as_of = new.as_of.unwrap_or(tx.now);
    let version = version_of(tx, program, new, as_of)?;
    let ladder = tiers::tiers_of(tx, program.id, version.version)?;
    let course = memberships::course(tx, program.id)?;
    let members = memberships::members(tx, program.id, new.partner_id, as_of, commit)?;
    if new.partner_id.is_some() && members.is_empty() {
        return Err(Error::unknown_reference(
            "#/partner_id",
            "The partner was no member of the program at that moment.",
        ));
    }
    let population = new
        .partner_id
        .map_or(Population::Members(program.id), Population::Partner);
    let figures = metrics::measure(tx, population, questions(&version, &ladder), as_of)?;
    let evaluation = Evaluation {
        id: tx.new_id(),
        program_id: program.id,
        version: version.version,
        as_of,
        rule_version: rules::rule_version(&program.code, version.version),
        mode: new.mode,
        partner_id: new.partner_id,
        evaluated: 0,
        promotions: 0,
        demotions: 0,
        created_by: tx.caller().actor_text(),
        created_at: tx.now,
    };
    let mut results = Vec::with_capacity(members.len());
    for member in &members {
        let found = rules::judge(&ladder, version.currency, &figures, member.row.partner_id, as_of);
        results.extend(outcome(tx, &evaluation, &version, &ladder, &course, member, found));
    }
    let count = |wanted: Proposal| results.iter().filter(|result| result.proposal == wanted).count();
    let whole = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
    let evaluation = Evaluation {
        evaluated: whole(results.len()),
        promotions: whole(count(Proposal::Promote)),
        demotions: whole(count(Proposal::Demote)),
        ..evaluation
    };
    store(tx, &evaluation, &results)?;
    if commit {
        for (member, result) in members.into_iter().zip(&results) {
            act(tx, &course, &version, member, result)?;
        }
    }
    Ok(evaluation)
}

/// What was found for a member, and what will be done about it. None if the version has no tier.
fn outcome(
    tx: &Tx<'_>,
    evaluation: &Evaluation,
    version: &ProgramVersion,
    ladder: &[Tier],
    course: &Course,
    member: &Member,
    found: Vec<TierFinding>,
) -> Option<EvaluationResult> {
    let deserved = rules::due(&found).map(|finding| (finding.tier_id, finding.rank))?;
    let rank_at = |at: Time| in_force(&member.links, at).and_then(|link| held(course, ladder, link));
    let then = rank_at(evaluation.as_of);
    let proposal = then.map_or(Proposal::Promote, |tier| rules::propose(tier.rank, deserved.1));
    let effect = match evaluation.mode {
        EvaluationMode::Preview => Effect::None,
        // What is done depends on the tier that is held by now.
        EvaluationMode::Commit => rank_at(tx.now).map_or(Effect::None, |now| {
            let overridden = overriding(&member.links, tx.now).is_some();
            let proposal = rules::propose(now.rank, deserved.1);
            rules::effect(
                proposal,
                member.row.standing_at(tx.now),
                overridden,
                version.auto_promote,
            )
        }),
    };
    Some(EvaluationResult {
        id: tx.new_id(),
        run_id: evaluation.id,
        program_id: evaluation.program_id,
        partner_id: member.row.partner_id,
        membership_id: member.row.id,
        current_tier_id: then.map(|tier| tier.id),
        proposed_tier_id: deserved.0,
        proposal,
        effect,
        criteria: Stored(found),
        created_at: tx.now,
    })
}

/// The tier of a link as it stands in another version.
fn held<'a>(course: &Course, ladder: &'a [Tier], link: &Link) -> Option<&'a Tier> {
    let tier = course.tier(link.tier?)?;
    ladder
        .iter()
        .find(|other| other.id == tier.id)
        .or_else(|| counterpart(&tier.name_key, tier.rank, ladder))
}

fn store(tx: &mut Tx<'_>, evaluation: &Evaluation, results: &[EvaluationResult]) -> Result<()> {
    diesel::insert_into(evaluation_runs::table)
        .values(evaluation)
        .execute(tx.conn())?;
    for chunk in results.chunks(CHUNK) {
        diesel::insert_into(evaluation_results::table)
            .values(chunk)
            .execute(tx.conn())?;
    }
    tx.record(Fact::created("tier_evaluation.completed", evaluation))
}

/// Does what a committed evaluation found to be done.
fn act(
    tx: &mut Tx<'_>,
    course: &Course,
    version: &ProgramVersion,
    member: Member,
    result: &EvaluationResult,
) -> Result<()> {
    let now = tx.now;
    let before = member.row.clone();
    let (after, kind) = match result.effect {
        Effect::Promoted => {
            let links = course.from(now, result.proposed_tier_id, TierCause::Evaluation, None);
            let why = Why {
                result: Some(result.id),
                ..Why::default()
            };
            return memberships::move_to(
                tx,
                course,
                member,
                before.settled(now),
                links,
                why,
                "program_membership.promoted",
            )
            .map(|_| ());
        }
        Effect::Recovered => (before.settled(now), "program_membership.recovered"),
        Effect::PutAtRisk => {
            let held = in_force(&member.links, now).and_then(|link| link.tier);
            let failing = result.criteria.iter().filter(|finding| Some(finding.tier_id) == held);
            let risk = Risk {
                since: now,
                evaluation_id: result.run_id,
                target_tier_id: result.proposed_tier_id,
                failing: failing
                    .flat_map(|finding| finding.criteria.iter())
                    .filter(|one| !one.pass)
                    .cloned()
                    .collect(),
            };
            (
                before.warned(risk, now.plus_days(version.notice_days), now),
                "program_membership.put_at_risk",
            )
        }
        Effect::DemotionDue if before.standing == Standing::AtRisk => {
            (before.due(now), "program_membership.demotion_due")
        }
        Effect::PromotionProposed if before.standing != Standing::Current => {
            (before.settled(now), "program_membership.recovered")
        }
        Effect::None
        | Effect::PromotionProposed
        | Effect::NoticeRunning
        | Effect::DemotionDue
        | Effect::HeldByOverride => return Ok(()),
    };
    memberships::save(tx, course, member, after, kind).map(|_| ())
}
