//! Why a session ends.

use std::fmt;

use crate::limits::MAX_SESSIONS;

/// Why a session ends other than by its client's wish. Nothing more is carried out for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// The client sent what is no message, or not the one that has to come.
    Malformed,
    /// A newer stream of the same client has replaced this one.
    Replaced,
    /// The client sent more than may be queued, or too many messages without an operation.
    Overrun,
    /// The master has as many sessions as it may.
    TooMany,
    /// The client has not proved that it has the access key.
    Unauthenticated,
    /// The system has no random bytes.
    Failed,
}

impl Ended {
    /// The code of the error that the client gets.
    pub fn code(self) -> &'static str {
        match self {
            Ended::Malformed => "ERR_CRUDJT_DATA",
            Ended::Replaced | Ended::Overrun | Ended::TooMany => "ERR_CRUDJT_UNAVAILABLE",
            Ended::Unauthenticated => "ERR_CRUDJT_UNAUTHENTICATED",
            Ended::Failed => "ERR_CRUDJT_INTERNAL",
        }
    }
}

impl fmt::Display for Ended {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Ended::Malformed => {
                formatter.write_str("The request is not a valid message of this method")
            }
            Ended::Replaced => {
                formatter.write_str("A newer stream of this client has replaced this one")
            }
            Ended::Overrun => formatter
                .write_str("The client sent too many messages: it must wait for the replies"),
            Ended::TooMany => write!(
                formatter,
                "The master serves at most {MAX_SESSIONS} clients at a time: try again later"
            ),
            Ended::Unauthenticated => {
                formatter.write_str("The access key is missing or wrong: use that of the master")
            }
            Ended::Failed => formatter.write_str("The system has no random bytes: try again later"),
        }
    }
}
