"""Multiple choice by log-likelihood: the option whose letter the model finds likeliest, by lm-eval's own models.

A model on this machine (a folder, an adapter, a Hub id) is asked through lm-eval's `HFLM`, a server through its
`local-completions`: what is sent to both is the same. Predictions, their log-likelihoods and the hash of every prompt
are saved, so that scores can be computed again.
"""

from __future__ import annotations

import hashlib
import json
import os
import random
import resource
import time
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Protocol

from factory.errors import ConfigError, EngineDown
from factory.models import Profile, Turn
from trainer import scores
from trainer.exam import LETTERS, asked
from trainer.rows import Writer
from trainer.tasks import Question, Task

Retrieve = Callable[[str], str]
_BATCH = 8


class Backend(Protocol):
    """What is asked: the log-likelihood of each continuation behind its context, and how many tokens that took."""

    tokenizer: Any

    def loglikelihood(self, pairs: Sequence[tuple[str, str]]) -> list[float]: ...

    def tokens(self, text: str) -> int: ...


class _Lm:
    def __init__(self, lm: Any, tokenizer: Any) -> None:
        self.lm, self.tokenizer = lm, tokenizer

    def loglikelihood(self, pairs: Sequence[tuple[str, str]]) -> list[float]:
        from aiohttp import ClientError
        from lm_eval.api.instance import Instance

        requests = [Instance("loglikelihood", {}, pair, number) for number, pair in enumerate(pairs)]
        try:
            return [float(one[0]) for one in self.lm.loglikelihood(requests, disable_tqdm=True)]
        except (ClientError, OSError) as error:
            raise EngineDown(f"the server stopped answering: {error}", "start it and run the command again") from error

    def tokens(self, text: str) -> int:
        return len(self.tokenizer(text)["input_ids"])


def local(model: Any, tokenizer: Any, batch: int = _BATCH) -> Backend:
    """A loaded model (with or without an adapter)."""
    _installed()
    from lm_eval.models.huggingface import HFLM

    # The tokenizer adds the token that begins a text where the model has one.
    return _Lm(HFLM(pretrained=model, tokenizer=tokenizer, batch_size=batch), tokenizer)


def endpoint(url: str, name: str, tokenizer: str, context: int) -> Backend:
    """A server that speaks OpenAI's completions with log-probabilities of the prompt (vLLM, llama.cpp)."""
    _installed()
    from lm_eval.models.openai_completions import LocalCompletionsAPI
    from transformers import AutoTokenizer

    base = f"{url.rstrip('/').removesuffix('/v1')}/v1/completions"
    lm = LocalCompletionsAPI(
        base_url=base,
        model=name,
        tokenizer=tokenizer,
        tokenizer_backend="huggingface",
        # Where the tokenizer begins a text with a token, the loaded model sees it too.
        add_bos_token=True,
        max_length=context,
        num_concurrent=4,
        max_retries=3,
    )
    return _Lm(lm, AutoTokenizer.from_pretrained(tokenizer))


def _installed() -> None:
    try:
        import lm_eval  # noqa: F401
    except ImportError as error:
        raise ConfigError("lm-eval is not installed", "pip install 'corpus-factory[eval]'") from error


class Asked(NamedTuple):
    """One question's answer; `logs`: of each option's letter."""

    id: str
    right: int
    said: int
    logs: list[float]
    prompt_sha256: str
    category: str | None


def predict(
    task: Task,
    backend: Backend,
    profile: Profile,
    *,
    shots: int = 0,
    seed: int = 0,
    retrieve: Retrieve | None = None,
    say: Callable[[str], None] = lambda _: None,
) -> tuple[list[Asked], dict[str, Any]]:
    """The prediction for every question of a task, and what they cost."""
    writer = Writer(profile, backend.tokenizer)
    pairs: list[tuple[str, str]] = []
    prompts: list[str] = []
    for question in task.questions:
        prompt = writer.prompt(_turns(task, question, shots, seed, retrieve))
        prompts.append(prompt)
        pairs += [(prompt, writer.completion(letter)) for letter in LETTERS[: len(question.options)]]
    start, logs = time.monotonic(), []
    for at in range(0, len(pairs), 256):
        logs += backend.loglikelihood(pairs[at : at + 256])
        say(f"{task.name}: {min(at + 256, len(pairs)):,} of {len(pairs):,} options")
    seconds = time.monotonic() - start
    found, at = [], 0
    for question, prompt in zip(task.questions, prompts, strict=True):
        mine = logs[at : at + len(question.options)]
        at += len(question.options)
        best = max(range(len(mine)), key=lambda n: (mine[n], -n))
        digest = hashlib.sha256(prompt.encode()).hexdigest()[:16]
        found.append(Asked(question.id, question.right, best, mine, digest, question.category))
    count = sum(backend.tokens(prompt) for prompt in prompts)
    return found, {"seconds": round(seconds, 2), "tokens_per_second": round(count / seconds, 1), "peak_gib": _peak()}


def _turns(task: Task, question: Question, shots: int, seed: int, retrieve: Retrieve | None) -> list[Turn]:
    """Examples from the other questions of the set, then the question; passages of a corpus stand before it."""
    turns: list[Turn] = []
    if shots:
        draw = random.Random(f"{seed}/{question.id}")  # noqa: S311 - examples, no secrets
        others = [one for one in task.questions if one.id != question.id]
        for one in draw.sample(others, min(shots, len(others))):
            turns += [Turn("user", asked(one.text, one.options)), Turn("assistant", LETTERS[one.right])]
    text = asked(question.text, question.options)
    if retrieve is not None:
        text = f"{retrieve(question.text)}\n\n{text}"
    return [*turns, Turn("user", text)]


def _peak() -> float:
    import torch

    if torch.cuda.is_available():
        return round(torch.cuda.max_memory_allocated() / 2**30, 3)
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20, 3)


def saved(folder: str, task: Task, label: str, found: Sequence[Asked]) -> str:
    """`<folder>/<task>-<label>.jsonl`: a line a question."""
    os.makedirs(folder, exist_ok=True)
    path = os.path.join(folder, f"{task.name}-{label}.jsonl")
    with open(f"{path}.part", "w", encoding="utf-8") as file:
        file.writelines(json.dumps(one._asdict(), ensure_ascii=False) + "\n" for one in found)
    os.replace(f"{path}.part", path)
    return path


def reported(task: Task, runs: Sequence[Sequence[Asked]], baseline: Sequence[Asked] | None) -> dict[str, Any]:
    """The scores of a task over its seeds, and against a baseline."""
    first = runs[0]
    right, said = [one.right for one in first], [one.said for one in first]
    found: dict[str, Any] = {"task": task.name, "origin": task.origin, "sha256": task.sha256}
    found |= scores.table(right, said, [one.category for one in first])
    if len(runs) > 1:
        import numpy as np

        for name, score in (("accuracy", scores.accuracy), ("macro_f1", scores.macro_f1)):
            many = [score([one.right for one in run], [one.said for one in run]) for run in runs]
            found[f"{name}_seeds"] = {"mean": float(np.mean(many)), "sd": float(np.std(many, ddof=1)), "values": many}
    if baseline is not None:
        before = {one.id: one.said for one in baseline}
        both = [one for one in first if one.id in before]
        a, b, c = ([one.right for one in both], [one.said for one in both], [before[one.id] for one in both])
        found["against"] = {
            "questions": len(both),
            "gain": scores.paired(a, b, c)._asdict(),
            "mcnemar_p": scores.mcnemar(a, b, c),
        }
    return found


def page(title: str, results: Sequence[dict[str, Any]]) -> str:
    """One self-contained HTML file: a bar with its interval for each task, and the categories."""
    from html import escape

    parts = [f"<!doctype html><meta charset=utf-8><title>{escape(title)}</title><style>", _STYLE, "</style>"]
    parts.append(f"<h1>{escape(title)}</h1>")
    for one in results:
        parts.append(f"<h2>{escape(one['task'])} <small>{one['questions']} questions</small></h2><table>")
        for name in ("accuracy", "macro_f1"):
            value = one[name]
            parts.append(
                f"<tr><th>{name.replace('_', '-')}<td class=bar><i style='width:{value['value'] * 100:.1f}%'></i>"
                f"<b style='left:{one['majority'][name] * 100:.1f}%' title='majority'></b>"
                f"<td>{value['value']:.3f} <small>{value['low']:.3f} to {value['high']:.3f}</small>"
            )
        parts.append("</table>")
        if one["categories"]:
            parts.append("<table><tr><th>category<th>questions<th>accuracy<th>macro-F1")
            parts += [
                f"<tr><td>{escape(name)}<td>{part['questions']}<td>{part['accuracy']:.3f}<td>{part['macro_f1']:.3f}"
                for name, part in one["categories"].items()
            ]
            parts.append("</table>")
    return "".join(parts)


_STYLE = (
    "body{font:16px system-ui;max-width:50rem;margin:2rem auto;padding:0 1rem}table{border-collapse:collapse}"
    "th{text-align:left}td,th{padding:.2rem .8rem .2rem 0}.bar{position:relative;width:18rem;background:#eee}"
    ".bar i{position:absolute;left:0;top:0;bottom:0;background:#2a6}.bar b{position:absolute;top:-2px;bottom:-2px;"
    "border-left:2px solid #000}small{color:#666}"
)
