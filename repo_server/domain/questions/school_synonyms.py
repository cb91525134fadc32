"""The synonyms that a library begins with; from then on its administrators edit them.

Teachers' shorthand, names as they were and are written, chemistry's old and new nomenclature,
numerals. What goes one way has a common syllable on its other side: Cu means đồng, but đồng
(bronze, field, together) must not mean Cu.
"""

from typing import Final

from repo_server.domain.questions.synonyms import SynonymRule

_GROUPS: Final = """
KHBD = kế hoạch bài dạy = giáo án
KHGD = kế hoạch giáo dục
SGK = sách giáo khoa
SGV = sách giáo viên
SBT = sách bài tập
PHT = phiếu học tập
PPCT = phân phối chương trình
HSG = học sinh giỏi
HS = học sinh
GV = giáo viên
HK1 = HKI = học kì 1 = học kì I
HK2 = HKII = học kì 2 = học kì II
GHK1 = GKI = giữa kì 1 = giữa học kì 1
GHK2 = GKII = giữa kì 2 = giữa học kì 2
CHK1 = CKI = cuối kì 1 = cuối học kì 1
CHK2 = CKII = cuối kì 2 = cuối học kì 2
BTVN = bài tập về nhà
ĐGNL = đánh giá năng lực
GDPT = giáo dục phổ thông
NLXH = nghị luận xã hội
NLVH = nghị luận văn học
CSDL = cơ sở dữ liệu
CNTT = công nghệ thông tin
PTBH = phương trình bậc hai
HPT = hệ phương trình
BĐT = bất đẳng thức
HĐT = hằng đẳng thức
GTLN = giá trị lớn nhất
GTNN = giá trị nhỏ nhất
ƯCLN = ước chung lớn nhất
BCNN = bội chung nhỏ nhất
SĐTD = sơ đồ tư duy = mind map
pitago = pi-ta-go = Pythagore = Pythagoras
vi-ét = viét = Viète = Vieta
ta-lét = talet = Thalès = Thales
Ôm = Ohm
Niu-tơn = niutơn = Newton
Ác-si-mét = acsimet = Archimedes
Đác-uyn = đacuyn = Darwin
Men-đen = menđen = Mendel
Oát = Watt
Jun = Joule
Ampe = Ampère
axit = acid
bazơ = base
oxit = oxide
hiđro = hidro = hydrogen
oxi = oxygen
nitơ = nitrogen
cacbon = carbon
natri = sodium
kali = potassium
canxi = calcium
clo = chlorine
lưu huỳnh = sulfur
nhôm = aluminium
magie = magnesium
ADN = DNA
ARN = RNA
este = ester
ankan = alkane
anken = alkene
ankin = alkyne
ancol = alcohol
anđehit = aldehyde
glucozơ = glucose
saccarozơ = saccharose = sucrose
xenlulozơ = cellulose
protein = prôtêin
hai = 2
tám = 8
thì hiện tại đơn = present simple
thì hiện tại tiếp diễn = present continuous
thì quá khứ đơn = past simple
câu bị động = passive voice
"""

_ONE_WAY: Final = """
Cu > đồng
Fe > sắt
Ag > bạc
Au > vàng
Zn > kẽm
Pb > chì
copper > đồng
iron > sắt
silver > bạc
KT > kiểm tra = kĩ thuật = kinh tế
BT > bài tập
TN > trắc nghiệm = thí nghiệm
PT > phương trình
BPT > bất phương trình
1 > một
3 > ba
4 > bốn
5 > năm
6 > sáu
7 > bảy
9 > chín
10 > mười
"""


def school_synonyms() -> tuple[SynonymRule, ...]:
    """The rules as a library stores them."""
    groups = [SynonymRule(_phrases(line)) for line in _GROUPS.strip().splitlines()]
    one_way = []
    for line in _ONE_WAY.strip().splitlines():
        said, meant = line.split(">")
        one_way.append(SynonymRule((said.strip(), *_phrases(meant)), one_way=True))
    return (*groups, *one_way)


def _phrases(line: str) -> tuple[str, ...]:
    return tuple(phrase.strip() for phrase in line.split("="))
