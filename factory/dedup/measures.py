"""The words that decide what a medical sentence says: measures, units, comparisons, negations.

Token level, on folded text (no accents), for Spanish and English; Portuguese forms that are spelt alike come along.
"""

from __future__ import annotations

import re
from collections import Counter
from decimal import Decimal
from functools import lru_cache

_THOUSANDS = re.compile(r"\d{1,3}(?:\.\d{3})+")
_NUMBER = re.compile(r"\d")
_YEAR = re.compile(r"(?:19|20)\d\d")
_FRACTIONS = {"½": "1/2", "¼": "1/4", "¾": "3/4", "⅓": "1/3", "⅔": "2/3", "⅛": "1/8"}

_SAME = {
    "mcg": "μg", "ug": "μg", "mgs": "mg", "miligramo": "mg", "miligramos": "mg", "gr": "g", "grs": "g", "gramo": "g",
    "gramos": "g", "microgramo": "μg", "microgramos": "μg", "kilogramo": "kg", "kilogramos": "kg", "kilo": "kg",
    "kilos": "kg", "mililitro": "ml", "mililitros": "ml", "litro": "l", "litros": "l", "hora": "h", "horas": "h",
    "hs": "h", "hrs": "h", "minuto": "min", "minutos": "min", "segundo": "s", "segundos": "s", "dias": "dia",
    "semanas": "semana", "meses": "mes", "anos": "ano", "iu": "ui", "unidad": "u", "unidades": "u", "gtt": "gota",
    "gotas": "gota", "vez": "vez", "veces": "vez", "comp": "comprimido", "comprimidos": "comprimido",
    "tabletas": "tableta", "capsulas": "capsula", "pastillas": "pastilla", "sobres": "sobre", "tazas": "taza",
    "vasos": "vaso", "cucharadas": "cucharada", "cucharaditas": "cucharadita", "ampollas": "ampolla",
    "inhalaciones": "inhalacion", "pulsaciones": "pulsacion", "aplicaciones": "aplicacion", "dosis": "dosis",
    "tomas": "toma", "grageas": "gragea", "ovulos": "ovulo", "disparos": "disparo", "puffs": "puff", "copas": "copa",
    "jarras": "jarra", "sorbos": "sorbo", "barras": "barra", "goteros": "gotero", "jeringas": "jeringa",
    "parches": "parche", "supositorios": "supositorio", "pulverizaciones": "pulverizacion",
    "viales": "vial", "grados": "°", "grado": "°", "x": "x", "×": "x", "–": "-", "—": "-",
    "milligram": "mg", "milligrams": "mg", "gram": "g", "grams": "g", "microgram": "μg", "micrograms": "μg",
    "kilogram": "kg", "kilograms": "kg", "milliliter": "ml", "milliliters": "ml", "liter": "l", "liters": "l",
    "hour": "h", "hours": "h", "hr": "h", "minute": "min", "minutes": "min", "seconds": "s", "day": "dia",
    "days": "dia", "week": "semana", "weeks": "semana", "month": "mes", "months": "mes", "year": "ano", "years": "ano",
    "unit": "u", "units": "u", "drops": "drop", "times": "vez", "tablets": "tablet", "pills": "pill", "doses": "dosis",
    "dose": "dosis", "cups": "cup", "glasses": "glass", "teaspoons": "teaspoon", "tablespoons": "tablespoon",
    "degrees": "°", "degree": "°", "percent": "%", "puff": "puff", "patches": "patch", "injections": "injection",
}  # fmt: skip
UNITS = frozenset(_SAME.values()) - {"x", "-"} | frozenset(
    """% ‰ °c °f °k kg mg g μg ng pg ml l dl cl μl nl cc mm cm m km μm nm mmhg kpa cmh mmol μmol nmol mol meq mosm osm
    ui mui u kcal cal kj lpm rpm bpm latidos respiraciones cm2 mm3 ppm mv ms hz gy cgy msv khz mhz dioptrias puntos
    paquetes cigarrillos infusiones infusion cucharada tercio pizca punado decoccion hojas hoja dientes
    vial pacientes personas casos diario diaria diarios diarias diariamente semanal semanales semanalmente
    mensual mensuales anual noche manana tarde desayuno comida cena""".split()
)
NUMBER_WORDS = frozenset(
    """dos tres cuatro cinco seis siete ocho nueve diez once doce quince veinte treinta cuarenta cincuenta sesenta cien
    ciento doscientos quinientos mil millon millones medio media mitad doble triple cuarto cuarta cuartos tercio
    tercios docena par ambos una un uno
    one two three four five six seven eight nine ten eleven twelve fifteen twenty thirty forty fifty sixty hundred
    thousand million half double triple quarter third thirds once twice dozen pair both""".split()
)
# What turns a sentence round or sets a bound, by family: within one, replacing a word by another is a change.
_FAMILIES = (
    """mayor mayores menor menores mas menos superior superiores inferior inferiores maximo maxima minimo minima maximos
    minimos aumenta aumentar aumento disminuye disminuir disminucion reduce reducir alto alta altos altas bajo baja
    bajos bajas encima debajo < > ≤ ≥ ±
    more most less least greater fewer higher highest lower lowest high low above below over under maximum minimum
    increase increases increased increasing decrease decreases decreased decreasing reduces reduced reducing raises
    raised lowers lowered improves improved worsens worsened exceeds""",
    "antes despues desde hasta durante ayunas dentro fuera before after until during within since fasting",
    """debe deben debera deberan puede pueden podra podran evitara evitaran evita evitan must should may might can could
    avoid avoids""",
    """toma tomar tome tomese toman tomarse inyecta inyectar inyecte inyectese aplica aplicar aplique apliquese inhala
    inhalar inhale ingiere ingerir ingiera mastica masticar mastique traga tragar trague bebe beber beba unta untar unte
    oral intravenosa intravenoso intramuscular subcutanea subcutaneo topica topico rectal vaginal sublingual
    oftalmica otica nasal externo externa interno interna take takes taken inject injected apply applied inhale inhaled
    swallow swallowed chew chewed drink drunk eat eaten intravenous intramuscular subcutaneous topical orally
    intravenously""",
    """hirviendo hirviente caliente calientes tibia tibio templada templado fria frio frias frios helada
    boiling hot warm lukewarm cold iced""",
    "derecho derecha derechos derechas izquierdo izquierda izquierdos izquierdas left right",
    "positivo positiva positivos positivas negativo negativa negativos negativas positive negative",
    """muy poco raro rara raros raras frecuente frecuentes infrecuente infrecuentes siempre algun alguno alguna always
    often sometimes rarely seldom common uncommon rare frequent infrequent some every""",
    """leve leves grave graves seguro segura peligroso peligrosa mild moderate severe safe unsafe dangerous harmful
    harmless effective ineffective likely unlikely normal abnormal stable unstable""",
    """indicado indicada indicados indicadas contraindicado contraindicada contraindicados contraindicadas indicacion
    indicaciones contraindicacion contraindicaciones evite evitar eviten evitarse suspender suspenda continuar continue
    interrumpa interrumpir prohibido prohibida permitido permitida excepto salvo indicated contraindicated
    contraindication recommended stop stopped start started continue continued allowed permitted prohibited forbidden
    except unless""",
)
POLAR = {word: family for family, words in enumerate(_FAMILIES) for word in words.split()}
# The halves of `isn't` are two tokens.
NEGATIONS = frozenset(
    """no ni nunca jamas tampoco nada ningun ninguna ninguno sin not never without nor neither none nothing cannot don
    isn aren wasn weren doesn didn shouldn mustn couldn wouldn hasn haven hadn t lacks lack absence""".split()
)
# Of two, of one: a measure even where no unit follows.
_PARTS = frozenset("medio media mitad doble triple cuarto cuarta cuartos tercio tercios".split())
_RATIO = frozenset("- / x :".split())
_BEFORE_UNIT = frozenset("cada por al a la / per every each".split())
_LEADS = frozenset(
    """dosis cada maximo maxima minimo minima hasta ph inr hb ta fc fr pas pad p or rr hr ic apgar glasgow imc psa
    entre superior inferior mayor menor mayores menores de cada < > ≤ ≥ = ± x""".split()
) - {"de"}
_BETWEEN = frozenset("a y o u - / x de cada por e al la las los el en hasta ° to and or of per every each".split())
_PERSON = frozenset(
    """edad varon mujer hombre paciente nino nina lactante enfermo enferma senor senora anciano anciana adolescente
    joven gestante embarazada primigesta""".split()
)
_BOUND_AGE = frozenset("mayor mayores menor menores superior inferior hasta partir entre desde durante cada -".split())
_PLACES = frozenset("pagina pag p pp fig figura tabla cuadro capitulo cap nota ref vol num numero n tomo anexo".split())
_MONTHS = frozenset(
    """enero febrero marzo abril mayo junio julio agosto septiembre setiembre octubre noviembre diciembre""".split()
)


@lru_cache(maxsize=1 << 17)
def normal(token: str) -> str:
    """The token as it is compared: 1.000 is 1000, 0,50 is 0.5, µg is mcg, horas is h."""
    token = token.strip()
    if token in _FRACTIONS:
        return _FRACTIONS[token]
    if token[0] in "°º":
        return "°" + token[1:].strip()
    if not token[0].isdecimal():
        return _SAME.get(token, token)
    if _THOUSANDS.fullmatch(token):
        return token.replace(".", "")
    try:
        value = Decimal(token.replace(",", "."))
    except ArithmeticError:
        return token
    # 1,000 may be one or a thousand: it equals neither 1 nor 1000.
    if re.fullmatch(r"\d{1,3},\d{3}", token):
        return token
    return format(value.normalize(), "f")


def _is_number(token: str) -> bool:
    return _NUMBER.search(token) is not None or token in NUMBER_WORDS or (len(token) == 1 and token.isnumeric())


def _is_age(words: tuple[str, ...], at: int) -> bool:
    """The age of one person: `varón de 70 años`, `70 años de edad`, `edad 70`, but not `mayores de 12 años`."""
    if not words[at].isdecimal():
        return False
    before = words[max(0, at - 4) : at]
    after = words[at + 1 : at + 4]
    if set(before[-3:]) & _BOUND_AGE or (after and after[0] in ("-", "a", "y")):
        return False
    if after[:1] in (("ano",), ("a",), ("mes",)) or not after:
        return bool(set(before) & _PERSON) or after[1:3] == ("de", "edad")
    return before[-1:] == ("edad",)


def _is_date(words: tuple[str, ...], at: int) -> bool:
    """A year, or a day or month of a date."""
    around = words[max(0, at - 4) : at + 5]
    if _YEAR.fullmatch(words[at]) and (at + 1 >= len(words) or words[at + 1] not in UNITS):
        return True
    near = words[max(0, at - 2) : at + 3]
    if set(near) & _MONTHS:
        return True
    return around.count("/") + around.count("-") >= 2 and any(_YEAR.fullmatch(w) for w in around)


def bound(words: tuple[str, ...], at: int) -> str | None:
    """The unit (or sign) that a number at `at` belongs to; None for a number that measures nothing."""
    word = words[at]
    if _is_age(words, at) or _is_date(words, at) or (at and words[at - 1] in _PLACES):
        return None
    for nearby in words[at + 1 : at + 6]:
        if nearby in UNITS:
            return nearby
        if nearby not in _BETWEEN and not _is_number(nearby):
            break
    if word in NUMBER_WORDS:
        return "1" if word in _PARTS else None
    if "." in word or "," in word or word in _FRACTIONS.values() or not word.isdecimal():
        return "1"
    for sign, number in (words[max(0, at - 2) : at][::-1], words[at + 1 : at + 3]) if 1 < at < len(words) - 2 else ():
        if sign in _RATIO and _is_number(number) and not _YEAR.fullmatch(number):
            return "1"
    return "1" if at and words[at - 1] in _LEADS else None


ARTICLES = frozenset("un una uno".split())


def critical(words: tuple[str, ...], start: int, end: int) -> Counter[tuple[str, str]]:
    """What `words[start:end]` says of measures: each number with its unit, each unit that stands by a number."""
    found: Counter[tuple[str, str]] = Counter()
    for at in range(start, end):
        word = words[at]
        if _is_number(word):
            if unit := bound(words, at):
                found[word, unit] += 1
        elif word in UNITS and at and (qualifies(words, at) or words[at - 1] in _BEFORE_UNIT):
            # An article inside the difference has counted its unit.
            found["unit", word] += at == start or words[at - 1] not in ARTICLES
    return +found


def qualifies(words: tuple[str, ...], at: int) -> bool:
    """The word at `at` is a unit that goes with the number or unit before it: `mg`, or the `kg` of `mg/kg`."""
    return 0 < at < len(words) and words[at] in UNITS and (_is_number(words[at - 1]) or words[at - 1] in UNITS)


def turned(ours: tuple[str, ...], theirs: tuple[str, ...]) -> bool:
    """One side negates and the other does not, or a bound was replaced: `mayores` by `menores`, `evite` by `tome`.

    One negation is as good as another. A bound that only one of two longer phrases has is a way of saying it
    (`lo vuelve más blando`, `lo ablanda`).
    """
    if sum(w in NEGATIONS for w in ours) != sum(w in NEGATIONS for w in theirs):
        return True
    left, right = Counter(w for w in ours if w in POLAR), Counter(w for w in theirs if w in POLAR)
    lost, gained = left - right, right - left
    if {POLAR[w] for w in lost} & {POLAR[w] for w in gained}:
        return True
    return bool(lost or gained) and 0 < min(len(ours), len(theirs)) <= max(len(ours), len(theirs)) <= 2


# Halves of a word that turn the other half round.
_OPPOSED = (
    ("hiper", "hipo"), ("taqui", "bradi"), ("macro", "micro"), ("intra", "extra"), ("pre", "post"), ("pre", "pos"),
    ("ante", "post"), ("endo", "exo"), ("supra", "infra"), ("supra", "sub"), ("poli", "oligo"), ("poli", "mono"),
)  # fmt: skip
_TURNING = ("des", "in", "im", "contra", "anti", "a")


def opposed(word: str, other: str) -> bool:
    """Two words differ in a prefix that turns one round: `aconseja` and `desaconseja`, `hiper-` and `hipo-`."""
    for one, two in ((word, other), (other, word)):
        if any(len(two) > 3 and one == prefix + two for prefix in _TURNING):
            return True
        if any(one.startswith(a) and two.startswith(b) and one[len(a) :] == two[len(b) :] != "" for a, b in _OPPOSED):
            return True
    return False


def facts(words: tuple[str, ...]) -> set[tuple[str, str]]:
    """Every number with its unit in a text; years of age or of illness are told in too many ways to be looked for."""
    found: set[tuple[str, str]] = set()
    for at, word in enumerate(words):
        if word[0].isdecimal() and (unit := bound(words, at)) and unit not in ("1", "ano"):
            found.add((word, unit))
    return found
