"""Files that are refused, each for its own reason, and their honest neighbors."""

import io
import random
import struct
import zipfile
import zlib

import pytest
from PIL import Image

from repo_server.domain.files import REASONS
from tests.inspection.samples import (
    Member,
    box,
    epub,
    mp3,
    mp4,
    office,
    ole2,
    open_document,
    paragraph,
    pdf,
    raw_zip,
    relations,
    wav,
    word,
    zipped,
)

ENTITIES = (
    '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">'
    '<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;">]>'
)
OUTSIDE = '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>'
NET = "http://127.0.0.1:9/mau.dotm"


def png(width: int = 8, height: int = 8) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (width, height), "red").save(out, "PNG")
    return out.getvalue()


def verdict(found) -> str:
    """The verdict, after checking that its sentence is fit for people."""
    assert found.accepted == (found.verdict == "ok")
    assert found.verdict in REASONS
    if not found.accepted:
        assert found.reason.endswith(".") and "{" not in found.reason
        assert not found.segments and found.thumbnail is None
    return found.verdict


def test_an_empty_file_is_refused(look):
    assert verdict(look("a.pdf", b"")) == "empty"


@pytest.mark.parametrize("data", [b"\xef\xbb\xbf", b" \n\t "])
def test_a_text_of_nothing_but_blanks_is_empty(look, data):
    assert verdict(look("a.txt", data)) == "empty"


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.psd", b"8BPS\0\1" + bytes(40)),
        ("a.exe", b"MZ" + bytes(200)),
        ("a.json", b'{"a": 1}'),
        ("khong-duoi", b"chi la chu"),
        (".htaccess", b"AddType x"),
        ("a.7z", b"7z\xbc\xaf\x27\x1c" + bytes(40)),
    ],
)
def test_other_kinds_are_refused_with_the_list_of_those_that_are_taken(look, name, data):
    found = look(name, data)
    assert verdict(found) == "unknown_type"
    assert "PDF, Word" in found.reason


@pytest.mark.parametrize(
    ("name", "data", "seen"),
    [
        ("a.png", pdf("x"), "Tài liệu PDF"),
        ("a.docx", png(), "Ảnh PNG"),
        ("a.xlsx", b"ten,diem\nAn,9\n", "văn bản thuần"),
        ("a.jpg", b"<?php echo 1;", "văn bản thuần"),
        ("a.pdf", b"MZ\x90\0\3\0\0\0\4\0\0\0\xff\xff\0\0" + bytes(48), ""),
        ("a.zip", word(paragraph("x")), "Tài liệu Word"),
        ("a.exe", pdf("x"), "Tài liệu PDF"),
        ("a.ppt", ole2("WordDocument"), "Tài liệu Word cũ"),
        ("a.pptx", word(paragraph("x")), "Tài liệu Word"),
    ],
)
def test_a_name_that_tells_another_kind_than_the_content_is_refused(look, name, data, seen):
    found = look(name, data)
    assert verdict(found) in ("wrong_extension", "damaged")
    assert seen in found.reason


@pytest.mark.parametrize("name", ["BÀI.PDF", "bai.pdf.", "bai.v2.pdf"])
def test_odd_but_honest_names_are_taken(look, name):
    assert verdict(look(name, pdf("x"))) == "ok"


def test_a_name_without_extension_is_taken_with_a_warning(look):
    found = look("khong-duoi", word(paragraph("x")))
    assert (verdict(found), found.kind) == ("ok", "docx")
    assert "không có đuôi" in found.warnings[0]


def test_markup_before_a_pdf_makes_it_active(look):
    assert verdict(look("a.pdf", b"<script>alert(1)</script>" + pdf("x"))) == "active_content"


def test_other_bytes_before_a_pdf_make_it_damaged(look):
    assert verdict(look("a.pdf", b"rac" + pdf("x"))) == "damaged"


def test_blanks_before_a_pdf_are_forgiven(look):
    assert verdict(look("a.pdf", b"\xef\xbb\xbf\r\n" + pdf("x"))) == "ok"


@pytest.mark.parametrize("name", ["a.docm", "a.PPTM", "a.xlsm", "a.dotm"])
def test_macro_files_are_refused_by_name_with_advice(look, name):
    found = look(name, word(paragraph("x")))
    assert verdict(found) == "macro"
    assert "không macro" in found.reason


def test_macros_inside_a_file_with_an_innocent_name_are_found(look):
    data = word(paragraph("x"), {"word/vbaProject.bin": b"\xd0\xcf"})
    assert verdict(look("a.docx", data)) == "macro"


def test_the_content_type_of_a_macro_file_is_enough(look):
    kind = "application/vnd.ms-word.document.macroEnabled.main+xml"
    data = office("word/document.xml", kind, {"word/document.xml": "<document/>"})
    assert verdict(look("a.docx", data)) == "macro"


def test_macros_in_open_document_and_old_files_are_found(look):
    body = "<office:text><text:p>x</text:p></office:text>"
    basic = open_document("text", body, {"Basic/Standard/Module1.xml": "<x/>"})
    assert verdict(look("a.odt", basic)) == "macro"
    assert verdict(look("a.doc", ole2("WordDocument", "Macros"))) == "macro"


@pytest.mark.parametrize("head", [ENTITIES, OUTSIDE, "<!DOCTYPE x>"])
def test_document_types_in_office_files_are_refused(look, head):
    assert verdict(look("a.docx", word(paragraph("x"), head=head))) == "active_content"


@pytest.mark.parametrize("head", [ENTITIES, OUTSIDE])
def test_entities_in_drawings_and_open_documents_are_refused(look, head):
    drawing = f'<?xml version="1.0"?>{head}<svg xmlns="http://www.w3.org/2000/svg"/>'
    assert verdict(look("a.svg", drawing.encode())) == "active_content"
    meta = f'<?xml version="1.0"?>{head}<x/>'
    data = open_document("text", "<office:text/>", {"META-INF/manifest.xml": meta})
    assert verdict(look("a.odt", data)) == "active_content"


@pytest.mark.parametrize(
    "inside",
    ["<script>x</script>", '<g onload="x"/>', '<a href=" java\nscript:x"><g/></a>', "<iframe/>"],
)
def test_drawings_that_act_are_refused(look, inside):
    drawing = f'<svg xmlns="http://www.w3.org/2000/svg">{inside}</svg>'
    assert verdict(look("a.svg", drawing.encode())) == "active_content"


def test_a_drawing_nested_too_deeply_is_refused(look):
    drawing = f'<svg xmlns="http://www.w3.org/2000/svg">{"<g>" * 20_000}{"</g>" * 20_000}</svg>'
    assert verdict(look("a.svg", drawing.encode())) == "too_complex"


@pytest.mark.parametrize("kind", ["attachedTemplate", "oleObject", "frame", "subDocument"])
def test_a_document_that_loads_from_elsewhere_by_itself_is_refused(look, kind):
    files = {"word/_rels/settings.xml.rels": relations((kind, NET), external=True)}
    assert verdict(look("a.docx", word(paragraph("x"), files))) == "active_content"


@pytest.mark.parametrize(
    ("kind", "target"),
    [("hyperlink", "https://moet.gov.vn"), ("attachedTemplate", "file:///C:/Mau/Normal.dotm")],
)
def test_links_and_templates_of_the_own_machine_are_fine(look, kind, target):
    files = {"word/_rels/settings.xml.rels": relations((kind, target), external=True)}
    assert verdict(look("a.docx", word(paragraph("x"), files))) == "ok"


def test_a_field_that_starts_a_program_is_refused_even_in_pieces(look):
    field = (
        '<w:p><w:r><w:fldChar w:fldCharType="begin"/></w:r><w:r><w:instrText> DDE</w:instrText>'
        "</w:r><w:r><w:instrText>AUTO c:\\cmd.exe</w:instrText></w:r></w:p>"
    )
    assert verdict(look("a.docx", word(field))) == "active_content"


def test_objects_and_scripts_that_start_by_themselves_are_refused(look):
    assert verdict(look("a.rtf", rb"{\rtf1{\object\objupdate x}}")) == "active_content"
    listener = (
        '<office:text><office:event-listeners><event-listener href="vnd.sun.star.script:x"/>'
        "</office:event-listeners></office:text>"
    )
    assert verdict(look("a.odt", open_document("text", listener))) == "active_content"
    source = "<office:text><office:dde-source/></office:text>"
    assert verdict(look("a.odt", open_document("text", source))) == "active_content"


def test_a_new_office_file_with_a_password_is_encrypted(look):
    assert verdict(look("a.docx", ole2("EncryptionInfo", "EncryptedPackage"))) == "encrypted"


def test_open_documents_and_books_with_a_password_are_encrypted(look):
    manifest = "<manifest><file-entry><encryption-data/></file-entry></manifest>"
    data = open_document("text", "<office:text/>", {"META-INF/manifest.xml": manifest})
    assert verdict(look("a.odt", data)) == "encrypted"


def test_a_pdf_with_a_password_is_encrypted(look):
    # Standard security handler, revision 2, with a user password that is not empty.
    secret = (
        b"/Encrypt << /Filter /Standard /V 1 /R 2 /P -4 /O <" + b"11" * 32 + b"> /U <"
        b"22" * 32 + b"> >> /ID [<00><00>] /Root 1 0 R"
    )
    data = pdf("x").replace(b"/Root 1 0 R", secret)
    assert verdict(look("a.pdf", data)) == "encrypted"


def test_a_zip_with_a_password_is_encrypted(look):
    assert verdict(look("a.zip", raw_zip(Member(flags=1)))) == "encrypted"


def test_rules_for_archives_hold_for_every_kind_of_the_family(look):
    assert verdict(look("a.h5p", raw_zip(Member(name=b"../x")))) == "traversal"
    doubled = word(paragraph("x"))
    assert verdict(look("a.docx", doubled[:-40])) == "damaged"


def test_a_book_that_points_out_of_itself_is_refused(look):
    assert verdict(look("a.epub", epub(["x"], root="../../etc/passwd"))) == "traversal"


def test_nested_archives_stay_closed(look):
    bomb = zipped({"0.txt": bytes(20 << 20)})
    for _ in range(3):
        bomb = zipped({f"{n}.zip": bomb for n in range(10)})
    found = look("long.zip", bomb)
    assert (verdict(found), found.kind) == ("ok", "zip")


def test_a_packed_bomb_is_refused_before_it_is_opened(look):
    data = zipped({"word/document.xml": bytes(100 << 20)})
    assert len(data) < 200_000
    assert verdict(look("a.docx", data)) == "bomb"


def test_text_of_a_small_bomb_stops_at_the_limit(look):
    found = look("a.docx", word(paragraph("chữ số " * 1_600_000)))
    assert found.accepted and found.text_truncated
    assert sum(len(segment.text) for segment in found.segments) <= 10_000_000


def test_cut_off_files_are_damaged(look):
    big = Image.effect_noise((300, 300), 90)
    out = io.BytesIO()
    big.save(out, "PNG")
    for name, data in (
        ("a.png", out.getvalue()[:-3000]),
        ("a.mp4", mp4()[:-3]),
        ("a.docx", word(paragraph("x" * 2000))[:-100]),
        ("a.pdf", pdf("x" * 500)[:300]),
        ("a.mp4", box(b"ftyp", b"isom0000isom")),
    ):
        assert verdict(look(name, data)) == "damaged", name


def test_a_playlist_is_no_video(look):
    playlist = b"#EXTM3U\n#EXT-X-MEDIA-SEQUENCE:0\n#EXTINF:10,\nfile:///etc/passwd\n"
    assert verdict(look("a.mp4", playlist)) == "wrong_extension"


def test_a_page_of_postscript_named_png_is_never_run(look):
    data = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n(/tmp/x) (w) file closefile\n"
    assert verdict(look("a.png", data)) == "wrong_extension"


def test_thirteen_thousand_pixels_square_are_refused_without_decoding(look, inspector):
    # A valid head: only the pixels are missing, and nobody asks for them.
    head = struct.pack(">IIBBBBB", 13_000, 13_000, 8, 2, 0, 0, 0)
    data = png_of(head)
    found = look("a.png", data)
    assert verdict(found) == "too_many_pixels"
    assert "13000 x 13000" in found.reason


def png_of(head: bytes) -> bytes:
    def chunk(name: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
        )

    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", b"") + chunk(b"IEND", b"")


def test_frames_count_as_pixels(look):
    out = io.BytesIO()
    frames = [Image.new("P", (1000, 1000), n) for n in range(41)]
    frames[0].save(out, "GIF", save_all=True, append_images=frames[1:])
    assert verdict(look("a.gif", out.getvalue())) == "too_many_pixels"
    out = io.BytesIO()
    frames[0].save(out, "GIF", save_all=True, append_images=frames[1:39])
    assert verdict(look("a.gif", out.getvalue())) == "ok"


def test_a_file_larger_than_its_kind_may_be_is_refused(inspector, tmp_path):
    path = tmp_path / "blob"
    with path.open("wb") as file:
        file.write(b"<svg xmlns='http://www.w3.org/2000/svg'/>")
        file.seek((20 << 20) + 1)
        file.write(b"\n")
    with path.open("r+b") as file:
        file.write(b"<svg xmlns='http://www.w3.org/2000/svg'/>".ljust(65_536))
    found = inspector.inspect(path, "a.svg")
    assert found.verdict == "too_large"
    assert "20 MB" in found.reason


def test_an_entry_that_lies_about_its_size_is_a_bomb_for_readers_too(look):
    out = io.BytesIO(word(paragraph("x")))
    with zipfile.ZipFile(out) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    members = [Member(name=name.encode(), data=data) for name, data in parts.items()]
    for member in members:
        if member.name == b"word/document.xml":
            member.data, member.size = member.data + b" " * 5_000_000, len(member.data)
    assert verdict(look("a.docx", raw_zip(*members))) == "bomb"


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.pdf", pdf("Bài một", "Bài hai")),
        ("a.png", png(64, 64)),
        ("a.docx", word(paragraph("x" * 500))),
        ("a.odt", open_document("text", "<office:text><text:p>x</text:p></office:text>")),
        ("a.epub", epub(["<p>a</p>", "<p>b</p>"])),
        ("a.doc", ole2("WordDocument", "Data")),
        ("a.mp4", mp4()),
        ("a.mp3", mp3()),
        ("a.wav", wav()),
        ("a.rtf", rb"{\rtf1\ansi{\fonttbl x}\u7885?\'e0 chu}"),
        ("a.svg", b'<svg xmlns="http://www.w3.org/2000/svg"><text>a</text></svg>'),
    ],
)
def test_broken_bytes_end_as_a_verdict_of_their_reader(look, name, data):
    chance = random.Random(name)
    for _ in range(8):
        broken = bytearray(data)
        for _ in range(chance.choice([1, 4, 20])):
            broken[chance.randrange(len(broken))] = chance.randrange(256)
        if chance.random() < 0.3:
            del broken[chance.randrange(1, len(broken)) :]
        found = look(name, bytes(broken))
        verdict(found)
        assert "bộ đọc" not in found.reason


@pytest.mark.parametrize(("name", "data"), [("a.mp3", mp3()), ("a.wav", wav())])
def test_sound_is_taken(look, name, data):
    assert verdict(look(name, data)) == "ok"
