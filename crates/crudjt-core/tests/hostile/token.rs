//! Any bytes as a token's text: exactly one text stands for 16 bytes, and it is that of the token.

use crudjt_core::fuzzing::token_again;

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

pub fn run(bytes: &[u8]) {
    let again = token_again(bytes);
    assert_eq!(again.map(|(block, _)| block), decoded(bytes));
    if let Some((_, text)) = again {
        assert_eq!(text, *bytes);
    }
}

/// The same, digit by digit.
fn decoded(text: &[u8]) -> Option<[u8; 16]> {
    let digit = |byte: &u8| ALPHABET.iter().position(|digit| digit == byte);
    let digits: Vec<_> = text.iter().map(digit).collect::<Option<_>>()?;
    let [first @ .., last] = <[usize; 22]>::try_from(digits).ok()?;
    // 21 digits and two bits of the last one are 128 bits; the other four are 0.
    let high = first.iter().fold(0_u128, |number, digit| number << 6 | *digit as u128);
    (last % 16 == 0).then(|| (high << 2 | last as u128 >> 4).to_be_bytes())
}
