//! Who may apply, and what an application becomes. Pure.

use super::model::{ApplicationReceipt, NewPartnerApplication, PartnerApplication, ReapplyRule};
use crate::{
    calendars::WorkingTime,
    custom_fields::CustomFields,
    error::{Error, Result},
    kernel::{
        Address, Stored, Time,
        ids::PartnerId,
        states::{FailingGuard, guard},
        words::fold,
    },
    partners::{
        Partner, PartnerStatus,
        domains::Domain,
        model::NewPartner,
        rules::{MACHINE, Reason},
    },
};

/// What stands in the way of an application, besides another partner of the same number or domain.
pub fn failing(
    new: &NewPartnerApplication,
    domain: &Domain,
    invitation_is_open: bool,
    earlier: Option<&PartnerApplication>,
    now: Time,
) -> Vec<FailingGuard> {
    let mut failing = Vec::new();
    if !matches!(domain, Domain::Own(_)) && new.registration.is_none() {
        failing.push(guard(
            "company_address_required",
            "#/applicant/email",
            "Anybody can have such an address; use one of the firm's own domain, or give its registration number.",
        ));
    }
    if new.invitation_token.is_some() && !invitation_is_open {
        failing.push(guard(
            "invitation_not_open",
            "#/invitation_token",
            "The invitation was used, taken back, or is over; apply without it.",
        ));
    }
    match earlier.and_then(|earlier| Some((earlier.reapply_rule?, earlier.reapply_after_on))) {
        Some((ReapplyRule::Never, _)) => {
            failing.push(guard(
                "reapply_never",
                "#",
                "An earlier application of the firm was turned down for good.",
            ));
        }
        Some((ReapplyRule::After, Some(date))) if now.date() < date => {
            failing.push(guard(
                "reapply_later",
                "#",
                format!("An earlier application was turned down; the firm may apply again from {date} on."),
            ));
        }
        _ => {}
    }
    failing
}

/// Whether the firm may apply on the record that it has: it does not stand anywhere else.
pub fn may_apply(status: PartnerStatus, is_invited: bool) -> bool {
    MACHINE.allows(status, "apply") && (is_invited || status != PartnerStatus::Invited)
}

/// The partner that an application makes of a firm that was not known.
pub fn applied_new(new: &NewPartnerApplication, number: String, now: Time) -> Partner {
    let profile = NewPartner {
        legal_name: new.legal_name.clone(),
        trading_names: new.trading_names.clone(),
        types: Vec::new(),
        registration: new.registration.clone(),
        tax_ids: new.tax_ids.clone(),
        website: new.website.clone(),
        phone: new.phone.clone(),
        hq_address: new.hq_address.clone(),
        parent_id: None,
        territory_ids: Vec::new(),
        default_currency: new.default_currency,
        time_zone: new.time_zone,
        tags: Vec::new(),
        custom: CustomFields::default(),
        external_refs: Vec::new(),
    };
    Partner {
        status: PartnerStatus::Applied,
        ..Partner::prospect(&profile, number, CustomFields::default(), now)
    }
}

/// The known firm, having applied. What the vendor knows of it stays; what it did not know is added.
///
/// # Errors
/// 409 `invalid_state` if it stands where nobody applies.
pub fn applied_again(partner: Partner, new: &NewPartnerApplication, now: Time) -> Result<Partner> {
    let partner = partner.moved("apply", Reason::default(), now)?;
    Ok(Partner {
        trading_names: if partner.trading_names.is_empty() {
            new.trading_names.clone()
        } else {
            partner.trading_names
        },
        registration: partner.registration.or_else(|| new.registration.clone()),
        tax_ids: if partner.tax_ids.is_empty() {
            new.tax_ids.clone()
        } else {
            partner.tax_ids
        },
        website: partner.website.or_else(|| new.website.clone()),
        phone: partner.phone.or_else(|| new.phone.clone()),
        hq_address: partner
            .hq_address
            .or_else(|| new.hq_address.clone().and_then(Address::known)),
        effective_end_at: None,
        legacy: false,
        ..partner
    })
}

impl PartnerApplication {
    /// A new application, to be decided by that moment. It replaces an earlier one of the firm.
    pub fn new(
        partner: PartnerId,
        new: &NewPartnerApplication,
        token_hash: String,
        is_verified: bool,
        due: Time,
        now: Time,
    ) -> Self {
        Self {
            partner_id: partner,
            applicant_name: new.applicant.name.clone(),
            applicant_email: new.applicant.email.clone(),
            applicant_email_key: fold(&new.applicant.email),
            applicant_email_verified_at: is_verified.then_some(now),
            applicant_title: new.applicant.title.clone(),
            applicant_token_hash: Some(token_hash),
            statement: new.statement.clone(),
            requested_types: Stored(new.types.clone()),
            requested_territories: Stored(new.territory_codes.clone()),
            requested_programs: Stored(new.program_codes.clone()),
            applied_at: Some(now),
            review_due_at: Some(due),
            paused_at: None,
            paused_micros: 0,
            info_due_at: None,
            reviewer_id: None,
            decided_at: None,
            decided_by: None,
            decision_code: None,
            decision_text: None,
            reapply_rule: None,
            reapply_after_on: None,
            clock_basis: None,
        }
    }

    /// The application while the vendor waits for answers: its clock stands still.
    #[must_use]
    pub fn waiting(self, due: Time, now: Time) -> Self {
        Self {
            paused_at: Some(now),
            info_due_at: Some(due),
            ..self
        }
    }

    /// What a caller of the partner's side sees of it.
    #[must_use]
    pub fn for_partners(self) -> Self {
        Self {
            reviewer_id: None,
            decided_by: None,
            decision_text: None,
            ..self
        }
    }

    /// What the applicant sees of it.
    pub fn receipt(&self, partner: &Partner, questions: Vec<String>) -> ApplicationReceipt {
        ApplicationReceipt {
            number: partner.number.clone(),
            legal_name: partner.legal_name.clone(),
            status: partner.status,
            email_verified: self.applicant_email_verified_at.is_some(),
            applied_at: self.applied_at,
            review_due_at: self.review_due_at,
            questions,
            info_due_at: self.info_due_at,
            reapply_rule: self.reapply_rule,
            reapply_after_on: self.reapply_after_on,
            partner_id: Some(partner.id),
        }
    }
}

/// The moment so many days later: by the calendar, or, in business time, so many business days.
pub fn days_later(from: Time, days: i64, time: Option<&WorkingTime>) -> Time {
    time.map_or_else(|| from.plus_days(days), |time| time.days_after(from, days))
}

/// The application whose clock runs again: what was left of it when it was stopped is left of it now.
#[must_use]
pub fn answered(application: PartnerApplication, now: Time, time: Option<&WorkingTime>) -> PartnerApplication {
    let since = application.paused_at.unwrap_or(now).min(now);
    let stood = now.since(since);
    let due = |due: Time| match time {
        Some(time) => time.moved_on(due, since, now),
        None => Time::from_micros(due.micros().saturating_add(stood)),
    };
    PartnerApplication {
        paused_at: None,
        paused_micros: application.paused_micros.saturating_add(stood),
        info_due_at: None,
        review_due_at: application.review_due_at.map(due),
        ..application
    }
}

/// 409 for a token that no application has.
pub fn unknown_token() -> Error {
    Error::unknown_reference(
        "#/token",
        "No application has this token; use the one in the latest mail about it.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        kernel::{Date, ids::Id as _},
        partners::applications::model::Applicant,
    };

    const NOW: Time = Time::from_micros(1_795_000_000_000_000);

    fn new(email: &str) -> NewPartnerApplication {
        NewPartnerApplication {
            legal_name: "Nordwind".to_owned(),
            trading_names: vec![],
            registration: None,
            tax_ids: vec![],
            website: None,
            phone: None,
            hq_address: None,
            default_currency: "EUR".parse().unwrap(),
            time_zone: "Europe/Berlin".parse().unwrap(),
            applicant: Applicant {
                name: "Anna".to_owned(),
                email: email.to_owned(),
                title: None,
            },
            statement: None,
            types: vec![],
            territory_codes: vec![],
            program_codes: vec![],
            invitation_token: None,
        }
    }

    fn codes(failing: Vec<FailingGuard>) -> Vec<String> {
        failing.into_iter().map(|guard| guard.guard).collect()
    }

    #[test]
    fn a_free_mailbox_alone_says_nothing_of_the_firm() {
        let shared = Domain::Shared("gmail.com".to_owned());
        assert_eq!(
            codes(failing(&new("a@gmail.com"), &shared, false, None, NOW)),
            ["company_address_required"]
        );
        let own = Domain::Own("nordwind.example".to_owned());
        assert_eq!(
            codes(failing(&new("a@nordwind.example"), &own, false, None, NOW)),
            Vec::<String>::new()
        );
    }

    #[test]
    fn a_rejection_says_when_to_apply_again() {
        let own = Domain::Own("nordwind.example".to_owned());
        let mut earlier = PartnerApplication::new(
            PartnerId::example(1),
            &new("a@nordwind.example"),
            "x".to_owned(),
            true,
            NOW.plus_days(10),
            NOW,
        );
        (earlier.reapply_rule, earlier.reapply_after_on) = (Some(ReapplyRule::After), "2027-06-01".parse().ok());
        assert_eq!(
            codes(failing(&new("a@nordwind.example"), &own, false, Some(&earlier), NOW)),
            ["reapply_later"]
        );
        let later = "2027-06-01".parse::<Date>().unwrap().start();
        assert_eq!(
            codes(failing(&new("a@nordwind.example"), &own, false, Some(&earlier), later)),
            Vec::<String>::new()
        );
        earlier.reapply_rule = Some(ReapplyRule::Never);
        assert_eq!(
            codes(failing(&new("a@nordwind.example"), &own, false, Some(&earlier), later)),
            ["reapply_never"]
        );
    }

    #[test]
    fn the_clock_stands_still_while_the_vendor_waits() {
        let application = PartnerApplication::new(
            PartnerId::example(1),
            &new("a@nordwind.example"),
            "x".to_owned(),
            true,
            NOW.plus_days(10),
            NOW,
        );
        let due = application.review_due_at.unwrap();
        let resumed = answered(
            application.waiting(NOW.plus_days(5), NOW.plus_days(1)),
            NOW.plus_days(4),
            None,
        );
        assert_eq!(resumed.review_due_at, Some(due.plus_days(3)));
        assert_eq!((resumed.paused_at, resumed.info_due_at), (None, None));
    }
}
