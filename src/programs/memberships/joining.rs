//! Joining and leaving programs, by a request of its own or because of what happens to the partner, and what time brings.

use super::{
    chain::{Course, Link},
    model::{MembershipRow, ProgramMembership, TierCause},
    queries::{self, Member, Why},
    rules::MACHINE,
};
use crate::{
    db::Tx,
    error::{Error, Result, codes},
    events::{self, Fact},
    http::Resource as _,
    kernel::{
        Time,
        ids::{PartnerId, ProgramId, TierId},
        states::{FailingGuard, guard},
    },
    programs::{ProgramStatus, queries as programs, specialisations},
};

/// The tier that a newcomer gets now, or the guard that fails because no version of the program is in force.
pub(super) fn entry(tx: &Tx<'_>, course: &Course, pointer: &str) -> std::result::Result<TierId, FailingGuard> {
    course.entry(tx.now).map(|tier| tier.id).ok_or_else(|| {
        guard(
            "no_version",
            pointer,
            "No version of the program is in force yet; publish one first.",
        )
    })
}

/// The partner is in the program from now on, in that tier. The program is held fast.
///
/// # Errors
/// 409 `already_exists` if it is in the program already.
pub(super) fn begin(
    tx: &mut Tx<'_>,
    course: &Course,
    program: ProgramId,
    partner: PartnerId,
    entry: TierId,
) -> Result<ProgramMembership> {
    let row = MembershipRow::new(partner, program, tx.now, tx.now);
    let links = course.from(tx.now, entry, TierCause::Entry, None);
    queries::insert(tx, course, Member { row, links }, "program_membership.created")
}

/// A partner that was accepted joins the chosen programs, each in the entry tier of the version in force. Programs that it
/// is in already stay as they are. `state` is where the partner stands, `list` the field of the request that names them.
///
/// # Errors
/// 409 `unknown_reference` for a program that does not exist; 409 `guard_failed` naming each program that nobody can join.
pub fn join_all(
    tx: &mut Tx<'_>,
    partner: PartnerId,
    chosen: &[ProgramId],
    (state, action, list): (&str, &'static str, &str),
) -> Result<Vec<ProgramMembership>> {
    let mut failing = Vec::new();
    let mut joining: Vec<(ProgramId, Course, TierId)> = Vec::new();
    for (index, id) in chosen.iter().enumerate() {
        let pointer = format!("{list}/{index}");
        let program = programs::find(tx, *id).map_err(|error| {
            error.when(&codes::NOT_FOUND, || {
                Error::unknown_reference(pointer.as_str(), "There is no such program.")
            })
        })?;
        programs::hold(tx, program.id)?;
        if program.status == ProgramStatus::Retired {
            let detail = format!("The program {} takes nobody in any more; choose another.", program.code);
            failing.push(guard("program_retired", &pointer, detail));
            continue;
        }
        let course = queries::course(tx, program.id)?;
        match entry(tx, &course, &pointer) {
            Err(guard) => failing.push(guard),
            Ok(_) if joining.iter().any(|(known, ..)| *known == program.id) => {}
            Ok(tier) => joining.push((program.id, course, tier)),
        }
    }
    if !failing.is_empty() {
        return Err(Error::guards(state, action, failing));
    }
    let mut joined = Vec::new();
    for (program, course, tier) in joining {
        let present = queries::of_partner(tx, program, partner)?;
        if present.iter().all(|member| member.row.ended_at.is_some()) {
            joined.push(begin(tx, &course, program, partner, tier)?);
        }
    }
    Ok(joined)
}

/// The membership ends now, and with it the tier.
///
/// # Errors
/// 409 `invalid_state` if it has ended.
pub(super) fn end(tx: &mut Tx<'_>, course: &Course, member: Member, reason: &str) -> Result<ProgramMembership> {
    let now = tx.now;
    MACHINE.go(member.row.standing_at(now), "leave")?;
    let after = member.row.clone().ended(reason, now, now);
    let (program, partner) = (member.row.program_id, member.row.partner_id);
    let links = vec![Link {
        at: now,
        tier: None,
        cause: TierCause::End,
        until: None,
    }];
    let kind = "program_membership.ended";
    let shown = queries::move_to(tx, course, member, after, links, Why::default(), kind)?;
    // After the membership's row is changed: whoever awards something meanwhile holds it.
    specialisations::withdraw_all(tx, program, partner, reason)?;
    Ok(shown)
}

/// The partner leaves every program that it is in. What was approved under its tiers stays as it was approved.
///
/// # Errors
/// What the database reports.
pub fn leave_all(tx: &mut Tx<'_>, partner: PartnerId, reason: &str) -> Result<()> {
    for (program, id) in queries::live_of(tx, partner)? {
        programs::hold(tx, program)?;
        let member = queries::find(tx, program, id)?;
        let course = queries::course(tx, program)?;
        end(tx, &course, member, reason)?;
    }
    Ok(())
}

/// Days back in which the end of an override that nobody was told of is still told.
const TOLD_WITHIN_DAYS: i64 = 3;
const OVERRIDE_ENDED: &str = "program_membership.override_ended";

/// Tells of at most so many overrides that ended by the clock in the last days, once each; tells how many. The chain of
/// tiers has held the return since the override was set: this changes nothing, and may come late.
///
/// # Errors
/// What the database reports.
pub fn tell_override_ends(tx: &mut Tx<'_>, most: i64) -> Result<usize> {
    let now = tx.now;
    let most = usize::try_from(most).unwrap_or(usize::MAX);
    let mut told = 0;
    for (program, id, at) in queries::overrides_ended(tx, now.plus_days(-TOLD_WITHIN_DAYS), now)? {
        if told == most {
            break;
        }
        // Who ended it by hand told of it then.
        if events::queries::told_since(tx, (ProgramMembership::TYPE, &id.to_string()), OVERRIDE_ENDED, at)? {
            continue;
        }
        let member = queries::find(tx, program, id)?;
        let course = queries::course(tx, program)?;
        let before = member.shown(&course, Time::from_micros(at.micros() - 1));
        tx.record(Fact::changed(OVERRIDE_ENDED, &before, &member.shown(&course, now)))?;
        told += 1;
    }
    Ok(told)
}
