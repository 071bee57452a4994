//! Any bytes as a record's header, an epoch's row, a journal entry or segment, and a keyring: what
//! is understood is what was there, and nothing is read beyond it.

use crudjt_core::fuzzing::{
    entry_again, epoch_again, header_again, keyring_again, make_checksums_fit, segment_again,
};

const EPOCH_ROW: usize = 45;

pub fn run(bytes: &[u8]) {
    let Some((kind, bytes)) = bytes.split_first() else { return };
    match kind % 8 {
        0 => header(bytes),
        1 => epoch(bytes),
        2 => keyring(bytes),
        3 => segment(bytes),
        kind => entry(kind - 4, bytes),
    }
}

fn header(bytes: &[u8]) {
    let Some((length, again)) = header_again(bytes) else { return };
    let wide = bytes[1] & 2 != 0;
    // An expiry that fits into 48 bits is never written in 128, but may be read so.
    assert!(if wide { again.len() <= length } else { again == bytes[..length] });
}

fn epoch(bytes: &[u8]) {
    let Some((again, behind)) = epoch_again(bytes) else { return };
    assert_eq!((again.len(), behind), (EPOCH_ROW, bytes.len() - EPOCH_ROW));
    assert_eq!(again, bytes[..EPOCH_ROW]);
}

fn keyring(bytes: &[u8]) {
    let Some(again) = keyring_again(bytes) else { return };
    // Byte 8 and 9 are the version, 10 and 11 unused.
    assert_eq!(again[12..again.len() - 8], bytes[12..]);
}

fn segment(bytes: &[u8]) {
    let mut page = bytes.to_vec();
    page.resize(page.len().max(4096), 0);
    make_checksums_fit("journal-0000000000000001", &mut page);
    let Some((identity, begin, mark)) = segment_again(&page) else { return };
    // Bytes 8 to 15 are the version and unused, the last 8 the checksum.
    assert_eq!(identity[16..64], page[16..64]);
    if let Some(begin) = begin {
        assert_eq!(begin, page[512..536]);
    }
    if let Some([first, second]) = mark {
        assert!(page[1024..1048] == first || page[1536..1560] == second);
    }
}

/// Kinds 1 to 3 are known, and ids below 2^62. What stands behind a removal's id, or behind an epoch's row, is not read.
fn entry(kind: u8, payload: &[u8]) {
    let Some((again, record)) = entry_again(kind, payload) else {
        let least = [usize::MAX, 8, 8, EPOCH_ROW][usize::from(kind)];
        let cipher = payload.get(20).is_some_and(|number| (1..=2).contains(number));
        let made_up = kind != 3 && payload.get(7).is_some_and(|highest| *highest >= 0x40);
        return assert!(payload.len() < least || made_up || kind == 3 && !cipher);
    };
    let known = match kind {
        1 => payload.len(),
        2 => 8,
        _ => EPOCH_ROW,
    };
    assert_eq!(again[..known], payload[..known]);
    assert_eq!(record, if kind == 1 { &payload[8..] } else { &[] });
}
