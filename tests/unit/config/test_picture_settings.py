"""The setting `pictures`."""

from __future__ import annotations

from typing import Any

import pytest

from partner_messages.config.settings import SettingsError, parse_settings


def test_without_the_setting_nothing_is_allowed_beyond_the_rules() -> None:
    pictures = parse_settings({}).pictures

    assert (pictures.allowed_hosts, pictures.fallback_url, pictures.rewrite, pictures.deadline) == ((), None, None, 10)


def test_what_is_said_is_taken_and_host_names_are_in_small_letters() -> None:
    said = {
        "allowed_hosts": ["Media.Shop.Internal", "10.0.0.7"],
        "fallback_url": "https://cdn.example/logo.png",
        "rewrite": "https://cdn.example/resize?width=1000&format=jpeg&url={url}",
        "deadline": 2.5,
    }

    pictures = parse_settings({"pictures": said}).pictures

    assert pictures.model_dump() == {**said, "allowed_hosts": ("media.shop.internal", "10.0.0.7")}


@pytest.mark.parametrize("rewrite", ["https://cdn.example?of={url}", "https://cdn.example/{url}/small"])
def test_the_picture_s_url_may_be_in_the_path_or_in_the_query(rewrite: str) -> None:
    assert parse_settings({"pictures": {"rewrite": rewrite}}).pictures.rewrite == rewrite


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("allowed_hosts", ["https://media.example"]),
        ("allowed_hosts", ["media.example/a"]),
        ("allowed_hosts", ["*"]),
        ("allowed_hosts", "media.example"),
        ("allowed_hosts", [7]),
        ("fallback_url", "http://cdn.example/logo.png"),
        ("fallback_url", "cdn.example/logo.png"),
        ("fallback_url", "https://cdn.example/a logo.png"),
        ("fallback_url", "https://user:pass@cdn.example/logo.png"),
        ("fallback_url", "https://user@cdn.example/logo.png"),
        ("fallback_url", "https:///logo.png"),
        ("fallback_url", "https://cdn.example/logo.png\n"),
        ("fallback_url", "https://cdn.example/\u202egnp.ogol"),
        ("rewrite", "https://user:pass@cdn.example/{url}"),
        ("rewrite", "https://{url}.cdn.example/"),
        ("rewrite", "https://cdn.example{url}"),
        ("rewrite", "https://cdn.example/{url}\n"),
        ("rewrite", "https://cdn.example/resize"),
        ("rewrite", "http://cdn.example/{url}"),
        ("rewrite", "https://{url}"),
        ("rewrite", "https://cdn.example/{url}?again={url}"),
        ("rewrite", "https://cdn.example/{width}/{url}"),
        ("deadline", 0),
        ("deadline", 61),
        ("deadline", None),
        ("timeout", 5),
    ],
)
def test_what_cannot_be_is_told_by_its_key(key: str, value: Any) -> None:
    with pytest.raises(SettingsError, match=rf'^Variable partner_messages: "pictures\.{key}'):
        parse_settings({"pictures": {key: value}})
