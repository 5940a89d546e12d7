"""Where no message has a picture, nothing is asked for one."""

from __future__ import annotations

import ssl
from unittest import mock

from partner_messages.config.setting_groups import Pictures
from partner_messages.planning.pictures import usable_pictures
from partner_messages.shop.shop import Shop


def test_where_no_message_has_a_picture_neither_the_shop_nor_the_certificates_are_read() -> None:
    shop = mock.create_autospec(Shop, instance=True)
    with mock.patch.object(ssl, "create_default_context") as certificates:
        assert usable_pictures(shop, [], Pictures()) == {}
    assert (shop.mock_calls, certificates.mock_calls) == ([], [])
