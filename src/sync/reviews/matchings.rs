//! Finds the records of ours that one of another system may be: for each type by what names it.

use super::{
    model::{ExternalRecord, SyncCandidate, SyncMatch, SyncMatchStatus},
    queries, rules,
};
use crate::{
    customers::{
        matching::domain::corporate_domain,
        resolution::{self, CustomerInput, EntityClass},
    },
    db::Tx,
    deals::registrations,
    error::Result,
    kernel::{ids::AccountId, words::fold},
    partners::{self, Registration, people},
    references::{self, ExternalRef},
    sync::{
        kinds::SyncedType,
        links::{self, queries as link_queries},
        systems::ExternalSystem,
    },
};

type Find = fn(&mut Tx<'_>, &ExternalSystem, &ExternalRecord) -> Result<Vec<SyncCandidate>>;

/// How records of each type are found.
const FINDERS: &[(SyncedType, Find)] = &[
    (SyncedType::Partner, partners_alike),
    (SyncedType::Person, people_alike),
    (SyncedType::CustomerAccount, accounts_alike),
    (SyncedType::Deal, deals_alike),
];

/// What each record is. Reads only.
///
/// # Errors
/// What the database reports.
pub fn judge(
    tx: &mut Tx<'_>,
    system: &ExternalSystem,
    kind: SyncedType,
    records: &[ExternalRecord],
) -> Result<Vec<SyncMatch>> {
    let ids: Vec<String> = records.iter().map(|record| record.external_id.clone()).collect();
    let linked = link_queries::by_externals(tx, system.id, kind, &ids)?;
    let reviewed = queries::by_externals(tx, system.id, kind, &ids)?;
    let mut matches = Vec::with_capacity(records.len());
    for (index, record) in (0_i64..).zip(records) {
        let (link, review) = (linked.get(&record.external_id), reviewed.get(&record.external_id));
        matches.push(match rules::settled(index, record, link, review) {
            Some(known) => known,
            None => {
                let mut found = Vec::new();
                for (_, find) in FINDERS.iter().filter(|(of, _)| *of == kind) {
                    found.extend(find(tx, system, record)?);
                }
                rules::judged(index, record, found)
            }
        });
    }
    Ok(matches)
}

/// Does what was found: links what is sure, and puts what is ambiguous into the queue.
///
/// # Errors
/// What the database reports; what cannot be linked is told in its match.
pub fn settle(
    tx: &mut Tx<'_>,
    system: &ExternalSystem,
    kind: SyncedType,
    pairs: &[(ExternalRecord, SyncMatch)],
) -> Result<Vec<SyncMatch>> {
    let mut settled = Vec::with_capacity(pairs.len());
    for (record, found) in pairs {
        let mut done = found.clone();
        match (found.status, &found.resource_id) {
            (SyncMatchStatus::Matched, Some(ours)) => {
                let linked = tx.attempt(|tx| links::link(tx, system, kind, ours, &record.external_id));
                match linked {
                    Ok(link) => done.link_id = Some(link.id),
                    Err(error) if error.may_retry() || error.code().status >= 500 => return Err(error),
                    Err(error) => {
                        let told = error.all_faults().first();
                        done.detail =
                            Some(told.map_or_else(|| error.message().to_owned(), |fault| fault.detail.clone()));
                        done.status = SyncMatchStatus::Refused;
                    }
                }
            }
            (SyncMatchStatus::Ambiguous, _) => {
                let review = queries::put(tx, system.id, kind, record, found.candidates.clone())?;
                done.review_id = Some(review.id);
            }
            _ => {}
        }
        settled.push(done);
    }
    Ok(settled)
}

fn candidate(id: &dyn std::fmt::Display, name: String, exact: bool, score: f64, reasons: &[&str]) -> SyncCandidate {
    SyncCandidate {
        resource_id: id.to_string(),
        name,
        exact,
        score,
        reasons: reasons.iter().map(|reason| (*reason).to_owned()).collect(),
    }
}

fn accounts_alike(tx: &mut Tx<'_>, system: &ExternalSystem, record: &ExternalRecord) -> Result<Vec<SyncCandidate>> {
    let described = CustomerInput {
        name: record.name.clone(),
        website: record.website.clone(),
        registration_number: record.registration_number.clone(),
        registration_authority: record.registration_authority.clone(),
        phone: record.phone.clone(),
        email: record.email.clone(),
        address: record.address.clone(),
        external_refs: Some(vec![reference(system, &record.external_id)]),
    };
    let thresholds = resolution::thresholds_now(tx)?;
    let found = resolution::candidates(tx, &described, &thresholds)?;
    let likely = found
        .candidates
        .into_iter()
        .filter(|one| one.class <= EntityClass::Probable);
    Ok(likely
        .map(|one| {
            let reasons: Vec<&str> = one.matched.iter().map(|signal| signal.signal.as_str()).collect();
            let exact = found.account_id == Some(one.account_id);
            candidate(&one.account_id, one.name.clone(), exact, one.score, &reasons)
        })
        .collect())
}

fn partners_alike(tx: &mut Tx<'_>, _: &ExternalSystem, record: &ExternalRecord) -> Result<Vec<SyncCandidate>> {
    let entry = record
        .registration_number
        .clone()
        .zip(record.registration_authority.clone())
        .map(|(number, authority)| Registration { number, authority });
    let domain = record
        .website
        .as_deref()
        .and_then(|text| corporate_domain(text).ok().flatten());
    let found = partners::alike(tx, &record.name, entry.as_ref(), domain.as_deref())?;
    Ok(found
        .into_iter()
        .map(|one| {
            let exact = one.by.iter().any(|by| *by != "name");
            candidate(&one.id, one.legal_name, exact, if exact { 1.0 } else { 0.6 }, &one.by)
        })
        .collect())
}

fn people_alike(tx: &mut Tx<'_>, _: &ExternalSystem, record: &ExternalRecord) -> Result<Vec<SyncCandidate>> {
    let Some(email) = &record.email else {
        return Ok(Vec::new());
    };
    let found = people::of_address(tx, email)?;
    let (alone, wanted) = (found.len() == 1, fold(&record.name));
    Ok(found
        .into_iter()
        .map(|(id, name)| {
            let named = fold(&name) == wanted;
            let reasons: &[&str] = if named { &["email", "name"] } else { &["email"] };
            candidate(&id, name, alone || named, if named { 1.0 } else { 0.8 }, reasons)
        })
        .collect())
}

fn deals_alike(tx: &mut Tx<'_>, system: &ExternalSystem, record: &ExternalRecord) -> Result<Vec<SyncCandidate>> {
    let Some(account) = account_of(tx, system, record)? else {
        return Ok(Vec::new());
    };
    let wanted = fold(&record.name);
    let found = registrations::of_account(tx, account)?;
    Ok(found
        .into_iter()
        .filter_map(|one| {
            let titled = fold(&one.title) == wanted;
            let priced = record.amount.is_some() && record.amount == one.amount;
            let (score, reasons): (f64, &[&str]) = match (titled, priced) {
                (true, true) => (1.0, &["customer", "title", "amount"]),
                (true, false) => (0.7, &["customer", "title"]),
                (false, true) => (0.6, &["customer", "amount"]),
                (false, false) => return None,
            };
            Some(candidate(&one.id, one.title, titled && priced, score, reasons))
        })
        .collect())
}

/// The customer of a deal, as it is named or by the reference that its account has.
fn account_of(tx: &mut Tx<'_>, system: &ExternalSystem, record: &ExternalRecord) -> Result<Option<AccountId>> {
    if record.account_id.is_some() {
        return Ok(record.account_id);
    }
    let Some(external) = &record.account_external_id else {
        return Ok(None);
    };
    let holder = references::holder(tx, SyncedType::CustomerAccount.as_str(), &reference(system, external))?;
    Ok(holder.and_then(|id| id.parse().ok()))
}

fn reference(system: &ExternalSystem, id: &str) -> ExternalRef {
    ExternalRef {
        system: system.code.clone(),
        id: id.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_of_record_is_matched_in_one_way() {
        for kind in SyncedType::ALL {
            assert_eq!(FINDERS.iter().filter(|(of, _)| of == kind).count(), 1, "{kind}");
        }
    }
}
