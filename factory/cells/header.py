"""The header row of a list, Spanish or English, misspelt or not: which column holds what."""

from __future__ import annotations

import difflib
import functools
import itertools
import re

from factory.cells.tables import Row, Table
from factory.cells.text import fold

# Field -> the words that name it. Of several in one cell the earlier field wins: "Derechos de autor" is a licence,
# "Link del video" an address, "Número de tomo" a volume.
_WORDS = {
    "licence": "copywrite copyright copyrigth copywright licencia licencias licence license derechos rights permisos",
    "isbn": "isbn isbn10 isbn13 issn",
    "doi": "doi",
    "country": "pais paises country countries nacionalidad procedencia origen lugar",
    "url": "url urls link links enlace enlaces direccion address vinculo hipervinculo hyperlink web website liga uri"
    " sitio",
    "date": "fecha fechas date dates ano anos anio year years fechado",
    "author": "autor autores autora autoras author authors canal canales channel channels chanel creador creator"
    " escritor",
    "publisher": "editorial editoriales editor editora publisher publishers",
    "volume": "tomo tomos volumen volumenes volume vol",
    "language": "idioma idiomas language lengua",
    "specialty": "especialidad especialidades specialty speciality",
    "title": "titulo titulos title titles nombre name",
    "note": "observaciones observacion observations nota notas note notes comentario comentarios comment comments"
    " remark remarks",
    "number": "no nro num numero number n id item orden",
}
_FIELD = {word: field for field, words in _WORDS.items() for word in words.split()}
# Words that name a column only where no other does.
_WEAK = {
    "libro": "title", "libros": "title", "book": "title", "books": "title", "obra": "title", "video": "title",
    "videos": "title", "articulo": "title", "article": "title", "recurso": "title", "resource": "title",
    "descarga": "url", "download": "url", "publicado": "date", "published": "date",
}  # fmt: skip
_AROUND = frozenset(
    "de del la el los las o u y e a al of the or and certificada certificado certified oficial official publicacion"
    " publication publicaciones original completo completa complete full principal main edicion edition impresion"
    " youtube si"
    " tiene dd mm aaaa yyyy 13 10 es en para in to for su disponible acceso access codigo code legal uso use tipo"
    " type general generales revista journal casa fuente source s as otros otras other additional adicionales".split()
)
# A header is short; a cell beyond this is a sentence.
_LONGEST = 60
# A misspelt word counts as the one it nearly is: one letter in seven.
_NEAR = 0.85
_ORDER = list(_WORDS)
_TITLE = frozenset(("titulo", "titulos", "title", "titles"))
# A header stands above its list: below so many rows nobody wrote one.
_DEEPEST = 1000


def field_of(text: str, *, strict: bool) -> str | None:
    """The field a header cell names; strict, every word of it must belong to a header."""
    if len(text) > _LONGEST:
        return None
    outside = re.sub(r"\([^)]*\)", " ", text)
    words = [word for word in fold(outside if fold(outside) else text).split() if word]
    strong, weak = [], []
    for word in words:
        if field := _FIELD.get(word) or _nearly(word):
            strong.append(field)
        elif word in _WEAK:
            weak.append(_WEAK[word])
        elif strict and word not in _AROUND:
            return None
    if "url" in strong and "author" in strong:
        return "author"  # "Url del canal"
    if strong and set(strong) == {"number"} and weak:
        return weak[0]
    if "title" in strong and set(strong) & {"author", "publisher", "date"} and _TITLE & set(words):
        return "title"  # "Título y autor"; "Nombre del autor" is an author
    found = strong or weak
    return min(found, key=_ORDER.index) if found else None


@functools.lru_cache(maxsize=10_000)
def _nearly(word: str) -> str | None:
    if len(word) < 5 or word in _WEAK or word in _AROUND:
        return None
    like = [w for w in _FIELD if w[0] == word[0] and len(w) >= 5 and abs(len(w) - len(word)) <= 2]
    close = difflib.get_close_matches(word, like, 1, _NEAR)
    return _FIELD[close[0]] if close else None


def columns_of(row: Row) -> dict[int, str] | None:
    """Column -> field if this row is a header: at least two columns have a name, one of them title or address."""
    strict = {column: field for column, cell in row.items() if (field := field_of(cell.text, strict=True))}
    named = set(strict.values()) - {"number"}
    if len(named) < 2 or not named & {"title", "url"} or len(strict) * 2 < len(row):
        return None
    loose = {column: field_of(cell.text, strict=False) for column, cell in row.items() if column not in strict}
    return strict | {c: f for c, f in loose.items() if f is not None and f not in named}


def _single(row: Row) -> dict[int, str] | None:
    """The header of a list of one column."""
    if len(row) != 1:
        return None
    ((column, cell),) = row.items()
    words = fold(cell.text).split()
    field = field_of(cell.text, strict=True)
    strong = any(_FIELD.get(word) == field for word in words)
    return {column: field} if field in ("title", "url") and strong else None


def find(table: Table) -> tuple[int, dict[int, str]] | None:
    """The number of the first header row and its columns; None where the table has none."""
    for test in (columns_of, _single):
        for number, row in itertools.islice(table.rows.items(), _DEEPEST):
            if columns := test(row):
                return number, columns
    return None


def score(table: Table) -> int:
    """How many columns of the table have a known name."""
    found = find(table)
    return len(found[1]) if found else 0
