//! What must hold before a registration is sent in. Pure: the facts are read before, and every guard is judged, so that
//! one answer names all that fail.

use super::{
    identity,
    rows::{CustomerRow, Registration},
};
use crate::{
    kernel::{
        Date, Time,
        states::{FailingGuard, guard},
    },
    partners::KnownBy,
    policies::{RegistrationField, RegistrationPolicy},
};

/// What is known of the world besides the registration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// Whether the partner may register new business.
    pub partner_active: bool,
    /// What agreements lack.
    pub agreements: Option<FailingGuard>,
    /// For each line, whether the partner may sell its product in the territory; empty without a territory.
    pub authorised: Vec<bool>,
    /// How many registrations of the partner are before the vendor.
    pub open_registrations: i64,
    /// The rank of the partner's tier.
    pub tier_rank: Option<i64>,
    /// What the partner itself is known by.
    pub own: KnownBy,
    /// The partner's other open registration of the same, if there is one.
    pub already: Option<String>,
}

/// The guards of submission that fail.
pub fn submission(
    registration: &Registration,
    facts: &Facts,
    policy: &RegistrationPolicy,
    now: Time,
) -> Vec<FailingGuard> {
    let mut failing = Vec::new();
    if !facts.partner_active {
        failing.push(guard(
            "partner_active",
            "#/partner_id",
            "The partner is not active, so it cannot register new deals; see the partner's status.",
        ));
    }
    failing.extend(facts.agreements.clone());
    required(registration, &mut failing);
    asked_for(registration, policy, &mut failing);
    for (index, (line, _)) in registration
        .lines
        .iter()
        .zip(&facts.authorised)
        .enumerate()
        .filter(|(_, (_, authorised))| !**authorised)
    {
        let territory = registration.territory.as_deref().unwrap_or_default();
        let detail = format!(
            "The partner is not authorised to sell {} in {territory}; leave it out, or ask the vendor for the authorisation.",
            line.product
        );
        failing.push(guard("product_authorised", &format!("#/lines/{index}/product"), detail));
    }
    if registration.deal.stage.is_closed() {
        failing.push(guard(
            "deal_open",
            "#/stage",
            "The deal is closed already; only an open deal can be registered.",
        ));
    }
    if let Some(date) = registration.deal.expected_close_on {
        close_date(date, policy, now, &mut failing);
    }
    if facts.open_registrations >= policy.capacity_of(facts.tier_rank) {
        let detail = format!(
            "The partner has {} open registrations, as many as the program permits; wait for decisions, or withdraw some.",
            facts.open_registrations
        );
        failing.push(guard("capacity", "#", detail));
    }
    if registration
        .customer
        .as_ref()
        .is_some_and(|customer| is_own(customer, &facts.own))
    {
        failing.push(guard(
            "customer_not_own",
            "#/customer",
            "The customer is the partner itself; a partner does not register its own purchases.",
        ));
    }
    if let Some(number) = &facts.already {
        let detail = format!(
            "{number} of the same partner is open for the same customer, product and kind of deal; work with that one, or withdraw it."
        );
        failing.push(guard("no_open_registration", "#/lines", detail));
    }
    failing
}

fn required(registration: &Registration, failing: &mut Vec<FailingGuard>) {
    let lacks = |pointer: &str, what: &str| {
        guard(
            "required_field",
            pointer,
            format!("{what} is needed before a registration can be sent in."),
        )
    };
    match &registration.customer {
        None => failing.push(lacks("#/customer", "The customer")),
        Some(customer) if !identity::is_recognisable(customer) => failing.push(guard(
            "customer_identified",
            "#/customer/website",
            "The customer cannot be told from others by its name alone; add its website, its registration number, or street, town and country.",
        )),
        Some(_) => {}
    }
    if registration.deal.territory_id.is_none() {
        failing.push(lacks("#/territory", "The territory"));
    }
    if registration.lines.is_empty() {
        failing.push(lacks("#/lines", "At least one product"));
    }
    if registration.deal.amount_minor.is_none() {
        failing.push(lacks("#/amount", "The amount"));
    }
    if registration.deal.expected_close_on.is_none() {
        failing.push(lacks("#/expected_close_on", "The expected close"));
    }
}

/// The fields that the program asks for and the registration does not say.
fn asked_for(registration: &Registration, policy: &RegistrationPolicy, failing: &mut Vec<FailingGuard>) {
    for field in policy.required_of(registration.deal.deal_type) {
        if !says(registration, field) {
            failing.push(guard(
                "required_fields",
                field.as_str(),
                format!(
                    "The program asks for this field of a {} registration before it is sent in.",
                    registration.deal.deal_type
                ),
            ));
        }
    }
}

/// Whether the registration says something in that field.
fn says(registration: &Registration, field: RegistrationField) -> bool {
    use RegistrationField as Field;
    let said = |text: &Option<String>| text.as_ref().is_some_and(|text| !text.trim().is_empty());
    let details = &registration.details;
    let customer =
        |of: fn(&CustomerRow) -> &Option<String>| registration.customer.as_ref().is_some_and(|c| said(of(c)));
    match field {
        Field::Description => said(&details.description),
        Field::NextStep => said(&details.next_step),
        Field::Competitor => said(&details.competitor),
        Field::CoSellNeeds => !details.co_sell_needs.0.is_empty(),
        Field::CustomerConsent => details.customer_consent,
        Field::Distributor => registration.deal.distributor_id.is_some(),
        Field::Contacts => !registration.contacts.is_empty(),
        Field::ContactEmail => registration.contacts.iter().any(|contact| said(&contact.email)),
        Field::Sites => !registration.sites.is_empty(),
        Field::UnitPrices => {
            !registration.lines.is_empty()
                && registration
                    .lines
                    .iter()
                    .all(|line| line.row.unit_price_minor.is_some())
        }
        Field::CustomerWebsite => customer(|c| &c.website),
        Field::CustomerRegistrationNumber => customer(|c| &c.registration_number),
        Field::CustomerPhone => customer(|c| &c.phone),
        Field::CustomerEmail => customer(|c| &c.email),
        Field::CustomerStreet => customer(|c| &c.street),
        Field::CustomerCity => customer(|c| &c.city),
        Field::CustomerPostalCode => customer(|c| &c.postal_code),
        Field::CustomerCountry => registration.customer.as_ref().is_some_and(|c| c.country.is_some()),
    }
}

/// What is wrong with an expected close: it lies in the future, and within the program's horizon.
pub fn close_date(date: Date, policy: &RegistrationPolicy, now: Time, failing: &mut Vec<FailingGuard>) {
    let today = now.date();
    if date <= today {
        failing.push(guard(
            "expected_close_in_future",
            "#/expected_close_on",
            format!("{date} is not in the future; name a day after {today}."),
        ));
    }
    let last = plus_months(today, policy.horizon_months);
    if date > last {
        let detail = format!(
            "{date} is more than {} months ahead; name a day until {last}, or register the deal later.",
            policy.horizon_months
        );
        failing.push(guard("expected_close_within_horizon", "#/expected_close_on", detail));
    }
}

/// So many months later on the same day, or on the last day of a shorter month.
fn plus_months(date: Date, months: i64) -> Date {
    let text = date.to_string();
    let parts: Vec<i64> = text.split('-').filter_map(|part| part.parse().ok()).collect();
    let [year, month, day] = parts.as_slice() else {
        return date;
    };
    let total = year * 12 + (month - 1) + months;
    let (year, month) = (total.div_euclid(12), total.rem_euclid(12) + 1);
    (0..4)
        .find_map(|back| {
            Date::from_ymd(
                i32::try_from(year).ok()?,
                u32::try_from(month).ok()?,
                u32::try_from(day - back).ok()?,
            )
        })
        .unwrap_or(date)
}

/// Whether the customer is the partner itself: by a domain, the registration number, or the very name.
pub fn is_own(customer: &CustomerRow, own: &KnownBy) -> bool {
    let own_domain = identity::own_domain(own.website.as_deref(), None);
    let digits = |text: &String| {
        text.chars()
            .filter(|c| c.is_alphanumeric())
            .flat_map(char::to_lowercase)
            .collect::<String>()
    };
    let by_domain = customer
        .domain
        .as_ref()
        .is_some_and(|domain| own.domains.contains(domain) || own_domain.as_ref() == Some(domain));
    let number = customer
        .registration_number
        .as_ref()
        .map(digits)
        .filter(|number| !number.is_empty());
    let by_number = number.is_some() && number == own.registration_number.as_ref().map(digits);
    by_domain || by_number || customer.name_key == own.name_key
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_end_on_a_day_that_is_there() {
        let date = |text: &str| text.parse::<Date>().unwrap();
        assert_eq!(plus_months(date("2026-08-31"), 18), date("2028-02-29"));
        assert_eq!(plus_months(date("2026-11-21"), 2), date("2027-01-21"));
    }
}
