//! Rows by the entity they are of.

use std::ops::Range;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use super::{NONE, SHARE, threads};
use crate::threads::{share_of, share_out};

/// Rows by the entity they are of, those of each in the order of time: each row has a place.
pub(super) struct Groups {
    /// Where the places of each entity begin, and where the last ones end.
    starts: Vec<u32>,
    /// The place of each row; `NONE` for a row of no entity.
    places: Vec<u32>,
    /// The time at each place.
    pub(super) times: Vec<i64>,
    /// The second time at each place, by which those with the same first time are in order.
    pub(super) known: Option<Vec<i64>>,
}

impl Groups {
    /// Puts rows in order: first by entity, then by time, then by the second time if they have one, then as they are.
    pub(super) fn new(codes: &[u32], entities: usize, times: &[i64], known: Option<&[i64]>) -> Self {
        // Each share counts for all entities.
        let share = share_of(codes.len(), SHARE.max(entities), threads());
        let mut counts = share_out(threads(), codes.chunks(share).collect(), |codes: &[u32]| {
            let mut counts = vec![0_u32; entities];
            codes.iter().for_each(|&code| {
                if let Some(count) = counts.get_mut(code as usize) {
                    *count += 1;
                }
            });
            counts
        });
        let (mut starts, mut next) = (Vec::with_capacity(entities + 1), 0);
        for entity in 0..entities {
            starts.push(next);
            for counts in &mut counts {
                next += std::mem::replace(&mut counts[entity], next);
            }
        }
        starts.push(next);
        let mut places = vec![NONE; codes.len()];
        let shares = codes.chunks(share).zip(places.chunks_mut(share)).zip(counts).collect();
        share_out(threads(), shares, |((codes, places), mut nexts): ((&[u32], &mut [u32]), Vec<u32>)| {
            for (&code, place) in codes.iter().zip(places) {
                if let Some(next) = nexts.get_mut(code as usize) {
                    *place = *next;
                    *next += 1;
                }
            }
        });
        let mut groups = Self { starts, places, times: Vec::new(), known: None };
        groups.times = groups.arranged(|row| times[row]);
        groups.known = known.map(|known| groups.arranged(|row| known[row]));
        groups.sort();
        groups
    }

    /// Puts the places of each entity in order, where they aren't.
    fn sort(&mut self) {
        let parts = self.parts();
        let known = |place: usize| self.known.as_ref().map(|known| known[place]);
        let sorted = |part: Range<usize>| {
            let is_sorted = |group: Range<usize>| group.is_sorted_by_key(|place| (self.times[place], known(place)));
            part.into_iter().all(|entity| is_sorted(self.group(entity)))
        };
        if share_out(threads(), parts.clone(), sorted).into_iter().all(|sorted| sorted) {
            return;
        }
        let (mut times, mut known) = (std::mem::take(&mut self.times), self.known.take());
        let mut moved = vec![0; times.len()];
        let known_parts = match &mut known {
            Some(known) => self.split(known, &parts, 1).into_iter().map(Some).collect(),
            None => parts.iter().map(|_| None).collect::<Vec<_>>(),
        };
        let times_parts = self.split(&mut times, &parts, 1).into_iter().zip(known_parts);
        let shares = parts.iter().zip(times_parts).zip(self.split(&mut moved, &parts, 1)).collect();
        share_out(threads(), shares, |((part, (times, mut known)), moved)| {
            let begin = self.starts[part.start] as usize;
            let mut order = Vec::new();
            for entity in part.clone() {
                let group = self.group(entity);
                let place = |place: usize| {
                    let known = known.as_ref().map_or(0, |known| known[place - begin]);
                    (times[place - begin], known, place)
                };
                order.clear();
                order.extend(group.clone().map(place));
                order.sort_unstable();
                for (to, &(time, known_at, from)) in group.zip(&order) {
                    times[to - begin] = time;
                    moved[from - begin] = to as u32;
                    if let Some(known) = &mut known {
                        known[to - begin] = known_at;
                    }
                }
            }
        });
        (self.times, self.known) = (times, known);
        let share = share_of(self.places.len(), SHARE, threads());
        share_out(threads(), self.places.chunks_mut(share).collect(), |places: &mut [u32]| {
            for place in places.iter_mut().filter(|place| **place != NONE) {
                *place = moved[*place as usize];
            }
        });
    }

    /// How many places there are.
    pub(super) fn len(&self) -> usize {
        self.times.len()
    }

    /// The places of an entity.
    pub(super) fn group(&self, entity: usize) -> Range<usize> {
        self.starts[entity] as usize..self.starts[entity + 1] as usize
    }

    /// Cuts what has so many items a place into parts of the entities.
    pub(super) fn split<'a, T>(
        &self,
        mut items: &'a mut [T],
        parts: &[Range<usize>],
        width: usize,
    ) -> Vec<&'a mut [T]> {
        let part = |part: &Range<usize>| {
            let places = self.starts[part.end] - self.starts[part.start];
            items.split_off_mut(..places as usize * width).expect("there are as many items as places")
        };
        parts.iter().map(part).collect()
    }

    /// What is at the place of each row; `NONE` for one that has none.
    pub(super) fn by_row(&self, items: &[u32]) -> Vec<u32> {
        let share = share_of(self.places.len(), SHARE, threads());
        let of_rows = |places: &[u32]| -> Vec<u32> {
            places.iter().map(|&place| items.get(place as usize).copied().unwrap_or(NONE)).collect()
        };
        share_out(threads(), self.places.chunks(share).collect(), of_rows).concat()
    }

    /// All entities, in parts that are about as many rows.
    pub(super) fn parts(&self) -> Vec<Range<usize>> {
        let parts = 4 * threads().get();
        let entities = self.starts.len() - 1;
        let part_of = |part: usize| {
            let places = self.len() * part / parts;
            self.starts.partition_point(|&start| (start as usize) < places).min(entities)
        };
        let mut bounds: Vec<_> = (0..parts).map(part_of).chain([entities]).collect();
        bounds[0] = 0;
        bounds.windows(2).filter(|bound| bound[0] < bound[1]).map(|bound| bound[0]..bound[1]).collect()
    }

    /// Values of the rows by place.
    pub(super) fn arranged<T: Bits>(&self, value: impl Fn(usize) -> T + Sync) -> Vec<T> {
        let arranged: Vec<_> = (0..self.starts[self.starts.len() - 1]).map(|_| AtomicU64::new(0)).collect();
        let share = share_of(self.places.len(), SHARE, threads());
        let shares = self.places.chunks(share).enumerate().collect();
        share_out(threads(), shares, |(part, places): (usize, &[u32])| {
            for (row, &place) in (part * share..).zip(places) {
                if let Some(word) = arranged.get(place as usize) {
                    word.store(value(row).to_word(), Ordering::Relaxed);
                }
            }
        });
        arranged.into_iter().map(|word| T::of_word(word.into_inner())).collect()
    }

    /// The place of each row; `NONE` for a row of no entity.
    pub(super) fn places(&self) -> &[u32] {
        &self.places
    }

    /// The row at each place.
    pub(super) fn rows(&self) -> Vec<u32> {
        let rows: Vec<_> = self.times.iter().map(|_| AtomicU32::new(0)).collect();
        let share = share_of(self.places.len(), SHARE, threads());
        let shares = self.places.chunks(share).enumerate().collect();
        share_out(threads(), shares, |(part, places): (usize, &[u32])| {
            for (row, &place) in (part * share..).zip(places) {
                if let Some(word) = rows.get(place as usize) {
                    word.store(row as u32, Ordering::Relaxed);
                }
            }
        });
        rows.into_iter().map(AtomicU32::into_inner).collect()
    }
}

/// What has 64 bits.
pub(super) trait Bits: Copy + Send + Sync {
    fn to_word(self) -> u64;
    fn of_word(word: u64) -> Self;
}

impl Bits for i64 {
    fn to_word(self) -> u64 {
        self as u64
    }

    fn of_word(word: u64) -> Self {
        word as Self
    }
}

impl Bits for f64 {
    fn to_word(self) -> u64 {
        self.to_bits()
    }

    fn of_word(word: u64) -> Self {
        Self::from_bits(word)
    }
}
