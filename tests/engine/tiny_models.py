"""Tiny random models, shrunk from the recorded config of a real one: real engines run without weights.

Kept of a config: architecture, model type, activation, rotary or alibi, vocabulary, the kind of attention (one, some or all
heads of keys), tied embeddings, quantisation. Shrunk: layers, width, heads. The tokenizer is a byte-level BPE of a few
hundred words; ids beyond it are never decoded in a constrained reply.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

RECORDED = json.loads(Path(__file__).with_name("recorded_configs.json").read_text())
SENTENCES = [
    "The diagnosis of pneumonia requires clinical suspicion, physical examination and radiography.",
    "Se recomienda vigilar la glucemia, la tensión arterial, la temperatura y la saturación de oxígeno.",
    "Translate every numbered unit completely and in its own place. Keep every figure, dose and unit.",
    "Contraindicaciones: hipersensibilidad al principio activo, insuficiencia hepática grave, hemorragia digestiva.",
    "Answer with one JSON object that holds the Spanish of each unit under its number, and nothing else.",
    "Administrar paracetamol 500 mg cada 8 horas por vía oral durante cinco días, sin superar 4 g al día.",
    "A continuación hay una instrucción que describe una tarea. ### Instrucción: ### Respuesta: [INST] [/INST] {}<>|",
]
LAYERS, HEAD = 2, 32


def shrunk(config: dict[str, Any]) -> dict[str, Any]:
    """The config of a tiny model of the same kind."""
    found = dict(config)
    rw = "n_head" in config
    heads = config.get("num_attention_heads") or config["n_head"]
    keys = 1 if config.get("multi_query") else config.get("num_key_value_heads", heads)
    quantised = "quantization_config" in config
    few = 4
    names = {"n_layer": LAYERS, "n_head": few} if rw else {"num_hidden_layers": LAYERS, "num_attention_heads": few}
    if "num_key_value_heads" in config:
        names["num_key_value_heads"] = max(1, round(few * keys / heads))
    found |= names | {"hidden_size": few * HEAD, "torch_dtype": "float16" if quantised else "float32"}
    found |= {"head_dim": HEAD} if "head_dim" in config and not rw else {}
    found |= {"intermediate_size": 2 * few * HEAD} if "intermediate_size" in config else {}
    if rw:
        found.pop("head_dim", None)
    if found.get("max_position_embeddings", 0) > 4096:
        found["max_position_embeddings"] = 4096
    return found


def _tensors(config: dict[str, Any]) -> Iterator[tuple[str, list[int], str]]:
    """Name, shape and kind (normal, ones, zeros, packed int4, zero points, scales, groups) of every weight."""
    hidden, vocabulary = config["hidden_size"], config["vocab_size"]
    if "n_head" in config:
        heads = config["n_head"]
        yield "transformer.word_embeddings.weight", [vocabulary, hidden], "n"
        for layer in range(LAYERS):
            at = f"transformer.h.{layer}."
            yield at + "self_attention.query_key_value.weight", [(heads + 2) * HEAD, hidden], "n"
            yield at + "self_attention.dense.weight", [hidden, hidden], "n"
            yield at + "mlp.dense_h_to_4h.weight", [4 * hidden, hidden], "n"
            yield at + "mlp.dense_4h_to_h.weight", [hidden, 4 * hidden], "n"
            yield at + "input_layernorm.weight", [hidden], "1"
            yield at + "input_layernorm.bias", [hidden], "0"
        yield "transformer.ln_f.weight", [hidden], "1"
        yield "transformer.ln_f.bias", [hidden], "0"
        yield "lm_head.weight", [vocabulary, hidden], "n"
        return
    heads, keys, inner = config["num_attention_heads"], config["num_key_value_heads"], config["intermediate_size"]
    bare = config["model_type"] == "olmo"  # its norms have no weights
    norm = "0" if config["model_type"] == "gemma" else "1"  # Gemma multiplies by 1 + weight
    yield "model.embed_tokens.weight", [vocabulary, hidden], "n"
    for layer in range(LAYERS):
        at = f"model.layers.{layer}."
        for name, out, given in (
            ("self_attn.q_proj", heads * HEAD, hidden), ("self_attn.k_proj", keys * HEAD, hidden),
            ("self_attn.v_proj", keys * HEAD, hidden), ("self_attn.o_proj", hidden, heads * HEAD),
            ("mlp.gate_proj", inner, hidden), ("mlp.up_proj", inner, hidden), ("mlp.down_proj", hidden, inner),
        ):  # fmt: skip
            if "quantization_config" in config:
                group = config["quantization_config"]["group_size"]
                yield f"{at}{name}.qweight", [given // 8, out], "q"
                yield f"{at}{name}.qzeros", [given // group, out // 8], "z"
                yield f"{at}{name}.scales", [given // group, out], "s"
                yield f"{at}{name}.g_idx", [given], f"g{group}"
            else:
                yield f"{at}{name}.weight", [out, given], "n"
        if not bare:
            yield at + "input_layernorm.weight", [hidden], norm
            yield at + "post_attention_layernorm.weight", [hidden], norm
    if not bare:
        yield "model.norm.weight", [hidden], norm
    if not config.get("tie_word_embeddings"):
        yield "lm_head.weight", [vocabulary, hidden], "n"


def _bytes(shape: list[int], kind: str, draw: np.random.Generator) -> tuple[str, bytes]:
    size = int(np.prod(shape))
    if kind == "n":
        return "F32", (draw.standard_normal(size, dtype=np.float32) * np.float32(0.05)).tobytes()
    if kind in "01":
        return "F32", np.full(size, float(kind), np.float32).tobytes()
    if kind == "q":
        return "I32", draw.bytes(4 * size)
    if kind == "z":
        return "I32", np.full(size, 0x77777777, np.uint32).tobytes()
    if kind == "s":
        return "F16", np.full(size, 0.01, np.float16).tobytes()
    return "I32", (np.arange(size, dtype=np.int32) // int(kind[1:])).tobytes()


def _weights(path: Path, config: dict[str, Any]) -> None:
    """A safetensors file of random weights, the same each time."""
    draw = np.random.default_rng(0)
    header: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    parts: list[bytes] = []
    at = 0
    for name, shape, kind in _tensors(config):
        dtype, data = _bytes(shape, kind, draw)
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [at, at + len(data)]}
        parts.append(data)
        at += len(data)
    head = json.dumps(header).encode()
    head += b" " * (-len(head) % 8)
    path.write_bytes(struct.pack("<Q", len(head)) + head + b"".join(parts))


def _tokenizer(size: int) -> Any:
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers

    found = Tokenizer(models.BPE(unk_token="<unk>"))
    found.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    found.decoder = decoders.ByteLevel()
    found.train_from_iterator(
        SENTENCES,
        trainers.BpeTrainer(
            vocab_size=size, special_tokens=["<unk>", "<s>", "</s>"], show_progress=False,
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        ),
    )  # fmt: skip
    found.post_processor = processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 1)])
    return found


def make(folder: Path, name: str, chat_template: str | None = None, vocabulary: int | None = None) -> Path:
    """A tiny model of the profile `name` stands in the folder; `vocabulary`: fewer words than the real one has."""
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer = _tokenizer(800)
    tokenizer.save(str(folder / "tokenizer.json"))
    config = shrunk(RECORDED[name]["config"]) | {
        "bos_token_id": 1,
        "eos_token_id": 2,
        "pad_token_id": 0,
        "use_cache": True,
    }
    config |= {"vocab_size": vocabulary} if vocabulary else {}
    told = {"tokenizer_class": "PreTrainedTokenizerFast", "bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>"}
    told |= {"model_max_length": config.get("max_position_embeddings", 2048)}
    told |= {"chat_template": chat_template} if chat_template else {}
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "tokenizer_config.json").write_text(json.dumps(told))
    (folder / "generation_config.json").write_text(json.dumps({"bos_token_id": 1, "eos_token_id": 2}))
    _weights(folder / "model.safetensors", config)
    return folder
