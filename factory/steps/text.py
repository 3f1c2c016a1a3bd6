"""Text repair and the seal that ends the cleaning of a Document."""

from __future__ import annotations

import ftfy
import regex
from datatrove.data import Document, DocumentsPipeline
from datatrove.pipeline.base import PipelineStep

from factory.record import rewrite, sha256

# Soft hyphens, zero-width characters and BOMs carry no meaning; joiners do in Arabic and Indic scripts, not here.
_INVISIBLE = regex.compile(r"[\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\uffff]")
_CONTROL = regex.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_SPACES = regex.compile(r"[^\S\n]+")
_AROUND_BREAKS = regex.compile(r" *\n *")
# ftfy's other repairs change the author's own characters: quotes stay curly, ½ stays ½, full width stays.
_FTFY = ftfy.TextFixerConfig(
    unescape_html="auto",
    remove_terminal_escapes=True,
    fix_encoding=True,
    restore_byte_a0=True,
    replace_lossy_sequences=True,
    decode_inconsistent_utf8=True,
    fix_c1_controls=True,
    fix_latin_ligatures=True,
    fix_character_width=False,
    uncurl_quotes=False,
    fix_line_breaks=True,
    fix_surrogates=True,
    remove_control_chars=False,
    normalization="NFC",
)


def repair(text: str) -> str:
    """The text with its encoding repaired, invisible and control characters gone, spaces single."""
    text = ftfy.fix_text(text, _FTFY)
    text = _CONTROL.sub(" ", _INVISIBLE.sub("", text).replace("\t", " "))
    return str(_AROUND_BREAKS.sub("\n", _SPACES.sub(" ", text))).strip()


class RepairText(PipelineStep):
    """Every paragraph is repaired; spans stay exact; removed characters are counted."""

    name = "Repair"
    type = "FORMAT"
    version = 1

    def run(self, data: DocumentsPipeline, rank: int = 0, world_size: int = 1) -> DocumentsPipeline:
        for document in data:
            before = len(document.text)
            text, spans = rewrite(document.text, document.metadata["spans"], repair)
            document.text = text
            document.metadata["spans"] = spans
            if before > len(text):
                removed = document.metadata["removed"]
                removed["repair"] = removed.get("repair", 0) + before - len(text)
            if document.metadata.get("title"):
                document.metadata["title"] = repair(document.metadata["title"]).replace("\n", " ") or None
            yield document


_BLANK = regex.compile(r"\s+")


def content_sha256(document: Document) -> str:
    """The hash under which two copies of one text are equal: every character of its body but blanks, case folded."""
    parts = [document.text[s["start"] : s["end"]] for s in document.metadata["spans"] if s["role"] != "boilerplate"]
    return sha256(_BLANK.sub("", "".join(parts)).casefold())


class Seal(PipelineStep):
    """The Document's text is final: its hashes are set, and its spans tile it."""

    name = "Seal"
    type = "FORMAT"
    version = 2

    def run(self, data: DocumentsPipeline, rank: int = 0, world_size: int = 1) -> DocumentsPipeline:
        for document in data:
            at = 0
            for span in document.metadata["spans"]:
                if not at <= span["start"] < span["end"] <= len(document.text):
                    raise AssertionError(f"{document.id}: spans do not tile the text")
                at = span["end"]
            document.metadata["text_sha256"] = sha256(document.text)
            document.metadata["content_sha256"] = content_sha256(document)
            yield document
