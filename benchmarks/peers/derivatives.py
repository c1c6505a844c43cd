#!/usr/bin/env python3
"""Times Hessian-vector products of PyTorch and JAX beside those of xtape, in one run, and compares
all 101,770 numbers of one. Then does the same with JAX for the loss of examples/13_physics.cpp,
which contains a derivative, and its gradient.

derivatives.py BUILD_FOLDER: runs derivatives_benchmark from there.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from safetensors.numpy import load_file

NAMES = ["0.weight", "0.bias", "2.weight", "2.bias"]


def milliseconds(call, rounds=200):
    times = []
    for _ in range(rounds):
        begin = time.perf_counter()
        call()
        times.append(1e3 * (time.perf_counter() - begin))
    return statistics.median(times[rounds // 10 :])


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


def physics(folder):
    """Prints the time of JAX on one processor."""
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})  # before JAX starts its threads
    import jax

    jax.config.update("jax_enable_x64", True)
    import jax.numpy as jnp
    import numpy as np

    names = [f"{layer}.{array}" for layer in (0, 2, 4) for array in ("weight", "bias")]
    arrays = load_file(f"{folder}/network.safetensors")
    w = [jnp.asarray(arrays[name]) for name in names]
    times = jnp.linspace(0, 2 * jnp.pi, 64)[:, None]
    start, turn = jnp.array([0.0, 1.0]), jnp.array([[0.0, -1.0], [1.0, 0.0]])

    def solution(w, t):
        h = jnp.tanh((t - jnp.pi) @ w[0] + w[1])
        return start + jnp.tanh(t) * (jnp.tanh(h @ w[2] + w[3]) @ w[4] + w[5])

    def loss(w):
        y, slope = jax.jvp(lambda t: solution(w, t), (times,), (jnp.ones_like(times),))
        return jnp.mean((slope - y @ turn) ** 2)

    both = jax.jit(jax.value_and_grad(loss))
    microseconds = 1e3 * milliseconds(lambda: jax.block_until_ready(both(w)), 2000)
    value, gradient = both(w)
    wanted, of_xtape = load_file(f"{folder}/numbers.safetensors")["numbers"]
    answer = load_file(f"{folder}/gradient.safetensors")
    difference = max(float(abs(np.asarray(g) - answer[name]).max())
                     for g, name in zip(gradient, names))
    print(f"JAX {jax.__version__}: loss and gradient {microseconds:.1f} us, "
          f"{microseconds / of_xtape:.2f} times that of xtape; the gradient differs by "
          f"{difference:.1e}, the loss by {abs(float(value) - wanted):.1e}")
    if difference > 1e-12 or abs(float(value) - wanted) > 1e-12:
        sys.exit("JAX and xtape differ")


def main():
    if sys.argv[1] == "--physics":
        try:
            physics(sys.argv[2])
        except ImportError as error:
            print(f"physics: {error}")
        return
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
        print("examples/13_physics.cpp, one thread:", flush=True)
        subprocess.run([sys.executable, __file__, "--physics", folder], check=True)


if __name__ == "__main__":
    main()
