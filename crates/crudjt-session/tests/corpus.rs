//! What the fuzz target of sessions found worth keeping, replayed, and bytes that are nearly
//! messages. `npm run fuzz session` looks for more.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod common;
mod hostile;

use std::fs;
use std::path::Path;

use common::proof::*;
use common::*;
use proptest::prelude::*;

#[test]
fn any_messages_of_the_corpus_are_answered_or_end_the_session() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus/session");
    let files = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
    let count = files.inspect(|file| hostile::session::run(&fs::read(file).unwrap())).count();
    assert!(count > 0, "{} is empty", folder.display());
}

fn operation() -> impl Strategy<Value = Vec<u8>> {
    let limit = || proptest::option::of(any::<u64>());
    let number = prop_oneof![0..20u64, any::<u64>()];
    let token = proptest::collection::vec(any::<u8>(), 0..30);
    let given = proptest::option::of(proptest::collection::vec(any::<u8>(), 0..40));
    (number, 0..9u64, token, given, limit(), limit(), any::<bool>(), any::<bool>()).prop_map(
        |(number, kind, token, data, ttl, reads, keep, durable)| {
            Op { number, kind, token, data, ttl, reads, keep, durable, shelve: keep }.encode()
        },
    )
}

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    let operations = proptest::collection::vec(operation(), 1..5).prop_map(|all| all.concat());
    let message = prop_oneof![
        4 => operations,
        1 => any::<u64>().prop_map(acknowledged),
        1 => Just(goodbye()),
        1 => any::<u8>().prop_map(hello),
        1 => any::<u8>().prop_map(|client| hello_with(client, &[client; 32])),
        1 => proptest::collection::vec(any::<u8>(), 0..40).prop_map(|bytes| proof_of(&bytes)),
        1 => proptest::collection::vec(any::<u8>(), 0..60),
    ];
    let sent = (any::<u8>(), message, proptest::option::of((0..200usize, any::<u8>()))).prop_map(
        |(control, mut message, change)| {
            message.truncate(255);
            if let Some(byte) = change.and_then(|(at, to)| Some((message.get_mut(at)?, to))) {
                *byte.0 = byte.1;
            }
            [&[control & !2 | control >> 6 & 2, message.len() as u8][..], &message].concat()
        },
    );
    proptest::collection::vec(sent, 0..12).prop_map(|all| all.concat())
}

proptest! {
    #[test]
    fn messages_and_what_is_nearly_one_are_answered_or_end_the_session(bytes in bytes()) {
        hostile::session::run(&bytes);
    }
}
