//! The row of a transfer as it stands in the database.

use diesel::prelude::*;

use super::model::{TransferReason, TransferStatus};
use crate::{
    deals::attribution::AttributionShare,
    kernel::{
        Stored, Time,
        ids::{DealId, PartnerId, TransferId},
    },
    schema::deal_transfers,
};

#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable, AsChangeset, Identifiable)]
#[diesel(table_name = deal_transfers, treat_none_as_null = true, treat_none_as_default_value = false)]
pub struct TransferRow {
    pub id: TransferId,
    pub deal_id: DealId,
    pub from_partner_id: PartnerId,
    pub to_partner_id: PartnerId,
    pub new_deal_id: Option<DealId>,
    pub status: TransferStatus,
    pub reason_code: TransferReason,
    pub reason_text: Option<String>,
    pub attribution: Stored<Vec<AttributionShare>>,
    pub proposed_by: String,
    pub from_consent_by: Option<String>,
    pub from_consent_at: Option<Time>,
    pub to_consent_by: Option<String>,
    pub to_consent_at: Option<Time>,
    pub ended_by: Option<String>,
    pub ended_at: Option<Time>,
    pub ended_reason: Option<String>,
    pub executed_by: Option<String>,
    pub executed_at: Option<Time>,
    pub revision: i64,
    pub created_at: Time,
    pub updated_at: Time,
}
