"""Search for files that go wrong, guided by what code they reach: ``make fuzz``.

Each target is searched in a process of its own for a fixed time. What it finds is left in
``fuzz-found/`` (``python -m lab.fuzz scenario fuzz-found/crash-...`` shows it again); what reached
new code stays in ``.fuzz-corpus/``, and the next search starts from there.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

CORPUS, FOUND = Path(".fuzz-corpus"), Path("fuzz-found")

#: Seconds after which an input is said to hang, and MB that one may take.
HANG, MEMORY = 20, 4096

#: What is watched for code not seen before.
WATCHED = ["cxsim", "ruamel"]


def main() -> int:
    """Search all targets, or show what one file does."""
    parser = argparse.ArgumentParser(prog="python -m lab.fuzz", description=__doc__.split("\n")[0])
    parser.add_argument("target", nargs="?", help="one target only")
    parser.add_argument("files", nargs="*", type=Path, help="files to try, in place of a search")
    parser.add_argument("--seconds", type=int, default=60, help="for each target [60]")
    given = parser.parse_args()
    from lab.fuzz.targets import TARGETS

    if given.target is not None and given.target not in TARGETS:
        parser.error(f"expected one of {', '.join(TARGETS)}, found {given.target!r}")
    if given.files:
        for file in given.files:
            TARGETS[given.target](file.read_bytes())
            print(f"{file}: fine")
        return 0
    chosen = [given.target] if given.target else list(TARGETS)
    failed = [name for name in chosen if _search(name, given.seconds)]
    print(f"{', '.join(failed)}: see {FOUND}/" if failed else f"Nothing found in {len(chosen)}.")
    return 1 if failed else 0


def _search(name: str, seconds: int) -> int:
    from lab.fuzz.seeds import seeds, words

    corpus = CORPUS / name
    corpus.mkdir(parents=True, exist_ok=True)
    FOUND.mkdir(exist_ok=True)
    for number, data in enumerate(seeds()[name]):
        (corpus / f"seed-{number:03d}").write_bytes(data)
    dictionary = CORPUS / "words.txt"
    lines = (word.replace("\\", "\\\\").replace('"', '\\"') for word in words())
    dictionary.write_text("".join(f'"{line}"\n' for line in lines), encoding="utf-8")
    print(f"{name}: {seconds} seconds", flush=True)
    command = [
        sys.executable, "-m", "lab.fuzz.search", name, str(corpus), f"-dict={dictionary}",
        f"-artifact_prefix={FOUND}/", f"-max_total_time={seconds}", f"-timeout={HANG}",
        f"-rss_limit_mb={MEMORY}", "-max_len=8192", "-len_control=20", "-print_final_stats=1",
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    wanted = ("stat::number_of_executed", "stat::peak_rss", "cov:")
    told = [line for line in done.stderr.splitlines() if any(word in line for word in wanted)]
    print("\n".join(f"  {line.strip()}" for line in told[-3:]))
    if done.returncode:
        print("\n".join(f"  {line}" for line in done.stderr.splitlines()[-40:]))
    if not any(FOUND.iterdir()):
        FOUND.rmdir()
    return done.returncode


if __name__ == "__main__":
    sys.exit(main())
