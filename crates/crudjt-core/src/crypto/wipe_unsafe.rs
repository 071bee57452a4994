//! ring's keys, wiped when dropped; ring itself leaves them in memory.

use std::mem::ManuallyDrop;

use ring::{aead, hmac};
use zeroize::zeroize_flat_type;

/// A type of ring's whose values own no memory but their own: a key's expanded form, and static
/// references to its algorithm.
pub(super) trait FlatKey {}

impl FlatKey for aead::LessSafeKey {}
impl FlatKey for hmac::Key {}

pub(super) struct Wiped<K: FlatKey>(ManuallyDrop<K>);

impl<K: FlatKey> Wiped<K> {
    pub(super) fn new(key: K) -> Wiped<K> {
        Wiped(ManuallyDrop::new(key))
    }

    pub(super) fn get(&self) -> &K {
        &self.0
    }
}

impl<K: FlatKey> Drop for Wiped<K> {
    fn drop(&mut self) {
        let key: *mut K = &mut *self.0;
        // SAFETY: the key is never used or dropped again (it is in a ManuallyDrop that is being
        // dropped), it owns no other memory (`FlatKey`), and access to its memory is exclusive here.
        unsafe { zeroize_flat_type(key) }
    }
}
