"""A template of one's own, written to disk and broken where a test wants it broken."""

from __future__ import annotations

import pytest

NAME = "run_waits_v2"

DEFINITION = """\
category = "UTILITY"
variables = ["partner_name", "run_id"]
ttl_seconds = 43200

[header]
format = "TEXT"
variable = "design_name"

[[buttons]]
kind = "url"
path = "/production-runs/"
variable = "run_link"

[[buttons]]
kind = "quick_reply"

[examples]
partner_name = "Rajesh"
run_id = "prun_01ABC"
design_name = "Block Print Kurta"
run_link = "prun_01ABC"
"""

ENGLISH = """\
{#
header = "Design {{ design_name }}"
footer = "Reply STOP to end these messages"
buttons = ["Open the run", "I need help"]
-#}
Hi {{ partner_name }}, production run {{ run_id }} waits for your answer.
"""

HINDI = """\
{#
header = "डिज़ाइन {{ design_name }}"
footer = "बंद करने के लिए STOP लिखें"
buttons = ["रन खोलें", "मदद चाहिए"]
[examples]
partner_name = "राजेश"
design_name = "कुर्ता"
-#}
रन {{ run_id }} अब भी आपकी प्रतीक्षा में है, {{ partner_name }} जी।
"""


@pytest.fixture
def write_template(tmp_path):
    """Write a template that keeps every rule; what a test gives by file name replaces or adds a file, None removes it.

    Returns the catalog's folder.
    """

    def write(files=None, name=NAME):
        folder = tmp_path / "catalog" / name
        folder.mkdir(parents=True)
        standard = {"template.toml": DEFINITION, "body.en.j2": ENGLISH, "body.hi.j2": HINDI}
        for file, content in {**standard, **(files or {})}.items():
            if isinstance(content, bytes):
                (folder / file).write_bytes(content)
            elif content is not None:
                (folder / file).write_text(content, encoding="utf-8")
        return folder.parent

    return write
