"""Recipes of questions over real builds: evidence verified in the source, books, loading, training's own preparation."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from factory.asked import chi_square, length_only
from factory.cli.building import remembered
from factory.errors import ConfigError
from factory.questions.case import Case
from factory.questions.exam import of_exam
from factory.questions.gates import check
from factory.questions.judge import Source
from factory.questions_of import paragraphs_of_question
from factory.readers import casimedicos
from factory.record import assemble, doc_id, sha256, split_of
from factory.store import open_store, read_json, write_json
from tests.command import PROSE, json_lines, ok, run, tree
from tests.questions.test_gates import PASSAGE

RECIPES = ("medical_es_qa", "natural_es_qa", "natural_youtube_es_qa", "preferences_es")
PROJECT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The samples with every recipe of questions built by the template lane."""
    folder = tmp_path_factory.mktemp("asked") / "home"
    ok("ingest", PROJECT / "samples/sources.toml", "-q", home=folder)
    ok("synth-qa", "-q", "--sources", PROJECT / "samples/sources.toml", home=folder)
    return folder


def rows(home: Path, recipe: str, config: str) -> list[dict[str, Any]]:
    files = sorted((home / f"datasets/{recipe}/data/{config}").glob("*.parquet"))
    return [row for file in files for row in pq.read_table(file).to_pylist()]


def texts(home: Path) -> dict[tuple[str, str], dict[str, Any]]:
    """The published texts, by Document and hash."""
    found = {}
    for recipe in ("medical_es", "natural_es"):
        for row in rows(home, recipe, "text"):
            found[row["doc_id"], row["text_sha256"]] = row
    return found


def every(home: Path) -> list[tuple[str, str, dict[str, Any]]]:
    return [
        (recipe, config, row)
        for recipe in RECIPES
        for config in ("qa", "mcq", "dialogue", "patient", "discharge", "preference")
        for row in rows(home, recipe, config)
    ]


def test_evidence_stands_in_the_published_text(home: Path) -> None:
    """Of every row, kind and recipe: the quote is the text at its offsets, its page or second that of its paragraph."""
    known = texts(home)
    count = 0
    for _, _, row in every(home):
        source = known[row["doc_id"], row["text_sha256"]]
        assert row["evidence"]
        for one in row["evidence"]:
            count += 1
            assert source["text"][one["start"] : one["end"]] == one["quote"]
            span = next(s for s in reversed(source["spans"]) if s["start"] <= one["start"])
            assert (one["page"], one["start_seconds"]) == (span["page"], span["start_seconds"])
        assert row["licence_source"] == source["licence"]
        assert row["split"] == source["split"]
    assert count > 150


def test_every_recipe_has_rows_of_every_kind_that_its_sources_offer(home: Path) -> None:
    """Questions, choices, conversations, texts for patients and pairs from the samples, without a model."""
    counts = Counter((recipe, config) for recipe, config, _ in every(home))
    for recipe in RECIPES[:2]:
        assert counts[recipe, "qa"] >= 20
        assert counts[recipe, "mcq"] >= 3
        assert counts[recipe, "dialogue"] >= 3
        assert counts[recipe, "patient"] >= 4
    assert counts["natural_youtube_es_qa", "qa"] >= 3
    assert counts["preferences_es", "preference"] >= 40


def test_accepted_rows_pass_the_gates_again(home: Path) -> None:
    """By the function that notebooks have, over the published text."""
    known = texts(home)
    for recipe in RECIPES[:3]:
        for row in rows(home, recipe, "qa"):
            source = known[row["doc_id"], row["text_sha256"]]
            quotes = [one["quote"] for one in row["evidence"]]
            above = f"{row['section'] or ''}\n{row['title'] or ''}"
            natural = row["tradition"] in ("natural", "traditional", "alternative")
            case = Case(source["text"], row["question"], row["answer"], quotes, above, natural)
            assert {k: v for k, v in check(case).items() if k != "contraindication"} == {}


def test_a_second_run_adds_nothing(home: Path) -> None:
    """The same bytes, and it says so."""
    before = tree(home)
    done = run("synth-qa", "--json", "--sources", PROJECT / "samples/sources.toml", home=home)
    assert done.returncode == 0, done.stderr
    said = [json.loads(line) for line in done.stdout.splitlines()]
    assert [one["nothing_to_do"] for one in said] == [True] * len(RECIPES)
    assert tree(home) == before


def test_the_books_balance(home: Path) -> None:
    """Passages and rows of each stage, and Documents: each ended once."""
    for recipe in RECIPES:
        last = json.loads((home / f"datasets/{recipe}.json").read_text())["result"]
        for stage in last["stages"]:
            passages, questions = stage["passages"], stage["questions"]
            assert passages["in"] == sum(n for name, n in passages.items() if name != "in")
            assert questions.get("proposed", 0) == sum(n for name, n in questions.items() if name != "proposed")
        items = last["items"]
        ended = sum(sum(items[how].values()) for how in ("rejected", "failed", "skipped", "pending"))
        assert items["in"] == items["accepted"] + ended


def test_choices_are_in_headqas_layout_with_one_key(home: Path) -> None:
    """`ra` names the key among four answers; the others are refused by a gate; the places are even."""
    known = texts(home)
    found = [row for recipe in RECIPES[:3] for row in rows(home, recipe, "mcq")]
    assert len(found) > 8
    places = Counter(str(row["ra"]) for row in found)
    for row in found:
        assert [one["aid"] for one in row["answers"]] == [1, 2, 3, 4]
        key = row["answers"][row["ra"] - 1]["atext"]
        others = [one["atext"] for one in row["answers"] if one["aid"] != row["ra"]]
        assert key not in others
        assert len(set(others)) == 3
        median = sorted(map(len, others))[1]
        assert 0.5 <= len(key) / median <= 2
        if row["question_type"] != "term":
            source = known[row["doc_id"], row["text_sha256"]]
            quotes = [one["quote"] for one in row["evidence"]]
            natural = row["tradition"] in ("natural", "traditional", "alternative")
            above = f"{row['section'] or ''}\n{row['title'] or ''}"
            for option in others:
                assert check(Case(source["text"], row["qtext"], option, quotes, above, natural)), option
    value = chi_square(places)
    assert value is not None
    assert value < 11.34  # the 1 % bound of three degrees


def test_pairs_fail_what_they_name_and_lengths_tell_nothing(home: Path) -> None:
    """Every rejected answer fails its gate, every chosen passes all; no kind has more than a quarter, lengths are even."""
    known = texts(home)
    found = rows(home, "preferences_es", "preference")
    kinds = Counter(row["corruption"] for row in found)
    assert max(kinds.values()) <= 0.25 * len(found) + 1, kinds
    lengths: Counter[str] = Counter()
    for row in found:
        source = known[row["doc_id"], row["text_sha256"]]
        quotes = [one["quote"] for one in row["evidence"]]
        natural = row["tradition"] in ("natural", "traditional", "alternative")
        chosen, rejected = row["chosen"][0]["content"], row["rejected"][0]["content"]
        question = row["prompt"][0]["content"]
        above = f"{row['section'] or ''}\n{row['title'] or ''}"
        assert row["fails"] in check(Case(source["text"], question, rejected, quotes, above, natural))
        good = check(Case(source["text"], question, chosen, quotes, above, natural))
        assert {k: v for k, v in good.items() if k != "contraindication"} == {}
        assert 0.8 <= row["length_ratio"] <= 1.25
        lengths["longer" if len(chosen) > len(rejected) else "shorter" if len(chosen) < len(rejected) else "equal"] += 1
    accuracy = length_only(lengths)
    assert accuracy is not None
    assert 0.45 <= accuracy <= 0.55


_UNITS = frozenset(
    [
        "mg",
        "g",
        "µg",
        "mcg",
        "kg",
        "ml",
        "l",
        "cm",
        "mm",
        "m",
        "gramos",
        "miligramos",
        "microgramos",
        "mililitros",
        "litros",
        "días",
        "meses",
        "años",
        "minutos",
    ]
) | {"segundos", "horas", "semanas"}
_NUMBERS = frozenset(
    [
        "dos",
        "tres",
        "cuatro",
        "cinco",
        "seis",
        "siete",
        "ocho",
        "nueve",
        "diez",
        "once",
        "doce",
        "quince",
        "veinte",
        "treinta",
        "cuarenta",
        "cincuenta",
        "sesenta",
    ]
) | {"ochenta", "noventa"}


def agrees(kind: str, chosen: str, rejected: str) -> bool:
    """Whether the two differ as the label says: by words alone, without any gate or list of the factory."""
    ours, theirs = (re.findall(r"[^\W_]+|[%‰]", text.lower()) for text in (chosen, rejected))
    gone = list((Counter(ours) - Counter(theirs)).elements())
    new = list((Counter(theirs) - Counter(ours)).elements())
    numbers = [w for w in (*gone, *new) if w[0].isdigit() or w in _NUMBERS]
    units = [w for w in (*gone, *new) if w in _UNITS]
    if kind == "dose":
        return bool(numbers) and set(gone + new) == set(numbers)
    if kind == "unit":
        return bool(units) and set(gone + new) == set(units)
    if kind == "negation":
        return sorted(gone + new) == ["no"]
    if kind == "entity":
        return 1 <= len(set(gone)) <= 3 and 1 <= len(set(new)) <= 3 and not numbers and "no" not in gone + new
    if kind == "contraindication":
        warns = r"\b(?:no|evit\w+|desaconseja\w*|contraindicad\w+|precaución|consult\w+)\b"
        return not new and re.search(warns, " ".join(gone)) is not None
    if kind == "overclaim":
        promise = (
            r"\b(?:cura|nunca|siempre|infalible|milagroso|garantiza\w*|segur\w|inofensivo|100|riesgos?|funciona)\b"
        )
        promise += r"|\bsecundarios?\b|\bdemostrado\b"
        doubt = r"\b(?:pueden?|podrían?|sugieren|indican|cree|muestran|señalan)\b"
        return re.search(promise, " ".join(new)) is not None or re.search(doubt, " ".join(gone)) is not None
    return False


def test_a_second_check_agrees_on_the_labels(home: Path) -> None:
    """By words alone: 95 % of the rejected answers differ from the chosen as their label says."""
    found = rows(home, "preferences_es", "preference")
    wrong = [
        (row["corruption"], row["chosen"][0]["content"], row["rejected"][0]["content"])
        for row in found
        if not agrees(row["corruption"], row["chosen"][0]["content"], row["rejected"][0]["content"])
    ]
    assert len(wrong) <= 0.05 * len(found), wrong


def test_no_work_is_on_two_sides_of_a_split(home: Path) -> None:
    """All recipes joined: texts, questions and pairs of one work share a split."""
    splits: dict[str, set[str]] = {}
    for row in texts(home).values():
        splits.setdefault(row["work_id"], set()).add(row["split"])
    for _, _, row in every(home):
        splits.setdefault(row["work_id"], set()).add(row["split"])
    assert len(splits) > 10
    assert every(home)
    assert [work for work, found in splits.items() if len(found) > 1] == []


def test_options_do_not_give_the_key_away(home: Path) -> None:
    """Who has not read the source: the option most like the others is the key no more often than one of four, or so."""
    found = [row for recipe in RECIPES[:3] for row in rows(home, recipe, "mcq") if row["question_type"] != "term"]
    right = 0.0
    for row in found:
        options = [set(re.findall(r"\w+", one["atext"].lower())) for one in row["answers"]]
        alike = [round(sum(len(a & b) / len(a | b) for b in options), 6) for a in options]
        best = [number for number, score in enumerate(alike, 1) if score >= max(alike) - 0.02]
        right += (row["ra"] in best) / len(best)
    assert right / len(found) < 0.4


def herb(number: int) -> str:
    return (
        f"# Boldo, cuaderno {number}\n\n## Boldo\n\nEl boldo es un árbol de hojas duras que crece en los "
        f"cerros de Chile.\n\n"
        "### Usos\n\nEl boldo se usa tradicionalmente para las digestiones pesadas, según la fuente. No debe "
        "tomarse en el embarazo.\n\n"
        "### Dosis\n\nSegún la monografía, de 1 a 2 g de hoja del boldo en 150 ml de agua, hasta 3 veces al "
        "día. No debe tomarse en el embarazo.\n\n"
        "### Contraindicaciones\n\nEl boldo no debe tomarse con piedras en la vesícula ni con enfermedades "
        "graves del hígado.\n\n"
        "### Interacciones\n\nEl boldo puede aumentar el efecto de la warfarina, y hay que avisar al médico "
        "antes de tomarlo.\n"
    )  # fmt: skip


def test_the_evaluation_set_comes_from_held_out_documents_only(tmp_path: Path) -> None:
    """A Document of the eval split gives choices and open prompts in strata; pairs and training never see it."""
    number = next(n for n in range(2000) if split_of(doc_id("herbs", sha256(herb(n)))) == "eval")
    (tmp_path / "eval.md").write_text(herb(number))
    (tmp_path / "train.md").write_text(
        f"# Manzanilla\n\n{PROSE}\nLa manzanilla es una planta de flores blancas que crece en los caminos.\n"
    )
    home = tmp_path / "home"
    said = ("--source", "herbs", "--language", "es", "--tradition", "natural", "--licence", "CC0-1.0")
    ok("ingest", tmp_path / "eval.md", tmp_path / "train.md", *said, "-q", home=home)
    ok("synth-qa", "natural_es_eval", "preferences_es", "-q", home=home)
    found = rows(home, "natural_es_eval", "open") + rows(home, "natural_es_eval", "mcq")
    assert found
    assert {row["split"] for row in found} == {"eval"}
    assert {"use", "dose", "contraindication"} <= {row["stratum"] for row in found}
    pairs = rows(home, "preferences_es", "preference")
    assert pairs
    assert all(row["split"] != "eval" for row in pairs)


def test_inspect_shows_the_source_with_its_evidence(home: Path) -> None:
    """The quote stands between marks within its paragraph; a video has its second; JSON has the offsets."""
    shown = ok("inspect", "natural_youtube_es_qa", "--limit", "3", home=home)
    assert "»" in shown
    assert " s]" in shown
    row = json.loads(ok("inspect", "natural_es_qa", "--json", "--limit", "1", home=home))
    one = row["evidence"][0]
    assert len(one["quote"]) == one["end"] - one["start"]
    by_id = ok("inspect", "natural_es_qa", row["id"][:10], home=home)
    assert row["question"] in by_id
    dropped = ok("inspect", "natural_es_qa", "--dropped", "quarantined", home=home)
    assert "quarantined:" in dropped
    wrong = run("inspect", "natural_es_qa", "--dropped", "nothing_like_it", home=home)
    assert wrong.returncode == 2


def test_a_person_lets_a_row_go(tmp_path: Path) -> None:
    """It waits, is shown, is let go under a name, and stands in the dataset from the next build on; and back again."""
    kind = "El tilo es un árbol de flores claras que crece en los parques."
    use = "El tilo se usa tradicionalmente para las molestias del embarazo."
    text = f"# Tilo\n\n{PROSE}\n{kind} {use}\n"
    (tmp_path / "a.md").write_text(text)
    home = tmp_path / "home"
    said = ("--source", "herbs", "--language", "es", "--tradition", "natural", "--licence", "CC0-1.0")
    ok("ingest", tmp_path / "a.md", *said, "-q", home=home)
    ok("synth-qa", "natural_es_qa", "-q", home=home)
    waiting = json_lines(ok("review", "natural_es_qa", "--json", home=home))
    assert [one["reason"] for one in waiting] == ["embarazo"]
    before = len(rows(home, "natural_es_qa", "qa"))
    name = waiting[0]["id"]
    assert run("review", "natural_es_qa", name[:8], "--accept", home=home).returncode == 2
    ok("review", "natural_es_qa", name[:8], "--accept", "--by", "Dra. N. N.", home=home)
    ok("build", "natural_es_qa", "-q", home=home)
    found = {row["id"]: row for row in rows(home, "natural_es_qa", "qa")}
    assert len(found) == before + 1
    assert found[name]["reviewed_by"] == "Dra. N. N."
    ok("review", "natural_es_qa", name, "--reject", "--by", "Dra. N. N.", home=home)
    ok("build", "natural_es_qa", "-q", home=home)
    assert len(rows(home, "natural_es_qa", "qa")) == before


def test_a_video_opens_at_the_second() -> None:
    """The link of the evidence, whatever the address looks like."""
    from factory.questions.published import at_second

    assert at_second("https://www.youtube.com/watch?v=abc", 83.7) == "https://www.youtube.com/watch?v=abc&t=83s"
    assert at_second("https://youtu.be/abc", 83.7) == "https://youtu.be/abc?t=83s"
    assert at_second(None, 3.0) is None
    assert at_second("https://example.org/a", None) == "https://example.org/a"


def test_card_and_report_say_who_wrote_and_how_far_it_is_believed(home: Path) -> None:
    """Lanes, tags, refusals; the marked evidence; nothing of a template that is not filled."""
    card = (home / "datasets/natural_es_qa/README.md").read_text()
    assert "Written by machine" in card
    assert "| no_evaluado |" in card
    assert "| evidencia_insuficiente |" in card
    report = (home / "reports/natural_es_qa.html").read_text()
    assert "<mark>" in report
    assert "What happened to every passage" in report
    pairs = (home / "datasets/preferences_es/README.md").read_text()
    assert "A rule on lengths alone" in pairs


def test_options_that_cannot_be(tmp_path: Path) -> None:
    """One sentence each, exit 2."""
    for args, said in (
        (("natural_es",), "no recipe of questions"),
        (("--kind", "poem"), "unknown"),
        (("--from", "nothing"), "no recipe 'nothing'"),
        (("--lane", "template", "--model", "BioMistral-7B"), "needs no model"),
        (("natural_es_qa", "--model", "salamandraTA-7b-instruct"), "tuned to translate"),
    ):
        done = run("synth-qa", *args, home=tmp_path)
        assert done.returncode == 2, done.stderr
        assert said in done.stderr


def test_step_and_python_give_the_same_verdicts(tmp_path: Path) -> None:
    """`factory step gates-questions`: failed slugs, duplicates of earlier rows, an evaluation set's question."""
    first = PASSAGE.split(". ", maxsplit=1)[0] + "."
    good = {"id": "1", "passage": PASSAGE, "question": "¿Qué es la valeriana?", "answer": first, "quote": first}
    exam = [
        {
            "qid": "1",
            "qtext": "¿Qué músculo inerva el nervio facial en el oído medio del adulto?",
            "answers": ["uno", "dos"],
        }
    ]
    (tmp_path / "exam.json").write_text(json.dumps(exam))
    lines = [
        good,
        good | {"id": "2"},
        good | {"id": "3", "quote": "La valeriana es un mineral de las montañas."},
        good | {"id": "4", "question": "¿Qué músculo inerva el nervio facial en el oído medio del adulto?"},
    ]
    (tmp_path / "in.jsonl").write_text("".join(json.dumps(row) + "\n" for row in lines))
    ok(
        "step",
        "gates-questions",
        tmp_path / "in.jsonl",
        tmp_path / "out.jsonl",
        "--set",
        f"against={tmp_path / 'exam.json'}",
    )
    found = [json.loads(line)["failed"] for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert found[0] == []
    assert found[1] == ["duplicate"]
    assert "quote" in found[2]
    assert "contaminated" in found[3]


# What training makes of it


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::DeprecationWarning", "ignore::UserWarning")
def test_datasets_pass_into_trls_preparation(home: Path, tmp_path: Path) -> None:
    """`load_dataset` opens every config; TRL's SFTTrainer and DPOTrainer take them as they are."""
    import datasets
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast
    from trl import DPOConfig, DPOTrainer, SFTConfig, SFTTrainer

    every = {}
    for recipe in RECIPES:
        names = datasets.get_dataset_config_names(str(home / f"datasets/{recipe}"))
        for name in names:
            found = datasets.load_dataset(str(home / f"datasets/{recipe}"), name, cache_dir=str(tmp_path / "hf"))
            every[recipe, name] = found["train"]
    said = [turn["content"] for row in every["medical_es_qa", "qa"] for turn in row["messages"]]
    base = Tokenizer(models.BPE(unk_token="<unk>"))
    base.pre_tokenizer = pre_tokenizers.ByteLevel()
    base.train_from_iterator(
        said, trainers.BpeTrainer(vocab_size=600, special_tokens=["<unk>", "<pad>", "<s>", "</s>"])
    )
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=base, unk_token="<unk>", pad_token="<pad>", bos_token="<s>", eos_token="</s>"
    )
    tokenizer.chat_template = (
        "{% for m in messages %}<s>{{ m['role'] }}: {{ m['content'] }}</s>{% endfor %}"
        "{% if add_generation_prompt %}<s>assistant: {% endif %}"
    )

    size = LlamaConfig(
        vocab_size=len(tokenizer), hidden_size=32, intermediate_size=64, num_hidden_layers=1, num_attention_heads=2,
        max_position_embeddings=1024,
    )  # fmt: skip
    model = str(tmp_path / "tiny")
    LlamaForCausalLM(size).save_pretrained(model)
    tokenizer.save_pretrained(model)
    same: dict[str, Any] = {
        "max_steps": 1, "per_device_train_batch_size": 2, "report_to": [], "use_cpu": True, "max_length": 512,
        "save_strategy": "no", "bf16": False,
    }  # fmt: skip
    for (recipe, name), data in every.items():
        where = str(tmp_path / f"{recipe}-{name}")
        if name in ("qa", "dialogue", "patient", "discharge"):
            sft = SFTTrainer(model, SFTConfig(output_dir=where, **same), train_dataset=data, processing_class=tokenizer)
            assert len(sft.train_dataset) == len(data)
        if name == "preference":
            dpo = DPOTrainer(
                model, args=DPOConfig(output_dir=where, **same), train_dataset=data, processing_class=tokenizer
            )
            assert len(dpo.train_dataset) == len(data)


def bare(text: Any) -> str:
    """Letters and digits only: what cleaning may have changed is not told apart."""
    return re.sub(r"\W+", "", str(text))


@pytest.mark.data
def test_exams_are_a_second_source_of_pairs(data: Path, tmp_path: Path) -> None:
    """CasiMedicos' training cases: the right option against a wrong one; its dev set and HEAD-QA's questions stay out."""
    home = tmp_path / "home"
    folder = data / "qa/casimedicos_arg/ES"
    said = ("--source", "casimedicos", "--language", "es", "--tradition", "conventional", "--licence", "CC-BY-4.0")
    mark = "QUESTION O"
    train = tmp_path / "train.tsv"
    train.write_text("".join(mark + one for one in (folder / "train.tsv").read_text("utf-8").split(mark)[-130:]))
    ok("ingest", train, folder / "dev.tsv", *said, "-q", home=home)
    cases = list(casimedicos.rows(train.read_text("utf-8")))
    assert len(cases) == 130
    # One of them as an evaluation set: whoever indexes HEAD-QA has its questions cut out.
    wanted = next(case for case in cases if "su abuela materna precisó diálisis" in case["question"])
    exam = tmp_path / "headqa.jsonl"
    exam.write_text(json.dumps({"id": "q1", "question": wanted["question"], "options": wanted["options"]}))
    ok("decontaminate", "index", exam, "--name", "headqa", home=home)
    ok("synth-qa", "preferences_es", "-q", home=home)
    found = [row for row in rows(home, "preferences_es", "preference") if row["pair_kind"] == "exam"]
    assert len(found) >= 8
    for row in found:
        asked, quotes = row["prompt"][0]["content"], " ".join(one["quote"] for one in row["evidence"])
        case = next(c for c in cases if bare(c["question"]) == bare(asked) and bare(quotes) in bare(c["explanation"]))
        options = [str(one).rstrip(". ") for one in case["options"]]
        right = options.index(row["chosen"][0]["content"].rstrip(". "))
        assert right == case["correct_option"] - 1
        assert options.index(row["rejected"][0]["content"].rstrip(". ")) != right
        assert row["corruption"] == "wrong_option"
        assert row["fails"] in check(Case(str(case["explanation"]), asked, row["rejected"][0]["content"], quotes))
    assert all("abuela materna precisó diálisis" not in row["prompt"][0]["content"] for row in found)
    dropped = json_lines(run("inspect", "exams_es", "--dropped", "held_out_by_its_set", "--json", home=home).stdout)
    assert dropped
    assert {row["metadata"]["title"] for row in dropped} == {"dev.tsv"}


def test_an_exam_that_lost_an_option_gives_no_pair() -> None:
    """What cleaning or translation took would make another option the right one."""
    sentence = "El diagnóstico es una apendicitis aguda por el dolor en la fosa ilíaca."
    options = ["Apendicitis aguda", "Colitis ulcerosa", "Pancreatitis aguda"]
    paragraphs = paragraphs_of_question(
        "¿Qué enfermedad tiene un niño con dolor en la fosa ilíaca?", options, (), [sentence]
    )
    for gone, outcome in ((None, "accepted"), (2, "skipped")):
        text, spans = assemble([one for number, one in enumerate(paragraphs) if number != gone])
        metadata = {"spans": spans, "text_sha256": sha256(text), "title": "x", "tradition": "conventional"}
        found, made = of_exam(Source(text, metadata), "mcq:3:1")
        assert [(one.outcome, one.reason) for one in found] == [(outcome, "" if gone is None else "question_not_whole")]
        assert [row["answer"] for row in made] == ([] if gone else ["Apendicitis aguda."])


def test_a_run_that_fails_leaves_no_settings_and_no_empty_dataset(tmp_path: Path) -> None:
    """A server that is not there is forgotten; what was built stays; other kinds or corpora empty nothing."""
    home, out = tmp_path / "home", tmp_path / "out"
    (tmp_path / "boldo.md").write_text(herb(1))
    ok(
        "ingest",
        tmp_path / "boldo.md",
        "--source",
        "h",
        "--tradition",
        "natural",
        "--licence",
        "CC0-1.0",
        "-q",
        home=home,
    )
    ok("synth-qa", "natural_es_qa", "-q", home=home)
    ok("export", "natural_es_qa", out, home=home)
    before = rows(home, "natural_es_qa", "qa")
    assert before
    gone = run("synth-qa", "natural_es_qa", "--endpoint", "http://127.0.0.1:9", "--model", "m", "-q", home=home)
    assert gone.returncode != 0
    assert not (home / "said/natural_es_qa.json").exists()
    ok("synth-qa", "natural_es_qa", "-q", home=home)
    assert rows(home, "natural_es_qa", "qa") == before
    for args in (("--kind", "discharge"), ("--from", "medical_es")):
        refused = run("synth-qa", "natural_es_qa", *args, "-q", home=home)
        assert refused.returncode == 2
        assert "stays as it was" in refused.stderr
        assert rows(home, "natural_es_qa", "qa") == before
    ok("synth-qa", "natural_youtube_es_qa", "-q", home=home)
    again = run("export", "natural_youtube_es_qa", out, home=home)
    assert again.returncode == 2
    assert json.loads((out / "manifest.json").read_text())["rows"] > 0
    shown = json_lines(run("inspect", "natural_es_qa", "--dropped", "no_pattern", "--json", home=home).stdout)
    assert all(row["kind"] == "passage" and row["passage"] for row in shown)
    dry = run("synth-qa", "natural_es_qa", "--dry-run", home=home)
    assert "patterns would ask about 1 documents of natural_es" in dry.stdout


def test_a_recipe_that_was_built_keeps_its_model(tmp_path: Path) -> None:
    """Another recipe of the same run that fails takes nothing from it."""
    store = open_store(str(tmp_path))
    with pytest.raises(ConfigError), remembered(store, {"a": {"settings": ["x"]}, "b": {"settings": ["y"]}}):
        write_json(store, "datasets/a.json", {"built": 1})
        raise ConfigError("b cannot be")
    assert read_json(store, "said/a.json") == {"settings": ["x"]}
    assert read_json(store, "said/b.json") is None
