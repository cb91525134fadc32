"""Names in the language of the one who asks."""

from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context

from repo_server.domain.wording import speaking, worded

ENGLISH = {"kind": {"slides": "Slides"}}


def test_names_are_vietnamese_unless_another_language_is_spoken() -> None:
    assert worded("kind", "slides", "Bài trình chiếu") == "Bài trình chiếu"
    with speaking(ENGLISH):
        assert worded("kind", "slides", "Bài trình chiếu") == "Slides"
        assert worded("kind", "test", "Đề kiểm tra") == "Đề kiểm tra"
        assert worded("status", "draft", "Nháp") == "Nháp"
    assert worded("kind", "slides", "Bài trình chiếu") == "Bài trình chiếu"


def test_one_request_does_not_speak_for_another() -> None:
    def name() -> str:
        return worded("kind", "slides", "Bài trình chiếu")

    with ThreadPoolExecutor(1) as pool, speaking(ENGLISH):
        assert pool.submit(copy_context().run, name).result() == "Slides"
        assert pool.submit(name).result() == "Bài trình chiếu"
