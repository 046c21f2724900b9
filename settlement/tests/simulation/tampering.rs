//! Books that somebody changed behind the product's back: `verify` names each change.

use crate::history::History;
use crate::ops::SCOPES;
use settlement::flows::verify;
use sqlx::AssertSqlSafe;

/// Operations of the history that is tampered with.
const OPS: usize = 1_200;
/// Decisions on risk after it, so that there are some of each kind.
const DECISIONS: usize = 15;

/// What is done with triggers off, how it is undone, and the part that must be named.
struct Tampering {
    done: &'static str,
    undone: &'static str,
    named: &'static str,
}

/// A commission of which something is left; the same one each time.
const COMMISSION: &str = "(select commission_id from commission where net_amount > 1 \
                          and state in ('hold', 'payable') order by commission_id limit 1)";

const FIRST_SCORE: &str = "(select min(score_id) from risk_score where points < 99)";
const FIRST_CLEARANCE: &str =
    "(select min(decision_id) from risk_decision where decision = 'clear')";

const TAMPERINGS: [Tampering; 17] = [
    Tampering {
        done: "update risk_score set points = points + 1 where score_id = $S",
        undone: "delete from risk_score where score_id = (select score_id from kept_score); \
                 insert into risk_score overriding system value select * from kept_score",
        named: "risk score ",
    },
    Tampering {
        done: "update risk_score set facts = jsonb_set(facts, '{signals,clickFault}', \
               '\"forged\"') where score_id = $S",
        undone: "delete from risk_score where score_id = (select score_id from kept_score); \
                 insert into risk_score overriding system value select * from kept_score",
        named: "risk score ",
    },
    Tampering {
        done: "delete from risk_score where score_id = $S",
        undone: "insert into risk_score overriding system value select * from kept_score",
        named: "commission ",
    },
    Tampering {
        done: "update risk_decision set reasons = '{self_referral}' where decision_id = $D",
        undone: "update risk_decision set reasons = kept.reasons from kept_decision kept \
                 where kept.decision_id = risk_decision.decision_id",
        named: "commission cleared_reasons",
    },
    Tampering {
        done: "delete from risk_decision where decision_id = $D",
        undone: "insert into risk_decision overriding system value select * from kept_decision",
        named: "commission cleared_reasons",
    },
    Tampering {
        done: "update commission set net_amount = net_amount - 0.01 where commission_id = $C",
        undone: "update commission set net_amount = net_amount + 0.01 where commission_id = $C",
        named: "commission net_amount",
    },
    Tampering {
        done: "update commission set terms = jsonb_set(terms::jsonb, '{holdDays}', '99')::json \
               where commission_id = $C",
        undone: "update commission set terms = kept.terms from kept_commission kept \
                 where kept.commission_id = commission.commission_id",
        named: "commission terms",
    },
    Tampering {
        done: "insert into ledger_entry select environment, merchant_id, transfer_key, side.account, \
               null, currency, side.amount from ledger_transfer, \
               (values ('N.cost', 1), ('N.fx', -1)) side (account, amount) \
               where transfer_key = $C || ':created'",
        undone: "delete from ledger_entry where account in ('N.cost', 'N.fx')",
        named: ":created",
    },
    Tampering {
        done: "insert into ledger_entry select environment, merchant_id, transfer_key, 'N.cost', \
               null, currency, 5 from ledger_transfer where transfer_key = $C || ':created'",
        undone: "delete from ledger_entry where account = 'N.cost'",
        named: "sum of a transfer",
    },
    Tampering {
        done: "insert into ledger_transfer select environment, merchant_id, \
               'com_00000000000000000000000000:created', currency, now(), now() \
               from ledger_transfer where transfer_key = $C || ':created'",
        undone: "delete from ledger_transfer where transfer_key like 'com\\_000000000%'",
        named: "transfer com_00000000000000000000000000:created",
    },
    Tampering {
        done: "delete from order_fact where event_id = (select min(event_id) from order_fact)",
        undone: "insert into order_fact select * from kept_fact",
        named: "fact ",
    },
    Tampering {
        done: "update order_fact set status = 'paid' \
               where event_id = (select min(event_id) from order_fact)",
        undone: "delete from order_fact where event_id = (select event_id from kept_fact); \
                 insert into order_fact select * from kept_fact",
        named: "fact ",
    },
    Tampering {
        done: "update conversion set attribution = \
               jsonb_set(attribution::jsonb, '{why}', '\"because\"')::json \
               where 'com_' || substr(conversion_id, 5) = $C",
        undone: "update conversion set attribution = kept.attribution from kept_conversion kept \
                 where kept.conversion_id = conversion.conversion_id",
        named: "attribution why",
    },
    Tampering {
        done: "update inbox set code = 'NO_CHANGE' where event_id = (select min(event_id) \
               from kept_event)",
        undone: "update inbox set code = kept.code from kept_event kept \
                 where kept.event_id = inbox.event_id",
        named: "outcome of ",
    },
    Tampering {
        done: "update inbox set conversion_id = null where event_id = (select min(event_id) \
               from kept_event)",
        undone: "update inbox set conversion_id = kept.conversion_id from kept_event kept \
                 where kept.event_id = inbox.event_id",
        named: "outcome",
    },
    Tampering {
        done: "update clock_move set seconds = seconds + 1 where event_id = \
               (select min(event_id) from clock_move)",
        undone: "update clock_move set seconds = seconds - 1 where event_id = \
                 (select min(event_id) from clock_move)",
        named: "clock_move",
    },
    Tampering {
        done: "update rule set rate_bps = rate_bps + 1 where rate_bps < 10000",
        undone: "update rule set rate_bps = rate_bps - 1 where (rule_id, version) not in \
                 (select rule_id, version from kept_rule) and kind = 'percent'",
        named: "attribution pricing",
    },
];

/// What undoing needs.
const KEPT: &str = "create table kept_commission as select * from commission;
    create table kept_conversion as select * from conversion;
    create table kept_fact as select * from order_fact
        where event_id = (select min(event_id) from order_fact);
    create table kept_event as select * from inbox where kind = 'order_status' and event_id =
        (select min(event_id) from inbox where code = 'APPLIED' and kind = 'order_status');
    create table kept_score as select * from risk_score where score_id = $S;
    create table kept_decision as select * from risk_decision where decision_id = $D;
    create table kept_rule as select * from rule where rate_bps = 10000;";

async fn with_triggers_off(history: &History, sql: &str) {
    let sql = sql.replace("$C", COMMISSION).replace("$S", FIRST_SCORE);
    let sql = sql.replace("$D", FIRST_CLEARANCE);
    let sql = format!("set local session_replication_role = replica; {sql}");
    let done = sqlx::raw_sql(AssertSqlSafe(sql.clone())).execute(&history.pool).await;
    assert!(done.is_ok(), "{sql}: {done:?}");
}

/// Each tampering is named, and after it is undone the books are as recorded again.
pub async fn is_named(history: &mut History) {
    for _ in 0..OPS {
        history.step().await;
    }
    for decision in 0..DECISIONS {
        history.decide_risk(decision % SCOPES).await;
    }
    history.finish().await;
    with_triggers_off(history, KEPT).await;
    for Tampering { done, undone, named } in TAMPERINGS {
        with_triggers_off(history, done).await;
        let found = verify::run(&history.pool, &history.keys, &|_| {}).await.unwrap();
        let told = found.differences.iter().any(|difference| difference.what.contains(named));
        assert!(told, "{done}: {found:#?}");
        with_triggers_off(history, undone).await;
        let found = verify::run(&history.pool, &history.keys, &|_| {}).await.unwrap();
        assert!(found.holds(), "after {undone}: {found:#?}");
    }
}
