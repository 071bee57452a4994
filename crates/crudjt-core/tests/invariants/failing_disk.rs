//! What a failed sync and a full disk do to the calls after them.

use crudjt_core::Error;

use crate::common::*;
use crate::small;

#[test]
fn after_a_failed_sync_writes_are_refused_and_reads_go_on_until_reopening() {
    for mode in MODES {
        let mut world = small(mode);
        let store = world.open();
        let token = create(&store, b"there", None, None);
        world.disk.fail_after(0, std::io::ErrorKind::Other, false);
        assert_eq!(store.flush().unwrap_err().code(), "ERR_CRUDJT_STORAGE");
        assert!(matches!(store.create(b"refused", limits(None, None)), Err(Error::Storage { .. })));
        assert_eq!(data_of(&store, &token), Some(b"there".to_vec()));
        assert_eq!(world.codes(), ["CRUDJT_FAILED"]);
        world.kill(store);
        let store = world.open();
        assert_eq!(data_of(&store, &token), Some(b"there".to_vec()));
        assert!(delete(&store, &token));
    }
}

#[test]
fn a_full_disk_refuses_writes_before_they_are_acknowledged_and_recovers() {
    for mode in MODES {
        let mut world = small(mode);
        let store = world.open();
        let mut tokens = Vec::new();
        world.disk.fail_after(0, std::io::ErrorKind::StorageFull, true);
        let refused = loop {
            match try_create_uncommitted(&store, &[7; 500]) {
                Ok(token) => tokens.push(token),
                Err(error) => break error,
            }
        };
        assert_eq!(refused.code(), "ERR_CRUDJT_FULL");
        world.disk.heal();
        tokens.push(create_once_there_is_space(&store, &[7; 500]));
        assert!(tokens.iter().all(|token| data_of(&store, token).is_some()));
        world.kill(store);
        let store = world.open();
        assert!(tokens.iter().all(|token| data_of(&store, token).is_some()));
    }
}
