//! What a store was told: every operation in order, and up to which of them it promised to keep.
//! After a power cut it must hold the result of a prefix of them that has all that was promised.

use crudjt_core::{Store, Token};

use crate::common::{Seen, try_read};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Live {
    pub data: Vec<u8>,
    /// Milliseconds since 1970.
    pub expiry: Option<u64>,
    pub reads: Option<u64>,
}

/// An operation: the state that it gives a token.
#[derive(Debug, Clone)]
struct Done {
    token: usize,
    after: Option<Live>,
}

/// What a read of each token showed; the outer `None` where nobody knows the token.
type Looks = Vec<Option<Option<Seen>>>;

#[derive(Clone, Default)]
pub struct History {
    /// `None` where a create never returned.
    tokens: Vec<Option<Token>>,
    /// The states before the operations.
    base: Vec<Option<Live>>,
    done: Vec<Done>,
    /// So many operations were promised to survive.
    promised: usize,
    /// Whether the last operation failed in a way that may have done it.
    uncertain: bool,
}

impl History {
    pub fn count(&self) -> usize {
        self.tokens.len()
    }

    pub fn token(&self, at: usize) -> Option<Token> {
        self.tokens[at]
    }

    /// Notes a token that is being made.
    pub fn begin(&mut self, live: Live) -> usize {
        self.tokens.push(None);
        self.base.push(None);
        self.set(self.tokens.len() - 1, Some(live));
        self.tokens.len() - 1
    }

    pub fn name(&mut self, at: usize, token: Token) {
        self.tokens[at] = Some(token);
    }

    /// Notes an operation that is being done.
    pub fn set(&mut self, at: usize, after: Option<Live>) {
        self.done.push(Done { token: at, after });
    }

    /// Takes back the operations noted after so many: they failed and did nothing.
    pub fn take_back(&mut self, noted: usize) {
        self.done.truncate(noted);
    }

    /// How many operations are noted.
    pub fn noted(&self) -> usize {
        self.done.len()
    }

    /// The operation noted after so many, if there is one, failed in a way that may have done it.
    pub fn doubt(&mut self, noted: usize) {
        self.uncertain = self.done.len() > noted;
    }

    /// Everything so far was promised to survive.
    pub fn promise(&mut self) {
        self.promised = self.done.len();
    }

    /// The newest state of a token that is alive.
    pub fn newest(&self, at: usize, now: u64) -> Option<&Live> {
        let last = self.done.iter().rev().find(|done| done.token == at);
        alive(last.map_or(&self.base[at], |done| &done.after), now)
    }

    /// What a read of a token must show; it is noted if it counts.
    pub fn read(&mut self, at: usize, now: u64) -> Option<Seen> {
        let live = self.newest(at, now)?.clone();
        let seen = shown(&live, now);
        if let Some(left) = seen.2 {
            self.set(at, (left > 0).then_some(Live { reads: Some(left), ..live }));
        }
        Some(seen)
    }

    /// Reads every token of a store that was just opened and finds the prefix that it holds; with
    /// `all`, that must be everything. Later cuts must leave all of it. The reads are noted.
    pub fn meet(&mut self, store: &Store, now: u64, all: bool) -> Result<(), String> {
        let looks = self.look(store)?;
        let acknowledged = self.done.len() - usize::from(self.uncertain);
        let least = if all { acknowledged } else { self.promised };
        let ends = (least..=self.done.len()).rev();
        let mut differences = Vec::new();
        for end in ends {
            let states = self.states(end);
            match difference(&states, &looks, now) {
                Some(found) => differences.push(format!("up to {end}: {found}")),
                None => {
                    self.settle(states, now);
                    return Ok(());
                }
            }
        }
        let total = self.done.len();
        let texts = differences.join("\n");
        Err(format!("{least} of {total} operations were promised; no end fits\n{texts}"))
    }

    /// Whether a store that takes no writes still shows what it must: reads that don't count go on.
    pub fn is_still_read(&self, store: &Store, now: u64) -> Result<(), String> {
        let doubtful = self.done.last().filter(|_| self.uncertain).map(|done| done.token);
        for at in (0..self.count()).filter(|at| Some(*at) != doubtful) {
            let Some(token) = &self.tokens[at] else { continue };
            let live = self.newest(at, now);
            let expected = live.map(|live| shown(live, now));
            match try_read(store, token) {
                Ok(seen) if seen == expected => {}
                Err(_) if live.is_some_and(|live| live.reads.is_some()) => {}
                Ok(_) => return Err(format!("token {at} shows something else")),
                Err(error) => return Err(format!("token {at} can't be read: {error}")),
            }
        }
        Ok(())
    }

    fn look(&self, store: &Store) -> Result<Looks, String> {
        let look = |token: &Option<Token>| token.as_ref().map(|token| try_read(store, token));
        let looks = self.tokens.iter().map(|token| look(token).transpose());
        looks.collect::<Result<_, _>>().map_err(|error| format!("a token can't be read: {error}"))
    }

    /// The states after so many operations.
    fn states(&self, end: usize) -> Vec<Option<Live>> {
        let mut states = self.base.clone();
        for Done { token, after } in &self.done[..end] {
            states[*token].clone_from(after);
        }
        states
    }

    fn settle(&mut self, states: Vec<Option<Live>>, now: u64) {
        (self.base, self.promised, self.uncertain) = (states, 0, false);
        self.done.clear();
        for at in 0..self.count() {
            if self.tokens[at].is_some() {
                self.read(at, now);
            }
        }
    }

    /// The states found by the last meeting.
    pub fn found(&self) -> &[Option<Live>] {
        &self.base
    }
}

fn alive(state: &Option<Live>, now: u64) -> Option<&Live> {
    state.as_ref().filter(|live| live.expiry.is_none_or(|expiry| expiry > now))
}

fn shown(live: &Live, now: u64) -> Seen {
    let left = live.expiry.map(|expiry| (expiry - now).div_ceil(1000));
    (live.data.clone(), left, live.reads.map(|reads| reads - 1))
}

/// The first token that shows something else than it should.
fn difference(states: &[Option<Live>], looks: &Looks, now: u64) -> Option<String> {
    let brief = |seen: &Option<Seen>| {
        let seen = seen.as_ref()?;
        Some((seen.0.first().copied(), seen.0.len(), seen.1, seen.2))
    };
    states.iter().zip(looks).enumerate().find_map(|(at, (state, look))| {
        let (expected, look) = (alive(state, now).map(|live| shown(live, now)), look.as_ref()?);
        let text = || format!("token {at} is {:?}, not {:?}", brief(look), brief(&expected));
        (expected != *look).then(text)
    })
}
