"""The Hub: one commit with everything, then its tag; the only module that talks to it about datasets.

Every call may be repeated: what the Hub holds is read first, and only what differs is sent. `upload_folder` makes
several commits, of which a reader sees each; this makes one, against the commit that was read (docs/decisions/020.md).
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from factory.errors import FactoryError, HubBusy, HubConflict, HubDenied, HubError
from factory.parcel import README, VERSIONS, File, Parcel, change_of, next_version, ours, parsed, versioned
from factory.store import LocalStore, Store

DATASET = "dataset"
# The whole call is repeated so often where the Hub is busy or an answer was lost; then it is for later.
TRIES = 4
# A longer wait than this is for the next run.
MAX_WAIT_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Remote:
    """What the Hub holds of a repository: its commit, what `versions.json` says, its files and its references.

    `files`: of each path the SHA-256 of a large file, or the git blob id of a small one.
    """

    head: str
    private: bool
    versions: Mapping[str, Any] | None
    files: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    branches: tuple[str, ...] = ()
    converts: tuple[str, ...] = ()
    requests: tuple[str, ...] = ()

    def last(self) -> dict[str, Any] | None:
        """The latest version that a tag names, where `versions.json` is gone."""
        found = [tag[1:] for tag in self.tags if re.fullmatch(r"v\d{1,6}\.\d{1,6}\.\d{1,6}", tag, re.ASCII)]
        return {"version": max(found, key=parsed)} if found else None


@dataclass(frozen=True, slots=True)
class Pushed:
    """What a publication did: `added`, `deleted` and `bytes` are 0 where nothing had changed."""

    repo: str
    version: str
    commit: str
    change: str
    added: int
    deleted: int
    bytes: int


@contextlib.contextmanager
def translated(repo: str) -> Iterator[None]:
    """What the hub client raises, in our words. Raises HubError."""
    import httpx2
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, OfflineModeIsEnabled

    try:
        yield
    except OfflineModeIsEnabled as error:
        raise HubDenied("HF_HUB_OFFLINE is set, so that nothing reaches the Hub", "unset it") from error
    except HFValidationError as error:
        raise HubDenied(f"the Hub has no such name: {repo}", "write it as ORG/NAME") from error
    except HfHubHTTPError as error:
        raise _of_status(repo, error) from error
    except (httpx2.TimeoutException, httpx2.NetworkError, httpx2.RemoteProtocolError) as error:
        raise HubBusy(f"no answer from {_address()} about {repo} ({type(error).__name__})", _AGAIN) from error
    except (httpx2.HTTPError, httpx2.InvalidURL, json.JSONDecodeError) as error:
        said = f"what answers at {_address()} is not the Hub ({type(error).__name__})"
        raise HubError(said, "look at HF_ENDPOINT, and whether the network asks for a login first") from error
    except RuntimeError as error:
        # hf_xet raises nothing narrower when an upload breaks off.
        raise HubBusy(f"the upload to {repo} broke off: {error}", _AGAIN) from error


def _address() -> str:
    from huggingface_hub import constants

    return str(constants.ENDPOINT)


_AGAIN = "run the same command again: what is there already is not sent twice"


def _of_status(repo: str, error: Any) -> HubError:
    status, said = error.response.status_code, error.server_message or ""
    if status == 401:
        return HubDenied(
            f"the Hub does not know the token, or it has expired ({repo})", "hf auth login, or another HF_TOKEN"
        )
    if status == 403:
        return HubDenied(f"this token may not write to {repo}", "ask its owners, or take a token with the role write")
    if status == 404:
        return HubError(f"the Hub has no {repo} that this token may see" + (f": {said}" if said else ""))
    if status in (409, 412):
        return _Moved(f"{repo}: {said or 'somebody else was there first'}")
    if status == 429 or status >= 500:
        wait = error.response.headers.get("Retry-After", "")
        what = "asks for patience (429)" if status == 429 else f"is down ({status})"
        return HubBusy(f"the Hub {what}", _AGAIN, float(wait) if wait.isdigit() else None)
    return HubError(f"the Hub refuses {repo} ({status}): {said}")


class _Moved(HubConflict):
    """The repository is not as it was read: read it again."""


class Hub:
    """The Hub at its address (HF_ENDPOINT), by the token of the environment or of `hf auth login`."""

    def __init__(self) -> None:
        from huggingface_hub import HfApi, constants, get_token

        # An answer that was lost leaves nothing behind that a later run does not find.
        self._token = get_token()
        self._api = HfApi(token=self._token)
        self.endpoint: str = constants.ENDPOINT

    def need_token(self) -> None:
        """Raises HubDenied where nobody is logged in."""
        if not self._token:
            raise HubDenied("no token for the Hub", "hf auth login, or set HF_TOKEN to a token with the role write")
        if not self._token.isascii():
            raise HubDenied("the token for the Hub holds letters that no token has", "copy it again from the website")

    def url(self, repo: str) -> str:
        """Where a dataset is looked at."""
        return f"{self.endpoint}/datasets/{repo}"

    def look(self, repo: str) -> Remote | None:
        """What the Hub holds now; None where there is no such dataset. Raises HubError."""
        from huggingface_hub.errors import RepositoryNotFoundError
        from huggingface_hub.hf_api import RepoFile

        with translated(repo):
            try:
                info = self._api.repo_info(repo, repo_type=DATASET)
            except RepositoryNotFoundError as error:
                # 401 without a token is what the Hub says of a private dataset and of none alike.
                if error.response.status_code == 401 and self._token:
                    raise
                return None
            refs = self._api.list_repo_refs(repo, repo_type=DATASET, include_pull_requests=True)
            files = {}
            for one in self._api.list_repo_tree(repo, repo_type=DATASET, revision=info.sha, recursive=True):
                if isinstance(one, RepoFile):
                    files[one.path] = one.lfs.sha256 if one.lfs else one.blob_id
            versions = _versions(self.read(repo, VERSIONS, info.sha or "main")) if VERSIONS in files else None
        return Remote(
            head=info.sha or "",
            private=bool(info.private),
            versions=versions,
            files=files,
            tags={tag.name: tag.target_commit for tag in refs.tags},
            branches=tuple(branch.name for branch in refs.branches),
            converts=tuple(branch.ref for branch in refs.converts),
            requests=tuple(request.name for request in refs.pull_requests or ()),
        )

    def read(self, repo: str, name: str, revision: str) -> bytes:
        """The bytes of a file at a revision, kept nowhere. Raises HubError."""
        from huggingface_hub.errors import EntryNotFoundError, LocalEntryNotFoundError

        with tempfile.TemporaryDirectory() as folder, translated(repo):
            try:
                path = self._api.hf_hub_download(repo, name, repo_type=DATASET, revision=revision, cache_dir=folder)
            except LocalEntryNotFoundError as error:
                raise HubBusy(f"the Hub gave no answer about {name} of {repo}", _AGAIN) from error
            except EntryNotFoundError:
                return b""
            with open(path, "rb") as file:
                return file.read()

    def create(self, repo: str, *, private: bool) -> None:
        """The dataset is there, empty where it was not. Raises HubError."""
        with translated(repo):
            self._api.create_repo(repo, repo_type=DATASET, private=private, exist_ok=True)

    def settings(
        self, repo: str, *, private: bool | None = None, gated: Literal["auto", "manual", False] | None = None
    ) -> None:
        """Who may see the dataset. Raises HubError."""
        with translated(repo):
            self._api.update_repo_settings(repo, repo_type=DATASET, private=private, gated=gated)

    def commit(
        self, repo: str, store: Store, files: Mapping[str, File], remote: Remote, recipes: Sequence[str], message: str
    ) -> tuple[str, int, int, int]:
        """Main holds exactly these files besides those that are not ours: its commit, files sent, taken away, bytes.

        Raises HubError; _Moved where main is no longer what was read.
        """
        from huggingface_hub import CommitOperationAdd, CommitOperationDelete

        sent = {name: one for name, one in files.items() if not _same(store, one, remote.files.get(name))}
        gone = [name for name in remote.files if name not in files and ours(name, recipes)]
        size = 0
        with tempfile.TemporaryDirectory() as folder, translated(repo):
            operations: list[Any] = []
            for name, one in sorted(sent.items()):
                where = _local(store, one, folder)
                size += len(where) if isinstance(where, bytes) else os.path.getsize(where)
                operations.append(CommitOperationAdd(path_in_repo=name, path_or_fileobj=where))
            large = [one for one in operations if one.path_in_repo.endswith(".parquet")]
            if large:
                self._api.preupload_lfs_files(repo, large, repo_type=DATASET)
            operations += [CommitOperationDelete(path_in_repo=name) for name in sorted(gone)]
            done = self._api.create_commit(
                repo, operations, repo_type=DATASET, commit_message=message, parent_commit=remote.head
            )
        return done.oid, len(sent), len(gone), size

    def tag(self, repo: str, version: str, commit: str) -> None:
        """The tag `vX.Y.Z` is on the commit. Raises HubError; HubConflict where it is on another one."""
        name = f"v{version}"
        try:
            with translated(repo):
                self._api.create_tag(repo, tag=name, revision=commit, repo_type=DATASET)
        except _Moved as error:
            with translated(repo):
                tags = {one.name: one.target_commit for one in self._api.list_repo_refs(repo, repo_type=DATASET).tags}
            if tags.get(name) != commit:
                raise HubConflict(
                    f"{repo} has a tag {name} on another commit ({tags.get(name, 'none')[:8]})",
                    "name a later --version",
                ) from error

    def clear(self, repo: str, store: Store, recipes: Sequence[str]) -> list[str]:
        """Nothing of ours is there, now or in any version before; returns what would not go. Raises HubError."""
        remote = self.look(repo)
        if remote is None:
            return []
        said = b"This dataset was taken down. / Este conjunto de datos se ha retirado.\n"
        files = {README: File(None, said, hashlib.sha256(said).hexdigest())}
        self.commit(repo, store, files, remote, recipes, "Taken down")
        return self.forget(repo, None)

    def forget(self, repo: str, version: str | None) -> list[str]:
        """Main is one commit without a past, with the tag of its version or none, and no other reference is there.

        Returns what would not go. Raises HubError.
        """
        keep = f"v{version}" if version else None
        remote = self.look(repo)
        if remote is None:
            return []
        with translated(repo):
            for name in remote.tags:
                if name != keep:
                    self._api.delete_tag(repo, tag=name, repo_type=DATASET)
            for name in remote.branches:
                if name != "main":
                    self._api.delete_branch(repo, branch=name, repo_type=DATASET)
        stuck = [name for name in remote.requests if not self._drop_request(repo, name)]
        stuck += [name for name in remote.converts if not self._drop_copy(repo, name)]
        with translated(repo):
            if len(list(self._api.list_repo_commits(repo, repo_type=DATASET))) > 1:
                message = f"Version {version}" if version else "Taken down"
                self._api.super_squash_history(repo, repo_type=DATASET, commit_message=message)
        now = self.look(repo)
        if keep is not None and version is not None and now is not None and now.tags.get(keep) != now.head:
            if keep in now.tags:
                with translated(repo):
                    self._api.delete_tag(repo, tag=keep, repo_type=DATASET)
            self.tag(repo, version, now.head)
        return stuck

    def _drop_request(self, repo: str, name: str) -> bool:
        """The commits of a pull request are reachable no more."""
        number = int(name.rsplit("/", 1)[-1])
        with contextlib.suppress(HubError), translated(repo):
            self._api.change_discussion_status(repo, number, "closed", repo_type=DATASET)
        with contextlib.suppress(HubError), translated(repo):
            self._api.delete_branch(repo, branch=name, repo_type=DATASET)
        with translated(repo):
            refs = self._api.list_repo_refs(repo, repo_type=DATASET, include_pull_requests=True)
        return name not in {one.name for one in refs.pull_requests or ()}

    def _drop_copy(self, repo: str, name: str) -> bool:
        """The copy that the Hub's viewer made of the rows is gone; it makes a new one by itself."""
        with contextlib.suppress(HubError), translated(repo):
            self._api.delete_branch(repo, branch=name, repo_type=DATASET)
        with translated(repo):
            return name not in {one.ref for one in self._api.list_repo_refs(repo, repo_type=DATASET).converts}

    def commits(self, repo: str, remote: Remote) -> list[str]:
        """Every commit that some reference reaches. Raises HubError."""
        found: dict[str, None] = {}
        with translated(repo):
            for name in ("main", *remote.branches, *remote.tags, *remote.requests, *remote.converts):
                found |= {
                    one.commit_id: None for one in self._api.list_repo_commits(repo, repo_type=DATASET, revision=name)
                }
        return list(found)

    def paths(self, repo: str, revision: str) -> dict[str, str]:
        """The large files of a revision, each with its SHA-256. Raises HubError."""
        from huggingface_hub.hf_api import RepoFile

        with translated(repo):
            tree = self._api.list_repo_tree(repo, repo_type=DATASET, revision=revision, recursive=True)
            return {one.path: one.lfs.sha256 for one in tree if isinstance(one, RepoFile) and one.lfs}


def _versions(data: bytes) -> dict[str, Any] | None:
    """What `versions.json` says; None where it is not ours."""
    try:
        found = json.loads(data)
    except ValueError:
        return None
    known = {"version", "content", "data", "columns", "recipes", "versions"}
    return found if isinstance(found, dict) and known <= found.keys() else None


def _same(store: Store, one: File, there: str | None) -> bool:
    """The Hub has these bytes: by the SHA-256 of a large file, by git's blob id of a small one."""
    if there is None:
        return False
    if len(there) == 64:
        return there == one.sha256
    data = one.data if one.data is not None else store.read(one.key or "") or b""
    return there == hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()


def _local(store: Store, one: File, folder: str) -> str | bytes:
    """Where the client reads a file from: a home that is not on this machine is fetched first."""
    if one.data is not None:
        return one.data
    key = one.key or ""
    if isinstance(store, LocalStore):
        return store.path(key)
    path = os.path.join(folder, one.sha256)
    with open(path, "wb") as file:
        file.write(store.read(key) or b"")
    return path


def push(
    hub: Hub,
    store: Store,
    parcel: Parcel,
    repo: str,
    *,
    private: bool,
    asked: str | None,
    say: Any,
    forget: bool = False,
    owned: Sequence[str] = (),
) -> Pushed:
    """Main is this publication and its tag is there; the same call again does nothing. Raises HubError, ConfigError.

    `forget`: the versions before are not told of any more. `owned`: recipes of which nothing stays besides.
    """
    first: list[Mapping[str, Any] | None] = []
    for attempt in range(1, TRIES + 1):
        try:
            return _push(
                hub, store, parcel, repo, private=private, asked=asked, first=first, forget=forget, owned=owned
            )
        except (HubBusy, _Moved) as error:
            wait = error.retry_after if isinstance(error, HubBusy) and error.retry_after else 2.0 ** (attempt - 1)
            if attempt == TRIES or wait > MAX_WAIT_SECONDS:
                raise _given_up(error, repo) from error
            say(f"{error.message}; again in {wait:.0f} s")
            time.sleep(wait)
    raise AssertionError("unreachable")


def _given_up(error: FactoryError, repo: str) -> FactoryError:
    if isinstance(error, _Moved):
        return HubConflict(f"{repo} keeps changing while this runs; nothing was pushed", "run the same command again")
    return error


def _push(
    hub: Hub,
    store: Store,
    parcel: Parcel,
    repo: str,
    *,
    private: bool,
    asked: str | None,
    first: list[Mapping[str, Any] | None],
    forget: bool,
    owned: Sequence[str],
) -> Pushed:
    """One try: read what is there, send what differs, tag it. `first`: what each try found there."""
    remote = hub.look(repo)
    if remote is None:
        hub.create(repo, private=private)
        remote = hub.look(repo)
        if remote is None:
            raise HubError(f"the Hub made {repo} and does not show it", _AGAIN)
    if not remote.private and any(part.manifest["unpublishable_included"] for part in parcel.parts):
        raise HubDenied(f"{repo} is public now, and some of these rows may not be", "close it, or publish without them")
    before = remote.versions
    first.append(before)
    if before is not None and not forget and f"v{before['version']}" not in remote.tags:
        # A call that was stopped between its commit and its tag.
        hub.tag(repo, before["version"], remote.head)
    change = change_of(parcel, before)
    if change == "nothing" and any(not _same(store, one, remote.files.get(name)) for name, one in parcel.files.items()):
        # Somebody changed or deleted a file of ours by hand: a version of its own puts it right.
        change = "rows"
    if change == "nothing" and before is not None:
        version = before["version"]
        # An answer that was lost: what an earlier try sent had arrived.
        change = change_of(parcel, first[0])
        return Pushed(repo, version, remote.tags.get(f"v{version}", remote.head), change, 0, 0, 0)
    if _content(before) != _content(first[0]):
        raise HubConflict(
            f"somebody else published version {before['version'] if before else '?'} of {repo} while this ran; nothing "
            "was pushed",
            "look at it, then run the same command again to publish on top of it",
        )
    if forget:
        change = "retracted"
    version = next_version(before or remote.last(), change, asked)
    while forget and f"v{version}" in remote.tags:
        # Somebody's own tag is no reason to leave what was taken down where it is.
        version = next_version({**(before or {}), "version": version}, change, asked)
    if f"v{version}" in remote.tags:
        raise HubConflict(f"{repo} has a tag v{version} already, on other data", "name a later --version")
    files = versioned(parcel, before, version, change, place=repo, forget=forget)
    commit, added, deleted, size = hub.commit(
        repo, store, files, remote, [*parcel.recipes, *owned], f"Version {version}"
    )
    hub.tag(repo, version, commit)
    return Pushed(repo, version, commit, change, added, deleted, size)


def _content(versions: Mapping[str, Any] | None) -> str | None:
    return versions["content"] if versions else None


__all__ = ["README", "Hub", "Pushed", "Remote", "push"]
