//! What shares must be, and who reads which. Pure.

use std::collections::BTreeSet;

use super::model::{AttributionRole, AttributionShare, DealAttribution, DealAttributionSet};
use crate::{
    auth::Caller,
    error::{Error, Fault, Result},
    kernel::{
        Time,
        ids::{DealId, PartnerId},
        states::{FailingGuard, guard},
    },
};

/// All of a deal, in hundredths of a percent.
pub const WHOLE: i64 = 10_000;

/// Checks that the shares add up to all of the deal, and that no partner has two for one role. `pointer` is where they
/// stand in the body.
///
/// # Errors
/// 409 `contradiction` naming everything that is wrong.
pub fn check(shares: &[AttributionShare], pointer: &str) -> Result<()> {
    let mut faults = Vec::new();
    let mut seen = BTreeSet::new();
    for (index, share) in shares.iter().enumerate() {
        if !seen.insert((share.partner_id, share.role)) {
            faults.push(Fault {
                pointer: format!("{pointer}/{index}"),
                code: "repeated".into(),
                detail: format!(
                    "{} stands twice as {}; add its shares up.",
                    share.partner_id, share.role
                ),
            });
        }
    }
    let sum: i64 = shares.iter().map(|share| share.basis_points).sum();
    if sum != WHOLE {
        faults.push(Fault {
            pointer: pointer.to_owned(),
            code: "wrong_sum".into(),
            detail: format!("The shares add up to {sum} basis points; together they must be {WHOLE}, which is 100 %."),
        });
    }
    if faults.is_empty() {
        Ok(())
    } else {
        Err(Error::contradiction(faults))
    }
}

/// The guards of setting an attribution that fail.
pub fn failing(superseded: bool, valid_from: Option<Time>, now: Time) -> Vec<FailingGuard> {
    let mut failing = Vec::new();
    if superseded {
        failing.push(guard(
            "not_superseded",
            "#/review_status",
            "Another registration took the place of this one; the credit goes on there.",
        ));
    }
    if let Some(from) = valid_from.filter(|from| *from < now) {
        failing.push(guard("not_in_the_past", "#/valid_from", format!(
                "The moment {from} has passed, and what was credited then stays; leave it out, or name a moment to come."
            )));
    }
    failing
}

/// The shares that are read, and what the others add up to.
pub fn shown(shares: Vec<AttributionShare>, reads: impl Fn(PartnerId) -> bool) -> (Vec<AttributionShare>, i64) {
    let (shown, hidden): (Vec<_>, Vec<_>) = shares.into_iter().partition(|share| reads(share.partner_id));
    (shown, hidden.iter().map(|share| share.basis_points).sum())
}

impl DealAttribution {
    /// What holds while nothing was said: all of it is the partner's.
    pub fn implicit(deal: DealId, partner: PartnerId) -> Self {
        Self {
            deal_id: deal,
            implicit: true,
            set_id: None,
            valid_from: None,
            splits: vec![AttributionShare {
                partner_id: partner,
                role: AttributionRole::Selling,
                basis_points: WHOLE,
            }],
            others_basis_points: 0,
        }
    }
}

impl From<DealAttributionSet> for DealAttribution {
    fn from(set: DealAttributionSet) -> Self {
        Self {
            deal_id: set.deal_id,
            implicit: false,
            set_id: Some(set.id),
            valid_from: Some(set.valid_from),
            splits: set.splits,
            others_basis_points: set.others_basis_points,
        }
    }
}

impl DealAttributionSet {
    /// The set as the caller reads it.
    #[must_use]
    pub fn seen_by(self, caller: &Caller) -> Self {
        let vendor = caller.is_vendor();
        let (splits, others_basis_points) = shown(self.splits, |partner| vendor || caller.sees(partner));
        Self {
            splits,
            others_basis_points,
            reason: self.reason.filter(|_| vendor),
            created_by: self.created_by.filter(|_| vendor),
            ..self
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::ids::Id as _;

    fn share(partner: u64, role: AttributionRole, basis_points: i64) -> AttributionShare {
        AttributionShare {
            partner_id: PartnerId::example(partner),
            role,
            basis_points,
        }
    }

    #[test]
    fn shares_are_all_of_the_deal_and_stand_once() {
        use AttributionRole::{Selling, Sourcing};
        assert!(check(&[share(1, Selling, 10_000)], "#/splits").is_ok());
        assert!(check(&[share(1, Selling, 7_000), share(1, Sourcing, 3_000)], "#/splits").is_ok());
        let codes = |shares: &[AttributionShare]| -> Vec<(String, String)> {
            let error = check(shares, "#/splits").unwrap_err();
            let faults = error.all_faults().iter();
            faults
                .map(|fault| (fault.pointer.clone(), fault.code.to_string()))
                .collect()
        };
        let sum = ("#/splits".to_owned(), "wrong_sum".to_owned());
        assert_eq!(codes(&[share(1, Selling, 9_999)]), [sum]);
        let twice = ("#/splits/1".to_owned(), "repeated".to_owned());
        assert_eq!(codes(&[share(1, Selling, 5_000), share(1, Selling, 5_000)]), [twice]);
    }

    #[test]
    fn a_partner_reads_its_own_share_and_the_sum_of_the_others() {
        use AttributionRole::{Influencing, Selling, Sourcing};
        let all = vec![
            share(1, Selling, 6_000),
            share(2, Sourcing, 2_500),
            share(3, Influencing, 1_500),
        ];
        let (own, others) = shown(all, |partner| partner == PartnerId::example(1));
        assert_eq!((own, others), (vec![share(1, Selling, 6_000)], 4_000));
    }

    #[test]
    fn what_was_credited_in_the_past_stays() {
        let now = Time::from_micros(1_000);
        assert!(failing(false, None, now).is_empty());
        assert!(failing(false, Some(Time::from_micros(1_001)), now).is_empty());
        let names: Vec<String> = failing(true, Some(Time::from_micros(999)), now)
            .into_iter()
            .map(|failing| failing.guard)
            .collect();
        assert_eq!(names, ["not_superseded", "not_in_the_past"]);
    }
}
