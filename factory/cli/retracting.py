"""`factory retract`: a source, a document or an address is taken down everywhere."""

from __future__ import annotations

from typing import Any

import click

from factory.cli import clean, options
from factory.errors import ConfigError, FactoryError, LicenceError


@click.command()
@click.argument("what", metavar="SOURCE|DOCUMENT|URL", required=False)
@click.option("--why", metavar="TEXT", help="Who asked, and why; it stays with the tombstone.")
@click.option("--workers", type=click.IntRange(min=1), metavar="N", help="Processes (default: one a core).")
@click.option("--home-only", is_flag=True, help="Leave the Hub for later; the same command without it goes on.")
@click.option("--list", "listing", is_flag=True, help="Say what was taken down, when and why.")
@options.home
@options.dry_run
@options.as_json
@click.option("-q", "--quiet", is_flag=True, help="No progress; only the result.")
def retract(
    what: str | None,
    why: str | None,
    workers: int | None,
    home_only: bool,
    listing: bool,
    home: str,
    dry_run: bool,
    as_json: bool,
    quiet: bool,
) -> None:
    """Take something down: from the home, its caches and stages, and from every published version.

    What it had displaced as a duplicate comes back, everything else stays as it is. The same bytes, the same text and
    the same address are not taken in again; a text that was changed, from elsewhere, is another text: the same command
    takes it down too. On the Hub a new version takes the place of all earlier ones: whoever pinned one loses it. A row
    of a file of rows goes by itself; of any other file all of it. Folders that publish --dry-run wrote go as well.
    Stopped, or without the Hub, the same command goes on. To allow something again, remove its file in HOME/retracted
    and ingest it.

    \b
    Examples:
      factory retract blog-plantas --why "asked by its author, 2026-11-20" --dry-run
      factory retract 3f2a9c81 --why "names a patient"
      factory retract https://example.org/articulo --why "licence withdrawn"
      factory retract --list
    """
    from factory.lock import locked
    from factory.retract import bury, find, is_finished, is_new, stone_of, told
    from factory.tombstones import begun as tombstones_begun

    store = options.existing(home)
    if listing:
        _list(store, as_json=as_json)
        return
    if what is None:
        raise ConfigError("name what is taken down", "a source, a document's id or an address; or --list")
    stone = stone_of(store, what)
    # An unfinished tombstone was written before anything went: it knows more than what is left.
    target = find(store, what) if stone is None or is_finished(stone) else None
    if stone is not None and is_finished(stone) and (target is None or not is_new(stone, target)):
        _already(stone, as_json=as_json)
        return
    if stone is None and target is None and tombstones_begun(store):
        raise ConfigError(
            f"nothing in {store.root} is of {what!r}, and a taking down was stopped",
            "run the command that was stopped again; factory retract --list",
        )
    if stone is None and target is None:
        raise ConfigError(
            f"nothing in {store.root} is of {what!r}",
            "name a source (factory status), a document's id (factory inspect; a question's is its doc_id), or the "
            "address it came from",
        )
    if not why and stone is None:
        raise ConfigError("say why: it is kept with the tombstone", 'add --why "who asked, and why"')
    if dry_run:
        _dry(told(store, target) if target else dict(stone or {}), as_json=as_json)
        return
    with locked(store):
        for other in tombstones_begun(store):
            # One that was stopped knows what its own call has removed already: it is ended first.
            if stone is None or other["name"] != stone["name"]:
                _Run(store, other, quiet=quiet or as_json).home(workers)
                if other["repositories"]:
                    click.secho(
                        f"  {', '.join(other['repositories'])} waits for the command that was stopped: "
                        "factory retract --list",
                        fg="yellow",
                        err=True,
                    )
        if target is not None:
            stone = bury(store, target, what, why or "")
        assert stone is not None
        run = _Run(store, stone, quiet=quiet or as_json)
        failed = run.home(workers)
        left = [] if home_only else run.hub()
    _tell(stone, failed, run, left, as_json=as_json, home_only=home_only)
    raise SystemExit(3 if failed else 4 if stone["repositories"] and not home_only else 0)


class _Run:
    """One call of the command."""

    def __init__(self, store: Any, stone: dict[str, Any], *, quiet: bool) -> None:
        self.store, self.stone, self.quiet = store, stone, quiet
        self.lost: dict[str, list[str]] = {}
        self.now: dict[str, str] = {}
        self.stuck: dict[str, list[str]] = {}
        self.dropped: list[str] = []

    def home(self, workers: int | None) -> dict[str, str]:
        """The home holds nothing of it; what could not be built again, with the reason."""
        import os

        from factory.cli.building import Bar
        from factory.retract import purge, rebuild, sweep
        from factory.tombstones import write

        purge(self.store, self.stone)
        with Bar(self.quiet) as bar:
            failed = rebuild(self.store, self.stone, bar, workers or os.cpu_count() or 1)
        self.stone["not_built"] = failed
        write(self.store, self.stone)
        sweep(self.store, self.stone)
        self.stone["home"] = True
        write(self.store, self.stone)
        return failed

    def hub(self) -> list[str]:
        """No published version holds it; a sentence for each repository that still does."""
        from factory.tombstones import write

        left = []
        for repo in list(self.stone["repositories"]):
            try:
                self._one(repo)
            except FactoryError as error:
                left.append(f"{repo} still holds it: {error.message}" + (f" ({error.remedy})" if error.remedy else ""))
                continue
            self.stone["repositories"].remove(repo)
            write(self.store, self.stone)
        return left

    def _one(self, repo: str) -> None:
        from factory.cli.publishing import quiet_client
        from factory.hub import Hub, push
        from factory.parcel import check, gather, said_of
        from factory.published import key_of, remember
        from factory.store import read_json

        record = read_json(self.store, key_of(repo))
        if record is None:
            # Somebody said, by removing it, that the repository is no more.
            return
        quiet_client(quiet=self.quiet)
        hub = Hub()
        hub.need_token()
        remote = hub.look(repo)
        if remote is None:
            raise FactoryError("this token sees no such dataset", f"if it was deleted, remove {key_of(repo)}")
        # Somebody may have opened it on the website since.
        private = bool(record["unpublishable"] and remote.private)
        kept = []
        for recipe in record["recipes"]:
            try:
                one = gather(self.store, [recipe], include_unpublishable=private)
                if not private:
                    check(self.store, one, said_of(self.store, {}))
            except (ConfigError, LicenceError) as error:
                # The old rows may not stay because there are no new ones.
                self.dropped.append(f"{recipe} is gone from {repo}: {error.message}")
            else:
                kept.append(recipe)
        if not kept:
            self.stuck[repo] = hub.clear(repo, self.store, list(record["recipes"]))
            self.lost[repo], self.now[repo] = sorted(remote.tags), "none any more"
            self._check_stuck(hub, repo)
            self.store.remove(key_of(repo))
            return
        parcel = gather(self.store, kept, include_unpublishable=private)
        done = push(
            hub,
            self.store,
            parcel,
            repo,
            private=remote.private,
            asked=None,
            say=lambda said: None if self.quiet else click.echo(clean(said), err=True),
            forget=True,
            owned=list(record["recipes"]),
        )
        self.stuck[repo] = hub.forget(repo, done.version)
        self.lost[repo] = sorted(tag for tag in remote.tags if tag != f"v{done.version}")
        self.now[repo] = done.version
        remember(self.store, repo, {**record, "version": done.version}, parcel.parts, forget=not self.stuck[repo])
        self._check_stuck(hub, repo)

    def _check_stuck(self, hub: Any, repo: str) -> None:
        if self.stuck[repo]:
            raise FactoryError(
                f"{', '.join(self.stuck[repo])} would not go", f"delete it on {hub.url(repo)}/discussions"
            )


def _dry(table: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        options.print_json(table | {"dry_run": True})
        return
    whole = f"the source {table['source']}: " if table["source"] else ""
    rows = table["rows"] if isinstance(table["rows"], int) else len(table["rows"])
    items = table["items"] if isinstance(table["items"], int) else len(table["items"])
    click.echo(f"{whole}{_counted(items, rows)} would go")
    documents = table.get("documents", [])
    for one in documents[:_SHOWN]:
        click.echo(f"    {one['id']}  {clean(one['title'] or '')}")
    if len(documents) > _SHOWN:
        click.echo(f"    … and {len(documents) - _SHOWN} more (--json names all)")
    _say_copies(table["copies"], "would take its place")
    click.echo(f"  built again: {', '.join(table['recipes']) or 'nothing'}")
    for repo in table["repositories"]:
        click.echo(f"  on the Hub: {repo}; every earlier version of it would be gone")
    if not table["repositories"]:
        click.echo("  on the Hub: nothing, as far as this home knows")


_SHOWN = 10


def _counted(items: int, rows: int) -> str:
    found = [f"{items} item{'s' if items != 1 else ''}"] if items or not rows else []
    return " and ".join([*found, *([f"{rows} single row{'s' if rows != 1 else ''}"] if rows else [])])


def _say_copies(copies: list[Any], how: str) -> None:
    """The same text from elsewhere is not what was asked for; whoever answers an author wants to know of it."""
    if not copies:
        return
    shown = ", ".join(f"{name} ({source})" for name, source in copies[:_SHOWN])
    more = f" and {len(copies) - _SHOWN} more" if len(copies) > _SHOWN else ""
    click.secho(f"  copies of it {how}: {shown}{more}; name them to take them down too", fg="yellow")


def _already(stone: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        nothing: dict[str, Any] = {"items": 0, "rows": 0, "recipes": [], "not_built": {}, "copies": []}
        nothing |= {"versions": {}, "lost": {}, "dropped": [], "left": []}
        options.print_json({"already": stone["when"], "why": stone["why"], **nothing})
        return
    click.echo(f"taken down already, {stone['when']} ({clean(stone['why'])}); nothing of it is here")


def _list(store: Any, *, as_json: bool) -> None:
    from factory.retract import is_finished
    from factory.tombstones import all_of

    for one in sorted(all_of(store), key=lambda stone: stone["when"]):
        rows = sum(len(parts) for _, _, parts in one["rows"])
        if as_json:
            shown = {key: one[key] for key in ("name", "when", "why", "source", "items", "rows", "repositories")}
            options.print_json({**shown, "finished": is_finished(one)})
            continue
        whole = f"source {one['source']}, " if one["source"] else ""
        left = "" if is_finished(one) else "; not finished: run the same command again"
        click.echo(f"{one['when']}  {whole}{_counted(len(one['items']), rows)}: {clean(one['why'])}{left}")
        click.echo(f"    retracted/{one['name']}.json")


def _tell(
    stone: dict[str, Any], failed: dict[str, str], run: _Run, left: list[str], *, as_json: bool, home_only: bool
) -> None:
    if as_json:
        options.print_json(
            {
                "items": len(stone["items"]),
                "rows": sum(len(parts) for _, _, parts in stone["rows"]),
                "recipes": stone["recipes"],
                "not_built": failed,
                "copies": stone["copies"],
                "versions": run.now,
                "lost": run.lost,
                "dropped": run.dropped,
                "left": left or (stone["repositories"] if home_only else []),
            }
        )
        return
    rows = sum(len(parts) for _, _, parts in stone["rows"])
    click.echo(f"taken down: {_counted(len(stone['items']), rows)}")
    _say_copies(stone["copies"], "take its place")
    built = [name for name in stone["recipes"] if name not in failed]
    click.echo(f"  built again without it: {', '.join(built) or 'nothing'}")
    for name, why in failed.items():
        click.secho(f"  {name} is gone until it is built again: {clean(why)}", fg="yellow")
    for repo, version in run.now.items():
        lost = ", ".join(run.lost[repo])
        click.echo(f"  {repo} is version {version}" + (f"; whoever pinned {lost} loses it" if lost else ""))
    for sentence in [*run.dropped, *left]:
        click.secho(f"  {clean(sentence)}", fg="yellow")
    for repo in stone["repositories"] if home_only else ():
        click.secho(f"  {repo} still holds it: the same command without --home-only goes on", fg="yellow")
