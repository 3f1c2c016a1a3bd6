"""Names, hospitals and addresses as they are written in Spanish: shapes, not lists of people."""

from __future__ import annotations

import re
from collections.abc import Iterator

from factory.personal_numbers import Found

_UP = "A-ZÁÉÍÓÚÜÑÇÀÈÌÒÙÂÊÎÔÄËÏÖ"
_CAP = rf"(?:[{_UP}][\w'’]*+(?:-[{_UP}]?[\w'’]++)*+[ªº]?|M\.?ª)"
_PART = r"(?:de|del|la|las|los|el|y|i|e|da|das|do|dos|di|van|von|der|den|le|san|santa|al|ben|bin|d['’])"
_INITIAL = rf"(?:[{_UP}]|[FM]co|Mª|M|J|Fdez|Gral|Rdguez|Hdez|Glez)\."
_TOKEN = rf"(?:{_INITIAL}|{_CAP})"
_NAME = re.compile(rf"{_TOKEN}(?:\s?[ .-]?(?<=[ .-])(?:{_PART} ){{0,3}}+{_TOKEN}){{0,6}}")

# Where a name ends although the next word is capitalised too.
_STOP = re.compile(
    r"(?:^|[\s.])(?:N[ºo°.]*\s?Col|Serv|Hosp|Uni(?:dad|vers)|D(?:e)?p(?:ar|t)|Centr[eo]|Cl[íi]nica|Calle|Av(?:da|d|enida)?\b"
    r"|C/|c/|Plaza|Pza|P[ºª]\s|Pl\.?\b|Paseo|Pso|Corr?e|E-?mail|[Ee]-?mail|Mail|Fundaci|Asocia|Instit|Facultad|C[áa]tedra|Secci|Comple[jx]"
    r"|Consor|Tel|Tfn|Tlf|Fax|M[óo]vil|Ctra|Carretera|Carrer|R[úu]a|Rambla|Ronda|Camino|Residencia|Ambulat|Sanator|Polic|Jef[ea]|Médic"
    r"|Medicina|Urolog|Cirug|Direc|Domicilio|Sexo|Edad|Fecha|Servicio|Especialidad|M[áa]ster|Sociedad|Gerencia|Agencia|UCI|UGC"
    r"|CS|Grupo|Laborat|Departament|España|Historia|Motivo|Informe|Paciente|Ante|Apartado|Avgda|Bº|Barrio|Urb|Edif)"
)
# Capitalised words that begin a sentence behind «D.» or «Sr.» and are no name.
_NO_NAME = re.compile(
    r"(?:El|La|Los|Las|Un|Una|En|Se|Tras|Al|A|De|Del|No|Es|Con|Por|Para|Su|Sus|Ante|Este|Esta|Como|Y|O|Presenta|Acude|Refiere"
    r"|Paciente|Hospital|Servicio|I|II|III|IV|V|VI)\Z"
)
_TITLE = re.compile(
    r"(?<![\w/])(?P<t>D(?:r(?:a|es|as)?|ña|oña|on)?|DRA?|S(?:r|ra|rta|res)|Prof(?:a|esora?)?|Lic|Enf)(?:\.[ªa]?|:|(?=\s))\s?(?=[" + _UP + "])"
)
_SHORT_D = re.compile(rf"[{_UP}]\w+(?: {_PART})* [{_UP}]\w{{2,}}")

_HOSPITAL = re.compile(
    r"(?<!\w)(?:Hospital(?:es)?|H\. ?U\.|Comple[jx]o [Hh]ospitalario|Clínica|Centro de [Ss]alud|Sanatorio|Policl[íi]nic[ao]|Ambulatorio"
    r"|Centro [Mm]édico|Consultorio|CHU|HU)"
    rf"(?: (?:General|Clínico|Clínic|Universitari[oa]|Regional|Comarcal|Provincial|Infantil|Hospital))*"
    rf"(?: (?:{_PART} )*[«\"'“]?(?:{_TOKEN}|\d{{1,2}} de [Oo]ctubre)[»\"'”]?){{1,7}}"
)
_NO_HOSPITAL = re.compile(r" (?:de )?(?:D[íi]a|Historia|Actual|Informe|General|Clínico|Universitario|Regional|Urgencias|Tercer)\Z")

_VIA = (
    r"(?:C\.?/\.?|c/\.?|Calle|calle|CALLE|C\.|Avda?s?\.?|Avgda\.?|Avd\.|AVDA\.?|Avenida|avenida|avda\.?|Av\.?|Plaza|Plaça|Pl\.|plaza|Pza\.?|Plza\.?"
    r"|Paseo|Passeig|Pso\.?|Pº|P\.º|Carretera|Ctra\.?|Ronda|Rondilla|Camino|Camí|Travesía|Trav\.|Carrer|Carrera|Rúa|Rua|Rambla|Jirón|Jr\."
    r"|Gran Vía|Vía|Urb\.|Urbanización|Apartado de [Cc]orreos|Apdo\.(?: de [Cc]orreos)?|Bulevar|Glorieta|Pasaje|Callejón|Alameda|Cuesta"
    r"|Calzada|Cra\.?|Polígono|Bifurcación|Kalea|Bajada|Subida|Parque|Barrio|Bº|Colonia|Paraje)"
)
_WORD = rf"(?:{_PART}|nº|n[úu]m\.?|[{_UP}\d][\w'’ªº.]*|[a-záéíóúñç]{{3,}}(?=[ ,]+(?:n[ºo°]|\d|s/?n)))"
_FLOOR = (
    r"(?:[\s,.–-]{1,3}(?:\d{1,3}[ºª°.oa]{0,2}\s?-?[A-Z]?(?![\w])|[A-Z](?!\w)|[Pp]iso \d+|[Bb]ajo|[Pp]ortal \d+|[Ee]sc(?:alera)?\.? ?\w"
    r"|[Pp]uerta \w+|[Pp]lanta \w+|[Ll]ocal \w+|(?:dcha|izda|izq|der|dto|Dcha|Izda|Izq|Dto)(?:\b\.?|\b)|[Ii]nt(?:erior)?\.? \w+|\"\w\")){0,5}+"
)
_STREET_NUMBER = r"(?:s/?[nN]\b|S/N|sn\b|[Kk]m\.? ?\d+(?:[.,]\d+)?|(?:[Nn](?:[ºo°]|[úu]m|ro)?\.? ?|N° ?|# ?)?\d{1,5}(?:\s?[-–/]\s?\d{1,5})?(?:\s?[A-Z](?!\w))?(?:[ºª])?)"
STREET = re.compile(rf"(?<![\w/])(?P<via>{_VIA})\s?(?:{_WORD}[ ,./'’-]{{1,3}}){{0,8}}?{_STREET_NUMBER}(?![\w%]){_FLOOR}")
_STREET_ONLY = re.compile(
    rf"(?<![\w/])(?:C/\.?|Calle|Avda?\.?|Av\.|Avenida|Plaza|Paseo|Pº|Ctra\.?|Carretera|Carrer|Rúa)\s?(?:{_PART} ){{0,3}}[{_UP}][\w'’]+(?: (?:{_PART} ){{0,3}}[{_UP}][\w'’]+){{0,4}}"
)
_POSTCODE = re.compile(r"(?<![\w.,/])(?:(?:CP|C\.P\.?|cp):? ?)?(?:[ED] ?-? ?)?(?P<n>\d{5})(?![\w]|[.,/]\d)")
_PLACE_AFTER = re.compile(rf"[ .,;:()-]{{1,4}}(?P<p>[{_UP}][\w'’]+(?:[ -](?:{_PART} ){{0,3}}[{_UP}][\w'’]+){{0,4}})(?![\w@])")
_BARE_STREET = re.compile(
    rf"(?P<s>[{_UP}][\w'’]+(?: (?:{_PART} ){{0,3}}[{_UP}][\w'’]+){{0,4}},? {_STREET_NUMBER}{_FLOOR})[\s.,–-]*(?:[ED]-?)?\Z"
)
PROVINCES = (
    "Álava|Albacete|Alicante|Alacant|Almería|Asturias|Ávila|Badajoz|Barcelona|Bilbao|Bizkaia|Burgos|Cáceres|Cádiz|Cantabria|Castellón"
    "|Ceuta|Ciudad Real|Córdoba|Cuenca|Gerona|Girona|Gipuzkoa|Granada|Guadalajara|Guipúzcoa|Huelva|Huesca|(?:Islas )?Baleares|Illes Balears"
    "|Jaén|(?:La|A) Coruña|La Rioja|Las Palmas(?: de Gran Canaria)?|Las Palmas de GC|León|Lleida|Lérida|Logroño|Lugo|Madrid|Málaga|Melilla|Murcia|Navarra"
    "|Orense|Ourense|Oviedo|Palencia|Palma de Mallorca|Pamplona|Pontevedra|Salamanca|San Sebastián|Donostia|Santander"
    "|Santiago de Compostela|Santa Cruz de Tenerife|Segovia|Sevilla|Soria|Tarragona|Tenerife|Teruel|Toledo|Valencia|València|Valladolid|Vizcaya"
    "|Vigo|Gijón|Vitoria(?:-Gasteiz)?|Zamora|Zaragoza|Islas Canarias|Gran Canaria|Mallorca|Andalucía|Galicia|Cataluña|Extremadura|Aragón"
    "|Buenos Aires|Bogotá|Lima|Santiago de Chile|Caracas|La Habana|Quito|México D\\.? ?F\\.?|Ciudad de México|Montevideo|Medellín|Monterrey"
)
_PROVINCE = re.compile(rf"(?<!\w)(?:{PROVINCES})(?!\w)")
_FROM = re.compile(
    rf"(?<!\w)(?:[Nn]atural de|[Rr]esidente en|[Pp]rocedente de|[Vv]ecin[oa] de|[Nn]acid[oa] en|[Dd]omiciliad[oa] en|[Rr]eside en|[Vv]ive en)\s(?P<p>(?:la )?[{_UP}][\w'’]+(?:[ -](?:{_PART} ){{0,3}}[{_UP}][\w'’]+){{0,3}})"
)


def name_at(text: str, at: int, end: int) -> tuple[int, int] | None:
    """The name that begins at `at`, titles left out, or None."""
    while (m := _TITLE.match(text, at, end)) is not None or text[at : at + 1] in (" ", ",", ".", ":") and at < end:
        at = m.end() if m else at + 1
    m = _NAME.match(text, at, end)
    if m is None:
        return None
    stop = _STOP.search(m.group())
    # One word more than the match: «Calle» may begin where the pattern stopped at «Call».
    value = m.group()[: stop.start()] if stop else m.group()
    value = re.sub(rf"(?:[\s.-]+(?:{_PART}))*[\s.,-]*\Z", "", value) + ("." if re.search(r"[ .][A-Z]\.\Z", value) else "")
    return (at, at + len(value)) if value.strip(" .-") else None


def titled(text: str) -> Iterator[Found]:
    """Names behind Dr., Dra., D., Dña., Sr., Prof. in running text."""
    for m in _TITLE.finditer(text):
        span = name_at(text, m.end(), min(len(text), m.end() + 120))
        if span is None:
            continue
        first = re.split(r"[\s.]", text[span[0] : span[1]], maxsplit=1)[0]
        short = m["t"] in ("D", "Don")
        if _NO_NAME.match(first) or (short and not (text[m.end("t")] == "." or m["t"] == "Don")):
            continue
        # «vitamina D. Presenta»: behind a bare D. only two capitalised words are a name.
        if short and (not _SHORT_D.match(text[span[0] : span[1]]) or re.search(r"(?i)vitamina\s\Z", text[max(0, m.start() - 9) : m.start()])):
            continue
        yield Found(span[0], span[1], "NOMBRE")


def hospitals(text: str) -> Iterator[Found]:
    """Hospitals, clinics and health centres that are named."""
    for m in _HOSPITAL.finditer(text):
        value = m.group()
        stop = _STOP.search(value, 8)
        value = value[: stop.start()] if stop else value
        value = re.sub(rf"(?: (?:{_PART}))*[\s.,]*\Z", "", value)
        if " " in value and not _NO_HOSPITAL.search(value):
            yield Found(m.start(), m.start() + len(value), "HOSPITAL")


def streets(text: str) -> Iterator[Found]:
    """Streets with a number anywhere, and streets without one where the kind of street leaves no doubt."""
    for pattern in (STREET, _STREET_ONLY):
        for m in pattern.finditer(text):
            yield Found(m.start(), m.end(), "DIRECCION")


def origins(text: str) -> Iterator[Found]:
    """Where a person is from or lives."""
    for m in _FROM.finditer(text):
        yield Found(m.start("p"), m.end("p"), "LUGAR")


def contact_places(text: str, start: int, end: int) -> Iterator[Found]:
    """Postcodes, towns, provinces and streets without their kind, in the line of a letter's sender."""
    for m in _PROVINCE.finditer(text, start, end):
        yield Found(m.start(), m.end(), "LUGAR")
    for m in _POSTCODE.finditer(text, start, end):
        yield Found(m.start(), m.end(), "LUGAR")
        if place := _PLACE_AFTER.match(text, m.end(), end):
            stop = _STOP.search(" " + place["p"])
            cut = place.start("p") + stop.start() - 1 if stop else place.end("p")
            if cut > place.start("p"):
                yield Found(place.start("p"), cut, "LUGAR")
        if street := _BARE_STREET.search(text, max(start, m.start() - 80), m.start()):
            yield Found(street.start("s"), street.end("s"), "DIRECCION")
