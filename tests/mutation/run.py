#!/usr/bin/env python3
"""Breaks xtape in the ways that mutants/*.txt list, one at a time, and shows that a test fails for each.

A mutant is a name after "==", why it matters, and what is replaced: the lines after "- " by those
after "+ ", which may be parts of lines. A mutant may replace several texts, one after another. It
names no file: exactly one source of the library and the examples has each of its texts exactly
once, so a source may be moved or renamed freely. A blank line ends a mutant.

The script works in a copy of the source tree, build/mutation/source, with a build of its own beside
it, and never touches the checkout. It keeps results in build/mutation/results.json: a run that was
interrupted resumes where it was.
"""

import argparse
import contextlib
import fcntl
import hashlib
import itertools
import json
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import time
import xml.sax.saxutils
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MUTANTS = Path(__file__).resolve().with_name("mutants")
WORK = ROOT / "build" / "mutation"
SOURCE, BUILD, SCRATCH = WORK / "source", WORK / "build", WORK / "scratch"
TESTS = BUILD / "tests" / "xtape_tests"
RESULTS = WORK / "results.json"

BUILD_LIMIT = 3600  # seconds, of a whole build
FOLDER_LIMIT = 180  # seconds, of the tests beside a file; and this many times what the others took:
PATIENCE = 5
MEMORY = 16 << 30  # bytes of address space for the test program: a mutant may ask for any amount


def die(message):
    sys.exit(f"mutation: {message}")


@dataclass
class Mutant:
    name: str
    why: str = ""
    file: str = ""  # the only source that it fits
    edits: list = field(default_factory=list)  # pairs of what is replaced and by what

    def digest(self):
        return hashlib.sha256(repr((self.file, self.edits)).encode()).hexdigest()

    def apply(self, text):
        """The broken text; None when `text` does not have each text to replace exactly once."""
        for old, new in self.edits:
            if text.count(old) != 1:
                return None
            text = text.replace(old, new)
        return text

    def locate(self, sources):
        """Finds the source that the mutant fits, among texts by their path."""
        found = [path for path, text in sources.items() if self.apply(text) is not None]
        if len(found) != 1:
            die(f"the mutant '{self.name}' is stale: it fits {', '.join(found) or 'no source'}, not "
                f"exactly one; bring it up to date:\n{self.edits[0][0]}")
        self.file = found[0]


def read_sources():
    """The texts of the library and the examples by their path."""
    return {path.relative_to(ROOT).as_posix(): path.read_text()
            for folder in ("tensor", "autograd", "nn", "examples")
            for path in sorted((ROOT / folder).rglob("*.[ch]pp"))}


def parse(block, file):
    """Returns the mutant of a block of lines."""
    lines = [line.partition(" ") for line in block.splitlines()]
    mutant = Mutant("")
    for kind, group in itertools.groupby(lines, key=lambda line: line[0]):
        text = "\n".join(rest for _, _, rest in group)
        if kind == "==":
            if mutant.name:
                die(f"{file}: no blank line before: == {text}")
            mutant.name = text
        elif kind == "why:":
            mutant.why = text
        elif kind == "-":
            mutant.edits.append([text, ""])
        elif kind == "+" and mutant.edits and not mutant.edits[-1][1]:
            mutant.edits[-1][1] = text
        else:
            die(f"{file}: cannot read: {kind} {text}")
    if not (mutant.name and mutant.why and mutant.edits):
        die(f"{file}: a mutant is incomplete:\n{block}")
    return mutant


def read_mutants():
    mutants = [parse(block, path.name) for path in sorted(MUTANTS.glob("*.txt"))
               for block in path.read_text().split("\n\n")]
    names = [mutant.name for mutant in mutants]
    sources = read_sources()
    for mutant in mutants:
        if names.count(mutant.name) > 1:
            die(f"there are two mutants '{mutant.name}'")
        mutant.locate(sources)
    return mutants


def write_if_other(path, data):
    """Writes a file, unless it has these contents: what is not new is not built again."""
    if not path.is_file() or path.read_bytes() != data:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


def copy_tree():
    """Brings the copy up to date and returns a digest of all it holds."""
    listed = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
                            cwd=ROOT, stdout=subprocess.PIPE, check=True).stdout.decode()
    digest = hashlib.sha256()
    wanted = set()
    for name in sorted(filter(None, listed.split("\0"))):
        if name.startswith("tests/mutation/") or not (ROOT / name).is_file():
            continue
        wanted.add(SOURCE / name)
        data = (ROOT / name).read_bytes()
        digest.update(repr((name, data)).encode())
        write_if_other(SOURCE / name, data)
        shutil.copymode(ROOT / name, SOURCE / name)
    for path in SOURCE.rglob("*"):
        if path.is_file() and path not in wanted:
            path.unlink()
    return digest.hexdigest()


def run(command, log, limit, **options):
    """Runs a command in a session of its own; returns its exit status, or None after `limit`
    seconds. Nothing of it is left behind."""
    with open(log, "wb") as out:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out,
                                   stderr=subprocess.STDOUT, start_new_session=True, **options)
        try:
            return process.wait(limit)
        except subprocess.TimeoutExpired:
            return None
        except KeyboardInterrupt:
            process.send_signal(signal.SIGINT)  # Ninja ends its compilers and removes their outputs
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(60)
            raise
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def build(*targets):
    return run(["ninja", "-C", str(BUILD), *targets], WORK / "build.log", BUILD_LIMIT) == 0


def configure():
    if (BUILD / "build.ninja").exists():
        return
    command = ["cmake", "-G", "Ninja", "-S", str(SOURCE), "-B", str(BUILD),
               "-DCMAKE_BUILD_TYPE=Release", "-DCMAKE_CXX_FLAGS_RELEASE=-O2 -DNDEBUG",
               "-DXTAPE_BUILD_BENCHMARKS=OFF", "-DXTAPE_NESTED_DUALS=ON",
               # So that a mutant of the library links the library alone.
               "-DBUILD_SHARED_LIBS=ON", "-DCMAKE_LINK_DEPENDS_NO_SHARED=ON"]
    if shutil.which("ccache"):
        command.append("-DCMAKE_CXX_COMPILER_LAUNCHER=ccache")
    if run(command, WORK / "configure.log", BUILD_LIMIT) != 0:
        (BUILD / "build.ninja").unlink(missing_ok=True)
        die(f"cannot configure, see {WORK / 'configure.log'}")


def environment():
    """What the tests run in: they find the data, and whatever a mutant writes is in SCRATCH."""
    shutil.rmtree(SCRATCH, ignore_errors=True)
    for name in ("home", "tmp"):
        (SCRATCH / name).mkdir(parents=True)
    result = dict(os.environ, HOME=str(SCRATCH / "home"), TMPDIR=str(SCRATCH / "tmp"))
    result.setdefault("GOMP_SPINCOUNT", "10000")
    result.pop("XDG_CACHE_HOME", None)
    for variable, folder in (("XTAPE_TEST_MNIST", "mnist"),
                             ("XTAPE_TEST_ORACLE", "oracle/backprop")):
        if (ROOT / ".." / "shared" / folder).is_dir():
            result.setdefault(variable, str((ROOT / ".." / "shared" / folder).resolve()))
    return result


def limit_memory():
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))


def run_catch(limit, *selection):
    """Runs test cases until one fails; returns what failed, or None."""
    report = WORK / "tests.xml"
    report.unlink(missing_ok=True)
    status = run([str(TESTS), "--abort", "-r", "xml", "-o", str(report), "-#", *selection],
                 WORK / "tests.log", limit, cwd=BUILD, env=environment(), preexec_fn=limit_memory)
    if status == 0:
        return None
    text = report.read_text(errors="replace") if report.exists() else ""
    names = re.findall(r'<TestCase name="([^"]*)"', text)
    unescape = {"&quot;": '"', "&apos;": "'"}
    name = xml.sax.saxutils.unescape(names[-1], unescape) if names else "the test program"
    return name if status is not None else f"{name} (time limit)"


def other_tests():
    """The names of what CTest runs beside the test program's cases, but for those of the package and
    of the mutants, which look at files and not at what they do: first those of the MNIST program,
    the quick ones of them before the others."""
    shown = subprocess.run(["ctest", "--test-dir", str(BUILD), "--show-only=json-v1"],
                           stdout=subprocess.PIPE, check=True).stdout
    names = [test["name"] for test in json.loads(shown)["tests"]
             if Path(test.get("command", [""])[0]).name != TESTS.name
             and test["name"] != "mutants" and not test["name"].startswith("package: ")]
    groups = ("does not compile", "mnist: mistakes", "mnist: predict", "mnist: training",
              "mnist: download", "mnist", "example")
    rank = {name: next((i for i, group in enumerate(groups) if name.startswith(group)), len(groups))
            for name in names}
    return sorted(names, key=rank.get)


def run_ctest(limit, names):
    """Runs tests one after another; returns the first that failed, or None."""
    for name in names:
        pattern = "^" + re.sub(r"([][().*+?^$|\\])", r"\\\1", name) + "$"
        status = run(["ctest", "--test-dir", str(BUILD), "-R", pattern, "--output-on-failure"],
                     WORK / "ctest.log", limit, env=environment())
        if status != 0:
            return name if status is not None else f"{name} (time limit)"
    return None


class Suite:
    """The tests, in the order in which they are likely to notice a mutant soon."""

    def __init__(self):
        self.others = other_tests()
        self.seconds = 60.0  # of the whole test program; measured by check()

    def check(self):
        """Whether the unbroken suite passes; returns what failed, or None."""
        start = time.monotonic()
        failure = run_catch(1800)
        self.seconds = time.monotonic() - start
        return failure or run_ctest(1800, self.others)

    def first_failure(self, mutant):
        """The first test that fails; "" when the mutant does not compile, None when all pass."""
        limit = FOLDER_LIMIT + PATIENCE * self.seconds
        if not build("all"):
            return ""
        if failure := run_catch(FOLDER_LIMIT, f"[#{Path(mutant.file).stem}_test]"):
            return failure
        return run_catch(limit) or run_ctest(limit, self.others)


class Results:
    """What became of each mutant, on disk at any moment."""

    def __init__(self, tree):
        self.data = {"tree": tree, "mutants": {}}
        if RESULTS.exists():
            self.data = json.loads(RESULTS.read_text())

    def of(self, mutant):
        result = self.data["mutants"].get(mutant.name)
        return result if result and result["digest"] == mutant.digest() else None

    def save(self):
        temporary = RESULTS.with_suffix(".tmp")
        temporary.write_text(json.dumps(self.data, indent=1))
        temporary.replace(RESULTS)

    def add(self, mutant, outcome, seconds):
        self.data["mutants"][mutant.name] = {
            "digest": mutant.digest(), "outcome": outcome, "seconds": seconds}
        self.save()


def try_mutant(mutant, suite):
    """Returns "compile", "survived", or "killed by ..."."""
    path = SOURCE / mutant.file
    whole = path.read_text()
    try:
        path.write_text(mutant.apply(whole))
        failure = suite.first_failure(mutant)
    finally:
        path.write_text(whole)
    if failure is None:
        return "survived"
    return f"killed by {failure}" if failure else "does not compile"


def report(mutants, results):
    killed = seconds = 0
    for mutant in mutants:
        result = results.of(mutant) or {"outcome": "not tried", "seconds": 0}
        seconds += result["seconds"]
        if result["outcome"].startswith("killed"):
            killed += 1
        else:
            print(f"{result['outcome']}: {mutant.name} ({mutant.file}): {mutant.why}")
    print(f"{killed} of {len(mutants)} killed, in {seconds / 60:.0f} minutes")
    return killed == len(mutants)


def parse_arguments():
    parser = argparse.ArgumentParser(prog="./run mutants", description=__doc__.splitlines()[0])
    parser.add_argument("--list", action="store_true", help="list the mutants, if they fit the sources")
    parser.add_argument("--only", nargs="+", metavar="NAME", help="try these, whatever is known")
    parser.add_argument("--survivors", action="store_true",
                        help="try again those that were not killed, and keep the other results")
    parser.add_argument("--fresh", action="store_true", help="try all, whatever is known")
    return parser.parse_args()


def choose(mutants, arguments, results):
    if arguments.only:
        names = {mutant.name for mutant in mutants}
        if unknown := [name for name in arguments.only if name not in names]:
            die(f"there is no mutant {', '.join(unknown)}")
        return [mutant for mutant in mutants if mutant.name in arguments.only]
    if arguments.survivors:
        return [mutant for mutant in mutants
                if not (results.of(mutant) or {}).get("outcome", "").startswith("killed")]
    return [mutant for mutant in mutants if results.of(mutant) is None]


def main():
    arguments = parse_arguments()
    mutants = read_mutants()
    if arguments.list:
        for mutant in mutants:
            print(f"{mutant.name:30} {mutant.file:32} {mutant.why}")
        return 0
    WORK.mkdir(parents=True, exist_ok=True)
    lock = open(WORK / "lock", "w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        die("another run is under way")
    tree = copy_tree()
    if arguments.fresh:
        RESULTS.unlink(missing_ok=True)
    results = Results(tree)
    if results.data["tree"] != tree:
        if not arguments.survivors and results.data["mutants"]:
            print("mutation: the source has changed: earlier results are forgotten", flush=True)
            results.data["mutants"] = {}
        results.data.update(tree=tree, clean=None)
    chosen = choose(mutants, arguments, results)

    configure()
    print("mutation: building the unbroken tree and running its tests", flush=True)
    if not build("all"):
        die(f"the unbroken tree does not build, see {WORK / 'build.log'}")
    suite = Suite()
    if results.data.get("clean"):
        suite.seconds = results.data["clean"]
    else:
        if failure := suite.check():
            die(f"the unbroken suite fails: {failure}")
        results.data["clean"] = suite.seconds
        results.save()
    for number, mutant in enumerate(chosen, 1):
        start = time.monotonic()
        outcome = try_mutant(mutant, suite)
        seconds = time.monotonic() - start
        results.add(mutant, outcome, seconds)
        print(f"[{number}/{len(chosen)}] {mutant.name}: {outcome}, {seconds:.0f} s", flush=True)
    return 0 if report(chosen if arguments.only else mutants, results) else 1


if __name__ == "__main__":
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, signal.default_int_handler)
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        die("interrupted; the next run goes on from here")
