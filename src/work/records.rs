//! The records that work is on, and who sees what is noted on them.

use crate::{
    auth::Caller,
    bindable,
    customers::{accounts, cases},
    db::Tx,
    deals::registrations,
    error::{Error, Result, codes},
    kernel::ids::PartnerId,
    partners::{self, people},
    words,
};

words! {
    /// The type of a record that work is on.
    pub WorkRecordType {
        /// A registration.
        Deal = "deal",
        /// A partner.
        Partner = "partner",
        /// A person.
        Person = "person",
        /// A customer account; for the vendor alone.
        CustomerAccount = "customer_account",
        /// A conflict case; for the vendor alone.
        ConflictCase = "conflict_case",
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

/// The partner of a record that the caller may see; none for records that belong to none.
///
/// # Errors
/// 409 `unknown_reference` if there is no such record for the caller.
pub fn partner_of(tx: &mut Tx<'_>, kind: WorkRecordType, id: &str) -> Result<Option<PartnerId>> {
    find(tx, kind, id).map_err(|error| {
        if error.is(&codes::NOT_FOUND) {
            Error::unknown_reference("#/resource_id", "There is no such record; name one that you can read.")
        } else {
            error
        }
    })
}

fn find(tx: &mut Tx<'_>, kind: WorkRecordType, id: &str) -> Result<Option<PartnerId>> {
    let none = || Error::not_found();
    let own = tx.caller().partner();
    match kind {
        WorkRecordType::Deal => {
            let deal = id.parse().map_err(|_malformed| none())?;
            registrations::find_row(tx, deal).map(|row| Some(row.partner_id))
        }
        WorkRecordType::Partner => {
            let partner: PartnerId = id.parse().map_err(|_malformed| none())?;
            partners::status(tx, partner).map(|_status| Some(partner))
        }
        WorkRecordType::Person => {
            let person = id.parse().map_err(|_malformed| none())?;
            people::find(tx, person).map(|_person| own)
        }
        WorkRecordType::CustomerAccount | WorkRecordType::ConflictCase if own.is_some() => Err(none()),
        WorkRecordType::CustomerAccount => {
            let account = id.parse().map_err(|_malformed| none())?;
            accounts::find(tx, account).map(|_account| None)
        }
        WorkRecordType::ConflictCase => {
            let case = id.parse().map_err(|_malformed| none())?;
            cases::find(tx, case).map(|_case| None)
        }
    }
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
        (_, WorkVisibility::Shared) if partner.is_none() => Err(Error::new(&codes::CONFLICT).fault(
            "#/visibility",
            "no_partner",
            "There is no partner to share it with; name a deal or a partner as its record, or keep it internal.",
        )),
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
