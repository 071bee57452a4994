//! The trial's master: a store with a shelf, and a thread for each connection.

use std::io::Read;
use std::os::unix::net::{UnixListener, UnixStream};
use std::sync::Arc;
use std::time::Duration;

use crudjt_core::{Change, Error, Limits, OUT_BYTES, Options, Reading, Secret, Shelf, Store};
use crudjt_shelf::{Memory, ShelfWriter, SystemClock, send_shelf};

use crate::Trial;
use crate::board::Count;
use crate::wire::{CLOSE, CREATE, DELETE, READ, Reply, Request, SHELF, UPDATE};

/// A small one, so that copies are evicted.
const SHELF_BYTES: usize = 128 << 10;

struct Served {
    store: Store,
    memory: Memory,
}

fn secret(number: u64) -> Secret {
    const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let digit = |at: u64| char::from(DIGITS[((at * 7 + number * 13 + at * number) % 64) as usize]);
    let text: String = (0..42).map(digit).chain(['A']).collect();
    Secret::from_base64(&text).unwrap()
}

/// Serves the store under the secret of this number; the ones before it open what they sealed.
pub fn serve(trial: &Trial, rotation: u64) {
    let secrets = (rotation.saturating_sub(1)..=rotation).rev().map(secret).collect();
    let mut options = Options::new(trial.store(), secrets);
    options.max_data_size = 4096;
    options.lock_wait = Duration::from_secs(60);
    options.sync_interval = Duration::from_millis(50);
    options.environment.segment_bytes = 256 << 10;
    options.environment.memtable_age = 200;
    let store = Store::open(options).unwrap();
    let (memory, words) = Memory::create(SHELF_BYTES).unwrap();
    let shelf = ShelfWriter::begin(words, SHELF_BYTES, Box::new(SystemClock), || store.time());
    let shelf: Arc<dyn Shelf> = Arc::new(shelf.unwrap());
    store.set_shelf(Some(shelf)).unwrap();
    let _ = std::fs::remove_file(trial.socket());
    let listener = UnixListener::bind(trial.socket()).unwrap();
    trial.board().add(Count::Opened, 1);
    let served = Arc::new(Served { store, memory });
    loop {
        let (stream, _) = listener.accept().unwrap();
        let served = served.clone();
        std::thread::spawn(move || answer(&served, stream));
    }
}

fn answer(served: &Served, mut stream: UnixStream) {
    let mut out = vec![0; OUT_BYTES];
    while let Ok(request) = Request::read(&mut stream) {
        match request.kind {
            SHELF => {
                // Kept open for as long as the client lives.
                if send_shelf(&stream, &served.memory).is_ok() {
                    let _ = stream.read(&mut [0]);
                }
                return;
            }
            CLOSE => {
                served.store.close().unwrap();
                std::process::exit(0);
            }
            _ => {}
        }
        let Some(reply) = run(&served.store, &request, &mut out) else { return };
        if reply.send(&mut stream).is_err() {
            return;
        }
    }
}

/// `None` once the store is closed.
fn run(store: &Store, request: &Request, out: &mut [u8]) -> Option<Reply> {
    loop {
        match call(store, request, out) {
            Err(Error::Busy) => store.wait_for_room().ok()?,
            Err(Error::Closed) => return None,
            reply => return Some(reply.unwrap()),
        }
    }
}

fn call(store: &Store, request: &Request, out: &mut [u8]) -> Result<Reply, Error> {
    let limit = |limit: u64| Some(limit).filter(|limit| *limit > 0);
    let limits = Limits { ttl: limit(request.ttl), reads: limit(request.reads) };
    let data = data_of(request.value);
    let answer = |is_live| Reply { is_live, ..Reply::default() };
    Ok(match request.kind {
        CREATE => {
            let token = *store.create(&data, limits)?.as_bytes();
            Reply { is_live: true, token, ..Reply::default() }
        }
        READ => match store.read_to_shelf(&request.token, out)? {
            Reading::Found(meta, length) => Reply {
                is_live: true,
                value: value_of(&out[..length]).unwrap(),
                reads: meta.reads.unwrap_or(0),
                ..Reply::default()
            },
            _ => answer(false),
        },
        UPDATE => answer(store.update(&request.token, &data, Change::Replace(limits))?),
        DELETE => answer(store.delete(&request.token)?),
        kind => panic!("{kind} is no call"),
    })
}

/// A record that shows by itself if it is not whole.
fn data_of(value: u64) -> Vec<u8> {
    value.to_le_bytes().repeat(4 + value as usize % 40)
}

/// The value of a record.
pub fn value_of(data: &[u8]) -> Option<u64> {
    let value = u64::from_le_bytes(*data.first_chunk()?);
    (data_of(value) == data).then_some(value)
}
