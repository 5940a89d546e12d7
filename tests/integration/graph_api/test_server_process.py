"""The program: one command, one line, a clean end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from sandbox.graph_api import READY
from sandbox.graph_api.accounts import SAMPLE_ACCOUNTS
from sandbox.graph_api.server import PROJECT, running
from sandbox.processes import ProcessFailedError
from support.webhook_receiver import receiver


def start(*arguments, **environment):
    return subprocess.Popen(
        [sys.executable, "-m", "sandbox.graph_api", *arguments],
        env={**os.environ, "PYTHONPATH": str(PROJECT), **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize("asked_to_end", [signal.SIGTERM, signal.SIGINT])
def test_it_says_where_it_listens_and_ends_cleanly(asked_to_end):
    with start("--port", "0") as process:
        line = process.stdout.readline()
        assert line.startswith(f"{READY}http://127.0.0.1:")
        assert httpx.get(line.removeprefix(READY).strip() + "/_sandbox/outbox").json()["count"] == 0
        process.send_signal(asked_to_end)
        rest, errors = process.communicate(timeout=20)
    assert (process.returncode, rest, errors) == (0, "", "")


def test_a_wrong_accounts_file_ends_it_with_a_sentence(tmp_path):
    with start("--port", "0", "--accounts", str(tmp_path / "nowhere.json")) as process:
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 1
    assert errors.startswith(f"{tmp_path / 'nowhere.json'}: cannot be read")
    assert "Traceback" not in errors


def test_rate_and_accounts_can_come_from_the_environment(tmp_path):
    file = tmp_path / "accounts.json"
    file.write_text(SAMPLE_ACCOUNTS.read_text().replace("JYT India", "Another business"))
    environment = {"SANDBOX_GRAPH_API_RATE": "1234", "SANDBOX_GRAPH_API_ACCOUNTS": str(file)}
    with start("--port", "0", **environment) as process:
        url = process.stdout.readline().removeprefix(READY).strip()
        limits = httpx.post(f"{url}/_sandbox/limits", json={}).json()
        process.terminate()
        process.communicate(timeout=20)
    assert limits["messages_per_second"] == 1234


def test_running_starts_it_with_the_options_and_ends_it_with_the_block():
    with running(rate=5, templates=False) as api:
        assert api.set_limits()["messages_per_second"] == 5
        assert api.templates() == []
    with pytest.raises(httpx.ConnectError):
        httpx.get(api.url)


def test_running_ends_the_server_whatever_happens_in_the_block():
    with pytest.raises(LookupError), running() as api:
        raise LookupError
    with pytest.raises(httpx.ConnectError):
        httpx.get(api.url)


def test_a_request_that_hangs_is_answered_when_the_server_ends():
    with ThreadPoolExecutor() as pool:
        with running() as api:
            api.hang_next(seconds=3600)
            answer = pool.submit(httpx.get, f"{api.url}/v25.0/1", timeout=60)
            api.wait_for_hanging()
        assert answer.result().status_code == 401


def test_running_says_why_the_server_did_not_start(tmp_path):
    with pytest.raises(ProcessFailedError, match="cannot be read"), running(accounts=tmp_path / "nowhere.json"):
        pytest.fail("it started")


@pytest.mark.parametrize("delays", ["1,2", "soon,1,2", ""])
def test_delays_that_are_none_end_it_with_a_sentence(delays):
    with start("--port", "0", "--status-delays", delays) as process:
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 2
    assert "argument --status-delays" in errors
    assert "Traceback" not in errors


def test_it_says_why_nobody_gets_its_webhooks_and_ends_cleanly_all_the_same():
    with receiver() as gone:
        url = gone.url
    with start("--port", "0", "--callback", url) as process:
        assert process.stdout.readline().startswith(READY)
        assert "(#2200) Callback verification failed" in process.stdout.readline()
        process.send_signal(signal.SIGTERM)
        rest, errors = process.communicate(timeout=60)
    assert (process.returncode, rest, errors) == (0, "", "")
