//! Whose permissions the rows of an import are taken with: asked anew for each batch, so that whoever is suspended meanwhile, or
//! loses a role, brings nothing in any more.

use serde::{Deserialize, Serialize};

use crate::{
    auth::{Actor, Caller, Facts, Request, Role, Roles, Rows, Side},
    db::Tx,
    error::{Error, Result, codes},
    identity::{
        self,
        users::{self, UserKind, UserStatus},
    },
    kernel::ids::{ServiceClientId, UserId},
    modules::Switches,
};

/// The origin of the events of an import that tells nobody: those who write notices pass it over.
const HISTORY: &str = "import";
/// The origin of the events of any other import, and of what happens to imports themselves.
const RUN: &str = "run_import";

/// Who made an import, committed it, or asked for its undoing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Authority {
    user: Option<UserId>,
    client: Option<ServiceClientId>,
    /// The scopes that a machine asked with, which may be fewer than it has.
    scopes: Option<Vec<String>>,
}

impl Authority {
    /// The caller's.
    pub fn of(caller: &Caller) -> Self {
        Self {
            user: caller.user(),
            client: match caller.actor() {
                Actor::Client(client) => Some(client),
                Actor::User(_) | Actor::System(_) | Actor::Anonymous => None,
            },
            scopes: caller.scopes().map(<[String]>::to_vec),
        }
    }

    fn actor(&self) -> Actor {
        match (self.user, self.client) {
            (Some(user), _) => Actor::User(user),
            (None, Some(client)) => Actor::Client(client),
            (None, None) => Actor::System(RUN),
        }
    }

    fn caller(&self, origin: &'static str, switches: &Switches, (roles, rows): (Roles, Rows)) -> Caller {
        Caller::new(Facts {
            actor: self.actor(),
            side: Side::Vendor,
            roles,
            scopes: self.scopes.clone().map(Into::into),
            rows,
            must_enrol: false,
            request: Request {
                switches: switches.clone(),
                ..Request::internal(origin)
            },
        })
    }

    /// The caller of what becomes of the import itself, who is permitted nothing else.
    pub fn signature(&self, switches: &Switches) -> Caller {
        self.caller(RUN, switches, (Roles::NONE, Rows::Partners([].into())))
    }

    /// The caller who takes rows, or rows of history, with what they are permitted now.
    ///
    /// # Errors
    /// 403 `forbidden` for somebody who can act no more.
    pub fn now(&self, tx: &mut Tx<'_>, history: bool, switches: &Switches) -> Result<Caller> {
        let gone = || {
            let detail = "Whoever brings this in may not act here any more; somebody else can bring in what is left.";
            Error::new(&codes::FORBIDDEN).detail(detail)
        };
        let (permitted, scopes) = match self.actor() {
            Actor::User(id) => {
                let user = users::find(tx, id).map_err(|error| error.when(&codes::NOT_FOUND, gone))?;
                if user.status != UserStatus::Active || user.kind != UserKind::Vendor {
                    return Err(gone());
                }
                let roles: Roles = user.roles.into_iter().map(Role::from).collect();
                ((roles, identity::rows_of_user(tx, id)?), self.scopes.clone())
            }
            Actor::Client(id) => {
                let held = identity::scopes_of_client(tx, id)?.ok_or_else(gone)?;
                let scopes = within(self.scopes.as_deref(), &held);
                ((Roles::of(&[Role::Integration]), Rows::All), Some(scopes))
            }
            Actor::System(_) | Actor::Anonymous => ((Roles::of(&[Role::Admin]), Rows::All), self.scopes.clone()),
        };
        let asked = Self { scopes, ..self.clone() };
        Ok(asked.caller(if history { HISTORY } else { RUN }, switches, permitted))
    }
}

/// The scopes of those that were asked with which are still held.
fn within(asked: Option<&[String]>, held: &[String]) -> Vec<String> {
    let wanted = |scope: &&String| asked.is_none_or(|asked| asked.contains(scope));
    held.iter().filter(wanted).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::{Time, ids::Id as _};

    fn owned(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|text| (*text).to_owned()).collect()
    }

    #[test]
    fn who_it_was_is_kept_and_signs_what_becomes_of_the_import() {
        let user = UserId::at(Time::from_micros(1));
        let importer = Caller::new(Facts {
            actor: Actor::User(user),
            side: Side::Vendor,
            roles: Roles::of(&[Role::ChannelOps]),
            scopes: Some(["imports:write".to_owned()].into()),
            rows: Rows::All,
            must_enrol: false,
            request: Request::internal("test"),
        });
        let kept = serde_json::to_string(&Authority::of(&importer)).unwrap();
        let read: Authority = serde_json::from_str(&kept).unwrap();
        let signature = read.signature(&Switches::default());
        assert_eq!(signature.actor_text(), importer.actor_text());
        assert_eq!(
            (signature.roles(), signature.request().operation),
            (Roles::NONE, RUN),
            "a signature permits nothing"
        );
    }

    #[test]
    fn a_machine_has_the_scopes_that_it_asked_with_and_still_holds() {
        let held = owned(&["customers:write", "imports:write"]);
        let asked = owned(&["imports:write", "partners:write"]);
        assert_eq!(within(Some(&asked), &held), owned(&["imports:write"]));
        assert_eq!(within(None, &held), held);
    }
}
