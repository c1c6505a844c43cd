#!/usr/bin/env python3
"""Writes minima.json: what SciPy's L-BFGS-B finds, which tests/oracle/minima_test.cpp compares.

    python3 -m venv venv && venv/bin/pip install scipy numpy
    venv/bin/python tests/oracle/minima.py

Each problem is minimised twice: with SciPy's tolerances, for the numbers of steps and of losses,
and as far as it goes, for the place of the minimum.
"""

import datetime
import json
import pathlib
import platform

import numpy as np
import scipy
from scipy.optimize import minimize, rosen, rosen_der

random = np.random.default_rng(16)


def rosenbrock(x):
    return rosen(x), rosen_der(x)


def logistic(features, labels, decay):
    """The mean of ln(1 + e^(-label score)) of the samples, and decay / 2 times the squared weights."""
    def loss(w):
        margins = labels * (features @ w)
        slopes = -labels / (1 + np.exp(margins))
        return (np.logaddexp(0, -margins).mean() + decay / 2 * w @ w,
                features.T @ slopes / len(labels) + decay * w)
    return loss


def solve(name, loss, start, **more):
    usual = minimize(loss, start, jac=True, method="L-BFGS-B")
    exact = minimize(loss, start, jac=True, method="L-BFGS-B",
                     options={"ftol": 0, "gtol": 1e-11, "maxiter": 10000, "maxls": 100})
    return {"name": name, "start": list(start), **more, "loss": usual.fun,
            "iterations": int(usual.nit), "evaluations": int(usual.nfev),
            "minimum": exact.fun, "place": exact.x.tolist()}


def main():
    problems = []
    for size in (2, 10, 100):
        problems.append(solve(f"Rosenbrock in {size} dimensions", rosenbrock, [-1.2, 1.0] * (size // 2)))
    features = np.round(random.normal(size=(60, 5)) * 64) / 64
    weights = np.array([2.0, -1.0, 0.5, 0.0, 1.0])
    labels = np.where(features @ weights + random.normal(size=60) > 0, 1.0, -1.0)
    for decay in (0.01, 1e-4):
        problems.append(solve(f"logistic regression with decay {decay}",
                              logistic(features, labels, decay), [0.0] * 5, decay=decay,
                              features=features.reshape(-1).tolist(), labels=labels.tolist()))
    made = {"generated": datetime.date.today().isoformat(), "python": platform.python_version(),
            "scipy": scipy.__version__, "numpy": np.__version__}
    path = pathlib.Path(__file__).with_suffix(".json")
    lines = ",\n".join(json.dumps(problem, separators=(",", ":")) for problem in problems)
    path.write_text(f'{{"made":{json.dumps(made)},\n"problems":[\n{lines}]}}\n', encoding="utf-8")
    for problem in problems:
        print({key: value for key, value in problem.items() if key not in ("features", "labels", "start", "place")})


main()
