//! What is done to the files.

use super::image::{Files, Image};

const PAGE: usize = 4096;
const SLOT: usize = 4096 + 8;

/// One way to damage a store.
#[derive(Debug, Clone)]
pub enum Case {
    Flip { file: String, at: usize, by: u8 },
    Truncate { file: String, length: usize },
    Zero { file: String, from: usize, length: usize },
    Swap { file: String, first: usize, second: usize },
    Duplicate { file: String, from: usize, to: usize },
    Foreign { file: String },
    Older { file: String },
}

impl Case {
    /// Its kind, for the table.
    pub fn kind(&self) -> &'static str {
        match self {
            Case::Flip { .. } => "a byte changed",
            Case::Truncate { .. } => "a file cut",
            Case::Zero { .. } => "a block zeroed",
            Case::Swap { .. } => "two blocks swapped",
            Case::Duplicate { .. } => "a block in another's place",
            Case::Foreign { .. } => "a file of another store",
            Case::Older { .. } => "an older file",
        }
    }

    /// The files with this done to them.
    pub fn apply(&self, image: &Image) -> Files {
        let mut files = image.files.clone();
        match self {
            Case::Flip { file, at, by } => bytes(&mut files, file)[*at] ^= by,
            Case::Truncate { file, length } => bytes(&mut files, file).truncate(*length),
            Case::Zero { file, from, length } => {
                bytes(&mut files, file)[*from..][..*length].fill(0)
            }
            Case::Swap { file, first, second } => {
                let bytes = bytes(&mut files, file);
                let (low, high) = bytes.split_at_mut(*second);
                low[*first..][..PAGE].swap_with_slice(&mut high[..PAGE]);
            }
            Case::Duplicate { file, from, to } => {
                bytes(&mut files, file).copy_within(*from..*from + PAGE, *to);
            }
            Case::Foreign { file } => *bytes(&mut files, file) = image.other[file].clone(),
            Case::Older { file } => *bytes(&mut files, file) = image.older[file].clone(),
        }
        files
    }
}

fn bytes<'f>(files: &'f mut Files, name: &str) -> &'f mut Vec<u8> {
    files.get_mut(name).unwrap()
}

/// Bytes of a file that hold something: whole blocks of the B-tree, all else up to its end.
fn in_use(name: &str, bytes: &[u8]) -> Vec<usize> {
    if name != "records" {
        let end = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
        return (0..end).collect();
    }
    let block = |at: usize| if at < PAGE { 0 } else { 1 + (at - PAGE) / SLOT };
    let mut used: Vec<bool> = vec![false; block(bytes.len()) + 1];
    bytes.iter().enumerate().for_each(|(at, byte)| used[block(at)] |= *byte != 0);
    (0..bytes.len()).filter(|at| used[block(*at)]).collect()
}

/// Where the blocks of a file begin.
fn blocks(name: &str, bytes: &[u8]) -> Vec<usize> {
    let (start, step) = if name == "records" { (PAGE, SLOT) } else { (0, PAGE) };
    let whole = |at: &usize| at + PAGE <= bytes.len();
    let is_used = |at: &usize| bytes[*at..][..PAGE].iter().any(|byte| *byte != 0);
    (start..bytes.len()).step_by(step).filter(whole).filter(is_used).collect()
}

/// All cases; with a stride above 1 only every so many of the flips and cuts.
pub fn cases(image: &Image, stride: usize) -> Vec<Case> {
    let mut all = Vec::new();
    for (name, bytes) in &image.files {
        let file = || name.clone();
        for at in in_use(name, bytes).into_iter().step_by(stride) {
            let flips: &[u8] = if stride == 1 { &[0x01, 0x80, 0xFF] } else { &[0x81] };
            all.extend(flips.iter().map(|by| Case::Flip { file: file(), at, by: *by }));
        }
        let cut = if name == "records" && stride > 1 { 8 * stride + 5 } else { stride };
        all.extend(
            (0..bytes.len()).step_by(cut).map(|length| Case::Truncate { file: file(), length }),
        );
        all.extend(
            (0..bytes.len())
                .step_by(512)
                .filter(|from| from + 512 <= bytes.len())
                .map(|from| Case::Zero { file: file(), from, length: 512 }),
        );
        let blocks = blocks(name, bytes);
        for (at, first) in blocks.iter().enumerate() {
            all.push(Case::Zero { file: file(), from: *first, length: PAGE });
            for second in blocks.iter().skip(at + 1) {
                let (first, second) = (*first, *second);
                all.push(Case::Swap { file: file(), first, second });
                all.push(Case::Duplicate { file: file(), from: first, to: second });
                all.push(Case::Duplicate { file: file(), from: second, to: first });
            }
        }
        all.extend(image.other.contains_key(name).then(|| Case::Foreign { file: file() }));
        let has_older = image.older.contains_key(name) && !is_new_segment(image, name);
        all.extend(has_older.then(|| Case::Older { file: file() }));
    }
    all
}

/// Whether a file is the newest segment, or the spare behind it. An older copy of the newest one
/// takes its own marks along, which nothing can tell (docs/internals/reliability.md).
fn is_new_segment(image: &Image, name: &str) -> bool {
    let segments = image.files.keys().filter(|file| file.starts_with("journal-"));
    segments.rev().take(2).any(|file| file == name)
}
