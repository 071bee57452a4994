//! Recognises MessagePack maps that look like ones seen before, and tells where their values are,
//! so that whoever decodes many maps of few kinds need not walk over keys that it knows.
//!
//! A template is what such maps have in common: the bytes between their values. Maps inside of a
//! map are part of it. A map that fits is told as leaves, one for each value, in order.
//!
//! Invariants: a map fits only if every byte of it was accounted for; two templates share a place,
//! which the first bytes of a map decide, the one that fitted last in front; the number of a text
//! stands for the same text until it is told as new again.

use crate::msgpack;

/// The most leaves that a map may have.
pub const MAX_LEAVES: usize = 256;
/// The longest text that is told by number, in bytes: one header byte and this many more.
const SHORT_TEXT: usize = 24;
/// How many texts have numbers; a power of two.
const TEXTS: usize = 1024;
/// How many places there are for templates; a power of two.
const BUCKETS: usize = 128;

/// A text that the reader does not know yet, plus its number; its offset stands beside it.
const NEW_TEXT: i32 = TEXTS as i32;
/// A number of up to 32 bits or with a fraction, which stands beside it.
const NUMBER: i32 = -1;
const NULL: i32 = -2;
const TRUE: i32 = -3;
const FALSE: i32 = -4;
/// Any other value; its offset stands beside it.
const OTHER: i32 = -5;

/// Where the leaves of a map are put.
pub struct Leaves<'a> {
    /// What each leaf is: the number of a text, or one of the codes above.
    pub codes: &'a mut [i32; MAX_LEAVES],
    /// What stands beside it.
    pub numbers: &'a mut [f64; MAX_LEAVES],
}

/// The bytes before each value, one after the other, and where each of them ends.
#[derive(Default)]
struct Template {
    bytes: Box<[u8]>,
    ends: Box<[usize]>,
}

#[derive(Clone, Copy, Default, PartialEq)]
#[repr(C, align(32))]
struct Text {
    /// The header byte, then the characters, then zeros.
    bytes: [u8; 1 + SHORT_TEXT],
}

/// The templates and texts of one reader.
pub struct Outliner {
    templates: Vec<[Template; 2]>,
    texts: Vec<Text>,
}

impl Default for Outliner {
    fn default() -> Outliner {
        let templates = (0..BUCKETS).map(|_| Default::default()).collect();
        Outliner { templates, texts: vec![Text::default(); TEXTS] }
    }
}

impl Outliner {
    /// The bucket of a map: by how many entries it has and the start of its first key.
    pub fn bucket(map: &[u8]) -> usize {
        let start = map.first_chunk::<5>().map_or(0, |[count, key @ ..]| {
            let [header, ..] = key;
            // The value behind a short key must not count.
            let bytes = if header & 0xe0 == 0xa0 { 1 + u32::from(header & 0x1f) } else { 4 };
            let unused = 32_u32.saturating_sub(8 * bytes);
            (u32::from_le_bytes(*key) << unused) ^ u32::from(*count)
        });
        start.wrapping_mul(0x9e37_79b1) as usize >> 16 & (BUCKETS - 1)
    }

    /// Puts a template in front (0) or behind (1) in a bucket: the bytes before each value, one
    /// after the other, and how many each time. Nothing if there are more than [`MAX_LEAVES`].
    pub fn learn(&mut self, bucket: usize, behind: usize, bytes: &[u8], lengths: &[u8]) {
        let ends = lengths.iter().scan(0, |end, length| {
            *end += usize::from(*length);
            Some(*end)
        });
        let template = Template { bytes: bytes.into(), ends: ends.collect() };
        let way = self.templates.get_mut(bucket).and_then(|ways| ways.get_mut(behind));
        if let Some(way) = way
            && lengths.len() <= MAX_LEAVES
        {
            *way = template;
        }
    }

    /// Tells the leaves of a map; `None` if it fits no template of its bucket. Otherwise whether it
    /// was the one in front (0) or behind (1), which then comes to the front.
    pub fn outline(&mut self, map: &[u8], leaves: &mut Leaves<'_>) -> Option<usize> {
        let ways = self.templates.get_mut(Self::bucket(map))?;
        let (way, count) = ways
            .iter()
            .enumerate()
            .find_map(|(way, template)| Some((way, template.fit(map, leaves)?)))?;
        ways.rotate_left(way);
        let found = leaves.codes.iter_mut().zip(leaves.numbers.iter()).take(count);
        for (code, offset) in found.filter(|(code, _)| **code == NEW_TEXT) {
            *code = number_of(&mut self.texts, map.get(*offset as usize..).unwrap_or_default());
        }
        Some(way)
    }

    /// Forgets all texts: the reader does not know which it was told.
    pub fn forget_texts(&mut self) {
        self.texts.fill(Text::default());
    }
}

impl Template {
    /// How many leaves a map has that fits; texts are not numbered yet.
    fn fit(&self, map: &[u8], leaves: &mut Leaves<'_>) -> Option<usize> {
        let (mut at, mut start) = (0, 0);
        let places = leaves.codes.iter_mut().zip(leaves.numbers.iter_mut());
        for (end, (code, number)) in self.ends.iter().zip(places) {
            let literal = self.bytes.get(start..*end)?;
            if !map.get(at..)?.starts_with(literal) {
                return None;
            }
            at += literal.len();
            start = *end;
            (*code, *number, at) = leaf(map, at)?;
        }
        (at == map.len() && !self.ends.is_empty()).then_some(self.ends.len())
    }
}

/// The leaf at an offset, with what stands beside it and the offset behind it.
fn leaf(map: &[u8], at: usize) -> Option<(i32, f64, usize)> {
    let rest = map.get(at..)?;
    let number = |number: f64, bytes: usize| Some((NUMBER, number, at + bytes));
    match *rest.first()? {
        code @ ..0x80 => number(f64::from(code), 1),
        code @ 0xa1..=0xb8 if is_ascii(rest, usize::from(code & 0x1f)) => {
            Some((NEW_TEXT, at as f64, at + 1 + usize::from(code & 0x1f)))
        }
        0xc0 => Some((NULL, 0.0, at + 1)),
        0xc2 => Some((FALSE, 0.0, at + 1)),
        0xc3 => Some((TRUE, 0.0, at + 1)),
        // Adding 0 turns -0 into 0.
        0xca => number(f64::from(f32::from_be_bytes(bytes(rest)?)) + 0.0, 5),
        0xcb => number(f64::from_be_bytes(bytes(rest)?) + 0.0, 9),
        0xcc => number(f64::from(u8::from_be_bytes(bytes(rest)?)), 2),
        0xcd => number(f64::from(u16::from_be_bytes(bytes(rest)?)), 3),
        0xce => number(f64::from(u32::from_be_bytes(bytes(rest)?)), 5),
        0xd0 => number(f64::from(i8::from_be_bytes(bytes(rest)?)), 2),
        0xd1 => number(f64::from(i16::from_be_bytes(bytes(rest)?)), 3),
        0xd2 => number(f64::from(i32::from_be_bytes(bytes(rest)?)), 5),
        code @ 0xe0.. => number(f64::from(code as i8), 1),
        _ => Some((OTHER, at as f64, at + msgpack::length(rest).ok()?)),
    }
}

/// The bytes behind a value's first.
fn bytes<const N: usize>(value: &[u8]) -> Option<[u8; N]> {
    value.get(1..)?.first_chunk().copied()
}

fn is_ascii(text: &[u8], length: usize) -> bool {
    text.get(1..=length).is_some_and(<[u8]>::is_ascii)
}

/// The code of a short text at the front of `rest`: its number, as new if it had none.
fn number_of(texts: &mut [Text], rest: &[u8]) -> i32 {
    let size = rest.first().map_or(0, |header| 1 + usize::from(header & 0x1f));
    let mut text = Text::default();
    for (byte, given) in text.bytes.iter_mut().zip(rest.iter().take(size)) {
        *byte = *given;
    }
    let index = text.hash() & (TEXTS - 1);
    match texts.get_mut(index) {
        Some(known) if *known == text => index as i32,
        Some(place) => {
            *place = text;
            NEW_TEXT + index as i32
        }
        None => OTHER,
    }
}

impl Text {
    fn hash(&self) -> usize {
        let (words, last) = self.bytes.as_chunks::<8>();
        let last = u64::from(last.first().copied().unwrap_or(0));
        let mixed = words.iter().fold(last, |hash, word| {
            (hash.rotate_left(5) ^ u64::from_le_bytes(*word)).wrapping_mul(0x9e37_79b9_7f4a_7c15)
        });
        (mixed >> 48) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A value as bytes, and the leaf that it is.
    #[derive(Debug, Clone, PartialEq)]
    enum Told {
        Text(String),
        Number(f64),
        Code(i32),
    }

    fn any_value() -> impl Strategy<Value = (Vec<u8>, Told)> {
        let text = "[ -~]{1,24}".prop_map(|text| (packed(&text), Told::Text(text)));
        let bytes = |code: u8, bytes: &[u8]| [&[code], bytes].concat();
        prop_oneof![
            text,
            any::<f64>().prop_map(move |n| (bytes(0xcb, &n.to_be_bytes()), Told::Number(n + 0.0))),
            any::<i32>().prop_map(move |n| (bytes(0xd2, &n.to_be_bytes()), Told::Number(n.into()))),
            any::<u16>().prop_map(move |n| (bytes(0xcd, &n.to_be_bytes()), Told::Number(n.into()))),
            any::<i8>().prop_map(move |n| (bytes(0xd0, &n.to_be_bytes()), Told::Number(n.into()))),
            (-32..128i16).prop_map(|n| (vec![n as u8], Told::Number(n.into()))),
            prop_oneof![Just(0xc0), Just(0xc2), Just(0xc3)].prop_map(|code| {
                let told = [NULL, FALSE, TRUE]
                    .into_iter()
                    .nth([0xc0, 0xc2, 0xc3].iter().position(|c| *c == code).unwrap());
                (vec![code], Told::Code(told.unwrap()))
            }),
            Just((vec![0x92, 0x81, 0xa1, b'x', 0xc0, 0xc4, 2, 1, 2], Told::Code(OTHER))),
            Just((packed("äöü"), Told::Code(OTHER))),
            Just((vec![0xd6, 0xff, 0, 0, 0, 1], Told::Code(OTHER))),
            any::<u64>().prop_map(move |n| (bytes(0xcf, &n.to_be_bytes()), Told::Code(OTHER))),
        ]
    }

    fn packed(text: &str) -> Vec<u8> {
        [&[0xa0 | text.len() as u8], text.as_bytes()].concat()
    }

    /// What `Outliner` tells, with a reader's own table of texts.
    struct LeafReader {
        outliner: Outliner,
        texts: Vec<String>,
    }

    impl LeafReader {
        fn new() -> LeafReader {
            LeafReader { outliner: Outliner::default(), texts: vec![String::new(); TEXTS] }
        }

        fn read(&mut self, map: &[u8], width: usize) -> Option<(usize, Vec<Told>)> {
            let (mut codes, mut numbers) = ([99; MAX_LEAVES], [0.0; MAX_LEAVES]);
            let mut leaves = Leaves { codes: &mut codes, numbers: &mut numbers };
            let way = self.outliner.outline(map, &mut leaves)?;
            let told = codes.into_iter().zip(numbers).take(width);
            Some((way, told.map(|(code, number)| self.told(map, code, number)).collect()))
        }

        fn told(&mut self, map: &[u8], code: i32, number: f64) -> Told {
            match code {
                NUMBER => Told::Number(number),
                code @ ..0 => Told::Code(code),
                code @ 0..NEW_TEXT => Told::Text(self.texts[code as usize].clone()),
                code => {
                    let rest = &map[number as usize..];
                    let text = &rest[1..=usize::from(rest[0] & 0x1f)];
                    let text = String::from_utf8(text.to_vec()).unwrap();
                    self.texts[(code - NEW_TEXT) as usize] = text.clone();
                    Told::Text(text)
                }
            }
        }
    }

    /// A map of values with keys `a`, `b`, …, and the template's bytes before each of them.
    fn map_of(values: &[Vec<u8>]) -> (Vec<u8>, Vec<Vec<u8>>) {
        let mut before = vec![0x80 | values.len() as u8];
        let (mut map, mut parts) = (Vec::new(), Vec::new());
        for (i, value) in values.iter().enumerate() {
            before.extend([0xa1, b'a' + i as u8]);
            map.extend_from_slice(&before);
            map.extend_from_slice(value);
            parts.push(std::mem::take(&mut before));
        }
        (map, parts)
    }

    fn learn(reader: &mut LeafReader, behind: usize, map: &[u8], parts: &[Vec<u8>]) {
        let lengths: Vec<u8> = parts.iter().map(|part| part.len() as u8).collect();
        reader.outliner.learn(Outliner::bucket(map), behind, &parts.concat(), &lengths);
    }

    proptest! {
        #[test]
        fn the_leaves_are_the_values_however_often_and_in_whatever_order(
            lists in proptest::collection::vec(proptest::collection::vec(any_value(), 1..9), 1..40),
        ) {
            let mut reader = LeafReader::new();
            for list in &lists {
                let (values, told): (Vec<_>, Vec<_>) = list.iter().cloned().unzip();
                let (map, parts) = map_of(&values);
                learn(&mut reader, 0, &map, &parts);
                for _ in 0..2 {
                    prop_assert_eq!(reader.read(&map, told.len()), Some((0, told.clone())));
                }
            }
        }

        #[test]
        fn nothing_that_is_cut_short_or_too_long_fits(list in proptest::collection::vec(any_value(), 1..9)) {
            let values: Vec<_> = list.into_iter().map(|(bytes, _)| bytes).collect();
            let (map, parts) = map_of(&values);
            let mut reader = LeafReader::new();
            learn(&mut reader, 0, &map, &parts);
            for length in 0..map.len() {
                prop_assert_eq!(reader.read(&map[..length], 0), None);
            }
            prop_assert_eq!(reader.read(&[map.as_slice(), &[0xc0]].concat(), 0), None);
        }

        #[test]
        fn any_bytes_at_all_are_taken_or_refused(
            data in proptest::collection::vec(any::<u8>(), 0..80),
            lengths in proptest::collection::vec(any::<u8>(), 0..9),
            bytes in proptest::collection::vec(any::<u8>(), 0..40),
        ) {
            let mut reader = LeafReader::new();
            reader.outliner.learn(Outliner::bucket(&data), 0, &bytes, &lengths);
            let found = reader.read(&data, lengths.len());
            prop_assert!(found.is_none() || !lengths.is_empty());
        }

        #[test]
        fn a_value_is_as_long_as_its_bytes((bytes, _) in any_value(), more: u8) {
            prop_assert_eq!(msgpack::length(&bytes), Ok(bytes.len()));
            prop_assert_eq!(msgpack::length(&[bytes.as_slice(), &[more]].concat()), Ok(bytes.len()));
        }
    }

    #[test]
    fn the_one_behind_comes_to_the_front_when_it_fits() {
        let mut reader = LeafReader::new();
        let (nil, list) = (vec![0xc0], vec![0x90]);
        let (map, parts) = map_of(&[nil.clone(), nil.clone()]);
        let other: Vec<_> =
            map.iter().map(|byte| if *byte == b'b' { b'z' } else { *byte }).collect();
        learn(&mut reader, 1, &map, &parts);
        assert_eq!(reader.read(&other, 2), None);
        let told = vec![Told::Code(NULL), Told::Code(NULL)];
        assert_eq!(reader.read(&map, 2), Some((1, told.clone())));
        assert_eq!(reader.read(&map, 2), Some((0, told)));
        let (map, _) = map_of(&[list, nil]);
        assert_eq!(reader.read(&map, 1), Some((0, vec![Told::Code(OTHER)])));
    }

    #[test]
    fn after_forgetting_every_text_is_new() {
        let mut reader = LeafReader::new();
        let (map, parts) = map_of(&[packed("text")]);
        learn(&mut reader, 0, &map, &parts);
        let told = Some((0, vec![Told::Text("text".into())]));
        assert_eq!(reader.read(&map, 1), told);
        reader.outliner.forget_texts();
        reader.texts.fill(String::new());
        assert_eq!(reader.read(&map, 1), told);
    }

    #[test]
    fn maps_of_more_values_than_there_are_leaves_are_not_learned() {
        let mut outliner = Outliner::default();
        outliner.learn(0, 0, &[0xde; MAX_LEAVES + 1], &[1; MAX_LEAVES + 1]);
        assert!(outliner.templates.iter().flatten().all(|template| template.ends.is_empty()));
    }
}
