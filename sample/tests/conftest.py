import datetime as dt
import json

import pytest

from sample.world import write_world

AS_OF = dt.date(2026, 11, 24)


@pytest.fixture(scope="session")
def world(tmp_path_factory):
    out = tmp_path_factory.mktemp("world")
    write_world(out, clients=700, seed=7, as_of=AS_OF)
    return out


@pytest.fixture(scope="session")
def answers(world):
    return json.loads((world / "answers.json").read_text(encoding="utf-8"))
