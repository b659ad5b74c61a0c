//! What a partner's tier gives at a moment: for those who copy it into a decision.

use std::collections::BTreeMap;

use diesel::prelude::*;

use super::model::AssignmentRow;
use crate::{
    db::Tx,
    error::Result,
    kernel::{
        Money, Time,
        ids::{PartnerId, ProgramId, ProgramMembershipId, TierId},
    },
    programs::{evaluations::rules::rule_version, tiers::Tier},
    schema::{programs, tier_assignments, tier_versions},
};

/// The terms of a tier, to be copied into what is decided under them.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct TierTerms {
    /// The program.
    pub program_id: ProgramId,
    /// The tier.
    pub tier_id: TierId,
    /// Its name.
    pub name: String,
    /// Its rank: 1 is the entry tier.
    pub rank: i64,
    /// The rules it belongs to: program, version, and the version of the metrics' definitions.
    pub rule_version: String,
    /// Discount on registered deals, in hundredths of a percent.
    pub discount_basis_points: Option<i64>,
    /// How many days an approved registration is protected, in place of the policy's.
    pub protection_days: Option<i64>,
    /// The weight when leads are routed; 100 is usual.
    pub lead_weight: Option<i64>,
    /// Up to which amount a registration without conflict is approved at once.
    pub auto_approval_limit: Option<Money>,
}

/// The terms of the tier that a partner holds at a moment; nothing if it is in no program.
///
/// One that is in several has the terms of one tier, not a mixture: the one with the highest discount, then the highest
/// rank, then the one it has held longest. The caller must have found the partner by its own rows: this reads a fact of
/// the vendor's, and asks not again who may see it.
///
/// # Errors
/// What the database reports.
pub fn tier_at(tx: &mut Tx<'_>, partner: PartnerId, at: Time) -> Result<Option<TierTerms>> {
    let rows: Vec<Held> = tier_assignments::table
        .inner_join(programs::table.on(programs::id.eq(tier_assignments::program_id)))
        .left_join(tier_versions::table.on(tier_versions::id.nullable().eq(tier_assignments::tier_version_id)))
        .filter(tier_assignments::partner_id.eq(partner))
        .filter(tier_assignments::valid_from.le(at))
        .order((tier_assignments::program_id, tier_assignments::valid_from))
        .select((AssignmentRow::as_select(), Option::<Tier>::as_select(), programs::code))
        .load(tx.conn())?;
    Ok(best(rows))
}

/// The tiers of one membership.
#[derive(Debug, Clone)]
pub struct TiersOfMember {
    /// The membership.
    pub membership_id: ProgramMembershipId,
    /// The program.
    pub program_id: ProgramId,
    /// Its code.
    pub program_code: String,
    /// When each tier begins, in order, with those that are to come; none where the membership ends.
    pub starts: Vec<(Time, Option<Tier>)>,
}

/// The tiers of every membership that a partner has or had. The caller must have found the partner by its own rows.
///
/// # Errors
/// What the database reports.
pub fn tiers_of_partner(tx: &mut Tx<'_>, partner: PartnerId) -> Result<Vec<TiersOfMember>> {
    let rows: Vec<Held> = tier_assignments::table
        .inner_join(programs::table.on(programs::id.eq(tier_assignments::program_id)))
        .left_join(tier_versions::table.on(tier_versions::id.nullable().eq(tier_assignments::tier_version_id)))
        .filter(tier_assignments::partner_id.eq(partner))
        .order((
            tier_assignments::program_id,
            tier_assignments::membership_id,
            tier_assignments::valid_from,
        ))
        .select((AssignmentRow::as_select(), Option::<Tier>::as_select(), programs::code))
        .load(tx.conn())?;
    let mut members: Vec<TiersOfMember> = Vec::new();
    for (link, tier, code) in rows {
        let start = (link.valid_from, tier);
        match members.last_mut() {
            Some(member) if member.membership_id == link.membership_id => member.starts.push(start),
            _ => members.push(TiersOfMember {
                membership_id: link.membership_id,
                program_id: link.program_id,
                program_code: code,
                starts: vec![start],
            }),
        }
    }
    Ok(members)
}

/// A link of a partner's chain, with its tier and the code of its program.
type Held = (AssignmentRow, Option<Tier>, String);

/// Every tier that any partner ever held.
#[derive(Debug, Default)]
pub struct TiersHeld(BTreeMap<PartnerId, Vec<Held>>);

impl TiersHeld {
    /// The terms of the tier that a partner held at a moment, as [`tier_at`] tells them.
    pub fn at(&self, partner: PartnerId, at: Time) -> Option<TierTerms> {
        let links = self.0.get(&partner)?;
        best(links.iter().filter(|(link, ..)| link.valid_from <= at).cloned())
    }
}

/// Every tier that any partner ever held: for those who look at many partners at many moments.
///
/// # Errors
/// What the database reports.
pub fn tiers_held(tx: &mut Tx<'_>) -> Result<TiersHeld> {
    let rows: Vec<Held> = tier_assignments::table
        .inner_join(programs::table.on(programs::id.eq(tier_assignments::program_id)))
        .left_join(tier_versions::table.on(tier_versions::id.nullable().eq(tier_assignments::tier_version_id)))
        .order((
            tier_assignments::partner_id,
            tier_assignments::program_id,
            tier_assignments::valid_from,
        ))
        .select((AssignmentRow::as_select(), Option::<Tier>::as_select(), programs::code))
        .load(tx.conn())?;
    let mut held = TiersHeld::default();
    for row in rows {
        held.0.entry(row.0.partner_id).or_default().push(row);
    }
    Ok(held)
}

/// The best of the tiers in force, out of links by program and start.
fn best(rows: impl IntoIterator<Item = Held>) -> Option<TierTerms> {
    let mut in_force: Vec<Held> = Vec::new();
    for row in rows {
        // In the order of a program's chain, the last link is the one in force.
        match in_force.last_mut() {
            Some(last) if last.0.program_id == row.0.program_id => *last = row,
            _ => in_force.push(row),
        }
    }
    let held = in_force
        .into_iter()
        .filter_map(|(link, tier, code)| Some((link, tier?, code)));
    let best = held.max_by_key(|(link, tier, _)| {
        (
            tier.benefits.discount_basis_points.unwrap_or(0),
            tier.rank,
            std::cmp::Reverse(link.valid_from),
        )
    });
    best.map(|(_, tier, code)| TierTerms {
        program_id: tier.program_id,
        tier_id: tier.id,
        rank: tier.rank,
        rule_version: rule_version(&code, tier.version),
        discount_basis_points: tier.benefits.discount_basis_points,
        protection_days: tier.benefits.protection_days,
        lead_weight: tier.benefits.lead_weight,
        auto_approval_limit: tier.benefits.auto_approval_limit,
        name: tier.name,
    })
}
