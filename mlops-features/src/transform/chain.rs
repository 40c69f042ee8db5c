//! One transform after another.

use std::sync::Arc;

use mlops_core::{Value, Vocabulary};

use super::{AnyFitted, Refusal, Values};
use crate::define::scratch::Scratch;

/// The fitted transforms of a feature: the first takes its value, each further one every number on its own.
#[derive(Clone, Debug)]
pub(crate) struct Chain {
    /// By transform, then by number that goes in.
    steps: Vec<Vec<Arc<dyn AnyFitted>>>,
    /// How many numbers go in, where these are the product of other features; `None` for a value of the row.
    product: Option<usize>,
    /// How many numbers come out, flags included.
    width: usize,
    /// How many of them are flags, which no further transform changes.
    flags: usize,
    /// Whether every transform but the first gives one number for one.
    in_place: bool,
}

/// The numbers of some rows, one row behind another.
#[derive(Clone, Debug, Default)]
pub(crate) struct Block {
    pub(crate) width: usize,
    pub(crate) numbers: Vec<f64>,
}

impl Block {
    /// One number of every row.
    pub(crate) fn column(&self, number: usize) -> Vec<f64> {
        self.numbers.iter().skip(number).step_by(self.width.max(1)).copied().collect()
    }
}

impl Chain {
    /// A chain without any transform yet.
    pub(crate) fn new(product: Option<usize>) -> Self {
        Self { steps: Vec::new(), product, width: product.unwrap_or(0), flags: 0, in_place: true }
    }

    /// How many further transforms take a number each: one for each number that comes out now; 1 for the value itself.
    pub(crate) fn inputs(&self) -> usize {
        if self.takes_value() { 1 } else { self.width - self.flags }
    }

    /// Whether the next transform takes the value of the row.
    fn takes_value(&self) -> bool {
        self.steps.is_empty() && self.product.is_none()
    }

    /// Appends a transform, [`Chain::inputs`] times fitted.
    pub(crate) fn push(&mut self, step: Vec<Arc<dyn AnyFitted>>) {
        let width = step.iter().map(|fitted| fitted.count()).fold(0, usize::saturating_add);
        if self.takes_value() {
            self.flags = step.iter().map(|fitted| fitted.flag_count()).sum();
            self.width = width;
        } else {
            self.in_place &= step.iter().all(|fitted| fitted.count() == 1);
            self.width = width.saturating_add(self.flags);
        }
        self.steps.push(step);
    }

    pub(crate) fn steps(&self) -> &[Vec<Arc<dyn AnyFitted>>] {
        &self.steps
    }

    pub(crate) fn width(&self) -> usize {
        self.width
    }

    /// Whether one row needs room beside its numbers.
    pub(crate) fn needs_scratch(&self) -> bool {
        !self.in_place
    }

    /// The names of the numbers, from those that go in.
    pub(crate) fn names(&self, mut names: Vec<String>, vocabulary: &Vocabulary) -> Vec<String> {
        for (place, step) in self.steps.iter().enumerate() {
            let takes_value = place == 0 && self.product.is_none();
            let flags = names.split_off(if takes_value { names.len() } else { names.len() - self.flags });
            names = step.iter().zip(&names).flat_map(|(fitted, of)| fitted.number_names(of, vocabulary)).collect();
            names.extend(flags);
        }
        names
    }

    /// The transforms after the first, or all of them where numbers go in.
    fn later(&self) -> &[Vec<Arc<dyn AnyFitted>>] {
        if self.product.is_none() { self.steps.get(1..).unwrap_or_default() } else { &self.steps }
    }

    /// One value to `width` numbers.
    #[inline]
    pub(crate) fn one(
        &self,
        value: Value<'_>,
        vocabulary: &Vocabulary,
        scratch: &Scratch,
        out: &mut [f64],
    ) -> Result<(), Refusal> {
        let Some([first]) = self.steps.first().map(Vec::as_slice) else { return Ok(()) };
        if self.in_place {
            first.one(value, vocabulary, out)?;
            self.one_in_place(vocabulary, out)
        } else {
            let numbers = scratch.zeros(first.count());
            first.one(value, vocabulary, numbers)?;
            self.widen(numbers, vocabulary, scratch, out)
        }
    }

    /// The further transforms of one row's numbers.
    pub(crate) fn one_from_numbers(
        &self,
        numbers: &[f64],
        vocabulary: &Vocabulary,
        scratch: &Scratch,
        out: &mut [f64],
    ) -> Result<(), Refusal> {
        if !self.in_place {
            return self.widen(numbers, vocabulary, scratch, out);
        }
        out.copy_from_slice(numbers);
        self.one_in_place(vocabulary, out)
    }

    #[inline]
    fn one_in_place(&self, vocabulary: &Vocabulary, out: &mut [f64]) -> Result<(), Refusal> {
        for step in self.later() {
            for (fitted, x) in step.iter().zip(out.iter_mut()) {
                fitted.one(Value::Float(*x), vocabulary, std::slice::from_mut(x))?;
            }
        }
        Ok(())
    }

    /// The further transforms of one row, where they don't give one number for one.
    fn widen(
        &self,
        numbers: &[f64],
        vocabulary: &Vocabulary,
        scratch: &Scratch,
        out: &mut [f64],
    ) -> Result<(), Refusal> {
        let (mut numbers, flags) = numbers.split_at(numbers.len() - self.flags);
        for step in self.later() {
            let next = scratch.zeros(step.iter().map(|fitted| fitted.count()).sum());
            let mut rest = &mut *next;
            for (fitted, &x) in step.iter().zip(numbers) {
                let (out, after) = rest.split_at_mut(fitted.count());
                fitted.one(Value::Float(x), vocabulary, out)?;
                rest = after;
            }
            numbers = next;
        }
        out[..numbers.len()].copy_from_slice(numbers);
        out[numbers.len()..].copy_from_slice(flags);
        Ok(())
    }

    /// The numbers of many rows; a row that is refused is named.
    pub(crate) fn rows(&self, values: Values<'_>, vocabulary: &Vocabulary) -> Result<Block, (usize, Refusal)> {
        let mut block = Block { width: self.width, numbers: vec![0.0; values.len() * self.width] };
        self.rows_into(values, vocabulary, &mut Room::default(), &mut block.numbers, self.width)?;
        Ok(block)
    }

    /// The further transforms of many rows.
    pub(crate) fn rows_from_numbers(
        &self,
        numbers: Vec<f64>,
        rows: usize,
        vocabulary: &Vocabulary,
    ) -> Result<Block, (usize, Refusal)> {
        let mut block = Block { width: self.width, numbers: vec![0.0; rows * self.width] };
        let mut room = Room { numbers, ..Room::default() };
        self.rows_on(rows, vocabulary, &mut room, &mut block.numbers, self.width)?;
        Ok(block)
    }

    /// The numbers of many rows; those of each begin `stride` places of `out` behind those of the one before.
    pub(crate) fn rows_into(
        &self,
        values: Values<'_>,
        vocabulary: &Vocabulary,
        room: &mut Room,
        out: &mut [f64],
        stride: usize,
    ) -> Result<(), (usize, Refusal)> {
        let Some([first]) = self.steps.first().map(Vec::as_slice) else { return Ok(()) };
        if self.later().is_empty() {
            return first.rows(values, vocabulary, out, stride);
        }
        let width = first.count();
        zeroed(&mut room.numbers, values.len() * width);
        first.rows(values, vocabulary, &mut room.numbers, width)?;
        self.rows_on(values.len(), vocabulary, room, out, stride)
    }

    /// The further transforms of the numbers that lie in the room.
    pub(crate) fn rows_on(
        &self,
        rows: usize,
        vocabulary: &Vocabulary,
        room: &mut Room,
        out: &mut [f64],
        stride: usize,
    ) -> Result<(), (usize, Refusal)> {
        let Some((last, steps)) = self.later().split_last() else {
            let width = self.width;
            if width > 0 {
                let numbers = room.numbers.chunks_exact(width).zip(out.chunks_mut(stride));
                numbers.for_each(|(from, to)| to[..width].copy_from_slice(from));
            }
            return Ok(());
        };
        for step in steps {
            if let (true, [fitted]) = (room.numbers.len() == rows, step.as_slice())
                && fitted.count() == 1
            {
                fitted.in_place(&mut room.numbers, vocabulary)?;
                continue;
            }
            let width = step.iter().map(|fitted| fitted.count()).sum::<usize>() + self.flags;
            let mut next = std::mem::take(&mut room.next);
            zeroed(&mut next, rows * width);
            self.step(step, rows, vocabulary, room, &mut next, width)?;
            room.next = std::mem::replace(&mut room.numbers, next);
        }
        self.step(last, rows, vocabulary, room, out, stride)
    }

    /// One transform of each of the numbers that lie in the room; flags are copied.
    fn step(
        &self,
        step: &[Arc<dyn AnyFitted>],
        rows: usize,
        vocabulary: &Vocabulary,
        room: &mut Room,
        out: &mut [f64],
        stride: usize,
    ) -> Result<(), (usize, Refusal)> {
        let width = step.len() + self.flags;
        let Room { numbers, column, .. } = room;
        debug_assert_eq!(numbers.len(), rows * width, "a transform for each number that is no flag");
        let mut offset = 0;
        for number in 0..width {
            let column = if width == 1 {
                &numbers[..]
            } else {
                column.clear();
                column.extend(numbers.iter().skip(number).step_by(width));
                &column[..]
            };
            // A step without numbers may end where the row does, so behind the last row.
            let out = out.get_mut(offset..).unwrap_or_default();
            match step.get(number) {
                Some(fitted) => {
                    fitted.rows(Values::Numbers(column), vocabulary, out, stride)?;
                    offset += fitted.count();
                }
                None => {
                    column.iter().zip(out.chunks_mut(stride)).for_each(|(&flag, row)| row[0] = flag);
                    offset += 1;
                }
            }
        }
        Ok(())
    }
}

/// Room for the numbers between the transforms of a chain, which is used again and again.
#[derive(Clone, Debug, Default)]
pub(crate) struct Room {
    /// What goes into the next transform, row by row.
    pub(crate) numbers: Vec<f64>,
    next: Vec<f64>,
    column: Vec<f64>,
}

fn zeroed(numbers: &mut Vec<f64>, len: usize) {
    numbers.clear();
    numbers.resize(len, 0.0);
}
