//! Maps against the values they were made of.

use proptest::prelude::*;

use super::super::leaf::{FALSE, NULL, NUMBER, TRUE};
use super::super::text_table::TEXTS;
use super::*;
use crate::msgpack;

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

/// A decoder with its own table of texts.
struct Decoder {
    matcher: MapMatcher,
    texts: Vec<String>,
}

impl Decoder {
    fn new() -> Decoder {
        Decoder { matcher: MapMatcher::default(), texts: vec![String::new(); TEXTS] }
    }

    fn read(&mut self, map: &[u8], width: usize) -> Option<(usize, Vec<Told>)> {
        let (mut codes, mut numbers) = ([99; MAX_LEAVES], [0.0; MAX_LEAVES]);
        let mut leaves = Leaves { codes: &mut codes, numbers: &mut numbers };
        let way = self.matcher.find_leaves(map, &mut leaves)?;
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

fn learn(reader: &mut Decoder, behind: usize, map: &[u8], parts: &[Vec<u8>]) {
    let lengths: Vec<u8> = parts.iter().map(|part| part.len() as u8).collect();
    reader.matcher.learn(MapMatcher::bucket(map), behind, &parts.concat(), &lengths);
}

proptest! {
    #[test]
    fn the_leaves_are_the_values_however_often_and_in_whatever_order(
        lists in proptest::collection::vec(proptest::collection::vec(any_value(), 1..9), 1..40),
    ) {
        let mut reader = Decoder::new();
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
        let mut reader = Decoder::new();
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
        let mut reader = Decoder::new();
        reader.matcher.learn(MapMatcher::bucket(&data), 0, &bytes, &lengths);
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
    let mut reader = Decoder::new();
    let (nil, list) = (vec![0xc0], vec![0x90]);
    let (map, parts) = map_of(&[nil.clone(), nil.clone()]);
    let other: Vec<_> = map.iter().map(|byte| if *byte == b'b' { b'z' } else { *byte }).collect();
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
    let mut reader = Decoder::new();
    let (map, parts) = map_of(&[packed("text")]);
    learn(&mut reader, 0, &map, &parts);
    let told = Some((0, vec![Told::Text("text".into())]));
    assert_eq!(reader.read(&map, 1), told);
    reader.matcher.forget_texts();
    reader.texts.fill(String::new());
    assert_eq!(reader.read(&map, 1), told);
}

#[test]
fn maps_of_more_values_than_there_are_leaves_are_not_learned() {
    let mut matcher = MapMatcher::default();
    matcher.learn(0, 0, &[0xde; MAX_LEAVES + 1], &[1; MAX_LEAVES + 1]);
    assert!(matcher.templates.iter().flatten().all(|template| template.ends.is_empty()));
}
