"""``python -m compat_cases [DIR …] [--only ID] [--json FILE] [--data DIR]``: compare with documented outputs."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):  # sums in one order, so that last digits repeat
    os.environ.setdefault(_name, "1")

from . import baseline, reporting  # noqa: E402
from .causes import explain, read_causes  # noqa: E402
from .processes import run_cases  # noqa: E402
from .reading import HERE, CaseError, case_files, read_case  # noqa: E402


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m compat_cases", description=__doc__)
    parser.add_argument(
        "folders", nargs="*", type=Path, metavar="DIR", help="folders of cases (default: compat_cases/)"
    )
    parser.add_argument(
        "--only", action="append", default=[], metavar="ID", help="run this case only (may be repeated)"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every number to FILE")
    parser.add_argument("--data", type=Path, metavar="DIR", help="folder of the data files")
    parser.add_argument("--markdown", type=Path, nargs="?", const=Path("docs/does-it-match.md"), metavar="FILE",
                        help="write the page (default: docs/does-it-match.md)")  # fmt: skip
    parser.add_argument("--causes", type=Path, default=HERE / "causes.yaml", metavar="FILE", help="known causes")
    parser.add_argument("--baseline", action="store_true", help="record how many numbers of each case agree")
    parser.add_argument("--jobs", type=int, default=1, help="cases at a time; 0: all in this process (default: 1)")
    parser.add_argument("--timeout", type=float, default=120.0, metavar="S", help="seconds for a case (default: 120)")
    parser.add_argument("-q", "--quiet", action="store_true", help="no lines of differences")
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the cases and print a line each and the totals.

    Returns
    -------
    int
        0 where nothing ran into an unexpected error, 1 otherwise, 2 for a wrong call or case file.
    """
    arguments = _arguments(argv)
    try:
        files = case_files(arguments.folders or [HERE])
        cases = [read_case(path, arguments.data) for path in files]
        if arguments.only:
            unknown = set(arguments.only) - {case.id for case in cases}
            if unknown:
                raise CaseError(f"no case with id {', '.join(sorted(unknown))}")
            cases = [case for case in cases if case.id in arguments.only]
    except (CaseError, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    causes = read_causes(arguments.causes)
    outcomes, stale = [], []
    print(reporting.HEADER)
    for outcome in run_cases(cases, jobs=arguments.jobs, timeout=arguments.timeout):
        stale += explain([outcome], [c for c in causes if c.case == outcome.id])
        outcomes.append(outcome)
        print(reporting.case_line(outcome), flush=True)
        if not arguments.quiet:
            for line in reporting.difference_lines(outcome):
                print(line)
    print("\n".join(reporting.total_lines(reporting.totals(outcomes))))
    for line in stale:
        print(f"a cause that is out of date, everything it names agrees: {line}")
    if arguments.json is not None:
        arguments.json.write_text(
            json.dumps(reporting.as_json(outcomes), indent=1, ensure_ascii=False) + "\n", encoding="utf-8"
        )
    if arguments.markdown is not None:
        arguments.markdown.write_text(reporting.markdown(outcomes), encoding="utf-8")
    if arguments.baseline:
        baseline.write(outcomes)
    return int(any(o.errors or any(n.verdict == "error" for n in o.numbers) for o in outcomes))


if __name__ == "__main__":
    sys.exit(main())
