//! The records that work is on, and who sees what is noted on them.

use std::str::FromStr;

use serde::Deserialize;
use utoipa::IntoParams;

use crate::{
    auth::{Caller, permissions},
    bindable,
    catalog::{products, territories},
    customers::{accounts, cases, direct_opportunities, installed_base, named_accounts},
    db::Tx,
    deals::registrations,
    error::{Error, Result, codes},
    kernel::ids::PartnerId,
    partners::{self, handovers, people},
    programs, words,
};

/// By which records a list of notes, tasks or interactions is filtered.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct RecordFilter {
    /// Only what is on records of that type.
    #[param(nullable = false)]
    pub resource_type: Option<WorkRecordType>,
    /// Only what is on that record.
    #[param(
        min_length = 1,
        max_length = 64,
        example = "deal_01jdq4p6c8f3kb2v9y0s7x5ham",
        nullable = false
    )]
    pub resource_id: Option<String>,
    /// Only what is on records of these partners.
    #[param(style = Form, explode = false, nullable = false)]
    pub partner_id: Option<Vec<PartnerId>>,
}

words! {
    /// The type of a record that work is on.
    pub WorkRecordType {
        /// A registration.
        Deal = "deal",
        /// A partner.
        Partner = "partner",
        /// A person.
        Person = "person",
        /// A program.
        Program = "program",
        /// A product.
        Product = "product",
        /// A territory.
        Territory = "territory",
        /// A customer account; for the vendor alone.
        CustomerAccount = "customer_account",
        /// An opportunity of the vendor's own; for the vendor alone.
        DirectOpportunity = "direct_opportunity",
        /// A named account; for the vendor alone.
        NamedAccount = "named_account",
        /// What a customer has; for the vendor alone.
        InstalledBase = "installed_base",
        /// A conflict case; for the vendor alone.
        ConflictCase = "conflict_case",
        /// A handover; for the vendor alone.
        Handover = "handover",
    }

    /// Who sees a piece of work.
    pub WorkVisibility {
        /// The vendor's people.
        Internal = "internal",
        /// The people of the record's partner, too.
        Shared = "shared",
    }

    /// On which side somebody stands.
    pub WorkSide {
        /// The vendor's.
        Vendor = "vendor",
        /// The partner's.
        Partner = "partner",
    }
}

bindable!(WorkRecordType, WorkVisibility, WorkSide);

impl WorkSide {
    /// The side of a caller.
    pub fn of(caller: &Caller) -> Self {
        if caller.is_vendor() {
            Self::Vendor
        } else {
            Self::Partner
        }
    }
}

impl WorkRecordType {
    /// The operation that reads such a record.
    const fn read_by(self) -> &'static str {
        match self {
            Self::Deal => "getDeal",
            Self::Partner => "getPartner",
            Self::Person => "getPerson",
            Self::Program => "getProgram",
            Self::Product => "getProduct",
            Self::Territory => "getTerritory",
            Self::CustomerAccount => "getCustomerAccount",
            Self::DirectOpportunity => "getDirectOpportunity",
            Self::NamedAccount => "getNamedAccount",
            Self::InstalledBase => "getInstalledBase",
            Self::ConflictCase => "getConflictCase",
            Self::Handover => "getHandover",
        }
    }

    /// Whether the caller may read such records at all. A machine needs no scope of theirs to read the work on them.
    fn is_open_to(self, caller: &Caller) -> bool {
        permissions::of(self.read_by()).is_some_and(|row| match caller.scopes() {
            Some(_) => row.is_for(caller.side()) && !caller.request().switches.is_off(row.operation),
            None => row.check(caller).is_ok(),
        })
    }

    /// The types of records that the caller may read.
    pub fn open_to(caller: &Caller) -> Vec<Self> {
        let all = Self::ALL.iter().copied();
        all.filter(|kind| kind.is_open_to(caller)).collect()
    }
}

/// The partner of a record that the caller may see (of a person, the one they work at): of one that belongs to none, the caller's own; none for the vendor's
/// people.
///
/// # Errors
/// 409 `unknown_reference` if there is no such record for the caller.
pub fn partner_of(tx: &mut Tx<'_>, kind: WorkRecordType, id: &str) -> Result<Option<PartnerId>> {
    let found = if kind.is_open_to(tx.caller()) {
        find(tx, kind, id)
    } else {
        Err(Error::not_found())
    };
    let partner = found.map_err(|error| {
        error.when(&codes::NOT_FOUND, || {
            Error::unknown_reference("#/resource_id", "There is no such record; name one that you can read.")
        })
    })?;
    Ok(partner.or_else(|| tx.caller().partner()))
}

fn parsed<I: FromStr>(id: &str) -> Result<I> {
    id.parse().map_err(|_malformed| Error::not_found())
}

fn find(tx: &mut Tx<'_>, kind: WorkRecordType, id: &str) -> Result<Option<PartnerId>> {
    match kind {
        WorkRecordType::Deal => return registrations::find_row(tx, parsed(id)?).map(|row| Some(row.partner_id)),
        WorkRecordType::Partner => {
            let partner = parsed(id)?;
            return partners::status(tx, partner).map(|_status| Some(partner));
        }
        WorkRecordType::Handover => return handovers::find(tx, parsed(id)?).map(|one| Some(one.partner_id)),
        WorkRecordType::Person => {
            let today = tx.now.date();
            return people::find(tx, parsed(id)?).map(|person| person.employer(today));
        }
        WorkRecordType::Program => drop(programs::find(tx, parsed(id)?)?),
        WorkRecordType::Product => drop(products::find(tx, parsed(id)?)?),
        WorkRecordType::Territory => drop(territories::find(tx, parsed(id)?)?),
        WorkRecordType::CustomerAccount => drop(accounts::find(tx, parsed(id)?)?),
        WorkRecordType::DirectOpportunity => drop(direct_opportunities::find(tx, parsed(id)?)?),
        WorkRecordType::NamedAccount => drop(named_accounts::find(tx, parsed(id)?)?),
        WorkRecordType::InstalledBase => drop(installed_base::find(tx, parsed(id)?)?),
        WorkRecordType::ConflictCase => drop(cases::find(tx, parsed(id)?)?),
    }
    Ok(None)
}

/// The refusal to share what belongs to no partner.
pub fn no_partner() -> Error {
    Error::new(&codes::CONFLICT).fault(
        "#/visibility",
        "no_partner",
        "There is no partner to share it with; name a deal or a partner as its record, or keep it internal.",
    )
}

/// Who shall see a piece of work: what was asked for, or what is usual for the author's side.
///
/// # Errors
/// 403 `field_forbidden` if a partner's people would keep it from their partner; 409 `conflict` if it shall be shared and
/// belongs to no partner.
pub fn visibility(side: WorkSide, asked: Option<WorkVisibility>, partner: Option<PartnerId>) -> Result<WorkVisibility> {
    let visibility = asked.unwrap_or(match side {
        WorkSide::Vendor => WorkVisibility::Internal,
        WorkSide::Partner => WorkVisibility::Shared,
    });
    match (side, visibility) {
        (WorkSide::Partner, WorkVisibility::Internal) => Err(Error::new(&codes::FIELD_FORBIDDEN).fault(
            "#/visibility",
            "field_forbidden",
            "`internal` is for the vendor's people; use `shared`.",
        )),
        (_, WorkVisibility::Shared) if partner.is_none() => Err(no_partner()),
        _ => Ok(visibility),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::ids::Id as _;

    #[test]
    fn only_what_has_a_partner_is_shared_and_partners_share_all() {
        let partner = Some(PartnerId::example(1));
        let of = |side, asked, partner| visibility(side, asked, partner).ok();
        assert_eq!(of(WorkSide::Vendor, None, partner), Some(WorkVisibility::Internal));
        assert_eq!(of(WorkSide::Partner, None, partner), Some(WorkVisibility::Shared));
        assert_eq!(of(WorkSide::Partner, Some(WorkVisibility::Internal), partner), None);
        assert_eq!(of(WorkSide::Vendor, Some(WorkVisibility::Shared), None), None);
    }
}
