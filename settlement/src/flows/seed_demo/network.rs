//! The demo network as it is told, once, with its secrets.

use shared::id::{AffiliateId, Environment, MerchantId};
use std::fmt;
use uuid::Uuid;

/// Everything that was seeded. `Debug` shows no secret.
#[derive(Debug, Clone)]
pub struct Network {
    /// The operator's account.
    pub operator: Operator,
    /// The merchants.
    pub merchants: Vec<Merchant>,
    /// The affiliates.
    pub affiliates: Vec<Affiliate>,
    /// Links in both environments.
    pub links: Vec<Link>,
}

/// The operator's account.
#[derive(Clone)]
pub struct Operator {
    /// To sign in with.
    pub email: String,
    /// To sign in with.
    pub password: String,
}

/// A merchant, with its account and keys.
#[derive(Clone)]
pub struct Merchant {
    /// Its id.
    pub id: MerchantId,
    /// Its name.
    pub name: String,
    /// Its account's.
    pub email: String,
    /// Its account's.
    pub password: String,
    /// Where its links lead.
    pub approved_domain: String,
    /// ISO 4217.
    pub currency: String,
    /// IANA name.
    pub time_zone: String,
    /// One per environment.
    pub keys: Vec<Key>,
    /// In both environments.
    pub campaigns: Vec<Campaign>,
    /// In both environments.
    pub products: Vec<Product>,
}

/// A key with its secret.
#[derive(Clone)]
pub struct Key {
    /// In which world.
    pub environment: Environment,
    /// `pk_…`
    pub id: String,
    /// `sk_…`
    pub signing_secret: String,
}

/// A campaign with a rule of its own.
#[derive(Debug, Clone)]
pub struct Campaign {
    /// Its id.
    pub id: Uuid,
    /// In which world.
    pub environment: String,
    /// Its name.
    pub name: String,
    /// Of its own rule.
    pub rate_bps: i32,
    /// Days after a click in which an order can earn.
    pub cookie_days: i32,
    /// Days of the return window, with the merchant's default put in.
    pub hold_days: i32,
}

/// A product.
#[derive(Debug, Clone)]
pub struct Product {
    /// In which world.
    pub environment: String,
    /// Its SKU.
    pub sku: String,
    /// Decimal text with the currency's digits.
    pub price: String,
    /// Its page.
    pub url: String,
}

/// An affiliate with its account.
#[derive(Clone)]
pub struct Affiliate {
    /// Its id.
    pub id: AffiliateId,
    /// Its name.
    pub name: String,
    /// Its account's.
    pub email: String,
    /// Its account's.
    pub password: String,
}

/// A link.
#[derive(Debug, Clone)]
pub struct Link {
    /// Its short name.
    pub code: String,
    /// Whose shop.
    pub merchant_id: Uuid,
    /// Who shares it.
    pub affiliate_id: Uuid,
    /// Under which terms.
    pub campaign_id: Uuid,
    /// In which world.
    pub environment: String,
    /// Where it leads.
    pub destination: String,
}

impl fmt::Debug for Operator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Operator").field("email", &self.email).finish_non_exhaustive()
    }
}

impl fmt::Debug for Merchant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Merchant").field("id", &self.id).finish_non_exhaustive()
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Key").field("id", &self.id).finish_non_exhaustive()
    }
}

impl fmt::Debug for Affiliate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Affiliate").field("id", &self.id).finish_non_exhaustive()
    }
}
