//! Tickets: small files that a client of the store's master puts into the store's folder, to show that
//! it may write there. The library writes and takes them; here they are only known by name.

use crate::options::Options;

const PREFIX: &str = "ticket-";

/// Whether a file of this name is a ticket.
pub(crate) fn is_ticket(name: &str) -> bool {
    name.starts_with(PREFIX)
}

/// Removes tickets that nobody took: whoever wrote them talked to an owner that is gone.
pub(crate) fn remove_tickets(options: &Options, names: &[String]) {
    for name in names.iter().filter(|name| is_ticket(name)) {
        // One that stays harms nobody: its name is known to nobody.
        let _ = options.environment.storage.remove(&options.path.join(name));
    }
}
