//! Who agrees to an amendment: the last step of the chain that the registration would ask for as it shall be. Whoever agreed to
//! the rest has agreed.

use super::{
    model::DealAmendment,
    queries::{self, AmendmentRow},
};
use crate::{
    approvals::{ApprovalKind, Cast},
    db::Tx,
    deals::{
        chains::Request,
        registrations::{
            Reader, Registration,
            history::{self, Entry},
        },
    },
    error::Result,
};

impl Request for AmendmentRow {
    const KIND: ApprovalKind = ApprovalKind::DealAmendment;

    fn id(&self) -> String {
        self.id.to_string()
    }

    fn requested_by(&self) -> &str {
        &self.requested_by
    }
}

/// One more has agreed to what takes several.
///
/// # Errors
/// What the database reports.
pub fn agreed_by_some(
    tx: &mut Tx<'_>,
    deal: &Registration,
    row: &AmendmentRow,
    cast: &Cast,
    agreed: i64,
) -> Result<DealAmendment> {
    let after = AmendmentRow {
        revision: row.revision + 1,
        updated_at: tx.moment(),
        ..row.clone()
    };
    queries::save(tx, &deal.deal, row, &after, "deal_amendment.voted")?;
    let detail = format!("{agreed} of {} have agreed.", cast.step.quorum);
    history::note(
        tx,
        deal.deal.id,
        Entry::action("approve_amendment").detail(detail).for_vendor(),
    )?;
    Ok(after.seen(&deal.deal, Reader::of(tx.caller())))
}
