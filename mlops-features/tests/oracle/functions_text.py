"""Makes ../data/functions_text.json: what Python and scikit-learn make of the same texts.

python functions_text.py  (with the pins of requirements.txt)

Texts that are drawn hold no character that Python's version of Unicode doesn't know, and no capital sigma, which Python
lowers by the letters around it.
"""

import json
import pathlib
import re
import unicodedata

import numpy as np
import sklearn
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.utils import murmurhash3_32

assert sklearn.__version__ == "1.9.1"
rng = np.random.default_rng(2013)
WRITTEN = [
    "",
    " ",
    "a",
    "The quick brown fox, the lazy dog.",
    "  two  spaces\tand a tab\t\tand\n\nlines \x1c\x1d \u00a0\u2003 x ",
    "don't stop e-mail foo_bar __init__ _ a_ 3.14 10,000",
    "Straße ﬁne İstanbul ıstanbul ŉ ǆ Ǆ ǅ ΐ",
    "naïve nai\u0308ve café cafe\u0301s",
    "हिन्दी में लिखा है",
    "ภาษาไทย ฉันรักคุณ",
    "東京タワー 2013年 한국어 텍스트",
    "x² ½ ① Ⓐ ⅷ ٣٤ ৪২ 〇〇 ᛮᛮ",
    "👩\u200d👩\u200d👧 👍🏽 :) a\u200bb",
    "العربية مَرْحَبًا שלום",
    "MiXeD CaSe UA1545 N14228",
    "\u0085\u2028\u2029x\u3000",
]
# Blocks to draw from: Latin, combining marks, Greek and Cyrillic, Indic, symbols, CJK, full width, all of the first plane.
BLOCKS = [(9, 0x7F), (0x80, 0x250), (0x300, 0x370), (0x370, 0x530), (0x900, 0xE00), (0x2000, 0x2C00), (0x3000, 0x3100)]
BLOCKS += [(0xFF00, 0xFFF0), (0x20, 0xD800), (0x10000, 0x1FA00)]
PATTERNS = [
    (r"^(7[0-9]7|A3[0-9]{2})-?([0-9A-Z]*)", ["737-800", "A320-232", "A32", "xA320", "747", "", "787A"]),
    (r"(\d+)(?:\.(\d+))?", ["a12.5b", "no", "7", "1.2.3", "1."]),
    (r"(?i)(UA|aa)|(b6)", ["ua1", "B6", "AA b6", "delta"]),
    (r"(a*?)(b|$)", ["aab", "aaa", "", "ba"]),
    (r"colou?r$", ["color", "colour", "colors", "my color"]),
]


def drawn(length):
    text = []
    while len(text) < length:
        low, high = BLOCKS[rng.integers(len(BLOCKS))]
        char = chr(rng.integers(low, high))
        if unicodedata.category(char) not in ("Cn", "Cs", "Co") and char != "Σ":
            text += [char] * (1 + int(rng.random() < 0.3))
    return "".join(text)


def main():
    texts = WRITTEN + [drawn(int(rng.integers(1, 40))) for _ in range(150)]
    simple = [[text, text.lower(), text.upper(), text.strip(), len(text)] for text in texts]
    tokenize = CountVectorizer().build_tokenizer()
    words = [[text, tokenize(text)] for text in texts]
    ngrams = []
    for analyzer in ("char", "word"):
        for lengths in ((1, 1), (1, 3), (2, 2), (2, 5)):
            analyze = CountVectorizer(analyzer=analyzer, ngram_range=lengths).build_analyzer()
            for text in WRITTEN[:11] + texts[40:44]:
                ngrams.append([analyzer, *lengths, text, analyze(text)])
    murmur = [[text, seed, murmurhash3_32(text, seed)] for text in WRITTEN + texts[16:30] for seed in (0, 1, 2**31)]
    patterns = []
    for pattern, subjects in PATTERNS:
        for subject in subjects:
            match = re.search(pattern, subject)
            patterns.append([pattern, subject, match and [match.group(0), *match.groups()]])
    cases = {"simple": simple, "words": words, "ngrams": ngrams, "murmur": murmur, "patterns": patterns}
    lines = []
    for name, rows in cases.items():
        lines.append(f"{json.dumps(name)}: [\n" + ",\n".join(json.dumps(row) for row in rows) + "\n]")
    text = "{\n" + ",\n".join(lines) + "\n}\n"
    (pathlib.Path(__file__).parent.parent / "data" / "functions_text.json").write_text(text)


if __name__ == "__main__":
    main()
