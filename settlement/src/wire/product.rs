//! Products as merchants read them, and what became of those they wrote.

use super::{amount, at, commission_terms};
use crate::domain::catalogue::Written;
use crate::store::product::CatalogueRow;
use crate::store::rule::{ENDED, ShownRuleRow};
use serde::Serialize;
use shared::validate::resource::RowFault;
use utoipa::ToSchema;

/// A product as its merchant described it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Product {
    /// The merchant's SKU, 1 to 160 characters: what `externalProductId` and items name.
    pub sku: String,
    /// Shown to affiliates, 1 to 160 characters.
    pub name: String,
    /// Price of one unit: a decimal string with the currency's digits.
    #[schema(example = "2999.00")]
    pub price: String,
    /// ISO 4217; the merchant's unless set otherwise.
    #[schema(example = "NPR")]
    pub currency: String,
    /// Its page: https, on the merchant's approved domain or below it, at most 2,048 bytes.
    pub url: String,
    /// Its picture: https, on any host, at most 2,000 bytes.
    pub image_url: Option<String>,
    /// The merchant's own word for what it is, at most 160 characters.
    pub category: Option<String>,
    /// `in_stock` or `out_of_stock`.
    pub stock: String,
    /// Its own commission; null: its campaign's.
    pub commission: Option<commission_terms::Shown>,
    /// When it was first put in.
    pub created_at: String,
    /// When something of it last changed.
    pub updated_at: String,
}

/// What became of a bulk call's rows, in their order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ProductResults {
    /// One entry per row sent.
    pub results: Vec<ProductResult>,
}

/// What became of one row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(untagged)]
pub enum ProductResult {
    /// It was taken.
    Taken {
        /// Its SKU.
        sku: String,
        /// `created`, `updated` or `unchanged`.
        status: &'static str,
    },
    /// It was not; nothing of it changed.
    Refused {
        /// Its SKU, where it could be read.
        #[serde(skip_serializing_if = "Option::is_none")]
        sku: Option<String>,
        /// The error code.
        code: &'static str,
        /// Every fault, each naming its field.
        message: Vec<String>,
    },
}

impl Product {
    /// Of a row and the last version of its own rule.
    pub fn of(row: &CatalogueRow, rule: Option<&ShownRuleRow>) -> Self {
        Self {
            sku: row.sku.clone(),
            name: row.name.clone(),
            price: amount(row.price, &row.currency),
            currency: row.currency.clone(),
            url: row.url.clone(),
            image_url: row.image_url.clone(),
            category: row.category.clone(),
            stock: row.stock.clone(),
            commission: rule.filter(|rule| rule.kind != ENDED).map(commission_terms::shown),
            created_at: at(row.created_at),
            updated_at: at(row.updated_at),
        }
    }
}

impl ProductResult {
    /// Of a row's fate.
    pub fn of(row: Result<(String, Written), RowFault>) -> Self {
        match row {
            Ok((sku, written)) => Self::Taken { sku, status: written.as_str() },
            Err(RowFault { sku, faults }) => {
                Self::Refused { sku, code: faults.code().as_str(), message: faults.into_messages() }
            }
        }
    }
}
