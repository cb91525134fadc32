"""Packages are known by what they hold, tell what they are, and are read part by part."""

import gzip
import json
import tarfile

import pytest

from repo_server.domain.files import REASONS
from repo_server.inspection.base import Part
from repo_server.inspection.packages.lom import grades_of_ages
from tests.inspection import package_samples as make
from tests.inspection.package_samples import COURSE, LIBRARY, course_structure, h5p, unit
from tests.inspection.samples import zipped


def texts(found) -> list[tuple[str, str]]:
    assert found.accepted, found.reason
    return [(segment.label, segment.text) for segment in found.segments]


def refusal(found) -> str:
    """The sentence of a package that is refused as a broken one."""
    assert found.verdict == "bad_package", (found.verdict, found.reason)
    assert found.reason.endswith(".") and "{" not in found.reason
    return found.reason


@pytest.mark.parametrize(
    ("extension", "data", "kind"),
    [
        ("zip", make.scorm("1.2"), "scorm12"),
        ("zip", make.scorm("2004"), "scorm2004"),
        ("imscc", make.cartridge(), "imscc"),
        ("zip", make.cartridge(), "imscc"),
        ("zip", make.content_package(), "imscp"),
        ("zip", make.question_package(), "qti"),
        ("xml", make.QUESTION_12.encode(), "qti"),
        ("xml", make.QUESTION_2.encode(), "qti"),
        ("zip", make.cmi5(), "cmi5"),
        ("h5p", h5p(), "h5p"),
        ("zip", h5p(), "h5p"),
        ("mbz", make.moodle(), "mbz"),
        ("mbz", make.moodle_tar(), "mbz"),
        ("ggb", make.geogebra(), "ggb"),
        ("sb3", make.scratch(), "sb3"),
        ("sb2", make.scratch_2(), "sb2"),
        ("zip", make.site(), "site"),
        ("zip", make.site("bai/"), "site"),
        ("elp", zipped({"contentv3.xml": "<x/>"}), "elp"),
        ("zip", zipped({"bai.txt": "x", "trong.zip": "PK"}), "zip"),
        ("zip", zipped({"project.json": '{"name": "gì đó khác"}'}), "zip"),
    ],
)
def test_packages_are_known_by_what_they_hold(look, extension, data, kind):
    found = look(f"a.{extension}", data)
    assert (found.verdict, found.kind) == ("ok", kind), found.reason


@pytest.mark.parametrize("version", ["1.2", "2004"])
def test_scorm_gives_its_metadata_its_tree_and_each_page_under_its_title(look, version):
    found = look("a.zip", make.scorm(version))
    assert texts(found) == [("Mở đầu", "Nội dung mở đầu"), ("Luyện tập", "Nội dung luyện tập")]
    said = found.declared
    assert (said.title, said.description, said.language) == ("Phân số", "So sánh hai phân số", "vi")
    assert (said.license, said.rights) == ("cc-by-sa-4.0", "CC BY-SA 4.0")
    assert (said.creator, said.keywords, said.grades) == ("Cô Hoa", ("phân số",), (6,))
    assert said.contents == (Part("Chương 1"), Part("Mở đầu", 1), Part("Luyện tập"))
    assert (found.title, found.warnings) == ("Phân số", ())


def test_a_package_tells_what_is_missing_in_it(look):
    said = make.manifest(
        'xmlns="http://www.imsglobal.org/xsd/imscp_v1p1"',
        ("ADL SCORM", "1.2"),
        "<resource identifier='r1' href='mat.html'/><resource identifier='r2' href='http://x/y'/>",
        make.ITEMS,
    )
    found = look("a.zip", zipped({"imsmanifest.xml": said}))
    assert "thiếu 1 tệp" in found.warnings[0] and "mat.html" in found.warnings[0]
    assert "trang web khác" in found.warnings[1]


def test_a_package_without_a_tree_is_read_file_by_file(look):
    said = make.manifest("", ("ADL SCORM", "1.2"), "<resource identifier='r' href='a.html'/>", "")
    found = look("a.zip", zipped({"imsmanifest.xml": said, "a.html": make.page("T", "Chữ")}))
    assert texts(found) == [("a.html", "Chữ")]
    assert "không có mục lục" in found.warnings[0]


@pytest.mark.parametrize(
    "manifest",
    ["", "<manifest>", "<khac/>", "<manifest><organizations/><resources/></manifest>"],
)
def test_a_package_whose_manifest_says_nothing_is_refused(look, manifest):
    assert "mục lục" in refusal(look("a.zip", zipped({"imsmanifest.xml": manifest})))


def test_a_manifest_that_leads_out_of_its_package_is_refused(look):
    said = make.manifest("", ("x", "1"), "<resource identifier='r' href='../../a.html'/>", "")
    assert look("a.zip", zipped({"imsmanifest.xml": said})).verdict == "traversal"


def test_a_cartridge_gives_pages_questions_topics_and_links(look):
    found = look("a.imscc", make.cartridge())
    assert texts(found) == [
        ("Trang đọc", "Đọc kĩ"),
        ("Kiểm tra – Câu 1: Câu một", "Số nào lớn hơn?\nMột phần hai"),
        ("Thảo luận", "Nghĩ gì?\nViết ý kiến"),
        ("Đọc thêm", "Sách\nhttps://moet.gov.vn/"),
    ]
    assert found.declared.contents == (
        Part("Trang đọc"),
        Part("Kiểm tra", 0, "Bộ câu hỏi"),
        Part("Câu một", 1, "Câu hỏi"),
        Part("Thảo luận", 0, "Thảo luận"),
        Part("Đọc thêm", 0, "Liên kết"),
    )
    assert found.title == "Bài Phân số"


def test_questions_are_read_without_their_answers_and_feedback(look):
    found = look("cau.xml", make.QUESTION_2.encode())
    text = "Nhìn biển báo.\nBiển nói gì?\nKhông để hành lí"
    assert texts(found) == [("Hành lí", text)]
    assert (found.title, found.declared.contents) == ("Hành lí", (Part("Hành lí", 0, "Câu hỏi"),))
    found = look("goi.zip", make.question_package())
    assert texts(found) == [("Hành lí", text), ("Câu một", "Số nào lớn hơn?\nMột phần hai")]


def test_xml_of_another_dialect_is_no_question(look):
    assert look("a.xml", b"<?xml version='1.0'?><note>chao</note>").verdict == "unknown_type"


def test_a_course_of_cmi5_gives_its_blocks_and_units(look):
    found = look("a.zip", make.cmi5())
    assert texts(found) == [("Bài một", "Làm quen\n\nPhân số là gì?")]
    assert (found.title, found.declared.description) == ("Phân số", "Khoá học về phân số")
    assert found.declared.contents == (Part("Phần một", 0, "Phần"), Part("Bài một", 1, "Bài học"))


@pytest.mark.parametrize(
    ("structure", "said"),
    [
        (course_structure(course="kho.invalid/khoa"), "địa chỉ đầy đủ"),
        (course_structure(units=unit("phan-so")), "địa chỉ đầy đủ"),
        (course_structure(units=unit() + unit()), "dùng hai lần"),
        (course_structure(units=""), "không có bài học"),
        (course_structure(units=unit(url="")), "thiếu mã, tên hoặc địa chỉ"),
        (course_structure(units=unit(url="a.html?endpoint=http://x")), "“endpoint” dành riêng"),
        (course_structure(units=unit(url="http://x y.html")), "viết sai cách"),
        (
            course_structure(
                objectives=f"<objectives><objective id='{COURSE}/o'/><objective id='{COURSE}/o'/>"
                "</objectives>"
            ),
            "dùng hai lần",
        ),
        ("<courseStructure/>", "thiếu phần mô tả khoá học"),
        ("<khac/>", "không phải bản mô tả"),
        ("không phải XML", "không đọc được"),
    ],
)
def test_a_course_that_breaks_the_rules_of_cmi5_is_refused_with_the_mistake(look, structure, said):
    assert said in refusal(look("a.zip", make.cmi5(structure)))


@pytest.mark.parametrize(
    ("url", "said"),
    [("index.html", "không kèm bài “index.html”"), ("http://x/y", "không kèm bài")],
)
def test_a_course_structure_that_comes_without_its_lessons_is_refused(look, url, said):
    data = course_structure(units=unit(url=url)).encode()
    assert said in refusal(look("cmi5.xml", data))


def test_h5p_gives_activities_without_the_words_of_the_player(look):
    found = look("a.h5p", h5p())
    assert texts(found) == [
        ("Hoạt động 1: Câu hỏi phân số", "Phân số nào lớn hơn?\nMột phần hai"),
        ("Hoạt động 2: Đúng sai", "Đúng hay sai?"),
    ]
    assert found.declared.contents == (
        Part("Câu hỏi phân số", 0, "Câu hỏi nhiều lựa chọn"),
        Part("Đúng sai", 1, "Câu hỏi đúng sai"),
    )
    said = found.declared
    assert (said.title, said.license, said.creator) == ("Câu hỏi phân số", "cc-by-4.0", "Cô Hoa")
    assert found.warnings == ()


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (h5p("{"), "“h5p.json” không phải JSON"),
        (h5p("[]"), "thiếu mục “title”"),
        (h5p(make.h5p_manifest(title=None)), "thiếu mục “title”"),
        (h5p(make.h5p_manifest(mainLibrary=None)), "thiếu mục “mainLibrary”"),
        (h5p(make.h5p_manifest(mainLibrary="H5P.Khac")), "không kể thư viện chính"),
        (h5p(make.h5p_manifest(embedTypes=["popup"])), "“embedTypes” sai"),
        (h5p(make.h5p_manifest(preloadedDependencies=None)), "thiếu mục “preloadedDependencies”"),
        (h5p(make.h5p_manifest(preloadedDependencies=[{}])), "thiếu tên hoặc phiên bản"),
        (h5p(content="};"), "“content/content.json” không phải JSON"),
        (h5p(content="[]"), "không đúng cấu trúc"),
        (h5p(files={"content/content.json": None}), "thiếu nội dung"),
        (h5p(files={f"{LIBRARY}/library.json": None}), "thiếu “library.json”"),
        (h5p(files={f"{LIBRARY}/library.json": "{"}), "không phải JSON"),
        (h5p(files={f"{LIBRARY}/library.json": "{}"}), "không đúng"),
        (h5p(files={f"{LIBRARY}/language/tiếng Việt!.json": "{}"}), "đặt tên sai"),
        (h5p(files={f"{LIBRARY}/language/fr.json": "{ X"}), "không phải JSON"),
        (h5p(files={f"{LIBRARY}/semantics.json": "x"}), "không phải JSON"),
        (h5p(files={"library!/library.json": "{}"}), "không phải tên một thư viện"),
    ],
)
def test_a_broken_h5p_package_is_refused_with_what_is_wrong(look, data, said):
    assert said in refusal(look("a.h5p", data))


def test_h5p_without_its_libraries_is_taken_with_a_warning(look):
    parts = {"h5p.json": json.dumps(make.h5p_manifest()), "content/content.json": "{}"}
    found = look("a.h5p", zipped(parts))
    assert found.accepted and "thư viện" in found.warnings[0]


@pytest.mark.parametrize("data", [make.moodle(), make.moodle_tar()])
def test_a_backup_of_moodle_gives_course_sections_and_activities(look, data):
    found = look("a.mbz", data)
    assert texts(found) == [
        ("Giới thiệu khoá học", "Học kì một"),
        ("Đọc bài", "Đọc bài\nPhân số là thương"),
        ("Ngân hàng câu hỏi", "Câu 1\nMột nửa là bao nhiêu?"),
    ]
    assert (found.title, found.declared.description) == ("Toán 6", "Học kì một")
    assert found.declared.contents == (
        Part("Tuần 1"),
        Part("Đọc bài", 1, "Trang"),
        Part("Kiểm tra", 1, "Bài kiểm tra"),
    )
    assert found.warnings == ()


def test_a_backup_with_people_in_it_says_so(look):
    assert "học sinh" in look("a.mbz", make.moodle(users=True)).warnings[0]


def test_a_backup_of_an_old_moodle_is_read(look):
    said = (
        "<MOODLE_BACKUP><COURSE><HEADER><FULLNAME>Toán cũ</FULLNAME></HEADER><MODULES><MOD>"
        "<MODTYPE>page</MODTYPE><NAME>Trang một</NAME><INTRO>Lời đầu</INTRO></MOD></MODULES>"
        "</COURSE></MOODLE_BACKUP>"
    )
    found = look("a.zip", zipped({"moodle.xml": said}))
    assert (found.kind, found.title) == ("mbz", "Toán cũ")
    assert found.declared.contents == (Part("Trang một", 0, "Trang"),)
    assert "Lời đầu" in found.segments[0].text


@pytest.mark.parametrize("said", ["", "<khac/>", "<moodle_backup>"])
def test_a_backup_whose_list_cannot_be_read_is_refused(look, said):
    assert "moodle_backup.xml" in refusal(look("a.mbz", zipped({"moodle_backup.xml": said})))


def test_a_figure_of_geogebra_gives_objects_and_words(look):
    found = look("a.ggb", make.geogebra())
    assert texts(found) == [("", "Đường tròn\nTâm O\nBán kính R")]
    assert (found.title, found.declared.creator) == ("Đường tròn", "Thầy Minh")
    assert found.declared.contents == (Part("O", 0, "Điểm"),)
    assert found.warnings == ()
    assert "mã lệnh" in look("b.ggb", make.geogebra("alert(1)")).warnings[0]


def test_projects_of_scratch_give_sprites_and_what_they_say(look):
    found = look("a.sb3", make.scratch())
    assert texts(found)[1] == ("Nhân vật Mèo", "Mèo\nMèo chào trước\nđiểm\nXin chào các bạn")
    assert found.declared.contents == (Part("Stage", 0, "Sân khấu"), Part("Mèo", 0, "Nhân vật"))
    assert texts(look("a.sb2", make.scratch_2()))[1] == ("Nhân vật Chó", "Chó\nChào lớp")


def test_a_project_without_a_stage_is_refused(look):
    assert "sân khấu" in refusal(look("a.sb3", make.scratch([])))


@pytest.mark.parametrize("folder", ["", "bai giang/"])
def test_a_folder_of_web_pages_begins_with_its_first_page(look, folder):
    found = look("a.zip", make.site(folder))
    assert texts(found) == [("Trang Toán", "Chào"), ("Bài hai", "Trang sau")]
    said = found.declared
    assert (said.title, said.description, said.license) == (
        "Trang Toán",
        "Bài tập Toán",
        "cc-by-4.0",
    )
    assert [part.title for part in said.contents] == ["Trang Toán", "Bài hai"]


def test_a_plain_zip_lists_what_is_inside_and_opens_nothing(look):
    inner = zipped({"x.txt": "Bí mật"})
    found = look("a.zip", zipped({"đề/bài 1.docx": "x" * 2048, "trong.zip": inner, "rỗng/": ""}))
    assert found.declared.contents == (
        Part("đề/bài 1.docx", 0, "2 KB"),
        Part("trong.zip", 0, f"{len(inner)} byte"),
    )
    assert texts(found) == [("Bên trong tệp nén", "đề/bài 1.docx\ntrong.zip")]
    assert "1 tệp nén" in found.warnings[0]


def test_a_long_list_of_files_ends_where_people_stop_reading(look):
    found = look("a.zip", zipped({f"{n}.txt": "" for n in range(600)}))
    assert len(found.declared.contents) == 500
    assert found.segments[0].text.endswith("599.txt")


@pytest.mark.parametrize("name", ["imsmanifest.xml", "cmi5.xml", "h5p.json", "moodle_backup.xml"])
def test_a_package_that_was_packed_with_its_folder_is_a_zip_with_advice(look, name):
    found = look("a.zip", zipped({f"Bài 1/{name}": "{}"}))
    assert found.kind == "zip" and "nén lại từ bên trong" in found.warnings[0]


@pytest.mark.parametrize("data", [zipped({"A/chay.EXE": "MZ"}), make.scorm(files={"x.bat": "dir"})])
def test_a_package_with_a_program_inside_is_refused(look, data):
    found = look("a.zip", data)
    assert found.verdict == "program_inside" and "Hãy bỏ tệp đó ra" in found.reason


@pytest.mark.parametrize(
    ("ages", "grades"),
    [
        ("11-12", [6]),
        ("6 - 9", [1, 2, 3]),
        ("tuổi 15 đến 18", [10, 11, 12]),
        ("7", [2]),
        ("5-18", []),
        ("18-", []),
        ("người lớn", []),
        ("3-4", []),
    ],
)
def test_ages_hint_at_grades(ages, grades):
    assert grades_of_ages(ages) == grades


def member(name: str, kind: bytes = tarfile.REGTYPE, target: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


@pytest.mark.parametrize(
    ("extra", "verdict"),
    [
        (member("../thoat.txt"), "traversal"),
        (member("/etc/cron.d/x"), "traversal"),
        (member("C:/x"), "traversal"),
        (member("a\\b"), "traversal"),
        (member("lien-ket", tarfile.SYMTYPE, "/etc/passwd"), "traversal"),
        (member("lien-ket", tarfile.LNKTYPE, "course/course.xml"), "traversal"),
        (member("thiet-bi", tarfile.CHRTYPE), "traversal"),
        (member("thiet-bi", tarfile.BLKTYPE), "traversal"),
        (member("ong", tarfile.FIFOTYPE), "traversal"),
        (member("COURSE/course.xml"), "duplicate_names"),
        (member("course/course.xml"), "duplicate_names"),
        (member("thu muc/", tarfile.DIRTYPE), "ok"),
        (member("./cham/x"), "ok"),
    ],
)
def test_the_rules_for_zip_hold_for_tar(look, extra, verdict):
    found = look("a.mbz", make.moodle_tar(extra))
    assert found.verdict == verdict
    assert found.reason == "" or found.reason.split("(")[0] in REASONS[verdict]


@pytest.mark.parametrize(
    "data",
    [
        make.moodle_tar()[:-20],
        make.moodle_tar() + b"rac",
        gzip.compress(make.tar_of(make.moodle_files()) + b"rac" * 200),
        gzip.compress(make.tar_of(make.moodle_files())[:1500]),
        gzip.compress(make.tar_of(make.moodle_files()).replace(b"0000644", b"0000645", 1)),
    ],
)
def test_a_tar_that_was_cut_or_changed_is_damaged(look, data):
    assert look("a.mbz", data).verdict == "damaged"


def test_gzip_of_anything_else_is_no_backup(look):
    assert look("a.mbz", gzip.compress(b"chi la chu " * 100)).verdict == "damaged"
    assert look("a.mbz", gzip.compress(make.tar_of({"a.txt": "x"}))).verdict == "damaged"
    assert look("a.gz", gzip.compress(b"chu")).verdict == "unknown_type"


def test_long_names_of_a_tar_are_judged_like_short_ones(look):
    long = "a/" * 120 + "bai.xml"
    out = []
    for name in (long, f"../{long}"):
        for form in (tarfile.GNU_FORMAT, tarfile.PAX_FORMAT):
            info = tarfile.TarInfo(name)
            out.append(gzip.compress(info.tobuf(form) + make.tar_of(make.moodle_files())))
    verdicts = [look("a.mbz", data).verdict for data in out]
    assert verdicts == ["ok", "ok", "traversal", "traversal"]
