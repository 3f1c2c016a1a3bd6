"""Whether letters make words: a font whose Unicode map is wrong gives letters, and no word among them.

A pair of neighbouring letters is written if it makes up 0.4 % of the pairs of any of 18 languages (UDHR and ten close
languages of the Latin script, native American ones too). Prose of these has 0.88 of its pairs written and more; 325
texts under letter-for-letter ciphers and shifts had at most 0.63 (docs/decisions/011.md).
"""

from __future__ import annotations

import re
import unicodedata

# The second letters that follow each first one.
_WRITTEN = {
    "a": "bcdegijklmnopqrstuvwyz",
    "b": "aeiru",
    "c": "acehilotu",
    "d": "aeioruz",
    "e": "abcdeghijklmnprstuvwxyz",
    "f": "aeior",
    "g": "aehiknoruv",
    "h": "aeikloprtu",
    "i": "abcdegijklmnoprstuvwyz",
    "j": "aehkt",
    "k": "aehioptuv",
    "l": "adeilostuy",
    "m": "abeiopuv",
    "n": "acdeghijkmnopstuz",
    "o": "acdfgijklmnpqrstuvy",
    "p": "aeijlortuy",
    "q": "aeu",
    "r": "aeikorstuy",
    "s": "acehikopqstu",
    "t": "aehilorstuvyz",
    "u": "abegiklmnoprsty",
    "v": "aefilmnory",
    "w": "aeis",
    "x": "ao",
    "y": "amnoptuv",
    "z": "aeiktu",
}
_PAIRS = frozenset(first + second for first, seconds in _WRITTEN.items() for second in seconds)
_WORD = re.compile(r"[a-z]{2,}")
# Fewer pairs than the first say nothing: a title, a table of codes. Fewer than the second say less: tables of
# abbreviations with 200 pairs had 0.65 of them written, pages with 350 had 0.75.
FEW_PAIRS, MANY_PAIRS = 150, 300
FEW_SHARE, MANY_SHARE = 0.6, 0.68


def are_words(text: str) -> bool:
    """The Latin letters of a text are those of words, or too few to tell; other scripts are not judged."""
    folded = "".join(c for c in unicodedata.normalize("NFKD", text.lower()) if not unicodedata.combining(c))
    pairs = written = 0
    for word in _WORD.findall(folded):
        for i in range(len(word) - 1):
            pairs += 1
            written += word[i : i + 2] in _PAIRS
    if pairs < FEW_PAIRS:
        return True
    return written >= (FEW_SHARE if pairs < MANY_PAIRS else MANY_SHARE) * pairs
