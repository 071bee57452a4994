//! Memory as words of 64 bits, which one side writes and others read at the same time.
//!
//! All loads and stores are relaxed and ordered by fences: memory that is mapped for reading only may
//! be read in no other way. Tests put their own words here, to reorder or to lose stores.

/// Words that are read. Beyond their end they read as 0.
pub trait Words {
    /// Loads a word; relaxed.
    fn load(&self, at: usize) -> u64;
    /// What is loaded after it was written no earlier than what was loaded before it.
    fn acquire(&self);
}

/// Words that are written too, by one thread at a time. Beyond their end stores do nothing.
pub trait WritableWords: Words {
    /// Stores a word; relaxed.
    fn store(&self, at: usize, value: u64);
    /// Stores a word after everything that was stored before it.
    fn store_released(&self, at: usize, value: u64);
    /// What is stored after it is seen by nobody who does not also see what was stored before it.
    fn release(&self);
}
