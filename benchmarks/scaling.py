#!/usr/bin/env python3
"""Prints the table of docs/scaling.md and writes its picture: what the cost model says of many machines.

If benchmarks/links.json exists, which `./run bench links` measures, the model is fitted to it, and the residuals are
printed. Otherwise the latency and the bandwidth are assumptions.
"""

import json
import math
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
LINKS = (1, 10, 100)  # Gbit/s
MACHINES = (8, 64, 1024)
# Name, parameters, those of the last bucket, and seconds of a step of one machine: docs/performance.md,
# one thread. The last one follows from 326 million operations an image, 64 images and 120 GFLOP/s.
NETWORKS = (
    ("784-128-10", 101_770, 101_770, 125e-6),
    ("784-1024-1024-10", 1_863_690, 803_840, 11.9e-3),
    ("CIFAR-10, widths 64-128-128", 569_666, 14_136, 124.5e-3),
)
COLOURS = ("#0072b2", "#d55e00", "#009e73")


class Model:
    """A message of n bytes takes latency + n / (efficiency * link) seconds."""

    def __init__(self, latency, efficiency):
        self.latency, self.efficiency = latency, efficiency

    def all_reduce(self, machines, size, gbit):
        """The time of a sum. Two machines exchange their numbers. More of them use a tree for less than 64 KiB, as
        Open MPI does, and otherwise a ring or a tree, whichever is faster."""
        bandwidth = self.efficiency * gbit * 1e9 / 8
        if machines == 1 or size == 0:
            return 0
        if machines == 2:
            return self.latency + size / bandwidth
        tree = 2 * math.ceil(math.log2(machines)) * (self.latency + size / bandwidth)
        ring = 2 * (machines - 1) * (self.latency + size / machines / bandwidth)
        return tree if size < 2**16 else min(ring, tree)

    def step(self, machines, parameters, last, seconds, gbit):
        """The time of a step. `last`: the parameters of the last bucket, whose sum nothing hides. `seconds`: the
        time on one machine."""
        hidden = self.all_reduce(machines, 4 * (parameters - last), gbit)
        return seconds / 3 + max(2 * seconds / 3, hidden) + self.all_reduce(machines, 4 * last, gbit)

    def speedup(self, machines, parameters, last, seconds, gbit):
        """The samples per second of many machines beside one."""
        return machines * seconds / self.step(machines, parameters, last, seconds, gbit)


def minimise(f, x):
    """Searches along the coordinates, in steps that halve."""
    best, step = f(x), 1.0
    while step > 1e-4:
        before = best
        for i in range(len(x)):
            for change in (step, -step):
                y = x[:i] + [x[i] + change] + x[i + 1:]
                if f(y) < best:
                    x, best = y, f(y)
        if best == before:
            step /= 2
    return x


class Fit:
    """The model whose logarithms are nearest to those of the measurements."""

    def __init__(self, data):
        self.processors = data["processors"]
        self.rows = [row for row in data["measurements"]]
        self.names = sorted({row["network"] for row in self.rows if "network" in row})
        start = [math.log(100e-6), 0.0] + [math.log(min(self.seconds_of(name))) for name in self.names]
        self.set(minimise(self.error, start))

    def seconds_of(self, name):
        return [row["seconds"] for row in self.rows if row.get("network") == name and row["ranks"] == 1]

    def set(self, x):
        self.model = Model(math.exp(x[0]), math.exp(x[1]))
        self.compute = dict(zip(self.names, map(math.exp, x[2:])))

    def predict(self, row):
        """Ranks that share a processor compute one after the other."""
        if "bytes" in row:
            return self.model.all_reduce(row["ranks"], row["bytes"], row["gbit"])
        compute = self.compute[row["network"]] * max(1, row["ranks"] / self.processors)
        return self.model.step(row["ranks"], row["parameters"], row["last"], compute, row["gbit"])

    def error(self, x):
        self.set(x)
        return sum(math.log(self.predict(row) / row["seconds"]) ** 2 for row in self.rows)


def ms(seconds):
    return f"{1000 * seconds:,.3g}"


def print_fit(fit):
    print(f"latency {1e6 * fit.model.latency:.0f} us, {100 * fit.model.efficiency:.0f} % of a link's bandwidth")
    for name, seconds in fit.compute.items():
        print(f"{name}: {ms(seconds)} ms")
    print("\n| what | ranks | link | measured, ms | model, ms | residual |\n|---|---:|---:|---:|---:|---:|")
    for row in sorted(fit.rows, key=lambda row: (row.get("bytes", 1e9), row.get("network", ""), row["ranks"])):
        what = f"sum of {row['bytes']:,} bytes" if "bytes" in row else f"step, {row['network']}"
        model = fit.predict(row)
        print(f"| {what} | {row['ranks']} | {row['gbit']} Gbit/s | {ms(row['seconds'])} | {ms(model)} |"
              f" {100 * (model / row['seconds'] - 1):+.0f} % |")
    ratios = sorted(abs(math.log(fit.predict(row) / row["seconds"])) for row in fit.rows)
    print(f"\nhalf of the residuals are below {100 * math.expm1(ratios[len(ratios) // 2]):.0f} %, "
          f"all below a factor of {math.exp(ratios[-1]):.1f}\n")


def print_table(model):
    print("| network | link | " + " | ".join(f"{k:,}" for k in MACHINES) + " |")
    print("|---|---|" + "---:|" * len(MACHINES))
    for name, *network in NETWORKS:
        for gbit in LINKS:
            row = (f"{model.speedup(k, *network, gbit):,.1f}" for k in MACHINES)
            print(f"| {name} | {gbit} Gbit/s | " + " | ".join(row) + " |")


def picture(model):
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
    for (_, *network), colour in zip(NETWORKS, COLOURS):
        for gbit, dash in zip(LINKS, ("2 3", "6 3", "none")):
            points = " ".join(f"{x(k):.1f},{y(model.speedup(k, *network, gbit) / k):.1f}"
                              for k in (2 ** i for i in range(1, 11)))
            parts.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-dasharray="{dash}"/>')
    for i, ((name, *_), colour) in enumerate(zip(NETWORKS, COLOURS)):
        parts.append(f'<text x="{60 + 190 * i}" y="300" fill="{colour}">{name}</text>')
    parts.append('<text x="60" y="320">speed of each machine beside one alone, over machines; dotted 1, dashed 10, solid 100 Gbit/s</text></svg>')
    return "\n".join(parts) + "\n"


def main(measurements=HERE / "links.json", svg=HERE.parent / "docs/pictures/scaling.svg"):
    model = Model(latency=20e-6, efficiency=1)
    if Path(measurements).exists() and Path(measurements).stat().st_size > 0:  # without root, ./run bench links leaves an empty file
        fit = Fit(json.loads(Path(measurements).read_text()))
        print_fit(fit)
        model = fit.model
    print_table(model)
    Path(svg).write_text(picture(model))


if __name__ == "__main__":
    main(*sys.argv[1:])
