"""Talking to one Meilisearch server: pooled connections, deadlines, one meaning per error."""

import json
import logging
import time
from typing import Any, Final

import urllib3

from repo_server.domain.errors import SearchUnavailable

log = logging.getLogger(__name__)

_CONNECT_SECONDS: Final = 1.0
_READ_SECONDS: Final = 5.0
_POOL_SIZE: Final = 16
_TASK_SECONDS: Final = 120.0
_FIRST_POLL: Final = 0.005
_SLOWEST_POLL: Final = 0.25
_FIRST_ERROR_STATUS: Final = 400
NOT_FOUND: Final = 404


class MeilisearchHttp:
    """JSON requests that answer in time or raise `SearchUnavailable`."""

    def __init__(self, url: str, api_key: str) -> None:
        self._url = url.rstrip("/")
        headers = {"Content-Type": "application/json"}
        if api_key:
            headers["Authorization"] = f"Bearer {api_key}"
        self._pool = urllib3.PoolManager(
            maxsize=_POOL_SIZE,
            headers=headers,
            timeout=urllib3.Timeout(connect=_CONNECT_SECONDS, read=_READ_SECONDS),
            retries=urllib3.Retry(connect=1, read=0, redirect=0, status=0, other=0),
        )

    def get(self, path: str) -> Any:
        """The answer to a GET."""
        return self._ask("GET", path, None)

    def post(self, path: str, body: object) -> Any:
        """The answer to a POST of `body` as JSON; bytes are JSON already."""
        return self._ask("POST", path, body)

    def exists(self, path: str) -> bool:
        """Whether the server knows the thing at `path`."""
        status, answer = self._send("GET", path, None)
        if status == NOT_FOUND:
            return False
        _check(status, answer, path)
        return True

    def wait(self, task: int) -> None:
        """Return when the task has succeeded; raise when it failed, was canceled or takes long."""
        deadline = time.monotonic() + _TASK_SECONDS
        pause = _FIRST_POLL
        while time.monotonic() < deadline:
            found = self.get(f"/tasks/{task}")
            if found["status"] == "succeeded":
                return
            if found["status"] in ("failed", "canceled"):
                raise unavailable("a task did not succeed", found.get("error"))
            time.sleep(pause)
            pause = min(pause * 2, _SLOWEST_POLL)
        raise unavailable("a task did not end in time", task)

    def close(self) -> None:
        """Let go of the connections."""
        self._pool.clear()

    def _ask(self, method: str, path: str, body: object) -> Any:
        status, answer = self._send(method, path, body)
        return _check(status, answer, path)

    def _send(self, method: str, path: str, body: object) -> tuple[int, Any]:
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        try:
            response = self._pool.request(method, self._url + path, body=data)
            return response.status, response.json() if response.data else None
        except (urllib3.exceptions.HTTPError, ValueError) as error:
            raise unavailable(f"{method} {path} failed", error) from None


def unavailable(what: str, reason: object) -> SearchUnavailable:
    """The error for people; the reason goes to the log."""
    log.error("Meilisearch: %s: %s", what, reason)
    return SearchUnavailable()


def _check(status: int, answer: Any, path: str) -> Any:
    if status >= _FIRST_ERROR_STATUS:
        raise unavailable(f"{path} answered {status}", answer)
    return answer
