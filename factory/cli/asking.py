"""`factory ingest youtube | articles | pdf | jats`: addresses, asked politely."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

import click

from factory.cli import clean, options
from factory.cli.telling import end, run_jobs
from factory.config import Source, parse
from factory.errors import ConfigError
from factory.record import TRADITIONS

if TYPE_CHECKING:
    from factory.sources import SourceList
    from factory.store import Store

F = TypeVar("F", bound=Callable[..., Any])


def source_options(command: F) -> F:
    """The options that say what the addresses are."""
    for option in (
        click.option("--set", "settings", multiple=True, metavar="KEY=VALUE", help="A number of [fetch] or [speech]."),
        click.option("--refresh", is_flag=True, help="Ask again for what is here, gone or refused."),
        click.option("--allow-private", is_flag=True, help="The address may be on this machine or network."),
        click.option("--title", help="The title of a single work."),
        click.option("--language", default="es", show_default=True, help="The language expected."),
        click.option("--licence", help="SPDX id, public-domain or unknown (default: unknown); never guessed."),
        click.option("--tradition", type=click.Choice(TRADITIONS), help="The tradition (default: mixed)."),
        click.option("--source", "source_id", metavar="ID", help="The source they belong to (default: by address)."),
    ):
        command = option(command)
    return command


@click.command("youtube")
@click.option("--channel", multiple=True, metavar="URL|@HANDLE", help="Every video of a channel.")
@click.option("--playlist", multiple=True, metavar="URL|ID", help="Every video of a playlist.")
@click.option("--video", multiple=True, metavar="URL|ID", help="One video; may be repeated.")
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="The first N listed: the newest of a channel.")
@click.option("--since", type=click.DateTime(["%Y-%m-%d"]), metavar="YYYY-MM-DD", help="Only videos from this day on.")
@click.option(
    "--speech",
    type=click.Choice(["auto", "never", "always"]),
    help="Listen to it: where there are no captions (auto), never, always.",
)
@click.option("--speech-model", metavar="NAME|PATH", help="A faster-whisper model (default: small).")
@click.option("--cookies", metavar="FILE", help="Cookies of a browser, in Netscape's format.")
@source_options
@options.sources_file
@options.home
@options.dry_run
@options.as_json
@options.loudness
def youtube(
    channel: tuple[str, ...],
    playlist: tuple[str, ...],
    video: tuple[str, ...],
    **given: Any,
) -> None:
    """Take the captions of videos, or what is said in them.

    Captions by people come before captions by machines; machine-translated ones are never taken. A video says its own
    licence; without one it is built and never published. Asking again takes what is new and what was pending.

    \b
    Examples:
      factory ingest youtube --channel @EcologiaVerde --tradition natural --limit 20
      factory ingest youtube --playlist PLxxxxxxxxxxxx --since 2024-01-01 --speech never
      factory ingest youtube --video https://youtu.be/xxxxxxxxxxx --speech-model models/whisper-small
    """
    from factory.fetch.youtube import canonical

    given["since"] = given["since"].strftime("%Y-%m-%d") if given["since"] else None
    if not (channel or playlist or video):
        raise ConfigError("nothing was named", "for example --channel @EcologiaVerde, --playlist URL or --video URL")
    jobs: list[tuple[str, tuple[str, ...]]] = [(canonical(c), (canonical(c),)) for c in (*channel, *playlist)]
    if video:
        jobs.append(("https://www.youtube.com/", tuple(canonical(v) for v in video)))
    ask("youtube", jobs, given)


@click.command("articles")
@click.option("--url", multiple=True, metavar="URL", help="A page; may be repeated.")
@click.option("--list", "list_file", metavar="FILE", help="A file with an address a line.")
@click.option("--sitemap", metavar="URL", help="The pages of a sitemap.")
@click.option("--feed", metavar="URL", help="The entries of an RSS or Atom feed.")
@click.option("--site", metavar="URL", help="Pages of one site, from this one on.")
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="At most N pages (--site: 100).")
@source_options
@options.sources_file
@options.home
@options.dry_run
@options.as_json
@options.loudness
def articles(
    url: tuple[str, ...],
    list_file: str | None,
    sitemap: str | None,
    feed: str | None,
    site: str | None,
    **given: Any,
) -> None:
    """Take pages of the web: robots.txt and opt-outs obeyed, one request at a time to each host.

    Asking again takes what has changed since, and what was pending.

    \b
    Examples:
      factory ingest articles --url https://www.cancer.gov/espanol/tipos/seno --licence public-domain
      factory ingest articles --sitemap https://example.org/sitemap.xml --limit 200 --tradition natural
      factory ingest articles --site https://example.org/plantas/ --limit 50
      factory ingest articles --list addresses.txt --source my-pages
    """
    pages = (*url, *(_lines(list_file) if list_file else ()))
    jobs: list[tuple[str, tuple[str, ...]]] = [(pages[0], pages)] if pages else []
    for listing, address in (("sitemap", sitemap), ("feed", feed), ("site", site)):
        if address and (jobs or given.get("listing")):
            raise ConfigError("name one of --url/--list, --sitemap, --feed, --site")
        if address:
            given["listing"] = listing
            jobs = [(address, (address,))]
            break
    if sum(bool(x) for x in (pages, sitemap, feed, site)) > 1:
        raise ConfigError("name one of --url/--list, --sitemap, --feed, --site")
    if not jobs:
        raise ConfigError("nothing was named", "say --url, --list, --sitemap, --feed or --site")
    if site:
        given["profile"] = "web"
    ask("article", jobs, given)


@click.command("jats")
@click.argument("articles", nargs=-1, required=True, metavar="PMCID|PID|URL...")
@source_options
@options.sources_file
@options.home
@options.dry_run
@options.as_json
@options.loudness
def jats(articles: tuple[str, ...], **given: Any) -> None:
    """Take articles of PubMed Central or SciELO as JATS XML, by id or by address.

    \b
    Examples:
      factory ingest jats PMC3166943 --tradition conventional --licence unknown
      factory ingest jats S0864-21252011000300001
      factory ingest jats 'http://scielo.sld.cu/scielo.php?script=sci_arttext&pid=S0864-21252011000300001'
    """
    from factory.config import ARTICLE_ID

    wrong = [a for a in articles if not ARTICLE_ID.fullmatch(a.upper()) and "://" not in a]
    if wrong:
        raise ConfigError(
            f"{wrong[0]!r} is no id of PubMed Central (PMC3166943) or SciELO (S0864-21252011000300001), nor an address"
        )
    ask("jats", [(articles[0], articles)], given)


def _lines(path: str) -> list[str]:
    """The addresses of a file, one a line; empty lines and comments do not count."""
    try:
        with open(path, encoding="utf-8-sig") as file:
            lines = [line.strip() for line in file]
    except OSError as error:
        raise ConfigError(f"--list {path}: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"--list {path}: not a text file in UTF-8") from error
    found = [line for line in lines if line and not line.startswith("#")]
    if not found:
        raise ConfigError(f"--list {path}: no address in it")
    return list(dict.fromkeys(found))


# What is asked


def ask(kind: str, named: list[tuple[str, tuple[str, ...]]], given: dict[str, Any]) -> None:
    """Ask for the addresses and end with the exit code of how it went."""
    from factory.gather.run import Job
    from factory.sources import find

    listed = find(given.get("sources_file"))
    store = options.store(given["home"])
    jobs = [Job(_source(kind, first, given, listed, store), addresses) for first, addresses in named]
    if given.get("dry_run"):
        for job in jobs:
            for address in job.addresses:
                click.echo(f"{job.source.id}  {clean(address)}")
        raise SystemExit(0)
    taken = run_jobs(store, jobs, listed, given)
    end(taken, [], as_json=given["as_json"])


def _source(kind: str, address: str, given: dict[str, Any], listed: SourceList, store: Store) -> Source:
    """The source an address belongs to: named, listed with that address, known from before, or a new one."""
    from factory.ledger import Ledger

    rows = {k: v.model_dump(mode="json", exclude_none=True) for k, v in listed.rows.items()}
    rows = {k: v for k, v in Ledger(store).said().items() if k not in rows} | rows
    by_address = next((k for k, row in rows.items() if row.get("url") == address and row["kind"] == kind), None)
    identity = given.get("source_id") or by_address or slug(kind, address)
    if not given.get("source_id") and rows.get(identity, {"kind": kind})["kind"] != kind:
        identity = f"{identity[:70]}-{kind}"
    keys = ("tradition", "licence", "title", "limit", "since", "speech", "listing", "profile")
    said = {k: given[k] for k in keys if given.get(k)} | ({"allow_private": True} if given.get("allow_private") else {})
    known = rows.get(identity)
    if known is not None:
        if known["kind"] != kind:
            raise ConfigError(f"{identity} is a source of kind {known['kind']}, not {kind}", "name another --source")
        return parse(Source, known | said, identity)
    if not given.get("tradition") and not given.get("quiet") and not given.get("as_json"):
        click.echo(f"{identity}: the tradition was not said, so it is mixed; see --tradition", err=True)
    fresh = {"id": identity, "kind": kind, "language": given.get("language") or "es", "tradition": "mixed"}
    fresh |= {"licence": "unknown", "url": address}
    return parse(Source, fresh | said, identity)


def slug(kind: str, address: str) -> str:
    """An id for what an address names."""
    import re
    import unicodedata

    parts = urlsplit(address)
    host = (parts.hostname or "").removeprefix("www.")
    name = f"youtube-{parts.path.strip('/@') or 'videos'}" if kind == "youtube" else host or address
    if kind == "youtube" and parts.query and "list=" in parts.query:
        name = "youtube-" + parts.query.partition("list=")[2]
    if kind == "jats" and host in ("", "eutils.ncbi.nlm.nih.gov", "pmc.ncbi.nlm.nih.gov"):
        name = "pmc" if "PMC" in address.upper() or host else "scielo"
    folded = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9_]+", "-", folded).strip("-_")[:70] or kind
