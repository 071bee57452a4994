//! Reads what clients send: the fields of `Requests`.

use crate::ended::Ended;
use crate::protobuf::{DELIMITED, FIXED64, Reader, VARINT, tag_of};

/// The length of a client's id.
pub(crate) const ID_BYTES: usize = 16;
/// The length of the random bytes of one side.
pub(crate) const NONCE_BYTES: usize = 32;

const HELLO: u64 = tag_of(1, DELIMITED);
const ACKNOWLEDGED: u64 = tag_of(2, FIXED64);
const OPERATIONS: u64 = tag_of(3, DELIMITED);
const GOODBYE: u64 = tag_of(4, VARINT);
const PROOF: u64 = tag_of(5, DELIMITED);
const SHELF: u64 = tag_of(6, VARINT);

/// One field of a client's message.
pub(crate) enum Field<'a> {
    Hello(&'a [u8]),
    Acknowledged(u64),
    /// The bytes of an operation.
    Operation(&'a [u8]),
    Goodbye,
    /// The client's proof of the access key.
    Proof(&'a [u8]),
    /// The client asks for the shelf.
    Shelf,
}

/// The next field that this version knows; `None` at the end of the message.
pub(crate) fn next_field<'a>(reader: &mut Reader<'a>) -> Result<Option<Field<'a>>, Ended> {
    while let Some(tag) = reader.tag()? {
        return Ok(Some(match tag {
            HELLO => Field::Hello(reader.delimited()?),
            ACKNOWLEDGED => Field::Acknowledged(reader.fixed64()?),
            OPERATIONS => Field::Operation(reader.delimited()?),
            GOODBYE if reader.bool()? => Field::Goodbye,
            GOODBYE => continue,
            PROOF => Field::Proof(reader.delimited()?),
            SHELF if reader.bool()? => Field::Shelf,
            SHELF => continue,
            _ => {
                reader.skip(tag)?;
                continue;
            }
        }));
    }
    Ok(None)
}

/// A client's first message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Hello {
    pub(crate) version: u64,
    pub(crate) client: [u8; ID_BYTES],
    /// Random bytes, from a client that can prove the access key.
    pub(crate) nonce: Option<[u8; NONCE_BYTES]>,
}

impl Hello {
    pub(crate) fn read(bytes: &[u8]) -> Result<Hello, Ended> {
        let (mut version, mut client, mut nonce) = (0, &[][..], None);
        let mut reader = Reader(bytes);
        while let Some(tag) = reader.tag()? {
            match tag {
                tag if tag == tag_of(1, VARINT) => version = reader.uint()?,
                tag if tag == tag_of(2, DELIMITED) => client = reader.delimited()?,
                tag if tag == tag_of(3, DELIMITED) => {
                    let bytes = reader.delimited()?.try_into();
                    nonce = Some(bytes.map_err(|_| Ended::Malformed)?);
                }
                _ => reader.skip(tag)?,
            }
        }
        let client = client.try_into().map_err(|_| Ended::Malformed)?;
        if version == 0 { Err(Ended::Malformed) } else { Ok(Hello { version, client, nonce }) }
    }
}

/// The kinds of operations.
pub(crate) mod kind {
    pub(crate) const CREATE: u64 = 0;
    pub(crate) const READ: u64 = 1;
    pub(crate) const UPDATE: u64 = 2;
    pub(crate) const DELETE: u64 = 3;
    pub(crate) const FLUSH: u64 = 4;
    pub(crate) const STATS: u64 = 5;
    pub(crate) const BACKUP: u64 = 6;
}

/// One operation.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Operation<'a> {
    pub(crate) number: u64,
    pub(crate) kind: u64,
    pub(crate) token: &'a [u8],
    pub(crate) data: &'a [u8],
    pub(crate) ttl: Option<i64>,
    pub(crate) reads: Option<i64>,
    pub(crate) keep: bool,
    pub(crate) durable: bool,
    pub(crate) shelve: bool,
}

const NUMBER: u64 = tag_of(1, VARINT);
const KIND: u64 = tag_of(2, VARINT);
const TOKEN: u64 = tag_of(3, DELIMITED);
const DATA: u64 = tag_of(4, DELIMITED);
const TTL: u64 = tag_of(5, VARINT);
const SILENCE_READ: u64 = tag_of(6, VARINT);
const KEEP: u64 = tag_of(7, VARINT);
const DURABLE: u64 = tag_of(8, VARINT);
const SHELVE: u64 = tag_of(16, VARINT);

impl<'a> Operation<'a> {
    pub(crate) fn read(bytes: &'a [u8]) -> Result<Operation<'a>, Ended> {
        let mut operation = Operation::default();
        let mut reader = Reader(bytes);
        while let Some(tag) = reader.tag()? {
            match tag {
                NUMBER => operation.number = reader.uint()?,
                KIND => operation.kind = reader.uint()?,
                TOKEN => operation.token = reader.delimited()?,
                DATA => operation.data = reader.delimited()?,
                TTL => operation.ttl = Some(reader.int64()?),
                SILENCE_READ => operation.reads = Some(reader.int64()?),
                KEEP => operation.keep = reader.bool()?,
                DURABLE => operation.durable = reader.bool()?,
                SHELVE => operation.shelve = reader.bool()?,
                _ => reader.skip(tag)?,
            }
        }
        if operation.number == 0 { Err(Ended::Malformed) } else { Ok(operation) }
    }
}
