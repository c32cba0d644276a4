"""A small invented firm's extracts, and short ways to hand them in. Imported by the import's tests."""

import datetime
import json
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from access.models import Organisation, User
from clients.models import Book
from sample.world import write_world
from transfer.models import Extract, ImportRun, Transfer
from transfer.services.extracts import receive_extract
from transfer.services.imports import run_now, start_run
from transfer.services.policies import default_policies
from vault.files import seal_stream
from vault.models import SealedFile

AS_OF = datetime.date(2026, 11, 23)
ORDER = (
    "客户资料.csv",
    "账户资料.xlsx",
    "关联人.csv",
    "持仓.csv",
    "成交流水.csv",
    "投资偏好.csv",
    "影像资料.zip",
)


@pytest.fixture(scope="session")
def world() -> Iterator[Path]:
    """The files of a firm with 300 clients."""
    folder = Path(tempfile.mkdtemp(prefix="handover-world-"))
    write_world(folder / "world", clients=300, seed=7, as_of=AS_OF)
    yield folder / "world"
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def answers(world: Path) -> dict:
    """What a correct import finds in it."""
    return json.loads((world / "answers.json").read_text(encoding="utf-8"))


@pytest.fixture(autouse=True)
def files_folder(settings, tmp_path: Path) -> None:
    """Sealed files of a test go with it."""
    settings.FILES_DIR = tmp_path / "files"


@pytest.fixture
def transfer(canglan: Organisation, yuanxiu: Organisation, giver_manager: User) -> Transfer:
    """A transfer from Canglan to Yuanxiu, just drafted."""
    return Transfer.objects.create(
        number="T-1",
        transferor=canglan,
        transferee=yuanxiu,
        book=Book.objects.create(owner=canglan, name="T-1"),
        taker_book=Book.objects.create(owner=yuanxiu, name="T-1"),
        pack_digest="0" * 64,
        created_by=giver_manager,
    )


def sealed(holder: Organisation, name: str, data: bytes) -> SealedFile:
    """The bytes as an extract that lies sealed."""
    return seal_stream([data], holder=holder.pk, purpose="extract", name=name)


@pytest.fixture
def receive(transfer: Transfer, giver_steward: User) -> Callable[..., Extract]:
    """Hands in bytes as an extract of the transferor, and gives every known field its usual policy."""

    def hand_in(name: str, data: bytes, *, by: User = giver_steward, **more) -> Extract:
        extract = receive_extract(
            transfer=transfer,
            side=by.organisation,
            sealed_file=sealed(by.organisation, name, data),
            by=by,
            **more,
        )
        default_policies(transfer=transfer, extract=extract, by=by)
        return extract

    return hand_in


@pytest.fixture
def load(receive: Callable[..., Extract], giver_steward: User) -> Callable[..., ImportRun]:
    """Hands in bytes and loads them (or looks at them) at once."""

    def load_now(
        name: str, data: bytes, *, mode: str = "load", by: User = giver_steward, **more
    ) -> ImportRun:
        extract = receive(name, data, by=by, **more)
        return run_now(start_run(extract=extract, mode=mode, by=by, as_of=AS_OF))

    return load_now


CLIENT_HEADER = "客户号,客户类型,客户姓名,证件类型,证件号码,手机号码,客户状态,开户日期,营业部代码,客户经理"


def client_lines(*numbers: str, name: str = "周宁") -> str:
    """Lines of a small client extract under ``CLIENT_HEADER``; identity documents are passports."""
    return "".join(
        f"{number},个人,{name},护照,E{number[-8:]},13800000000,正常,20200102,0001,9001\r\n"
        for number in numbers
    )


def clients_csv(*numbers: str, encoding: str = "gb18030") -> bytes:
    """A small client extract."""
    return f"{CLIENT_HEADER}\r\n{client_lines(*numbers)}".encode(encoding)
