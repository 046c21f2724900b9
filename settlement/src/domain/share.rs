//! How many events of each stream one transaction settles: fair shares of its limit.

/// Divides `events_max` over streams in which so many events wait. A stream that needs less than
/// an even share leaves the rest to the others; each gets at least one while the limit lasts.
pub fn shares(waiting: &[u64], events_max: u64) -> Vec<u64> {
    let mut order: Vec<usize> = (0..waiting.len()).collect();
    order.sort_by_key(|at| waiting[*at]);
    let mut shares = vec![0; waiting.len()];
    let mut left = events_max;
    for (done, at) in order.iter().enumerate() {
        let streams_left = (waiting.len() - done) as u64;
        // Rounded up, so that a limit below the number of streams is used up all the same.
        shares[*at] = waiting[*at].min(left.div_ceil(streams_left));
        left -= shares[*at];
    }
    shares
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_small_streams_leave_goes_to_large_ones() {
        let cases: [(&[u64], u64, &[u64]); 6] = [
            (&[], 10, &[]),
            (&[5], 10, &[5]),
            (&[50], 10, &[10]),
            (&[50, 2, 50], 12, &[5, 2, 5]),
            (&[50, 1, 50, 0], 10, &[5, 1, 4, 0]),
            (&[3, 3, 3], 1, &[1, 0, 0]),
        ];
        for (waiting, events_max, expected) in cases {
            assert_eq!(shares(waiting, events_max), expected, "{waiting:?} of {events_max}");
        }
    }
}
