"""Structured log entries: one JSON object a line, without personal data."""

import logging
import sys
from typing import Any

import msgspec
import structlog


def configure_logging(level: str) -> None:
    """Send entries of at least `level` (debug, info, warning, error) to standard error."""
    least = logging.getLevelNamesMapping()[level.upper()]
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(serializer=as_json),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(least),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=True,
    )


def as_json(entry: Any, **_: object) -> str:
    """An entry as one line; what JSON does not know is shown as Python shows it."""
    return msgspec.json.encode(entry, enc_hook=repr).decode()
