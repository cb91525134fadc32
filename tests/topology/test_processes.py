"""Any process answers any request, and whichever dies takes nothing with it."""

import json
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import httpx
from sqlalchemy import select, update

from repo_server.database.models import Job, Upload, utc_now
from tests.libraries import docx
from tests.topology.conftest import program_in
from tests.topology.sending import GONE, Program, Proxy
from tests.topology.town import CLIENT, PASSWORD, Running, Town, eventually, patient, ready

pytestmark = patient


def found_at(server: Running, words: str, size: int = 20) -> list[str]:
    asked = {"q": words, "size": str(size)}
    answer = CLIENT.get(f"{server.url}/api/search", params=asked).json()
    assert not answer["degraded"]
    return [item["title"] for item in answer["items"]]


def test_a_file_sent_through_both_is_found_through_both(lasting_town: Town) -> None:
    program, servers = program_in(lasting_town), lasting_town.servers
    url = program.send(0, "Bài 1.docx", docx("Phép cộng hai phân số khác mẫu"))
    settled = program.settled(url)
    assert settled["state"] == "ready", settled
    program.publish(settled["material"]["id"], "Cộng hai phân số khác mẫu")
    for server in servers:
        assert eventually(lambda at=server: found_at(at, "phan so khac mau")), server.said()
    # What changes is seen everywhere, too: the reader of a process must not keep an old index.
    for server in servers:
        assert found_at(server, "cộng hai phân số") == ["Cộng hai phân số khác mẫu"]
    etag = program.ask(0, "GET", f"/api/materials/{settled['material']['id']}").headers["etag"]
    program.ask(
        1,
        "POST",
        f"/api/materials/{settled['material']['id']}/withdraw",
        json={"reason": "Sai đề."},
        headers={"if-match": etag},
    )
    for server in servers:
        assert eventually(lambda at=server: not found_at(at, "phan so khac mau"))
    assert program.failed == []


def test_sessions_and_limits_hold_at_every_process(lasting_town: Town) -> None:
    town, servers = lasting_town, lasting_town.servers
    first, second = servers
    town.person("lan@truong.edu.vn")
    town.person("hoa@truong.edu.vn")
    signing_in = {"email": "lan@truong.edu.vn", "password": PASSWORD}
    with httpx.Client(headers={"sec-fetch-site": "same-origin"}) as client:
        assert client.post(f"{first.url}/api/login", json=signing_in).status_code == 200
        assert client.get(f"{second.url}/api/me").json()["email"] == "lan@truong.edu.vn"
        cookie = "; ".join(f"{name}={value}" for name, value in client.cookies.items())
        assert client.post(f"{second.url}/api/logout").status_code < 300
        assert CLIENT.get(f"{first.url}/api/me", headers={"cookie": cookie}).status_code == 401

    wrong = {"email": "hoa@truong.edu.vn", "password": "mật khẩu sai rồi"}
    statuses = [
        CLIENT.post(f"{servers[turn % 2].url}/api/login", json=wrong).status_code
        for turn in range(16)
    ]
    limit = statuses.index(429)
    assert set(statuses[:limit]) == {401}
    # Half of the tries at each: neither has seen enough by itself.
    assert set(statuses[limit:]) == {429}
    right = {**wrong, "password": PASSWORD}
    for server in servers:
        assert CLIENT.post(f"{server.url}/api/login", json=right).status_code == 429


def test_whichever_process_is_killed_takes_only_its_own_requests_with_it(town: Town) -> None:
    program = program_in(town)
    files = {f"Bài {n}.docx": docx(f"Bài số {n}: hỗn số") for n in range(24)}
    urls: dict[str, str] = {}

    def stream(names: list[str]) -> None:
        for number, name in enumerate(names):
            urls[name] = program.send(number, name, files[name])

    names = list(files)
    with in_threads(stream, [names[start::3] for start in range(3)]):
        eventually(lambda: len(urls) >= 6)
        _named(town, "second").kill()
        eventually(lambda: len(urls) >= 10)
        _named(town, "worker-1").kill()
    assert urls.keys() == files.keys()
    assert set(program.failed) <= {"second"}
    let_leases_of_the_dead_run_out(town)
    settled = [program.settled(urls[name]) for name in files]
    assert {one["state"] for one in settled} == {"ready"}
    made = {one["material"]["id"] for one in settled}
    assert len(made) == len(files)

    published_while_the_others_die(town, made)
    verified = town.kho("verify", "--json")
    report = json.loads(verified.stdout)
    assert (report["findings"], report["blobs"]) == ([], len(files)), verified.stderr


def published_while_the_others_die(town: Town, made: set[int]) -> None:
    """New processes beside the two that have lived on; those are killed while everything goes out.

    In the end every lesson is found through the process that is left.
    """
    living = town.serve("third")
    ready(living)
    program = program_in(town)
    program.servers = [one for one in town.servers if one.name in ("first", "third")]
    titles = {number: f"Hỗn số, bài {number}" for number in made}
    done: list[int] = []

    def publish(numbers: list[int]) -> None:
        for number in numbers:
            program.publish(number, titles[number])
            done.append(number)

    numbers = sorted(made)
    with in_threads(publish, [numbers[start::2] for start in range(2)]):
        eventually(lambda: len(done) >= 6)
        # It is feeding the index with what has just been published.
        _named(town, "worker-2").kill()
        town.work("worker-3")
        eventually(lambda: len(done) >= 10)
        _named(town, "first").kill()
    assert sorted(done) == numbers
    assert set(program.failed) <= {"first"}
    let_leases_of_the_dead_run_out(town)

    def found() -> set[str]:
        return set(found_at(living, "hon so", size=50))

    assert eventually(lambda: found() == set(titles.values())), found()


@contextmanager
def in_threads(act: Callable[[Any], None], shares: Sequence[Any]) -> Iterator[None]:
    """Each share in a thread of its own while the block runs; whatever failed there fails here."""
    with ThreadPoolExecutor(len(shares)) as pool:
        running = [pool.submit(act, share) for share in shares]
        yield
        for one in running:
            one.result()


def _named(town: Town, name: str) -> Running:
    return next(one for one in town.running if one.name == name)


def let_leases_of_the_dead_run_out(town: Town) -> None:
    """As if a minute had passed: what living workers hold is fenced by its token anyway."""
    with town.database() as database, database.write() as session:
        session.execute(
            update(Job)
            .where(Job.state == "running")
            .values(lease_until=utc_now().replace(year=2020))
        )


def test_a_job_of_a_killed_worker_is_taken_over_by_another(empty_town: Town) -> None:
    town = empty_town
    server, worker = town.serve("first"), town.work("worker-1")
    ready(server)
    program = program_in(town)
    assert program.settled(program.send(0, "Một.docx", docx("Một")))["state"] == "ready"
    worker.kill()
    url = program.send(0, "Hai.docx", docx("Hai"))
    with town.database() as database, database.write() as session:
        # The worker died with this one in its hands.
        session.execute(
            update(Job)
            .where(Job.state == "open")
            .values(
                state="running", attempt=1, lease_token="0" * 32,
                lease_until=utc_now().replace(year=2020),
            )
        )  # fmt: skip
    town.work("worker-2")
    assert program.settled(url)["state"] == "ready"


def test_a_rolling_restart_loses_no_request(town: Town) -> None:
    program, servers = program_in(town), town.servers
    sent: list[str] = []
    uploads = threading.Thread(target=lambda: sent.extend(slowly_sent(program, 3)))
    proxies = Proxy(servers), Proxy(servers)
    for thread in (*proxies, uploads):
        thread.start()
    time.sleep(1)
    for server in servers:
        assert server.stop() == 0, server.said()
        ready(town.serve(server.name, server.port))
    uploads.join()
    for proxy in proxies:
        proxy.over.set()
        proxy.join()

    assert [proxy.lost for proxy in proxies] == [[], []]
    # One connection for each proxy and stop can have been that young.
    assert all(len(proxy.unread) <= len(servers) for proxy in proxies)
    assert sum(len(proxy.statuses) for proxy in proxies) > 10
    assert {status for proxy in proxies for status in proxy.statuses} == {200}
    assert len(sent) == 3
    assert [program.settled(url)["state"] for url in sent] == ["ready"] * 3


def slowly_sent(program: Program, count: int) -> list[str]:
    """Upload over a slow line, each in one request; whatever stops meanwhile must let it end."""
    urls = []
    for number in range(count):
        content = docx(f"Bài gửi chậm số {number}")
        name = f"Chậm {number}.docx"
        url = program.ask(
            number, "POST", "/api/uploads", json={"name": name, "size": len(content)}
        ).json()["url"]
        server = next(one for one in program.servers if answers(one))
        body = dripping(content, seconds=2.0)
        headers = {"authorization": f"Bearer {program.token}", "upload-offset": "0"}
        done = CLIENT.patch(f"{server.url}{url}", content=body(), headers=headers)
        assert done.status_code == 204, done.text
        urls.append(url)
    return urls


def answers(server: Running) -> bool:
    try:
        return CLIENT.get(f"{server.url}/health/live").status_code == 200
    except GONE:
        return False


def dripping(content: bytes, seconds: float) -> "Callable[[], Iterator[bytes]]":
    def drops() -> Iterator[bytes]:
        size = max(1, len(content) // 20)
        for start in range(0, len(content), size):
            yield content[start : start + size]
            time.sleep(seconds / 20)

    return drops


def test_nothing_is_left_of_uploads_that_were_seen_through(lasting_town: Town) -> None:
    town, program = lasting_town, program_in(lasting_town)
    url = program.send(1, "Bài.docx", docx("Bài"))
    assert program.settled(url)["state"] == "ready"
    with town.database() as database, database.read() as session:
        assert set(session.scalars(select(Upload.state))) == {"ready"}
    assert eventually(lambda: not list((town.data / "staging").iterdir()))
