//! What an award, a renewal and a withdrawal do, one after the other.

use std::collections::BTreeMap;

use super::{
    model::{
        AwardRow, AwardStatus, NewSpecialisationAward, PartnerSpecialisation, Specialisation, SpecialisationAward,
        SpecialisationAwardActions, SpecialisationRenewal,
    },
    queries,
    rules::Grounds,
};
use crate::{
    auth::permissions::may_call,
    db::Tx,
    error::{Error, Result, codes},
    events::{self, Fact},
    http::{IfMatch, Resource as _},
    kernel::{
        Time,
        ids::{PartnerId, ProgramId, SpecialisationAwardId, SpecialisationId},
    },
    partners,
    programs::{
        evaluations::{
            CriterionResult,
            rules::{asked, judge_criterion},
        },
        memberships::queries as memberships,
        metrics::{self, Figures, Population},
        queries as programs,
    },
};

/// What the records say of a partner, for the criteria of those specialisations.
fn figures<'a>(
    tx: &mut Tx<'_>,
    specialisations: impl Iterator<Item = &'a Specialisation>,
    partner: PartnerId,
    as_of: Time,
) -> Result<Figures> {
    let questions: Vec<metrics::Asked> = specialisations
        .flat_map(|one| one.criteria.iter().map(|criterion| asked(criterion, one.currency)))
        .collect();
    metrics::measure(tx, Population::Partner(partner), questions, as_of)
}

fn judged(one: &Specialisation, figures: &Figures, partner: PartnerId, as_of: Time) -> Vec<CriterionResult> {
    one.criteria
        .iter()
        .map(|criterion| judge_criterion(criterion, one.currency, figures, partner, as_of))
        .collect()
}

/// How the criteria come out now, and whether the partner is a member of the program; who is to be awarded something is
/// held fast, so that it does not leave meanwhile.
fn examined(
    tx: &mut Tx<'_>,
    specialisation: &Specialisation,
    partner: PartnerId,
    hold: bool,
) -> Result<(Vec<CriterionResult>, bool)> {
    let now = tx.now;
    let figures = figures(tx, std::iter::once(specialisation), partner, now)?;
    let findings = judged(specialisation, &figures, partner, now);
    let members = memberships::members(tx, specialisation.program_id, Some(partner), now, hold)?;
    Ok((findings, !members.is_empty()))
}

/// Awards a specialisation.
///
/// # Errors
/// 409 `unknown_reference` for a specialisation or a partner that does not exist; `guard_failed` naming everything that
/// stands in the way; `already_exists` if another award holds at the same time.
pub fn award(tx: &mut Tx<'_>, new: &NewSpecialisationAward) -> Result<SpecialisationAward> {
    let unknown = |pointer: &'static str, detail: &'static str| {
        move |error: Error| error.when(&codes::NOT_FOUND, || Error::unknown_reference(pointer, detail))
    };
    let specialisation = queries::find(tx, new.specialisation_id)
        .map_err(unknown("#/specialisation_id", "There is no such specialisation."))?;
    partners::status(tx, new.partner_id).map_err(unknown("#/partner_id", "There is no such partner."))?;
    programs::hold(tx, specialisation.program_id)?;
    let (findings, member) = examined(tx, &specialisation, new.partner_id, true)?;
    let grounds = Grounds {
        specialisation: &specialisation,
        findings: &findings,
        member,
    };
    let row = AwardRow::new(new, &grounds, tx.now)?;
    queries::insert_award(tx, row)
}

/// Gives an award more time.
///
/// # Errors
/// 404 if there is none; what [`AwardRow::renewed`] refuses.
pub fn renew(
    tx: &mut Tx<'_>,
    id: SpecialisationAwardId,
    seen: IfMatch,
    renewal: &SpecialisationRenewal,
) -> Result<SpecialisationAward> {
    let before = queries::find_award(tx, id)?;
    seen.check(before.revision)?;
    let specialisation = queries::find(tx, before.specialisation_id)?;
    let (findings, member) = examined(tx, &specialisation, before.partner_id, true)?;
    let grounds = Grounds {
        specialisation: &specialisation,
        findings: &findings,
        member,
    };
    let after = before
        .clone()
        .renewed(renewal.basis, renewal.reason.as_deref(), &grounds, tx.now)?;
    queries::save_award(tx, before, after, "specialisation_award.renewed")
}

/// What can be done with an award now.
///
/// # Errors
/// 404 if there is none.
pub fn actions(tx: &mut Tx<'_>, id: SpecialisationAwardId) -> Result<SpecialisationAwardActions> {
    let row = queries::find_award(tx, id)?;
    let specialisation = queries::find(tx, row.specialisation_id)?;
    let (findings, member) = examined(tx, &specialisation, row.partner_id, false)?;
    let grounds = Grounds {
        specialisation: &specialisation,
        findings: &findings,
        member,
    };
    let caller = tx.caller();
    Ok(SpecialisationAwardActions {
        data: row.actions(&grounds, tx.now, |operation| may_call(caller, operation)),
    })
}

/// Takes an award back.
///
/// # Errors
/// 404 if there is none; 409 `invalid_state` if it has ended.
pub fn withdraw(
    tx: &mut Tx<'_>,
    id: SpecialisationAwardId,
    seen: IfMatch,
    reason: &str,
) -> Result<SpecialisationAward> {
    let before = queries::find_award(tx, id)?;
    seen.check(before.revision)?;
    let after = before.clone().withdrawn(reason, tx.now)?;
    queries::save_award(tx, before, after, "specialisation_award.withdrawn")
}

/// A partner left a program: it loses what the program awarded it and has not ended.
///
/// # Errors
/// What the database reports.
pub fn withdraw_all(tx: &mut Tx<'_>, program: ProgramId, partner: PartnerId, reason: &str) -> Result<()> {
    let now = tx.now;
    for before in queries::of_member(tx, program, partner)? {
        if matches!(before.status_at(now), AwardStatus::Valid | AwardStatus::Upcoming) {
            let after = before.clone().withdrawn(reason, now)?;
            queries::save_award(tx, before, after, "specialisation_award.withdrawn")?;
        }
    }
    Ok(())
}

/// Days back in which an end that nobody was told of is still told.
const TOLD_WITHIN_DAYS: i64 = 3;
const EXPIRED: &str = "specialisation_award.expired";

/// Tells of at most so many awards whose time was up in the last days, once each; tells how many. They ended by the clock:
/// this changes nothing, and may come late.
///
/// # Errors
/// What the database reports.
pub fn tell_ends(tx: &mut Tx<'_>, most: i64) -> Result<usize> {
    let now = tx.now;
    let most = usize::try_from(most).unwrap_or(usize::MAX);
    let mut told = 0;
    for row in queries::ended_between(tx, now.plus_days(-TOLD_WITHIN_DAYS), now)? {
        if told == most {
            break;
        }
        let Some(end) = row.valid_until else { continue };
        let before = row.clone().shown(Time::from_micros(end.micros() - 1));
        if !events::queries::told_since(tx, (SpecialisationAward::TYPE, &before.id()), EXPIRED, end)? {
            tx.record(Fact::changed(EXPIRED, &before, &row.shown(now)))?;
            told += 1;
        }
    }
    Ok(told)
}

/// The award with that id and what its specialisation is called, for what people are told of it; nothing if there is none.
///
/// # Errors
/// What the database reports.
pub fn named(tx: &mut Tx<'_>, id: SpecialisationAwardId) -> Result<Option<(SpecialisationAward, String)>> {
    let now = tx.now;
    let row = match queries::find_award(tx, id) {
        Err(error) if error.is(&codes::NOT_FOUND) => return Ok(None),
        found => found?,
    };
    let specialisation = queries::find(tx, row.specialisation_id)?;
    Ok(Some((row.shown(now), specialisation.name)))
}

/// How a partner stands to the specialisations of its programs at a moment, and to those that it was awarded.
///
/// # Errors
/// What the database reports.
pub fn standing(tx: &mut Tx<'_>, partner: PartnerId, as_of: Time) -> Result<Vec<PartnerSpecialisation>> {
    // What began last stands last: of awards that have begun it is the one to show.
    let mut awards: BTreeMap<SpecialisationId, AwardRow> = BTreeMap::new();
    for row in queries::of_partner(tx, partner)? {
        if row.valid_from <= as_of {
            awards.insert(row.specialisation_id, row);
        }
    }
    let programs = memberships::programs_at(tx, partner, as_of)?;
    let awarded: Vec<SpecialisationId> = awards.keys().copied().collect();
    let all = queries::awarded_by(tx, &programs, &awarded)?;
    let figures = figures(tx, all.iter(), partner, as_of)?;
    let standing = all.into_iter().map(|one| {
        let criteria = judged(&one, &figures, partner, as_of);
        let award = awards.remove(&one.id).map(|row| row.shown(as_of));
        PartnerSpecialisation {
            specialisation_id: one.id,
            program_id: one.program_id,
            code: one.code,
            name: one.name,
            held: award.as_ref().is_some_and(|award| award.status == AwardStatus::Valid),
            award,
            met: criteria.iter().all(|criterion| criterion.pass),
            criteria,
        }
    });
    Ok(standing.collect())
}
