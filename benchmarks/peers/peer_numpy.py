"""The tutorial's program: backpropagation by hand in NumPy, in float32 or float64."""

import sys

import numpy as np

from problem import LEARNING_RATE, arguments, run

problem, threads, seconds = arguments()
dtype = np.dtype(sys.argv[4])
weights = [w.astype(dtype) for w in problem.weights]
biases = [b.astype(dtype) for b in problem.biases]
one = np.eye(problem.widths[-1], dtype=dtype)
batches = [(x.astype(dtype), one[y]) for x, y in problem.batches]
rate = dtype.type(LEARNING_RATE)


def step(index):
    x, y = batches[index]
    size = len(x)
    values = [x]
    for i, (w, b) in enumerate(zip(weights, biases)):
        z = values[-1] @ w
        z += b
        values.append(1 / (1 + np.exp(-z)) if i + 1 < len(weights) else z)
    logits = values.pop()
    logits -= logits.max(axis=1, keepdims=True)
    y_hat = np.exp(logits)
    total = y_hat.sum(axis=1, keepdims=True)
    loss = (np.log(total).sum() - (logits * y).sum()) / size
    y_hat /= total
    dz = y_hat
    dz -= y
    dz /= size
    for i in reversed(range(len(weights))):
        dw = values[i].T @ dz
        db = dz.sum(axis=0)
        if i > 0:
            a = values[i]
            dz = dz @ weights[i].T
            dz *= a * (1 - a)
        dw *= rate
        weights[i] -= dw
        biases[i] -= rate * db
    return loss


run(len(problem.batches), seconds, step)
