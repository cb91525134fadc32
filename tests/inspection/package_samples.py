"""Packages of lessons, each the smallest that is whole; keyword arguments break one thing."""

import gzip
import io
import json
import tarfile
from collections.abc import Mapping
from typing import Any

from tests.inspection.samples import zipped

_SCORM_12 = (
    'xmlns="http://www.imsproject.org/xsd/imscp_rootv1p1p2" '
    'xmlns:adlcp="http://www.adlnet.org/xsd/adlcp_rootv1p2"'
)
_SCORM_2004 = (
    'xmlns="http://www.imsglobal.org/xsd/imscp_v1p1" '
    'xmlns:adlcp="http://www.adlnet.org/xsd/adlcp_v1p3"'
)
_CARTRIDGE = 'xmlns="http://www.imsglobal.org/xsd/imsccv1p3/imscp_v1p1"'
LOM = (
    "<lom><general><title><langstring xml:lang='en'>Fractions</langstring>"
    "<langstring xml:lang='vi'>Phân số</langstring></title><language>vi</language>"
    "<description><langstring>So sánh hai\n phân số</langstring></description>"
    "<keyword><langstring>phân số</langstring></keyword></general>"
    "<lifecycle><contribute><role><value><langstring>author</langstring></value></role>"
    "<centity><vcard>BEGIN:VCARD\nFN:Cô Hoa\nEND:VCARD</vcard></centity></contribute></lifecycle>"
    "<educational><typicalagerange><langstring>11-12</langstring></typicalagerange></educational>"
    "<rights><description><langstring>CC BY-SA 4.0</langstring></description></rights></lom>"
)
PAGE = "<html><head><title>{0}</title></head><body><p>{1}</p></body></html>"


def page(title: str, text: str) -> str:
    """A small web page."""
    return PAGE.format(title, text)


def manifest(
    names: str, schema: tuple[str, str], resources: str, items: str, metadata: str = ""
) -> str:
    """An imsmanifest.xml."""
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><manifest identifier="m" {names}>'
        f"<metadata><schema>{schema[0]}</schema><schemaversion>{schema[1]}</schemaversion>"
        f"{metadata}</metadata><organizations default='o'><organization identifier='o'>"
        f"<title>Bài Phân số</title>{items}</organization></organizations>"
        f"<resources>{resources}</resources></manifest>"
    )


ITEMS = (
    "<item identifier='i1'><title>Chương 1</title><item identifier='i2' identifierref='r1'>"
    "<title>Mở đầu</title></item></item><item identifier='i3' identifierref='r2'>"
    "<title>Luyện tập</title></item>"
)


def scorm(version: str = "1.2", files: Mapping[str, str | bytes] | None = None) -> bytes:
    """A package of two pages; `version` is "1.2" or "2004"."""
    kind = "adlcp:scormtype" if version == "1.2" else "adlcp:scormType"
    resources = (
        f"<resource identifier='r1' type='webcontent' {kind}='sco' href='a.html?x=1'>"
        "<file href='a.html'/></resource><resource identifier='r2' type='webcontent' "
        f"xml:base='sub/' {kind}='asset' href='b.html'><file href='b.html'/></resource>"
    )
    names = _SCORM_12 if version == "1.2" else _SCORM_2004
    schema = ("ADL SCORM", "1.2" if version == "1.2" else "2004 4th Edition")
    parts: dict[str, str | bytes] = {
        "imsmanifest.xml": manifest(names, schema, resources, ITEMS, LOM),
        "a.html": page("A", "Nội dung mở đầu"),
        "sub/b.html": page("B", "Nội dung luyện tập"),
    }
    return zipped({**parts, **(files or {})})


QUESTION_12 = (
    '<questestinterop><assessment title="Kiểm tra"><section><item title="Câu một">'
    '<presentation><material><mattext texttype="text/html">&lt;p&gt;Số nào lớn hơn?&lt;/p&gt;'
    "</mattext></material><response_lid><render_choice><response_label><material>"
    "<mattext>Một phần hai</mattext></material></response_label></render_choice></response_lid>"
    "</presentation><itemfeedback><material><mattext>Giỏi lắm</mattext></material></itemfeedback>"
    "</item></section></assessment></questestinterop>"
)
QUESTION_2 = (
    '<?xml version="1.0"?><!-- ví dụ > --><assessmentItem '
    'xmlns="http://www.imsglobal.org/xsd/imsqti_v2p1" title="Hành lí"><responseDeclaration>'
    "<correctResponse><value>ChoiceA</value></correctResponse></responseDeclaration><itemBody>"
    "<p>Nhìn <b>biển</b> báo.</p><choiceInteraction><prompt>Biển nói gì?</prompt>"
    "<simpleChoice>Không để hành lí</simpleChoice></choiceInteraction></itemBody>"
    "<modalFeedback>Đúng rồi</modalFeedback></assessmentItem>"
)


def cartridge() -> bytes:
    """A Common Cartridge with a page, a test, a discussion and a link."""
    kinds = {"r1": "webcontent", "r2": "imsqti_xmlv1p2/imscc_xmlv1p3/assessment"}
    kinds |= {"r3": "imsdt_xmlv1p3", "r4": "imswl_xmlv1p3"}
    places = {"r1": "a.html", "r2": "q/test.xml", "r3": "dt.xml", "r4": "wl.xml"}
    resources = "".join(
        f"<resource identifier='{key}' type='{kinds[key]}' href='{place}'/>"
        for key, place in places.items()
    )
    titles = {"r1": "Trang đọc", "r2": "Kiểm tra", "r3": "Thảo luận", "r4": "Đọc thêm"}
    inner = "".join(
        f"<item identifier='i{key}' identifierref='{key}'><title>{title}</title></item>"
        for key, title in titles.items()
    )
    topic = "<topic xmlns='http://x/imsdt_v1p3'><title>Nghĩ gì?</title><text>&lt;b&gt;Viết"
    topic += " ý kiến&lt;/b&gt;</text></topic>"
    link = "<webLink xmlns='http://x/imswl_v1p3'><title>Sách</title>"
    link += "<url href='https://moet.gov.vn/'/></webLink>"
    root = f"<item identifier='root'>{inner}</item>"
    return zipped(
        {
            "imsmanifest.xml": manifest(
                _CARTRIDGE, ("IMS Common Cartridge", "1.3.0"), resources, root
            ),
            "a.html": page("A", "Đọc kĩ"),
            "q/test.xml": QUESTION_12,
            "dt.xml": topic,
            "wl.xml": link,
        }
    )


def content_package() -> bytes:
    """An IMS content package that no more special kind claims."""
    resources = "<resource identifier='r1' type='webcontent' href='a.html'/>"
    resources += "<resource identifier='r2' type='webcontent' href='b.html'/>"
    names = 'xmlns="http://www.imsglobal.org/xsd/imscp_v1p1"'
    return zipped(
        {
            "imsmanifest.xml": manifest(names, ("IMS Content", "1.1.3"), resources, ITEMS),
            "a.html": page("A", "Một"),
            "b.html": page("B", "Hai"),
        }
    )


def question_package() -> bytes:
    """A QTI package without a tree."""
    resources = "<resource identifier='r1' type='imsqti_item_xmlv2p1' href='cau1.xml'/>"
    resources += "<resource identifier='r2' type='imsqti_xmlv1p2' href='cau2.xml'/>"
    names = 'xmlns="http://www.imsglobal.org/xsd/imscp_v1p1"'
    said = manifest(names, ("QTIv2.1 Package", "1.0"), resources, "")
    return zipped({"imsmanifest.xml": said, "cau1.xml": QUESTION_2, "cau2.xml": QUESTION_12})


COURSE = "https://kho.invalid/khoa/phan-so"


def course_structure(
    *, course: str = COURSE, units: str | None = None, objectives: str = ""
) -> str:
    """A cmi5.xml."""
    if units is None:
        units = unit()
    return (
        '<?xml version="1.0"?><courseStructure '
        'xmlns="https://w3id.org/xapi/profiles/cmi5/v1/CourseStructure.xsd">'
        f'<course id="{course}"><title><langstring lang="vi">Phân số</langstring></title>'
        '<description><langstring lang="vi">Khoá học về phân số</langstring></description></course>'
        f'{objectives}<block id="{COURSE}/b1"><title><langstring>Phần một</langstring></title>'
        f"{units}</block></courseStructure>"
    )


def unit(identifier: str = f"{COURSE}/au1", url: str = "index.html") -> str:
    """An assignable unit."""
    return (
        f'<au id="{identifier}"><title><langstring>Bài một</langstring></title>'
        f"<description><langstring>Làm quen</langstring></description><url>{url}</url></au>"
    )


def cmi5(structure: str | None = None) -> bytes:
    """A cmi5 package with one unit in one block."""
    said = course_structure() if structure is None else structure
    return zipped({"cmi5.xml": said, "index.html": page("x", "Phân số là gì?")})


LIBRARY = "H5P.MultiChoice-1.16"


def h5p_manifest(**changes: Any) -> dict[str, Any]:
    """An h5p.json; None takes a key away."""
    said = {
        "title": "Câu hỏi phân số",
        "language": "vi",
        "mainLibrary": "H5P.MultiChoice",
        "embedTypes": ["div"],
        "license": "CC BY",
        "licenseVersion": "4.0",
        "authors": [{"name": "Cô Hoa", "role": "Author"}],
        "preloadedDependencies": [
            {"machineName": "H5P.MultiChoice", "majorVersion": "1", "minorVersion": 16}
        ],
    } | changes
    return {key: value for key, value in said.items() if value is not None}


H5P_CONTENT: dict[str, Any] = {
    "question": "<p>Phân số nào lớn hơn?</p>",
    "answers": [{"text": "<div>Một phần hai</div>", "correct": True}],
    "UI": {"checkAnswerButton": "Kiểm tra"},
    "tieng": "Lời của trình phát",
    "media": {"type": {"library": "H5P.Image 1.1", "params": {"alt": "Hình cái bánh"}}},
    "next": {
        "library": "H5P.TrueFalse 1.6",
        "params": {"question": "Đúng hay sai?", "l10n": {"trueText": "Đúng"}},
        "metadata": {"title": "Đúng sai", "contentType": "True/False Question"},
    },
}


def h5p(
    said: dict[str, Any] | str | None = None,
    content: dict[str, Any] | str | None = None,
    files: Mapping[str, str | bytes | None] | None = None,
) -> bytes:
    """An H5P package with its library; `files` replace or, with None, take away."""
    semantics = [{"name": "question", "type": "text"}]
    semantics += [{"name": "g", "type": "group", "fields": [{"name": "tieng", "common": True}]}]  # type: ignore[dict-item]
    library = {
        "title": "Multiple Choice",
        "machineName": "H5P.MultiChoice",
        "majorVersion": 1,
        "minorVersion": 16,
    }
    parts: dict[str, str | bytes | None] = {
        "h5p.json": _json(h5p_manifest() if said is None else said),
        "content/content.json": _json(H5P_CONTENT if content is None else content),
        f"{LIBRARY}/library.json": _json(library),
        f"{LIBRARY}/semantics.json": json.dumps(semantics),
        f"{LIBRARY}/language/vi.json": "{}",
        f"{LIBRARY}/main.js": "x",
    }
    return zipped(
        {name: data for name, data in (parts | dict(files or {})).items() if data is not None}
    )


def _json(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def moodle_files(*, users: bool = False) -> dict[str, str]:
    """The members of a backup of a course with a page and a quiz."""
    activities = "".join(
        f"<activity><moduleid>{n}</moduleid><sectionid>7</sectionid><modulename>{kind}</modulename>"
        f"<title>{title}</title><directory>activities/{kind}_{n}</directory></activity>"
        for n, (kind, title) in enumerate([("page", "Đọc bài"), ("quiz", "Kiểm tra")], 1)
    )
    setting = f"<setting><name>users</name><value>{int(users)}</value></setting>"
    return {
        "moodle_backup.xml": "<moodle_backup><information>"
        "<original_course_fullname>Toán 6</original_course_fullname><contents><activities>"
        f"{activities}</activities><sections><section><sectionid>7</sectionid>"
        "<title>Tuần 1</title></section></sections></contents>"
        f"<settings>{setting}</settings></information></moodle_backup>",
        "course/course.xml": "<course><fullname>Toán lớp 6</fullname>"
        "<summary>&lt;p&gt;Học kì một&lt;/p&gt;</summary><lang>vi</lang></course>",
        "activities/page_1/page.xml": "<activity><page><name>Đọc bài</name>"
        "<content>&lt;p&gt;Phân số là thương&lt;/p&gt;</content></page></activity>",
        "questions.xml": "<question_categories><question><name>Câu 1</name>"
        "<questiontext>Một nửa là bao nhiêu?</questiontext></question></question_categories>",
        "files/ab/cd": "nhị phân",
    }


def moodle(*, users: bool = False) -> bytes:
    """A backup as zip."""
    return zipped(moodle_files(users=users))


def tar_of(files: Mapping[str, str | bytes], *extra: tarfile.TarInfo) -> bytes:
    """A tar file; `extra` are members without content (links, devices, folders)."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name, content in files.items():
            data = content.encode() if isinstance(content, str) else content
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
        for member in extra:
            archive.addfile(member)
    return out.getvalue()


def moodle_tar(*extra: tarfile.TarInfo, files: Mapping[str, str | bytes] | None = None) -> bytes:
    """A backup as tar.gz."""
    return gzip.compress(tar_of({**moodle_files(), **(files or {})}, *extra), mtime=0)


def geogebra(script: str = "function ggbOnInit() {}") -> bytes:
    """A GeoGebra file with a point and a text."""
    return zipped(
        {
            "geogebra.xml": '<geogebra format="5.0" app="classic"><construction title="Đường tròn" '
            'author="Thầy Minh" date=""><element type="point" label="O"><caption val="Tâm O"/>'
            '</element><expression label="chu" exp="&quot;Bán kính R&quot;"/></construction>'
            "</geogebra>",
            "geogebra_javascript.js": script,
        }
    )


def scratch(targets: object = None) -> bytes:
    """A Scratch 3 project in which a cat says something."""
    block = {"opcode": "looks_say", "inputs": {"MESSAGE": [1, [10, "Xin chào các bạn"]]}}
    cat = {"isStage": False, "name": "Mèo", "blocks": {"b": block}}
    cat |= {"comments": {"c": {"text": "Mèo chào trước"}}, "variables": {"v": ["điểm", 0]}}
    stage = {"isStage": True, "name": "Stage", "blocks": {}}
    said = {"targets": [stage, cat] if targets is None else targets, "meta": {"semver": "3.0.0"}}
    return zipped({"project.json": json.dumps(said, ensure_ascii=False)})


def scratch_2() -> bytes:
    """A Scratch 2 project."""
    script = [0, 0, [["whenGreenFlag"], ["say:", "Chào lớp"]]]
    said = {"objName": "Stage", "children": [{"objName": "Chó", "scripts": [script]}], "info": {}}
    return zipped({"project.json": json.dumps(said, ensure_ascii=False)})


def site(folder: str = "") -> bytes:
    """Two web pages, the second before the first in the archive."""
    return zipped(
        {
            f"{folder}bai2.html": page("Bài hai", "Trang sau"),
            f"{folder}index.html": "<html lang='vi'><head><title>Trang Toán</title>"
            "<meta name='description' content='Bài tập Toán'><link rel='license' "
            "href='https://creativecommons.org/licenses/by/4.0/'></head><body>Chào</body></html>",
            "__MACOSX/index.html": "rác",
        }
    )
