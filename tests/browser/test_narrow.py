"""On a phone nothing makes a page wider than the screen: long words wrap, tables scroll within themselves."""

from __future__ import annotations

import pytest

from partner_messages.config.paths import OPS, included
from support.browser import PHONE, is_wider_than_its_window

LONG = "x" * 1_900
SHOWN = {
    "a note": f"<ul><li><time>Mon</time> Asha: halted all sending: {LONG}</li></ul><p class='alert'>{LONG}</p>",
    "a run with a long name": f"<h1>{LONG}</h1><p>Run of <a href='/'>{LONG}</a> <code>{LONG}</code></p>",
    "a wide table": f"<table class='wide'><tbody><tr><td>{LONG}</td><td>{LONG}</td></tr></tbody></table>",
    "a table": "<div class='scroll' tabindex='0'><table><tr>"
    + "<td>Reminders of a stall</td>" * 12
    + "</tr></table></div>",
    "a form": f"<form class='act'><label>{LONG} <input name='why'></label><button>{LONG}</button></form>",
}


@pytest.fixture(scope="module")
def narrow(browser):
    page = browser.new_page(viewport=PHONE)
    page.set_content("<style>" + (included(OPS) / "ops.css").read_text() + "</style><main></main>")
    yield page
    page.close()


@pytest.mark.parametrize("shown", SHOWN)
def test_nothing_makes_a_page_wider_than_a_phone(narrow, shown):
    narrow.eval_on_selector("main", "(main, text) => { main.innerHTML = text; }", SHOWN[shown])
    assert not is_wider_than_its_window(narrow)


def test_a_link_in_a_sentence_is_large_enough_to_be_tapped(narrow):
    narrow.eval_on_selector("main", "(main) => { main.innerHTML = '<p>See <a href=\"/\">it</a>.</p>'; }")
    assert narrow.eval_on_selector("main a", "(one) => one.getBoundingClientRect().height") >= 24
