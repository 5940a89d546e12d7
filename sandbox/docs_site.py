"""What `mkdocs.yml` calls: makes pages of the Markdown files beside `docs/`, and leads links between both."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files

PROJECT = Path(__file__).resolve().parents[1]
BESIDE = {
    "README.md": "index.md",
    "CHANGELOG.md": "CHANGELOG.md",
    "CONTRIBUTING.md": "CONTRIBUTING.md",
    "LICENSE": "LICENSE.md",
    "SECURITY.md": "SECURITY.md",
    "plugins/whatsapp_provider/README.md": "whatsapp-provider.md",
    "sandbox/README.md": "sandbox.md",
    "sandbox/shop/README.md": "sample-shop.md",
}
"""Files of the project that are pages of the site, and what they are called there."""
LINK = re.compile(r"\[(?P<text>[^\]]*)\]\((?P<path>[\w./-]+)(?P<heading>#[^)]*)?\)")
PICTURE = re.compile(r"(?<=src=\")[\w./-]+(?=\")")


def on_files(files: Files, config: Any) -> Files:
    """Add the pages of `BESIDE`."""
    for path, page in BESIDE.items():
        files.append(File.generated(config, page, content=(PROJECT / path).read_text(encoding="utf-8")))
    return files


def on_page_markdown(markdown: str, page: Any, **_more: Any) -> str:
    """Let each link lead to where its target stands on the site; of one that leads to code the text is left."""
    name: str = page.file.src_uri
    pages = {beside: path for path, beside in BESIDE.items()}
    stands_in = (PROJECT / pages.get(name, f"docs/{name}")).parent

    def on_site(link: str) -> str | None:
        target = (stands_in / link).resolve()
        path = target.relative_to(PROJECT).as_posix() if target.is_relative_to(PROJECT) else ""
        found = BESIDE.get(path) or (path.removeprefix("docs/") if path.startswith("docs/") else None)
        return "../" * name.count("/") + found if found else None if target.exists() else link

    def linked(link: re.Match[str]) -> str:
        leads_to = on_site(link["path"])
        return f"[{link['text']}]({leads_to}{link['heading'] or ''})" if leads_to else link["text"]

    return PICTURE.sub(lambda source: on_site(source[0]) or source[0], LINK.sub(linked, markdown))
