//! Who agrees to more time: the chain that the policy has for it, or one reviewer where it has none.

use super::queries::ExtensionRow;
use crate::{approvals::ApprovalKind, deals::chains::Request};

impl Request for ExtensionRow {
    const KIND: ApprovalKind = ApprovalKind::DealExtension;

    fn id(&self) -> String {
        self.id.to_string()
    }

    fn requested_by(&self) -> &str {
        &self.requested_by
    }
}
