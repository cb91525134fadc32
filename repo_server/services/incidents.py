"""How often an engine let this process down, by the stable code of the error."""

import threading
from collections import Counter


class Incidents:
    """Counts since the process began; safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: Counter[str] = Counter()

    def note(self, code: str) -> None:
        """One more error with this code."""
        with self._lock:
            self._counts[code] += 1

    def counts(self) -> dict[str, int]:
        """How many there were of each code."""
        with self._lock:
            return dict(self._counts)
