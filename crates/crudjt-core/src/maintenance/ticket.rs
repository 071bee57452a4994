//! Tickets: small files that a client of the store's master creates in the store's folder to prove that
//! it may write there. The library creates and removes them; the engine knows only their names.

use crate::options::Options;

const PREFIX: &str = "ticket-";

/// Whether a file of this name is a ticket.
pub(crate) fn is_ticket(name: &str) -> bool {
    name.starts_with(PREFIX)
}

/// Removes leftover tickets: the owner that they were meant for is gone.
pub(crate) fn remove_tickets(options: &Options, names: &[String]) {
    for name in names.iter().filter(|name| is_ticket(name)) {
        // One that remains is harmless: nobody knows its name.
        let _ = options.environment.storage.remove(&options.path.join(name));
    }
}
