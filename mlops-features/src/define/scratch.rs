//! Where functions put what they make.

use std::fmt;
use std::sync::{Mutex, PoisonError};

use bumpalo::Bump;

/// Room for the texts and lists that functions make, of a row or of a chunk of rows. It is cleared all at once, and
/// keeps what it allocated, so that it allocates nothing once it has grown to what comes.
///
/// ```
/// use mlops_features::Scratch;
///
/// let scratch = Scratch::default();
/// assert_eq!(scratch.text(format_args!("{}-{}", "a", 1)), "a-1");
/// assert_eq!(scratch.numbers([1.0, 2.0]), [1.0, 2.0]);
/// ```
#[derive(Default)]
pub struct Scratch(Bump);

impl fmt::Debug for Scratch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scratch").field("allocated", &self.0.allocated_bytes()).finish()
    }
}

impl Scratch {
    /// Room for anything that needs no dropping.
    pub(crate) fn room(&self) -> &Bump {
        &self.0
    }

    /// Keeps a text that is written piece by piece.
    pub fn text(&self, pieces: fmt::Arguments<'_>) -> &str {
        let mut text = bumpalo::collections::String::new_in(&self.0);
        // Writing to memory doesn't fail; a `Display` that does has written what it could.
        let _ = fmt::Write::write_fmt(&mut text, pieces);
        text.into_bump_str()
    }

    /// Keeps a text of these characters.
    pub fn chars(&self, chars: impl Iterator<Item = char>) -> &str {
        bumpalo::collections::String::from_iter_in(chars, &self.0).into_bump_str()
    }

    /// Keeps a list of floats.
    pub fn numbers(&self, numbers: impl IntoIterator<Item = f64>) -> &[f64] {
        self.slice(numbers)
    }

    /// Keeps a list of texts.
    pub fn texts<'t>(&self, texts: impl Iterator<Item = &'t str>) -> mlops_core::Texts<'_> {
        let mut buffer = bumpalo::collections::String::new_in(&self.0);
        for text in texts {
            mlops_core::Texts::push(&mut buffer, text);
        }
        mlops_core::Texts::of(buffer.into_bump_str())
    }

    /// Room for numbers, all 0.
    pub(crate) fn zeros(&self, len: usize) -> &mut [f64] {
        self.0.alloc_slice_fill_copy(len, 0.0)
    }

    /// Keeps texts as one, one behind another.
    pub(crate) fn joined<'t>(&self, texts: impl IntoIterator<Item = &'t str>) -> &str {
        let mut joined = bumpalo::collections::String::new_in(&self.0);
        texts.into_iter().for_each(|text| joined.push_str(text));
        joined.into_bump_str()
    }

    /// Keeps a list of anything small.
    pub(crate) fn slice<T: Copy>(&self, items: impl IntoIterator<Item = T>) -> &[T] {
        bumpalo::collections::Vec::from_iter_in(items, &self.0).into_bump_slice()
    }

    /// Forgets everything.
    pub(crate) fn clear(&mut self) {
        self.0.reset();
    }
}

/// Scratches that threads take and give back, so that a row needs none of its own.
#[derive(Debug, Default)]
pub(crate) struct ScratchPool(Mutex<Vec<Scratch>>);

impl ScratchPool {
    /// Calls a function with a scratch that is empty.
    pub(crate) fn with<T>(&self, function: impl FnOnce(&Scratch) -> T) -> T {
        let free = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut scratch = free().pop().unwrap_or_default();
        let answer = function(&scratch);
        scratch.clear();
        free().push(scratch);
        answer
    }
}

impl Clone for ScratchPool {
    /// A pool of its own.
    fn clone(&self) -> Self {
        Self::default()
    }
}
