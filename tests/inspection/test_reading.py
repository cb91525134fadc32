"""Markdown and notebooks as a page of ours shows them, and what is not let through."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from repo_server.domain.errors import FileRejected
from repo_server.inspection.inspector import Inspector
from repo_server.inspection.sanitizing import sanitized
from tests.libraries import png
from tests.routes.pages.test_markup import CALL, PAYLOADS, Elements

PICTURE = base64.b64encode(png(4, 4)).decode()


def view(inspector: Inspector, folder: Path, kind: str, content: str) -> str:
    path = folder / f"a.{kind}"
    path.write_text(content, "utf-8")
    return inspector.reading_view(path, kind)


def notebook(*cells: dict[str, Any]) -> str:
    return json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5})


def test_markdown_is_read_with_its_headings_tables_code_and_formulas(
    inspector: Inspector, tmp_path: Path
) -> None:
    text = (
        "# Phân số\n\n## So sánh\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n```python\nx < 1\n```\n\n"
        "Công thức $\\frac{1}{2}$, [sách](https://moet.gov.vn/), [nhà](/dang-xuat), "
        "![hình](a.png)\n"
        f"\n![đây](data:image/png;base64,{PICTURE})\n"
    )
    found = view(inspector, tmp_path, "md", text)

    assert "<h4>Phân số</h4>" in found
    assert "<h5>So sánh</h5>" in found
    assert "<td>1</td>" in found
    assert "x &lt; 1" in found
    assert "$\\frac{1}{2}$" in found
    assert 'href="https://moet.gov.vn/"' in found
    assert "nofollow" in found
    assert "/dang-xuat" not in found
    assert "[hình]" in found
    assert "a.png" not in found
    assert f'src="data:image/png;base64,{PICTURE}"' in found


def test_a_notebook_is_read_with_its_results(inspector: Inspector, tmp_path: Path) -> None:
    table = {"data": {"text/html": "<table><tr><td>5</td></tr></table>", "text/plain": "5"}}
    picture = {"data": {"image/png": PICTURE, "text/plain": "<Figure>"}}
    found = view(
        inspector, tmp_path, "ipynb",
        notebook(
            {"cell_type": "markdown", "source": ["# Vòng lặp\n", "Một *hai*"]},
            {"cell_type": "code", "source": "print(1 < 2)", "outputs": [
                {"output_type": "stream", "text": ["True\n", "rồi"]},
                {"output_type": "execute_result", **table},
                {"output_type": "display_data", **picture},
                {"output_type": "error", "traceback": ["\x1b[0;31mLỗi\x1b[0m", "dòng 2"]},
                {"output_type": "display_data", "data": {"image/svg+xml": "<svg onload=x>"}},
            ]},
        ),
    )  # fmt: skip

    assert "<h4>Vòng lặp</h4>" in found
    assert "<em>hai</em>" in found
    assert "<pre><code>print(1 &lt; 2)</code></pre>" in found
    assert "<pre>True\nrồi</pre>" in found
    assert "<td>5</td>" in found
    assert f'src="data:image/png;base64,{PICTURE}"' in found
    assert "Lỗi\ndòng 2" in found
    assert "svg" not in found


@pytest.mark.parametrize("content", ["{", "[]", '{"cells": 5}', '{"cells": [{"x": 1}]}'])
def test_what_is_no_notebook_has_no_view(
    inspector: Inspector, tmp_path: Path, content: str
) -> None:
    with pytest.raises(FileRejected):
        view(inspector, tmp_path, "ipynb", content)


def test_a_very_long_text_has_no_view(inspector: Inspector, tmp_path: Path) -> None:
    with pytest.raises(FileRejected):
        view(inspector, tmp_path, "md", "a" * ((4 << 20) + 1))


def test_nothing_that_runs_comes_through(inspector: Inspector, tmp_path: Path) -> None:
    cells = [{"cell_type": "markdown", "source": payload} for payload in PAYLOADS]
    cells += [
        {"cell_type": "code", "source": payload, "outputs": [
            {"output_type": "display_data", "data": {"text/html": payload}},
            {"output_type": "display_data", "data": {"image/png": f'x" onerror="{CALL}'}},
            {"output_type": "stream", "text": payload},
        ]}
        for payload in PAYLOADS
    ]  # fmt: skip
    for found in (
        view(inspector, tmp_path, "ipynb", notebook(*cells)),
        view(inspector, tmp_path, "md", "\n\n".join(PAYLOADS)),
        view(inspector, tmp_path, "md", "\n\n".join(f"[a]({p}) ![b]({p}) <{p}>" for p in PAYLOADS)),
        sanitized("".join(PAYLOADS)),
    ):
        page = Elements(found)
        assert page.bad == []
        assert not set(page.count) & {
            "script", "style", "iframe", "object", "embed", "svg", "math", "form", "input", "base",
            "link", "meta", "template", "noscript", "video", "details", "marquee", "h1", "h2", "h3",
        }  # fmt: skip


@pytest.mark.parametrize(
    "markup",
    [
        "<a href='javascript:x'>a</a>", "<a href='//evil.example'>a</a>",
        "<a href='data:text/html,x'>a</a>", "<a href='/api/me'>a</a>",
        "<img src='https://evil.example/a.png'>", "<img src='/api/me'>",
        "<img src='data:image/svg+xml;base64,AAAA'>", "<p style='position:fixed'>", "<p id='main'>",
        "<p class='note'>", "<td onclick='x'>",
        "<img src='data:image/png;base64,AA' srcset='x 2x'>",
    ],
)  # fmt: skip
def test_an_address_or_attribute_that_is_not_allowed_goes(markup: str) -> None:
    found = sanitized(markup)
    for word in ("javascript", "evil", "text/html", "/api", "svg", "style", "id=", "class=",
                 "onclick", "srcset"):  # fmt: skip
        assert word not in found
