"""Runs all peers on all problems in turn and prints one table; `./run bench peers` calls it.

usage: compare.py BUILD_FOLDER [--seconds S] [--rounds N] [--json FILE]
                  [--net NAME] [--peers NAME...] [--busy N]

With --busy the peers run beside N processes that compute and never wait, and times are means.
"""

import argparse
import contextlib
import importlib.metadata
import json
import os
import statistics
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
TOLERANCE = 1e-4  # between loss traces: four digits


def version(package):
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def python(script, package, *extra):
    return lambda arguments: [sys.executable, os.path.join(HERE, script), *arguments, *extra], package


def peers(build):
    native = lambda name: (lambda arguments: [os.path.join(build, name), *arguments], None)
    return {
        "xtape": native("peer_xtape"),
        "Eigen, by hand": native("peer_eigen"),
        "NumPy float32": python("peer_numpy.py", "numpy", "float32"),
        "NumPy float64": python("peer_numpy.py", "numpy", "float64"),
        "PyTorch eager": python("peer_pytorch.py", "torch"),
        "PyTorch compile": python("peer_pytorch.py", "torch", "compile"),
        "JAX jit": python("peer_jax.py", "jax"),
    }


def image_peers(build):
    """The same for networks of images."""
    return {
        "xtape": (lambda arguments: [os.path.join(build, "peer_xtape_images"), *arguments], None),
        "PyTorch channels_last": python("peer_pytorch_images.py", "torch", "channels_last"),
        "PyTorch": python("peer_pytorch_images.py", "torch", "default"),
    }


def sequence_peers(build):
    """The same for layers of sequences."""
    return {
        "xtape": (lambda arguments: [os.path.join(build, "peer_xtape_sequences"), *arguments], None),
        "PyTorch eager": python("peer_pytorch_sequences.py", "torch"),
    }


def latency_peers(build):
    """The same for the output of a network for one image."""
    return {
        "xtape": (lambda arguments: [os.path.join(build, "peer_xtape_latency"), *arguments], None),
        "ONNX Runtime": python("peer_onnxruntime.py", "onnxruntime"),
        "PyTorch": python("peer_pytorch_latency.py", "torch"),
    }


def environment(threads):
    """The threads, and memory that the allocator keeps when a program gives it back: Eigen packs its
    operands into fresh memory for every product, and would spend half of its time on page faults.
    """
    return dict(
        os.environ,
        OMP_NUM_THREADS=str(threads),
        OPENBLAS_NUM_THREADS=str(threads),
        MKL_NUM_THREADS=str(threads),
        JAX_PLATFORMS="cpu",
        MALLOC_MMAP_THRESHOLD_="1000000000",
        MALLOC_TRIM_THRESHOLD_="1000000000",
    )


def measure(command, threads, figure):
    """(microseconds per step, losses), or the reason why there are none.

    On one thread a peer has one processor to run on, so that none can use a second.
    """
    processors = sorted(os.sched_getaffinity(0))[:threads]
    result = subprocess.run(
        command,
        env=environment(threads),
        preexec_fn=lambda: os.sched_setaffinity(0, processors),
        capture_output=True,
        text=True,
    )
    lines = dict(line.split(" ", 1) for line in result.stdout.splitlines() if " " in line)
    if result.returncode != 0 or "microseconds" not in lines:
        error = result.stderr.strip().splitlines()
        return error[-1] if error else f"exit status {result.returncode}"
    return float(lines[figure]), [float(loss) for loss in lines["losses"].split()]


@contextlib.contextmanager
def busy_processes(count):
    """Processes that compute and never wait, until the end of the block."""
    processes = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(count)]
    try:
        yield
    finally:
        for process in processes:
            process.kill()
            process.wait()


def trace_difference(losses, reference):
    return max(abs(a - b) / abs(b) for a, b in zip(losses, reference, strict=True))


def compare(chosen, folder, threads, seconds, rounds, figure):
    """One row for each peer: its median time, the median of its ratios to xtape, its trace."""
    times, traces, failures = {}, {}, {}
    for _ in range(rounds):
        for name, (command, package) in chosen.items():
            if name in failures:
                continue
            if package is not None and version(package) is None:
                failures[name] = f"{package} is not installed"
                continue
            result = measure(command([folder, str(threads), str(seconds)]), threads, figure)
            if isinstance(result, str):
                failures[name] = result
            else:
                times.setdefault(name, []).append(result[0])
                traces[name] = result[1]
    rows = []
    for name in chosen:
        if name in failures:
            rows.append({"peer": name, "failure": failures[name]})
            continue
        rows.append(
            {
                "peer": name,
                "microseconds": statistics.median(times[name]),
                "ratio": statistics.median(t / x for t, x in zip(times[name], times["xtape"])),
                "trace_difference": trace_difference(traces[name], traces["xtape"]),
            }
        )
    return rows


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("build")
    parser.add_argument("--seconds", type=float, default=1.0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json")
    parser.add_argument("--net", help="this network alone")
    parser.add_argument("--peers", nargs="+", default=[], help="xtape and these alone")
    parser.add_argument("--busy", type=int, default=0)
    return parser.parse_args()


def problems(options, folder):
    """Writes all problems. Yields the name and the folder of each, the peers that solve it, and on
    how many threads they do: one image on one."""
    for writer, solvers, threads in (
        ("peer_xtape", peers, (1, 2)),
        ("peer_xtape_images", image_peers, (1, 2)),
        ("peer_xtape_sequences", sequence_peers, (1, 2)),
        ("peer_xtape_latency", latency_peers, (1,)),
    ):
        if not os.path.exists(os.path.join(options.build, writer)):
            print(f"{writer} was not built")
            continue
        chosen = solvers(options.build)
        if options.peers:
            chosen = {name: chosen[name] for name in ["xtape", *options.peers] if name in chosen}
        place = os.path.join(folder, writer)
        subprocess.run([os.path.join(options.build, writer), "--write", place], check=True)
        with open(os.path.join(place, "names.txt")) as file:
            names = file.read().splitlines()
        for i, name in enumerate(names):
            if options.net in (None, name):
                yield name, os.path.join(place, str(i)), chosen, threads


def print_rows(net, threads, rows):
    """Prints a table. Returns whether all peers compute the same."""
    print(f"\n{net}, {threads} thread{'s' if threads > 1 else ''}")
    print(f"  {'peer':21} {'us/step':>10} {'ratio to xtape':>15}   losses agree")
    agree = True
    for row in rows:
        if "failure" in row:
            print(f"  {row['peer']:21} {row['failure']}")
            continue
        same = row["trace_difference"] < TOLERANCE
        agree = agree and same
        print(
            f"  {row['peer']:21} {row['microseconds']:10.1f} {row['ratio']:15.2f}"
            f"   {'yes' if same else 'NO'} ({row['trace_difference']:.0e})",
            flush=True,
        )
    return agree


def main():
    options = arguments()
    packages = [f"{p} {version(p) or 'not installed'}" for p in ("numpy", "torch", "jax", "onnxruntime")]
    print(", ".join(packages))
    # Beside busy programs what counts is how long all steps take, not how long most of them do.
    figure = "mean" if options.busy else "microseconds"
    results, agree = [], True
    with tempfile.TemporaryDirectory() as folder, busy_processes(options.busy):
        for net, problem, chosen, numbers_of_threads in list(problems(options, folder)):
            for threads in numbers_of_threads:
                rows = compare(chosen, problem, threads, options.seconds, options.rounds, figure)
                agree = print_rows(net, threads, rows) and agree
                results += [dict(row, net=net, threads=threads) for row in rows]
    if options.json:
        with open(options.json, "w") as file:
            json.dump({"packages": packages, "rows": results}, file, indent=1)
    if not agree:
        sys.exit("the peers do not compute the same")


if __name__ == "__main__":
    main()
