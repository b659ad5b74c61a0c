//! Who agrees that a decision is undone: the chain that the policy has for it, or one who runs the program where it has none.

use super::model::DealReopening;
use crate::{approvals::ApprovalKind, deals::chains::Request};

impl Request for DealReopening {
    const KIND: ApprovalKind = ApprovalKind::DealReopening;

    fn id(&self) -> String {
        self.id.to_string()
    }

    fn requested_by(&self) -> &str {
        &self.requested_by
    }
}
