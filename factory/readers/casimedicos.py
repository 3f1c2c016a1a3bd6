"""CasiMedicos-Arg's TSV of tokens → a row a case: case and question, options, the right one, a doctor's explanation.

Source: Sviridova et al. 2024, CasiMedicos-Arg, arXiv:2410.05235.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

# A token and its label a line, cases one after another.
TOKENS = re.compile(r"\s*QUESTION\s+\S+\s*\nTYPE:")
_CASE = re.compile(
    r"QUESTION TYPE:\s*(?P<type>.*?)\s*CLINICAL CASE:\s*(?P<asked>.*?)\s*"
    r"(?:CORRECT ANSWER:\s*(?P<right>\d+)\s*(?P<explanation>.*))?$",
    re.DOTALL,
)
_OPTION = re.compile(r"(?:^|\s)([1-5])-\s+")


def rows(text: str) -> Iterator[dict[str, Any]]:
    """Each case as a row of a question set; `correct_option` counts from 1 and is missing where nobody says it."""
    words = " ".join(line.split()[0] for line in text.splitlines() if line.split())
    for part in re.split(r"(?=QUESTION TYPE:)", words):
        found = _CASE.search(part)
        if found is None:
            continue
        pieces = _OPTION.split(found["asked"])
        row: dict[str, Any] = {"question": pieces[0].strip(), "options": [one.strip() for one in pieces[2::2]]}
        row["specialty"] = found["type"].capitalize()
        if found["right"]:
            row["correct_option"] = int(found["right"])
            row["explanation"] = found["explanation"].strip()
        yield row
