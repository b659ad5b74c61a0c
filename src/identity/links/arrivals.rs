//! Who it is that arrives with a provider's token: by the account's link, or at first sight by an address that the provider
//! vouches for. Nobody is made a user by it, and a partner's provider brings the partner's people alone.

use super::{
    model::{IdentityLink, NewIdentityLink},
    queries,
};
use crate::{
    db::Tx,
    error::{Result, codes},
    identity::{
        credentials,
        oauth::tokens::{self, UsedKind},
        providers::{Arrival, IdentityProvider, LinkBy},
        sessions,
        sign_ins::{self, Method, Outcome, SignIn},
        users::{self, Credentials, UserKind, UserStatus},
    },
    kernel::{
        Time,
        ids::{IdentityLinkId, PartnerId},
    },
};

/// For how many days a token is remembered at least, if it is good for longer: after that it counts as another sign-in.
const REMEMBERED_DAYS: i64 = 1;

/// Whom somebody who arrives acts for.
enum Place {
    Vendor,
    Partner(PartnerId),
    /// Nobody that the provider speaks for.
    Nowhere,
}

impl Place {
    const fn partner(&self) -> Option<PartnerId> {
        match self {
            Self::Partner(partner) => Some(*partner),
            Self::Vendor | Self::Nowhere => None,
        }
    }
}

fn place(tx: &mut Tx<'_>, provider: &IdentityProvider, arrival: &Arrival, user: &Credentials) -> Result<Place> {
    match (user.kind, provider.partner_id) {
        (UserKind::Vendor, None) => Ok(Place::Vendor),
        (UserKind::Vendor, Some(_)) => Ok(Place::Nowhere),
        (UserKind::Partner, bound) => {
            let wanted = bound.or(arrival.partner);
            let found = sessions::places(tx, user.id)?
                .into_iter()
                .map(|place| place.partner_id)
                .find(|partner| wanted.is_none_or(|wanted| wanted == *partner));
            Ok(found.map_or(Place::Nowhere, Place::Partner))
        }
    }
}

/// The account's link, made now if the provider vouches for the address of somebody who may arrive by it.
fn linked(tx: &mut Tx<'_>, provider: &IdentityProvider, arrival: &Arrival) -> Result<Option<IdentityLink>> {
    if let Some(link) = queries::of_subject(tx, provider.id, &arrival.subject)? {
        return Ok(Some(link));
    }
    let (LinkBy::VerifiedEmail, Some(email)) = (provider.link_by, &arrival.email) else {
        return Ok(None);
    };
    // Addresses are found folded; one that only folds into the user's is not the user's.
    let user = users::by_email(tx, &email.address)?
        .filter(|user| user.status == UserStatus::Active && user.email.eq_ignore_ascii_case(&email.address));
    let Some(user) = user else {
        return Ok(None);
    };
    // Whoever vouches for every domain may do so for strangers; none of them shall become one of the vendor's people by it.
    if user.kind == UserKind::Vendor && !email.by_name {
        return Ok(None);
    }
    let user = users::credentials_of(tx, user.id)?;
    if matches!(place(tx, provider, arrival, &user)?, Place::Nowhere) {
        return Ok(None);
    }
    let new = NewIdentityLink {
        provider_id: provider.id,
        subject: arrival.subject.clone(),
        user_id: user.id,
    };
    let link = IdentityLink::new(new, tx.caller().actor_text(), tx.now);
    match queries::insert(tx, link) {
        Ok(link) => Ok(Some(link)),
        // Another request was faster with this account, or the user's account there is another one.
        Err(error) if error.is(&codes::ALREADY_EXISTS) => queries::of_subject(tx, provider.id, &arrival.subject),
        Err(error) => Err(error),
    }
}

/// The link by which somebody arrives, and the partner that they act for; none if they may not. Each token's first sight is
/// written down as a sign-in, or as a try of somebody who may not.
///
/// # Errors
/// What the database reports.
pub fn arrive(
    tx: &mut Tx<'_>,
    provider: &IdentityProvider,
    arrival: &Arrival,
) -> Result<Option<(IdentityLinkId, Option<PartnerId>)>> {
    let Some(link) = linked(tx, provider, arrival)? else {
        return Ok(None);
    };
    let user = users::credentials_of(tx, link.user_id)?;
    let place = place(tx, provider, arrival, &user)?;
    let may = user.status == UserStatus::Active && !matches!(place, Place::Nowhere);
    let until = Time::from_micros(
        arrival
            .exp
            .saturating_mul(crate::kernel::time::SECOND)
            .min(tx.now.plus_days(REMEMBERED_DAYS).micros()),
    );
    if tokens::take(tx, UsedKind::ProviderToken, &credentials::hash(&arrival.mark), until)? {
        if may {
            users::note_sign_in(tx, user.id)?;
        }
        let sign_in = SignIn {
            user: Some(user.id),
            partner: place.partner(),
            identifier: None,
            method: Method::IdentityProvider,
            second: None,
            outcome: if may { Outcome::Success } else { Outcome::Disabled },
            ip: tx.caller().request().ip,
            agent: None,
        };
        sign_ins::record(tx, &sign_in)?;
    }
    Ok(may.then(|| (link.id, place.partner())))
}
