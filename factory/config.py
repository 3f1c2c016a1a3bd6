"""Every TOML table as a frozen pydantic model: values only, no logic beyond validation.

Defaults < TOML < `--set key=value`. The resolved config is what stage hashes are made of.
"""

from __future__ import annotations

import datetime
import difflib
import re
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from factory.errors import ConfigError
from factory.record import Kind, Split, Tradition

Profile = Literal["book", "article", "transcript", "web", "qa"]
PROFILES: tuple[Profile, ...] = ("book", "article", "transcript", "web", "qa")

# Which quality profile a kind of source gets: one list of rules fits none of them all (clean.md).
PROFILE_OF_KIND: dict[Kind, Profile] = {
    "pdf": "book",
    "epub": "book",
    "article": "article",
    "jats": "article",
    "text": "article",
    "dataset": "article",
    "youtube": "transcript",
}

Slug = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,79}$")]


# SPDX ids by the beginnings in use for texts and data (spdx.org/licenses), and the words the gate knows.
_LICENCE = re.compile(
    r"^(?:unknown|public-domain|youtube-standard|all-rights-reserved"
    r"|(?:CC0?|GPL|LGPL|AGPL|MPL|EUPL|BSD|MIT|Apache|ODC|ODbL|PDDL|GFDL|OGL|CDLA|etalab|Llama|Gemma|LicenseRef)[\w.+-]*)$",
    re.IGNORECASE,
)


# An article of PubMed Central (PMC3166943) or SciELO (S0864-21252011000300001), by its own id.
ARTICLE_ID = re.compile(r"PMC\d{3,9}|S\d{4}-\d{3}[\dX]\d{13}")


class Table(BaseModel):
    """A frozen table that refuses unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)


class Source(Table):
    """One row of `sources.toml`: what may be read, and under which licence."""

    id: Slug = Field(description="Stable for ever; part of every document's id.")
    kind: Kind = Field(description="What the address or the files hold.")
    url: str | None = Field(None, description="Where it is fetched from (http or https).")
    path: str | None = Field(None, description="Files or a glob, relative to the TOML file.")
    language: str = Field(description="Expected language, ISO 639-1; the text decides.", min_length=2)
    tradition: Tradition = Field(description="Conventional, natural, traditional, alternative or mixed.")
    licence: str = Field(
        description="SPDX id, public-domain, youtube-standard, all-rights-reserved or unknown.", min_length=2
    )
    licence_evidence: str | None = Field(None, description="Where the licence is stated.")
    country: str | None = Field(None, description="ISO 3166 code of the publisher.")
    specialty: str | None = Field(None, description="Medical specialty, free text.")
    title: str | None = Field(None, description="Title of a single work.")
    author: str | None = Field(None, description="Author, publisher or channel.")
    date: str | None = Field(
        None, description="Publication date: YYYY, YYYY-MM or YYYY-MM-DD.", pattern=r"^\d{4}(-\d\d(-\d\d)?)?$"
    )
    isbn: str | None = Field(None, description="ISBN of a single book.")
    doi: str | None = Field(None, description="DOI of a single work.")
    source_type: Literal["clinical"] | None = Field(
        None,
        description="clinical: cases or notes of patients; dates and names are removed, and a person reviews.",
    )
    reviewed_by: str | None = Field(
        None, description="Who read clinical texts after the rules and found no person in them; needed to publish."
    )
    attribution: str | None = Field(None, description="How the licence asks to be credited, if it says so.")
    profile: Profile | None = Field(
        None, description="Quality profile, where not the kind's own: web for pages nobody chose one by one."
    )
    listing: Literal["page", "sitemap", "feed", "site"] | None = Field(
        None, description="What the address of an article source is; site: a bounded crawl. None: the page itself."
    )
    limit: int | None = Field(None, ge=1, description="At most so many videos or pages of a listing, the first ones.")
    since: str | None = Field(
        None, description="Only videos from this day on, YYYY-MM-DD.", pattern=r"^\d{4}-\d\d-\d\d$"
    )
    speech: Literal["auto", "never", "always"] | None = Field(
        None, description="When videos are transcribed: auto where there are no captions."
    )
    note: str | None = Field(None, description="Anything a person should know.")
    allow_private: bool = Field(False, description="Allow a private address (tests, intranets).")

    @model_validator(mode="after")
    def _one_place(self) -> Source:
        if not _LICENCE.match(self.licence):
            msg = (
                f"licence {self.licence[:40]!r} is no SPDX id; write unknown where it is not known, or one of "
                "public-domain, youtube-standard, all-rights-reserved, LicenseRef-…"
            )
            raise ValueError(msg)
        if self.url and self.path:
            msg = "give url or path, not both"
            raise ValueError(msg)
        by_id = self.kind == "jats" and self.url and ARTICLE_ID.fullmatch(self.url)
        if self.url and not by_id and not re.match(r"https?://[^\s/]+", self.url):
            msg = f"url must begin with http:// or https://, not {self.url[:60]!r}"
            raise ValueError(msg)
        return self


class Fetch(Table):
    """How sources are asked: `[fetch]` of a sources file."""

    user_agent: str = Field(
        "corpus-factory/0.1 (text corpus of medicine; obeys robots.txt)", description="Who asks; name a contact."
    )
    delay_seconds: float = Field(
        2.0, ge=0, description="Between two requests to a host that states no crawl-delay; below 1 for private hosts."
    )
    connect_seconds: float = Field(15.0, gt=0, description="Longest wait for a connection.")
    read_seconds: float = Field(30.0, gt=0, description="Longest silence of a server.")
    deadline_seconds: float = Field(120.0, gt=0, description="Longest time for a page, from request to last byte.")
    file_deadline_seconds: float = Field(900.0, gt=0, description="The same for books and other files.")
    max_page_bytes: int = Field(10 * 2**20, ge=1, description="Largest page, after decompression.")
    max_file_bytes: int = Field(512 * 2**20, ge=1, description="Largest book or other file.")
    max_redirects: int = Field(5, ge=0, description="Redirects followed, each checked like the first address.")
    attempts: int = Field(4, ge=1, description="Times a request is made when the server says 429, 5xx or breaks off.")
    backoff_seconds: float = Field(2.0, ge=0, description="Wait after the first failed attempt; doubled each time.")
    max_wait_seconds: float = Field(120.0, ge=0, description="A longer Retry-After stops the host until then.")
    max_failures: int = Field(5, ge=1, description="Failed items in a row after which a host is left alone.")
    hosts_at_once: int = Field(8, ge=1, description="Hosts asked at the same time, one connection each.")
    trust_env: bool = Field(False, description="Use the proxies and certificates the environment names.")
    pmc: str = Field(
        "https://eutils.ncbi.nlm.nih.gov/entrez/eutils/efetch.fcgi?db=pmc&id={number}&rettype=xml",
        description="Where PubMed Central gives the JATS of an article.",
    )
    scielo: str = Field(
        "https://articlemeta.scielo.org/api/v1/article/?collection={collection}&code={pid}&format=xmlrsps",
        description="Where SciELO gives the JATS of an article.",
    )


class Speech(Table):
    """How speech becomes words: `[speech]` of a sources file."""

    model: str = Field("small", description="A faster-whisper model by name, Hub id or folder.")
    device: Literal["auto", "cpu", "cuda"] = Field("auto", description="Where the model runs.")
    compute_type: str = Field("auto", description="CTranslate2's type; auto: int8 on CPU, float16 on GPU.")
    beam_size: int = Field(5, ge=1, description="Beam of the decoder (faster-whisper: 5).")
    batch_size: int = Field(0, ge=0, description="Windows decoded at once; 0: one after the other, 16 on a GPU.")
    max_no_speech: float = Field(
        0.6, ge=0, le=1, description="Above it, with a poor score, nobody spoke (Whisper: 0.6)."
    )
    min_log_probability: float = Field(-1.0, le=0, description="Below it a piece is believed no more (Whisper: -1).")
    max_compression: float = Field(2.4, gt=0, description="Above it a piece is a loop of the decoder (Whisper: 2.4).")
    max_hours: float = Field(8.0, gt=0, description="Longest recording transcribed.")


class Select(Table):
    """Which raw items a recipe takes."""

    traditions: tuple[Tradition, ...] = Field(description="Traditions of the sources taken.")
    language: str = Field("es", description="Language of the documents kept.")
    kinds: tuple[Kind, ...] = Field(
        ("pdf", "article", "youtube", "text", "dataset", "jats", "epub"), description="Kinds of sources taken."
    )
    sources: tuple[str, ...] = Field((), description="Only these sources; all of them where none is named.")


class Read(Table):
    """Limits of the reader's child process."""

    timeout_seconds: float = Field(20.0, gt=0, description="Longest silence of the reader before it is killed.")
    memory_mb: int = Field(1024, ge=256, description="Address space of the reader's child.")
    recycle_documents: int = Field(500, ge=1, description="Documents a child serves before it is replaced.")
    ocr: Literal["auto", "never"] = Field("auto", description="Recognise scanned pages where tesseract is installed.")
    passwords: tuple[str, ...] = Field((), description="Passwords to try on encrypted PDFs.")
    max_crash_share: float = Field(
        0.01, ge=0, le=1, description="Above this share (and 5 documents) of reader crashes the stage is refused."
    )


class Quality(Table):
    """Thresholds of one kind of source. 0 or 1 switches a rule off."""

    min_words: int = Field(50, ge=0, description="Shortest document, in words (Gopher: 50, arXiv:2112.11446 A.1).")
    min_mean_word: float = Field(3.0, ge=0, description="Mean word length at least (Gopher: 3).")
    max_mean_word: float = Field(10.0, ge=0, description="Mean word length at most (Gopher: 10).")
    min_alpha_share: float = Field(0.6, ge=0, le=1, description="Share of words with a letter (Gopher: 0.8).")
    max_symbol_share: float = Field(0.1, ge=0, le=1, description="Symbols per word at most (Gopher: 0.1).")
    max_duplicate_share: float = Field(
        0.3, ge=0, le=1, description="Characters in repeated paragraphs at most (Gopher: 0.3 of paragraphs)."
    )
    max_top_word_share: float = Field(0.2, ge=0, le=1, description="Share of the commonest word: loops of a decoder.")
    min_stop_words: int = Field(2, ge=0, description="Different Spanish function words at least (Gopher: 2).")


class Web(Table):
    """FineWeb-2's thresholds for Spanish web pages (configs/spa_Latn.yml, arXiv:2506.20920); profile `web` only."""

    min_language_score: float = Field(0.84, ge=0, le=1, description="Below this the language is not believed.")
    min_words: int = Field(50, ge=0, description="Shortest page, in words.")
    max_words: int = Field(100_000, ge=1, description="Longest page, in words.")
    min_mean_word: float = Field(3, ge=0, description="Mean word length at least.")
    max_mean_word: float = Field(14, ge=0, description="Mean word length at most.")
    min_alpha_share: float = Field(0.825, ge=0, le=1, description="Share of words with a letter.")
    min_stop_words: int = Field(2, ge=0, description="Occurrences of the sixteen commonest words at least.")
    max_duplicate_lines: float = Field(0.252, ge=0, le=1, description="Share of lines that stand there already.")
    min_punctuated_lines: float = Field(0.182, ge=0, le=1, description="Share of lines that end a sentence.")
    max_lines_per_word: float = Field(0.138, ge=0, le=1, description="Line breaks per word: lists and menus.")
    max_duplicate_characters: float = Field(0.1, ge=0, le=1, description="Share of characters in repeated lines.")
    top_n_grams: dict[int, float] = Field(
        {2: 0.156, 3: 0.14, 4: 0.125}, description="Share of characters in the commonest n words in a row, by n."
    )
    duplicate_n_grams: dict[int, float] = Field(
        {5: 0.145, 6: 0.136, 7: 0.127, 8: 0.117, 9: 0.108, 10: 0.099},
        description="Share of characters in repeated n words in a row, by n.",
    )


class Clean(Table):
    """How Documents are repaired, split by language and judged."""

    min_language_score: float = Field(0.5, ge=0, le=1, description="Below this the language is not believed.")
    split_letters: int = Field(200, ge=1, description="Letters another language needs to become a document of its own.")
    quality: dict[Profile, Quality] = Field(
        default_factory=lambda: dict.fromkeys(PROFILES, Quality()),
        description="Thresholds per profile.",
    )
    web: Web = Field(Web(), description="What pages of the profile web must pass besides.")
    min_topic_score: float = Field(
        0.0, ge=0, le=1, description="Least share of medical words; 0.06 parts medical texts from others, 0 only tags."
    )


class Serve(Table):
    """How the vLLM server of this machine is run; nothing here changes a result."""

    python: str | None = Field(None, description="Interpreter of the environment with vLLM (FACTORY_VLLM_PYTHON).")
    max_num_seqs: int = Field(256, ge=1, description="Requests that vLLM works on at once.")
    gpu_memory: float | None = Field(None, gt=0, le=1, description="Share of the GPU's memory; None: vLLM's own 0.9.")
    cpu_cache: str = Field(
        "2G", description="Memory of the key-value cache where there is no GPU; vLLM wants a number."
    )
    arguments: tuple[str, ...] = Field((), description="More arguments of vLLM's server.")
    trust_remote_code: bool = Field(False, description="Allow code of the model's repo, where its profile asks for it.")
    start_seconds: float = Field(1200.0, gt=0, description="Longest time from start to the first answer.")
    silent_seconds: float = Field(60.0, gt=0, description="Without a sign of health so long, it is started again.")
    stuck_seconds: float = Field(600.0, gt=0, description="With requests but no token so long, it is started again.")
    restarts: int = Field(5, ge=0, description="Starts in a row without progress before it is given up.")
    backoff_seconds: float = Field(1.0, ge=0, description="Before the first new start; doubled each time.")


class Calls(Table):
    """How a model is asked; nothing here changes a reply."""

    window: int = Field(0, ge=0, description="Requests under way at most; 0: twice serve.max_num_seqs, 1024 at most.")
    request_seconds: float = Field(600.0, gt=0, description="Longest wait for one reply.")
    tries: int = Field(4, ge=1, description="Times a request is sent while the server errs (500, no reply).")
    backoff_seconds: float = Field(0.5, ge=0, description="Before a second try; doubled each time, 30 at most.")
    down_seconds: float = Field(300.0, gt=0, description="Without any answer so long, the stage is given up.")


class Indexes(Table):
    """The evaluation sets of the home that Documents are checked against."""

    files: tuple[str, ...] = Field((), description="Index files, named by their content.")


class Translate(Table):
    """How English becomes Spanish."""

    engine: Literal["auto", "apertium", "vllm", "endpoint"] = Field(
        "auto", description="auto: a model where one is named, else Apertium where it is installed (a draft)."
    )
    model: str | None = Field(None, description="A profile, a Hub id or a folder; of an endpoint, its name there.")
    model_licence: str | None = Field(None, description="The model's terms, where no profile says them: an SPDX id.")
    glossary: tuple[str, ...] = Field((), description="Term lists (TSV or CSV), by the hash of their bytes.")
    glossary_rule: Literal["prefer", "require"] = Field(
        "prefer", description="prefer: a term that was missed is asked for once more; require: its unit fails."
    )
    memory: tuple[str, ...] = Field((), description="Earlier translations (TSV or JSONL), by the hash of their bytes.")
    most_failed_share: float = Field(
        0.2, ge=0, le=1, description="A document that loses more of its text to the gates goes whole."
    )
    back_translation: bool = Field(
        False, description="Apertium translates each unit back, which must look like the source (chrF)."
    )
    min_back_chrf: float = Field(28.0, ge=0, le=100, description="chrF of the back-translation at least.")


RowKind = Literal["qa", "mcq", "dialogue", "patient", "discharge", "preference", "open"]


class Questions(Table):
    """How questions are asked about built corpora."""

    corpora: tuple[str, ...] = Field(
        description="Recipes whose Documents are asked about; built first where they are not."
    )
    also: tuple[str, ...] = Field((), description="Recipes that are asked about besides, where they are built already.")
    kinds: tuple[RowKind, ...] = Field(
        ("qa", "mcq", "dialogue", "patient"), description="Kinds of rows that are written."
    )
    splits: tuple[Split, ...] = Field(
        ("train", "validation", "eval"), description="Splits of the Documents asked about."
    )
    lane: Literal["auto", "template", "model", "both"] = Field(
        "auto", description="What writes; auto: the model where one is named, else patterns."
    )
    engine: Literal["auto", "vllm", "endpoint"] = Field("auto", description="What serves the model.")
    model: str | None = Field(None, description="A profile, a Hub id or a folder; of an endpoint, its name there.")
    model_licence: str | None = Field(None, description="The model's terms, where no profile says them: an SPDX id.")
    per_passage: int = Field(4, ge=1, le=8, description="Questions of a passage that a model is asked for at most.")
    temperature: float = Field(0.3, ge=0, le=2, description="Of the model (BioMistral: 0.3).")
    max_per_document: int = Field(400, ge=1, description="Rows of one kind that a Document gives at most.")
    max_type_share: float = Field(
        0.5, gt=0, le=1, description="Share of one type among a Document's questions at most, from ten questions on."
    )
    max_similar: float = Field(0.8, gt=0, le=1, description="ROUGE-L of two questions at which the later one repeats.")
    max_kind_share: float = Field(
        0.25, gt=0, le=1, description="Share of one kind among corruptions at most, where that leaves half of them."
    )


class Engines(Table):
    """The model that a stage's results come from, as its profile says."""

    engine: str = Field(description="apertium, vllm or endpoint.")
    model: str = Field(description="Profile or program, with its version.")
    profile: dict[str, Any] = Field({}, description="What the replies depend on.")
    prompt_sha256: str | None = Field(None, description="Hash of the prompt's words.")


class Executor(Table):
    """Where the tasks of a stage run: `[executor]` of a sources file; nothing here changes a result."""

    kind: Literal["local", "ray", "slurm"] = Field("local", description="This machine, a Ray cluster or a Slurm one.")
    workers: int = Field(0, ge=0, description="Tasks at once; 0: one a core here, all there are room for on a cluster.")
    cpus: int = Field(1, ge=1, description="Cores of a task.")
    memory_gb: float = Field(4.0, gt=0, description="Memory of a task; doubled where one ran out of it.")
    time: str = Field(
        "24:00:00",
        description="Longest time of a task, HH:MM:SS; doubled where one ran out.",
        pattern=r"^\d+:\d\d:\d\d$",
    )
    attempts: int = Field(3, ge=1, description="Times a task is run whose worker was lost.")
    partition: str | None = Field(None, description="Slurm's partition; None: its default.")
    qos: str | None = Field(None, description="Slurm's quality of service.")
    account: str | None = Field(None, description="Slurm's account.")
    sbatch: dict[str, str] = Field({}, description="More options of sbatch, by their long names.")
    setup: str = Field("", description="What a Slurm job runs first, for example `module load python`.")
    ray_address: str | None = Field(None, description="Ray's address; None: RAY_ADDRESS, else one for this run alone.")
    servers: int = Field(0, ge=0, description="Model servers on the cluster, one a node; 0: one on this machine.")
    gpus: int = Field(1, ge=0, description="GPUs of a model server.")
    server_cpus: int = Field(8, ge=1, description="Cores of a model server.")
    server_memory_gb: float = Field(64.0, gt=0, description="Memory of a model server's job.")

    @field_validator("time", mode="before")
    @classmethod
    def _as_written(cls, value: Any) -> Any:
        """TOML reads 24:00:00 as no time, and 01:00:00 as one."""
        return value.isoformat() if isinstance(value, datetime.time) else value

    @property
    def seconds(self) -> int:
        """The longest time of a task."""
        hours, minutes, seconds = (int(part) for part in self.time.split(":"))
        return 3600 * hours + 60 * minutes + seconds


class Export(Table):
    """How the dataset is written."""

    rows_per_shard: int = Field(50_000, ge=1, description="Rows of one Parquet file at most.")
    licence_refused: tuple[str, ...] = Field((), description="Licences refused beyond the gate's own list.")
    smc: bool = Field(True, description="The seed project's columns too, as the config smc: the texts a second time.")
    unpublished: bool = Field(False, description="Serves other recipes only; `factory publish --all` leaves it out.")


class Recipe(Table):
    """`pipelines/<name>.toml`: the numbers of one recipe."""

    title: str = Field(description="What the dataset is, in one line.")
    title_es: str = Field("", description="The same in Spanish.")
    select: Select
    read: Read = Read()
    clean: Clean = Clean()
    translate: Translate | None = Field(None, description="Only in recipes of translations.")
    questions: Questions | None = Field(None, description="Only in recipes of questions over other recipes.")
    serve: Serve = Serve()
    calls: Calls = Calls()
    export: Export = Export()


T = TypeVar("T", bound=Table)


def nearest(word: str, known: Iterable[str]) -> str:
    """` Did you mean 'x'?` for a misspelt word, else the list of what is known."""
    options = sorted(known)
    close = difflib.get_close_matches(word, options, 1, 0.6)
    return f"Did you mean {close[0]!r}?" if close else "Known: " + ", ".join(options) + "."


def explain(error: ValidationError, model: type[Table], where: str) -> str:
    """One sentence for the first thing wrong in a table."""
    first = next((e for e in error.errors() if e["type"] == "extra_forbidden"), error.errors()[0])
    key = ".".join(str(part) for part in first["loc"])
    more = f" (and {error.error_count() - 1} more)" if error.error_count() > 1 else ""
    if first["type"] == "extra_forbidden":
        hint = nearest(str(first["loc"][-1]), _fields_at(model, first["loc"][:-1]))
        return f"{where}: unknown key {key!r}. {hint}{more}"
    if first["type"] == "missing":
        return f"{where}: {key!r} is missing{more}"
    given = first.get("input")
    said = f", not {given!r}" if isinstance(given, str | int | float | bool) and key else ""
    return f"{where}: {key + ': ' if key else ''}{first['msg'].removeprefix('Value error, ')}{said}{more}"


def _fields_at(model: type[BaseModel], path: tuple[Any, ...]) -> Iterable[str]:
    for part in path:
        annotation = model.model_fields[part].annotation if part in model.model_fields else None
        # A table that may be left out is one of two types.
        annotation = next(
            (one for one in get_args(annotation) if isinstance(one, type) and one is not type(None)), annotation
        )
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            model = annotation
    return model.model_fields


def parse(model: type[T], table: dict[str, Any], where: str) -> T:
    """The table as a model. Raises ConfigError with file, key and allowed values."""
    try:
        return model.model_validate(table)
    except ValidationError as error:
        raise ConfigError(explain(error, model, where)) from error


def load_toml(path: Path) -> dict[str, Any]:
    """The file's tables. Raises ConfigError if it is missing or not TOML."""
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError as error:
        raise ConfigError(f"{path}: no such file") from error
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror or error}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: not valid TOML: {error}") from error


def override(table: dict[str, Any], settings: Iterable[str]) -> dict[str, Any]:
    """The table with each `a.b=value` set; the value is read as TOML, else as a string."""
    result: dict[str, Any] = _copy(table)
    for setting in settings:
        key, equals, value = setting.partition("=")
        if not equals or not key.strip():
            raise ConfigError(f"--set {setting!r}: write it as key=value, for example read.timeout_seconds=60")
        at = result
        *parents, last = key.strip().split(".")
        for parent in parents:
            at = at.setdefault(parent, {})
            if not isinstance(at, dict):
                raise ConfigError(f"--set {setting!r}: {parent!r} is a value, not a table")
        try:
            at[last] = tomllib.loads(f"v = {value}")["v"]
        except tomllib.TOMLDecodeError:
            at[last] = value
    return result


def _copy(table: Any) -> Any:
    return {k: _copy(v) for k, v in table.items()} if isinstance(table, dict) else table
