//! How a file writes dates, numbers and amounts.

use serde::Deserialize;

use crate::kernel::{Currency, Date, Money, Time};

/// What a mapping says of the formats; what it leaves out is as usual.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Given {
    /// The order and form of a date's parts: `YYYY-MM-DD` (usual), `M/D/YYYY`, `DD.MM.YYYY`, `D-MMM-YY`.
    pub date: Option<String>,
    /// What stands before the fraction of a number: `.` (usual) or `,`.
    pub decimal: Option<char>,
    /// The currency of amounts that name none.
    pub currency: Option<String>,
    /// What stands between cells: `,`, `;`, a tabulator or `|`; found out from the first line if it is left out.
    pub delimiter: Option<char>,
    /// How letters are stored: `utf-8` (usual), `latin-1`, `windows-1252`.
    pub encoding: Option<Encoding>,
    /// Texts that mean that nothing is there, besides an empty cell.
    pub empty: Option<Vec<String>>,
    /// What stands between the parts of a list within a cell: `;` as usual.
    pub list: Option<char>,
}

/// How letters are stored in a file.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
pub enum Encoding {
    /// UTF-8, with or without a byte order mark.
    #[default]
    #[serde(rename = "utf-8")]
    Utf8,
    /// ISO 8859-1.
    #[serde(rename = "latin-1")]
    Latin1,
    /// The code page of western Windows.
    #[serde(rename = "windows-1252")]
    Windows1252,
}

/// How a file writes things.
#[derive(Debug, Clone)]
pub struct Formats {
    date: Vec<Part>,
    date_text: String,
    decimal: char,
    /// The currency of amounts that name none.
    pub currency: Option<Currency>,
    /// What stands between cells, if the mapping says so.
    pub delimiter: Option<u8>,
    /// How letters are stored.
    pub encoding: Encoding,
    /// Texts that mean that nothing is there.
    pub empty: Vec<String>,
    /// What stands between the parts of a list.
    pub list: char,
}

/// A part of a date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Year { digits: usize },
    Month { least: usize },
    MonthName,
    Day { least: usize },
    Sign(char),
}

const MONTHS: [&str; 12] = [
    "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
];

fn parts(text: &str) -> Result<Vec<Part>, String> {
    let fault = || format!("`{text}` is no form of a date; write YYYY-MM-DD, M/D/YYYY, DD.MM.YYYY or the like");
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let after = rest.trim_start_matches(first);
        let count = rest.chars().count() - after.chars().count();
        parts.push(match (first, count) {
            ('Y', 2 | 4) => Part::Year { digits: count },
            ('M', 1 | 2) => Part::Month { least: count },
            ('M', 3) => Part::MonthName,
            ('D', 1 | 2) => Part::Day { least: count },
            (sign, 1) if !sign.is_alphanumeric() => Part::Sign(sign),
            _ => return Err(fault()),
        });
        rest = after;
    }
    let has = |wanted: fn(&Part) -> bool| parts.iter().filter(|part| wanted(part)).count() == 1;
    let whole = has(|part| matches!(part, Part::Year { .. }))
        && has(|part| matches!(part, Part::Month { .. } | Part::MonthName))
        && has(|part| matches!(part, Part::Day { .. }));
    if whole { Ok(parts) } else { Err(fault()) }
}

impl Formats {
    /// The formats of a file: what its step says, else what the mapping says, else what is usual.
    ///
    /// # Errors
    /// A sentence that says which format is none.
    pub fn of(mapping: &Given, step: &Given) -> Result<Self, String> {
        let date_text = step
            .date
            .clone()
            .or_else(|| mapping.date.clone())
            .unwrap_or_else(|| "YYYY-MM-DD".to_owned());
        let decimal = step.decimal.or(mapping.decimal).unwrap_or('.');
        if !matches!(decimal, '.' | ',') {
            return Err(format!("`decimal` is . or , and not {decimal}"));
        }
        let currency = step.currency.as_deref().or(mapping.currency.as_deref());
        let currency = currency
            .map(|code| code.parse::<Currency>().map_err(|fault| format!("`currency`: {fault}")))
            .transpose()?;
        let delimiter = step.delimiter.or(mapping.delimiter);
        let delimiter = delimiter
            .map(|sign| {
                u8::try_from(sign)
                    .ok()
                    .filter(u8::is_ascii)
                    .ok_or("`delimiter` is one ASCII sign")
            })
            .transpose()?;
        Ok(Self {
            date: parts(&date_text)?,
            date_text,
            decimal,
            currency,
            delimiter,
            encoding: step.encoding.or(mapping.encoding).unwrap_or_default(),
            empty: step.empty.clone().or_else(|| mapping.empty.clone()).unwrap_or_default(),
            list: step.list.or(mapping.list).unwrap_or(';'),
        })
    }

    /// The date that a cell holds.
    ///
    /// # Errors
    /// A sentence that says what was expected.
    pub fn date(&self, text: &str) -> Result<Date, String> {
        self.parse_date(text)
            .ok_or_else(|| format!("expected a date as {}, found `{}`", self.date_text, shown(text)))
    }

    fn parse_date(&self, text: &str) -> Option<Date> {
        let (mut year, mut month, mut day) = (None, None, None);
        let mut rest = text;
        for part in &self.date {
            rest = match part {
                Part::Sign(sign) => rest.strip_prefix(*sign)?,
                Part::Year { digits } => {
                    let (number, after) = number(rest, *digits, *digits)?;
                    // Two digits mean the hundred years around now that spreadsheets mean: 1970 to 2069.
                    year = Some(
                        i32::try_from(number).ok()?
                            + if *digits == 4 {
                                0
                            } else if number >= 70 {
                                1900
                            } else {
                                2000
                            },
                    );
                    after
                }
                Part::Month { least } => {
                    let (number, after) = number(rest, *least, 2)?;
                    month = Some(number);
                    after
                }
                Part::MonthName => {
                    let name: String = rest.chars().take(3).collect::<String>().to_lowercase();
                    let index = MONTHS.iter().position(|known| *known == name)?;
                    month = u32::try_from(index + 1).ok();
                    rest.get(3..)?
                }
                Part::Day { least } => {
                    let (number, after) = number(rest, *least, 2)?;
                    day = Some(number);
                    after
                }
            };
        }
        let date = Date::from_ymd(year?, month?, day?)?;
        (rest.is_empty() && (1970..=9999).contains(&date.year())).then_some(date)
    }

    /// The moment that a cell holds: RFC 3339, or a date, which means its first moment in UTC.
    ///
    /// # Errors
    /// A sentence that says what was expected.
    pub fn moment(&self, text: &str) -> Result<Time, String> {
        if text.contains('T') {
            return text.parse();
        }
        self.date(text).map(Date::start)
    }

    /// The number as plain decimal text: without the signs that group its digits.
    fn plain(&self, text: &str) -> Option<String> {
        let group = if self.decimal == '.' { ',' } else { '.' };
        let (whole, fraction) = match text.split_once(self.decimal) {
            Some((whole, fraction)) => (whole, Some(fraction)),
            None => (text, None),
        };
        let (sign, whole) = whole.strip_prefix('-').map_or(("", whole), |rest| ("-", rest));
        let separator = |c: char| c == group || c == ' ' || c == '\u{a0}' || c == '\u{202f}' || c == '\'';
        let groups: Vec<&str> = whole.split(separator).collect();
        let grouped_well = match groups.split_first() {
            Some((first, others)) if !others.is_empty() => {
                (1..=3).contains(&first.len()) && others.iter().all(|group| group.len() == 3)
            }
            _ => true,
        };
        let digits = groups.concat();
        let plain = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        if !grouped_well || !plain(&digits) || !fraction.is_none_or(plain) {
            return None;
        }
        let digits = match digits.trim_start_matches('0') {
            "" => "0",
            trimmed => trimmed,
        };
        Some(match fraction {
            Some(fraction) => format!("{sign}{digits}.{fraction}"),
            None => format!("{sign}{digits}"),
        })
    }

    /// The number with its point so many places further right, written as this file writes numbers.
    ///
    /// # Errors
    /// A sentence that says what was expected.
    pub fn shifted(&self, text: &str, places: usize) -> Result<String, String> {
        let plain = self
            .plain(text)
            .ok_or_else(|| format!("expected a number, found `{}`", shown(text)))?;
        let (whole, fraction) = plain.split_once('.').unwrap_or((&plain, ""));
        let moved: String = fraction.chars().chain(std::iter::repeat('0')).take(places).collect();
        let rest: String = fraction.chars().skip(places).collect();
        Ok(if rest.is_empty() {
            format!("{whole}{moved}")
        } else {
            format!("{whole}{moved}{}{rest}", self.decimal)
        })
    }

    /// The decimal number that a cell holds, written with a point and nothing else: `-1234.50`.
    ///
    /// # Errors
    /// A sentence that says what was expected.
    pub fn number(&self, text: &str) -> Result<String, String> {
        self.plain(text)
            .ok_or_else(|| format!("expected a number, found `{}`", shown(text)))
    }

    /// The whole number that a cell holds.
    ///
    /// # Errors
    /// A sentence that says what was expected.
    pub fn integer(&self, text: &str) -> Result<i64, String> {
        let plain = self.plain(text).map(|plain| {
            plain.split_once('.').map_or(plain.clone(), |(whole, zeros)| {
                if zeros.bytes().all(|byte| byte == b'0') {
                    whole.to_owned()
                } else {
                    plain.clone()
                }
            })
        });
        plain
            .and_then(|plain| plain.parse().ok())
            .ok_or_else(|| format!("expected a whole number, found `{}`", shown(text)))
    }

    /// The amount that a cell holds.
    ///
    /// # Errors
    /// A sentence that says what was expected.
    pub fn amount(&self, text: &str, currency: Option<Currency>) -> Result<Money, String> {
        let currency = currency
            .or(self.currency)
            .ok_or("an amount without a currency; say formats.currency or map a field `currency`")?;
        let code = currency.to_string();
        let bare = text.strip_prefix(['$', '€', '£']).unwrap_or(text);
        let bare = bare
            .strip_prefix(&code)
            .or_else(|| bare.strip_suffix(&code))
            .unwrap_or(bare)
            .trim();
        let plain = self
            .plain(bare)
            .ok_or_else(|| format!("expected an amount in {currency}, found `{}`", shown(text)))?;
        if plain.starts_with('-') {
            return Err(format!("the amount `{}` is less than nothing", shown(text)));
        }
        Money::parse(&plain, currency)
    }

    /// Yes or no.
    ///
    /// # Errors
    /// A sentence that says what was expected.
    pub fn flag(text: &str) -> Result<bool, String> {
        match text.to_lowercase().as_str() {
            "yes" | "y" | "true" | "1" | "x" => Ok(true),
            "no" | "n" | "false" | "0" => Ok(false),
            _ => Err(format!("expected yes or no, found `{}`", shown(text))),
        }
    }
}

/// A number of so many digits at the beginning, and what follows it.
fn number(text: &str, least: usize, most: usize) -> Option<(u32, &str)> {
    let digits = text.bytes().take(most).take_while(u8::is_ascii_digit).count();
    let (number, rest) = text.split_at_checked(digits)?;
    if digits < least {
        None
    } else {
        Some((number.parse().ok()?, rest))
    }
}

/// A telephone number without the signs that only group its digits: `+49 (0)30 / 123-45` is `+493012345`. What is no
/// number stays as it is, for the contract to refuse.
pub fn phone(text: &str) -> String {
    let bare: String = text
        .replace("(0)", "")
        .chars()
        .filter(|c| !c.is_whitespace() && !matches!(c, '-' | '.' | '/' | '(' | ')' | '\u{2010}'..='\u{2013}'))
        .collect();
    match bare.strip_prefix("00") {
        Some(rest) => format!("+{rest}"),
        None => bare,
    }
}

/// A cell's text as a message shows it: the beginning of a long one.
pub fn shown(text: &str) -> String {
    let mut short: String = text
        .chars()
        .take(60)
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    if text.chars().nth(60).is_some() {
        short.push('…');
    }
    short
}

impl Encoding {
    /// The text of those bytes, or nothing if they are none in this encoding.
    pub fn decode(self, bytes: &[u8]) -> Option<String> {
        // What Windows has where ISO 8859-1 has control characters, 0x80 to 0x9f.
        const WINDOWS: &str = "€\u{81}‚ƒ„…†‡ˆ‰Š‹Œ\u{8d}Ž\u{8f}\u{90}‘’“”•–—˜™š›œ\u{9d}žŸ";
        match self {
            Self::Utf8 => String::from_utf8(bytes.to_vec()).ok(),
            Self::Latin1 => Some(bytes.iter().copied().map(char::from).collect()),
            Self::Windows1252 => Some(
                bytes
                    .iter()
                    .map(|byte| match byte {
                        0x80..=0x9f => WINDOWS.chars().nth(usize::from(byte - 0x80)).unwrap_or('\u{fffd}'),
                        byte => char::from(*byte),
                    })
                    .collect(),
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn formats(date: &str, decimal: char) -> Formats {
        Formats::of(
            &Given {
                date: Some(date.to_owned()),
                decimal: Some(decimal),
                currency: Some("USD".to_owned()),
                ..Given::default()
            },
            &Given::default(),
        )
        .unwrap()
    }

    #[test]
    fn dates_are_read_in_the_form_of_the_file_and_no_other() {
        let american = formats("M/D/YYYY", '.');
        assert_eq!(american.date("3/1/2017").unwrap().to_string(), "2017-03-01");
        assert_eq!(american.date("12/31/2016").unwrap().to_string(), "2016-12-31");
        for wrong in [
            "31/12/2016",
            "2/30/2017",
            "2017-03-01",
            "3/1/17",
            "3/1/2017 ",
            "",
            "3/1/20170",
            "//",
        ] {
            assert!(american.date(wrong).is_err(), "{wrong}");
        }
        assert_eq!(
            formats("DD.MM.YYYY", ',').date("01.03.2017").unwrap().to_string(),
            "2017-03-01"
        );
        assert!(formats("DD.MM.YYYY", ',').date("1.3.2017").is_err());
        assert_eq!(
            formats("D-MMM-YY", '.').date("1-Mar-17").unwrap().to_string(),
            "2017-03-01"
        );
        for none in ["YYYY", "DD/DD/YYYY", "Q", "YYYYY-MM-DD", ""] {
            assert!(parts(none).is_err(), "{none}");
        }
    }

    #[test]
    fn numbers_are_read_with_the_signs_of_the_file() {
        let (english, german) = (formats("YYYY-MM-DD", '.'), formats("YYYY-MM-DD", ','));
        assert_eq!(english.integer("1,234").unwrap(), 1234);
        assert_eq!(german.integer("1.234").unwrap(), 1234);
        assert_eq!(english.integer("12.00").unwrap(), 12);
        for wrong in ["1,23", "12.5", "1e3", "", "=1+1", "1,2345"] {
            assert!(english.integer(wrong).is_err(), "{wrong}");
        }
        assert_eq!(english.shifted("1,100.04", 6).unwrap(), "1100040000");
        assert_eq!(german.shifted("4,5678", 3).unwrap(), "4567,8");
        assert_eq!(english.amount("$1,234.50", None).unwrap().to_string(), "1234.50 USD");
        assert_eq!(
            german.amount("1.234,5", "EUR".parse().ok()).unwrap().to_string(),
            "1234.50 EUR"
        );
        for wrong in ["-5", "1.2.3", "1.005", "abc", "=5"] {
            assert!(english.amount(wrong, None).is_err(), "{wrong}");
        }
    }

    #[test]
    fn telephone_numbers_are_read_however_they_are_grouped() {
        for (written, number) in [
            ("+49 (0)30 / 123-45.6", "+4930123456"),
            ("0049 30 123456", "+4930123456"),
            ("+49\u{a0}30\u{2011}123456", "+4930123456"),
            ("n/a", "na"),
        ] {
            assert_eq!(phone(written), number);
        }
    }

    #[test]
    fn bytes_are_read_in_the_encoding_of_the_file() {
        assert_eq!(Encoding::Utf8.decode(b"caf\xe9"), None);
        assert_eq!(Encoding::Latin1.decode(b"caf\xe9").as_deref(), Some("café"));
        assert_eq!(Encoding::Windows1252.decode(b"\x8050").as_deref(), Some("€50"));
    }
}
