//! Classes by the signals that are present.

use super::address::RawAddress;
use super::profile::{ExternalId, Profile, RawEmail, RawProfile, RawRegistration};
use super::score::{EntityClass, Match, Weight, assess};

fn named(name: &str) -> RawProfile {
    RawProfile {
        name: name.into(),
        ..RawProfile::default()
    }
}

fn site(mut raw: RawProfile, website: &str) -> RawProfile {
    raw.websites.push(website.into());
    raw
}

fn phone(mut raw: RawProfile, phone: &str) -> RawProfile {
    raw.phones.push(phone.into());
    raw
}

fn mail(mut raw: RawProfile, address: &str, verified: bool) -> RawProfile {
    raw.emails.push(RawEmail {
        address: address.into(),
        verified,
    });
    raw
}

fn number(mut raw: RawProfile, number: &str, authority: &str) -> RawProfile {
    raw.registrations.push(RawRegistration {
        number: number.into(),
        authority: authority.into(),
    });
    raw
}

fn country(mut raw: RawProfile, country: &str) -> RawProfile {
    raw.country = country.into();
    raw
}

fn street(mut raw: RawProfile, street: &str, postcode: &str) -> RawProfile {
    raw.addresses.push(RawAddress {
        street: street.into(),
        postcode: postcode.into(),
        ..RawAddress::default()
    });
    raw
}

fn result(a: &RawProfile, b: &RawProfile) -> Match {
    let found = assess(&Profile::new(a), &Profile::new(b));
    let back = assess(&Profile::new(b), &Profile::new(a));
    assert_eq!(found.class, back.class, "{found:#?}\n{back:#?}");
    assert!((found.score - back.score).abs() < 0.05);
    assert!((0.0..=1.0).contains(&found.score));
    found
}

fn class(a: &RawProfile, b: &RawProfile) -> EntityClass {
    result(a, b).class
}

#[test]
fn names_alone_are_probable_at_most() {
    assert_eq!(
        class(&named("Pemberton GmbH"), &named("Pemberton GmbH")),
        EntityClass::Probable
    );
    assert_eq!(
        class(&named("Pemberton GmbH"), &named("Pembertn")),
        EntityClass::Probable
    );
    assert_eq!(
        class(&named("Pemberton"), &named("Pemberton France")),
        EntityClass::Possible
    );
    assert_eq!(class(&named("Pemberton"), &named("Kowalski")), EntityClass::Distinct);
}

#[test]
fn a_registration_number_is_decisive() {
    let a = number(named("Pemberton GmbH"), "06-076-3413", "DUNS");
    assert_eq!(
        class(&a, &number(named("Kowalski AG"), "060763413", "D-U-N-S")),
        EntityClass::Identical
    );
    let other = result(
        &site(a.clone(), "pemberton.com"),
        &site(number(named("Pemberton GmbH"), "060763414", "DUNS"), "pemberton.com"),
    );
    assert_eq!(other.class, EntityClass::Possible);
    assert!(other.against.iter().any(|signal| signal.weight == Weight::Hard));
    let hr = |name: &str, court: &str| country(number(named(name), "HRB 6684", court), "DE");
    assert_eq!(
        class(&hr("Pemberton", "Amtsgericht Bonn"), &hr("Kowalski", "")),
        EntityClass::Possible
    );
    assert_eq!(
        class(
            &hr("Pemberton", "Amtsgericht Bonn"),
            &hr("Kowalski", "Amtsgericht Köln")
        ),
        EntityClass::Distinct
    );
}

#[test]
fn an_external_id_is_decisive() {
    let with = |name: &str| {
        let mut raw = named(name);
        raw.external_ids.push(ExternalId {
            system: "crm".into(),
            id: "42".into(),
        });
        raw
    };
    assert_eq!(class(&with("Pemberton"), &with("Kowalski")), EntityClass::Identical);
}

#[test]
fn a_corporate_domain_decides_and_a_shared_host_does_not() {
    let a = site(named("Pemberton"), "https://www.pemberton.com/de");
    assert_eq!(
        class(&a, &site(named("PB Trading"), "pemberton.com")),
        EntityClass::SameEntity
    );
    let shared = |name: &str| site(named(name), "https://facebook.com/x");
    assert_eq!(class(&shared("Pemberton"), &shared("Kowalski")), EntityClass::Distinct);
    assert_eq!(
        class(&a, &mail(named("PB Trading"), "joe@pemberton.com", true)),
        EntityClass::SameEntity
    );
    let unverified = class(&a, &mail(named("PB Trading"), "joe@pemberton.com", false));
    assert_eq!(unverified, EntityClass::Probable);
    let free = |name: &str| mail(named(name), "joe@gmail.com", true);
    assert_eq!(class(&free("Pemberton"), &free("Kowalski")), EntityClass::Distinct);
}

#[test]
fn a_shared_phone_does_not_decide() {
    let with = |name: &str| phone(named(name), "+49 89 63648018");
    assert!(class(&with("Pemberton"), &with("Kowalski")) <= EntityClass::Possible);
    assert_eq!(
        class(&with("Pemberton GmbH"), &with("Pemberton Holding")),
        EntityClass::SameEntity
    );
    assert_eq!(
        class(
            &with("Pemberton GmbH"),
            &phone(named("Pemberton GmbH"), "+49 30 1234998")
        ),
        EntityClass::Probable
    );
}

#[test]
fn addresses_support_names() {
    let at = |name: &str, line: &str| country(street(named(name), line, "80331"), "DE");
    assert_eq!(
        class(
            &at("Pemberton", "Hauptstraße 12"),
            &at("Pemberton GmbH", "Hauptstr. 12")
        ),
        EntityClass::SameEntity
    );
    assert_eq!(
        class(&at("Pemberton", "Hauptstraße 12"), &at("Kowalski", "Hauptstr. 12")),
        EntityClass::Possible
    );
    // One customer has many sites.
    assert_eq!(
        class(&at("Pemberton", "Hauptstraße 12"), &at("Pemberton", "Seeweg 1")),
        EntityClass::Probable
    );
}

#[test]
fn other_country_and_domain_exclude_a_short_name() {
    let a = country(site(named("Delta"), "delta.com"), "US");
    let b = country(site(named("Delta"), "deltagmbh.de"), "DE");
    let found = result(&a, &b);
    assert_eq!(found.class, EntityClass::Possible);
    assert!(
        found
            .against
            .iter()
            .any(|signal| signal.signal == "country" && signal.weight == Weight::Hard)
    );
    let c = country(site(named("Delta Ljubljana Hoshino"), "dlh.com"), "US");
    let d = country(site(named("Delta Ljubljana Hoshino"), "hoshino.de"), "DE");
    assert_eq!(class(&c, &d), EntityClass::Probable);
    let same_label = country(site(named("Pemberton"), "pemberton.de"), "DE");
    let label = country(site(named("Pemberton"), "pemberton.com"), "US");
    assert_eq!(class(&same_label, &label), EntityClass::Probable);
}

#[test]
fn trading_names_count() {
    let mut a = named("PB Holdings 12 LLC");
    a.trading_names.push("Pemberton".into());
    assert_eq!(class(&a, &named("Pemberton Inc")), EntityClass::Probable);
}

#[test]
fn an_empty_profile_matches_nothing() {
    let found = result(&RawProfile::default(), &named("Pemberton"));
    assert_eq!(found.class, EntityClass::Distinct);
    assert!(found.score.abs() < 0.001);
}

#[test]
fn the_result_is_serialised() {
    let found = result(
        &site(named("Pemberton"), "pemberton.com"),
        &site(named("Pemberton AG"), "pemberton.com"),
    );
    let json = serde_json::to_value(&found).unwrap();
    assert_eq!(json["class"], "same_entity");
    assert_eq!(json["matched"][0]["weight"], "decisive");
}
