//! Random numbers drawn from a pool, so that most clicks need no call out of Wasm.

use std::cell::RefCell;

const POOL_BYTES: usize = 512;

struct Pool {
    bytes: [u8; POOL_BYTES],
    used: usize,
}

thread_local! {
    static POOL: RefCell<Pool> = const {
        RefCell::new(Pool { bytes: [0; POOL_BYTES], used: POOL_BYTES })
    };
}

/// Random bytes nobody else has seen.
pub fn bytes<const N: usize>() -> [u8; N] {
    const { assert!(N <= POOL_BYTES) };
    POOL.with_borrow_mut(|pool| {
        if pool.used + N > POOL_BYTES {
            getrandom::fill(&mut pool.bytes).expect("workerd's crypto.getRandomValues never fails");
            pool.used = 0;
        }
        let mut drawn = [0; N];
        let part = &mut pool.bytes[pool.used..pool.used + N];
        drawn.copy_from_slice(part);
        part.fill(0);
        pool.used += N;
        drawn
    })
}

/// 64 random bits.
pub fn u64() -> u64 {
    u64::from_be_bytes(bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_differ_across_refills() {
        let drawn: std::collections::HashSet<u64> = (0..1_000).map(|_| u64()).collect();
        assert_eq!(drawn.len(), 1_000);
    }
}
