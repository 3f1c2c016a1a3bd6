"""Names, hospitals and addresses as they are written in Spanish: shapes, not lists of people."""

from __future__ import annotations

import re
from collections.abc import Iterator

from factory.personal.numbers import Found
from factory.personal.words import PROVINCES

_UP = "A-ZÁÉÍÓÚÜÑÇÀÈÌÒÙÂÊÎÔÄËÏÖ"
_CAP = rf"(?:[{_UP}][\w'’]*+(?:-[{_UP}]?[\w'’]++)*+[ªº]?|M\.?ª)"
_PART = r"(?:de|del|la|las|los|el|y|i|e|da|das|do|dos|di|van|von|der|den|le|san|santa|al|ben|bin|d['’´])"
_INITIAL = rf"(?:M\. ?[ªa](?!\w)|(?:[{_UP}]|[FM]co|Mª|Fdez|Gral|Rdguez|Hdez|Glez)\.)"
_TOKEN = rf"(?:{_INITIAL}|{_CAP})"
_NAME = re.compile(rf"{_TOKEN}(?:(?: {{1,2}}|(?<=\.))(?:{_PART} ){{0,3}}+{_TOKEN}){{0,6}}")

# Where a name ends although the next word is capitalised too.
_ENDS = (
    r"N[ºo°.]{0,2}\s?Col\w*|(?:^|(?<=[\s.,]))(?:Servei|Servici[oO]?|Serv|Unidad|Unitat|Dp?to|Dpt"
    r"|Departament[oO]?|Secci[óo]n|Centr[eo]|C[áa]tedra"
    r"|[Jj]ef[ea]|Médic[oa]|Medico|\w+log[ií]as?|\w+[ai]tr[ií]a|Medicina|Cirug[ií]a|Urgencias|Direcci[óo]n"
    r"|Domicilio|Sexo|Edad|Fecha|Especialidad"
    r"|M[áa]ster|Sociedad|Gerencia|Agencia|UCI|UGC|Grupo|Laboratorios?|España|Historia|Motivo|Informe"
    r"|Paciente|Antecedentes|Correos?|E-?mail|[Ee]-?mail"
    r"|Mail|Tel[ée]fonos?|Telf?s?|Tfn?o?|Tlfn?o?|Fax|M[óo]vil|CP|NHC|NASS|CS)(?!\w)"
    r"|(?:^|(?<=[\s.,]))(?<!del )(?<!de )(?:Calle|Av(?:enida|gda|da|d)?|Plaza|Plaça|Pza|Plza|Pl|Paseo"
    r"|Passeig|Pso|P[ºª]|Ctra|Carretera"
    r"|Carrer|R[úu]a|Rambla|Ronda|Camino|Camí|Apartado|Bº|Urb|Urbanización|Edif|Edificio|Bifurcación"
    r"|Campus)(?!\w)|(?:^|(?<=\s))[Cc]\.?/?(?=/)"
)
_STOP = re.compile(
    rf"{_ENDS}|(?:^|(?<=[\s.,-]))(?:Hospital|H\.U|HU|Universidad|Universitari[oa]|Cl[íi]nic[ao]"
    rf"|Fundaci[óo]n?|Asociaci[óo]n|Instituto?|Facultad"
    r"|Comple[jx]o|Consorci[oO]?|Residencia|Ambulatorio|Sanatorio|Polic[ií]\w+)(?!\w)"
)
_STOP_HOSPITAL = re.compile(_ENDS)
# Capitalised words that begin a sentence behind «D.» or «Sr.» and are no name.
_NO_NAME = re.compile(
    r"(?:El|La|Los|Las|Un|Una|En|Se|Tras|Al|A|De|Del|No|Es|Con|Por|Para|Su|Sus|Ante|Este|Esta|Como|Y|O"
    r"|Presenta|Acude|Refiere"
    r"|Paciente|Hospital|Servicio|I|II|III|IV|V|VI)\Z"
)
_TITLE = re.compile(
    r"(?<![\w/])(?P<t>D(?:r(?:a|es|as)?|ña|oña|on)?|DRA?|S(?:r|ra|rta|res)|Prof(?:a|esora?)?|Lic|Enf)"
    r"(?:\.[ªa]?|:|(?=\s))\s{0,3}(?=[" + _UP + "])"
)
_TITLE_ALONE = re.compile(r"(?:D(?:r(?:a|es|as)?|ña|oña|on)?|DRA?|S(?:r|ra|rta|res)|Prof(?:a|esora?)?|Lic|Enf)\.?")
_SHORT_D = re.compile(rf"[{_UP}]\w+(?: {_PART})* [{_UP}]\w{{2,}}")

_HOSPITAL = re.compile(
    r"(?<!\w)(?:Hospital(?:es)?|H\. ?U\.|Comple[jx]o (?:[Hh]ospitalario|[Aa]sistencial)|Clínica"
    r"|Centro de [Ss]alud|Sanatorio"
    r"|Policl[íi]nic[ao]|Ambulatorio"
    r"|Centro [Mm]édico|Consultorio|CHU|HU)"
    rf"(?: (?:[Uu]niversitari[oa]|Univ\.|[Gg]eneral|[Cc]l[íi]nico))*"
    rf"(?: (?:{_PART} ){{0,3}}[«\"'“]?(?:Dra?\. |Prof\. )?(?:[dl]['’´]{_CAP}|{_TOKEN}"
    rf"|\d{{1,2}} de [Oo]ctubre)[»\"'”]?){{0,7}}"
)
_NO_HOSPITAL = re.compile(
    r" (?:de (?:la )?)?(?:Heridas|Dietética|y Dietética|D[íi]a|Historia|Actual|Informe|Urgencias|Tercer"
    r"|universitario|general|clínico)\Z"
)
_NO_NAMED = re.compile(
    r"Hospital de D[íi]a|Clínica (?:de|del) (?:Heridas|Dolor|Mama|Memoria)|Clínica y |Clínica (?:Historia"
    r"|Motivo|Actual)"
)
# «Nutrición Clínica», «Entrevista Clínica»: an adjective unless an article, a preposition or a stop stands before.
_BEFORE_CLINIC = re.compile(r"(?:\A|[\n.,;:(«\"]\s?|(?<!\w)(?:la|una|de|en|a|y)\s)\Z")

_VIA = (
    rf"(?:C\.?[/\\]\.?|c/\.?(?=\s?(?:{_PART} ){{0,3}}[{_UP}])|Calle\.?|calle|CALLE|CRT\.|Carr\.|Avda?s?\.?"
    rf"|Avgda\.?|Avd\.|AVDA\.?|Avenida\.?|avenida|avda\.?|Av\.?|Plaza|Plaça|Pl\.|plaza|Pza\.?|Plza\.?"
    r"|Paseo|Passeig|Pso\.?|P\.?º|Carretera|Ctra\.?|Ronda|Rondilla|Camino|Camí|Travesía|Trav\.|Carrer"
    r"|Carrera|Rúa|Rua|Rambla|Jirón|Jr\."
    r"|Gran Vía|Vía|Urb\.|Urbanización|Apartado de [Cc]orreos|Apdo\.(?: de [Cc]orreos)?|Bulevar|Glorieta"
    r"|Pasaje|Callejón|Alameda|Cuesta"
    r"|Calzada|Cra\.?|Polígono|Bifurcación|Kalea|Bajada|Subida|Parque|Barrio|Bº|Colonia|Paraje)"
)
_WORD = rf"(?:{_PART}|nº|n[úu]m\.?|(?:[dl]['’´])?[{_UP}\d][\w'’´ªº.]*|[a-záéíóúñç]{{3,}}(?=[ ,]+(?:n[ºo°]|\d|s/?n)))"
_FLOOR = (
    r"(?:[ ,.–-]{1,3}(?:P?\d{1,3}\.?[ºª°oa]?(?: ?-?[A-Z]|(?<=[ºª°])[a-z])?(?!\w)|[Bb]loque \w\b|[A-Z](?!\w"
    r"|\.P)|[Áá]tico(?: [A-Z]\b)?|[Pp]iso"
    r"|[Kk]m\.? ?\d+(?:[.,]\d+)?|[Ii]z\b\.?|izquierda|derecha|[Pp]iso \d+|[Bb]ajo|[Pp]ortal \w{1,3}\b"
    r"|[Ee]sc(?:alera)?\.? ?\w"
    r"|[Pp]uerta \w+|[Pp]lanta \w+|[Ll]ocal \w+|(?:dcha|izda|izq|der|dto|Dcha|Izda|Izq|Dto)(?:\b\.?|\b)"
    r"|[Ii]nt(?:erior)?\.? \w+|\"\w\")){0,5}+"
)
_STREET_NUMBER = (
    r"(?:s/?[nN]\b|S/N|sn\b|[Kk]m\.? ?\d+(?:[.,]\d+)?|(?:[Nn](?: ?[ºo°]|[úu]m(?:ero)?|ro)?\.? ?|N° ?"
    r"|# ?)?\d{1,5}[a-z]?(?: ?[-–/] ?\d{1,5})?(?: ?[A-Z](?!\w|\.P))?[ºª°]?)"
)
STREET = re.compile(
    rf"(?<![\w/])(?P<via>{_VIA})(?: |(?<=[./\\ºª]))(?:{_WORD}[ ,./'’-]{{1,3}}){{1,8}}?{_STREET_NUMBER}(?![\w%]){_FLOOR}"
)
_STREET_ONLY = re.compile(
    rf"(?=[ACPR])(?<![\w/])(?:C/\.?|Calle|Avda?\.?|Av\.|Avenida|Plaza|Paseo|Pº|Ctra\.?|Carretera|Carrer|Rúa)(?: |"
    rf"(?<=[./ºª]))(?!N[ºo°])(?:{_PART} ){{0,3}}[{_UP}][a-záéíóúñü'’]\w+(?: "
    rf"(?:{_PART} ){{0,3}}[{_UP}][\w'’]+){{0,4}}"
)
_POSTCODE = re.compile(r"(?<![\w.,/])(?:[ED] ?-? ?)?(?P<n>\d{5})(?![\w]|[.,/]\d)")
_PLACE_AFTER = re.compile(
    rf"[ .,;:()-]{{1,4}}(?P<p>[{_UP}][\w'’]+(?:[ -](?:{_PART} ){{0,3}}[{_UP}][\w'’]+){{0,4}})(?![\w@])"
)
_BARE_STREET = re.compile(
    rf"(?P<s>[{_UP}][\w'’]+(?: "
    rf"(?:{_PART} ){{0,3}}[{_UP}][\w'’]+){{0,4}},? {_STREET_NUMBER}{_FLOOR})[\s.,–-]*(?:[ED]-?)?\Z"
)
_PROVINCE = re.compile(rf"(?=[{_UP}])(?<!\w)(?:{PROVINCES})(?!\w)")
_FROM = re.compile(
    rf"(?<!\w)(?:[Nn]atural de|[Rr]esidente en|[Pp]rocedente de|[Vv]ecin[oa] de|[Nn]acid[oa] en"
    rf"|[Dd]omiciliad[oa] en|[Rr]eside en|[Vv]ive en)\s(?P<p>(?:la )?[{_UP}][\w'’]+(?:[ -]"
    rf"(?:{_PART} ){{0,3}}[{_UP}][\w'’]+){{0,3}})"
)


def name_at(text: str, at: int, end: int) -> tuple[int, int] | None:
    """The name that begins at `at`, titles left out, or None."""
    while (m := _TITLE.match(text, at, end)) is not None or (at < end and text[at] in " ,.:"):
        at = m.end() if m else at + 1
    m = _NAME.match(text, at, end)
    if m is None:
        return None
    # One sign more than the match shows «C/», which the pattern cannot tell from an initial.
    stop = _STOP.search(text, at, min(end, m.end() + 1))
    value = text[at : min(stop.start(), m.end())] if stop else m.group()
    value = re.sub(rf"(?:[\s.-]+(?:{_PART}))*[\s.,-]*\Z", "", value) + (
        "." if re.search(r"[ .][A-Z]\.\Z", value) else ""
    )
    # A title alone: its name is gone already.
    return (at, at + len(value)) if value.strip(" .-") and not _TITLE_ALONE.fullmatch(value) else None


def titled(text: str) -> Iterator[Found]:
    """Names behind Dr., Dra., D., Dña., Sr., Prof. in running text."""
    for m in _TITLE.finditer(text):
        span = name_at(text, m.end(), min(len(text), m.end() + 120))
        if span is None:
            continue
        first = re.split(r"[\s.]", text[span[0] : span[1]], maxsplit=1)[0]
        short = m["t"] in ("D", "Don")
        if (
            _NO_NAME.match(first)
            or ":" in text[m.end("t") : span[0]]
            or (short and not (text[m.end("t")] == "." or m["t"] == "Don"))
        ):
            continue
        # «vitamina D. Presenta»: behind a bare D. only two capitalised words are a name.
        if short and (
            not _SHORT_D.match(text[span[0] : span[1]])
            or re.search(r"(?i)vitamina\s\Z", text[max(0, m.start() - 9) : m.start()])
        ):
            continue
        yield Found(span[0], span[1], "NOMBRE")


def hospitals(text: str) -> Iterator[Found]:
    """Hospitals, clinics and health centres that are named."""
    at = 0
    while m := _HOSPITAL.search(text, at):
        value = _hospital(text, m)
        # What was refused may hold a name further on: «Clínica y Dietética Hospital La Paz».
        at = m.start() + (len(value) or 6)
        if value:
            yield Found(m.start(), at, "HOSPITAL")


def _hospital(text: str, m: re.Match[str]) -> str:
    value = m.group()
    if value.startswith("Clínica") and not _BEFORE_CLINIC.search(text, max(0, m.start() - 8), m.start()):
        return ""
    if stop := _STOP_HOSPITAL.search(value, 8):
        value = value[: stop.start()]
    value = re.sub(rf"(?: (?:{_PART}))*[\s.,]*\Z", "", value)
    named = len(value.split()) > (3 if value.startswith("Centro de") else 1)
    return value if named and not _NO_HOSPITAL.search(value) and not _NO_NAMED.match(value) else ""


# «Carrera 7 # 45-20»: streets with numbers for names.
_GRID = re.compile(
    r"(?<!\w)(?:Calle|Carrera|Cra\.?|Cr\.|Cl\.|Cll\.?|Kr\.?|Transversal|Diagonal|Av\.?"
    r"|Avenida) \d{1,3}[A-Za-z]?(?: (?:[A-Z]|bis|[Ss]ur|[Nn]orte))?"
    r" ?(?:#|N[oº°]\.?|n[oº°]\.?|[Nn][uú]mero) ?\d{1,3}[A-Za-z]?[ -]{1,3}\d{1,4}"
)
_UNNUMBERED = re.compile(
    rf"(?<!\w)(?P<s>[{_UP}][\w'’]+(?: (?:{_PART} ){{0,3}}[{_UP}][\w'’]+){{0,4}},? (?:s/n|S/N|s/nº)(?!\w))"
)


def streets(text: str) -> Iterator[Found]:
    """Streets with a number anywhere, and streets without one where the kind of street leaves no doubt."""
    for pattern in (STREET, _STREET_ONLY, _GRID):
        for m in pattern.finditer(text):
            yield Found(m.start(), m.end(), "DIRECCION")


_NO_PLACE = re.compile(
    r"(?:la )?(?:Unidad|Urgencias|Residencia|Planta|UVI|UCI|Hospital|Centro|CCEE|Consultas?|Servicio|H\.)(?!\w)"
)
_EPONYM = re.compile(
    r"(?:[Cc]riterios?|[Cc]lasificación|[Ee]scala|[Ff]iebre|[Ss]índrome|[Ee]nfermedad|[Ss]istema|[Vv]irus"
    r"|[Ss]ignos?) (?:de |del )?\Z"
)


def places(text: str) -> Iterator[Found]:
    """Provinces and large cities, but no eponym."""
    for m in _PROVINCE.finditer(text):
        if not text[m.start() - 1 : m.start()].isalnum() and not _EPONYM.search(
            text, max(0, m.start() - 24), m.start()
        ):
            yield Found(m.start(), m.end(), "LUGAR")


def origins(text: str) -> Iterator[Found]:
    """Where a person is from or lives."""
    if not any(hint in text for hint in ("atural de", "eside", "rocedente", "ecin", "acid", "omiciliad", "ive en")):
        return
    for m in _FROM.finditer(text):
        if _STOP.match(text, m.start("p")) or _NO_PLACE.match(text, m.start("p")):
            continue
        yield Found(m.start("p"), m.end("p"), "LUGAR")


def contact_places(text: str, start: int, end: int) -> Iterator[Found]:
    """Postcodes, towns, provinces and streets without their kind, in the line of a letter's sender."""
    for m in _UNNUMBERED.finditer(text, start, end):
        yield Found(_street_start(m["s"]) + m.start("s"), m.end("s"), "DIRECCION")
    for m in _POSTCODE.finditer(text, start, end):
        yield Found(m.start(), m.end(), "LUGAR")
        if place := _PLACE_AFTER.match(text, m.end(), end):
            stop = _STOP.search(" " + place["p"])
            cut = place.start("p") + stop.start() - 1 if stop else place.end("p")
            if cut > place.start("p"):
                yield Found(place.start("p"), cut, "LUGAR")
        if street := _BARE_STREET.search(text, max(start, m.start() - 80), m.start()):
            yield Found(_street_start(street["s"]) + street.start("s"), street.end("s"), "DIRECCION")


_BEFORE_STREET = re.compile(
    rf".*(?:{_ENDS})(?: (?:{_PART} )*[{_UP}]\w+(?: (?:y|e) [{_UP}]\w+)?(?= [{_UP}]))?\s?|.*(?=Hospital |Complejo )"
)


def _street_start(street: str) -> int:
    """Where the street begins, behind the ward that stands before it."""
    m = _BEFORE_STREET.match(street)
    return m.end() if m else 0
