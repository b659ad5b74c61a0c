//! The one permission table: operation × role. The router enforces it, the contract publishes it (`x-roles`),
//! and a test calls every operation as every role and compares. A route without a row here does not start.

use super::{Caller, Role, Roles};
use crate::error::{Error, Result, codes};

/// Who may call one operation.
#[derive(Debug, Clone, Copy)]
pub struct Permission {
    /// The operation's id in the contract.
    pub operation: &'static str,
    /// The scope that a machine needs; none where only people, or everyone, may call.
    pub scope: Option<&'static str>,
    /// Who may call it.
    pub who: Who,
    /// Whether an idempotency key is taken.
    pub idempotency: Idempotency,
    /// How much of the caller's rate limit one call takes.
    pub weight: u32,
}

/// Who may call an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who {
    /// Everyone, signed in or not.
    Anyone,
    /// Everyone who is signed in.
    SignedIn,
    /// Those with one of these roles.
    Roles(Roles),
}

/// Whether an operation takes an idempotency key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Idempotency {
    /// It takes none.
    None,
    /// It takes one.
    Accepted,
    /// It needs one: money or protection moves.
    Required,
}

use Role::{Admin, Analyst, Approver, Cam, ChannelOps, ContentManager, Finance, PartnerAdmin, PartnerLearner, PartnerMarketing, PartnerSales};

/// Every vendor role.
const VENDOR: Roles = Roles::of(&[Admin, ChannelOps, Cam, Approver, Finance, ContentManager, Analyst]);
/// Those who run the program.
const OPS: Roles = Roles::of(&[Admin, ChannelOps]);
/// Every partner role.
const PARTNER: Roles = Roles::of(&[PartnerAdmin, PartnerSales, PartnerMarketing, PartnerLearner]);
/// Everyone with a role.
const EVERY: Roles = VENDOR.and(PARTNER);

const fn roles(roles: &[Role]) -> Roles {
    Roles::of(roles)
}

macro_rules! permissions {
    ($($operation:literal, $scope:expr, $who:expr $(, $idempotency:ident $(* $weight:literal)?)?;)*) => {
        /// The table.
        pub static TABLE: &[Permission] = &[$(Permission {
            operation: $operation,
            scope: $scope,
            who: $who,
            idempotency: permissions!(@idempotency $($idempotency)?),
            weight: permissions!(@weight $($($weight)?)?),
        }),*];
    };
    (@idempotency) => { Idempotency::None };
    (@idempotency once) => { Idempotency::Accepted };
    (@idempotency key) => { Idempotency::Required };
    (@weight) => { 1 };
    (@weight $weight:literal) => { $weight };
}

// operation, scope of machines, who [, once|key [* weight]];   `once`: Idempotency-Key accepted, `key`: required.
permissions! {
    // --- catalog: products and territories
    "listTerritories", Some("catalog:read"), Who::Roles(EVERY);
    "getTerritory", Some("catalog:read"), Who::Roles(EVERY);
    "createTerritory", Some("catalog:write"), Who::Roles(OPS), once;
    "updateTerritory", Some("catalog:write"), Who::Roles(OPS);
    "deleteTerritory", Some("catalog:write"), Who::Roles(OPS);
}

/// The row of an operation.
pub fn of(operation: &str) -> Option<&'static Permission> {
    TABLE.iter().find(|row| row.operation == operation)
}

impl Permission {
    /// Checks that the caller may call the operation.
    ///
    /// # Errors
    /// 401 for callers who have not signed in, 403 for those whose role or scopes do not permit it.
    pub fn check(&self, caller: &Caller) -> Result<()> {
        let signed_in = caller.side() != super::Side::Nobody;
        if self.who == Who::Anyone {
            return Ok(());
        }
        if !signed_in {
            return Err(Error::new(&codes::UNAUTHENTICATED));
        }
        if let Some(scopes) = caller.scopes() {
            let held = self.scope.is_some_and(|wanted| scopes.iter().any(|scope| scope == wanted)) || self.who == Who::SignedIn;
            return held.then_some(()).ok_or_else(|| {
                Error::new(&codes::INSUFFICIENT_SCOPE).detail(match self.scope {
                    Some(scope) => format!("This operation needs the scope `{scope}`; ask for a token that has it."),
                    None => "This operation is for people only; sign in as a user.".to_owned(),
                })
            });
        }
        match self.who {
            Who::Roles(roles) if !roles.meets(caller.roles()) => Err(Error::new(&codes::FORBIDDEN)),
            _ => Ok(()),
        }
    }

    /// The roles for the contract.
    pub fn role_names(&self) -> Vec<&'static str> {
        match self.who {
            Who::Anyone => Vec::new(),
            Who::SignedIn => EVERY.list().into_iter().map(Role::as_str).collect(),
            Who::Roles(roles) => roles.list().into_iter().map(Role::as_str).collect(),
        }
    }
}

/// Every scope there is, sorted.
pub fn scopes() -> Vec<&'static str> {
    let mut scopes: Vec<&str> = TABLE.iter().filter_map(|row| row.scope).collect();
    scopes.sort_unstable();
    scopes.dedup();
    scopes
}
