//! Words of the trade and what they usually hold: for examples that read like the real thing.

/// Names that end so hold text of several lines.
const LONG: [&str; 11] = [
    "description",
    "note",
    "notes",
    "comment",
    "body",
    "detail",
    "reason",
    "message",
    "summary",
    "justification",
    "text",
];
/// Names that end so hold tokens, which are long, and have no spaces.
const SECRET: [&str; 5] = ["token", "secret", "assertion", "api_key", "jwt"];

/// What a field of that name holds, as an example. The longest ending that fits wins.
const USUAL: [(&str, &str); 65] = [
    (
        "access_token",
        "eyJhbGciOiJFZERTQSIsInR5cCI6ImF0K2p3dCJ9.eyJzdWIiOiJ1c2VyXzAxamRxNCJ9.c2lnbmF0dXJl",
    ),
    ("address", "Friedrichstrasse 68, 10117 Berlin"),
    ("amount", "12500.00"),
    ("api_key", "prm_live_4tq8v2m7xk5w9c3r6h1d0bnz"),
    ("body", "Budget is confirmed; the decision is planned for June."),
    ("city", "Berlin"),
    ("comment", "Budget is confirmed; the decision is planned for June."),
    ("company", "Baltic Freight GmbH"),
    ("company_name", "Baltic Freight GmbH"),
    ("competitor", "Contoso"),
    ("country", "DE"),
    ("currency", "EUR"),
    ("cursor", "eyJrIjoiMDFqZHE0In0"),
    ("customer_name", "Baltic Freight GmbH"),
    ("decimal", "12500.00"),
    ("department", "Procurement"),
    (
        "description",
        "400 workplaces in the Berlin and Hamburg offices, to replace the present product by autumn.",
    ),
    ("detail", "Register the deal under another customer account."),
    ("display_name", "Maria Keller"),
    ("domain", "balticfreight.example"),
    ("duns_number", "315698741"),
    ("email", "maria.keller@northwind.example"),
    ("external_id", "0065g00000XyZ1aAAF"),
    ("family_name", "Keller"),
    ("fields", "id,name"),
    ("first_name", "Maria"),
    ("full_name", "Maria Keller"),
    ("given_name", "Maria"),
    ("grant_type", "client_credentials"),
    ("industry", "Logistics"),
    ("job_title", "Head of IT"),
    ("kid", "2026-03"),
    ("language", "de-DE"),
    ("last_name", "Keller"),
    ("legal_name", "Northwind Systems GmbH"),
    ("line1", "Friedrichstrasse 68"),
    ("locale", "de-DE"),
    ("message", "Your deal was approved."),
    ("name", "Northwind Systems"),
    ("next_cursor", "eyJrIjoiMDFqZHE0In0"),
    ("note", "Met the head of purchasing on 2 March."),
    ("notes", "Met the head of purchasing on 2 March."),
    ("number", "DR-2026-000123"),
    ("opportunity_name", "400 workplaces for Baltic Freight"),
    ("password", "correct horse battery staple"),
    ("phone", "+49 30 901820"),
    ("postal_code", "10117"),
    ("q", "baltic freight"),
    ("reason", "The customer chose another product."),
    ("refresh_token", "prt_9f8k2m4x7c1v6b3n5q0w"),
    ("region", "DE-BE"),
    ("registration_number", "HRB 98765 B"),
    ("scope", "deals:read deals:write"),
    ("secret", "prs_9f8k2m4x7c1v6b3n5q0w"),
    ("sku", "NW-400-EU"),
    ("street", "Friedrichstrasse 68"),
    ("subdivision", "DE-BE"),
    ("summary", "400 workplaces, decision in June."),
    ("system", "salesforce"),
    ("tag", "strategic"),
    ("time_zone", "Europe/Berlin"),
    ("title", "400 workplaces for Baltic Freight"),
    ("token", "prt_9f8k2m4x7c1v6b3n5q0w"),
    ("version", "3"),
    ("website", "https://www.northwind.example"),
];

/// What a whole number of that name holds, as an example.
const USUAL_NUMBERS: [(&str, i64); 15] = [
    ("count", 3),
    ("days", 90),
    ("expires_in", 900),
    ("hours", 48),
    ("items", 25),
    ("limit", 50),
    ("percent", 15),
    ("position", 1),
    ("probability", 60),
    ("quantity", 400),
    ("rank", 2),
    ("revision", 3),
    ("score", 87),
    ("total", 128),
    ("year", 2026),
];

/// Whether `name` is `word` or ends with it as a word of its own.
fn ends_with(name: &str, word: &str) -> bool {
    name.strip_suffix(word)
        .is_some_and(|before| before.is_empty() || before.ends_with('_') || before.ends_with('-'))
}

/// Whether a field of that name holds text of several lines.
pub(super) fn is_long(name: &str) -> bool {
    LONG.iter().any(|word| ends_with(name, word))
}

/// Whether a field of that name holds a token or secret.
pub(super) fn is_secret(name: &str) -> bool {
    SECRET.iter().any(|word| ends_with(name, word))
}

/// What a text field of that name usually holds.
pub(super) fn usual(name: &str) -> Option<&'static str> {
    let lower = name.to_lowercase();
    // `amount_min` holds an amount
    let lower = ["_min", "_max", "_from", "_to"]
        .iter()
        .find_map(|end| lower.strip_suffix(end))
        .unwrap_or(&lower);
    let fitting = USUAL.iter().filter(|(word, _)| ends_with(lower, word));
    fitting.max_by_key(|(word, _)| word.len()).map(|(_, held)| *held)
}

/// What a whole number of that name usually is.
pub(super) fn usual_number(name: &str) -> Option<i64> {
    USUAL_NUMBERS
        .iter()
        .filter(|(word, _)| ends_with(name, word))
        .max_by_key(|(word, _)| word.len())
        .map(|(_, held)| *held)
}

/// A moment that suits the name: later things come later.
pub(super) fn moment(name: &str) -> (&'static str, &'static str) {
    let later = [
        "expire", "until", "end", "due", "valid_to", "close", "deadline", "before", "sunset",
    ];
    let since = ["updated", "changed", "decided", "approved", "last", "reviewed"];
    if later.iter().any(|part| name.contains(part)) {
        ("2026-06-30T22:00:00.000000Z", "2026-06-30")
    } else if since.iter().any(|part| name.contains(part)) {
        ("2026-03-09T14:05:12.481516Z", "2026-03-09")
    } else {
        ("2026-03-02T09:30:00.250000Z", "2026-03-02")
    }
}

/// `next_cursor` or `NextCursor` as words: "Next cursor".
pub(super) fn sentence(name: &str) -> String {
    let mut words = String::new();
    for letter in name.chars() {
        match letter {
            '_' | '-' => words.push(' '),
            upper if upper.is_uppercase() => {
                if !words.is_empty() && !words.ends_with(' ') {
                    words.push(' ');
                }
                words.extend(upper.to_lowercase());
            }
            other => words.push(other),
        }
    }
    capital(&words)
}

/// The text with a capital first letter.
pub(super) fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters
        .next()
        .map(|first| first.to_uppercase().chain(letters).collect())
        .unwrap_or_default()
}

/// `create_deal` as `createDeal`; what has no underscore stays.
pub(super) fn camel(name: &str) -> String {
    let mut parts = name.split('_').filter(|part| !part.is_empty());
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |made, part| made + &capital(part))
}

/// `deals` as `deal`, for the names of things in texts.
pub(super) fn singular(plural: &str) -> String {
    if let Some(stem) = plural.strip_suffix("ies") {
        return format!("{stem}y");
    }
    match plural.strip_suffix('s') {
        Some(stem) if !stem.ends_with(['s', 'u', 'i']) => stem.to_owned(),
        _ => plural.to_owned(),
    }
}

/// A number that depends on the text alone (FNV-1a).
pub(super) fn seed(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_turned_into_each_other() {
        assert_eq!(camel("create_deal"), "createDeal");
        assert_eq!(camel("createDeal"), "createDeal");
        assert_eq!(sentence("next_cursor"), "Next cursor");
        assert_eq!(sentence("CustomerAccount"), "Customer account");
        assert_eq!(sentence("customer-accounts"), "Customer accounts");
        assert_eq!(
            (
                singular("territories").as_str(),
                singular("deals").as_str(),
                singular("status").as_str()
            ),
            ("territory", "deal", "status")
        );
    }

    #[test]
    fn the_longest_ending_wins() {
        assert_eq!(usual("next_cursor"), usual("cursor"));
        assert_eq!(usual("billing_country"), Some("DE"));
        assert_eq!(usual("username"), None);
        assert!(is_long("internal_note") && !is_long("footnote"));
    }
}
