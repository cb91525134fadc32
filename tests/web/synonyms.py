"""What the page of synonyms is given."""

from tests.web.lists import Context, a_pager


def synonyms() -> Context:
    """A question tried, a group and a rule of one way."""
    at = "/quan-tri/tu-dong-nghia"
    readings = [
        {"text": "phương", "label": "gõ Telex hoặc VNI"}, {"text": "phuowng", "label": "như đã gõ"},
    ]  # fmt: skip
    tried = {
        "instead": "phương trình lớp 9",
        "preferences": [{"facet_label": "lớp", "label": "Lớp 9", "typed": "lớp 9"}],
        "terms": [
            {"readings": readings, "unfinished": False},
            {"readings": [{"text": "tr", "label": "như đã gõ"}], "unfinished": True},
        ],
    }
    group = {
        "said": "KHBD", "meant": ["kế hoạch bài dạy", "giáo án"], "one_way": False,
        "lines": "KHBD\nkế hoạch bài dạy\ngiáo án", "url": f"{at}/1",
    }  # fmt: skip
    rule = {"said": "Cu", "meant": ["đồng"], "one_way": True, "lines": "Cu\nđồng", "url": f"{at}/2"}
    return {
        "q": "", "question": "phuowng trinhf lop 9", "tried": tried, "total": 2,
        "synonyms": [group, rule], "most": 12, "longest": 1212, "pager": a_pager(),
    }  # fmt: skip
