//! Why an operation fails: the code and the text of its reply. No text holds a token or data; names
//! are those of `proto/batch.proto`.

use std::borrow::Cow;

use crudjt_core::Error;
use crudjt_core::msgpack::{DEPTH_LIMIT, Malformed};

/// The most that a master's `max_data_size` can be, and what suffices for most sessions.
const LARGEST: usize = 65_536;
const USUAL: usize = 16_384;

/// An error as a reply carries it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) code: &'static str,
    pub(crate) text: Cow<'static, str>,
}

impl Refusal {
    pub(crate) fn new(code: &'static str, text: impl Into<Cow<'static, str>>) -> Refusal {
        Refusal { code, text: text.into() }
    }

    pub(crate) fn blank_token() -> Refusal {
        Refusal::new("ERR_CRUDJT_TOKEN", "token can't be blank")
    }

    /// `size` is `None` where the data was not measured.
    pub(crate) fn too_large(limit: usize, size: Option<usize>) -> Refusal {
        let got = size.map_or("far more".to_owned(), |size| format!("{size} bytes"));
        let remedy = match size {
            Some(size @ ..=LARGEST) => format!(
                "store less, or raise the store's max_data_size (to {}, say)",
                size.max(USUAL)
            ),
            _ => format!("store less: max_data_size can be {LARGEST} at most"),
        };
        let text = format!(
            "Hash can not be bigger than {limit} bytesize: it takes {got} as MessagePack; {remedy}"
        );
        Refusal::new("ERR_CRUDJT_DATA_TOO_LARGE", text)
    }

    pub(crate) fn invalid_data(why: Malformed) -> Refusal {
        let text = match why {
            Malformed::NotMap => "Must be a Hash (Object)".into(),
            Malformed::TooDeep => {
                format!("data can't be stored: it is nested deeper than {DEPTH_LIMIT} levels")
                    .into()
            }
            Malformed::Syntax => Cow::from(
                "data can't be stored: it is not one complete MessagePack value with UTF-8 text",
            ),
        };
        Refusal::new("ERR_CRUDJT_DATA", text)
    }

    pub(crate) fn invalid_limit(name: &str) -> Refusal {
        let text =
            format!("{name} should be greater than 0 and less than 2^64: send -1 for no limit");
        Refusal::new("ERR_CRUDJT_LIMIT", text)
    }

    pub(crate) fn unsupported(kind: u64) -> Refusal {
        let text = format!("This master does not support operation kind {kind}: upgrade it");
        Refusal::new("ERR_CRUDJT_UNSUPPORTED", text)
    }

    /// A retransmission of an operation whose reply is gone.
    pub(crate) fn evicted() -> Refusal {
        let text = "The connection was lost and the reply is no longer retained: it is unknown whether the call was executed";
        Refusal::new("ERR_CRUDJT_OUTCOME_UNKNOWN", text)
    }

    /// An operation with the number of another one.
    pub(crate) fn another() -> Refusal {
        let text = "Another process uses the id of this client, as after a snapshot of a process that was resumed twice: the call was not executed. Connect anew";
        Refusal::new("ERR_CRUDJT_UNAVAILABLE", text)
    }

    /// A bug; what it says is not for strangers.
    pub(crate) fn internal() -> Refusal {
        Refusal::new("ERR_CRUDJT_INTERNAL", "Internal error in crudjt")
    }
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Refusal {
        Refusal::new(error.code(), error.to_string())
    }
}
