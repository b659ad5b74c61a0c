//! Postal addresses: house number, folded street, postcode, town.

use serde::{Deserialize, Serialize};

use super::fold::fold;
use super::spelling;
use super::street::{first_number, split_house_number, street_likeness};

/// An address as it was given.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct RawAddress {
    /// Street, with or without the house number.
    pub street: String,
    /// House number, if it is given apart.
    pub house_number: String,
    /// Postcode.
    pub postcode: String,
    /// Town.
    pub city: String,
    /// ISO 3166-1 alpha-2 country code.
    pub country: String,
}

/// An address as it is compared. Empty where nothing is known.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Address {
    /// ISO 3166-1 alpha-2 country code.
    pub country: String,
    /// Upper case letters and digits.
    pub postcode: String,
    /// Number with its letter (`12a`), of a range the first.
    pub house_number: String,
    /// Folded, with the words for kinds of street brought together, without the house number.
    pub street: String,
    /// Folded.
    pub city: String,
}

/// What two addresses say.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AddressEvidence {
    /// 0 to 1.
    pub similarity: f64,
    /// Whether both have a house number and it is the same.
    pub same_house: bool,
}

impl Address {
    /// Normalises an address. `None` if there is neither street nor postcode.
    #[must_use]
    pub fn new(raw: &RawAddress) -> Option<Self> {
        let (street, found) = split_house_number(&raw.street);
        let given = fold(&raw.house_number).replace(' ', "");
        let house_number = if given.is_empty() { found } else { first_number(&given) };
        let country = match raw.country.trim().to_ascii_uppercase().as_str() {
            "UK" => "GB".to_owned(),
            code => code.to_owned(),
        };
        let mut postcode = fold(&raw.postcode).to_ascii_uppercase().replace(' ', "");
        if let Some(rest) = postcode.strip_prefix(&country) {
            // "D-80331" and "DE-80331", "CH-8001".
            if rest.len() >= 4 && rest.bytes().all(|byte| byte.is_ascii_digit()) {
                postcode = postcode.split_off(country.len());
            }
        }
        if country == "DE" {
            postcode.retain(|letter| letter.is_ascii_digit());
        }
        if country == "US" && postcode.len() == 9 {
            postcode.truncate(5);
        }
        let address = Self {
            country,
            postcode,
            house_number,
            street,
            city: fold(&raw.city),
        };
        (!address.street.is_empty() || !address.postcode.is_empty()).then_some(address)
    }

    /// The key under which candidates are found: country, postcode and house number, or nothing
    /// if one of the last two is missing.
    #[must_use]
    pub fn key(&self) -> Option<String> {
        (!self.postcode.is_empty() && !self.house_number.is_empty())
            .then(|| format!("{}|{}|{}", self.country, self.postcode, self.house_number))
    }

    /// In one line.
    #[must_use]
    pub fn line(&self) -> String {
        [
            &self.street,
            &self.house_number,
            &self.postcode,
            &self.city,
            &self.country,
        ]
        .iter()
        .map(|part| part.as_str())
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
    }
}

/// Compares two addresses: street, postcode and town, by what both have, times 0.6 if the house
/// numbers differ and 0.85 if one has none. Other countries are other addresses.
#[must_use]
pub fn compare(a: &Address, b: &Address) -> AddressEvidence {
    let both = |left: &str, right: &str| !left.is_empty() && !right.is_empty();
    if both(&a.country, &b.country) && a.country != b.country {
        return AddressEvidence {
            similarity: 0.0,
            same_house: false,
        };
    }
    let (mut sum, mut weight) = (0.0, 0.0);
    let mut add = |share: f64, likeness: f64| {
        sum += share * likeness;
        weight += share;
    };
    if both(&a.street, &b.street) {
        add(0.60, street_likeness(&a.street, &b.street));
    }
    if both(&a.postcode, &b.postcode) {
        add(0.25, if a.postcode == b.postcode { 1.0 } else { 0.0 });
    }
    if both(&a.city, &b.city) {
        add(
            0.15,
            if a.city == b.city {
                1.0
            } else {
                spelling::likeness(&a.city, &b.city)
            },
        );
    }
    if weight == 0.0 {
        return AddressEvidence {
            similarity: 0.0,
            same_house: false,
        };
    }
    let same_house = both(&a.house_number, &b.house_number) && a.house_number == b.house_number;
    let house = if same_house {
        1.0
    } else if both(&a.house_number, &b.house_number) {
        0.6
    } else {
        0.85
    };
    // A town or a postcode alone is not an address.
    let told = if both(&a.street, &b.street) { 1.0 } else { 0.5 };
    AddressEvidence {
        similarity: sum / weight * house * told,
        same_house,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(street: &str, postcode: &str, country: &str) -> Address {
        Address::new(&RawAddress {
            street: street.to_owned(),
            postcode: postcode.to_owned(),
            country: country.to_owned(),
            ..RawAddress::default()
        })
        .unwrap()
    }

    #[test]
    fn finds_house_number_and_street() {
        for (line, street, house) in [
            ("221B Baker Street", "baker st", "221b"),
            ("Hauptstraße 12 a", "haupt st", "12a"),
            ("Hauptstr. 12a", "haupt st", "12a"),
            ("12-14 Baker St.", "baker st", "12"),
            ("100 North Main Street, Suite 5", "n main st", "100"),
            ("5th Avenue 350", "5th ave", "350"),
            ("Rue du 8 Mai 14", "r du 8 mai", "14"),
            ("Unter den Linden", "unter den linden", ""),
            ("Calle Mayor 5", "c mayor", "5"),
        ] {
            let found = address(line, "1", "");
            assert_eq!(
                (found.street.as_str(), found.house_number.as_str()),
                (street, house),
                "{line}"
            );
        }
    }

    #[test]
    fn spellings_of_one_address_meet() {
        for (a, b) in [
            ("Hauptstraße 12", "Hauptstr. 12"),
            ("Haupt Straße 12", "Hauptstrasse 12"),
            ("100 N Main Street", "100 North Main St"),
            ("12 Boulevard Haussmann", "12 bd. Haussman"),
            ("Königsallee 5", "Koenigsallee 5"),
        ] {
            let found = compare(&address(a, "12345", "DE"), &address(b, "12345", "DE"));
            assert!(found.similarity > 0.85 && found.same_house, "{a} {b} {found:?}");
        }
    }

    #[test]
    fn other_addresses_do_not() {
        let base = address("Hauptstraße 12", "12345", "DE");
        assert!(compare(&base, &address("Hauptstraße 14", "12345", "DE")).similarity <= 0.6);
        assert!(compare(&base, &address("Bahnhofstraße 12", "12345", "DE")).similarity < 0.6);
        assert!(compare(&base, &address("Hauptstraße 12", "12345", "AT")).similarity < 0.01);
        assert!(compare(&base, &address("Hauptstraße 12", "99999", "DE")).similarity < 0.75);
    }

    #[test]
    fn keys_need_postcode_and_number() {
        assert_eq!(
            address("Hauptstraße 12", "D-12345", "DE").key().as_deref(),
            Some("DE|12345|12")
        );
        assert_eq!(address("Hauptstraße", "12345", "DE").key(), None);
        assert!(Address::new(&RawAddress::default()).is_none());
    }
}
