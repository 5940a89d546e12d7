"""What several of these tests begin with."""

from __future__ import annotations

import sys

import pytest


@pytest.fixture
def imported():
    """The modules of both packages that are imported from now on, as if none had been before."""

    def ours():
        packages = ("whatsapp_provider", "partner_messages", "partner_messages_plugin")
        return {name: module for name, module in sys.modules.items() if name.partition(".")[0] in packages}

    before = ours()
    for name in before:
        del sys.modules[name]
    yield ours
    for name in ours():
        del sys.modules[name]
    sys.modules.update(before)
