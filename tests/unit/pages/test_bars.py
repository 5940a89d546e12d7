"""Bars as SVG."""

from __future__ import annotations

from xml.etree import ElementTree as ET

from partner_messages.pages.bars import WIDTH, Bar, Part, svg_bars

SVG = "{http://www.w3.org/2000/svg}"


def drawn(*bars: Bar, title: str = "A chart") -> ET.Element:
    text = str(svg_bars("chart", title, bars)).replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1)
    return ET.fromstring(text)  # noqa: S314 - it is our own


def test_a_bar_is_its_parts_shares_one_after_the_other() -> None:
    chart = drawn(Bar("1st", [Part("read", "read", 3), Part("sent", "sent", 0), Part("failed", "failed", 1)]))
    rects = [rect for rect in chart.iter(f"{SVG}rect") if rect.get("class") != "frame"]
    assert [rect.get("class") for rect in rects] == ["read", "failed"]
    assert [(float(rect.get("x", "")), float(rect.get("width", ""))) for rect in rects] == [
        (0, 0.75 * WIDTH),
        (0.75 * WIDTH, 0.25 * WIDTH),
    ]
    assert [rect.findtext(f"{SVG}title") for rect in rects] == ["3 read", "1 failed"]


def test_who_does_not_see_it_hears_its_title_and_its_numbers() -> None:
    chart = drawn(Bar("1st", [Part("read", "read", 1200)]), Bar("2nd", []))
    assert chart.get("role") == "img"
    labelled = (chart.get("aria-labelledby") or "").split()
    assert [chart.find(f".//*[@id='{one}']").text for one in labelled] == ["A chart", "1st: 1,200 read; 2nd: none."]  # type: ignore[union-attr]


def test_every_text_is_escaped_and_nothing_is_styled_inline() -> None:
    evil = '<script>alert("1")</script>&'
    chart = drawn(Bar(evil, [Part(f'x" onload="{evil}', evil, 1)]), title=evil)
    assert chart.find(f".//{SVG}script") is None
    assert (chart.findtext(f"{SVG}title"), chart.findtext(f"{SVG}text")) == (evil, f"{evil} (1)")
    assert not [element for element in chart.iter() if {"style", "onload"} & set(element.keys())]


def test_bars_without_numbers_are_frames() -> None:
    chart = drawn(Bar("none", [Part("read", "read", 0)]))
    assert [rect.get("width") for rect in chart.iter(f"{SVG}rect")] == [str(WIDTH)]
    assert drawn().findall(f"{SVG}rect") == []
