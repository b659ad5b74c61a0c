//! Sending a registration in.
//!
//! Who the customer may be is found before the transaction, without a lock. In the transaction every guard is judged; the
//! customer is tied to an account, or gets one; then, under that account's lock, the registration takes its place in the
//! queue: the moment of the server and the next number of the account, so that of two that come at once one is first. The
//! conflict check runs under the same lock and sees every claim before this one. A competitor never makes it fail. The rows of the
//! registration are written after that, once, as they stand then; a grant without a person changes them once more.

use std::borrow::Cow;

use super::{
    ahead::Ahead,
    approvals, chains, clock, clock_queries,
    guards::{self, Facts},
    history::{self, Entry},
    queries,
    queues::Queues,
    rows::{CustomerRow, Registration, ReviewRow},
    rules, slot_queries,
    states::{DealAxis, DealCustomerResolution, DealLineStatus, REVIEW, ReviewStatus},
};
use crate::{
    custom_fields::CustomFields,
    customers::{self, NewCustomerAccount},
    db::Tx,
    deals::conflict::{self, CheckPurpose, Described, Prepared},
    error::{Error, Result, codes},
    kernel::{
        Address, Time,
        ids::{AccountId, DealId, PartnerId, ProductId},
        states::{FailingGuard, guard},
    },
    numbers, partners,
    policies::{ProgramSettings, RegistrationPolicy},
};

/// What was found out before the transaction.
#[derive(Debug, Clone)]
pub struct Found {
    prepared: Prepared,
    /// How many accounts there were: a new one since then makes the search worth repeating.
    accounts: i64,
}

/// So many accounts that were made since a search are compared one by one.
const FEW: i64 = 100;

/// The account that a customer is, and how that was settled.
pub type Known = (AccountId, DealCustomerResolution);

/// Finds out who the customer of a registration may be. Reads only.
///
/// # Errors
/// 404 if the caller may not see the registration.
pub fn find_customer(tx: &mut Tx<'_>, id: DealId) -> Result<Found> {
    queries::find_row(tx, id)?;
    let accounts = accounts(tx)?;
    let prepared = conflict::prepare(tx, id)?;
    Ok(Found { prepared, accounts })
}

/// [`find_customer`] of a registration that is at hand, stored or not.
///
/// # Errors
/// What the database reports.
pub fn find_customer_of(tx: &mut Tx<'_>, registration: &Registration) -> Result<Found> {
    let accounts = accounts(tx)?;
    let prepared = conflict::prepare_for(tx, registration)?;
    Ok(Found { prepared, accounts })
}

/// [`find_customer`] of registrations of which there is no more yet than how they describe their customers. `accounts` were there
/// before the search.
///
/// # Errors
/// What the database reports.
pub fn find_described(tx: &mut Tx<'_>, accounts: i64, described: Vec<Described>) -> Result<Vec<Found>> {
    let prepared = conflict::prepare_described(tx, described)?;
    Ok(prepared
        .into_iter()
        .map(|prepared| Found { prepared, accounts })
        .collect())
}

/// How many accounts there are, as a search counts them.
///
/// # Errors
/// What the database reports.
pub fn accounts(tx: &mut Tx<'_>) -> Result<i64> {
    numbers::last(tx, customers::NUMBERS)
}

/// Every guard of submission that fails now.
///
/// # Errors
/// What the database reports.
pub fn failing(
    tx: &mut Tx<'_>,
    registration: &Registration,
    account: Option<AccountId>,
    policy: &RegistrationPolicy,
) -> Result<Vec<FailingGuard>> {
    failing_with(tx, &mut Ahead::default(), registration, account, policy)
}

fn failing_with(
    tx: &mut Tx<'_>,
    ahead: &mut Ahead,
    registration: &Registration,
    account: Option<AccountId>,
    policy: &RegistrationPolicy,
) -> Result<Vec<FailingGuard>> {
    let (deal, now) = (&registration.deal, tx.now);
    let mut authorised = Vec::with_capacity(registration.lines.len());
    if let Some(territory) = deal.territory_id {
        for line in &registration.lines {
            authorised.push(ahead.authorised(tx, deal.partner_id, line.row.product_id, territory)?);
        }
    }
    let already = match account {
        Some(account) => {
            let products = products(registration);
            ahead
                .queues
                .slot_holder(tx, deal.partner_id, account, &products, deal.deal_type)?
        }
        None => None,
    };
    let standing = ahead.standing(tx, deal.partner_id)?;
    let facts = Facts {
        partner_active: standing.is_active,
        agreements: standing.agreements.clone(),
        authorised,
        open_registrations: ahead.open_registrations(tx, deal.partner_id)?,
        tier_rank: standing.tier.as_ref().map(|tier| tier.rank),
        own: standing.own.clone(),
        already,
    };
    Ok(guards::submission(registration, &facts, policy, now))
}

/// Whether the customer of the registration is that partner itself.
///
/// # Errors
/// 404 if there is no such partner.
pub fn is_customer(tx: &mut Tx<'_>, registration: &Registration, partner: PartnerId) -> Result<bool> {
    let Some(customer) = &registration.customer else {
        return Ok(false);
    };
    let own = partners::known_by(tx, partner)?;
    Ok(guards::is_own(customer, &own))
}

fn products(registration: &Registration) -> Vec<ProductId> {
    registration.lines.iter().map(|line| line.row.product_id).collect()
}

/// Sends the registration in, and grants it at once where the program's rules do so without a person.
///
/// # Errors
/// 409 `invalid_state`; 409 `guard_failed` naming every guard that fails; 403 for those who may only read it.
pub fn submit(tx: &mut Tx<'_>, id: DealId, found: &Found, seen: crate::http::IfMatch) -> Result<Registration> {
    let before = queries::find(tx, id)?;
    seen.check(before.deal.revision)?;
    status_to_send_in(tx, &before)?;
    let mut ahead = Ahead::default();
    let found = found.renewed(tx, &mut ahead)?;
    let known = known_account(tx, &ahead, &before, &found)?;
    send_in(tx, &mut ahead, Draft::Stored(&before), &found, known)
}

/// A draft that is sent in.
#[derive(Debug, Clone, Copy)]
pub enum Draft<'d> {
    /// As it was read.
    Stored(&'d Registration),
    /// Made in this transaction and told of, but not stored yet.
    New(&'d Registration),
}

/// Where the review of a registration stands that is to be sent in.
fn status_to_send_in(tx: &Tx<'_>, before: &Registration) -> Result<ReviewStatus> {
    super::may_write(tx.caller(), before)?;
    let status = rules::status_at(before, tx.now);
    REVIEW.go(status, "submit")?;
    Ok(status)
}

/// Sends a registration in that is at hand. `known` is what [`known_account`] has answered.
///
/// # Errors
/// As [`submit`]; 409 `already_exists` if a new one has an external reference of another.
pub fn send_in(
    tx: &mut Tx<'_>,
    ahead: &mut Ahead,
    draft: Draft<'_>,
    found: &Found,
    known: Option<Known>,
) -> Result<Registration> {
    let (Draft::Stored(before) | Draft::New(before)) = draft;
    let status = status_to_send_in(tx, before)?;
    let settings = ahead.settings(tx)?;
    let failing = failing_with(
        tx,
        ahead,
        before,
        known.map(|(account, _)| account),
        &settings.registration,
    )?;
    if !failing.is_empty() {
        return Err(Error::guards(status, "submit", failing));
    }
    let (account, resolution) = match known {
        Some(known) => known,
        None => intake(tx, ahead, before, found)?,
    };
    let after = placed_in(tx, &mut ahead.queues, before, account, resolution)?;
    let mut after = sent_in(tx, ahead, after, &settings)?;
    if matches!(draft, Draft::Stored(_)) {
        slot_queries::take_slots(tx, &after, account).map_err(|error| taken(error, status))?;
    }
    chains::begin(tx, &after, &settings.registration)?;
    let purpose = CheckPurpose::Submission;
    let check = conflict::check_unwritten(tx, &mut after, purpose, &found.prepared, (&settings, &mut ahead.checks))?;
    after.deal.conflict_check_id = Some(check.id);
    let note = format!(
        "Check {}: {}. Place in the queue: {}.",
        check.id, check.assessment.verdict, check.assessment.queue_position
    );
    let entry = Entry::action("submit")
        .moved(DealAxis::ReviewStatus, status, ReviewStatus::Submitted)
        .detail(note);
    let id = after.deal.id;
    match draft {
        Draft::Stored(_) => {
            queries::write(tx, before, &after)?;
            queries::tell(tx, before, &after, "deal.submitted")?;
            history::note(tx, id, entry)?;
        }
        Draft::New(_) => {
            queries::store(tx, &after)?;
            slot_queries::add_slots(tx, &after, account)?;
            queries::tell(tx, before, &after, "deal.submitted")?;
            history::begin_with(tx, id, [Entry::action("create"), entry])?;
        }
    }
    let standing = ahead.standing(tx, after.deal.partner_id)?;
    let after = approvals::grant_without_person(tx, after, &check, &settings, standing.tier.as_ref())?;
    ahead.is_sent_in(&after);
    Ok(after)
}

/// The account that the customer is known to be: chosen by the vendor before, or found for sure.
///
/// # Errors
/// 404 if the account that was found is not there any more.
pub fn known_account(tx: &mut Tx<'_>, ahead: &Ahead, before: &Registration, found: &Found) -> Result<Option<Known>> {
    let mut surviving = |account| {
        if ahead.queues.has(account) {
            Ok(account)
        } else {
            customers::surviving(tx, account)
        }
    };
    let tied = before
        .customer
        .as_ref()
        .filter(|customer| customer.resolution != DealCustomerResolution::Unresolved);
    if let (Some(account), Some(customer)) = (before.deal.customer_account_id, tied) {
        return Ok(Some((surviving(account)?, customer.resolution)));
    }
    match found.prepared.account() {
        Some(account) => Ok(Some((surviving(account)?, DealCustomerResolution::Matched))),
        None => Ok(None),
    }
}

/// An account for a customer that was not known when it was looked for. Two partners may bring the same new customer at
/// the same moment, and two accounts for one customer would hide their conflict: so they queue at the numbers of accounts,
/// and who comes second looks again.
fn intake(tx: &mut Tx<'_>, ahead: &mut Ahead, registration: &Registration, found: &Found) -> Result<Known> {
    let Some(customer) = &registration.customer else {
        return Err(Error::internal("a registration without a customer passed the guards"));
    };
    if numbers::hold(tx, customers::NUMBERS)? != found.accounts {
        let again = conflict::prepare_for(tx, registration)?;
        if let Some(account) = again.account() {
            return Ok((customers::surviving(tx, account)?, DealCustomerResolution::Matched));
        }
    }
    let account = customers::insert(tx, &described(customer))?;
    ahead.made_account();
    Ok((account.id, DealCustomerResolution::Created))
}

/// The new account as the partner described the customer.
fn described(customer: &CustomerRow) -> NewCustomerAccount {
    let address = Address {
        street: customer.street.clone(),
        city: customer.city.clone(),
        region: customer.region.clone(),
        postal_code: customer.postal_code.clone(),
        country: customer.country,
    };
    NewCustomerAccount {
        name: customer.name.clone(),
        // What many share is no mark of the customer's own.
        website: customer.website.clone().filter(|_| customer.domain.is_some()),
        registration_number: customer.registration_number.clone(),
        registration_authority: customer.registration_authority.clone(),
        phone: customer.phone.clone(),
        address: address.known(),
        parent_id: None,
        industry: None,
        employees: None,
        annual_revenue: None,
        founded_year: None,
        territory_id: None,
        owner_id: None,
        aliases: None,
        tags: None,
        custom: CustomFields::default(),
        external_refs: None,
    }
}

/// The registration with its place in the account's queue, taken under the account's lock.
///
/// # Errors
/// 404 if there is no such account.
pub fn placed(
    tx: &mut Tx<'_>,
    before: &Registration,
    account: AccountId,
    resolution: DealCustomerResolution,
) -> Result<Registration> {
    placed_in(tx, &mut Queues::default(), before, account, resolution)
}

/// [`placed`] in one of the queues, if it is known.
fn placed_in(
    tx: &mut Tx<'_>,
    queues: &mut Queues,
    before: &Registration,
    account: AccountId,
    resolution: DealCustomerResolution,
) -> Result<Registration> {
    let (seq, last) = queues.next(tx, account)?;
    // A clock that was set back must not put a later registration before an earlier one.
    let received_at = tx.moment().max(last.unwrap_or(tx.now));
    let actor = tx.caller().actor_text();
    let mut after = before.clone();
    after.deal.customer_account_id = Some(account);
    after.deal.received_at = Some(received_at);
    after.deal.seq = Some(seq);
    for line in &mut after.lines {
        (line.row.received_at, line.row.seq) = (Some(received_at), Some(seq));
    }
    if let Some(customer) = after
        .customer
        .as_mut()
        .filter(|customer| customer.resolution != resolution || customer.resolved_at.is_none())
    {
        (customer.resolution, customer.resolved_at, customer.resolved_by) =
            (resolution, Some(received_at), Some(actor));
    }
    Ok(after)
}

fn sent_in(
    tx: &mut Tx<'_>,
    ahead: &mut Ahead,
    placed: Registration,
    settings: &ProgramSettings,
) -> Result<Registration> {
    let (now, actor) = (tx.now, tx.caller().actor_text());
    let received_at = placed.deal.received_at.unwrap_or(now);
    let mut after = placed;
    after.deal.review_status = REVIEW.go_to(ReviewStatus::Draft, "submit", ReviewStatus::Submitted)?;
    after.deal.policy_version = Some(settings.version);
    after.deal.last_activity_at = now;
    let business = ahead.clock(tx, after.deal.territory_id)?;
    clock::start(
        &mut after,
        1,
        received_at,
        settings.registration.review_business_days,
        &business,
    );
    for line in &mut after.lines {
        line.row.review_status = DealLineStatus::Pending;
        line.row.updated_at = now;
    }
    after.review = Some(ReviewRow {
        deal_id: after.deal.id,
        submitted_by: actor,
        submitted_at: received_at,
        round: 1,
        paused_at: None,
        paused_micros: 0,
        info_due_at: None,
        assigned_at: None,
        decided_at: None,
        auto_approved: false,
        appeal_until: None,
    });
    Ok(after.touched(now))
}

/// A registration that is before the vendor once more: another round, with a clock that begins now and no reviewer yet.
///
/// # Errors
/// What the database reports.
pub fn new_round(
    tx: &mut Tx<'_>,
    registration: &mut Registration,
    policy: &RegistrationPolicy,
    now: Time,
) -> Result<()> {
    registration.deal.assignee_id = None;
    let round = registration.review.as_ref().map_or(1, |review| review.round + 1);
    clock_queries::start(tx, registration, round, now, policy)?;
    if let Some(review) = &mut registration.review {
        *review = ReviewRow {
            deal_id: review.deal_id,
            submitted_by: review.submitted_by.clone(),
            submitted_at: review.submitted_at,
            round,
            paused_at: None,
            paused_micros: 0,
            info_due_at: None,
            assigned_at: None,
            decided_at: None,
            auto_approved: false,
            appeal_until: None,
        };
    }
    Ok(())
}

fn taken(error: Error, status: ReviewStatus) -> Error {
    if !error.is(&codes::ALREADY_EXISTS) {
        return error;
    }
    let detail = "Another registration of the same partner is open for the same customer, product and kind of deal; work with that one.".to_owned();
    Error::guards(status, "submit", vec![guard("no_open_registration", "#/lines", detail)])
}

impl Found {
    /// Whether it was found for the customer of that registration as it is described there.
    pub fn is_of(&self, registration: &Registration) -> bool {
        self.prepared.is_of(registration)
    }

    /// With the accounts that were made since, as far as they may be the customer.
    ///
    /// # Errors
    /// What the database reports.
    pub fn renewed(&self, tx: &mut Tx<'_>, ahead: &mut Ahead) -> Result<Cow<'_, Self>> {
        let accounts = ahead.accounts(tx)?;
        if accounts == self.accounts {
            return Ok(Cow::Borrowed(self));
        }
        // Numbers begin anew with each year. Among very many it is quicker to search.
        let since = if accounts < self.accounts { 0 } else { self.accounts };
        let prepared = if accounts - since > FEW {
            conflict::prepare_again(tx, &self.prepared)?
        } else {
            let numbers = numbers::given(tx, customers::NUMBERS, since, accounts);
            let made = customers::with_numbers(tx, &numbers)?;
            conflict::prepare_with(tx, &self.prepared, &made)?
        };
        Ok(Cow::Owned(Self { prepared, accounts }))
    }

    /// The account that the customer surely is, if there is one.
    pub fn account(&self) -> Option<AccountId> {
        self.prepared.account()
    }

    /// What the conflict check takes along.
    pub const fn prepared(&self) -> &Prepared {
        &self.prepared
    }
}
