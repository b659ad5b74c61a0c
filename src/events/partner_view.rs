//! What partners read of an event where the vendor reads more.
//!
//! An event is written once, with the record as the vendor reads it. Where a partner sees less of the record, the event also
//! holds what differs; it is worked out when the event is written, by the rules of that day, and laid over it when it is read.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::Fact;

/// What partners read in place of what the vendor reads.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct PartnerView {
    /// The fields of the record that differ.
    data: Map<String, Value>,
    /// What the fields that changed for partners held before, all of them; nothing for a new record.
    previous: Option<Value>,
    /// The names of the fields that changed for partners.
    changed: Vec<String>,
}

impl PartnerView {
    /// What differs between what the vendor and what partners are told; nothing if they are told the same.
    pub(super) fn of(vendor: &Fact, partner: &Fact) -> Option<Self> {
        let all = Map::new();
        let fields = partner.data.as_object().unwrap_or(&all);
        let data: Map<String, Value> = fields
            .iter()
            .filter(|(name, value)| vendor.data.get(*name) != Some(value))
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
        let same = data.is_empty() && partner.previous == vendor.previous && partner.changed == vendor.changed;
        (!same).then(|| Self {
            data,
            previous: partner.previous.clone(),
            changed: partner.changed.clone(),
        })
    }

    /// Lays it over what the vendor reads.
    pub fn lay_over(self, data: &mut Value, previous: &mut Value, changed: &mut Vec<String>) {
        if let Value::Object(fields) = data {
            fields.extend(self.data);
        }
        *previous = self.previous.unwrap_or_default();
        *changed = self.changed;
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn fact(data: Value, previous: Value, changed: &[&str]) -> Fact {
        Fact {
            kind: "deal.updated",
            resource_type: "deal",
            resource_id: "deal_1".to_owned(),
            revision: 2,
            audience: Vec::new(),
            lost: Vec::new(),
            data,
            previous: Some(previous),
            changed: changed.iter().map(|name| (*name).to_owned()).collect(),
            partner_view: None,
            deleted: false,
            reason: None,
        }
    }

    #[test]
    fn what_partners_read_is_what_they_were_told() {
        let vendor = fact(
            json!({"title": "B", "seq": 7, "custom": {"crm": "x"}}),
            json!({"title": "A", "seq": 6}),
            &["title", "seq"],
        );
        let partner = fact(
            json!({"title": "B", "seq": null, "custom": {}}),
            json!({"title": "A"}),
            &["title"],
        );
        let view = PartnerView::of(&vendor, &partner).unwrap();
        let (mut data, mut previous, mut changed) = (vendor.data, vendor.previous.unwrap(), vendor.changed);
        view.lay_over(&mut data, &mut previous, &mut changed);
        assert_eq!(
            (data, Some(previous), changed),
            (partner.data, partner.previous, partner.changed)
        );
    }

    #[test]
    fn nothing_is_kept_where_both_read_the_same() {
        let one = fact(json!({"title": "B"}), json!({"title": "A"}), &["title"]);
        assert_eq!(PartnerView::of(&one, &one), None);
    }
}
