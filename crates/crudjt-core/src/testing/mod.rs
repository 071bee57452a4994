//! Back doors for tests and benchmarks into what is private elsewhere. Not part of the API.

/// A fault switch: `sabotage!(Breakage, statement)` also runs the statement, and
/// `sabotage!(Breakage, let name = value)` replaces the value, while a test has that
/// [`sabotage::Breakage`] switched on. Expands to nothing without the feature `sabotage`.
#[cfg(feature = "sabotage")]
macro_rules! sabotage {
    ($breakage:ident, let $name:ident = $value:expr) => {
        let $name = if !$crate::sabotage::is_on($crate::sabotage::Breakage::$breakage) {
            $name
        } else {
            $value
        };
    };
    ($breakage:ident, $statement:expr) => {
        if $crate::sabotage::is_on($crate::sabotage::Breakage::$breakage) {
            $statement;
        }
    };
}

#[cfg(not(feature = "sabotage"))]
macro_rules! sabotage {
    ($($nothing:tt)*) => {};
}

pub mod bench_parts;
pub mod fuzzing;
#[cfg(feature = "sabotage")]
pub mod sabotage;
