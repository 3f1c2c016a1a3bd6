"""Hide an exam question in a long document the way web pages and scanned books show it."""

from __future__ import annotations

import random
import re
import textwrap
import unicodedata
from dataclasses import dataclass

KINDS = ("verbatim", "rewrapped", "no_accents", "shuffled", "stem60")
LABELS = ("1.", "1)", "(1)", "1.-", "a)", "a.", "A)", "A.-", "(a)")
BULLETS = ("•", "-", "*", "◦")
LEAD_INS = (
    "Pregunta {n}.",
    "Pregunta {n}",
    "PREGUNTA {n}:",
    "{n}.",
    "{n}.-",
    "{n})",
    "Pregunta n.º {n} (convocatoria de {y})",
    "Caso {n}",
    "Q{n} |",
)
KEYS = (
    "Respuesta correcta: {a}",
    "RESPUESTA CORRECTA: {a}",
    "Solución: {a}",
    "Resp.: {a}",
    "La respuesta correcta es la {a}.",
    "Correcta: {a} (ver comentario)",
    "R: {a}",
)
WEB_TOP = (
    "Inicio > Oposiciones > Exámenes de {y}",
    "Menú\nBuscar\nIniciar sesión",
    "Blog de medicina | Apuntes | Foros",
    "Publicado el {d} de marzo de {y} por admin",
)
WEB_LINES = (
    "Compartir en Facebook Twitter WhatsApp",
    "Te puede interesar: resúmenes y esquemas",
    "Ver comentarios ({d})",
    "Publicidad",
    "Suscríbete a nuestro boletín",
)
PDF_TOP = ("MANUAL DE REVISIÓN {y}", "Examen comentado, convocatoria {y}", "Cuaderno de examen - Versión {d}")
PDF_LINES = ("- {d} -", "Página {d} de 96", "{d}", "Manual de revisión {y}   {d}")


@dataclass(frozen=True)
class Question:
    """Hold the stem and the options of a question with the place of the right one, or -1."""

    stem: str
    options: list[str]
    right: int
    answer: str


def right_option(options: list[str], answer: str) -> int:
    """Return the place of the answer, given as text, letter or number counted from one, or -1."""
    wanted = answer.strip().casefold()
    for place, option in enumerate(options):
        if option.strip().casefold() == wanted:
            return place
    bare = wanted.strip(".)( ")
    place = int(bare) - 1 if bare.isdecimal() else ord(bare) - ord("a") if re.fullmatch("[a-z]", bare) else -1
    return place if 0 <= place < len(options) else -1


def strip_accents(text: str) -> str:
    """Remove every accent and the tilde of ñ."""
    return "".join(c for c in unicodedata.normalize("NFD", text) if not unicodedata.combining(c))


def _number(style: str, place: int) -> str:
    """Write the label of the option at a place in a style such as `a)`."""
    letter = chr(ord("a") + place)
    return style.replace("1", str(place + 1)).replace("a", letter).replace("A", letter.upper())


def _key(q: Question, style: str, rng: random.Random) -> str:
    """Write the line that gives the right answer in the labels that the options carry."""
    told = q.answer if q.right < 0 else re.sub(r"\W", "", _number(style, q.right))
    return rng.choice(KEYS).format(a=told)


def _fill(pattern: str, rng: random.Random) -> str:
    """Fill the number, the year and the small number of a pattern."""
    return pattern.format(n=rng.randint(2, 210), y=rng.randint(2004, 2023), d=rng.randint(2, 28))


def _ragged(text: str, rng: random.Random) -> str:
    """Break the lines of a text at a width that changes from line to line."""
    lines: list[str] = []
    current, width = "", rng.randint(24, 90)
    for word in text.split():
        if current and len(current) + 1 + len(word) > width:
            lines.append(current)
            current, width = word, rng.randint(24, 90)
        else:
            current = f"{current} {word}".strip()
    return "\n".join([*lines, current])


def _other_case(text: str, rng: random.Random) -> str:
    """Change the case of the whole text or of some of its words."""
    how = rng.choice(["upper", "lower", "some"])
    if how != "some":
        return text.upper() if how == "upper" else text.lower()
    pieces = re.split(r"(\s+)", text)
    return "".join(rng.choice([p.upper(), p.capitalize(), p.lower()]) if rng.random() < 0.3 else p for p in pieces)


def _verbatim(q: Question, rng: random.Random) -> str:
    """Show the question as it is, with labelled options and mostly with its answer."""
    style = rng.choice(LABELS)
    lead = _fill(rng.choice(LEAD_INS), rng) + rng.choice([" ", "\n"])
    rows = [f"{_number(style, i)} {option}" for i, option in enumerate(q.options)]
    tail = [_key(q, style, rng)] if rng.random() < 0.8 else []
    return "\n".join([lead + q.stem, *rows, *tail])


def _rewrapped(q: Question, rng: random.Random) -> str:
    """Show the question with ragged lines and with bullets, numbers or letters before the options."""
    style = rng.choice(LABELS)
    bullet = rng.choice(BULLETS) if rng.random() < 0.5 else ""
    mixed = rng.random() < 0.4
    lead = _fill(rng.choice(LEAD_INS), rng)
    rows = []
    for i, option in enumerate(q.options):
        label = _number(style, i) if not bullet else f"{bullet} {_number(style, i)}" if mixed else bullet
        rows.append(_ragged(f"{label} {option}", rng))
    told = q.options[q.right] if bullet and not mixed and q.right >= 0 else ""
    key = f"Respuesta correcta: {told}" if told else _key(q, style, rng)
    gap = rng.choice(["\n", "\n\n"])
    return gap.join([_ragged(f"{lead} {q.stem}", rng), "\n".join(rows), key])


def _no_accents(q: Question, rng: random.Random) -> str:
    """Show the question without accents and with another case in places."""
    stem, options = _other_case(q.stem, rng), [_other_case(o, rng) for o in q.options]
    return strip_accents(_verbatim(Question(stem, options, q.right, q.answer), rng))


def _shuffled(q: Question, rng: random.Random) -> str:
    """Show the question with its options in another order and relabelled, the answer following its option."""
    order = list(range(len(q.options)))
    while len(order) > 1 and order == sorted(order):
        rng.shuffle(order)
    right = order.index(q.right) if q.right >= 0 else -1
    return _verbatim(Question(q.stem, [q.options[i] for i in order], right, q.answer), rng)


def first_words(stem: str, share: float = 0.6) -> str:
    """Return the first share of the words of a stem."""
    words = stem.split()
    return " ".join(words[: max(1, round(len(words) * share))])


def _stem60(q: Question, rng: random.Random) -> str:
    """Show only the first 60 % of the words of the stem, as a search result or a case note would."""
    head = first_words(q.stem)
    lead = rng.choice(["", "Pregunta {n}. ", "Ejemplo: ", "Caso clínico {n}. ", "«", "{n}. "])
    return _fill(lead, rng) + head + rng.choice(["…", "...", " […]", " (continúa)", ""])


MAKERS = {
    "verbatim": _verbatim,
    "rewrapped": _rewrapped,
    "no_accents": _no_accents,
    "shuffled": _shuffled,
    "stem60": _stem60,
}


def _filler(filler: list[str], words: int, rng: random.Random) -> list[str]:
    """Draw paragraphs until they hold a number of words, cutting the last one short."""
    pool = [p for p in filler if p.strip()]
    if not pool:
        raise ValueError("filler has no text")
    drawn: list[str] = []
    bag: list[str] = []
    while words > 0:
        if not bag:
            bag = rng.sample(pool, len(pool))
        paragraph = bag.pop()
        size = len(paragraph.split())
        if size > words:
            paragraph = " ".join(paragraph.split()[:words])
        drawn.append(paragraph)
        words -= size
    return drawn


def _furnish(blocks: list[str], web: bool, rng: random.Random) -> list[str]:
    """Put the lines of a web page or the page numbers of a PDF between blocks."""
    tops, lines = (WEB_TOP, WEB_LINES) if web else (PDF_TOP, PDF_LINES)
    out = [_fill(rng.choice(tops), rng)]
    added = 0
    for block in blocks:
        out.append(block)
        if rng.random() < (0.08 if web else 0.15) and added < 25:
            added += 1
            out.append(_fill(rng.choice(lines), rng))
    return out


def plant(stem: str, options: list[str], answer: str, filler: list[str], kind: str, rng: random.Random) -> str:
    """Return a document of 1,500 to 4,000 words that hides the question in the way a kind names."""
    if kind not in MAKERS:
        raise ValueError(f"unknown kind: {kind}")
    q = Question(stem, list(options), right_option(options, answer), answer)
    block = MAKERS[kind](q, rng)
    size = max(300, rng.randint(1550, 3750) - len(block.split()))
    paragraphs = _filler(filler, size, rng)
    web = rng.random() < 0.5
    if not web:
        width = rng.choice([64, 76, 88])
        paragraphs = [textwrap.fill(p, width, break_long_words=False, break_on_hyphens=False) for p in paragraphs]
    if kind == "no_accents" and rng.random() < 0.5:
        paragraphs = [strip_accents(p) for p in paragraphs]
    paragraphs.insert(rng.randint(0, len(paragraphs)), block)
    return "\n\n".join(_furnish(paragraphs, web, rng)) + "\n"


# --------------------------------------------------------------------------- self-test and examples
STEM = (
    "Mujer de 58 años, hipertensa, que acude a urgencias por dolor torácico opresivo de dos horas de evolución "
    "irradiado al brazo izquierdo, con sudoración y náuseas. ¿Cuál de las siguientes actuaciones es la más adecuada?"
)
OPTIONS = [
    "Administrar ácido acetilsalicílico y realizar un electrocardiograma",
    "Dar de alta con analgesia y cita con su médico de cabecera en una semana",
    "Solicitar una ecografía abdominal y esperar el resultado",
    "Iniciar antibióticos de amplio espectro por vía intravenosa",
]


def sample_filler(rng: random.Random, count: int = 60) -> list[str]:
    """Return paragraphs of plain Spanish for the self-test."""
    who = [
        "El servicio",
        "La consulta",
        "El equipo",
        "Cada centro",
        "La unidad",
        "El manual",
        "Un comité",
        "El hospital",
    ]
    does = ["revisa", "describe", "ordena", "publica", "compara", "actualiza", "reúne", "discute"]
    what = [
        "los protocolos",
        "las guías",
        "la formación",
        "los registros",
        "el material",
        "las encuestas",
        "el temario",
    ]
    when = ["cada otoño", "según el año", "sin demora", "con los residentes", "tras la reunión", "en la región"]

    def sentence() -> str:
        """Write one sentence."""
        return (
            f"{rng.choice(who)} {rng.choice(does)} {rng.choice(what)} {rng.choice(when)} y {rng.choice(does)} el resto."
        )

    return [" ".join(sentence() for _ in range(rng.randint(2, 12))) for _ in range(count)]


def _flat(text: str) -> str:
    """Reduce a text to its lower-case unaccented words."""
    return " ".join(strip_accents(text).casefold().split())


def _check(doc: str, kind: str) -> None:
    """Check that a document hides the sample question as its kind says."""
    assert 1500 <= len(doc.split()) <= 4000, len(doc.split())
    flat, one_line = _flat(doc), " ".join(doc.split())
    if kind == "stem60":
        head = first_words(STEM)
        words = STEM.split()
        assert head in one_line and " ".join(words[: len(head.split()) + 1]) not in one_line
        assert not any(_flat(o) in flat for o in OPTIONS)
        return
    assert _flat(STEM) in flat and all(_flat(o) in flat for o in OPTIONS)
    places = [flat.index(_flat(o)) for o in OPTIONS]
    assert (places == sorted(places)) is (kind != "shuffled")
    if kind in ("verbatim", "shuffled"):
        assert STEM in doc and all(o in doc for o in OPTIONS)
    if kind == "rewrapped":
        assert STEM not in doc and STEM in one_line and all(o in one_line for o in OPTIONS)
    if kind == "no_accents":
        assert STEM not in doc
    told = re.search(r"(?:correcta: |Solución: |Resp\.: |es la |\nR: )(\w)\b", doc, re.IGNORECASE)
    if told and kind != "rewrapped":
        above = doc[max(0, told.start() - 900) : told.start()]
        rows = re.findall(rf"^\(?{told[1]}[.)][-]? (.*)$", above, re.MULTILINE | re.IGNORECASE)
        assert rows and _flat(rows[-1]) == _flat(OPTIONS[0]), (kind, told[0])


def _self_test(seeds: int) -> None:
    """Check every kind over many seeds."""
    for seed in range(seeds):
        for kind in KINDS:
            rng = random.Random(seed)
            filler = sample_filler(rng)
            doc = plant(STEM, OPTIONS, rng.choice([OPTIONS[0], "1", "A", "a)"]), filler, kind, rng)
            _check(doc, kind)
            short = [plant(STEM, OPTIONS, "1", ["uno dos"], kind, random.Random(seed)) for _ in range(2)]
            assert short[0] == short[1], (seed, kind)
            _check(short[0], kind)


def _show(kind: str, seed: int) -> None:
    """Print the part of a document around the hidden question."""
    rng = random.Random(seed)
    doc = plant(STEM, OPTIONS, "1", sample_filler(rng), kind, rng)
    found = re.search(r"mujer\s+de\s+58", strip_accents(doc), re.IGNORECASE)
    at = found.start() if found else 0
    print(f"===== {kind}, seed {seed}, {len(doc.split())} words, at character {at}")
    print(doc[:60].strip(), "[...]", doc[max(0, at - 150) : at + 750], sep="\n")


if __name__ == "__main__":
    for shown_kind in KINDS:
        for shown_seed in (1, 2, 3):
            _show(shown_kind, shown_seed)
    _self_test(300)
    print("self-test ok")
