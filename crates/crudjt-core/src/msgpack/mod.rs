//! MessagePack that others packed: where a value ends, whether bytes are one well-formed map, how
//! many bytes it takes in the most compact encoding, and which template it matches.
//!
//! Invariants: one pass, no allocation, no recursion; the work is bounded by the number of bytes,
//! whatever lengths they claim; no input causes a panic. The compact size is never more than the
//! bytes given, and is what the library's own encoder takes for the same values; only a float of 32
//! bits, which that encoder never writes, counts as it is.

mod compact;
mod leaf;
mod map_matcher;
mod reader;
mod text_table;
mod walk;

pub use leaf::{Leaves, MAX_LEAVES};
pub use map_matcher::MapMatcher;
use walk::Walk;

/// Maximum depth of nested containers, including the map itself.
pub const DEPTH_LIMIT: usize = 128;

/// Why bytes are not valid data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Malformed {
    /// Not exactly one value: an unknown code, truncated, followed by more bytes, or text that is
    /// not UTF-8.
    Syntax,
    /// A value, but not a map.
    NotMap,
    /// Containers nested deeper than [`DEPTH_LIMIT`].
    TooDeep,
}

/// Checks that `bytes` are one map and returns the size of its most compact encoding.
///
/// # Errors
/// [`Malformed`], for the first violation.
pub fn measure(bytes: &[u8]) -> Result<usize, Malformed> {
    let mut walk = Walk::new(bytes);
    let size = match bytes.first() {
        Some(0x80..=0x8f | 0xde | 0xdf) => walk.whole_value()?,
        Some(_) => return Err(Malformed::NotMap),
        None => return Err(Malformed::Syntax),
    };
    if walk.rest.0.is_empty() { Ok(size) } else { Err(Malformed::Syntax) }
}

/// The size in bytes of the value at the front of `bytes`, with everything in it.
///
/// # Errors
/// [`Malformed::Syntax`], [`Malformed::TooDeep`].
pub(crate) fn length(bytes: &[u8]) -> Result<usize, Malformed> {
    let mut walk = Walk::new(bytes);
    walk.whole_value()?;
    Ok(bytes.len() - walk.rest.0.len())
}
