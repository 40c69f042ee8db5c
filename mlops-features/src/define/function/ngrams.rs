//! Runs of characters and of words.

use mlops_core::{SlotKind, Texts, Value};

use super::signature::{Signature, Takes, as_text, constant_whole, signature, takes, wrong};
use super::text::is_space;
use super::{Argument, ArgumentError, ScalarFn, Scratch};

/// How many characters or words a run may have.
const LONGEST: usize = 16;

/// Where a piece of a text begins and ends.
type Piece = (usize, usize);

/// Runs of `least` to `most` pieces, the short ones first, as scikit-learn has them.
fn runs<'a>(text: &'a str, pieces: &'a [Piece], [least, most]: [usize; 2], scratch: &'a Scratch) -> Texts<'a> {
    let runs = (least..=most).flat_map(|length| pieces.windows(length));
    scratch.texts(runs.filter_map(|run| text.get(run.first()?.0..run.last()?.1)))
}

/// Runs of characters; two spaces or more are one, as scikit-learn has it.
fn of_characters<'a>(text: &'a str, lengths: [usize; 2], scratch: &'a Scratch) -> Texts<'a> {
    let mut characters = text.chars().peekable();
    let text = scratch.chars(std::iter::from_fn(|| {
        let first = characters.next()?;
        let mut several = false;
        while is_space(first) && characters.next_if(|next| is_space(*next)).is_some() {
            several = true;
        }
        Some(if several { ' ' } else { first })
    }));
    let pieces = scratch.slice(text.char_indices().map(|(start, c)| (start, start + c.len_utf8())));
    runs(text, pieces, lengths, scratch)
}

/// Runs of words, with a space between two.
fn of_words<'a>(words: Texts<'a>, lengths: [usize; 2], scratch: &'a Scratch) -> Texts<'a> {
    let mut end = 0;
    let pieces = scratch.slice(words.iter().enumerate().map(|(i, word)| {
        let start = if i == 0 { 0 } else { end + 1 };
        end = start + word.len();
        (start, end)
    }));
    let spaced = words.iter().enumerate().flat_map(|(i, word)| [if i == 0 { "" } else { " " }, word]);
    runs(scratch.joined(spaced), pieces, lengths, scratch)
}

fn ngrams(signature: Signature, arguments: &[Argument<'_>]) -> Result<Box<dyn ScalarFn>, ArgumentError> {
    let lengths = [constant_whole(arguments, 1, 1..=LONGEST)?, constant_whole(arguments, 2, 1..=LONGEST)?];
    if lengths[0] > lengths[1] {
        return Err(wrong(2, lengths[1].to_string(), format!("{} or more, as argument 1 is", lengths[0])));
    }
    Ok(signature.with(move |arguments, scratch| match *arguments.first()? {
        Value::Texts(words) => Some(Value::Texts(of_words(words, lengths, scratch))),
        value => Some(Value::Texts(of_characters(as_text(value)?, lengths, scratch))),
    }))
}

pub(super) fn functions() -> Vec<Box<dyn ScalarFn>> {
    let wanted =
        |kinds: &[SlotKind]| takes(kinds, &[Takes::TextOrTexts, Takes::Number, Takes::Number], SlotKind::Texts);
    vec![signature("ngrams", wanted).made_by(ngrams)]
}
