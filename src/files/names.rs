//! What a file is called, and of what kind it is. Pure.

/// The most characters of a name.
pub const LONGEST: usize = 200;

/// The kinds that are taken: the media type, and how such a file begins.
const KINDS: &[(&str, &[(usize, &[u8])])] = &[
    ("application/pdf", &[(0, b"%PDF-")]),
    ("image/png", &[(0, b"\x89PNG\r\n\x1a\n")]),
    ("image/jpeg", &[(0, b"\xff\xd8\xff")]),
    ("image/gif", &[(0, b"GIF8")]),
    ("image/webp", &[(0, b"RIFF"), (8, b"WEBP")]),
    ("video/mp4", &[(4, b"ftyp")]),
    // Office documents (OOXML, OpenDocument) are archives; what is in them is not looked at.
    ("application/zip", &[(0, b"PK\x03\x04")]),
    ("application/x-ole-storage", &[(0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")]),
];

/// Media types that are taken as one of the kinds above.
const SAME: &[(&str, &str)] = &[
    (
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        "application/zip",
    ),
    (
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "application/zip",
    ),
    (
        "application/vnd.openxmlformats-officedocument.presentationml.presentation",
        "application/zip",
    ),
    ("application/vnd.oasis.opendocument.text", "application/zip"),
    ("application/vnd.oasis.opendocument.spreadsheet", "application/zip"),
    ("application/vnd.oasis.opendocument.presentation", "application/zip"),
    ("application/msword", "application/x-ole-storage"),
    ("application/vnd.ms-excel", "application/x-ole-storage"),
    ("application/vnd.ms-powerpoint", "application/x-ole-storage"),
    ("application/vnd.ms-outlook", "application/x-ole-storage"),
    ("message/rfc822", "text/plain"),
    ("text/csv", "text/plain"),
    ("application/json", "text/plain"),
];

/// What an upload says of no particular kind.
pub const ANY: &str = "application/octet-stream";

/// Whether nothing in particular is said.
fn is_any(declared: &str) -> bool {
    declared.is_empty() || declared == ANY
}

/// Why content is not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// The kind that it has, or is said to be, is not taken.
    NotTaken,
    /// It is not said what it is, and it shows none of the kinds that are taken.
    Unknown,
    /// It is of another kind than it is said to be.
    Mismatch(&'static str),
}

/// The kind that the first bytes show, of content that is said to be `declared`.
fn shown(declared: &str, head: &[u8]) -> Option<&'static str> {
    let begins = |(at, wanted): &(usize, &[u8])| head.get(*at..).is_some_and(|rest| rest.starts_with(wanted));
    let known = KINDS.iter().find(|(_, marks)| marks.iter().all(begins));
    known
        .map(|(kind, _)| *kind)
        .or_else(|| is_text(declared, head).then_some("text/plain"))
}

/// Text without control characters; HTML and scripts that a browser would run are none.
fn is_text(declared: &str, head: &[u8]) -> bool {
    match std::str::from_utf8(head) {
        Ok(text) => is_plain(text),
        // The head may end within a character.
        Err(error) if error.error_len().is_none() => {
            let whole = head.get(..error.valid_up_to()).unwrap_or_default();
            is_plain(std::str::from_utf8(whole).unwrap_or_default())
        }
        // JSON and mails are something else by their own rules; only what may be any text may be in a code page.
        Err(_) => (is_any(declared) || declared.starts_with("text/")) && is_in_a_code_page(head),
    }
}

/// Text in ISO 8859-1 or Windows-1252, as older systems export it: mostly ASCII, and nothing that neither has a letter or sign
/// for. What is binary has zeros and other control characters among its first bytes, and far fewer letters.
fn is_in_a_code_page(head: &[u8]) -> bool {
    const NOTHING: [u8; 5] = [0x81, 0x8d, 0x8f, 0x90, 0x9d];
    let beyond = head.iter().filter(|byte| !byte.is_ascii()).count();
    let text: String = head
        .iter()
        .map(|byte| match byte {
            // Control characters in the one are signs and quotes in the other.
            0x80..=0x9f if !NOTHING.contains(byte) => '\u{fffd}',
            byte => char::from(*byte),
        })
        .collect();
    beyond <= head.len() / 3 && is_plain(&text)
}

fn is_plain(text: &str) -> bool {
    let start: String = text
        .trim_start()
        .chars()
        .take(200)
        .collect::<String>()
        .to_ascii_lowercase();
    let runs = ["<!doctype html", "<html", "<script", "<svg", "<?xml", "#!"];
    !text.is_empty()
        && !text
            .chars()
            .any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t' | '\u{c}'))
        && !runs.iter().any(|mark| start.starts_with(mark))
}

/// The media type of content that is said to be `declared` and begins so.
///
/// # Errors
/// Why it is not taken.
pub fn media_type(declared: &str, head: &[u8]) -> Result<String, Refusal> {
    let shown = shown(declared, head);
    if is_any(declared) {
        return shown.map(str::to_owned).ok_or(Refusal::Unknown);
    }
    let shown = shown.ok_or(Refusal::NotTaken)?;
    let kind = SAME
        .iter()
        .find(|(name, _)| *name == declared)
        .map_or(declared, |(_, kind)| kind);
    if kind == shown {
        Ok(declared.to_owned())
    } else if kind == "text/plain" || KINDS.iter().any(|(known, _)| *known == kind) {
        Err(Refusal::Mismatch(shown))
    } else {
        Err(Refusal::NotTaken)
    }
}

/// The name without what a file system, a header or a reader could take for something else; nothing if nothing is left.
pub fn sanitised(name: &str) -> Option<String> {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let plain: String = last
        .chars()
        .filter(|c| !c.is_control() && !is_invisible(*c))
        .map(|c| if "<>:\"|?*;%".contains(c) { '_' } else { c })
        .collect();
    let plain = plain.trim().trim_start_matches('.').trim_end_matches(['.', ' ']);
    let short: String = plain.chars().take(LONGEST).collect();
    (!short.is_empty()).then_some(short)
}

/// Characters that change how a name reads without being seen: `invoice\u{202e}fdp.exe`.
const fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

/// The name as a header takes it (RFC 6266 with RFC 8187).
pub fn disposition(name: &str) -> String {
    let ascii: String = name
        .chars()
        .map(|c| {
            if c.is_ascii_graphic() && !"\"\\".contains(c) || c == ' ' {
                c
            } else {
                '_'
            }
        })
        .collect();
    let mut coded = String::new();
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            coded.push(char::from(byte));
        } else {
            coded.push_str(&format!("%{byte:02X}"));
        }
    }
    format!("attachment; filename=\"{ascii}\"; filename*=UTF-8''{coded}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_is_what_the_first_bytes_show_and_never_what_is_said() {
        assert_eq!(
            media_type("application/pdf", b"%PDF-1.7 ..."),
            Ok("application/pdf".to_owned())
        );
        assert_eq!(media_type(ANY, b"\x89PNG\r\n\x1a\n...."), Ok("image/png".to_owned()));
        assert_eq!(media_type("application/pdf", b"MZ\x90\x00"), Err(Refusal::NotTaken));
        assert_eq!(
            media_type("image/png", b"%PDF-1.7"),
            Err(Refusal::Mismatch("application/pdf"))
        );
        assert_eq!(media_type("text/html", b"hello"), Err(Refusal::NotTaken));
        assert_eq!(media_type("text/plain", b"<html><script>"), Err(Refusal::NotTaken));
        assert_eq!(media_type("text/csv", b"a,b\n1,2\n"), Ok("text/csv".to_owned()));
    }

    #[test]
    fn text_may_be_in_a_code_page_and_what_is_binary_is_none() {
        // \x80 and \x96 are the euro and the dash of Windows; ISO 8859-1 has control characters there.
        let rows = b"Id;Name;Umsatz\r\n1;M\xfcller & S\xf6hne;5 \x80\r\n2;Caf\xe9 \x96 K\xf6ln;\r\n";
        assert_eq!(media_type("text/csv", rows), Ok("text/csv".to_owned()));
        assert_eq!(media_type("text/plain", rows), Ok("text/plain".to_owned()));
        assert_eq!(media_type(ANY, rows), Ok("text/plain".to_owned()));
        for other in ["application/json", "message/rfc822", "application/x-something"] {
            assert_eq!(media_type(other, rows), Err(Refusal::NotTaken), "{other}");
        }
        for binary in [
            b"\xff\xfeI\0d\0,\0".as_slice(),
            b"\x7fELF caf\xe9",
            b"caf\xe9 \x81\x8d",
            b"\x1f\x8b\x08\x08abcdefgh",
            b"\xca\xfe\xba\xbeabcd",
            b"<html><p>caf\xe9",
            b"#!/bin/sh\necho caf\xe9",
        ] {
            assert_eq!(media_type("text/csv", binary), Err(Refusal::NotTaken), "{binary:?}");
            assert_eq!(media_type(ANY, binary), Err(Refusal::Unknown), "{binary:?}");
        }
    }

    #[test]
    fn a_name_is_only_a_name() {
        assert_eq!(sanitised("../../etc/passwd"), Some("passwd".to_owned()));
        assert_eq!(sanitised("C:\\temp\\a.pdf"), Some("a.pdf".to_owned()));
        assert_eq!(sanitised("invoice\u{202e}fdp.exe"), Some("invoicefdp.exe".to_owned()));
        assert_eq!(sanitised(" ..\r\n "), None);
        assert_eq!(
            disposition("Auftrag Ä.pdf"),
            "attachment; filename=\"Auftrag _.pdf\"; filename*=UTF-8''Auftrag%20%C3%84.pdf"
        );
    }
}
