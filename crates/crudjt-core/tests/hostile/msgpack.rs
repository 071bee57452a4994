//! Any bytes as MessagePack, held against another implementation: the walk takes exactly the maps
//! that it takes, and counts what it would write; the leaves of a match are the values it reads.

use crudjt_core::msgpack::{DEPTH_LIMIT, Malformed, measure};
use crudjt_core::{Leaves, MAX_LEAVES, MapMatcher};
use rmpv::Value;
use std::collections::HashMap;

/// What that implementation takes a byte for that stands for nothing.
const UNUSED: u8 = 0xc1;
/// What leaves are told as, besides the numbers of texts below it.
const NEW_TEXT: i32 = 1024;
const NUMBER: i32 = -1;
const NULL: i32 = -2;
const TRUE: i32 = -3;
const FALSE: i32 = -4;
const OTHER: i32 = -5;

/// The first byte says where the first map ends and the second begins.
pub fn run(bytes: &[u8]) {
    let Some((at, bytes)) = bytes.split_first() else { return };
    let (first, second) = bytes.split_at(usize::from(*at).min(bytes.len()));
    let mut reader = Reader::default();
    for map in [second, first] {
        agrees(map);
        if let Some(template) = template(map) {
            reader.learn(map, template);
            assert!(reader.fits(map), "a map fits its own template");
        }
        reader.fits(second);
        reader.fits(first);
    }
}

fn agrees(map: &[u8]) {
    let mut rest = map;
    let value = rmpv::decode::read_value(&mut rest);
    let expected = match &value {
        _ if !matches!(map.first(), Some(0x80..=0x8f | 0xde | 0xdf)) => None,
        Ok(value) if rest.is_empty() => sound_size(value, 1),
        _ => None,
    };
    match measure(map) {
        Ok(size) => assert_eq!(Some(size), expected),
        Err(Malformed::TooDeep) => {}
        Err(_) => assert!(expected.is_none() || map.contains(&UNUSED), "{value:?} is refused"),
    }
}

/// Bytes of the most compact form; nothing for texts that are not UTF-8 and for what is too deep.
fn sound_size(value: &Value, depth: usize) -> Option<usize> {
    let all = |values: &mut dyn Iterator<Item = &Value>| -> Option<usize> {
        values.map(|value| sound_size(value, depth + 1)).sum()
    };
    match value {
        Value::Array(_) | Value::Map(_) if depth > DEPTH_LIMIT => None,
        Value::Array(values) => Some(count(values.len()) + all(&mut values.iter())?),
        Value::Map(entries) => {
            let mut values = entries.iter().flat_map(|(key, value)| [key, value]);
            Some(count(entries.len()) + all(&mut values)?)
        }
        Value::String(text) => text.as_str().map(|_| written(value)),
        Value::F32(number) => Some(float(f64::from(*number), 5)),
        Value::F64(number) => Some(float(*number, 9)),
        Value::Ext(-1, data) => Some(time(data).unwrap_or_else(|| written(value))),
        _ => Some(written(value)),
    }
}

fn written(value: &Value) -> usize {
    let mut out = Vec::new();
    rmpv::encode::write_value(&mut out, value).unwrap();
    out.len()
}

fn count(values: usize) -> usize {
    [15, 0xffff].iter().zip([1, 3]).find(|(most, _)| values <= **most).map_or(5, |(_, size)| size)
}

fn float(number: f64, size: usize) -> usize {
    let whole = number as i64;
    let is_small = whole as f64 == number && (i64::from(i32::MIN)..1 << 32).contains(&whole);
    if is_small { written(&Value::from(whole)).min(size) } else { size }
}

fn time(data: &[u8]) -> Option<usize> {
    let (nanoseconds, seconds) = match data.len() {
        4 => (0, i64::from(u32::from_be_bytes(data.try_into().unwrap()))),
        8 => {
            let word = u64::from_be_bytes(data.try_into().unwrap());
            (word >> 34, (word << 30 >> 30) as i64)
        }
        12 => {
            let nanoseconds = u32::from_be_bytes(data[..4].try_into().unwrap());
            (nanoseconds.into(), i64::from_be_bytes(data[4..].try_into().unwrap()))
        }
        _ => return None,
    };
    let has_nanoseconds = nanoseconds > 0;
    Some(match u64::try_from(seconds) {
        Ok(seconds) if seconds >> 32 == 0 && !has_nanoseconds => 6,
        Ok(seconds) if seconds >> 34 == 0 && nanoseconds >> 30 == 0 => 10,
        _ => 15,
    })
}

/// The bytes before each value, one after the other, and how many each time.
type Template = (Vec<u8>, Vec<u8>);

/// What stands before each value of a map, the heads of maps in it included; `None` where that has
/// no short form.
fn template(map: &[u8]) -> Option<Template> {
    measure(map).ok()?;
    matches!(map.first(), Some(0x80..=0x8f)).then_some(())?;
    let (mut literals, mut lengths) = (Vec::new(), Vec::new());
    let mut walk = Walk { rest: map, literal: Vec::new() };
    let mut open = Vec::new();
    loop {
        if let Some(count @ 0x80..=0x8f) = walk.rest.first().copied() {
            open.push(count & 0x0f);
            walk.take(1);
        } else {
            lengths.push(u8::try_from(walk.literal.len()).ok()?);
            literals.append(&mut walk.literal);
            walk.value()?;
        }
        while open.last() == Some(&0) {
            open.pop();
        }
        let Some(left) = open.last_mut() else { break };
        *left -= 1;
        let key = walk.value()?;
        walk.literal.extend_from_slice(key);
    }
    (walk.literal.is_empty() && lengths.len() <= MAX_LEAVES).then_some((literals, lengths))
}

struct Walk<'a> {
    rest: &'a [u8],
    literal: Vec<u8>,
}

impl<'a> Walk<'a> {
    fn take(&mut self, count: usize) {
        let (taken, rest) = self.rest.split_at(count);
        self.literal.extend_from_slice(taken);
        self.rest = rest;
    }

    /// The next value's bytes.
    fn value(&mut self) -> Option<&'a [u8]> {
        let before = self.rest;
        rmpv::decode::read_value(&mut self.rest).ok()?;
        Some(&before[..before.len() - self.rest.len()])
    }
}

/// A decoder of leaves, with the templates and the texts that it learned.
#[derive(Default)]
struct Reader {
    matcher: MapMatcher,
    learned: Vec<Template>,
    texts: HashMap<i32, Vec<u8>>,
}

impl Reader {
    fn learn(&mut self, map: &[u8], template: Template) {
        self.matcher.learn(MapMatcher::bucket(map), 0, &template.0, &template.1);
        self.learned.push(template);
    }

    /// Whether a map fits a template: then its leaves are the values that the other implementation
    /// reads between the bytes of one of those that were learned, and nothing else is in it.
    fn fits(&mut self, map: &[u8]) -> bool {
        let (mut codes, mut numbers) = ([99; MAX_LEAVES], [0.0; MAX_LEAVES]);
        let mut leaves = Leaves { codes: &mut codes, numbers: &mut numbers };
        if self.matcher.find_leaves(map, &mut leaves).is_none() {
            return false;
        }
        let told: Vec<_> = codes.into_iter().zip(numbers).collect();
        let values = self.learned.iter().filter_map(|template| values_between(map, template));
        let fit = values.into_iter().find(|values| self.are_told(values, &told));
        for ((at, value), (code, _)) in fit.expect("the values of a template").iter().zip(&told) {
            if let (NEW_TEXT.., Value::String(text)) = (*code, value) {
                assert!(map[*at + 1..].starts_with(text.as_bytes()));
                self.texts.insert(*code - NEW_TEXT, text.as_bytes().to_vec());
            }
        }
        true
    }

    fn are_told(&self, values: &[(usize, Value)], told: &[(i32, f64)]) -> bool {
        let mut news = HashMap::new();
        let is_told = |((at, value), (code, number)): (&(usize, Value), &(i32, f64))| match value {
            Value::Nil => *code == NULL,
            Value::Boolean(yes) => *code == if *yes { TRUE } else { FALSE },
            Value::String(text) if *code >= NEW_TEXT => {
                news.insert(*code - NEW_TEXT, text.as_bytes().to_vec());
                *number == *at as f64
            }
            Value::String(text) if *code >= 0 => {
                let known = news.get(code).or(self.texts.get(code));
                known.is_some_and(|known| known == text.as_bytes())
            }
            _ if *code == OTHER => *number == *at as f64,
            _ => *code == NUMBER && is_number(value, *number),
        };
        values.iter().zip(told).all(is_told)
    }
}

fn is_number(value: &Value, told: f64) -> bool {
    let number = match value {
        Value::F32(number) => f64::from(*number),
        Value::F64(number) => *number,
        value => value.as_f64().unwrap(),
    };
    // Zero has one sign, and what is no number may have lost its spare bits.
    number == told && !(told == 0.0 && told.is_sign_negative()) || number.is_nan() && told.is_nan()
}

/// The values of a map between the bytes of a template, with their offsets; `None` if it does not
/// fit.
fn values_between(map: &[u8], template: &Template) -> Option<Vec<(usize, Value)>> {
    let (mut rest, mut literals, mut values) = (map, &template.0[..], Vec::new());
    for length in &template.1 {
        let (literal, others) = literals.split_at(usize::from(*length));
        (rest, literals) = (rest.strip_prefix(literal)?, others);
        let at = map.len() - rest.len();
        values.push((at, rmpv::decode::read_value(&mut rest).ok()?));
    }
    rest.is_empty().then_some(values)
}
