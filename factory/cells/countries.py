"""Country names as people write them, as ISO 3166 codes; what is no country stays what it is."""

from __future__ import annotations

import re

from factory.cells.text import fold

# Folded names, Spanish and English: every Spanish-speaking country, and those whose books and channels lists name.
_TABLE = """
AD andorra|AO angola|AR argentina;republica argentina|AT austria|AU australia|BE belgica;belgium|BG bulgaria
BO bolivia;estado plurinacional de bolivia|BR brasil;brazil|BZ belice;belize|CA canada
CH suiza;switzerland|CL chile;republica de chile|CN china;republica popular china;republica popular de china
CO colombia;republica de colombia|CR costa rica|CU cuba;republica de cuba
CZ republica checa;chequia;czech republic;czechia|DE alemania;germany|DK dinamarca;denmark
DO republica dominicana;dominican republic;rep dominicana|DZ argelia;algeria|EC ecuador|EG egipto;egypt
ES espana;spain;reino de espana|ET etiopia;ethiopia|FI finlandia;finland|FR francia;france
GB reino unido;united kingdom;uk;gran bretana;great britain;inglaterra;england;escocia;scotland;gales;wales
GH ghana|GQ guinea ecuatorial;equatorial guinea|GR grecia;greece|GT guatemala|GY guyana|HN honduras|HR croacia;croatia
HT haiti|HU hungria;hungary|ID indonesia|IE irlanda;ireland|IL israel|IN india|IQ irak;iraq|IR iran|IT italia;italy
JM jamaica|JP japon;japan|KE kenia;kenya|KR corea del sur;south korea;republica de corea|LB libano;lebanon
LK sri lanka|LU luxemburgo;luxembourg|MA marruecos;morocco|MG madagascar
MX mexico;mejico;estados unidos mexicanos;mexico df;mexico d f|MY malasia;malaysia|MZ mozambique|NG nigeria
NI nicaragua|NL paises bajos;holanda;netherlands;the netherlands;holland|NO noruega;norway|NP nepal
NZ nueva zelanda;nueva zelandia;new zealand|PA panama|PE peru;republica del peru|PH filipinas;philippines
PK pakistan|PL polonia;poland|PR puerto rico|PT portugal|PY paraguay|RO rumania;romania|RS serbia
RU rusia;russia;federacion rusa;russian federation|SA arabia saudita;arabia saudi;saudi arabia
SE suecia;sweden|SG singapur;singapore|SI eslovenia;slovenia|SK eslovaquia;slovakia|SN senegal|SR surinam;suriname
SV el salvador|SY siria;syria|TH tailandia;thailand|TN tunez;tunisia|TR turquia;turkey;turkiye
TT trinidad y tobago;trinidad and tobago|TW taiwan|TZ tanzania|UA ucrania;ukraine
US estados unidos;estados unidos de america;ee uu;eeuu;e e u u;ee uu de america;usa;u s a;eua;e u a
US united states;united states of america
UY uruguay|VA vaticano;ciudad del vaticano;vatican city|VE venezuela;republica bolivariana de venezuela
VN vietnam;viet nam|ZA sudafrica;south africa
"""
_ENTRIES = [entry.split(" ", 1) for entry in re.split(r"[|\n]", _TABLE.strip())]
NAMES = {name: code for code, names in _ENTRIES for name in names.split(";")}
_CODES = frozenset(NAMES.values())


def code_of(text: str) -> str | None:
    """The ISO 3166 code of the one country a cell names, alone or after a city; None where it names none or several."""
    stripped = text.strip(" .,;()[]")
    if stripped in _CODES:
        return stripped
    if whole := NAMES.get(fold(stripped)):
        return whole
    parts = [part for part in re.split(r"[,;/()\n–]|\s-\s|\s[ye]\s|\sand\s", stripped) if part.strip()]
    found = {NAMES[fold(part)] for part in parts if fold(part) in NAMES}
    return found.pop() if len(found) == 1 else None


def at_end(text: str) -> tuple[str, str | None]:
    """The text without the country it ends with, and that country's code."""
    words = text.rstrip(" .,;()").split()
    for length in range(min(5, len(words)), 0, -1):
        if code := NAMES.get(fold(" ".join(words[-length:]))):
            return " ".join(words[:-length]).rstrip(" .,;(-–"), code
    return text, None
