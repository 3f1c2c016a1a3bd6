"""An exam's question with a doctor's explanation: a second source of preference pairs, besides texts.

The right option against a wrong one of the same question, where the explanation says the right one in a sentence and
the gates refuse the wrong one over that sentence. Basis: CasiMedicos (arXiv:2410.05235), where doctors explain the
options of the MIR exam.
"""

from __future__ import annotations

from factory.questions.judge import Source, row_of
from factory.questions.pairs import pair, refused_by, within
from factory.questions.passage import Passage
from factory.questions.rows import TEMPLATE, QuestionRow
from factory.questions.wording import content, heads_of, sentences, supported
from factory.questions_of import EXPLANATION, OPTION, QUESTION, whole
from factory.record import sha256

EXAM, WRONG_OPTION = "exam", "wrong_option"
# What says that an option is wrong over the sentence that says the right one.
_GATES = ("numbers", "units", "negation", "direction", "entity", "swap", "grounding")
_LEAST_WORDS, _LONGEST_SENTENCE = 2, 420


def of_exam(source: Source, form: str) -> tuple[list[Passage], list[QuestionRow]]:
    """The passage of a question's explanation, ended, and its row, judged; none where no sentence says the answer.

    `form`: `mcq:<options>:<the right one, from 1>`.
    """
    told = [span for span in source.spans if span["heading"] == EXPLANATION] or source.spans
    start, end = told[0]["start"], told[-1]["end"]
    passage = Passage(
        sha256(f"{source.text_sha256}\0{start}\0{end}")[:16], start, end, EXPLANATION, None, None,
        len(source.text[start:end].split()),
    )  # fmt: skip
    # An option that cleaning or translation took would make another one the right one.
    if not whole(form, source.spans) or told is source.spans:
        passage.outcome = "skipped"
        passage.reason = "no_explanation" if told is source.spans else "question_not_whole"
        return [passage], []
    options = _said(source, OPTION)
    right = int(form.rpartition(":")[2]) - 1
    answer = options.pop(right).rstrip(". ") + "."
    place = _sentence(source.text, start, end, answer)
    if place is None:
        passage.outcome, passage.reason = "rejected", "no_pattern"
        return [passage], []
    row = row_of(source, passage, TEMPLATE, EXAM, "", "\n".join(_said(source, QUESTION)), answer, [place])
    row["options"] = [one.rstrip(". ") + "." for one in options]
    # It is ended: a model is not asked about what an exam asked.
    passage.outcome = row["outcome"] if row["outcome"] in ("accepted", "rejected") else "rejected"
    return [passage], [row]


def _said(source: Source, field: str) -> list[str]:
    """What the paragraphs of a field say."""
    return [source.text[one["start"] : one["end"]].strip() for one in source.spans if one["heading"] == field]


def _sentence(text: str, start: int, end: int, answer: str) -> tuple[int, int] | None:
    """The first sentence of an explanation that has every word with meaning of an option."""
    wanted = set(content(answer))
    if len(wanted) < _LEAST_WORDS:
        return None
    for a, b in sentences(text, start, end):
        if b - a <= _LONGEST_SENTENCE and all(supported(word, heads_of(text[a:b])) for word in wanted):
            return a, b
    return None


def exam_pairs(source: Source, passage: Passage, row: QuestionRow) -> list[QuestionRow]:
    """The right option against the first wrong one, by hash, that is as long and that a gate refuses."""
    for option in sorted(row["options"], key=lambda one: sha256(f"{row['id']}\0{one}")):
        if within(row["answer"], option) and (fails := refused_by(source, passage, row, option, _GATES)):
            return [pair(source, row, option, EXAM, WRONG_OPTION, fails, "another option of the exam")]
    return []
