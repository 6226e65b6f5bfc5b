"""Downloads from a hub: a small server that speaks its protocol stands in for it."""

from __future__ import annotations

import hashlib
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from spatial_perception.errors import EstimatorError
from spatial_perception.models import weights

pytest.importorskip("huggingface_hub")
COMMITS = {"main": "a" * 40, "v1": "b" * 40}
FILES = {
    "config.json": b'{"a": 1}',
    "model.safetensors": bytes(range(256)) * 4000,
    "pytorch_model.bin": b"a pickle",
    "README.md": b"---\nlicense: cc-by-nc-4.0\n---\n",
}


class Hub(ThreadingHTTPServer):
    """Serves FILES as owner/model; breaks off the first answer of a large file if told to."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked, self.ranges, self.breaks = [], [], 0


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_HEAD(self):
        self.answer(body=False)

    def do_GET(self):
        self.answer(body=True)

    def answer(self, body):
        path = self.path.split("?")[0]
        self.server.asked.append(path)
        if path.startswith("/api/models/owner/model/tree/"):
            files = [
                {"type": "file", "path": name, "size": len(content), "oid": hashlib.sha1(content).hexdigest()}
                for name, content in FILES.items()
            ]
            return self.send(200, json.dumps(files).encode(), {"Content-Type": "application/json"}, body)
        if path.startswith("/api/models/owner/model"):
            revision = path.rpartition("/revision/")[2] if "/revision/" in path else "main"
            sha = COMMITS.get(revision, revision)
            if sha not in COMMITS.values():
                return self.send(404, b"{}", {"X-Error-Code": "RevisionNotFound"}, body)
            siblings = [{"rfilename": name} for name in FILES]
            content = {"id": "owner/model", "modelId": "owner/model", "sha": sha, "siblings": siblings, "tags": []}
            return self.send(200, json.dumps(content).encode(), {"Content-Type": "application/json"}, body)
        if path.startswith("/owner/model/resolve/"):
            _, _, _, _, revision, name = path.split("/", 5)
            return self.file(FILES[name], COMMITS.get(revision, revision), body)
        return self.send(404, b"{}", {"X-Error-Code": "RepoNotFound"}, body)

    def file(self, content, commit, body):
        tag = hashlib.sha256(content).hexdigest()
        headers = {"ETag": f'"{tag}"', "X-Repo-Commit": commit, "Accept-Ranges": "bytes"}
        begin, wanted = 0, self.headers.get("Range")
        if wanted:
            self.server.ranges.append(wanted)
            begin = int(wanted.split("=")[1].split("-")[0])
            headers["Content-Range"] = f"bytes {begin}-{len(content) - 1}/{len(content)}"
        self.send(206 if wanted else 200, content[begin:], headers, body)

    def send(self, status, content, headers, body):
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(content))}.items():
            self.send_header(name, value)
        self.end_headers()
        if not body:
            return
        if self.server.breaks and len(content) > 10000:
            self.server.breaks -= 1
            self.wfile.write(content[: len(content) // 2])
            self.wfile.flush()
            self.close_connection = True
            self.connection.shutdown(2)
            return
        self.wfile.write(content)


def forget_sessions():
    """Before 1.0 the hub client kept sessions, offline ones of other tests too."""
    from huggingface_hub.utils import _http

    getattr(_http, "reset_sessions", lambda: None)()


@pytest.fixture
def hub(monkeypatch, tmp_path):
    server = Hub()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    here = f"http://127.0.0.1:{server.server_port}"
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", here)
    template = f"{here}/{{repo_id}}/resolve/{{revision}}/{{filename}}"
    monkeypatch.setattr("huggingface_hub.constants.HUGGINGFACE_CO_URL_TEMPLATE", template)
    monkeypatch.setattr(
        "huggingface_hub.file_download.HUGGINGFACE_CO_URL_TEMPLATE", template, raising=False
    )  # hub < 1.0
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("huggingface_hub.constants.DOWNLOAD_CHUNK_SIZE", 2**16)  # of a file of 1 MB
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    forget_sessions()
    yield server
    forget_sessions()
    server.shutdown()
    server.server_close()


def test_a_checkpoint_is_downloaded_once_and_without_pickles(hub, capfd):
    directory = weights.resolve_checkpoint("owner/model")
    assert (directory / "model.safetensors").read_bytes() == FILES["model.safetensors"]
    assert not (directory / "pytorch_model.bin").exists()
    assert not any("pytorch_model" in path for path in hub.asked)
    assert "%" in capfd.readouterr().err  # a progress bar
    hub.asked.clear()
    assert weights.resolve_checkpoint("owner/model") == directory
    assert weights.resolve_checkpoint("owner/model", offline=True) == directory
    assert not hub.asked


def test_a_broken_download_goes_on_where_it_stopped(hub):
    hub.breaks = 1
    directory = weights.resolve_checkpoint("owner/model")
    assert (directory / "model.safetensors").read_bytes() == FILES["model.safetensors"]
    begins = [int(wanted.split("=")[1].split("-")[0]) for wanted in hub.ranges]
    assert max(begins) > 0


def test_revisions_are_pinned(hub):
    pinned, newest = (weights.resolve_checkpoint("owner/model", revision) for revision in ("v1", None))
    assert (pinned.name, newest.name) == (COMMITS["v1"], COMMITS["main"])
    with pytest.raises(EstimatorError, match="cannot download owner/model"):
        weights.resolve_checkpoint("owner/model", "no-such-branch")


def test_unknown_ids_are_one_line(hub):
    with pytest.raises(EstimatorError, match="cannot download owner/nothing") as caught:
        weights.resolve_checkpoint("owner/nothing")
    assert "\n" not in str(caught.value)
