//! Damage to a small store: what is done to its files, and whether what then happens is allowed.

mod case;
mod fixture;
mod image;
mod outcome;

pub use case::{Case, cases};
pub use fixture::{fixture, fixture_path, save_fixture};
pub use image::{ExpectedRead, Files, Image, world_of};
pub use outcome::{Outcome, judge};
