//! A small store damaged in every way, and opened in child processes: never wrong data, an older state,
//! a revived token, a panic, an abort, a hang or unbounded memory. `CRUDJT_DAMAGE=all` changes every
//! byte in use, `CRUDJT_DAMAGE=N` every Nth; the default is every 331st.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod common;
mod trial;

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use trial::damage::{Image, Outcome, cases, judge};

/// Where a child finds its image, its first case and the stride.
const TASK: &str = "CRUDJT_DAMAGE_TASK";
/// A case that takes longer hangs.
const PATIENCE: Duration = Duration::from_secs(30);
/// Kilobytes of address space that a child may have.
const MEMORY: u32 = 4_000_000;
const ORDINARY_STRIDE: usize = 331;
/// Kinds of damage: see [`trial::damage::Case`].
const KINDS: usize = 7;

/// What a child runs.
fn judge_cases(task: &str) {
    let mut parts = task.split(' ');
    let (folder, first, stride) =
        (parts.next().unwrap(), parts.next().unwrap(), parts.next().unwrap());
    std::panic::set_hook(Box::new(|_| ()));
    let image = Image::load(Path::new(folder));
    let all = cases(&image, stride.parse().unwrap());
    for (number, case) in all.iter().enumerate().skip(first.parse().unwrap()) {
        let line = format!("outcome {number} {:?}\n", judge(&image, case));
        std::io::stdout().write_all(line.as_bytes()).unwrap();
    }
    std::io::stdout().write_all(b"outcome end\n").unwrap();
}

fn child(folder: &Path, first: usize, stride: usize) -> (Child, Receiver<String>) {
    let program = std::env::current_exe().unwrap();
    let limited = format!(
        "ulimit -v {MEMORY}; exec \"$0\" --exact a_damaged_closed_store_reads_true_data_or_an_error --nocapture"
    );
    let mut child = Command::new("sh")
        .args(["-c", &limited])
        .arg(program)
        .env(TASK, format!("{} {first} {stride}", folder.display()))
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let (lines, received) = channel();
    let output = BufReader::new(child.stdout.take().unwrap());
    std::thread::spawn(move || {
        output.lines().map_while(Result::ok).try_for_each(|line| lines.send(line))
    });
    (child, received)
}

/// The outcomes of all cases, as their texts; what ends a child is the outcome of its case.
fn outcomes(folder: &Path, count: usize, stride: usize) -> Vec<String> {
    let mut all = Vec::with_capacity(count);
    while all.len() < count {
        let (mut child, lines) = child(folder, all.len(), stride);
        let ended = loop {
            match lines.recv_timeout(PATIENCE) {
                Ok(line) => match line.strip_prefix("outcome ") {
                    Some("end") => break None,
                    Some(outcome) => all.push(outcome.split_once(' ').unwrap().1.to_owned()),
                    None => {}
                },
                Err(_) => break Some(format!("Wrong(\"ended: {:?}\")", child.try_wait())),
            }
        };
        _ = child.kill();
        _ = child.wait();
        all.extend(ended);
    }
    all
}

/// How often a kind of damage came to what.
#[derive(Default)]
struct Row {
    cases: usize,
    all_true: usize,
    absent: usize,
    errors: usize,
    refused: usize,
    salvaged: usize,
    of: usize,
}

fn count(row: &mut Row, outcome: &str) {
    row.cases += 1;
    match outcome.split('(').next() {
        Some("AllTrue") => row.all_true += 1,
        Some("Absent") => row.absent += 1,
        Some("Errors") => row.errors += 1,
        _ => row.refused += 1,
    }
    if let Some(numbers) = outcome.split_once("(Salvaged(").map(|(_, numbers)| numbers) {
        let (there, of) = numbers.trim_end_matches("))").split_once(", ").unwrap();
        row.salvaged += there.parse::<usize>().unwrap();
        row.of += of.parse::<usize>().unwrap();
    }
}

fn stride() -> usize {
    match std::env::var("CRUDJT_DAMAGE").as_deref() {
        Ok("all") => 1,
        Ok(stride) => stride.parse().unwrap(),
        Err(_) => ORDINARY_STRIDE,
    }
}

fn run(closed: bool) {
    let stride = stride();
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let image = Image::make(closed);
    image.save(folder.path());
    let all = cases(&image, stride);
    let outcomes = outcomes(folder.path(), all.len(), stride);
    let mut table: BTreeMap<&str, Row> = BTreeMap::new();
    let mut wrong = Vec::new();
    for (case, outcome) in all.iter().zip(&outcomes) {
        count(table.entry(case.kind()).or_default(), outcome);
        if outcome.starts_with("Wrong") {
            wrong.push(format!("{case:?}: {outcome}"));
        }
    }
    println!(
        "{} store: | damage | cases | all true | absent and counted | error on access | refused | salvaged |",
        if closed { "closed" } else { "killed" }
    );
    for (kind, row) in &table {
        let Row { cases, all_true, absent, errors, refused, salvaged, of } = row;
        println!(
            "| {kind} | {cases} | {all_true} | {absent} | {errors} | {refused} | {salvaged} of {of} |"
        );
    }
    let shown: Vec<_> = wrong.iter().take(40).collect();
    assert!(wrong.is_empty(), "{} of {} cases: {shown:#?}", wrong.len(), all.len());
    let sum = |count: fn(&Row) -> usize| table.values().map(count).sum::<usize>();
    let met = [sum(|row| row.all_true), sum(|row| row.errors), sum(|row| row.refused)];
    assert!(table.len() == KINDS && met.iter().all(|count| *count > 50), "{met:?}");
    assert!(sum(|row| row.salvaged) > 1_000, "little was salvaged");
}

#[test]
fn a_damaged_closed_store_reads_true_data_or_an_error() {
    match std::env::var(TASK) {
        Ok(task) => judge_cases(&task),
        Err(_) => run(true),
    }
}

#[test]
fn a_damaged_killed_store_reads_true_data_or_an_error() {
    run(false);
}

#[test]
fn an_undamaged_store_reads_true_data() {
    for closed in [true, false] {
        let image = Image::make(closed);
        let nothing =
            trial::damage::Case::Truncate { file: "keyring".to_owned(), length: usize::MAX };
        assert_eq!(judge(&image, &nothing), Outcome::AllTrue);
    }
}
