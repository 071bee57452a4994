//! The folder of the simulated disk: what its entries are for programs, and on the medium.

use std::collections::BTreeMap;

use super::inode::Luck;
use super::rng::Rng;

/// The number of a file, which keeps it through renaming and removal.
pub type Number = usize;

#[derive(Debug, Clone)]
enum Move {
    Create(String, Number),
    Rename(String, String, Number),
    Remove(String, Number),
}

#[derive(Debug, Clone, Default)]
pub struct Names {
    pub live: BTreeMap<String, Number>,
    durable: BTreeMap<String, Number>,
    /// What was done since the folder was last synced.
    unsynced: Vec<Move>,
}

impl Names {
    /// All of them on the medium.
    pub fn durable(names: BTreeMap<String, Number>) -> Names {
        Names { live: names.clone(), durable: names, unsynced: Vec::new() }
    }

    pub fn create(&mut self, name: &str, number: Number) {
        self.done(Move::Create(name.to_owned(), number));
    }

    pub fn rename(&mut self, from: &str, to: &str) -> bool {
        let number = self.live.get(from).copied();
        let done = number.map(|number| Move::Rename(from.to_owned(), to.to_owned(), number));
        done.map(|done| self.done(done)).is_some()
    }

    pub fn remove(&mut self, name: &str) -> bool {
        let number = self.live.get(name).copied();
        number.map(|number| self.done(Move::Remove(name.to_owned(), number))).is_some()
    }

    fn done(&mut self, done: Move) {
        apply(&mut self.live, &done);
        self.unsynced.push(done);
    }

    pub fn sync(&mut self) {
        self.durable.clone_from(&self.live);
        self.unsynced.clear();
    }

    pub fn is_synced(&self) -> bool {
        self.unsynced.is_empty()
    }

    /// What a power cut leaves of it: any of what was not synced.
    pub fn cut(&self, rng: &mut Rng, luck: Luck) -> BTreeMap<String, Number> {
        let mut names = self.durable.clone();
        let kept = self.unsynced.iter().filter(|_| rng.chance(luck.names));
        kept.for_each(|kept| apply(&mut names, kept));
        names
    }
}

fn apply(names: &mut BTreeMap<String, Number>, done: &Move) {
    let mut let_go = |name: &String, number| {
        if names.get(name) == Some(number) {
            names.remove(name);
        }
    };
    match done {
        Move::Create(..) => {}
        Move::Rename(name, _, number) | Move::Remove(name, number) => let_go(name, number),
    }
    if let Move::Create(name, number) | Move::Rename(_, name, number) = done {
        names.insert(name.clone(), *number);
    }
}
