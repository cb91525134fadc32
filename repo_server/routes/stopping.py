"""The time between being asked to stop and stopping: a proxy takes the process out meanwhile."""

import asyncio
import os
import signal
from dataclasses import dataclass


@dataclass(slots=True)
class Stopping:
    """Whether this process has been asked to stop; it goes on serving for `seconds` then.

    SIGTERM asks; SIGINT (Ctrl-C, or the death of the parent) stops at once. Both then finish what
    is being answered.
    """

    seconds: int
    begun: bool = False

    def watch(self) -> None:
        """Take SIGTERM over from the server; call it on the loop that serves."""
        if self.seconds:
            asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, self.begin)

    def begin(self) -> None:
        """Say so from now on, and stop when the time is over; a second call changes nothing."""
        if not self.begun:
            self.begun = True
            loop = asyncio.get_running_loop()
            loop.call_later(self.seconds, os.kill, os.getpid(), signal.SIGINT)
