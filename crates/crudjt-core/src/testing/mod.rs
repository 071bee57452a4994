//! Doors for tests and benches into what is private elsewhere. Nothing here is part of the API.

pub mod bench_parts;
pub mod fuzzing;
pub mod sabotage;
