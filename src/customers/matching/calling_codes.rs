//! Calling codes by country (ITU-T E.164), with trunk prefix and length of national numbers.

/// How numbers of a country are built.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Plan {
    /// Calling code without the plus.
    pub code: &'static str,
    /// What is dialled before a national number inside the country, or nothing.
    pub trunk: &'static str,
    /// Fewest and most digits of a national number without trunk prefix.
    pub lengths: (usize, usize),
}

/// Country and calling code.
const CODES: &str = "\
AC247 AD376 AE971 AF93 AG1 AI1 AL355 AM374 AO244 AR54 AS1 AT43 AU61 AW297 AX358 AZ994 BA387 BB1 BD880 BE32 BF226 \
BG359 BH973 BI257 BJ229 BL590 BM1 BN673 BO591 BQ599 BR55 BS1 BT975 BW267 BY375 BZ501 CA1 CC61 CD243 CF236 CG242 \
CH41 CI225 CK682 CL56 CM237 CN86 CO57 CR506 CU53 CV238 CW599 CX61 CY357 CZ420 DE49 DJ253 DK45 DM1 DO1 DZ213 EC593 \
EE372 EG20 EH212 ER291 ES34 ET251 FI358 FJ679 FK500 FM691 FO298 FR33 GA241 GB44 GD1 GE995 GF594 GG44 GH233 GI350 \
GL299 GM220 GN224 GP590 GQ240 GR30 GT502 GU1 GW245 GY592 HK852 HN504 HR385 HT509 HU36 ID62 IE353 IL972 IM44 IN91 \
IO246 IQ964 IR98 IS354 IT39 JE44 JM1 JO962 JP81 KE254 KG996 KH855 KI686 KM269 KN1 KP850 KR82 KW965 KY1 KZ7 LA856 \
LB961 LC1 LI423 LK94 LR231 LS266 LT370 LU352 LV371 LY218 MA212 MC377 MD373 ME382 MF590 MG261 MH692 MK389 ML223 \
MM95 MN976 MO853 MP1 MQ596 MR222 MS1 MT356 MU230 MV960 MW265 MX52 MY60 MZ258 NA264 NC687 NE227 NF672 NG234 NI505 \
NL31 NO47 NP977 NR674 NU683 NZ64 OM968 PA507 PE51 PF689 PG675 PH63 PK92 PL48 PM508 PR1 PS970 PT351 PW680 PY595 \
QA974 RE262 RO40 RS381 RU7 RW250 SA966 SB677 SC248 SD249 SE46 SG65 SH290 SI386 SJ47 SK421 SL232 SM378 SN221 SO252 \
SR597 SS211 ST239 SV503 SX1 SY963 SZ268 TA290 TC1 TD235 TG228 TH66 TJ992 TK690 TL670 TM993 TN216 TO676 TR90 TT1 \
TV688 TW886 TZ255 UA380 UG256 US1 UY598 UZ998 VA39 VC1 VE58 VG1 VI1 VN84 VU678 WF681 WS685 XK383 YE967 YT262 ZA27 \
ZM260 ZW263";

/// Calling codes whose national numbers have no trunk prefix (closed plans), besides those with
/// one of their own below.
const NO_TRUNK: &str = "\
34 351 39 47 45 48 420 30 65 852 853 354 356 357 352 371 372 376 377 378 350 370 973 974 965 968 502 503 504 505 \
506 507 216 225 221 237 228 229 226 227 223 222 241 242 257 267 299 298 297 501 673 675 679 689 687 500 238";

/// Lengths of national numbers without trunk prefix, where they are narrower than 5 to 13.
const LENGTHS: &[(&str, usize, usize)] = &[
    ("1", 10, 10),
    ("7", 10, 10),
    ("20", 8, 10),
    ("27", 9, 9),
    ("30", 10, 10),
    ("31", 9, 9),
    ("32", 8, 9),
    ("33", 9, 9),
    ("34", 9, 9),
    ("351", 9, 9),
    ("352", 4, 11),
    ("353", 7, 9),
    ("354", 7, 9),
    ("358", 5, 12),
    ("36", 8, 9),
    ("39", 6, 12),
    ("40", 9, 9),
    ("41", 9, 9),
    ("420", 9, 9),
    ("421", 9, 9),
    ("43", 4, 13),
    ("44", 7, 10),
    ("45", 8, 8),
    ("46", 6, 10),
    ("47", 8, 8),
    ("48", 9, 9),
    ("49", 4, 13),
    ("52", 10, 11),
    ("54", 10, 11),
    ("55", 10, 11),
    ("56", 8, 9),
    ("57", 8, 10),
    ("60", 7, 10),
    ("61", 9, 9),
    ("62", 7, 12),
    ("63", 8, 10),
    ("64", 7, 10),
    ("65", 8, 8),
    ("66", 8, 9),
    ("81", 8, 10),
    ("82", 7, 11),
    ("84", 7, 10),
    ("852", 8, 8),
    ("86", 7, 11),
    ("886", 8, 9),
    ("90", 10, 10),
    ("91", 10, 10),
    ("92", 8, 11),
    ("966", 8, 9),
    ("971", 7, 9),
    ("972", 8, 9),
    ("375", 9, 9),
    ("380", 9, 9),
];

fn plan(code: &'static str) -> Plan {
    let trunk = match code {
        "1" => "1",
        "7" | "993" => "8",
        "36" => "06",
        "375" => "80",
        "52" => "01",
        _ if NO_TRUNK.split_whitespace().any(|known| known == code) => "",
        _ => "0",
    };
    let lengths = LENGTHS
        .iter()
        .find(|(known, _, _)| *known == code)
        .map_or((5, 13), |(_, low, high)| (*low, *high));
    Plan { code, trunk, lengths }
}

fn entries() -> impl Iterator<Item = (&'static str, &'static str)> {
    CODES.split_whitespace().filter_map(|entry| entry.split_at_checked(2))
}

/// The plan of a country by its ISO 3166-1 alpha-2 code.
pub(super) fn by_country(country: &str) -> Option<Plan> {
    entries()
        .find(|(known, _)| known.eq_ignore_ascii_case(country.trim()))
        .map(|(_, code)| plan(code))
}

/// The plan of a number that starts with its calling code. No code is the start of another.
pub(super) fn by_number(number: &str) -> Option<Plan> {
    entries()
        .map(|(_, code)| code)
        .chain(["800", "808", "870", "878", "881", "882", "883", "888", "979"])
        .find(|code| number.starts_with(code))
        .map(plan)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_code_starts_another() {
        let codes: std::collections::BTreeSet<_> = entries().map(|(_, code)| code).collect();
        for a in &codes {
            for b in &codes {
                assert!(a == b || !b.starts_with(a), "{a} {b}");
            }
        }
    }

    #[test]
    fn countries_have_their_plan() {
        assert_eq!(by_country("de").unwrap().trunk, "0");
        assert_eq!(by_country("IT").unwrap().trunk, "");
        assert_eq!(by_number("498912345678").unwrap().code, "49");
        assert!(by_country("ZZ").is_none());
    }
}
