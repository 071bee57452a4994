//! Filling a B-tree with records from elsewhere, in as many transactions as memory asks for.

use super::checkpoint::settle_epochs;
use super::tables::{APPLIED, META};
use super::writer::Writer;
use super::{AppliedMark, Tree};
use crate::Result;
use crate::seal::EpochRow;

/// Sealed records by ascending id.
pub(crate) type Rows = Vec<(u64, Vec<u8>)>;

impl Tree {
    /// Commits records above those that are there, and the epochs that they need, under this mark.
    /// Durable when it returns.
    pub(crate) fn fill(&self, rows: &Rows, epochs: &[EpochRow], mark: AppliedMark) -> Result<()> {
        self.guard("write its B-tree", || {
            self.with_database(|database| {
                let mut transaction = database.begin_write()?;
                transaction.set_quick_repair(true);
                {
                    let mut writer = Writer::new(&transaction)?;
                    writer.append(|appender| {
                        rows.iter().try_for_each(|(id, record)| appender.push(*id, record))
                    })?;
                    settle_epochs(&transaction, epochs, &writer.epoch_changes, None)?;
                }
                transaction.open_table(META)?.insert(APPLIED, mark.to_bytes().as_slice())?;
                Ok(transaction.commit()?)
            })
        })
    }
}
