//! What may happen to people and their times at partners. Pure.

use std::collections::BTreeSet;

use super::model::{
    ContactRole, Employment, EmploymentPatch, NewEmployment, NewPerson, Person, PersonPatch, PersonStatus,
};
use crate::{
    error::{Error, Result, codes},
    kernel::{
        Date, Time,
        ids::{EmploymentId, Id as _, PartnerId, PersonId},
        language, states,
        words::fold,
    },
};

fn unique(roles: &[ContactRole]) -> Vec<ContactRole> {
    let mut kept = roles.to_vec();
    kept.sort_unstable();
    kept.dedup();
    kept
}

fn refusal(current: &str, action: &'static str, guard: &str, pointer: &str, detail: String) -> Error {
    Error::guards(current, action, vec![states::guard(guard, pointer, detail)])
}

impl Person {
    /// A new person, not yet at any partner.
    pub fn new(new: &NewPerson, now: Time) -> Self {
        Self {
            id: PersonId::at(now),
            name: new.name.clone(),
            email: new.email.clone(),
            email_verified_at: None,
            phone: new.phone.clone(),
            locale: new.locale.as_deref().map(language::kept),
            status: PersonStatus::Active,
            preferences: new.preferences.clone(),
            consents: new.consents.clone(),
            employments: Vec::new(),
            erased_at: None,
            external_refs: Some(Vec::new()),
            revision: 1,
            created_at: now,
            updated_at: now,
        }
    }

    /// The person with the changes made. A new address is not verified.
    ///
    /// # Errors
    /// 422 `field_locked` once the person's data was erased.
    pub fn patched(self, patch: &PersonPatch, now: Time) -> Result<Self> {
        self.check_kept()?;
        let email = patch.email.clone().apply(self.email.clone());
        let same = email.as_deref().map(fold) == self.email.as_deref().map(fold);
        Ok(Self {
            name: patch.name.clone().unwrap_or(self.name),
            email,
            email_verified_at: self.email_verified_at.filter(|_| same),
            phone: patch.phone.clone().apply(self.phone),
            locale: patch.locale.clone().apply(self.locale).as_deref().map(language::kept),
            preferences: patch.preferences.clone().unwrap_or(self.preferences),
            consents: patch.consents.clone().unwrap_or(self.consents),
            revision: self.revision + 1,
            updated_at: now,
            ..self
        })
    }

    /// Whether nothing differs but the book-keeping.
    pub fn same_as(&self, other: &Self) -> bool {
        Self {
            revision: other.revision,
            updated_at: other.updated_at,
            ..self.clone()
        } == *other
    }

    /// Checks that the person's data was not erased.
    ///
    /// # Errors
    /// 422 `field_locked` if it was.
    pub fn check_kept(&self) -> Result<()> {
        if self.status == PersonStatus::Erased {
            return Err(Error::new(&codes::FIELD_LOCKED).fault(
                "#",
                "field_locked",
                "The person's data was erased; nothing of it is written any more.",
            ));
        }
        Ok(())
    }

    /// Checks that a caller may write of the person: the vendor always, a partner while the person works there.
    ///
    /// # Errors
    /// 409 `guard_failed` for a partner that the person has left.
    pub fn may_be_written(&self, partner: Option<PartnerId>, today: Date) -> Result<()> {
        if partner.is_none()
            || self
                .employments
                .iter()
                .any(|time| Some(time.partner_id) == partner && time.holds_on(today))
        {
            return Ok(());
        }
        Err(refusal(
            "left",
            "update",
            "works_elsewhere",
            "#",
            "The person does not work at the partner now; the vendor changes the record.".to_owned(),
        ))
    }

    /// The partner that the person works at on that day; none if there is none, or more than one.
    pub fn employer(&self, day: Date) -> Option<PartnerId> {
        let now = self.employments.iter().filter(|time| time.holds_on(day));
        let partners: BTreeSet<PartnerId> = now.map(|time| time.partner_id).collect();
        partners.first().copied().filter(|_| partners.len() == 1)
    }

    /// What a caller of that partner sees of the person: how to reach somebody only while they work there, and never what the
    /// vendor's systems call them.
    #[must_use]
    pub fn for_partner(self, partner: Option<PartnerId>, today: Date) -> Self {
        let works_there = self
            .employments
            .iter()
            .any(|time| Some(time.partner_id) == partner && time.holds_on(today));
        let external_refs = None;
        if works_there {
            return Self { external_refs, ..self };
        }
        Self {
            external_refs,
            email: None,
            email_verified_at: None,
            phone: None,
            preferences: Vec::new(),
            consents: Vec::new(),
            ..self
        }
    }
}

impl Employment {
    /// A new time at a partner.
    pub fn new(person: PersonId, new: &NewEmployment, now: Time) -> Self {
        Self {
            id: EmploymentId::at(now),
            person_id: person,
            partner_id: new.partner_id,
            title: new.title.clone(),
            department: new.department.clone(),
            roles: unique(&new.roles),
            starts_on: new.starts_on.unwrap_or_else(|| now.date()),
            ends_on: None,
            revision: 1,
            created_at: now,
            updated_at: now,
        }
    }

    /// Whether the person works there on that day.
    pub fn holds_on(&self, day: Date) -> bool {
        self.starts_on <= day && self.ends_on.is_none_or(|end| end > day)
    }

    /// Checks that the person does not work at the partner twice at once.
    ///
    /// # Errors
    /// 409 `guard_failed` if so.
    pub fn beside(self, known: &[Self]) -> Result<Self> {
        let overlapping = known.iter().find(|other| {
            other.partner_id == self.partner_id
                && other.ends_on.is_none_or(|end| end > self.starts_on)
                // A time of the past may lie before one that is known.
                && self.ends_on.is_none_or(|end| other.starts_on < end)
        });
        match overlapping {
            None => Ok(self),
            Some(other) => {
                let detail = match other.ends_on {
                    None => "The person works there; end that time first, or change it.".to_owned(),
                    Some(end) => format!("The person works there until {end}; begin on that day or later."),
                };
                Err(refusal("employed", "employ", "works_there", "#/starts_on", detail))
            }
        }
    }

    /// The time with the changes made.
    #[must_use]
    pub fn patched(self, patch: &EmploymentPatch, now: Time) -> Self {
        Self {
            title: patch.title.clone().apply(self.title),
            department: patch.department.clone().apply(self.department),
            roles: patch.roles.as_deref().map_or(self.roles, unique),
            revision: self.revision + 1,
            updated_at: now,
            ..self
        }
    }

    /// The time, ended.
    ///
    /// # Errors
    /// 409 `invalid_state` if it has an end, `guard_failed` if it would end before it began.
    pub fn ended(self, end: Option<Date>, now: Time) -> Result<Self> {
        if self.ends_on.is_some() {
            return Err(Error::invalid_state("ended", "end", vec![]));
        }
        let end = end.unwrap_or_else(|| now.date());
        if end < self.starts_on {
            let detail = format!("It begins on {}; the end cannot be before.", self.starts_on);
            return Err(refusal("employed", "end", "ends_before_start", "#/ends_on", detail));
        }
        Ok(Self {
            ends_on: Some(end),
            revision: self.revision + 1,
            updated_at: now,
            ..self
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Time = Time::from_micros(1_795_000_000_000_000);

    fn at(partner: u64, starts_on: &str) -> Employment {
        let new = NewEmployment {
            partner_id: PartnerId::example(partner),
            title: None,
            department: None,
            roles: vec![],
            starts_on: starts_on.parse().ok(),
        };
        Employment::new(PersonId::example(1), &new, NOW)
    }

    #[test]
    fn a_person_works_at_two_partners_but_not_twice_at_one() {
        let first = at(1, "2026-01-01");
        assert!(at(2, "2026-02-01").beside(std::slice::from_ref(&first)).is_ok());
        assert!(at(1, "2026-02-01").beside(std::slice::from_ref(&first)).is_err());
        let ended = first.ended("2026-03-01".parse().ok(), NOW).unwrap();
        assert!(at(1, "2026-02-28").beside(std::slice::from_ref(&ended)).is_err());
        assert!(at(1, "2026-03-01").beside(std::slice::from_ref(&ended)).is_ok());
        assert!(ended.ended(None, NOW).is_err());
        let later = at(1, "2026-06-01");
        let past = Employment {
            ends_on: "2026-06-01".parse().ok(),
            ..at(1, "2026-03-01")
        };
        assert!(past.clone().beside(std::slice::from_ref(&later)).is_ok());
        let longer = Employment {
            ends_on: "2026-06-02".parse().ok(),
            ..past
        };
        assert!(longer.beside(std::slice::from_ref(&later)).is_err());
    }

    #[test]
    fn a_partner_no_longer_reads_how_to_reach_who_has_left() {
        let new = NewPerson {
            name: "Anna".to_owned(),
            email: Some("anna@nordwind.example".to_owned()),
            phone: Some("+493012345678".to_owned()),
            locale: None,
            preferences: vec![],
            consents: vec![],
            employment: None,
        };
        let there = Person {
            employments: vec![at(1, "2026-01-01")],
            ..Person::new(&new, NOW)
        };
        let today = "2026-06-01".parse().unwrap();
        assert!(
            there
                .clone()
                .for_partner(Some(PartnerId::example(1)), today)
                .email
                .is_some()
        );
        let left = Person {
            employments: vec![at(1, "2026-01-01").ended("2026-05-01".parse().ok(), NOW).unwrap()],
            ..there
        };
        let seen = left.for_partner(Some(PartnerId::example(1)), today);
        assert_eq!((seen.email, seen.phone), (None, None));
    }
}
