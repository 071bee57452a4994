//! A back door for tests: guards that can be left out. Nothing of it ships.

/// A fault switch: `sabotage!(Breakage, statement)` also runs the statement while a test has that
/// [`sabotage::Breakage`] switched on. Expands to nothing without the feature `sabotage`.
#[cfg(feature = "sabotage")]
macro_rules! sabotage {
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

#[cfg(feature = "sabotage")]
pub mod sabotage;
