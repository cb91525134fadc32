"""A lexicon as the library makes it from the curriculum, with the names that tests speak of."""

from repo_server.domain.mentions import Lexicon, Named

PRIMARY, SECONDARY, UPPER = range(1, 6), range(6, 10), range(10, 13)


def _subject(code: str, *names: str, grades: range = range(1, 13)) -> Named:
    return Named(code, names, tuple(grades))


LEXICON = Lexicon(
    [
        _subject("toan", "Toán", "Toán học"),
        _subject("tieng-viet", "Tiếng Việt", grades=PRIMARY),
        _subject("ngu-van", "Ngữ văn", "Văn", grades=range(6, 13)),
        _subject("khtn", "Khoa học tự nhiên", "KHTN", grades=SECONDARY),
        _subject("lsdl", "Lịch sử và Địa lí", "LS&ĐL", grades=range(4, 10)),
        _subject("lich-su", "Lịch sử", "Sử", grades=UPPER),
        _subject("dia-li", "Địa lí", "Địa", grades=UPPER),
        _subject("hoa-hoc", "Hoá học", "Hoá", grades=UPPER),
        _subject("vat-li", "Vật lí", "Lí", grades=UPPER),
        _subject("tin-hoc", "Tin học", "Tin", grades=range(3, 13)),
        _subject("gdktpl", "Giáo dục kinh tế và pháp luật", "GDKTPL", grades=UPPER),
        _subject("hdtn", "Hoạt động trải nghiệm", "HĐTN", grades=PRIMARY),
        _subject("hdtn-hn", "Hoạt động trải nghiệm, hướng nghiệp", "HĐTN", grades=range(6, 13)),
        _subject("ngoai-ngu-1", "Ngoại ngữ 1", "Tiếng Anh"),
    ],
    [
        Named("kntt", ("Kết nối tri thức với cuộc sống", "KNTT", "Kết nối tri thức", "Kết nối")),
        Named("ctst", ("Chân trời sáng tạo", "CTST", "Chân trời")),
        Named("cd", ("Cánh Diều", "CD")),
    ],
)
