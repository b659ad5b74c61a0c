//! What a digest says. Pure.

use super::queries::Pending;
use crate::kernel::Language;

/// Notices that are told whole; the rest is counted.
const TOLD: usize = 50;

/// Subject and text of a digest.
pub fn digest(language: Language, notices: &[Pending]) -> (String, String) {
    let count = notices.len();
    let subject = match (language, count) {
        (Language::German, 1) => "Ihre Mitteilung des Tages".to_owned(),
        (Language::German, _) => format!("Ihre {count} Mitteilungen des Tages"),
        (Language::English, 1) => "Your notice of the day".to_owned(),
        (Language::English, _) => format!("Your {count} notices of the day"),
    };
    let mut parts: Vec<String> = notices
        .iter()
        .take(TOLD)
        .map(|notice| format!("* {}\n\n{}", notice.subject, notice.body))
        .collect();
    let rest = count.saturating_sub(TOLD);
    if rest > 0 {
        parts.push(match language {
            Language::German => format!("Und {rest} weitere, die Sie im Portal finden."),
            Language::English => format!("And {rest} more, which you find in the portal."),
        });
    }
    (subject, parts.join("\n\n"))
}
