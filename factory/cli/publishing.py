"""`factory publish`: datasets to the Hub, or to a folder to look at first."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

import click

from factory.cli import clean, options
from factory.errors import ConfigError, FactoryError, HubError, LicenceError


class Asked(NamedTuple):
    """What was asked for."""

    private: bool
    public: bool
    version: str | None
    include_unpublishable: bool
    gated: Literal["auto", "manual", False] | None
    forget: bool


@click.command()
@click.argument("recipes", nargs=-1, metavar="RECIPE...")
@click.option("--all", "every", is_flag=True, help="Every built recipe; those that may not leave are named.")
@click.option("--repo", required=True, metavar="ORG/NAME", help="Where to; ORG/{recipe}: a repository for each.")
@click.option("--private", is_flag=True, help="Keep it, or make it, private.")
@click.option("--public", is_flag=True, help="Open a private repository, after the gate has read every version in it.")
@click.option("--gated", type=click.Choice(["auto", "manual", "no"]), help="Ask readers to log in and agree first.")
@click.option("--version", metavar="X.Y.Z", help="Default: the next one, by what changed.")
@click.option("--forget", is_flag=True, help="Drop the versions before: history, tags, pull requests.")
@click.option("--include-unpublishable", is_flag=True, help="With --private only: rows whose licence forbids it too.")
@options.sources_file
@options.home
@click.option("--dry-run", is_flag=True, help="Write everything to publish/ORG--NAME in the home; send nothing.")
@options.as_json
@click.option("-q", "--quiet", is_flag=True, help="No progress; only the result.")
def publish(
    recipes: tuple[str, ...],
    every: bool,
    repo: str,
    private: bool,
    public: bool,
    gated: str | None,
    version: str | None,
    forget: bool,
    include_unpublishable: bool,
    sources_file: str | None,
    home: str,
    dry_run: bool,
    as_json: bool,
    quiet: bool,
) -> None:
    """Publish built datasets on the Hub: one commit, then the tag of its version.

    The same command again does nothing, and a run that was stopped goes on. Several recipes become configs of one
    repository. The token comes from HF_TOKEN or `hf auth login`.

    \b
    Examples:
      factory publish natural_es --repo my-org/natural-es --dry-run
      factory publish natural_es --repo my-org/natural-es --private
      factory publish --all --repo my-org/medical-spanish
      factory publish --all --repo 'my-org/{recipe}'
    """
    from factory.parcel import known_recipes

    store = options.existing(home)
    if private and public:
        raise ConfigError("--private and --public exclude each other")
    if include_unpublishable and not private:
        raise ConfigError("rows that may not be published stay private", "add --private")
    if recipes and every:
        raise ConfigError("--all is every recipe: name none with it")
    known_recipes(recipes)
    chosen = list(dict.fromkeys(recipes)) or (_built(store) if every else [])
    if not chosen:
        raise ConfigError("name a recipe, or --all")
    agree: Literal["auto", "manual", False] | None = None if gated is None else False if gated == "no" else gated  # type: ignore[assignment]
    asked = Asked(private, public, version, include_unpublishable, agree, forget)
    run = _Run(store, asked, sources_file, dry_run=dry_run, as_json=as_json, quiet=quiet)
    raise SystemExit(run.all(chosen, repo, every=every))


def _built(store: Any) -> list[str]:
    """The recipes that are built and meant for others."""
    from factory.build import names, recipe_config

    found = [name for name in names() if store.has(f"datasets/{name}.json")]
    return [name for name in found if not recipe_config(name).export.unpublished]


class _Run:
    """One call of the command."""

    def __init__(
        self, store: Any, asked: Asked, sources_file: str | None, *, dry_run: bool, as_json: bool, quiet: bool
    ) -> None:
        from factory.parcel import said_of
        from factory.sources import find

        self.store, self.asked = store, asked
        self.dry_run, self.as_json, self.quiet = dry_run, as_json, quiet or as_json
        self.said = said_of(store, find(sources_file).rows)

    def all(self, recipes: list[str], repo: str, *, every: bool) -> int:
        """Every repository is published to; the exit code."""
        from factory.lock import locked
        from factory.parcel import repo_name
        from factory.tombstones import begun

        code = 0
        with locked(self.store):
            if begun(self.store):
                raise ConfigError(
                    "a taking down was stopped before it ended: nothing is published until it has",
                    "run that command again; factory retract --list names it",
                )
            parts = []
            for recipe in recipes:
                try:
                    parts.append(self._gathered([recipe]).parts[0].recipe)
                except LicenceError as error:
                    if not every:
                        raise
                    code = error.exit_code
                    click.echo(f"{recipe} is left out: {clean(error.message)}", err=True)
            if "{recipe}" in repo:
                groups = {repo_name(repo.replace("{recipe}", recipe)): [recipe] for recipe in parts}
            else:
                groups = {repo_name(repo): parts}
            for name, group in groups.items():
                if group:
                    self._one(name, group)
        return code

    def _gathered(self, recipes: list[str]) -> Any:
        """What is published, behind the gate. Raises LicenceError."""
        from factory.parcel import check, gather

        parcel = gather(self.store, recipes, include_unpublishable=self.asked.include_unpublishable)
        if not self.asked.include_unpublishable:
            check(self.store, parcel, self.said)
        return parcel

    def _one(self, repo: str, recipes: list[str]) -> None:
        parcel = self._gathered(recipes)
        if self.dry_run:
            self._dry(repo, parcel)
            return
        from factory.hub import Hub, push

        quiet_client(quiet=self.quiet)
        hub = Hub()
        hub.need_token()
        remote = hub.look(repo)
        if remote is not None:
            self._check_repository(repo, remote, recipes)
        if remote is not None and self.asked.private and not remote.private:
            hub.settings(repo, private=True)
        # Before: what is there without a record would never be taken down.
        version = remote.versions["version"] if remote is not None and remote.versions else None
        self._remember(repo, version, parcel)
        done = push(
            hub,
            self.store,
            parcel,
            repo,
            private=self.asked.private,
            asked=self.asked.version,
            say=self._say,
            forget=self.asked.forget,
        )
        stuck = hub.forget(repo, done.version) if self.asked.forget else []
        self._remember(repo, done.version, parcel, forget=self.asked.forget and not stuck)
        if self.asked.gated is not None:
            hub.settings(repo, gated=self.asked.gated)
        if remote is not None and remote.private and self.asked.public:
            self._open(hub, repo)
        self._tell(hub, repo, done, parcel, stuck)

    def _check_repository(self, repo: str, remote: Any, recipes: list[str]) -> None:
        """Raises ConfigError where the repository is not what was asked for."""
        if remote.private and not (self.asked.private or self.asked.public):
            raise ConfigError(f"{repo} is private", "keep it so: --private; or open it: --public")
        held = remote.versions["recipes"] if remote.versions else []
        missing = [recipe for recipe in held if recipe not in recipes]
        if missing:
            raise ConfigError(
                f"{repo} holds {', '.join(held)}; this would take {', '.join(missing)} away",
                f"publish them together: factory publish {' '.join(dict.fromkeys([*held, *recipes]))} --repo {repo}",
            )

    def _open(self, hub: Any, repo: str) -> None:
        """The repository is public, if every row of every version in it may be. Raises LicenceError."""
        from factory.opening import check_history

        self._say(f"{repo}: reading every version before it is opened")
        check_history(hub, repo, self.said)
        hub.settings(repo, private=False)

    def _remember(self, repo: str, version: str | None, parcel: Any, *, forget: bool = False) -> None:
        from factory.published import remember

        table = {"repo": repo, "version": version, "unpublishable": self.asked.include_unpublishable}
        remember(self.store, repo, table, parcel.parts, forget=forget)

    def _dry(self, repo: str, parcel: Any) -> None:
        """Everything stands in a folder, as the repository would hold it; the Hub is only looked at."""
        from factory.hub import Hub
        from factory.parcel import change_of, next_version, versioned

        quiet_client(quiet=True)
        before: Mapping[str, Any] | None = None
        earlier: Mapping[str, Any] | None = None
        unseen = ""
        try:
            remote = Hub().look(repo)
            if remote is not None:
                self._check_repository(repo, remote, parcel.recipes)
                before, earlier = remote.versions, remote.last()
        except HubError as error:
            unseen = f"  the version is a guess, the Hub was not looked at: {error.message}"
        change = change_of(parcel, before)
        if change == "nothing" and before is not None:
            version = before["version"]
        else:
            version = next_version(before or earlier, change, self.asked.version)
        files = versioned(parcel, before, version, change, place=repo)
        folder = f"publish/{repo.replace('/', '--')}"
        self._write(folder, files)
        where = self.store.path(folder)
        if self.as_json:
            options.print_json(
                {
                    "repo": repo,
                    "version": version,
                    "change": change,
                    "recipes": parcel.recipes,
                    "rows": parcel.rows,
                    "files": len(files),
                    "folder": where,
                    "dry_run": True,
                }
            )
            return
        click.echo(f"{repo}: version {version} ({change}), {parcel.rows:,} rows in {len(files)} files")
        if unseen:
            click.secho(clean(unseen), fg="yellow")
        click.echo(f"  written to {where}; nothing was sent")

    def _write(self, folder: str, files: Mapping[str, Any]) -> None:
        for key in list(self.store.walk(folder)):
            if key[len(folder) + 1 :] not in files:
                self.store.remove(key)
        for name, one in files.items():
            key = f"{folder}/{name}"
            if self.store.has(key) and self.store.digest(key) == one.sha256:
                continue
            self.store.write(key, one.data if one.data is not None else self.store.read(one.key or "") or b"")

    def _say(self, sentence: str) -> None:
        if not self.quiet:
            click.echo(clean(sentence), err=True)

    def _tell(self, hub: Any, repo: str, done: Any, parcel: Any, stuck: list[str]) -> None:
        if self.as_json:
            options.print_json(
                {
                    "repo": repo,
                    "url": hub.url(repo),
                    "version": done.version,
                    "commit": done.commit,
                    "change": done.change,
                    "recipes": parcel.recipes,
                    "rows": parcel.rows,
                    "added": done.added,
                    "deleted": done.deleted,
                    "bytes": done.bytes,
                    "still_there": stuck,
                    "dry_run": False,
                }
            )
            return
        if done.change == "nothing":
            later = f"; there is no version {self.asked.version} of it" if self.asked.version else ""
            click.echo(f"{repo}: nothing changed since version {done.version}{later}")
        else:
            sent = f"{done.added} files ({done.bytes / 1e6:,.1f} MB) sent" + (
                f", {done.deleted} taken away" if done.deleted else ""
            )
            click.echo(f"{repo}: version {done.version}, {parcel.rows:,} rows; {sent}")
        if self.asked.include_unpublishable:
            click.secho("  holds rows that may not be published: keep it private", fg="yellow")
        for name in stuck:
            click.secho(f"  {name} is still there: delete it on {hub.url(repo)}/discussions", fg="yellow")
        click.echo(f"  {hub.url(repo)}")
        click.echo(f'  load_dataset("{repo}", revision="v{done.version}")')


def quiet_client(*, quiet: bool) -> None:
    """The hub client says nothing of its own, but shows its progress to somebody who looks."""
    import logging

    from huggingface_hub.utils.tqdm import disable_progress_bars, enable_progress_bars

    logging.getLogger("huggingface_hub").setLevel(logging.ERROR)
    enable_progress_bars() if options.terminal() and not quiet else disable_progress_bars()


__all__ = ["FactoryError", "publish"]
