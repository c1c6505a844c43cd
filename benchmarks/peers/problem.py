"""The problem that all peers solve, and the way they are timed: problem.hpp in Python."""

import os
import sys
import time

import numpy as np

TRACED_STEPS = 50
LEARNING_RATE = 0.1


class Problem:
    def __init__(self, folder):
        with open(os.path.join(folder, "spec.txt")) as spec:
            self.batch, *self.widths = map(int, spec.read().split())

        def read(name, dtype):
            return np.fromfile(os.path.join(folder, name), dtype)

        images = read("images.f32", np.float32).reshape(-1, self.batch, self.widths[0])
        labels = read("labels.u8", np.uint8).reshape(-1, self.batch)
        self.batches = list(zip(images, labels))
        layers = range(len(self.widths) - 1)
        self.weights = [
            read(f"w{i}.f32", np.float32).reshape(self.widths[i], self.widths[i + 1])
            for i in layers
        ]
        self.biases = [read(f"b{i}.f32", np.float32) for i in layers]


def read_images(folder):
    """Of a problem with images: the name of the network, and the batches: (batches, batch, ...)."""
    with open(os.path.join(folder, "spec.txt")) as spec:
        name = spec.readline().strip()
        shape = [int(extent) for extent in spec.readline().split()]
    return name, np.fromfile(os.path.join(folder, "images.f32"), np.float32).reshape(-1, *shape)


def arguments():
    """The problem, the number of threads, and the seconds to time for."""
    folder, threads, seconds = sys.argv[1:4]
    return Problem(folder), int(threads), float(seconds)


def run(count, seconds, step, finish=lambda: None, traced=TRACED_STEPS):
    """Calls step(index) for `count` batches in turn, and prints as problem.hpp does. It returns the loss.

    finish() waits for work that step() has only begun.
    """
    print("losses", *(f"{float(step(i % count)):.9g}" for i in range(traced)))
    index = traced

    def sample(repetitions):
        nonlocal index
        start = time.perf_counter()
        for _ in range(repetitions):
            step(index % count)
            index += 1
        finish()
        return (time.perf_counter() - start) / repetitions

    repetitions = max(1, int(2e-3 / sample(3)))
    samples = []
    begin = time.perf_counter()
    while time.perf_counter() - begin < seconds or len(samples) < 5:
        samples.append(1e6 * sample(repetitions))
    print(f"microseconds {sorted(samples)[len(samples) // 2]:.3f}")
    print(f"mean {sum(samples) / len(samples):.3f}")
