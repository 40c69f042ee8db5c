//! Lists of texts.

/// A list of texts that lie one behind another in one buffer, each after its length: what a slot holds of a list.
///
/// ```
/// use mlops_core::{Slots, Value};
///
/// let mut slots = Slots::new(1);
/// slots.set_no_texts(0);
/// ["red", "", "blue"].iter().for_each(|text| slots.push_text(0, text));
/// let Value::Texts(texts) = slots.value(0) else { unreachable!("a list was set") };
/// assert_eq!(texts.iter().collect::<Vec<_>>(), ["red", "", "blue"]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Texts<'a>(&'a str);

impl<'a> Texts<'a> {
    /// The list in a buffer that was filled by [`Texts::push`] alone; of another buffer, what can be read of it.
    #[must_use]
    pub fn of(buffer: &'a str) -> Self {
        Self(buffer)
    }

    /// The buffer.
    #[must_use]
    pub fn as_buffer(self) -> &'a str {
        self.0
    }

    /// Appends a text to a buffer.
    pub fn push(buffer: &mut impl std::fmt::Write, text: &str) {
        // A netstring. Writing to memory doesn't fail.
        let _ = write!(buffer, "{}:{text}", text.len());
    }

    /// How many bytes [`Texts::push`] appends.
    #[must_use]
    pub fn item_bytes(text: &str) -> usize {
        text.len() + 2 + text.len().checked_ilog10().unwrap_or(0) as usize
    }

    /// How many texts there are; it walks through them.
    #[must_use]
    pub fn len(self) -> usize {
        self.iter().count()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.0.is_empty()
    }

    /// The texts in order.
    pub fn iter(self) -> impl Iterator<Item = &'a str> {
        let mut rest = self.0;
        std::iter::from_fn(move || {
            let (length, tail) = rest.split_once(':')?;
            let (text, tail) = tail.split_at_checked(length.parse().ok()?)?;
            rest = tail;
            Some(text)
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Texts;

    proptest! {
        #[test]
        fn what_was_pushed_comes_back(texts in prop::collection::vec(".{0,12}", 0..12)) {
            let mut buffer = String::new();
            for text in &texts {
                let before = buffer.len();
                Texts::push(&mut buffer, text);
                prop_assert_eq!(buffer.len() - before, Texts::item_bytes(text));
            }
            prop_assert_eq!(Texts::of(&buffer).iter().collect::<Vec<_>>(), texts);
            prop_assert_eq!(Texts::of(&buffer).as_buffer(), &buffer);
        }

        #[test]
        fn any_buffer_is_some_list(buffer in ".{0,20}") {
            prop_assert!(Texts::of(&buffer).len() <= buffer.len());
        }
    }
}
