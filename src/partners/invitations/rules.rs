//! Who can be invited, and for how long. Pure.

use super::model::{Invitation, InvitationState};
use crate::{
    error::Result,
    kernel::{
        Time,
        ids::{Id as _, InvitationId, PartnerId},
        states::{FailingGuard, guard},
        words::fold,
    },
    partners::{Partner, domains::Domain, rules::Reason},
};

impl Invitation {
    /// A new invitation, until that moment.
    pub fn new(
        partner: PartnerId,
        email: &str,
        domain: String,
        token_hash: String,
        by: String,
        end: Time,
        now: Time,
    ) -> Self {
        Self {
            id: InvitationId::at(now),
            partner_id: partner,
            email: email.to_owned(),
            email_key: fold(email),
            domain,
            token_hash,
            state: InvitationState::Open,
            expires_at: end,
            accepted_at: None,
            created_by: by,
            created_at: now,
        }
    }

    /// The invitation as it stands at `now`: one that was not taken up in time is over.
    #[must_use]
    pub fn at(self, now: Time) -> Self {
        let over = self.state == InvitationState::Open && self.expires_at <= now;
        Self {
            state: if over { InvitationState::Expired } else { self.state },
            ..self
        }
    }
}

/// What stands in the way of an invitation to that domain. `held` if another live partner has it, `open` if an invitation
/// to it can still be taken up.
pub fn failing(domain: &Domain, held: bool, open: bool) -> Vec<FailingGuard> {
    let guard = |code: &str, detail: String| guard(code, "#/email", detail);
    let mut failing = Vec::new();
    match domain {
        Domain::Own(domain) => {
            if held {
                failing.push(guard("domain_taken", format!("Another partner has {domain}.")));
            }
            if open {
                failing.push(guard(
                    "invitation_open",
                    format!("An invitation to {domain} can still be taken up."),
                ));
            }
        }
        Domain::Shared(domain) => failing.push(guard(
            "shared_domain",
            format!("Anybody can have an address in {domain}; invite an address of the firm."),
        )),
        Domain::None => failing.push(guard(
            "not_registrable",
            "The address is of no domain that a firm can register.".to_owned(),
        )),
    }
    failing
}

/// The partner, invited.
///
/// # Errors
/// 409 `invalid_state` if it is past that.
pub fn invited(partner: Partner, now: Time) -> Result<Partner> {
    partner.moved("invite", Reason::default(), now)
}
