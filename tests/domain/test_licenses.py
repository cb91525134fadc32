"""Which licence a statement of rights names."""

import pytest

from repo_server.domain.licenses import LICENSES, license_named


@pytest.mark.parametrize(
    ("statement", "code"),
    [
        ("CC BY 4.0", "cc-by-4.0"),
        ("cc-by-nc-sa-4.0", "cc-by-nc-sa-4.0"),
        ("Phát hành theo CC BY-SA 4.0, xin ghi tên tác giả", "cc-by-sa-4.0"),
        ("http://creativecommons.org/licenses/by-nc/4.0/deed.vi", "cc-by-nc-4.0"),
        ("CC0 1.0", "cc0-1.0"),
        ("https://creativecommons.org/publicdomain/zero/1.0/", "cc0-1.0"),
        ("https://creativecommons.org/publicdomain/mark/1.0/", "public-domain"),
        ("Public domain in the USA.", "public-domain"),
        ("CC BY 3.0", None),
        ("CC BY", None),
        ("CC BY-NC-ND 4.0", None),
        ("https://creativecommons.org/licenses/by/4.0/ hoặc CC BY-SA 4.0", None),
        ("All rights reserved", None),
        ("", None),
    ],
)
def test_only_a_statement_that_names_exactly_one_of_ours_names_it(statement, code):
    assert license_named(statement) == code
    assert code is None or code in LICENSES
