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
    "sandbox/README.md": "sandbox.md",
    "sandbox/shop/README.md": "sample-shop.md",
}
"""Files of the project that are pages of the site, and what they are called there."""
LINK = re.compile(r"(?<=\]\()(?P<path>[\w./-]+)(?=[#)])|(?<=src=\")(?P<source>[\w./-]+)(?=\")")


def on_files(files: Files, config: Any) -> Files:
    """Add the pages of `BESIDE`."""
    for path, page in BESIDE.items():
        files.append(File.generated(config, page, content=(PROJECT / path).read_text(encoding="utf-8")))
    return files


def on_page_markdown(markdown: str, page: Any, **_more: Any) -> str:
    """Let each link lead to where its target stands on the site; one that leads to a file of code is left as text."""
    pages = {page: path for path, page in BESIDE.items()}
    stands_in = (PROJECT / pages.get(page.file.src_uri, f"docs/{page.file.src_uri}")).parent
    return LINK.sub(lambda link: _on_site(link[0], stands_in, page.file.src_uri), markdown)


def _on_site(link: str, stands_in: Path, page: str) -> str:
    target = (stands_in / link).resolve()
    if not target.is_relative_to(PROJECT):
        return link
    path = target.relative_to(PROJECT).as_posix()
    on_site = BESIDE.get(path) or (path.removeprefix("docs/") if path.startswith("docs/") else None)
    return "../" * page.count("/") + on_site if on_site else link
