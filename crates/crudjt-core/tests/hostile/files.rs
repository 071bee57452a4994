//! Any files as a store: those of a small one, changed in any way and, if told so, with checksums
//! that fit, as somebody makes them who may write the files but has no key. What then opens shows
//! only data that was once written, goes on working, and what does not is refused with a code;
//! neither verifying nor repairing panics, hangs or takes memory without bound, nor does opening with
//! `check_pages`. Without it redb may abort the process over a forged B-tree.

use std::backtrace::Backtrace;
use std::sync::{LazyLock, Once};

use crudjt_core::fuzzing::make_checksums_fit;
use crudjt_core::{Error, OUT_BYTES, Options, Reading, Repair, Store, repair, verify};

use crate::common::{World, limits, patient};
use crate::trial::damage::{ExpectedRead, Files, fixture, world_of};

static STORES: LazyLock<[(Files, Vec<ExpectedRead>); 2]> =
    LazyLock::new(|| ["closed", "killed"].map(fixture));

const CODES: [&str; 3] = ["ERR_CRUDJT_DAMAGED", "ERR_CRUDJT_STORAGE", "ERR_CRUDJT_VERSION"];

/// The first byte chooses a store (1), whether checksums are to fit (2), whether those of the
/// B-tree are too (4), and what is done (24); then come changes.
pub fn run(bytes: &[u8]) {
    expect_panics_in_redb();
    let Some((choice, bytes)) = bytes.split_first() else { return };
    let (files, tokens) = &STORES[usize::from(choice & 1)];
    let mut files = files.clone();
    let mut changes = Changes(bytes);
    while changes.next(&mut files).is_some() {}
    for (name, bytes) in &mut files {
        if choice & if name == "records" { 4 } else { 2 } != 0 {
            make_checksums_fit(name, bytes);
        }
    }
    let world = world_with(&files);
    match choice >> 3 & 3 {
        0 => _ = told(verify(&world.options(), &mut |_, _| ())),
        1 => mend(&world, tokens),
        _ => _ = open(&checked(&world), tokens, choice & 4 != 0),
    }
}

/// Verifies and opens a store whose B-tree's file has one bit flipped, with checksums that fit: each
/// bit of each `step`th byte in use, with and without `check_pages`. Whatever is refused, `verify`
/// finds. Gives the number of cases and of those that `check_pages` refuses.
pub fn forge(store: &str, step: usize) -> (usize, usize) {
    expect_panics_in_redb();
    let (files, tokens) = fixture(store);
    let whole = &files["records"];
    let places = (4096..whole.len()).filter(|at| whole[*at] != 0).step_by(step);
    let (mut cases, mut refused) = (0, 0);
    for (at, bit) in places.flat_map(|at| (0..8).map(move |bit| (at, bit))) {
        let mut files = files.clone();
        let bytes = files.get_mut("records").unwrap();
        bytes[at] ^= 1 << bit;
        make_checksums_fit("records", bytes);
        let world = world_with(&files);
        let is_sound = told(verify(&world.options(), &mut |_, _| ()))
            .is_some_and(|verified| verified.is_sound());
        let plainly = open(&world_with(&files).options(), &tokens, true);
        let is_open = open(&checked(&world), &tokens, true);
        assert!(plainly && is_open || !is_sound, "bit {bit} of byte {at}: verify calls it sound");
        cases += 1;
        refused += usize::from(!is_open);
    }
    (cases, refused)
}

fn world_with(files: &Files) -> World {
    World { spare_thread: false, ..world_of(files) }
}

fn checked(world: &World) -> Options {
    Options { check_pages: true, ..world.options() }
}

fn mend(world: &World, tokens: &[ExpectedRead]) {
    if let Some(repaired) = told(repair(&world.options(), &Repair::default(), &mut |_, _| ())) {
        let store = Store::open(World { path: repaired.path, ..world.clone() }.options()).unwrap();
        look(&store, tokens);
    }
}

/// What opens shows its tokens, takes writes, or says why not, and keeps them, unless the B-tree is
/// forged: its maker can hide tokens, as by deleting the file. Gives whether it opens.
fn open(options: &Options, tokens: &[ExpectedRead], is_forged: bool) -> bool {
    let Some(store) = told(Store::open(options.clone())) else { return false };
    look(&store, tokens);
    let made = told(patient(&store, || store.create(b"new", limits(None, None))));
    let swept = told(store.sweep()).is_some() & told(store.checkpoint()).is_some();
    let closed = told(store.close()).is_some();
    let Some(token) = made.filter(|_| swept && closed) else { return true };
    let mut out = vec![0; OUT_BYTES];
    let Some(store) = told(Store::open(options.clone())) else { return true };
    if let Some(reading) = told(store.read(token.as_bytes(), None, &mut out)) {
        let is_hidden = is_forged && matches!(reading, Reading::Absent);
        assert!(is_hidden || matches!(reading, Reading::Found(_, 3)), "{reading:?}");
    }
    true
}

/// What was asked for, or nothing if it was refused in the right way.
fn told<T>(result: Result<T, Error>) -> Option<T> {
    if let Err(error) = &result {
        assert!(CODES.contains(&error.code()), "{}: {error}", error.code());
    }
    result.ok()
}

/// No token shows what was never written. An older state is possible: files can be put back.
fn look(store: &Store, tokens: &[ExpectedRead]) {
    let mut out = vec![0; OUT_BYTES];
    for (token, _) in tokens {
        if let Some(Reading::Found(_, length)) = told(store.read(token.as_bytes(), None, &mut out))
        {
            let text = std::str::from_utf8(&out[..length]).unwrap();
            let number = text.strip_prefix("state ").and_then(|rest| rest.get(..6));
            assert!(number.is_some_and(|number| number.parse::<u32>().is_ok()), "{text}");
        }
    }
}

/// Changes to files, out of bytes.
struct Changes<'a>(&'a [u8]);

impl Changes<'_> {
    fn next(&mut self, files: &mut Files) -> Option<()> {
        let [what, which, high, low, value] = self.take()?;
        let count = files.len();
        let bytes = files.values_mut().nth(usize::from(which) % count)?;
        let (length, fine) = (bytes.len(), usize::from(u16::from_be_bytes([high, low])));
        // Either any of the first 64 KiB or any sector of the whole file.
        let at = if what & 8 == 0 { fine } else { fine * 512 };
        let end = length.min(at + 64 * (1 + usize::from(value)));
        match what % 8 {
            0 | 1 => *bytes.get_mut(at)? ^= value.max(1),
            2 => *bytes.get_mut(at..at + 8)?.first_chunk_mut()? = self.take::<8>()?,
            3 => bytes.truncate(at),
            4 => bytes.get_mut(at..end)?.fill(value),
            5 => bytes.resize(length.max(at).min(1 << 20), value),
            6 => {
                let from = usize::from(u16::from_be_bytes(self.take()?));
                (from + end.saturating_sub(at) <= length && at < end).then_some(())?;
                bytes.copy_within(from..from + (end - at), at);
            }
            _ => *bytes = std::mem::take(&mut self.0).to_vec(),
        }
        Some(())
    }

    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (taken, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*taken)
    }
}

/// A panic in redb is met by the engine, which makes it an error; any other ends the process.
fn expect_panics_in_redb() {
    static SET: Once = Once::new();
    SET.call_once(|| {
        let usual = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            let in_redb = |place: &std::panic::Location<'_>| place.file().contains("/redb-");
            // One of the standard library's may be redb's too, as where it asks for too much memory.
            let is_guarded = || Backtrace::force_capture().to_string().contains("guarded<");
            if !panic.location().is_some_and(in_redb) && !is_guarded() {
                usual(panic);
            }
        }));
    });
}
