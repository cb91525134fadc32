"""Which letters make a Vietnamese syllable: onset, rhyme and tone, as the orthography has them.

A syllable is written as an onset (perhaps none), a rhyme (vowels and perhaps a final consonant)
and one of six tones. What ends in c, ch, p or t has the tones sắc and nặng only.
"""

import unicodedata
from itertools import chain
from typing import Final

from repo_server.domain.vietnamese import fold_token

_PLAIN_ONSETS: Final = ("b", "d", "đ", "h", "l", "m", "n", "nh", "ph", "r", "s", "t", "th", "tr",
                        "v", "x", "ch", "kh")  # fmt: skip
_BEFORE_BACK: Final = ("c", "g", "ng")
_BEFORE_FRONT: Final = ("k", "gh", "ngh")
_FRONT: Final = "eêiy"

# Rhymes by the letters that may stand before them: any onset, and with the glide written u or o.
_RHYMES: Final = (
    "a ai ao au ay am an ang anh ap at ac ach ăm ăn ăng ăp ăt ăc âm ân âng âp ât âc âu ây "
    "e em en eng ep et ec eo ê êm ên ênh êp êt êch êu i im in inh ip it ich iu "
    "ia iêm iên iêng iêp iêt iêc iêu o om on ong op ot oc oi ooc oong ô ôm ôn ông ôp ôt ôc ôi "
    "ơ ơm ơn ơp ơt ơi u um un ung up ut uc ui ua uôm uôn uông uôt uôc uôi "
    "ư ưm ưn ưng ưt ưc ưi ưu ưa ươm ươn ương ươp ươt ươc ươi ươu "
    "oa oai oay oan oang oanh oat oac oach oam oap oao oăn oăng oăt oăc oăm oe oen oet oeo "
    "uân uâng uât uây uê uênh uêch uơ uy uya uyên uyêt uynh uych uyt uyn uyp uyu"
)
_ALONE: Final = "y yêm yên yêng yêt yêu"
_OPEN_Y: Final = "h k l m s t v"
# After "qu" the glide is in the onset.
_AFTER_QU: Final = (
    "a ai ao au ay an ang anh ap at ac ach ăm ăn ăng ăp ăt ăc ăp âm ân âng ât ây e en eng et eo "
    "ê ên ênh êt êch ơ ơi ơn ơt y ynh yt ych yên yêt i it in ip ich inh ôc uôc ôn"
)
_AFTER_GI: Final = (
    "a ai ao au ay am an ang anh ap at ac ach ăm ăn ăng ăt ăc âm ân âng âp ât âc âu ây e em en "
    "eng ep et eo i in o on ong oi ot oc ô ôn ông ôt ôi ơ ơi ơn u um un ung up ut uc ui ua uôc "
    "ư ưng ưt ưa ương ươc ươi êng êt êm êc êu"
)

_IN_GI: Final = "gi gin giêng giêt giêc"  # the i belongs to the rhyme as well

_STOPS: Final = ("c", "ch", "p", "t")
_SAC_AND_NANG: Final = frozenset("\u0301\u0323")
_TONES: Final = frozenset("\u0300\u0301\u0303\u0309\u0323")


def _bases() -> frozenset[str]:
    rhymes = _RHYMES.split()
    front = [rhyme for rhyme in rhymes if rhyme[0] in _FRONT]
    back = [rhyme for rhyme in rhymes if rhyme[0] not in _FRONT]
    return frozenset(
        chain(
            (onset + rhyme for onset in ("", *_PLAIN_ONSETS) for rhyme in rhymes),
            (onset + rhyme for onset in _BEFORE_BACK for rhyme in back),
            (onset + rhyme for onset in _BEFORE_FRONT for rhyme in front),
            _ALONE.split(),
            (onset + "y" for onset in _OPEN_Y.split()),
            ("qu" + rhyme for rhyme in _AFTER_QU.split()),
            ("gi" + rhyme for rhyme in _AFTER_GI.split()),
            _IN_GI.split(),
        )
    )


_BASES: Final = _bases()
_UNMARKED_BASES: Final = frozenset(fold_token(base) for base in _BASES)


def is_syllable(word: str) -> bool:
    """Whether a normalized word is spelled as a Vietnamese syllable with a tone that it may have.

    Says nothing of whether the language has such a word.
    """
    letters = unicodedata.normalize("NFD", word)
    tones = [letter for letter in letters if letter in _TONES]
    if len(tones) > 1:
        return False
    bare = unicodedata.normalize("NFC", "".join(one for one in letters if one not in _TONES))
    if bare not in _BASES:
        return False
    return not bare.endswith(_STOPS) or (bool(tones) and tones[0] in _SAC_AND_NANG)


def is_unmarked_syllable(word: str) -> bool:
    """Whether a folded word is some Vietnamese syllable without its marks."""
    return word in _UNMARKED_BASES
