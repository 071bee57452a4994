//! Where what stands in the memory, in words of 64 bits.
//!
//! ```text
//! header, 4096 bytes
//!   0  [u8; 8]  "crudjtS1": the last character is the version of this layout
//!   8  u64      number of sets, a power of two
//!  16  [u8; 16] salt of this shelf, random
//!  32  u64      boot and namespace of the clock; 0 if unknown
//!  40  u64      the store's time minus the clock, milliseconds; wraps
//!  64  u64      state: 1 open, 2 closed
//! 128  u64      the newest time that the store has told, milliseconds since 1970
//! sets of 4 slots of 512 bytes
//!   0  u64      sequence; odd while the slot is written
//!   8  u64      nonce; 0 in an empty slot
//!  16  [u8; 16] name
//!  32  u64      bytes of data
//!  40  …        sealed: the data, then u64 expiry (the maximum for never); 16 bytes of tag
//! ```
//!
//! `name ‖ key = SHA-256("crudjt shelf 1\0\0" ‖ salt ‖ token)`, 16 bytes each, for the token's 16 bytes.
//! The first word of the name chooses the set.

/// The magic number, with the version of the layout.
pub(crate) const MAGIC: u64 = u64::from_le_bytes(*b"crudjtS1");
/// The state of a shelf that is filled and read.
pub(crate) const OPEN: u64 = 1;
/// The state of one that its master has closed.
pub(crate) const CLOSED: u64 = 2;

/// Words of the header.
pub(crate) const HEADER: usize = 4096 / 8;
pub(crate) const AT_MAGIC: usize = 0;
pub(crate) const AT_SETS: usize = 1;
pub(crate) const AT_SALT: usize = 2;
pub(crate) const AT_BOOT: usize = 4;
pub(crate) const AT_OFFSET: usize = 5;
pub(crate) const AT_STATE: usize = 8;
pub(crate) const AT_NEWEST: usize = 16;

/// Slots of a set.
pub(crate) const WAYS: usize = 4;
/// Words of a slot.
pub(crate) const SLOT: usize = 512 / 8;
/// Words of a slot after its sequence.
pub(crate) const CONTENT: usize = SLOT - 1;
/// In the content of a slot.
pub(crate) const AT_NONCE: usize = 0;
pub(crate) const AT_NAME: usize = 1;
pub(crate) const AT_LENGTH: usize = 3;
pub(crate) const AT_SEALED: usize = 4;
/// What stands after the data: expiry and tag.
pub(crate) const EXPIRY: usize = 8;
pub(crate) const TAG: usize = 16;

/// The size of a buffer that has room for any copy while it is opened, in bytes.
pub const OUT_BYTES: usize = (CONTENT - AT_SEALED) * 8;
/// The longest data that finds room on a shelf, in bytes.
pub const MAX_COPY_SIZE: usize = OUT_BYTES - EXPIRY - TAG;

/// The largest number of sets: 1 GiB.
const MAX_SETS: usize = 1 << 19;
const SET_BYTES: usize = WAYS * SLOT * 8;

/// The size of a shelf.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Geometry {
    sets: usize,
}

impl Geometry {
    /// The largest within so many bytes of slots; at least one set.
    pub(crate) fn within(bytes: usize) -> Geometry {
        let sets = (bytes / SET_BYTES).clamp(1, MAX_SETS);
        Geometry { sets: 1 << sets.ilog2() }
    }

    /// That of a file of this size; `None` if no shelf has it.
    pub(crate) fn of_size(bytes: u64) -> Option<Geometry> {
        let slots = usize::try_from(bytes).ok()?.checked_sub(HEADER * 8)?;
        let geometry = Geometry { sets: slots / SET_BYTES };
        let fits = geometry.sets.is_power_of_two() && geometry.sets <= MAX_SETS;
        (fits && geometry.bytes() as u64 == bytes).then_some(geometry)
    }

    /// Bytes of the whole memory.
    pub(crate) fn bytes(self) -> usize {
        HEADER * 8 + self.sets * SET_BYTES
    }

    pub(crate) fn sets(self) -> usize {
        self.sets
    }

    pub(crate) fn slots(self) -> usize {
        self.sets * WAYS
    }

    /// The slots in which a name may be.
    pub(crate) fn slots_of(self, name: [u64; 2]) -> std::ops::Range<usize> {
        let [chooser, _] = name;
        let first = (chooser as usize & (self.sets - 1)) * WAYS;
        first..first + WAYS
    }
}

/// The word at which a slot begins.
pub(crate) fn begin(slot: usize) -> usize {
    HEADER + slot * SLOT
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_tells_the_number_of_sets_and_no_other_size_does() {
        for bytes in [0, 1, 2048, 5000, 1 << 20, (1 << 25) - 1, 1 << 25, usize::MAX] {
            let geometry = Geometry::within(bytes);
            assert!(geometry.sets <= (bytes / 2048).max(1) && geometry.sets <= MAX_SETS);
            let size = geometry.bytes() as u64;
            assert_eq!(Geometry::of_size(size), Some(geometry));
            for other in [size - 1, size + 1, size + 512, size + 2048 * (geometry.sets as u64 + 1)]
            {
                assert_eq!(Geometry::of_size(other), None);
            }
        }
        for size in [0, 4095, 4096, u64::MAX] {
            assert_eq!(Geometry::of_size(size), None);
        }
    }

    #[test]
    fn every_name_is_in_one_set() {
        let geometry = Geometry::within(8 * SET_BYTES);
        for name in 0..100u64 {
            let slots = geometry.slots_of([name.wrapping_mul(0x9E37_79B9_7F4A_7C15), 7]);
            assert!(
                slots.len() == WAYS
                    && slots.start.is_multiple_of(WAYS)
                    && slots.end <= geometry.slots()
            );
        }
        let last = begin(geometry.slots() - 1) + SLOT;
        assert_eq!(last * 8, geometry.bytes());
    }
}
