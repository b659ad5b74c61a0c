//! What a digest says. Pure.

use super::queries::Pending;
use crate::notices::language::language;

/// Notices that are told whole; the rest is counted.
const TOLD: usize = 50;

/// Subject and text of a digest.
pub fn digest(locale: &str, notices: &[Pending]) -> (String, String) {
    let german = language(locale) == "de";
    let count = notices.len();
    let subject = match (german, count) {
        (true, 1) => "Ihre Mitteilung des Tages".to_owned(),
        (true, _) => format!("Ihre {count} Mitteilungen des Tages"),
        (false, 1) => "Your notice of the day".to_owned(),
        (false, _) => format!("Your {count} notices of the day"),
    };
    let mut parts: Vec<String> = notices
        .iter()
        .take(TOLD)
        .map(|notice| format!("* {}\n\n{}", notice.subject, notice.body))
        .collect();
    let rest = count.saturating_sub(TOLD);
    if rest > 0 {
        parts.push(if german {
            format!("Und {rest} weitere, die Sie im Portal finden.")
        } else {
            format!("And {rest} more, which you find in the portal.")
        });
    }
    (subject, parts.join("\n\n"))
}
