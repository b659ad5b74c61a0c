//! What somebody was permitted when they made an import, kept for its rows.

use serde::{Deserialize, Serialize};

use crate::{
    auth::{Actor, Caller, Facts, Request, Role, Roles, Rows, Side},
    kernel::ids::{PartnerId, ServiceClientId, UserId},
    modules::Switches,
};

/// The origin of the events of an import that tells nobody: those who write notices pass it over.
const HISTORY: &str = "import";
/// The origin of the events of any other import, and of what happens to imports themselves.
const RUN: &str = "run_import";

/// Who made an import, and what they were permitted then.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Authority {
    user: Option<UserId>,
    client: Option<ServiceClientId>,
    roles: Vec<Role>,
    scopes: Option<Vec<String>>,
    /// The partners whose rows they saw; none for everyone's.
    partners: Option<Vec<PartnerId>>,
}

impl Authority {
    /// What the caller is permitted now.
    pub fn of(caller: &Caller) -> Self {
        Self {
            user: caller.user(),
            client: match caller.actor() {
                Actor::Client(client) => Some(client),
                Actor::User(_) | Actor::System(_) | Actor::Anonymous => None,
            },
            roles: caller.roles().list(),
            scopes: caller.scopes().map(<[String]>::to_vec),
            partners: match caller.rows() {
                Rows::All => None,
                Rows::Partners(partners) => Some(partners.to_vec()),
            },
        }
    }

    /// The caller who takes rows, or of history if they are that.
    pub fn caller(&self, history: bool, switches: &Switches) -> Caller {
        let actor = match (self.user, self.client) {
            (Some(user), _) => Actor::User(user),
            (None, Some(client)) => Actor::Client(client),
            (None, None) => Actor::System(RUN),
        };
        let roles: Roles = self.roles.iter().copied().collect();
        let operation = if history { HISTORY } else { RUN };
        Caller::new(Facts {
            actor,
            side: Side::Vendor,
            roles,
            scopes: self.scopes.clone().map(Into::into),
            rows: match &self.partners {
                None => Rows::All,
                Some(partners) => Rows::Partners(partners.clone().into()),
            },
            must_enrol: false,
            request: Request {
                switches: switches.clone(),
                ..Request::internal(operation)
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::{Time, ids::Id as _};

    #[test]
    fn who_takes_rows_is_permitted_what_the_importer_was() {
        let (user, partner) = (UserId::at(Time::from_micros(1)), PartnerId::at(Time::from_micros(2)));
        let importer = Caller::new(Facts {
            actor: Actor::User(user),
            side: Side::Vendor,
            roles: Roles::of(&[Role::ChannelOps]),
            scopes: Some(["imports:write".to_owned()].into()),
            rows: Rows::Partners([partner].into()),
            must_enrol: false,
            request: Request::internal("test"),
        });
        let kept = serde_json::to_string(&Authority::of(&importer)).unwrap();
        let read: Authority = serde_json::from_str(&kept).unwrap();
        let taking = read.caller(true, &Switches::default());
        assert_eq!(taking.actor_text(), importer.actor_text());
        assert_eq!((taking.roles(), taking.rows()), (importer.roles(), importer.rows()));
        assert_eq!((taking.scopes(), taking.is_vendor()), (importer.scopes(), true));
        assert_eq!(taking.request().operation, HISTORY);
        assert_eq!(read.caller(false, &Switches::default()).request().operation, RUN);
    }
}
