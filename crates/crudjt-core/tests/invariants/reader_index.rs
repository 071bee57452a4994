//! Readers that keep decoded records and ask only whether they changed.

use crudjt_core::{Error, JournalMode, ReaderIndex, Reading, Store, Token};

use crate::common::*;
use crate::small;

#[test]
fn a_known_version_reads_as_unchanged_until_an_update() {
    let store = small(JournalMode::Mapped).open();
    let token = create(&store, b"known", Some(60), None);
    let mut out = [0; 64];
    let kept = ReaderIndex::new(64);
    let known = |out: &mut [u8]| store.read(token.as_bytes(), Some(&kept), out).unwrap();
    assert!(matches!(known(&mut out), Reading::Found(..)));
    kept.keep(0);
    assert!(
        matches!(known(&mut out), Reading::Unchanged(meta, 0) if meta.ttl == Some(60) && meta.version == 1)
    );
    store.checkpoint().unwrap();
    for from in ["the B-tree", "the cache, which has no data then"] {
        assert!(matches!(known(&mut out), Reading::Unchanged(..)), "from {from}");
    }
    let mut room = [0; 64];
    assert!(matches!(store.read(token.as_bytes(), None, &mut room), Ok(Reading::Found(_, 5))));
    assert_eq!(&room[..5], b"known");
    assert!(matches!(known(&mut out), Reading::Unchanged(..)), "from the cache");
    assert!(update(&store, &token, b"other", None, None));
    assert!(matches!(known(&mut out), Reading::Found(meta, 5) if meta.version == 2));
}

#[test]
fn a_watching_reader_sees_changes_made_by_others() {
    let world = small(JournalMode::Mapped);
    let store = world.open();
    let mut kept = ReaderIndex::new(64);
    store.watch(&mut kept);
    let mut out = [0; 64];
    let changed = |store: &Store, token: &Token| update(store, token, b"other", Some(60), None);
    for change in [delete as fn(&Store, &Token) -> bool, changed] {
        let token = store.create_kept(b"known", limits(Some(60), None), &kept, 7).unwrap();
        let mut known = || store.read(token.as_bytes(), Some(&kept), &mut out).unwrap();
        for _ in 0..2 {
            assert!(matches!(known(), Reading::Unchanged(meta, 7) if meta.ttl == Some(60)));
        }
        let other = world.open();
        assert!(std::thread::scope(|scope| scope.spawn(|| change(&other, &token)).join().unwrap()));
        assert!(!matches!(known(), Reading::Unchanged(..)));
    }
    let token = store.create_kept(b"known", limits(Some(60), None), &kept, 8).unwrap();
    let mut known = || store.read(token.as_bytes(), Some(&kept), &mut out).unwrap();
    world.clock.advance(59_001);
    assert!(matches!(known(), Reading::Unchanged(meta, 8) if meta.ttl == Some(1)));
    world.clock.advance(999);
    assert_eq!(known(), Reading::Absent);
    world.clock.set_wall(START);
    assert_eq!(known(), Reading::Absent);
    store.close().unwrap();
    assert!(matches!(store.read(token.as_bytes(), Some(&kept), &mut out), Err(Error::Closed)));
}

#[test]
fn a_kept_record_is_not_returned_for_another_token_with_its_id() {
    let mut world = small(JournalMode::Mapped);
    let store = world.open();
    let earlier = world.disk.copy();
    let lost = create(&store, b"lost", None, None);
    store.close().unwrap();
    world.disk = earlier;
    let store = world.open();
    let mut kept = ReaderIndex::new(64);
    store.watch(&mut kept);
    let made = store.create_kept(b"made", limits(None, None), &kept, 0).unwrap();
    assert_eq!(made.id(), lost.id());
    let mut out = [0; 64];
    let mut known = |token: &Token| store.read(token.as_bytes(), Some(&kept), &mut out).unwrap();
    assert!(matches!(known(&made), Reading::Unchanged(..)));
    assert_eq!(known(&lost), Reading::Absent);
    assert!(matches!(known(&made), Reading::Unchanged(..)));
}
