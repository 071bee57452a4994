//! A ring key that is wiped when dropped; ring itself leaves it in memory.

use std::mem::ManuallyDrop;

use ring::aead::LessSafeKey;
use zeroize::zeroize_flat_type;

pub(super) struct WipedKey(ManuallyDrop<LessSafeKey>);

impl WipedKey {
    pub(super) fn new(key: LessSafeKey) -> WipedKey {
        WipedKey(ManuallyDrop::new(key))
    }

    pub(super) fn get(&self) -> &LessSafeKey {
        &self.0
    }
}

impl Drop for WipedKey {
    fn drop(&mut self) {
        let key: *mut LessSafeKey = &mut *self.0;
        // SAFETY: the key is never used or dropped again (it is in a ManuallyDrop that is being
        // dropped), it owns no other memory (a ring key is its expanded schedule and a static
        // reference to its algorithm), and access to its memory is exclusive here.
        unsafe { zeroize_flat_type(key) }
    }
}
