//! Places in the logs of notices: each group has 256 of them, whether it fills them or not.

/// Places that one group takes, and so notices of one group at most.
pub const PLACES_PER_GROUP: i64 = 256;

/// The group that a notice's place is in.
pub fn group_of(place: i64) -> i64 {
    place / PLACES_PER_GROUP
}

/// The place of a group's first notice; the last of all for a group beyond every place.
pub fn first_of(group: i64) -> i64 {
    group.saturating_mul(PLACES_PER_GROUP)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_s_places_lie_between_its_first_and_the_next_group_s() {
        for group in [0, 1, 7, i64::MAX / PLACES_PER_GROUP - 1] {
            let (first, next) = (first_of(group), first_of(group + 1));
            assert_eq!((group_of(first), group_of(next - 1), group_of(next)), {
                (group, group, group + 1)
            });
        }
        assert_eq!(first_of(i64::MAX), i64::MAX);
    }
}
