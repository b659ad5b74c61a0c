//! The shape of the settings.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::partners::PartnerPolicy;
use crate::{
    auth::Role,
    deals::conflict::ConflictPolicy,
    http::Resource,
    kernel::{Currency, Date, Money, Time},
    words,
};

words! {
    /// The roles that can decide a step of the approval chain.
    pub ApproverRole {
        /// Decides on registrations and applications.
        Approver = "approver",
        /// Runs the channel program.
        ChannelOps = "channel_ops",
        /// Answers for the money.
        Finance = "finance",
        /// Answers for everything.
        Admin = "admin",
    }
}

impl ApproverRole {
    /// The role that a person must have.
    pub const fn role(self) -> Role {
        match self {
            Self::Approver => Role::Approver,
            Self::ChannelOps => Role::ChannelOps,
            Self::Finance => Role::Finance,
            Self::Admin => Role::Admin,
        }
    }
}

/// The settings of the program, as one document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ProgramSettings {
    /// Its version; 0 are the built-in defaults.
    #[schema(example = 1, minimum = 0)]
    pub version: i64,
    /// From when it holds.
    #[schema(required = true)]
    pub valid_from: Option<Time>,
    /// What was changed, and why.
    #[schema(
        required = true,
        example = "Longer protection for the new fiscal year.",
        max_length = 1000
    )]
    pub note: Option<String>,
    /// Who made it.
    #[schema(required = true, example = "user_01jdq4p6c8f3kb2v9y0s7x5ham", max_length = 255)]
    pub created_by: Option<String>,
    /// How registrations are taken in, reviewed and protected.
    pub registration: RegistrationPolicy,
    /// How much each kind of claim weighs in a conflict check.
    pub conflict: ConflictPolicy,
    /// How partners are taken in, looked after and let go.
    pub partners: PartnerPolicy,
}

impl Resource for ProgramSettings {
    const TYPE: &'static str = "program_settings";

    fn id(&self) -> String {
        "program_settings".to_owned()
    }

    fn revision(&self) -> i64 {
        self.version
    }

    fn path(&self) -> String {
        "/v1/program-settings".to_owned()
    }
}

/// New settings: the whole document. What is left out takes its default.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewProgramSettings {
    /// What is changed, and why.
    #[schema(
        example = "Longer protection for the new fiscal year.",
        min_length = 1,
        max_length = 1000
    )]
    pub note: Option<String>,
    /// How registrations are taken in, reviewed and protected.
    #[serde(default)]
    pub registration: RegistrationPolicy,
    /// How much each kind of claim weighs in a conflict check.
    #[serde(default)]
    pub conflict: ConflictPolicy,
    /// How partners are taken in, looked after and let go.
    #[serde(default)]
    pub partners: PartnerPolicy,
}

/// The document as it is stored.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Document {
    /// How registrations are taken in, reviewed and protected.
    #[serde(default)]
    pub registration: RegistrationPolicy,
    /// How much each kind of claim weighs in a conflict check.
    #[serde(default)]
    pub conflict: ConflictPolicy,
    /// How partners are taken in, looked after and let go.
    #[serde(default)]
    pub partners: PartnerPolicy,
}

/// How registrations are taken in, reviewed and protected.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RegistrationPolicy {
    /// Business days (Monday to Friday, UTC) within which the vendor owes a decision.
    #[schema(example = 2, minimum = 1, maximum = 60)]
    pub review_business_days: i64,
    /// The most business days that a partner is given to answer questions.
    #[schema(example = 5, minimum = 1, maximum = 60)]
    pub info_business_days: i64,
    /// Days that are no business days, besides Saturdays and Sundays.
    #[schema(max_items = 400, example = json!(["2026-12-25"]))]
    pub holidays: Vec<Date>,
    /// How many months ahead the expected close may lie at most.
    #[schema(example = 18, minimum = 1, maximum = 120)]
    pub horizon_months: i64,
    /// How many open registrations one partner may have.
    #[schema(example = 200, minimum = 1, maximum = 100_000)]
    pub open_registrations: i64,
    /// When a registration is granted without a person.
    pub auto_approval: AutoApproval,
    /// Who must agree, in this order; each step asks for amounts from its own limit on.
    #[schema(min_items = 1, max_items = 10)]
    pub approval_chain: Vec<ApprovalStepRule>,
    /// Days for which an approved registration is protected.
    #[schema(example = 90, minimum = 1, maximum = 1095)]
    pub protection_days: i64,
    /// The discount for registered deals, in hundredths of a percent, noted with each approval.
    #[schema(example = 500, minimum = 0, maximum = 10000)]
    pub discount_basis_points: i64,
    /// How often a protection may be extended.
    #[schema(example = 2, minimum = 0, maximum = 20)]
    pub extensions: i64,
    /// Days by which one extension moves the end at most.
    #[schema(example = 60, minimum = 1, maximum = 1095)]
    pub extension_days: i64,
    /// Days for which a protection outlasts its end while an extension is decided.
    #[schema(example = 10, minimum = 0, maximum = 90)]
    pub grace_days: i64,
    /// An extension needs a sign of work within so many days.
    #[schema(example = 30, minimum = 1, maximum = 365)]
    pub activity_days: i64,
    /// A rise of the amount by more than so many percent is reviewed again.
    #[schema(example = 20, minimum = 0, maximum = 1000)]
    pub amendment_percent: i64,
    /// Days within which a partner may appeal against a decision.
    #[schema(example = 10, minimum = 0, maximum = 365)]
    pub appeal_days: i64,
    /// Hours that must lie between receiving a registration and winning it.
    #[schema(example = 72, minimum = 0, maximum = 8760)]
    pub won_after_hours: i64,
}

impl Default for RegistrationPolicy {
    fn default() -> Self {
        Self {
            review_business_days: 2,
            info_business_days: 5,
            holidays: Vec::new(),
            horizon_months: 18,
            open_registrations: 200,
            auto_approval: AutoApproval::default(),
            approval_chain: vec![
                ApprovalStepRule {
                    name: "Channel approval".to_owned(),
                    role: ApproverRole::Approver,
                    from: Vec::new(),
                },
                ApprovalStepRule {
                    name: "Program approval of large deals".to_owned(),
                    role: ApproverRole::ChannelOps,
                    from: major(250_000),
                },
            ],
            protection_days: 90,
            discount_basis_points: 500,
            extensions: 2,
            extension_days: 60,
            grace_days: 10,
            activity_days: 30,
            amendment_percent: 20,
            appeal_days: 10,
            won_after_hours: 72,
        }
    }
}

/// When a registration is granted without a person: the check is clear, the amount is small, the partner's tier is high
/// enough, and none of its registrations was revoked of late.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct AutoApproval {
    /// Whether it is done at all.
    #[schema(example = true)]
    pub enabled: bool,
    /// Amounts below which it is done, one for each currency; in a currency that is not here it is not done.
    #[schema(max_items = 50)]
    pub below: Vec<Money>,
    /// The lowest rank of tier for which it is done, 1 being the entry tier; 0 asks for no tier at all.
    #[schema(example = 2, minimum = 0, maximum = 100)]
    pub tier_rank: i64,
    /// A registration of the partner that was revoked within so many days rules it out.
    #[schema(example = 365, minimum = 0, maximum = 3650)]
    pub strike_days: i64,
}

impl Default for AutoApproval {
    fn default() -> Self {
        Self {
            enabled: true,
            below: major(25_000),
            tier_rank: 2,
            strike_days: 365,
        }
    }
}

/// One step of the approval chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ApprovalStepRule {
    /// What it is called.
    #[schema(example = "Channel approval", min_length = 1, max_length = 120)]
    pub name: String,
    /// The role that decides it.
    pub role: ApproverRole,
    /// Amounts from which it is asked for, one for each currency. Without any it is always asked for, and in a currency
    /// that is not here as well: amounts of different currencies are not compared.
    #[serde(default)]
    #[schema(max_items = 50)]
    pub from: Vec<Money>,
}

impl ApprovalStepRule {
    /// Whether the step is asked for at that amount.
    pub fn is_asked_for(&self, amount: Option<Money>) -> bool {
        let limit = |currency: Currency| self.from.iter().find(|limit| limit.currency == currency);
        match amount {
            Some(amount) if !self.from.is_empty() => {
                limit(amount.currency).is_none_or(|limit| amount.minor >= limit.minor)
            }
            _ => true,
        }
    }
}

impl AutoApproval {
    /// Whether the amount is small enough.
    pub fn takes(&self, amount: Option<Money>) -> bool {
        amount.is_some_and(|amount| {
            self.below
                .iter()
                .any(|limit| limit.currency == amount.currency && amount.minor < limit.minor)
        })
    }
}

/// So many whole units of the currencies that most programs work in.
fn major(units: i64) -> Vec<Money> {
    ["EUR", "USD", "GBP", "CHF"]
        .into_iter()
        .filter_map(|code| Money::parse(&units.to_string(), code.parse().ok()?).ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn money(amount: &str, currency: &str) -> Option<Money> {
        Some(Money::parse(amount, currency.parse().unwrap()).unwrap())
    }

    #[test]
    fn a_large_amount_takes_another_approver_and_an_unknown_currency_is_taken_for_large() {
        let policy = RegistrationPolicy::default();
        let asked = |amount| {
            policy
                .approval_chain
                .iter()
                .filter(|step| step.is_asked_for(amount))
                .count()
        };
        assert_eq!(asked(money("249999.99", "EUR")), 1);
        assert_eq!(asked(money("250000.00", "EUR")), 2);
        assert_eq!(asked(money("10", "JPY")), 2);
    }

    #[test]
    fn only_small_amounts_of_known_currencies_are_granted_without_a_person() {
        let rule = AutoApproval::default();
        assert!(rule.takes(money("24999.99", "USD")));
        assert!(!rule.takes(money("25000", "USD")));
        assert!(!rule.takes(money("1", "JPY")));
        assert!(!rule.takes(None));
    }
}
