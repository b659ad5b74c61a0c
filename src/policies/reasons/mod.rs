//! The reasons that people may give: the program's own lists, each in place of what is built in.
//!
//! A list that is empty leaves the built-in reasons. Whoever gives a reason gives one that the version in force offers; what was
//! given before stays, and a decision keeps what its reason was called when it was made.

mod built_in;

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{code::PolicyCode, labels::PolicyLabels};
use crate::{
    kernel::states::{FailingGuard, guard},
    words,
};

words! {
    /// What a reason is given for.
    pub ReasonKind {
        /// A registration is refused.
        Rejection = "rejection",
        /// A grant is taken away.
        Revocation = "revocation",
        /// A registration is taken back.
        Withdrawal = "withdrawal",
        /// The partner is asked.
        InfoRequest = "info_request",
        /// Earlier claimants are passed over.
        Override = "override",
        /// A sale is lost.
        Loss = "loss",
        /// A reported win is not confirmed.
        WinRejection = "win_rejection",
        /// An amendment is refused.
        AmendmentRejection = "amendment_rejection",
        /// More time is refused.
        ExtensionDenial = "extension_denial",
        /// A decision shall be undone.
        Reopening = "reopening",
    }
}

impl ReasonKind {
    /// The operations that take such a reason, each with the pointer to it.
    pub const fn given_by(self) -> &'static [(&'static str, &'static str)] {
        const OWN: &str = "#/reason_code";
        match self {
            Self::Rejection => &[("rejectDeal", OWN)],
            Self::Revocation => &[("revokeDeal", OWN)],
            Self::Withdrawal => &[("withdrawDeal", OWN)],
            Self::InfoRequest => &[("requestDealInfo", OWN)],
            Self::Override => &[
                ("approveDeal", "#/override/reason_code"),
                ("approveDealAmendment", "#/override/reason_code"),
            ],
            Self::Loss => &[("loseDeal", OWN)],
            Self::WinRejection => &[("rejectDealWin", OWN)],
            Self::AmendmentRejection => &[("rejectDealAmendment", OWN)],
            Self::ExtensionDenial => &[("denyDealExtension", OWN)],
            Self::Reopening => &[("requestDealReopening", OWN)],
        }
    }

    /// Whether evidence can be named beside the reason.
    pub const fn takes_evidence(self) -> bool {
        matches!(self, Self::Rejection | Self::Revocation)
    }
}

/// The reasons that people may give, by what they are given for. A list that is empty leaves what is built in.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ReasonPolicy {
    /// For refusing a registration. Built in: `duplicate_registration`, `protected_for_another`, `direct_opportunity`,
    /// `named_account`, `existing_customer` (each with the claim that it rests on), `not_qualified`,
    /// `insufficient_information`, `unable_to_support`, `out_of_scope`, `other`.
    #[schema(max_items = 50, example = json!([]))]
    pub rejection: Vec<PolicyReason>,
    /// For taking a grant away. Built in: `misrepresentation`, `customer_objection`, `duplicate_found` (each with the word
    /// that it rests on), `inactivity`, `partner_suspended`, `terms_broken`, `other`.
    #[schema(max_items = 50, example = json!([]))]
    pub revocation: Vec<PolicyReason>,
    /// For taking a registration back. Built in: `customer_postponed`, `no_longer_pursued`, `registered_by_mistake`,
    /// `registered_twice`, `other`.
    #[schema(max_items = 50, example = json!([]))]
    pub withdrawal: Vec<PolicyReason>,
    /// For asking the partner. Built in: `customer_unclear`, `scope_unclear`, `evidence_needed`, `details_missing`, `other`.
    #[schema(max_items = 50, example = json!([]))]
    pub info_request: Vec<PolicyReason>,
    /// For passing earlier claimants over. Built in: `customer_choice`, `incumbent`, `inactive_claimant`,
    /// `stronger_evidence`, `case_decision`.
    #[serde(rename = "override")]
    #[schema(max_items = 50, example = json!([]))]
    pub passing_over: Vec<PolicyReason>,
    /// For reporting a deal as lost. Built in: `price`, `competitor`, `other_partner`, `vendor_direct`, `no_budget`,
    /// `no_decision`, `timing`, `product_fit`, `no_contact`, `other`.
    #[schema(max_items = 50, example = json!([]))]
    pub loss: Vec<PolicyReason>,
    /// For not confirming a win. Built in: `order_not_found`, `order_does_not_match`, `order_used_before`,
    /// `order_cancelled`, `evidence_insufficient`, `other`.
    #[schema(max_items = 50, example = json!([]))]
    pub win_rejection: Vec<PolicyReason>,
    /// For refusing an amendment. Built in: `protected_for_another`, `amount_not_agreed`, `register_anew`,
    /// `insufficient_information`, `unable_to_support`, `out_of_scope`, `other`.
    #[schema(max_items = 50, example = json!([]))]
    pub amendment_rejection: Vec<PolicyReason>,
    /// For refusing more time. Built in: `no_progress`, `unconvincing_evidence`, `customer_objects`, `time_used_up`, `other`.
    #[schema(max_items = 50, example = json!([]))]
    pub extension_denial: Vec<PolicyReason>,
    /// For asking that a decision be undone. Built in: `wrong_decision`, `new_evidence`, `wrong_data`, `wrong_record`,
    /// `appeal_upheld`, `other`.
    #[schema(max_items = 50, example = json!([]))]
    pub reopening: Vec<PolicyReason>,
}

/// A reason of the program's own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PolicyReason {
    /// Its code, once a list. A code that is built in keeps what it was called and asked for, unless it is said otherwise here.
    #[schema(value_type = String, example = "budget_frozen", min_length = 1, max_length = 64, pattern = "^[a-z][a-z0-9_]{0,63}$")]
    pub code: PolicyCode,
    /// What people read; one text at least if the code is not built in.
    #[serde(default)]
    pub labels: PolicyLabels,
    /// Whether people of partners may give it, where they are among those who do: who loses a deal, or takes one back. What the
    /// vendor gives as a reason, the partner reads in any case.
    #[serde(default = "yes")]
    #[schema(example = true)]
    pub for_partner: bool,
    /// Whether it can be given now. One that is out of use can still be read.
    #[serde(default = "yes")]
    #[schema(example = true)]
    pub active: bool,
    /// Whether it rests on something that must be named as evidence; null for as it is built in. Only where evidence is taken:
    /// in a refusal and in a revocation.
    #[serde(default)]
    #[schema(example = json!(null))]
    pub needs_evidence: Option<bool>,
}

const fn yes() -> bool {
    true
}

/// A reason as it is offered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    /// Its code.
    pub code: PolicyCode,
    /// What people read.
    pub labels: PolicyLabels,
    /// Whether people of partners may give it.
    pub for_partner: bool,
    /// Whether it rests on something that must be named.
    pub needs_evidence: bool,
}

impl PolicyReason {
    /// The built-in reason of that code, or one that has nothing but its code.
    pub const fn of(code: PolicyCode) -> Self {
        Self {
            code,
            labels: PolicyLabels { en: None, de: None },
            for_partner: true,
            active: true,
            needs_evidence: None,
        }
    }
}

impl ReasonPolicy {
    /// The program's own list.
    pub fn own(&self, kind: ReasonKind) -> &[PolicyReason] {
        match kind {
            ReasonKind::Rejection => &self.rejection,
            ReasonKind::Revocation => &self.revocation,
            ReasonKind::Withdrawal => &self.withdrawal,
            ReasonKind::InfoRequest => &self.info_request,
            ReasonKind::Override => &self.passing_over,
            ReasonKind::Loss => &self.loss,
            ReasonKind::WinRejection => &self.win_rejection,
            ReasonKind::AmendmentRejection => &self.amendment_rejection,
            ReasonKind::ExtensionDenial => &self.extension_denial,
            ReasonKind::Reopening => &self.reopening,
        }
    }

    /// The reasons that can be given, in their order.
    pub fn offered(&self, kind: ReasonKind, by_partner: bool) -> Vec<Reason> {
        let built_in = built_in::of(kind);
        let own = self.own(kind);
        let all: Vec<Reason> = if own.is_empty() {
            built_in
        } else {
            own.iter()
                .filter(|reason| reason.active)
                .map(|reason| {
                    let known = built_in.iter().find(|known| known.code == reason.code);
                    Reason {
                        code: reason.code.clone(),
                        labels: reason
                            .labels
                            .clone()
                            .or(known.map(|known| known.labels.clone()).unwrap_or_default()),
                        for_partner: reason.for_partner,
                        needs_evidence: reason
                            .needs_evidence
                            .unwrap_or_else(|| known.is_some_and(|known| known.needs_evidence)),
                    }
                })
                .collect()
        };
        all.into_iter()
            .filter(|reason| !by_partner || reason.for_partner)
            .collect()
    }

    /// What a reason is called that can be given; nothing of one that cannot.
    pub fn labels(&self, kind: ReasonKind, code: &PolicyCode) -> Option<PolicyLabels> {
        let found = self
            .offered(kind, false)
            .into_iter()
            .find(|reason| reason.code == *code);
        found.map(|reason| reason.labels)
    }

    /// What stands against giving that reason. `evidence`: whether what it rests on is named.
    pub fn failing(&self, kind: ReasonKind, code: &PolicyCode, by_partner: bool, evidence: bool) -> Vec<FailingGuard> {
        let pointer = kind.given_by().first().map_or("#", |(_, pointer)| pointer);
        let offered = self.offered(kind, by_partner);
        match offered.iter().find(|reason| reason.code == *code) {
            None => {
                let codes: Vec<&str> = offered.iter().map(|reason| reason.code.as_str()).collect();
                let detail = format!(
                    "The program does not offer the reason {code}; it offers: {}.",
                    codes.join(", ")
                );
                vec![guard("reason_offered", pointer, detail)]
            }
            Some(reason) if reason.needs_evidence && kind.takes_evidence() && !evidence => vec![guard(
                "evidence_named",
                "#/evidence",
                "This reason rests on somebody's claim or word; name the registration, the opportunity or the document.",
            )],
            Some(_) => Vec::new(),
        }
    }

    /// What keeps the lists from being published.
    pub fn unsound(&self) -> Vec<FailingGuard> {
        ReasonKind::ALL
            .iter()
            .flat_map(|kind| self.unsound_list(*kind))
            .collect()
    }

    fn unsound_list(&self, kind: ReasonKind) -> Vec<FailingGuard> {
        let (own, built_in) = (self.own(kind), built_in::of(kind));
        let at = |index: usize, field: &str| format!("#/reasons/{kind}/{index}/{field}");
        let mut failing = Vec::new();
        let mut seen = BTreeSet::new();
        for (index, reason) in own.iter().enumerate() {
            if !seen.insert(&reason.code) {
                failing.push(guard(
                    "said_once",
                    &at(index, "code"),
                    "The list says this a second time; which of the two counts would be chance.",
                ));
            }
            if reason.labels.is_empty() && !built_in.iter().any(|known| known.code == reason.code) {
                failing.push(guard(
                    "reason_labelled",
                    &at(index, "labels"),
                    "This code is the program's own; say what people shall read.",
                ));
            }
            if reason.needs_evidence == Some(true) && !kind.takes_evidence() {
                failing.push(guard(
                    "evidence_taken",
                    &at(index, "needs_evidence"),
                    "No evidence is named beside such a reason; only a refusal and a revocation take one.",
                ));
            }
        }
        let given_by_partners = matches!(kind, ReasonKind::Loss | ReasonKind::Withdrawal);
        if !own.is_empty() && self.offered(kind, given_by_partners).is_empty() {
            let detail = if given_by_partners {
                "Nobody of a partner could give a reason; leave one in use for them, or the list empty for what is built in."
            } else {
                "Nobody could give a reason; leave one in use, or the list empty for what is built in."
            };
            failing.push(guard("reason_left", &format!("#/reasons/{kind}"), detail));
        }
        failing
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::kernel::Language;

    fn policy(lists: Value) -> ReasonPolicy {
        serde_json::from_value(lists).unwrap()
    }

    fn code(text: &str) -> PolicyCode {
        text.parse().unwrap()
    }

    fn names(failing: Vec<FailingGuard>) -> Vec<String> {
        failing.into_iter().map(|guard| guard.guard).collect()
    }

    #[test]
    fn what_is_built_in_is_sound_and_labelled_in_every_language() {
        let none = ReasonPolicy::default();
        assert!(none.unsound().is_empty());
        for kind in ReasonKind::ALL {
            let offered = none.offered(*kind, false);
            assert!(!offered.is_empty(), "{kind}");
            for reason in offered {
                assert!(
                    reason.labels.en.is_some() && reason.labels.de.is_some(),
                    "{kind} {}",
                    reason.code
                );
                assert!(
                    !reason.needs_evidence || kind.takes_evidence(),
                    "{kind} {}",
                    reason.code
                );
            }
        }
    }

    #[test]
    fn a_list_takes_the_place_of_what_is_built_in_and_keeps_what_it_leaves_open() {
        let own = policy(json!({"rejection": [
            {"code": "direct_opportunity"},
            {"code": "budget_frozen", "labels": {"de": "Haushaltssperre"}},
            {"code": "named_account", "needs_evidence": false},
            {"code": "other", "active": false},
        ]}));
        let failing =
            |code_text: &str, evidence| names(own.failing(ReasonKind::Rejection, &code(code_text), false, evidence));
        assert_eq!(failing("direct_opportunity", false), ["evidence_named"]);
        assert!(failing("direct_opportunity", true).is_empty());
        assert!(failing("budget_frozen", false).is_empty() && failing("named_account", false).is_empty());
        assert_eq!(failing("other", true), ["reason_offered"]);
        assert_eq!(failing("not_qualified", true), ["reason_offered"]);
        let labels = own.labels(ReasonKind::Rejection, &code("budget_frozen")).unwrap();
        assert_eq!(labels.text(Language::English, ""), "Haushaltssperre");
        assert!(own.failing(ReasonKind::Loss, &code("price"), true, false).is_empty());
    }

    #[test]
    fn what_is_not_for_partners_is_offered_to_the_vendor_alone() {
        let own = policy(json!({"loss": [{"code": "price"}, {"code": "vendor_direct", "for_partner": false}]}));
        assert!(
            own.failing(ReasonKind::Loss, &code("vendor_direct"), false, false)
                .is_empty()
        );
        assert_eq!(
            names(own.failing(ReasonKind::Loss, &code("vendor_direct"), true, false)),
            ["reason_offered"]
        );
    }

    #[test]
    fn every_fault_of_the_lists_is_named() {
        let own = policy(json!({
            "loss": [{"code": "price", "for_partner": false}, {"code": "price", "for_partner": false}],
            "reopening": [{"code": "fancy", "needs_evidence": true, "active": false}],
        }));
        let told: Vec<_> = own
            .unsound()
            .into_iter()
            .map(|guard| (guard.guard, guard.pointer.unwrap_or_default()))
            .collect();
        let expected = [
            ("said_once", "#/reasons/loss/1/code"),
            ("reason_left", "#/reasons/loss"),
            ("reason_labelled", "#/reasons/reopening/0/labels"),
            ("evidence_taken", "#/reasons/reopening/0/needs_evidence"),
            ("reason_left", "#/reasons/reopening"),
        ];
        assert_eq!(told, expected.map(|(guard, at)| (guard.to_owned(), at.to_owned())));
    }
}
