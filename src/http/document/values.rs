//! Examples of single values: numbers and texts that obey their schema and suit their name.

use serde_json::Value;

use super::pattern::Pattern;
use super::tree::{self, Object};
use super::{bounds, words};

/// The characters of a TypeID's suffix, in order.
const BASE32: &str = "0123456789abcdefghjkmnpqrstvwxyz";

/// A whole number within the bounds.
pub(super) fn integer(schema: &Object, name: &str) -> i64 {
    let bound = |key: &str, step: i64| {
        schema
            .get(key)
            .and_then(Value::as_i64)
            .map(|bound| bound.saturating_add(step))
    };
    let least = bound("minimum", 0).or(bound("exclusiveMinimum", 1)).unwrap_or(i64::MIN);
    let most = bound("maximum", 0)
        .or(bound("exclusiveMaximum", -1))
        .unwrap_or(i64::MAX);
    let usual = words::usual_number(name).unwrap_or(1);
    let value = usual.min(most).max(least);
    schema
        .get("multipleOf")
        .and_then(Value::as_i64)
        .filter(|step| *step != 0 && value % step != 0)
        .unwrap_or(value)
}

/// A text of the format, pattern and length.
pub(super) fn string(schema: &Object, name: &str) -> String {
    if let Some(made) = formatted(tree::text(schema, "format"), name) {
        return made;
    }
    let length = |key: &str| {
        schema
            .get(key)
            .and_then(Value::as_u64)
            .and_then(|length| usize::try_from(length).ok())
    };
    let (least, most) = (
        length("minLength").unwrap_or(0),
        length("maxLength").unwrap_or(usize::MAX),
    );
    let source = tree::text(schema, "pattern");
    let pattern = (!matches!(source, "" | bounds::LINE | bounds::LINES))
        .then(|| Pattern::read(source))
        .flatten();
    let fits = |text: &str| {
        let length = text.chars().count();
        length >= least && length <= most && pattern.as_ref().is_none_or(|pattern| pattern.matches(text))
    };
    let usual = words::usual(name).map(str::to_owned);
    let sentence = Some(words::sentence(name)).filter(|text| !text.is_empty());
    let tries = [
        typed_id(source),
        usual,
        sentence.clone(),
        sentence.map(|text| text.to_lowercase().replace(' ', "_")),
    ];
    if let Some(fitting) = tries.into_iter().flatten().find(|text| fits(text)) {
        return fitting;
    }
    match pattern {
        Some(pattern) => {
            let wanted = least.max(12).min(most);
            pattern.example(words::seed(name), wanted)
        }
        None => "Example text. ".chars().cycle().take(least.max(12).min(most)).collect(),
    }
}

fn formatted(format: &str, name: &str) -> Option<String> {
    let (moment, day) = words::moment(name);
    let text = match format {
        "date-time" => moment,
        "date" => day,
        "time" => "09:30:00Z",
        "duration" => "P90D",
        "uuid" => "01962b5c-91d3-7c44-8f0e-2f6f4f1d7a35",
        "email" | "idn-email" => "maria.keller@northwind.example",
        "uri" | "iri" | "url" => "https://www.northwind.example",
        "uri-reference" => "/v1/me",
        "ipv4" => "192.0.2.17",
        "ipv6" => "2001:db8::17",
        "hostname" | "idn-hostname" => "www.northwind.example",
        "password" => "correct horse battery staple",
        "byte" => "T3BlblBSTQ==",
        _ => return None,
    };
    Some(text.to_owned())
}

/// An id such as `deal_01jdq4…`, where the pattern is one of a TypeID: the same id for the same prefix.
fn typed_id(pattern: &str) -> Option<String> {
    let (prefix, class) = pattern.strip_prefix('^')?.split_once("_[")?;
    if !class.contains("hjkmnp") || !prefix.chars().all(|one| one.is_ascii_lowercase() || one == '_') {
        return None;
    }
    let letters: Vec<char> = BASE32.chars().collect();
    let mut state = words::seed(prefix);
    let mut id = format!("{prefix}_01jdq4");
    for _ in 0..20 {
        let place = usize::try_from(state >> 59).ok()?;
        id.extend(letters.get(place));
        state = state
            .wrapping_mul(0x5851_f42d_4c95_7f2d)
            .wrapping_add(0x1405_7b7e_f767_814f);
    }
    Some(id)
}
