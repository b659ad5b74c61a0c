//! What moves protections: each inside the transaction of the decision that asks for it, with the account locked first.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    model::{DealTypeClass, Protection, ProtectionStatus},
    queries::{self, ProtectionRow},
    rules::{self, Ending, Scope},
};
use crate::{
    db::Tx,
    deals::{
        conflict::{self, rules::AskedLine},
        registrations::DealType,
    },
    error::{Error, Result, codes},
    events::{self, Fact},
    http::Resource as _,
    kernel::{
        Time,
        ids::{AccountId, DealId, DecisionId, PartnerId, ProductId, TerritoryId},
        states::guard,
    },
    policies::FirstInTime,
};

/// A scope to be granted to a registration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// The registration.
    pub deal_id: DealId,
    /// Its partner.
    pub partner_id: PartnerId,
    /// The decision that grants it; it is stored already.
    pub decision_id: Option<DecisionId>,
    /// The customer.
    pub account_id: AccountId,
    /// The products, each with its place in the queue; they may be fewer than were asked for.
    pub lines: Vec<AskedLine>,
    /// The territory; it may be narrower than the one asked for.
    pub territory_id: TerritoryId,
    /// What kind of business it is: decides, with the policy, which deals are shut out.
    pub deal_type: DealType,
    /// Whether others are shut out at all.
    pub exclusive: bool,
    /// The first moment.
    pub starts_at: Time,
    /// The first moment after it.
    pub until: Time,
    /// Whether it comes with imported history; then nobody's place in the queue is looked at.
    pub legacy: bool,
    /// The earlier claimants that are passed over, and why.
    pub overridden: Option<Override>,
}

/// Why earlier claimants are passed over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Override {
    /// The reason, as a code.
    pub code: String,
    /// Their registrations.
    pub deals: Vec<DealId>,
}

/// Grants the scope: one protection for each topmost product. What the registration holds already stays as it is.
///
/// # Errors
/// 409 `guard_failed` if somebody stands earlier in the queue and is not passed over with a reason; 409
/// `protection_overlap` if another exclusive protection overlaps, naming what stands in the way as far as the caller
/// may know it; 409 `unknown_reference` if there is no such account.
pub fn grant(tx: &mut Tx<'_>, grant: &Grant) -> Result<Vec<Protection>> {
    queries::lock_account(tx, grant.account_id)?;
    let policy = conflict::policy(tx, tx.now)?.1;
    let class = DealTypeClass::of(grant.deal_type, policy.renewals_meet_new_business);
    if !grant.legacy {
        refuse_before_earlier(tx, grant)?;
    }
    let products: Vec<ProductId> = grant.lines.iter().map(|line| line.product_id).collect();
    let held: Vec<ProtectionRow> = queries::of_deals(tx, &[grant.deal_id])?
        .into_iter()
        .filter(|row| row.is_running(grant.starts_at))
        .collect();
    let nodes: Vec<ProductId> = products
        .iter()
        .copied()
        .chain(held.iter().map(|row| row.product_id))
        .collect();
    let above = queries::above(tx, &nodes)?;
    let scope = Scope {
        deal_id: grant.deal_id,
        partner_id: grant.partner_id,
        decision_id: grant.decision_id,
        account_id: grant.account_id,
        territory_id: grant.territory_id,
        class,
        exclusive: grant.exclusive,
        starts_at: grant.starts_at,
        until: grant.until,
        legacy: grant.legacy,
    };
    let mut granted = Vec::new();
    for product in rules::topmost(&products, &above) {
        let below = |lower: ProductId, upper: ProductId| {
            lower == upper || above.get(&lower).is_some_and(|above| above.contains(&upper))
        };
        let mut covered = false;
        for row in &held {
            if below(product, row.product_id)
                && row.until_at_least(grant.until)
                && queries::covers(tx, row.territory_id, grant.territory_id)?
            {
                covered = true;
            } else if below(row.product_id, product) && queries::covers(tx, grant.territory_id, row.territory_id)? {
                // What is granted now contains what was held: the wider one takes its place.
                let now = tx.now;
                queries::save(
                    tx,
                    row,
                    row.clone().ended(ProtectionStatus::Released, Some("widened"), now),
                    "protection.released",
                )?;
            }
        }
        if !covered {
            granted.push(queries::insert(tx, ProtectionRow::granted(&scope, product, tx.now))?);
        }
    }
    Ok(granted)
}

/// Keeps the protection of a registration that was granted elsewhere, with its own dates: nobody's place in the queue is
/// looked at, and the event tells of history, not of a grant. `ended` says how and when it ended before its time.
///
/// # Errors
/// 409 `protection_overlap` if another exclusive protection overlaps that is in force or ran to its end, naming it; 409
/// `unknown_reference` if there is no such account.
pub fn keep(tx: &mut Tx<'_>, grant: &Grant, ended: Option<(Ending, Time)>) -> Result<Vec<Protection>> {
    queries::lock_account(tx, grant.account_id)?;
    let policy = conflict::policy(tx, tx.now)?.1;
    let scope = Scope {
        deal_id: grant.deal_id,
        partner_id: grant.partner_id,
        decision_id: grant.decision_id,
        account_id: grant.account_id,
        territory_id: grant.territory_id,
        class: DealTypeClass::of(grant.deal_type, policy.renewals_meet_new_business),
        exclusive: grant.exclusive,
        starts_at: grant.starts_at,
        until: grant.until,
        legacy: true,
    };
    let products: Vec<ProductId> = grant.lines.iter().map(|line| line.product_id).collect();
    let above = queries::above(tx, &products)?;
    let mut kept = Vec::new();
    for product in rules::topmost(&products, &above) {
        let row = ProtectionRow::kept(&scope, product, ended, tx.now);
        kept.push(queries::insert_as(tx, row, "protection.imported")?);
    }
    Ok(kept)
}

/// Refuses while a live registration of the scope that comes before it is neither decided nor passed over.
fn refuse_before_earlier(tx: &mut Tx<'_>, grant: &Grant) -> Result<()> {
    let (rule, earlier) = conflict::claimants_before(tx, grant)?;
    let passed: BTreeSet<DealId> = grant
        .overridden
        .iter()
        .filter(|over| !over.code.is_empty())
        .flat_map(|over| over.deals.iter().copied())
        .collect();
    let left: Vec<&(DealId, String)> = earlier.iter().filter(|(deal, _)| !passed.contains(deal)).collect();
    if left.is_empty() {
        return Ok(());
    }
    let by_vendor = tx.caller().is_vendor();
    let why = if rule == FirstInTime::EvidenceWeighted {
        "comes first by the evidence that was shown"
    } else {
        "was received earlier"
    };
    let failing = left
        .into_iter()
        .map(|(_, number)| {
            guard(
                "earlier_claim",
                "#/override",
                if by_vendor {
                    format!("{number} {why} and is not decided; decide it first, or pass it over with a reason.")
                } else {
                    format!("Another registration {why} and is not decided.")
                },
            )
        })
        .collect();
    Err(Error::guards("submitted", "approve", failing))
}

impl ProtectionRow {
    fn until_at_least(&self, until: Time) -> bool {
        self.ends_at >= until && self.status == ProtectionStatus::Active
    }
}

/// Ends what a registration holds, before its time: given back, taken away, or used up by winning.
///
/// # Errors
/// What the database reports.
pub fn end(tx: &mut Tx<'_>, deal: DealId, ending: Ending, reason: &str) -> Result<Vec<Protection>> {
    let now = tx.now;
    let kind = match ending {
        Ending::Released => "protection.released",
        Ending::Revoked => "protection.revoked",
        Ending::Consumed => "protection.consumed",
    };
    let mut ended = Vec::new();
    for row in queries::of_deals(tx, &[deal])?
        .into_iter()
        .filter(|row| row.is_running(now))
    {
        let after = row.clone().ended(ending.into(), Some(reason), now);
        ended.push(queries::save(tx, &row, after, kind)?);
    }
    Ok(ended)
}

/// Puts in force again, for the rest of the granted time, what was used up by a win that was none. What somebody else was
/// granted meanwhile stays theirs.
///
/// # Errors
/// What the database reports.
pub fn restore(tx: &mut Tx<'_>, deal: DealId) -> Result<Vec<Protection>> {
    let now = tx.now;
    let mut restored = Vec::new();
    for row in queries::of_deals(tx, &[deal])?
        .into_iter()
        .filter(|row| row.status == ProtectionStatus::Consumed && now < row.granted_until)
    {
        queries::lock_account(tx, row.account_id)?;
        let after = row.clone().reinstated(now);
        match queries::save(tx, &row, after, "protection.restored") {
            Err(error) if error.is(&codes::PROTECTION_OVERLAP) => {}
            saved => restored.push(saved?),
        }
    }
    Ok(restored)
}

/// Moves the end of what a registration holds. Without `granted_until` it is a grace: the granted end stays.
///
/// # Errors
/// 409 `invalid_state` if the registration holds nothing any more; 409 `protection_overlap` if somebody else holds the
/// time after the old end.
pub fn extend(tx: &mut Tx<'_>, deal: DealId, ends_at: Time, granted_until: Option<Time>) -> Result<Vec<Protection>> {
    let now = tx.now;
    let running: Vec<ProtectionRow> = queries::of_deals(tx, &[deal])?
        .into_iter()
        .filter(|row| row.is_running(now))
        .collect();
    let Some(account) = running.first().map(|row| row.account_id) else {
        return Err(Error::invalid_state("expired", "extend", Vec::new()));
    };
    queries::lock_account(tx, account)?;
    let kind = if granted_until.is_some() {
        "protection.extended"
    } else {
        "protection.grace_given"
    };
    let mut extended = Vec::new();
    for row in running {
        let after = row.clone().until(ends_at, granted_until, now);
        extended.push(queries::save(tx, &row, after, kind)?);
    }
    Ok(extended)
}

/// Ends the grace of what a registration holds: the granted end holds again, or now where that has passed.
///
/// # Errors
/// What the database reports.
pub fn end_grace(tx: &mut Tx<'_>, deal: DealId) -> Result<Vec<Protection>> {
    let now = tx.now;
    let mut ended = Vec::new();
    for row in queries::of_deals(tx, &[deal])?
        .into_iter()
        .filter(|row| row.is_running(now) && row.ends_at > row.granted_until)
    {
        let end = row.granted_until.max(now);
        let after = row.clone().until(end, None, now);
        ended.push(queries::save(tx, &row, after, "protection.grace_ended")?);
    }
    Ok(ended)
}

/// Gives back what none of `products` needs any more. What is wider than the products that stay is replaced by
/// protections of just those, for the rest of its time.
///
/// # Errors
/// What the database reports.
pub fn narrow(tx: &mut Tx<'_>, deal: DealId, products: &[ProductId]) -> Result<Vec<Protection>> {
    let now = tx.now;
    let running: Vec<ProtectionRow> = queries::of_deals(tx, &[deal])?
        .into_iter()
        .filter(|row| row.is_running(now))
        .collect();
    let nodes: Vec<ProductId> = products
        .iter()
        .copied()
        .chain(running.iter().map(|row| row.product_id))
        .collect();
    let above = queries::above(tx, &nodes)?;
    let within = |lower: ProductId, upper: ProductId| {
        lower == upper || above.get(&lower).is_some_and(|above| above.contains(&upper))
    };
    let mut changed = Vec::new();
    for row in running {
        if products.iter().any(|product| within(row.product_id, *product)) {
            continue;
        }
        queries::lock_account(tx, row.account_id)?;
        let released = row.clone().ended(ProtectionStatus::Released, Some("line_removed"), now);
        changed.push(queries::save(tx, &row, released, "protection.released")?);
        let left: Vec<ProductId> = products
            .iter()
            .copied()
            .filter(|product| within(*product, row.product_id))
            .collect();
        for product in rules::topmost(&left, &above) {
            changed.push(queries::insert(tx, row.narrowed_to(product, now))?);
        }
    }
    Ok(changed)
}

/// Hands what a registration holds to another registration, at another partner: closed and opened in one step.
///
/// # Errors
/// What the database reports.
pub fn hand_over(
    tx: &mut Tx<'_>,
    from: DealId,
    to: (DealId, PartnerId),
    decision: Option<DecisionId>,
) -> Result<Vec<Protection>> {
    let now = tx.now;
    let running: Vec<ProtectionRow> = queries::of_deals(tx, &[from])?
        .into_iter()
        .filter(|row| row.is_running(now))
        .collect();
    for account in running.iter().map(|row| row.account_id).collect::<BTreeSet<_>>() {
        queries::lock_account(tx, account)?;
    }
    let mut opened = Vec::new();
    for row in running {
        let next = row.handed_to(to.0, to.1, decision, now);
        let closed = row
            .clone()
            .ended(ProtectionStatus::Transferred, Some("transferred"), now);
        queries::save(tx, &row, closed.clone(), "protection.transferred")?;
        let new = queries::insert(tx, next)?;
        queries::point_to(tx, &closed, new.id)?;
        opened.push(new);
    }
    Ok(opened)
}

/// Sets aside what a partner holds, while it is suspended under a policy that pauses.
///
/// # Errors
/// What the database reports.
pub fn pause(tx: &mut Tx<'_>, partner: PartnerId) -> Result<Vec<Protection>> {
    let now = tx.now;
    let mut paused = Vec::new();
    for row in queries::running_of_partner(tx, partner, now)?
        .into_iter()
        .filter(|row| row.status == ProtectionStatus::Active)
    {
        let after = row
            .clone()
            .set_aside(ProtectionStatus::Paused, "partner_suspended", now);
        paused.push(queries::save(tx, &row, after, "protection.paused")?);
    }
    Ok(paused)
}

/// Puts in force again what was paused. Where somebody else was protected meanwhile, the protection is contested: the
/// answer names those, for a conflict case to be opened on each.
///
/// # Errors
/// What the database reports.
pub fn resume(tx: &mut Tx<'_>, partner: PartnerId) -> Result<BTreeMap<ProtectionStatus, Vec<Protection>>> {
    let now = tx.now;
    let mut resumed: BTreeMap<ProtectionStatus, Vec<Protection>> = BTreeMap::new();
    let paused: Vec<ProtectionRow> = queries::running_of_partner(tx, partner, now)?
        .into_iter()
        .filter(|row| row.status == ProtectionStatus::Paused)
        .collect();
    for account in paused.iter().map(|row| row.account_id).collect::<BTreeSet<_>>() {
        queries::lock_account(tx, account)?;
    }
    for row in paused {
        let tried = queries::save(tx, &row, row.clone().restored(now), "protection.resumed");
        let protection = match tried {
            Err(error) if error.is(&codes::PROTECTION_OVERLAP) => {
                contest_row(tx, &row, "granted_to_another_meanwhile")?
            }
            tried => tried?,
        };
        resumed.entry(protection.status).or_default().push(protection);
    }
    Ok(resumed)
}

fn contest_row(tx: &mut Tx<'_>, row: &ProtectionRow, reason: &str) -> Result<Protection> {
    let now = tx.now;
    queries::save(
        tx,
        row,
        row.clone().set_aside(ProtectionStatus::Contested, reason, now),
        "protection.contested",
    )
}

/// Sets protections aside until a conflict case has decided between them.
///
/// # Errors
/// What the database reports.
pub fn contest(tx: &mut Tx<'_>, rows: &[ProtectionRow], reason: &str) -> Result<Vec<Protection>> {
    rows.iter().map(|row| contest_row(tx, row, reason)).collect()
}

/// What a partner holds, or will hold again once a suspension or a conflict case is over.
///
/// # Errors
/// What the database reports.
pub fn held_by(tx: &mut Tx<'_>, partner: PartnerId) -> Result<Vec<ProtectionRow>> {
    let now = tx.now;
    queries::running_of_partner(tx, partner, now)
}

/// The active protections of others that keep a contested one from being in force.
///
/// # Errors
/// What the database reports.
pub fn rivals(tx: &mut Tx<'_>, contested: &Protection) -> Result<Vec<ProtectionRow>> {
    let rows = queries::of_deals(tx, &[contested.deal_id])?;
    let Some(row) = rows.iter().find(|row| row.id == contested.id) else {
        return Err(Error::not_found());
    };
    Ok(queries::overlapping(tx, row)?.into_iter().map(|(row, _)| row).collect())
}

/// Days back in which an end that nobody was told of is still told.
const TOLD_WITHIN_DAYS: i64 = 3;

/// Tells of at most so many protections whose time was up in the last days, once each; tells how many. They ended by the
/// clock: this changes nothing, and may come late.
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
        let before = row.clone().seen(Time::from_micros(row.ends_at.micros() - 1), true);
        let record = (Protection::TYPE, before.id());
        if !events::queries::told_since(tx, (record.0, &record.1), EXPIRED, row.ends_at)? {
            tx.record(Fact::changed(EXPIRED, &before, &row.seen(now, true)))?;
            told += 1;
        }
    }
    Ok(told)
}

const EXPIRED: &str = "protection.expired";
