"""The pages of docs/how-to run: their Python is taken from them and put to use, on listed and harmless pictures."""

from __future__ import annotations

import asyncio
import enum
import io
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import safehash
from services import Running, form
from stores import write_list, write_pictures

PAGES = Path(__file__).parent.parent.parent / "docs" / "how-to"
#: Listed, harmless, and no picture.
NAMES = ("listed", "harmless", "broken")


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("recipes")


@pytest.fixture(scope="module")
def uploads(here: Path) -> dict[str, bytes]:
    listed, harmless = write_pictures(here / "pictures", 2)
    safehash.Matcher.from_files(write_list(here / "own.csv", listed)).save(here / "lists.safehash")
    return {
        "listed": listed.read_bytes(),
        "harmless": harmless.read_bytes(),
        "broken": harmless.read_bytes()[:50],
    }


@pytest.fixture
def recipe(here: Path, uploads: dict[str, bytes], monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return what a page's Python defines, run in a folder with its snapshot."""
    monkeypatch.chdir(here)

    def run(page: str, **given: Any) -> dict[str, Any]:
        text = (PAGES / page).read_text(encoding="utf-8")
        blocks = re.findall(r"^```python\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
        assert blocks, page
        module = SimpleNamespace(**given, __name__=f"recipe_{page.partition('.')[0]}")
        monkeypatch.setitem(sys.modules, module.__name__, module)
        exec(compile("\n\n".join(blocks), page, "exec"), module.__dict__)
        return module.__dict__

    return run


async def post(app: Any, *files: bytes, called: str = "multipart/form-data") -> tuple[int, bytes]:
    """Send an application a form with files of one field, as a server does."""
    body, kind = form(*(("file", data) for data in files))
    kind = kind.replace("multipart/form-data", called)
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "POST", "path": "/upload",
        "raw_path": b"/upload", "root_path": "", "query_string": b"", "scheme": "http", "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80), "headers": [(b"content-type", kind.encode())],
    }  # fmt: skip
    pieces = [body[at : at + 500] for at in range(0, len(body), 500)]
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        if not pieces:
            await asyncio.sleep(60)
        return {"type": "http.request", "body": pieces.pop(0), "more_body": bool(pieces)}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    await app(scope, receive, send)
    return sent[0]["status"], b"".join(message.get("body", b"") for message in sent)


def test_fastapi(recipe: Any, uploads: dict[str, bytes]) -> None:
    app = recipe("fastapi.md")["app"]
    assert [asyncio.run(post(app, uploads[name]))[0] for name in NAMES] == [202, 200, 422]


def test_starlette(recipe: Any, uploads: dict[str, bytes]) -> None:
    from starlette.applications import Starlette
    from starlette.middleware import Middleware
    from starlette.requests import Request
    from starlette.responses import PlainTextResponse, Response
    from starlette.routing import Route

    async def store(request: Request) -> Response:
        async with request.form() as given:
            file: Any = given["file"]
            return PlainTextResponse(str(len(await file.read())))

    made = recipe("starlette.md")
    app = Starlette(
        routes=[Route("/upload", store, methods=["POST"])], middleware=[Middleware(made["LookAtUploads"])]
    )
    answers = [asyncio.run(post(app, uploads[name])) for name in NAMES]
    assert [status for status, _ in answers] == [202, 200, 422]
    assert answers[1][1] == str(len(uploads["harmless"])).encode(), "the endpoint reads the whole of it"
    # A way round it: the endpoint would have read these all the same.
    listed, harmless = uploads["listed"], uploads["harmless"]
    assert asyncio.run(post(app, listed, called="Multipart/Form-Data"))[0] == 202
    for both in ((listed, harmless), (harmless, listed)):
        assert asyncio.run(post(app, *both))[0] == 202


def test_django(recipe: Any, uploads: dict[str, bytes], tmp_path: Path) -> None:
    import django
    from django.conf import settings
    from django.core.exceptions import ValidationError
    from django.core.files.base import ContentFile

    if not settings.configured:
        settings.configure()
        django.setup()
    made = recipe("django.md")
    made["not_listed"](ContentFile(uploads["harmless"], name="a.png"))
    for name, code in (("listed", "held"), ("broken", "undecided")):
        with pytest.raises(ValidationError) as caught:
            made["not_listed"](ContentFile(uploads[name], name="a.png"))
        assert caught.value.code == code
    storage = made["LookedAtStorage"](location=tmp_path)
    files = {**uploads, "words": b"words"}
    saved = {storage.save(f"{name}.png", ContentFile(data)) for name, data in files.items()}
    assert saved == {"harmless.png", "held/listed.png", "held/broken.png", "words.png"}
    assert (tmp_path / "held" / "listed.png").read_bytes() == uploads["listed"]


def test_celery(recipe: Any, uploads: dict[str, bytes], tmp_path: Path) -> None:
    made = recipe("celery.md")
    made["app"].conf.update(task_always_eager=True, task_store_eager_result=False)
    held: list[Any] = []
    made["hold_for_review"].run = lambda path, record: held.append((path, record["matches"][0]["list"]))
    outcomes = []
    for name in NAMES:
        (tmp_path / name).write_bytes(uploads[name])
        outcomes.append(made["look_at"].delay(str(tmp_path / name)).get()["outcome"])
    assert outcomes == ["match", "no_match", "unreadable"]
    assert held == [(str(tmp_path / "listed"), "own")]


def test_s3(recipe: Any, uploads: dict[str, bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    import boto3
    from moto import mock_aws

    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with mock_aws():
        made = recipe("s3.md")
        s3 = boto3.client("s3")
        s3.create_bucket(Bucket="uploads")
        records = []
        for name in NAMES:
            s3.put_object(Bucket="uploads", Key=f"a b/{name}.png", Body=uploads[name])
            records.append({"s3": {"bucket": {"name": "uploads"}, "object": {"key": f"a+b/{name}.png"}}})
        assert made["handler"]({"Records": records}, None) == ["review", "fine", "undecided"]
        tags = s3.get_object_tagging(Bucket="uploads", Key="a b/listed.png")["TagSet"]
        assert tags == [{"Key": "safehash", "Value": "review"}]


def test_batch(recipe: Any, uploads: dict[str, bytes], here: Path) -> None:
    made = recipe("batch.md")
    assert made["check"]({"data": [uploads[name] for name in NAMES]})["outcome"] == [
        "match",
        "no_match",
        "unreadable",
    ]
    assert made["found"]["outcome"] == ["no_match"]


def test_threatexchange(recipe: Any, uploads: dict[str, bytes]) -> None:
    assert recipe("threatexchange.md", data=uploads["listed"])["found"] == [(7, "0")]


@pytest.fixture(scope="module")
def service(here: Path, uploads: dict[str, bytes]) -> Iterator[Running]:
    with Running("--index", here / "lists.safehash") as running:
        yield running


class Homeserver:
    """What the module asks of Synapse."""

    def __init__(self) -> None:
        self.callbacks: dict[str, Any] = {}

    def register_spam_checker_callbacks(self, **callbacks: Any) -> None:
        self.callbacks = callbacks

    async def defer_to_thread(self, function: Any, *given: Any) -> Any:
        return await asyncio.to_thread(function, *given)


class Media:
    """A file of Synapse's: handed over in pieces."""

    def __init__(self, data: bytes) -> None:
        self._stream = io.BytesIO(data)

    async def write_chunks_to(self, take: Any) -> None:
        while piece := self._stream.read(1000):
            take(piece)


class Codes(str, enum.Enum):
    """Synapse's, as far as the module names it."""

    FORBIDDEN = "M_FORBIDDEN"


@pytest.mark.skipif(os.name != "posix", reason="the service is for Linux and macOS")
def test_synapse(
    recipe: Any, uploads: dict[str, bytes], service: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, what in (("synapse", {}), ("synapse.module_api", {"NOT_SPAM": "NOT_SPAM"}),
                       ("synapse.module_api.errors", {"Codes": Codes})):  # fmt: skip
        monkeypatch.setitem(sys.modules, name, SimpleNamespace(**what))
    checker = recipe("synapse.md")["SafehashChecker"]
    server = Homeserver()
    checker(checker.parse_config({"url": f"http://127.0.0.1:{service.port}/"}), server)
    ask = server.callbacks["check_media_file_for_spam"]
    said = [asyncio.run(ask(Media(uploads[name]), None)) for name in NAMES]
    assert said == [Codes.FORBIDDEN, "NOT_SPAM", Codes.FORBIDDEN]
    for file in (b"words, or what is encrypted", b'{"hash": "of some JSON file"}'):
        assert asyncio.run(ask(Media(file), None)) == "NOT_SPAM"
    checker({"url": "http://127.0.0.1:9"}, server)  # nobody is there
    assert asyncio.run(server.callbacks["check_media_file_for_spam"](Media(b"x"), None)) is Codes.FORBIDDEN
    checker({"url": f"http://127.0.0.1:{service.port}"}, server)._ask = lambda data: {
        "outcome": "unreadable", "failure": "crash",
    }  # fmt: skip
    assert asyncio.run(server.callbacks["check_media_file_for_spam"](Media(b"x"), None)) is Codes.FORBIDDEN
    with pytest.raises(ValueError, match="url is where"):
        checker.parse_config({})


@pytest.mark.skipif(os.name != "posix", reason="the service is for Linux and macOS")
def test_tus(uploads: dict[str, bytes], service: Running, tmp_path: Path) -> None:
    """The page's script is run as tusd runs it: the event on standard input, the answer on standard output."""
    (block,) = re.findall(
        r"^```python\n(.*?)^```$", (PAGES / "tus.md").read_text("utf-8"), re.DOTALL | re.MULTILINE
    )
    (tmp_path / "pre-finish").write_text(block, encoding="utf-8")

    def run(name: str, where: str) -> tuple[int, Any]:
        path = tmp_path / name
        path.write_bytes(uploads[name])
        hook = {"Type": "pre-finish", "Event": {"Upload": {"ID": name, "Storage": {"Path": str(path)}}}}
        done = subprocess.run(
            [sys.executable, "pre-finish"], input=json.dumps(hook).encode(), capture_output=True, cwd=tmp_path,
            env={**os.environ, "SAFEHASH": where}, check=False,
        )  # fmt: skip
        return done.returncode, json.loads(done.stdout or "null")

    where = f"http://127.0.0.1:{service.port}"
    held = (0, {"HTTPResponse": {"StatusCode": 403, "Body": "held for review"}})
    assert [run(name, where) for name in NAMES] == [held, (0, {}), held]
    assert sorted(path.name for path in (tmp_path / "held").iterdir()) == ["broken", "listed"]
    code, said = run("harmless", "http://127.0.0.1:9")
    assert (code != 0, said) == (True, None), "tusd answers 500 then"


def test_bots(recipe: Any, uploads: dict[str, bytes], here: Path) -> None:
    made = recipe("bots.md")

    class Attachment:
        def __init__(self, data: bytes, size: int | None = None) -> None:
            self._data, self.size = data, len(data) if size is None else size

        async def read(self) -> bytes:
            return self._data

    async def ask() -> list[Any]:
        hook = made["FileHook"]("lists.safehash")
        everything = [Attachment(uploads[name]) for name in NAMES]
        return [
            await hook(each) for each in (*everything, Attachment(b"words"), Attachment(b"", size=1 << 40))
        ]

    verdicts = asyncio.run(ask())
    assert [verdict.remove for verdict in verdicts] == [True, False, False, False, False]
    assert [bool(verdict.tell_moderators) for verdict in verdicts] == [True, False, True, False, True]
