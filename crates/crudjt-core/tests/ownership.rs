//! Real folders that are removed, replaced or emptied while a process has the store in them open: it
//! promises nothing any more and says so once, and the next owner, which is killed, loses nothing.
//!
//! The test runs itself as the next owner. `CRUDJT_OWNERSHIP_ROUNDS=200` makes it a soak.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod common;
mod trial;

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use common::{MODES, create, data_of, limits, patient, secret};
use crudjt_core::{Error, Event, JournalMode, OUT_BYTES, Options, Reading, Store};

const CHILD: &str = "CRUDJT_OWNERSHIP_CHILD";
const TOKENS: usize = 300;

fn options(path: &Path, journal: JournalMode) -> Options {
    let mut options = Options::new(path, vec![secret(1)]);
    options.journal = journal;
    options.environment.segment_bytes = 64 << 10;
    options.environment.memtable_age = 20;
    options.sync_interval = Duration::from_millis(20);
    options
}

fn rounds() -> u64 {
    let text = std::env::var("CRUDJT_OWNERSHIP_ROUNDS").unwrap_or_default();
    text.parse().unwrap_or(8)
}

/// The next owner: makes tokens, each on a line once it is durable; makes more when it is told to, and
/// says so; then waits for its end.
fn child(path: &Path, journal: JournalMode) -> ! {
    let store = Store::open(options(path, journal)).unwrap();
    for _ in 0..2 {
        let tokens: Vec<_> = (0..TOKENS).map(|_| create(&store, b"kept", None, None)).collect();
        store.flush().unwrap();
        let lines: String = tokens.iter().map(|token| format!("= {}\n", token.as_str())).collect();
        std::io::stdout().write_all(format!("{lines}= done\n").as_bytes()).unwrap();
        std::io::stdin().read_line(&mut String::new()).unwrap();
    }
    loop {
        std::thread::park();
    }
}

/// The next owner in a process of its own.
struct Owner {
    child: Child,
    input: ChildStdin,
    lines: Box<dyn Iterator<Item = String>>,
}

impl Owner {
    fn start(path: &Path, journal: JournalMode) -> Owner {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["a_lost_folder_is_noticed_and_left_alone", "--exact", "--nocapture"])
            .env(CHILD, format!("{journal:?}:{}", path.display()))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (input, output) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        let lines = BufReader::new(output).lines().map(Result::unwrap);
        // The test harness writes too.
        let lines = Box::new(lines.filter_map(|line| Some(line.split_once("= ")?.1.to_owned())));
        Owner { child, input, lines }
    }

    fn tokens(&mut self) -> Vec<String> {
        let tokens: Vec<_> = self.lines.by_ref().take_while(|line| line != "done").collect();
        assert_eq!(tokens.len(), TOKENS);
        tokens
    }

    fn go_on(&mut self) {
        self.input.write_all(b"\n").unwrap();
    }

    fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

fn is_there(store: &Store, token: &str) -> bool {
    let read = store.read(token.as_bytes(), None, &mut vec![0; OUT_BYTES]).unwrap();
    matches!(read, Reading::Found(..))
}

fn round(number: u64) {
    let outer = tempfile::tempdir().unwrap();
    let (path, journal) = (outer.path().join("store"), MODES[number as usize % 2]);
    let told: Arc<Mutex<Vec<Event>>> = Arc::default();
    let events = told.clone();
    let mut of_old = options(&path, journal);
    of_old.on_event = Some(Arc::new(move |event| events.lock().unwrap().push(event)));
    let old = Store::open(of_old).unwrap();
    let kept: Vec<_> = (0..100).map(|_| create(&old, b"old", None, None)).collect();
    old.flush().unwrap();
    let only_the_lock = number / 2 % 4 == 3;
    match number / 2 % 4 {
        // Meanwhile the store may still make a file.
        0 => while fs::remove_dir_all(&path).is_err() {},
        1 => fs::rename(&path, outer.path().join("before")).unwrap(),
        2 => {
            // First this one, since a file that is made just then would stay.
            fs::remove_file(path.join("lock")).unwrap();
            std::thread::sleep(Duration::from_millis(20));
            let files = fs::read_dir(&path).unwrap();
            files.for_each(|file| _ = fs::remove_file(file.unwrap().path()));
        }
        _ => fs::remove_file(path.join("lock")).unwrap(),
    }
    if only_the_lock {
        // The lock on the B-tree still keeps others out.
        let second = Command::new(std::env::current_exe().unwrap())
            .args(["a_lost_folder_is_noticed_and_left_alone", "--exact"])
            .env(CHILD, format!("{journal:?}:{}", path.display()))
            .output()
            .unwrap();
        assert!(!second.status.success());
        let output = String::from_utf8_lossy(&second.stdout).into_owned()
            + &String::from_utf8_lossy(&second.stderr);
        assert!(output.contains("Locked"), "{output}");
    }
    let mut new = (!only_the_lock).then(|| Owner::start(&path, journal));
    let mut tokens = new.as_mut().map(Owner::tokens).unwrap_or_default();
    let late = patient(&old, || old.create(b"late", limits(None, None)));
    let durable = late.and_then(|_| old.flush());
    assert!(matches!(durable, Err(Error::FolderLost { .. })), "{durable:?}");
    if let Some(new) = &mut new {
        new.go_on();
        tokens.extend(new.tokens());
    }
    assert!(old.checkpoint().is_err() && old.close().is_err());
    let failures = told.lock().unwrap().iter().filter(|it| it.code() == "CRUDJT_FAILED").count();
    assert_eq!(failures, 1, "it is told once");
    if let Some(new) = new {
        new.kill();
    }
    let store = Store::open(options(&path, journal)).unwrap();
    let lost = tokens.iter().filter(|token| !is_there(&store, token)).count();
    assert_eq!(lost, 0, "of {} tokens, round {number}", tokens.len());
    let of_old = kept.iter().filter(|token| data_of(&store, token).is_some()).count();
    assert_eq!(of_old, if only_the_lock { 100 } else { 0 });
}

#[test]
fn a_lost_folder_is_noticed_and_left_alone() {
    if let Ok(text) = std::env::var(CHILD) {
        let (journal, path) = text.split_once(':').unwrap();
        let journal = if journal == "Plain" { JournalMode::Plain } else { JournalMode::Mapped };
        child(Path::new(path), journal);
    }
    (0..rounds()).for_each(round);
}

#[test]
fn a_lost_folder_is_noticed_in_every_order() {
    (0..64).for_each(|seed| trial::ownership::take_away(seed, MODES[seed as usize % 2]));
}

#[test]
fn the_old_name_of_a_renamed_folder_does_not_open_the_old_store() {
    let outer = tempfile::tempdir().unwrap();
    let (path, renamed) = (outer.path().join("a"), outer.path().join("b"));
    let old = Store::open(options(&path, JournalMode::Auto)).unwrap();
    let token = create(&old, b"old", None, None);
    fs::rename(&path, &renamed).unwrap();
    let new = Store::open(options(&path, JournalMode::Auto)).unwrap();
    assert_eq!(data_of(&new, &token), None);
    assert_eq!(data_of(&old, &token), Some(b"old".to_vec()), "reads go on");
    let own = create(&new, b"new", None, None);
    let locked = Store::open(options(&renamed, JournalMode::Auto)).err().unwrap();
    assert!(matches!(&locked, Error::Locked { owner, .. } if owner.pid == std::process::id()));
    assert!(matches!(old.close(), Err(Error::FolderLost { .. })));
    assert_eq!(data_of(&new, &own), Some(b"new".to_vec()));
    let again = Store::open(options(&path, JournalMode::Auto)).unwrap();
    assert_eq!(data_of(&again, &own), Some(b"new".to_vec()), "it is shared");
    drop((new, again));
    let back = Store::open(options(&renamed, JournalMode::Auto)).unwrap();
    assert_eq!(data_of(&back, &token), Some(b"old".to_vec()));
}

#[test]
fn links_in_a_folder_overwrite_nothing_and_are_refused() {
    let outer = tempfile::tempdir().unwrap();
    let (path, foreign) = (outer.path().join("store"), outer.path().join("foreign"));
    fs::create_dir(&path).unwrap();
    fs::write(&foreign, b"mine").unwrap();
    for name in ["owner.new", "journal.new", "keyring.new", "records.new"] {
        symlink(&foreign, path.join(name)).unwrap();
    }
    let store = Store::open(options(&path, JournalMode::Auto)).unwrap();
    let token = create(&store, b"kept", None, None);
    store.checkpoint().unwrap();
    store.close().unwrap();
    let names = fs::read_dir(&path).unwrap().map(|file| file.unwrap().file_name());
    let names: Vec<_> = names.map(|name| name.into_string().unwrap()).collect();
    let is_meant = |name: &&String| !name.starts_with("keyring") && *name != "owner";
    for name in names.iter().filter(is_meant) {
        let (file, aside) = (path.join(name), outer.path().join(name));
        fs::rename(&file, &aside).unwrap();
        symlink(&foreign, &file).unwrap();
        let refused = Store::open(options(&path, JournalMode::Auto)).err().unwrap();
        assert_eq!(refused.code(), "ERR_CRUDJT_PATH", "{name}: {refused}");
        fs::rename(&aside, &file).unwrap();
    }
    // A keyring has a copy, and is replaced.
    fs::remove_file(path.join("keyring")).unwrap();
    symlink(&foreign, path.join("keyring")).unwrap();
    let store = Store::open(options(&path, JournalMode::Auto)).unwrap();
    assert_eq!(data_of(&store, &token), Some(b"kept".to_vec()));
    assert_eq!(fs::read(&foreign).unwrap(), b"mine");
}

#[test]
fn a_fifo_in_place_of_the_lock_does_not_hang() {
    let folder = tempfile::tempdir().unwrap();
    assert!(Command::new("mkfifo").arg(folder.path().join("lock")).status().unwrap().success());
    let refused = Store::open(options(folder.path(), JournalMode::Auto)).err().unwrap();
    assert_eq!(refused.code(), "ERR_CRUDJT_PATH", "{refused}");
}

#[test]
fn an_owner_with_terminal_escapes_is_not_printed() {
    let folder = tempfile::tempdir().unwrap();
    let lock = fs::File::create(folder.path().join("lock")).unwrap();
    lock.lock().unwrap();
    fs::write(folder.path().join("owner"), "7 \x1b[2Jhost\n").unwrap();
    let refused = Store::open(options(folder.path(), JournalMode::Auto)).err().unwrap();
    assert!(!refused.to_string().contains(|char: char| char.is_control()), "{refused:?}");
    fs::write(folder.path().join("owner"), "7 host-1.example\n").unwrap();
    let refused = Store::open(options(folder.path(), JournalMode::Auto)).err().unwrap();
    assert!(refused.to_string().contains("process 7 on host host-1.example"), "{refused}");
}

#[test]
fn a_folder_that_others_may_write_to_is_reported() {
    let folder = tempfile::tempdir().unwrap();
    for (mode, expected) in [(0o700, 0), (0o755, 0), (0o770, 1), (0o777, 1)] {
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(mode)).unwrap();
        let told: Arc<Mutex<Vec<Event>>> = Arc::default();
        let events = told.clone();
        let mut options = options(folder.path(), JournalMode::Auto);
        options.on_event = Some(Arc::new(move |event| events.lock().unwrap().push(event)));
        Store::open(options).unwrap().close().unwrap();
        let told = told.lock().unwrap();
        let codes: Vec<_> = told.iter().map(Event::code).collect();
        assert_eq!(codes, vec!["CRUDJT_SHARED_FOLDER"; expected], "{mode:o}");
    }
}
