//! Files as the world writes them: whatever they hold, each row gets a verdict and nothing panics.

use std::fmt::Write as _;

use openprm::imports::{ImportKind, ImportVerdict, import};
use proptest::{
    prelude::*,
    test_runner::{Config, TestRunner},
};
use serde_json::Value;

use super::{Files, expected, silent, verdicts};

const MAPPING: &str = r#"
    name = "odd"
    system = "odd"
    [formats]
    date = "DD.MM.YYYY"
    decimal = ","
    currency = "EUR"
    [[step]]
    entity = "customer_accounts"
    file = "odd.csv"
    key = "id"
    [step.fields]
    name = "name"
    employees = "staff"
    annual_revenue = "revenue"
"#;

const HEADER: &[u8] = b"id;name;staff;revenue\n";

fn file(rows: &[u8]) -> Files {
    Files::new(&[("odd.csv", &[HEADER, rows].concat())])
}

fn latin(mapping: &str, encoding: &str) -> String {
    mapping.replace(
        "decimal = \",\"",
        &format!("decimal = \",\"\nencoding = \"{encoding}\""),
    )
}

each_engine! {
    async fn whatever_a_cell_holds_the_row_gets_its_verdict(world: World) {
        let mut rows = Vec::new();
        for row in [
            b"N1;Number;1;1.234,56\r\n".to_vec(),
            b"N2;Number;1;1,234.56\r\n".to_vec(),
            b"N3;Number;1;1.234.56\r\n".to_vec(),
            b"N4;Number;1;12,345\r\n".to_vec(),
            b"N5;Number;1;\x31e400\r\n".to_vec(),
            [b"N6;Number;1;".as_slice(), &b"9".repeat(400), b"\r\n"].concat(),
            b"N7;Number;99999999999999999999;1\r\n".to_vec(),
            b"N8;Number;-5;1\r\n".to_vec(),
            b"\r\n \r\n".to_vec(),
            b"L1;M\xfcller;1;1\r\n".to_vec(),
            "L2;Müller \u{1f600} \u{202e}drawkcab;1;1\r\n".as_bytes().to_vec(),
            [b"L3;".as_slice(), &b"x".repeat(100_000), b";1;1\r\n"].concat(),
            [b"L4;Long;1;1".as_slice(), &b";".repeat(5000), b"\r\n"].concat(),
            [b"L5".repeat(50_000).as_slice(), b";Long key;1;1\r\n"].concat(),
            b"Q1;\"quoted; and \"\"doubled\"\"\";1;1\r\n".to_vec(),
            b"Q2;a \"quote\" within;1;1\r\n".to_vec(),
            b"Q3;\"closed\" too early;1;1\r\n".to_vec(),
            b"Z1;nul\0byte;1;1\r\n".to_vec(),
            b"Z2;;1;1\r\n".to_vec(),
            b"Z3;   ;1;1\r\n".to_vec(),
            b"'; DROP TABLE deals; --;x\r\n".to_vec(),
            b"%s%n{};{name};1;1\r\n".to_vec(),
            b"Q4;\"never closed;1;1\r\nE1;Last;1;1".to_vec(),
        ] {
            rows.extend(row);
        }
        let (summary, report) = file(&rows).import(&world, MAPPING);
        let found: Vec<(String, String)> = verdicts(&report, "customer_accounts").into_iter().map(|(_, verdict, code)| (verdict, code)).collect();
        let expected: Vec<(String, String)> = [
            ("created", ""),
            ("rejected", "invalid_amount"),
            ("rejected", "invalid_amount"),
            ("rejected", "invalid_amount"),
            ("rejected", "invalid_amount"),
            ("rejected", "invalid_amount"),
            ("rejected", "invalid_number"),
            ("rejected", "out_of_range"),
            ("rejected", "invalid_encoding"),
            ("created", ""),
            ("rejected", "wrong_length"),
            ("rejected", "wrong_number_of_cells"),
            ("rejected", "too_long"),
            ("created", ""),
            ("created", ""),
            ("created", ""),
            ("rejected", "control_character"),
            ("rejected", "required"),
            ("rejected", "required"),
            ("rejected", "invalid_amount"),
            ("created", ""),
            ("rejected", "unclosed_quote"),
            ("created", ""),
        ].iter().map(|(verdict, code)| ((*verdict).to_owned(), (*code).to_owned())).collect();
        let told: Vec<String> = report.iter().map(|row| row["reason"].as_str().unwrap_or_default().chars().take(200).collect()).collect();
        assert_eq!(found, expected, "{told:#?}");
        for row in &report {
            let reason = row["reason"].as_str().unwrap_or_default();
            assert!(reason.chars().count() < 1000, "a reason is for reading: {} characters", reason.len());
            assert!(row["verdict"] != "rejected" || !reason.is_empty(), "{row}");
        }
        assert_eq!(summary.of(ImportKind::CustomerAccounts).of(ImportVerdict::Created), 7);
    }

    async fn other_encodings_marks_and_line_ends_are_read_as_they_are(world: World) {
        let files = Files::new(&[("odd.csv", b"id;name;staff;revenue\rA1;M\xfcller;1;1\rA2;caf\xe9;1;1\r")]);
        let (_, report) = files.import(&world, &latin(MAPPING, "latin-1"));
        assert_eq!(verdicts(&report, "customer_accounts"), expected(&[(2, "created", ""), (3, "created", "")]), "{report:#?}");
        let files = Files::new(&[("odd.csv", b"\xef\xbb\xbf\"id\"\t\"name\"\t\"staff\"\t\"revenue\"\r\nB1\tTabs\t1\t1\r\n")]);
        let (_, report) = files.import(&world, MAPPING);
        assert_eq!(verdicts(&report, "customer_accounts"), expected(&[(2, "created", "")]), "{report:#?}");
        let files = Files::new(&[("odd.csv", HEADER)]);
        let (summary, _) = files.import(&world, MAPPING);
        assert_eq!(summary.of(ImportKind::CustomerAccounts).rows(), 0);
        for (bytes, part) in [
            (b"id;name;staff;revenue;name\nA;B;1;1;C\n".as_slice(), "two columns `name`"),
            (b"id;name\nA;B\n", "no column `revenue`, `staff`"),
            (b"", "is empty"),
            (b"\xff\xfei\0d\0", "UTF-16"),
            (b"\"id;name", "first line"),
        ] {
            let files = Files::new(&[("odd.csv", bytes)]);
            let refusal = import(&world.db, &files.plan(MAPPING), None, &silent()).unwrap_err();
            assert!(refusal.message().contains(part), "{part}: {refusal}");
        }
    }
}

/// Pieces that break readers of such files, and what stands between them.
fn pieces() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        6 => Just(b";".to_vec()),
        4 => Just(b"\n".to_vec()),
        2 => Just(b"\r\n".to_vec()),
        1 => Just(b"\r".to_vec()),
        3 => Just(b"\"".to_vec()),
        1 => Just(b"\"\"".to_vec()),
        1 => Just(b"\xef\xbb\xbf".to_vec()),
        1 => Just(b"\0".to_vec()),
        1 => Just(b"1.234,56".to_vec()),
        1 => Just(b"31.02.2020".to_vec()),
        1 => Just("é🙂\u{2028}".as_bytes().to_vec()),
        4 => "[A-Za-z0-9 ]{1,6}".prop_map(String::into_bytes),
        2 => proptest::collection::vec(any::<u8>(), 1..5),
    ];
    proptest::collection::vec(piece, 0..120).prop_map(|pieces| pieces.concat())
}

each_engine! {
    async fn no_bytes_make_a_run_panic_or_lose_a_row(world: World) {
        let mut runner = TestRunner::new(Config { cases: 60, failure_persistence: None, ..Config::default() });
        let outcome = runner.run(&pieces(), |bytes| {
            let (summary, report) = file(&bytes).import(&world, MAPPING);
            let rows = usize::try_from(summary.of(ImportKind::CustomerAccounts).rows()).unwrap();
            prop_assert_eq!(rows, report.len());
            let lines: Vec<u64> = report.iter().filter_map(|row| row["line"].as_u64()).collect();
            prop_assert!(lines.windows(2).all(|two| two[0] < two[1]), "{:?}", lines);
            for row in &report {
                let mut told = String::new();
                write!(told, "{row}").unwrap();
                prop_assert!(row["verdict"] != "rejected" || (row["code"] != Value::Null && row["reason"] != Value::Null), "{}", told);
                prop_assert!(row["code"] != "internal", "{}", told);
            }
            Ok(())
        });
        outcome.unwrap();
    }
}
