//! A look for conflicts before registering. For a partner it could be a way to fish the vendor's pipeline, so it needs a
//! contact and a need, tells no more than `clear` or `needs_review`, is limited in number, and is written down.

use super::{
    checks::{self, Question},
    model::{CheckPurpose, ConflictCheck, ConflictDryRun, ConflictVerdict, DryRunAnswer, DryRunConflictCheck},
    queries::{self, Described, ProbeRow},
    rules::{Asked, AskedLine, Customer},
};
use crate::{
    customers::resolution,
    db::Tx,
    deals::registrations::{self, DealType, Named, NewDealCustomer},
    error::{Error, Result, codes},
    events::Fact,
    kernel::{Time, ids::PartnerId},
    partners,
};

/// Days over which a partner's looks at different customers are counted.
const PROBING_DAYS: i64 = 7;

/// What was found out before the transaction.
#[derive(Debug, Clone)]
pub struct Looked {
    partner: Option<PartnerId>,
    named: Named,
    described: Described,
    customer: Customer,
}

impl From<&NewDealCustomer> for Described {
    fn from(given: &NewDealCustomer) -> Self {
        let given = given.clone();
        Self {
            name: given.name,
            website: given.website,
            registration_number: given.registration_number,
            registration_authority: given.registration_authority,
            phone: given.phone,
            email: given.email,
            street: given.street,
            city: given.city,
            region: given.region,
            postal_code: given.postal_code,
            country: given.country.map(|country| country.to_string()),
        }
    }
}

/// Finds the customer and the names of the request: reads only, before the transaction.
///
/// # Errors
/// 409 `unknown_reference` for a partner, product or territory that does not exist or that the caller may not see; 429
/// if the partner has made all its dry runs for now.
pub fn look(tx: &mut Tx<'_>, request: &DryRunConflictCheck) -> Result<Looked> {
    let partner = partner(tx, request)?;
    if !tx.caller().is_vendor() {
        // Before the search, so that it costs nothing to refuse.
        left(tx, partner)?;
    }
    let named = registrations::named(tx, Some(&request.territory), &request.lines)?;
    let described = Described::from(&request.customer);
    let thresholds = resolution::thresholds_now(tx)?;
    let customer = queries::look_up(tx, &described, &thresholds)?;
    Ok(Looked {
        partner,
        named,
        described,
        customer,
    })
}

fn partner(tx: &mut Tx<'_>, request: &DryRunConflictCheck) -> Result<Option<PartnerId>> {
    let caller = tx.caller();
    match (caller.partner(), request.partner_id) {
        (Some(own), None) => Ok(Some(own)),
        (_, Some(named)) if caller.sees(named) && queries::partner_exists(tx, named)? => Ok(Some(named)),
        (_, Some(_)) => Err(Error::unknown_reference(
            "#/partner_id",
            "There is no such partner that you may look for.",
        )),
        (None, None) => Ok(None),
    }
}

/// How many dry runs the partner has left.
fn left(tx: &mut Tx<'_>, partner: Option<PartnerId>) -> Result<i64> {
    let Some(partner) = partner else { return Ok(0) };
    let now = tx.now;
    let allowed = queries::policy(tx, now)?.1.dry_runs_per_day;
    let (made, first) = queries::probes_since(tx, partner, now.plus_days(-1))?;
    if made < allowed {
        return Ok(allowed - made);
    }
    let wait = first.map_or(86_400, |first| first.plus_days(1).since(now) / 1_000_000 + 1);
    let detail =
        format!("Your organisation may make {allowed} dry runs in 24 hours; register the deal to have it looked at.");
    Err(Error::new(&codes::RATE_LIMITED)
        .detail(detail)
        .retry_after(u32::try_from(wait.clamp(1, 86_400)).unwrap_or(86_400)))
}

/// Runs the check, stores it, and writes down the look of a partner.
///
/// # Errors
/// 429 if the partner has made all its dry runs for now.
pub fn run(tx: &mut Tx<'_>, request: &DryRunConflictCheck, looked: &Looked) -> Result<ConflictDryRun> {
    let by_vendor = tx.caller().is_vendor();
    let now = tx.now;
    let remaining = match looked.partner {
        Some(partner) if !by_vendor => {
            // Only one dry run of a partner is counted at a time.
            partners::lock(tx, partner)?;
            Some(left(tx, Some(partner))?)
        }
        _ => None,
    };
    let deal_type = request.deal_type.unwrap_or(DealType::NetNew);
    let asked = Asked {
        deal_id: None,
        partner_id: looked.partner,
        lines: looked
            .named
            .products
            .iter()
            .map(|(product_id, _)| AskedLine {
                product_id: *product_id,
                place: None,
            })
            .collect(),
        territory_id: looked.named.territory.as_ref().map(|(territory, _)| *territory),
        deal_type,
        window: checks::ahead(tx, now, deal_type)?,
    };
    let question = Question {
        purpose: CheckPurpose::DryRun,
        asked,
        customer: looked.customer.clone(),
        as_of: now,
        replay_of: None,
    };
    let (policy_version, policy) = queries::policy(tx, now)?;
    let limit = policy.probing_customers;
    let facts = checks::facts(tx, &question, policy)?;
    let (row, check) = checks::store(tx, &question, facts, super::rules::RULES, policy_version)?;
    let answer = if check.assessment.verdict == ConflictVerdict::Clear {
        DryRunAnswer::Clear
    } else {
        DryRunAnswer::NeedsReview
    };
    let told = row.clone().seen_by(tx.caller());
    if let Some(partner) = looked.partner.filter(|_| !by_vendor) {
        let probe = ProbeRow {
            id: tx.new_id(),
            partner_id: partner,
            user_id: tx.caller().user(),
            deal_id: None,
            conflict_check_id: row.id,
            input_hash: looked.described.hash(),
            account_id: row.account_id,
            answer,
            at: now,
        };
        queries::insert_probe(tx, &probe)?;
        signal(tx, partner, limit, now, &told)?;
    }
    Ok(ConflictDryRun {
        answer,
        check: by_vendor.then_some(told),
        remaining: remaining.map(|left| left - 1),
    })
}

/// Tells the vendor, once, that a partner looks at more customers than it registers.
fn signal(tx: &mut Tx<'_>, partner: PartnerId, limit: i64, now: Time, check: &ConflictCheck) -> Result<()> {
    let customers = queries::customers_probed_since(tx, partner, now.plus_days(-PROBING_DAYS))?;
    if customers == limit {
        let fact = Fact::created(
            "conflict_check.probing_suspected",
            &ConflictCheck {
                assessment: None,
                ..check.clone()
            },
        );
        tx.record(fact.because(format!(
            "{customers} different customers were looked for within {PROBING_DAYS} days without a registration"
        )))?;
    }
    Ok(())
}
