"""Which words are names of things: plants, medicines, illnesses, parts of the body, substances."""

from __future__ import annotations

import re
from functools import cache, lru_cache

from factory.medical import is_medical
from factory.questions.wording import LEXICONS, fold, head, lines, words, words_in

_DRUG = re.compile(
    r"\w{3,}(?:cilina|micina|micin|floxacino|azol|pril|sart[aá]n|olol|dipino|statina|tidina|prazol|mab|nib"
    r"|profeno|fenaco|caína"
    r"|azepam|zolam|triptán|triptan|setrón|setron|platino|rubicina|taxel|mustina|fibrato|gliptina|gliflozina"
    r"|glutida|parina|grel|xabán|xaban"
    r"|sona|solona|metasona|tropina|curonio|barbital|amina|oxetina|zodona|apina|idona|mida|zida|semida|terol"
    r"|tropio|ciclovir|vir|navir"
    r"|bendazol|quina|ptilina|pramina|farina|coumarol|cumarol|formina|adina|elina|oyetina|tirizina|ilurea|xina|toína|toina|lida)$"
)


@cache
def _named() -> frozenset[str]:
    """Heads of plants, medicines, illnesses and organs that are names of things."""
    return frozenset(word for line in lines("names.txt") for word in words(line) if len(word) > 3)


@cache
def _taken() -> frozenset[str]:
    """The plants, foods and medicines of the list: its sections say what they hold."""
    found: list[str] = []
    text = (LEXICONS / "names.txt").read_text("utf-8")
    for section in re.split(r"^# ", text, flags=re.MULTILINE):
        title, _, rest = section.partition("\n")
        if re.search(r"plants|drugs|medicines", title):
            found += [word for word in words(rest) if len(word) > 3]
    return frozenset(found)


def is_taken(word: str) -> bool:
    """A folded word names a plant, a food or a medicine of the list."""
    return word in _taken()


def is_listed(word: str) -> bool:
    """A folded word stands in the list of names, but for its plural."""
    return word in _named() or word.removesuffix("s") in _named()


@cache
def generic() -> frozenset[str]:
    return frozenset(head(word) for word in words_in("generic.txt"))


@lru_cache(1 << 16)
def is_name(word: str) -> bool:
    """A folded word names a thing of medicine: a plant, a medicine, an illness, a part of the body, a substance."""
    plain = word.removesuffix("s")
    if word in _named() or plain in _named():
        return True
    if head(word) in generic():
        return False
    return _DRUG.fullmatch(plain) is not None or _is_made_up(plain) or is_medical(word)


def _is_made_up(word: str) -> bool:
    """A long word in -ina that is no verb and no adjective: what a substance is called, known or not."""
    return len(word) >= 9 and word.endswith("ina") and not word.endswith(_PLAIN_INA)


_PLAIN_INA = (
    "mina", "disciplina", "medicina", "repentina", "femenina", "masculina", "clandestina", "tutina", "spertina",
    "uterina", "crina", "genuina", "combina", "imagina", "origina", "camina", "inclina", "oficina", "piscina",
)  # fmt: skip


@cache
def _phrases() -> re.Pattern[str]:
    every = {fold(one) for line in lines("phrases.txt") for one in line.split(", ")}
    return re.compile(rf"\b(?:{'|'.join(sorted(map(re.escape, every), key=len, reverse=True))})\b")


def phrases_in(text: str) -> list[str]:
    """The names of several words that stand in a text, folded: `uña de gato`, `té verde`."""
    return _phrases().findall(fold(text))
