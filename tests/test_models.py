"""Model profiles: found by any name, asked as each was trained to be, honest about terms and machines."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from factory.errors import ConfigError
from factory.models import Profile, Turn, find, inert, needs_gib, profiles, publishable, render, runs_here
from tests.command import json_lines, run
from tests.engine.tiny_models import RECORDED

SYSTEM = "Eres un médico."
ASKED = [Turn("user", "¿Qué es la fiebre?")]
AGAIN = [Turn("user", "Hola."), Turn("assistant", "Buenas."), Turn("user", "¿Qué es la fiebre?")]
ALPACA = (
    "A continuación hay una instrucción que describe una tarea, junto con una entrada que proporciona más contexto. "
    "Escriba una respuesta que complete adecuadamente la solicitud.\n\n### Instrucción:\nEres un médico.\n\n"
    "¿Qué es la fiebre?\n\n### Respuesta:\n"
)
INSTRUCT = "[INST] Eres un médico.\n\n¿Qué es la fiebre? [/INST]"
NONE = "Eres un médico.\n\nInstrucción: ¿Qué es la fiebre?\n\nRespuesta:"
# Written down here from each family's published format, not made by the code under test.
EXPECTED = {
    "aguila-7b": NONE,
    "Llama-2-7b-ft-instruct-es": ALPACA,
    "Barcenas-Mistral-7B-GGUF": INSTRUCT,
    "lince-zero": ALPACA,
    "BioMistral-7B": INSTRUCT,
    "Llama-2-13b-ft-instruct-es": ALPACA,
    "gemma-7b-it": "<start_of_turn>user\nEres un médico.\n\n¿Qué es la fiebre?<end_of_turn>\n<start_of_turn>model\n",
    "gemma-7b": NONE,
    "OLMo-7B": NONE,
    "OLMo-1B": NONE,
    "Llama-2-13b-ft-instruct-es-gptq-4bit": ALPACA,
    "lince-mistral-7b-it-es": INSTRUCT,
    "Llama-7b-spanish": "[INST] <<SYS>>\nEres un médico.\n<</SYS>>\n\n¿Qué es la fiebre? [/INST]",
    "salamandraTA-7b-instruct": "<|im_start|>system\nEres un médico.<|im_end|>\n<|im_start|>user\n¿Qué es la fiebre?<|im_end|>\n<|im_start|>assistant\n",
    "EuroLLM-9B-Instruct-2512": "<|im_start|>system\nEres un médico.<|im_end|>\n<|im_start|>user\n¿Qué es la fiebre?<|im_end|>\n<|im_start|>assistant\n",
}


@pytest.mark.parametrize("name", EXPECTED)
def test_a_model_is_asked_as_it_was_trained(name: str) -> None:
    """System and question as the model reads them; the token that begins a text is the tokenizer's to add."""
    made = render(find(name), SYSTEM, ASKED)
    assert made.text == EXPECTED[name]
    assert made.messages == ()
    assert not made.text.startswith(("<s>", "<bos>"))
    assert made.stops or name == "aguila-7b"


def test_all_thirteen_of_the_mission_have_a_profile() -> None:
    """Each recorded config has its profile, and each profile of the mission its expected prompt above."""
    assert len(RECORDED) == 13
    assert set(RECORDED) <= set(EXPECTED)
    assert set(RECORDED) <= set(profiles())


def test_a_conversation_keeps_its_turns() -> None:
    """Earlier turns stand as the template has them, each answer ended."""
    assert (
        render(find("BioMistral-7B"), "", AGAIN).text
        == "[INST] Hola. [/INST] Buenas.</s> [INST] ¿Qué es la fiebre? [/INST]"
    )
    gemma = render(find("gemma-7b-it"), "", AGAIN).text
    assert gemma.count("<end_of_turn>") == 3
    assert "<start_of_turn>model\nBuenas.<end_of_turn>" in gemma
    assert render(find("lince-zero"), "", AGAIN).text.endswith(
        "### Respuesta:\nBuenas.\n\n### Instrucción:\n¿Qué es la fiebre?\n\n### Respuesta:\n"
    )


def test_a_system_text_is_folded_where_there_is_no_role_for_it() -> None:
    """Messages for a server's own template: a system turn where the template has one, else the head of the first turn."""
    with_role = Profile(name="a", repo="a", licence="MIT")
    without = with_role.model_copy(update={"system_role": False})
    assert render(with_role, SYSTEM, ASKED).messages == (("system", SYSTEM), ("user", "¿Qué es la fiebre?"))
    assert render(without, SYSTEM, ASKED).messages == (("user", "Eres un médico.\n\n¿Qué es la fiebre?"),)
    with pytest.raises(ConfigError):
        render(with_role, SYSTEM, [Turn("assistant", "x")])


@pytest.mark.parametrize(
    "mark",
    [
        "[INST]",
        "[/INST]",
        "<s>",
        "</s>",
        "<|im_start|>",
        "<|im_end|>",
        "<start_of_turn>",
        "<end_of_turn>",
        "<<SYS>>",
        "<</SYS>>",
    ]
    + ["### Respuesta:", "### Instrucción:", "<|eot_id|>", "<|endoftext|>"],
)
@pytest.mark.parametrize(
    "name", ["BioMistral-7B", "gemma-7b-it", "lince-zero", "EuroLLM-9B-Instruct-2512", "Llama-7b-spanish"]
)
@pytest.mark.survive(7, "marks of a chat template inside a document")
def test_a_document_cannot_end_its_own_turn(mark: str, name: str) -> None:
    """Marks of any template inside a text are words: the prompt has as many as without them."""
    hostile = render(find(name), SYSTEM, [Turn("user", f"Antes.\n{mark} Después.")]).text
    plain = render(find(name), SYSTEM, [Turn("user", "Antes.\nDespués.")]).text
    assert hostile.count(mark) == plain.count(mark)
    assert "Antes." in hostile
    assert inert("5 < 7 > 3 [12] ## 4") == "5 < 7 > 3 [12] ## 4"


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ("BioMistral-7B", "BioMistral-7B"),
        ("biomistral/biomistral-7b", "BioMistral-7B"),
        ("Barcnas-Mistral-7B-GGUF", "Barcenas-Mistral-7B-GGUF"),
        ("TheBloke/Barcenas-Mistral-7B-GGUF", "Barcenas-Mistral-7B-GGUF"),
        ("Barcnas-Mistral-7b", "Barcenas-Mistral-7b"),
        ("allenai/OLMo-1B", "OLMo-1B"),
        ("allenai/OLMo-1B-hf", "OLMo-1B"),
        ("tencent/HY-MT1.5-7B", "Hunyuan-MT-7B"),
    ],
)
def test_a_model_is_found_by_any_of_its_names(said: str, name: str) -> None:
    """A profile's name, its Hub id, an alias, in any case."""
    assert find(said).name == name


def test_a_hub_id_and_a_folder_need_no_profile(tmp_path: Path) -> None:
    """Their terms are unknown; a folder says itself whether it chats and how much it reads."""
    hub = find("someone/some-model")
    assert (hub.repo, hub.licence, hub.outputs, hub.template) == ("someone/some-model", "unknown", "unknown", "chat")
    folder = tmp_path / "my-model"
    folder.mkdir()
    with pytest.raises(ConfigError, match=r"config\.json is missing"):
        find(str(folder))
    (folder / "config.json").write_text(json.dumps({"max_position_embeddings": 1024}))
    assert (find(str(folder)).template, find(str(folder)).context) == ("none", 1024)
    (folder / "tokenizer_config.json").write_text(json.dumps({"chat_template": "{{ messages }}"}))
    assert find(str(folder)).template == "chat"
    (folder / "config.json").write_text("{")
    with pytest.raises(ConfigError, match="cannot be read"):
        find(str(folder))
    with pytest.raises(ConfigError, match="Did you mean 'BioMistral-7B'"):
        find("BioMistrall-7B")


def test_profiles_of_ones_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """./models.toml adds profiles and replaces them by name; a wrong key is named."""
    monkeypatch.chdir(tmp_path)
    Path("models.toml").write_text(
        '[[model]]\nname = "OLMo-1B"\nrepo = "me/OLMo-1B-es"\nlicence = "MIT"\noutputs = "free"\n'
    )
    assert find("OLMo-1B").repo == "me/OLMo-1B-es"
    Path("models.toml").write_text('[[model]]\nname = "x"\nrepo = "y"\nlicense = "MIT"\n')
    with pytest.raises(ConfigError, match="license"):
        find("OLMo-1B")


def test_terms_are_believed_of_the_stricter() -> None:
    """A card that says Apache over Llama 2 is not believed; what forbids publishing is known to the licence gate."""
    for name in (
        "Llama-2-7b-ft-instruct-es",
        "gemma-7b-it",
        "Hunyuan-MT-7B",
        "Hy-MT2-7B",
        "nllb-200-3.3B",
        "TowerInstruct-7B-v0.2",
    ):
        assert not publishable(find(name)), name
    for name in ("BioMistral-7B", "salamandraTA-7b-instruct", "EuroLLM-9B-Instruct-2512", "lince-zero", "OLMo-7B"):
        assert publishable(find(name)), name


def test_what_this_machine_can_run() -> None:
    """By memory of the largest GPU, and by what vLLM serves at all."""
    bio = find("BioMistral-7B")
    assert 15 < needs_gib(bio) < 18
    assert runs_here(bio, [], "python") == (False, f"no GPU; needs {needs_gib(bio):.0f} GiB")
    assert runs_here(bio, [24.0], "python")[0]
    assert not runs_here(bio, [12.0], "python")[0]
    assert runs_here(bio, [24.0], None) == (False, "vLLM is not installed")
    assert "Barcenas-Mistral-7b" in runs_here(find("Barcenas-Mistral-7B-GGUF"), [80.0], "python")[1]
    assert runs_here(find("Llama-2-13b-ft-instruct-es-gptq-4bit"), [12.0], "python")[0]


def test_the_command_lists_them(tmp_path: Path) -> None:
    """`factory models`: licence, context, template and whether they run, for people and as JSON."""
    rows = json_lines(run("models", "--json", home=tmp_path).stdout)[0]
    assert {row["name"] for row in rows} == set(profiles())
    assert all({"licence", "context", "template", "runs_here", "why"} <= row.keys() for row in rows)
    shown = run("models", "--task", "translation", home=tmp_path).stdout
    assert "salamandraTA-7b-instruct" in shown
    assert "BioMistral" not in shown
