//! What a partner must have before something is possible, asked of modules that may not be configured.
//!
//! Agreements, onboarding and training are modules of their own. Until one is configured its answer is
//! [`Answer::NotConfigured`], which never blocks. A policy that is switched on later holds from its date, so whoever is
//! active by then is not blocked silently.

use crate::{
    db::Tx,
    error::Result,
    kernel::{
        ids::{PartnerId, ProductId, TerritoryId},
        states::FailingGuard,
    },
};

/// What a module answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// What is asked for is there.
    Allowed,
    /// The vendor does not use the module.
    NotConfigured,
    /// What is asked for is missing.
    Missing(FailingGuard),
}

impl Answer {
    /// The guard that fails, if one does.
    pub fn failing(self) -> Option<FailingGuard> {
        match self {
            Self::Allowed | Self::NotConfigured => None,
            Self::Missing(guard) => Some(guard),
        }
    }
}

/// Whether the agreements that a partner must have signed are executed at their current major version.
///
/// # Errors
/// What the database reports.
pub fn agreements_executed(_tx: &mut Tx<'_>, _partner: PartnerId) -> Result<Answer> {
    Ok(Answer::NotConfigured)
}

/// Whether every required task of the partner's onboarding is done or waived.
///
/// # Errors
/// What the database reports.
pub fn onboarding_complete(_tx: &mut Tx<'_>, _partner: PartnerId) -> Result<Answer> {
    Ok(Answer::NotConfigured)
}

/// Whether the partner's people hold the certificates that selling the product in the territory takes.
///
/// # Errors
/// What the database reports.
pub fn certified(
    _tx: &mut Tx<'_>,
    _partner: PartnerId,
    _product: ProductId,
    _territory: TerritoryId,
) -> Result<Answer> {
    Ok(Answer::NotConfigured)
}
