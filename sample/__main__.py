"""``python -m sample write`` makes a world; ``python -m sample returns`` answers a delivery."""

import argparse
import datetime as dt
import sys
from pathlib import Path

from sample.returns import RUNS, write_returns
from sample.world import write_world

_SHANGHAI = dt.timezone(dt.timedelta(hours=8))


def main(arguments: list[str] | None = None) -> int:
    """Run one of the two commands; 2 with a sentence on standard error when it cannot."""
    options = _parser().parse_args(arguments)
    try:
        if options.command == "write":
            as_of = options.as_of or dt.datetime.now(_SHANGHAI).date()
            answers = write_world(options.out, clients=options.clients, seed=options.seed, as_of=as_of)
            rejects = sum(len(answer.rejects) for answer in answers.files.values())
            print(f"{answers.clients} clients, {rejects} rows to reject: {options.out}")  # noqa: T201
        else:
            planted = write_returns(
                options.delivery,
                out=options.out,
                run=options.run,
                world=options.world,
                corrected=options.corrected,
            )
            print(f"{len(planted)} differences planted: {options.out}")  # noqa: T201
    except (ValueError, OSError) as error:
        print(error, file=sys.stderr)  # noqa: T201
        return 2
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m sample")
    commands = parser.add_subparsers(dest="command", required=True)
    write = commands.add_parser("write", help="write the extracts, evidence and answers of an invented firm")
    write.add_argument("--out", type=Path, required=True)
    write.add_argument("--clients", type=int, default=2000)
    write.add_argument("--seed", type=int, default=7)
    write.add_argument("--as-of", type=dt.date.fromisoformat)
    returns = commands.add_parser(
        "returns", help="write what comes back from the transferee, depository and banks"
    )
    returns.add_argument("--delivery", type=Path, required=True)
    returns.add_argument("--out", type=Path, required=True)
    returns.add_argument("--run", choices=RUNS, required=True)
    returns.add_argument("--world", type=Path, required=True)
    returns.add_argument("--corrected", action="store_true")
    return parser


if __name__ == "__main__":
    sys.exit(main())
