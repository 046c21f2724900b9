//! Files of answers, read: rows, faults line by line, and limits.

use super::*;
use proptest::prelude::*;

const ID: &str = "0197a1c4-7a10-7c3e-9a55-2f6f0c1d4e21";

#[test]
fn a_row_is_read_in_either_form_of_the_id_and_any_order_of_columns() {
    let simple = ID.replace('-', "").to_uppercase();
    let text = format!(
        "\u{feff}answer,amount,reason,currency,payout_id\r\n\
         settled,1299.50,,NPR,{ID}\r\n\
         returned,1500,\"account closed, sorry\",JPY,{simple}\r\n"
    );
    let found = parse(text.as_bytes());
    assert_eq!(found.faults, []);
    let [one, other] = &found.rows[..] else { panic!("two rows: {found:?}") };
    assert_eq!((one.line_number, one.answer, &one.reason), (2, Answer::Settled, &None));
    assert_eq!(one.amount, Decimal::new(129_950, 2));
    assert_eq!((other.line_number, other.answer), (3, Answer::Returned));
    assert_eq!(other.payout_id, one.payout_id);
    assert_eq!(other.reason.as_deref(), Some("account closed, sorry"));
}

#[test]
fn every_fault_of_every_line_is_told_and_the_other_lines_are_read() {
    let text = format!(
        "payout_id,currency,amount,answer,reason\n\
         x,npr,-1,paid,{}\n\
         {ID},NPR,1.005,settled,\n\
         {ID},NPR,0.00,settled,\n\
         {ID},NPR,1.00\n\
         {ID},NPR,1.00,failed,no such account\n",
        "r".repeat(501)
    );
    let found = parse(text.as_bytes());
    let told: Vec<_> = found.faults.iter().map(|it| (it.line_number, it.column)).collect();
    assert_eq!(
        told,
        [
            (2, "payout_id"),
            (2, "currency"),
            (2, "amount"),
            (2, "answer"),
            (2, "reason"),
            (3, "amount"),
            (4, "amount"),
            (5, ""),
        ]
    );
    assert_eq!(found.rows.len(), 1);
    assert_eq!(found.rows[0].line_number, 6);
    assert_eq!(
        found.faults[5].to_string(),
        "line 3: amount must be a decimal above zero in its currency's digits"
    );
}

#[test]
fn a_file_of_another_kind_has_one_fault_and_no_rows() {
    let long = "x".repeat(FILE_BYTES_MAX + 1);
    for text in [
        "",
        "<Document/>",
        "payout_id,currency,amount",
        "payout_id,currency,amount,answer,answer",
        "payout_id,currency,amount,answer,reason,iban",
        &long,
    ] {
        let found = parse(text.as_bytes());
        assert_eq!((found.rows.len(), found.faults.len()), (0, 1), "{found:?}");
        assert_eq!(found.faults[0].line_number, 1);
    }
}

#[test]
fn a_file_of_faults_ends_soon() {
    let text = format!("payout_id,currency,amount,answer\n{}", "x,x,x,x\n".repeat(1_000));
    let found = parse(text.as_bytes());
    assert!(found.faults.len() <= FAULTS_MAX + COLUMNS.len(), "{}", found.faults.len());
    assert!(found.faults.last().is_some_and(|it| it.rule.contains("was not read")));
}

proptest! {
    #[test]
    fn no_bytes_make_the_reader_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = parse(&bytes);
        let heading = b"payout_id,currency,amount,answer,reason\n";
        let _ = parse(&[&heading[..], &bytes].concat());
    }
}

#[test]
fn every_answer_has_its_word() {
    for answer in [Answer::Settled, Answer::Failed, Answer::Returned] {
        assert_eq!(Answer::parse(answer.as_str()), Some(answer));
    }
    assert_eq!([Answer::Settled.as_str(), Answer::Failed.as_str()], ["settled", "failed"]);
    assert_eq!((Answer::Returned.as_str(), Answer::parse("paid")), ("returned", None));
}

#[test]
fn a_fault_of_a_whole_line_names_no_column() {
    let fault = LineFault { line_number: 7, column: "", rule: "is not CSV" };
    assert_eq!(fault.to_string(), "line 7: is not CSV");
}

#[test]
fn the_heading_has_each_column_once_and_may_leave_out_the_reason() {
    let cases = [
        ("payout_id,currency,amount,answer", true),
        ("answer,amount,currency,payout_id,reason", true),
        ("payout_id,currency,amount,reason", false),
        ("payout_id,currency,amount,answer,amount", false),
        ("payout_id,currency,amount,answer,iban", false),
        ("payout_id,currency,amount,answer,", false),
    ];
    for (heading, read) in cases {
        assert_eq!(parse(heading.as_bytes()).faults.is_empty(), read, "{heading}");
    }
}

#[test]
fn a_reason_has_at_most_five_hundred_printable_characters() {
    let (most, more) = ("आ".repeat(500), "आ".repeat(501));
    for (reason, read) in [(&*most, true), (&more, false), ("a\u{7}b", false), ("", true)] {
        let text =
            format!("payout_id,currency,amount,answer,reason\n{ID},NPR,1.00,failed,{reason}\n");
        let found = parse(text.as_bytes());
        assert_eq!((found.rows.len(), found.faults.len()), (usize::from(read), usize::from(!read)));
        let kept = found.rows.first().and_then(|row| row.reason.as_deref());
        assert_eq!(kept, Some(reason).filter(|text| read && !text.is_empty()));
    }
}

#[test]
fn a_file_of_sixteen_mebibytes_is_read_and_a_longer_one_is_not() {
    let mut bytes = b"payout_id,currency,amount,answer".to_vec();
    bytes.resize(16_777_216, b'\n');
    assert_eq!(parse(&bytes), Answers::default());
    bytes.push(b'\n');
    let rule = "the file has more than 16 MiB";
    assert_eq!(parse(&bytes).faults, [LineFault { line_number: 1, column: "", rule }]);
}

#[test]
fn a_hundred_thousand_rows_are_read_and_no_more() {
    let row = format!("{ID},NPR,1.00,settled\n");
    let text = format!("payout_id,currency,amount,answer\n{}", row.repeat(100_000));
    let found = parse(text.as_bytes());
    assert_eq!((found.rows.len(), found.faults.len()), (100_000, 0));
    let found = parse([text, row].concat().as_bytes());
    assert_eq!((found.rows.len(), found.faults.len()), (100_000, 1));
    assert_eq!(found.faults[0].line_number, 100_002);
}

#[test]
fn after_a_hundred_faults_nothing_more_is_read() {
    let faulty = format!("{ID},NPR,1.00,paid\n");
    let good = format!("{ID},NPR,1.00,settled\n");
    for (faults, read) in [(99, true), (100, false)] {
        let text = format!("payout_id,currency,amount,answer\n{}{good}", faulty.repeat(faults));
        let found = parse(text.as_bytes());
        assert_eq!(found.rows.len(), usize::from(read), "{faults}");
        assert_eq!(found.faults.len(), faults + usize::from(!read));
    }
}
