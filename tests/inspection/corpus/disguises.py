"""Files that are not what their names say, and halves of files."""

import io
import random

from PIL import Image

from tests.inspection import package_samples as make
from tests.inspection.corpus.base import Rows
from tests.inspection.samples import (
    box,
    epub,
    mp3,
    mp4,
    ole2,
    open_document,
    paragraph,
    pdf,
    wav,
    word,
    zipped,
)


def png(width: int = 8, height: int = 8) -> bytes:
    """A small PNG."""
    out = io.BytesIO()
    Image.new("RGB", (width, height), "red").save(out, "PNG")
    return out.getvalue()


EXE = b"MZ\x90\0\3\0\0\0\4\0\0\0\xff\xff\0\0" + bytes(44) + b"\x40\0\0\0PE\0\0" + bytes(300)


ELF = b"\x7fELF\2\1\1" + bytes(9) + b"\2\0\x3e\0\1\0\0\0" + bytes(200)


def disguised() -> Rows:
    yield "hinh.png", lambda: pdf("x"), "wrong_extension"
    yield "tai-lieu.docx", png, "wrong_extension"
    yield "bang.xlsx", lambda: b"ten,diem\nAn,9\n", "wrong_extension"
    yield "index.php.jpg", lambda: b"<?php echo 1;", "wrong_extension"
    yield "bai.zip", lambda: word(paragraph("x")), "wrong_extension"
    yield "chay.exe", lambda: pdf("x"), "wrong_extension"
    yield "bai.ppt", lambda: ole2("WordDocument"), "wrong_extension"
    yield "virus.scr.pdf", lambda: EXE, "wrong_extension"
    yield "chuong-trinh.exe", lambda: EXE, "unknown_type"
    yield "chuong-trinh", lambda: ELF, "unknown_type"
    yield "phim.mp4", lambda: b"#EXTM3U\n#EXTINF:10,\nfile:///etc/passwd\n", "wrong_extension"
    yield "anh.jpg", lambda: b"%!PS-Adobe-3.0 EPSF-3.0\n(/tmp/x) (w) file\n", "wrong_extension"
    yield "html-truoc.pdf", lambda: b"<script>alert(1)</script>" + pdf("x"), "active_content"
    yield "rac-truoc.pdf", lambda: b"rac" + pdf("x"), "damaged"
    yield "gif-va-js.gif", lambda: b"GIF89a/*\0\0*/=1;alert(1)//", "damaged"
    yield "jpg-co-php.jpg", lambda: jpeg_with(b"<?php system('x');?>"), "ok"
    yield "zip-sau-png.png", lambda: png() + zipped({"a": "b"}), "ok"
    yield "cau-hinh.htaccess", lambda: b"AddType application/x-httpd-php .jpg", "unknown_type"
    yield "macro.hta", lambda: b"<script>1</script>", "unknown_type"
    yield "khong-duoi", lambda: word(paragraph("x")), "ok", "không có đuôi"
    yield "thu\u202efdp.exe", lambda: pdf("x"), "wrong_extension"
    yield "bai.pdf.", lambda: pdf("x"), "ok"
    yield "A" * 300 + ".pdf", lambda: pdf("x"), "ok"
    yield "bom.7z", lambda: b"7z\xbc\xaf\x27\x1c" + bytes(40), "unknown_type"
    yield "sau.json", lambda: b"[" * 100_000 + b"]" * 100_000, "unknown_type"


def jpeg_with(comment: bytes) -> bytes:
    """A JPEG that carries a comment."""
    out = io.BytesIO()
    Image.new("RGB", (16, 16), "blue").save(out, "JPEG", comment=comment)
    return out.getvalue()


def broken_off() -> Rows:
    noise = io.BytesIO()
    Image.effect_noise((300, 300), 90).save(noise, "PNG")
    wholes = {
        "hinh.png": noise.getvalue(),
        "phim.mp4": mp4(),
        "bai.docx": word(paragraph("x" * 2000)),
        "bai.pdf": pdf("x" * 800),
        "sach.epub": epub(["<p>a</p>" * 50]),
        "goi.zip": make.scorm(),
        "hoc.h5p": make.h5p(),
        "luu.mbz": make.moodle_tar(),
        "hinh.ggb": make.geogebra(),
        "bai.odt": open_document("text", "<office:text/>"),
        "cu.doc": ole2("WordDocument", "Data"),
    }
    for name, whole in wholes.items():
        yield f"nua-{name}", lambda w=whole: w[: len(w) // 2], "damaged"
    yield "khong-muc-luc.mp4", lambda: box(b"ftyp", b"isom0000isom"), "damaged"
    yield "chi-the.mp3", lambda: b"ID3\4\0\0\0\0\1\0" + bytes(128), "damaged"
    yield "rong.pdf", lambda: b"", "empty"
    yield "chi-bom.txt", lambda: b"\xef\xbb\xbf", "empty"
    yield "trang.md", lambda: b" \n\t ", "empty"
    yield "mot-byte.bin", lambda: b"\1", "unknown_type"
    chance = random.Random(7)
    for name, whole in (("doi.wav", wav()), ("doi.mp3", mp3())):
        yield (
            name,
            lambda w=whole: bytes(
                chance.randrange(256) if n > 60 else b for n, b in enumerate(w[:5000])
            ),
            "ok",
        )
