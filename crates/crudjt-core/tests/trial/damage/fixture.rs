//! Small stores that are kept in git, packed.
//!
//! A fixture is one file: for each file of the store a line `name length` and its bytes, without
//! the zeros of runs of 64 and more, which stand as their length.

use std::fs;
use std::path::{Path, PathBuf};

use super::image::{ExpectedRead, Files};

const RUN: usize = 64;

/// Where a fixture is, seen from the engine's package and from that of the fuzz targets.
pub fn fixture_path(name: &str) -> PathBuf {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let engine = package.join("../crates/crudjt-core");
    let engine = if engine.exists() { &engine } else { package };
    engine.join("tests/fixtures").join(name)
}

/// Runs of zeros and what lies between them: u32 zeros, u32 bytes, the bytes.
fn pack(bytes: &[u8]) -> Vec<u8> {
    let (mut out, mut at) = (Vec::new(), 0);
    while at < bytes.len() {
        let zeros = bytes[at..].iter().take_while(|byte| **byte == 0).count();
        let rest = &bytes[at + zeros..];
        let plain = rest.windows(RUN).position(|run| run.iter().all(|byte| *byte == 0));
        let plain = &rest[..plain.unwrap_or(rest.len())];
        out.extend((zeros as u32).to_le_bytes());
        out.extend((plain.len() as u32).to_le_bytes());
        out.extend(plain);
        at += zeros + plain.len();
    }
    out
}

fn unpack(mut packed: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let length = |bytes: &[u8]| u32::from_le_bytes(bytes.try_into().unwrap()) as usize;
    while let Some((head, rest)) = packed.split_at_checked(8) {
        out.resize(out.len() + length(&head[..4]), 0);
        let (plain, rest) = rest.split_at(length(&head[4..]));
        out.extend(plain);
        packed = rest;
    }
    out
}

/// Writes a fixture.
pub fn save_fixture(name: &str, files: &Files, tokens: &[ExpectedRead]) {
    let mut out = Vec::new();
    let texts = tokens.iter().map(|(token, data)| match data {
        Some(data) => format!("{token} {}\n", String::from_utf8_lossy(data)),
        None => format!("{token}\n"),
    });
    let texts = ("tokens".to_owned(), texts.collect::<String>().into_bytes());
    for (file, bytes) in files.clone().into_iter().chain([texts]) {
        let packed = pack(&bytes);
        out.extend(format!("{file} {}\n", packed.len()).into_bytes());
        out.extend(packed);
    }
    fs::write(fixture_path(name), out).unwrap();
}

/// A fixture's files and tokens.
pub fn fixture(name: &str) -> (Files, Vec<ExpectedRead>) {
    let bytes = fs::read(fixture_path(name)).unwrap();
    let (mut files, mut rest) = (Files::new(), bytes.as_slice());
    while !rest.is_empty() {
        let end = rest.iter().position(|byte| *byte == b'\n').unwrap();
        let line = std::str::from_utf8(&rest[..end]).unwrap();
        let (file, length) = line.split_once(' ').unwrap();
        let (packed, behind) = rest[end + 1..].split_at(length.parse().unwrap());
        files.insert(file.to_owned(), unpack(packed));
        rest = behind;
    }
    let texts = String::from_utf8(files.remove("tokens").unwrap()).unwrap();
    let known = |line: &str| match line.split_once(' ') {
        Some((token, data)) => (token.to_owned(), Some(data.as_bytes().to_vec())),
        None => (line.to_owned(), None),
    };
    (files, texts.lines().map(known).collect())
}
