//! The module structure of the engine, of the sessions and of the shelf: dependencies point down, without
//! cycles, and no text names what is above.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// The top-level modules. Each may use those of the lines above its own.
const LAYERS: [&[&str]; 12] = [
    // Values: no files, no threads.
    &["error", "msgpack"],
    &["bytes", "event"],
    // The operating system, and the layout of a record.
    &["platform", "record"],
    // Keys, tokens, sealed records.
    &["crypto"],
    &["options", "call"],
    // New changes; the caches; the B-tree.
    &["journal"],
    &["memtable"],
    &["cache"],
    &["tree"],
    // An open store; then a whole one, open or closed.
    &["engine"],
    &["maintenance"],
    &["store", "testing"],
];

/// Words of the layers above the engine: its binding, its server, its command line, its options.
const FORBIDDEN_WORDS: [&str; 13] = [
    "napi",
    "grpc",
    "npx",
    "onError",
    "store_jt_path",
    "secret_key",
    "access_key",
    "max_data_size",
    "cache_size",
    "lock_wait_ms",
    "sync_interval_ms",
    "sweep_interval_hours",
    "require_known_key",
];

/// The names among them that are those of `proto/batch.proto` too.
const PROTOCOL_WORDS: [&str; 1] = ["max_data_size"];

/// The crate of the engine, and that of the sessions above it.
const ENGINE: &str = "crudjt-core";
const SESSIONS: &str = "crudjt-session";
/// That of the shelf, beside the sessions.
const SHELF: &str = "crudjt-shelf";

/// A module's path below `crate`, as `["journal", "entry"]`.
type Module = Vec<String>;

#[test]
fn dependencies_point_down() {
    let sources = Sources::read(ENGINE);
    let used: BTreeSet<_> =
        sources.dependencies().map(|(from, to)| (top(&from), top(&to))).collect();
    assert!(used.len() > 40, "the paths are read");
    let wrong: Vec<_> = used
        .iter()
        .filter(|(from, to)| from != to && layer(from) <= layer(to))
        .map(|(from, to)| format!("{from} uses {to}"))
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn sibling_modules_have_no_cycles() {
    for crate_name in [ENGINE, SESSIONS, SHELF] {
        let circular = circular(&Sources::read(crate_name));
        assert!(circular.is_empty(), "{crate_name}: {circular:#?}");
    }
}

/// The modules that depend on themselves through their siblings.
fn circular(sources: &Sources) -> Vec<String> {
    let mut siblings: BTreeMap<Module, BTreeSet<Module>> = BTreeMap::new();
    for (from, to) in sources.dependencies() {
        let common = from.iter().zip(&to).take_while(|(from, to)| from == to).count();
        if common < from.len() && common < to.len() {
            let (from, to) = (from[..=common].to_vec(), to[..=common].to_vec());
            siblings.entry(from).or_default().insert(to);
        }
    }
    let circular = siblings.keys().filter(|module| reaches(&siblings, module));
    circular.map(|module| module.join("::")).collect()
}

#[test]
fn no_text_names_what_is_above() {
    for (crate_name, known) in [(ENGINE, &[][..]), (SESSIONS, &PROTOCOL_WORDS), (SHELF, &[][..])] {
        let sources = Sources::read(crate_name);
        let forbidden: Vec<_> =
            FORBIDDEN_WORDS.iter().filter(|word| !known.contains(word)).collect();
        let mut wrong = Vec::new();
        for (module, source) in &sources.0 {
            let texts = source.texts.iter();
            wrong.extend(
                texts
                    .filter(|text| forbidden.iter().any(|word| text.contains(**word)))
                    .map(|text| format!("{}: {text}", module.join("::"))),
            );
        }
        assert!(wrong.is_empty(), "{crate_name}: {wrong:#?}");
    }
}

#[test]
fn sessions_know_no_transport() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(SESSIONS);
    let manifest = fs::read_to_string(root.join("Cargo.toml")).unwrap();
    assert!(manifest.contains("crudjt-core") && !manifest.contains("napi"));
    let sources = Sources::read(SESSIONS);
    let uses_network = |source: &Source| source.code.replace(' ', "").contains("std::net");
    assert!(sources.0.len() > 10 && !sources.0.values().any(uses_network));
}

#[test]
fn the_shelf_knows_the_engine_alone() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(SHELF);
    let manifest = fs::read_to_string(root.join("Cargo.toml")).unwrap();
    let ours: Vec<_> = manifest.lines().filter(|line| line.starts_with("crudjt-")).collect();
    assert_eq!(ours, ["crudjt-core.workspace = true"]);
}

fn top(module: &Module) -> String {
    module.first().cloned().unwrap_or_default()
}

fn layer(module: &str) -> usize {
    let found = LAYERS.iter().position(|layer| layer.contains(&module));
    found.unwrap_or_else(|| panic!("{module} has no layer"))
}

/// Whether a module depends on itself through its siblings.
fn reaches(graph: &BTreeMap<Module, BTreeSet<Module>>, start: &Module) -> bool {
    let (mut seen, mut open) = (BTreeSet::new(), vec![start]);
    while let Some(module) = open.pop() {
        for next in graph.get(module).into_iter().flatten() {
            if next == start {
                return true;
            }
            if seen.insert(next) {
                open.push(next);
            }
        }
    }
    false
}

/// One file: its code without comments, string literals and tests; and its string literals.
struct Source {
    code: String,
    texts: Vec<String>,
}

/// A crate's modules; the root has the empty path.
struct Sources(BTreeMap<Module, Source>);

impl Sources {
    fn read(crate_name: &str) -> Sources {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(crate_name).join("src");
        let mut sources = BTreeMap::new();
        for path in files(&root) {
            let relative = path.strip_prefix(&root).unwrap().with_extension("");
            let mut module: Module =
                relative.iter().map(|part| part.to_str().unwrap().to_owned()).collect();
            module.pop_if(|name| name == "mod" || name == "lib");
            sources.insert(module, split(&fs::read_to_string(&path).unwrap()));
        }
        sources.retain(|module, _| module.last().is_none_or(|name| name != "tests"));
        Sources(sources)
    }

    /// Which module uses which. The root, which only re-exports, is left out.
    fn dependencies(&self) -> impl Iterator<Item = (Module, Module)> {
        let modules = self.0.iter().filter(|(module, _)| !module.is_empty());
        modules.flat_map(|(module, source)| {
            let used = paths(&source.code).into_iter().map(|path| self.resolve(module, &path));
            used.filter(move |used| used != module).map(|used| (module.clone(), used))
        })
    }

    /// The module that a path in another module leads to, following re-exports.
    fn resolve(&self, from: &Module, path: &[String]) -> Module {
        let mut module = if path[0] == "crate" { Vec::new() } else { from.clone() };
        for (at, name) in path.iter().enumerate() {
            match name.as_str() {
                "crate" | "self" => continue,
                "super" => {
                    module.pop();
                    continue;
                }
                _ => {}
            }
            let child: Module = module.iter().chain([name]).cloned().collect();
            if self.0.contains_key(&child) {
                module = child;
            } else if let Some(exported) = self.exported(&module, name) {
                return self.resolve(&module, &[&exported[..], &path[at + 1..]].concat());
            } else {
                break;
            }
        }
        module
    }

    /// The path of a name that a module re-exports from a child.
    fn exported(&self, module: &Module, name: &str) -> Option<Vec<String>> {
        let paths = paths(&self.0.get(module)?.code).into_iter();
        let is_child = |path: &[String]| {
            self.0.contains_key(&module.iter().chain(path.first()).cloned().collect::<Module>())
        };
        let mut named = paths.map(|mut path| {
            path.retain(|part| part != "self");
            path
        });
        named.find(|path| path.len() > 1 && path.last().unwrap() == name && is_child(path))
    }
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

/// Separates code from string literals, and drops comments and unit tests.
fn split(source: &str) -> Source {
    let mut rest = source.split("#[cfg(test)]\nmod ").next().unwrap();
    let (mut code, mut texts) = (String::new(), Vec::new());
    while let Some(at) = rest.find(['"', '/', '\'']) {
        code.push_str(&rest[..at]);
        rest = &rest[at..];
        if rest.starts_with("//") {
            rest = rest.find('\n').map_or("", |end| &rest[end..]);
        } else if let Some(text) = rest.strip_prefix('"') {
            let (is_raw, mut escaped) = (code.ends_with('r'), false);
            let end = text.find(|char| {
                let is_end = char == '"' && !escaped;
                escaped = char == '\\' && !escaped && !is_raw;
                is_end
            });
            texts.push(text[..end.unwrap()].to_owned());
            rest = &text[end.unwrap() + 1..];
        } else {
            // A character literal, perhaps a quotation mark, or a lifetime.
            let length = if rest.starts_with("'\"'") { 3 } else { 1 };
            rest = &rest[length..];
        }
    }
    code.push_str(rest);
    Source { code, texts }
}

/// The paths in a file's code: those of `use`, each to its end, and those that begin with `crate`,
/// `self` or `super`.
fn paths(code: &str) -> Vec<Vec<String>> {
    let mut paths = Vec::new();
    let mut tokens = tokens(code).into_iter().peekable();
    let mut previous = String::new();
    while let Some(token) = tokens.next() {
        let begins = ["crate", "self", "super"].contains(&token.as_str()) && previous != "::";
        if token == "use" || begins && tokens.peek().is_some_and(|next| next == "::") {
            let first = if token == "use" { Vec::new() } else { vec![token.clone()] };
            tree(&mut tokens, first, &mut paths);
        }
        previous = token;
    }
    paths
}

/// Reads a tree of paths (`a::{b, c::d}`) that continues `path`.
fn tree(
    tokens: &mut std::iter::Peekable<std::vec::IntoIter<String>>,
    mut path: Vec<String>,
    paths: &mut Vec<Vec<String>>,
) {
    while let Some(token) = tokens.next_if(|token| !matches!(token.as_str(), "," | "}" | ";")) {
        match token.as_str() {
            "::" => {}
            "{" => {
                while tokens.next_if(|token| token == "}").is_none() {
                    tree(tokens, path.clone(), paths);
                    tokens.next_if(|token| token == ",");
                }
                return;
            }
            _ if token.starts_with(|char: char| char.is_alphabetic() || char == '_') => {
                path.push(token);
                if tokens.peek().is_none_or(|next| next != "::") {
                    break;
                }
            }
            _ => break,
        }
    }
    if !path.is_empty() {
        paths.push(path);
    }
}

/// Words, `::` and single characters.
fn tokens(code: &str) -> Vec<String> {
    let mut tokens: Vec<String> = Vec::new();
    let mut rest = code.trim_start();
    while let Some(first) = rest.chars().next() {
        let is_word = |char: char| char.is_alphanumeric() || char == '_';
        let length = match rest.find(|char| !is_word(char)) {
            _ if rest.starts_with("::") => 2,
            Some(0) => first.len_utf8(),
            end => end.unwrap_or(rest.len()),
        };
        tokens.push(rest[..length].to_owned());
        rest = rest[length..].trim_start();
    }
    tokens
}
