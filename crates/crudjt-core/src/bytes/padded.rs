//! What threads write all the time, in lines of the processor's cache of its own: else every write takes
//! from the other processors what only happens to lie beside it.

use std::ops::Deref;

/// Alone in its lines: processors fetch them in pairs.
#[derive(Default)]
#[repr(align(128))]
pub(crate) struct CachePadded<T>(pub(crate) T);

impl<T> Deref for CachePadded<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}
