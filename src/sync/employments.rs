//! A person's times at partners, as fields of the person that a link compares. Pure.
//!
//! Each time is a field by a name of its own: so what both sides changed of one is a conflict by itself, and times at two partners
//! that come one after the other stand side by side in it. They are compared like every other field because a change of a time
//! makes a revision of its person: what both sides had of them is what the person's event of that revision says.

use serde_json::{Value, json};

use super::kinds::Fields;
use crate::kernel::Date;

/// What an upsert of a person calls the time at a partner that it brings.
pub const EMPLOYMENT: &str = "employment";

/// What two versions of a time are told apart by: all that an upsert brings, and the end, which has an operation of its own.
const PARTS: [&str; 6] = ["partner_id", "title", "department", "roles", "starts_on", "ends_on"];

fn text<'v>(time: &'v Value, part: &str) -> Option<&'v str> {
    time.get(part).and_then(Value::as_str)
}

fn is_time(name: &str) -> bool {
    let rest = name.strip_prefix(EMPLOYMENT);
    rest.is_some_and(|rest| rest.starts_with(':'))
}

/// The times of a person as fields: `employment:<partner>` is the latest at a partner; the names of those before it end in their
/// first day.
pub fn written(person: &Value) -> Fields {
    let mut fields = Fields::new();
    // A person shows the latest first.
    let times = person.get("employments").and_then(Value::as_array);
    for time in times.into_iter().flatten() {
        let mut name = format!("{EMPLOYMENT}:{}", text(time, "partner_id").unwrap_or_default());
        if fields.contains_key(&name) {
            name = format!("{name}:{}", text(time, "starts_on").unwrap_or_default());
        }
        let parts = PARTS.map(|part| (part.to_owned(), time.get(part).cloned().unwrap_or_default()));
        fields.insert(name, Value::Object(parts.into_iter().collect()));
    }
    fields
}

/// A patch of a person without the times, and each of these as an upsert brings it, which gives no end.
pub fn apart(patch: Value) -> (Value, Vec<Value>) {
    let Value::Object(patch) = patch else {
        return (patch, Vec::new());
    };
    let (times, rest): (Fields, Fields) = patch.into_iter().partition(|(name, _)| is_time(name));
    let brought = times.into_iter().filter_map(|(_, time)| match time {
        Value::Object(mut parts) => {
            parts.remove("ends_on");
            Some(json!({EMPLOYMENT: parts}))
        }
        _ => None,
    });
    (Value::Object(rest), brought.collect())
}

/// Their version, in which a time that was ended here is not begun anew by who does not know of the end. An upsert that names no
/// first day begins one today where none holds. If it says what both sides had, they changed nothing: theirs is the time as it was.
pub fn as_they_know(base: Option<&Fields>, ours: &Fields, mut theirs: Fields, today: Date) -> Fields {
    // The one that has ended is not theirs by the name that it has beside a new one.
    theirs.retain(|name, time| !is_time(name) || ours.contains_key(name) || !ours.values().any(|our| *our == *time));
    for (name, their) in &mut theirs {
        let was = base.and_then(|base| base.get(name)).filter(|_| is_time(name));
        if let (Some(was), Some(our)) = (was, ours.get(name))
            && was_ended(was, our)
            && text(their, "starts_on") == Some(today.to_string().as_str())
            && says_no_more(their, was)
        {
            was.clone_into(their);
        }
    }
    theirs
}

/// Whether a time that both sides had was ended here since.
fn was_ended(was: &Value, our: &Value) -> bool {
    let ended = |time| text(time, "ends_on").is_some();
    text(was, "starts_on") == text(our, "starts_on") && !ended(was) && ended(our)
}

/// Whether a time says nothing of the person's part there that the other does not. What an upsert leaves out says nothing.
fn says_no_more(time: &Value, other: &Value) -> bool {
    ["title", "department", "roles"].into_iter().all(|part| {
        let said = time.get(part).filter(|said| !said.is_null() && **said != json!([]));
        said.is_none() || said == other.get(part)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn time(partner: &str, title: &str, starts_on: &str, ends_on: Option<&str>) -> Value {
        json!({"id": "empl_1", "partner_id": partner, "title": title, "department": null, "roles": ["sales"],
            "starts_on": starts_on, "ends_on": ends_on, "revision": 3})
    }

    fn fields(times: &[Value]) -> Fields {
        written(&json!({"name": "Anna", "employments": times}))
    }

    #[test]
    fn each_time_is_a_field_and_is_brought_without_its_end() {
        let told = fields(&[
            time("p1", "Owner", "2026-03-01", None),
            time("p2", "Buyer", "2026-01-01", None),
            time("p1", "Seller", "2024-01-01", Some("2025-01-01")),
        ]);
        let names: Vec<&String> = told.keys().collect();
        assert_eq!(names, ["employment:p1", "employment:p1:2024-01-01", "employment:p2"]);
        assert_eq!(told["employment:p1"]["title"], "Owner");
        let patch = json!({"name": "Anna", "employment:p1:2024-01-01": told["employment:p1:2024-01-01"]});
        let (rest, times) = apart(patch);
        let brought = json!({"partner_id": "p1", "title": "Seller", "department": null, "roles": ["sales"], "starts_on": "2024-01-01"});
        assert_eq!(
            (rest, times),
            (json!({"name": "Anna"}), vec![json!({"employment": brought})])
        );
    }

    #[test]
    fn who_does_not_know_of_an_end_begins_nothing_anew() {
        let today: Date = "2026-11-21".parse().unwrap();
        let ended = || time("p1", "Seller", "2026-01-01", Some("2026-11-20"));
        let base = fields(&[time("p1", "Seller", "2026-01-01", None)]);
        let ours = fields(&[ended()]);
        let theirs = |title: &str| fields(&[time("p1", title, "2026-11-21", None), ended()]);
        assert_eq!(as_they_know(Some(&base), &ours, theirs("Seller"), today), base);
        let promoted = as_they_know(Some(&base), &ours, theirs("Owner"), today);
        assert_eq!(
            (promoted.len(), &promoted["employment:p1"]["title"]),
            (1, &json!("Owner"))
        );
        let known = as_they_know(Some(&ours), &ours, theirs("Seller"), today);
        assert_eq!(
            known["employment:p1"]["starts_on"], "2026-11-21",
            "both had the end: it is begun anew"
        );
    }
}
