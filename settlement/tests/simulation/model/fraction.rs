//! Exact fractions of whole numbers: the model never meets a decimal.

use std::cmp::Ordering;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fraction {
    over: i128,
    under: i128,
}

fn common(one: i128, two: i128) -> i128 {
    if two == 0 { one.abs().max(1) } else { common(two, one % two) }
}

impl Fraction {
    pub const ZERO: Self = Self { over: 0, under: 1 };

    pub fn of(over: i64, under: i64) -> Self {
        Self::reduced(i128::from(over), i128::from(under))
    }

    fn reduced(over: i128, under: i128) -> Self {
        let divisor = common(over, under);
        Self { over: over / divisor, under: under / divisor }
    }

    pub fn plus(self, other: Self) -> Self {
        let shared = common(self.under, other.under);
        let over = self.over * (other.under / shared) + other.over * (self.under / shared);
        Self::reduced(over, self.under / shared * other.under)
    }

    pub fn times(self, other: Self) -> Self {
        let (left, right) = (common(self.over, other.under), common(other.over, self.under));
        Self {
            over: (self.over / left) * (other.over / right),
            under: (self.under / right) * (other.under / left),
        }
    }

    /// One over it; it is not zero.
    pub fn upside_down(self) -> Self {
        Self { over: self.under, under: self.over }
    }

    pub fn is_above(self, other: Self) -> bool {
        self.over * other.under > other.over * self.under
    }

    /// To a whole number; a half goes to the even neighbour.
    pub fn rounded(self) -> i64 {
        let whole = self.over.div_euclid(self.under);
        let twice_rest = 2 * self.over.rem_euclid(self.under);
        let up = match twice_rest.cmp(&self.under) {
            Ordering::Less => 0,
            Ordering::Equal => whole % 2,
            Ordering::Greater => 1,
        };
        i64::try_from(whole + up).expect("amounts of a history are small")
    }
}
