//! Filling a B-tree with records from elsewhere, in as many transactions as memory asks for.

use super::checkpoint::{commit, set_mark, settle_epochs};
use super::leaked::LeakedByPanic;
use super::writer::Writer;
use super::{AppliedMark, Tree};
use crate::Result;
use crate::crypto::EpochRow;

/// Sealed records by ascending id.
pub(crate) type Rows = Vec<(u64, Vec<u8>)>;

impl Tree {
    /// Commits records above those that are there, and the epochs that they need, under this mark.
    /// Durable when it returns.
    pub(crate) fn fill(&self, rows: &Rows, epochs: &[EpochRow], mark: AppliedMark) -> Result<()> {
        self.guard("write its B-tree", || {
            self.with_database(|database| {
                let mut transaction = LeakedByPanic::new(database.begin_write()?);
                transaction.set_quick_repair(true);
                {
                    let mut writer = Writer::new(&transaction)?;
                    writer.append(|appender| {
                        rows.iter().try_for_each(|(id, record)| appender.push(*id, record))
                    })?;
                    settle_epochs(&transaction, epochs, &writer.epoch_changes, None)?;
                }
                set_mark(&transaction, mark)?;
                commit(transaction)
            })
        })
    }
}
