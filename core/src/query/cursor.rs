//! Tokens that stand for a place: cursors of lists, positions of the change feed.
//!
//! Invariant: opaque and bound. A token carries a checksum, so that an altered one is told from one that belongs to
//! another query. It is no secret: it holds the order keys of the last row.

use super::base64;
use banyan_words::codec::{hash, put_bytes, put_varint, take_array, take_bytes, take_varint};

const LIST: u8 = 1;
const CHANGES: u8 = 2;
const SEED: u64 = 0x6261_6e79_616e;

/// Where a page of a list ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Position {
    /// Order keys of the sort fields of its last row; of the field the store went by, where none was asked for.
    pub keys: Vec<Vec<u8>>,
    /// The store's number of that row.
    pub n: u64,
}

/// Why a token is no use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CursorFault {
    /// It was not made here, or was altered.
    Damaged,
    /// It belongs to something else.
    Mismatch,
}

/// The token of a list's position.
pub fn cursor_token(at: &Position, binding: u64) -> String {
    let mut out = vec![LIST];
    out.extend_from_slice(&binding.to_le_bytes());
    put_varint(at.n, &mut out);
    put_varint(at.keys.len() as u64, &mut out);
    at.keys.iter().for_each(|k| put_bytes(k, &mut out));
    sealed(out)
}

/// The position a token stands for.
pub(super) fn read_cursor(token: &str, binding: u64, sorts: usize) -> Result<Position, CursorFault> {
    let body = opened(token, LIST, binding)?;
    let read = |mut at: &[u8]| {
        let n = take_varint(&mut at)?;
        let mut keys = Vec::new();
        for _ in 0..take_varint(&mut at)? {
            keys.push(take_bytes(&mut at)?.to_vec());
        }
        // Without a sort the store may go by the order of a filter's field, whose key then stands here.
        let right = keys.len() == sorts || (sorts == 0 && keys.len() == 1);
        (at.is_empty() && right).then_some(Position { keys, n })
    };
    read(&body).ok_or(CursorFault::Damaged)
}

/// The token of a position in the change feed of that entity (named as for ids).
pub fn change_token(entity: &str, slice: u64, item: u32) -> String {
    let mut out = vec![CHANGES];
    out.extend_from_slice(&hash(entity.as_bytes(), SEED).to_le_bytes());
    put_varint(slice, &mut out);
    put_varint(u64::from(item), &mut out);
    sealed(out)
}

/// Slice and item a token stands for.
pub fn read_change_token(entity: &str, token: &str) -> Result<(u64, u32), CursorFault> {
    let body = opened(token, CHANGES, hash(entity.as_bytes(), SEED))?;
    let read = |mut at: &[u8]| {
        let place = (take_varint(&mut at)?, u32::try_from(take_varint(&mut at)?).ok()?);
        at.is_empty().then_some(place)
    };
    read(&body).ok_or(CursorFault::Damaged)
}

/// Whether a token was made by this product, for whatever list or feed. Others that stand behind the same paths make tokens
/// of their own.
pub fn is_token(token: &str) -> bool {
    let Some(mut all) = base64::decode(token) else { return false };
    let Some(end) = all.len().checked_sub(4) else { return false };
    let sum = all.split_off(end);
    sum == (hash(&all, SEED) as u32).to_le_bytes() && matches!(all.first(), Some(&LIST | &CHANGES))
}

fn sealed(mut body: Vec<u8>) -> String {
    let sum = hash(&body, SEED) as u32;
    body.extend_from_slice(&sum.to_le_bytes());
    base64::encode(&body)
}

fn opened(token: &str, kind: u8, binding: u64) -> Result<Vec<u8>, CursorFault> {
    let mut all = base64::decode(token).ok_or(CursorFault::Damaged)?;
    let end = all.len().checked_sub(4).ok_or(CursorFault::Damaged)?;
    let sum = all.split_off(end);
    if sum != (hash(&all, SEED) as u32).to_le_bytes() {
        return Err(CursorFault::Damaged);
    }
    let mut at = all.as_slice();
    let [found] = take_array::<1>(&mut at).ok_or(CursorFault::Damaged)?;
    let bound = take_array::<8>(&mut at).ok_or(CursorFault::Damaged)?;
    if found != kind || bound != binding.to_le_bytes() {
        return Err(CursorFault::Mismatch);
    }
    Ok(at.to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn cursors_round_trip(keys in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..20), 0..4),
                              n: u64, binding: u64, other: u64) {
            let at = Position { keys, n };
            let token = cursor_token(&at, binding);
            prop_assert_eq!(read_cursor(&token, binding, at.keys.len()), Ok(at.clone()));
            prop_assert_eq!(read_cursor(&token, binding, 7), Err(CursorFault::Damaged));
            prop_assert!(is_token(&token));
            if other != binding {
                prop_assert_eq!(read_cursor(&token, other, at.keys.len()), Err(CursorFault::Mismatch));
            }
        }

        #[test]
        fn an_altered_token_is_told(n: u64, binding: u64, at in 0_usize..20, letter in "[A-Za-z0-9_-]") {
            let token = cursor_token(&Position { keys: vec![vec![1, 2, 3]], n }, binding);
            let at = at % token.len();
            let mut altered = token.clone();
            altered.replace_range(at..=at, &letter);
            if altered != token {
                prop_assert_eq!(read_cursor(&altered, binding, 1), Err(CursorFault::Damaged));
                prop_assert!(!is_token(&altered));
            }
        }

        #[test]
        fn no_token_panics(token in ".{0,60}") {
            let _ = read_cursor(&token, 1, 1);
            let _ = read_change_token("customer", &token);
            let _ = is_token(&token);
        }
    }

    #[test]
    fn a_change_token_belongs_to_its_entity() {
        let t = change_token("customer", 7, 3);
        assert_eq!(read_change_token("customer", &t), Ok((7, 3)));
        assert_eq!(read_change_token("order", &t), Err(CursorFault::Mismatch));
    }
}
