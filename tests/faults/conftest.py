"""The databases with the shipped curriculum, as templates for processes that are killed."""

from tests.libraries import (
    curriculum_postgresql_template,
    curriculum_postgresql_url,
    curriculum_sqlite_file,
    curriculum_sqlite_url,
)

__all__ = [
    "curriculum_postgresql_template",
    "curriculum_postgresql_url",
    "curriculum_sqlite_file",
    "curriculum_sqlite_url",
]
