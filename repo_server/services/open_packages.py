"""What is kept in memory of the packages that are being played."""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock
from typing import Final, Generic, TypeVar

from repo_server.inspection.base import Launches
from repo_server.inspection.members import Directory

_DIRECTORIES: Final = 32
_LAUNCHES: Final = 256

Value = TypeVar("Value")


class Kept(Generic[Value]):
    """What was read of the packages that were asked for last, by hash; safe between threads."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._values: OrderedDict[str, Value] = OrderedDict()
        self._lock = Lock()

    def get(self, key: str, make: Callable[[], Value]) -> Value:
        """The value, made where it is not there yet."""
        with self._lock:
            if key in self._values:
                self._values.move_to_end(key)
                return self._values[key]
        made = make()
        with self._lock:
            self._values[key] = made
            while len(self._values) > self._most:
                self._values.popitem(last=False)
        return made


@dataclass(slots=True)
class OpenPackages:
    """Directories and pages of packages, kept because a package is asked for hundreds of times.

    Stored bytes never change under their hash, so nothing here can be out of date.
    """

    directories: Kept[Directory] = field(default_factory=lambda: Kept(_DIRECTORIES))
    launches: Kept[Launches] = field(default_factory=lambda: Kept(_LAUNCHES))
