//! Cursors, and which types of events a pattern means.

use crate::{
    error::{Error, Result, codes},
    events::catalogue,
};

/// The cursor of a position: sixteen digits, so that cursors sort as text in the order of the feed.
///
/// It is no secret and not signed, unlike a list's: whose events are shown is decided anew with each read.
pub fn cursor(position: i64) -> String {
    format!("{position:016x}")
}

/// The position that a cursor stands for.
///
/// # Errors
/// 409 `invalid_cursor` if it is none of the feed's.
pub fn position(cursor: &str) -> Result<i64> {
    Some(cursor)
        .filter(|cursor| cursor.len() == 16)
        .and_then(|cursor| i64::from_str_radix(cursor, 16).ok())
        .filter(|position| *position >= 0)
        .ok_or_else(invalid)
}

fn invalid() -> Error {
    Error::new(&codes::INVALID_CURSOR).fault(
        "query:cursor",
        "invalid_cursor",
        "Send next_cursor as it was answered, or the cursor of an event, `beginning` or `now`.",
    )
}

/// Where a reader goes on that stands at that position, while events up to `expired` are gone and `last` is the last one.
///
/// # Errors
/// 410 `cursor_expired` if what follows is not kept any more, or if the log has not come so far: then it is the log of another
/// database, or of a copy that was brought back.
pub fn go_on(position: i64, expired: i64, last: i64) -> Result<i64> {
    if position < expired {
        return Err(Error::new(&codes::CURSOR_EXPIRED));
    }
    if position > last {
        return Err(Error::new(&codes::CURSOR_EXPIRED).detail(
            "The feed has not come as far as this cursor: the database was replaced by an older copy. \
             Take `cursor=now`, read the lists again, and go on from there.",
        ));
    }
    Ok(position)
}

/// The types of events that a pattern means: one, or by `.*` all of a resource.
///
/// # Errors
/// 409 `unknown_reference` if there is none.
pub fn types_of(pattern: &str) -> Result<Vec<&'static str>> {
    let found: Vec<&'static str> = match pattern.strip_suffix(".*") {
        Some(prefix) => catalogue::all()
            .filter(|kind| {
                kind.name
                    .split_once('.')
                    .is_some_and(|(resource, _)| resource == prefix)
            })
            .map(|kind| kind.name)
            .collect(),
        None => catalogue::find(pattern).map(|kind| kind.name).into_iter().collect(),
    };
    if found.is_empty() {
        return Err(Error::unknown_reference(
            "query:types",
            format!("There is no type of event `{pattern}`; the contract's webhooks name them all."),
        ));
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn cursors_are_read_back_and_sort_like_positions(one in 0..i64::MAX, other in 0..i64::MAX) {
            prop_assert_eq!(position(&cursor(one)).unwrap(), one);
            prop_assert_eq!(cursor(one).cmp(&cursor(other)), one.cmp(&other));
        }
    }

    #[test]
    fn what_is_no_cursor_is_refused() {
        for text in [
            "",
            "1",
            "zzzzzzzzzzzzzzzz",
            "ffffffffffffffff",
            "-000000000000001",
            "00000000000000001",
        ] {
            assert!(position(text).unwrap_err().is(&codes::INVALID_CURSOR), "{text}");
        }
    }

    #[test]
    fn a_reader_goes_on_within_what_is_kept() {
        assert_eq!(go_on(5, 5, 9).unwrap(), 5);
        assert_eq!(go_on(9, 5, 9).unwrap(), 9);
        assert!(go_on(4, 5, 9).unwrap_err().is(&codes::CURSOR_EXPIRED));
        assert!(go_on(10, 5, 9).unwrap_err().is(&codes::CURSOR_EXPIRED));
    }

    #[test]
    fn a_pattern_means_one_type_or_all_of_a_resource() {
        assert_eq!(types_of("deal.approved").unwrap(), ["deal.approved"]);
        let deals = types_of("deal.*").unwrap();
        assert!(deals.contains(&"deal.submitted") && deals.iter().all(|name| name.starts_with("deal.")));
        assert!(types_of("deal.flew").is_err() && types_of("deals.*").is_err());
    }
}
