"""Continued pre-training with replay: tokens of a general corpus mixed in, exact to the token.

Meditron states 1 % of replay (arXiv:2311.16079). Mixtures by sampling rates lose domain rows or miss the share, so the
documents are tokenised here and taken in the order of a hash until the share is full; the last one is cut.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any, NamedTuple

from factory.errors import ConfigError


class Mixture(NamedTuple):
    """`rows`: `input_ids` of each document, its end token last; the domain's all of them, the replayed ones behind."""

    rows: list[dict[str, Any]]
    domain_tokens: int
    replay_tokens: int

    @property
    def share(self) -> float:
        return self.replay_tokens / max(1, self.replay_tokens + self.domain_tokens)


def mixed(domain: Iterable[str], replay: Iterable[str], share: float, tokenizer: Any, seed: int = 0) -> Mixture:
    """All of the domain's documents and as many tokens of the others as make up `share`.

    Raises ConfigError where the others have too few tokens: none is ever repeated.
    """
    rows = [{"input_ids": _ids(text, tokenizer)} for text in domain]
    count = sum(len(row["input_ids"]) for row in rows)
    if not share:
        return Mixture(rows, count, 0)
    wanted = round(count * share / (1 - share))
    taken = 0
    for text in sorted(replay, key=lambda text: hashlib.sha256(f"{seed}\n{text}".encode()).digest()):
        if taken == wanted:
            break
        ids = _ids(text, tokenizer)[: wanted - taken]
        taken += len(ids)
        rows.append({"input_ids": ids})
    if taken < wanted:
        raise ConfigError(
            f"replay of {share:.2%} wants {wanted:,} tokens, and the general corpus has {taken:,}",
            "give more of it (replay = …), or a smaller replay_share",
        )
    return Mixture(rows, count, taken)


def _ids(text: str, tokenizer: Any) -> list[int]:
    ids = list(tokenizer(text)["input_ids"])
    return ids if ids and ids[-1] == tokenizer.eos_token_id else [*ids, tokenizer.eos_token_id]
