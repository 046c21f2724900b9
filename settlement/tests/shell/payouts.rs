//! Payouts on a real Postgres: methods that are sealed, files that are written once, and lines that
//! each merchant sees of its own alone.

use crate::batches::now;
use crate::database;
use crate::network::{BY, Network, new_merchant};
use settlement::domain::payout_export::Payer;
use settlement::error::{Fault, broken_constraint};
use settlement::flows::actor::Actor;
use settlement::flows::open_account::{self, NewAccount, Party};
use settlement::flows::{open_affiliate, open_merchant, set_payout_method, write_payout_files};
use settlement::store::payout_method::{in_force, newest};
use settlement::store::{payout_file, read_payout};
use shared::id::{AffiliateId, MerchantId};
use shared::money::Currency;
use sqlx::PgPool;
use std::collections::BTreeMap;
use uuid::Uuid;

const IBAN: &str = "DE89370400440532013000";

fn fields(given: &[(&str, &str)]) -> BTreeMap<String, String> {
    given.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect()
}

fn bank() -> BTreeMap<String, String> {
    fields(&[("method", "bank"), ("holder", "Asha Gurung"), ("iban", IBAN)])
}

fn khalti() -> BTreeMap<String, String> {
    fields(&[("method", "khalti"), ("phone", "9801234567")])
}

fn payer() -> Payer {
    Payer::parse("Khata", "GB29NWBK60161331926819", "NWBKGB2L").unwrap()
}

/// A network with a run of payouts; amounts are sums of the lines given.
struct Desk {
    network: Network,
    run_id: Uuid,
}

impl Desk {
    async fn new() -> Self {
        let network = Network::new(database::fresh().await).await;
        let run_id = Uuid::from_u128(7);
        let sql = "insert into payout_run (run_id, environment, cut_off_at, state, created_at)
                   values ($1, 'live', now(), 'open', now())";
        sqlx::query(sql).bind(run_id).execute(&network.pool).await.unwrap();
        Self { network, run_id }
    }

    fn pool(&self) -> &PgPool {
        &self.network.pool
    }

    async fn set(
        &self,
        affiliate: AffiliateId,
        currency: Option<&str>,
        fields: &BTreeMap<String, String>,
    ) -> Uuid {
        let currency = currency.map(|code| Currency::parse(code).unwrap());
        let (pool, vault) = (self.pool(), &self.network.vault);
        let set = set_payout_method::run(pool, vault, BY, affiliate, currency, fields, now()).await;
        set.unwrap().method_version_id
    }

    /// A payout in processing with lines of merchants, by its number.
    async fn payout(
        &self,
        number: u128,
        affiliate: AffiliateId,
        method: Option<Uuid>,
        lines: &[(MerchantId, &str)],
    ) -> Uuid {
        let payout_id = Uuid::from_u128(number);
        let sql = "insert into payout (payout_id, run_id, environment, affiliate_id, currency,
                       amount, state, cut_off_at, method_version_id, created_at, approved_at,
                       processing_at)
                   select $1, $2, 'live', $3, 'NPR', sum(amount::numeric), 'processing', now(), $4,
                          now(), now(), now()
                   from unnest($5::text[]) amount";
        let amounts: Vec<_> = lines.iter().map(|(_, amount)| (*amount).to_owned()).collect();
        sqlx::query(sql)
            .bind(payout_id)
            .bind(self.run_id)
            .bind(affiliate.0)
            .bind(method)
            .bind(amounts)
            .execute(self.pool())
            .await
            .unwrap();
        for (at, (merchant, amount)) in lines.iter().enumerate() {
            let sql = "insert into payout_line (environment, merchant_id, payout_id, kind, subject,
                           affiliate_id, currency, amount)
                       values ('live', $1, $2, 'commission', $3, $4, 'NPR', $5::text::numeric)";
            sqlx::query(sql)
                .bind(merchant.0)
                .bind(payout_id)
                .bind(format!("com_{number}_{at}"))
                .bind(affiliate.0)
                .bind(*amount)
                .execute(self.pool())
                .await
                .unwrap();
        }
        payout_id
    }

    async fn write(&self, payer: Option<&Payer>) -> Result<(), Fault> {
        let mut transaction = self.pool().begin().await.unwrap();
        let vault = &self.network.vault;
        write_payout_files::run(&mut transaction, vault, payer, self.run_id, now()).await?;
        transaction.commit().await.unwrap();
        Ok(())
    }

    async fn file(&self, format: &str) -> Option<String> {
        let mut connection = self.pool().acquire().await.unwrap();
        let found = payout_file::find(&mut connection, self.run_id, format).await.unwrap();
        found.map(|row| String::from_utf8(row.bytes).unwrap())
    }

    async fn seen_by(&self, merchant: MerchantId) -> Vec<(Uuid, String, i64)> {
        let filter = read_payout::PayoutFilter {
            environment: "live",
            merchant_id: merchant.0,
            payout_id: None,
            state: None,
            affiliate_id: None,
            currency: None,
            after: None,
            rows_max: 10,
        };
        let mut connection = self.pool().acquire().await.unwrap();
        let rows = read_payout::list(&mut connection, &filter).await.unwrap();
        rows.into_iter().map(|row| (row.payout_id, row.amount.to_string(), row.lines)).collect()
    }
}

#[tokio::test]
async fn the_newest_method_of_the_payout_s_currency_is_in_force_else_the_newest_of_any() {
    let desk = Desk::new().await;
    let asha = desk.network.affiliate;
    let bina = open_affiliate::run(desk.pool(), BY, "Bina", now()).await.unwrap();
    desk.set(asha, None, &khalti()).await;
    let any = desk.set(asha, None, &khalti()).await;
    desk.set(asha, Some("EUR"), &khalti()).await;
    let euros = desk.set(asha, Some("EUR"), &bank()).await;
    let mut connection = desk.pool().acquire().await.unwrap();
    let affiliates = [asha.0, asha.0, bina.0];
    let currencies = ["EUR", "NPR", "NPR"].map(str::to_owned);
    let rows = in_force(&mut connection, &affiliates, &currencies).await.unwrap();
    let mut found: Vec<_> =
        rows.iter().map(|row| (row.currency.as_str(), row.method_version_id)).collect();
    found.sort_unstable();
    assert_eq!(found, [("EUR", euros), ("NPR", any)]);
    let shown = newest(&mut connection, asha.0).await.unwrap();
    let shown: Vec<_> = shown.iter().map(|row| row.masked.as_str()).collect();
    assert_eq!(shown, ["bank ••••3000", "khalti ••••4567"]);
}

#[tokio::test]
async fn a_method_is_sealed_to_its_version_and_never_changed() {
    let desk = Desk::new().await;
    let version = desk.set(desk.network.affiliate, None, &bank()).await;
    let sql = "select details_sealed from payout_method where method_version_id = $1";
    let sealed: Vec<u8> =
        sqlx::query_scalar(sql).bind(version).fetch_one(desk.pool()).await.unwrap();
    assert!(!String::from_utf8_lossy(&sealed).contains("3704"));
    let vault = &desk.network.vault;
    assert!(vault.open(&version.to_string(), &sealed).unwrap().contains(IBAN));
    assert!(vault.open(&Uuid::nil().to_string(), &sealed).is_err());
    for sql in ["update payout_method set kind = 'esewa'", "delete from payout_method"] {
        assert!(sqlx::query(sql).execute(desk.pool()).await.is_err(), "{sql}");
    }
    let sql = "select subject || detail from audit_log where action = 'payout_method.set'";
    let noted: String = sqlx::query_scalar(sql).fetch_one(desk.pool()).await.unwrap();
    assert!(!noted.contains("3000") && noted.contains("bank"), "{noted}");
}

#[tokio::test]
async fn only_the_affiliate_itself_and_operators_say_how_it_is_paid() {
    let desk = Desk::new().await;
    let asha = desk.network.affiliate;
    let bina = open_affiliate::run(desk.pool(), BY, "Bina", now()).await.unwrap();
    let account = NewAccount {
        email: "bina@example.com".to_owned(),
        password: "a long pass phrase".to_owned(),
        party: Party::Affiliate(bina),
    };
    let mut connection = desk.pool().acquire().await.unwrap();
    let account = open_account::within(&mut connection, BY, account, now()).await.unwrap();
    drop(connection);
    let (pool, vault) = (desk.pool(), &desk.network.vault);
    let merchant = Actor::Merchant { account: Uuid::nil(), merchant: desk.network.merchant };
    for (actor, of, may) in [
        (Actor::Affiliate(account), bina, true),
        (Actor::Affiliate(account), asha, false),
        (merchant, asha, false),
        (Actor::Key { merchant: desk.network.merchant }, asha, false),
    ] {
        let done = set_payout_method::run(pool, vault, actor, of, None, &khalti(), now()).await;
        let denied = matches!(done, Err(Fault::PermissionDenied(_)));
        assert_eq!((done.is_ok(), denied), (may, !may), "{actor:?}");
    }
    let unknown = AffiliateId(Uuid::nil());
    let done = set_payout_method::run(pool, vault, BY, unknown, None, &khalti(), now()).await;
    assert!(matches!(done, Err(Fault::NotFound("affiliate"))));
}

#[tokio::test]
async fn an_approval_freezes_the_method_in_force_and_tells_who_has_none() {
    let desk = Desk::new().await;
    let (asha, shop) = (desk.network.affiliate, desk.network.merchant);
    let bina = open_affiliate::run(desk.pool(), BY, "Bina", now()).await.unwrap();
    let version = desk.set(asha, Some("NPR"), &bank()).await;
    desk.set(asha, None, &khalti()).await;
    desk.set(asha, Some("EUR"), &khalti()).await;
    let one = desk.payout(1, asha, None, &[(shop, "100.00")]).await;
    let other = desk.payout(2, bina, None, &[(shop, "100.00")]).await;
    let mut connection = desk.pool().acquire().await.unwrap();
    let lacking = write_payout_files::freeze(&mut connection, &[one, other]).await.unwrap();
    assert_eq!(lacking, [other]);
    let sql = "select method_version_id from payout order by payout_id";
    let kept: Vec<Option<Uuid>> = sqlx::query_scalar(sql).fetch_all(desk.pool()).await.unwrap();
    assert_eq!(kept, [Some(version), None]);
}

#[tokio::test]
async fn a_run_s_files_are_written_once_with_the_frozen_methods() {
    let desk = Desk::new().await;
    let (asha, shop) = (desk.network.affiliate, desk.network.merchant);
    let bina = open_affiliate::run(desk.pool(), BY, "Bina & Co", now()).await.unwrap();
    let frozen = desk.set(asha, None, &bank()).await;
    let wallet = desk.set(bina, None, &khalti()).await;
    let one = desk.payout(1, asha, Some(frozen), &[(shop, "100.00"), (shop, "50.5")]).await;
    desk.payout(2, bina, Some(wallet), &[(shop, "7.00")]).await;
    // A method set after the approval changes nothing of what was approved.
    desk.set(asha, None, &khalti()).await;
    desk.write(Some(&payer())).await.unwrap();
    let csv = desk.file("csv").await.unwrap();
    let rows: Vec<_> = csv.lines().skip(1).collect();
    assert_eq!(rows.len(), 2, "{csv}");
    assert!(rows[0].starts_with(&one.to_string()) && rows[0].contains(IBAN), "{csv}");
    assert!(rows[0].contains(",NPR,150.50,") && rows[1].contains(",khalti,,9801234567,"), "{csv}");
    let xml = desk.file("pain001").await.unwrap();
    assert!(xml.contains(&format!("<EndToEndId>{}</EndToEndId>", one.simple())), "{xml}");
    assert!(xml.contains("<NbOfTxs>1</NbOfTxs>") && !xml.contains("9801234567"), "{xml}");
    let Err(Fault::Store(again)) = desk.write(Some(&payer())).await else {
        panic!("a run is written once");
    };
    assert_eq!(broken_constraint(&again), Some("payout_file_pk"));
    assert_eq!(desk.file("csv").await, Some(csv));
    for sql in ["update payout_file set bytes = ''", "delete from payout_file"] {
        assert!(sqlx::query(sql).execute(desk.pool()).await.is_err(), "{sql}");
    }
}

#[tokio::test]
async fn a_run_that_a_bank_cannot_be_told_leaves_no_file() {
    let desk = Desk::new().await;
    let (asha, shop) = (desk.network.affiliate, desk.network.merchant);
    let frozen = desk.set(asha, None, &bank()).await;
    desk.payout(1, asha, Some(frozen), &[(shop, "100.00")]).await;
    assert!(matches!(desk.write(None).await, Err(Fault::Conflict(_))));
    desk.payout(2, asha, None, &[(shop, "100.00")]).await;
    assert!(matches!(desk.write(Some(&payer())).await, Err(Fault::Conflict(_))));
    assert_eq!((desk.file("csv").await, desk.file("pain001").await), (None, None));
}

#[tokio::test]
async fn a_live_payout_shows_each_merchant_its_own_lines_and_their_sum() {
    let desk = Desk::new().await;
    let (asha, shop) = (desk.network.affiliate, desk.network.merchant);
    let new = new_merchant("Other", "other.example");
    let other = open_merchant::run(desk.pool(), BY, new, now()).await.unwrap();
    let third = open_merchant::run(desk.pool(), BY, new_merchant("Third", "third.example"), now())
        .await
        .unwrap();
    let lines = [(shop, "100.00"), (other, "-20.00"), (shop, "50.00")];
    let both = desk.payout(1, asha, None, &lines).await;
    let own = desk.payout(2, asha, None, &[(shop, "1.00")]).await;
    let seen = desk.seen_by(shop).await;
    assert_eq!(seen, [(own, "1.00".to_owned(), 1), (both, "150.00".to_owned(), 2)]);
    assert_eq!(desk.seen_by(other).await, [(both, "-20.00".to_owned(), 1)]);
    assert_eq!(desk.seen_by(third).await, []);
    let mut connection = desk.pool().acquire().await.unwrap();
    let lines = read_payout::lines(&mut connection, "live", other.0, both, 10).await.unwrap();
    let subjects: Vec<_> = lines.iter().map(|line| line.subject.as_str()).collect();
    assert_eq!(subjects, ["com_1_1"]);
    let lines = read_payout::lines(&mut connection, "test", other.0, both, 10).await.unwrap();
    assert_eq!(lines, []);
}
