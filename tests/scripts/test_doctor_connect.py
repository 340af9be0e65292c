"""`switchboard doctor`: what is missing, how to install it, and whether the providers answer."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from scripts.switchboard import cli

RIGHT_KEY = "the-right-key-of-the-provider"
WORD = (
    'data: {"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":'
    '[{"index":0,"delta":{"role":"assistant","content":"Yes."},"finish_reason":null}]}\n\n'
    "data: [DONE]\n\n"
)


class Model(BaseHTTPRequestHandler):
    """A language model that knows one key and one word."""

    def do_HEAD(self) -> None:
        self.send_response(404)
        self.end_headers()

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers["Authorization"] != f"Bearer {RIGHT_KEY}":
            self.send_response(401)
            self.end_headers()
            return
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        self.wfile.write(WORD.encode())

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def model_url() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Model)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli, ["doctor", *arguments], env={"COLUMNS": "240"})


def test_missing_extra_is_named_with_the_command_that_installs_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("services.provider.is_there", lambda module: module != "faster_whisper")
    monkeypatch.chdir(Path(__file__).parents[2])
    assert '-m pip install --editable ".[whisper]"' in run().output


def test_session_with_every_provider_is_timed(
    monkeypatch: pytest.MonkeyPatch, model_url: str
) -> None:
    monkeypatch.setenv("OPENAI_COMPATIBLE_BASE_URL", model_url)
    monkeypatch.setenv("OPENAI_COMPATIBLE_MODEL", "m")
    monkeypatch.setenv("OPENAI_COMPATIBLE_API_KEY", RIGHT_KEY)
    result = run("--connect")
    assert result.exit_code == 0
    assert "ok: the first word after " in result.output
    assert "runs here: there is nothing to connect to" in result.output
    assert RIGHT_KEY not in result.output


def test_refused_key_fails_the_command_and_is_not_printed(
    monkeypatch: pytest.MonkeyPatch, model_url: str
) -> None:
    monkeypatch.setenv("GROQ_BASE_URL", model_url)
    monkeypatch.setenv("GROQ_API_KEY", "another-key-of-somebody")
    monkeypatch.setenv("LLM", "groq")
    result = run("--connect")
    assert result.exit_code == 1
    assert "refused the key (HTTP 401): check GROQ_API_KEY" in result.output
    assert "another-key" not in result.output


def test_nothing_is_connected_to_unless_it_is_asked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("GROQ_API_KEY", "k")
    monkeypatch.setenv("GROQ_BASE_URL", "http://127.0.0.1:9")
    result = run()
    assert result.exit_code == 0
    assert "Sessions" not in result.output
