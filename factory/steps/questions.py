"""Pages of questions and answers → a Document for each question, its fields as `questions_of` names them."""

from __future__ import annotations

from typing import Any

from datatrove.data import Document, DocumentsPipeline
from datatrove.pipeline.base import PipelineStep

from factory.questions_of import form_of, paragraphs_of_question, whole
from factory.record import Paragraph, assemble, paragraphs_of

PAGE = "page"


class SplitQuestions(PipelineStep):
    """Every question of a page of questions is a Document of its own, `<id>-q001`; the page goes with its last one."""

    name = "Questions"
    type = "FORMAT"
    version = 1

    def __init__(self) -> None:
        super().__init__()
        self.exclusion_writer: Any = None

    def run(self, data: DocumentsPipeline, rank: int = 0, world_size: int = 1) -> DocumentsPipeline:
        for document in data:
            form = document.metadata.get("form")
            if form is None:
                yield document
            elif form == PAGE:
                yield from self._split(document, rank)
            elif whole(form, document.metadata["spans"]):
                document.metadata["profile"] = "qa"
                yield document
            else:
                self._reject(document, "question_not_whole", rank)

    def _split(self, page: Document, rank: int) -> list[Document]:
        """The page's own id is the first question's, so that nothing is without a parent."""
        pairs = pairs_of(paragraphs_of(page.text, page.metadata["spans"]))
        if not pairs:
            self._reject(page, "question_not_whole", rank)
        found = []
        for number, (question, answer) in enumerate(pairs):
            name = page.id if number == 0 else f"{page.id}-q{number:03d}"
            one = Document("", name)
            part = page.metadata["part"] if number == 0 else f"{page.metadata['part'] or '0'}-q{number:03d}"
            one.metadata = page.metadata | {"part": part, "form": form_of(0, None), "profile": "qa"}
            one.metadata |= {"removed": dict(page.metadata["removed"]) if number == 0 else {}}
            one.text, one.metadata["spans"] = assemble(paragraphs_of_question(question, (), answer))
            found.append(one)
        return found

    def _reject(self, document: Document, reason: str, rank: int) -> None:
        document.metadata["filter_reason"] = reason
        self.exclusion_writer.write(document, rank)


def pairs_of(paragraphs: list[Paragraph]) -> list[tuple[str, list[str]]]:
    """Each question of a page, and the paragraphs of its answer: what stands below a heading with a question mark."""
    found: list[tuple[str, list[str]]] = []
    for paragraph in paragraphs:
        if paragraph.role == "heading":
            if paragraph.text.rstrip().endswith("?"):
                found.append((paragraph.text, []))
        elif found and (paragraph.heading or "").endswith(found[-1][0]):
            found[-1][1].append(paragraph.text)
    return [(question, answer) for question, answer in found if answer]
