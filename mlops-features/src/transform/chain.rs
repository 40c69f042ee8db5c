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
        let width = step.iter().map(|fitted| fitted.count()).sum::<usize>();
        if self.takes_value() {
            self.flags = step.iter().map(|fitted| fitted.flag_count()).sum();
            self.width = width;
        } else {
            self.in_place &= step.iter().all(|fitted| fitted.count() == 1);
            self.width = width + self.flags;
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
        let Some([first]) = self.steps.first().map(Vec::as_slice) else { return Ok(Block::default()) };
        let width = first.count();
        let mut numbers = vec![0.0; values.len() * width];
        first.rows(values, vocabulary, &mut numbers)?;
        self.rows_from_numbers(Block { width, numbers }, values.len(), vocabulary)
    }

    /// The further transforms of many rows.
    pub(crate) fn rows_from_numbers(
        &self,
        mut block: Block,
        rows: usize,
        vocabulary: &Vocabulary,
    ) -> Result<Block, (usize, Refusal)> {
        for step in self.later() {
            if let (1, [fitted]) = (block.width, step.as_slice())
                && fitted.count() == 1
            {
                fitted.in_place(&mut block.numbers, vocabulary)?;
                continue;
            }
            let mut columns = Vec::with_capacity(step.len());
            for (number, fitted) in step.iter().enumerate() {
                let mut numbers = vec![0.0; rows * fitted.count()];
                fitted.rows(Values::Numbers(&block.column(number)), vocabulary, &mut numbers)?;
                columns.push(Block { width: fitted.count(), numbers });
            }
            columns.extend((step.len()..block.width).map(|flag| Block { width: 1, numbers: block.column(flag) }));
            block = beside(&columns, rows);
        }
        Ok(block)
    }
}

/// Blocks of the same rows, one beside another.
pub(crate) fn beside(blocks: &[Block], rows: usize) -> Block {
    let width = blocks.iter().map(|block| block.width).sum();
    let mut numbers = vec![0.0; rows * width];
    let mut offset = 0;
    for block in blocks.iter().filter(|block| block.width > 0) {
        for (from, to) in block.numbers.chunks_exact(block.width).zip(numbers.chunks_exact_mut(width)) {
            to[offset..offset + block.width].copy_from_slice(from);
        }
        offset += block.width;
    }
    Block { width, numbers }
}
