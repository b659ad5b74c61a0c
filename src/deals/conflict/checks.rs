//! Running a check: who the customer may be, what is held on those accounts, and the rules over both.
//!
//! Finding the candidates is the costly part and needs no lock: it is done before the transaction that decides
//! ([`prepare`]) and remembered with the customer as it was typed. Under the lock on the account only ids and claims are
//! looked at again ([`check_deal`]); a candidate that was merged meanwhile counts as the account that stayed.
//!
//! A registration that is about to be written is checked as it will stand ([`check_unwritten`]), so that its rows are written
//! once, with the check and what was found.

use std::collections::BTreeSet;

use super::{
    model::{Assessment, CheckPurpose, RedactedAssessment, RuleVersion},
    queries::{self, Around, CheckRow, Described, Registered, Trees},
    rules::{self, Asked, Candidate, ConflictPolicy, Customer, Facts, Window},
};
use crate::kernel::states::guard;
use crate::{
    customers::resolution::{self, EntityClass},
    db::Tx,
    deals::{
        outcomes,
        protection::Grant,
        registrations::{DealType, Registration},
    },
    error::{Error, Result},
    kernel::{
        Stored, Time,
        ids::{AccountId, ConflictCheckId, DealId, ProductId, TerritoryId},
    },
    policies::{self, FirstInTime, ProgramSettings},
};

/// A check that was run and stored.
#[derive(Debug, Clone, PartialEq)]
pub struct Check {
    /// Its id.
    pub id: ConflictCheckId,
    /// The rules it was run by.
    pub rule_version: RuleVersion,
    /// The version of the settings it was run under.
    pub policy_version: i64,
    /// The moment as of which it looked.
    pub as_of: Time,
    /// What it found, in full.
    pub assessment: Assessment,
    /// What the partner may know of it.
    pub redacted: RedactedAssessment,
}

/// What a check is asked.
#[derive(Debug, Clone, PartialEq)]
pub struct Question {
    /// Why it is run.
    pub purpose: CheckPurpose,
    /// What is asked for.
    pub asked: Asked,
    /// Who the customer may be.
    pub customer: Customer,
    /// The moment as of which it looks.
    pub as_of: Time,
    /// The check that it repeats.
    pub replay_of: Option<ConflictCheckId>,
}

/// What the checks of one transaction have read, so that they read it once.
#[derive(Debug, Default)]
pub struct Read {
    trees: Trees,
    /// The accounts that they have looked at.
    pub around: Around,
}

/// What was found before the transaction, to be taken into it.
#[derive(Debug, Clone, PartialEq)]
pub struct Prepared {
    described: Option<Described>,
    customer: Customer,
}

impl Prepared {
    /// Who the customer may be.
    pub const fn customer(&self) -> &Customer {
        &self.customer
    }

    /// Whether it was found for the customer of that registration as it is described there.
    pub fn is_of(&self, registration: &Registration) -> bool {
        self.described == registration.customer.as_ref().map(Described::of)
    }

    /// The account that the customer surely is: identical or the same entity. Of several that are as sure, the one that was
    /// recorded first: an account more would be one more place at which the customer can be protected.
    pub fn account(&self) -> Option<AccountId> {
        let sure =
            |candidate: &&Candidate| candidate.relative_of.is_none() && candidate.class <= EntityClass::SameEntity;
        let candidates = self.customer.candidates.iter().filter(sure);
        candidates
            .min_by_key(|candidate| (candidate.class, candidate.account_id))
            .map(|candidate| candidate.account_id)
    }
}

/// Finds out who the registration's customer may be, unless that is remembered: for the read before the transaction.
///
/// # Errors
/// 404 if there is no such registration.
pub fn prepare(tx: &mut Tx<'_>, deal: DealId) -> Result<Prepared> {
    let now = tx.now;
    let registered = queries::asked_by(tx, deal, Window::open(now))?;
    prepared_of(tx, registered)
}

/// [`prepare`] for a registration that is at hand, stored or not.
///
/// # Errors
/// What the database reports.
pub fn prepare_for(tx: &mut Tx<'_>, registration: &Registration) -> Result<Prepared> {
    let now = tx.now;
    prepared_of(tx, Registered::of(registration, Window::open(now)))
}

/// [`prepare`] for customers of whom nothing is known yet but how they are described.
///
/// # Errors
/// What the database reports.
pub fn prepare_described(tx: &mut Tx<'_>, described: Vec<Described>) -> Result<Vec<Prepared>> {
    let thresholds = resolution::thresholds_now(tx)?;
    let prepared = described.into_iter().map(|described| {
        let customer = queries::look_up(tx, &described, &thresholds)?;
        Ok(Prepared {
            described: Some(described),
            customer,
        })
    });
    prepared.collect()
}

/// What is found now, instead of what was prepared.
///
/// # Errors
/// What the database reports.
pub fn prepare_again(tx: &mut Tx<'_>, prepared: &Prepared) -> Result<Prepared> {
    let again = prepare_described(tx, prepared.described.iter().cloned().collect())?;
    Ok(again.into_iter().next().unwrap_or_else(|| prepared.clone()))
}

/// What was prepared, with those of some accounts that may be the customer, too: they were made since.
///
/// # Errors
/// What the database reports.
pub fn prepare_with(tx: &mut Tx<'_>, prepared: &Prepared, accounts: &[AccountId]) -> Result<Prepared> {
    let mut renewed = prepared.clone();
    if let Some(described) = &prepared.described {
        queries::look_among(tx, described, &mut renewed.customer, accounts)?;
    }
    Ok(renewed)
}

fn prepared_of(tx: &mut Tx<'_>, registered: Registered) -> Result<Prepared> {
    let customer = found(tx, &registered)?;
    Ok(Prepared {
        described: registered.described,
        customer,
    })
}

fn found(tx: &mut Tx<'_>, registered: &Registered) -> Result<Customer> {
    match (&registered.remembered, &registered.described) {
        (Some(remembered), _) => {
            let mut customer = remembered.clone();
            customer.classed(&resolution::thresholds_now(tx)?);
            Ok(customer)
        }
        (None, Some(described)) => {
            let thresholds = resolution::thresholds_now(tx)?;
            queries::look_up(tx, described, &thresholds)
        }
        (None, None) => Ok(Customer {
            unknown: registered.account_id.is_none(),
            ..Customer::default()
        }),
    }
}

/// Runs the check of a registration as it stands in this transaction, and stores it. `prepared` spares the search for
/// candidates if the customer is still described in the same words; it is remembered then. Whoever holds the lock on the
/// customer's account when calling this sees every claim that was committed before.
///
/// # Errors
/// 404 if there is no such registration; 409 `guard_failed` if it names no product.
pub fn check_deal(
    tx: &mut Tx<'_>,
    deal: DealId,
    purpose: CheckPurpose,
    window: Option<Window>,
    prepared: Option<&Prepared>,
) -> Result<Check> {
    let mut read = Read::default();
    let question = question(tx, deal, purpose, window, prepared, &mut read)?;
    check_with(tx, question, &mut read)
}

/// Runs the check of some of a registration's products in that territory alone, and stores it: of what was added to it
/// after its approval.
///
/// # Errors
/// As [`check_deal`].
pub fn check_lines(
    tx: &mut Tx<'_>,
    deal: DealId,
    purpose: CheckPurpose,
    window: Window,
    products: &[ProductId],
    territory: TerritoryId,
) -> Result<Check> {
    let mut read = Read::default();
    let mut question = question(tx, deal, purpose, Some(window), None, &mut read)?;
    question.asked.territory_id = Some(territory);
    question.asked.lines.retain(|line| products.contains(&line.product_id));
    check_with(tx, question, &mut read)
}

/// [`check_deal`] of a registration that is about to be written as it is given: its claim counts as if it stood, and what is to be
/// remembered of its customer is noted on it. The caller writes it, with the check, in the same transaction, and decides by the same
/// settings.
///
/// # Errors
/// As [`check_deal`].
pub fn check_unwritten(
    tx: &mut Tx<'_>,
    registration: &mut Registration,
    purpose: CheckPurpose,
    prepared: &Prepared,
    (settings, read): (&ProgramSettings, &mut Read),
) -> Result<Check> {
    let (as_of, now) = (tx.moment(), tx.now);
    let window = protected_from(as_of, settings, registration.deal.deal_type);
    let registered = Registered::of(registration, window);
    let mut customer = customer_of(tx, &registered, Some(prepared))?;
    if let (Some(described), Some(row)) = (registered.to_remember(&customer), &mut registration.customer) {
        queries::note_found(row, described, &customer, now)?;
    }
    queries::named_customer(
        tx,
        &mut read.around,
        &mut customer,
        registered.account_id,
        registered.resolution,
    )?;
    let question = Question {
        purpose,
        asked: registered.asked,
        customer,
        as_of,
        replay_of: None,
    };
    let (policy_version, policy) = queries::policy_of(settings);
    let facts = facts_with(tx, &question, policy, Some(&*registration), read)?;
    store(tx, &question, facts, rules::RULES, policy_version).map(|(_, check)| check)
}

fn question(
    tx: &mut Tx<'_>,
    deal: DealId,
    purpose: CheckPurpose,
    window: Option<Window>,
    prepared: Option<&Prepared>,
    read: &mut Read,
) -> Result<Question> {
    // Later than `now` if a lock was waited for: the registration may have been received in between.
    let as_of = tx.moment();
    let mut registered = queries::asked_by(tx, deal, window.unwrap_or(Window::open(as_of)))?;
    if window.is_none() {
        registered.asked.window = ahead(tx, as_of, registered.asked.deal_type)?;
    }
    let mut customer = customer_of(tx, &registered, prepared)?;
    if let Some(described) = registered.to_remember(&customer) {
        queries::remember(tx, deal, described, &customer)?;
    }
    queries::named_customer(
        tx,
        &mut read.around,
        &mut customer,
        registered.account_id,
        registered.resolution,
    )?;
    Ok(Question {
        purpose,
        asked: registered.asked,
        customer,
        as_of,
        replay_of: None,
    })
}

/// Who the customer may be: as it was found before, if it is still described in the same words.
fn customer_of(tx: &mut Tx<'_>, registered: &Registered, prepared: Option<&Prepared>) -> Result<Customer> {
    match prepared.filter(|prepared| prepared.described == registered.described) {
        Some(prepared) => Ok(prepared.customer.clone()),
        None => found(tx, registered),
    }
}

/// The time for which a registration of that kind that is approved at `from` is protected.
///
/// # Errors
/// What the database reports.
pub fn ahead(tx: &mut Tx<'_>, from: Time, deal_type: DealType) -> Result<Window> {
    Ok(protected_from(from, &policies::in_force(tx, from)?, deal_type))
}

fn protected_from(from: Time, settings: &ProgramSettings, deal_type: DealType) -> Window {
    Window::new(from, from.plus_days(settings.registration.days_of(deal_type)))
}

/// Runs a check and stores it.
///
/// # Errors
/// 409 `guard_failed` if nothing is asked for.
pub fn check(tx: &mut Tx<'_>, question: Question) -> Result<Check> {
    check_with(tx, question, &mut Read::default())
}

fn check_with(tx: &mut Tx<'_>, question: Question, read: &mut Read) -> Result<Check> {
    let (policy_version, policy) = queries::policy(tx, question.as_of)?;
    let facts = facts_with(tx, &question, policy, None, read)?;
    store(tx, &question, facts, rules::RULES, policy_version).map(|(_, check)| check)
}

/// What the rules look at for that question, now.
///
/// # Errors
/// 409 `guard_failed` if nothing is asked for.
pub fn facts(tx: &mut Tx<'_>, question: &Question, policy: ConflictPolicy) -> Result<Facts> {
    facts_with(tx, question, policy, None, &mut Read::default())
}

/// [`facts`] with a registration that is about to be written, as it is given; what was read before is not read again.
fn facts_with(
    tx: &mut Tx<'_>,
    question: &Question,
    policy: ConflictPolicy,
    unwritten: Option<&Registration>,
    Read { trees, around }: &mut Read,
) -> Result<Facts> {
    let mut customer = question.customer.clone();
    customer.classed(&policy.matching);
    queries::with_relatives(tx, around, &mut customer)?;
    let accounts: BTreeSet<_> = queries::counting_accounts(&customer).collect();
    let at = question.asked.window.from.min(question.as_of);
    let claims = tx.about(accounts.iter().copied(), |tx| {
        queries::claims(tx, around, &accounts, &policy, at, unwritten)
    })?;
    let asked_products: BTreeSet<ProductId> = question.asked.lines.iter().map(|line| line.product_id).collect();
    let asked_territories: BTreeSet<TerritoryId> = question.asked.territory_id.into_iter().collect();
    let held_products = claims.iter().filter_map(|claim| claim.product_id).collect();
    let products = trees.products(tx, asked_products, held_products)?;
    let held_territories = claims.iter().filter_map(|claim| claim.territory_id).collect();
    let territories = trees.territories(tx, asked_territories, held_territories)?;
    Ok(Facts {
        as_of: question.as_of,
        asked: question.asked.clone(),
        customer,
        claims,
        products,
        territories,
        policy,
    })
}

/// Assesses the facts and stores the check with them.
///
/// # Errors
/// 409 `guard_failed` if nothing is asked for.
pub fn store(
    tx: &mut Tx<'_>,
    question: &Question,
    facts: Facts,
    version: RuleVersion,
    policy_version: i64,
) -> Result<(CheckRow, Check)> {
    if facts.asked.lines.is_empty() {
        let detail = "The registration names no products yet; add lines before it is checked for conflicts.".to_owned();
        let guard = guard("lines_missing", "#/lines", detail);
        return Err(Error::guards("draft", "check", vec![guard]));
    }
    let assessment = rules::assess(version, &facts)?;
    let redacted = rules::redact(&assessment, &facts.policy);
    let customer = assessment.customer.as_ref();
    let row = CheckRow {
        id: tx.new_id(),
        purpose: question.purpose,
        deal_id: question.asked.deal_id,
        partner_id: question.asked.partner_id,
        account_id: customer.map(|customer| customer.account_id),
        entity_class: customer.map(|customer| customer.class),
        verdict: assessment.verdict,
        queue_position: Some(assessment.queue_position),
        earliest_free_at: assessment.earliest_free_at,
        rule_version: version,
        policy_version,
        as_of: facts.as_of,
        input_hash: queries::hash(&facts),
        input: Stored(facts),
        document: Stored(assessment.clone()),
        redacted: Stored(redacted.clone()),
        replay_of_id: question.replay_of,
        created_by: tx.caller().actor_text(),
        created_at: tx.now,
    };
    let row = queries::insert(tx, row)?;
    let check = Check {
        id: row.id,
        rule_version: version,
        policy_version,
        as_of: row.as_of,
        assessment,
        redacted,
    };
    Ok((row, check))
}

/// The live registrations that come before the scope to be granted, by the rule of the policy in force, and that rule. For
/// the decision: none of them may be passed over without a reason.
///
/// - `first_valid`: those that were received earlier.
/// - `first_approved`: none.
/// - `evidence_weighted`: those whose partners have shown more, whenever they were received, and of those who have shown as
///   much the ones that were received earlier.
///
/// # Errors
/// What the database reports.
pub fn claimants_before(tx: &mut Tx<'_>, grant: &Grant) -> Result<(FirstInTime, Vec<(DealId, String)>)> {
    let at = tx.moment();
    let ProgramSettings {
        registration, conflict, ..
    } = policies::in_force(tx, at)?;
    let rule = registration.first_in_time;
    if rule == FirstInTime::FirstApproved {
        return Ok((rule, Vec::new()));
    }
    let asked = Asked {
        deal_id: Some(grant.deal_id),
        partner_id: Some(grant.partner_id),
        lines: grant.lines.clone(),
        territory_id: Some(grant.territory_id),
        deal_type: grant.deal_type,
        window: Window::new(grant.starts_at, grant.until),
    };
    let customer = Customer {
        candidates: vec![Candidate::certain(grant.account_id, "account")],
        considered: 1,
        ..Customer::default()
    };
    let policy = conflict.under(rule);
    let facts = facts(
        tx,
        &Question {
            purpose: CheckPurpose::Approval,
            asked,
            customer,
            as_of: at,
            replay_of: None,
        },
        policy,
    )?;
    let mut before = rules::earlier(&facts);
    if rule == FirstInTime::EvidenceWeighted {
        let later = rules::later(&facts);
        let ids: Vec<DealId> = before
            .iter()
            .chain(&later)
            .map(|(deal, _)| *deal)
            .chain([grant.deal_id])
            .collect();
        let shown = outcomes::evidence_of(tx, &ids)?;
        let weight = |deal: DealId| shown.get(&deal).map_or(0, |kinds| registration.weight_of(kinds));
        let own = weight(grant.deal_id);
        before.retain(|(deal, _)| weight(*deal) >= own);
        before.extend(later.into_iter().filter(|(deal, _)| weight(*deal) > own));
    }
    Ok((rule, before))
}

/// The place of a registration among those who hold or wait for its scope; 1 means nobody is ahead.
///
/// # Errors
/// 404 if there is no such registration.
pub fn queue_position(tx: &mut Tx<'_>, deal: DealId) -> Result<i64> {
    let mut read = Read::default();
    let question = question(tx, deal, CheckPurpose::Review, None, None, &mut read)?;
    let policy = queries::policy(tx, question.as_of)?.1;
    let facts = facts_with(tx, &question, policy, None, &mut read)?;
    rules::assess(rules::RULES, &facts).map(|assessment| assessment.queue_position)
}
