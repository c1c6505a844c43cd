#!/usr/bin/env python3
"""Prints the table of docs/scaling.md and writes its picture: what the cost model says of many machines."""

import math
import sys
from pathlib import Path

LATENCY = 20e-6  # seconds of a message between two machines. An assumption.
LINKS = (1, 10, 100)  # Gbit/s
MACHINES = (8, 64, 1024)
# Name, parameters, and seconds of a step of one machine: docs/performance.md, one thread. The last
# one follows from 326 million operations an image, 64 images and 120 GFLOP/s.
NETWORKS = (
    ("784-128-10", 101_770, 125e-6),
    ("784-1024-1024-10", 1_863_690, 11.9e-3),
    ("CIFAR-10, widths 64-128-128", 570_000, 174e-3),
)
COLOURS = ("#0072b2", "#d55e00", "#009e73")


def ring(machines, size, bandwidth):
    return 2 * (machines - 1) * (LATENCY + size / machines / bandwidth)


def tree(machines, size, bandwidth):
    return math.ceil(math.log2(machines)) * (LATENCY + size / bandwidth)


def all_reduce(machines, parameters, gbit):
    size, bandwidth = 4 * parameters, gbit * 1e9 / 8
    return min(ring(machines, size, bandwidth), tree(machines, size, bandwidth))


def speedup(machines, parameters, seconds, gbit, every=1):
    """The samples per second of many machines beside one. `every`: an all-reduce in so many steps."""
    forward, backward = seconds / 3, 2 * seconds / 3
    sums = all_reduce(machines, parameters, gbit)
    if every == 1:
        step = forward + max(backward, sums)
    else:
        step = seconds + sums / every
    return machines * seconds / step


def table():
    print("| network | link | " + " | ".join(f"{k:,}" for k in MACHINES) + " |")
    print("|---|---|" + "---:|" * len(MACHINES))
    for name, parameters, seconds in NETWORKS:
        for gbit in LINKS:
            row = (f"{speedup(k, parameters, seconds, gbit):,.1f}" for k in MACHINES)
            print(f"| {name} | {gbit} Gbit/s | " + " | ".join(row) + " |")


def picture():
    """An SVG: efficiency over the number of machines, a colour for each network, a dash for each link."""
    x = lambda k: 60 + 60 * (math.log2(k) - 1)
    y = lambda share: 260 - 230 * share
    parts = ['<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 640 330" font-family="sans-serif" font-size="12">',
             '<rect width="640" height="330" fill="white"/>']
    for share in (0, 0.25, 0.5, 0.75, 1):
        parts.append(f'<path d="M60 {y(share):.1f}H600" stroke="#ddd"/>'
                     f'<text x="52" y="{y(share) + 4:.1f}" text-anchor="end">{share:.2f}</text>')
    for k in (2, 4, 8, 16, 32, 64, 128, 256, 512, 1024):
        parts.append(f'<text x="{x(k):.0f}" y="278" text-anchor="middle">{k}</text>')
    for (name, parameters, seconds), colour in zip(NETWORKS, COLOURS):
        for gbit, dash in zip(LINKS, ("2 3", "6 3", "none")):
            points = " ".join(f"{x(2 ** (i / 4)):.1f},{y(speedup(2 ** (i / 4), parameters, seconds, gbit) / 2 ** (i / 4)):.1f}"
                              for i in range(4, 41, 4))
            parts.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-dasharray="{dash}"/>')
    for i, ((name, _, _), colour) in enumerate(zip(NETWORKS, COLOURS)):
        parts.append(f'<text x="{60 + 190 * i}" y="300" fill="{colour}">{name}</text>')
    parts.append('<text x="60" y="320">speed of each machine beside one alone, over machines; dotted 1, dashed 10, solid 100 Gbit/s</text></svg>')
    return "\n".join(parts) + "\n"


if __name__ == "__main__":
    table()
    (Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parents[1] / "docs/pictures/scaling.svg").write_text(picture())
