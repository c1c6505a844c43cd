#!/usr/bin/env python3
"""Times Hessian-vector products of PyTorch and JAX beside those of xtape, in one run, and compares
all 101,770 numbers of one.

derivatives.py BUILD_FOLDER: runs derivatives_benchmark from there.
"""

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from safetensors.numpy import load_file

NAMES = ["0.weight", "0.bias", "2.weight", "2.bias"]


def milliseconds(call):
    times = []
    for _ in range(200):
        begin = time.perf_counter()
        call()
        times.append(1e3 * (time.perf_counter() - begin))
    return statistics.median(times[20:])


def report(name, gradient, product, answer, wanted):
    difference = max(float(abs(a - b).max()) for a, b in zip(answer, wanted))
    size = max(float(abs(b).max()) for b in wanted)
    print(f"{name}: gradient {1e3 * gradient:.1f} us, H v {1e3 * product:.1f} us, ratio "
          f"{product / gradient:.2f}; differs from xtape by {difference:.1e} of {size:.1e}")
    if difference > 1e-5 * size:
        sys.exit(f"{name} and xtape differ")


def with_torch(weights, direction, images, labels, wanted):
    import torch

    torch.set_num_threads(1)
    x, t = torch.tensor(images), torch.tensor(labels)
    w = tuple(torch.tensor(each) for each in weights)
    v = tuple(torch.tensor(each) for each in direction)

    def loss(w0, b0, w2, b2):
        return torch.nn.functional.cross_entropy(torch.sigmoid(x @ w0 + b0) @ w2 + b2, t)

    def gradient():
        leaves = [each.clone().requires_grad_() for each in w]
        return torch.autograd.grad(loss(*leaves), leaves)

    def product():  # double backward, the fastest way
        leaves = [each.clone().requires_grad_() for each in w]
        first = torch.autograd.grad(loss(*leaves), leaves, create_graph=True)
        return torch.autograd.grad(sum((a * b).sum() for a, b in zip(first, v)), leaves)

    report(f"PyTorch {torch.__version__}", milliseconds(gradient), milliseconds(product),
           [each.numpy() for each in product()], wanted)


def with_jax(weights, direction, images, labels, wanted):
    import jax
    import jax.numpy as jnp
    import numpy as np

    x, t = jnp.asarray(images), jnp.asarray(labels)
    w, v = [jnp.asarray(each) for each in weights], [jnp.asarray(each) for each in direction]

    def loss(w):
        z = jax.nn.sigmoid(x @ w[0] + w[1]) @ w[2] + w[3]
        return -jnp.mean(jnp.take_along_axis(jax.nn.log_softmax(z), t[:, None], 1))

    gradient = jax.jit(jax.grad(loss))
    product = jax.jit(lambda w, v: jax.jvp(jax.grad(loss), (w,), (v,))[1])
    report(f"JAX {jax.__version__}", milliseconds(lambda: jax.block_until_ready(gradient(w))),
           milliseconds(lambda: jax.block_until_ready(product(w, v))),
           [np.asarray(each) for each in product(w, v)], wanted)


def main():
    program = Path(sys.argv[1]) / "derivatives_benchmark"
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([program, folder], check=True)

        def arrays(name):
            file = load_file(f"{folder}/{name}.safetensors")
            return [file[each] for each in NAMES]

        images = load_file(f"{folder}/images.safetensors")["images"]
        labels = [i % 10 for i in range(len(images))]
        print("784-128-10, one thread (JAX: its own):")
        for peer in (with_torch, with_jax):
            try:
                peer(arrays("weights"), arrays("direction"), images, labels, arrays("product"))
            except ImportError as error:
                print(f"{peer.__name__}: {error}")


if __name__ == "__main__":
    main()
