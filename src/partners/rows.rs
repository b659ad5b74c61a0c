//! A partner as its table holds it.

use diesel::prelude::*;

use super::model::{Partner, PartnerStatus, Registration, SuspensionProtection, TaxId};
use crate::{
    custom_fields::CustomFields,
    kernel::{Address, Currency, Stored, Time, TimeZone, country::Country, ids::PartnerId, words::fold},
    schema::partners,
};

/// The row of a partner. What other tables hold of it is added when it is loaded.
#[derive(Debug, Clone, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = partners, treat_none_as_null = true, treat_none_as_default_value = false)]
pub(super) struct PartnerRow {
    pub id: PartnerId,
    number: String,
    legal_name: String,
    pub name_key: String,
    trading_names: Stored<Vec<String>>,
    registration_number: Option<String>,
    registration_authority: Option<String>,
    registration_key: Option<String>,
    tax_ids: Stored<Vec<TaxId>>,
    website: Option<String>,
    phone: Option<String>,
    street: Option<String>,
    city: Option<String>,
    region: Option<String>,
    postal_code: Option<String>,
    country: Option<Country>,
    parent_id: Option<PartnerId>,
    default_currency: Currency,
    time_zone: TimeZone,
    pub status: PartnerStatus,
    status_reason_code: Option<String>,
    status_reason_text: Option<String>,
    pub status_since: Time,
    suspension_protection: Option<SuspensionProtection>,
    effective_end_at: Option<Time>,
    merged_into_id: Option<PartnerId>,
    custom: Stored<CustomFields>,
    legacy: bool,
    revision: i64,
    pub created_at: Time,
    pub updated_at: Time,
}

impl From<&Partner> for PartnerRow {
    fn from(partner: &Partner) -> Self {
        let partner = partner.clone();
        let address = partner.hq_address.unwrap_or_default();
        Self {
            id: partner.id,
            number: partner.number,
            name_key: fold(&partner.legal_name),
            legal_name: partner.legal_name,
            trading_names: Stored(partner.trading_names),
            registration_key: partner.registration.as_ref().map(Registration::key),
            registration_number: partner.registration.as_ref().map(|entry| entry.number.clone()),
            registration_authority: partner.registration.map(|entry| entry.authority),
            tax_ids: Stored(partner.tax_ids),
            website: partner.website,
            phone: partner.phone,
            street: address.street,
            city: address.city,
            region: address.region,
            postal_code: address.postal_code,
            country: address.country,
            parent_id: partner.parent_id,
            default_currency: partner.default_currency,
            time_zone: partner.time_zone,
            status: partner.status,
            status_reason_code: partner.status_reason_code,
            status_reason_text: partner.status_reason_text,
            status_since: partner.status_since,
            suspension_protection: partner.suspension_protection,
            effective_end_at: partner.effective_end_at,
            merged_into_id: partner.merged_into_id,
            custom: Stored(partner.custom),
            legacy: partner.legacy,
            revision: partner.revision,
            created_at: partner.created_at,
            updated_at: partner.updated_at,
        }
    }
}

impl PartnerRow {
    /// The partner, without what other tables hold of it.
    pub(super) fn alone(self) -> Partner {
        let registration = self.registration_number.zip(self.registration_authority);
        Partner {
            id: self.id,
            number: self.number,
            legal_name: self.legal_name,
            trading_names: self.trading_names.0,
            types: Vec::new(),
            status: self.status,
            status_since: self.status_since,
            status_reason_code: self.status_reason_code,
            status_reason_text: self.status_reason_text,
            suspension_protection: self.suspension_protection,
            effective_end_at: self.effective_end_at,
            merged_into_id: self.merged_into_id,
            registration: registration.map(|(number, authority)| Registration { number, authority }),
            tax_ids: self.tax_ids.0,
            website: self.website,
            phone: self.phone,
            hq_address: Address {
                street: self.street,
                city: self.city,
                region: self.region,
                postal_code: self.postal_code,
                country: self.country,
            }
            .known(),
            parent_id: self.parent_id,
            territory_ids: Vec::new(),
            default_currency: self.default_currency,
            time_zone: self.time_zone,
            account_manager_id: None,
            tags: Some(Vec::new()),
            custom: self.custom.0,
            external_refs: Some(Vec::new()),
            legacy: self.legacy,
            revision: self.revision,
            created_at: self.created_at,
            updated_at: self.updated_at,
        }
    }
}
