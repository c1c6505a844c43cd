"""download_test.py PROGRAM MNIST: runs `PROGRAM data`, the MNIST example, against a server on the
loopback address that serves the files in MNIST well and badly. Every case has a cache of its own."""

import bisect
import concurrent.futures
import gzip
import hashlib
import os
import pathlib
import resource
import signal
import subprocess
import sys
import tempfile
import time
import traceback

from mirror import Mirror

PROGRAM, MNIST = sys.argv[1], sys.argv[2]
NAMES = ["train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte",
         "t10k-labels-idx1-ubyte"]
FIRST = NAMES[0]
server = Mirror(MNIST)
digests = {name: hashlib.sha256(gzip.decompress(server.files[name + ".gz"])).hexdigest()
           for name in NAMES}

# What the server does wrong, and what the program says about it.
MISDEEDS = {
    "silent": "Operation too slow",
    "truncate": ("transfer closed", "end of response"),  # libcurl 7, 8
    "otherrange": "another range",
    "cut": "cut short",
    "wrong": "SHA-256",
    "page": "holds 26 bytes, expected 47040016",
    "empty": "holds 0 bytes, expected 47040016",
    "missing": "HTTP status 404",
    "broken": "HTTP status 500",
    "bomb": "holds more than 47040016 bytes",
    "endless": "sends more than",
    "babble": "HTTP/0.9",  # for libcurl, text without a head
    "redirect": "not HTTPS",
    "local": "not HTTPS",
}
# How often it asks for the first file then.
REQUESTS = {"truncate": 3, "missing": 1, "broken": 3}


class Case:
    """One user with a cache of their own."""

    def __init__(self, home):
        self.home = pathlib.Path(home)
        self.cache = self.home / "xtape" / "mnist"
        self.part = self.cache / (FIRST + ".gz.part")

    def start(self, folder, *flags, prefix=(), environment={}, **options):
        environment = {**os.environ, "XDG_CACHE_HOME": str(self.home), **environment}
        environment.pop("XTAPE_DATA_DIR", None)
        mirror = ["--mirror", f"{server.url}/{folder}"] if folder else []
        return subprocess.Popen([*prefix, PROGRAM, "data", *mirror, *flags], env=environment,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                **options)

    def run(self, folder, *flags, **options):
        """Exit status and what was said."""
        process = self.start(folder, *flags, **options)
        try:
            out, err = process.communicate(timeout=60)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
        return process.returncode, out + err

    def processor_time(self, folder):
        """The seconds that a run takes of the processor, however it ends."""
        process = self.start(folder)
        process.stdout.read()
        process.stderr.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        return usage.ru_utime + usage.ru_stime

    def succeeds(self, folder, *flags):
        said = self.says("", folder, *flags, status=0)
        self.complete()
        return said

    def says(self, message, folder, *flags, status=1, **options):
        """What is said by a run that ends with this status. The message is in it, or one of them."""
        ended, said = self.run(folder, *flags, **options)
        check(ended == status, f"exit status {ended}, not {status}: {said}")
        messages = (message,) if isinstance(message, str) else message
        check(any(each in said for each in messages), f"no '{messages}' in: {said}")
        return said

    def fails(self, folder, *flags, message=None, **options):
        """The run says what the table has for the misdeed, or another message, and leaves nothing."""
        self.says(message or MISDEEDS[folder], folder, *flags, **options)
        left = {path.name for path in self.cache.iterdir()} - {".lock", self.part.name}
        check(not left, f"there should be nothing, but there is {left}")
        if folder in REQUESTS:
            check(len(server.seen(folder)) == REQUESTS[folder], server.seen(folder))

    def enough_or_told(self, folder, limit, **options):
        """Whether a limit is too low for a run, which then says so."""
        status, said = self.run(folder, preexec_fn=limit, **options)
        left = {path.name for path in self.home.rglob("*") if path.is_file()}
        check(not left - {*NAMES, ".lock", self.part.name}, f"left {left}")
        if status == 0:
            self.complete()
            self.clear()
            return False
        check(status == 1 and said.splitlines()[-1].startswith("mnist: ") and
              "terminate" not in said, f"exit status {status}: {said}")
        return True

    def clear(self):
        for name in NAMES:
            (self.cache / name).unlink()

    def complete(self):
        there = {path.name for path in self.cache.iterdir()}
        check(there == {*NAMES, ".lock"}, f"the cache holds {sorted(there)}")
        for name in NAMES:
            digest = hashlib.sha256((self.cache / name).read_bytes()).hexdigest()
            check(digest == digests[name], f"{name} has another content")

    def begun(self, folder, *flags):
        """A download of which more than a megabyte has arrived."""
        process = self.start(folder, *flags)
        for _ in range(12000):  # a minute, or more
            if self.part.exists() and self.part.stat().st_size > 1 << 20:
                return process
            time.sleep(0.005)
        process.kill()
        raise AssertionError("no megabyte has arrived")


def limited(what, limit):  # for a process that begins
    return lambda: resource.setrlimit(what, (limit, limit))


def check(condition, message):
    if not condition:
        raise AssertionError(message)


def good(case):
    said = case.succeeds("good-1")
    check(said.count("as published") == 4, said)
    check(server.seen("good-1") == [(name + ".gz", 0) for name in NAMES], server.seen("good-1"))
    case.succeeds("good-1")  # now from the cache
    case.succeeds("", "--offline")
    check(len(server.seen("good-1")) == 4, "fetched what was there")


def silent(case):
    """It is the program that gives up, and not the server, after 15 s."""
    case.fails("silent", "--timeout", "1")
    check(case.part.stat().st_size == 2000, "what had arrived is lost")


def truncate(case):
    case.fails("truncate")
    arrived = case.part.stat().st_size
    check(arrived > 0.8 * len(server.files[FIRST + ".gz"]), f"only {arrived} bytes have arrived")
    case.succeeds("good-2")
    check(server.seen("good-2")[0] == (FIRST + ".gz", arrived), server.seen("good-2"))


def drop(case):
    case.succeeds("drop")
    size = len(server.files[FIRST + ".gz"])
    starts = [start for name, start in server.seen("drop") if name == FIRST + ".gz"]
    check(len(starts) == 3 and 0 < starts[1] < starts[2] <= size, starts)


def norange(case):
    case.succeeds("norange")
    check(server.seen("norange")[1][1] > 0, "did not try to go on where it broke")


def wrong(case):
    case.fails("wrong")
    check(case.part.stat().st_size == 0, "the wrong bytes are kept")
    case.succeeds("good-3")


def bomb(case):
    """It is not unpacked further than to the size of a sound file."""
    check(server.bomb, "takes a while to make")
    case.fails("bomb")
    took = Case(case.home / "bomb").processor_time("bomb-2")
    sound = Case(case.home / "sound").processor_time("good-22")
    check(took < sound, f"{took} s of the processor, a sound download {sound} s")


def redirect(case):
    case.fails("redirect")
    case.fails("local")
    check(not server.seen("good-99"), "followed to a URL without encryption")


def unsafe(case):
    for url in ["http://example.com/", "ftp://127.0.0.1/", "file:///etc/", "HTTP://127.0.0.1.x/",
                "http://127.0.0.1@example.com/", "mnist"]:
        case.says("https://", "", "--mirror", url, status=2)
    check(not case.cache.exists(), "made a folder")


def parts_of_another_copy(case):
    """A part that does not fit, or is as long as the whole, costs another request and no more."""
    body = server.files[FIRST + ".gz"]
    for number, part in enumerate([b"?" * 1000, b"?" * (len(body) + 1), b"?" * len(body), body]):
        case.cache.mkdir(parents=True, exist_ok=True)
        (case.cache / FIRST).unlink(missing_ok=True)
        case.part.write_bytes(part)
        case.succeeds(f"good-{number + 4}")
        starts = [start for _, start in server.seen(f"good-{number + 4}")]
        check(starts[:2] == [len(part), 0] if part != body else starts[0] == len(body), starts)


def two_at_once(case):
    processes = [case.start("slow-2") for _ in range(2)]
    for process in processes:
        out, err = process.communicate(timeout=60)
        check(process.returncode == 0 and out.count("as published") == 4, out + err)
    case.complete()
    check(len(server.seen("slow-2")) == 4, server.seen("slow-2"))


def killed(case):
    for number, number_of_signal in enumerate([signal.SIGKILL, signal.SIGINT, signal.SIGTERM]):
        process = case.begun(f"slow-{number + 3}")
        process.send_signal(number_of_signal)
        process.communicate(timeout=60)
        check(process.returncode != 0, "did not end")
        left = {path.name for path in case.cache.iterdir()} - set(NAMES[1:])
        check(left == {".lock", case.part.name}, f"left {left}")
        arrived = case.part.stat().st_size
        case.succeeds(f"good-{number + 8}")
        check(server.seen(f"good-{number + 8}")[0][1] == arrived, "did not go on where it was")
        (case.cache / FIRST).unlink()


def damaged(case):
    case.succeeds("good-11")
    with open(case.cache / FIRST, "r+b") as file:
        file.truncate(1000)
    with open(case.cache / NAMES[3], "r+b") as file:
        file.seek(5000)
        file.write(b"\xff")
    wrong_size = f"{FIRST}: holds 1000 bytes, expected 47040016"
    said = case.says(wrong_size, "", "--offline")
    check(f"{NAMES[3]}: has the SHA-256" in said, said)
    case.says(MISDEEDS["missing"], "missing-2")
    check((case.cache / FIRST).stat().st_size == 1000, "touched what it could not replace")
    said = case.succeeds("good-11")
    check(wrong_size in said and f"{NAMES[3]}: has the SHA-256" in said, said)
    check([name for name, _ in server.seen("good-11")[4:]] == [FIRST + ".gz", NAMES[3] + ".gz"],
          server.seen("good-11"))


def disk_full(case):
    """While the part is written, and while it is unpacked."""
    for limit, problem in [(1 << 20, ".part: cannot write"), (20 << 20, f"{FIRST}: cannot write")]:
        case.fails("good-12", message=problem, preexec_fn=limited(resource.RLIMIT_FSIZE, limit))
    case.succeeds("good-12")
    starts = [start for _, start in server.seen("good-12")]
    check(starts[:3] == [0, 1 << 20, len(server.files[FIRST + ".gz"])], starts)


def read_only(case):
    """Root must be without the right to write everywhere."""
    case.succeeds("good-15")
    (case.cache / FIRST).unlink()
    case.cache.chmod(0o555)
    common = ["setpriv", "--inh-caps=-all", "--bounding-set=-all"] if os.geteuid() == 0 else []
    case.says(f"{case.part}: cannot open: Permission denied", "good-15", prefix=common)
    case.cache.chmod(0o755)
    check({path.name for path in case.cache.iterdir()} == {*NAMES[1:], ".lock"}, "changed it")


def few_handles(case):
    refused = sum(case.enough_or_told("good-16", limited(resource.RLIMIT_NOFILE, handles))
                  for handles in range(4, 12))
    check(0 < refused < 8, f"{refused} of 8 limits were too low")


def little_memory(case):
    """From what it takes to load the libraries on, which may be enough to download."""
    environment = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}

    def limit(megabytes):
        return limited(resource.RLIMIT_AS, megabytes << 20)

    def loads(megabytes):
        try:
            return subprocess.run([PROGRAM, "--version"], preexec_fn=limit(megabytes), timeout=5,
                                  env={**os.environ, **environment},
                                  capture_output=True).returncode == 0
        except subprocess.TimeoutExpired:
            return False  # some versions of OpenBLAS try for ever to begin

    if not loads(8000):
        return  # a sanitizer wants more
    least = 40 + bisect.bisect_left(range(40, 8000), True, key=loads)
    for megabytes in range(least, least + 8):
        case.enough_or_told("good-17", limit(megabytes), environment=environment)


def closed_streams(case):
    """No file takes the place of a closed standard output or error, to be printed into."""
    for number, closed in enumerate([(2,), (1,), (1, 2), (0, 1, 2)]):
        process = case.start(f"good-{number + 18}", preexec_fn=lambda: [os.close(n) for n in closed])
        process.communicate(timeout=60)
        check(process.returncode == (1 if 1 in closed else 0), f"{closed}: {process.returncode}")
        case.complete()
        check((case.cache / ".lock").stat().st_size == 0, f"{closed}: printed into a file")
        requests = server.seen(f"good-{number + 18}")
        check(requests == [(name + ".gz", 0) for name in NAMES], f"{closed}: {requests}")
        case.clear()


def stranger(case):
    """A server that cannot prove who it is gets no request."""
    certificate = case.home / "certificate.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1",
                    "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1",
                    "-keyout", certificate, "-out", case.home / "chain.pem"],
                   check=True, capture_output=True)
    with open(certificate, "ab") as file:
        file.write((case.home / "chain.pem").read_bytes())
    stranger = Mirror(MNIST, certificate)
    case.says(("certificate", "Certificate", "CERTIFICATE"), "", "--mirror", f"{stranger.url}/good")
    check(not stranger.requests, "asked it nevertheless")


def no_folder(case):
    (case.home / "xtape").write_text("in the way")
    case.says("cannot make this folder", "good-13")


def links(case):
    """Nothing is written through links that others have laid."""
    victim = case.home / "victim"
    victim.write_text("precious")
    case.cache.mkdir(parents=True)
    case.part.symlink_to(victim)
    case.says(f"{case.part.name}: cannot open", "good-14")
    case.part.unlink()
    case.part.hardlink_to(victim)
    case.says("has other names", "good-14")
    case.part.unlink()
    (case.cache / NAMES[1]).symlink_to(victim)
    case.succeeds("good-14")
    check(victim.read_text() == "precious", "wrote through a link")


def offline(case):
    case.says("no download while offline", "", "--offline")
    check(not case.cache.exists(), "made a folder")


def simple(folder):
    """A case of one run, which fails if the table has the folder."""
    def case(user):
        user.fails(folder) if folder in MISDEEDS else user.succeeds(folder)
    case.__name__ = folder
    return case


CASES = [silent, truncate, two_at_once, killed, parts_of_another_copy, drop, disk_full, good, wrong,
         *map(simple, ["broken", "busy", "slow", "otherrange", "cut", "page", "empty", "missing",
                       "endless", "babble"]),
         norange, bomb, redirect, unsafe, damaged, no_folder, links, offline, read_only, few_handles,
         little_memory, closed_streams, stranger]


def attempt(case):
    began = time.monotonic()
    try:
        with tempfile.TemporaryDirectory() as home:
            case(Case(home))
        verdict = "passed"
    except Exception as error:  # whatever went wrong, the other cases have a say too
        verdict = f"FAILED: {error}" if isinstance(error, AssertionError) else \
            "FAILED: " + traceback.format_exc()
    print(f"{case.__name__:22} {time.monotonic() - began:5.1f} s  {verdict}", flush=True)
    return verdict == "passed"


if __name__ == "__main__":
    chosen = [case for case in CASES if not sys.argv[3:] or case.__name__ in sys.argv[3:]]
    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        passed = list(pool.map(attempt, chosen))
    print(f"{sum(passed)} of {len(passed)} cases passed")
    sys.exit(0 if all(passed) else 1)
