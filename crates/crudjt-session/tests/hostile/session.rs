//! Any bytes as messages of two connections: each is answered by messages that are well-formed and
//! name what was begun, or its session ends; a client that behaves is served all the while, and what
//! the others did with numbers that were answered is not done again.

use crudjt_session::{MAX_RETAINED_BYTES, Progress};

use crate::common::*;

/// Each message is a byte that says which connection it is for and whether that greets anew, another
/// with its length, and its bytes.
pub fn run(bytes: &[u8]) {
    let master = Master::new();
    let mut good = master.greeted(200);
    let token = good.reply(&Op::create(1, 1).encode()).token;
    let mut connections = [master.greeted(1), master.greeted(2)];
    let mut taken = [0; 2];
    let (mut rest, mut number) = (bytes, 1);
    while let [control, length, behind @ ..] = rest {
        let (message, behind) = behind.split_at(behind.len().min(usize::from(*length)));
        rest = behind;
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
        assert!(master.sessions.retained_bytes() <= 3 * MAX_RETAINED_BYTES);
    }
    master.sessions.halt();
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
