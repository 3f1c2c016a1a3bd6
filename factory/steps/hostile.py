"""What a document may hold against machines: chat-template tokens, instructions to a model, hidden characters.

Fences in a prompt are not enough, so such text is taken out before anything is made of the Document; what was taken out
is counted. Hidden parts of web pages and PDFs are left out by their readers; hidden characters are removed here.
"""

from __future__ import annotations

from typing import Any

import regex
from datatrove.data import DocumentsPipeline
from datatrove.pipeline.base import PipelineStep

from factory.record import rewrite

# The special tokens of the chat templates of Llama, Mistral, Qwen, Gemma, Phi, DeepSeek, Zephyr, Vicuna and Alpaca.
_TOKENS = regex.compile(
    r"""<\|[a-z][a-z0-9_▁\ ]{0,40}\|> | <｜[^<>｜]{1,40}｜> | </?s> | \[/?INST\] | <</?SYS>>
    | \[/?(?:AVAILABLE_TOOLS|TOOL_CALLS|TOOL_RESULTS|SYSTEM_PROMPT|CONTROL_\d+)\]
    | <(?:start|end)_of_(?:turn|image)> | <(?:bos|eos|pad|unk|mask)> | </?(?:tool_call|tool_response|think)>
    | ^\s*\#\#\#\s*(?:Instruction|Instrucci[oó]n|Response|Respuesta|Input|Entrada|System|Human|Assistant)\s*:""",
    regex.IGNORECASE | regex.MULTILINE | regex.VERBOSE,
)
# Tags that spell ASCII invisibly, variation selectors, bidirectional overrides, blank fillers.
_HIDDEN = regex.compile(
    "[\U000e0000-\U000e007f\ufe00-\ufe0f\U000e0100-\U000e01ef\u2066-\u2069\u202a-\u202e\u115f\u1160\u3164\uffa0\u180e]"
)
_WHICH = (
    r"(?:previous|prior|above|preceding|earlier|system|anteriores|previas|precedentes|que\ te\ dieron|del\ sistema)"
)
_WHAT = r"(?:instructions?|prompts?|messages?|rules|instrucciones|[oó]rdenes|reglas|directrices|mensajes)"
_INSTRUCTION = regex.compile(
    rf"""\b(?:ignor[ae]s?|disregard|forget|olvid[ae]|omite|desobedece|haz\ caso\ omiso\ de|no\ sigas)\b[^.!?\n]{{0,40}}?
        (?:\b{_WHICH}\b[^.!?\n]{{0,25}}?\b{_WHAT}\b | \b{_WHAT}\b[^.!?\n]{{0,25}}?\b{_WHICH}\b)
    | \b(?:you\ are|eres|act[uú]a\ como|act\ as)\s+(?:now\s+|ahora\s+)?(?:an?\s+|una?\s+)?
        (?:(?:helpful\s+)?(?:AI|language\ model|chat-?bot|assistant)|modelo\ de\ lenguaje|ChatGPT|GPT-?\d|DAN
        | asistente\ (?:virtual|de\ IA|útil)|inteligencia\ artificial)\b
    | \b(?:reveal|print|repeat|revela|imprime|repite)\b[^.!?\n]{{0,30}}
        \b(?:system\ prompt|prompt\ del\ sistema|instrucciones\ del\ sistema)\b""",
    regex.IGNORECASE | regex.VERBOSE,
)
_SENTENCE = regex.compile(r"[^.!?\n]*(?:[.!?]+(?=\s|$)|\n|$)")


def cleaned(text: str) -> tuple[str, dict[str, int]]:
    """The text without hostile parts, and the characters removed by reason."""
    removed: dict[str, int] = {}
    for reason, pattern in (("hidden_characters", _HIDDEN), ("template_tokens", _TOKENS)):
        found = pattern.sub("", text)
        if len(found) < len(text):
            removed[reason] = len(text) - len(found)
            text = found
    if _INSTRUCTION.search(text):
        kept = "".join(s for s in _SENTENCE.findall(text) if not _INSTRUCTION.search(s))
        removed["instructions_to_models"] = len(text) - len(kept)
        text = kept
    return (regex.sub(r"[^\S\n]{2,}", " ", text).strip() if removed else text), removed


class RemoveHostile(PipelineStep):
    """No paragraph or title holds a chat template's token, an instruction to a model or a hidden character."""

    name = "Hostile text"
    type = "FORMAT"
    version = 1

    def __init__(self) -> None:
        super().__init__()
        self.exclusion_writer: Any = None

    def run(self, data: DocumentsPipeline, rank: int = 0, world_size: int = 1) -> DocumentsPipeline:
        for document in data:
            removed = document.metadata["removed"]

            def change(text: str, removed: dict[str, int] = removed) -> str:
                text, lost = cleaned(text)
                for reason, count in lost.items():
                    removed[reason] = removed.get(reason, 0) + count
                return text

            document.text, document.metadata["spans"] = rewrite(document.text, document.metadata["spans"], change)
            if document.metadata.get("title"):
                document.metadata["title"] = cleaned(document.metadata["title"])[0] or None
            if document.text:
                yield document
            else:
                document.metadata["filter_reason"] = "hostile"
                self.exclusion_writer.write(document, rank)
