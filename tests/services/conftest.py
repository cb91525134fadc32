"""The fixtures of a whole library, for the tests of services."""

from tests.libraries import (
    admin,
    curriculum_postgresql_template,
    curriculum_postgresql_url,
    curriculum_sqlite_file,
    curriculum_sqlite_url,
    editor,
    inspector,
    library,
    sqlite_library,
    teacher,
)

__all__ = [
    "admin",
    "curriculum_postgresql_template",
    "curriculum_postgresql_url",
    "curriculum_sqlite_file",
    "curriculum_sqlite_url",
    "editor",
    "inspector",
    "library",
    "sqlite_library",
    "teacher",
]
