//! Products that an amendment adds to what was granted: which they are, whether the partner may have them, their place in
//! the queue, and their protection.

use super::{model::DealAmendedLine, rules::is_granted};
use crate::{
    capabilities,
    catalog::{products, territories},
    customers,
    db::Tx,
    deals::{
        conflict::rules::{AskedLine, QueuePlace},
        protection::{self, Grant, Override, ProtectionStatus},
        registrations::{self, DealLineStatus, DealOverride, DecisionRow, Held, Line, Registration},
    },
    error::{Error, Result, codes},
    kernel::{
        Time,
        ids::{ProductId, TerritoryId},
        states::{FailingGuard, guard},
    },
    partners,
};

/// The lines whose products are new: neither lines that were granted, nor below what protects the registration (or below
/// a granted line, where nothing protects it any more).
///
/// # Errors
/// What the database reports.
pub fn new_lines(tx: &mut Tx<'_>, deal: &Registration, wanted: &[DealAmendedLine]) -> Result<Vec<DealAmendedLine>> {
    let now = tx.now;
    let granted: Vec<ProductId> = deal
        .lines
        .iter()
        .filter(|line| is_granted(line))
        .map(|line| line.row.product_id)
        .collect();
    let mut covering: Vec<ProductId> = protection::of_deals(tx, &[deal.deal.id])?
        .into_iter()
        .filter(|row| row.status == ProtectionStatus::Active && row.is_running(now))
        .map(|row| row.product_id)
        .collect();
    if covering.is_empty() {
        covering.clone_from(&granted);
    }
    let mut new = Vec::new();
    for line in wanted.iter().filter(|line| !granted.contains(&line.product_id)) {
        let above = products::ancestors(tx, line.product_id)?;
        if !above.iter().any(|product| covering.contains(product)) {
            new.push(line.clone());
        }
    }
    Ok(new)
}

/// The territory in which products are added: the one that was granted, which may be narrower than the one asked for.
///
/// # Errors
/// What the database reports.
pub fn territory(tx: &mut Tx<'_>, deal: &Registration) -> Result<Option<(TerritoryId, String)>> {
    let now = tx.now;
    let granted = protection::of_deals(tx, &[deal.deal.id])?
        .into_iter()
        .find(|row| row.status == ProtectionStatus::Active && row.is_running(now))
        .map(|row| row.territory_id)
        .filter(|granted| Some(*granted) != deal.deal.territory_id);
    match granted {
        Some(granted) => Ok(Some((granted, territories::find(tx, granted)?.code))),
        None => Ok(deal.deal.territory_id.zip(deal.territory.clone())),
    }
}

/// The lines of the registration that wait for the vendor.
pub fn waiting(deal: &Registration) -> impl Iterator<Item = &Line> {
    deal.lines
        .iter()
        .filter(|line| line.row.review_status == DealLineStatus::Pending)
}

/// Whether there is time left to protect what is added.
pub fn failing_time(held: Option<Held>, now: Time) -> Option<FailingGuard> {
    held.is_none_or(|held| held.granted_until <= now).then(|| {
        guard(
            "protection_in_force",
            "#/lines",
            "Products are added for the time for which the registration is protected, and that has ended; register another deal for them.",
        )
    })
}

/// Why the products cannot be asked for.
///
/// # Errors
/// What the database reports.
pub fn failing(
    tx: &mut Tx<'_>,
    deal: &Registration,
    wanted: &[DealAmendedLine],
    added: &[DealAmendedLine],
    now: Time,
) -> Result<Vec<FailingGuard>> {
    if added.is_empty() {
        return Ok(Vec::new());
    }
    let mut failing: Vec<FailingGuard> = failing_time(deal.held(now), now).into_iter().collect();
    failing.extend(capabilities::agreements_executed(tx, deal.deal.partner_id)?.failing());
    let (Some(account), Some((territory, place))) = (deal.deal.customer_account_id, territory(tx, deal)?) else {
        failing.push(guard(
            "scope_complete",
            "#/lines",
            "The registration names no customer account or no territory, so no scope can be added to it; register another deal.",
        ));
        return Ok(failing);
    };
    for (index, line) in wanted.iter().enumerate().filter(|(_, line)| added.contains(line)) {
        if !partners::authorised(tx, deal.deal.partner_id, line.product_id, territory, now)? {
            let detail = format!(
                "The partner is not authorised to sell {} in {place}; leave it out, or ask the vendor for the authorisation.",
                line.product
            );
            failing.push(guard("product_authorised", &format!("#/lines/{index}/product"), detail));
        }
    }
    // What the registration names already, granted or not, is its own.
    let others: Vec<ProductId> = added
        .iter()
        .map(|line| line.product_id)
        .filter(|product| !deal.lines.iter().any(|line| line.row.product_id == *product))
        .collect();
    if let Some(number) = registrations::slot_holder(tx, deal.deal.partner_id, account, &others, deal.deal.deal_type)? {
        failing.push(taken(&number));
    }
    Ok(failing)
}

fn taken(number: &str) -> FailingGuard {
    guard(
        "no_open_registration",
        "#/lines",
        format!(
            "{number} of the same partner is open for the same customer, product and kind of deal; work with that one, or withdraw it."
        ),
    )
}

/// The place of what is added: now, behind everybody who is there. The caller holds the account's lock.
///
/// # Errors
/// What the database reports.
pub fn place(tx: &mut Tx<'_>, deal: &Registration, added: &[DealAmendedLine]) -> Result<QueuePlace> {
    let account = deal.deal.customer_account_id.filter(|_| !added.is_empty());
    let Some(account) = account else {
        return Ok(QueuePlace {
            received_at: tx.moment(),
            seq: 0,
        });
    };
    // A clock that was set back must not put it before what came earlier.
    let last = registrations::last_received(tx, account)?;
    let received_at = tx.moment().max(last.unwrap_or(tx.now));
    Ok(QueuePlace {
        received_at,
        seq: customers::next_claim(tx, account)?,
    })
}

/// The registration's slots are those of its lines as they are now. History that was imported has none.
///
/// # Errors
/// 409 `guard_failed` if another open registration of the partner has one of them.
pub fn move_slots(tx: &mut Tx<'_>, after: &Registration, action: &'static str) -> Result<()> {
    let account = after.deal.customer_account_id.filter(|_| !after.deal.legacy);
    let Some(account) = account else { return Ok(()) };
    registrations::free_slots(tx, after.deal.id)?;
    registrations::take_slots(tx, after, account).map_err(|error| {
        error.when(&codes::ALREADY_EXISTS, || {
            Error::guards(after.deal.review_status, action, vec![taken("Another registration")])
        })
    })
}

/// Protects what was added until the registration's own protection ends, the grace of a pending extension included.
///
/// # Errors
/// 409 `guard_failed` if somebody asked first and is not passed over with a reason; 409 `protection_overlap` if another
/// registration is protected on it.
pub fn protect(
    tx: &mut Tx<'_>,
    deal: &Registration,
    territory_id: TerritoryId,
    held: Held,
    decision: &DecisionRow,
    over: Option<&DealOverride>,
) -> Result<()> {
    let Some(account_id) = deal.deal.customer_account_id else {
        return Err(Error::internal(
            "products were added to a registration without an account",
        ));
    };
    let lines: Vec<AskedLine> = waiting(deal)
        .map(|line| AskedLine {
            product_id: line.row.product_id,
            place: line
                .row
                .received_at
                .zip(line.row.seq)
                .map(|(received_at, seq)| QueuePlace { received_at, seq }),
        })
        .collect();
    let grant = Grant {
        deal_id: deal.deal.id,
        partner_id: deal.deal.partner_id,
        decision_id: Some(decision.id),
        account_id,
        lines,
        territory_id,
        deal_type: deal.deal.deal_type,
        exclusive: true,
        starts_at: decision.decided_at,
        until: held.granted_until,
        legacy: false,
        overridden: over.map(|over| Override {
            code: over.reason_code.to_string(),
            deals: over.deals.clone(),
        }),
    };
    protection::grant(tx, &grant)?;
    if held.ends_at > held.granted_until {
        protection::extend(tx, deal.deal.id, held.ends_at, None)?;
    }
    Ok(())
}
