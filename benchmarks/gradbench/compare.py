"""Runs evals of GradBench on xtape and on other tools, and prints a table of their times.

compare.py TOOL FOLDER CHECKOUT [--seconds S] [--eval NAME...] [--tool NAME...] [--json FILE]

`./run bench gradbench` calls it.

TOOL is the program `gradbench`, and CHECKOUT a copy of GradBench's repository, of which FOLDER gets
a working copy. This script takes the part of the intermediary of GradBench's protocol: the evals
generate the inputs, and validate each output. All tools use one thread.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

# The evals with their arguments. The functions are those to compare. The others, which compute
# values without derivatives, run in xtape only, so that the evals can validate them.
RUNS = [
    ("hello", ["double"], []),
    ("gmm", ["jacobian"], ["-d", "2", "20", "64", "-k", "25"]),
    ("lse", ["gradient"], ["-n", "2500", "160000"]),
    ("llsq", ["gradient"], ["-n", "256", "4096"]),
    ("lstm", ["jacobian"], ["-l", "2", "-c", "256", "1024", "4096"]),
    ("kmeans", ["dir"], ["-k", "10", "100", "-n", "10000", "-d", "8"]),
    ("det", ["gradient"], ["-l", "6", "7", "8", "9"]),
    ("ode", ["gradient"], ["-n", "1000", "10000", "-s", "10", "100"]),
    ("ba", ["jacobian"], ["--min", "1", "--max", "1"]),
    ("ht", ["jacobian"], ["--variant", "simple", "--model", "small", "--max", "1"]),
    ("ht", ["jacobian"], ["--variant", "complicated", "--model", "small", "--max", "1"]),
    ("ht", ["jacobian"], ["--variant", "complicated", "--model", "small", "--min", "5", "--max", "5"]),
    ("particle", ["rr", "rf", "fr", "ff"], []),
    ("saddle", ["rr", "rf", "fr", "ff"], []),
]
CPP_TOOLS = ["manual", "codipack", "adept", "cppad"]
PYTHON_TOOLS = {"pytorch": "torch", "jax": "jax"}
# JAX computes after a call has returned, and GradBench's tool would time the call alone.
WAIT = """
import jax
from gradbench import wrap
repeat = wrap.multiple_runs
wrap.multiple_runs = lambda **k: lambda f: repeat(**k)(lambda x: jax.block_until_ready(f(x)))
"""
PATIENCE = 60  # seconds for one answer of a tool


def working_copy(checkout: Path, folder: Path) -> Path:
    """Makes a copy in which the tools can be built without a change of the checkout."""
    copy = folder / "work"
    for part in ["cpp", "python", *(f"tools/{tool}" for tool in CPP_TOOLS)]:
        if (checkout / part).is_dir():
            shutil.copytree(checkout / part, copy / part, dirs_exist_ok=True)
    header = copy / "cpp/json.hpp"  # the checkout's Makefile downloads it
    if not header.exists():
        header.write_text("#include <nlohmann/json.hpp>\n")
    shutil.copytree(checkout / "evals/lstm", copy / "evals/lstm", dirs_exist_ok=True)
    for name in ["ba", "ht"]:
        link = copy / "evals" / name
        if not link.exists():
            link.symlink_to((checkout / "evals" / name).resolve())
    text = copy / "evals/lstm/data/lstm_full.txt"
    if not text.exists():
        print(f"compare.py: {text.name} is missing: lstm reads another text", file=sys.stderr)
        text.parent.mkdir(exist_ok=True)
        words = (checkout / "CONTRIBUTING.md").read_text()
        text.write_text("\u2013" + words)  # the original, too, has characters of 14 bits
    return copy


class Failure(Exception):
    """Why a tool has no time."""


class Program:
    """A tool that speaks the protocol."""

    def __init__(self, command, copy, environment):
        self.process = subprocess.Popen(
            command,
            cwd=copy,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def answer(self, message):
        timer = threading.Timer(PATIENCE, self.process.kill)
        timer.start()
        try:
            self.process.stdin.write(json.dumps(message) + "\n")
            self.process.stdin.flush()
            line = self.process.stdout.readline()
        except BrokenPipeError:
            line = ""
        finally:
            late = not timer.is_alive()
            timer.cancel()
        if not line:
            raise Failure(f"> {PATIENCE} s" if late else "ended")
        return json.loads(line)

    def close(self):
        self.process.kill()
        self.process.wait()


class CppTool:
    """A tool of GradBench in C++: one program for each eval, which reads a file."""

    def __init__(self, name, copy, environment):
        self.folder, self.environment = copy / "tools" / name, environment

    def answer(self, message):
        reply = {"id": message["id"]}
        if message["kind"] == "define":
            target = f"bin/{message['module']}"
            made = (self.folder / f"{message['module']}.cpp").exists() and subprocess.run(
                ["make", "-C", self.folder, target], env=self.environment, capture_output=True
            ).returncode == 0
            reply["success"] = bool(made)
        elif message["kind"] == "evaluate":
            reply |= self.evaluate(message)
        return reply

    def evaluate(self, message):
        with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
            json.dump(message["input"], file)
            file.flush()
            command = [self.folder / "bin" / message["module"], file.name, message["function"]]
            try:
                done = subprocess.run(
                    command, env=self.environment, capture_output=True, text=True, timeout=PATIENCE
                )
            except subprocess.TimeoutExpired:
                raise Failure(f"> {PATIENCE} s")
        if done.returncode != 0:
            return {"success": False, "error": done.stderr}
        output, *timings = done.stdout.splitlines()
        return {
            "success": True,
            "output": json.loads(output),
            "timings": [json.loads(timing) for timing in timings],
        }

    def close(self):
        pass


def run(name, functions, arguments, tool, copy, environment, whole):
    """Lets an eval talk to a tool. Returns {(description, function): milliseconds or a reason}."""
    times, asked = {}, {}
    script = copy / "python/gradbench/gradbench/evals" / name / "run.py"
    eval_process = subprocess.Popen(
        [sys.executable, script, *arguments],
        cwd=copy,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        for line in eval_process.stdout:
            message = json.loads(line)
            kind = message["kind"]
            wanted = kind != "evaluate" or whole or message["function"] in functions
            reply = {"id": message["id"], "success": False}
            if wanted:
                reply |= tool.answer(message)
            if kind == "evaluate" and wanted:
                key = (message.get("description", ""), message["function"])
                asked[message["id"]] = key
                if reply["success"]:
                    runs = [t for t in reply["timings"] if t["name"] == "evaluate"]
                    times[key] = min(t["nanoseconds"] for t in runs) / 1e6
                else:
                    times[key] = "-"
            elif kind == "analysis" and not message["valid"]:
                times[asked[message["of"]]] = "wrong"
                print(f"compare.py: {name}: {message.get('error')}", file=sys.stderr)
            eval_process.stdin.write(json.dumps(reply) + "\n")
            eval_process.stdin.flush()
    except (Failure, BrokenPipeError) as failure:
        times["failure"] = str(failure)
    finally:
        eval_process.kill()
        eval_process.wait()
    return times


def environments(copy, checkout):
    """Returns the environment of all processes: one thread, and headers beside the checkout."""
    environment = dict(os.environ, PYTHONPATH=str(copy / "python/gradbench"))
    for library in ["OMP", "OPENBLAS", "MKL"]:
        environment[f"{library}_NUM_THREADS"] = "1"
    headers = [str(path) for path in checkout.glob("*/include") if path.is_dir()]
    environment["CPATH"] = ":".join([*headers, *filter(None, [os.environ.get("CPATH")])])
    return environment


def starters(arguments, copy, environment):
    """Returns a function that starts each tool, by the name of the tool."""
    result = {"xtape": lambda: Program([arguments.program], copy, environment)}
    for name in CPP_TOOLS:
        if (copy / "tools" / name).is_dir():
            result[name] = lambda name=name: CppTool(name, copy, environment)
    python = os.environ.get("XTAPE_TORCH_PYTHON", sys.executable)
    packages = [path for path in sys.path if path.endswith("site-packages")]
    for name, package in PYTHON_TOOLS.items():
        folder = copy / "python/gradbench/gradbench/tools" / name
        if subprocess.run([python, "-c", f"import {package}"], capture_output=True).returncode == 0:
            start = (
                f"import runpy, sys\nsys.path[0] = {str(folder)!r}\nsys.path += {packages!r}\n"
                f"{WAIT if name == 'jax' else ''}\n"
                f"runpy.run_path({str(folder / 'run.py')!r}, run_name='__main__')"
            )
            result[name] = lambda start=start: Program([python, "-c", start], copy, environment)
    return {k: v for k, v in result.items() if not arguments.tool or k in ["xtape", *arguments.tool]}


def text(time, base):
    if isinstance(time, str):
        return time
    digits = f"{time:.3g}" if time < 100 else f"{time:.0f}"
    return f"{digits} ({time / base:.2f})" if isinstance(base, float) and time != base else digits


def print_table(rows, tools):
    print(f"\n| eval, function | input | {' | '.join(tools)} |")
    print(f"|---|---|{'---:|' * len(tools)}")
    for (name, function, description), times in rows.items():
        base = times.get("xtape")
        cells = [text(times.get(tool, "-"), base) for tool in tools]
        print(f"| {name} {function} | {description} | {' | '.join(cells)} |")


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("program", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("checkout", type=Path)
    parser.add_argument("--seconds", type=float, default=0.5, help="least time of an evaluation")
    parser.add_argument("--eval", nargs="+")
    parser.add_argument("--tool", nargs="+")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    arguments.program = arguments.program.resolve()
    checkout = arguments.checkout.resolve()
    copy = working_copy(checkout, arguments.folder.resolve())
    environment = environments(copy, checkout)
    tools = starters(arguments, copy, environment)
    rows, wrong = {}, False
    for name, functions, flags in RUNS:
        if arguments.eval and name not in arguments.eval:
            continue
        if name != "hello":
            # JAX compiles in the first run.
            flags = [*flags, "--min-runs", "3", "--min-seconds", str(arguments.seconds)]
        judge = CppTool("manual", copy, environment)  # most evals compare outputs with its
        judge.answer({"id": 0, "kind": "define", "module": name})
        here = {}
        for tool, start in tools.items():
            print(f"compare.py: {name} {' '.join(flags)}: {tool}", file=sys.stderr)
            process = start()
            times = run(name, functions, flags, process, copy, environment, tool == "xtape")
            process.close()
            failure = times.pop("failure", None)
            if failure and tool == "xtape":
                sys.exit(f"compare.py: xtape: {name}: {failure}")
            variant = "simple, " if "simple" in flags else ""
            for (description, function), time in times.items():
                here.setdefault((name, function, variant + description), {})[tool] = time
                wrong |= tool == "xtape" and time == "wrong"
            for (_, function, _), row in here.items():
                if failure and function in functions:
                    row.setdefault(tool, failure)
        rows |= here
    print("Milliseconds, the least of all runs, with the ratio to xtape in brackets. A tool with -")
    print("has no such function, or cannot be built. Values without derivatives are only asked of xtape.")
    asked = {tool for row in rows.values() for tool, time in row.items() if time != "-"}
    print_table(rows, [tool for tool in tools if tool in asked])
    if arguments.json:
        table = [{"eval": key[0], "function": key[1], "input": key[2], **row} for key, row in rows.items()]
        arguments.json.write_text(json.dumps(table, indent=1) + "\n")
    sys.exit(wrong)


if __name__ == "__main__":
    main()
