import os
import sys
from pathlib import Path

import pytest

from rehearsal.server_process import ServerFailed, ServerProcess

SERVER = """
import os, signal, sys
from http.server import BaseHTTPRequestHandler, HTTPServer
class Ready(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if self.path == "/readyz" else 404)
        self.end_headers()
def stop(*_):
    print("was told to stop", flush=True)
    sys.exit(0)
signal.signal(signal.SIGTERM, stop)
HTTPServer((os.environ["HOST"], int(os.environ["PORT"])), Ready).serve_forever()
"""


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


async def test_a_server_is_ready_inside_and_gone_after(tmp_path: Path) -> None:
    log = tmp_path / "run" / "server.log"
    async with ServerProcess([sys.executable, "-c", SERVER], env={}, log=log) as server:
        pid = server.pid
        assert alive(pid)
    assert not alive(pid)
    assert "was told to stop" in log.read_text()


async def test_a_server_that_dies_at_start_is_quoted(tmp_path: Path) -> None:
    broken = [sys.executable, "-c", "raise SystemExit('PORT is wrong: 7 is taken')"]
    with pytest.raises(ServerFailed, match=r"(?s)code 1.*PORT is wrong: 7 is taken"):
        async with ServerProcess(broken, env={}, log=tmp_path / "server.log"):
            pass


async def test_a_server_that_never_gets_ready_is_ended(tmp_path: Path) -> None:
    deaf = [sys.executable, "-c", "import time; print('thinking', flush=True); time.sleep(60)"]
    server = ServerProcess(deaf, env={}, log=tmp_path / "log", ready_timeout_s=0.5)
    with pytest.raises(ServerFailed, match=r"not ready after 0\.5 s"):
        await server.__aenter__()
    assert not alive(server.pid)


async def test_an_error_in_the_call_still_ends_the_server(tmp_path: Path) -> None:
    server = ServerProcess([sys.executable, "-c", SERVER], env={}, log=tmp_path / "log")
    with pytest.raises(KeyboardInterrupt):
        async with server:
            raise KeyboardInterrupt
    assert not alive(server.pid)
