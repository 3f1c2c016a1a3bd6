"""CasiMedicos-Arg as questions: the case and its question, the right option, the doctor's explanation as the passage."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

_OPTION = re.compile(r"(?:^|(?<=[.?:!] )|(?<=\s))([1-5])- ")


def cases(path: Path) -> Iterator[dict[str, str]]:
    """Rows with `question`, `answer` and `passage`; those whose parts cannot be told apart are left out."""
    for block in path.read_text("utf-8").split("QUESTION O"):
        words = [line.split(" ")[0] for line in block.splitlines() if line.strip()]
        text = " ".join(words)
        found = re.search(r"CLINICAL CASE: (.*) CORRECT ANSWER: (\d) (.*)$", text, re.DOTALL)
        if found is None:
            continue
        asked, number, explanation = found.groups()
        parts = _OPTION.split(asked)
        options = dict(zip(parts[1::2], (part.strip() for part in parts[2::2]), strict=False))
        if number in options and len(explanation.split()) > 20:
            yield {"question": parts[0].strip(), "answer": options[number], "passage": explanation}


def good_rows(path: Path) -> Iterator[dict[str, str]]:
    """Rows whose right option the explanation says in a sentence: that sentence is the quote.

    `option`: the option's own words are the answer, where the sentence has them all; `sentence`: the sentence is.
    """
    for case in cases(path):
        sentences = [s.strip() for s in re.split(r"(?<=[a-zá-ú)\]%][.!?])\s+(?=[A-ZÁÉÍÓÚ¿])", case["passage"])]
        wanted = {_plain(word) for word in re.findall(r"[^\W\d_]{4,}", case["answer"])}
        for sentence in sentences:
            said = {_plain(word) for word in re.findall(r"[^\W\d_]{4,}", sentence)}
            if len(wanted) > 1 and wanted <= said and 8 <= len(sentence.split()) <= 60 and sentence[-1] in ".!)":
                yield case | {"quote": sentence, "kind": "option"}
                yield case | {"quote": sentence, "answer": sentence, "kind": "sentence"}
                break


def _plain(word: str) -> str:
    return word.lower().translate(str.maketrans("áéíóúü", "aeiouu"))[:6]
