"""The gates of a question with its answer and its evidence: each a pure function of a Case, each with its slug."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from functools import cache, lru_cache

from factory.questions import claims, relations
from factory.questions.case import Case
from factory.questions.names import generic, is_listed, is_name, is_taken, phrases_in
from factory.questions.wording import (
    WORD,
    content,
    fold,
    head,
    heads_of,
    is_content,
    lines,
    sentence_texts,
    sentences,
    supported,
    words,
    words_in,
)  # fmt: skip

Gate = Callable[[Case], str | None]

# A content word in five may be the writer's own (design: recall 0.6 at least); names of things may not.
MIN_RECALL = 0.6


@cache
def _patterns(name: str) -> re.Pattern[str]:
    """The patterns of a lexicon as one, for text in lower case; the edge that most begin with is looked for once."""
    every = [one for line in lines(name) for one in _alternatives(line)]
    at_edge = [one[2:] for one in every if one.startswith(r"\b")]
    return re.compile("|".join([rf"\b(?:{'|'.join(at_edge)})", *(one for one in every if not one.startswith(r"\b"))]))


def _alternatives(pattern: str) -> list[str]:
    """What stands between the bars outside all brackets."""
    found, depth = [""], 0
    for part in re.findall(r"\\.|\[[^]]*\]|.", pattern):
        depth += (part == "(") - (part == ")")
        if part == "|" and not depth:
            found.append("")
        else:
            found[-1] += part
    return found


def _search(name: str, text: str) -> re.Match[str] | None:
    return _patterns(name).search(text.lower())


def _found(name: str, text: str) -> str | None:
    found = _search(name, text)
    return " ".join(found.group().split())[:60] if found else None


# The quote


def quote(case: Case) -> str | None:
    """The quote stands in the passage, word for word; three words at least."""
    if not case.quotes or any(len(words(one)) < 3 for one in case.quotes):
        return "the quote is no sentence"
    if not all(case.places):
        return "the quote does not stand in the passage"
    for at in filter(None, case.places):
        if found := _LEFT_OUT.search(case.passage, max(0, at.start - 80), at.start):
            return f"the quote leaves out: {found.group().strip()}"
    return None


_LEFT_OUT = re.compile(
    r"\b(?:no hay (?:pruebas|evidencia|datos)|no se (?:sabe|ha demostrado)|es (?:falso|mentira|un mito)"
    r"|no es (?:cierto|verdad))(?: \w+){0,3} que\s+\Z|\b(?:no|nunca|ni|tampoco|sin)\s+\Z",
    re.IGNORECASE,
)


class _AnyCase:
    """A pattern in lower case over text in any: three times as fast as one that ignores case."""

    __slots__ = ("_pattern",)

    def __init__(self, pattern: str) -> None:
        self._pattern = re.compile(pattern)

    def search(self, text: str) -> re.Match[str] | None:
        return self._pattern.search(text.lower())


# Form

_ASKS = re.compile(r"[?:…]\s*$")
_TERMINAL = re.compile(r"[.!?…:;]['\"”»)\]]*\s*$|\)\s*$")
_DANGLING = frozenset(
    [
        "a",
        "al",
        "ante",
        "con",
        "contra",
        "cuando",
        "de",
        "del",
        "desde",
        "donde",
        "e",
        "el",
        "en",
        "entre",
        "es",
        "esta",
        "la",
        "las",
        "lo",
        "los",
        "mas",
        "ni",
        "no",
        "o",
        "para",
        "pero",
        "por",
        "porque",
        "que",
        "se",
        "según",
        "segun",
        "si",
        "sin",
        "sobre",
        "su",
        "sus",
        "tras",
        "u",
        "un",
        "una",
        "y",
        "puede",
        "pueden",
        "como",
        "cual",
        "muy",
        "son",
        "ser",
        "debe",
        "deben",
    ]
)
_LONGEST_QUESTION, _LONGEST_ANSWER = 4000, 4000


def form(case: Case) -> str | None:
    """A question that asks, an answer that ends, neither empty nor in a loop."""
    question, answer = case.question.strip(), case.answer.strip()
    if len(question) < 8 or not WORD.search(question):
        return "no question"
    if not WORD.search(answer) and not any(c.isdigit() for c in answer):
        return "no answer"
    if len(question) > _LONGEST_QUESTION or len(answer) > _LONGEST_ANSWER:
        return "too long"
    if not _ASKS.search(question) and "¿" not in question:
        return "the question does not ask"
    if _is_cut(answer, case.evidence):
        return "the answer is cut"
    if fold(question) == fold(answer):
        return "the answer is the question"
    return _loop(answer)


def _is_cut(answer: str, evidence: str) -> bool:
    """It ends in the middle of a sentence."""
    if answer.count("(") > answer.count(")") or answer.rstrip(".").endswith((",", "-", "/")):
        return True
    said = [fold(word) for word in re.findall(r"\w+", answer)]
    last = said[-1] if said else ""
    if _TERMINAL.search(answer):
        ends = last in _DANGLING and last not in ("no", "si", "es", "son", "como", "mas")
        return answer.rstrip().endswith(".") and ends
    if last in _DANGLING:
        return True
    known = words(evidence)
    if last.isalpha() and last not in known and any(one.startswith(last) and len(one) > len(last) + 1 for one in known):
        return True
    if len(said) < 8 and not re.search(r"[,;:]", answer):
        return False
    plain = answer.strip().rstrip("…")
    at = evidence.find(plain[-40:])
    return at < 0 or evidence[at + len(plain[-40:]) :].lstrip("\"'”»)")[:1] not in (".", "!", "?", ";", ":", "\n", "")


def _loop(answer: str) -> str | None:
    said = [s.strip().lower() for s in sentence_texts(answer)]
    if any(count > 1 and len(one) > 20 for one, count in Counter(said).items()):
        return "a sentence stands there twice"
    found = words(answer)
    grams = Counter(zip(found, found[1:], found[2:], found[3:], strict=False))
    if grams and max(grams.values()) > 3:
        return "the answer turns in circles"
    return None


# Language


@cache
def _stops() -> dict[str, frozenset[str]]:
    """The commonest function words, by language."""
    pairs = (line.split(": ", 1) for line in lines("function_words.txt"))
    return {code: frozenset(said.split()) for code, said in pairs}


_PORTUGUESE = re.compile(
    r"[âêôàãõç]|\b\w+(?:lh|nh)[oa]s?\b|\b(?:não|com|você|são|uma|dos|das|até|muito|também|ela|ele|elas|pode|podem|ou|quem|mais|isso|pelo|pela|seus|suas"
    r"|nas|nos|aos|foi|tem|sem|em|um|os|as|quais|qual|ao|dor|à|às)\b",
    re.IGNORECASE,
)
_SURE_LETTERS = 60


@lru_cache(1 << 12)
def _is_spanish(text: str) -> bool:
    """By its function words; by fastText where those do not tell."""
    said = [w.lower() for w in WORD.findall(text)]
    if not said:
        return True
    counts = {code: sum(w in known for w in said) for code, known in _stops().items()}
    best = max(counts, key=lambda code: (counts[code], code == "es"))
    own = counts["es"]
    marks = len(_PORTUGUESE.findall(text))
    # A question of Spanish opens with its mark.
    marks += 2 * (text.rstrip().endswith("?") and "¿" not in text)
    if best == "es" and not marks and own >= 0.15 * len(said):
        return True
    if len(said) < 4:
        return not (counts["en"] and not own)
    if own and counts[best] <= own and marks <= 1:
        return True
    if marks > 2 and marks >= own - 1:
        return False
    from factory.steps.language import detect

    found = detect(text)
    if found.language == "es":
        return True
    letters = sum(map(len, said))
    return letters < _SURE_LETTERS and found.language not in ("en", "pt", "fr", "it") and counts[best] <= own + 1


def language(case: Case) -> str | None:
    """Question and answer are Spanish, each by itself."""
    if not _is_spanish(case.question):
        return "the question is not Spanish"
    if not _is_spanish(case.answer) and case.answer.strip(" .") not in case.evidence:
        return "the answer is not Spanish"
    return None


# What is no answer


def refusal(case: Case) -> str | None:
    """No refusal, no talk about the task, in question or answer."""
    said = None if case.is_copied else _found("refusals.txt", case.answer)
    if said is None and (asked := _found("refusals.txt", case.question)) and not _found("anaphora.txt", case.question):
        said = asked
    return said if said and said.lower() not in case.evidence.lower() else None


_URL = re.compile(
    r"https?://|www\.|(?<![\w.-])[\w.-]++@[\w-]+\.\w{2,}|(?<![\w-])[\w-]++\.(?:com|net|org|es|mx|info|io|shop)\b",
    re.IGNORECASE,
)
_SHOUT = re.compile(r"\b[A-ZÁÉÍÓÚÑ]{5,}\b")
_MARKS_OF_URLS = ("http", "www.", "@", ".com", ".net", ".org", ".es", ".mx", ".info", ".io", ".shop")
# Over text in lower case.
_ORDERS = re.compile(
    r"\b(?:(?:ignor\w+|desobede\w+|olvid\w+|obede\w+|sig(?:o|uiendo)|cumpl\w+|acat\w+)\b[^.?!]{0,40}"
    r"\b(?:instrucci[oó]n|instrucciones|[oó]rden|[oó]rdenes|indicaciones|reglas|directrices|prompt)\b"
    r"|(?:hack|jailbreak|pwned|system prompt|prompt|modo desarrollador|api key|contraseña)\w*\b"
    r"|(?:compr[ea]|visit[ea]|suscr[ií]b\w+|haga clic|haz clic|ll[aá]m[ea] al|descargue|pulse aqu[ií]|oferta"
    r"|descuento|pídalo)\b|tus (?:reglas|instrucciones|[oó]rdenes|directrices|indicaciones)\b)"
    r"|(?:\A|\n)\s*(?:assistant|user|system|asistente|usuario)\s*:|<[^>]{1,30}>|\{[^}]*\}|```|\$\{"
)
_TAGS = re.compile(r"\[/?[A-Z_]{3,}\]")


def injected(case: Case) -> str | None:
    """Nothing that a document may order a machine to say: addresses, shouts, marks of templates, talk of orders."""
    said = f"{case.question}\n{case.answer}"
    lower, shown = said.lower(), case.evidence.lower()
    found = [one.group() for one in _URL.finditer(said)] if any(mark in lower for mark in _MARKS_OF_URLS) else []
    found += [one.group() for one in _TAGS.finditer(said)] if "[" in said else []
    for one in found:
        if one.lower() not in shown:
            return one[:60]
    for shout in () if case.is_copied else _SHOUT.findall(case.answer):
        if shout.lower() not in shown and shout not in case.passage and shout not in case.above:
            return str(shout)[:60]
    for order in _ORDERS.finditer(lower):
        if order.group() not in shown or _is_order(order.group()):
            return order.group()[:60]
    return None


def _is_order(said: str) -> bool:
    return re.search(r"instruc|prompt|hack|jailbreak|clic|suscr", said, re.IGNORECASE) is not None


# Whether the question stands by itself


def self_contained(case: Case) -> str | None:
    """The question names what it asks about, and the answer does not begin with a word that points back."""
    asked = case.question.strip()
    # A case is told before its question: what points back points there.
    told = len(words(asked)) > 40 or len(sentence_texts(asked)) > 1
    if told:
        found = _TOLD.search(asked)
        return found.group() if found else None
    pointing = _search("anaphora.txt", asked)
    if pointing and not (
        (_THIS.match(pointing.group()) or _CLITIC.search(pointing.group())) and _named_before(asked, pointing)
    ):
        return " ".join(pointing.group().split())[:60]
    if not _names_in(asked):
        return "the question names nothing"
    if found := _POINTS.match(case.answer.strip()):
        return f"the answer begins with {found.group()!r}"
    return None


_TOLD = re.compile(
    r"\b(?:seg[uú]n|en) (?:el|este) (?:texto|pasaje|fragmento|documento|art[ií]culo)\b|\bla (?:tabla|figura"
    r"|imagen) (?:anterior|adjunta|siguiente)\b",
    re.IGNORECASE,
)
_CLITIC = re.compile(r"[aei]r(?:l[oae]s?)$", re.IGNORECASE)
_THIS = re.compile(r"(?:est[aeo]s?|es[aeo]s?|aquel|dich[oa]s?|tal)", re.IGNORECASE)
_POINTS = re.compile(
    r"(?:además(?! de)|también(?! se (?:le |les )?(?:llama|conoce|denomina))|sin embargo|no obstante|asimismo"
    r"|por otr[oa] (?:lado|parte)|pero|lo anterior|por ejemplo|es decir|en cambio)\b",
    re.IGNORECASE,
)


def _named_before(asked: str, pointing: re.Match[str]) -> bool:
    """A thing of medicine is named before the word that points back: `La gripe, ¿cuánto dura esta enfermedad?`."""
    before = asked[: pointing.start()]
    return any(is_name(word) for word in content(before)) or bool(re.search(r"(?<=[a-z,¿] )[A-Z]", before))


def _names_in(asked: str) -> bool:
    """A question, or its beginning, names a thing: what follows may point back at it."""
    return any(head(word) not in _bare() for word in content(asked))


@cache
def _bare() -> frozenset[str]:
    """Heads of words that a question may be made of without naming anything: síntomas, causas, tratamiento."""
    return frozenset(head(word) for word in words_in("asking.txt"))


# Whether the evidence carries the answer


_TOLD_WORDS = 25
_CLAUSES = re.compile(r"[,;:()]| y (?=lo mismo|a la larga)")
_LEAST_OF_SENTENCE = 0.34


def _apart(case: Case) -> str | None:
    """A sentence, or a clause of three words with meaning, that the evidence knows nothing of."""
    for sentence in sentence_texts(case.answer):
        parts = [(sentence, 2, _LEAST_OF_SENTENCE)]
        parts += [(clause, 3, 0.01) for clause in _CLAUSES.split(sentence)]
        for part, least, share in parts:
            own = [word for word in content(part) if not claims.is_soft(word)]
            there = sum(supported(word, case.shown) or supported(word, case.given) for word in own)
            if len(own) >= least and there < share * len(own):
                return f"{part.strip()[:60]}: {there} of {len(own)} content words stand in the evidence"
    return None


def grounding(case: Case) -> str | None:
    """Most of what the answer says stands in the evidence, and what is asked about stands in the source."""
    own = []
    if not case.is_copied:
        own = [word for word in case.answered if not claims.is_soft(word) and word not in _COUNTS]
    counts = any(c.isdigit() for c in case.answer) or not _COUNTS.isdisjoint(case.answered)
    if own and not (len(own) < 3 and counts):
        there = sum(supported(word, case.shown) or supported(word, case.given) for word in own)
        if there < MIN_RECALL * len(own):
            return f"{there} of {len(own)} content words stand in the evidence"
    elif not case.answered and not counts:
        return "the answer says nothing"
    if said := (None if case.is_copied else _apart(case)) or _other_subject(case):
        return said
    if said := _other_matter(case):
        return said
    asked = [word for word in case.asked if head(word) not in _bare()]
    # A case that is told before its question is not in the passage: what explains it is.
    if asked and len(case.asked) < _TOLD_WORDS and not any(supported(word, case.around) for word in asked):
        return "what is asked about is not in the passage"
    return None


# What counts is a matter of the numbers, in digits or in words.
_COUNTS = frozenset(
    "dos tres cuatro cinco seis siete ocho nueve diez once doce quince veinte treinta media medio".split()  # noqa: SIM905
)


def _other_subject(case: Case) -> str | None:
    """The question asks of one plant or medicine of the passage, and the evidence begins with another."""
    asked = [word for word in case.asked if is_taken(word)]
    if not asked or any(supported(word, case.shown) for word in asked) or any(word in case.answered for word in asked):
        return None
    for sentence in case.evidence_sentences:
        first = next((word for word in content(sentence)[:2] if is_taken(word)), None)
        if first is None or first in case.asked:
            return None
    return f"{asked[0]} is asked about, the evidence is of {first}" if any(w in case.around for w in asked) else None


_ANSWERED, _ELSEWHERE = 0.2, 0.75


def _other_matter(case: Case) -> str | None:
    """Another sentence of the passage has what is asked about, and neither evidence nor answer has much of it."""
    asked = [word for word in dict.fromkeys(case.asked) if head(word) not in _bare()]
    if len(asked) < 3 or len(case.asked) >= _TOLD_WORDS:
        return None
    own = case.shown | case.answer_heads
    there = [word for word in asked if supported(word, own)]
    here = len(there)
    # What has a name is asked about first of all.
    if here > _ANSWERED * len(asked) or any(is_listed(word) or word.upper() in case.question for word in there):
        return None
    most = max(here + 2, _ELSEWHERE * len(asked))
    for sentence in sentence_texts(case.passage):
        if sentence not in case.evidence and sum(supported(word, heads_of(sentence)) for word in asked) >= most:
            return (
                f"{here} of {len(asked)} words that are asked about stand in the evidence; elsewhere: {sentence[:50]}"
            )
    return None


def entity(case: Case) -> str | None:
    """Every name of a thing in the answer stands in its evidence, or in the question."""
    for word in () if case.is_copied else case.answered:
        bare = word.removeprefix("anti")
        if is_name(word) and not _is_named(word, case) and (bare == word or not supported(bare, case.shown)):
            return f"{word} is not in the evidence"
    for phrase in () if case.is_copied else phrases_in(case.answer):
        plain = phrase.replace(" ", "")
        if (
            plain not in fold(case.evidence).replace(" ", "")
            and phrase not in fold(case.question)
            and not _is_shared(phrase, case)
        ):
            return f"{phrase} is not in the evidence"
    ours = (*_designated(case.answer).items(), *_designated(case.question).items())
    there = _designated(f"{case.passage}\n{case.above}") if ours else {}
    for name, letters in ours:
        if name in there and (other := letters - there[name]):
            return f"{name} {min(other)} is not in the source"
    return None if case.is_copied else _unknown_proper(case)


def _unknown_proper(case: Case) -> str | None:
    """A word with a capital inside a sentence, or a scientific name, that the source does not have."""
    binomials, proper = list(_BINOMIAL.finditer(case.answer)), list(_PROPER.finditer(case.answer))
    if not binomials and not proper:
        return None
    known = fold(f"{case.passage}\n{case.above}\n{case.question}")
    for found in binomials:
        genus, species = fold(found[1]), fold(found[2])
        other = re.search(rf"\b{found[1]} [a-z]{{4,}}", f"{case.passage}\n{case.above}")
        if other and f"{genus} {species}" not in known:
            return f"{found.group()} is not in the source"
    for found in proper:
        word = found.group(1)
        if fold(word) not in known and is_content(fold(word)) and head(fold(word)) not in generic():
            return f"{word} is not in the source"
    return None


def _is_shared(phrase: str, case: Case) -> bool:
    """`insuficiencia cardíaca` of `insuficiencia renal o cardíaca`."""
    first, _, last = phrase.partition(" ")
    return re.search(rf"\b{first} \w+,? (?:[oye]|[oye] de) {last}\b", fold(case.evidence)) is not None


def _is_named(word: str, case: Case) -> bool:
    """The name itself, a form of it or a synonym: `ciclofosfamida` is no form of `ciclosporina`."""
    if not supported(word, case.shown) and not supported(word, case.given):
        return False
    if len(word) < 6:
        return True
    alike = [one for one in (*case.evidence_words, *case.asked) if one[:5] == word[:5]]
    return not alike or any(_is_form(word, one) for one in alike)


def _is_form(word: str, other: str) -> bool:
    """Two words of one root: all but the endings are the same; two names are so only if one letter or two are not."""
    common, short, long = _common(word, other), *sorted((len(word), len(other)))
    if all(is_listed(one) or _ILLNESS.search(one) for one in (word, other)):
        return common >= short - 2 and long - short <= 2
    return common >= short - 4


_ILLNESS = re.compile(r"(?:osis|itis|emias?|urias?|penias?|pat[ií]as?|algias?|omas?|ismos?|cion|sion)$")


def _common(one: str, other: str) -> int:
    """How many letters two words begin with in common."""
    return next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))


def _designated(text: str) -> dict[str, set[str]]:
    """The letters that tell things of one name apart: `vitamina K`, `hepatitis B`, `grupo O`."""
    found: dict[str, set[str]] = {}
    for name, letter in _LETTERED.findall(text):
        found.setdefault(fold(name), set()).add(letter)
    return found


_LETTERED = re.compile(
    r"\b((?i:vitamina|hepatitis|gripe|influenza|grupo|grupo sangu[ií]neo|tipo|clase|serogrupo|virus|factor"
    r"|prote[ií]na)) ([A-Z])\b"
)
# A plant's or animal's scientific name: only the second word may be the source's or made up.
_BINOMIAL = re.compile(
    r"\b([A-Z][a-z]{3,}) ([a-z]{4,}(?:um|us|is|ens|ii|oides|ea|aris|atum|ata|osa|alis|ale|ica|icum))\b"
)
_PROPER = re.compile(r"(?<=[a-záéíóúñ,;] )([A-ZÁÉÍÓÚÑ][a-záéíóúñ]{3,})")


# Safety

_ATTRIBUTED = _AnyCase(
    r"\bseg[uú]n\b|\btradicional|\bpopular|\bla fuente\b|\bse (?:le )?(?:atribuye|dice|cree|considera|ha usado"
    r"|ha utilizado|ha empleado|usa|utiliza|emplea|cree|estudi)"
    r"|\b(?:afirma|sostiene|señala|sugier|indica|recoge|recomienda|acepta|reconoce|describe)[nr]?\b"
    r"|\bpod(?:r[ií]a|ría)n?\b|\bpuede[n]?\b|\bquiz[aá]s?\b|\btal vez\b|\bposible"
    r"|\bparece[n]?\b|\bensayos?\b|\bestudios?\b|\brevisi[oó]n\b|\bpruebas\b|\bevidencia\b|\bapoy\w+\b|\bse "
    r"(?:ha|han) (?:visto|observado|descrito|comunicado|demostrado|encontrado)"
    r"|\bplacebo\b|\bsimulad[oa]s?\b"
    r"|\b(?:m[aá]s|menos|mejor|peor) que (?:quien|l[oa]s que|un|el placebo)|\bmonograf[ií]a"
    r"|\bes capaz\b|\bes probable\b|\bsuele[n]?\b|\bhabitual|\ba veces\b|\ben algun[oa]s\b|\bayuda[nr]?\b"
    r"|\bcontribuye|\bprobab|\bal parecer\b|\bsupuest|\bno (?:est[aá]|se sabe|hay)\b",
)
_HEDGED = _AnyCase(
    r"\bpod(?:r[ií]a|ría)n?\b|\bpuede[n]?\b|\bquiz[aá]s?\b|\btal vez\b"
    r"|\bposible(?<!tiempo posible)(?<!dosis posible)(?<!lo posible)(?<!antes posible)|\bparece[n]?\b|\bsugier"
    r"|\bsugir|\btradicional"
    r"|\bse cree\b|\bse atribuye|\balgunos estudios\b|\bprobable|\bpruebas (?:limitadas|insuficientes"
    r"|d[eé]biles)|\bno est[aá] claro\b|\bno se sabe\b",
)
_EFFICACY = _AnyCase(
    r"\b(?:cura|curan|cur[oó]|curaron|sana|sanan|san[oó]|previene|previenen|previno|hacen? desaparecer"
    r"|(?<!se )eliminan?(?! (?:l[oa]s |el |la )?(?:f[aá]rmaco|medicamento))|erradica|erradican|detiene|detienen"
    r"|revierte|reduce|reducen|disminuye|disminuyen|mejora|mejoran"
    r"|alivia|alivian|normaliza|normalizan|combate|combaten|protege|protegen|evita|evitan|controla|controlan|baja|bajan|regula"
    r"|regulan|fortalece|fortalecen|desintoxica|trata|tratan"
    r"|es (?:muy )?(?:eficaz|efectiv[oa])|son (?:muy )?(?:eficaces|efectiv[oa]s))\b",
)
_ACTS = _AnyCase(
    r"\b(?:aumentan?|elevan?|(?<!la )(?<!una )(?<!su )causan?|provocan?"
    r"|producen?|desencadenan?|ocasionan?|interfieren?|potencian?)\b",
)
_NOT = _AnyCase(r"\b(?:no|nunca|ni|tampoco|ning[uú]n|ninguna|sin (?:pruebas|datos|evidencia)|falta|jam[aá]s)\b")


def overclaim(case: Case) -> str | None:
    """No promise of a cure or of safety, no claim stronger than its evidence; natural medicine names who says so."""
    for sentence in sentence_texts(case.answer):
        found = _search("overclaims.txt", sentence)
        if found and not _denied(sentence, found.start()):
            said = " ".join(found.group().split())
            strong = case.natural is not False or said.lower() not in case.evidence.lower()
            if strong and not _plainly_there(said, case):
                return said[:60]
        if stronger := _stronger(sentence, case.evidence_sentences):
            return stronger
        claim = _EFFICACY.search(sentence)
        if claim is None and (acts := _ACTS.search(sentence)) and not _HEDGED.search(sentence):
            near = _nearest(sentence, case.evidence_sentences)
            if near and _MAY.search(near) and head(fold(acts.group())) in heads_of(near):
                return f"{acts.group()}: the evidence says it may"
        if claim is None or _NOT.search(sentence) or _HEDGED.search(sentence) or _ATTRIBUTED.search(sentence):
            continue
        if case.natural and not _is_caution(sentence):
            return f"{claim.group()}: nobody is named who says so"
        near = _nearest(sentence, case.evidence_sentences)
        verb = head(fold(claim.group()))
        if near and _HEDGED.search(near) and (verb in heads_of(near) or verb not in case.shown):
            return f"{claim.group()}: the evidence says it may"
    return None


def _stronger(sentence: str, evidence: Sequence[str]) -> str | None:
    """What the evidence says may be is told as what must be, or always is."""
    must = _MUST.search(sentence)
    near = _nearest(sentence, evidence)
    every = " ".join(evidence)
    if must and near and _MAY.search(near) and not _CALLED_FOR.search(every):
        return f"{must.group()}: the evidence says it may"
    sure = _PROVES.search(sentence)
    if sure and not _PROVES.search(every) and not _NOT.search(sentence):
        return f"{sure.group()}: the evidence does not prove it"
    acts = _ACTS.search(sentence)
    if (
        acts
        and near
        and _REPORTED.search(near)
        and not re.search(r"\bse han? \w+[aei]do\b", sentence)
        and not _HEDGED.search(sentence)
    ):
        verb = head(fold(acts.group()))
        if not any(verb in heads_of(one) for one in evidence):
            return f"{acts.group()}: the evidence tells of reports"
    found = _EVERY.search(sentence)
    if found and near and not _EVERY.search(every) and not _NOT.search(sentence):
        return f"{found.group()}: the evidence does not say so"
    return None


_MUST = _AnyCase(r"\bdeben?\b|\bdeber[ií]an?\b|\bhay que\b|\btienen? que\b|\bsiempre\b|\b(?:es|son) necesari")
_PROVES = _AnyCase(r"\b(?:demuestra|demostr|prueban? que|confirma|comprob|est[aá] probado)")
_REPORTED = _AnyCase(
    r"\bse (?:han?|ha) (?:comunicado|descrito|notificado|observado|visto|informado)|\bcasos (?:raros|aislados)"
    r"|\bdif[ií]cil(?:es)? de atribuir|\bno siempre confirman",
)
_EVERY = _AnyCase(r"\b(?:siempre|todos los casos|tod[oa]s l[oa]s)\b")
_CALLED_FOR = _AnyCase(
    r"\bdeben?\b|\bdeber[ií]an?\b|\bhay que\b|\btienen? que\b|\bsiempre\b|\bnecesari|\brecom|\bconv[ie]"
    r"|\b[eé]vit|\bcontraindic|\bimportante\b|\bsolamente\b|\bconsult[ea]|\b[^\W\d_]{3,}[aeé]l[oa]s?\b",
)
_MAY = re.compile(r"\bpueden?\b|\bpodr[ií]an?\b", re.IGNORECASE)


def _plainly_there(said: str, case: Case) -> bool:
    """Conventional sources may say it: `sin efectos secundarios graves`, in so many words."""
    return case.natural is False and said.lower() in case.evidence.lower()


def _denied(sentence: str, at: int) -> bool:
    return (
        re.search(
            r"\b(?:no|nunca|ning[uú]n|tampoco|ni|jam[aá]s|falso|mito)\b[^.;]{0,40}$", sentence[:at], re.IGNORECASE
        )
        is not None
    )


def _is_caution(sentence: str) -> bool:
    return _search("contraindications.txt", sentence) is not None


def _nearest(sentence: str, others: Sequence[str]) -> str | None:
    """The sentence with most words in common, if it has half of them."""
    own = heads_of(sentence)
    best = max(others, key=lambda one: len(own & heads_of(one)), default=None)
    return best if best and len(own & heads_of(best)) >= 0.4 * len(own) else None


def stop_treatment(case: Case) -> str | None:
    """Nobody is told to stop a medicine, a treatment or seeing a doctor."""
    for sentence in sentence_texts(case.answer):
        found = _search("stop_treatment.txt", sentence)
        if found is None:
            continue
        said = " ".join(found.group().split())
        if _SPARED.search(sentence[: found.start()]) or _WITH_DOCTOR.search(sentence):
            continue
        # What a source says of stopping a medicine before an operation is said of nobody in particular.
        instead = _INSTEAD.search(said) and said.lower() not in case.evidence.lower()
        if not instead and not _YOURS.search(said) and _says_so(said, case.evidence_sentences):
            continue
        return said[:80]
    return None


def _says_so(said: str, evidence: Sequence[str]) -> bool:
    """A sentence of the evidence says so, and denies nothing; what must be done, it says that one must."""
    own = [word for word in content(said)[-2:] if not word.startswith(("tom", "usar"))]
    must = re.search(r"\bdeben?\b|\bhay que\b|\bconviene\b", said, re.IGNORECASE)
    for sentence in evidence:
        if all(supported(word, heads_of(sentence)) for word in own) and not _NOT.search(sentence):
            return must is None or _CALLED_FOR.search(sentence) is not None
    return False


_SPARED = re.compile(r"\b(?:no|nunca|jam[aá]s|sin|ni|tampoco|ning[uú]n\w*)\b(?:\W+\w+){0,2}\W*$", re.IGNORECASE)
_WITH_DOCTOR = re.compile(
    r"\b(?:sin (?:antes )?(?:consultar|hablar|preguntar)|consulte (?:antes|con|a)|no (?:deje|abandone|suspenda"
    r"|interrumpa|sustituy|reemplac)\w*"
    r"|(?:si|cuando) (?:el|su) (?:médico|doctor)|bajo supervisi[oó]n|su médico (?:puede|podr|le|decid))",
    re.IGNORECASE,
)
_INSTEAD = re.compile(r"^en (?:vez|lugar)|^olv[ií]d|de m[aá]s$|sobran?$", re.IGNORECASE)
_YOURS = re.compile(r"\b(?:su|sus|tu|tus)\b|^(?:deja|deje|abandon[ae]|tir[ae]|olvid[ae])", re.IGNORECASE)

_ABOUT_USE = re.compile(
    r"\b(?:para qu[eé] (?:se|sirve|son|es)|c[oó]mo se (?:prepara|toma|usa|utiliza|aplica|administra|emplea"
    r"|consume)|dosis|cu[aá]nt[oa]s?\b[^?]{0,40}\b(?:tom|us|beb|d[ií]a|dosis)"
    r"|cu[aá]l(?:es)? (?:es|son) (?:la|el|los|las) (?:dosis|uso|usos|preparaci[oó]n|cantidad|forma de)|se "
    r"puede (?:tomar|usar|dar)|es segur[oa]|puede[n]? tomar|deb(?:e|o) tomar)",
    re.IGNORECASE,
)


def cautions(text: str, start: int = 0, end: int | None = None) -> list[tuple[int, int]]:
    """Where sentences stand in `text[start:end]` that tell who must not, or must take care; each within its line."""
    pattern, lower = _patterns("contraindications.txt"), text.lower()
    lower = lower if len(lower) == len(text) else text
    found: list[tuple[int, int]] = []
    at, last = start, len(text) if end is None else end
    while at < last:
        line = text.find("\n", at, last)
        line = last if line < 0 else line
        found += [
            (a, b)
            for a, b in sentences(text, at, line)
            if pattern.search(lower, a, b) and text[b - 1] in ".!»”)" and text.count(" ", a, b) > 3
        ]
        at = line + 1
    return found


def about_use(question: str) -> bool:
    """A question asks for use, preparation or dose."""
    return _ABOUT_USE.search(question) is not None and not _NOT.search(question)


def contraindication(case: Case) -> str | None:
    """Who must not take something is told: where the evidence says it, and where use or dose is asked for."""
    wanted = [case.evidence[start:end] for start, end in cautions(case.evidence)]
    if case.natural is not False and not wanted and about_use(case.question):
        wanted = [case.passage[start:end] for start, end in cautions(case.passage)][:1]
        if wanted and _is_caution(case.answer):
            return None
    if not wanted:
        return None
    ours, asked = heads_of(case.answer), heads_of(case.question)
    for sentence in wanted:
        own = [word for word in content(sentence) if not supported(word, asked) and not claims.is_soft(word)]
        if own and sum(supported(word, ours) for word in own) < 0.35 * len(own) and not _warned(case.answer, own):
            return f"the answer leaves out: {sentence[:70]}"
        if _ASKS_WHO.search(case.question) and (lost := _who_is_lost(sentence, ours, asked)):
            return f"the answer leaves out {lost}: {sentence[:70]}"
    return None


_ASKS_WHO = re.compile(
    r"\bqui[eé]n(?:es)? (?:no|deben?|ha)\b|\bprecauci|\bcontraindica|\bcu[aá]ndo no\b|\ben qu[eé] casos\b",
    re.IGNORECASE,
)
_PEOPLE = frozenset(["embar", "lacta", "antic", "alerg", "diabe", "hiper", "trasp", "menor"])


def _who_is_lost(sentence: str, ours: frozenset[str], asked: frozenset[str]) -> str | None:
    """An illness, a medicine or a group of people that a warning names, and the answer to `who` does not."""
    for word in content(sentence):
        names = is_listed(word) or head(word) in _PEOPLE or _ILLNESS.search(word)
        if names and not supported(word, ours) and not supported(word, asked) and not claims.is_soft(word):
            return word
    return None


def _warned(answer: str, own: list[str]) -> bool:
    """A sentence of the answer warns too, of something that the evidence warns of."""
    return any(
        _is_caution(one) and any(supported(word, heads_of(one)) for word in own) for one in sentence_texts(answer)
    )


def _of_its_own(*parts: Gate) -> Gate:
    """One gate of several: what the first that fails says; sentences that are the evidence's fail none."""
    return lambda case: (
        None if case.is_copied else next((said for part in parts if (said := part(case)) is not None), None)
    )


# In the order they are told; the cheap ones first. A row fails by the first.
GATES: dict[str, Gate] = {
    "quote": quote,
    "form": form,
    "refusal": refusal,
    "injected": injected,
    "language": language,
    "self_contained": self_contained,
    "stop_treatment": stop_treatment,
    "overclaim": overclaim,
    "numbers": _of_its_own(claims.wrong_numbers, relations.wrong_owner, relations.wrong_order, relations.cut_range),
    "units": _of_its_own(claims.wrong_units, relations.wrong_period),
    "negation": _of_its_own(claims.wrong_negation),
    "direction": _of_its_own(claims.wrong_direction),
    "entity": entity,
    "swap": _of_its_own(claims.swapped, relations.wrong_roles, relations.wrong_places),
    "grounding": grounding,
    "contraindication": contraindication,
}


def check(case: Case, only: Iterable[str] = GATES) -> dict[str, str]:
    """What each gate that fails says of a row."""
    return {slug: said for slug in only if (said := GATES[slug](case)) is not None}


def failed(passage: str, question: str, answer: str, quoted: str | Sequence[str]) -> list[str]:
    """The slugs of the gates that a question with its answer and its quote fails."""
    return list(check(Case(passage, question, answer, quoted)))
