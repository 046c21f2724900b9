//! Tests of the credit transfer initiation; its schema is held by the black-box tests.

use super::super::tests::{any_transfers, german, payer, transfer};
use super::*;
use proptest::prelude::*;

fn run() -> Run {
    Run {
        run_id: "0197a1c4-7c31-7a90-b2c4-1d5e8f7a6b03".parse().unwrap(),
        written_at: "2026-06-14T23:45:00.123Z".parse().unwrap(),
    }
}

fn written(transfers: &[Transfer]) -> String {
    String::from_utf8(render(run(), &payer(), transfers).unwrap().unwrap()).unwrap()
}

#[test]
fn a_file_has_a_group_per_currency_and_sums_of_its_own() {
    let euros = Transfer { method: german(), ..transfer("EUR", "10.5") };
    let text = written(&[transfer("NPR", "1299.50"), euros, transfer("NPR", "0.50")]);
    for wanted in [
        "<MsgId>0197a1c47c317a90b2c41d5e8f7a6b03</MsgId>",
        "<CreDtTm>2026-06-14T23:45:00Z</CreDtTm>",
        "<NbOfTxs>3</NbOfTxs>",
        "<CtrlSum>1310.5</CtrlSum>",
        "<PmtInfId>0197a1c47c317a90b2c41d5e8f7a6b03EUR</PmtInfId>",
        "<PmtInfId>0197a1c47c317a90b2c41d5e8f7a6b03NPR</PmtInfId>",
        "<CtrlSum>1300</CtrlSum>",
        "<Dt>2026-06-14</Dt>",
        "<EndToEndId>0197a1c47a107c3e9a552f6f0c1d4e21</EndToEndId>",
        "<InstdAmt Ccy=\"NPR\">1299.50</InstdAmt>",
        "<InstdAmt Ccy=\"EUR\">10.50</InstdAmt>",
        "<Nm>Muller + Sohne</Nm>",
        "<BICFI>NICANPKA</BICFI>",
    ] {
        assert!(text.contains(wanted), "{wanted} in {text}");
    }
    assert_eq!(text.matches("<PmtInf>").count(), 2);
    assert_eq!(text.matches("<Cd>SEPA</Cd>").count(), 1);
    assert_eq!(text.matches("<ChrgBr>SLEV</ChrgBr>").count(), 1);
    assert_eq!(text.matches("<ChrgBr>SHAR</ChrgBr>").count(), 2);
}

#[test]
fn sepa_is_asked_for_in_euros_between_two_ibans_and_up_to_its_limit_alone() {
    let by_iban = |currency, amount| Transfer { method: german(), ..transfer(currency, amount) };
    let cases = [
        (by_iban("EUR", "999999999.99"), true),
        (by_iban("EUR", "1000000000.00"), false),
        (by_iban("USD", "10.00"), false),
        (transfer("EUR", "10.00"), false),
    ];
    for (transfer, expected) in cases {
        let text = written(std::slice::from_ref(&transfer));
        assert_eq!(text.contains("SEPA"), expected, "{transfer:?}");
    }
}

#[test]
fn what_a_bank_cannot_be_told_is_not_written() {
    let khalti = super::super::tests::method(&[("method", "khalti"), ("phone", "9801234567")]);
    let wallet = Transfer { method: khalti, ..transfer("NPR", "10.00") };
    assert_eq!(render(run(), &payer(), &[wallet]), Ok(None));
    let odd = [
        Transfer { amount: Decimal::ZERO, ..transfer("NPR", "1") },
        Transfer { amount: Decimal::new(-1, 0), ..transfer("NPR", "1") },
        Transfer { amount: Decimal::new(1, 3), ..transfer("NPR", "1") },
        Transfer {
            amount: Decimal::from_str_exact("1234567890123456789").unwrap(),
            ..transfer("JPY", "1")
        },
    ];
    for transfer in odd {
        assert_eq!(
            render(run(), &payer(), std::slice::from_ref(&transfer)),
            Err(Unwritable(transfer.payout_id))
        );
    }
}

#[test]
fn a_sum_of_too_many_digits_is_left_out() {
    let transfers = [transfer("KWD", "999999999999999.999"), transfer("KWD", "0.002")];
    let text = written(&transfers);
    assert!(!text.contains("CtrlSum"), "{text}");
}

proptest! {
    #[test]
    fn the_same_payouts_are_the_same_bytes_and_every_id_is_there_once(
        transfers in any_transfers(20)
    ) {
        let file = render(run(), &payer(), &transfers).unwrap();
        prop_assert_eq!(&file, &render(run(), &payer(), &transfers).unwrap());
        let by_bank: Vec<_> = transfers.iter().filter(|it| it.method.bank().is_some()).collect();
        prop_assert_eq!(file.is_some(), !by_bank.is_empty());
        let text = String::from_utf8(file.unwrap_or_default()).unwrap();
        for transfer in by_bank {
            let wanted = format!("<EndToEndId>{}</EndToEndId>", end_to_end_id(transfer.payout_id));
            prop_assert_eq!(text.matches(&wanted).count(), 1);
        }
    }
}
