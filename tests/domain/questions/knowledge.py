"""What a small school library knows, for tests that ask it something."""

from repo_server.domain.questions.catalogue_words import CatalogueWords
from repo_server.domain.questions.correcting import Corrector
from repo_server.domain.questions.synonyms import SynonymRule, Synonyms
from repo_server.domain.questions.understanding import Knowledge
from tests.domain.lexicons import LEXICON

TITLES = (
    "Phương trình bậc hai một ẩn",
    "Định luật Ôm",
    "Định lí Pythagore",
    "Cơ sở dữ liệu quan hệ",
    "Chuyện người con gái Nam Xương",
    "Khởi nghĩa Lam Sơn",
    "Quang hợp ở thực vật",
    "Hợp chất của carbon",
    "Trường học và hoạt động ở trường",
    "Đường tròn nội tiếp tam giác",
    "Tập làm văn: tả cảnh",
    "Ngày, tháng, năm",
    "Phân số với tử và mẫu là số nguyên",
    "Số nguyên tố. Hợp số",
    "Unit 4: Music and arts",
    "Unit 2: My house",
    "This is a test of the project",
    "Tế bào nhân thực",
    "Hằng đẳng thức đáng nhớ",
    "Đại lượng tỉ lệ thuận",
    "Đại số và giải tích",
    "Trí tuệ nhân tạo",
    "Internet và mạng xã hội",
)

SYNONYMS = Synonyms(
    [
        SynonymRule(("KHBD", "kế hoạch bài dạy")),
        SynonymRule(("CSDL", "cơ sở dữ liệu")),
        SynonymRule(("pitago", "pi-ta-go", "Pythagore")),
        SynonymRule(("2", "hai")),
        SynonymRule(("Cu", "đồng"), one_way=True),
    ]
)

WORDS = CatalogueWords.of((*TITLES, *LEXICON.names()))
KNOWLEDGE = Knowledge(Corrector(WORDS), LEXICON, SYNONYMS)
