//! How webhooks are sent, by the settings.

use std::{net::IpAddr, str::FromStr};

use crate::kernel::{Time, time::DAY};

/// How webhooks are sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebhookSettings {
    /// When a message is tried again.
    pub schedule: Schedule,
    /// How long a receiver may take for its whole answer.
    pub timeout_seconds: i64,
    /// After how many seconds of failures alone an endpoint is disabled.
    pub failing_seconds: i64,
    /// How many days deliveries are kept once they are settled.
    pub retention_days: i64,
    /// Whether http:// is taken.
    pub allow_http: bool,
    /// Networks that are taken though they are not public.
    pub allowed_networks: Networks,
}

impl WebhookSettings {
    /// How many seconds an instance has an endpoint for itself without a sign of life: more than twice as long as a call.
    pub const fn lease_seconds(&self) -> i64 {
        self.timeout_seconds * 2 + 2
    }

    /// When a delivery that is settled now is deleted.
    pub const fn kept_until(&self, now: Time) -> Time {
        now.plus_days(self.retention_days)
    }
}

/// The seconds before each try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule(Vec<i64>);

impl FromStr for Schedule {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let steps: Vec<i64> = text
            .split(',')
            .map(|part| part.trim().parse().map_err(drop))
            .collect::<Result<_, _>>()?;
        let fits = (1..=50).contains(&steps.len()) && steps.iter().all(|step| (0..=2_592_000).contains(step));
        fits.then_some(Self(steps)).ok_or(())
    }
}

impl Schedule {
    /// When a message is tried again that failed for the `tries`th time, with `chance` between 0 and 255; none if that was the
    /// last try. A receiver's own wish (`wait` in seconds) makes it later, up to a day.
    pub fn next(&self, tries: i64, now: Time, wait: Option<i64>, chance: u8) -> Option<Time> {
        let step = *self.0.get(usize::try_from(tries).ok()?)?;
        // From four fifths to six fifths of it, in microseconds.
        let planned = step
            .saturating_mul(1_000_000)
            .saturating_mul(1024 - 205 + i64::from(chance) * 410 / 255)
            / 1024;
        let wished = wait.unwrap_or(0).clamp(0, DAY / 1_000_000) * 1_000_000;
        Some(Time::from_micros(now.micros().saturating_add(planned.max(wished))))
    }
}

/// Some networks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Networks {
    /// Every network there is.
    All,
    /// Those.
    These(Vec<(IpAddr, u8)>),
}

impl FromStr for Networks {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        if matches!(text, "on" | "true") {
            return Ok(Self::All);
        }
        if matches!(text, "off" | "false") {
            return Ok(Self::These(Vec::new()));
        }
        let network = |part: &str| {
            let (address, length) = part.split_once('/').unwrap_or((part, ""));
            let address: IpAddr = address.parse().map_err(drop)?;
            let whole = if address.is_ipv4() { 32 } else { 128 };
            let length: u8 = if length.is_empty() {
                whole
            } else {
                length.parse().map_err(drop)?
            };
            (length <= whole).then_some((address, length)).ok_or(())
        };
        let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
        parts.map(network).collect::<Result<_, _>>().map(Self::These)
    }
}

impl Networks {
    /// Whether the address is in one of them.
    pub fn have(&self, address: IpAddr) -> bool {
        match self {
            Self::All => true,
            Self::These(networks) => networks
                .iter()
                .any(|(network, length)| begins_alike(*network, address, *length)),
        }
    }
}

/// Whether two addresses of one family begin with the same bits.
pub fn begins_alike(one: IpAddr, other: IpAddr, bits: u8) -> bool {
    match (one, other) {
        (IpAddr::V4(one), IpAddr::V4(other)) => {
            let shift = 32_u32.saturating_sub(u32::from(bits));
            one.to_bits().checked_shr(shift) == other.to_bits().checked_shr(shift)
        }
        (IpAddr::V6(one), IpAddr::V6(other)) => {
            let shift = 128_u32.saturating_sub(u32::from(bits));
            one.to_bits().checked_shr(shift) == other.to_bits().checked_shr(shift)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Time = Time::from_micros(1_000_000_000_000_000);

    #[test]
    fn the_usual_schedule_takes_three_days_and_keeps_to_a_fifth() {
        let schedule: Schedule = "0,5,300,1800,7200,18000,36000,50400,72000,86400".parse().unwrap();
        let waits = |chance| -> Vec<i64> {
            (1..10)
                .map(|tries| schedule.next(tries, NOW, None, chance).unwrap().since(NOW) / 1_000_000)
                .collect()
        };
        assert_eq!(schedule.next(10, NOW, None, 0), None, "ten tries");
        assert!(waits(0)[1] >= 239 && waits(255)[1] <= 361);
        assert!((60..92).contains(&(waits(128).iter().sum::<i64>() / 3600)));
    }

    #[test]
    fn a_receiver_s_own_wish_makes_it_later_up_to_a_day() {
        let schedule: Schedule = "0,5".parse().unwrap();
        let wait = |wish| schedule.next(1, NOW, Some(wish), 0).unwrap().since(NOW) / 1_000_000;
        assert_eq!((wait(60), wait(1), wait(10_000_000)), (60, 3, 86_400));
        assert_eq!(wait(-5), 3);
    }

    #[test]
    fn what_is_no_schedule_or_network_is_refused() {
        for text in ["", "soon", "1,,2", "-1", "1;2", "9999999999"] {
            assert!(text.parse::<Schedule>().is_err(), "{text}");
        }
        for text in ["10.0.0.0/33", "10.0.0", "::/129", "x/8", "10.0.0.0/"] {
            let taken = text.parse::<Networks>();
            assert!(text == "10.0.0.0/" || taken.is_err(), "{text}");
        }
    }

    #[test]
    fn an_address_is_in_a_network_by_its_first_bits() {
        let networks: Networks = "10.1.0.0/16, ::1, 127.0.0.1".parse().unwrap();
        let has = |text: &str| networks.have(text.parse().unwrap());
        assert!(has("10.1.255.1") && has("::1") && has("127.0.0.1"));
        assert!(!has("10.2.0.1") && !has("127.0.0.2") && !has("::2"));
        let every: Networks = "0.0.0.0/0".parse().unwrap();
        assert!(every.have("8.8.8.8".parse().unwrap()) && !every.have("::1".parse().unwrap()));
    }
}
