//! What two sides agree on, and what they do not. Pure.

use std::cmp::Ordering;

use serde_json::Value;

use super::{
    kinds::Fields,
    maps::{FieldMapEntry, FieldOwner},
};
use crate::kernel::Time;

/// A record's revision in another system, as it came with a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Theirs {
    /// The revision there: a number, a moment, or any text that grows.
    pub revision: String,
    /// When it was changed there.
    pub changed_at: Option<Time>,
    /// Our revision that it was changed on the base of.
    pub base: Option<i64>,
}

impl Theirs {
    /// How it stands to a revision that was taken before, changed there at that time as far as that is known.
    pub fn order_to(&self, last: &str, changed_at: Option<Time>) -> Ordering {
        order((self.revision.as_str(), self.changed_at), (last, changed_at))
    }
}

/// Which of two revisions of another system is the later one. Numbers are compared as numbers, moments as moments; other texts
/// by the times of change, where both are known, and else letter by letter.
pub fn order(one: (&str, Option<Time>), other: (&str, Option<Time>)) -> Ordering {
    if one.0 == other.0 {
        return Ordering::Equal;
    }
    let number = |text: &str| {
        let digits = text.trim_start_matches('0').to_owned();
        text.bytes().all(|byte| byte.is_ascii_digit()).then_some(digits)
    };
    if let (Some(one), Some(other)) = (number(one.0), number(other.0)) {
        return one.len().cmp(&other.len()).then(one.cmp(&other));
    }
    if let (Ok(one), Ok(other)) = (one.0.parse::<Time>(), other.0.parse::<Time>()) {
        return one.cmp(&other);
    }
    match (one.1, other.1) {
        (Some(at), Some(before)) if at != before => at.cmp(&before),
        _ => one.0.cmp(other.0),
    }
}

/// Two versions of a record, held against the one that both sides had.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Compared {
    /// What both changed, each to another value.
    pub conflicts: Vec<String>,
    /// What they alone changed.
    pub theirs: Vec<String>,
    /// What we alone changed: their version has it as it was.
    pub ours: Vec<String>,
}

/// Compares two versions field by field. Where it is not known what both had, what differs is a conflict. What ours has no such
/// field for is theirs to bring: references, and parts that the record does not have.
pub fn compare(base: Option<&Fields>, ours: &Fields, theirs: &Fields) -> Compared {
    let mut compared = Compared::default();
    for (name, their) in theirs {
        let Some(our) = ours.get(name) else {
            compared.theirs.push(name.clone());
            continue;
        };
        if our == their {
            continue;
        }
        let was = base.map(|base| base.get(name).unwrap_or(&Value::Null));
        let of = if was == Some(their) {
            &mut compared.ours
        } else if was == Some(our) {
            &mut compared.theirs
        } else {
            &mut compared.conflicts
        };
        of.push(name.clone());
    }
    compared
}

/// What a map says, and what that means for parts that are fields by themselves: of `/employment`, for `/employment:<partner>`.
fn with_parts(entries: &[FieldMapEntry], theirs: &Fields) -> Vec<FieldMapEntry> {
    let mut all = entries.to_vec();
    for name in theirs.keys() {
        let Some((field, _)) = name.split_once(':') else {
            continue;
        };
        let field = format!("/{field}");
        all.extend(entries.iter().filter_map(|entry| {
            let inner = entry.field.strip_prefix(field.as_str())?;
            (inner.is_empty() || inner.starts_with('/')).then(|| FieldMapEntry {
                field: format!("/{name}{inner}"),
                ..entry.clone()
            })
        }));
    }
    all
}

/// [`compare`], where a map says whose fields are: what is theirs is taken even if it was changed here.
pub fn judge(entries: &[FieldMapEntry], base: Option<&Fields>, ours: &Fields, theirs: &Fields) -> Compared {
    let entries = with_parts(entries, theirs);
    let mut compared = compare(base, ours, theirs);
    let Compared {
        conflicts,
        theirs: taken,
        ours: kept,
    } = &mut compared;
    for list in [conflicts, kept] {
        list.retain(|name| {
            let yields = is_theirs(&entries, name, ours.get(name), theirs.get(name));
            if yields {
                taken.push(name.clone());
            }
            !yields
        });
    }
    compared
}

/// Whether all in which two values of a field differ is theirs by the map.
fn is_theirs(entries: &[FieldMapEntry], name: &str, our: Option<&Value>, their: Option<&Value>) -> bool {
    let owned = |pointer: &str| {
        entries
            .iter()
            .any(|entry| entry.owner == FieldOwner::Theirs && entry.field == pointer)
    };
    if owned(&format!("/{name}")) {
        return true;
    }
    let (Some(Value::Object(our)), Some(Value::Object(their))) = (our, their) else {
        return false;
    };
    our.keys()
        .chain(their.keys())
        .filter(|part| our.get(*part) != their.get(*part))
        .all(|part| owned(&format!("/{name}/{part}")))
}

/// Their version with our values of what is ours by the map, and whether they had others.
pub fn held_back(entries: &[FieldMapEntry], ours: &Fields, theirs: Fields) -> (Fields, bool) {
    let entries = with_parts(entries, &theirs);
    let (mut theirs, mut held) = (Value::Object(theirs), false);
    let present = Value::Object(ours.clone());
    for entry in entries.iter().filter(|entry| entry.owner == FieldOwner::Ours) {
        let Some((parent, name)) = entry.field.rsplit_once('/') else {
            continue;
        };
        let our = present.pointer(&entry.field);
        let known = |value: Option<&Value>| value.is_some_and(|value| !value.is_null());
        let their = theirs.pointer(&entry.field);
        if our == their || !(known(our) || known(their)) {
            continue;
        }
        // What they emptied as a whole is emptied but for what is ours in it.
        let top = entry.field.split('/').nth(1).unwrap_or_default();
        if let (true, Some(whole)) = (theirs.pointer(parent).is_none_or(Value::is_null), ours.get(top)) {
            let whole = whole.clone();
            if let Some(fields) = theirs.as_object_mut() {
                fields.insert(top.to_owned(), whole);
                held = true;
            }
            continue;
        }
        if let Some(parts) = theirs.pointer_mut(parent).and_then(Value::as_object_mut) {
            held = true;
            match our {
                Some(our) => drop(parts.insert(name.to_owned(), our.clone())),
                None => drop(parts.remove(name)),
            }
        }
    }
    match theirs {
        Value::Object(theirs) => (theirs, held),
        _ => (ours.clone(), held),
    }
}

/// The merge patch that gives a record those fields of another version. What that lacks of an object is cleared.
pub fn patch(fields: &[String], ours: &Fields, theirs: &Fields) -> Value {
    let one = |name: &String| {
        let (our, their) = (ours.get(name), theirs.get(name).cloned().unwrap_or_default());
        let value = match (our, their) {
            (Some(Value::Object(our)), Value::Object(mut their)) => {
                for gone in our.keys() {
                    their.entry(gone.clone()).or_insert(Value::Null);
                }
                Value::Object(their)
            }
            (_, their) => their,
        };
        (name.clone(), value)
    };
    Value::Object(fields.iter().map(one).collect())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn fields(value: Value) -> Fields {
        value.as_object().unwrap().clone()
    }

    #[test]
    fn the_later_revision_is_told_by_number_by_moment_and_by_text() {
        let order = |one, other| order((one, None), (other, None));
        assert_eq!(order("9", "10"), Ordering::Less);
        assert_eq!(order("0010", "10"), Ordering::Equal, "leading zeros are nothing");
        assert_eq!(order("123456789012345678901", "99"), Ordering::Greater);
        assert_eq!(order("2026-11-21T09:00:00Z", "2026-11-21T09:00:00.5Z"), Ordering::Less);
        assert_eq!(order("W/\"b\"", "W/\"a\""), Ordering::Greater);
        let at = |text: &str| Some(text.parse().unwrap());
        let (early, late) = (at("2026-11-21T09:00:00Z"), at("2026-11-21T10:00:00Z"));
        assert_eq!(super::order(("b", early), ("a", late)), Ordering::Less);
    }

    #[test]
    fn each_field_is_held_against_what_both_had() {
        let base = fields(json!({"a": 1, "b": 1, "c": 1, "d": 1}));
        let ours = fields(json!({"a": 1, "b": 2, "c": 2, "d": 2}));
        let theirs = fields(json!({"a": 2, "b": 1, "c": 3, "d": 2}));
        let compared = compare(Some(&base), &ours, &theirs);
        assert_eq!(compared.theirs, ["a"]);
        assert_eq!(compared.ours, ["b"]);
        assert_eq!(compared.conflicts, ["c"], "what both changed to the same is agreed");
        assert_eq!(compare(None, &ours, &theirs).conflicts, ["a", "b", "c"]);
        let more = fields(json!({"a": 1, "beside": [1]}));
        assert_eq!(compare(None, &fields(json!({"a": 1})), &more).theirs, ["beside"]);
    }

    fn whose(field: &str, owner: FieldOwner) -> FieldMapEntry {
        let entry = json!({"field": field, "external_field": "X", "owner": owner});
        serde_json::from_value(entry).unwrap()
    }

    #[test]
    fn what_is_theirs_by_the_map_is_taken_though_it_was_changed_here() {
        let base = fields(json!({"name": "a", "phone": "1", "address": {"city": "Bonn", "street": "A 1"}}));
        let ours = fields(json!({"name": "b", "phone": "2", "address": {"city": "Ulm", "street": "A 1"}}));
        let theirs = fields(json!({"name": "c", "phone": "3", "address": {"city": "Kiel", "street": "A 1"}}));
        let map = [
            whose("/name", FieldOwner::Theirs),
            whose("/address/city", FieldOwner::Theirs),
            whose("/phone", FieldOwner::Both),
        ];
        let judged = judge(&map, Some(&base), &ours, &theirs);
        assert_eq!(
            (judged.conflicts, judged.theirs),
            (vec!["phone".to_owned()], vec!["address".to_owned(), "name".to_owned()])
        );
        let elsewhere = fields(json!({"address": {"city": "Kiel", "street": "B 2"}}));
        assert_eq!(
            judge(&map, Some(&base), &ours, &elsewhere).conflicts,
            ["address"],
            "the street is not theirs"
        );
        let unchanged = fields(json!({"name": "a"}));
        assert_eq!(
            judge(&map, Some(&base), &ours, &unchanged).theirs,
            ["name"],
            "it is written over from there"
        );
    }

    #[test]
    fn what_is_ours_by_the_map_is_not_taken() {
        let ours = fields(json!({"name": "a", "custom": {"x": 1}, "address": {"city": "Bonn", "country": "DE"}}));
        let map = ["/name", "/custom/x", "/custom/y", "/address/country", "/number"];
        let map = map.map(|field| whose(field, FieldOwner::Ours));
        let theirs =
            json!({"name": "b", "custom": {"x": 2, "y": 3, "z": 4}, "address": {"city": "Ulm", "country": "DE"}});
        let (kept, held) = held_back(&map, &ours, fields(theirs));
        let expected = json!({"name": "a", "custom": {"x": 1, "z": 4}, "address": {"city": "Ulm", "country": "DE"}});
        assert_eq!((Value::Object(kept), held), (expected, true));
        let emptied = json!({"name": "a", "custom": {"x": 1}, "address": null});
        let (kept, held) = held_back(&map, &ours, fields(emptied));
        assert_eq!((kept.get("address"), held), (ours.get("address"), true));
        assert!(!held_back(&map, &ours, ours.clone()).1, "they say what we do");
    }

    #[test]
    fn a_map_says_of_a_field_whose_all_its_parts_are() {
        let ours = fields(json!({"employment:p1": {"title": "a", "department": "x"}}));
        let theirs =
            || fields(json!({"employment:p1": {"title": "b", "department": "x"}, "employment:p2": {"title": "c"}}));
        let (kept, held) = held_back(&[whose("/employment", FieldOwner::Ours)], &ours, theirs());
        assert_eq!((kept, held), (ours.clone(), true));
        let (kept, _) = held_back(&[whose("/employment/title", FieldOwner::Ours)], &ours, theirs());
        assert_eq!(kept.get("employment:p1"), ours.get("employment:p1"));
        let judged = judge(&[whose("/employment", FieldOwner::Theirs)], None, &ours, &theirs());
        assert_eq!((judged.conflicts.len(), judged.theirs.len()), (0, 2));
        assert_eq!(
            judge(&[whose("/employ", FieldOwner::Theirs)], None, &ours, &theirs()).conflicts,
            ["employment:p1"]
        );
    }

    #[test]
    fn a_patch_clears_what_the_other_version_lacks() {
        let ours = fields(json!({"custom": {"x": 1, "y": 2}, "name": "a"}));
        let theirs = fields(json!({"custom": {"x": 3}, "name": null}));
        let made = patch(&["custom".to_owned(), "name".to_owned()], &ours, &theirs);
        assert_eq!(made, json!({"custom": {"x": 3, "y": null}, "name": null}));
    }
}
