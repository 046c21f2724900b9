//! Payouts made up by a seed: names of every script, amounts of every size, currencies of every
//! number of digits.

use rust_decimal::Decimal;
use settlement::domain::payout_export::{Payer, Transfer, pain001};
use settlement::domain::payout_method::PayoutMethod;
use sha2::{Digest, Sha256};
use shared::money::Currency;
use uuid::Uuid;

const NAMES: [&str; 10] = [
    "आशा गुरुङ",
    "काठमाडौँ चिया पसल (प्रा. लि.)",
    "Tea & Spices <Kathmandu>",
    "O'Neil \"Sons\" // Co /",
    "李小龍",
    "Müller-Lüdenscheidt",
    "محمد",
    "🍵",
    "]]>--><!--",
    "An extraordinarily long name which no form of any bank ever took whole",
];
const CURRENCIES: [&str; 6] = ["NPR", "EUR", "JPY", "KWD", "USD", "INR"];
const SEED: &str = "khata 2026-06-14";

/// The run that the files are of.
pub fn run() -> pain001::Run {
    pain001::Run {
        run_id: "0197a1c4-7c31-7a90-b2c4-1d5e8f7a6b03".parse().unwrap(),
        written_at: "2026-06-14T23:45:00.123Z".parse().unwrap(),
    }
}

/// Networks that pay: one with an IBAN, one with a bank's own number.
pub fn payers() -> [Payer; 2] {
    [
        Payer::parse("Khata & Co. नेपाल", "GB29 NWBK 6016 1331 9268 19", "NWBKGB2L").unwrap(),
        Payer::parse("Khata Network Pvt. Ltd.", "0101-0123-4567-8901", "NICANPKAXXX").unwrap(),
    ]
}

/// So many payouts, always the same.
pub fn random_payouts(many: usize) -> Vec<Transfer> {
    (0..many).map(random_payout).collect()
}

fn random_payout(number: usize) -> Transfer {
    let digest = Sha256::digest(format!("{SEED} {number}"));
    let draw = |at: usize| u64::from_be_bytes(digest[at..at + 8].try_into().unwrap());
    let of = |at: usize, many: usize| usize::from(digest[at]) % many;
    let currency = Currency::parse(CURRENCIES[of(0, CURRENCIES.len())]).unwrap();
    let digits = currency.minor_digits();
    // Every length up to 15 digits before the point comes.
    let integer_digits = u32::try_from(1 + of(1, 15)).unwrap();
    let most = 10_u64.pow(integer_digits + digits);
    let minor_units = i64::try_from(draw(8) % most).unwrap().max(1);
    Transfer {
        payout_id: Uuid::from_slice(&digest[..16]).unwrap(),
        affiliate_id: Uuid::from_slice(&digest[16..]).unwrap(),
        affiliate: NAMES[of(2, NAMES.len())].to_owned(),
        amount: Decimal::new(minor_units, digits),
        currency,
        cut_off_at: "2026-06-14T03:45:00Z".parse().unwrap(),
        method: method(NAMES[of(3, NAMES.len())], of(4, 4), draw(16)),
    }
}

fn method(holder: &str, kind: usize, number: u64) -> PayoutMethod {
    let number = format!("{number:020}");
    let rest: &[(&str, &str)] = match kind {
        0 => &[("accountNumber", &number), ("bic", "NICANPKA"), ("country", "NP")],
        1 => &[("accountNumber", &number), ("clearingId", "0501"), ("country", "NP")],
        2 => &[("iban", "DE89 3704 0044 0532 0130 00")],
        _ => &[("iban", "FR14 2004 1010 0505 0001 3M02 606"), ("bic", "PSSTFRPPPAR")],
    };
    let fields = [("method", "bank"), ("holder", holder)];
    let fields = fields.iter().chain(rest);
    let fields = fields.map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
    PayoutMethod::parse(&fields).unwrap()
}
