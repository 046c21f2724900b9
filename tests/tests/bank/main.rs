//! Files for banks, held to the schema that banks hold them to.

#![expect(clippy::unwrap_used, reason = "in a test a panic is the report")]

mod payouts;

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use settlement::domain::payout_export::pain001;
use tests::world::folder;

use payouts::{payers, random_payouts, run};

/// Payouts made up for the schema to judge.
const PAYOUTS: usize = 200;
/// Payouts of one file.
const PER_FILE: usize = 20;

/// What the schema says of each file, in order.
fn judged(files: &[Vec<u8>]) -> Vec<String> {
    let here = xtask::paths::root().join("tests/tests/bank");
    let python = xtask::python::ensure("sepaxml", &here.join("requirements.txt"))
        .unwrap_or_else(|cause| panic!("{cause:#}"));
    let folder = folder();
    fs::create_dir_all(&folder).unwrap();
    let paths: Vec<PathBuf> = files
        .iter()
        .enumerate()
        .map(|(at, bytes)| {
            let path = folder.join(format!("{at}.xml"));
            fs::write(&path, bytes).unwrap();
            path
        })
        .collect();
    let output = Command::new(python)
        .arg(here.join("validate.py"))
        .args(&paths)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .output()
        .expect("the validator is where it was installed");
    fs::remove_dir_all(&folder).unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
}

#[test]
fn two_hundred_random_payouts_by_bank_are_valid_pain_001_001_09() {
    let payouts = random_payouts(PAYOUTS);
    let files: Vec<_> = payouts
        .chunks(PER_FILE)
        .zip(payers().iter().cycle())
        .map(|(payouts, payer)| pain001::render(run(), payer, payouts).unwrap().unwrap())
        .collect();
    let all = String::from_utf8(files.concat()).unwrap();
    assert_eq!(all.matches("<CdtTrfTxInf>").count(), PAYOUTS);
    for wanted in ["Ccy=\"JPY\"", "Ccy=\"KWD\"", "<Cd>SEPA</Cd>", "<MmbId>", "<IBAN>", "<Othr>"] {
        assert!(all.contains(wanted), "no payout of {PAYOUTS} has {wanted}");
    }
    let verdicts = judged(&files);
    assert_eq!(verdicts, vec!["valid"; files.len()]);
}

#[test]
fn the_schema_refuses_a_file_that_is_wrong() {
    let payouts = random_payouts(1);
    let right = pain001::render(run(), &payers()[0], &payouts).unwrap().unwrap();
    let text = String::from_utf8(right.clone()).unwrap();
    let wrong = [
        text.replace("001.001.09", "001.001.03"),
        text.replace("<PmtMtd>TRF</PmtMtd>", ""),
        text.replace("Ccy=", "Currency="),
        text.replace("<EndToEndId>", "<EndToEndId>0000"),
    ];
    let files: Vec<_> = [right].into_iter().chain(wrong.map(String::into_bytes)).collect();
    let verdicts = judged(&files);
    assert_eq!(verdicts[0], "valid");
    assert!(verdicts[1..].iter().all(|verdict| verdict != "valid"), "{verdicts:?}");
}
