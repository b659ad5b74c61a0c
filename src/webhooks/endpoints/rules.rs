//! What may happen to webhook endpoints, and what they are told. Pure.

use super::model::{
    NewWebhookEndpoint, WebhookDisabledReason, WebhookEndpoint, WebhookEndpointPatch, WebhookReplay, WebhookStatus,
};
use crate::{
    auth::{Actor, Caller},
    error::{Error, Fault, Result},
    events::{
        catalogue,
        feed::{Reading, Wanted},
    },
    kernel::{
        Stored, Time,
        ids::{Id as _, WebhookEndpointId},
        states::{Machine, Transition},
    },
    webhooks::{guard::Target, settings::WebhookSettings},
};

/// The most endpoints of one owner.
pub const MOST: i64 = 100;

/// The life of an endpoint.
pub const MACHINE: Machine<WebhookStatus> = Machine {
    name: "webhook_endpoint.status",
    transitions: &[
        Transition {
            action: "disable",
            operation: Some("disableWebhookEndpoint"),
            from: &[WebhookStatus::Enabled],
            to: &[WebhookStatus::Disabled],
            guards: &[],
        },
        Transition {
            action: "enable",
            operation: Some("enableWebhookEndpoint"),
            from: &[WebhookStatus::Disabled],
            to: &[WebhookStatus::Enabled],
            guards: &[],
        },
    ],
};

/// The secret of an endpoint, and the one before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sealed {
    /// The new one.
    pub secret: String,
    /// For how many seconds the present one stays good.
    pub overlap_seconds: i64,
}

/// Checks that messages may go to that address.
///
/// # Errors
/// 409 `contradiction` with what it must look like.
fn check_url(url: &str, settings: &WebhookSettings) -> Result<()> {
    Target::read(url, settings)
        .map(drop)
        .map_err(|refused| Error::contradicts("#/url", "not_permitted", refused.0))
}

/// The types as they are stored: each once, in order.
///
/// # Errors
/// 409 `contradiction` for each that does not exist, or that the owner cannot read.
fn checked_types(asked: &[String], reading: &Reading) -> Result<Vec<String>> {
    let fault = |(index, asked): (usize, &String)| {
        let detail = match asked.strip_suffix(".*") {
            _ if asked == "*" => return None,
            Some(record) => {
                let of_it = |kind: &str| kind.strip_prefix(record).is_some_and(|rest| rest.starts_with('.'));
                if catalogue::all().any(|kind| of_it(kind.name) && reading.takes(kind)) {
                    return None;
                }
                format!("There are no events `{asked}` that you may read.")
            }
            None => match catalogue::find(asked) {
                Some(kind) if reading.takes(kind) => return None,
                Some(_) => format!("You may not read events of the type `{asked}`."),
                None => format!("There is no type of events `{asked}`; those there are stand in the contract."),
            },
        };
        Some(Fault {
            pointer: format!("#/event_types/{index}"),
            code: "unknown_value".into(),
            detail,
        })
    };
    let faults: Vec<Fault> = asked.iter().enumerate().filter_map(fault).collect();
    if !faults.is_empty() {
        return Err(Error::contradiction(faults));
    }
    let mut types = asked.to_vec();
    types.sort_unstable();
    types.dedup();
    Ok(types)
}

impl WebhookEndpoint {
    /// A new endpoint, of the caller's side.
    ///
    /// # Errors
    /// 409 `contradiction` for an address that nothing is sent to, and for types that the caller cannot read.
    pub fn new(
        id: WebhookEndpointId,
        new: &NewWebhookEndpoint,
        caller: &Caller,
        sealed_secret: String,
        settings: &WebhookSettings,
        now: Time,
    ) -> Result<Self> {
        check_url(&new.url, settings)?;
        Ok(Self {
            id,
            partner_id: caller.partner(),
            client_id: match caller.actor() {
                Actor::Client(client) => Some(client),
                Actor::User(_) | Actor::System(_) | Actor::Anonymous => None,
            },
            created_by: caller.actor_text(),
            url: new.url.clone(),
            description: new.description.clone(),
            event_types: Stored(checked_types(&new.event_types, &Reading::of(caller))?),
            include_data: new.include_data,
            status: WebhookStatus::Enabled,
            disabled_reason: None,
            disabled_at: None,
            sealed_secret,
            secret_since: now,
            sealed_previous: None,
            previous_secret_until: None,
            deleted_at: None,
            revision: 1,
            created_at: now,
            updated_at: now,
        })
    }

    /// A new id of an endpoint.
    pub fn new_id(now: Time) -> WebhookEndpointId {
        WebhookEndpointId::at(now)
    }

    fn changed(self, now: Time) -> Self {
        Self {
            revision: self.revision + 1,
            updated_at: now,
            ..self
        }
    }

    /// The endpoint with the changes made.
    ///
    /// # Errors
    /// As [`WebhookEndpoint::new`].
    pub fn patched(
        self,
        patch: &WebhookEndpointPatch,
        caller: &Caller,
        settings: &WebhookSettings,
        now: Time,
    ) -> Result<Self> {
        if let Some(url) = &patch.url {
            check_url(url, settings)?;
        }
        let event_types = match &patch.event_types {
            Some(asked) => Stored(checked_types(asked, &Reading::of(caller))?),
            None => self.event_types.clone(),
        };
        Ok(Self {
            url: patch.url.clone().unwrap_or_else(|| self.url.clone()),
            description: patch.description.clone().apply(self.description.clone()),
            event_types,
            include_data: patch.include_data.unwrap_or(self.include_data),
            ..self
        }
        .changed(now))
    }

    /// The endpoint delivered to again.
    ///
    /// # Errors
    /// 409 `invalid_state` if it is.
    pub fn enabled(self, now: Time) -> Result<Self> {
        Ok(Self {
            status: MACHINE.go(self.status, "enable")?,
            disabled_reason: None,
            disabled_at: None,
            ..self
        }
        .changed(now))
    }

    /// The endpoint not delivered to.
    ///
    /// # Errors
    /// 409 `invalid_state` if it is not.
    pub fn disabled(self, reason: WebhookDisabledReason, now: Time) -> Result<Self> {
        Ok(Self {
            status: MACHINE.go(self.status, "disable")?,
            disabled_reason: Some(reason),
            disabled_at: Some(now),
            ..self
        }
        .changed(now))
    }

    /// The endpoint with a new secret; the present one stays good for a while.
    #[must_use]
    pub fn rotated(self, sealed: Sealed, now: Time) -> Self {
        let stays = sealed.overlap_seconds > 0;
        Self {
            sealed_previous: stays.then(|| self.sealed_secret.clone()),
            previous_secret_until: stays.then(|| now.plus_seconds(sealed.overlap_seconds)),
            sealed_secret: sealed.secret,
            secret_since: now,
            ..self
        }
        .changed(now)
    }

    /// The endpoint removed.
    #[must_use]
    pub fn removed(self, now: Time) -> Self {
        Self {
            deleted_at: Some(now),
            ..self
        }
        .changed(now)
    }
}

/// What the endpoint may learn: what its owner may, within the scopes that the machine that made it has now.
pub fn reading(endpoint: &WebhookEndpoint, scopes: Option<&[String]>) -> Reading {
    Reading::granted(endpoint.partner_id, scopes)
}

/// Which events the endpoint wants.
pub fn wanted(endpoint: &WebhookEndpoint) -> Wanted {
    let types = &endpoint.event_types.0;
    Wanted {
        types: if types.iter().any(|one| one == "*") {
            Vec::new()
        } else {
            types.clone()
        },
        ..Wanted::default()
    }
}

/// The secrets that messages are signed with at that moment, the present one first.
pub fn secrets_at<'s>((present, previous): (&'s str, Option<(&'s str, Time)>), now: Time) -> Vec<String> {
    let before = previous.filter(|(_, until)| *until > now).map(|(secret, _)| secret);
    std::iter::once(present).chain(before).map(str::to_owned).collect()
}

impl WebhookReplay {
    /// From when to when.
    ///
    /// # Errors
    /// 409 `contradiction` if it ends before it begins.
    pub fn span(&self, now: Time) -> Result<(Time, Time)> {
        let to = self.to.unwrap_or(now);
        if self.from < to {
            Ok((self.from, to))
        } else {
            Err(Error::contradicts(
                "#/to",
                "before_from",
                "The end must lie after the beginning, and that in the past.",
            ))
        }
    }
}
