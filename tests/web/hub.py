"""fakehub - a small in-memory/on-disk Hugging Face Hub for tests (stdlib only).

Speaks the part of the Hub HTTP API that huggingface_hub 2.4 / datasets 5.2 use to
create, upload, commit, tag, PR, list and download.  Run:  python fakehub.py --port 8931 --root DIR
Everything was written from what the *client* sends (installed source), no server code was copied.
"""
from __future__ import annotations
import argparse, base64, hashlib, json, os, re, threading, time, urllib.parse
from dataclasses import dataclass, field
from pathlib import Path
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

LFS_THRESHOLD = 10 * 1024 * 1024           # real Hub: >10 MB or .gitattributes match
LFS_SUFFIX = (".parquet", ".arrow", ".zip", ".gz", ".zst", ".bin", ".safetensors", ".pdf", ".mp3", ".wav")
REV_RE = r"(?P<rev>[^/?]+)"
ID_RE = r"(?P<id>[^/?]+/[^/?]+)"


def git_blob_oid(data: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()


@dataclass
class Entry:
    size: int
    oid: str                      # git oid (of content or of pointer)
    sha256: str | None = None     # LFS
    data: bytes | None = None     # regular content


@dataclass
class Commit:
    oid: str
    parent: str | None
    title: str
    message: str
    date: str
    files: dict[str, Entry]


@dataclass
class Repo:
    type: str
    id: str
    private: bool = False
    gated: bool | str = False
    commits: dict[str, Commit] = field(default_factory=dict)
    branches: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    prs: dict[int, dict] = field(default_factory=dict)
    pr_refs: dict[str, str] = field(default_factory=dict)
    converts: dict[str, str] = field(default_factory=dict)

    def resolve(self, rev: str) -> str | None:
        rev = urllib.parse.unquote(rev)
        for table in (self.branches, self.tags, self.pr_refs, self.converts, {c: c for c in self.commits}):
            if rev in table:
                return table[rev]
        for pre, table in (("refs/heads/", self.branches), ("refs/tags/", self.tags)):
            if rev.startswith(pre) and rev[len(pre):] in table:
                return table[rev[len(pre):]]
        return None


class Hub:
    def __init__(self, root: str, tokens=None, xet_cas: str | None = None):
        self.root = root
        os.makedirs(os.path.join(root, "lfs"), exist_ok=True)
        self.repos: dict[tuple[str, str], Repo] = {}
        self.lock = threading.RLock()
        self.tokens = tokens or {"hf_test": "tester", "hf_read": "reader"}
        self.readers = {"reader"}
        self.xet_cas = xet_cas
        self.log: list[tuple[str, str, int]] = []
        self.faults: list[dict] = []   # {"match": regex, "status": 503, "times": 1, "headers": {...}, "after": bool}
        self.multipart_threshold = 64 * 1024 * 1024
        self.seq = 0
        self.hook = None      # callable(handler, "before"|"after"): for crash-point tests

    def lfs_path(self, sha):
        assert re.fullmatch(r"[0-9a-f]{64}", sha)
        return os.path.join(self.root, "lfs", sha)

    def xet_hash(self, sha256):
        """Map a sha256 to the Xet file hash by reading the MDB shards a local:// CAS leaves on disk."""
        if not self.xet_cas or not self.xet_cas.startswith("local://"):
            return None
        import glob
        for p in glob.glob(self.xet_cas[8:] + "/xet/xorbs/shards/*.mdb"):
            for fh, sh in parse_mdb_files(Path(p).read_bytes()):
                if sh == sha256:
                    return fh
        return None

    def materialise(self, sha, xh, size):
        import hf_xet
        tmp = self.lfs_path(sha) + ".xet"
        with self.lock, hf_xet.XetSession().new_file_download_group(endpoint=self.xet_cas, token="t", token_expiry_unix_secs=int(time.time()) + 3600) as g:
            g.start_download_file(hf_xet.XetFileInfo(xh, size), tmp)
        assert hashlib.sha256(Path(tmp).read_bytes()).hexdigest() == sha, "xet reconstruction does not match sha256"
        os.replace(tmp, self.lfs_path(sha))

    def new_commit(self, repo, files, title, message, parent):
        self.seq += 1
        date = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime())
        h = hashlib.sha1(json.dumps([repo.id, title, parent, self.seq, sorted((k, v.oid) for k, v in files.items())]).encode()).hexdigest()
        repo.commits[h] = Commit(h, parent, title, message, date, files)
        return h


def parse_mdb_files(b: bytes):
    """(xet_file_hash, sha256) pairs in a Xet metadata shard: 48-byte header, then 48-byte records."""
    import struct
    hx = lambda raw: "".join("%016x" % w for w in struct.unpack("<4Q", raw))
    pos, out = 48, []
    while pos + 48 <= len(b):
        raw = b[pos:pos + 32]
        flags, n = struct.unpack_from("<II", b, pos + 32)
        pos += 48
        if raw == b"\xff" * 32:
            break
        pos += 48 * n
        if flags & (1 << 31):
            pos += 48 * n
        sha = None
        if flags & (1 << 30):
            sha = hx(b[pos:pos + 32])
            pos += 48
        out.append((hx(raw), sha))
    return out


class HTTPError(Exception):
    def __init__(self, status, code=None, msg=None, body=None, headers=None):
        self.status, self.code, self.msg, self.body, self.headers = status, code, msg, body, headers or {}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    hub: Hub

    # ------------------------------------------------------------------ plumbing
    def log_message(self, *a):
        pass

    def user(self):
        auth = self.headers.get("authorization", "")
        if auth.startswith("Bearer "):
            known = self.hub.tokens.get(auth[7:].strip())
            if known is None:      # expired, or never one
                raise HTTPError(401, None, "Invalid credentials in Authorization header")
            return known
        return None

    def body(self) -> bytes:
        if self.headers.get("transfer-encoding", "").lower() == "chunked":
            out = b""
            while True:
                n = int(self.rfile.readline().split(b";")[0], 16)
                if n == 0:
                    self.rfile.readline()
                    return out
                out += self.rfile.read(n)
                self.rfile.readline()
        return self.rfile.read(int(self.headers.get("content-length") or 0))

    def send(self, status=200, obj=None, data=None, headers=None, ctype="application/json"):
        payload = data if data is not None else (json.dumps(obj).encode() if obj is not None else b"")
        self.send_response(status)
        hs = {"Content-Type": ctype, "Content-Length": str(len(payload)), **(headers or {})}
        for k, v in hs.items():
            self.send_header(k, v)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(payload)
        self.hub.log.append((self.command, self.path, status))

    def handle(self):
        try:
            super().handle()
        except ConnectionError:      # the client was killed
            pass

    def handle_any(self):
        split = urllib.parse.urlsplit(self.path)
        self.q = urllib.parse.parse_qs(split.query)
        path = split.path
        raw = self.body() if self.command in ("POST", "PUT", "DELETE", "PATCH") else b""
        self.raw = raw
        fault = None
        if self.hub.hook:
            self.hub.hook(self, "before")
        with self.hub.lock:
            for f in self.hub.faults:
                if f["times"] > 0 and re.search(f["match"], f"{self.command} {self.path}"):
                    f["times"] -= 1
                    fault = f
                    break
        try:
            if fault and not fault.get("after"):
                if fault.get("close"):
                    self.close_connection = True
                    self.hub.log.append((self.command, self.path, -1))
                    return
                raise HTTPError(fault["status"], None, "injected", headers=fault.get("headers"))
            for method, rx, fn in ROUTES:
                m = re.fullmatch(rx, path)
                if m and self.command in method:
                    if self.hub.hook:
                        real, self.send = self.send, lambda *a, **k: (self.hub.hook(self, "after"), real(*a, **k))
                    if fault:   # perform it, then lose the answer
                        real, self.send = self.send, lambda *a, **k: None
                        try:
                            with self.hub.lock:
                                fn(self, **m.groupdict())
                        finally:
                            self.send = real
                        self.close_connection = True
                        self.hub.log.append((self.command, self.path, -2))
                        return
                    return fn(self, **m.groupdict())
            raise HTTPError(404, None, f"no route {self.command} {path}")
        except HTTPError as e:
            hs = dict(e.headers)
            if e.code:
                hs["X-Error-Code"] = e.code
            if e.msg:
                hs["X-Error-Message"] = e.msg
            self.send(e.status, e.body or {"error": e.msg or e.code or "error"}, headers=hs)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = do_PATCH = handle_any

    @property
    def base(self):
        return f"http://{self.headers.get('host')}"

    def json(self):
        return json.loads(self.raw or b"{}")

    def need_write(self):
        u = self.user()
        if not u:
            raise HTTPError(401, None, "Invalid username or password.")
        if u in self.hub.readers:
            raise HTTPError(403, None, "You don't have the rights to create or change this repository")
        return u

    def repo(self, t, id, write=False) -> Repo:
        r = self.hub.repos.get((t.rstrip("s"), id))
        u = self.user()
        if r is None or (r.private and not u):
            raise HTTPError(404 if u else 401, "RepoNotFound", "Repository not found")
        if write:
            self.need_write()
        return r

    def commit_of(self, repo, rev) -> Commit:
        sha = repo.resolve(rev)
        if sha is None:
            raise HTTPError(404, "RevisionNotFound", f"Invalid rev id: {urllib.parse.unquote(rev)}")
        return repo.commits[sha]

    def send_head(self, hs, size):
        hs["ETag"] = hs.get("X-Linked-Etag")
        self.send_response(200)
        for k, v in {**hs, "Content-Length": str(size if self.command == "HEAD" else 0)}.items():
            self.send_header(k, v)
        self.end_headers()
        self.hub.log.append((self.command, self.path, 200))

    # ------------------------------------------------------------------ endpoints
    def whoami(self):
        u = self.user()
        if not u:
            raise HTTPError(401, None, "Invalid credentials in Authorization header")
        self.send(200, {"type": "user", "id": "1", "name": u, "fullname": u, "orgs": [],
                        "auth": {"type": "access_token", "accessToken": {"displayName": "t", "role": "write"}}})

    def create_repo(self):
        u = self.need_write()
        b = self.json()
        t, ns = b.get("type") or "model", b.get("organization") or u
        id = f"{ns}/{b['name']}"
        prefix = "" if t == "model" else f"{t}s/"
        url = f"{self.base}/{prefix}{id}"
        with self.hub.lock:
            if (t, id) in self.hub.repos:
                raise HTTPError(409, None, f"You already created this {t} repo", body={"error": "exists", "url": url})
            r = Repo(t, id, private=b.get("visibility") == "private")
            ga = b"*.parquet filter=lfs diff=lfs merge=lfs -text\n"
            c = self.hub.new_commit(r, {".gitattributes": Entry(len(ga), git_blob_oid(ga), None, ga)}, "initial commit", "", None)
            r.branches["main"] = c
            self.hub.repos[(t, id)] = r
        self.send(200, {"url": url, "name": id, "id": "0" * 24})

    def delete_repo(self):
        u = self.need_write()
        b = self.json()
        id = f"{b.get('organization') or u}/{b['name']}"
        if not self.hub.repos.pop((b.get("type") or "model", id), None):
            raise HTTPError(404, "RepoNotFound", "Repository not found")
        self.send(200, data=b"OK", ctype="text/plain")

    def settings(self, t, id):
        r = self.repo(t, id, True)
        b = self.json()
        if "private" in b:
            r.private = b["private"]
        if "visibility" in b:
            r.private = b["visibility"] == "private"
        if "gated" in b:
            r.gated = b["gated"]
        self.send(200, {"private": r.private, "gated": r.gated})

    def validate_yaml(self):
        b = self.json()
        errors, warnings = [], []
        m = re.match(r"\s*---\s*\n(.*?)\n---", b["content"], re.S)
        if not m:
            warnings.append({"message": "empty or missing yaml metadata in repo card"})
        else:
            try:
                import yaml
                d = yaml.safe_load(m.group(1))
                if d is not None and not isinstance(d, dict):
                    errors.append({"message": "metadata must be a mapping"})
                if d and b.get("repoType") == "dataset" and "license" not in d:
                    warnings.append({"message": '"license" is missing'})
            except Exception as e:
                errors.append({"message": str(e)})
        self.send(400 if errors else 200, {"errors": errors, "warnings": warnings})

    def preupload(self, t, id, rev):
        r = self.repo(t, id, True)
        c = self.commit_of(r, rev)
        out = []
        for f in self.json()["files"]:
            e = c.files.get(f["path"])
            mode = "lfs" if f["path"].endswith(LFS_SUFFIX) or f["size"] > LFS_THRESHOLD else "regular"
            o = {"path": f["path"], "uploadMode": mode, "shouldIgnore": False}
            if e:
                o["oid"] = e.sha256 or e.oid
            out.append(o)
        self.send(200, {"files": out, "commitOid": c.oid})

    def lfs_batch(self, t, id):
        r = self.repo((t or "models/").rstrip("/"), id, True)
        objs = []
        b = self.json()
        for o in b["objects"]:
            item = {"oid": o["oid"], "size": o["size"]}
            if not os.path.exists(self.hub.lfs_path(o["oid"])):
                if o["size"] > self.hub.multipart_threshold and "multipart" in b["transfers"]:
                    cs = self.hub.multipart_threshold
                    n = -(-o["size"] // cs)
                    hdr = {"chunk_size": str(cs), **{str(i + 1): f"{self.base}/_lfs/part/{o['oid']}/{i + 1}" for i in range(n)}}
                    item["actions"] = {"upload": {"href": f"{self.base}/_lfs/complete/{o['oid']}", "header": hdr}}
                else:
                    item["actions"] = {"upload": {"href": f"{self.base}/_lfs/put/{o['oid']}", "header": {}},
                                       "verify": {"href": f"{self.base}/{t or ''}{id}.git/info/lfs/objects/verify", "header": {}}}
            objs.append(item)
        self.send(200, {"transfer": "basic", "objects": objs, "hash_algo": "sha256"}, ctype="application/vnd.git-lfs+json")

    def lfs_put(self, sha):
        if hashlib.sha256(self.raw).hexdigest() != sha:
            raise HTTPError(400, None, "sha256 mismatch")
        tmp = self.hub.lfs_path(sha) + f".{threading.get_ident()}"
        with open(tmp, "wb") as f:
            f.write(self.raw)
        os.replace(tmp, self.hub.lfs_path(sha))
        self.send(200, headers={"ETag": f'"{sha[:32]}"'}, data=b"")

    def lfs_part(self, sha, n):
        p = self.hub.lfs_path(sha) + f".part{int(n):05d}"
        with open(p, "wb") as f:
            f.write(self.raw)
        self.send(200, data=b"", headers={"ETag": f'"{hashlib.md5(self.raw).hexdigest()}"'})

    def lfs_complete(self, sha):
        b = self.json()
        h = hashlib.sha256()
        parts = [self.hub.lfs_path(sha) + f".part{p['partNumber']:05d}" for p in b["parts"]]
        with open(self.hub.lfs_path(sha) + ".tmp", "wb") as out:
            for p in parts:
                d = Path(p).read_bytes()
                h.update(d)
                out.write(d)
        if h.hexdigest() != sha:
            raise HTTPError(400, None, "sha256 mismatch")
        os.replace(self.hub.lfs_path(sha) + ".tmp", self.hub.lfs_path(sha))
        for p in parts:
            os.unlink(p)
        self.send(200, {"ok": True})

    def lfs_verify(self, t, id):
        b = self.json()
        p = self.hub.lfs_path(b["oid"])
        if not os.path.exists(p) or os.path.getsize(p) != b["size"]:
            raise HTTPError(404, None, "object missing")
        self.send(200, {"ok": True})

    def commit(self, t, id, rev):
        r = self.repo(t, id, True)
        rev = urllib.parse.unquote(rev)
        with self.hub.lock:
            head = self.commit_of(r, rev)
            header, files = None, dict(head.files)
            for line in self.raw.splitlines():
                if not line.strip():
                    continue
                item = json.loads(line)
                k, v = item["key"], item["value"]
                if k == "header":
                    header = v
                elif k == "file":
                    d = base64.b64decode(v["content"]) if v.get("encoding") == "base64" else v["content"].encode()
                    files[v["path"]] = Entry(len(d), git_blob_oid(d), None, d)
                elif k == "lfsFile":
                    p = self.hub.lfs_path(v["oid"])
                    size = v.get("size") or (os.path.getsize(p) if os.path.exists(p) else 0)
                    if not os.path.exists(p) and not self.hub.xet_hash(v["oid"]):
                        raise HTTPError(422, None, f"LFS pointer pointed to a file that does not exist: {v['oid']}")
                    ptr = f"version https://git-lfs.github.com/spec/v1\noid sha256:{v['oid']}\nsize {size}\n".encode()
                    files[v["path"]] = Entry(size, git_blob_oid(ptr), v["oid"])
                elif k == "deletedFile":
                    if v["path"] not in files:
                        raise HTTPError(404, "EntryNotFound", "A file with this name doesn't exist")
                    del files[v["path"]]
                elif k == "deletedFolder":
                    pre = v["path"].rstrip("/") + "/"
                    for p in [p for p in files if p.startswith(pre)]:
                        del files[p]
            if header.get("parentCommit") and header["parentCommit"] != head.oid:
                raise HTTPError(412, None, "A commit has happened since. Please refresh and try again.")
            new = self.hub.new_commit(r, files, header["summary"], header.get("description", ""), head.oid)
            resp = {"success": True, "commitOid": new, "commitUrl": f"{self.base}/{t}/{id}/commit/{new}"}
            if self.q.get("create_pr"):
                n = len(r.prs) + 1
                r.prs[n] = self.discussion(r, n, header["summary"], header.get("description", ""), new)
                r.pr_refs[f"refs/pr/{n}"] = new
                resp["pullRequestUrl"] = f"{self.base}/{t}/{id}/discussions/{n}"
            elif rev in r.pr_refs:
                r.pr_refs[rev] = new
            elif rev in r.branches:
                r.branches[rev] = new
            else:
                raise HTTPError(400, None, "not a branch")
        self.send(200, resp)

    def info(self, t, id, rev=None):
        r = self.repo(t, id)
        c = self.commit_of(r, rev or "main")
        card = {}
        if "README.md" in c.files and c.files["README.md"].data:
            m = re.match(rb"\s*---\s*\n(.*?)\n---", c.files["README.md"].data, re.S)
            if m:
                try:
                    import yaml
                    card = yaml.safe_load(m.group(1)) or {}
                except Exception:
                    card = {}
        self.send(200, {"_id": "0" * 24, "id": r.id, "author": r.id.split("/")[0], "sha": c.oid, "private": r.private,
                        "gated": r.gated, "disabled": False, "lastModified": c.date, "createdAt": c.date, "tags": [],
                        "downloads": 0, "likes": 0, "cardData": card,
                        "siblings": [{"rfilename": p} for p in sorted(c.files)]})

    def entry_json(self, p, e):
        d = {"type": "file", "oid": e.oid, "size": e.size, "path": p}
        if e.sha256:
            d["lfs"] = {"oid": e.sha256, "size": e.size, "pointerSize": 134}
            xh = self.hub.xet_hash(e.sha256)
            if xh:
                d["xetHash"] = xh
        return d

    def listing(self, c, prefix, recursive):
        out, seen = [], set()
        pre = prefix.strip("/") + "/" if prefix.strip("/") else ""
        for p in sorted(c.files):
            if not p.startswith(pre):
                continue
            rest = p[len(pre):].split("/")
            for i in range(1, len(rest)):
                d = pre + "/".join(rest[:i])
                if d not in seen and (recursive or i == 1):
                    seen.add(d)
                    out.append({"type": "directory", "oid": hashlib.sha1(d.encode()).hexdigest(), "size": 0, "path": d})
            if recursive or len(rest) == 1:
                out.append(self.entry_json(p, c.files[p]))
        return out

    def tree(self, t, id, rev, path=""):
        r = self.repo(t, id)
        c = self.commit_of(r, rev)
        path = urllib.parse.unquote(path or "").strip("/")
        items = self.listing(c, path, self.q.get("recursive", ["false"])[0].lower() in ("true", "1"))
        if path and not items:
            raise HTTPError(404, "EntryNotFound", f"{path} does not exist on \"main\"")
        if self.q.get("expand", ["false"])[0].lower() in ("true", "1"):
            for i in items:
                i["lastCommit"] = {"id": c.oid, "title": c.title, "date": c.date}
        cur, limit = int(self.q.get("cursor", ["0"])[0]), int(self.q.get("limit", ["1000"])[0])
        hs = {}
        if cur + limit < len(items):
            qs = {k: v[0] for k, v in self.q.items()} | {"cursor": cur + limit}
            hs["Link"] = f'<{self.base}{urllib.parse.urlsplit(self.path).path}?{urllib.parse.urlencode(qs)}>; rel="next"'
        self.send(200, items[cur:cur + limit], headers=hs)

    def paths_info(self, t, id, rev):
        r = self.repo(t, id)
        c = self.commit_of(r, rev)
        if "json" in (self.headers.get("content-type") or ""):
            paths = self.json()["paths"]
        else:
            paths = urllib.parse.parse_qs(self.raw.decode()).get("paths", [])
        out = []
        for p in paths:
            p = p.strip("/")
            if p in c.files:
                out.append(self.entry_json(p, c.files[p]))
            elif any(f.startswith(p + "/") for f in c.files):
                out.append({"type": "directory", "oid": hashlib.sha1(p.encode()).hexdigest(), "size": 0, "path": p})
        if any(self.q.get("expand", [])):
            pass
        for o in out:
            o["lastCommit"] = {"id": c.oid, "title": c.title, "date": c.date}
        self.send(200, out)

    def refs(self, t, id):
        r = self.repo(t, id)
        d = {"branches": [{"name": n, "ref": f"refs/heads/{n}", "targetCommit": s} for n, s in r.branches.items()],
             "tags": [{"name": n, "ref": f"refs/tags/{n}", "targetCommit": s} for n, s in r.tags.items()], "converts": [{"name": n.rsplit("/", 1)[-1], "ref": n, "targetCommit": s} for n, s in r.converts.items()]}
        if self.q.get("include_prs"):
            d["pullRequests"] = [{"name": n, "ref": n, "targetCommit": s} for n, s in r.pr_refs.items()]
        self.send(200, d)

    def commits(self, t, id, rev):
        r = self.repo(t, id)
        c, out = self.commit_of(r, rev), []
        while c:
            out.append({"id": c.oid, "title": c.title, "message": c.message, "date": c.date, "authors": [{"user": "tester"}]})
            c = r.commits.get(c.parent) if c.parent else None
        self.send(200, out)

    def branch(self, t, id, ref):
        r = self.repo(t, id, True)
        ref = urllib.parse.unquote(ref)
        if self.command == "DELETE":
            r.branches.pop(ref, None)
            r.pr_refs.pop(ref, None)
            r.converts.pop(ref, None)
            return self.send(200, data=b"")
        if ref in r.branches:
            raise HTTPError(409, None, "Reference already exists")
        start = self.json().get("startingPoint") or "main"
        r.branches[ref] = self.commit_of(r, start).oid
        self.send(200, data=b"")

    def tag(self, t, id, ref):
        r = self.repo(t, id, True)
        ref = urllib.parse.unquote(ref)
        if self.command == "DELETE":
            if ref not in r.tags:
                raise HTTPError(404, "RevisionNotFound", "Invalid rev id")
            r.tags.pop(ref)
            return self.send(200, data=b"")
        b = self.json()
        if b["tag"] in r.tags:
            raise HTTPError(409, None, "Tag reference exists already")
        r.tags[b["tag"]] = self.commit_of(r, ref).oid
        self.send(200, data=b"")

    def super_squash(self, t, id, ref):
        r = self.repo(t, id, True)
        ref = urllib.parse.unquote(ref)
        c = self.commit_of(r, ref)
        r.branches[ref] = self.hub.new_commit(r, c.files, self.json().get("message") or f"Super-squash branch '{ref}'", "", None)
        self.send(200, data=b"")

    def discussion(self, r, n, title, desc, head):
        now = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime())
        return {"num": n, "title": title, "author": {"name": "tester"}, "status": "draft", "createdAt": now,
                "isPullRequest": True, "repo": {"name": r.id, "type": r.type},
                "changes": {"base": "refs/heads/main"}, "filesWithConflicts": [], "diffUrl": None, "mergeCommitId": None,
                "events": [{"id": "e1", "type": "comment", "createdAt": now, "author": {"name": "tester"},
                            "data": {"edited": False, "hidden": False, "latest": {"raw": desc, "html": desc, "updatedAt": now, "author": {"name": "tester"}}, "history": []}}]}

    def discussions(self, t, id):
        r = self.repo(t, id, self.command == "POST")
        if self.command == "GET":
            ds = list(r.prs.values())
            return self.send(200, {"discussions": ds, "count": len(ds), "start": 0})
        b = self.json()
        n = len(r.prs) + 1
        r.prs[n] = self.discussion(r, n, b["title"], b.get("description", ""), None)
        r.prs[n]["isPullRequest"] = bool(b.get("pullRequest"))
        if b.get("pullRequest"):
            r.pr_refs[f"refs/pr/{n}"] = r.branches["main"]
        self.send(200, {"num": n, "url": f"{self.base}/{t}/{id}/discussions/{n}"})

    def discussion_get(self, t, id, n):
        r = self.repo(t, id)
        self.send(200, r.prs[int(n)])

    def discussion_act(self, t, id, n, act):
        r = self.repo(t, id, True)
        d = r.prs[int(n)]
        if act == "merge":
            r.branches["main"] = r.pr_refs[f"refs/pr/{n}"]
            d["status"], d["mergeCommitId"] = "merged", r.branches["main"]
            return self.send(200, {})
        if act == "status":
            d["status"] = self.json()["status"]
            ev = {"id": "e2", "type": "status-change", "createdAt": d["createdAt"], "author": {"name": "tester"}, "data": {"status": d["status"]}}
            return self.send(200, {"newStatus": ev})
        ev = dict(d["events"][0])
        self.send(200, {"newMessage": ev})

    def xet_token(self, t, id, kind, rev=None):
        self.repo(t, id, kind == "write")
        if not self.hub.xet_cas:
            raise HTTPError(404, None, "xet not enabled")
        exp = int(time.time()) + 3600
        self.send(200, {"casUrl": self.hub.xet_cas, "accessToken": "xet_" + kind, "exp": exp},
                  headers={"X-Xet-Cas-Url": self.hub.xet_cas, "X-Xet-Access-Token": "xet_" + kind, "X-Xet-Token-Expiration": str(exp)})

    def resolve(self, t, id, rev, path):
        tt = (t or "models/").rstrip("/")
        r = self.repo(tt, id)
        if r.gated and not self.user():
            raise HTTPError(401, "GatedRepo", "Access to dataset is restricted.")
        c = self.commit_of(r, rev)
        p = urllib.parse.unquote(path)
        hs = {"X-Repo-Commit": c.oid, "Accept-Ranges": "bytes"}
        e = c.files.get(p)
        if e is None:
            raise HTTPError(404, "EntryNotFound", "Entry not found", headers=hs)
        etag = e.sha256 or e.oid
        if e.sha256:
            hs |= {"X-Linked-Etag": f'"{etag}"', "X-Linked-Size": str(e.size)}
            xh = self.hub.xet_hash(e.sha256)
            if xh:
                hs["X-Xet-Hash"] = xh
                hs["X-Xet-Refresh-Route"] = f"{self.base}/api/{tt}/{id}/xet-read-token/{c.oid}"
                hs["Link"] = f'<{self.base}/api/{tt}/{id}/xet-read-token/{c.oid}>; rel="xet-auth"'
            d = Path(self.hub.lfs_path(e.sha256)).read_bytes() if os.path.exists(self.hub.lfs_path(e.sha256)) else b""
            if not d and xh:
                if self.command == "HEAD":      # HEAD must announce the true size
                    return self.send_head(hs, e.size)
                self.hub.materialise(e.sha256, xh, e.size)   # plain GET / Range (streaming): rebuild from the CAS
                d = Path(self.hub.lfs_path(e.sha256)).read_bytes()
        else:
            d = e.data
        hs["ETag"] = f'"{etag}"'
        rng = self.headers.get("range")
        if rng and self.command == "GET":
            m = re.match(r"bytes=(\d+)-(\d*)", rng)
            a, b = int(m.group(1)), int(m.group(2) or len(d) - 1)
            b = min(b, len(d) - 1)
            hs["Content-Range"] = f"bytes {a}-{b}/{len(d)}"
            return self.send(206, data=d[a:b + 1], headers=hs, ctype="application/octet-stream")
        self.send(200, data=d, headers=hs, ctype="application/octet-stream")


T = r"(?P<t>models|datasets|spaces)"
TP = r"(?P<t>datasets/|spaces/)?"
H = Handler
ROUTES = [
    (("GET",), r"/api/whoami-v2", H.whoami),
    (("GET",), r"/api/agent-harnesses", lambda self: self.send(200, {"standardEnvVars": [], "harnesses": {}})),
    (("POST",), r"/api/repos/create", H.create_repo),
    (("DELETE",), r"/api/repos/delete", H.delete_repo),
    (("POST",), r"/api/validate-yaml", H.validate_yaml),
    (("PUT",), rf"/api/{T}/{ID_RE}/settings", H.settings),
    (("POST",), rf"/api/{T}/{ID_RE}/preupload/{REV_RE}", H.preupload),
    (("POST",), rf"/api/{T}/{ID_RE}/commit/{REV_RE}", H.commit),
    (("GET",), rf"/api/{T}/{ID_RE}/xet-(?P<kind>read|write)-token(?:/{REV_RE})?", H.xet_token),
    (("GET",), rf"/api/{T}/{ID_RE}/tree/{REV_RE}(?:/(?P<path>.*))?", H.tree),
    (("POST",), rf"/api/{T}/{ID_RE}/paths-info/{REV_RE}", H.paths_info),
    (("GET",), rf"/api/{T}/{ID_RE}/refs", H.refs),
    (("GET",), rf"/api/{T}/{ID_RE}/commits/{REV_RE}", H.commits),
    (("POST", "DELETE"), rf"/api/{T}/{ID_RE}/branch/(?P<ref>.+)", H.branch),
    (("POST", "DELETE"), rf"/api/{T}/{ID_RE}/tag/(?P<ref>.+)", H.tag),
    (("POST",), rf"/api/{T}/{ID_RE}/super-squash/(?P<ref>.+)", H.super_squash),
    (("GET", "POST"), rf"/api/{T}/{ID_RE}/discussions", H.discussions),
    (("GET",), rf"/api/{T}/{ID_RE}/discussions/(?P<n>\d+)", H.discussion_get),
    (("POST",), rf"/api/{T}/{ID_RE}/discussions/(?P<n>\d+)/(?P<act>merge|status|comment)", H.discussion_act),
    (("GET",), rf"/api/{T}/{ID_RE}/revision/{REV_RE}", H.info),
    (("GET",), rf"/api/{T}/{ID_RE}", H.info),
    (("POST",), rf"/{TP}{ID_RE}\.git/info/lfs/objects/batch", H.lfs_batch),
    (("POST",), rf"/{TP}{ID_RE}\.git/info/lfs/objects/verify", H.lfs_verify),
    (("PUT",), r"/_lfs/put/(?P<sha>[0-9a-f]{64})", H.lfs_put),
    (("PUT",), r"/_lfs/part/(?P<sha>[0-9a-f]{64})/(?P<n>\d+)", H.lfs_part),
    (("POST",), r"/_lfs/complete/(?P<sha>[0-9a-f]{64})", H.lfs_complete),
    (("GET", "HEAD"), rf"/{TP}{ID_RE}/resolve/{REV_RE}/(?P<path>.+)", H.resolve),
]


def serve(root, port=0, **kw):
    hub = Hub(root, **kw)
    cls = type("BoundHandler", (Handler,), {"hub": hub})
    srv = ThreadingHTTPServer(("127.0.0.1", port), cls)
    srv.daemon_threads = True
    threading.Thread(target=srv.serve_forever, daemon=True).start()
    return hub, srv, f"http://127.0.0.1:{srv.server_address[1]}"


if __name__ == "__main__":
    ap = argparse.ArgumentParser()
    ap.add_argument("--port", type=int, default=8931)
    ap.add_argument("--root", required=True)
    ap.add_argument("--xet-cas")
    a = ap.parse_args()
    hub, srv, url = serve(a.root, a.port, xet_cas=a.xet_cas)
    print(url, flush=True)
    while True:
        time.sleep(5)
