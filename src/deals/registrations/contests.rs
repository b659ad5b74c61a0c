//! Conflict cases on registrations: how one is opened, and what its decision does.
//!
//! - A case names the registration that comes to a scope, and those that are protected on it, in the order in which they were
//!   received. Nothing is taken from anybody until it is decided.
//! - Its decision moves the protections in the same transaction. Who wins has the scope: what is contested of it is in force
//!   from then on, for the time that was left of it, and what the others of the case hold of it ends. A registration that is
//!   before the vendor again because its appeal was upheld is granted at once if whoever decides the case may decide every step of
//!   its chain; else the scope is free for it, and its chain goes on: a case says whose the scope is among those who claim it,
//!   not that the deal is one to be granted. Who loses keeps its registration, without the protection. Those who share are
//!   protected side by side.
//! - Whatever was decided, the database refuses a protection that overlaps another one.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    approvals, chains,
    history::{self, Entry},
    queries,
    rows::Registration,
    rules,
    states::DealAxis,
    view,
};
use crate::{
    customers::{
        self,
        cases::{self, CaseFact, CaseType, ClaimOutcome, ConflictCase, ConflictCaseClaim, NewCase, NewCaseClaim},
    },
    db::Tx,
    deals::protection::{self, ProtectionRow, Verdict},
    error::Result,
    kernel::{
        Time,
        ids::{CaseId, DealId, ProtectionId},
    },
    policies,
};

/// Why something happens to a registration, as its history tells both sides.
#[derive(Debug, Clone, Copy)]
pub struct Why<'a> {
    /// As a code.
    pub code: &'static str,
    /// In words.
    pub text: &'a str,
}

impl Why<'_> {
    /// An entry that says so.
    pub fn told(self, entry: Entry) -> Entry {
        entry.because(Some(self.code.to_owned()), Some(self.text.chars().take(2000).collect()))
    }
}

/// Tells of a registration whose protection has moved since it was read: it counts as changed.
///
/// # Errors
/// What the database reports.
pub fn moved(
    tx: &mut Tx<'_>,
    before: &Registration,
    (kind, action): (&'static str, &'static str),
    why: Why<'_>,
) -> Result<()> {
    let (id, now) = (before.deal.id, tx.now);
    queries::write(tx, before, &before.clone().touched(now))?;
    let after = queries::find(tx, id)?;
    queries::tell(tx, before, &after, kind)?;
    let state = |one: &Registration| view::protection(&one.windows, rules::status_at(one, now), now).state;
    let entry = Entry::action(action).moved(DealAxis::Protection, state(before), state(&after));
    history::note(tx, id, why.told(entry))
}

/// What a case is about.
#[derive(Debug, Clone)]
pub struct Dispute {
    /// Its type.
    pub case_type: CaseType,
    /// What it is about, in a sentence.
    pub summary: String,
    /// What led to it.
    pub cause: String,
    /// From when the registration claims the scope.
    pub from: Time,
    /// What of the registration is contested, if it is there already.
    pub protection: Option<ProtectionId>,
}

/// Opens a case between a registration and those that are protected on its scope: whose was received first comes first.
/// Nothing if there are none.
///
/// # Errors
/// What the database reports.
pub fn open(
    tx: &mut Tx<'_>,
    registration: &Registration,
    dispute: &Dispute,
    held: &[ProtectionRow],
) -> Result<Option<CaseId>> {
    let (Some(any), deal) = (held.first(), &registration.deal) else {
        return Ok(None);
    };
    let mut detail = vec![fact("cause", dispute.cause.clone())];
    let mut rivals: BTreeMap<DealId, &ProtectionRow> = BTreeMap::new();
    for row in held {
        detail.extend([
            fact("product", row.product_id.to_string()),
            fact("territory", row.territory_id.to_string()),
            fact("overlap_from", dispute.from.max(row.starts_at).to_string()),
            fact("overlap_until", row.ends_at.to_string()),
        ]);
        rivals.entry(row.deal_id).or_insert(row);
    }
    detail.truncate(MOST_FACTS);
    let places = queries::places(tx, &rivals.keys().copied().collect::<Vec<_>>())?;
    let mut sides = vec![(
        (deal.received_at.unwrap_or(dispute.from), deal.seq),
        NewCaseClaim {
            partner_id: Some(deal.partner_id),
            deal_id: Some(deal.id),
            protection_id: dispute.protection,
            received_at: deal.received_at,
            seq: deal.seq,
            ..NewCaseClaim::default()
        },
    )];
    sides.extend(rivals.into_values().map(|row| {
        let (received_at, seq) = places.get(&row.deal_id).copied().unwrap_or_default();
        let claim = NewCaseClaim {
            partner_id: Some(row.partner_id),
            deal_id: Some(row.deal_id),
            protection_id: Some(row.id),
            received_at,
            seq,
            ..NewCaseClaim::default()
        };
        ((received_at.unwrap_or(row.starts_at), seq), claim)
    }));
    sides.sort_by_key(|(place, _)| *place);
    let case = NewCase {
        case_type: dispute.case_type,
        account_merge_id: None,
        conflict_check_id: deal.conflict_check_id,
        summary: dispute.summary.clone(),
        detail,
        claims: sides.into_iter().take(MOST_SIDES).map(|(_, claim)| claim).collect(),
    };
    cases::open(tx, any.account_id, case).map(|case| Some(case.id))
}

/// The most facts and sides that a case can name.
const MOST_FACTS: usize = 50;
const MOST_SIDES: usize = 50;

fn fact(name: &str, value: String) -> CaseFact {
    CaseFact {
        name: name.to_owned(),
        value,
    }
}

/// What became of a claim.
const fn verdict(claim: &ConflictCaseClaim) -> Verdict {
    match claim.outcome {
        Some(ClaimOutcome::Upheld | ClaimOutcome::Awarded) => Verdict::Wins,
        Some(ClaimOutcome::Shared) => Verdict::Shares,
        Some(ClaimOutcome::Denied) => Verdict::Loses,
        None => Verdict::Unaffected,
    }
}

/// Carries out what was decided in a case: protections move, and both sides are told.
///
/// # Errors
/// 409 `protection_overlap` if the scope is protected for somebody whom the decision leaves it to; 409 `guard_failed` for
/// earlier claimants of a scope that is granted at once.
pub fn settle(tx: &mut Tx<'_>, case: &ConflictCase, reason: &str) -> Result<()> {
    customers::lock_all(tx, &[case.account_id])?;
    let claims: Vec<(&ConflictCaseClaim, DealId)> = case
        .claims
        .iter()
        .filter_map(|claim| Some((claim, claim.deal_id?)))
        .collect();
    let deals: Vec<DealId> = claims.iter().map(|(_, deal)| *deal).collect();
    let before: BTreeMap<DealId, Registration> = queries::find_all(tx, &deals)?
        .into_iter()
        .map(|one| (one.deal.id, one))
        .collect();
    let why = Why {
        code: "case_decision",
        text: reason,
    };
    let losing: BTreeSet<DealId> = claims
        .iter()
        .filter(|(claim, _)| verdict(claim) == Verdict::Loses)
        .map(|(_, deal)| *deal)
        .collect();
    let mut lost = BTreeSet::new();
    // Those who lose give way first: then nothing overlaps when the others' protections are put in force.
    for (claim, deal) in claims.iter().filter(|(_, deal)| losing.contains(deal)) {
        let settled = protection::settle(tx, (case.account_id, *deal), only(case, claim), Verdict::Loses)?;
        let named = claim.protection_id.map_or_else(Vec::new, |id| vec![id]);
        let own: Vec<ProtectionRow> = protection::of_deals(tx, &[*deal])?
            .into_iter()
            .filter(|row| named.contains(&row.id))
            .collect();
        lost.extend(protection::clear(tx, &own, &losing)?);
        lost.extend(settled.into_iter().map(|row| row.deal_id));
    }
    for (_, deal) in claims.iter().filter(|(claim, _)| verdict(claim) == Verdict::Wins) {
        if let Some(winner) = before.get(deal) {
            let rivals = protection::rows_on_scope(tx, winner)?;
            lost.extend(protection::clear(tx, &rivals, &losing)?);
        }
    }
    for deal in &lost {
        if let Some(before) = before.get(deal) {
            moved(tx, before, ("deal.protection_lost", ACTION), why)?;
        }
    }
    for (claim, deal) in claims.iter().filter(|(_, deal)| !losing.contains(deal)) {
        let Some(registration) = before.get(deal) else { continue };
        let verdict = verdict(claim);
        let settled = protection::settle(tx, (case.account_id, *deal), only(case, claim), verdict)?;
        if !settled.is_empty() {
            let kind = if verdict == Verdict::Shares {
                "deal.protection_shared"
            } else {
                "deal.protection_awarded"
            };
            moved(tx, registration, (kind, ACTION), why)?;
        } else if verdict == Verdict::Wins && case.case_type == CaseType::Appeal && before_vendor(tx, registration) {
            if !chains::granting_fails(tx, registration)?.is_empty() {
                moved(tx, registration, ("deal.updated", ACTION), why)?;
                continue;
            }
            let now = tx.moment();
            let settings = policies::in_force(tx, now)?;
            approvals::grant_on_appeal(
                tx,
                registration,
                &settings,
                &why.text.chars().take(2000).collect::<String>(),
            )?;
        } else {
            continue;
        }
        if verdict == Verdict::Wins {
            let winner = queries::find(tx, *deal)?;
            approvals::tell_contenders(tx, &winner, None)?;
        }
    }
    Ok(())
}

/// The step in the history of a registration that says why its protection moved.
const ACTION: &str = "case_decision";

/// Which of the contested protections of a claim's registration the case is about: a merge opens a case for each of them.
fn only(case: &ConflictCase, claim: &ConflictCaseClaim) -> Option<ProtectionId> {
    claim.protection_id.filter(|_| case.case_type == CaseType::AccountMerge)
}

fn before_vendor(tx: &Tx<'_>, registration: &Registration) -> bool {
    rules::status_at(registration, tx.now).is_open()
}
