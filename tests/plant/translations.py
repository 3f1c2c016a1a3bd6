"""Plant one realistic error in a human Spanish translation of an English medical text."""

import json
import random
import re
import sys
import time
from collections.abc import Iterator, Sequence
from decimal import Decimal

KINDS = (
    "number",
    "decimal",
    "unit",
    "negation",
    "dropped_clause",
    "swapped_sentence",
    "untranslated",
    "truncated",
    "repeated",
)
ADD_SHARE = 0.3  # of the texts with no negation to take away, so that a third of all flips add one
LETTER = "A-Za-zÁÉÍÓÚÜÑáéíóúüñµμ"
SPACE = "[ \u00a0\u202f]"
NUMBER = re.compile(rf"\d{{1,3}}(?:{SPACE}\d{{3}})+(?:[.,]\d+)?(?!\d)|\d+(?:[.,]\d+)*")
CITATION = re.compile(r"\[[\d,;\s–-]+\]")
LINK = re.compile(r"(?:https?://|www\.|doi:?\s*10\.)\S+|\b10\.\d{4,}/\S+|\S+@\S+|\b\d-\d{3}-[\w-]+")
LABEL = re.compile(r"\W*\d{1,2}\s?[-.)–:](?!\d)")
DATE = re.compile(
    rf"\d{{1,2}}[/-]\d{{1,2}}[/-]\d{{2,4}}|\d{{1,2}}:\d\d|\d{{1,2}}{SPACE}(?:(?:al?|y){SPACE}\d+{SPACE})?"
    rf"de{SPACE}(?:ene|feb|mar|abr|may|jun|jul|ago|sep|set|oct|nov|dic)|\b(?:18|19|20)\d\d\b(?![.,]?\d)"
)
WRONG = {
    key.replace("_", " "): value.replace("_", " ").split(",")
    for key, value in (
        pair.split("=")
        for pair in """
mg=g,µg mgr=gr gr=mg,kg g=mg,kg kg=g,mg µg=mg,g μg=mg,g mcg=mg,g ug=mg ng=mg,µg pg=ng,mg ml=l,dl mL=L,dL dl=l,ml dL=L,mL
l=ml,dl L=mL,dL cc=l,dl µl=ml,l μl=ml,l µL=mL μL=mL fl=ml fL=mL mm=cm cm=mm,m m=cm,km km=m nm=mm,µm µm=mm,nm μm=mm,nm
mmHg=cmH2O Gy=cGy,mGy cGy=Gy mGy=Gy kcal=cal mEq=mg,g mmol=mol,µmol µmol=mmol μmol=mmol nmol=mmol mol=mmol UI=mg,ml U=mg
lpm=rpm rpm=lpm min=h,s h=min,días seg=min °C=°F ºC=ºF °_C=°_F °F=°C %=‰ Hz=kHz mCi=Ci día=hora,mes hora=minuto
mes=día,año semana=hora año=mes,día minuto=segundo
días=semanas,meses,horas semanas=horas,meses,días horas=días,minutos,semanas
meses=años,días,semanas años=meses,días,semanas minutos=segundos,horas,días segundos=minutos,horas
metros=centímetros,kilómetros centímetros=milímetros,metros milímetros=centímetros kilómetros=metros pies=metros
pulgadas=centímetros kilos=gramos kilogramos=gramos gramos=miligramos,kilogramos miligramos=gramos,microgramos
microgramos=miligramos litros=mililitros mililitros=litros toneladas=kilos kilobases=megabases segundo=minuto
veces_al_día=veces_a_la_semana,veces_al_mes vez_al_día=vez_a_la_semana veces_por_semana=veces_al_día
veces_a_la_semana=veces_al_día,veces_al_mes vez_por_semana=vez_al_día,vez_al_mes veces_al_año=veces_al_mes""".split()
    )
}
FEMININE = {"hora", "semana", "horas", "semanas", "pulgadas", "toneladas"}
UNIT = re.compile(
    rf"({SPACE}?)(ve(?:z|ces) (?:al?|por)(?: la)? \w+|%|[°º]{SPACE}?[CF]|[{LETTER}]+)((?:/[{LETTER}]+)*)"
    rf"(?![{LETTER}_-])"
)
GENDERED = re.compile(r"\b(?:\w*[ao]s|el|la|una?)\W+(?:[\d.,]+\W+(?:o|a|y)\W+)?$", re.IGNORECASE)
EN_NOT = re.compile(
    r"\b(?:no|not|cannot|without|never|none|neither|nor|nothing|nobody|lack(?:s|ed|ing)?|absen\w+|unable|ruled? out"
    r"|den(?:y|ies|ied)|non(?!etheless)-?\w+|un(?!der|til|ited|io|iv|it|iq|if|less\b|cle)\w{4,}|free (?:of|from)"
    r"|\w+-free|fail(?:s|ed|ure to)?|(?!regard|nevert|noneth|useless|bless)\w{3,}(?<!un)less)\b|n[’']t\b",
    re.IGNORECASE,
)
EN_ANY = re.compile(
    EN_NOT.pattern + r"|\b(?:negativ|contraind|in(?:corr|cap|abil|eff|adeq|appr)|imposs|improb|asympt"
    r"|hardly|rarely|barely|seldom|little|few|exclud|except|unless|only)\w*",
    re.IGNORECASE,
)
CONCORD = {
    "ningún": "algún",
    "ninguno": "alguno",
    "ninguna": "alguna",
    "ni siquiera": "incluso",
    "nadie": "alguien",
    "nada": "algo",
    "nunca": "siempre",
    "jamás": "siempre",
    "tampoco": "también",
    "ni": "y",
}
HEAD = re.compile(r"\b(?:no|sin|nunca|jamás|tampoco|ningún|ningun[ao]|nadie|ni)\b(?=[ \u00a0][^\W\d])", re.IGNORECASE)
RULED = re.compile(r"\b(no|sin|nunca|jamás|tampoco|ni|ningún|ningun[ao]|nadie)\b[^.;:]*$", re.IGNORECASE)
STOP = re.compile(r"[.;:](?=\s|$)|\b(?:no|sin|pero|aunque|sino|excepto|salvo|porque)\b|$", re.IGNORECASE)
FIXED = re.compile(
    r"no (?:s[oó]lo|solamente|únicamente|obstante|tanto|bien|ser que)\b"
    r"|no (?:\w+ ){1,2}(?:más|otr[ao])(?: \w+)? que\b|no\b.*\bsino\b"
    r"|sin (?:embargo|dudas?|más|perjuicio|que|cesar|lugar|o|y|fin|querer)\b",
    re.IGNORECASE,
)
UNLIKE = re.compile(r"\b(?:si|o|a|hasta que|con|casi|como|más que|con y)[ /,]+$", re.IGNORECASE)
INFINITIVE = re.compile(r"(?!cáncer|hogar|malestar|bienestar|mujer|catéter|carácter)\w+[aeií]r(?:se|l[aeo]s?|me|te)?\b")
LEXICAL = [
    tuple(item.replace("_", " ").split(":"))
    for item in """ausencia_de:presencia_de:absen|lack|without|no
contraindic:indic:contraindic negativ:positiv:negativ incapa:capa:unable|incap|inabil imposib:posib:impossib
improbab:probab:unlik|improb innecesari:necesari:unnec inefica:efica:ineff inadecuad:adecuad:inadeq|inappr
incorrect:correct:incorr|wrong asintomátic:sintomátic:asympt inestab:estab:unstab anormal:normal:abnorm
desconocid:conocid:unknown insuficiente:suficiente:insuff|inadeq carece_de:dispone_de:lack|without
carecen_de:disponen_de:lack|without falta_de:presencia_de:lack|absen|without inusual:habitual:unus
infrecuente:frecuente:uncom|infreq|unus|rare
descarta_:confirma_:rul descartad:confirmad:rul descartan:confirman:rul desfavorab:favorab:unfav
desaconsej:aconsej:not|against irrelevan:relevan:irrel|unimp irreversib:reversib:irrev""".split()
]
FINITE = set(
    """es son era eran fue fueron será serán está están estaba estaban estuvo ha han había habían puede pueden
podía podría podrían debe deben debería deberían tiene tienen tenía tenían tuvo tuvieron presenta presentan presentó
presentaba produce producen produjo causan causó provoca provocan provocó muestran mostró mostraron existe existen hay
hubo requiere requieren incluye incluyen recibió recibieron parece parecen refiere necesita necesitan indica indican
permite permiten suele suelen contiene contienen afecta afectan aumentó disminuyó conviene corresponde""".split()
)
CLITIC = re.compile(r"se (?:\w+(?:[aeóé]|an|en|aron|ieron|ará|erá|irá)|l[eo]s?|h[ae]n?)\b", re.IGNORECASE)
NOUN_NEXT = set(
    "la el los las un una unos unas de en a con por para su sus del al cada este esta estos también sí no "
    "todo toda tal más siempre solo sólo esto o se le les lo me nos".split()
)
SUBORDINATE = re.compile(
    r"\b(?:que|quien(?:es)?|cual(?:es)?|cuy[ao]s?|donde|cuando|si|mientras|aunque|porque|como|pues"
    r"|según|qué|ni)\b|[(\[«“][^)\]»”]*$",
    re.IGNORECASE,
)
SENTENCE = re.compile(r"[.!?…](?:\[[^\]]*\])*[\"»”’)\]]*\s+(?=[¿¡\"«“‘(\[]*[A-ZÁÉÍÓÚÑ0-9])")
ABBREVIATION = re.compile(r"(?:\b(?:Dra?|Sra?|vs|spp?|Fig|EE|UU|No|St|Ms|Mrs?|ej|e\.g|i\.e|al)|\b[A-Z]|^\W*\d\d?)\.$")


def plant(kind: str, en: str, es: str, others: Sequence[str], seed: str) -> str | None:
    """The Spanish text with one error of that kind, or None where the pair offers no place for it."""
    rng = random.Random(f"{seed}|{kind}|{es}")
    new = _swapped(es, others, rng) if kind == "swapped_sentence" else PLANTERS[kind](en, es, rng)
    return new if new and new.strip() and " ".join(new.split()) != " ".join(es.split()) else None


def _sentences(text: str) -> list[tuple[int, int]]:
    """The spans of the sentences of a text, without the white space between them."""
    cuts = [m for m in SENTENCE.finditer(text) if not ABBREVIATION.search(text[max(0, m.start() - 12) : m.start() + 1])]
    starts = [0, *(m.end() for m in cuts)]
    return list(zip(starts, [*(len(text[: m.end()].rstrip()) for m in cuts), len(text)], strict=True))


def _aligned(en: str, es: str) -> list[tuple[str, int, int]]:
    """Each Spanish sentence's span with its English sentence, or the whole texts where their counts differ."""
    ours, theirs = _sentences(es), _sentences(en)
    if len(ours) != len(theirs):
        return [(en, 0, len(es))]
    return [(en[a:b], c, d) for (a, b), (c, d) in zip(theirs, ours, strict=True)]


def _like(new: str, old: str) -> str:
    """The new text with a capital where the old one has it."""
    return new[:1].upper() + new[1:] if old[:1].isupper() else new


def _numbers(es: str) -> Iterator[tuple[int, int, int]]:
    """Spans of numbers with a rank: 0 plain, 1 a citation or an item's label, 2 within a name or a link."""
    cites, links = ([m.span() for m in r.finditer(es)] for r in (CITATION, LINK))
    label = LABEL.match(es)
    for m in NUMBER.finditer(es):
        a, b = m.span()
        if any(x <= a < y for x, y in cites):
            yield from ((a + n.start(), a + n.end(), 1) for n in re.finditer(r"\d+", m.group()))
            continue
        tail = re.match(rf"[{LETTER}]+", es[b : b + 20])
        named = (
            re.search(rf"[{LETTER}_][-‑–/]?$", es[max(0, a - 2) : a])
            or re.match(rf"[-‑][{LETTER}]", es[b : b + 2])
            or (tail and tail.group() not in WRONG)
            or any(x <= a < y for x, y in links)
        )
        yield a, b, 1 if label and b <= label.end() else 2 if named else 0


def _parts(token: str, en: str) -> tuple[str, str, str, str] | None:
    """A number's whole digits, thousands mark, decimal mark and decimals, or None for a list such as 1,2,3."""
    space = re.search(SPACE, token)
    groups, marks = re.split("[.,]", re.sub(SPACE, "", token)), re.findall("[.,]", token)
    last = groups[-1] if marks else ""
    three = not space and len(set(marks)) == 1 and all(len(g) == 3 for g in groups[1:])
    if len(marks) > 1 and not three:
        return None
    if three and (len(marks) > 1 or (len(groups[0]) < 4 and groups[0].strip("0") and (marks[0] == "." or token in en))):
        return "".join(groups), marks[0], "", ""
    return groups[0], space.group() if space else "", marks[0] if marks else "", last


def _misread(parts: tuple[str, str, str, str], rng: random.Random) -> str | None:
    """Another number, one slip of the pen away from this one."""
    whole, sep, mark, frac = parts
    flat, at, digits = whole + frac, len(whole), "0123456789"
    i = rng.randrange(len(flat))
    new, cut = rng.choice(
        (
            (flat[:i] + rng.choice(digits.replace(flat[i], "")) + flat[i + 1 :], at),
            (flat[:i] + flat[i + 1 :], at - (i < at)),
            (flat[: i + 1] + rng.choice(digits) + flat[i + 1 :], at + (i < at)),
            (flat[:i] + flat[i + 1 : i + 2] + flat[i] + flat[i + 2 :], at),
        )
    )
    head, rest = new[:cut], new[cut:]
    five, zero = not sep and len(head) > max(4, len(whole)), len(head) > 1 and head[0] == "0" and whole[0] != "0"
    if not head or five or zero or (frac and not rest):
        return None
    if Decimal(f"{head}.{rest or 0}") == Decimal(f"{whole}.{frac or 0}"):
        return None
    return (re.sub(r"(?<=\d)(?=(?:\d{3})+$)", sep, head) if sep else head) + (mark + rest if rest else "")


def _number(en: str, es: str, rng: random.Random) -> str | None:
    """One number altered or removed."""
    found = list(_numbers(es))
    best = min((rank for *_, rank in found), default=0)
    spans = [(a, b, parts) for a, b, rank in found if rank == best and (parts := _parts(es[a:b], en))]
    known = {re.sub(r"\D", "", n) for n in (*NUMBER.findall(en), *re.findall(r"\d+", en))}
    for _ in range(40 if spans else 0):
        a, b, parts = rng.choice(spans)
        old = re.sub(r"\D", "", es[a:b])
        alone = es[:a][-1:].strip() == "" and re.match(r"[\s.,;:%]|$", es[b:])
        if best == 0 and alone and old in known and rng.random() < 0.2:
            return (es[:a].rstrip() + re.sub(rf"^{SPACE}?%", "", es[b:])).strip()
        new = _misread(parts, rng)
        if new and (old in known or re.sub(r"\D", "", new) not in known):
            return es[:a] + new + es[b:]
    return None


def _decimal(en: str, es: str, rng: random.Random) -> str | None:
    """The decimal mark of one number moved, lost, or put where there was none."""
    off = [m.span() for m in DATE.finditer(es)]
    usual = "." if re.search(r"\d\.\d{1,2}(?!\d)", es) and not re.search(r"\d,\d", es) else ","
    moved: list[str] = []
    gained: list[str] = []
    for a, b, rank in _numbers(es):
        parts = _parts(es[a:b], en)
        if rank or not parts or parts[1] or any(x <= a < y for x, y in off):
            continue
        whole, _, mark, frac = parts
        if mark and (len(frac) != 3 or not whole.strip("0")):
            flat = whole + frac
            options = ((flat, ""), (whole + frac[0], frac[1:]), (whole[:-1], whole[-1] + frac), (flat + "0", ""))
            value = Decimal(f"{whole}.{frac}")
            good = [
                (w.lstrip("0") or "0") + (mark + f if f else "")
                for w, f in options
                if Decimal(f"{w or 0}.{f or 0}") != value
            ]
            moved += [es[:a] + rng.choice(good) + es[b:]] if good else []
        elif not mark and 2 <= len(whole) <= 5 and whole[0] != "0" and not re.match(r"/\d{4}|[ºª°](?!C)", es[b:]):
            cut = len(whole) - rng.choice((1, 2) if len(whole) > 2 else (1,))
            gained.append(es[:a] + whole[:cut] + usual + whole[cut:] + es[b:])
    pool = moved if moved and (not gained or rng.random() < 0.8) else gained
    return rng.choice(pool) if pool else None


def _unit(en: str, es: str, rng: random.Random) -> str | None:
    """One unit after a number replaced by a wrong one."""
    places: list[list[str]] = []
    for a, b, rank in _numbers(es):
        m = UNIT.match(es, b) if rank == 0 else None
        if not m or (not m.group(1) and m.group(2) in ("m", "l", "U")):
            continue
        (gap, head, rest), after = m.groups(), es[m.end() :]
        head = re.sub(SPACE, " ", head)
        gendered = GENDERED.search(es[:a]) or re.match(r"\s+\w+[ao]s\b", after)
        fits = [x + rest for x in WRONG.get(head, []) if rest or not gendered or (x in FEMININE) == (head in FEMININE)]
        if head in WRONG and rest[1:] in WRONG:
            fits += [f"{head}/{x}" for x in WRONG[rest[1:]]]
        paired = re.search(r"%\W{0,3}(?:\w{1,2}\W+)?(?:un |el )?$", es[:a])
        if head == "%" and not paired and not re.match(r"\W{0,3}(?:\w{1,2}\W+)?(?:un |el )?\d|\)", after):
            fits.append("")
        places += [[es[:b] + (gap + x if x else "") + after for x in fits]] if fits else []
    return rng.choice(rng.choice(places)) if places else None


def _flips(es: str, a: int, b: int) -> Iterator[tuple[int, str]]:
    """Places and texts with one grammatical negation of the sentence from a to b taken away."""
    if "?" in es[a:b] and not re.search(r"cuál|qué", es[a:b], re.IGNORECASE):
        return
    for m in HEAD.finditer(es, a, b):
        i, word, before, after, rest = (
            m.start(),
            m.group().lower(),
            es[a : m.start()],
            es[m.start() : b],
            es[m.end() + 1 :],
        )
        ruled = RULED.search(before)
        new = "con" if word == "sin" else "" if word == "no" or rest.startswith("antes") else CONCORD[word]
        if FIXED.match(after) or UNLIKE.search(before):
            continue
        if word == "sin" and INFINITIVE.match(rest):
            new = "al"
        elif word == "ni":
            if not ruled or re.search(r"\bni\b", after[2:]) or re.match(r"ni (?:siquiera|tampoco|nunca|como)\b", after):
                continue
            new = "pero con" if ruled.group(1).lower() == "sin" and not INFINITIVE.match(rest) else "pero sí"
        elif word not in ("no", "sin") and ruled:
            continue
        stop = next(n.start() for n in STOP.finditer(rest))
        clause = re.sub(r"\bni(?= h?i[^eao])", "e", rest[:stop])
        clause = re.sub(rf"\b(?:{'|'.join(CONCORD)})\b", lambda n: CONCORD[n.group()], clause)
        yield i, es[:i] + _like((new + " " if new else "") + clause + rest[stop:], m.group())


def _added(es: str, a: int, b: int) -> str | None:
    """The text with "no" before the main finite verb of the sentence from a to b, where it can be told."""
    text = es[a:b]
    if HEAD.search(text) or ("?" in text and not re.search(r"\bcuál", text, re.IGNORECASE)):
        return None
    words = list(re.finditer(r"[^\W\d_]+", text))
    for k, m in enumerate(words):
        if SUBORDINATE.search(text[: m.start()]):
            return None
        verb = CLITIC.match(text, m.start()) or (
            m.group().lower() in FINITE and text[m.end() : m.end() + 6] != " decir"
        )
        if verb and (not k or words[k - 1].group().lower() not in NOUN_NEXT):
            return es[: a + m.start()] + _like("no ", m.group()) + m.group().lower() + es[a + m.end() :]
    return None


def _negation(en: str, es: str, rng: random.Random) -> str | None:
    """One polarity turned round."""
    removed: list[str] = []
    added: list[str] = []
    for source, a, b in _aligned(en, es):
        marks = [m.start() / len(source) for m in EN_NOT.finditer(source)]
        removed += [
            text
            for i, text in _flips(es, a, b)
            if any(abs(x - (i - a) / (b - a)) < 0.3 or len(source) < 90 for x in marks)
        ]
        for old, new, english in LEXICAL:
            m = (
                re.compile(rf"\b{old}", re.IGNORECASE).search(es, a, b)
                if re.search(rf"\b(?:{english})", source, re.IGNORECASE)
                else None
            )
            if (
                m
                and new not in es[max(a, m.start() - 25) : m.start()].lower() + "|" + es[m.end() : m.end() + 25].lower()
            ):
                removed.append(es[: m.start()] + _like(new, m.group()) + es[m.end() :])
        if not EN_ANY.search(source):
            spans = _sentences(es) if (a, b) == (0, len(es)) else [(a, b)]
            added += [text for c, d in spans if (text := _added(es, c, d))]
    if removed and (not added or rng.random() < 2 / 3):
        return rng.choice(removed)
    return rng.choice(added) if added and (removed or rng.random() < ADD_SHARE) else None


def _dropped(en: str, es: str, rng: random.Random) -> str | None:
    """The text without one clause, or some together, of 30 to 60 % of it."""
    strong = {0, *(m.end() for m in re.finditer(r"[,;:.](?:\[[^\]]*\])*\s+", es)), len(es)}
    weak = {m.start() + 1 for m in re.finditer(r"(?<!\b[ld][aoe])(?<!\b[eo][ln])(?<!\bl[oa]s)\s(?:y|e|que)\s", es)}
    found: list[str] = []
    for a in sorted(strong | weak) if len(es) >= 120 else ():
        for b in (x for x in sorted(strong | weak if a else strong) if 0.3 * len(es) <= x - a <= 0.6 * len(es)):
            if any(es[a:b].count(x) != es[a:b].count(y) for x, y in ("()", "[]", "«»", "“”")) or es[a:b].count('"') % 2:
                continue
            head, rest, ended = es[:a].rstrip(), es[b:], es[:b].rstrip()[-1] in ".!?]"
            if b == len(es):
                close = re.findall(r"[.!?]?(?:\[[^\]]*\])*$", es)[0]
                found.append(re.sub(r"(?: (?:y|e|que))?[ ,;:.]*$", "", head) + close)
            elif not head or (ended and head[-1] not in ".!?]"):
                found.append((head.rstrip(" ,;:") + ". " if head else "") + rest[:1].upper() + rest[1:])
            else:
                found.append(es[:a] + (_like(rest, "A") if head[-1] in ".!?]" else rest))
    return rng.choice(found) if found else None


def _alike(one: str, two: str) -> float:
    """The share of words that two texts have in common."""
    a, b = (set(re.findall(r"\w+", text.lower())) for text in (one, two))
    return len(a & b) / max(1, len(a | b))


def _swapped(es: str, others: Sequence[str], rng: random.Random) -> str | None:
    """Another text of about this length and with other words."""
    start = rng.randrange(len(others)) if others else 0
    near = (others[start + k - len(others)] for k in range(len(others)))
    return next((o for o in near if 0.75 * len(es) <= len(o) <= 1.25 * len(es) and _alike(o, es) < 0.4), None)


def _untranslated(en: str, es: str, rng: random.Random) -> str | None:
    """The English text, or one sentence of it, where the Spanish should be."""
    parts = [
        (source, a, b)
        for source, a, b in _aligned(en, es)
        if b - a >= 40
        and len(es) - (b - a) > 10
        and 0.5 < len(source) / (b - a) < 1.6
        and _alike(source, es[a:b]) < 0.5
    ]
    if parts and rng.random() < 0.7:
        source, a, b = rng.choice(parts)
        return es[:a] + source.strip() + es[b:]
    return en if _alike(en, es) < 0.6 and len(re.findall(r"[^\W\d]{2,}", en)) > 1 else None


def _truncated(en: str, es: str, rng: random.Random) -> str | None:
    """The text cut off in the middle of a word or of a clause."""
    low, high = int(0.35 * len(es)) + 1, int(0.75 * len(es))
    words = [m for m in re.finditer(r"[^\W\d_]+", es) if low <= m.end() <= high] if len(es) >= 60 else []
    within = [i for m in words for i in range(max(low, m.start() + 2), m.end() - 1)]
    between = [m.end() for m in words if re.match(r"\s+[a-záéíóúñ]", es[m.end() : m.end() + 3])]
    places = within if within and (not between or rng.random() < 0.5) else between
    return es[: rng.choice(places)] if places else None


def _repeated(en: str, es: str, rng: random.Random) -> str | None:
    """The text with its end, or one of its sentences, said again and again."""
    spans = [(a, b) for a, b in _sentences(es) if b - a >= 60]
    if spans and rng.random() < 0.3:
        a, b = rng.choice(spans)
        return es[:b] + " " + es[a:b] + es[b:]
    a, b = _sentences(es)[-1]
    body = re.sub(r"(?:[.!?…;:,]|\[[^\]]*\])+$", "", es[a:b].rstrip())
    words, clause = re.sub(r"^\W*\d{1,2}\s?[-.)–:](?!\d)", "", body).split(), re.split(r"[,;:]\s", body)[-1].split()
    tail = clause if 4 <= len(clause) <= 14 and rng.random() < 0.4 else words[-rng.randint(4, 10) :]
    added = rng.choice((" ", ", ")) + " ".join(tail).strip(" ,;:")
    times = [n for n in range(rng.randint(3, 6), 7) if n * len(added) >= 60 + b - a - len(body)]
    return es[:a] + body + added * times[0] + rng.choice(("", ".")) if times and len(words) >= 4 else None


PLANTERS = {
    "number": _number,
    "decimal": _decimal,
    "unit": _unit,
    "negation": _negation,
    "dropped_clause": _dropped,
    "untranslated": _untranslated,
    "truncated": _truncated,
    "repeated": _repeated,
}


def main(args: Sequence[str]) -> None:
    """Counts and examples of every kind over files of pairs; a bare number sets how many, a kind picks that one."""
    shown = next((int(arg) for arg in args if arg.isdigit()), 5)
    for path in (arg for arg in args if arg.endswith(".jsonl")):
        with open(path, encoding="utf-8") as file:
            rows = [json.loads(line) for line in file]
        others, begun = [row["es"] for row in rows], time.monotonic()
        for kind in [arg for arg in args if arg in KINDS] or KINDS:
            done = [(row, new) for row in rows if (new := plant(kind, row["en"], row["es"], others, "1"))]
            print(f"{path} {kind}: {len(done)} of {len(rows)}")
            for row, new in random.Random(kind).sample(done, min(shown, len(done))):
                old, short = row["es"], min(len(row["es"]), len(new))
                a = next((i for i in range(short) if old[i] != new[i]), short)
                z = next((i for i in range(short - a) if old[-1 - i] != new[-1 - i]), short - a)
                near = [text[max(0, a - 50) : len(text) - z + 40][:300] for text in (old, new)]
                print(f"  = {row['en'][:240]}\n  - …{near[0]}\n  + …{near[1]}")
        print(f"{path}: {time.monotonic() - begun:.1f} s")


if __name__ == "__main__":
    main(sys.argv[1:])
