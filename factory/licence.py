"""Which licences allow a row to be published.

Sources: SPDX licence list; Creative Commons legal codes; youtube.com/t/terms (section
"Permissions and Restrictions") for `youtube-standard`. Unknown is never allowed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

# Redistribution and derived works allowed, for any purpose.
_OPEN = re.compile(
    r"""^(?:
        public-domain | CC0-1\.0 | PDDL-1\.0 | CC-PDDC
      | CC-BY-(?:1\.0|2\.0|2\.5|3\.0|4\.0)(?:-[A-Z]{2,3})?
      | CC-BY-SA-(?:1\.0|2\.0|2\.5|3\.0|4\.0)(?:-[A-Z]{2,3})?
      | MIT | Apache-2\.0 | BSD-[23]-Clause | ODC-By-1\.0 | ODbL-1\.0 | GFDL-1\.[123](?:-only|-or-later)?
      | OGL-UK-3\.0 | etalab-2\.0
    )$""",
    re.VERBOSE,
)


def publishable(licence: str | None) -> bool:
    """True only for a licence known to allow publishing derived works for any purpose."""
    return licence is not None and _OPEN.fullmatch(licence) is not None


def refusal(licence: str | None) -> str | None:
    """Why a row of this licence may not be published, as a slug; None where it may."""
    if publishable(licence):
        return None
    folded = (licence or "unknown").lower()
    if folded == "unknown":
        return "licence_unknown"
    if re.search(r"\bnc\b|-nc-|-nc$", folded):
        return "licence_non_commercial"
    if re.search(r"-nd-|-nd$", folded):
        return "licence_no_derivatives"
    if folded == "youtube-standard":
        return "licence_youtube_standard"
    return "licence_not_open"


# What the gate looks at.
COLUMNS = ("licence", "source_type", "reviewed_by", "translation")
DRAFT = "machine_draft"


def refused(row: Mapping[str, Any]) -> str | None:
    """Why a row may not be published, as a slug; None if it may.

    Its licence, what translated it (rules make drafts; a model's terms may keep its words back), or patients that
    nobody looked for.
    """
    why = refusal(row["licence"])
    translation = row.get("translation")
    if why is None and translation:
        if translation["tier"] == "rule_based":
            return DRAFT
        if translation["outputs"] != "free":
            return "model_terms" if translation["outputs"] == "restricted" else "model_licence_unknown"
    if why is None and row.get("source_type") == "clinical" and not row.get("reviewed_by"):
        return "clinical_not_reviewed"
    return why


def question_refused(question: Mapping[str, Any]) -> str | None:
    """Why a row that was written about a text may not be published for what wrote it, as a slug; None if it may."""
    outputs = question["generator"]["outputs"]
    if outputs == "free":
        return None
    return "model_terms" if outputs == "restricted" else "model_licence_unknown"


_CC_URL = re.compile(
    r"creativecommons\.org/(?:licen[sc]es/((?:by|nc|nd|sa)(?:-(?:by|nc|nd|sa))*)/(\d\.\d)(?:/(igo))?"
    r"|publicdomain/(zero|mark)/1\.0)",
    re.IGNORECASE,
)
_CC_CODE = re.compile(
    r"\b(?:CC|Creative\s+Commons)[\s-]+(BY(?:[\s-]+(?:NC|ND|SA))*)[\s-]+(\d\.\d)\b|\bCC0(?:\s+1\.0)?\b", re.IGNORECASE
)
_CC_WORDS = re.compile(
    r"Creative\s+Commons[\s,:(]+(?:de\s+)?(?:Atribuci[oó]n|Attribution|Reconocimiento|Atribuição)([^.;()\d]{0,80}?)"
    r"[\s(v]*(\d\.\d)",
    re.IGNORECASE,
)
_RESERVED = re.compile(
    r"\ball\s+rights\s+reserved\b|\btodos\s+los\s+derechos\s+reservados\b|\breservados\s+todos\s+los\s+derechos\b"
    r"|\btodos\s+os\s+direitos\s+reservados\b",
    re.IGNORECASE,
)
# Said of the thing itself, and not denied.
_PUBLIC_DOMAIN = re.compile(
    r"(?<!\bno )(?<!\bnot )\b(?:(?:is|are)\s+in\s+the\s+public\s+domain"
    r"|(?:est[aá]n?|es|son)\s+(?:en\s+el|de|del)\s+dominio\s+p[uú]blico)\b",
    re.IGNORECASE,
)


def named_in(text: str) -> tuple[str, str] | None:
    """The licence that a text or address names, and the words that name it; None where none is named."""
    if found := _CC_URL.search(text):
        if found[4]:
            return ("CC0-1.0" if found[4].lower() == "zero" else "public-domain"), _around(text, found)
        return f"CC-{found[1].upper()}-{found[2]}" + ("-IGO" if found[3] else ""), _around(text, found)
    if found := _CC_CODE.search(text):
        code = f"CC-{'-'.join(re.findall('[A-Z]+', found[1].upper()))}-{found[2]}" if found[1] else "CC0-1.0"
        return code, _around(text, found)
    if found := _CC_WORDS.search(text):
        said = found[1].lower()
        parts = ["BY"]
        parts += ["NC"] if re.search(r"no\s*-?\s*comer|non\s*-?\s*comm|não\s*-?\s*comer", said) else []
        parts += ["ND"] if re.search(r"sin\s*-?\s*(?:obras?\s*)?deriv|no\s*-?\s*deriv|sem\s*deriv", said) else []
        parts += ["SA"] if re.search(r"compartir\s*-?\s*igual|share\s*-?\s*alike|compartilha", said) else []
        return f"CC-{'-'.join(parts)}-{found[2]}", _around(text, found)
    if found := _RESERVED.search(text):
        return "all-rights-reserved", _around(text, found)
    if found := _PUBLIC_DOMAIN.search(text):
        return "public-domain", _around(text, found)
    return None


def normal(licence: str) -> str:
    """The SPDX id of a licence written another way (`cc-by-4.0`, `CC BY 4.0`); what is not understood stays."""
    if publishable(licence):
        return licence
    found = named_in(licence)
    return found[0] if found else licence


def combined(source: str, item: str | None) -> str:
    """The licence of an item: its own where it says one, unless its source is known to be stricter; as an SPDX id."""
    source = normal(source)
    if item is None:
        return source
    item = normal(item)
    if source == "unknown" or publishable(source):
        return item
    return source


def _around(text: str, found: re.Match[str]) -> str:
    return " ".join(text[max(0, found.start() - 120) : found.end() + 120].split())


# How much a licence asks of derived works: nothing, the author's name, or the same licence.
_FREE = re.compile(r"^(?:public-domain|CC0-1\.0|PDDL-1\.0|CC-PDDC)$")
_SHARE_ALIKE = re.compile(r"^(?:CC-BY-SA-|ODbL-|GFDL-)")


def share_alike(licence: str) -> bool:
    """Derived works must come under the same licence."""
    return _SHARE_ALIKE.match(licence) is not None


def needs_attribution(licence: str) -> bool:
    """The author must be named."""
    return _FREE.match(licence) is None


def inherited(licences: Iterable[str]) -> str:
    """The licence of what is derived from works under all of these; `unknown` where they exclude each other.

    A licence that may not be published wins over all. Two versions of CC BY-SA meet in the later one (its section 4.b
    allows it from 3.0 on, creativecommons.org/compatiblelicenses); CC BY-SA and ODbL or GFDL do not meet.
    """
    every = sorted(set(licences))
    if not every:
        return "unknown"
    closed = [one for one in every if not publishable(one)]
    if closed:
        return "unknown" if "unknown" in closed else closed[0]
    alike = [one for one in every if share_alike(one)]
    if len({one.split("-")[0] for one in alike}) > 1:
        return "unknown"
    for group in (alike, [one for one in every if needs_attribution(one)], every):
        if group:
            return max(group, key=_version)
    return "unknown"


def _version(licence: str) -> tuple[str, str]:
    found = re.search(r"\d\.\d", licence)
    return (found.group() if found else "", licence)


def url_of(licence: str) -> str | None:
    """Where the text of a licence stands; None where it has no fixed address."""
    if found := re.match(r"CC-(BY(?:-SA)?)-(\d\.\d)(?:-([A-Z]{2,3}))?$", licence):
        place = f"/{found[3].lower()}" if found[3] else ""
        return f"https://creativecommons.org/licenses/{found[1].lower()}/{found[2]}{place}/"
    if licence in ("public-domain", "CC-PDDC"):
        return "https://creativecommons.org/publicdomain/mark/1.0/"
    if licence == "CC0-1.0":
        return "https://creativecommons.org/publicdomain/zero/1.0/"
    return f"https://spdx.org/licenses/{licence}.html" if publishable(licence) else None
