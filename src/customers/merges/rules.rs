//! What may happen to merges, and what an account becomes by them. Pure.

use super::model::{
    AccountMerge, CollisionKind, Effects, FieldDifference, MergeDecision, MergeDecisionCode, MergePlan, MergeStatus,
    NewAccountMerge, PlannedCollision, PlannedMove, Snapshot,
};
use crate::{
    customers::accounts::{
        AccountAlias, AccountStatus, AliasKind, CustomerAccount,
        identity::{alias_key, line, registration_key},
    },
    error::{Error, Result},
    kernel::{
        Time,
        ids::{AccountMergeId, Id as _},
        states::{FailingGuard, Machine, Transition, guard},
        words::fold,
    },
    references::distinct,
};

/// What can become of a merge.
pub const STATES: Machine<MergeStatus> = Machine {
    name: "account_merge.status",
    transitions: &[
        Transition {
            action: "execute",
            operation: Some("mergeAccounts"),
            from: &[MergeStatus::Planned],
            to: &[MergeStatus::Executed],
            guards: &[
                "nothing has changed since the plan was made",
                "every decision of the plan is agreed to",
            ],
        },
        Transition {
            action: "split",
            operation: Some("splitAccount"),
            from: &[MergeStatus::Executed],
            to: &[MergeStatus::Undone],
            guards: &[
                "nothing that the merge moved has changed since",
                "no case that it opened was decided",
            ],
        },
        Transition {
            action: "cancel",
            operation: Some("cancelAccountMerge"),
            from: &[MergeStatus::Planned],
            to: &[MergeStatus::Cancelled],
            guards: &[],
        },
    ],
};

impl AccountMerge {
    /// A planned merge.
    pub fn planned(new: &NewAccountMerge, plan: MergePlan, by: String, now: Time) -> Self {
        Self {
            id: AccountMergeId::at(now),
            status: MergeStatus::Planned,
            survivor_id: new.survivor_id,
            other_id: new.other_id,
            reason: new.reason.clone(),
            plan,
            conflict_case_ids: Vec::new(),
            planned_by: by,
            executed_by: None,
            executed_at: None,
            undone_by: None,
            undone_at: None,
            revision: 1,
            created_at: now,
            updated_at: now,
            effects: None,
        }
    }

    /// The merge as done.
    ///
    /// # Errors
    /// 409 `invalid_state`.
    pub(super) fn executed(self, effects: Effects, by: String, now: Time) -> Result<Self> {
        let status = STATES.go(self.status, "execute")?;
        Ok(Self {
            status,
            executed_by: Some(by),
            executed_at: Some(now),
            conflict_case_ids: effects.cases.clone(),
            effects: Some(effects),
            ..self
        }
        .touched(now))
    }

    /// The merge as undone.
    ///
    /// # Errors
    /// 409 `invalid_state`.
    pub fn undone(self, by: String, now: Time) -> Result<Self> {
        let status = STATES.go(self.status, "split")?;
        Ok(Self {
            status,
            undone_by: Some(by),
            undone_at: Some(now),
            ..self
        }
        .touched(now))
    }

    /// The merge as never to be done.
    ///
    /// # Errors
    /// 409 `invalid_state`.
    pub fn cancelled(self, now: Time) -> Result<Self> {
        let status = STATES.go(self.status, "cancel")?;
        Ok(Self { status, ..self }.touched(now))
    }

    fn touched(self, now: Time) -> Self {
        Self {
            revision: self.revision + 1,
            updated_at: now,
            ..self
        }
    }

    /// The guards that stand in the way of executing the plan, given what a plan would say now.
    pub fn not_executable(&self, now: &MergePlan, accepted: &[MergeDecisionCode]) -> Vec<FailingGuard> {
        let mut failing = Vec::new();
        if *now != self.plan {
            failing.push(FailingGuard::new(
                "plan_outdated",
                "Something has changed since the plan was made; plan the merge again.",
            ));
        }
        for decision in self
            .plan
            .decisions
            .iter()
            .filter(|decision| !accepted.contains(&decision.code))
        {
            let detail = format!(
                "{} Send `{}` in `accept` to agree to it.",
                decision.detail, decision.code
            );
            failing.push(guard(decision.code.as_str(), "#/accept", detail));
        }
        failing
    }
}

/// The refusal for guards that fail.
///
/// # Errors
/// 409 `guard_failed` if there are any.
pub fn refuse(status: MergeStatus, action: &'static str, failing: Vec<FailingGuard>) -> Result<()> {
    if failing.is_empty() {
        Ok(())
    } else {
        Err(Error::guards(status, action, failing))
    }
}

/// The plan for two accounts and what hangs on them.
pub fn plan(
    survivor: &CustomerAccount,
    other: &CustomerAccount,
    moves: Vec<PlannedMove>,
    collisions: Vec<PlannedCollision>,
) -> MergePlan {
    let mut decisions = Vec::new();
    let mut decide = |code: MergeDecisionCode, detail: String| decisions.push(MergeDecision { code, detail });
    let registration = |account: &CustomerAccount| {
        let number = account.registration_number.as_deref()?;
        Some(registration_key(
            number,
            account.registration_authority.as_deref(),
            account.country(),
        ))
    };
    if let (Some(one), Some(two)) = (registration(survivor), registration(other))
        && one != two
    {
        decide(
            MergeDecisionCode::DifferentRegistrationNumber,
            format!("The registration numbers are {one} and {two}."),
        );
    }
    if let (Some(one), Some(two)) = (survivor.country(), other.country())
        && one != two
    {
        decide(
            MergeDecisionCode::DifferentCountry,
            format!("The countries are {one} and {two}."),
        );
    }
    if let (Some(one), Some(two)) = (&survivor.domain, &other.domain)
        && one != two
    {
        decide(
            MergeDecisionCode::DifferentDomain,
            format!("The domains are {one} and {two}."),
        );
    }
    let count = |kind: CollisionKind| collisions.iter().filter(|collision| collision.kind == kind).count();
    let (protections, registrations) = (
        count(CollisionKind::Protections),
        count(CollisionKind::OpenRegistrations),
    );
    if protections > 0 {
        decide(
            MergeDecisionCode::ProtectionsCollide,
            format!("Protections that become contested: {protections}."),
        );
    }
    if registrations > 0 {
        decide(
            MergeDecisionCode::OpenRegistrationsCollide,
            format!("Open registrations that lose their place: {registrations}."),
        );
    }
    if survivor.parent_id == Some(other.id) {
        let detail =
            "The account that stays belongs to the one that goes; it will stand where that one stands.".to_owned();
        decide(MergeDecisionCode::TakesPlaceOfParent, detail);
    }
    MergePlan {
        survivor_revision: survivor.revision,
        other_revision: other.revision,
        moves,
        collisions,
        decisions,
        differences: differences(survivor, other),
    }
}

fn differences(survivor: &CustomerAccount, other: &CustomerAccount) -> Vec<FieldDifference> {
    let fields = |account: &CustomerAccount| {
        [
            ("name", Some(account.name.clone())),
            ("website", account.website.clone()),
            ("registration_number", account.registration_number.clone()),
            ("registration_authority", account.registration_authority.clone()),
            ("phone", account.phone.clone()),
            ("address", account.address.as_ref().map(line)),
            ("parent_id", account.parent_id.map(|id| id.to_string())),
            ("industry", account.industry.clone()),
            ("employees", account.employees.map(|number| number.to_string())),
            ("annual_revenue", account.annual_revenue.map(|money| money.to_string())),
            ("founded_year", account.founded_year.map(|year| year.to_string())),
            ("territory_id", account.territory_id.map(|id| id.to_string())),
            ("owner_id", account.owner_id.map(|id| id.to_string())),
        ]
    };
    let differing = fields(survivor)
        .into_iter()
        .zip(fields(other))
        .filter(|((_, one), (_, two))| one != two && two.is_some());
    differing
        .map(|((field, survivor), (_, other))| FieldDifference {
            field: field.to_owned(),
            survivor,
            other,
        })
        .collect()
}

impl Snapshot {
    /// What the account is known by now.
    pub fn of(account: &CustomerAccount) -> Self {
        Self {
            aliases: account.aliases.clone(),
            external_refs: account.external_refs.clone(),
            tags: account.tags.clone(),
            parent_id: account.parent_id,
        }
    }

    /// The account as it was known then.
    #[must_use]
    pub fn restored(&self, account: CustomerAccount, now: Time) -> CustomerAccount {
        CustomerAccount {
            aliases: self.aliases.clone(),
            external_refs: self.external_refs.clone(),
            tags: self.tags.clone(),
            parent_id: self.parent_id,
            status: AccountStatus::Active,
            merged_into_id: None,
            revision: account.revision + 1,
            updated_at: now,
            ..account
        }
    }
}

/// What an account is known by, as aliases of another: its own fields and its aliases.
pub fn as_aliases(account: &CustomerAccount) -> Vec<AccountAlias> {
    let alias = |kind: AliasKind, value: &str| AccountAlias {
        kind,
        value: value.to_owned(),
        authority: None,
        address: None,
    };
    let mut all = vec![alias(AliasKind::FormerName, &account.name)];
    all.extend(
        account
            .website
            .as_deref()
            .filter(|_| account.domain.is_some())
            .map(|website| alias(AliasKind::Domain, website)),
    );
    all.extend(account.registration_number.as_deref().map(|number| AccountAlias {
        authority: account.registration_authority.clone(),
        ..alias(AliasKind::Registration, number)
    }));
    all.extend(account.phone.as_deref().map(|phone| alias(AliasKind::Phone, phone)));
    let address = account
        .address
        .as_ref()
        .filter(|address| address.street.is_some() || address.postal_code.is_some());
    all.extend(address.map(|address| AccountAlias {
        address: Some(address.clone()),
        ..alias(AliasKind::Address, &shortened(&line(address)))
    }));
    all.extend(account.aliases.iter().cloned());
    all
}

/// No longer than a value of an alias may be.
fn shortened(text: &str) -> String {
    text.chars().take(255).collect()
}

/// The account that stays, known by all that the other is known by.
#[must_use]
pub fn united(survivor: CustomerAccount, other: &CustomerAccount, now: Time) -> CustomerAccount {
    let country = survivor.country();
    let own = as_aliases(&survivor);
    let mut seen: std::collections::BTreeSet<(AliasKind, String)> = own
        .iter()
        .map(|alias| (alias.kind, alias_key(alias, country)))
        .collect();
    // Its own name is no former name of it.
    seen.insert((AliasKind::FormerName, fold(&survivor.name)));
    let mut aliases = survivor.aliases.clone();
    aliases.extend(
        as_aliases(other)
            .into_iter()
            .filter(|alias| seen.insert((alias.kind, alias_key(alias, country)))),
    );
    let mut external_refs = survivor.external_refs.clone();
    external_refs.extend(other.external_refs.iter().cloned());
    let mut tags: std::collections::BTreeMap<String, String> =
        other.tags.iter().map(|tag| (fold(tag), tag.clone())).collect();
    tags.extend(survivor.tags.iter().map(|tag| (fold(tag), tag.clone())));
    let parent_id = if survivor.parent_id == Some(other.id) {
        other.parent_id
    } else {
        survivor.parent_id
    };
    CustomerAccount {
        aliases,
        external_refs: distinct(external_refs),
        tags: tags.into_values().collect(),
        parent_id: parent_id.filter(|parent| *parent != survivor.id),
        revision: survivor.revision + 1,
        updated_at: now,
        ..survivor
    }
}

/// The account that goes.
#[must_use]
pub fn merged_away(other: CustomerAccount, survivor: &CustomerAccount, now: Time) -> CustomerAccount {
    CustomerAccount {
        status: AccountStatus::Merged,
        merged_into_id: Some(survivor.id),
        // They name the account that stays from now on.
        external_refs: Vec::new(),
        revision: other.revision + 1,
        updated_at: now,
        ..other
    }
}
