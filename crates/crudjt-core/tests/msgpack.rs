//! The walk over MessagePack against a naive model: values, written in every width that can hold
//! them.
#![allow(clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::sync::atomic::{AtomicUsize, Ordering};

use crudjt_core::msgpack::{DEPTH_LIMIT, Malformed, measure};
use proptest::collection::vec;
use proptest::prelude::*;

#[derive(Debug, Clone)]
enum Value {
    Nil,
    Boolean(bool),
    Integer(i128),
    Float(f64),
    Text(String),
    Bytes(Vec<u8>),
    Extension(i8, Vec<u8>),
    Array(Vec<Value>),
    Map(Vec<(Value, Value)>),
}

/// Writes a value: `wide` asks for headers and integers of more bytes than needed.
fn write(value: &Value, wide: bool, out: &mut Vec<u8>) {
    match value {
        Value::Nil => out.push(0xc0),
        Value::Boolean(yes) => out.push(0xc2 + u8::from(*yes)),
        Value::Integer(number) => write_integer(*number, wide, out),
        Value::Float(number) => {
            out.push(0xcb);
            out.extend(number.to_be_bytes());
        }
        Value::Text(text) => {
            write_header(text.len(), [0xa0, 0xd9, 0xda, 0xdb], 32, wide, out);
            out.extend(text.as_bytes());
        }
        Value::Bytes(bytes) => {
            write_header(bytes.len(), [0, 0xc4, 0xc5, 0xc6], 0, wide, out);
            out.extend(bytes);
        }
        Value::Extension(kind, bytes) => {
            match [1, 2, 4, 8, 16].iter().position(|length| *length == bytes.len()) {
                Some(place) if !wide => out.push(0xd4 + place as u8),
                _ => write_header(bytes.len(), [0, 0xc7, 0xc8, 0xc9], 0, wide, out),
            }
            out.push(*kind as u8);
            out.extend(bytes);
        }
        Value::Array(values) => {
            write_count(values.len(), 0x90, 0xdc, wide, out);
            values.iter().for_each(|value| write(value, wide, out));
        }
        Value::Map(entries) => {
            write_count(entries.len(), 0x80, 0xde, wide, out);
            for (key, value) in entries {
                write(key, wide, out);
                write(value, wide, out);
            }
        }
    }
}

#[expect(clippy::match_overlapping_arm, reason = "the narrowest comes first")]
fn write_integer(number: i128, wide: bool, out: &mut Vec<u8>) {
    match number {
        _ if wide && number < 0 => write_with(0xd3, &(number as i64).to_be_bytes(), out),
        _ if wide => write_with(0xcf, &(number as u64).to_be_bytes(), out),
        0..0x80 => out.push(number as u8),
        -32..0 => out.push(number as i8 as u8),
        0..0x100 => write_with(0xcc, &(number as u8).to_be_bytes(), out),
        0..0x1_0000 => write_with(0xcd, &(number as u16).to_be_bytes(), out),
        0..0x1_0000_0000 => write_with(0xce, &(number as u32).to_be_bytes(), out),
        0.. => write_with(0xcf, &(number as u64).to_be_bytes(), out),
        -0x80..0 => write_with(0xd0, &(number as i8).to_be_bytes(), out),
        -0x8000..0 => write_with(0xd1, &(number as i16).to_be_bytes(), out),
        -0x8000_0000..0 => write_with(0xd2, &(number as i32).to_be_bytes(), out),
        _ => write_with(0xd3, &(number as i64).to_be_bytes(), out),
    }
}

fn write_with(code: u8, bytes: &[u8], out: &mut Vec<u8>) {
    out.push(code);
    out.extend(bytes);
}

fn write_header(length: usize, codes: [u8; 4], short: usize, wide: bool, out: &mut Vec<u8>) {
    match length {
        _ if wide => write_with(codes[3], &(length as u32).to_be_bytes(), out),
        _ if length < short => out.push(codes[0] | length as u8),
        0..0x100 => write_with(codes[1], &(length as u8).to_be_bytes(), out),
        _ => write_with(codes[2], &(length as u16).to_be_bytes(), out),
    }
}

fn write_count(count: usize, fix: u8, code: u8, wide: bool, out: &mut Vec<u8>) {
    match count {
        _ if wide => write_with(code + 1, &(count as u32).to_be_bytes(), out),
        0..16 => out.push(fix | count as u8),
        _ => write_with(code, &(count as u16).to_be_bytes(), out),
    }
}

fn packed(value: &Value, wide: bool) -> Vec<u8> {
    let mut out = Vec::new();
    write(value, wide, &mut out);
    out
}

fn leaf() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Nil),
        any::<bool>().prop_map(Value::Boolean),
        any::<i64>().prop_map(|number| Value::Integer(number.into())),
        any::<u64>().prop_map(|number| Value::Integer(number.into())),
        (0..64_u32, any::<bool>()).prop_map(|(bits, minus)| {
            let number = (1_i128 << bits) - i128::from(minus);
            Value::Integer(if minus { -number.max(1) } else { number })
        }),
        // Whole ones of 32 bits count as integers: see the test of its own.
        any::<f64>().prop_map(|number| Value::Float(if number.fract() == 0.0 {
            0.5
        } else {
            number
        })),
        ".{0,40}".prop_map(Value::Text),
        "[a-z]{250,300}".prop_map(Value::Text),
        vec(any::<u8>(), 0..40).prop_map(Value::Bytes),
        (0..i8::MAX, vec(any::<u8>(), 0..20)).prop_map(|(kind, data)| Value::Extension(kind, data)),
    ]
}

fn map() -> impl Strategy<Value = Value> {
    let any_value = leaf().prop_recursive(5, 60, 20, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..20).prop_map(Value::Array),
            vec((inner.clone(), inner), 0..20).prop_map(Value::Map),
        ]
    });
    vec((any_value.clone(), any_value), 0..20).prop_map(Value::Map)
}

/// How often any bytes, and those with a changed byte, were a map after all.
static SOUND_BYTES: AtomicUsize = AtomicUsize::new(0);
static SOUND_CHANGES: AtomicUsize = AtomicUsize::new(0);

/// Whether bytes are refused, or count no more than they are, which is noted.
fn has_a_size_within(bytes: &[u8], sound: &AtomicUsize) -> bool {
    let Ok(size) = measure(bytes) else { return true };
    sound.fetch_add(1, Ordering::Relaxed);
    size <= bytes.len()
}

#[test]
fn any_bytes_are_measured_or_refused() {
    measure_any_bytes();
    assert!(SOUND_BYTES.load(Ordering::Relaxed) > 20, "{SOUND_BYTES:?} were maps");
}

#[test]
fn a_changed_byte_never_makes_a_map_count_more_than_its_bytes() {
    measure_a_changed_byte();
    assert!(SOUND_CHANGES.load(Ordering::Relaxed) > 20, "{SOUND_CHANGES:?} were maps");
}

proptest! {
    #[test]
    fn the_size_is_that_of_the_shortest_encoding(value in map()) {
        let short = packed(&value, false);
        prop_assert_eq!(measure(&short), Ok(short.len()));
        prop_assert_eq!(measure(&packed(&value, true)), Ok(short.len()));
    }

    fn measure_any_bytes(mut bytes in vec(any::<u8>(), 1..300)) {
        for first in [bytes[0], 0x81, 0x8f, 0xde, 0xdf] {
            bytes[0] = first;
            for end in (1..bytes.len().min(40)).chain([bytes.len()]) {
                prop_assert!(has_a_size_within(&bytes[..end], &SOUND_BYTES));
            }
        }
    }

    fn measure_a_changed_byte(value in map(), at: prop::sample::Index, with: u8) {
        let mut bytes = packed(&value, true);
        let at = at.index(bytes.len());
        bytes[at] = with;
        prop_assert!(has_a_size_within(&bytes, &SOUND_CHANGES));
    }
}

proptest! {
    // Each case looks at every length of it.
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn truncated_and_trailing_bytes_are_refused(value in map()) {
        for wide in [false, true] {
            let mut bytes = packed(&value, wide);
            for cut in 0..bytes.len() {
                prop_assert_eq!(measure(&bytes[..cut]), Err(Malformed::Syntax));
            }
            bytes.push(0);
            prop_assert_eq!(measure(&bytes), Err(Malformed::Syntax));
        }
    }
}

/// A map with one value.
fn holding(value: &[u8]) -> Vec<u8> {
    [&[0x81, 0xa1, b'a'], value].concat()
}

const HOLDER: usize = 3;

#[test]
fn values_other_than_maps_are_distinguished_from_malformed_bytes() {
    for value in [&[0xc0][..], &[0x05], &[0x90], &[0xa1, b'a'], &[0xc4, 0], &[0xc1], b"text"] {
        assert_eq!(measure(value), Err(Malformed::NotMap), "{value:?}");
    }
    for nonsense in
        [&[][..], &holding(&[0xc1]), &holding(&[0xa2, 0xc3, 0x28]), &[0xdf, 255, 255, 255, 255]]
    {
        assert_eq!(measure(nonsense), Err(Malformed::Syntax), "{nonsense:?}");
    }
}

#[test]
fn text_is_utf_8_as_keys_and_as_values() {
    for wrong in
        [&[0xa1, 0x80][..], &[0xa2, 0xc0, 0x80], &[0xa3, 0xed, 0xa0, 0x80], &[0xd9, 1, 0xff]]
    {
        assert_eq!(measure(&holding(wrong)), Err(Malformed::Syntax));
        assert_eq!(measure(&[&[0x81], wrong, &[0]].concat()), Err(Malformed::Syntax));
    }
    assert_eq!(measure(&holding(&[0xc4, 1, 0xff])), Ok(HOLDER + 3));
}

#[test]
fn nesting_is_accepted_up_to_its_limit() {
    for opener in [&[0x91][..], &[0x81, 0], &[0xdc, 0, 1], &[0xdf, 0, 0, 0, 1, 0]] {
        let nested =
            |depth: usize| [&[0x81, 0], opener.repeat(depth - 1).as_slice(), &[1]].concat();
        assert!(measure(&nested(DEPTH_LIMIT)).is_ok());
        assert_eq!(measure(&nested(DEPTH_LIMIT + 1)), Err(Malformed::TooDeep));
        assert_eq!(measure(&nested(100_000)), Err(Malformed::TooDeep));
    }
}

#[test]
fn floats_that_are_small_integers_count_as_these() {
    let double = |number: f64| holding(&[&[0xcb][..], &number.to_be_bytes()].concat());
    let sizes = [(0.0, 1), (-0.0, 1), (-32.0, 1), (255.0, 2), (-32_768.0, 3), (4_294_967_295.0, 5)];
    for (number, size) in sizes {
        assert_eq!(measure(&double(number)), Ok(HOLDER + size), "{number}");
    }
    for number in [4_294_967_296.0, -2_147_483_649.0, 1.5, f64::NAN, f64::INFINITY, 1e300] {
        assert_eq!(measure(&double(number)), Ok(HOLDER + 9), "{number}");
    }
    let single = |number: f32| holding(&[&[0xca][..], &number.to_be_bytes()].concat());
    assert_eq!(measure(&single(1.5)), Ok(HOLDER + 5));
    assert_eq!(measure(&single(7.0)), Ok(HOLDER + 1));
}

#[test]
fn a_timestamp_counts_in_its_shortest_form() {
    let time = |data: &[u8]| holding(&[&[0xc7, data.len() as u8, 0xff], data].concat());
    let long = |nanoseconds: u32, seconds: i64| {
        [&nanoseconds.to_be_bytes()[..], &seconds.to_be_bytes()].concat()
    };
    let sizes = [
        (vec![0, 0, 0, 5], 6),
        (5_u64.to_be_bytes().to_vec(), 6),
        ((7_u64 << 34 | 5).to_be_bytes().to_vec(), 10),
        ((1_u64 << 33).to_be_bytes().to_vec(), 10),
        (long(0, 5), 6),
        (long(7, 5), 10),
        (long(0, 1 << 33), 10),
        (long(0, 1 << 34), 15),
        (long(0, -1), 15),
        (vec![1, 2], 4),
        (vec![1, 2, 3], 6),
    ];
    for (data, size) in sizes {
        assert_eq!(measure(&time(&data)), Ok(HOLDER + size), "{data:?}");
    }
}
