#!/usr/bin/env python3
"""Writes derivatives.json: what torch.func computes in float64 of the functions in derivatives_test.cpp:
their values, their derivatives along directions, and Hessian-vector products and Hessians.

    venv/bin/python tests/oracle/derivatives.py
"""

import json
import pathlib

import torch
import torch.nn.functional as F

from arrays import array, drawer

draw = drawer(31, -1, 1)


def run(f, *inputs, hessian=False):
    """The derivatives of f, which returns one number, along directions that are drawn."""
    argnums = tuple(range(len(inputs)))
    directions = tuple(draw(x.shape) for x in inputs)
    y, dy = torch.func.jvp(f, inputs, directions)
    _, products = torch.func.jvp(torch.func.grad(f, argnums), inputs, directions)
    result = {"inputs": [array(x) for x in inputs], "directions": [array(v) for v in directions],
              "y": array(y), "dy": array(dy), "products": [array(p) for p in products]}
    if hessian:
        result["hessian"] = array(torch.func.hessian(f)(*inputs))
    return result


def rosenbrock(x):
    return (100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2).sum()


def network(w1, b1, w2, b2):
    images = torch.arange(24.0).reshape(4, 6) / 8 - 1
    hidden = torch.sigmoid(images @ w1 + b1)
    return F.cross_entropy(hidden @ w2 + b2, torch.tensor([0, 2, 1, 2]), label_smoothing=0.125)


def images(x, weight, bias):
    y = F.conv2d(x.permute(0, 3, 1, 2), weight.permute(3, 2, 0, 1), bias, stride=1, padding=1)
    y = F.avg_pool2d(F.gelu(y), 2)
    return F.max_pool2d(y, 2, stride=1).square().mean()


def attention(query, key, value):
    scores = torch.softmax(query @ key.transpose(1, 2) / 2, -1)
    return (torch.tanh(scores @ value) * torch.log_softmax(query, -1)).sum()


def reductions(x):
    return (x.logsumexp(1).prod() + x.var(0, correction=1).sum() + x.norm()
            + (x.cumsum(1) * x).mean() + x.amax(0).sum() * x.amin())


def gaussian(a, y):
    covariance = a @ a.mT + torch.eye(4)
    whitened = torch.linalg.solve_triangular(torch.linalg.cholesky(covariance), y, upper=False)
    regular = a + 4 * torch.eye(4)
    return (whitened.square().sum() / 2 + torch.linalg.slogdet(covariance)[1].sum()
            + torch.sin(torch.linalg.solve(regular, y)).sum() + torch.linalg.inv(regular).square().sum())


result = {
    "torch": torch.__version__,
    "rosenbrock": run(rosenbrock, draw((5,)), hessian=True),
    "network": run(network, draw((6, 5)), draw((5,)), draw((5, 3)), draw((3,))),
    "images": run(images, draw((2, 6, 6, 2)), draw((3, 3, 2, 4)), draw((4,))),
    "attention": run(attention, draw((2, 5, 4)), draw((2, 5, 4)), draw((2, 5, 4))),
    "reductions": run(reductions, draw((3, 4)), hessian=True),
    "gaussian": run(gaussian, draw((2, 4, 4)), draw((4, 3))),
}
path = pathlib.Path(__file__).with_suffix(".json")
path.write_text(json.dumps(result, separators=(",", ":")) + "\n", encoding="utf-8")
