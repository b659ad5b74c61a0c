//! What may happen to partners. Pure.

use super::model::{NewPartner, Partner, PartnerPatch, PartnerStatus, PartnerType, Registration, SuspensionProtection};
use crate::{
    custom_fields::CustomFields,
    error::{Error, Fault, Result, codes},
    kernel::{
        Patch, Time,
        ids::{Id as _, PartnerId, TerritoryId},
        states::{Machine, Transition},
    },
};

use PartnerStatus::{
    Active, Applied, InReview, InfoRequested, InviteExpired, Invited, Merged, Offboarding, Onboarding, Prospect,
    Rejected, Suspended, Terminated, Withdrawn,
};

const fn row(
    action: &'static str,
    operation: Option<&'static str>,
    from: &'static [PartnerStatus],
    to: &'static [PartnerStatus],
    guards: &'static [&'static str],
) -> Transition<PartnerStatus> {
    Transition {
        action,
        operation,
        from,
        to,
        guards,
    }
}

/// The life of a partner. A partner that was turned down, gave up or ended may apply again: it stays the same record, so
/// that its history stays with it.
pub const MACHINE: Machine<PartnerStatus> = Machine {
    name: "partner.status",
    transitions: &[
        row(
            "invite",
            Some("invitePartner"),
            &[Prospect, InviteExpired],
            &[Invited],
            &[
                "The address is of the firm's own domain.",
                "No invitation to the same domain is open.",
            ],
        ),
        row(
            "expire_invitation",
            None,
            &[Invited],
            &[InviteExpired],
            &["The time of the invitation has run out."],
        ),
        row(
            "apply",
            Some("applyAsPartner"),
            &[Prospect, Invited, InviteExpired, Rejected, Withdrawn, Terminated],
            &[Applied],
            &[
                "No other live partner has the registration number or the verified domain.",
                "The address is of the firm's own domain, or a registration number is given.",
                "An earlier rejection permits to apply again.",
                "Somebody who was invited brings the invitation.",
            ],
        ),
        row(
            "start_review",
            Some("startPartnerReview"),
            &[Applied],
            &[InReview],
            &["The applicant's address, or a domain of the firm, is verified."],
        ),
        row(
            "request_info",
            Some("requestPartnerInfo"),
            &[InReview],
            &[InfoRequested],
            &["The answers are due in the future."],
        ),
        row(
            "answer_info",
            Some("answerPartnerInfo"),
            &[InfoRequested],
            &[InReview],
            &[],
        ),
        row(
            "resume_review",
            Some("resumePartnerReview"),
            &[InfoRequested],
            &[InReview],
            &[],
        ),
        row("reject", Some("rejectPartner"), &[InReview], &[Rejected], &[]),
        row(
            "approve",
            Some("approvePartner"),
            &[InReview],
            &[Onboarding],
            &[
                "Types, territories and programs are chosen.",
                "The account manager is an active user of the vendor.",
            ],
        ),
        row(
            "activate",
            Some("activatePartner"),
            &[Onboarding],
            &[Active],
            &[
                "A primary account manager is in force.",
                "Required onboarding is done or waived.",
                "Required agreements are executed at their current major version.",
            ],
        ),
        row("suspend", Some("suspendPartner"), &[Active], &[Suspended], &[]),
        row(
            "reinstate",
            Some("reinstatePartner"),
            &[Suspended],
            &[Active],
            &["A primary account manager is in force."],
        ),
        row(
            "offboard",
            Some("offboardPartner"),
            &[Active, Suspended],
            &[Offboarding],
            &["The end is as far ahead as the shortest notice of the settings."],
        ),
        row(
            "terminate",
            Some("terminatePartner"),
            &[Offboarding],
            &[Terminated],
            &["The end of the notice has come, unless forced."],
        ),
        row(
            "withdraw",
            Some("withdrawPartner"),
            &[
                Prospect,
                Invited,
                InviteExpired,
                Applied,
                InReview,
                InfoRequested,
                Onboarding,
            ],
            &[Withdrawn],
            &[],
        ),
    ],
};

impl PartnerStatus {
    /// Whether the partner is one, or may still become one: its registration number and domains are taken.
    pub const fn is_live(self) -> bool {
        !matches!(self, Terminated | Rejected | Withdrawn | InviteExpired | Merged)
    }

    /// Whether the partner has been accepted and has not ended.
    pub const fn is_engaged(self) -> bool {
        matches!(self, Onboarding | Active | Suspended | Offboarding)
    }

    /// Whether the partner must have a primary account manager at every moment.
    pub const fn needs_account_manager(self) -> bool {
        matches!(self, Active | Suspended)
    }
}

impl Registration {
    /// The number as two are compared: letters and digits alone, in capitals.
    pub fn key(&self) -> String {
        self.number
            .chars()
            .filter(char::is_ascii_alphanumeric)
            .map(|c| c.to_ascii_uppercase())
            .collect()
    }
}

impl Partner {
    /// A firm that the vendor has in mind.
    pub fn prospect(new: &NewPartner, number: String, custom: CustomFields, now: Time) -> Self {
        Self::begun(PartnerId::at(now), new, number, custom, Prospect, now)
    }

    /// A partner that begins in that status.
    pub fn begun(
        id: PartnerId,
        new: &NewPartner,
        number: String,
        custom: CustomFields,
        status: PartnerStatus,
        now: Time,
    ) -> Self {
        Self {
            id,
            number,
            legal_name: new.legal_name.clone(),
            trading_names: new.trading_names.clone(),
            types: unique(&new.types),
            status,
            status_since: now,
            status_reason_code: None,
            status_reason_text: None,
            suspension_protection: (status == Suspended).then_some(SuspensionProtection::Keep),
            effective_end_at: (status == Offboarding).then_some(now),
            merged_into_id: None,
            registration: new.registration.clone(),
            tax_ids: new.tax_ids.clone(),
            website: new.website.clone(),
            phone: new.phone.clone(),
            hq_address: new.hq_address.clone().and_then(crate::kernel::Address::known),
            parent_id: new.parent_id,
            territory_ids: unique(&new.territory_ids),
            default_currency: new.default_currency,
            time_zone: new.time_zone,
            account_manager_id: None,
            tags: Some(new.tags.clone()),
            custom,
            external_refs: Some(new.external_refs.clone()),
            legacy: false,
            revision: 1,
            created_at: now,
            updated_at: now,
        }
    }

    /// Whether it is no partner any more, and will not become one.
    const fn has_ended(&self) -> bool {
        matches!(self.status, Terminated | Merged | Rejected | Withdrawn)
    }

    /// The fields of its profile that are locked now, by name, with what locks them.
    pub fn locks(&self) -> Vec<(&'static str, String)> {
        fields(&PartnerPatch::default())
            .into_iter()
            .map(|(name, _)| name)
            .filter(|name| self.has_ended() && !NEVER_LOCKED.contains(name))
            .map(|name| (name, locked(name, self.status)))
            .collect()
    }

    /// The partner with the changes of its profile made. `custom` holds the custom fields, already checked.
    ///
    /// # Errors
    /// 403 `field_forbidden` for what only the vendor writes, 422 `field_locked` once the partner has ended.
    pub fn patched(self, patch: &PartnerPatch, custom: CustomFields, is_vendor: bool, now: Time) -> Result<Self> {
        if !is_vendor {
            refuse(
                sent(patch).filter(|(name, _)| !OPEN_TO_PARTNERS.contains(name)),
                &codes::FIELD_FORBIDDEN,
                |name| format!("`{name}` is written by the vendor alone; ask your account manager."),
            )?;
        }
        if self.has_ended() {
            refuse(
                sent(patch).filter(|(name, _)| !NEVER_LOCKED.contains(name)),
                &codes::FIELD_LOCKED,
                |name| locked(name, self.status),
            )?;
        }
        let hq_address = match patch.hq_address.clone() {
            Patch::Keep => self.hq_address,
            Patch::Clear => None,
            Patch::Set(change) => change.apply(self.hq_address),
        };
        Ok(Self {
            legal_name: patch.legal_name.clone().unwrap_or(self.legal_name),
            trading_names: patch.trading_names.clone().unwrap_or(self.trading_names),
            types: patch.types.as_deref().map_or(self.types, unique),
            registration: patch.registration.clone().apply(self.registration),
            tax_ids: patch.tax_ids.clone().unwrap_or(self.tax_ids),
            website: patch.website.clone().apply(self.website),
            phone: patch.phone.clone().apply(self.phone),
            hq_address,
            parent_id: patch.parent_id.apply(self.parent_id),
            territory_ids: patch.territory_ids.as_deref().map_or(self.territory_ids, unique),
            default_currency: patch.default_currency.unwrap_or(self.default_currency),
            time_zone: patch.time_zone.unwrap_or(self.time_zone),
            tags: patch.tags.clone().or(self.tags),
            custom,
            external_refs: patch.external_refs.clone().or(self.external_refs),
            revision: self.revision + 1,
            updated_at: now,
            ..self
        })
    }

    /// The partner after `action`, in the state that the machine gives it.
    ///
    /// # Errors
    /// 409 `invalid_state` if its state does not permit the action.
    pub fn moved(self, action: &'static str, reason: Reason, now: Time) -> Result<Self> {
        let status = MACHINE.go(self.status, action)?;
        Ok(Self {
            status,
            status_since: now,
            status_reason_code: reason.code,
            status_reason_text: reason.text,
            suspension_protection: None,
            revision: self.revision + 1,
            updated_at: now,
            ..self
        })
    }

    /// The partner, accepted for that business in those territories.
    #[must_use]
    pub fn in_business(self, types: &[PartnerType], territories: &[TerritoryId]) -> Self {
        Self {
            types: unique(types),
            territory_ids: unique(territories),
            ..self
        }
    }

    /// What a caller of the partner's side sees of it.
    #[must_use]
    pub fn for_partners(self) -> Self {
        Self {
            status_reason_text: None,
            tags: None,
            external_refs: None,
            ..self
        }
    }
}

/// Why a partner's status changes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reason {
    /// A code of the vendor.
    pub code: Option<String>,
    /// In words, for the vendor.
    pub text: Option<String>,
}

/// What a partner's administrator may write of the partner's own profile.
const OPEN_TO_PARTNERS: &[&str] = &["trading_names", "website", "phone", "hq_address", "time_zone", "custom"];
/// What can be written although the partner has ended: how the vendor finds it.
const NEVER_LOCKED: &[&str] = &["tags", "external_refs"];

/// What somebody of that side may not write of a partner's profile, by name.
pub fn closed_to(is_vendor: bool) -> Vec<&'static str> {
    fields(&PartnerPatch::default())
        .into_iter()
        .map(|(name, _)| name)
        .filter(|name| !is_vendor && !OPEN_TO_PARTNERS.contains(name))
        .collect()
}

/// What a locked field is told with.
fn locked(name: &str, status: PartnerStatus) -> String {
    format!("`{name}` is locked: the partner is {status}.")
}

/// The fields that a patch sends, by name.
fn sent(patch: &PartnerPatch) -> impl Iterator<Item = (&'static str, bool)> {
    fields(patch).into_iter().filter(|(_, sent)| *sent)
}

/// Every field of a patch by name, and whether it was sent.
fn fields(patch: &PartnerPatch) -> [(&'static str, bool); 15] {
    [
        ("legal_name", patch.legal_name.is_some()),
        ("trading_names", patch.trading_names.is_some()),
        ("types", patch.types.is_some()),
        ("registration", patch.registration.is_sent()),
        ("tax_ids", patch.tax_ids.is_some()),
        ("website", patch.website.is_sent()),
        ("phone", patch.phone.is_sent()),
        ("hq_address", patch.hq_address.is_sent()),
        ("parent_id", patch.parent_id.is_sent()),
        ("territory_ids", patch.territory_ids.is_some()),
        ("default_currency", patch.default_currency.is_some()),
        ("time_zone", patch.time_zone.is_some()),
        ("tags", patch.tags.is_some()),
        ("custom", patch.custom.is_some()),
        ("external_refs", patch.external_refs.is_some()),
    ]
}

fn refuse(
    fields: impl Iterator<Item = (&'static str, bool)>,
    code: &'static crate::error::Code,
    why: impl Fn(&str) -> String,
) -> Result<()> {
    let faults: Vec<Fault> = fields
        .map(|(name, _)| Fault {
            pointer: format!("#/{name}"),
            code: code.code.into(),
            detail: why(name),
        })
        .collect();
    if faults.is_empty() {
        Ok(())
    } else {
        Err(Error::new(code).faults(faults))
    }
}

/// The values sorted, each once.
fn unique<T: Copy + Ord>(values: &[T]) -> Vec<T> {
    let mut kept = values.to_vec();
    kept.sort_unstable();
    kept.dedup();
    kept
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_status_can_be_reached_and_the_terminal_ones_are_named() {
        // `merged` is entered by a merge of partners, which is not an action of one partner.
        let mut reached: BTreeSet<PartnerStatus> = [Prospect, Applied, Merged].into();
        while let Some(next) = MACHINE
            .transitions
            .iter()
            .filter(|row| row.from.iter().any(|from| reached.contains(from)))
            .flat_map(|row| row.to)
            .find(|to| !reached.contains(to))
        {
            reached.insert(*next);
        }
        assert_eq!(reached.len(), PartnerStatus::ALL.len());
        let stuck: Vec<PartnerStatus> = PartnerStatus::ALL
            .iter()
            .copied()
            .filter(|status| MACHINE.allowed(*status).is_empty())
            .collect();
        assert_eq!(stuck, [Merged], "only a merged partner is beyond every action");
    }

    fn partner() -> Partner {
        let new = NewPartner {
            legal_name: "Nordwind Systemhaus GmbH".to_owned(),
            trading_names: vec![],
            types: vec![],
            registration: None,
            tax_ids: vec![],
            website: None,
            phone: None,
            hq_address: None,
            parent_id: None,
            territory_ids: vec![],
            default_currency: "EUR".parse().unwrap(),
            time_zone: "Europe/Berlin".parse().unwrap(),
            tags: vec!["strategic".to_owned()],
            custom: CustomFields::default(),
            external_refs: vec![],
        };
        Partner::prospect(
            &new,
            "PA-2026-000001".to_owned(),
            CustomFields::default(),
            Time::from_micros(0),
        )
    }

    proptest! {
        #[test]
        fn a_random_walk_reaches_only_declared_states(steps in prop::collection::vec(0..MACHINE.transitions.len(), 0..60)) {
            let mut partner = partner();
            for step in steps {
                let row = &MACHINE.transitions[step];
                let before = partner.clone();
                match partner.clone().moved(row.action, Reason::default(), Time::from_micros(1)) {
                    Ok(after) => {
                        prop_assert!(MACHINE.transitions.iter().any(|row| row.from.contains(&before.status) && row.to.contains(&after.status)));
                        prop_assert_eq!(after.revision, before.revision + 1);
                        partner = after;
                    }
                    Err(refusal) => {
                        prop_assert!(refusal.is(&codes::INVALID_STATE));
                        prop_assert!(!MACHINE.allows(before.status, row.action));
                    }
                }
            }
        }
    }

    #[test]
    fn what_only_the_vendor_writes_is_refused_to_partners_field_by_field() {
        let patch = PartnerPatch {
            legal_name: Some("Other".to_owned()),
            tags: Some(vec![]),
            website: Patch::Clear,
            ..PartnerPatch::default()
        };
        let refusal = partner()
            .patched(&patch, CustomFields::default(), false, Time::from_micros(1))
            .unwrap_err();
        assert!(refusal.is(&codes::FIELD_FORBIDDEN));
        let named: Vec<&str> = refusal
            .all_faults()
            .iter()
            .map(|fault| fault.pointer.as_str())
            .collect();
        assert_eq!(named, ["#/legal_name", "#/tags"]);
    }

    #[test]
    fn the_profile_of_an_ended_partner_is_locked() {
        let ended = Partner {
            status: Terminated,
            ..partner()
        };
        let patch = PartnerPatch {
            website: Patch::Clear,
            ..PartnerPatch::default()
        };
        assert!(
            ended
                .clone()
                .patched(&patch, CustomFields::default(), true, Time::from_micros(1))
                .unwrap_err()
                .is(&codes::FIELD_LOCKED)
        );
        let labels = PartnerPatch {
            tags: Some(vec!["alumni".to_owned()]),
            ..PartnerPatch::default()
        };
        assert_eq!(
            ended
                .patched(&labels, CustomFields::default(), true, Time::from_micros(1))
                .unwrap()
                .tags,
            Some(vec!["alumni".to_owned()])
        );
    }

    #[test]
    fn registration_numbers_are_compared_without_blanks_and_case() {
        let of = |number: &str| {
            Registration {
                number: number.to_owned(),
                authority: "DE-HRB".to_owned(),
            }
            .key()
        };
        assert_eq!(of("hrb 98765"), of("HRB-98.765"));
    }

    #[test]
    fn partners_do_not_see_what_is_the_vendors() {
        let shown = Partner {
            status_reason_text: Some("slow payer".to_owned()),
            ..partner()
        }
        .for_partners();
        assert_eq!(
            (shown.status_reason_text, shown.tags, shown.external_refs),
            (None, None, None)
        );
    }
}
