//! Any sequence of operations against a plain map, with reopening, killing and time in between.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod common;

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Arc, Mutex};

use common::unsteady::UnsteadyClock;
use common::*;
use crudjt_core::{Change, JournalMode, OUT_BYTES, ReaderIndex, Reading, Store, Token};
use proptest::prelude::*;

/// How often a call had each kind of answer, over all cases.
static ANSWERS: Mutex<BTreeMap<&str, u64>> = Mutex::new(BTreeMap::new());

fn note(answer: &'static str) {
    *ANSWERS.lock().unwrap().entry(answer).or_default() += 1;
}

#[derive(Debug, Clone)]
enum Step {
    Create {
        size: usize,
        ttl: Option<u64>,
        reads: Option<u64>,
    },
    Read(prop::sample::Index),
    Update {
        which: prop::sample::Index,
        size: usize,
        ttl: Option<u64>,
        reads: Option<u64>,
        keep: bool,
    },
    Delete(prop::sample::Index),
    Advance(u64),
    MoveWall(i64),
    Flush,
    Checkpoint,
    Sweep,
    Reopen,
    Kill,
    /// Closes the store and starts the machine again, which takes so long; its wall clock then steps.
    Restart(u64, i64),
}

/// The longest step of the wall clock, in milliseconds.
const LONGEST_STEP: i64 = 1_700_000;

fn ttl() -> impl Strategy<Value = Option<u64>> {
    prop_oneof![2 => Just(None), 3 => (1..30u64).prop_map(Some), 1 => Just(Some(i64::MAX as u64))]
}

fn reads() -> impl Strategy<Value = Option<u64>> {
    prop_oneof![3 => Just(None), 2 => (1..5u64).prop_map(Some)]
}

/// Not by less than the store takes for drift.
fn wall_step() -> impl Strategy<Value = i64> {
    (-LONGEST_STEP / 100..LONGEST_STEP / 100).prop_map(|step| step * 100)
}

fn step() -> impl Strategy<Value = Step> {
    const SIZES: Range<usize> = 0..900;
    prop_oneof![
        8 => (SIZES, ttl(), reads()).prop_map(|(size, ttl, reads)| Step::Create { size, ttl, reads }),
        8 => any::<prop::sample::Index>().prop_map(Step::Read),
        5 => (any::<prop::sample::Index>(), SIZES, ttl(), reads(), any::<bool>())
            .prop_map(|(which, size, ttl, reads, keep)| Step::Update { which, size, ttl, reads, keep }),
        3 => any::<prop::sample::Index>().prop_map(Step::Delete),
        3 => (1..8000u64).prop_map(Step::Advance),
        2 => wall_step().prop_map(Step::MoveWall),
        1 => Just(Step::Flush),
        1 => Just(Step::Checkpoint),
        1 => Just(Step::Sweep),
        1 => Just(Step::Reopen),
        1 => Just(Step::Kill),
        1 => (0..8000u64, wall_step()).prop_map(|(down, step)| Step::Restart(down, step)),
    ]
}

struct Live {
    data: Vec<u8>,
    expiry: Option<u128>,
    reads: Option<u64>,
}

struct Model {
    now: u64,
    tokens: Vec<(Token, Option<Live>)>,
}

impl Model {
    fn live(&mut self, at: usize) -> Option<&mut Live> {
        let now = u128::from(self.now);
        let entry = &mut self.tokens[at].1;
        if entry.as_ref().is_some_and(|live| live.expiry.is_some_and(|expiry| expiry <= now)) {
            *entry = None;
        }
        entry.as_mut()
    }

    fn expiry(&self, ttl: Option<u64>) -> Option<u128> {
        ttl.map(|ttl| u128::from(self.now) + u128::from(ttl) * 1000)
    }

    /// What a read must give; counts it.
    fn read(&mut self, at: usize) -> Option<(Vec<u8>, Option<u64>, Option<u64>)> {
        let now = u128::from(self.now);
        let live = self.live(at)?;
        let left = live.expiry.map(|expiry| (expiry - now).div_ceil(1000) as u64);
        live.reads = live.reads.map(|reads| reads - 1);
        let seen = (live.data.clone(), left, live.reads);
        if seen.2 == Some(0) {
            self.tokens[at].1 = None;
        }
        Some(seen)
    }
}

/// A caller who keeps what it creates and reads, and watches the store.
struct Keeper {
    known: ReaderIndex,
    slots: Vec<Vec<u8>>,
}

impl Keeper {
    fn new(store: &Store) -> Keeper {
        let mut known = ReaderIndex::new(64);
        store.watch(&mut known);
        Keeper { known, slots: Vec::new() }
    }

    fn create(&mut self, store: &Store, data: &[u8], ttl: Option<u64>) -> Token {
        let slot = self.slots.len() as u64;
        self.slots.push(data.to_vec());
        patient(store, || store.create_kept(data, limits(ttl, None), &self.known, slot)).unwrap()
    }

    fn read(&mut self, store: &Store, token: &Token) -> Option<Seen> {
        let mut out = vec![0; OUT_BYTES];
        let found = patient(store, || store.read(token.as_bytes(), Some(&self.known), &mut out));
        match found.unwrap() {
            Reading::Absent => {
                note("absent");
                None
            }
            Reading::Unchanged(meta, slot) => {
                note("unchanged");
                Some((self.slots[slot as usize].clone(), meta.ttl, meta.reads))
            }
            Reading::Found(meta, length) => {
                note("found");
                let data = out[..length].to_vec();
                if meta.reads.is_none() {
                    self.known.keep(self.slots.len() as u64);
                    self.slots.push(data.clone());
                }
                Some((data, meta.ttl, meta.reads))
            }
        }
    }
}

/// Opens the store, with a clock whose wall time steps whenever it is read, if there is one. That
/// begins after an opening that has nothing but the wall clock to go by.
fn open(world: &World, unsteady: Option<&Arc<UnsteadyClock>>, by_wall: bool) -> Store {
    let mut options = world.options();
    if let Some(clock) = unsteady {
        clock.calm(by_wall);
        options.environment.clock = clock.clone();
    }
    let store = Store::open(options).unwrap();
    unsteady.iter().for_each(|clock| clock.calm(false));
    store
}

struct Run {
    world: World,
    unsteady: Option<Arc<UnsteadyClock>>,
    store: Option<Store>,
    /// Two, so that one finds what the other did.
    keepers: [Keeper; 2],
    model: Model,
    written: u8,
    turn: usize,
}

impl Run {
    fn new(journal: JournalMode, epoch_seals: u64, unsteady: Option<u64>) -> Run {
        let mut world = World::new(journal);
        (world.segment_bytes, world.epoch_seals) = (24 << 10, epoch_seals);
        let clock = |seed| UnsteadyClock::new(world.clock.clone(), seed, LONGEST_STEP as u64);
        let unsteady = unsteady.map(clock);
        let store = open(&world, unsteady.as_ref(), true);
        let keepers = [Keeper::new(&store), Keeper::new(&store)];
        let model = Model { now: START, tokens: Vec::new() };
        Run { world, unsteady, store: Some(store), keepers, model, written: 0, turn: 0 }
    }

    fn open(&mut self, by_wall: bool) {
        let store = open(&self.world, self.unsteady.as_ref(), by_wall);
        assert_eq!(store.time(), self.model.now);
        self.keepers = [Keeper::new(&store), Keeper::new(&store)];
        self.store = Some(store);
    }

    fn keeper(&mut self) -> &mut Keeper {
        self.turn += 1;
        &mut self.keepers[self.turn / 2 % 2]
    }

    fn data(&mut self, size: usize) -> Vec<u8> {
        self.written = self.written.wrapping_add(1);
        vec![self.written; size]
    }

    fn step(&mut self, step: &Step) -> Result<(), TestCaseError> {
        let count = self.model.tokens.len();
        let store = self.store.take().unwrap();
        match step {
            Step::Create { size, ttl, reads } => {
                let data = self.data(*size);
                let token = match reads {
                    None => self.keeper().create(&store, &data, *ttl),
                    Some(_) => create(&store, &data, *ttl, *reads),
                };
                prop_assert!(self.model.tokens.iter().all(|(known, _)| *known != token));
                let expiry = self.model.expiry(*ttl);
                self.model.tokens.push((token, Some(Live { data, expiry, reads: *reads })));
            }
            Step::Read(which) if count > 0 => self.read(&store, which.index(count))?,
            Step::Update { which, size, ttl, reads, keep } if count > 0 => {
                let data = self.data(*size);
                let at = which.index(count);
                let limits = limits(*ttl, *reads);
                let change = if *keep { Change::Keep(limits) } else { Change::Replace(limits) };
                let updated = patient(&store, || {
                    store.update(self.model.tokens[at].0.as_bytes(), &data, change)
                })
                .unwrap();
                let expiry = self.model.expiry(*ttl);
                let expected = self.model.live(at).map(|live| {
                    let (kept_expiry, kept_reads) =
                        if *keep { (live.expiry, live.reads) } else { (None, None) };
                    *live =
                        Live { data, expiry: expiry.or(kept_expiry), reads: reads.or(kept_reads) };
                });
                note(if updated { "updated" } else { "not updated" });
                prop_assert_eq!(updated, expected.is_some());
            }
            Step::Delete(which) if count > 0 => {
                let at = which.index(count);
                let deleted = delete(&store, &self.model.tokens[at].0);
                note(if deleted { "deleted" } else { "not deleted" });
                prop_assert_eq!(deleted, self.model.live(at).is_some());
                self.model.tokens[at].1 = None;
            }
            Step::Advance(milliseconds) => self.advance(*milliseconds),
            Step::MoveWall(by) => self.world.clock.step_wall(*by),
            Step::Flush => store.flush().unwrap(),
            Step::Checkpoint => store.checkpoint().unwrap(),
            Step::Sweep => drop(store.sweep().unwrap()),
            Step::Reopen => {
                store.close().unwrap();
                self.open(false);
                return Ok(());
            }
            Step::Kill => {
                self.world.kill(store);
                self.open(false);
                return Ok(());
            }
            Step::Restart(down, step) => return self.restart(store, *down, *step),
            _ => {}
        }
        self.store = Some(store);
        Ok(())
    }

    fn read(&mut self, store: &Store, at: usize) -> Result<(), TestCaseError> {
        let token = self.model.tokens[at].0;
        let seen = self.keeper().read(store, &token);
        prop_assert_eq!(seen, self.model.read(at), "token {}", at);
        Ok(())
    }

    fn advance(&mut self, milliseconds: u64) {
        self.world.clock.advance(milliseconds);
        self.model.now += milliseconds;
    }

    /// The store goes on by the time that passed as far as the wall clock tells, and never back.
    fn restart(&mut self, store: Store, down: u64, step: i64) -> Result<(), TestCaseError> {
        let clock = &self.world.clock;
        if let Some(unsteady) = &self.unsteady {
            unsteady.calm(true);
        }
        store.close().unwrap();
        drop(store);
        clock.advance(down);
        clock.step_wall(step);
        clock.reboot();
        self.model.now += down.saturating_add_signed(step);
        self.open(true);
        Ok(())
    }

    fn finish(mut self) -> Result<(), TestCaseError> {
        let store = self.store.take().unwrap();
        self.world.kill(store);
        self.open(false);
        let store = self.store.take().unwrap();
        for at in 0..self.model.tokens.len() {
            self.read(&store, at)?;
        }
        prop_assert_eq!(store.stats().unwrap().damaged_records, 0);
        Ok(())
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, max_shrink_iters: 2000, ..ProptestConfig::default() })]

    fn agrees_with_the_model(
        steps in prop::collection::vec(step(), 1..150), plain: bool, short_epochs: bool, unsteady: Option<u64>
    ) {
        let journal = if plain { JournalMode::Plain } else { JournalMode::Mapped };
        let mut run = Run::new(journal, if short_epochs { 5 } else { 1 << 36 }, unsteady);
        for step in &steps {
            run.step(step)?;
        }
        run.finish()?;
    }
}

#[test]
fn a_store_behaves_like_a_map_with_expiry_and_read_limits() {
    agrees_with_the_model();
    let answers = ANSWERS.lock().unwrap();
    println!("{answers:?}");
    assert!(answers.len() == 7 && answers.values().all(|count| *count > 100), "{answers:?}");
}
