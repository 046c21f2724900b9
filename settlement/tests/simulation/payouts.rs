//! Payouts in a history: drafted, agreed with, sent, answered, all of it more than once.

use crate::calm::calm;
use crate::crash::dying;
use crate::history::History;
use crate::model::State;
use crate::network::{BY, instant, vault};
use crate::told::{CURRENCIES, Micros};
use rust_decimal::Decimal;
use settlement::domain::payout_export::answers::{Answer, AnswerRow};
use settlement::flows::payout::files::Press;
use settlement::flows::payout::{Which, answer, approve, process, run};
use shared::id::{ConversionId, Environment, MerchantId};
use shared::money::Currency;
use sqlx::types::time::OffsetDateTime;
use std::collections::HashMap;
use uuid::Uuid;

#[derive(sqlx::FromRow)]
struct LineRow {
    payout_id: Uuid,
    state: String,
    merchant_id: Uuid,
    subject: String,
    amount: Decimal,
    processing_at: Option<OffsetDateTime>,
    answered_at: Option<OffsetDateTime>,
}

impl History {
    /// One step with live payouts, after everything that was accepted has arrived and is settled.
    pub(crate) async fn payouts(&mut self, dies_after: Option<usize>) {
        self.settle_all().await;
        match self.random().below(5) {
            0 => self.draft_payouts(dies_after).await,
            1 => self.approve_payouts().await,
            2 => self.send_payouts(dies_after).await,
            _ => self.answer_payouts(dies_after).await,
        }
        if dies_after.is_some() {
            calm(&self.pool).await;
        }
        self.follow_payouts().await;
    }

    async fn draft_payouts(&mut self, dies_after: Option<usize>) {
        let cut_off = instant(self.now);
        let new = || run::NewRun {
            environment: Environment::Live,
            merchant: None,
            cut_off,
            scheduled: None,
        };
        let one = dying(dies_after, run::run(&self.pool, BY, new(), cut_off));
        let (one, two) = tokio::join!(one, run::run(&self.pool, BY, new(), cut_off));
        one.map(Result::unwrap);
        two.unwrap();
    }

    async fn open_run(&mut self) -> Option<Uuid> {
        let runs: Vec<Uuid> = sqlx::query_scalar(
            "select run_id from payout_run where environment = 'live' and state = 'open'
             and exists (select from payout where payout.run_id = payout_run.run_id)
             order by created_at, run_id",
        )
        .fetch_all(&self.pool)
        .await
        .unwrap();
        (!runs.is_empty()).then(|| runs[self.random().below(runs.len())])
    }

    async fn approve_payouts(&mut self) {
        if let Some(run) = self.open_run().await {
            approve::run(&self.pool, BY, Which::Run(run), instant(self.now)).await.unwrap();
        }
    }

    async fn send_payouts(&mut self, dies_after: Option<usize>) {
        let Some(run) = self.open_run().await else { return };
        let (now, vault) = (instant(self.now), vault());
        let press = Press { vault: &vault, payer: None };
        let one = dying(dies_after, process::run(&self.pool, BY, press, run, now));
        let (one, two) = tokio::join!(one, process::run(&self.pool, BY, press, run, now));
        one.map(Result::unwrap);
        two.unwrap();
    }

    /// A bank's file, taken in twice: by two nodes, or by one after it died.
    async fn answer_payouts(&mut self, dies_after: Option<usize>) {
        let sent: Vec<(Uuid, String, Decimal)> = sqlx::query_as(
            "select payout_id, currency, amount from payout
             where environment = 'live' and state in ('processing', 'settled')
             order by payout_id desc limit 20",
        )
        .fetch_all(&self.pool)
        .await
        .unwrap();
        let mut rows = Vec::new();
        for (payout_id, currency, amount) in sent {
            let answer = match self.random().below(10) {
                0..4 => Answer::Settled,
                4..6 => Answer::Failed,
                6 if self.random().percent(20) => Answer::Returned,
                _ => continue,
            };
            let wrong = Decimal::from(u8::from(self.random().percent(10)));
            rows.push(AnswerRow {
                line_number: u32::try_from(rows.len()).unwrap() + 2,
                payout_id,
                currency: Currency::parse(&currency).unwrap(),
                amount: amount + wrong,
                answer,
                reason: None,
            });
        }
        let sha256 = format!("{:064x}", self.random().next());
        let file = answer::File { sha256: &sha256, rows: &rows, unreadable: &[] };
        let now = instant(self.now);
        if let Some(end) = dying(dies_after, answer::run(&self.pool, BY, file, now)).await {
            end.unwrap();
        }
        calm(&self.pool).await;
        answer::run(&self.pool, BY, file, now).await.unwrap();
    }

    /// The model follows what the payouts say, and holds them to it: only what is payable, free and
    /// whole is sent, and only what is in flight lands, once.
    async fn follow_payouts(&mut self) {
        let rows: Vec<LineRow> = sqlx::query_as(
            "select payout_id, state, line.merchant_id, subject, line.amount, processing_at,
                 answered_at
             from payout join payout_line line using (payout_id)
             where payout.environment = 'live' and kind = 'commission'
               and state in ('processing', 'settled', 'failed', 'returned')",
        )
        .fetch_all(&self.pool)
        .await
        .unwrap();
        let mut orders: HashMap<String, (usize, String)> = HashMap::new();
        for scope in 0..self.books.len() {
            let whose = self.network.books[scope].scope;
            for name in self.books[scope].orders.keys() {
                let id = ConversionId::derive(whose.merchant, whose.environment, name);
                orders.insert(id.commission_id(), (scope, name.clone()));
            }
        }
        let micros = |at: OffsetDateTime| settlement::store::instant::from_row(at).as_microsecond();
        for row in rows {
            let before = self.followed.get(&(row.payout_id, row.subject.clone())).cloned();
            if before.as_deref() == Some(row.state.as_str()) {
                continue;
            }
            let (scope, name) = &orders[&row.subject];
            let whose = self.network.books[*scope].scope;
            assert_eq!(whose.merchant, MerchantId(row.merchant_id), "{}", row.subject);
            let order = self.books[*scope].orders.get_mut(name).unwrap();
            let digits = u32::try_from(CURRENCIES[order.told.currency].1).unwrap();
            let commission = order.commission.as_mut().unwrap();
            let net = Decimal::new(commission.net, digits);
            let mut go = |from: State, to: State, at: Micros| {
                assert_eq!(commission.state, from, "{name} in payout {}", row.payout_id);
                commission.state = to;
                commission.changed_at = commission.changed_at.max(at);
            };
            if before.is_none() {
                assert_eq!(row.amount, net, "{name} in payout {}", row.payout_id);
                go(State::Payable, State::InFlight, micros(row.processing_at.unwrap()));
            }
            let landed = before.as_deref().is_none_or(|state| state == "processing");
            match row.state.as_str() {
                "settled" | "returned" if landed => {
                    go(State::InFlight, State::Paid, micros(row.answered_at.unwrap()));
                }
                "failed" => go(State::InFlight, State::Payable, micros(row.answered_at.unwrap())),
                _ => {}
            }
            self.followed.insert((row.payout_id, row.subject), row.state);
        }
    }
}
