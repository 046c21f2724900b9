//! Everything wrong with one request body, collected in one pass.

use crate::problem::Code;

/// The faults of a body, each a sentence that names its field.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Faults {
    messages: Vec<String>,
    order_status: bool,
    domain: bool,
}

/// Faults listed at most; a body of thousands of wrong items is not answered with a book.
pub const FAULTS_LISTED_MAX: usize = 50;

impl Faults {
    /// Adds a fault.
    pub fn push(&mut self, message: impl Into<String>) {
        if self.messages.len() < FAULTS_LISTED_MAX {
            self.messages.push(message.into());
        }
    }

    /// Adds the one fault that has a code of its own: `status` outside its list.
    pub fn push_order_status(&mut self, message: impl Into<String>) {
        self.order_status = true;
        self.push(message);
    }

    /// Adds a fault with a code of its own: a URL off the merchant's approved domain.
    pub fn push_domain(&mut self, message: impl Into<String>) {
        self.domain = true;
        self.push(message);
    }

    /// Adds the faults of a part.
    pub fn extend(&mut self, part: Faults) {
        self.order_status |= part.order_status;
        self.domain |= part.domain;
        part.messages.into_iter().for_each(|message| self.push(message));
    }

    /// The code of the answer: the fault that has one of its own decides (EDGE §2).
    pub fn code(&self) -> Code {
        if self.order_status {
            Code::OrderStatusInvalid
        } else if self.domain {
            Code::MerchantDomainInvalid
        } else {
            Code::ValidationError
        }
    }

    /// Whether nothing was found.
    pub fn is_empty(&self) -> bool {
        self.messages.is_empty()
    }

    /// Whether `status` was outside its list.
    pub fn has_order_status(&self) -> bool {
        self.order_status
    }

    /// The sentences, in the order found, to look at.
    pub fn messages(&self) -> &[String] {
        &self.messages
    }

    /// The sentences, in the order found.
    pub fn into_messages(self) -> Vec<String> {
        self.messages
    }
}
