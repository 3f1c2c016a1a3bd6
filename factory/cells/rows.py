"""One row of a list as what a source needs, every repair said."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from factory.cells import addresses, books, countries, dates
from factory.cells.addresses import Address, Wrong
from factory.cells.rights import licence_of
from factory.cells.tables import Cell, Row
from factory.cells.text import fold, says_nothing
from factory.record import Kind

_LANGUAGES = {
    "espanol": "es", "castellano": "es", "spanish": "es", "ingles": "en", "english": "en", "portugues": "pt",
    "portuguese": "pt", "frances": "fr", "french": "fr", "italiano": "it", "italian": "it", "aleman": "de",
    "german": "de", "catalan": "ca", "gallego": "gl", "galician": "gl", "euskera": "eu", "basque": "eu",
    "chino": "zh", "chinese": "zh", "quechua": "qu", "guarani": "gn", "latin": "la",
}  # fmt: skip
_CODES = frozenset(_LANGUAGES.values())
# Numbers, names of cells and sums, which stand below lists.
_NO_TITLE = re.compile(r"[a-z]{0,3}[\d ]+|(?:sub)?total(?:es)?[\d ]*|")
# Where an address is looked for, best first; in the columns of people and dates only videos and PDFs are the work's.
_RANK = {"url": 0, "": 1, "title": 1, "number": 1, "volume": 1, "country": 1, "language": 1, "specialty": 1}
_RANK |= {"note": 2, "author": 3, "publisher": 3, "date": 3}
# The resolver of DOIs and the licence texts are named beside a work; they are not where it is.
_BESIDE = ("doi.org/", "dx.doi.org/", "creativecommons.org/")


@dataclass(slots=True)
class Draft:
    """What a row says, in the form of a source; `repairs` are the notes that somebody should look at."""

    sheet: str
    row: int
    title: str | None = None
    author: str | None = None
    date: str | None = None
    isbn: str | None = None
    doi: str | None = None
    country: str | None = None
    licence: str | None = None
    licence_evidence: str | None = None
    language: str | None = None
    specialty: str | None = None
    address: Address | None = None
    kind: Kind | None = None
    printed: bool = False
    notes: list[str] = field(default_factory=list)
    repairs: list[str] = field(default_factory=list)

    def say(self, note: str, *, repair: bool = False) -> None:
        """The note stands once; a repair is reported too."""
        if note not in self.notes:
            self.notes.append(note)
            if repair:
                self.repairs.append(note)


@dataclass(frozen=True, slots=True)
class Columns:
    """The fields of a header's columns, and the names of the others."""

    fields: dict[int, str]
    names: dict[int, str]

    def of(self, column: int) -> str:
        return self.fields.get(column, "")


def draft(sheet: str, number: int, row: Row, columns: Columns) -> Draft | str:
    """The row as a draft, or why it is of no use."""
    made = Draft(sheet, number)
    cells: dict[str, list[Cell]] = {}
    for column, cell in sorted(row.items()):
        cells.setdefault(columns.of(column), []).append(cell)
    _title(made, cells)
    _isbn(made, cells)
    _people(made, cells, _dates(made, cells))
    _country(made, cells)
    _licence(made, cells)
    _others(made, row, columns)
    why = _address(made, row, columns)
    if why is not None:
        return why
    if made.address is not None:
        return made
    if made.title is None:
        return "neither a title nor an address"
    return "no address, and no title but a number" if _NO_TITLE.fullmatch(fold(made.title)) else made


def _texts(cells: dict[str, list[Cell]], name: str) -> list[str]:
    return [cell.text for cell in cells.get(name, ()) if cell.text and not says_nothing(cell.text)]


def _title(made: Draft, cells: dict[str, list[Cell]]) -> None:
    """The title without addresses and ISBN; a volume of its own column belongs to it."""
    texts = _texts(cells, "title")
    for extra in texts[1:]:
        made.say(f"Otro título: {extra}")
    if not texts:
        return
    split = books.split_title(addresses.found_in(texts[0])[1])
    made.isbn, made.author, made.date, made.country = split.isbn, split.publisher, split.year, split.country
    if split.isbn or split.wrong:
        made.printed = True
        made.say(f"Título en la lista: {texts[0]}", repair=True)
    if split.wrong:
        made.say(f"ISBN en la lista: {split.wrong}, no válido", repair=True)
    if not split.title:
        return
    made.title = split.title
    for volume in _texts(cells, "volume")[:1]:
        said = volume if any(c.isalpha() for c in volume[:3]) and " " in volume else f"Tomo {volume}"
        if fold(said) not in fold(made.title):
            made.title = f"{made.title} {said}"


def _isbn(made: Draft, cells: dict[str, list[Cell]]) -> None:
    """The ISBN and DOI of their columns, or an ISBN that slipped into another."""
    for text in _texts(cells, "isbn") + _texts(cells, "doi"):
        doi, isbns = books.doi_in(text), books.isbns_in(text)
        made.doi = made.doi or doi
        if isbns:
            made.printed = True
            made.isbn = isbns[0]
            for more in isbns[1:]:
                made.say(f"Otro ISBN: {more}")
        elif doi is None:
            made.say(f"ISBN en la lista: {text}, no válido", repair=True)
    made.printed = made.printed or bool(_texts(cells, "publisher"))
    for name in ("country", "date", "publisher", "", "note"):
        for text in _texts(cells, name):
            if made.isbn is None and books.only_isbn(text):
                made.isbn, made.printed = books.isbns_in(text)[0], True
                made.say(f"ISBN en otra columna: {text}", repair=True)
    for text in _texts(cells, "url"):
        made.doi = made.doi or (books.doi_in(text) if "doi.org/" in text else None)


def _dates(made: Draft, cells: dict[str, list[Cell]]) -> str | None:
    """The date; returned is a channel that stands in its cell."""
    channel = None
    for cell in cells.get("date", ()):
        if says_nothing(cell.text) or books.only_isbn(cell.text):
            continue
        found, left = addresses.found_in(cell.text)
        reading = dates.read(left if isinstance(cell.value, str) else cell.value)
        if reading.date and made.date in (None, reading.date[:4]):
            made.date = reading.date
        if found:
            channel = " ".join([reading.rest if reading.date else left, *found])
        if not reading.sure and not (found and reading.date):
            made.say(f"Fecha en la lista: {cell.text}", repair=True)
    return channel


def _people(made: Draft, cells: dict[str, list[Cell]], channel: str | None) -> None:
    """Author or channel, else the publisher; the addresses of both go to the note."""
    named: list[str] = []
    for text in [*_texts(cells, "author"), *([channel] if channel else [])]:
        found, name = addresses.found_in(text)
        for url in found:
            _site(made, url)
        if not name and found and "/@" in found[0]:
            name = "@" + found[0].split("/@", 1)[1].split("/")[0].split("?")[0]
        if name and fold(name) not in map(fold, named):
            named.append(name)
    publishers: list[str] = []
    for text in _texts(cells, "publisher"):
        if not books.only_isbn(text):
            found, name = addresses.found_in(text)
            publishers += [name] if name else []
            for url in found:
                _site(made, url)
    every = named or publishers or ([made.author] if made.author else [])
    made.author = every[0] if every else None
    for more in every[1:]:
        made.say(f"También: {more}")
    for publisher in publishers if named else ():
        made.say(f"Editorial: {publisher}")


def _site(made: Draft, url: str) -> None:
    read = addresses.read(url)
    if isinstance(read, Address) and read.kind == "youtube" and read.what == "channel":
        made.say(f"Canal: {read.url}")
    elif isinstance(read, Wrong) or (read.what == "page" and read.kind == "article"):
        made.say(f"Sitio: {url}")


def _country(made: Draft, cells: dict[str, list[Cell]]) -> None:
    for text in _texts(cells, "country"):
        if books.only_isbn(text) or addresses.found_in(text)[0]:
            continue
        code = countries.code_of(text)
        if code is None or (made.country is not None and code != made.country and len(cells["country"]) > 1):
            made.say(f"País en la lista: {text}", repair=True)
        else:
            made.country = code


def _licence(made: Draft, cells: dict[str, list[Cell]]) -> None:
    """The licence its column names outright; anything else is quoted, never guessed."""
    for text in _texts(cells, "licence"):
        licence = licence_of(text)
        if licence is not None and made.licence is None:
            made.licence, made.licence_evidence = licence, f"lista: {text}"
        elif licence != made.licence or licence is None:
            made.say(f"Licencia en la lista: {text}")
            if licence is not None:  # two cells, two licences
                made.licence = made.licence_evidence = None


def _others(made: Draft, row: Row, columns: Columns) -> None:
    """Language, specialty, remarks, and the columns nobody knows: in the note, under their name."""
    for column, cell in sorted(row.items()):
        name, text = columns.of(column), cell.text
        if not text or says_nothing(text) or (name != "note" and books.only_isbn(text)):
            continue
        if name == "language":
            made.language = _LANGUAGES.get(fold(text)) or (fold(text) if fold(text) in _CODES else None)
            if made.language is None:
                made.say(f"Idioma en la lista: {text}", repair=True)
        elif name == "specialty":
            made.specialty = made.specialty or text
        elif name == "note":
            made.say(text)
        elif name == "" and (left := addresses.found_in(text)[1]):
            made.say(f"{columns.names.get(column) or 'Sin columna'}: {left}")


def _candidates(row: Row, columns: Columns) -> list[tuple[int, str]]:
    """Every address of the row with the rank of its column, the best first."""
    found: list[tuple[int, str]] = []
    for column, cell in sorted(row.items()):
        name = columns.of(column)
        if name not in _RANK:
            continue
        urls = addresses.found_in(cell.text, bare=name == "url")[0]
        usable = [url for url in urls if isinstance(addresses.read(url), Address)]
        if cell.link and not usable and not (urls and name != "url"):
            urls += addresses.found_in(cell.link)[0]
        found += [(_RANK[name], url) for url in urls]
    return sorted(found, key=lambda one: one[0])


def _of_the_work(found: Address, rank: int) -> bool:
    if rank < 3:
        return rank == 0 or not any(site in found.url for site in _BESIDE)
    return found.what in ("video", "playlist") or found.kind in ("pdf", "epub")


def _address(made: Draft, row: Row, columns: Columns) -> str | None:
    """The work's own address into the draft; returned is why the row cannot be used with the one it has."""
    wrong: list[Wrong] = []
    usable: list[Address] = []
    for rank, url in _candidates(row, columns):
        read = addresses.read(url)
        if isinstance(read, Wrong):
            wrong += [read] if rank == 0 else []
        elif _of_the_work(read, rank):
            usable.append(read)
    usable.sort(key=lambda one: one.what == "channel")
    _refused(made, row, columns)
    if usable:
        made.address = usable[0]
        for more in {a.key: a for a in usable if a.key != usable[0].key}.values():
            made.say(f"Otra dirección: {more.url}", repair=True)
    youtube = next((w for w in wrong if "YouTube" in w.why), None)
    if youtube is not None and not usable:
        return f"{youtube.url}: {youtube.why}"
    for one in wrong:
        made.say(f"Dirección en la lista: {one.url}, no válida", repair=True)
    return None


def _refused(made: Draft, row: Row, columns: Columns) -> None:
    """Addresses that are never fetched, and words where an address should be, are quoted."""
    for column, cell in sorted(row.items()):
        if columns.of(column) != "url":
            continue
        refused = addresses.refused_in(f"{cell.text} {cell.link or ''}")
        for url in refused:
            made.say(f"Dirección no admitida: {url}", repair=True)
        found, left = addresses.found_in(cell.text, bare=True)
        if left and not refused and not says_nothing(left):
            made.say(f"Dirección en la lista: {cell.text if not found else left}", repair=not found)
