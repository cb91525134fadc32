"""Pages, drawings and PDFs that act, and packages that nobody could play."""

import json
import zlib

from tests.inspection import package_samples as make
from tests.inspection.corpus.base import Rows
from tests.inspection.samples import (
    pdf,
    zipped,
)


def pages_that_act() -> Rows:
    svg = "<svg xmlns='http://www.w3.org/2000/svg' xmlns:x='http://www.w3.org/1999/xlink'>{}</svg>"
    acting = {
        "script": "<script>window.__xss=1</script>",
        "onload": "<g onload='window.__xss=1'/>",
        "lien-ket": "<a x:href=' java\nscript:alert(1)'><g/></a>",
        "khung": "<iframe src='x'/>",
        "html": "<foreignObject><body onload='x' xmlns='http://www.w3.org/1999/xhtml'/></foreignObject>",
        "du-lieu": "<a x:href='data:text/html,x'/>",
        "doi-thuoc-tinh": "<set attributeName='href' to='javascript:alert(1)'/>",
        "nhung": "<embed src='x'/>",
    }
    for name, inside in acting.items():
        yield f"{name}.svg", lambda i=inside: svg.format(i).encode(), "active_content"
    pages = {
        "script.html": "<script>alert(1)</script>",
        "dau.html": "<!doctype html><p>x</p><script src='http://127.0.0.1:9/x.js'></script>",
    }
    for name, text in pages.items():
        yield name, lambda t=text: t.encode(), "ok", "mã lệnh"
    yield "ssrf.html", lambda: b"<img src='http://127.0.0.1:9/a.png'><p>x</p>", "ok"
    yield "html-trong.md", lambda: b"# A\n<img src=x onerror=alert(1)>", "ok"
    yield "html-trong.csv", lambda: b"a,<script>alert(1)</script>\n", "ok"
    yield "ma-lenh.ggb", lambda: make.geogebra("ggbApplet.setValue('a', 1)"), "ok", "mã lệnh"
    yield from _pdfs_that_act()


def _pdfs_that_act() -> Rows:
    yield (
        "script.pdf",
        lambda: pdf("x").replace(
            b"/Type /Catalog", b"/Type /Catalog /OpenAction << /S /JavaScript /JS (app.alert(1)) >>"
        ),
        "ok",
        "JavaScript",
    )
    yield (
        "mo-chuong-trinh.pdf",
        lambda: pdf("x").replace(
            b"/Type /Catalog", b"/Type /Catalog /OpenAction << /S /Launch /F (cmd.exe) >>"
        ),
        "active_content",
    )
    yield (
        "giau-script.pdf",
        lambda: packed_action(b"<< /S /JavaScript /JS (x) >>"),
        "ok",
        "JavaScript",
    )
    yield (
        "giau-chuong-trinh.pdf",
        lambda: packed_action(b"<< /S /Launch /F (cmd.exe) >>"),
        "active_content",
    )
    launch = b"<< /S/Launch /F (x.exe) >>"
    link = b"/Annots [<< /Type /Annot /Subtype /Link /Rect [0 0 9 9] /A " + launch + b" >>]"
    yield (
        "lien-ket-chay.pdf",
        lambda: pdf("x").replace(
            b"/Contents",
            link + b" /Contents",
        ),
        "active_content",
    )


def packed_action(action: bytes) -> bytes:
    """A PDF with an action out of sight, in a packed object stream."""
    packed = zlib.compress(b"9 0 " + action)
    stream = b"8 0 obj\n<< /Type /ObjStm /N 1 /First 4 /Filter /FlateDecode /Length %d >>\nstream\n"
    return pdf("x").replace(
        b"xref\n", stream % len(packed) + packed + b"\nendstream\nendobj\nxref\n", 1
    )


def broken_packages() -> Rows:
    unit, course = make.unit, make.course_structure
    yield "sai.h5p", lambda: make.h5p("{"), "bad_package", "h5p.json"
    yield "thieu-ten.h5p", lambda: make.h5p(make.h5p_manifest(title=None)), "bad_package", "title"
    yield "sai-noi-dung.h5p", lambda: make.h5p(content="};"), "bad_package", "content.json"
    wrong = {f"{make.LIBRARY}/library.json": "{}"}
    yield "sai-thu-vien.h5p", lambda: make.h5p(files=wrong), "bad_package", "library.json"
    yield "thu-muc-la.h5p", lambda: make.h5p(files={"la!/x.js": ""}), "bad_package", "thư viện"
    deep = json.dumps(make.h5p_manifest())[:-1] + ',"x":' + "[" * 50_000 + "]" * 50_000 + "}"
    yield "sau.h5p", lambda: make.h5p(deep), "too_complex"
    yield "sai-muc-luc.zip", lambda: zipped({"imsmanifest.xml": "<manifest>"}), "bad_package"
    yield (
        "sau-muc-luc.zip",
        lambda: zipped({"imsmanifest.xml": "<manifest>" + "<a>" * 2000}),
        "too_complex",
    )
    long = "<manifest>" + "<a/>" * 100_001 + "</manifest>"
    yield "dai-muc-luc.zip", lambda: zipped({"imsmanifest.xml": long}), "too_complex"
    yield "trung-ma.zip", lambda: make.cmi5(course(units=unit() + unit())), "bad_package", "hai lần"
    yield "khong-kem.xml", lambda: course().encode(), "bad_package", "không kèm bài"
    yield "sai.mbz", lambda: zipped({"moodle_backup.xml": "<x/>"}), "bad_package"
    yield "khong-san-khau.sb3", lambda: make.scratch([]), "bad_package"
    yield "khong-json.sb3", lambda: zipped({"project.json": '{"targets"'}), "bad_package"
    yield "sai.ipynb", lambda: b'{"cells": [1, 2]}', "damaged"
    for ending in ("exe", "bat", "lnk", "hta", "scr", "jar", "vbs", "ps1"):
        yield f"kem-{ending}.zip", lambda e=ending: zipped({f"bai/x.{e}": ""}), "program_inside"
    yield "kem.imscc", lambda: make.scorm(files={"chay.EXE": "MZ"}), "wrong_extension"
    yield "scorm-kem.zip", lambda: make.scorm(files={"chay.EXE": "MZ"}), "program_inside"
    yield "kem.mbz", lambda: make.moodle_tar(files={"files/x.msi": b""}), "program_inside"
    yield "co-nguoi.mbz", lambda: make.moodle(users=True), "ok", "học sinh"
