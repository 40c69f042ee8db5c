//! Entities by number.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::hash::{BuildHasher, Hash};
use std::ops::Range;

use arrow::array::Array;
use foldhash::fast::RandomState;
use hashbrown::HashTable;

use super::{NONE, SHARE, threads};
use crate::read::Column;
use crate::threads::{share_of, share_out};

/// The entities that some rows are of, by the values of their key.
pub(super) struct Entities {
    /// The distinct values of each column.
    columns: Vec<Values>,
    /// Of each column behind the first, what it and those before it make.
    pairs: Vec<HashMap<(u32, u32), u32, RandomState>>,
}

/// Distinct values of a column, by number: integers, texts of up to 15 bytes with their length in the last one, or longer
/// ones, which go on from the numbers of the short ones.
#[derive(Default)]
struct Values {
    ints: Distinct<i64>,
    short: Distinct<u128>,
    long: Distinct<Box<str>>,
}

/// Distinct values in the order in which they came. The table that tells their places has nothing but these, so that it
/// stays in the cache as long as it can.
#[derive(Default)]
struct Distinct<K> {
    values: Vec<K>,
    places: HashTable<u32>,
    hasher: RandomState,
}

/// Marks places of long texts while those of short ones may still be added.
const LONG: u32 = 1 << 31;

impl Entities {
    /// The entities of some rows, and which each row is of: `NONE` where a part of its key is missing.
    pub(super) fn of(key: &[&Column]) -> (Self, Vec<u32>) {
        let mut entities = Self { columns: Vec::new(), pairs: Vec::new() };
        let mut whole: Option<Vec<u32>> = None;
        for column in key {
            let (values, codes) = Values::of(column);
            entities.columns.push(values);
            whole = Some(match whole {
                None => codes,
                Some(first) => {
                    let mut pairs = HashMap::default();
                    let mut code = |pair: (u32, u32)| {
                        let next = pairs.len() as u32;
                        if pair.0 == NONE || pair.1 == NONE { NONE } else { *pairs.entry(pair).or_insert(next) }
                    };
                    let codes = first.into_iter().zip(codes).map(&mut code).collect();
                    entities.pairs.push(pairs);
                    codes
                }
            });
        }
        (entities, whole.unwrap_or_default())
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        match self.pairs.last() {
            Some(pairs) => pairs.len(),
            None => self.columns.first().map_or(0, Values::len),
        }
    }

    /// Which of them other rows are of; `NONE` for those of none.
    pub(super) fn codes(&self, key: &[&Column]) -> Vec<u32> {
        let mut columns = self.columns.iter().zip(key).map(|(values, column)| values.codes(column));
        let mut whole = columns.next().unwrap_or_default();
        for (pairs, codes) in self.pairs.iter().zip(columns) {
            for (code, second) in whole.iter_mut().zip(codes) {
                *code = pairs.get(&(*code, second)).copied().unwrap_or(NONE);
            }
        }
        whole
    }
}

impl Values {
    /// The values of a column, and which each row has.
    fn of(column: &Column) -> (Self, Vec<u32>) {
        let parts = share_out(threads(), shares(column), |rows| {
            let Self { mut ints, mut short, mut long } = Self::default();
            let codes = codes(
                column,
                rows,
                |value| ints.place(&value, |value| *value),
                |text| short.place(&text, |text| *text),
                |text| LONG | long.place(text, |text| text.into()),
            );
            (Self { ints, short, long }, codes)
        });
        let mut whole = Self::default();
        let parts: Vec<_> = parts.into_iter().map(|(values, codes)| (whole.merge(&values), codes)).collect();
        let first_long = whole.first_long();
        let codes = share_out(threads(), parts, |([short, long], mut codes): ([Vec<u32>; 2], Vec<u32>)| {
            codes.iter_mut().filter(|code| **code != NONE).for_each(|code| {
                *code = match *code & LONG {
                    0 => short[*code as usize],
                    _ => first_long + long[(*code & !LONG) as usize],
                }
            });
            codes
        });
        (whole, codes.concat())
    }

    /// Takes in other values, and tells at which places they are here: integers or short texts, and long ones.
    fn merge(&mut self, other: &Self) -> [Vec<u32>; 2] {
        let ints = other.ints.values.iter().map(|value| self.ints.place(value, |value| *value));
        let short = other.short.values.iter().map(|text| self.short.place(text, |text| *text));
        let long = other.long.values.iter().map(|text| self.long.place(text, Clone::clone));
        [ints.chain(short).collect(), long.collect()]
    }

    /// The number of the first long text.
    fn first_long(&self) -> u32 {
        // A column has either integers or texts.
        (self.ints.values.len() + self.short.values.len()) as u32
    }

    fn len(&self) -> usize {
        self.first_long() as usize + self.long.values.len()
    }

    /// Which of these values each row of a column has; `NONE` for one that has none of them.
    fn codes(&self, column: &Column) -> Vec<u32> {
        let first_long = self.first_long();
        let parts = share_out(threads(), shares(column), |rows| {
            codes(
                column,
                rows,
                |value| self.ints.find(&value).unwrap_or(NONE),
                |text| self.short.find(&text).unwrap_or(NONE),
                |text| self.long.find(text).map_or(NONE, |place| first_long + place),
            )
        });
        parts.concat()
    }
}

impl<K> Distinct<K> {
    #[inline]
    fn find<Q: Hash + Eq + ?Sized>(&self, value: &Q) -> Option<u32>
    where
        K: Borrow<Q>,
    {
        let is_it = |place: &u32| self.values[*place as usize].borrow() == value;
        self.places.find(self.hasher.hash_one(value), is_it).copied()
    }

    /// The place of a value, which is the next one if it is new.
    #[inline]
    fn place<Q: Hash + Eq + ?Sized>(&mut self, value: &Q, own: impl FnOnce(&Q) -> K) -> u32
    where
        K: Borrow<Q>,
    {
        if let Some(place) = self.find(value) {
            return place;
        }
        let Self { values, places, hasher } = self;
        let place = values.len() as u32;
        values.push(own(value));
        let hash = |place: &u32| hasher.hash_one(values[*place as usize].borrow());
        places.insert_unique(hash(&place), place, hash);
        place
    }
}

/// What the value of each row becomes: an integer, a short text as a number, or a longer one; `NONE` where it is missing.
fn codes(
    column: &Column,
    rows: Range<usize>,
    mut of_int: impl FnMut(i64) -> u32,
    mut of_short: impl FnMut(u128) -> u32,
    mut of_long: impl FnMut(&str) -> u32,
) -> Vec<u32> {
    match column {
        Column::Int(array) => {
            rows.map(|row| if array.is_valid(row) { of_int(array.value(row)) } else { NONE }).collect()
        }
        Column::Text(array) => {
            let (offsets, bytes) = (array.value_offsets(), array.value_data());
            let of_text = |row: usize| {
                if array.is_null(row) {
                    return NONE;
                }
                let (begin, end) = (offsets[row] as usize, offsets[row + 1] as usize);
                match end - begin {
                    length @ 0..16 => of_short(packed(bytes, begin, length)),
                    _ => of_long(array.value(row)),
                }
            };
            rows.map(of_text).collect()
        }
        _ => unreachable!("a key is an integer or a text"),
    }
}

/// A text of up to 15 bytes with its length.
#[inline]
fn packed(bytes: &[u8], begin: usize, length: usize) -> u128 {
    let word = match bytes.get(begin..begin + 16) {
        Some(word) => u128::from_le_bytes(word.try_into().expect("it has 16 bytes")),
        None => {
            let mut word = [0; 16];
            word[..length].copy_from_slice(&bytes[begin..begin + length]);
            u128::from_le_bytes(word)
        }
    };
    word & ((1 << (8 * length)) - 1) | (length as u128) << 120
}

/// The rows of a column, shared out.
fn shares(column: &Column) -> Vec<Range<usize>> {
    let rows = match column {
        Column::Int(array) => array.len(),
        Column::Text(array) => array.len(),
        _ => unreachable!("a key is an integer or a text"),
    };
    let share = share_of(rows, SHARE, threads());
    (0..rows).step_by(share).map(|begin| begin..rows.min(begin + share)).collect()
}
