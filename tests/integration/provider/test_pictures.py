"""Looking at pictures on servers that keep to nothing: wrong types and sizes, slow, silent, leading elsewhere."""

from __future__ import annotations

import itertools
import threading

import pytest

from partner_messages.config.setting_groups import Pictures
from partner_messages.pictures.usable import PictureChecker, Unusable, Usable
from support.at_once import at_once
from support.picture_files import jpeg, png
from support.picture_server import HOST, INSIDE, Pages, picture
from support.raw_http import endless, raw_server, response
from whatsapp_provider.templates.picture_formats import MAX_BYTES


def checker(**settings):
    """A checker that may reach the test's server, with all the time in the world."""
    return PictureChecker(Pictures(**{"allowed_hosts": (HOST,), "deadline": 60, **settings}))


def reason(look):
    assert isinstance(look, Unusable), "the picture should not be usable"
    return look.reason


def leading_to(location, status="302 Found"):
    return response(status, b"", f"Location: {location}")


@pytest.mark.parametrize("data", [jpeg(), png(), png(size=MAX_BYTES)], ids=["JPEG", "PNG", "PNG of exactly 5 MB"])
def test_a_picture_that_meta_takes_is_usable(serve_pictures, data):
    pages = serve_pictures(picture(data))

    assert checker().check(pages["/a.jpg"]) == Usable(pages["/a.jpg"])


@pytest.mark.parametrize("said", ["image/png", "image/webp", "text/html", "application/octet-stream", ""])
def test_a_picture_is_one_by_its_bytes_whatever_its_server_calls_it(serve_pictures, said):
    pages = serve_pictures(picture(jpeg(), f"Content-Type: {said}"))

    assert checker().check(pages["/a.gif"]) == Usable(pages["/a.gif"])


@pytest.mark.parametrize(
    "data",
    [b"<!DOCTYPE html><p>Sign in</p>", b"RIFF\x24\0\0\0WEBPVP8 ", b"GIF89a\1\0\1\0\x80\0\0", b"\x1f\x8b" + jpeg(), b""],
    ids=["HTML", "WebP", "GIF", "gzip", "nothing"],
)
def test_what_is_called_a_jpeg_and_is_none_is_refused(serve_pictures, data):
    pages = serve_pictures(picture(data, "Content-Type: image/jpeg"))

    assert reason(checker().check(pages["/a.jpg"])) == f"{HOST}: it is neither a JPEG nor a PNG"


def test_a_picture_that_says_it_is_too_large_is_not_read(serve_pictures):
    def talk(server, client):
        server.read_request(client)
        client.sendall(f"HTTP/1.1 200 OK\r\nContent-Length: {MAX_BYTES + 1}\r\n\r\n".encode())
        client.recv(1)  # Nothing more comes; whoever waited for it would wait for ever.

    assert reason(checker().check(serve_pictures(talk)["/a.jpg"])) == f"{HOST}: it is larger than 5 MB"


@pytest.mark.parametrize("framing", ["Connection: close", "Transfer-Encoding: chunked"])
def test_a_picture_that_hides_how_large_it_is_is_cut_off_at_5_mb(serve_pictures, framing):
    sent = []

    def talk(server, client):
        server.read_request(client)
        client.sendall(f"HTTP/1.1 200 OK\r\n{framing}\r\n\r\n".encode())
        pieces = itertools.chain([jpeg()[:200].ljust(65536, b".")], itertools.repeat(b"." * 65536))
        for piece in itertools.islice(pieces, 800):  # 50 MB, if they were taken.
            client.sendall(b"10000\r\n" + piece + b"\r\n" if "chunked" in framing else piece)
            sent.append(len(piece))

    assert reason(checker().check(serve_pictures(talk)["/a.jpg"])) == f"{HOST}: it is larger than 5 MB"
    assert sum(sent) < 50 * 1024 * 1024


def test_what_is_no_picture_is_known_by_its_beginning(serve_pictures):
    def talk(server, client):
        server.read_request(client)
        client.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 4000000\r\n\r\n<!DOCTYPE html>")
        client.recv(1)

    assert reason(checker().check(serve_pictures(talk)["/a.jpg"])) == f"{HOST}: it is neither a JPEG nor a PNG"


def ticking(step):
    """A clock that moves on by `step` seconds each time somebody looks at it."""
    times = itertools.count(0, step)
    return lambda: next(times)


@pytest.mark.parametrize(
    "talk",
    [
        endless(b"HTTP/1.1 200 OK\r\nContent-Length: 5000000\r\n\r\n" + jpeg()[:20], b"."),
        endless(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"0" * 64),
        endless(b"HTTP/1.1 200 OK\r\n", b"X-Slow: 1\r\n"),
        endless(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    ],
    ids=["body", "chunk size", "headers", "continues"],
)
def test_a_server_that_always_sends_a_little_more_is_left_at_the_deadline(serve_pictures, talk):
    patient = PictureChecker(Pictures(allowed_hosts=(HOST,), deadline=60), clock=ticking(2))

    look = patient.check(serve_pictures(talk)["/a.jpg"])

    assert reason(look) == f"{HOST}: it did not come within 60 seconds"


def test_the_deadline_is_for_the_whole_download_and_not_for_each_byte(serve_pictures):
    bytes_wanted = threading.Semaphore(0)
    data = jpeg()

    def talk(server, client):
        server.read_request(client)
        client.sendall(f"HTTP/1.1 200 OK\r\nContent-Length: {len(data)}\r\n\r\n".encode())
        for byte in data:
            bytes_wanted.acquire()
            client.sendall(bytes([byte]))

    seconds = ticking(1)

    def clock():
        bytes_wanted.release()  # Whoever looks at the clock, as before each wait, is sent one byte.
        return seconds()

    assert len(data) > 60
    hurried = PictureChecker(Pictures(allowed_hosts=(HOST,), deadline=60), clock=clock)
    try:
        look = hurried.check(serve_pictures(talk)["/a.jpg"])
    finally:
        bytes_wanted.release(len(data))  # The server waits no longer for somebody who has left.

    assert reason(look) == f"{HOST}: it did not come within 60 seconds"


@pytest.mark.parametrize("where", ["before the handshake", "before the answer", "within the picture"])
def test_a_server_that_falls_silent_is_left(serve_pictures, picture_names, where):
    def talk(server, client):
        server.read_request(client)
        if where == "within the picture":
            client.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 300\r\n\r\n" + jpeg()[:50])
        client.recv(1)

    def listen_only(_, client):
        while client.recv(65536):
            pass

    with raw_server(listen_only) as mute:
        pages = Pages(mute) if where == "before the handshake" else serve_pictures(talk)
        look = checker(deadline=0.3).check(pages["/a.jpg"])

    assert reason(look) == f"{HOST}: it did not come within 0.3 seconds"


def test_a_name_server_that_falls_silent_is_left(picture_names, monkeypatch):
    asked_for_nothing = threading.Event()
    monkeypatch.setattr("socket.getaddrinfo", lambda *_, **__: asked_for_nothing.wait())

    look = checker(deadline=0.1).check(f"https://{HOST}/a.jpg")
    asked_for_nothing.set()

    assert reason(look) == f"{HOST}: it did not come within 0.1 seconds"


@pytest.mark.parametrize("length", [len(jpeg()) + 1, MAX_BYTES])
def test_a_download_that_breaks_off_is_refused(serve_pictures, length):
    pages = serve_pictures(f"HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n".encode() + jpeg())

    assert reason(checker().check(pages["/a.jpg"])) == f"{HOST}: the download broke off"


@pytest.mark.parametrize("data", [jpeg()[:-2], png()[:-12]], ids=["JPEG", "PNG"])
def test_a_truncated_file_is_refused_though_it_came_whole(serve_pictures, data):
    assert reason(checker().check(serve_pictures(picture(data))["/a.jpg"])) == f"{HOST}: it is a broken file"


@pytest.mark.parametrize("status", ["404 Not Found", "403 Forbidden", "500 Oops", "206 Partial Content", "304 Same"])
def test_only_an_answer_of_200_has_a_picture(serve_pictures, status):
    look = checker().check(serve_pictures(response(status, jpeg()))["/a.jpg"])

    assert reason(look) == f"{HOST}: its server answered {status[:3]}"


@pytest.mark.parametrize(
    "garbage", [b"", b"\0" * 100, b"HTTP/1.1 OK\r\n\r\n", b"HTTP/1.1 200 OK\r\nX: " + b"a" * 70_000]
)
def test_an_answer_that_is_none_is_a_reason_and_no_exception(serve_pictures, garbage):
    assert reason(checker().check(serve_pictures(garbage)["/a.jpg"])).startswith(f"{HOST}: it could not be fetched (")


def test_a_redirect_is_followed_and_the_shop_s_url_is_what_is_sent(serve_pictures):
    there = serve_pictures(picture(jpeg()))
    here = serve_pictures(leading_to(there["/b.jpg"], "301 Moved Permanently"))

    assert checker().check(here["/a.jpg"]) == Usable(here["/a.jpg"])
    assert (here.asked, there.asked) == (["/a.jpg"], ["/b.jpg"])


def test_a_redirect_may_name_only_the_path(serve_pictures):
    def talk(server, client):
        first = server.read_request(client).startswith(b"GET /deep/a.jpg")
        client.sendall(leading_to("../b.jpg?x=1") if first else picture(jpeg()))

    pages = serve_pictures(talk)

    assert checker().check(pages["/deep/a.jpg"]) == Usable(pages["/deep/a.jpg"])
    assert pages.asked == ["/deep/a.jpg", "/b.jpg?x=1"]


@pytest.mark.parametrize(
    ("location", "said"),
    [
        (f"https://{INSIDE}/a.jpg", "its server has a private address"),
        ("https://127.0.0.1:1/a.jpg", "its server has a private address"),
        (f"http://{HOST}/a.jpg", "its URL is not an https one"),
        ("file:///etc/passwd", "its URL is not an https one"),
        (f"https://user@{HOST}/a.jpg", "its URL has a user name in it"),
        ("https://nowhere.test/a.jpg", "it could not be fetched (gaierror:"),
    ],
)
def test_a_redirect_leads_nowhere_that_a_url_may_not(serve_pictures, location, said):
    assert reason(checker().check(serve_pictures(leading_to(location))["/a.jpg"])).startswith(f"{HOST}: {said}")


def test_a_private_server_is_not_even_connected_to_unless_a_setting_allows_its_name(serve_pictures):
    pages = serve_pictures(picture(jpeg()))

    assert reason(checker(allowed_hosts=()).check(pages["/a.jpg"])) == f"{HOST}: its server has a private address"
    assert reason(checker(allowed_hosts=("127.0.0.1",)).check(pages["/a.jpg"])).endswith("a private address")
    assert pages.server.accepted == 0


@pytest.mark.parametrize(("redirects", "usable"), [(3, True), (4, False)])
def test_three_redirects_are_followed_and_no_more(serve_pictures, redirects, usable):
    def talk(server, client):
        left = int(server.read_request(client).split(b" ")[1].removeprefix(b"/"))
        client.sendall(leading_to(f"/{left - 1}") if left else picture(jpeg()))

    look = checker().check(serve_pictures(talk)[f"/{redirects}"])

    assert isinstance(look, Usable) is usable


def test_a_redirect_loop_ends(serve_pictures):
    pages = serve_pictures(leading_to("/a.jpg"))

    assert reason(checker().check(pages["/a.jpg"])) == f"{HOST}: it was redirected more than 3 times"
    assert pages.server.accepted == 4


def test_a_certificate_of_another_name_or_of_an_unknown_authority_is_refused(
    serve_pictures, picture_names, monkeypatch
):
    pages = serve_pictures(picture(jpeg()))
    picture_names["other.test"] = "127.0.0.1"
    other = Pages(pages.server, "other.test")

    assert "CERTIFICATE_VERIFY_FAILED" in reason(checker(allowed_hosts=("other.test",)).check(other["/a.jpg"]))
    monkeypatch.delenv("REQUESTS_CA_BUNDLE")
    assert "CERTIFICATE_VERIFY_FAILED" in reason(checker().check(pages["/a.jpg"]))
    assert pages.asked == []


def test_the_request_carries_nothing_of_ours_and_asks_as_a_cdn_sees_meta_ask(serve_pictures):
    pages = serve_pictures(picture(jpeg(), "Set-Cookie: seen=1"))

    checker().check(pages["/ब ग.jpg?a=1&b=%20#top"])

    lines = pages.server.received[0].decode().split("\r\n")
    assert lines[0] == "GET /%E0%A4%AC%20%E0%A4%97.jpg?a=1&b=%20 HTTP/1.1"
    assert sorted(line.partition(":")[0] for line in lines[1:] if line) == [
        *("Accept", "Accept-Encoding", "Connection", "Host", "User-Agent"),
    ]
    assert "Accept: image/webp,*/*" in lines


def test_what_is_sent_is_the_url_as_a_request_has_it(serve_pictures):
    pages = serve_pictures(picture(jpeg()))

    assert checker().check(pages["/block print.jpg"]) == Usable(pages["/block%20print.jpg"])


def test_each_url_is_looked_at_once_in_a_run_by_many_threads_too(serve_pictures):
    pages = serve_pictures(picture(jpeg()))
    shared = checker()

    looks = at_once(*[lambda: shared.check(pages["/a.jpg"])] * 8)

    assert looks == [Usable(pages["/a.jpg"])] * 8
    assert shared.check(pages["/a.jpg"]) == Usable(pages["/a.jpg"])
    assert pages.asked == ["/a.jpg"]


def test_a_url_that_failed_is_not_looked_at_again_in_the_run(serve_pictures):
    pages = serve_pictures(response("404 Not Found"))
    shared = checker()

    assert shared.check(pages["/a.jpg"]) == shared.check(pages["/a.jpg"])
    assert pages.asked == ["/a.jpg"]


def test_the_first_usable_picture_is_taken_and_the_rest_are_not_looked_at(serve_pictures):
    def talk(server, client):
        path = server.read_request(client).split(b" ")[1]
        client.sendall({b"/1": picture(b"GIF89a--"), b"/2": response("404 Not Found")}.get(path, picture(png())))

    pages = serve_pictures(talk)
    urls = ["/uploads/0", pages["/1"], pages["/2"], pages["/3"], pages["/4"]]

    assert checker().first_usable(urls) == Usable(pages["/3"])
    assert pages.asked == ["/1", "/2", "/3"]


def test_where_none_is_usable_every_reason_is_told_once(serve_pictures):
    def talk(server, client):
        path = server.read_request(client).split(b" ")[1]
        client.sendall(response("404 Not Found") if path == b"/1" else picture(b"GIF89a--"))

    pages = serve_pictures(talk)

    look = checker().first_usable([pages["/1"], pages["/2"], pages["/3"]])

    assert reason(look) == f"{HOST}: its server answered 404; {HOST}: it is neither a JPEG nor a PNG"
    assert reason(checker().first_usable([])) == "the design has no picture"


def test_the_fallback_stands_in_where_no_picture_is_usable(serve_pictures):
    pages = serve_pictures(picture(png()))
    one = checker(fallback_url=pages["/logo.png"], rewrite=f"{pages['/gone']}?url={{url}}")

    assert one.first_usable([]) == Usable(pages["/logo.png"])
    assert one.first_usable(["/uploads/0"]) == Usable(pages["/logo.png"])
    assert pages.asked == ["/logo.png"]


def test_a_fallback_that_is_not_usable_is_told_with_the_rest(serve_pictures):
    one = checker(fallback_url=serve_pictures(picture(b"GIF89a--"))["/logo.png"])

    assert reason(one.first_usable([])) == f"the fallback: {HOST}: it is neither a JPEG nor a PNG"


def test_a_rewrite_asks_the_cdn_for_the_shop_s_picture_and_that_is_what_is_sent(serve_pictures):
    cdn = serve_pictures(picture(jpeg()))
    one = checker(rewrite=f"{cdn['/resize']}?width=1000&format=jpeg&url={{url}}")

    look = one.check("https://shop.example/ब 1.webp?a=1&b=2")

    path = "/resize?width=1000&format=jpeg&url=https%3A%2F%2Fshop.example%2F%25E0%25A4%25AC%25201.webp%3Fa%3D1%26b%3D2"
    assert look == Usable(cdn[path])
    assert cdn.asked == [path]


def test_a_search_ends_where_one_picture_after_the_other_keeps_it_waiting(picture_names):
    # Three looks at the clock are one picture's: its start, the name, the address.
    slow = PictureChecker(Pictures(deadline=10), clock=ticking(11))
    urls = [f"https://{HOST}/{number}.jpg" for number in range(20)]

    look = slow.first_usable(urls)

    assert reason(look) == (f"{HOST}: it did not come within 10 seconds; the search among its pictures took too long")
