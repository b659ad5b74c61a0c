//! What may happen to webhook endpoints, and what they are told. Pure.

use super::model::{
    NewWebhookEndpoint, UnknownTypes, WebhookDisabledReason, WebhookEndpoint, WebhookEndpointPatch, WebhookReplay,
    WebhookStatus,
};
use crate::{
    auth::{Actor, Caller, Rows},
    error::{Error, Fault, Result, codes},
    events::{
        catalogue,
        feed::{Reading, Wanted},
        queries::Heading,
    },
    kernel::{
        Stored, Time,
        ids::{Id as _, WebhookEndpointId},
        states::{Machine, Transition},
    },
    webhooks::{deliveries::Span, guard::Target, settings::WebhookSettings},
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
                if catalogue::all().any(|kind| is_of(kind.name, record) && reading.takes(kind)) {
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
            scopes: caller.scopes().map(|scopes| Stored(scopes.to_vec())),
            created_by: caller.actor_text(),
            url: new.url.clone(),
            description: new.description.clone(),
            event_types: Stored(checked_types(&new.event_types, &Reading::of(caller))?),
            unknown_event_types: UnknownTypes::default(),
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

    /// Checks that the caller may say where messages go and what they are signed with. A machine may only of an endpoint that
    /// it made itself, by a key or token that was allowed no more: else it would be sent what it may not read.
    ///
    /// # Errors
    /// 403 `forbidden` otherwise.
    pub fn lent_to(&self, caller: &Caller) -> Result<()> {
        let Some(held) = caller.scopes() else { return Ok(()) };
        let theirs = matches!((caller.actor(), self.client_id), (Actor::Client(one), Some(other)) if one == other);
        let within = self
            .scopes
            .as_ref()
            .is_some_and(|scopes| scopes.iter().all(|scope| held.contains(scope)));
        if theirs && within {
            return Ok(());
        }
        Err(Error::new(&codes::FORBIDDEN).detail(
            "A machine changes endpoints that it made itself, with the scopes that it made them with; make one of your own.",
        ))
    }

    /// The endpoint with the changes made.
    ///
    /// # Errors
    /// As [`WebhookEndpoint::new`], and 403 `forbidden` as [`WebhookEndpoint::lent_to`].
    pub fn patched(
        self,
        patch: &WebhookEndpointPatch,
        caller: &Caller,
        settings: &WebhookSettings,
        now: Time,
    ) -> Result<Self> {
        self.lent_to(caller)?;
        if let Some(url) = &patch.url {
            check_url(url, settings)?;
        }
        let event_types = match &patch.event_types {
            Some(asked) => Stored(checked_types(asked, &Reading::of(caller))?),
            None => self.event_types.clone(),
        };
        Ok(Self {
            unknown_event_types: event_types.clone().into(),
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
    ///
    /// # Errors
    /// 403 `forbidden` as [`WebhookEndpoint::lent_to`].
    pub fn rotated(self, sealed: Sealed, caller: &Caller, now: Time) -> Result<Self> {
        self.lent_to(caller)?;
        let stays = sealed.overlap_seconds > 0;
        Ok(Self {
            sealed_previous: stays.then(|| self.sealed_secret.clone()),
            previous_secret_until: stays.then(|| now.plus_seconds(sealed.overlap_seconds)),
            sealed_secret: sealed.secret,
            secret_since: now,
            ..self
        }
        .changed(now))
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

/// What the endpoint may learn: what its owner may, who sees these rows now; of one that a machine made, whose `scopes` are
/// these now, no more than those and those that it was made with.
pub fn reading(endpoint: &WebhookEndpoint, rows: Rows, scopes: Option<&[String]>) -> Reading {
    let Some(present) = scopes else {
        return Reading::granted_over(rows, endpoint.partner_id, None);
    };
    let made_with = |scope: &String| endpoint.scopes.as_ref().is_none_or(|made| made.contains(scope));
    let both: Vec<String> = present.iter().filter(|scope| made_with(scope)).cloned().collect();
    Reading::granted_over(rows, endpoint.partner_id, Some(&both))
}

/// Whether there are events of that type, or of that record.
fn is_known(asked: &str) -> bool {
    match asked.strip_suffix(".*") {
        _ if asked == "*" => true,
        Some(record) => catalogue::all().any(|kind| is_of(kind.name, record)),
        None => catalogue::find(asked).is_some(),
    }
}

/// Whether a type of events is of that record.
fn is_of(kind: &str, record: &str) -> bool {
    kind.strip_prefix(record).is_some_and(|rest| rest.starts_with('.'))
}

/// Those of the types that there are no events of: the program had them when they were asked for, and has them no more.
impl From<Stored<Vec<String>>> for UnknownTypes {
    fn from(mut asked: Stored<Vec<String>>) -> Self {
        asked.0.retain(|one| !is_known(one));
        Self(asked.0)
    }
}

/// Which events the endpoint wants, of those that there are; nothing if there are none of what it asked for any more.
pub fn wanted(endpoint: &WebhookEndpoint) -> Option<Wanted> {
    let types = &endpoint.event_types;
    let all = types.iter().any(|one| one == "*");
    let known: Vec<String> = types.iter().filter(|one| !all && is_known(one)).cloned().collect();
    (all || !known.is_empty()).then(|| Wanted {
        types: known,
        ..Wanted::default()
    })
}

/// Whether an event may be for the endpoint, as far as its heading says: what is not is never read for it. An event of the
/// endpoint itself always may, as it can be that which makes it want others.
pub fn may_concern(endpoint: &WebhookEndpoint, heading: &Heading) -> bool {
    if heading.resource_id == endpoint.id.to_string() {
        return true;
    }
    let is_wanted = endpoint
        .event_types
        .iter()
        .any(|wanted| match wanted.strip_suffix('*') {
            Some(begins) => heading.kind.starts_with(begins),
            None => *wanted == heading.kind,
        });
    let is_heard = endpoint.partner_id.is_none_or(|partner| {
        heading.partners.contains(&partner.to_string())
            || catalogue::resource(&heading.resource_type).is_none_or(|one| one.rows != catalogue::Rows::Owned)
    });
    is_wanted && is_heard
}

/// The secrets that messages are signed with at that moment, the present one first.
pub fn secrets_at<'s>((present, previous): (&'s str, Option<(&'s str, Time)>), now: Time) -> Vec<String> {
    let before = previous.filter(|(_, until)| *until > now).map(|(secret, _)| secret);
    std::iter::once(present).chain(before).map(str::to_owned).collect()
}

impl WebhookReplay {
    /// Which deliveries are meant.
    ///
    /// # Errors
    /// 409 `contradiction` if it ends before it begins.
    pub fn span(&self, now: Time) -> Result<Span> {
        let to = self.to.unwrap_or(now);
        if self.from >= to {
            return Err(Error::contradicts(
                "#/to",
                "before_from",
                "The end must lie after the beginning, and that in the past.",
            ));
        }
        Ok(Span {
            from: self.from,
            to,
            from_sequence: self.from_sequence,
            only_failed: self.only_failed,
        })
    }
}

#[cfg(test)]
impl WebhookEndpoint {
    /// An endpoint of the vendor's that a person made.
    pub fn sample(id: WebhookEndpointId, now: Time) -> Self {
        Self {
            id,
            partner_id: None,
            client_id: None,
            scopes: None,
            created_by: "user_1".to_owned(),
            url: "https://crm.example.com/hooks".to_owned(),
            description: None,
            event_types: Stored(vec!["*".to_owned()]),
            unknown_event_types: UnknownTypes::default(),
            include_data: true,
            status: WebhookStatus::Enabled,
            disabled_reason: None,
            disabled_at: None,
            sealed_secret: String::new(),
            secret_since: now,
            sealed_previous: None,
            previous_secret_until: None,
            deleted_at: None,
            revision: 1,
            created_at: now,
            updated_at: now,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::ids::{PartnerId, ServiceClientId};

    fn endpoint(types: &[&str], partner: Option<u64>) -> WebhookEndpoint {
        WebhookEndpoint {
            partner_id: partner.map(PartnerId::example),
            event_types: Stored(types.iter().map(|one| (*one).to_owned()).collect()),
            ..WebhookEndpoint::sample(WebhookEndpointId::example(1), Time::from_micros(0))
        }
    }

    fn heading(kind: &str, id: &str, partners: &[u64]) -> Heading {
        Heading {
            position: 1,
            kind: kind.to_owned(),
            resource_type: kind.split('.').next().unwrap_or_default().to_owned(),
            resource_id: id.to_owned(),
            partners: partners
                .iter()
                .map(|number| PartnerId::example(*number).to_string())
                .collect(),
        }
    }

    #[test]
    fn only_what_can_be_for_an_endpoint_is_looked_at_for_it() {
        let deal = heading("deal.approved", "deal_1", &[1]);
        for (types, partner, may) in [
            (&["*"][..], None, true),
            (&["deal.*"][..], None, true),
            (&["deal.approved"][..], Some(1), true),
            (&["deal.approved"][..], Some(2), false),
            (&["deal.won", "partner.*"][..], None, false),
            (&["deal_comment.*"][..], None, false),
        ] {
            assert_eq!(
                may_concern(&endpoint(types, partner), &deal),
                may,
                "{types:?} {partner:?}"
            );
        }
        let product = heading("product.updated", "prod_1", &[]);
        assert!(may_concern(&endpoint(&["*"], Some(2)), &product), "it is everybody's");
        let itself = heading(
            "webhook_endpoint.updated",
            &WebhookEndpointId::example(1).to_string(),
            &[],
        );
        assert!(may_concern(&endpoint(&["deal.won"], Some(2)), &itself));
        let unknown = heading("newfangled.made", "new_1", &[]);
        assert!(
            may_concern(&endpoint(&["*"], Some(2)), &unknown),
            "in doubt it is looked at"
        );
    }

    #[test]
    fn what_there_are_no_events_of_any_more_is_passed_over() {
        let types = |asked: &[&str]| wanted(&endpoint(asked, None)).map(|wanted| wanted.types);
        assert_eq!(
            types(&["newfangled.made", "deal.approved", "newfangled.*", "deal.*"]),
            Some(vec!["deal.approved".to_owned(), "deal.*".to_owned()])
        );
        assert_eq!(
            types(&["*", "newfangled.made"]),
            Some(Vec::new()),
            "all of what there is"
        );
        assert_eq!(types(&["newfangled.made", "dea.*"]), None, "which is not all");
        let asked = ["newfangled.made", "deal.*", "dea.*", "*"].map(str::to_owned);
        let unknown = UnknownTypes::from(Stored(asked.to_vec()));
        assert_eq!(unknown.0, ["newfangled.made", "dea.*"]);
    }

    #[test]
    fn an_endpoint_of_a_machine_learns_what_it_was_made_with_and_is_held_still() {
        let held = |scopes: &[&str]| -> Vec<String> { scopes.iter().map(|scope| (*scope).to_owned()).collect() };
        let made = |scopes: Option<&[&str]>| WebhookEndpoint {
            client_id: Some(ServiceClientId::example(1)),
            scopes: scopes.map(|scopes| Stored(held(scopes))),
            ..endpoint(&["*"], None)
        };
        let takes = |endpoint: &WebhookEndpoint, present: &[&str]| {
            let reading = reading(endpoint, Rows::All, Some(&held(present)));
            ["deal.approved", "territory.created"].map(|kind| reading.takes(catalogue::find(kind).unwrap()))
        };
        let both = ["deals:read", "catalog:read"];
        assert_eq!(takes(&made(Some(&["catalog:read"])), &both), [false, true]);
        assert_eq!(takes(&made(Some(&both)), &["catalog:read"]), [false, true]);
        assert_eq!(takes(&made(Some(&both)), &both), [true, true]);
        assert_eq!(
            takes(&made(None), &both),
            [true, true],
            "of before scopes were written down"
        );
    }
}
