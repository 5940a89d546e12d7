"""Which addresses a picture may come from; nothing here leaves this machine."""

from __future__ import annotations

import socket

import pytest

from partner_messages.config.setting_groups import Pictures
from partner_messages.pictures.usable import PictureChecker, Unusable, is_public

PRIVATE = [
    *("127.0.0.1", "127.1.2.3", "0.1.2.3", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1"),
    *("169.254.169.254", "100.64.0.1", "192.0.2.1", "198.18.0.1", "224.0.0.1", "239.1.1.1", "240.0.0.1"),
    *("255.255.255.255", "::", "::1", "fe80::1", "fe80::1%eth0", "fec0::1", "fc00::1", "fd12:3456::1", "ff02::1"),
    *("2001:db8::1", "2001::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::127.0.0.1", "2002:7f00:1::", "2002:a00:1::"),
    *("64:ff9b::7f00:1", "64:ff9b::10.0.0.1", "64:ff9b:1::1", "64:ff9b::224.0.0.1"),
]
PUBLIC = [
    *("1.1.1.1", "93.184.216.34", "172.32.0.1", "100.128.0.1", "2606:4700::1111", "::ffff:1.1.1.1"),
    *("64:ff9b::1.1.1.1", "2002:101:101::"),
]


@pytest.fixture
def asked(monkeypatch):
    """The names that were looked up; none has an address."""
    names = []

    def getaddrinfo(host, *rest, **more):
        names.append(host)
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr("socket.getaddrinfo", getaddrinfo)
    return names


@pytest.mark.parametrize("address", PRIVATE)
def test_an_address_of_an_inner_network_is_not_public(address):
    assert not is_public(address)


@pytest.mark.parametrize("address", PUBLIC)
def test_an_address_of_the_internet_is_public(address):
    assert is_public(address)


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://cdn.example/a.jpg", "its URL is not an https one"),
        ("HTTP://cdn.example/a.jpg", "its URL is not an https one"),
        ("ftp://cdn.example/a.jpg", "its URL is not an https one"),
        ("file:///etc/passwd", "its URL is not an https one"),
        ("data:image/png;base64,AAAA", "its URL is not an https one"),
        ("javascript:alert(1)", "its URL is not an https one"),
        ("/uploads/a.jpg", "its URL is not a web address"),
        ("//cdn.example/a.jpg", "its URL is not a web address"),
        ("cdn.example/a.jpg", "its URL is not a web address"),
        ("https://", "its URL is not a web address"),
        ("https:///a.jpg", "its URL is not a web address"),
        ("https://[::1/a.jpg", "its URL is not a web address"),
        ("https://cdn.example:port/a.jpg", "its URL is not a web address"),
        ("https://cdn.example:99999/a.jpg", "its URL is not a web address"),
        ("https://*.example/a.jpg", "its URL is not a web address"),
        ("https://user@cdn.example/a.jpg", "its URL has a user name in it"),
        ("https://user:secret@cdn.example/a.jpg", "its URL has a user name in it"),
        ("[", "its URL is not a web address"),
    ],
)
def test_only_a_plain_https_url_is_looked_at(asked, url, reason):
    assert PictureChecker(Pictures()).check(url) == Unusable(reason)
    assert asked == []


def test_a_rewrite_does_not_make_a_plain_one_of_it(asked):
    checker = PictureChecker(Pictures(rewrite="https://cdn.example/?url={url}"))

    assert checker.check("http://shop.example/a.jpg") == Unusable("its URL is not an https one")
    assert asked == []


def test_a_name_without_an_address_is_told_by_the_name_and_not_by_the_whole_url(asked):
    look = PictureChecker(Pictures()).check("https://cdn.example/a.jpg?signature=hush")

    assert isinstance(look, Unusable)
    assert look.reason.startswith("cdn.example: it could not be fetched (gaierror: ")
    assert "hush" not in look.reason


@pytest.mark.parametrize("address", ["127.0.0.1", "10.1.2.3", "169.254.169.254", "::1", "::ffff:192.168.0.1"])
def test_a_name_is_refused_for_any_private_address_it_has(monkeypatch, address):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    answer = [
        (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("93.184.216.34", 443)),
        (family, socket.SOCK_STREAM, 6, "", (address, 443)),
    ]
    connected = []
    monkeypatch.setattr("socket.getaddrinfo", lambda *_, **__: answer)
    monkeypatch.setattr(socket.socket, "connect", lambda _, to: connected.append(to))

    look = PictureChecker(Pictures()).check("https://cdn.example/a.jpg")

    assert look == Unusable("cdn.example: its server has a private address")
    assert connected == []


def test_the_connection_goes_to_the_address_that_was_checked_and_the_name_is_asked_once(monkeypatch):
    answers = iter([("93.184.216.34", 443), ("127.0.0.1", 443)])
    connected = []

    def connect(_, to):
        connected.append(to)
        raise ConnectionRefusedError("refused")

    monkeypatch.setattr(
        "socket.getaddrinfo", lambda *_, **__: [(socket.AF_INET, socket.SOCK_STREAM, 6, "", next(answers))]
    )
    monkeypatch.setattr(socket.socket, "connect", connect)

    look = PictureChecker(Pictures()).check("https://cdn.example/a.jpg")

    assert isinstance(look, Unusable)
    assert connected == [("93.184.216.34", 443)]
    assert next(answers) == ("127.0.0.1", 443)
