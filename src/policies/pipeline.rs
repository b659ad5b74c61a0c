//! The stages that a sale goes through: the program's own list, in place of what is built in.
//!
//! A list that is empty leaves the built-in stages. A sale begins in the first stage, and one whose win was not confirmed goes on
//! in the last. Whoever moves a sale moves it to a stage that the version in force has, along the steps that it allows. A sale
//! that stands in a stage which is no longer there keeps it, and may be moved on to any that is.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::labels::PolicyLabels;
use crate::{
    deals::registrations::DealStage,
    kernel::states::{FailingGuard, guard},
};

/// How sales go on.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct PipelinePolicy {
    /// The stages of a sale that goes on, in their order. Empty for what is built in: `prospect`, `qualified`,
    /// `technical_validation`, `business_validation` and `committed`, each reached from any other but from `committed`. The ends,
    /// `won` and `closed_lost`, are not named: every program has them.
    #[schema(max_items = 20, example = json!([]))]
    pub stages: Vec<PolicyStage>,
}

/// A stage of a sale that goes on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PolicyStage {
    /// Its code, once in the list.
    pub code: DealStage,
    /// What people read; one text at least if the code is not built in.
    #[serde(default)]
    pub labels: PolicyLabels,
    /// How likely a sale that stands here is won, in percent, as long as nobody says otherwise.
    #[serde(default)]
    #[schema(example = 40, minimum = 0, maximum = 100)]
    pub probability: i64,
    /// The stages that a sale can be moved to from here; null for any. It can be won or lost from everywhere.
    #[serde(default)]
    #[schema(max_items = 20, example = json!(["qualified"]))]
    pub next: Option<Vec<DealStage>>,
}

/// A built-in stage: its code, what it is called in English and in German, and its probability.
type Row = (DealStage, [&'static str; 2], i64);

const BUILT_IN: [Row; 5] = [
    (DealStage::PROSPECT, ["Prospect", "Interessent"], 10),
    (DealStage::QUALIFIED, ["Qualified", "Qualifiziert"], 25),
    (
        DealStage::TECHNICAL_VALIDATION,
        ["Technical validation", "Technische Prüfung"],
        50,
    ),
    (
        DealStage::BUSINESS_VALIDATION,
        ["Business validation", "Kaufmännische Prüfung"],
        70,
    ),
    (DealStage::COMMITTED, ["Committed", "Zugesagt"], 90),
];

fn built_in() -> Vec<PolicyStage> {
    BUILT_IN
        .iter()
        .map(|(code, labels, probability)| PolicyStage {
            code: *code,
            labels: PolicyLabels::of(*labels),
            probability: *probability,
            // Who has said yes is not asked again.
            next: (*code == DealStage::COMMITTED).then(Vec::new),
        })
        .collect()
}

impl PipelinePolicy {
    /// The stages of a sale that goes on, in their order.
    pub fn stages(&self) -> Vec<PolicyStage> {
        let known = built_in();
        if self.stages.is_empty() {
            return known;
        }
        let own = self.stages.iter().cloned().map(|stage| {
            let labels = known.iter().find(|known| known.code == stage.code);
            PolicyStage {
                labels: stage
                    .labels
                    .or(labels.map(|known| known.labels.clone()).unwrap_or_default()),
                ..stage
            }
        });
        own.collect()
    }

    /// Where a sale begins.
    pub fn first(&self) -> DealStage {
        self.stages.first().map_or(DealStage::PROSPECT, |stage| stage.code)
    }

    /// Where a sale goes on whose win was not confirmed.
    pub fn last(&self) -> DealStage {
        self.stages.last().map_or(DealStage::COMMITTED, |stage| stage.code)
    }

    /// Whether sales can be brought to that stage: one of the list, or an end.
    pub fn has(&self, stage: DealStage) -> bool {
        stage.is_closed() || self.stages().iter().any(|known| known.code == stage)
    }

    /// The codes of the stages, as a sentence lists them.
    pub fn listed(&self) -> String {
        listed(self.stages().iter().map(|stage| stage.code))
    }

    /// What stands against moving a sale from one stage to another.
    pub fn failing(&self, from: DealStage, to: DealStage) -> Vec<FailingGuard> {
        if to.is_closed() {
            let detail = format!("{to} is an end: report it as won or lost, with what shows it.");
            return vec![guard("stage_open", "#/stage", detail)];
        }
        let stages = self.stages();
        if !stages.iter().any(|stage| stage.code == to) {
            let detail = format!("The program has no stage {to}; it has: {}.", self.listed());
            return vec![guard("stage_offered", "#/stage", detail)];
        }
        let next = stages
            .into_iter()
            .find(|stage| stage.code == from)
            .and_then(|stage| stage.next);
        match next {
            Some(next) if !next.contains(&to) => {
                let listed = if next.is_empty() {
                    "none: it is won or lost from there".to_owned()
                } else {
                    listed(next.into_iter())
                };
                let detail = format!("From {from} a sale is not moved to {to}; it is moved to: {listed}.");
                vec![guard("stage_reachable", "#/stage", detail)]
            }
            _ => Vec::new(),
        }
    }

    /// What keeps the list from being published.
    pub fn unsound(&self) -> Vec<FailingGuard> {
        let codes: BTreeSet<DealStage> = self.stages.iter().map(|stage| stage.code).collect();
        let (mut seen, mut failing) = (BTreeSet::new(), Vec::new());
        for (index, stage) in self.stages.iter().enumerate() {
            let at = |field: &str| format!("#/pipeline/stages/{index}/{field}");
            if !seen.insert(stage.code) {
                let detail = "The list says this a second time; which of the two counts would be chance.";
                failing.push(guard("said_once", &at("code"), detail));
            }
            if stage.code.is_closed() {
                let detail = "This is an end, which every program has; name the stages of a sale that goes on.";
                failing.push(guard("stage_open", &at("code"), detail));
            }
            if stage.labels.is_empty() && !BUILT_IN.iter().any(|(known, ..)| *known == stage.code) {
                let detail = "This code is the program's own; say what people shall read.";
                failing.push(guard("stage_labelled", &at("labels"), detail));
            }
            for unknown in stage.next.iter().flatten().filter(|next| !codes.contains(next)) {
                let detail = format!("The list has no stage {unknown} to move to.");
                failing.push(guard("stage_offered", &at("next"), detail));
            }
        }
        failing
    }
}

fn listed(codes: impl Iterator<Item = DealStage>) -> String {
    codes.map(|code| code.to_string()).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::kernel::Language;

    fn policy(stages: Value) -> PipelinePolicy {
        serde_json::from_value(json!({"stages": stages})).unwrap()
    }

    fn stage(code: &str) -> DealStage {
        code.parse().unwrap()
    }

    fn names(failing: Vec<FailingGuard>) -> Vec<String> {
        failing.into_iter().map(|guard| guard.guard).collect()
    }

    #[test]
    fn what_is_built_in_is_sound_labelled_and_free_but_for_who_has_said_yes() {
        let none = PipelinePolicy::default();
        assert!(none.unsound().is_empty());
        assert!(
            policy(serde_json::to_value(none.stages()).unwrap())
                .unsound()
                .is_empty()
        );
        assert!(
            none.stages()
                .iter()
                .all(|stage| stage.labels.en.is_some() && stage.labels.de.is_some())
        );
        assert_eq!((none.first(), none.last()), (DealStage::PROSPECT, DealStage::COMMITTED));
        assert!(none.failing(DealStage::QUALIFIED, DealStage::PROSPECT).is_empty());
        assert!(none.failing(DealStage::QUALIFIED, DealStage::QUALIFIED).is_empty());
        assert_eq!(
            names(none.failing(DealStage::COMMITTED, DealStage::PROSPECT)),
            ["stage_reachable"]
        );
        assert_eq!(names(none.failing(DealStage::PROSPECT, DealStage::WON)), ["stage_open"]);
        assert_eq!(
            names(none.failing(DealStage::PROSPECT, stage("pilot"))),
            ["stage_offered"]
        );
    }

    #[test]
    fn the_programs_list_takes_its_place_and_says_what_leads_where() {
        let own = policy(json!([
            {"code": "lead", "labels": {"de": "Anfrage"}, "next": ["pilot"]},
            {"code": "pilot", "labels": {"en": "Pilot"}, "probability": 60},
            {"code": "committed", "next": ["pilot"]},
        ]));
        assert!(own.unsound().is_empty());
        assert_eq!((own.first(), own.last()), (stage("lead"), DealStage::COMMITTED));
        assert!(own.failing(stage("lead"), stage("pilot")).is_empty());
        assert_eq!(
            names(own.failing(stage("lead"), DealStage::COMMITTED)),
            ["stage_reachable"]
        );
        assert!(
            own.failing(stage("pilot"), stage("lead")).is_empty(),
            "where it says nothing, all is free"
        );
        assert!(
            own.failing(DealStage::QUALIFIED, stage("lead")).is_empty(),
            "what is gone leads anywhere"
        );
        assert_eq!(
            names(own.failing(stage("pilot"), DealStage::QUALIFIED)),
            ["stage_offered"]
        );
        let labels: Vec<String> = own
            .stages()
            .iter()
            .map(|one| one.labels.text(Language::German, "").to_owned())
            .collect();
        assert_eq!(labels, ["Anfrage", "Pilot", "Zugesagt"]);
        assert!(own.has(DealStage::WON) && !own.has(DealStage::QUALIFIED));
    }

    #[test]
    fn every_fault_of_the_list_is_named() {
        let own = policy(json!([
            {"code": "lead"}, {"code": "won"}, {"code": "prospect", "next": ["nowhere"]}, {"code": "prospect"},
        ]));
        let told: Vec<_> = own
            .unsound()
            .into_iter()
            .map(|guard| (guard.guard, guard.pointer.unwrap_or_default()))
            .collect();
        let expected = [
            ("stage_labelled", "#/pipeline/stages/0/labels"),
            ("stage_open", "#/pipeline/stages/1/code"),
            ("stage_labelled", "#/pipeline/stages/1/labels"),
            ("stage_offered", "#/pipeline/stages/2/next"),
            ("said_once", "#/pipeline/stages/3/code"),
        ];
        assert_eq!(told, expected.map(|(guard, at)| (guard.to_owned(), at.to_owned())));
    }
}
