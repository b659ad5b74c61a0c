//! Registration numbers: commercial registers, tax numbers, DUNS and LEI.

use serde::Serialize;

use super::fold::fold;
use super::registration_schemes::{Scheme, scheme_of};

/// Why a text is no registration number to compare by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RegistrationError {
    /// No letters or digits.
    Empty,
    /// Not the length the authority's numbers have.
    WrongLength,
    /// A filler such as `000000` or `123456789`.
    Placeholder,
}

impl std::fmt::Display for RegistrationError {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Self::Empty => "no registration number was given",
            Self::WrongLength => "not the length of this authority's numbers",
            Self::Placeholder => "a placeholder, not a registration number",
        })
    }
}

impl std::error::Error for RegistrationError {}

/// A registration number as it is compared.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Registration {
    /// Who gave the number: `DUNS`, `LEI`, `VAT-DE`, `GB-COH`, `DE-HR-BERLIN`; `DE`, the country,
    /// where no authority was named; empty where nothing is known.
    pub authority: String,
    /// Upper case letters and digits.
    pub number: String,
    /// Whether authority and number together name one body. False for a German register number
    /// without its court and for a number without any authority.
    pub unique: bool,
}

/// Normalises a number. `authority` is a name or code as people write it ("D-U-N-S", "VAT",
/// "Companies House", "Amtsgericht Berlin"), `country` an ISO 3166-1 alpha-2 code.
///
/// # Errors
/// If it cannot be a number in use.
pub fn normalise(raw: &str, authority: Option<&str>, country: Option<&str>) -> Result<Registration, RegistrationError> {
    let mut number: String = fold(raw).to_ascii_uppercase().replace(' ', "");
    let country = country.map(|code| code.trim().to_ascii_uppercase()).unwrap_or_default();
    let country = match country.as_str() {
        "UK" => "GB".to_owned(),
        "EL" => "GR".to_owned(),
        _ => country,
    };
    if !number.bytes().any(|byte| byte.is_ascii_digit()) {
        return Err(RegistrationError::Empty);
    }
    let named = fold(authority.unwrap_or_default()).to_ascii_uppercase();
    let mut scheme = scheme_of(&named, &number, &country);
    if scheme == Scheme::Other
        && let Some(rest) = without_country(&number, &country)
    {
        number = rest;
        scheme = scheme_of(&named, &number, &country);
    }
    match scheme {
        Scheme::Vat => {
            let (code, rest) = vat_parts(&number, &country);
            let unique = !code.is_empty();
            checked(format!("VAT-{code}"), rest, unique)
        }
        Scheme::Duns => digits(&number, &["DUNS"], 9).and_then(|number| checked("DUNS".into(), number, true)),
        Scheme::Lei if number.len() == 20 => checked("LEI".into(), number, true),
        Scheme::Lei => Err(RegistrationError::WrongLength),
        Scheme::GermanRegister => german(&number, &named),
        Scheme::CompaniesHouse => {
            let padded = if number.bytes().all(|byte| byte.is_ascii_digit()) {
                format!("{number:0>8}")
            } else {
                number
            };
            if padded.len() == 8 {
                checked("GB-COH".into(), padded, true)
            } else {
                Err(RegistrationError::WrongLength)
            }
        }
        Scheme::Sirene => match number.len() {
            // A SIRET is the SIREN and five digits of the establishment.
            9 | 14 => checked("FR-SIREN".into(), number.get(..9).unwrap_or_default().to_owned(), true),
            _ => Err(RegistrationError::WrongLength),
        },
        Scheme::SwissUid => {
            let core: String = number.trim_start_matches("CHE").chars().take(9).collect();
            digits(&core, &[], 9).and_then(|number| checked("CH-UID".into(), number, true))
        }
        Scheme::Other => {
            let authority = match (country.is_empty(), named.is_empty()) {
                (_, false) => {
                    let named = named.replace(' ', "-");
                    if country.is_empty() || named.starts_with(&format!("{country}-")) {
                        named
                    } else {
                        format!("{country}-{named}")
                    }
                }
                (false, true) => country.clone(),
                (true, true) => String::new(),
            };
            let unique = !authority.is_empty();
            checked(authority, number, unique)
        }
    }
}

/// The digits after a country code, if it is the country that was given.
fn without_country(number: &str, country: &str) -> Option<String> {
    let rest = number.strip_prefix(country).filter(|_| !country.is_empty())?;
    (rest.len() >= 4 && rest.bytes().all(|byte| byte.is_ascii_digit())).then(|| rest.to_owned())
}

/// The country of a VAT number and the number without it.
fn vat_parts(number: &str, country: &str) -> (String, String) {
    match number.split_at_checked(2) {
        Some((code, rest))
            if code.bytes().all(|byte| byte.is_ascii_alphabetic())
                && rest.bytes().any(|byte| byte.is_ascii_digit()) =>
        {
            (if code == "EL" { "GR" } else { code }.to_owned(), rest.to_owned())
        }
        _ => (country.to_owned(), number.to_owned()),
    }
}

/// A German register number: department, number and suffix, given by a court.
fn german(number: &str, named: &str) -> Result<Registration, RegistrationError> {
    let department = if number.starts_with("HRA") || named == "HRA" {
        "HRA"
    } else {
        "HRB"
    };
    let start = number.find(|letter: char| letter.is_ascii_digit()).unwrap_or(0);
    let rest = number.get(start..).unwrap_or_default();
    let end = rest.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(rest.len());
    let (main, tail) = rest.split_at(end);
    let main = main.trim_start_matches('0');
    // "HRB 12345 B" is Berlin's own; a longer tail is the court.
    let suffix = if tail.len() <= 2 { tail } else { "" };
    let court: Vec<&str> = named
        .split(' ')
        .filter(|word| {
            !word.is_empty()
                && !matches!(
                    *word,
                    "DE" | "HR"
                        | "HRA"
                        | "HRB"
                        | "HANDELSREGISTER"
                        | "AMTSGERICHT"
                        | "AG"
                        | "REGISTERGERICHT"
                        | "DES"
                        | "REGISTER"
                        | "GERMANY"
                        | "LOCAL"
                        | "COURT"
                )
        })
        .collect();
    let authority = if court.is_empty() {
        "DE-HR".to_owned()
    } else {
        format!("DE-HR-{}", court.join("-"))
    };
    checked(authority, format!("{department}{main}{suffix}"), !court.is_empty())
}

fn digits(number: &str, prefixes: &[&str], length: usize) -> Result<String, RegistrationError> {
    let number = prefixes
        .iter()
        .find_map(|prefix| number.strip_prefix(prefix))
        .unwrap_or(number);
    let valid = number.len() == length && number.bytes().all(|byte| byte.is_ascii_digit());
    if valid {
        Ok(number.to_owned())
    } else {
        Err(RegistrationError::WrongLength)
    }
}

fn checked(authority: String, number: String, unique: bool) -> Result<Registration, RegistrationError> {
    let figures: Vec<u8> = number.bytes().filter(u8::is_ascii_digit).collect();
    if number.len() < 4 || figures.is_empty() {
        return Err(RegistrationError::WrongLength);
    }
    let alike = figures.windows(2).all(|pair| matches!(pair, [a, b] if a == b));
    if (figures.len() >= 4 && alike) || "1234567890".as_bytes().starts_with(&figures) && figures.len() >= 6 {
        return Err(RegistrationError::Placeholder);
    }
    Ok(Registration {
        authority,
        number,
        unique,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Number, authority and country as given; authority, number and uniqueness as found.
    type Case = (
        &'static str,
        Option<&'static str>,
        Option<&'static str>,
        &'static str,
        &'static str,
        bool,
    );

    fn agree(cases: &[Case]) {
        for (raw, authority, country, expected, number, unique) in cases {
            let found = normalise(raw, *authority, *country).unwrap();
            assert_eq!(
                (found.authority.as_str(), found.number.as_str(), found.unique),
                (*expected, *number, *unique),
                "{raw}"
            );
        }
    }

    #[test]
    fn normalises_numbers_of_known_schemes() {
        agree(&[
            ("06-076-3413", Some("D-U-N-S"), None, "DUNS", "060763413", true),
            ("DUNS 060763413", None, Some("US"), "DUNS", "060763413", true),
            ("DE 129 273 398", Some("VAT"), None, "VAT-DE", "129273398", true),
            ("129273398", Some("USt-IdNr."), Some("DE"), "VAT-DE", "129273398", true),
            (
                "HRB 6684",
                Some("Amtsgericht München"),
                Some("DE"),
                "DE-HR-MUNCHEN",
                "HRB6684",
                true,
            ),
            ("hrb6684", None, Some("DE"), "DE-HR", "HRB6684", false),
            (
                "HRB 12300 B",
                Some("Amtsgericht Charlottenburg"),
                None,
                "DE-HR-CHARLOTTENBURG",
                "HRB12300B",
                true,
            ),
            (
                "445790",
                Some("Companies House"),
                Some("GB"),
                "GB-COH",
                "00445790",
                true,
            ),
            ("00445790", None, Some("UK"), "GB-COH", "00445790", true),
        ]);
    }

    #[test]
    fn normalises_other_numbers() {
        agree(&[
            (
                "732 829 320 00015",
                Some("SIRET"),
                Some("FR"),
                "FR-SIREN",
                "732829320",
                true,
            ),
            ("732829320", Some("SIREN"), Some("FR"), "FR-SIREN", "732829320", true),
            ("CHE-116.281.710 MWST", None, Some("CH"), "CH-UID", "116281710", true),
            ("NL 33286441", None, Some("NL"), "NL", "33286441", true),
            ("33286441", Some("KvK"), Some("NL"), "NL-KVK", "33286441", true),
            ("33286441", None, None, "", "33286441", false),
            (
                "529900D6BF99LW9R2E68",
                Some("LEI"),
                None,
                "LEI",
                "529900D6BF99LW9R2E68",
                true,
            ),
        ]);
    }

    #[test]
    fn refuses_fillers() {
        for (raw, authority, error) in [
            ("", None, RegistrationError::Empty),
            ("n/a", None, RegistrationError::Empty),
            ("000000000", Some("DUNS"), RegistrationError::Placeholder),
            ("123456789", None, RegistrationError::Placeholder),
            ("12345", Some("DUNS"), RegistrationError::WrongLength),
            ("12", None, RegistrationError::WrongLength),
        ] {
            assert_eq!(normalise(raw, authority, None), Err(error), "{raw}");
        }
    }
}
