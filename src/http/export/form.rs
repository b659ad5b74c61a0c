//! In which form a list is asked for: `Accept` (RFC 9110, 12.5.1).

use actix_web::http::header::{self, HeaderMap};

use crate::{
    error::{Error, Result, codes},
    http::document::NARROWED,
};

/// In which form a list is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Page by page, as JSON.
    Json,
    /// All rows, each a line of JSON.
    Lines,
    /// All rows, as a table.
    Table,
}

impl Form {
    /// The media type.
    pub const fn media(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Lines => "application/x-ndjson",
            Self::Table => "text/csv",
        }
    }

    /// The media type with its parameters.
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::Json | Self::Lines => self.media(),
            Self::Table => "text/csv; charset=utf-8; header=present",
        }
    }

    /// How the name of a file of that form ends.
    pub const fn extension(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Lines => "ndjson",
            Self::Table => "csv",
        }
    }
}

/// The form that a caller likes best; of several that it likes as much, JSON before lines before a table. Generated clients name
/// all that the contract has.
///
/// # Errors
/// 406 `not_acceptable` if it takes none.
pub fn form(headers: &HeaderMap) -> Result<Form> {
    let lines = headers.get_all(header::ACCEPT);
    let accepted: Vec<&str> = lines.filter_map(|line| line.to_str().ok()).collect();
    let accepted = accepted.join(",").to_ascii_lowercase();
    if accepted.split(',').all(|range| range.trim().is_empty()) {
        return Ok(Form::Json);
    }
    // A narrowed page is JSON as well: whether it is one is said by `fields`.
    let offers = [
        (Form::Json, Form::Json.media()),
        (Form::Json, NARROWED),
        (Form::Lines, Form::Lines.media()),
        (Form::Table, Form::Table.media()),
    ];
    let mut best: Option<(Form, f64)> = None;
    for (form, media) in offers {
        let liked = liking(&accepted, media);
        if liked > 0.0 && best.is_none_or(|(_, most)| liked > most) {
            best = Some((form, liked));
        }
    }
    best.map(|(form, _)| form)
        .ok_or_else(|| Error::new(&codes::NOT_ACCEPTABLE))
}

/// How much a media type is liked, 0 to 1, by the most specific range that has it.
fn liking(accepted: &str, media: &str) -> f64 {
    let family = media.split('/').next().unwrap_or_default();
    let mut most = (0, 0.0);
    for range in accepted.split(',') {
        let mut parts = range.split(';').map(str::trim);
        let exact = match parts.next().unwrap_or_default() {
            "*/*" => 1,
            name if name.strip_suffix("/*") == Some(family) => 2,
            name if name == media => 3,
            _ => continue,
        };
        let liked = parts
            .find_map(|part| part.strip_prefix("q="))
            .map_or(1.0, |weight| weight.trim().parse::<f64>().unwrap_or(0.0));
        if exact > most.0 {
            most = (exact, liked.clamp(0.0, 1.0));
        }
    }
    most.1
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::HeaderValue;

    use super::*;

    fn asked(accept: &[&str]) -> Option<Form> {
        let mut headers = HeaderMap::new();
        for line in accept {
            headers.append(header::ACCEPT, HeaderValue::from_str(line).unwrap());
        }
        form(&headers).ok()
    }

    #[test]
    fn json_is_answered_to_whoever_takes_it_as_gladly() {
        for accept in [
            &[][..],
            &[""],
            &["*/*"],
            &["application/*"],
            &["text/csv, application/json"],
            &["application/json, application/vnd.openprm.narrowed+json, application/x-ndjson, text/csv"],
            &["application/vnd.openprm.narrowed+json"],
            &["text/html", "*/*;q=0.1"],
        ] {
            assert_eq!(asked(accept), Some(Form::Json), "{accept:?}");
        }
    }

    #[test]
    fn the_form_that_is_liked_best_is_answered() {
        for (accept, form) in [
            (&["text/csv"][..], Some(Form::Table)),
            (&["Text/CSV; header=present"], Some(Form::Table)),
            (&["text/*"], Some(Form::Table)),
            (&["application/x-ndjson, */*;q=0.1"], Some(Form::Lines)),
            (
                &["application/json;q=0.5", "application/x-ndjson;q=0.9"],
                Some(Form::Lines),
            ),
            (&["*/*, application/*;q=0"], Some(Form::Table)),
            (&["text/html"], None),
            (&["application/json;q=0"], None),
        ] {
            assert_eq!(asked(accept), form, "{accept:?}");
        }
    }
}
