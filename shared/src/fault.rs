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

#[cfg(test)]
mod tests {
    use super::*;

    fn of(messages: usize) -> Faults {
        let mut faults = Faults::default();
        (0..messages).for_each(|n| faults.push(n.to_string()));
        faults
    }

    #[test]
    fn no_more_than_fifty_faults_are_listed_and_those_are_the_first() {
        for (found, listed) in [(0, 0), (1, 1), (49, 49), (50, 50), (51, 50)] {
            let faults = of(found);
            assert_eq!(faults.is_empty(), found == 0);
            assert_eq!(faults.messages().len(), listed);
            let expected: Vec<_> = (0..listed).map(|n| n.to_string()).collect();
            assert_eq!(faults.into_messages(), expected);
        }
    }

    #[test]
    fn a_fault_with_a_code_of_its_own_decides_also_as_a_part() {
        let (mut status, mut domain) = (Faults::default(), Faults::default());
        status.push_order_status("status");
        domain.push_domain("url");
        let cases = [
            (of(1), of(1), Code::ValidationError),
            (of(1), status.clone(), Code::OrderStatusInvalid),
            (status.clone(), of(1), Code::OrderStatusInvalid),
            (of(1), domain.clone(), Code::MerchantDomainInvalid),
            (domain.clone(), of(1), Code::MerchantDomainInvalid),
            (domain, status, Code::OrderStatusInvalid),
        ];
        for (mut whole, part, code) in cases {
            whole.extend(part);
            assert_eq!(whole.code(), code, "{whole:?}");
            assert_eq!(whole.has_order_status(), code == Code::OrderStatusInvalid);
            assert_eq!(whole.messages().len(), 2);
        }
    }
}
