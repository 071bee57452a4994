//! Reads tables of the B-tree; what is unreadable becomes a finding.

use super::finding::{FindingKind, Findings};
use super::progress::ProgressMeter;
use crate::Result;
use crate::crypto::EpochRow;
use crate::tree::{AppliedMark, BLOCK_BYTES, Damage, EpochCount, RowVisitor, TableName, TreeFile};

/// Receives a key and its value; an error ends the walk.
type OnRow<'a> = &'a mut dyn FnMut(&[u8], &[u8]) -> Result<()>;

/// Passes rows on, and reports lost ones.
pub(super) struct RowReader<'a, 'p> {
    pub(super) tree: &'a TreeFile,
    pub(super) findings: &'a mut Findings,
    pub(super) meter: &'a mut ProgressMeter<'p>,
}

impl RowReader<'_, '_> {
    /// Reads a table; gives whether all of it was readable.
    pub(super) fn read(&mut self, table: TableName, on_row: OnRow<'_>) -> Result<bool> {
        let tree = self.tree;
        self.visit(on_row, |visitor| tree.walk(table, visitor).map(drop))
    }

    /// Reads redb's own tables.
    pub(super) fn read_system(&mut self) -> Result<bool> {
        let tree = self.tree;
        self.visit(&mut |_, _| Ok(()), |visitor| tree.walk_system(visitor))
    }

    fn visit(
        &mut self,
        on_row: OnRow<'_>,
        walk: impl FnOnce(&mut dyn RowVisitor) -> Result<()>,
    ) -> Result<bool> {
        let before = self.findings.count;
        walk(&mut Visitor { reader: self, on_row })?;
        Ok(self.findings.count == before)
    }
}

struct Visitor<'r, 'a, 'p> {
    reader: &'r mut RowReader<'a, 'p>,
    on_row: OnRow<'r>,
}

impl RowVisitor for Visitor<'_, '_, '_> {
    fn row(&mut self, key: &[u8], value: &[u8]) -> Result<()> {
        (self.on_row)(key, value)
    }

    fn lost(&mut self, damage: Damage, _: Option<&[u8]>, _: Option<&[u8]>) {
        self.spared(damage);
    }

    fn spared(&mut self, damage: Damage) {
        self.reader.findings.add_damage(self.reader.tree.path(), damage);
    }

    fn read(&mut self, blocks: u64) {
        self.reader.meter.add(blocks * BLOCK_BYTES);
    }
}

/// The applied mark and the epochs of the B-tree.
#[derive(Default)]
pub(super) struct SmallTables {
    pub(super) mark: Option<AppliedMark>,
    pub(super) epochs: Vec<EpochCount>,
}

impl SmallTables {
    pub(super) fn read(reader: &mut RowReader<'_, '_>) -> Result<SmallTables> {
        let (mut mark, mut epochs) = (None, Vec::new());
        reader.read(TableName::Meta, &mut |key, value| {
            mark = AppliedMark::in_row(key, value).or(mark);
            Ok(())
        })?;
        if mark.is_none() {
            let what = "the B-tree has no applied mark";
            reader.findings.add(FindingKind::Block, reader.tree.path(), None, what);
        }
        reader.read(TableName::Epochs, &mut |_, value| {
            epochs.extend(EpochCount::parse(value));
            Ok(())
        })?;
        Ok(SmallTables { mark, epochs })
    }
}

/// The second copy of the epochs.
pub(super) fn read_epoch_copies(reader: &mut RowReader<'_, '_>) -> Result<Vec<EpochRow>> {
    let mut copies = Vec::new();
    reader.read(TableName::EpochCopies, &mut |_, value| {
        copies.extend(EpochRow::parse(value).map(|(row, _)| row));
        Ok(())
    })?;
    Ok(copies)
}
