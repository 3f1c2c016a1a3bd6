"""What a written answer is worth, by code: words of the reference, doses, warnings, who says so, and abstention.

Token-F1 is SQuAD's (Rajpurkar et al. 2016) over folded words. The others say how far an answer keeps to the house's
rules: a dose stands as the source gives it and no other stands beside it, a contraindication is not lost, a claim names
who makes it, and of what nobody knows nothing is told. A judge model is not part of it.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from factory.errors import ConfigError
from trainer import scores
from trainer.tasks import ABSTENTION, Question

_UNIT = (
    r"mg|g|gr|gramos?|miligramos?|kg|mcg|µg|μg|microgramos?|ml|mililitros?|l|litros?|dl|cl|cc|ui|mmol|gotas?|%"
    r"|cucharad(?:it)?as?|tazas?|vasos?|capsulas?|comprimidos?|tabletas?|sobres?|dias?|horas?|h|semanas?|mes(?:es)?|anos?"
    r"|minutos?|min|veces|vez"
)
_QUANTITY = re.compile(rf"(?<![\w.,])(\d+(?:[.,]\d+)*)(?:\s*(?:-|–|a|hasta)\s*(\d+(?:[.,]\d+)*))?\s*({_UNIT})(?!\w)")
_NUMBERS = {
    "un": "1",
    "una": "1",
    "dos": "2",
    "tres": "3",
    "cuatro": "4",
    "cinco": "5",
    "seis": "6",
    "ocho": "8",
    "diez": "10",
}
_ONE_NAME = {"gr": "g", "gramo": "g", "miligramo": "mg", "microgramo": "µg", "mcg": "µg", "μg": "µg", "mililitro": "ml"}
_ONE_NAME |= {"litro": "l", "cc": "ml", "h": "hora", "minuto": "min", "vez": "vec", "veces": "vec", "mes": "mes"}
_WARNS = re.compile(
    r"\b(?:no|nunca|evit\w*|contraindica\w*|precauci\w*|riesgo\w*|peligr\w*|suspend\w*|desaconsej\w*|salvo|tampoco|abstener\w*)\b"
)
_SAYS_WHO = re.compile(
    r"\b(?:segun|de acuerdo con|las? fuentes?|el autor|la autora|los autores|tradicional\w*|la tradicion|el estudio"
    r"|un estudio|los estudios|un ensayo|los ensayos|la agencia|se (?:usa|emplea|utiliza)\w*"
    r"|se ha (?:usado|empleado|utilizado)|se atribuye\w*|refiere\w*|afirma\w*|sostiene\w*)\b|\[\d+\]"
)
_ABSTAINS = re.compile(
    r"\bno (?:lo )?(?:se|consta\w*|dispongo|tengo|hay|existe\w*|encuentro|conozco|figura\w*|aparece\w*|puedo)\b"
    r"|\b(?:desconozco|sin informacion|no es una planta conocida)\b|el corpus no lo dice"
)
# Strata in which each of them is asked for.
_WARNED_IN = ("contraindication", "interaction")
_SAID_IN = ("use", "evidence")
# So much of the reference's words names the same danger.
_NAMED = 0.5
_STOP = frozenset(
    re.findall(
        r"\w+",
        "a al con de del el en es la las lo los o para por que se su sus un una unos unas y no si debe deben puede"
        " pueden tomar tomarse tome toma usar usarse durante caso",
    )
)


def folded(text: str) -> str:
    """Lower case without accents."""
    return "".join(c for c in unicodedata.normalize("NFD", text.lower()) if not unicodedata.combining(c))


def words(text: str) -> list[str]:
    return re.findall(r"\w+", folded(text))


def token_f1(said: str, reference: str) -> float:
    """Harmonic mean of precision and recall over the words that both have, as often as both have them."""
    a, b = Counter(words(said)), Counter(words(reference))
    both = (a & b).total()
    return 2 * both / (a.total() + b.total()) if both else 0.0


def quantities(text: str) -> set[tuple[str, ...]]:
    """Every number with its unit, under one name for each unit."""
    plain = re.sub(rf"\b({'|'.join(_NUMBERS)})\b(?=\s+(?:{_UNIT})\b)", lambda m: _NUMBERS[m[1]], folded(text))
    found: set[tuple[str, ...]] = set()
    for first, last, unit in _QUANTITY.findall(plain):
        name = _ONE_NAME.get(unit, unit.rstrip("s"))
        found.add((_number(first), _number(last) if last else "", _ONE_NAME.get(name, name)))
    return found


def _number(text: str) -> str:
    """1.000 and 1000 are one number, 1,50 and 1.5 another."""
    if re.fullmatch(r"\d{1,3}(?:\.\d{3})+", text):
        text = text.replace(".", "")
    text = text.replace(",", ".")
    return text.rstrip("0").rstrip(".") if "." in text else text


def dose(said: str, reference: str) -> bool | None:
    """Every quantity of the reference stands there and no other; None where the reference has none."""
    wanted = quantities(reference)
    return quantities(said) == wanted if wanted else None


def warned(said: str, reference: str) -> bool:
    """The answer warns, of what the reference warns of."""
    named = set(words(reference)) - _STOP
    there = named & set(words(said))
    return bool(_WARNS.search(folded(said))) and len(there) >= _NAMED * len(named)


def attributed(said: str) -> bool:
    """The answer names who says so."""
    return bool(_SAYS_WHO.search(folded(said)))


def abstained(said: str) -> bool:
    """The answer says that it does not know."""
    return bool(_ABSTAINS.search(folded(said)))


Similar = Callable[[Sequence[tuple[str, str]]], list[float]]


def table(
    questions: Sequence[Question], answers: Sequence[str], similar: tuple[str, Similar] | None = None
) -> dict[str, Any]:
    """Every score with its interval and how many answers it is of; an empty answer is wrong in each."""
    found: dict[str, list[float]] = {}
    known = [(one, said) for one, said in zip(questions, answers, strict=True) if one.category != ABSTENTION]
    for one, said in zip(questions, answers, strict=True):
        reference = one.reference or ""
        if one.category == ABSTENTION:
            found.setdefault("abstention", []).append(abstained(said))
            continue
        found.setdefault("token_f1", []).append(token_f1(said, reference))
        if (exact := dose(said, reference)) is not None:
            found.setdefault("dose_verbatim", []).append(exact)
        if one.category in _WARNED_IN:
            found.setdefault("contraindication_present", []).append(warned(said, reference))
        if one.category in _SAID_IN:
            found.setdefault("attribution", []).append(attributed(said))
    if similar is not None and known:
        name, score = similar
        found[f"similarity:{name}"] = score([(said, one.reference or "") for one, said in known])
    return {
        "questions": len(questions),
        "empty": sum(not said.strip() for said in answers),
        "scores": {name: {**scores.mean(many)._asdict(), "questions": len(many)} for name, many in found.items()},
    }


def embedder(place: str) -> Similar:
    """Cosine of mean-pooled last states (Reimers and Gurevych 2019, arXiv:1908.10084) of a model that is named.

    Raises ConfigError where it cannot be loaded.
    """
    import torch
    from transformers import AutoModel, AutoTokenizer

    try:
        model, tokenizer = AutoModel.from_pretrained(place).eval(), AutoTokenizer.from_pretrained(place)
    except (OSError, ValueError) as error:
        said = str(error).strip().splitlines()[0]
        raise ConfigError(f"the embedder {place} cannot be loaded: {said}", "name a Hub id or a folder") from error
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token

    def vectors(texts: Sequence[str]) -> Any:
        found = tokenizer(
            [one or " " for one in texts], return_tensors="pt", padding=True, truncation=True, max_length=512
        )
        with torch.inference_mode():
            states = model(input_ids=found["input_ids"], attention_mask=found["attention_mask"]).last_hidden_state
        mask = found["attention_mask"].unsqueeze(-1)
        return torch.nn.functional.normalize((states * mask).sum(1) / mask.sum(1).clamp(min=1), dim=-1)

    def similar(pairs: Sequence[tuple[str, str]]) -> list[float]:
        scored: list[float] = []
        for at in range(0, len(pairs), 16):
            part = pairs[at : at + 16]
            both = vectors([one for one, _ in part]) * vectors([other for _, other in part])
            scored += both.sum(-1).tolist()
        return scored

    return similar
