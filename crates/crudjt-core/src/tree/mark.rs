//! The applied mark: up to where the journal is in the B-tree.

use crate::bytes::ByteReader;
use crate::journal::Applied;

/// What is committed together with the records it speaks of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct AppliedMark {
    /// The last journal entry in the B-tree.
    pub(crate) applied: Applied,
    /// The highest id ever given.
    pub(crate) highest_id: u64,
    /// The newest wall time seen, in milliseconds since 1970.
    pub(crate) newest_time: u64,
}

impl AppliedMark {
    /// The mark of a new store.
    pub(crate) const FIRST: AppliedMark =
        AppliedMark { applied: Applied { sequence: 0, chain: 0 }, highest_id: 0, newest_time: 0 };

    pub(super) fn to_bytes(self) -> Vec<u8> {
        let fields = [self.applied.sequence, self.applied.chain, self.highest_id, self.newest_time];
        fields.iter().flat_map(|field| field.to_le_bytes()).collect()
    }

    pub(super) fn parse(bytes: &[u8]) -> Option<AppliedMark> {
        let mut reader = ByteReader(bytes);
        let applied = Applied { sequence: reader.counter()?, chain: reader.u64()? };
        Some(AppliedMark { applied, highest_id: reader.counter()?, newest_time: reader.u64()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_round_trips() {
        let mark = AppliedMark {
            applied: Applied { sequence: 1, chain: 2 },
            highest_id: 3,
            newest_time: 4,
        };
        assert_eq!(AppliedMark::parse(&mark.to_bytes()), Some(mark));
        assert_eq!(AppliedMark::parse(&mark.to_bytes()[..31]), None);
        let made_up = AppliedMark { highest_id: u64::MAX, ..mark };
        assert_eq!(AppliedMark::parse(&made_up.to_bytes()), None);
    }
}
