"""One whole Airflow and one browser for all tests in this folder, and the tabs that people have open."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from partner_messages.deployment import run_context
from partner_messages.message_log import acts
from sandbox import airflow_env
from support import airflow_up as ups
from support.airflow_up import AirflowUp
from support.browser import DESK, Tab, chromium, tab


@pytest.fixture(scope="package")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AirflowUp]:
    with ups.airflow_up(tmp_path_factory.mktemp("up")) as airflow:
        yield airflow


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


@pytest.fixture(scope="package")
def _in_airflow(browser: Browser, up: AirflowUp) -> Iterator[Tab]:
    with tab(browser, up.url) as opened:
        opened.page.goto("/")
        opened.page.get_by_label("Username").fill("ops")
        opened.page.locator("input[type=password]").fill(airflow_env.password_of("ops"))
        opened.page.keyboard.press("Enter")
        opened.page.get_by_role("link", name="Partner messages").click()
        expect(opened.frame().locator(".sentence")).to_be_visible()
        yield opened


@pytest.fixture(scope="package")
def _alone(browser: Browser, up: AirflowUp) -> Iterator[Tab]:
    with tab(browser, up.url, up.token("ops")) as opened:
        yield opened


@pytest.fixture
def in_airflow(_in_airflow: Tab) -> Iterator[Tab]:
    """The tab of somebody who has logged in and followed Airflow's navigation to our pages."""
    yield _in_airflow
    assert _in_airflow.errors == [], _in_airflow.errors


@pytest.fixture
def alone(_alone: Tab) -> Iterator[Tab]:
    """A tab in which our pages are by themselves, on a desk."""
    _alone.page.set_viewport_size(DESK)
    _alone.page.emulate_media(color_scheme="light")
    yield _alone
    assert _alone.errors == [], _alone.errors


@pytest.fixture
def sending(up: AirflowUp) -> Iterator[None]:
    """Sending goes on after the test, however it ends."""
    yield
    now = run_context.wall_clock()
    acts.go_on(up.log, who="a test", why="it is over", now=now, asked_at=now)
