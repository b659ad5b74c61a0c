//! What a reader is shown of an event.

use std::collections::{BTreeMap, HashSet};

use serde_json::Value;

use crate::events::PartnerView;

/// What an event says of its record.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Said {
    /// The record after it; null if it is gone.
    pub data: Value,
    /// What the changed fields held before; null for a new record.
    pub previous: Value,
    /// The names of the changed fields.
    pub changed: Vec<String>,
}

/// What a reader is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shown {
    /// All of it: to the vendor.
    Everything,
    /// What partners may see.
    OfPartners {
        /// Who of those that did something is one of theirs.
        own: HashSet<String>,
        /// The custom fields that partners see, by type of record.
        custom: BTreeMap<String, HashSet<String>>,
    },
}

impl Shown {
    /// Whether the reader learns who that actor is.
    pub fn knows(&self, actor: &str) -> bool {
        match self {
            Self::Everything => true,
            Self::OfPartners { own, .. } => own.contains(actor),
        }
    }

    /// Takes from what is said what the reader may not see. `view` is what partners read in place of it.
    pub fn limit(&self, resource_type: &str, said: &mut Said, view: Option<PartnerView>) {
        let Self::OfPartners { custom, .. } = self else { return };
        if let Some(view) = view {
            view.lay_over(&mut said.data, &mut said.previous, &mut said.changed);
        }
        let Some(seen) = custom.get(resource_type) else { return };
        withhold(&mut said.data, seen);
        withhold(&mut said.previous, seen);
        // A change of fields that are not shown is no change to whoever does not see them.
        if said.data.get("custom").is_some() && said.data.get("custom") == said.previous.get("custom") {
            said.changed.retain(|name| name != "custom");
            if let Some(fields) = said.previous.as_object_mut() {
                fields.remove("custom");
            }
        }
    }
}

fn withhold(record: &mut Value, seen: &HashSet<String>) {
    if let Some(values) = record.get_mut("custom").and_then(Value::as_object_mut) {
        values.retain(|name, _| seen.contains(name));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn partners() -> Shown {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        Shown::OfPartners {
            own: names(&["user_1"]),
            custom: BTreeMap::from([("deal".to_owned(), names(&["budget_code"]))]),
        }
    }

    fn said() -> Said {
        Said {
            data: json!({"title": "B", "custom": {"budget_code": "X", "margin": 12}}),
            previous: json!({"custom": {"budget_code": "X", "margin": 10}}),
            changed: vec!["custom".to_owned()],
        }
    }

    #[test]
    fn the_vendor_reads_all_of_it() {
        let mut all = said();
        Shown::Everything.limit("deal", &mut all, None);
        assert_eq!(all, said());
        assert!(Shown::Everything.knows("user_2"));
    }

    #[test]
    fn partners_read_their_custom_fields_and_no_change_of_others() {
        let mut less = said();
        partners().limit("deal", &mut less, None);
        assert_eq!(less.data, json!({"title": "B", "custom": {"budget_code": "X"}}));
        assert_eq!((less.previous, less.changed), (json!({}), Vec::<String>::new()));
        assert!(partners().knows("user_1") && !partners().knows("user_2"));
    }

    #[test]
    fn records_without_custom_fields_stay_as_they_are() {
        let mut product = said();
        partners().limit("product", &mut product, None);
        assert_eq!(product, said());
    }
}
