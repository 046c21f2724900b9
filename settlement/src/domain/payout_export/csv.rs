//! The CSV of a run: every payout in it, whatever its method, a row each (RFC 4180).
//!
//! | column | holds |
//! |---|---|
//! | `payout_id` | the payout's UUID; a bank's answer names it |
//! | `end_to_end_id` | the same as 32 hex digits, as in pain.001 |
//! | `affiliate_id`, `affiliate` | who is paid, and their name |
//! | `method` | `bank`, `esewa`, `khalti` or `paypal` |
//! | `holder` | in whose name the account is; `bank` alone |
//! | `account` | IBAN or account number; wallet id or phone; e-mail address |
//! | `bank` | BIC or clearing id; `bank` alone, may be empty with an IBAN |
//! | `country` | where the bank is; `bank` alone |
//! | `currency`, `amount` | ISO 4217, and a decimal in its minor digits |
//! | `cut_off_at` | up to when the payout's lines count |

use super::{Transfer, end_to_end_id};
use crate::domain::payout_method::Bank;
use ::csv::{Terminator, WriterBuilder};
use shared::time::format_instant;

const HEADING: [&str; 12] = [
    "payout_id",
    "end_to_end_id",
    "affiliate_id",
    "affiliate",
    "method",
    "holder",
    "account",
    "bank",
    "country",
    "currency",
    "amount",
    "cut_off_at",
];

/// Writes the file, in the order of the payouts given.
pub fn render(transfers: &[Transfer]) -> Vec<u8> {
    const MEMORY: &str = "writing rows of one width to memory cannot fail";
    let mut writer = WriterBuilder::new().terminator(Terminator::CRLF).from_writer(Vec::new());
    writer.write_record(HEADING).expect(MEMORY);
    for transfer in transfers {
        let bank = transfer.method.bank();
        let cells = [
            transfer.payout_id.to_string(),
            end_to_end_id(transfer.payout_id),
            transfer.affiliate_id.to_string(),
            inert(&transfer.affiliate),
            transfer.method.kind().as_str().to_owned(),
            inert(bank.map_or("", |bank| &bank.holder)),
            inert(transfer.method.destination()),
            bank.and_then(|bank| bank.bank.as_ref()).map_or("", Bank::as_str).to_owned(),
            bank.map_or("", |bank| &bank.country).to_owned(),
            transfer.currency.code().to_owned(),
            transfer.currency.format(transfer.amount),
            format_instant(transfer.cut_off_at),
        ];
        writer.write_record(cells).expect(MEMORY);
    }
    writer.into_inner().expect(MEMORY)
}

/// A text that no spreadsheet takes for a formula: one that begins like one gets an apostrophe.
fn inert(text: &str) -> String {
    let is_formula =
        text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠']);
    if is_formula { format!("'{text}") } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{self, transfer};
    use super::*;
    use proptest::prelude::*;

    fn cells(bytes: &[u8]) -> Vec<Vec<String>> {
        let mut reader = ::csv::Reader::from_reader(bytes);
        let rows = reader.records().map(|row| row.unwrap().iter().map(str::to_owned).collect());
        rows.collect()
    }

    #[test]
    fn a_row_tells_all_that_a_transfer_needs() {
        let text = String::from_utf8(render(&[transfer("NPR", "1299.5")])).unwrap();
        let mut lines = text.split("\r\n");
        assert_eq!(lines.next(), Some(HEADING.join(",").as_str()));
        assert_eq!(
            lines.next(),
            Some(
                "0197a1c4-7a10-7c3e-9a55-2f6f0c1d4e21,0197a1c47a107c3e9a552f6f0c1d4e21,\
                 0197a1c4-7b22-7d18-8f0e-6a4b9c3d2e10,\"Asha, \"\"Tea\"\" & Co\",bank,आशा गुरुङ,\
                 0101012345678901,NICANPKA,NP,NPR,1299.50,2026-06-14T03:45:00Z"
            )
        );
    }

    #[test]
    fn no_cell_is_a_formula_and_amounts_stay_numbers() {
        for name in ["=1+1", "+977", "-x", "@a", "\t=1", "＝1"] {
            let transfer = Transfer { affiliate: name.to_owned(), ..transfer("JPY", "1500") };
            let row = cells(&render(&[transfer])).remove(0);
            assert_eq!(row[3], format!("'{name}"));
            assert_eq!(row[10], "1500");
        }
    }

    proptest! {
        #[test]
        fn any_payouts_come_back_cell_for_cell(transfers in tests::any_transfers(20)) {
            let rows = cells(&render(&transfers));
            prop_assert_eq!(rows.len(), transfers.len());
            for (row, transfer) in rows.iter().zip(&transfers) {
                prop_assert_eq!(row.len(), HEADING.len());
                prop_assert_eq!(&row[0], &transfer.payout_id.to_string());
                prop_assert_eq!(&row[6], &inert(transfer.method.destination()));
                let amount = shared::money::parse_amount(&row[10]);
                prop_assert_eq!(amount, Some(transfer.amount));
            }
        }
    }
}
