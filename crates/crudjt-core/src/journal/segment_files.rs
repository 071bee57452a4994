//! The segment files of a store's folder: their names, and segments as they are found there.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::Begin;
use super::header::{ENTRIES, Identity, SyncMark};
use super::segment_reader::SegmentReader;
use crate::bytes::SANE;
use crate::crypto::keyring::StoreId;
use crate::options::Options;
use crate::platform::storage::{Mode, StorageFile};
use crate::{Error, Result};

const PREFIX: &str = "journal-";
const FRESH: &str = "journal.new";
/// Space for the commits of a full disk.
pub(super) const RESERVE: &str = "reserve";

/// The file of segment `number`.
pub(super) fn file_of(folder: &Path, number: u64) -> PathBuf {
    folder.join(format!("{PREFIX}{number:016x}"))
}

/// The file of a segment whose header is not durable yet.
pub(super) fn fresh_file(folder: &Path) -> PathBuf {
    folder.join(FRESH)
}

fn number_of(name: &str) -> Option<u64> {
    let digits = name.strip_prefix(PREFIX)?;
    let number = if digits.len() == 16 { u64::from_str_radix(digits, 16).ok() } else { None };
    number.filter(|number| *number < SANE)
}

/// Whether a file of this name is a segment.
pub(crate) fn is_segment(name: &str) -> bool {
    number_of(name).is_some()
}

/// Whether a file of this name belongs to the journal.
pub(crate) fn is_own_file(name: &str) -> bool {
    [FRESH, RESERVE].contains(&name) || is_segment(name)
}

/// The numbers of a store's segments, ascending.
pub(super) fn segment_numbers(options: &Options) -> Result<Vec<u64>> {
    let names = options.environment.storage.list(&options.path);
    let names = names.map_err(|error| Error::storage(&options.path, "list its files", error))?;
    let mut numbers: Vec<u64> = names.iter().filter_map(|name| number_of(name)).collect();
    numbers.sort_unstable();
    Ok(numbers)
}

/// A segment's file, its size, and its first page, or as much of it as there is.
pub(super) type FirstPage = (Arc<dyn StorageFile>, u64, Vec<u8>);

pub(super) fn read_page(options: &Options, path: &Path, mode: Mode) -> io::Result<FirstPage> {
    let file = options.environment.storage.open(path, mode)?;
    let size = file.size()?;
    let mut page = vec![0; ENTRIES.min(size) as usize];
    file.read_at(0, &mut page)?;
    Ok((file, size, page))
}

/// A segment with a valid header.
pub(super) struct FoundSegment {
    pub(super) path: PathBuf,
    pub(super) file: Arc<dyn StorageFile>,
    pub(super) identity: Identity,
    /// `None` in an unused segment.
    pub(super) begin: Option<Begin>,
    pub(super) mark: Option<SyncMark>,
    size: u64,
}

impl FoundSegment {
    /// Opens a segment and checks its first page.
    pub(super) fn open(
        options: &Options,
        store: StoreId,
        number: u64,
        mode: Mode,
    ) -> Result<FoundSegment> {
        let path = file_of(&options.path, number);
        let failed = |error: io::Error| Error::storage(&path, "read its journal", error);
        let (file, size, page) = read_page(options, &path, mode).map_err(failed)?;
        let identity = Identity::parse(&path, &page)?;
        let (begin, mark) = (identity.parse_begin(&page), identity.parse_sync_mark(&page));
        let wrong = if size < ENTRIES {
            // It may have been synced further than we can tell: its marks are cut off.
            "this journal segment is truncated: restore it from a backup"
        } else if identity.store != store || identity.number != number {
            "this journal segment belongs to another store or has another number: restore the right file"
        } else if begin.is_none() && mark.is_some() {
            "this journal segment was in use, but its beginning is not readable: restore it from a backup"
        } else {
            return Ok(FoundSegment { path, file, identity, begin, mark, size });
        };
        Err(Error::damaged(&path, wrong))
    }

    /// Reads its entries, up to the size in the header, however long the file is.
    pub(super) fn reader(&self) -> SegmentReader {
        SegmentReader::new(self.file.clone(), self.identity.id, self.size.min(self.identity.size))
    }
}

/// The highest sequence that any of the segments' sync marks covers; 0 without a mark.
pub(super) fn newest_synced(found: &[FoundSegment]) -> u64 {
    found.iter().filter_map(|found| found.mark).map(|mark| mark.sequence).max().unwrap_or(0)
}

/// The newest time that any of the segments' sync marks has recorded; 0 without a mark.
pub(super) fn newest_time(found: &[FoundSegment]) -> u64 {
    found.iter().filter_map(|found| found.mark).map(|mark| mark.newest_time).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_names_and_numbers_belong_together() {
        let path = file_of(Path::new("/s"), 0xabc);
        assert_eq!(number_of(&path.file_name().expect("a name").to_string_lossy()), Some(0xabc));
        for name in ["journal-12", "journal-000000000000000g", "keyring", "journal.new"] {
            assert_eq!(number_of(name), None);
        }
    }
}
