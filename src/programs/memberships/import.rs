//! Memberships that come with the vendor's history, or with the demo's.

use super::{
    chain::{Course, Link},
    model::{MembershipRow, TierCause},
    queries::{self, Member, Why},
};
use crate::{
    db::Tx,
    error::{Error, Result},
    kernel::{
        Time,
        ids::{PartnerId, ProgramId, ProgramMembershipId, TierId},
    },
    programs::queries as programs,
};

/// A tier that was held from a moment on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ImportedTier {
    /// From when.
    pub valid_from: Time,
    /// The tier; `programs::tier_named` finds it.
    pub tier: TierId,
}

/// A membership with its whole history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportedMembership {
    /// The partner.
    pub partner_id: PartnerId,
    /// The program.
    pub program_id: ProgramId,
    /// The tiers, in any order. The membership begins with the first.
    pub tiers: Vec<ImportedTier>,
    /// When and why it ended, if it did.
    pub ended: Option<(Time, String)>,
}

/// Adds the last known tier of a membership. Versions that were published ahead take the member along from it. Tells
/// whether it was new.
fn go_on_from(tx: &mut Tx<'_>, course: &Course, member: Member, last: Link) -> Result<bool> {
    let now = tx.now;
    if member.links.iter().any(|known| known.at == last.at) {
        return Ok(false);
    }
    let is_latest = member.links.iter().all(|known| known.at < last.at || known.at > now);
    let (Some(tier), true, None) = (last.tier, is_latest, member.row.ended_at) else {
        return Ok(queries::add_missing(tx, course, &member, &[last])? > 0);
    };
    let ahead = course.from(last.at.max(now), tier, TierCause::Import, None);
    let links = std::iter::once(last).chain(ahead.into_iter().skip(1)).collect();
    let after = MembershipRow {
        revision: member.row.revision + 1,
        updated_at: now,
        ..member.row.clone()
    };
    let kind = "program_membership.updated";
    queries::move_to(tx, course, member, after, links, Why::default(), kind)?;
    Ok(true)
}

/// Stores a membership that comes with the history; guards about time are skipped. It can be repeated: a membership that
/// is there gets only the starts that it lacks. Tells which one it is, and whether anything was new.
///
/// # Errors
/// `unknown_reference` if partner, program or tier do not exist; 422 for tiers that were held before a membership that is
/// known.
pub fn insert_membership_imported(
    tx: &mut Tx<'_>,
    imported: &ImportedMembership,
) -> Result<(ProgramMembershipId, bool)> {
    programs::hold(tx, imported.program_id)?;
    let course = queries::course(tx, imported.program_id)?;
    let mut links: Vec<Link> = imported
        .tiers
        .iter()
        .map(|held| Link {
            at: held.valid_from,
            tier: Some(held.tier),
            cause: TierCause::Import,
            until: None,
        })
        .collect();
    links.sort_by_key(|link| link.at);
    links.dedup_by_key(|link| link.at);
    let first = links.first().map_or(tx.now, |link| link.at);
    let there = queries::of_partner(tx, imported.program_id, imported.partner_id)?;
    let there = there
        .into_iter()
        .find(|member| match (&imported.ended, member.row.ended_at) {
            (Some((ended, _)), Some(known)) => known == *ended,
            (None, None) => true,
            _ => false,
        });
    if let Some(member) = there {
        if links.last().is_some_and(|last| last.at < member.row.joined_at) {
            let detail = format!(
                "the membership that is known begins on {}; what was held before is imported before it",
                member.row.joined_at.date()
            );
            return Err(Error::field("#/valid_from", "before_membership", detail));
        }
        // What lies before the membership that is known is no part of it.
        links.retain(|link| link.at >= member.row.joined_at);
        if let Some(last) = links.pop() {
            let added = queries::add_missing(tx, &course, &member, &links)? > 0;
            return Ok((member.row.id, go_on_from(tx, &course, member, last)? || added));
        }
        return Ok((member.row.id, false));
    }
    match &imported.ended {
        Some((ended, _)) => {
            links.retain(|link| link.at < *ended);
            links.push(Link {
                at: *ended,
                tier: None,
                cause: TierCause::End,
                until: None,
            });
        }
        None => {
            // A version that was published ahead takes this member along too.
            if let Some(Link {
                at, tier: Some(tier), ..
            }) = links.last().cloned()
            {
                let ahead = course.from(at.max(tx.now), tier, TierCause::Import, None);
                links.extend(ahead.into_iter().skip(1));
            }
        }
    }
    let row = MembershipRow::new(imported.partner_id, imported.program_id, first, tx.now);
    let row = match &imported.ended {
        Some((ended, reason)) => MembershipRow {
            revision: 1,
            ..row.ended(reason, *ended, tx.now)
        },
        None => row,
    };
    let shown = queries::insert(tx, &course, Member { row, links }, "program_membership.created")?;
    Ok((shown.id, true))
}
