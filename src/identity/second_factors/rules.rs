//! One-time codes by RFC 6238. Pure.

use aws_lc_rs::hmac;
use subtle::ConstantTimeEq as _;

use crate::kernel::Time;

/// Seconds of a step: how long one code is shown.
const STEP: i64 = 30;
/// How many steps clocks may differ.
const DRIFT: i64 = 1;
/// Bytes of a secret, as many as the hash has (RFC 4226, section 4).
pub const SECRET: usize = 20;
/// How many recovery codes there are.
pub const RECOVERY_CODES: usize = 10;

/// The code of a step. Authenticators know SHA-1 alone for certain; its weakness, collisions, is none in an HMAC.
fn code_at(secret: &[u8], step: i64) -> Option<String> {
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, secret);
    let tag = hmac::sign(&key, &step.to_be_bytes());
    let tag = tag.as_ref();
    // Dynamic truncation (RFC 4226, section 5.3): the last four bits say where.
    let at = usize::from(tag.last()? & 0x0f);
    let four: [u8; 4] = tag.get(at..at + 4)?.try_into().ok()?;
    Some(format!("{:06}", (u32::from_be_bytes(four) & 0x7fff_ffff) % 1_000_000))
}

/// The step whose code it is, of those around `now` that come after the `last` one that was taken.
pub fn accepted(secret: &[u8], code: &str, now: Time, last: Option<i64>) -> Option<i64> {
    let present = now.seconds().div_euclid(STEP);
    let is_it =
        |step: i64| code_at(secret, step).is_some_and(|right| bool::from(right.as_bytes().ct_eq(code.as_bytes())));
    (present - DRIFT..=present + DRIFT)
        .filter(|step| last.is_none_or(|last| *step > last))
        .find(|step| is_it(*step))
}

/// A code without what people put between its characters.
pub fn plain(code: &str) -> String {
    code.chars()
        .filter(|c| !c.is_whitespace() && *c != '-')
        .flat_map(char::to_lowercase)
        .collect()
}

/// Whether a plain code is one of an authenticator; the others are recovery codes.
pub fn is_of_authenticator(code: &str) -> bool {
    code.len() == 6 && code.bytes().all(|byte| byte.is_ascii_digit())
}

/// Bytes in base 32 (RFC 4648) without padding, as authenticators read it.
pub fn base32(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let (mut text, mut held, mut bits) = (String::new(), 0_u32, 0_u32);
    let mut put = |index: u32| {
        let letter = usize::try_from(index & 31).ok().and_then(|index| ALPHABET.get(index));
        text.push(letter.copied().map_or('A', char::from));
    };
    for byte in bytes {
        held = (held << 8) | u32::from(*byte);
        bits += 8;
        while bits >= 5 {
            bits -= 5;
            put(held >> bits);
        }
        held &= (1 << bits) - 1;
    }
    if bits > 0 {
        put(held << (5 - bits));
    }
    text
}

/// What a QR code holds for an authenticator: whose secret it is, at which program, and in which form.
pub fn uri(issuer: &str, email: &str, secret: &str) -> String {
    let (issuer, email) = (encoded(issuer), encoded(email));
    format!("otpauth://totp/{issuer}:{email}?secret={secret}&issuer={issuer}&algorithm=SHA1&digits=6&period={STEP}")
}

/// A text as part of an address (RFC 3986, section 2).
fn encoded(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    text.bytes()
        .map(|byte| {
            if plain(byte) {
                char::from(byte).to_string()
            } else {
                format!("%{byte:02X}")
            }
        })
        .collect()
}

/// The host of an address: what an authenticator calls the program.
pub fn host(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.split(['/', ':']).next().unwrap_or(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The secret of RFC 6238, appendix B.
    const SECRET: &[u8] = b"12345678901234567890";

    fn at(seconds: i64) -> Time {
        Time::from_micros(seconds * 1_000_000)
    }

    #[test]
    fn codes_are_those_of_rfc_6238() {
        for (seconds, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            assert_eq!(code_at(SECRET, seconds / STEP).unwrap(), code);
            assert_eq!(accepted(SECRET, code, at(seconds), None), Some(seconds / STEP));
        }
    }

    #[test]
    fn clocks_may_differ_by_one_step_and_no_more() {
        let code = code_at(SECRET, 100).unwrap();
        let taken = |seconds| accepted(SECRET, &code, at(seconds), None).is_some();
        assert!(taken(99 * STEP) && taken(100 * STEP) && taken(102 * STEP - 1));
        assert!(!taken(99 * STEP - 1) && !taken(102 * STEP));
    }

    #[test]
    fn a_code_is_taken_once_and_none_before_it_afterwards() {
        let code = |step| code_at(SECRET, step).unwrap();
        let now = at(100 * STEP);
        assert_eq!(accepted(SECRET, &code(100), now, Some(99)), Some(100));
        assert_eq!(accepted(SECRET, &code(100), now, Some(100)), None);
        assert_eq!(accepted(SECRET, &code(99), now, Some(100)), None);
        assert_eq!(accepted(SECRET, &code(101), now, Some(100)), Some(101));
    }

    #[test]
    fn codes_are_read_as_people_write_them() {
        assert_eq!(plain(" 287 082 "), "287082");
        assert_eq!(plain("H3K9-mq2x-7wtp"), "h3k9mq2x7wtp");
        assert!(is_of_authenticator("287082") && !is_of_authenticator("28708") && !is_of_authenticator("h3k9mq2x7wtp"));
        assert!(!is_of_authenticator("٢٨٧"), "six bytes that are no digits of ASCII");
    }

    #[test]
    fn base_32_is_that_of_rfc_4648() {
        for (plain, text) in [
            ("", ""),
            ("f", "MY"),
            ("fo", "MZXQ"),
            ("foo", "MZXW6"),
            ("foob", "MZXW6YQ"),
            ("fooba", "MZXW6YTB"),
            ("foobar", "MZXW6YTBOI"),
        ] {
            assert_eq!(base32(plain.as_bytes()), text);
        }
        assert_eq!(base32(SECRET), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
    }

    #[test]
    fn an_authenticator_is_told_whose_secret_it_is() {
        assert_eq!(
            uri(
                host("https://prm.example.com:8443/portal"),
                "maria+prm@example.com",
                "GEZD"
            ),
            "otpauth://totp/prm.example.com:maria%2Bprm%40example.com?secret=GEZD&issuer=prm.example.com&algorithm=SHA1&digits=6&period=30"
        );
    }
}
