//! How well names alone tell whether two organisations are one, on labelled pairs that the comparator was not made from.

use std::io::Write as _;

use openprm::customers::matching::{
    compare::{PROBABLE, compare},
    names::NameKey,
};

use crate::support::shared;

/// Of the pairs that are taken for one, so many are one.
const PRECISION: f64 = 0.93;
/// Of the pairs that are one, so many are taken for one.
const RECALL: f64 = 0.80;

#[test]
fn names_alone_tell_one_organisation_from_another() {
    let Some(place) = shared::place("matching::names_alone_tell_one_organisation_from_another") else {
        return;
    };
    let mut pairs = csv::Reader::from_path(place.join("data/name-pairs/organisations.csv")).unwrap();
    let (mut right, mut taken, mut same, mut all) = (0_u32, 0_u32, 0_u32, 0_u32);
    for row in pairs.records() {
        let row = row.unwrap();
        let is_one: bool = row[2].parse().unwrap();
        let is_taken = compare(&NameKey::new(&row[0]), &NameKey::new(&row[1])).similarity >= PROBABLE;
        all += 1;
        same += u32::from(is_one);
        taken += u32::from(is_taken);
        right += u32::from(is_one && is_taken);
    }
    let (precision, recall) = (f64::from(right) / f64::from(taken), f64::from(right) / f64::from(same));
    let told = format!("names of {all} pairs, {same} of them one: precision {precision:.3}, recall {recall:.3}");
    drop(writeln!(std::io::stderr(), "{told}"));
    assert!(all > 200, "{told}");
    assert!(precision >= PRECISION && recall >= RECALL, "{told}");
}
