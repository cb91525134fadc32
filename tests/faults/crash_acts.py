"""What is being done when a process dies: each act can be repeated, and tells what must be true."""

import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from io import BytesIO
from typing import Final, Protocol

from sqlalchemy import func, select

from repo_server.database.models import (
    Account,
    AuditEntry,
    Blob,
    CurriculumItem,
    Material,
    MaterialFile,
    Upload,
    utc_now,
)
from repo_server.domain.codes import new_id
from repo_server.domain.materials import Status
from repo_server.storage.base import ObjectKey
from tests import factories
from tests.faults.crash_house import CrashHouse, soon
from tests.libraries import pdf, png
from tests.servers.clamd import EICAR


class Act(Protocol):
    """Something that a person or the janitor does."""

    at_start: bool
    """Whether a server does it by itself when it starts."""

    def do(self, house: CrashHouse) -> None:
        """Do it to its end, or raise Died; repeating it is what a client would repeat."""

    def judge(self, house: CrashHouse, *, repeated: bool) -> None:
        """What must be true after the recovery, beyond what is true of every house."""


_numbers = iter(range(1, 1_000_000))


@dataclass(slots=True)
class Sending:
    """A file is sent and becomes ready."""

    name: str
    content: bytes
    at_start: bool = False

    def do(self, house: CrashHouse) -> None:
        house.sent_and_ready(self.name, self.content)

    def judge(self, house: CrashHouse, *, repeated: bool) -> None:
        if repeated:
            assert hashlib.sha256(self.content).hexdigest() in house.ledger.received


def sending_text(_: CrashHouse) -> Act:
    number = next(_numbers)
    return Sending(f"Bài {number}.txt", f"Bài số {number}: phân số bằng nhau".encode() * 50)


def sending_picture(_: CrashHouse) -> Act:
    number = next(_numbers)
    return Sending(f"Hình {number}.png", png(40 + number % 500, 30 + number // 500))


@dataclass(slots=True)
class Looking:
    """A page of a document is looked at for the first time, and drawn."""

    file: int
    at_start: bool = False

    def do(self, house: CrashHouse) -> None:
        answer = house.ask("GET", f"/api/files/{self.file}/preview/1")
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-type"] == "image/webp"

    def judge(self, house: CrashHouse, *, repeated: bool) -> None:
        self.do(house)


def looking(house: CrashHouse) -> Act:
    number = next(_numbers)
    url = house.sent_and_ready(f"Sách {number}.pdf", pdf(f"Trang một của sách {number}"))
    return Looking(house.ask("GET", url).json()["file"])


@dataclass(slots=True)
class Step:
    """A step of a material's life, seen through until the index knows."""

    material: int
    code: str
    step: str
    at_start: bool = False

    def do(self, house: CrashHouse) -> None:
        at = f"/api/materials/{self.material}"
        if self.step == "delete":
            method, path, body = "DELETE", at, None
        else:
            method, path = "POST", f"{at}/{self.step}"
            body = {"reason": "Sai đề."} if self.step == "withdraw" else None
        found = house.ask("GET", at)
        if found.status_code == 404 or found.json()["status"] == self._ends_as():
            return
        done = house.ask(method, path, json=body, headers={"if-match": found.headers["etag"]})
        assert done.status_code in (200, 204), done.text
        soon(lambda: self._is_known(house), house.said)

    def _ends_as(self) -> str:
        return {"publish": "published", "withdraw": "withdrawn", "delete": "deleted"}[self.step]

    def _is_known(self, house: CrashHouse) -> bool:
        lag = house.ask("GET", "/health/ready").json()["index_lag"]
        return not any(lag.values())

    def judge(self, house: CrashHouse, *, repeated: bool) -> None:
        with house.library.database.read() as session:
            row = session.get_one(Material, self.material)
            acts = select(func.count()).where(
                AuditEntry.object_id == str(self.material),
                AuditEntry.action == f"material.{self.step}",
            )
            times = session.scalar(acts)
            held = {entry.id for entry in house.library.indexes[0].entries()}
        state = "deleted" if row.deleted_at else row.status
        # Done whole or not at all, and never twice.
        assert times == int(state == self._ends_as())
        assert (self.material in held) == (state == "published")
        if repeated:
            assert state == self._ends_as()


def stepping(step: str, status: Status) -> Callable[[CrashHouse], Act]:
    def make(house: CrashHouse) -> Act:
        material_id, code, _ = a_material(house, status)
        return Step(material_id, code, step)

    return make


@dataclass(slots=True)
class Purging:
    """The janitor purges a material that was deleted a month ago."""

    material: int
    at_start: bool = True

    def do(self, house: CrashHouse) -> None:
        soon(lambda: self._is_purged(house), house.said)

    def _is_purged(self, house: CrashHouse) -> bool:
        with house.library.database.read() as session:
            return session.get_one(Material, self.material).purged_at is not None

    def judge(self, house: CrashHouse, *, repeated: bool) -> None:
        self.do(house)
        with house.library.database.read() as session:
            purges = select(func.count()).where(
                AuditEntry.object_id == str(self.material), AuditEntry.action == "material.purge"
            )
            assert session.scalar(purges) == 1


def purging(house: CrashHouse) -> Act:
    material_id, _, sha256 = a_material(house, Status.DRAFT)
    with house.library.database.write() as session:
        session.get_one(Material, material_id).deleted_at = utc_now() - timedelta(days=31)
    house.ledger.received.pop(sha256, None)
    return Purging(material_id)


@dataclass(slots=True)
class Collecting:
    """The janitor collects bytes that nobody uses; repeated, somebody brings them back."""

    content: bytes
    at_start: bool = True

    def do(self, house: CrashHouse) -> None:
        house.sent_and_ready("Gửi lại.txt", self.content)

    def judge(self, house: CrashHouse, *, repeated: bool) -> None:
        sha256 = hashlib.sha256(self.content).hexdigest()
        if repeated:
            assert sha256 in house.ledger.received
            return
        with house.library.database.read() as session:
            assert session.get(Blob, sha256) is None
        assert [i for i in house.library.storage.list("blobs/") if i.key.sha256 == sha256] == []


def collecting(house: CrashHouse) -> Act:
    content = f"Không ai cần nữa {next(_numbers)}".encode()
    sha256 = put(house, content)
    with house.library.database.write() as session:
        past = utc_now() - timedelta(hours=25)
        session.add(Blob(sha256=sha256, size=len(content), unused_since=past))
    return Collecting(content)


@dataclass(slots=True)
class Expiring:
    """The janitor expires an upload that nobody goes on with."""

    upload: str
    at_start: bool = True

    def do(self, house: CrashHouse) -> None:
        soon(lambda: self.upload not in _staged(house), house.said)

    def judge(self, house: CrashHouse, *, repeated: bool) -> None:
        with house.library.database.read() as session:
            assert session.get_one(Upload, self.upload).state == "expired"


def expiring(house: CrashHouse) -> Act:
    upload_id = new_id()
    with house.library.database.write() as session:
        session.add(
            Upload(
                id=upload_id, owner_id=house.owner(), idempotency_key=upload_id, fingerprint="x",
                state="receiving", name="Bài.txt", size=10,
                expires_at=utc_now() - timedelta(days=1),
            )
        )  # fmt: skip
    with house.library.staging.append(upload_id, 0) as writer:
        writer.write(b"12345")
    return Expiring(upload_id)


@dataclass(slots=True)
class Reindexing:
    """An operator builds the index anew while the server serves."""

    title: str
    at_start: bool = False

    def do(self, house: CrashHouse) -> None:
        assert house.reindex() == 0
        self.judge(house, repeated=True)

    def judge(self, house: CrashHouse, *, repeated: bool) -> None:
        found = house.ask("GET", "/api/search", params={"q": self.title}).json()
        assert not found["degraded"]
        assert self.title in [item["title"] for item in found["items"]]


def reindexing(house: CrashHouse) -> Act:
    material_id, _, _ = a_material(house, Status.DRAFT)
    Step(material_id, "", "publish").do(house)
    return Reindexing(f"Học liệu {material_id}")


@dataclass(slots=True)
class Quarantining:
    """A file in which the scanner finds something is sent, and set apart."""

    name: str
    content: bytes
    at_start: bool = False

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.content).hexdigest()

    def do(self, house: CrashHouse) -> None:
        url = house.send(self.name, self.content)
        # It will never be a file of the library: what is promised of it is judged here.
        house.ledger.received.pop(self.sha256, None)
        soon(lambda: house.ask("GET", url).json()["state"] == "quarantined", house.said)

    def judge(self, house: CrashHouse, *, repeated: bool) -> None:
        house.ledger.received.pop(self.sha256, None)
        assert apart(house, self.sha256) == "quarantined"
        assert acts(house, "upload.quarantine", self.sha256) == 1
        with house.library.database.read() as session:
            assert session.get(Blob, self.sha256) is None
            upload_id = session.scalars(select(Upload.id).where(Upload.sha256 == self.sha256)).one()
        with house.library.staging.whole(upload_id) as path:
            assert path.read_bytes() == self.content


def quarantining(_: CrashHouse) -> Act:
    number = next(_numbers)
    return Quarantining(f"Bài {number}.txt", f"Bài số {number}: ".encode() + EICAR)


@dataclass(slots=True)
class Deciding:
    """An administrator lets an upload in quarantine pass, or destroys it."""

    apart: Quarantining
    decision: str
    at_start: bool = False

    def do(self, house: CrashHouse) -> None:
        body = {"reason": "Báo nhầm."} if self.decision == "lift" else None
        at = f"/api/quarantine/{self.apart.sha256}/{self.decision}"
        done = house.ask("POST", at, json=body)
        # 404: it was done already, by the try whose answer never came.
        assert done.status_code in (204, 404), done.text
        state = "ready" if self.decision == "lift" else "rejected"
        soon(lambda: apart(house, self.apart.sha256) == state, house.said)

    def judge(self, house: CrashHouse, *, repeated: bool) -> None:
        sha256 = self.apart.sha256
        state, times = apart(house, sha256), acts(house, f"quarantine.{self.decision}", sha256)
        # Done whole or not at all, and never twice.
        assert times == int(state != "quarantined")
        assert state in ("quarantined", "ready" if self.decision == "lift" else "rejected")
        if repeated:
            assert state != "quarantined"


def deciding(decision: str) -> Callable[[CrashHouse], Act]:
    def make(house: CrashHouse) -> Act:
        made = Quarantining(f"Bài {next(_numbers)}.txt", f"{next(_numbers)} ".encode() + EICAR)
        made.do(house)
        house.settle()
        return Deciding(made, decision)

    return make


def apart(house: CrashHouse, sha256: str) -> str:
    """The state of the one upload of these bytes."""
    with house.library.database.read() as session:
        return session.scalars(select(Upload.state).where(Upload.sha256 == sha256)).one()


def acts(house: CrashHouse, action: str, sha256: str) -> int:
    """How often the audit trail tells this of these bytes."""
    with house.library.database.read() as session:
        told = session.scalars(select(AuditEntry).where(AuditEntry.action == action)).all()
    return sum(sha256 in (entry.object_id, entry.after.get("sha256")) for entry in told)


def a_material(house: CrashHouse, status: Status) -> tuple[int, str, str]:
    """A complete material in that state with a file of its own: (id, code, SHA-256)."""
    content = f"Nội dung {next(_numbers)}".encode()
    sha256 = put(house, content)
    with house.library.database.write() as session:
        owner = session.get_one(Account, house.owner())
        items = session.scalars(
            select(CurriculumItem).where(CurriculumItem.code == "lop-6.toan")
        ).all()
        session.add(Blob(sha256=sha256, size=len(content)))
        session.flush()
        material = factories.material(session, owner, status=status, items=items)
        material.kind, material.license = "lesson_plan", "cc-by-4.0"
        material.title = f"Học liệu {material.id}"
        material.folded_title = f"hoc lieu {material.id}"
        session.add(
            MaterialFile(
                material=material, position=1, name="Bài.txt", sha256=sha256, size=len(content),
                kind="txt", media_type="text/plain",
            )
        )  # fmt: skip
    house.settle()
    return material.id, material.code, sha256


def put(house: CrashHouse, content: bytes) -> str:
    """Store bytes that no row knows yet; their hash."""
    sha256 = hashlib.sha256(content).hexdigest()
    key = ObjectKey.blob(sha256)
    house.library.storage.put(key, BytesIO(content), len(content), sha256)
    path = house.library.storage.local_path(key)
    past = (utc_now() - timedelta(days=2)).timestamp()
    if path is not None:
        os.utime(path, (past, past))
    return sha256


def _staged(house: CrashHouse) -> set[str]:
    return {entry.upload_id for entry in house.library.staging.entries()}


_STEPS: Final = (stepping("publish", Status.SUBMITTED), stepping("withdraw", Status.PUBLISHED))

ACTS: Final[dict[str, tuple[Callable[[CrashHouse], Act], ...]]] = {
    **{f"C{number}": (sending_text,) for number in range(1, 16)},
    **dict.fromkeys(("C16", "C17", "C18", "C19"), _STEPS[:1]),
    **dict.fromkeys(("C20", "C21"), (sending_picture,)),
    "C22": (looking,),
    **dict.fromkeys(("C23", "C24"), _STEPS),
    **dict.fromkeys(("C25", "C26"), (stepping("delete", Status.DRAFT),)),
    **dict.fromkeys(("C27", "C28"), (purging,)),
    **dict.fromkeys(("C29", "C30", "C31", "C32"), (collecting,)),
    **{f"C{number}": (reindexing,) for number in range(33, 39)},
    **dict.fromkeys(("C39", "C40"), (expiring,)),
    "C41": (sending_text, quarantining),
    "C42": (quarantining,),
    **dict.fromkeys(("C43", "C44"), (deciding("lift"),)),
    **dict.fromkeys(("C45", "C46"), (deciding("destroy"),)),
}
"""Every point, with what comes by it."""
