//! Whether what happens with a damaged store is allowed: true data, or an absence that is counted,
//! or an error, or a refusal that `repair` does something about; never anything else.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crudjt_core::{OUT_BYTES, Reading, Repair, Store, repair, verify};

use super::case::Case;
use super::image::{ExpectedRead, Image, world_of};
use crate::common::World;

/// What happened, as one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    AllTrue,
    /// Some records read as absent, which is counted.
    Absent(Salvaged),
    /// Some reads were errors.
    Errors(Salvaged),
    /// Not opened.
    Refused(Salvaged),
    /// Not opened, and nothing to salvage with: no keyring.
    Beyond,
    /// What must never happen.
    Wrong(String),
}

/// How many of how many tokens `repair` salvages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Salvaged(pub usize, pub usize);

/// Opens the damaged store and looks at every token.
pub fn judge(image: &Image, case: &Case) -> Outcome {
    let judged = catch_unwind(AssertUnwindSafe(|| look(image, case)));
    judged.unwrap_or_else(|_| Outcome::Wrong("a panic".to_owned()))
}

fn look(image: &Image, case: &Case) -> Outcome {
    let world = world_of(&case.apply(image));
    let is_sound =
        verify(&world.options(), &mut |_, _| ()).is_ok_and(|verified| verified.is_sound());
    let copy = World { disk: world.disk.copy(), ..world.clone() };
    let outcome = match world.try_open() {
        Ok(store) => match reading(&store, &image.tokens) {
            Read::AllTrue => Outcome::AllTrue,
            Read::Absent => salvage(&copy, &image.tokens, Outcome::Absent),
            Read::Errors => salvage(&copy, &image.tokens, Outcome::Errors),
            Read::Wrong(what) => Outcome::Wrong(what),
        },
        Err(error) if is_told(error.code()) => salvage(&copy, &image.tokens, Outcome::Refused),
        Err(error) => Outcome::Wrong(format!("refused with {}", error.code())),
    };
    match outcome {
        Outcome::Wrong(_) | Outcome::AllTrue => outcome,
        _ if is_sound => Outcome::Wrong(format!("{outcome:?}, but verify calls it sound")),
        _ => outcome,
    }
}

fn is_told(code: &str) -> bool {
    ["ERR_CRUDJT_DAMAGED", "ERR_CRUDJT_STORAGE", "ERR_CRUDJT_VERSION"].contains(&code)
}

/// What the reads of an opened store gave.
enum Read {
    AllTrue,
    Absent,
    Errors,
    Wrong(String),
}

fn reading(store: &Store, tokens: &[ExpectedRead]) -> Read {
    let (mut absent, mut errors) = (0, 0);
    let mut out = vec![0; OUT_BYTES];
    for (token, expected) in tokens {
        match (store.read(token.as_bytes(), None, &mut out), expected) {
            (Ok(Reading::Found(_, length)), Some(data)) if out[..length] == data[..] => {}
            (Ok(Reading::Found(..)), Some(_)) => {
                return Read::Wrong("an older state".to_owned());
            }
            (Ok(Reading::Found(..)), None) => return Read::Wrong("a revived token".to_owned()),
            (Ok(_), None) => {}
            (Ok(_), Some(_)) => absent += 1,
            (Err(error), _) if is_told(error.code()) => errors += 1,
            (Err(error), _) => return Read::Wrong(format!("a read gave {}", error.code())),
        }
    }
    let counted = store.stats().map_or(0, |stats| stats.damaged_records);
    match (absent, errors) {
        (0, 0) => Read::AllTrue,
        (_, 1..) => Read::Errors,
        _ if counted > 0 => Read::Absent,
        _ => Read::Wrong(format!("{absent} tokens silently absent")),
    }
}

fn salvage(world: &World, tokens: &[ExpectedRead], outcome: fn(Salvaged) -> Outcome) -> Outcome {
    let repaired = match repair(&world.options(), &Repair::default(), &mut |_, _| ()) {
        Ok(repaired) => repaired,
        Err(error) if is_told(error.code()) => return Outcome::Beyond,
        Err(error) => return Outcome::Wrong(format!("repair gave {}", error.code())),
    };
    let copy = World { path: repaired.path, ..world.clone() };
    let store = match copy.try_open() {
        Ok(store) => store,
        Err(error) => return Outcome::Wrong(format!("what was repaired does not open: {error}")),
    };
    let (mut there, mut out) = (0, vec![0; OUT_BYTES]);
    for (token, expected) in tokens {
        match (store.read(token.as_bytes(), None, &mut out), expected) {
            (Ok(Reading::Found(_, length)), Some(data)) if out[..length] == data[..] => there += 1,
            (Ok(Reading::Absent), _) => {}
            (found, _) => return Outcome::Wrong(format!("repaired, a token reads {found:?}")),
        }
    }
    outcome(Salvaged(there, tokens.iter().filter(|(_, data)| data.is_some()).count()))
}
