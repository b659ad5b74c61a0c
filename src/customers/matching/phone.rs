//! Telephone numbers in E.164 form.

use serde::Serialize;

use super::calling_codes;

/// Why a text is no telephone number to compare by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PhoneError {
    /// No digits.
    Empty,
    /// Written in national form, and the country is not known.
    NoCountry,
    /// Too few digits for the country.
    TooShort,
    /// Too many digits for the country; E.164 allows 15 in all.
    TooLong,
    /// Starts with no calling code that is assigned.
    UnknownCallingCode,
    /// A filler: one digit repeated, digits in a row, or a number reserved for fiction.
    Placeholder,
}

impl std::fmt::Display for PhoneError {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Self::Empty => "no digits were given",
            Self::NoCountry => "the number is in national form and the country is not known",
            Self::TooShort => "too few digits",
            Self::TooLong => "too many digits",
            Self::UnknownCallingCode => "starts with no assigned calling code",
            Self::Placeholder => "a placeholder, not a number in use",
        })
    }
}

impl std::error::Error for PhoneError {}

/// Brings a number to E.164 (`+`, calling code, national number). `country` is an ISO 3166-1
/// alpha-2 code; it is needed for numbers in national form. Extensions are dropped.
///
/// # Errors
/// If it cannot be a number in use.
pub fn e164(raw: &str, country: Option<&str>) -> Result<String, PhoneError> {
    let raw: String = unicode_normalization::UnicodeNormalization::nfkc(raw).collect();
    let main = without_extension(raw.trim());
    // "+44 (0)20": the trunk prefix in brackets is not dialled with the calling code.
    let main = main.replace("(0)", "");
    let digits: String = main.chars().filter(char::is_ascii_digit).collect();
    if digits.is_empty() {
        return Err(PhoneError::Empty);
    }
    let starts_plus = main.trim_start_matches(['(', ' ']).starts_with('+');
    let plan = country.and_then(calling_codes::by_country);
    let number = if starts_plus {
        digits
    } else if let Some(rest) = international_prefix(&digits, country) {
        rest.to_owned()
    } else {
        let plan = plan.ok_or(PhoneError::NoCountry)?;
        national(&digits, plan)
    };
    finish(&number)
}

/// Cuts an extension: `x12`, `ext. 12`, `;ext=12`, `#12`, `Durchwahl 12`.
fn without_extension(raw: &str) -> String {
    let lower = raw.to_lowercase();
    let lower = lower.strip_prefix("tel:").unwrap_or(&lower);
    let cut = ["ext", "durchwahl", "dw", "poste", "доб", "x", "#", ";", ","]
        .iter()
        .filter_map(|mark| lower.find(mark))
        .filter(|at| {
            lower
                .get(..*at)
                .is_some_and(|head| head.chars().any(|letter| letter.is_ascii_digit()))
        })
        .min();
    cut.and_then(|at| lower.get(..at)).unwrap_or(lower).to_owned()
}

/// The number after an international prefix: 00 in most countries, 011 in North America, 810 in
/// Russia and its neighbours, 0011 in Australia.
fn international_prefix<'a>(digits: &'a str, country: Option<&str>) -> Option<&'a str> {
    let country = country.unwrap_or_default().to_ascii_uppercase();
    let own = match country.as_str() {
        "AU" => Some("0011"),
        "RU" | "KZ" | "BY" | "UZ" | "TJ" | "TM" => Some("810"),
        "JP" => Some("010"),
        _ if calling_codes::by_country(&country).is_some_and(|plan| plan.code == "1") => Some("011"),
        _ => None,
    };
    if let Some(rest) = own.and_then(|prefix| digits.strip_prefix(prefix)) {
        return Some(rest).filter(|rest| rest.len() >= 7);
    }
    digits
        .strip_prefix("00")
        .filter(|rest| !rest.starts_with('0') && rest.len() >= 7)
}

/// A national number with its calling code, without the trunk prefix.
fn national(digits: &str, plan: calling_codes::Plan) -> String {
    // Some write the calling code without a plus. A number that starts with it and has no trunk
    // prefix, in a country where every national number is written with one, is such a number.
    let always_trunk = plan.trunk == "0" && !digits.starts_with('0');
    if let Some(rest) = digits.strip_prefix(plan.code)
        && always_trunk
        && digits.len() >= 11
        && (plan.lengths.0..=plan.lengths.1).contains(&rest.len())
    {
        return digits.to_owned();
    }
    let rest = if plan.trunk.is_empty() {
        digits
    } else {
        digits
            .strip_prefix(plan.trunk)
            .filter(|rest| rest.len() >= plan.lengths.0)
            .unwrap_or(digits)
    };
    format!("{}{rest}", plan.code)
}

fn finish(number: &str) -> Result<String, PhoneError> {
    let plan = calling_codes::by_number(number).ok_or(PhoneError::UnknownCallingCode)?;
    let mut subscriber = number.strip_prefix(plan.code).unwrap_or(number);
    // "+44 020 …": a trunk prefix left in.
    if plan.trunk == "0" {
        subscriber = subscriber.strip_prefix('0').unwrap_or(subscriber);
    }
    if subscriber.len() < plan.lengths.0 {
        return Err(PhoneError::TooShort);
    }
    if subscriber.len() > plan.lengths.1 || plan.code.len() + subscriber.len() > 15 {
        return Err(PhoneError::TooLong);
    }
    if is_placeholder(subscriber, plan.code) {
        return Err(PhoneError::Placeholder);
    }
    Ok(format!("+{}{subscriber}", plan.code))
}

fn is_placeholder(subscriber: &str, code: &str) -> bool {
    let bytes = subscriber.as_bytes();
    let same = |digits: &[u8]| digits.windows(2).all(|pair| matches!(pair, [a, b] if a == b));
    let rising = |digits: &[u8]| {
        digits
            .windows(2)
            .all(|pair| matches!(pair, [a, b] if *b == a + 1 || (*a == b'9' && *b == b'0')))
    };
    let falling = |digits: &[u8]| {
        digits
            .windows(2)
            .all(|pair| matches!(pair, [a, b] if a.checked_sub(1) == Some(*b)))
    };
    // All alike, or all alike after an area code.
    if same(bytes) || bytes.get(3..).is_some_and(|tail| tail.len() >= 6 && same(tail)) {
        return true;
    }
    if bytes.len() >= 7 && (rising(bytes) || falling(bytes)) {
        return true;
    }
    match code {
        // 555-0100 to 555-0199 are reserved for fiction; 555-1234 and 555-5555 are in use as such.
        "1" => {
            subscriber.get(3..8) == Some("55501")
                || matches!(subscriber.get(3..), Some("5551212" | "5551234" | "5555555" | "1234567"))
        }
        // Reserved by Ofcom for drama.
        "44" => ["2079460", "1632960", "7700900", "8081570", "9098790", "3069990"]
            .iter()
            .any(|prefix| subscriber.starts_with(prefix)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brings_numbers_to_one_form() {
        for (raw, country, expected) in [
            ("+49 (0)89 636-48018", None, "+498963648018"),
            ("089 / 636 48018", Some("DE"), "+498963648018"),
            ("0049 89 63648018", None, "+498963648018"),
            ("(212) 736-5000", Some("US"), "+12127365000"),
            ("1-212-736-5000 ext. 12", Some("US"), "+12127365000"),
            ("+1 212 736 5000 x12", None, "+12127365000"),
            ("011 44 20 7031 3000", Some("US"), "+442070313000"),
            ("020 7031 3000", Some("GB"), "+442070313000"),
            ("06 6982 1234", Some("IT"), "+390669821234"),
            ("8 (495) 719-30-01", Some("RU"), "+74957193001"),
            ("01 42 68 53 00", Some("FR"), "+33142685300"),
            ("tel:+33142685300;ext=9", None, "+33142685300"),
            ("912 345 678", Some("ES"), "+34912345678"),
            ("06 1 483 5100", Some("HU"), "+3614835100"),
            ("03-3211-8888", Some("JP"), "+81332118888"),
            ("498963648018", Some("DE"), "+498963648018"),
            ("+44 020 7031 3000", None, "+442070313000"),
            ("02 9374 4000", Some("AU"), "+61293744000"),
            ("+39 06 6982 1234", None, "+390669821234"),
        ] {
            assert_eq!(e164(raw, country).as_deref(), Ok(expected), "{raw}");
        }
    }

    #[test]
    fn refuses_what_is_no_number() {
        for (raw, country, error) in [
            ("", None, PhoneError::Empty),
            ("n/a", Some("DE"), PhoneError::Empty),
            ("089 63648018", None, PhoneError::NoCountry),
            ("+1 555", None, PhoneError::TooShort),
            ("+1 212 736 5000 123", None, PhoneError::TooLong),
            ("+999 1234567", None, PhoneError::UnknownCallingCode),
            ("0000000000", Some("US"), PhoneError::Placeholder),
            ("(212) 555-0142", Some("US"), PhoneError::Placeholder),
            ("020 7946 0018", Some("GB"), PhoneError::Placeholder),
            ("+49 11111111", None, PhoneError::Placeholder),
        ] {
            assert_eq!(e164(raw, country), Err(error), "{raw}");
        }
    }
}
