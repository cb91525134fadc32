"""A line to a server that breaks when a test says so: the faults that networks and servers have."""

import asyncio
import socket
import struct
import threading
from collections.abc import Coroutine
from contextlib import suppress
from enum import StrEnum
from pathlib import Path
from typing import Final

CHUNK: Final = 16_384
FOR_EVER: Final = 3600
_CUT_AFTER: Final = 40  # bytes: less than any whole request or answer over HTTP
_SLOW_CHUNK: Final = 4_096
_SLOW_SECONDS: Final = 0.01


class Fault(StrEnum):
    """How the line is broken, for connections that are open and for new ones."""

    REFUSED = "refused"  # nobody listens; what was open is reset
    RESET = "reset"  # taken, then reset at once
    SILENT = "silent"  # taken, and never a byte
    CUT = "cut"  # ends politely in the middle of an answer
    STALLED = "stalled"  # falls silent in the middle of an answer
    DEAF = "deaf"  # reads the beginning of a request and nothing more
    GARBLED = "garbled"  # other bytes than the server's
    SLOW = "slow"  # all of it, slowly


class FaultyProxy:
    """Passes connections from a port of its own on to `target`: (host, port) or a unix socket."""

    def __init__(self, target: tuple[str, int] | Path) -> None:
        self._target = target
        self._fault: Fault | None = None
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="faulty-proxy")
        self._open: set[tuple[asyncio.StreamWriter, asyncio.StreamWriter]] = set()
        self._lines: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self.port = 0
        self._thread.start()
        self._do(self._listen())

    def break_with(self, fault: Fault) -> None:
        """From now on the line has this fault."""
        self._do(self._change(fault))

    def lead_to(self, target: tuple[str, int] | Path) -> None:
        """New connections go there from now on."""
        self._target = target

    def heal(self) -> None:
        """The line is good again; connections that had the fault are gone."""
        self._do(self._change(None))

    def close(self) -> None:
        """End every connection and listen no more."""
        self._do(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _do(self, work: Coroutine[None, None, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _change(self, fault: Fault | None) -> None:
        before, self._fault = self._fault, fault
        if before is not None or fault in (Fault.REFUSED, Fault.RESET):
            self._reset_all()
        if fault is Fault.REFUSED and self._server is not None:
            self._server.close()
            self._server = None
        elif self._server is None:
            await self._listen()

    async def _end(self) -> None:
        if self._server is not None:
            self._server.close()
        self._reset_all()
        for line in self._lines:
            line.cancel()
        await asyncio.gather(*self._lines, return_exceptions=True)

    def _reset_all(self) -> None:
        for pair in list(self._open):
            for writer in pair:
                _reset(writer)
        self._open.clear()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        line = asyncio.current_task()
        assert line is not None
        self._lines.add(line)
        try:
            if self._fault is Fault.RESET:
                _reset(writer)
                return
            await self._join(reader, writer)
        except (OSError, asyncio.CancelledError):
            _reset(writer)
        finally:
            self._lines.discard(line)

    async def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if isinstance(self._target, Path):
            there = await asyncio.open_unix_connection(str(self._target))
        else:
            there = await asyncio.open_connection(*self._target)
        pair = (writer, there[1])
        self._open.add(pair)
        try:
            await asyncio.gather(self._pass_on(reader, there[1]), self._answer(there[0], writer))
        finally:
            self._open.discard(pair)
            for end in pair:
                end.close()

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """The client's bytes."""
        while data := await reader.read(CHUNK):
            deaf = self._fault is Fault.DEAF
            writer.write(data[:_CUT_AFTER] if deaf else data)
            await writer.drain()
            if deaf:
                await asyncio.sleep(FOR_EVER)
        with suppress(OSError):
            writer.write_eof()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """The server's bytes, with the fault of the moment."""
        while data := await reader.read(_SLOW_CHUNK if self._fault is Fault.SLOW else CHUNK):
            fault = self._fault
            if fault is Fault.SLOW:
                await asyncio.sleep(_SLOW_SECONDS)
            writer.write(_spoiled(data, fault))
            await writer.drain()
            if fault is Fault.CUT:
                break
            if fault in (Fault.SILENT, Fault.STALLED):
                await asyncio.sleep(FOR_EVER)
        writer.close()


def _spoiled(data: bytes, fault: Fault | None) -> bytes:
    """What arrives of these bytes."""
    match fault:
        case Fault.SILENT:
            return b""
        case Fault.STALLED | Fault.CUT:
            return data[: min(_CUT_AFTER, len(data) - 1)]
        case Fault.GARBLED:
            return bytes(byte ^ 0x55 for byte in data)
    return data


def _reset(writer: asyncio.StreamWriter) -> None:
    end = writer.get_extra_info("socket")
    if end is not None:
        with suppress(OSError):
            end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
