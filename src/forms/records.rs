//! What depends on the caller and the record: asked of the modules that own the rules.

use crate::{
    auth::{Caller, Rows, Side},
    catalog,
    custom_fields::{self, CustomField, CustomRecord},
    customers,
    db::Tx,
    deals::registrations,
    error::{Error, Result, codes},
    kernel::Language,
    partners,
    policies::{self, PipelinePolicy, ProgramSettings, ReasonKind, ReasonPolicy, RegistrationPolicy},
    programs, sync,
};

use super::{
    model::{FormReason, FormReasons, FormResource, FormStage},
    needs::Needed,
};

/// What is laid over the schema of a body. Fields are named by pointers such as `/customer/website`.
#[derive(Debug, Clone, Default)]
pub struct Overlay {
    /// Fields that must be sent besides those that the contract requires.
    pub required: Vec<String>,
    /// Fields that are not the caller's to write.
    pub hidden: Vec<String>,
    /// Fields that are locked now, with the reason.
    pub locked: Vec<(String, String)>,
    /// Why the whole record is locked, if it is.
    pub whole: Option<String>,
    /// What the program's policy asks for before the record is sent in, besides what the product asks for.
    pub needed: Vec<Needed>,
    /// The custom fields that the caller sees; none where the record has none.
    pub custom: Vec<CustomField>,
    /// Whether the caller stands on the vendor's side.
    pub is_vendor: bool,
}

/// What is laid over the bodies that make and change a record.
pub struct Overlays {
    /// Over that of a new one.
    pub new: Overlay,
    /// Over that of a change; nothing if the caller may not change it.
    pub change: Option<Overlay>,
}

const fn custom_record(resource: FormResource) -> Option<CustomRecord> {
    match resource {
        FormResource::Deals => Some(CustomRecord::Deal),
        FormResource::Partners => Some(CustomRecord::Partner),
        FormResource::CustomerAccounts => Some(CustomRecord::CustomerAccount),
        FormResource::DirectOpportunities => Some(CustomRecord::DirectOpportunity),
        FormResource::Products => Some(CustomRecord::Product),
        FormResource::Programs => Some(CustomRecord::Program),
        FormResource::People
        | FormResource::NamedAccounts
        | FormResource::InstalledBase
        | FormResource::Territories => None,
    }
}

/// The program's policy in force, if it speaks of such records.
///
/// # Errors
/// What the database reports.
pub fn policy(tx: &mut Tx<'_>, resource: FormResource) -> Result<Option<ProgramSettings>> {
    if resource != FormResource::Deals {
        return Ok(None);
    }
    let now = tx.now;
    policies::in_force(tx, now).map(Some)
}

/// What is laid over the bodies: of a new record, and of a change if the caller may change such records at all. What both stand
/// on is asked for once.
///
/// # Errors
/// What the database reports.
pub fn overlays(
    tx: &mut Tx<'_>,
    resource: FormResource,
    id: Option<&str>,
    policy: Option<&ProgramSettings>,
    may_change: bool,
) -> Result<Overlays> {
    let base = Overlay {
        needed: policy.map_or_else(Vec::new, |policy| needed(&policy.registration)),
        custom: match custom_record(resource) {
            Some(record) => custom_fields::seen(tx, record)?,
            None => Vec::new(),
        },
        is_vendor: tx.caller().is_vendor(),
        ..Overlay::default()
    };
    let change = if may_change {
        of_change(tx, resource, id, base.clone())?
    } else {
        None
    };
    Ok(Overlays {
        new: of_new(tx.caller(), resource, base),
        change,
    })
}

/// The fields that the policy asks for, as a form names them: every item of a list instead of the first.
fn needed(policy: &RegistrationPolicy) -> Vec<Needed> {
    let asked = policy.required_fields.iter().flat_map(|required| {
        required.fields.iter().map(|field| Needed {
            at: field.as_str().trim_start_matches('#').replace("/0/", "/*/"),
            only: required.deal_type.map(|kind| kind.to_string()),
        })
    });
    // The distributor follows from who writes it; no form can say it.
    asked.filter(|needed| needed.at != "/distributor_id").collect()
}

/// What is laid over the form of a new record.
fn of_new(caller: &Caller, resource: FormResource, mut overlay: Overlay) -> Overlay {
    // A field that is not the caller's to write is not there to be written.
    let is_vendor = overlay.is_vendor;
    overlay.custom.retain(|field| field.may_write(is_vendor));
    if resource == FormResource::Deals {
        match (caller.side(), caller.rows()) {
            (Side::Vendor, _) => overlay.required.push("/partner_id".to_owned()),
            // Whoever sees its own partner alone has nobody else to register for.
            (Side::Partner(own), Rows::Partners(partners)) if partners.iter().all(|partner| *partner == own) => {
                overlay.hidden.push("/partner_id".to_owned());
            }
            _ => {}
        }
    }
    overlay
}

/// What is laid over the form of a change: of that record, or of one that is new; nothing if there is no such record for the
/// caller, or it is another's to change.
fn of_change(
    tx: &mut Tx<'_>,
    resource: FormResource,
    id: Option<&str>,
    mut overlay: Overlay,
) -> Result<Option<Overlay>> {
    let found = match (resource, id) {
        (FormResource::Partners, None) => {
            overlay.hidden = pointers(partners::closed_to(overlay.is_vendor));
            Ok(())
        }
        (_, None) => Ok(()),
        (FormResource::Deals, Some(id)) => of_deal(tx, id, &mut overlay),
        (FormResource::Partners, Some(id)) => of_partner(tx, id, &mut overlay),
        (FormResource::People, Some(id)) => of_person(tx, id, &mut overlay),
        (FormResource::CustomerAccounts, Some(id)) => of_account(tx, id, &mut overlay),
        (FormResource::DirectOpportunities, Some(id)) => there_is(tx, id, customers::direct_opportunities::find),
        (FormResource::NamedAccounts, Some(id)) => there_is(tx, id, customers::named_accounts::find),
        (FormResource::InstalledBase, Some(id)) => there_is(tx, id, customers::installed_base::find),
        (FormResource::Products, Some(id)) => there_is(tx, id, catalog::products::find),
        (FormResource::Territories, Some(id)) => there_is(tx, id, catalog::territories::find),
        (FormResource::Programs, Some(id)) => there_is(tx, id, programs::find),
    };
    if let (Ok(()), Some(id)) = (&found, id) {
        kept_elsewhere(tx, resource, id, &mut overlay)?;
    }
    match found {
        Ok(()) => Ok(Some(overlay)),
        Err(error) if error.is(&codes::NOT_FOUND) || error.is(&codes::FORBIDDEN) => Ok(None),
        Err(error) => Err(error),
    }
}

/// What another system keeps is shown as locked, although it can be written: it would be written over from there. Partners learn
/// of no system's name.
fn kept_elsewhere(tx: &mut Tx<'_>, resource: FormResource, id: &str, overlay: &mut Overlay) -> Result<()> {
    for (pointer, reason) in sync::maps::kept_elsewhere(tx, resource, id)? {
        if !overlay.locked.iter().any(|(known, _)| *known == pointer) {
            let reason = if overlay.is_vendor {
                reason
            } else {
                "It is kept in a system of the vendor's; what is written here is written over from there.".to_owned()
            };
            overlay.locked.push((pointer, reason));
        }
    }
    Ok(())
}

/// The names of the custom fields of a type of record that the caller sees.
///
/// # Errors
/// What the database reports.
pub fn custom_names(tx: &mut Tx<'_>, resource: FormResource) -> Result<Vec<String>> {
    match custom_record(resource) {
        Some(record) => Ok(custom_fields::seen(tx, record)?
            .into_iter()
            .map(|field| field.name)
            .collect()),
        None => Ok(Vec::new()),
    }
}

fn pointers(names: Vec<&'static str>) -> Vec<String> {
    names.into_iter().map(|name| format!("/{name}")).collect()
}

/// The id, if it is one of that kind; an id of another kind names no such record.
fn parsed<I: std::str::FromStr>(id: &str) -> Result<I> {
    id.parse().map_err(|_other| Error::not_found())
}

/// Checks that there is such a record for the caller, of a type in which no state locks a field.
fn there_is<I, R>(tx: &mut Tx<'_>, id: &str, find: impl FnOnce(&mut Tx<'_>, I) -> Result<R>) -> Result<()>
where
    I: std::str::FromStr,
{
    find(tx, parsed(id)?).map(drop)
}

fn of_deal(tx: &mut Tx<'_>, id: &str, overlay: &mut Overlay) -> Result<()> {
    let registration = registrations::find(tx, parsed(id)?)?;
    registrations::may_write(tx.caller(), &registration)?;
    overlay.locked = registrations::locks(&registration, tx.now)
        .into_iter()
        .map(|(pointer, reason)| (pointer.trim_start_matches('#').to_owned(), reason))
        .collect();
    Ok(())
}

fn of_partner(tx: &mut Tx<'_>, id: &str, overlay: &mut Overlay) -> Result<()> {
    let partner = partners::find(tx, parsed(id)?)?;
    overlay.hidden = pointers(partners::closed_to(overlay.is_vendor));
    overlay.locked = partner
        .locks()
        .into_iter()
        .map(|(name, reason)| (format!("/{name}"), reason))
        .collect();
    Ok(())
}

fn of_person(tx: &mut Tx<'_>, id: &str, overlay: &mut Overlay) -> Result<()> {
    let person = partners::people::find(tx, parsed(id)?)?;
    let refusal = person
        .may_be_written(tx.caller().partner(), tx.now.date())
        .and_then(|()| person.check_kept());
    overlay.whole = refusal.err().map(|error| told(&error));
    Ok(())
}

fn of_account(tx: &mut Tx<'_>, id: &str, overlay: &mut Overlay) -> Result<()> {
    let account = customers::accounts::find(tx, parsed(id)?)?;
    overlay.whole = account.check_live().err().map(|error| told(&error));
    Ok(())
}

/// Why a change of the record would be refused.
fn told(error: &Error) -> String {
    error
        .all_faults()
        .first()
        .map_or_else(|| error.message().to_owned(), |fault| fault.detail.clone())
}

/// The reasons that the policy offers one side, for each operation that takes one of them and that the caller may call.
pub fn reasons(
    policy: &ReasonPolicy,
    by_partner: bool,
    language: Language,
    may_call: &dyn Fn(&str) -> bool,
) -> Vec<FormReasons> {
    let mut all = Vec::new();
    for kind in ReasonKind::ALL.iter().copied() {
        for (operation, pointer) in kind.given_by().iter().filter(|(operation, _)| may_call(operation)) {
            let offered = policy.offered(kind, by_partner).into_iter().map(|reason| FormReason {
                label: reason.labels.text(language, reason.code.as_str()).to_owned(),
                needs_evidence: reason.needs_evidence,
                code: reason.code.to_string(),
            });
            all.push(FormReasons {
                kind,
                operation: (*operation).to_owned(),
                pointer: (*pointer).to_owned(),
                reasons: offered.collect(),
            });
        }
    }
    all
}

/// The stages of a sale that goes on, as the policy has them.
pub fn stages(policy: &PipelinePolicy, language: Language) -> Vec<FormStage> {
    let stages = policy.stages().into_iter();
    stages
        .map(|stage| FormStage {
            code: stage.code,
            label: stage.labels.text(language, stage.code.as_str()).to_owned(),
            probability: stage.probability,
            next: stage.next,
        })
        .collect()
}

/// The fields that must be there before a record can be sent in, whatever the policy says.
pub fn for_submission(resource: FormResource) -> Vec<String> {
    if resource != FormResource::Deals {
        return Vec::new();
    }
    let needs = registrations::SUBMISSION_NEEDS.iter();
    needs.map(|name| format!("/{name}")).collect()
}

/// Of a part of the record, the sets of fields of which one must be there before it can be sent in.
pub fn alternatives(resource: FormResource) -> Option<(&'static str, &'static [&'static [&'static str]])> {
    (resource == FormResource::Deals).then_some(("/customer", registrations::RECOGNISED_BY))
}
