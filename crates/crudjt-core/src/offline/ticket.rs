//! Tickets: small files that a client of the store's master puts into the store's folder, to show that
//! it may write there. The library writes and takes them; here they are only known by name.

use crate::options::Options;
use crate::{Error, Result};

const PREFIX: &str = "ticket-";

/// Whether a file of this name is a ticket.
pub(crate) fn is_ticket(name: &str) -> bool {
    name.starts_with(PREFIX)
}

/// Removes tickets that nobody took: whoever wrote them talked to an owner that is gone.
pub(crate) fn remove_tickets(options: &Options, names: &[String]) -> Result<()> {
    for name in names.iter().filter(|name| is_ticket(name)) {
        let path = options.path.join(name);
        match options.seams.storage.remove(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(Error::storage(&path, "remove a ticket that nobody took", error));
            }
            _ => {}
        }
    }
    Ok(())
}
