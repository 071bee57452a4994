//! Any bytes as a run of operations on a store whose disk loses power, fails or is killed: they say
//! what is done with which token, what a cut leaves and which access fails. Held against a model.

use std::io::ErrorKind;

use crudjt_core::JournalMode;

use crate::trial::disk::Fault;
use crate::trial::power::Trial;
use crate::trial::rng::Rng;

/// Cuts that one run goes through.
const CUTS: u64 = 2;

/// The first bytes say what goes wrong; the others are the numbers that a trial would draw. Where
/// they end it goes on with numbers of its own.
pub fn run(bytes: &[u8]) {
    let Some((&[kind, low, high, cut], rest)) = bytes.split_first_chunk() else { return };
    let journal = if kind & 1 == 0 { JournalMode::Plain } else { JournalMode::Mapped };
    let mut trial = Trial::with(Rng::of(u64::from(kind), rest), kind & 2 != 0, journal);
    let fault = Fault {
        after: usize::from(u16::from_le_bytes([low, high]) % 400),
        kind: if kind & 4 == 0 { ErrorKind::Other } else { ErrorKind::StorageFull },
        partly: kind & 8 != 0,
        on: kind & 16 != 0,
        cut_after: (kind & 32 != 0).then_some(1 + u64::from(cut) % 16),
    };
    match kind >> 6 {
        0 => trial.run(CUTS),
        1 => trial.run_in_copies(usize::from(cut % 16), 1),
        _ if fault.cut_after.is_some() => _ = trial.run_with_cut(fault),
        _ => _ = trial.run_with(fault),
    }
}
