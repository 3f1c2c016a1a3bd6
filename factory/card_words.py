"""What a card says, in Spanish and in English: the same facts twice, each number from the manifest."""

from __future__ import annotations

import functools
import re
import tomllib
from collections.abc import Mapping, Sequence
from importlib import resources
from typing import Any, Literal

from factory.config import Recipe

Language = Literal["es", "en"]


@functools.cache
def measured() -> dict[str, Any]:
    """The recall of the gates as `measured.toml` has it."""
    return tomllib.loads(resources.files("factory").joinpath("measured.toml").read_text("utf-8"))


# What stands in the card where nobody knows yet where the dataset will be.
PLACE = "FOLDER_OR_REPO"
# Shares of fewer rows than this say nothing.
_ENOUGH = 30
Part = tuple[str, Recipe, Mapping[str, Any]]


def text(parts: Sequence[Part], versions: Sequence[Mapping[str, Any]] = (), place: str = PLACE) -> str:
    """The card below its YAML, of one recipe or of several: all of it in Spanish, then in English."""
    together = len(parts) > 1
    title = "Corpus médicos en español" if together else parts[0][1].title_es or parts[0][1].title
    lines = [f"# {title}", "", "[Español](#español) · [English](#english)", ""]
    for language, name in HEADINGS.items():
        lines += [f"## {name}", ""]
        if together:
            lines += ["| | |", "|---|---|"]
            lines += [f"| [`{recipe}`](#{recipe}) | {_title(language, config)} |" for recipe, config, _ in parts]
            lines += [""]
        for recipe, config, manifest in parts:
            said = section(language, config, manifest)
            lines += [f"### {recipe}", "", *_among_others(said, recipe, manifest)] if together else said
        lines += changelog(language, versions)
    return "\n".join(lines).replace(PLACE, place) + "\n"


HEADINGS: dict[Language, str] = {"es": "Español", "en": "English"}


def _title(language: Language, config: Recipe) -> str:
    return (config.title_es or config.title) if language == "es" else config.title


def _among_others(said: list[str], recipe: str, manifest: Mapping[str, Any]) -> list[str]:
    """A section in a repository of several recipes: its headings a step lower, its configs and files by their names."""
    found = "\n".join(f"#{line}" if line.startswith("### ") else line for line in said)
    for name in ("duplicates/", "ATTRIBUTION.md"):
        found = found.replace(f"`{name}`", f"`{recipe}/{name}`")
    for name in {file.split("/")[1] for file in manifest["files"]}:
        whole = recipe if name == "text" else f"{recipe}-{name}"
        found = found.replace(f'"{PLACE}", "{name}"', f'"{PLACE}", "{whole}"').replace(f"`{name}`", f"`{whole}`")
    return found.split("\n")


def section(language: Language, config: Recipe, manifest: Mapping[str, Any]) -> list[str]:
    """Everything that is said of a dataset in one language, below its heading."""
    lines = _section(language, config, manifest)
    return [_spanish_numbers(line) for line in lines] if language == "es" else lines


def _spanish_numbers(line: str) -> str:
    """Points between thousands, a comma before decimals, a space before the sign of per cent."""
    line = re.sub(r"(?<=\d),(?=\d{3}(?!\d))", ".", line)
    return re.sub(r"(\d+)(?:\.(\d+))?%", lambda m: f"{m[1]}{',' + m[2] if m[2] else ''}\u00a0%", line)


def _section(language: Language, config: Recipe, manifest: Mapping[str, Any]) -> list[str]:
    say = functools.partial(_said, language)
    lines = [f"{_title(language, config)}.", ""]
    lines += _warnings(say, manifest)
    asked = config.questions is not None
    unit = say("filas", "rows") if asked else say("documentos", "documents")
    lines += [say("{:,} {}, {:,} palabras.", "{:,} {}, {:,} words.").format(manifest["rows"], unit, manifest["words"])]
    lines += [""]
    lines += _questions(say, manifest) if asked else _texts(say, config, manifest)
    lines += [_personal(say, manifest), ""] if not asked else []
    lines += [_evaluation(say, manifest), "", *_load(say, manifest)]
    lines += _stages(say, manifest)
    lines += _tallies(say, manifest)
    lines += _refused(say, manifest)
    lines += [*_columns(say, manifest), *_limits(say, config, manifest), *_opt_out(say), *_cite(say)]
    return lines


def changelog(language: Language, versions: Sequence[Mapping[str, Any]]) -> list[str]:
    """What each version changed, newest first; empty where nothing was published."""
    if not versions:
        return []
    say = functools.partial(_said, language)
    head = say("| versión | fecha | filas | cambio |", "| version | date | rows | change |")
    lines = [say("### Versiones", "### Versions"), "", head, "|---|---|---:|---|"]
    for one in reversed(versions):
        change = say(*CHANGES[one["change"]])
        rows = _spanish_numbers(f"{one['rows']:,}") if language == "es" else f"{one['rows']:,}"
        lines.append(f"| {one['version']} | {one['date']} | {rows} | {change} |")
    return [*lines, ""]


CHANGES: dict[str, tuple[str, str]] = {
    "first": ("primera versión", "first version"),
    "rows": ("filas nuevas o cambiadas", "new or changed rows"),
    "columns": ("otras columnas", "other columns"),
    "pages": ("solo esta ficha o los créditos", "this card or the credits only"),
    "retracted": (
        "se retiró una fuente; las versiones anteriores ya no existen",
        "taken down: earlier versions are gone",
    ),
}


def _said(language: Language, spanish: str, english: str) -> str:
    return spanish if language == "es" else english


def _table(head: str, tally: Mapping[str, int], rows: str) -> list[str]:
    return [f"| {head} | {rows} |", "|---|---:|", *[f"| {_cell(k)} | {v:,} |" for k, v in tally.items()], ""]


def _cell(text: str) -> str:
    """A value of a row as words in a table: no line, cell, tag or picture of its own."""
    plain = " ".join(text.split())
    return re.sub(r"([|<>\[\]!`\\])", r"\\\1", plain)[:200]


def _warnings(say: Any, manifest: Mapping[str, Any]) -> list[str]:
    lines = []
    if manifest["unpublishable_included"]:
        told = ", ".join(f"{v} {k}" for k, v in manifest["refused"].items())
        lines += [
            say(
                f"> **No se puede publicar.** Contiene, a petición, filas cuya licencia no lo permite: {told}.",
                f"> **Not for publication.** Rows whose licence does not allow it were included on request: {told}.",
            ),
            "",
        ]
    if manifest["drafts"]:
        lines += [
            say(
                f"> **Borrador.** {manifest['drafts']:,} filas se tradujeron con reglas (Apertium), que pierden el"
                " sentido de muchas frases médicas. Nunca se publican.",
                f"> **Draft.** {manifest['drafts']:,} rows rest on texts translated by rules (Apertium), which lose the"
                " meaning of many medical sentences. They are never published.",
            ),
            "",
        ]
    return lines


def _texts(say: Any, config: Recipe, manifest: Mapping[str, Any]) -> list[str]:
    lines = _translation(say, manifest) if config.translate else []
    return [
        *lines,
        say(
            "Cada fila dice su fuente, la página o el segundo de cada párrafo (`spans`) y la licencia que la ampara: "
            "léala antes de usar la fila.",
            "Every row names its source, the page or second of each paragraph (`spans`) and the licence it comes under; "
            "read a row's licence before you use it.",
        ),
        "",
        say(
            "De los textos que se repiten se conserva uno, salvo que difieran en una dosis, una unidad o una negación; "
            "`duplicates/` nombra cada uno de los omitidos y el que repite. `ATTRIBUTION.md` cita las fuentes.",
            "Of texts that repeat each other one is kept, unless they differ in a dose, a unit or a negation; "
            "`duplicates/` names each that was dropped and the one it repeats. `ATTRIBUTION.md` credits the sources.",
        ),
        "",
    ]


def _translation(say: Any, manifest: Mapping[str, Any]) -> list[str]:
    """By what the texts were translated, what the gates made of it, and what such gates find."""
    accepted = sum(count for name, count in manifest["units"].items() if name.startswith("accepted:"))
    failed = {name.removeprefix("failed:"): c for name, c in manifest["units"].items() if name.startswith("failed:")}
    none = say("ninguno", "none")
    told = ", ".join(f"{name} {count:,}" for name, count in failed.items()) or none
    models = ", ".join(f"{name}: {count:,}" for name, count in manifest["models"].items()) or none
    rates = measured()["translation"]
    return [
        say(
            f"**Traducción automática** del inglés ({models}). Nadie la revisó. Cada fila lo dice en `translation`, y "
            "`units` pone cada pieza junto a su original.",
            f"**Machine translation** from English ({models}). No person reviewed it. Each row says so in `translation`, "
            "and `units` holds every piece beside its English.",
        ),
        "",
        say(
            f"De las piezas de estas filas, {accepted:,} pasaron los controles de números, unidades, negación, contenido "
            f"y forma; se omitieron, porque ningún intento pasó: {told}.",
            f"Of the pieces in these rows {accepted:,} passed the gates of numbers, units, negation, content and form; "
            f"left out, because no try passed: {told}.",
        ),
        say(
            f"En 7619 pares humanos con un error plantado, los controles hallan al menos el {rates['planted']:.1%} de "
            f"cada clase y el {rates['negation']:.1%} de las negaciones, con {rates['false_alarms']:.1%} de falsas "
            "alarmas. No hallan toda palabra equivocada.",
            f"Over 7,619 human pairs with one planted error the gates find at least {rates['planted']:.1%} of each kind "
            f"and {rates['negation']:.1%} of the denials, with {rates['false_alarms']:.1%} false alarms. They do not "
            "find every wrong word.",
        ),
        "",
    ]


def _questions(say: Any, manifest: Mapping[str, Any]) -> list[str]:
    """Who wrote the questions, what was checked, what was not, and what the gates let through."""
    lanes = ", ".join(f"{name}: {count:,}" for name, count in manifest.get("lanes", {}).items())
    lanes = lanes or say("nadie", "nobody")
    rates = measured()["questions"]
    planted, good = rates["planted"], rates["good"]
    wrong, right = rates["blind_wrong"], rates["blind_right"]
    lines = [
        say(
            f"**Escrito por una máquina** ({lanes}); las filas `template` son patrones sobre frases de la fuente, "
            f"copiadas palabra por palabra. {_reviewed(say, manifest)}",
            f"**Written by machine** ({lanes}); `template` rows are patterns over sentences of the source, copied word "
            f"for word. {_reviewed(say, manifest)}",
        ),
        "",
        say(
            "Cada fila dice su evidencia: los caracteres del texto cuyo hash da, con página o segundo, comprobados por "
            "código. Los controles rechazan lo que la evidencia no sostiene: números, unidades, negaciones, direcciones, "
            "nombres, promesas, consejos de dejar un tratamiento, una contraindicación omitida.",
            "Every row names its evidence: the characters of the text whose hash it gives, with page or second, verified "
            "by code. Gates refuse what the evidence does not carry: numbers, units, denials, directions, names of "
            "things, promises, advice to stop a treatment, a contraindication left out.",
        ),
        say(
            "Qué valen estos controles se midió con otras filas, no con estas: de "
            f"{planted[1]:,} errores introducidos a propósito rechazan {planted[0]:,}, y de {good[1]:,} filas correctas, "
            f"{good[0]:,}. En una prueba con filas escritas por quien no conocía los controles pasaron {wrong[0]} de "
            f"{wrong[1]} incorrectas y se rechazaron {right[0]} de {right[1]} correctas.",
            "What these gates are worth was measured on other rows, not on these: of "
            f"{planted[1]:,} errors put in on purpose they refuse {planted[0]:,}, and of {good[1]:,} right rows "
            f"{good[0]:,}. In a test with rows by people who did not know the gates {wrong[0]} of {wrong[1]} wrong ones "
            f"passed and {right[0]} of {right[1]} right ones were refused.",
        ),
        "",
    ]
    kinds = manifest.get("kinds", {})
    if manifest.get("length_only_accuracy") is not None and kinds.get("preference", 0) >= _ENOUGH:
        share = manifest["length_only_accuracy"]
        lines += [
            say(
                f"Una regla que solo mira longitudes acierta la respuesta elegida en el {share:.1%} de los pares (azar: "
                "50 %).",
                f"A rule on lengths alone tells the chosen answer in {share:.1%} of the pairs (50 % is chance).",
            ),
            "",
        ]
    if manifest.get("key_alike_accuracy") is not None and kinds.get("mcq", 0) >= _ENOUGH:
        alike, longest, chi = (
            manifest[name] for name in ("key_alike_accuracy", "key_longest_accuracy", "key_chi_square")
        )
        lines += [
            say(
                f"Ji cuadrado de la posición de la respuesta correcta: {f'{chi:g}'.replace('.', ',')} (límite del 5 %: "
                f"7,81). Sin leer la pregunta, la opción más parecida a las otras es la correcta en el {alike:.1%} y la más "
                f"larga en el {longest:.1%} (azar: 25 %).",
                f"Chi-square of the keys' places: {chi:g} (7.81 is the 5 % bound). Without the question, the option most "
                f"like the others is the key in {alike:.1%}, the longest in {longest:.1%} (chance: 25 %).",
            ),
            "",
        ]
    return lines


def _reviewed(say: Any, manifest: Mapping[str, Any]) -> str:
    reviewers = manifest.get("reviewers") or {}
    if not reviewers:
        return str(say("Nadie las revisó una por una.", "No person reviewed them one by one."))
    told, total = ", ".join(f"{name} ({count:,})" for name, count in reviewers.items()), sum(reviewers.values())
    return str(
        say(
            f"{total:,} filas las leyó y dejó pasar {told}; nadie leyó las demás una por una.",
            f"{total:,} rows were read and let go by {told}; nobody read the others one by one.",
        )
    )


def _personal(say: Any, manifest: Mapping[str, Any]) -> str:
    found = ", ".join(f"{name} {count:,}" for name, count in manifest["personal"].items())
    first = (
        say(
            f"Los datos personales que hallaron las reglas se cambiaron por marcas ({found}).",
            f"Personal data found by rules was replaced by placeholders ({found}).",
        )
        if found
        else say("Las reglas no hallaron datos personales.", "No personal data was found by rules.")
    )
    rest = say(
        " Las reglas no lo hallan todo; los textos de pacientes solo se publican después de que los lea una persona identificada.",
        " Rules do not find everything; texts of patients are published only after a person who is named has read them.",
    )
    return str(first + rest)


def _evaluation(say: Any, manifest: Mapping[str, Any]) -> str:
    if not manifest["checked_against"]:
        return str(
            say(
                "Los textos no se compararon con ningún conjunto de evaluación.",
                "The texts were not checked against any evaluation set.",
            )
        )
    sets, cut = ", ".join(manifest["checked_against"]), manifest["questions_cut"]
    return str(
        say(
            f"Se quitaron las preguntas de estos conjuntos de evaluación: {sets} ({cut:,} en estas filas).",
            f"Questions of these evaluation sets were cut out: {sets} ({cut:,} in these rows).",
        )
    )


def _load(say: Any, manifest: Mapping[str, Any]) -> list[str]:
    # The seed project's view is not what most people come for.
    names = dict.fromkeys(sorted((file.split("/")[1] for file in manifest["files"]), key=lambda one: one == "smc"))
    shown = ", ".join(f"`{name}`" for name in names)
    lines = [say("### Cómo se carga", "### How to load it"), "", "```python", "from datasets import load_dataset", ""]
    lines += [f'rows = load_dataset("{PLACE}", "{next(iter(names), "text")}", split="train")', "```", ""]
    lines += [say(f"Configuraciones: {shown}.", f"Configs: {shown}.")]
    if "smc" in names and "qa" in names:
        lines += [
            say(
                "`smc` son las filas de `qa` con las ocho columnas del corpus *SpanishMedicalLLM*: la pregunta en "
                "`raw_text`, la respuesta en `topic`.",
                "`smc` holds the rows of `qa` in the eight columns of the *SpanishMedicalLLM* corpus: the question in "
                "`raw_text`, the answer in `topic`.",
            )
        ]
    elif "smc" in names:
        lines += [
            say(
                "`smc` son los mismos textos con las ocho columnas del corpus *SpanishMedicalLLM*.",
                "`smc` holds the same texts in the eight columns of the *SpanishMedicalLLM* corpus.",
            )
        ]
    return [*lines, ""]


def _stages(say: Any, manifest: Mapping[str, Any]) -> list[str]:
    """What every stage kept and dropped, with its reasons, and how every input ended."""
    if not manifest.get("stages"):
        return []
    lines = [say("### Qué se conservó y por qué", "### What was kept, and why"), ""]
    lines += [say("| etapa | entran | quedan | se omiten |", "| stage | in | kept | dropped |"), "|---|---:|---:|---|"]
    for stage in manifest["stages"]:
        why = ", ".join(f"{name} {count:,}" for name, count in stage["rejected"].items()) or "—"
        more = say(" (+{:,} al dividir)", " (+{:,} by splitting)").format(stage["split"]) if stage["split"] else ""
        lines.append(f"| {stage['name']} | {stage['in']:,}{more} | {stage['out']:,} | {why} |")
    refused = {} if manifest["unpublishable_included"] else manifest["refused"]
    why = ", ".join(f"{name} {count:,}" for name, count in refused.items()) or "—"
    lines += [f"| export | {manifest['stages'][-1]['out']:,} | {manifest['rows']:,} | {why} |", ""]
    items = manifest["items"]
    ended = [say(f"{items['accepted']:,} aceptadas", f"{items['accepted']:,} accepted")]
    words = {"rejected": "rechazadas", "failed": "fallidas", "skipped": "omitidas", "pending": "pendientes"}
    for how, spanish in words.items():
        if items.get(how):
            ended.append(f"{sum(items[how].values()):,} {say(spanish, how)}")
    total = f"{items['in']:,}"
    names = say(
        "Etapas y motivos llevan los nombres del programa; `factory inspect RECETA --dropped MOTIVO` muestra los casos.",
        "Stages and reasons have the program's names; `factory inspect RECIPE --dropped REASON` shows the cases.",
    )
    return [*lines, say(f"Entradas: {total}; ", f"Inputs: {total}; ") + ", ".join(ended) + f". {names}", ""]


_HEADS = {
    "kinds": ("clase", "kind"), "question_types": ("tipo", "type"), "evidence_tags": ("evidencia", "evidence tag"),
    "safety_flags": ("aviso de seguridad", "safety flag"), "corruptions": ("error plantado", "corruption"),
    "strata": ("estrato", "stratum"), "split": ("partición", "split"), "licence": ("licencia", "licence"),
    "tradition": ("tradición", "tradition"), "source_kind": ("clase de fuente", "kind of source"),
    "sources": ("fuente", "source"), "prompts": ("modelo e instrucciones", "model and prompt"),
}  # fmt: skip


def _tallies(say: Any, manifest: Mapping[str, Any]) -> list[str]:
    lines: list[str] = []
    for key, head in _HEADS.items():
        if manifest.get(key):
            lines += _table(say(*head), manifest[key], say("filas", "rows"))
    if manifest.get("evidence_tags"):
        lines += [
            say(
                "`evidence_tag` dice cuánto se cree un uso, con las palabras del HMPC de la UE, y solo donde se cita un "
                "organismo o un ensayo; `no_evaluado` en lo demás.",
                "`evidence_tag` says how far a use is believed, in the words of the EU's HMPC, and only where a named "
                "body or a trial is quoted; `no_evaluado` everywhere else.",
            ),
            "",
        ]
    return lines


def _refused(say: Any, manifest: Mapping[str, Any]) -> list[str]:
    if not manifest["refused"] or manifest["unpublishable_included"]:
        return []
    return [
        say(
            "Se omitieron porque una licencia o los términos de un modelo no permiten publicarlas:",
            "Left out because a licence or a model's terms do not allow publishing:",
        ),
        "",
        *_table(say("motivo", "why"), manifest["refused"], say("filas", "rows")),
    ]


def _limits(say: Any, config: Recipe, manifest: Mapping[str, Any]) -> list[str]:
    said = [
        say(
            "Los textos dicen lo que escribieron sus autores; no son consejo médico. Un uso tradicional no es un efecto "
            "probado.",
            "The texts report what their authors wrote; they are no medical advice. A traditional use is no proven "
            "effect.",
        ),
        say(
            "Las fuentes son las que alguien pudo listar con licencia: no representan la medicina de ningún país.",
            "The sources are those that somebody could list with a licence: they represent no country's medicine.",
        ),
    ]
    if config.questions or config.translate:
        said.append(
            say(
                "Lo escribió una máquina: los controles dejan pasar errores (véase arriba).",
                "It was written by machine: the gates let errors through (see above).",
            )
        )
    if any(name.startswith("youtube") for name in manifest.get("source_kind", {})):
        said.append(
            say(
                "Las transcripciones de vídeo contienen errores de reconocimiento.",
                "Transcripts of videos contain errors of recognition.",
            )
        )
    return [say("### Límites", "### Limits"), "", *[f"- {one}" for one in said], ""]


def _opt_out(say: Any) -> list[str]:
    return [
        say("### Retirar un texto", "### Taking a text down"),
        "",
        say(
            "Quien tenga derechos sobre un texto, o aparezca en él, puede pedir su retirada en la pestaña *Community* de "
            "este repositorio; se retira de todas las versiones.",
            "Whoever holds rights in a text, or appears in it, may ask in this repository's *Community* tab; it is then "
            "taken out of every version.",
        ),
        "",
    ]


_COLUMNS = {
    "qa": (
        "`question`, `answer`; `messages`, lo mismo como chat, para `trl.SFTTrainer`",
        "`question`, `answer`; `messages` are the same as a chat, for `trl.SFTTrainer`",
    ),
    "mcq": (
        "el formato de HEAD-QA: `qtext`, `answers` (`aid`, `atext`), `ra` (el `aid` de la clave), `explanation` (la "
        "evidencia), `stratum` en el conjunto de evaluación",
        "HEAD-QA's layout: `qtext`, `answers` (`aid`, `atext`), `ra` (the `aid` of the key), `explanation` (the "
        "evidence), `stratum` in the evaluation set",
    ),
    "dialogue": (
        "`messages`: el chat; `turns`: lo mismo con la evidencia de cada respuesta",
        "`messages`: the chat; `turns`: the same with each answer's evidence",
    ),
    "patient": (
        "`messages`: una pregunta o un texto, y la respuesta en palabras sencillas",
        "`messages`: a question or text, and the answer in plain words",
    ),
    "discharge": (
        "`messages`: un caso clínico y su resumen",
        "`messages`: a clinical case, and its summary",
    ),
    "preference": (
        "`prompt`, `chosen`, `rejected`, cada uno una lista de mensajes; `pair_kind` (`corruption`, `ungrounded`, "
        "`unanswerable`, `exam`), `corruption` (qué se cambió en la respuesta buena), `fails` (el control que rechaza la "
        "mala), `length_ratio` (mala entre buena, en caracteres)",
        "`prompt`, `chosen`, `rejected`, each a list of chat messages; `pair_kind` (`corruption`, `ungrounded`, "
        "`unanswerable`, `exam`), `corruption` (what was done to the right answer), `fails` (the gate that refuses the "
        "wrong one), `length_ratio` (rejected by chosen, in characters)",
    ),
    "open": (
        "`prompt`, `reference` (lo que dice la fuente), `stratum`",
        "`prompt`, `reference` (what the source says), `stratum`",
    ),
}  # fmt: skip


def _text_columns(say: Any, manifest: Mapping[str, Any]) -> list[str]:
    if not any(file.startswith("data/text/") for file in manifest["files"]):
        return []
    rows = (
        (
            "`text`, `text_sha256`",
            "el texto y su huella; `spans` se refiere a él",
            "the text and its hash; `spans` is of it",
        ),
        (
            "`spans`",
            "trozos (`start`, `end`) con su papel, su página o segundo y su epígrafe",
            "pieces (`start`, `end`) with their role, page or second, and heading",
        ),
        (
            "`id`, `doc_id`, `work_id`",
            "del documento, y de la obra de que forma parte: nunca está en dos particiones",
            "of the document, and of the work it is part of: never in two splits",
        ),
        (
            "`title`, `author`, `date`, `url`, `source_id`, `source_kind`",
            "de dónde viene",
            "where it comes from",
        ),
        (
            "`tradition`, `specialty`, `country`, `language`",
            "de qué trata, dónde y en qué lengua",
            "what, where, language",
        ),
        (
            "`licence`, `licence_evidence`",
            "la licencia y las palabras o la dirección que la declaran",
            "the licence, and the words or address that declare it",
        ),
    )
    lines = [
        say("### Columnas", "### Columns"),
        "",
        say("| columna | contenido |", "| column | content |"),
        "|---|---|",
    ]
    return [*lines, *[f"| {names} | {say(*told)} |" for names, *told in rows], ""]


def _cite(say: Any) -> list[str]:
    return [
        say("### Cómo se cita", "### How to cite"),
        "",
        say(
            "Por el nombre de este repositorio y su versión (`versions.json`, etiqueta `vX.Y.Z`); las obras, como piden sus "
            "licencias, según `ATTRIBUTION.md`. Hecho con *corpus-factory*.",
            "By the name of this repository and its version (`versions.json`, tag `vX.Y.Z`); the works as their licences "
            "ask, by `ATTRIBUTION.md`. Made with *corpus-factory*.",
        ),
        "",
    ]


def _columns(say: Any, manifest: Mapping[str, Any]) -> list[str]:
    """What the columns hold, and how a trainer takes them."""
    there = [kind for kind in _COLUMNS if kind in manifest.get("kinds", {})]
    if not there:
        return _text_columns(say, manifest)
    lines = [
        say("### Columnas", "### Columns"),
        "",
        say("| configuración | columnas |", "| config | columns |"),
        "|---|---|",
    ]
    lines += [f"| `{kind}` | {say(*_COLUMNS[kind])} |" for kind in there]
    lines += [
        f"| {say('todas', 'all')} | `evidence` (`start`, `end`, `quote`, `page`, `start_seconds`), `doc_id`, `text_sha256`,"
        " `url`, `licence`, `split` |",
        "",
    ]
    if "preference" in there:
        lines += [
            "```python",
            "from datasets import load_dataset",
            "from trl import DPOConfig, DPOTrainer",
            "",
            f'pairs = load_dataset("{PLACE}", "preference", split="train")',
            'pairs = pairs.select_columns(["prompt", "chosen", "rejected"])',
            'DPOTrainer(model="MODEL", args=DPOConfig(output_dir="out"), train_dataset=pairs).train()',
            "```",
            "",
        ]
    return lines
