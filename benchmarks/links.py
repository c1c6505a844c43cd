#!/usr/bin/env python3
"""Measures sums and training steps between ranks that are joined by slow links: ./run bench links [SECONDS].

Each rank lives in a network namespace of its own, so MPI must use TCP. `tc` limits what each rank may send: with
netem where the kernel has it, which also delays packets, and with tbf elsewhere. The namespaces exist as long as the
program runs. It needs root and Open MPI. Without them, it says what is missing and ends with status 0.

Prints JSON, which benchmarks/scaling.py reads. `python3 benchmarks/links.py PROGRAM [SECONDS] > benchmarks/links.json`
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

LINKS = (0.1, 1)  # Gbit/s
RANKS = (1, 2, 4)
DELAY = "50us"  # of netem, in each direction
HUB = "xtape-hub"  # the namespace of the bridge
NODES = [f"xtape-{i + 1}" for i in range(max(RANKS))]


def ip(*words):
    subprocess.run(["ip", *words], check=True, capture_output=True, text=True)


def inside(namespace, *words):
    return subprocess.run(["ip", "netns", "exec", namespace, *words], capture_output=True, text=True)


def make_namespaces():
    """A bridge, and a namespace with an address for each rank: 10.77.0.1, 10.77.0.2, ..."""
    ip("netns", "add", HUB)
    ip("-n", HUB, "link", "add", "bridge", "type", "bridge")
    ip("-n", HUB, "link", "set", "bridge", "up")
    for number, node in enumerate(NODES, 1):
        ip("netns", "add", node)
        ip("-n", node, "link", "add", "eth0", "type", "veth", "peer", "name", node, "netns", HUB)
        ip("-n", HUB, "link", "set", node, "master", "bridge", "up")
        ip("-n", node, "addr", "add", f"10.77.0.{number}/24", "dev", "eth0")
        ip("-n", node, "link", "set", "eth0", "up")
        ip("-n", node, "link", "set", "lo", "up")
        inside(node, "sysctl", "-w", "net.ipv4.tcp_congestion_control=reno")  # every kernel has it


def remove_namespaces():
    for name in [HUB, *NODES]:
        subprocess.run(["ip", "netns", "del", name], capture_output=True)


def shape(gbit):
    """Limits what each rank sends. Returns the kind of the limit. The burst of tbf, which no limit slows down, is what
    a link sends in 128 us."""
    rate = f"{1000 * gbit:g}mbit"
    netem = ["netem", "rate", rate, "delay", DELAY, "limit", "10000"]
    tbf = ["tbf", "rate", rate, "burst", str(round(16000 * gbit)), "latency", "200ms"]
    for kind in (netem, tbf):
        done = [inside(node, "tc", "qdisc", "replace", "dev", "eth0", "root", *kind).returncode for node in NODES]
        if not any(done):
            return " ".join(kind)
    sys.exit("links: left out: `tc qdisc` knows neither netem nor tbf here")


def run(ranks, program, arguments, agent):
    """Runs the program with a rank in each of the first namespaces. mpirun enters the others by `agent`."""
    hosts = ",".join(f"10.77.0.{i + 1}:1" for i in range(ranks))
    command = ["mpirun", "--allow-run-as-root", "-n", str(ranks), "-H", hosts, "--bind-to", "none",
               "--mca", "plm_rsh_agent", agent, "--mca", "btl", "tcp,self", "--mca", "pml", "ob1",
               "--mca", "btl_tcp_if_include", "10.77.0.0/24", "--mca", "oob_tcp_if_include", "10.77.0.0/24",
               "--mca", "mpi_yield_when_idle", "1", "-x", "OMP_NUM_THREADS=1", program, *arguments]
    done = inside(NODES[0], "unshare", "--uts", "sh", "-c", 'hostname node1 && exec "$@"', "sh", *command)
    if done.returncode != 0:
        sys.exit(f"links: mpirun failed:\n{done.stderr}{done.stdout}")
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]


def missing():
    """What this machine lacks, or an empty text."""
    if os.geteuid() != 0:
        return "it makes network namespaces, which only root may do"
    for tool in ("ip", "tc", "mpirun", "unshare"):
        if shutil.which(tool) is None:
            return f"it needs the program {tool}"
    version = subprocess.run(["mpirun", "--version"], capture_output=True, text=True).stdout
    if "Open MPI" not in version and "OpenRTE" not in version:
        return "it needs Open MPI"
    return ""


def main(program, *arguments):
    lacking = missing()
    if lacking:
        print(f"links: left out: {lacking}", file=sys.stderr)
        return
    with tempfile.TemporaryDirectory() as folder:
        agent = Path(folder) / "agent"
        agent.write_text('#!/bin/sh\nhost=${1##*.}; shift\n'
                         'exec ip netns exec "xtape-$host" unshare --uts sh -c "hostname node$host && $*"\n')
        agent.chmod(0o755)
        remove_namespaces()
        try:
            make_namespaces()
            results = {"processors": os.cpu_count(), "shaped by": [], "measurements": []}
            for gbit in LINKS:
                results["shaped by"].append(shape(gbit))
                for ranks in RANKS:
                    print(f"links: {gbit} Gbit/s, {ranks} ranks", file=sys.stderr)
                    for each in run(ranks, program, ["--links", *arguments], str(agent)):
                        results["measurements"].append({"gbit": gbit, "ranks": ranks, **each})
        except subprocess.CalledProcessError as error:
            print(f"links: left out: {' '.join(error.cmd)}: {error.stderr.strip()}", file=sys.stderr)
            return
        finally:
            remove_namespaces()
    lines = ",\n    ".join(json.dumps(each) for each in results.pop("measurements"))
    print(json.dumps(results, indent=2)[:-2] + ',\n  "measurements": [\n    ' + lines + "\n  ]\n}")


if __name__ == "__main__":
    main(*sys.argv[1:])
