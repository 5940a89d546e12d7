"""Which URLs of pictures a design's columns hold, whatever shape they are kept in."""

from __future__ import annotations

import json
from typing import Any

import pytest

from partner_messages.shop.design_pictures import PICTURE_COLUMNS, DesignPictures

NONE = DesignPictures(None, None, None, None)


def urls_in(value: Any) -> tuple[str, ...]:
    return DesignPictures(None, json.dumps(value), None, None).urls


def test_the_columns_are_looked_through_in_the_shop_s_order() -> None:
    design = DesignPictures(
        thumbnail_url="https://a.example/1.jpg",
        media_files='["https://a.example/2.jpg", "https://a.example/3.jpg"]',
        moodboard='[{"image": "https://a.example/4.jpg"}]',
        design_files='[{"src": "https://a.example/5.jpg"}]',
    )

    assert design.urls == tuple(f"https://a.example/{number}.jpg" for number in range(1, 6))
    assert PICTURE_COLUMNS == ("thumbnail_url", "media_files", "moodboard", "design_files")


def test_a_design_without_pictures_has_none() -> None:
    assert NONE.urls == ()
    assert DesignPictures("", "[]", "{}", "null").urls == ()


@pytest.mark.parametrize(
    ("value", "urls"),
    [
        (["a"], ("a",)),
        ([{"url": "a"}], ("a",)),
        ([{"image": "a"}], ("a",)),
        ([{"src": "a"}], ("a",)),
        ([{"src": "c", "image": "b", "url": "a"}], ("a",)),
        ([{"url": "", "image": None, "src": "c"}], ("c",)),
        ([{"url": {"href": "x"}, "src": "c"}], ("c",)),
        (["b", {"url": "a"}, "b", {"src": "a"}], ("b", "a")),
        ([" a\n"], ("a",)),
        ("a", ("a",)),
        ({"url": "a"}, ()),
        ({"images": ["a"]}, ()),
        ([["a"]], ()),
        ([None, 1, True, "", "  ", {}, {"name": "a"}], ()),
        (None, ()),
        (7, ()),
    ],
)
def test_a_list_holds_urls_or_objects_and_an_object_in_its_place_holds_none(value: Any, urls: tuple[str, ...]) -> None:
    assert urls_in(value) == urls


@pytest.mark.parametrize("text", ["[", '{"url": ', "[" * 100_000])
def test_what_is_no_json_is_no_list_and_ends_nothing(text: str) -> None:
    design = DesignPictures("https://a.example/1.jpg", text, None, '["https://a.example/2.jpg"]')

    assert {"https://a.example/1.jpg", "https://a.example/2.jpg"} <= set(design.urls)
