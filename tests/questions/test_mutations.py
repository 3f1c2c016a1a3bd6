"""Seeded mutations of the gates of questions: each is a small mistake that someone could make, and each breaks a test."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
# File, what stands there, what a mistake would make of it.
MUTATIONS = [
    ("evidence.py", "if kept and kept[-1].isdigit() and at < size and text[at].isdigit():", "if False:"),
    ("evidence.py", "if start >= at and _whole(source, start, end):", "if start >= at:"),
    ("evidence.py", "after[:1].isspace() and after.strip()[:1].islower()", "True"),
    ("gates.py", "if not all(case.places):", "if False:"),
    ("gates.py", "if found := _LEFT_OUT.search(case.passage", "if found := _LEFT_OUT.search(''"),
    ("gates.py", "if is_name(word) and not _is_named(word, case) and", "if is_name(word) and not supported(word, case.around) and"),
    ("gates.py", 'other = re.search(rf"\\b{found[1]} [a-z]{{4,}}"', 'other = None and re.search(rf"\\b{found[1]} [a-z]{{4,}}"'),
    ("gates.py", "and (lost := _who_is_lost(sentence, ours, asked))", "and (lost := None)"),
    ("gates.py", "if sure and not _PROVES.search(every)", "if False and not _PROVES.search(every)"),
    ("gates.py", "(_THIS.match(pointing.group()) or", "True or (_THIS.match(pointing.group()) or"),
    ("relations.py", 'return f"{ahead[0]} and {after[0]}', 'return None and f"{ahead[0]} and {after[0]}'),
    ("relations.py", "if alone and other is not None", "if False and other is not None"),
    ("claims.py", "if gone and (number, unit) in theirs:", "if False:"),
    ("case.py", 'return all(" ".join(one.split()) in there', 'return any(" ".join(one.split()) in there'),
    ("warned.py", "and self._sizes[scope] <= _REACH", "and False"),
    ("warned.py", "if path[: len(scope)] == scope),\n            *", "),\n            *"),
    ("passage.py", "if here >= 0 and here >= there:", "if False:"),
    ("gates.py", "if name in there and (other := letters - there[name]):", "if (other := set()):"),
    ("gates.py", "if stronger := _stronger(sentence, case.evidence_sentences):", "if stronger := None:"),
    ("gates.py", "and not _warned(case.answer, own)", "and not _is_caution(case.answer)"),
    ("evidence.py", "return after.isdigit() and source[at - 2 : at - 1].isdigit()", "return False"),
    ("gates.py", "if _is_cut(answer, case.evidence):", "if False:"),
    ("gates.py", "if not _is_spanish(case.question):", "if False:"),
    ("gates.py", "if not _names_in(asked):", "if False:"),
    ("gates.py", "if there < MIN_RECALL * len(own):", "if there < 0:"),
    ("gates.py", "if wanted and _is_caution(case.answer):\n            return None", "if wanted:\n            return None"),
    ("gates.py", "if case.natural and not _is_caution(sentence):", "if False:"),
    ("gates.py", "if found is None:\n            continue\n        said", "if True:\n            continue\n        said"),
    ("claims.py", "if known.isdisjoint(number.values):", "if False:"),
    ("claims.py", 'return f"{found.group()} is of', 'return None and f"{found.group()} is of'),
    ("claims.py", "if ours and near and not theirs and not their_soft:", "if False:"),
    ("claims.py", "if _denied_once(ours, theirs):\n        return None", "if True:\n        return None"),
    ("claims.py", "if key not in known or len({side for side, _ in found}) > 1:", "if True:"),
    ("claims.py", "if new and gone and named and not any", "if False and not any"),
    ("names.py", "if word in _named() or plain in _named():\n        return True", "if word in _named():\n        return False"),
    ("template.py", 'if subject is None or (kind == "definition"', 'if subject is None or (kind == "nothing"'),
    ("template.py", 'if groups.get("det") in ("el", "la", "los", "las") and', "if False and"),
    ("relations.py", "if said := _crossed(ours, same):\n            return said", "if said := _crossed(ours, same):\n            pass"),
    ("relations.py", "if own and mine and there and mine <= rest and mine.isdisjoint(there):", "if False:"),
    ("relations.py", "if numbers == there or Counter(numbers)", "if True or Counter(numbers)"),
    ("relations.py", "if end in numbers and other not in numbers and counted[end] == 1:", "if False:"),
    ("relations.py", "if theirs and ours and ours.isdisjoint(theirs):", "if False:"),
    ("passage.py", 'return "references"\n        if _CONTENTS', 'return ""\n        if _CONTENTS'),
]  # fmt: skip


@pytest.mark.slow
@pytest.mark.data
@pytest.mark.parametrize("number", range(len(MUTATIONS)))
@pytest.mark.survive(10, "the gates of questions")
def test_a_mistake_in_a_gate_breaks_a_test(number: int, tmp_path: Path) -> None:
    """The tables of tests fail over a copy of the code with this one mistake in it."""
    name, before, after = MUTATIONS[number]
    shutil.copytree(PROJECT / "factory", tmp_path / "factory", ignore=shutil.ignore_patterns("__pycache__"))
    for part in ("questions", "hooks", "plant"):
        shutil.copytree(
            PROJECT / "tests" / part, tmp_path / "tests" / part, ignore=shutil.ignore_patterns("__pycache__")
        )
    for part in ("tests/__init__.py", "tests/conftest.py", "tests/survival.py", "pyproject.toml"):
        shutil.copy(PROJECT / part, tmp_path / part)
    path = tmp_path / "factory/questions" / name
    code = path.read_text("utf-8")
    assert code.count(before) == 1, f"{name} has changed: mend the mutation {before!r}"
    path.write_text(code.replace(before, after))
    tables = [f"tests/questions/test_{name}.py" for name in ("evidence", "template", "gates", "by_hand")]
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-x",
        "-p",
        "no:cacheprovider",
        *tables,
        "-k",
        "not planted and not good_rows",
    ]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stdout[-600:]
