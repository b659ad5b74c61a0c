//! Which segment a partner may be put into. Pure.

use super::model::{NewPartnerSegment, PartnerSegment};
use crate::{
    error::{Error, Result},
    kernel::{
        Time,
        ids::{Id as _, PartnerId, PartnerSegmentId},
        states::guard,
    },
    partners::PartnerStatus,
    policies::{PartnerPolicy, PolicyCode},
};

impl PartnerSegment {
    /// An entry that begins now.
    pub fn begun(partner: PartnerId, new: NewPartnerSegment, created_by: String, now: Time) -> Self {
        Self {
            id: PartnerSegmentId::at(now),
            partner_id: partner,
            segment: new.segment,
            valid_from: now,
            reason_text: new.reason_text,
            policy_version: 0,
            created_by,
            created_at: now,
        }
    }

    /// The entry under that version of the policy, for a partner that stands there and is in the segment `held` until now.
    ///
    /// # Errors
    /// 409 `unknown_reference` for a segment that the policy does not have; 409 `guard_failed` naming every guard that fails.
    pub fn permitted(
        self,
        status: PartnerStatus,
        held: Option<&PolicyCode>,
        (policy, version): (&PartnerPolicy, i64),
    ) -> Result<Self> {
        if let Some(segment) = &self.segment
            && !policy.has_segment(segment)
        {
            return Err(Error::unknown_reference(
                "#/segment",
                format!("The policy has no such segment; it has: {}.", policy.listed_segments()),
            ));
        }
        let mut failing = Vec::new();
        if !status.is_live() {
            let detail = format!("The partner is {status}; nobody works with it any more.");
            failing.push(guard("partner_ended", "#", detail));
        }
        if self.segment.as_ref() == held {
            failing.push(guard("unchanged", "#/segment", "The partner is there already."));
        }
        if failing.is_empty() {
            Ok(Self {
                policy_version: version,
                ..self
            })
        } else {
            Err(Error::guards(status, "set_segment", failing))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Time = Time::from_micros(1_795_000_000_000_000);

    fn permitted(segment: Option<&str>, status: PartnerStatus, held: Option<&str>) -> Result<PartnerSegment> {
        let code = |text: &str| text.parse::<PolicyCode>().unwrap();
        let new = NewPartnerSegment {
            segment: segment.map(code),
            reason_text: "It grows.".to_owned(),
        };
        PartnerSegment::begun(PartnerId::example(1), new, "test".to_owned(), NOW).permitted(
            status,
            held.map(code).as_ref(),
            (&PartnerPolicy::default(), 7),
        )
    }

    #[test]
    fn a_live_partner_goes_to_another_segment_of_the_policy() {
        let active = PartnerStatus::Active;
        assert_eq!(permitted(Some("grow"), active, None).unwrap().policy_version, 7);
        assert!(permitted(None, active, Some("given_up")).is_ok());
        for (segment, status, held, code) in [
            (Some("gold"), active, None, "unknown_reference"),
            (Some("grow"), active, Some("grow"), "unchanged"),
            (None, active, None, "unchanged"),
            (Some("grow"), PartnerStatus::Terminated, None, "partner_ended"),
        ] {
            let refusal = permitted(segment, status, held).unwrap_err();
            assert_eq!(refusal.all_faults()[0].code, code);
        }
    }
}
