"""Which files are taken and under which names."""

import unicodedata

import pytest

from repo_server.domain.files import (
    ACCEPTED_SUMMARY,
    FILE_KINDS,
    MACRO_EXTENSIONS,
    NAME_MAX_BYTES,
    REASONS,
    clean_filename,
    decide,
    extension_of,
    kind_of_extension,
    readable_size,
    size_refusal,
)

GROUPS = {"document", "slides", "sheet", "image", "audio", "video", "text", "archive", "package"}


def test_every_kind_is_complete():
    for code, kind in FILE_KINDS.items():
        assert kind.code == code
        assert kind.group in GROUPS
        assert kind.label[0].isupper()
        assert kind.media_type.count("/") == 1
        assert kind.max_size <= 5 << 30


def test_no_extension_but_that_of_packages_belongs_to_two_kinds_and_none_to_macros():
    kinds = FILE_KINDS.values()
    extensions = [ending for kind in kinds for ending in kind.extensions if ending != "zip"]
    assert len(extensions) == len(set(extensions))
    assert not set(extensions) & MACRO_EXTENSIONS
    assert kind_of_extension("zip") is FILE_KINDS["zip"]
    assert {kind.group for kind in kinds if "zip" in kind.extensions} == {"archive", "package"}


def test_every_kind_has_a_badge_of_its_own():
    marks = [kind.mark for kind in FILE_KINDS.values()]
    assert len(marks) == len(set(marks))
    assert FILE_KINDS["scorm12"].mark == "SCORM 1.2" and FILE_KINDS["h5p"].mark == "h5p"


def test_only_what_a_browser_shows_safely_is_shown_in_place():
    inline = {kind.group for kind in FILE_KINDS.values() if kind.inline}
    assert inline == {"document", "image", "audio", "video"}
    assert [kind.code for kind in FILE_KINDS.values() if kind.inline and kind.text] == ["pdf"]
    assert not FILE_KINDS["svg"].inline and not FILE_KINDS["html"].inline


def test_every_refusal_is_a_sentence_for_people():
    for code, sentence in REASONS.items():
        assert code == "ok" or sentence.endswith(".")
    assert REASONS["unknown_type"].count(ACCEPTED_SUMMARY) == 1


@pytest.mark.parametrize(
    ("name", "extension"),
    [
        ("Bài 1.PDF", "pdf"),
        ("bai.tar.gz", "gz"),
        ("bai.pdf.", "pdf"),
        ("bai", ""),
        (".htaccess", ""),
        ("Bài 3. Phân số", ""),
        ("a.", ""),
        ("", ""),
        ("a.dài quá", ""),
        ("x.abcdefghijk", ""),
    ],
)
def test_the_extension_is_what_follows_the_last_dot(name, extension):
    assert extension_of(name) == extension


@pytest.mark.parametrize(
    ("name", "clean"),
    [
        ("Giáo án Toán 6.docx", "Giáo án Toán 6.docx"),
        (unicodedata.normalize("NFD", "Tế bào.pdf"), "Tế bào.pdf"),
        ("C:\\Users\\Hoa\\Bài 1.pptx", "Bài 1.pptx"),
        ("../../etc/passwd", "passwd"),
        ("thu\u202efdp.exe", "thufdp.exe"),
        ("a\u200bb\x00c\r\n.txt", "abc.txt"),
        ("a\tb.txt", "ab.txt"),
        ("  nhiều   dấu cách .pdf", "nhiều dấu cách .pdf"),
        ('Đề <số> 1: "khó"?.pdf', "Đề -số- 1- -khó--.pdf"),
        ("bai.pdf.", "bai.pdf"),
        ("CON.txt", "tep-CON.txt"),
        ("con", "tep-con"),
        ("CON .pdf", "tep-CON .pdf"),
        ("com¹.pdf", "tep-com¹.pdf"),
        ("COM0.pdf", "tep-COM0.pdf"),
        ("CONIN$", "tep-CONIN$"),
        ("bai.pdf. . .", "bai.pdf"),
        # A second extension is shown, so that everybody sees what the file is.
        ("Bài 1.pdf.html", "Bài 1.pdf.html"),
        ("a\u2066b\u2069c\u061c.pdf", "abc.pdf"),
        ("a\ue000\ufeff.pdf", "a.pdf"),
        ("Lpt1.tar.gz", "tep-Lpt1.tar.gz"),
        ("console.txt", "console.txt"),
        ("-rf.pdf", "-rf.pdf"),
        ("100% đúng.pdf", "100% đúng.pdf"),
        ("", "tep"),
        ("...", "tep"),
        ("/", "tep"),
        ("\u202e\u200b", "tep"),
        ("..", "tep"),
    ],
)
def test_names_are_made_safe_and_stay_readable(name, clean):
    assert clean_filename(name) == clean


@pytest.mark.parametrize("letter", ["a", "ế", "🎓"])
def test_long_names_are_cut_between_letters_and_keep_their_extension(letter):
    clean = clean_filename(letter * 300 + ".docx")
    assert len(clean.encode()) <= NAME_MAX_BYTES
    assert len(clean.encode()) > NAME_MAX_BYTES - 5
    assert clean == letter * (len(clean) - 5) + ".docx"


def test_cleaning_twice_changes_nothing():
    for name in ("CON.txt", "x" * 400, "a/../b?.pdf", "...", "é" * 200 + " . pdf"):
        once = clean_filename(name)
        assert clean_filename(once) == once


@pytest.mark.parametrize(
    ("extension", "magic", "structure", "kind"),
    [
        ("pdf", "application/pdf", "pdf", "pdf"),
        ("docx", "application/octet-stream", "docx", "docx"),
        ("h5p", "application/zip", "h5p", "h5p"),
        ("mp3", "application/octet-stream", "mp3", "mp3"),
        ("md", "text/html", "text", "md"),
        ("md", "text/x-tex", "html", "md"),
        ("html", "text/plain", "text", "html"),
        ("", "application/pdf", "pdf", "pdf"),
        ("", "text/html", "html", "html"),
        ("m4a", "video/mp4", "mp4", "m4a"),
        ("zip", "application/zip", "h5p", "h5p"),
        ("zip", "application/zip", "scorm12", "scorm12"),
        ("mbz", "application/gzip", "mbz", "mbz"),
        ("xml", "text/html", "qti", "qti"),
        ("heif", "image/heif", "heic", "heic"),
        ("txt", "text/rtf", "rtf", "txt"),
    ],
)
def test_three_witnesses_that_agree_name_the_kind(extension, magic, structure, kind):
    found = decide(extension, magic, structure)
    assert (found.code, found.kind, found.reason, found.accepted) == ("ok", kind, "", True)


@pytest.mark.parametrize(
    ("extension", "magic", "structure", "code"),
    [
        ("pdf", "text/html", "pdf", "contradiction"),
        ("png", "application/pdf", "pdf", "wrong_extension"),
        ("pdf", "application/x-dosexec", "", "wrong_extension"),
        ("exe", "application/x-dosexec", "", "unknown_type"),
        ("docm", "application/zip", "docx", "macro"),
        ("jpg", "text/x-php", "text", "wrong_extension"),
        ("ipynb", "application/json", "text", "wrong_extension"),
        ("zip", "application/zip", "docx", "wrong_extension"),
        ("docx", "application/zip", "zip", "wrong_extension"),
        ("mp4", "application/octet-stream", "", "damaged"),
        ("", "text/plain", "text", "unknown_type"),
        ("json", "application/json", "text", "unknown_type"),
        ("", "", "", "unknown_type"),
    ],
)
def test_one_witness_that_disagrees_is_enough_to_refuse(extension, magic, structure, code):
    found = decide(extension, magic, structure)
    assert (found.code, found.kind, found.accepted) == (code, "", False)
    assert found.reason


def test_a_kind_has_a_largest_size():
    assert size_refusal("svg", 20 << 20) is None
    found = size_refusal("svg", (20 << 20) + 1)
    assert found is not None
    assert (found.code, "20 MB" in found.reason) == ("too_large", True)


@pytest.mark.parametrize(
    ("size", "words"),
    [
        (0, "0 byte"),
        (1023, "1023 byte"),
        (1536, "1,5 KB"),
        (5 << 30, "5 GB"),
        (20 << 20, "20 MB"),
        (103 << 20 | 1 << 19, "104 MB"),
    ],
)
def test_sizes_are_written_as_people_here_write_them(size, words):
    assert readable_size(size) == words


def test_extensions_are_looked_up_in_any_case():
    found = kind_of_extension("DOCX")
    assert found is not None and found.code == "docx"
    assert kind_of_extension("") is None
