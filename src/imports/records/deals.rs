//! Deals of the time before. What was never registered anywhere stays `not_registered`; what was approved elsewhere comes
//! with its protection and its original dates; what names no customer becomes a draft that says what is missing.

use super::{Applied, Incoming, Verdict};
use crate::{
    custom_fields::{self, CustomRecord},
    customers::CustomerAccount,
    db::Tx,
    deals::registrations::{
        self as registrations, CustomerResolution, CustomerRow, DealLineStatus, DealRow, DealSource, DealStage,
        DealType, DealVisibility, DetailsRow, Line, LineRow, NewDeal, Reader, Registration, ReviewRow, ReviewStatus,
        history,
    },
    error::{Error, Result},
    imports::{
        lookup::{self, Memory},
        queries::{self, Granted},
        row::RowFault,
    },
    kernel::{
        Stored, Time,
        ids::{AccountId, DealId, DealLineId, Id as _, PartnerId, ProductId, TerritoryId},
        words::fold,
    },
    numbers,
};

/// How old a deal must be before it counts as won (Microsoft's rule, `domain.md` part 4).
const MINIMUM_AGE_SECONDS: i64 = 72 * 3600;

/// What the row says of the deal's life.
struct Life {
    status: ReviewStatus,
    stage: DealStage,
    opened_at: Time,
    received_at: Option<Time>,
    decided_at: Option<Time>,
    last_activity_at: Time,
    closed_at: Option<Time>,
    closed_reason: Option<String>,
    protected: Option<(Time, Time)>,
}

/// The records that the row speaks of.
struct Scope {
    partner: PartnerId,
    distributor: Option<PartnerId>,
    account: Option<CustomerAccount>,
    product: Option<(ProductId, String)>,
    territory: Option<(TerritoryId, String)>,
}

pub fn apply(tx: &mut Tx<'_>, incoming: &Incoming<'_>, memory: &mut Memory) -> Result<Applied> {
    let new: NewDeal = incoming.parsed()?;
    let scope = scope(tx, incoming, memory)?;
    let life = life(incoming, &scope, tx.now)?;
    let before = match incoming.known::<DealId>()? {
        Some(id) => Some(registrations::find(tx, id)?),
        None => None,
    };
    let Some(before) = before else {
        let custom = custom_fields::for_new(tx, CustomRecord::Deal, &new.custom)?;
        let number = match memory.numbers.pop_front() {
            Some(number) => number,
            None => numbers::next(tx, "DR")?,
        };
        let mut deal = fresh(&scope, number, tx.now);
        deal.deal.custom = Stored(custom);
        deal.references.push(incoming.reference.clone());
        let now = tx.now;
        return insert(tx, filled(deal, &new, &scope, &life, incoming, now), &life);
    };
    if !before.deal.legacy
        || !matches!(
            before.deal.review_status,
            ReviewStatus::Draft | ReviewStatus::NotRegistered
        )
    {
        let detail = format!(
            "the deal is {} here and goes its own way; change it there",
            before.deal.review_status
        );
        return Err(Error::field("#/key", "moved_on", detail));
    }
    if before.deal.partner_id != scope.partner {
        return Err(Error::field(
            "#/partner",
            "locked",
            "a deal never changes its partner; transfer it here",
        ));
    }
    let after = filled(before.clone(), &new, &scope, &life, incoming, tx.now);
    if after == before {
        return Ok(noted(
            Applied::new(Verdict::Unchanged, before.deal.id),
            &after,
            &life,
            tx.now,
        ));
    }
    let completed = before.deal.review_status == ReviewStatus::Draft && life.status != ReviewStatus::Draft;
    if completed && life.received_at.is_some() {
        let detail =
            "it was imported as a draft; a registration with dates of its own is imported as a deal of its own";
        return Err(Error::field("#/review_status", "moved_on", detail));
    }
    let after = registrations::save(tx, &before, after.touched(tx.now), "deal.updated")?;
    history::note(tx, after.deal.id, history::Entry::action("import"))?;
    let verdict = if life.status == ReviewStatus::Draft {
        Verdict::Draft
    } else {
        Verdict::Updated
    };
    Ok(noted(Applied::new(verdict, after.deal.id), &after, &life, tx.now))
}

fn insert(tx: &mut Tx<'_>, deal: Registration, life: &Life) -> Result<Applied> {
    let mut deal = deal;
    if let (Some(received), Some(account)) = (life.received_at, deal.deal.customer_account_id) {
        crate::customers::lock(tx, account)?;
        deal.deal.received_at = Some(received);
        deal.deal.seq = Some(crate::customers::next_claim(tx, account)?);
        deal.review = Some(review(deal.deal.id, received, life, tx.caller().actor_text()));
    }
    let deal = registrations::insert(tx, deal, "deal.imported")?;
    history::note(tx, deal.deal.id, history::Entry::action("import"))?;
    if let Some((from, until)) = life.protected {
        protect(tx, &deal, life, from, until)?;
    }
    let verdict = if life.status == ReviewStatus::Draft {
        Verdict::Draft
    } else {
        Verdict::Created
    };
    let now = tx.now;
    Ok(noted(Applied::new(verdict, deal.deal.id), &deal, life, now))
}

fn scope(tx: &mut Tx<'_>, incoming: &Incoming<'_>, memory: &mut Memory) -> Result<Scope> {
    let ids = &incoming.ids;
    let partner = lookup::needed::<PartnerId>(ids, "partner")?;
    let account = match lookup::id::<AccountId>(ids, "account")? {
        Some(id) => Some(memory.account(tx, id)?),
        None => None,
    };
    let product = match lookup::id::<ProductId>(ids, "product")? {
        Some(id) => Some((id, memory.product_code(tx, id)?)),
        None => None,
    };
    // A partner that works in one territory sells there.
    let territory = match lookup::id::<TerritoryId>(ids, "territory")? {
        Some(id) => Some(id),
        None => memory.only_territory(tx, partner)?,
    };
    let territory = match territory {
        Some(id) => Some((id, memory.territory_code(tx, id)?)),
        None => None,
    };
    Ok(Scope {
        partner,
        distributor: lookup::id(ids, "distributor")?,
        account,
        product,
        territory,
    })
}

fn fault(field: &str, code: &str, detail: &str) -> RowFault {
    RowFault {
        field: field.to_owned(),
        code: code.to_owned(),
        detail: detail.to_owned(),
    }
}

/// What the row says of the deal's life, if it can have been so.
fn life(incoming: &Incoming<'_>, scope: &Scope, now: Time) -> Result<Life> {
    use ReviewStatus::{Approved, Draft, Lapsed, NotRegistered, Rejected, Revoked, Withdrawn};
    let row = incoming.row;
    let usual = if scope.account.is_some() { NotRegistered } else { Draft };
    let said: ReviewStatus = row.word("review_status")?.unwrap_or(usual);
    let status = if scope.account.is_some() { said } else { Draft };
    let stage: DealStage = row.word("stage")?.unwrap_or(DealStage::Prospect);
    let (opened, received, closed) = (
        row.moment("opened_at"),
        row.moment("received_at"),
        row.moment("closed_at"),
    );
    let mut faults = Vec::new();
    if !matches!(
        status,
        Draft | NotRegistered | Approved | Rejected | Withdrawn | Lapsed | Revoked
    ) {
        let detail = "what waits for a decision is submitted here, so that it is checked and takes its place; import it as a draft";
        faults.push(fault("review_status", "not_importable", detail));
    }
    let received = received.or({
        if matches!(status, Draft | NotRegistered) {
            None
        } else {
            opened
        }
    });
    let registered = !matches!(status, Draft | NotRegistered);
    if registered && received.is_none() {
        faults.push(fault(
            "received_at",
            "required",
            "what was registered elsewhere has the moment at which it was received there",
        ));
    }
    if stage.is_closed() && closed.is_none() {
        faults.push(fault(
            "closed_at",
            "required",
            "a deal that was won or lost has the moment at which it was",
        ));
    }
    if !stage.is_closed() && closed.is_some() {
        faults.push(fault("closed_at", "not_closed", "an open deal has no such moment"));
    }
    for (field, moment) in [("opened_at", opened), ("received_at", received), ("closed_at", closed)] {
        if moment.is_some_and(|moment| moment > now) {
            faults.push(fault(field, "in_the_future", "history does not lie in the future"));
        }
    }
    if let (Some(opened), Some(closed)) = (opened, closed)
        && closed < opened
    {
        faults.push(fault(
            "closed_at",
            "closed_before_opened",
            "it lies before the deal was opened",
        ));
    }
    let protected = match (row.moment("protected_from"), row.moment("protected_until")) {
        (Some(from), Some(until)) if from < until => Some((from, until)),
        (None, None) => None,
        (Some(_), Some(_)) => {
            faults.push(fault(
                "protected_until",
                "ends_before_start",
                "a protection ends after it begins",
            ));
            None
        }
        _ => {
            faults.push(fault(
                "protected_until",
                "required",
                "a protection has a beginning and an end",
            ));
            None
        }
    };
    if protected.is_some() && !matches!(status, Approved | Revoked) {
        faults.push(fault(
            "protected_from",
            "not_approved",
            "only what was approved is protected: its review_status is approved or revoked",
        ));
    }
    if protected.is_some() && (scope.product.is_none() || scope.territory.is_none()) {
        faults.push(fault(
            "protected_from",
            "scope_missing",
            "what is protected names a product and a territory",
        ));
    }
    if !faults.is_empty() {
        let refusal = Error::new(&crate::error::codes::VALIDATION_FAILED);
        return Err(faults.into_iter().fold(refusal, |error, fault| {
            error.fault(format!("#/{}", fault.field), fault.code, fault.detail)
        }));
    }
    let opened_at = opened.or(received).unwrap_or(now);
    Ok(Life {
        status,
        stage,
        opened_at,
        received_at: received.filter(|_| registered),
        decided_at: row.moment("decided_at"),
        last_activity_at: row.moment("last_activity_at").or(closed).unwrap_or(opened_at),
        closed_at: closed,
        closed_reason: row.text("closed_reason").map(str::to_owned),
        protected,
    })
}

/// A deal of which nothing is known but whose it is.
fn fresh(scope: &Scope, number: String, now: Time) -> Registration {
    let id = DealId::at(now);
    Registration {
        deal: DealRow {
            id,
            number,
            partner_id: scope.partner,
            distributor_id: scope.distributor,
            submitter_id: None,
            title: String::new(),
            title_key: String::new(),
            deal_type: DealType::NetNew,
            source: DealSource::PartnerSourced,
            territory_id: None,
            customer_account_id: None,
            amount_minor: None,
            amount_currency: None,
            expected_close_on: None,
            review_status: ReviewStatus::Draft,
            stage: DealStage::Prospect,
            received_at: None,
            seq: None,
            review_due_at: None,
            assignee_id: None,
            conflict_check_id: None,
            policy_version: None,
            last_activity_at: now,
            legacy: true,
            closed_at: None,
            closed_reason: None,
            win_verified_at: None,
            custom: Stored::default(),
            revision: 1,
            created_at: now,
            updated_at: now,
        },
        details: DetailsRow {
            deal_id: id,
            description: None,
            next_step: None,
            competitor: None,
            co_sell_needs: Stored(Vec::new()),
            visibility: DealVisibility::Full,
            customer_consent: false,
            on_behalf_of: None,
            missing: Stored(Vec::new()),
        },
        customer: None,
        review: None,
        territory: None,
        lines: Vec::new(),
        contacts: Vec::new(),
        sites: Vec::new(),
        references: Vec::new(),
        info: None,
        decision: None,
        windows: Vec::new(),
        extension_count: 0,
    }
}

/// The deal with everything that the row says; what it leaves out stays.
fn filled(
    mut next: Registration,
    new: &NewDeal,
    scope: &Scope,
    life: &Life,
    incoming: &Incoming<'_>,
    now: Time,
) -> Registration {
    let deal = &mut next.deal;
    deal.title_key = fold(&new.title);
    deal.title.clone_from(&new.title);
    deal.deal_type = new.deal_type.unwrap_or(deal.deal_type);
    deal.source = new.source.unwrap_or(deal.source);
    if let Some(amount) = new.amount {
        (deal.amount_minor, deal.amount_currency) = (Some(amount.minor), Some(amount.currency));
    }
    deal.expected_close_on = new.expected_close_on.or(deal.expected_close_on);
    deal.review_status = life.status;
    deal.stage = life.stage;
    deal.closed_at = life.closed_at;
    deal.win_verified_at = life.closed_at.filter(|_| life.stage == DealStage::Won);
    deal.closed_reason = if life.stage == DealStage::ClosedLost {
        life.closed_reason.clone()
    } else {
        None
    };
    if incoming.present.is_none() || incoming.row.moment("opened_at").is_some() {
        deal.created_at = life.opened_at;
        deal.last_activity_at = life.last_activity_at;
    }
    if let Some((id, code)) = &scope.territory {
        deal.territory_id = Some(*id);
        next.territory = Some(code.clone());
    }
    let details = &mut next.details;
    for (field, given) in [
        (&mut details.description, &new.description),
        (&mut details.next_step, &new.next_step),
        (&mut details.competitor, &new.competitor),
    ] {
        if given.is_some() {
            field.clone_from(given);
        }
    }
    if let Some(account) = &scope.account {
        let known = next
            .customer
            .as_ref()
            .is_some_and(|_| next.deal.customer_account_id == Some(account.id));
        next.deal.customer_account_id = Some(account.id);
        if !known {
            next.customer = Some(customer(next.deal.id, account, now));
        }
    }
    if let Some((product, code)) = &scope.product {
        next.lines = vec![line(&next, *product, code, life.status, incoming, now)];
    }
    next
}

/// The customer as its account says: a file of another system names the account, and nothing was typed here.
fn customer(deal: DealId, account: &CustomerAccount, now: Time) -> CustomerRow {
    let address = account.address.clone().unwrap_or_default();
    CustomerRow {
        deal_id: deal,
        name: account.name.clone(),
        name_key: fold(&account.name),
        website: account.website.clone(),
        domain: account.domain.clone(),
        registration_number: account.registration_number.clone(),
        registration_authority: account.registration_authority.clone(),
        phone: account.phone.clone(),
        email: None,
        street: address.street,
        city: address.city,
        region: address.region,
        postal_code: address.postal_code,
        country: address.country,
        resolution: CustomerResolution::Imported,
        resolved_at: Some(now),
        resolved_by: Some("system:import".to_owned()),
        input_hash: None,
        matcher_version: None,
        candidates: None,
        matched_at: None,
    }
}

fn line(
    deal: &Registration,
    product: ProductId,
    code: &str,
    status: ReviewStatus,
    incoming: &Incoming<'_>,
    now: Time,
) -> Line {
    let price = incoming.row.money("unit_price");
    let known = deal
        .lines
        .iter()
        .find(|line| line.row.product_id == product)
        .map(|line| &line.row);
    let quantity = incoming
        .row
        .integer("quantity")
        .or_else(|| known.map(|row| row.quantity))
        .unwrap_or(1);
    let mut row = known.cloned().unwrap_or_else(|| LineRow {
        id: DealLineId::at(now),
        deal_id: deal.deal.id,
        position: 1,
        product_id: product,
        quantity,
        unit_price_minor: None,
        unit_price_currency: None,
        received_at: None,
        seq: None,
        review_status: DealLineStatus::Draft,
        created_at: now,
        updated_at: now,
    });
    row.quantity = quantity;
    if let Some(price) = price {
        (row.unit_price_minor, row.unit_price_currency) = (Some(price.minor), Some(price.currency));
    }
    row.review_status = match status {
        ReviewStatus::NotRegistered => DealLineStatus::NotRegistered,
        ReviewStatus::Approved | ReviewStatus::Revoked => DealLineStatus::Approved,
        ReviewStatus::Rejected => DealLineStatus::Rejected,
        ReviewStatus::Draft => DealLineStatus::Draft,
        _ => DealLineStatus::Pending,
    };
    Line {
        row,
        product: code.to_owned(),
    }
}

fn review(deal: DealId, received: Time, life: &Life, by: String) -> ReviewRow {
    ReviewRow {
        deal_id: deal,
        submitted_by: by,
        submitted_at: received,
        round: 1,
        paused_at: None,
        paused_micros: 0,
        info_due_at: None,
        assigned_at: None,
        decided_at: life.decided_at.or(life.protected.map(|(from, _)| from)),
        auto_approved: false,
        appeal_until: None,
    }
}

fn protect(tx: &mut Tx<'_>, deal: &Registration, life: &Life, from: Time, until: Time) -> Result<()> {
    let (Some(account), Some(territory)) = (deal.deal.customer_account_id, deal.deal.territory_id) else {
        return Ok(());
    };
    for line in &deal.lines {
        queries::protect(
            tx,
            Granted {
                deal: deal.deal.id,
                partner: deal.deal.partner_id,
                account,
                product: line.row.product_id,
                territory,
                class: if deal.deal.deal_type == DealType::Renewal {
                    "renewal"
                } else {
                    "new_business"
                },
                from,
                until,
                // The way a protection ends when its deal does.
                status: match (life.status, life.stage) {
                    (ReviewStatus::Revoked, _) => "revoked",
                    (_, DealStage::Won) => "consumed",
                    (_, DealStage::ClosedLost) => "released",
                    _ => "active",
                },
                decided_at: life.decided_at.unwrap_or(from),
            },
        )?;
    }
    Ok(())
}

/// The verdict with what a reader must know: what a draft lacks, which guards history was not asked to pass.
fn noted(applied: Applied, deal: &Registration, life: &Life, now: Time) -> Applied {
    if life.status == ReviewStatus::Draft {
        let missing = deal.clone().seen_by(Reader::Vendor, now).missing;
        return applied.because("incomplete", format!("missing: {}", missing.join(", ")));
    }
    let mut skipped = vec!["submission"];
    if life.stage == DealStage::Won {
        skipped.push("evidence_of_the_win");
        if life
            .closed_at
            .is_some_and(|closed| closed < life.opened_at.plus_seconds(MINIMUM_AGE_SECONDS))
        {
            skipped.push("minimum_age");
        }
    }
    if life.stage == DealStage::ClosedLost && life.closed_reason.is_none() {
        skipped.push("reason_of_the_loss");
    }
    if !life.stage.is_closed() && deal.deal.expected_close_on.is_none_or(|date| date <= now.date()) {
        skipped.push("expected_close_in_the_future");
    }
    applied.because("legacy", format!("history: not asked for {}", skipped.join(", ")))
}
