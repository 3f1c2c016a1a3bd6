"""Pages, books and articles of one source: its lists first, then each address, conditionally where it is known."""

from __future__ import annotations

import re
from collections import deque
from posixpath import basename
from urllib.parse import unquote, urlsplit

from factory.errors import BadAnswer, HostStopped, SourceError, WrongType
from factory.fetch import listing
from factory.fetch.address import Address, Origin, parse
from factory.fetch.client import Client
from factory.fetch.hosts import Stopped
from factory.fetch.journals import jats_address
from factory.fetch.web import Page, Wanted, Web
from factory.gather.run import Job, Run
from factory.ledger import FINAL, Attempt
from factory.licence import named_in
from factory.store import Cache, Raw

# A sitemap index may lead to others; deeper than this nobody nests them.
MAX_DEPTH = 3
_FILES = ("pdf", "epub", "dataset")
_TEXT_TYPES = re.compile(
    r"^(?:text/(?:html|plain|xml|markdown|vtt|csv)|application/(?:xhtml\+xml|xml|pdf|x-pdf|jats\+xml|epub\+zip|json"
    r"|x-ndjson|octet-stream|force-download|download|vnd\.apache\.parquet|gzip|x-gzip|zstd)|binary/octet-stream)?$",
    re.IGNORECASE,
)
_ENDING = {"text/html": ".html", "application/xhtml+xml": ".html", "application/pdf": ".pdf", "text/xml": ".xml"}


def visit_pages(run: Run, job: Job) -> None:
    """Every address of the job ends with a receipt, or was not asked because a good copy is here."""
    pages = _Pages(run, job)
    try:
        pages.all()
    finally:
        pages.client.close()


class _Pages:
    def __init__(self, run: Run, job: Job) -> None:
        self.run = run
        self.job = job
        self.source = job.source
        self.visit = run.visit(job.source)
        self._given = job.addresses or (job.source.url or "",)
        self.client = Client(run.options.fetch, allowed=self._own())
        self._web = Web(run.options.fetch, run.hosts, Cache(run.store, "robots"), self.client)
        self._raw = Raw(run.store)

    def _own(self) -> Origin | None:
        """The one place that may have a private address: what the source itself names."""
        if not self.source.allow_private:
            return None
        return parse(self._asked_for(self._given[0])).origin

    def all(self) -> None:
        if self.source.listing is None or self.source.listing == "page":
            self.run.listener.begin(self.source, len(self._given))
            for given in self._given[: self.source.limit]:
                self._one(given)
        elif self.source.listing == "site":
            self._crawl()
        else:
            pages = self._listed()
            chosen = list(pages.items())[: self.source.limit]
            self.run.listener.begin(self.source, len(chosen))
            for address, changed in chosen:
                self._one(address, changed)

    # Lists

    def _listed(self) -> dict[str, str | None]:
        """The pages of the source's sitemaps or feeds, on its own site for sitemaps."""
        pages: dict[str, str | None] = {}
        waiting = deque((given, 0) for given in self._given)
        seen: set[str] = set()
        while waiting:
            given, depth = waiting.popleft()
            if given in seen or depth > MAX_DEPTH:
                continue
            seen.add(given)
            data = self._list(given)
            if data is None:
                continue
            try:
                read = listing.sitemap if self.source.listing == "sitemap" else listing.feed
                found = read(data, given)
            except SourceError as error:
                self.visit.failed(given, error, "listing")
                continue
            pages |= {p: day for p, day in found.pages.items() if p not in pages and self._here(p)}
            waiting.extend((one, depth + 1) for one in found.lists if self._here(one))
        return pages

    def _here(self, address: str) -> bool:
        """A sitemap speaks for its own site only; a feed may point anywhere."""
        try:
            return self.source.listing != "sitemap" or urlsplit(address).netloc == urlsplit(self._given[0]).netloc
        except ValueError:
            return False

    def _list(self, given: str) -> bytes | None:
        """The bytes of a list, asked for once a visit. None where it cannot be had."""
        done = self.visit.finished(given)
        if done is None:
            done = self._ask(given, "listing")
        known = self.visit.kept.get(given)
        good = done is not None and done["status"] in ("stored", "unchanged")
        return self._raw.get(known["sha256"]) if good and known else None

    def _crawl(self) -> None:
        """A bounded walk over one site, breadth first, from pages that are here already as from new ones."""
        limit = self.source.limit or 100
        self.run.listener.begin(self.source, limit)
        waiting = deque(parse(given).url for given in self._given)
        seen = set(waiting)
        taken = 0
        while waiting and taken < limit:
            address = waiting.popleft()
            taken += self._one(address)
            known = self.visit.kept.get(address)
            body = self._raw.get(known["sha256"]) if known else None
            if body is None or known is None or not known["name"].endswith((".html", ".htm")):
                continue
            for link in listing.links(body, known.get("http", {}).get("final", address)):
                if link not in seen:
                    seen.add(link)
                    waiting.append(link)

    # One address

    def _one(self, address: str, changed: str | None = None) -> bool:
        """The address has ended; true where its bytes are here."""
        if self.run.stop.is_set():
            raise Stopped
        done = self.visit.finished(address)
        if done is not None:
            return done["status"] in ("stored", "unchanged")
        if self.run.ledger.refuses(self.source.id, address):
            self.run.tell(self.source, "forbidden", address, "retracted")
            return False
        kept, last = self.visit.kept.get(address), self.visit.last.get(address)
        why = None if self.run.options.refresh else self._no_need(kept, last, changed)
        if why:
            self.run.tell(self.source, "unchanged" if kept else str((last or {})["status"]), address, why)
            return kept is not None
        receipt = self._ask(address, "item")
        return receipt is not None and receipt["status"] in ("stored", "unchanged")

    @staticmethod
    def _no_need(kept: dict[str, object] | None, last: dict[str, object] | None, changed: str | None) -> str | None:
        """Why an address is not asked again: a copy that cannot be asked about, or a final answer."""
        if last and last["status"] in FINAL and last.get("reason") not in ("robots_disallowed", "address_refused"):
            return str(last.get("reason"))
        if not kept:
            return None
        http = kept.get("http")
        known = http if isinstance(http, dict) else {}
        if changed and changed[:10] < str(kept["time"])[:10]:
            return "already_stored"
        return None if known.get("etag") or known.get("last_modified") else "already_stored"

    def _limit(self, address: str, role: str) -> int:
        fetch = self.run.options.fetch
        if role == "listing":
            return listing.MAX_BYTES if self.source.listing == "sitemap" else fetch.max_page_bytes
        file = self.source.kind in _FILES or urlsplit(address).path.lower().endswith((".pdf", ".epub"))
        return fetch.max_file_bytes if file else fetch.max_page_bytes

    def _asked_for(self, given: str) -> str:
        return jats_address(given, self.run.options.fetch) if self.source.kind == "jats" else given

    def _ask(self, given: str, role: str) -> dict[str, object] | None:
        """Ask for an address and keep what it says; the receipt."""
        until = self.visit.told_to_wait(given)
        try:
            if until:
                raise HostStopped(f"the server asked to be left alone until {until}")
            address = parse(self._asked_for(given))
            page = self._web.get(self._wanted(given, address, self._limit(address.url, role)))
            attempt = self._attempt(given, page, role)
        except HostStopped as error:
            return self._left(given, error, role, until)
        except SourceError as error:
            self.visit.failed(given, error, role)
            return self.visit.last.get(given)
        return self.visit.end(attempt)

    def _left(self, given: str, error: HostStopped, role: str, until: str | None) -> dict[str, object] | None:
        attempt = self.run.failed(self.source, given, error, None)
        attempt.role = "listing" if role == "listing" else "item"
        if until:
            attempt.next_try = until
            attempt.http["retry_after"] = True
        return self.visit.end(attempt)

    def _wanted(self, given: str, address: Address, max_bytes: int) -> Wanted:
        fetch = self.run.options.fetch
        kept = self.visit.kept.get(given)
        http = kept.get("http", {}) if kept and self._raw.has(kept["sha256"]) else {}
        seconds = fetch.file_deadline_seconds if max_bytes == fetch.max_file_bytes else fetch.deadline_seconds
        return Wanted(address, http.get("etag"), http.get("last_modified"), max_bytes, seconds, fetch.attempts)

    def _attempt(self, given: str, page: Page, role: str) -> Attempt:
        """What to write down of an answer. Raises WrongType, BadAnswer."""
        answer = page.answer
        kind = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
        http = {"status": answer.status, "final": answer.url, "content_type": kind, "robots": page.robots}
        http |= {name: _validator(answer.headers.get(name.replace("_", "-"))) for name in ("etag", "last_modified")}
        kept = self.visit.kept.get(given)
        if page.unchanged:
            if kept is None:
                raise BadAnswer(f"{answer.url}: not changed, says the server, but there is no copy")
            return Attempt(
                self.source, given, "unchanged", "not_modified", sha256=kept["sha256"], name=kept["name"],
                http={k: v for k, v in http.items() if v}, role="listing" if role == "listing" else "item",
            )  # fmt: skip
        if role != "listing" and not _TEXT_TYPES.match(kind):
            raise WrongType(f"{answer.url} is {kind}, no text that can be read")
        if role != "listing" and self.source.kind == "article" and answer.body.startswith(b"%PDF"):
            raise WrongType(f"{answer.url} is a PDF", "take it with: factory ingest pdf URL")
        facts = {"url": given if self.source.kind == "jats" and "://" in given else answer.url}
        facts |= _licence(answer.headers.get("link", ""), answer.url)
        return Attempt(
            self.source,
            given,
            "stored",
            data=answer.body,
            name=file_name(answer.url, kind),
            facts=facts,
            http={k: v for k, v in http.items() if v},
            role="listing" if role == "listing" else "item",
        )


def _validator(value: str | None) -> str | None:
    """A header that can be sent back as it came."""
    return value if value and len(value) <= 1000 and value.isascii() and value.isprintable() else None


def _licence(link: str, url: str) -> dict[str, str]:
    """The licence that a Link header names (RFC 4946)."""
    for target, more in re.findall(r"<([^>]*)>([^,<]*)", link):
        if re.search(r"rel\s*=\s*\"?[^\";]*\blicense\b", more) and (named := named_in(target)):
            return {"licence": named[0], "licence_evidence": f"Link header of {url}: {target[:200]}"}
    return {}


def file_name(url: str, kind: str) -> str:
    """A file name that tells the format, from the address."""
    parts = urlsplit(url)
    name = re.sub(r"[^\w.\-]+", "_", unquote(basename(parts.path.rstrip("/"))))[-80:] or (parts.hostname or "page")
    ending = _ENDING.get(kind, "")
    return name if not ending or name.lower().endswith((ending, ".htm", ".nxml")) else name + ending
