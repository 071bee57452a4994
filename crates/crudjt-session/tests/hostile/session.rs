//! Any bytes as messages of two connections: each is answered by messages that are well-formed and
//! name what was begun, or its session ends; a client that behaves is served all the while, and what
//! the others did with numbers that were answered is not done again. And as messages of a stranger
//! with the id of a client: before a proof of the access key nothing is begun, replaced or retained.

use crudjt_session::{MAX_RETAINED_BYTES, Progress};

use crate::common::*;

/// Each message is a byte that says which connection it is for and whether that greets anew, another
/// with its length, and its bytes.
pub fn run(bytes: &[u8]) {
    let guarded = Master::guarded();
    let mut member = guarded.greeted(1);
    let mut stranger = guarded.connect();
    let master = Master::new();
    let mut good = master.greeted(200);
    let token = good.reply(&Op::create(1, 1).encode()).token;
    let mut connections = [master.greeted(1), master.greeted(2)];
    let mut taken = [0; 2];
    let (mut rest, mut number) = (bytes, 1);
    while let [control, length, behind @ ..] = rest {
        let (message, behind) = behind.split_at(behind.len().min(usize::from(*length)));
        rest = behind;
        if control & 4 != 0 && approach(&mut stranger, message).is_none() {
            stranger = guarded.connect();
        }
        let at = usize::from(control & 1);
        if control & 2 != 0 || speak(&mut connections[at], message, &mut taken[at]).is_none() {
            connections[at] = master.connect();
            let welcome = connections[at].exchange(&hello(1 + at as u8)).unwrap();
            // Who has said goodbye is not known any more.
            if !welcome[0].welcome.unwrap().1 {
                taken[at] = 0;
            }
        }
        number += 1;
        assert_eq!(good.reply(&Op::read(number, &token).encode()).data, Some(data(1)));
        assert_eq!(member.replies(&Op::read(number, &token).encode()).len(), 1);
        assert_eq!(guarded.live_tokens(), 0);
        assert!(master.sessions.retained_bytes() <= 3 * MAX_RETAINED_BYTES);
    }
    master.sessions.halt();
}

/// A message of somebody without the access key. `None` once the session has ended.
fn approach(stranger: &mut Connection, message: &[u8]) -> Option<()> {
    for sent in stranger.exchange(message).ok()? {
        assert_eq!(sent, Replies { challenge: sent.challenge.clone(), ..Replies::default() });
    }
    assert!(!stranger.session.is_admitted());
    assert!(stranger.late().unwrap().is_empty());
    Some(())
}

/// `None` once the session has ended.
fn speak(connection: &mut Connection, message: &[u8], taken: &mut u64) -> Option<()> {
    connection.session.receive(message).ok()?;
    let mut out = Vec::new();
    loop {
        let progress = connection.session.work(5, &mut out).ok()?;
        if let Some(sent) = Replies::read(&out) {
            let begun = sent.taken.unwrap_or(*taken);
            assert!(begun >= *taken && sent.replies.len() <= 5);
            assert!(sent.replies.iter().all(|reply| reply.number <= begun && reply.number > 0));
            *taken = begun;
        }
        if progress == Progress::Idle {
            break;
        }
        if progress == Progress::Waiting {
            connection.bell.wait();
        }
    }
    connection.late().ok().map(drop)
}
