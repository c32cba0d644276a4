"""The whole flow at size: whatever it leaves behind, and whatever passed through, holds nothing in clear."""

import datetime
import os
import re
import shutil
from zoneinfo import ZoneInfo

from handover.tests.canaries import Search, files_below, plain_of, values_of
from handover.tests.test_proofs import Proof
from sample.world import write_world

# Every value is looked for in everything: more clients than these would take days and find nothing else.
CLIENTS = min(int(float(os.environ.get("SCALE") or 20_000)), 20_000)
SEED = int(os.environ.get("SEED") or 7)


def test_no_private_value_lies_anywhere_in_clear_after_a_whole_handover(tmp_path):
    proof = Proof(tmp_path)
    shutil.rmtree(proof.world)
    write_world(
        proof.world, clients=CLIENTS, seed=SEED, as_of=datetime.datetime.now(ZoneInfo("Asia/Shanghai")).date()
    )
    # Longer numbers only: at this size chance finds short ones among millions of digits.
    values = {value for value in values_of(proof.world) if not value.isascii() or len(value) > 10}
    with proof.stand:
        proof.stand.ready()
        proof.watch_redis()
        done = proof.stand.manage("demo", "--clients", str(CLIENTS), "--seed", str(SEED))
        assert done.returncode == 0, done.stderr.decode()
        assert "handover verified" in done.stdout.decode()
        state = proof.stand.state
        folders = [state / name for name in ("files", "logs", "redis", "beat", "backups")]
        places = [
            ("database", plain_of(proof.dump())),
            ("what lay in redis", proof.seen_by_redis.read_bytes()),
            ("postgres.log", (state / "postgres" / "postgres.log").read_bytes()),
            ("what the demo says", done.stdout + done.stderr),
            *files_below(proof.temporary, *(folder for folder in folders if folder.is_dir())),
        ]
        found = Search(values).found_in(places)
        assert found == set(), re.sub(r"\s+", " ", str(sorted(found)[:50]))
        assert proof.stand.manage("verify_rows").returncode == 0
