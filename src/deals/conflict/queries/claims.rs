//! What is held on a set of customer accounts: protections, queued registrations, and what the vendor holds itself.
//! One query for each kind of claim that there is, however many accounts there are.

use std::collections::BTreeSet;

use diesel::prelude::*;

use super::around::{Around, Held};
use crate::{
    db::{Tx, among},
    deals::{
        conflict::{
            model::ClaimKind,
            rules::{Claim, ConflictPolicy, QueuePlace, Window},
        },
        protection::{DealTypeClass, ProtectionStatus},
        registrations::{DealLineStatus, DealType, OPEN, Registration, ReviewStatus},
    },
    error::Result,
    kernel::{
        Date, Time,
        ids::{
            AccountId, DealId, InstalledBaseId, NamedAccountId, OpportunityId, PartnerId, ProductId, ProtectionId,
            TerritoryId,
        },
    },
    schema::{deal_lines, deal_reviews, deals, direct_opportunities, installed_base, named_accounts, protections},
};

/// Everything that is held on those accounts, or was until lately, as of that moment. A registration that is about to be
/// written counts as it is given.
///
/// # Errors
/// What the database reports.
pub fn load(
    tx: &mut Tx<'_>,
    around: &mut Around,
    accounts: &BTreeSet<AccountId>,
    policy: &ConflictPolicy,
    at: Time,
    unwritten: Option<&Registration>,
) -> Result<Vec<Claim>> {
    if accounts.is_empty() {
        return Ok(Vec::new());
    }
    let mut waiting = around.waiting_on(tx, accounts)?;
    if let Some(registration) = unwritten {
        stand_in(&mut waiting, registration, accounts);
    }
    // Mostly nothing else is held.
    let held = around.held_on(tx, accounts)?;
    let mut claims = if held.contains(&Held::Protection) {
        protected(tx, accounts, policy, at)?
    } else {
        Vec::new()
    };
    claims.extend(waiting.into_iter().filter_map(|line| queued(line, policy)));
    if held.contains(&Held::NamedAccount) {
        claims.extend(named(tx, accounts, at)?);
    }
    if held.contains(&Held::Opportunity) {
        claims.extend(direct(tx, accounts, policy)?);
    }
    if held.contains(&Held::Product) {
        claims.extend(installed(tx, accounts, at)?);
    }
    Ok(claims)
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = protections)]
struct Protected {
    id: ProtectionId,
    deal_id: DealId,
    partner_id: PartnerId,
    account_id: AccountId,
    product_id: ProductId,
    territory_id: TerritoryId,
    deal_type_class: DealTypeClass,
    exclusive: bool,
    starts_at: Time,
    ends_at: Time,
    status: ProtectionStatus,
}

fn protected(tx: &mut Tx<'_>, accounts: &BTreeSet<AccountId>, policy: &ConflictPolicy, at: Time) -> Result<Vec<Claim>> {
    let remembered = at.plus_days(-policy.cool_down_days);
    let kept = [
        ProtectionStatus::Active,
        ProtectionStatus::Contested,
        ProtectionStatus::Paused,
        ProtectionStatus::Released,
    ];
    let rows: Vec<(Protected, String)> = protections::table
        .inner_join(deals::table)
        .filter(protections::account_id.eq_any(among(accounts)))
        .filter(protections::status.eq_any(among(kept)))
        .filter(protections::ends_at.gt(remembered))
        .order((protections::starts_at, protections::id))
        .select((Protected::as_select(), deals::number))
        .load(tx.conn())?;
    let claim = |(row, number): (Protected, String)| {
        let kind = match row.status {
            ProtectionStatus::Active if row.exclusive => ClaimKind::ActiveProtection,
            ProtectionStatus::Active => ClaimKind::SharedProtection,
            ProtectionStatus::Contested | ProtectionStatus::Paused => ClaimKind::ContestedProtection,
            ProtectionStatus::Released
            | ProtectionStatus::Transferred
            | ProtectionStatus::Consumed
            | ProtectionStatus::Revoked => ClaimKind::ExpiredProtection,
        };
        Claim {
            kind,
            reference: row.id.to_string(),
            number: Some(number),
            deal_id: Some(row.deal_id),
            account_id: row.account_id,
            partner_id: Some(row.partner_id),
            product_id: Some(row.product_id),
            territory_id: Some(row.territory_id),
            class: row.deal_type_class,
            window: Window::new(row.starts_at, row.ends_at),
            place: None,
            last_activity_at: None,
            lapses_at: None,
        }
    };
    Ok(rows.into_iter().map(claim).collect())
}

type Queued = (
    DealId,
    String,
    PartnerId,
    Option<AccountId>,
    Option<TerritoryId>,
    DealType,
    Option<Time>,
    Option<i64>,
    ReviewStatus,
);
type QueuedLine = (ProductId, Option<Time>, Option<i64>);
/// A line that waits, with when the answers to what was asked are due.
pub type Waiting = (Queued, QueuedLine, Option<Time>);

/// Registrations before the vendor, and lines of approved ones that were added and are not decided, in the order in which they
/// were received.
///
/// # Errors
/// What the database reports.
pub fn waiting(tx: &mut Tx<'_>, accounts: &BTreeSet<AccountId>) -> Result<Vec<Waiting>> {
    let accounts: Vec<Option<AccountId>> = accounts.iter().copied().map(Some).collect();
    let open = deals::review_status
        .eq_any(among(OPEN))
        .and(deal_lines::review_status.ne(DealLineStatus::Rejected));
    let added = deals::review_status
        .eq(ReviewStatus::Approved)
        .and(deal_lines::review_status.eq(DealLineStatus::Pending));
    Ok(deals::table
        .inner_join(deal_lines::table)
        .left_join(deal_reviews::table)
        .filter(deals::customer_account_id.eq_any(among(&accounts)))
        .filter(deals::received_at.is_not_null())
        .filter(deals::closed_at.is_null())
        .filter(open.or(added))
        .order((deals::received_at, deals::seq, deals::id, deal_lines::position))
        .select((
            (
                deals::id,
                deals::number,
                deals::partner_id,
                deals::customer_account_id,
                deals::territory_id,
                deals::deal_type,
                deals::received_at,
                deals::seq,
                deals::review_status,
            ),
            (deal_lines::product_id, deal_lines::received_at, deal_lines::seq),
            deal_reviews::info_due_at.nullable(),
        ))
        .load(tx.conn())?)
}

/// The place of a line's registration in the queue.
pub fn order(((id, _, _, _, _, _, received_at, seq, _), ..): &Waiting) -> (Option<Time>, Option<i64>, DealId) {
    (*received_at, *seq, *id)
}

/// The account that a line waits on.
pub fn account_of(((_, _, _, account, ..), ..): &Waiting) -> Option<AccountId> {
    *account
}

/// The claim of a line that waits.
fn queued((queued, line, due): Waiting, policy: &ConflictPolicy) -> Option<Claim> {
    let (deal, number, partner, account, territory, deal_type, received, seq, status) = queued;
    let (product, line_received, line_seq) = line;
    let place = place(line_received, line_seq).or_else(|| place(received, seq))?;
    Some(Claim {
        kind: ClaimKind::EarlierRegistration,
        reference: deal.to_string(),
        number: Some(number),
        deal_id: Some(deal),
        account_id: account?,
        partner_id: Some(partner),
        product_id: Some(product),
        territory_id: territory,
        class: DealTypeClass::of(deal_type, policy.renewals_meet_new_business),
        window: Window::open(place.received_at),
        place: Some(place),
        last_activity_at: None,
        lapses_at: due.filter(|_| status == ReviewStatus::InfoRequested),
    })
}

/// Puts the lines of a registration that is about to be written where they will be found from then on.
pub fn stand_in(rows: &mut Vec<Waiting>, registration: &Registration, accounts: &BTreeSet<AccountId>) {
    let deal = &registration.deal;
    rows.retain(|((id, ..), ..)| *id != deal.id);
    let waits = OPEN.contains(&deal.review_status) && deal.received_at.is_some() && deal.closed_at.is_none();
    if !waits
        || !deal
            .customer_account_id
            .is_some_and(|account| accounts.contains(&account))
    {
        return;
    }
    let own: Queued = (
        deal.id,
        deal.number.clone(),
        deal.partner_id,
        deal.customer_account_id,
        deal.territory_id,
        deal.deal_type,
        deal.received_at,
        deal.seq,
        deal.review_status,
    );
    let due = registration.review.as_ref().and_then(|review| review.info_due_at);
    let lines: Vec<Waiting> = registration
        .lines
        .iter()
        .map(|line| &line.row)
        .filter(|line| line.review_status != DealLineStatus::Rejected)
        .map(|line| (own.clone(), (line.product_id, line.received_at, line.seq), due))
        .collect();
    let own = (deal.received_at, deal.seq, deal.id);
    let at = rows.partition_point(|other| order(other) < own);
    rows.splice(at..at, lines);
}

/// A place in the queue from its two columns.
pub fn place(received_at: Option<Time>, seq: Option<i64>) -> Option<QueuePlace> {
    Some(QueuePlace {
        received_at: received_at?,
        seq: seq?,
    })
}

/// What the vendor holds: nobody's, without a place in the queue, on all deals of all kinds unless more is said.
fn of_vendor(kind: ClaimKind, reference: String, account_id: AccountId, window: Window) -> Claim {
    Claim {
        kind,
        reference,
        number: None,
        deal_id: None,
        account_id,
        partner_id: None,
        product_id: None,
        territory_id: None,
        class: DealTypeClass::Any,
        window,
        place: None,
        last_activity_at: None,
        lapses_at: None,
    }
}

fn named(tx: &mut Tx<'_>, accounts: &BTreeSet<AccountId>, at: Time) -> Result<Vec<Claim>> {
    let running = named_accounts::ends_on
        .is_null()
        .or(named_accounts::ends_on.gt(at.date()));
    let rows: Vec<(
        NamedAccountId,
        AccountId,
        Option<ProductId>,
        Option<TerritoryId>,
        Date,
        Option<Date>,
    )> = named_accounts::table
        .filter(named_accounts::account_id.eq_any(among(accounts)))
        .filter(running)
        .order(named_accounts::id)
        .select((
            named_accounts::id,
            named_accounts::account_id,
            named_accounts::product_id,
            named_accounts::territory_id,
            named_accounts::starts_on,
            named_accounts::ends_on,
        ))
        .load(tx.conn())?;
    let claim = |(id, account, product_id, territory_id, starts, ends): (
        NamedAccountId,
        AccountId,
        Option<ProductId>,
        Option<TerritoryId>,
        Date,
        Option<Date>,
    )| Claim {
        product_id,
        territory_id,
        ..of_vendor(
            ClaimKind::NamedAccount,
            id.to_string(),
            account,
            Window {
                from: starts.start(),
                until: ends.map(Date::start),
            },
        )
    };
    Ok(rows.into_iter().map(claim).collect())
}

type Direct = (
    OpportunityId,
    String,
    AccountId,
    Option<ProductId>,
    Option<TerritoryId>,
    DealType,
    Time,
    Time,
);

fn direct(tx: &mut Tx<'_>, accounts: &BTreeSet<AccountId>, policy: &ConflictPolicy) -> Result<Vec<Claim>> {
    let rows: Vec<Direct> = direct_opportunities::table
        .filter(direct_opportunities::account_id.eq_any(among(accounts)))
        .filter(direct_opportunities::status.eq("open"))
        .order((direct_opportunities::opened_at, direct_opportunities::id))
        .select((
            direct_opportunities::id,
            direct_opportunities::number,
            direct_opportunities::account_id,
            direct_opportunities::product_id,
            direct_opportunities::territory_id,
            direct_opportunities::deal_type,
            direct_opportunities::opened_at,
            direct_opportunities::last_activity_at,
        ))
        .load(tx.conn())?;
    let claim =
        |(id, number, account, product_id, territory_id, deal_type, opened_at, last_activity_at): Direct| Claim {
            number: Some(number),
            product_id,
            territory_id,
            class: DealTypeClass::of(deal_type, policy.renewals_meet_new_business),
            last_activity_at: Some(last_activity_at),
            ..of_vendor(
                ClaimKind::DirectOpportunity,
                id.to_string(),
                account,
                Window::open(opened_at),
            )
        };
    Ok(rows.into_iter().map(claim).collect())
}

type Installed = (
    InstalledBaseId,
    AccountId,
    ProductId,
    Option<TerritoryId>,
    Option<Date>,
    Option<Date>,
    Option<PartnerId>,
);

fn installed(tx: &mut Tx<'_>, accounts: &BTreeSet<AccountId>, at: Time) -> Result<Vec<Claim>> {
    let running = installed_base::ends_on
        .is_null()
        .or(installed_base::ends_on.gt(at.date()));
    let rows: Vec<Installed> = installed_base::table
        .filter(installed_base::account_id.eq_any(among(accounts)))
        .filter(running)
        .order(installed_base::id)
        .select((
            installed_base::id,
            installed_base::account_id,
            installed_base::product_id,
            installed_base::territory_id,
            installed_base::since_on,
            installed_base::ends_on,
            installed_base::partner_id,
        ))
        .load(tx.conn())?;
    let claim = |(id, account, product, territory_id, since, ends, partner_id): Installed| Claim {
        product_id: Some(product),
        territory_id,
        partner_id,
        ..of_vendor(
            ClaimKind::InstalledBase,
            id.to_string(),
            account,
            Window {
                from: since.map_or(Time::from_micros(0), Date::start),
                until: ends.map(Date::start),
            },
        )
    };
    Ok(rows.into_iter().map(claim).collect())
}
