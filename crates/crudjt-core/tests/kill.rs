//! Real processes killed with SIGKILL: what they had acknowledged must be there afterwards.
//!
//! The test runs itself as the child. The child's threads change tokens of their own, 64 operations
//! in flight, and print a line before each operation and one after it was acknowledged; meanwhile
//! it rotates, checkpoints and sweeps. The parent kills it at a random moment, opens the store and
//! holds it against the lines.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use crudjt_core::{Change, Error, JournalMode, Limits, OUT_BYTES, Options, Reading, Secret, Store};

const CHILD: &str = "CRUDJT_KILL_CHILD";
const THREADS: usize = 64;
const ROUNDS: u32 = 12;
const SIGKILL: i32 = 9;

fn options(path: &Path, journal: JournalMode) -> Options {
    let secret = Secret::from_base64("a2lsbCB0ZXN0IGtleSwgbm90IHVzZWQgZWxzZXdoZXI=").unwrap();
    let mut options = Options::new(path, vec![secret]);
    options.journal = journal;
    options.lock_wait = Duration::from_secs(5);
    options.environment.segment_bytes = 64 << 10;
    options.environment.memtable_age = 20;
    options.sync_interval = Duration::from_millis(20);
    options
}

fn patient<T>(store: &Store, mut call: impl FnMut() -> Result<T, Error>) -> T {
    loop {
        match call() {
            Err(Error::Busy) => store.wait_for_room().unwrap(),
            result => return result.unwrap(),
        }
    }
}

/// One line, whole: what is shorter than a pipe's buffer is written at once.
fn say(line: &str) {
    std::io::stdout().write_all(format!("{line}\n").as_bytes()).unwrap();
}

fn child(path: &Path, journal: JournalMode) -> ! {
    let store = Arc::new(Store::open(options(path, journal)).unwrap());
    say("open");
    for thread in 0..THREADS {
        let store = store.clone();
        std::thread::spawn(move || work(&store, thread));
    }
    loop {
        store.checkpoint().unwrap();
        store.sweep().unwrap();
        std::thread::sleep(Duration::from_millis(3));
    }
}

fn work(store: &Store, thread: usize) {
    let limits = |reads| Limits { ttl: Some(1_000), reads };
    let mut out = vec![0; OUT_BYTES];
    for turn in 0.. {
        let name = format!("{thread}.{turn}");
        let brief = Limits { ttl: Some(1), reads: None };
        patient(store, || store.create(b"swept soon", brief));
        let token = patient(store, || store.create(name.as_bytes(), limits(None)));
        let text = token.as_str();
        say(&format!("is {text} {name}"));
        say(&format!("will {text} {name}+"));
        assert!(patient(store, || store.update(
            token.as_bytes(),
            format!("{name}+").as_bytes(),
            Change::Replace(limits(Some(3)))
        )));
        say(&format!("is {text} {name}+ 3"));
        for left in (0..3).rev().take(turn % 4) {
            say(&format!("will {text} {name}+ {left}"));
            assert!(matches!(
                patient(store, || store.read(token.as_bytes(), None, &mut out)),
                Reading::Found(..)
            ));
            say(&format!("is {text} {name}+ {left}"));
        }
        if turn % 4 != 3 && turn % 3 == 0 {
            say(&format!("will {text} gone"));
            assert!(patient(store, || store.delete(token.as_bytes())));
            say(&format!("is {text} gone"));
        }
    }
}

/// What the lines say of one token: how it was last acknowledged, and what was under way.
#[derive(Default, Debug)]
struct Told {
    is: String,
    will: Option<String>,
}

fn told(lines: impl Iterator<Item = String>) -> HashMap<String, Told> {
    let mut tokens: HashMap<String, Told> = HashMap::new();
    for line in lines {
        let mut words = line.splitn(3, ' ');
        let (verb, token, state) = (words.next().unwrap(), words.next(), words.next());
        let (Some(token), Some(state)) = (token, state) else { continue };
        let told = tokens.entry(token.to_owned()).or_default();
        match verb {
            "is" => *told = Told { is: state.to_owned(), will: None },
            "will" => told.will = Some(state.to_owned()),
            other => panic!("an unknown line: {other}"),
        }
    }
    tokens
}

/// A token's state as the lines put it: its data, and the reads left before this read.
fn state(store: &Store, token: &str) -> String {
    let mut out = vec![0; OUT_BYTES];
    match patient(store, || store.read(token.as_bytes(), None, &mut out)) {
        Reading::Found(meta, length) => {
            let data = String::from_utf8(out[..length].to_vec()).unwrap();
            meta.reads.map_or(data.clone(), |left| format!("{data} {}", left + 1))
        }
        Reading::Absent => "gone".to_owned(),
        Reading::Unchanged(..) => panic!("nothing was known"),
    }
}

fn agrees(found: &str, told: &Told) -> bool {
    let same = |state: &str| {
        found == state
            || (found == "gone" && state.ends_with(" 0"))
            || found == format!("{state} 3")
    };
    same(&told.is) || told.will.as_deref().is_some_and(same)
}

fn round(folder: &Path, journal: JournalMode, delay: Duration) -> HashMap<String, Told> {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["a_killed_process_loses_nothing_it_acknowledged", "--exact", "--nocapture"])
        .env(CHILD, format!("{journal:?}:{}", folder.display()))
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    assert!(lines.any(|line| line == "open"), "the child did not open the store");
    let reader = std::thread::spawn(move || told(lines));
    std::thread::sleep(delay);
    child.kill().unwrap();
    assert_eq!(child.wait().unwrap().signal(), Some(SIGKILL), "the child ended by itself");
    reader.join().unwrap()
}

#[test]
fn a_killed_process_loses_nothing_it_acknowledged() {
    if let Ok(job) = std::env::var(CHILD) {
        let (mode, path) = job.split_once(':').unwrap();
        child(
            Path::new(path),
            if mode == "Plain" { JournalMode::Plain } else { JournalMode::Mapped },
        );
    }
    for journal in [JournalMode::Mapped, JournalMode::Plain] {
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let (mut checked, mut in_flight) = (0, 0);
        for number in 0..ROUNDS {
            // Moments spread over a run of rotations, checkpoints and sweeps.
            let delay =
                Duration::from_micros(u64::from(number.wrapping_mul(2_654_435_761) % 120_000));
            let mut told = round(folder.path(), journal, delay);
            // Every other store is killed a second time before anybody looks.
            if number % 2 == 0 {
                told.extend(round(folder.path(), journal, delay / 3));
            }
            let store = Store::open(options(folder.path(), journal)).unwrap();
            for (token, told) in &told {
                let found = state(&store, token);
                assert!(
                    agrees(&found, told),
                    "{journal:?} round {number}: {token} is {found:?}, told {told:?}"
                );
            }
            checked += told.len();
            in_flight += told.values().filter(|told| told.will.is_some()).count();
            assert_eq!(store.stats().unwrap().damaged_records, 0);
            store.close().unwrap();
        }
        assert!(
            checked > 500,
            "only {checked} tokens were checked: the children did not get to work"
        );
        assert!(in_flight > 0, "no kill met an operation in flight");
    }
}
