//! Which script a letter is of.

use std::fmt;

/// A script, or a family of them, by Unicode's blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Script {
    /// Latin, with all accents and forms of full width.
    Latin,
    /// Greek and Coptic.
    Greek,
    /// Cyrillic.
    Cyrillic,
    /// Armenian and Georgian.
    Caucasian,
    /// Hebrew.
    Hebrew,
    /// Arabic, Syriac, Thaana and N'Ko.
    Arabic,
    /// The scripts of South Asia, from Devanagari to Sinhala.
    Indic,
    /// Thai, Lao, Burmese, Khmer and Tibetan.
    SoutheastAsian,
    /// Hangul.
    Hangul,
    /// Hiragana, Katakana and Bopomofo.
    Kana,
    /// Chinese characters, in Japanese and Korean too.
    Han,
    /// All others.
    Other,
}

impl Script {
    /// How many there are.
    pub(super) const COUNT: usize = 12;
    /// All, in their order.
    pub(super) const ALL: [Self; Self::COUNT] = [
        Self::Latin,
        Self::Greek,
        Self::Cyrillic,
        Self::Caucasian,
        Self::Hebrew,
        Self::Arabic,
        Self::Indic,
        Self::SoutheastAsian,
        Self::Hangul,
        Self::Kana,
        Self::Han,
        Self::Other,
    ];

    /// The script of a letter; `None` for what is no letter.
    ///
    /// ```
    /// use mlops_drift::Script;
    ///
    /// assert_eq!(Script::of('é'), Some(Script::Latin));
    /// assert_eq!(Script::of('ж'), Some(Script::Cyrillic));
    /// assert_eq!(Script::of('語'), Some(Script::Han));
    /// assert_eq!(Script::of('7'), None);
    /// ```
    #[must_use]
    pub fn of(letter: char) -> Option<Self> {
        if !letter.is_alphabetic() {
            return None;
        }
        Some(match u32::from(letter) {
            0..=0x24F
            | 0x250..=0x2AF
            | 0x1D00..=0x1EFF
            | 0x2C60..=0x2C7F
            | 0xA720..=0xA7FF
            | 0xAB30..=0xAB6F
            | 0xFB00..=0xFB06
            | 0xFF21..=0xFF5A => Self::Latin,
            0x370..=0x3FF | 0x1F00..=0x1FFF | 0x2C80..=0x2CFF => Self::Greek,
            0x400..=0x52F | 0x1C80..=0x1C8F | 0x2DE0..=0x2DFF | 0xA640..=0xA69F => Self::Cyrillic,
            0x530..=0x58F | 0x10A0..=0x10FF | 0x1C90..=0x1CBF | 0x2D00..=0x2D2F | 0xFB13..=0xFB17 => {
                Self::Caucasian
            }
            0x590..=0x5FF | 0xFB1D..=0xFB4F => Self::Hebrew,
            0x600..=0x8FF | 0xFB50..=0xFDFF | 0xFE70..=0xFEFF => Self::Arabic,
            0x900..=0xDFF | 0xA8E0..=0xA8FF => Self::Indic,
            0xE00..=0x109F | 0x1780..=0x17FF | 0x19E0..=0x19FF => Self::SoutheastAsian,
            0x1100..=0x11FF | 0x3130..=0x318F | 0xA960..=0xA97F | 0xAC00..=0xD7FF | 0xFFA0..=0xFFDC => Self::Hangul,
            0x3040..=0x312F | 0x31A0..=0x31BF | 0x31F0..=0x31FF | 0xFF66..=0xFF9F | 0x1_B000..=0x1_B16F => {
                Self::Kana
            }
            0x3005..=0x3007
            | 0x3021..=0x3029
            | 0x3400..=0x4DBF
            | 0x4E00..=0x9FFF
            | 0xF900..=0xFAFF
            | 0x2_0000..=0x3_FFFF => Self::Han,
            _ => Self::Other,
        })
    }
}

impl fmt::Display for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Latin => "Latin",
            Self::Greek => "Greek",
            Self::Cyrillic => "Cyrillic",
            Self::Caucasian => "Armenian and Georgian",
            Self::Hebrew => "Hebrew",
            Self::Arabic => "Arabic",
            Self::Indic => "Indic",
            Self::SoutheastAsian => "Southeast Asian",
            Self::Hangul => "Hangul",
            Self::Kana => "Kana",
            Self::Han => "Han",
            Self::Other => "other",
        })
    }
}
