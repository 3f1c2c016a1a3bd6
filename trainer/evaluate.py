"""Multiple choice and pairs by log-likelihood, open prompts as the model writes them, all by lm-eval's own models.

Of multiple choice the option whose letter the model finds likeliest is its answer; of a pair the answer that is
likelier for each of its tokens.

A model on this machine (a folder, an adapter, a Hub id) is asked through lm-eval's `HFLM`, a server through its
`local-completions`: what is sent to both is the same. Predictions, their log-likelihoods and the hash of every prompt
are saved, so that scores can be computed again.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import math
import os
import random
import resource
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any, NamedTuple, Protocol

from factory.errors import ConfigError, EngineDown
from factory.models import Profile, Turn
from trainer import opened, scores
from trainer.exam import LETTERS, asked
from trainer.rows import Writer
from trainer.tasks import Question, Task

Retrieve = Callable[[str], str]
_BATCH = 8
# The names of what an evaluation costs, beside its scores.
COSTS = ("seconds", "tokens_per_second", "peak_gib")


class Backend(Protocol):
    """What is asked: the log-likelihood of each continuation behind its context, and how many tokens that took."""

    tokenizer: Any

    def loglikelihood(self, pairs: Sequence[tuple[str, str]]) -> list[float]: ...

    def generate(self, prompts: Sequence[str], most: int, until: Sequence[str]) -> list[str]: ...

    def tokens(self, text: str) -> int: ...


class _Lm:
    def __init__(self, lm: Any, tokenizer: Any) -> None:
        self.lm, self.tokenizer = lm, tokenizer

    def loglikelihood(self, pairs: Sequence[tuple[str, str]]) -> list[float]:
        from lm_eval.api.instance import Instance

        requests = [Instance("loglikelihood", {}, pair, number) for number, pair in enumerate(pairs)]
        with _answering():
            return [float(one[0]) for one in self.lm.loglikelihood(requests, disable_tqdm=True)]

    def generate(self, prompts: Sequence[str], most: int, until: Sequence[str]) -> list[str]:
        """What the model writes behind each prompt, always its likeliest token, `most` of them at most."""
        from lm_eval.api.instance import Instance

        told = {"until": list(until), "max_gen_toks": most, "do_sample": False, "temperature": 0.0}
        requests = [Instance("generate_until", {}, (one, dict(told)), number) for number, one in enumerate(prompts)]
        with _answering():
            return [str(one).strip() for one in self.lm.generate_until(requests, disable_tqdm=True)]

    def tokens(self, text: str) -> int:
        return len(self.tokenizer(text)["input_ids"])


@contextlib.contextmanager
def _answering() -> Iterator[None]:
    """Raises EngineDown where a server stops answering."""
    from aiohttp import ClientError

    try:
        yield
    except (TypeError, KeyError, IndexError) as error:
        said = "the server's answer has no log-probabilities of the prompt, or no text"
        raise EngineDown(said, "it must speak OpenAI's completions with echo and logprobs, as vLLM does") from error
    except (ClientError, OSError) as error:
        raise EngineDown(f"the server stopped answering: {error}", "start it and run the command again") from error


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
    """Raises ConfigError. What lm-eval says of how it is used is not for who uses us."""
    import logging

    logging.getLogger("lm_eval").setLevel(logging.ERROR)
    try:
        import lm_eval  # noqa: F401
    except ImportError as error:
        raise ConfigError("lm-eval is not installed", "pip install 'corpus-factory[eval]'") from error


class Asked(NamedTuple):
    """One question's answer; `logs`: of each option's letter, or of each answer of a pair for each of its tokens.

    `text`: what was written, of an open prompt.
    """

    id: str
    right: int
    said: int
    logs: list[float]
    prompt_sha256: str
    category: str | None
    group: str | None = None
    text: str | None = None


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
        if task.kind == "pairs":
            prompt, options = _conversation(writer, question), question.options
        else:
            prompt = writer.prompt(_turns(task, question, shots, seed, retrieve))
            options = tuple(LETTERS[: len(question.options)])
        prompts.append(prompt)
        pairs += [(prompt, writer.completion(option)) for option in options]
    start, logs = time.monotonic(), []
    for at in range(0, len(pairs), 256):
        logs += backend.loglikelihood(pairs[at : at + 256])
        say(f"{task.name}: {min(at + 256, len(pairs)):,} of {len(pairs):,} options")
    seconds = time.monotonic() - start
    if task.kind == "pairs":
        logs = [log / _length(backend, *pair) for log, pair in zip(logs, pairs, strict=True)]
    found, at = [], 0
    for question, prompt in zip(task.questions, prompts, strict=True):
        mine = logs[at : at + len(question.options)]
        at += len(question.options)
        best = max(range(len(mine)), key=lambda n: (mine[n], -n))
        if not all(map(math.isfinite, mine)) or (task.kind == "pairs" and mine[0] == mine[1]):
            # A model that diverged, or that prefers neither, says nothing.
            best = scores.NONE
        digest = hashlib.sha256(prompt.encode()).hexdigest()[:16]
        found.append(Asked(question.id, question.right, best, mine, digest, question.category, question.group))
    count = sum(backend.tokens(prompt) for prompt in prompts)
    return found, _cost(count, seconds)


def write(
    task: Task,
    backend: Backend,
    profile: Profile,
    *,
    most: int = 256,
    retrieve: Retrieve | None = None,
    say: Callable[[str], None] = lambda _: None,
) -> tuple[list[Asked], dict[str, Any]]:
    """What the model writes for every open prompt of a task, and what it cost: tokens written a second."""
    writer = Writer(profile, backend.tokenizer)
    prompts = [writer.prompt(_turns(task, question, 0, 0, retrieve)) for question in task.questions]
    start, texts = time.monotonic(), []
    for at in range(0, len(prompts), 32):
        texts += backend.generate(prompts[at : at + 32], most, writer.ends())
        say(f"{task.name}: {min(at + 32, len(prompts)):,} of {len(prompts):,} answers written")
    seconds = time.monotonic() - start
    found = []
    for question, prompt, text in zip(task.questions, prompts, texts, strict=True):
        digest = hashlib.sha256(prompt.encode()).hexdigest()[:16]
        found.append(Asked(question.id, 0, scores.NONE, [], digest, question.category, question.group, text))
    return found, _cost(sum(backend.tokens(text) for text in texts), seconds)


def answers(backend: Backend, profile: Profile, questions: Sequence[str], most: int = 256) -> list[str]:
    """What the model writes to each question, as a conversation of one turn."""
    writer = Writer(profile, backend.tokenizer)
    return backend.generate([writer.prompt([Turn("user", one)]) for one in questions], most, writer.ends())


def _cost(tokens: int, seconds: float) -> dict[str, Any]:
    speed = round(tokens / seconds, 1) if seconds else None
    return {"seconds": round(seconds, 2), "tokens_per_second": speed, "peak_gib": _peak()}


def _conversation(writer: Writer, question: Question) -> str:
    """What stands before the two answers of a pair, as it is trained on."""
    said = [{"role": role, "content": text} for role, text in question.turns]
    return writer.prompt(*writer.turns(said))


def _length(backend: Backend, prompt: str, answer: str) -> int:
    return max(1, backend.tokens(prompt + answer) - backend.tokens(prompt))


def _turns(task: Task, question: Question, shots: int, seed: int, retrieve: Retrieve | None) -> list[Turn]:
    """Examples from the other questions of the set, then the question; passages of a corpus stand before it."""
    turns: list[Turn] = []
    if shots:
        draw = random.Random(f"{seed}/{question.id}")  # noqa: S311 - examples, no secrets
        mine = question.group or question.id
        # No example of the same case, and none whose answer is one of these options.
        taken = set(question.options)
        others = [
            one
            for one in task.questions
            if (one.group or one.id) != mine and not (one.options and one.options[one.right] in taken)
        ]
        for one in draw.sample(others, min(shots, len(others))):
            turns += [Turn("user", asked(one.text, one.options)), Turn("assistant", LETTERS[one.right])]
    text = asked(question.text, question.options) if question.options else question.text
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


def reported(
    task: Task,
    runs: Sequence[Sequence[Asked]],
    baseline: Sequence[Asked] | None,
    *,
    seen: Collection[str] | None = None,
    similar: tuple[str, opened.Similar] | None = None,
    judge: opened.Judge | None = None,
) -> dict[str, Any]:
    """The scores of a task over its seeds, and against a baseline.

    `seen`: the questions that stand in what the model was trained on; the scores of the others are the clean ones.
    """
    first = runs[0]
    found: dict[str, Any] = {"task": task.name, "kind": task.kind, "origin": task.origin, "sha256": task.sha256}
    clean = None if seen is None else [(one.group or one.id) not in seen for one in first]
    if task.kind == "open":
        texts = [one.text or "" for one in first]
        found |= opened.table(task.questions, texts, similar, judge)
        if clean is not None:
            kept = [number for number, is_clean in enumerate(clean) if is_clean]
            found["clean"] = opened.table([task.questions[n] for n in kept], [texts[n] for n in kept], similar, judge)
        return found
    found |= _table(first)
    if clean is not None:
        kept_rows = [one for one, is_clean in zip(first, clean, strict=True) if is_clean]
        found["clean"] = _table(kept_rows) if kept_rows else {"questions": 0}
    if len(runs) > 1:
        import numpy as np

        for name, score in (("accuracy", scores.accuracy), ("macro_f1", scores.macro_f1)):
            many = [score([one.right for one in run], [one.said for one in run]) for run in runs]
            found[f"{name}_seeds"] = {"mean": float(np.mean(many)), "sd": float(np.std(many, ddof=1)), "values": many}
    if baseline is not None:
        found["against"] = _against(first, baseline)
    return found


def _table(asked_: Sequence[Asked]) -> dict[str, Any]:
    right, said = [one.right for one in asked_], [one.said for one in asked_]
    return scores.table(right, said, [one.category for one in asked_], groups=[one.group for one in asked_])


def _against(first: Sequence[Asked], baseline: Sequence[Asked]) -> dict[str, Any]:
    """On the questions that both were asked; McNemar takes one order of each case: draws must be independent."""
    before = {one.id: one.said for one in baseline}
    both = [one for one in first if one.id in before]
    a, b, c = ([one.right for one in both], [one.said for one in both], [before[one.id] for one in both])
    one_each = list(_one_of_each(both))
    prompts = {one.id: one.prompt_sha256 for one in baseline}
    return {
        "questions": len(both),
        "same_prompts": sum(one.prompt_sha256 == prompts[one.id] for one in both),
        "gain": scores.paired(a, b, c, groups=[one.group for one in both])._asdict(),
        "mcnemar_p": scores.mcnemar([a[n] for n in one_each], [b[n] for n in one_each], [c[n] for n in one_each]),
    }


def _one_of_each(both: Sequence[Asked]) -> Iterator[int]:
    """The place of each question, and of one order of each case: by its hash, so that the right answer is anywhere."""
    groups: dict[str, list[int]] = {}
    for number, one in enumerate(both):
        groups.setdefault(one.group or f"#{number}", []).append(number)
    for name, numbers in groups.items():
        yield numbers[int(hashlib.sha256(name.encode()).hexdigest(), 16) % len(numbers)]


def page(title: str, results: Sequence[dict[str, Any]]) -> str:
    """One self-contained HTML file: a bar with its interval for each task, and the categories."""
    from html import escape

    parts = [f"<!doctype html><meta charset=utf-8><title>{escape(title)}</title><style>", STYLE, "</style>"]
    parts.append(f"<h1>{escape(title)}</h1>")
    for one in results:
        parts.append(f"<h2>{escape(one['task'])} <small>{one['questions']} questions</small></h2><table>")
        for name, value, mark in _bars(one):
            parts.append(
                f"<tr><th>{escape(name)}<td class=bar><i style='width:{max(0.0, value['value']) * 100:.1f}%'></i>{mark}"
                f"<td>{value['value']:.3f} <small>{value['low']:.3f} to {value['high']:.3f}</small>"
            )
        parts.append("</table>")
        if one.get("categories"):
            parts.append("<table><tr><th>category<th>questions<th>accuracy<th>macro-F1")
            parts += [
                f"<tr><td>{escape(name)}<td>{part['questions']}<td>{part['accuracy']:.3f}<td>{part['macro_f1']:.3f}"
                for name, part in one["categories"].items()
            ]
            parts.append("</table>")
        parts += [f"<p>{escape(said)}</p>" for said in told(one)]
        if "clean" in one:
            parts.append(f"<p>Without what stands in the training rows: {escape(_clean(one['clean']))}</p>")
    return "".join(parts)


def _bars(one: dict[str, Any]) -> Iterator[tuple[str, dict[str, float], str]]:
    """The scores of a task with their names, and where the commonest answer alone would be."""
    if one["kind"] == "open":
        for name, value in one["scores"].items():
            yield name.replace("_", " "), value, ""
        return
    for name in measured(one):
        mark = (
            f"<b style='left:{one['majority'][name] * 100:.1f}%' title='majority'></b>"
            if one["kind"] == "choice"
            else ""
        )
        yield name.replace("_", "-"), one[name], mark


def measured(one: dict[str, Any]) -> tuple[str, ...]:
    """Which numbers say something of a task: the right answer of a pair has no place, and so no macro-F1."""
    return ("accuracy",) if one["kind"] == "pairs" else ("accuracy", "macro_f1")


def told(one: dict[str, Any]) -> Iterator[str]:
    """Sentences on a task: over seeds, against a baseline, what no option was said for."""
    for name in ("accuracy", "macro_f1"):
        if f"{name}_seeds" in one:
            many = one[f"{name}_seeds"]
            yield f"{name.replace('_', '-')} over {len(many['values'])} draws: {many['mean']:.3f} ± {many['sd']:.3f}"
    if one.get("not_parsed"):
        yield f"{one['not_parsed']} without an answer"
    if "against" in one:
        gain = one["against"]["gain"]
        yield (
            f"against the baseline: {gain['value']:+.3f} ({gain['low']:+.3f} to {gain['high']:+.3f}), McNemar"
            f" p = {one['against']['mcnemar_p']:.3g}"
        )
        other = one["against"]["questions"] - one["against"]["same_prompts"]
        if other:
            yield f"the baseline was asked {other} of {one['against']['questions']} questions in other words"


def _clean(part: dict[str, Any]) -> str:
    said = [f"{part['questions']} questions"]
    if "scores" in part:
        said += [f"{name} {value['value']:.3f}" for name, value in part["scores"].items()]
    elif "accuracy" in part:
        said.append(f"accuracy {part['accuracy']['value']:.3f}")
    return ", ".join(said)


STYLE = (
    "body{font:16px system-ui;max-width:50rem;margin:2rem auto;padding:0 1rem}table{border-collapse:collapse}"
    "th{text-align:left}td,th{padding:.2rem .8rem .2rem 0}.bar{position:relative;width:18rem;background:#eee}"
    ".bar i{position:absolute;left:0;top:0;bottom:0;background:#2a6}.bar b{position:absolute;top:-2px;bottom:-2px;"
    "border-left:2px solid #000}small{color:#666}"
)
