#!/usr/bin/env python3
"""Writes traces.json: how PyTorch trains in float64, which tests/oracle/traces_test.cpp repeats.

    python3 -m venv venv && venv/bin/pip install torch numpy
    venv/bin/python tests/oracle/traces.py

Each trace is 50 steps of training a 5-7-3 network. What it starts with are multiples of 1/256, so
that the file stays small; results are written with the 17 digits that make them exact.
"""

import datetime
import json
import math
import pathlib
import platform

import numpy
import torch
import torch.nn.functional as F

torch.set_default_dtype(torch.float64)
torch.set_num_threads(1)
random = numpy.random.default_rng(20)
inf = math.inf


def draw(shape, low=-2.0, high=2.0):
    return torch.tensor(numpy.round(random.uniform(low, high, shape) * 256) / 256)


def numbers(tensor):
    return tensor.detach().reshape(-1).tolist()


def array(tensor):
    return {"shape": list(tensor.shape), "data": numbers(tensor)}


x = draw((8, 5))
labels = [int(k) for k in random.integers(0, 3, 8)]
targets = F.softmax(draw((8, 3)), dim=1)
start = [draw((5, 7), -1, 1), draw((7,), -0.5, 0.5), draw((7, 3), -1, 1), draw((3,), -0.5, 0.5)]
criteria = {
    "cross_entropy": lambda y, how: F.cross_entropy(y, torch.tensor(labels), reduction=how),
    "cross_entropy_rows": lambda y, how: F.cross_entropy(y, targets, reduction=how),
    "mse": lambda y, how: F.mse_loss(y, targets, reduction=how),
}


def train(name, optimizer, options, *, loss="cross_entropy", reduction="mean", activation="tanh",
          schedule=None, max_norm=None):
    """50 steps. `options` are PyTorch's; the test translates them."""
    parameters = [p.clone().requires_grad_() for p in start]
    w1, b1, w2, b2 = parameters
    optimizer_of = {"SGD": torch.optim.SGD, "Adam": torch.optim.Adam, "AdamW": torch.optim.AdamW,
                    "RMSprop": torch.optim.RMSprop}
    stepper = optimizer_of[optimizer](parameters, foreach=False, **options)
    scheduler = schedules[schedule](stepper) if schedule else None
    trace = {"name": name, "optimizer": optimizer, "options": options, "loss": loss,
             "reduction": reduction, "activation": activation, "losses": [], "rates": [],
             "norms": []}
    for _ in range(50):
        stepper.zero_grad()
        h = x @ w1 + b1
        h = getattr(torch, activation)(h)
        value = criteria[loss](h @ w2 + b2, reduction)
        value.backward()
        trace["losses"].append(value.item())
        if schedule:
            trace["rates"].append(stepper.param_groups[0]["lr"])
        norm = torch.nn.utils.clip_grad_norm_(parameters, inf).item()
        if max_norm:
            trace["norms"].append(norm)
        if max_norm and norm > max_norm:
            # clip_grad_norm_ multiplies by max_norm / (norm + 1e-6); here it is the norm itself.
            for p in parameters:
                p.grad *= max_norm / norm
        stepper.step()
        if scheduler:
            scheduler.step()
    if schedule:
        trace["schedule"] = schedule
    if max_norm:
        trace["max_norm"] = max_norm
    trace["parameters"] = [array(p) for p in parameters]
    return trace


rates = torch.optim.lr_scheduler
# The rates that the schedules of nn/optim/schedule.hpp give for the learning rate 0.5, under the names
# that the test knows. Beyond total_steps CosineAnnealingLR would rise again, where cosine_decay
# stays: so there the formula is written out.
schedules = {
    "constant": lambda o: rates.ConstantLR(o, factor=1.0),
    "step_decay": lambda o: rates.StepLR(o, step_size=7, gamma=0.5),
    "linear_decay": lambda o: rates.LinearLR(o, 1.0, 0.1, total_iters=30),
    "cosine_decay": lambda o: rates.CosineAnnealingLR(o, T_max=50, eta_min=0.05),
    "cosine_decay_short": lambda o: rates.LambdaLR(
        o, lambda step: 0.5 * (1 + math.cos(math.pi * min(step / 20, 1)))),
    "warm_up": lambda o: rates.SequentialLR(
        o, [rates.LinearLR(o, 1 / 11, 1.0, total_iters=10),
            rates.CosineAnnealingLR(o, T_max=40)], milestones=[10]),
}


def traces():
    sgd = {"lr": 0.5}
    momentum = {"lr": 0.1, "momentum": 0.9}
    result = [
        train("SGD", "SGD", sgd),
        train("SGD, weight decay", "SGD", {**sgd, "weight_decay": 0.02}, activation="sigmoid"),
        train("SGD, momentum", "SGD", momentum),
        train("SGD, momentum, weight decay", "SGD", {**momentum, "weight_decay": 0.02},
              loss="cross_entropy_rows"),
        train("SGD, nesterov", "SGD", {**momentum, "nesterov": True}, loss="mse"),
        train("SGD, nesterov, weight decay", "SGD",
              {**momentum, "nesterov": True, "weight_decay": 0.02}, activation="sigmoid"),
        train("SGD, sum of losses", "SGD", {"lr": 0.02}, reduction="sum"),
        train("SGD, sum of squares", "SGD", {"lr": 0.02}, loss="mse", reduction="sum"),
        train("SGD, sum over rows of targets", "SGD", {"lr": 0.02}, loss="cross_entropy_rows",
              reduction="sum", activation="sigmoid"),
        train("SGD, clipped", "SGD", sgd, max_norm=0.1),
        train("SGD, momentum, clipped at times", "SGD", momentum, max_norm=0.4),
        train("Adam", "Adam", {"lr": 0.05}),
        train("Adam, default rate", "Adam", {}, loss="mse"),
        train("Adam, weight decay", "Adam", {"lr": 0.05, "weight_decay": 0.02}),
        train("Adam, betas and epsilon", "Adam", {"lr": 0.05, "betas": [0.7, 0.95], "eps": 1e-3},
              activation="sigmoid"),
        train("Adam, clipped", "Adam", {"lr": 0.05}, max_norm=0.1),
        train("AdamW", "AdamW", {"lr": 0.05}),
        train("AdamW, weight decay", "AdamW", {"lr": 0.05, "weight_decay": 0.2}, loss="mse"),
        train("RMSprop", "RMSprop", {}),
        train("RMSprop, alpha and epsilon", "RMSprop", {"lr": 0.02, "alpha": 0.9, "eps": 1e-3},
              loss="mse"),
        train("RMSprop, momentum", "RMSprop", {"lr": 0.005, "momentum": 0.8}, activation="sigmoid"),
        train("RMSprop, centered", "RMSprop", {"centered": True, "eps": 1e-4}),
        train("RMSprop, all options", "RMSprop",
              {"lr": 0.005, "alpha": 0.95, "eps": 1e-4, "momentum": 0.5, "centered": True,
               "weight_decay": 0.02}, loss="cross_entropy_rows"),
    ]
    for name in schedules:
        result.append(train(f"SGD, {name}", "SGD", {"lr": 0.5, "momentum": 0.5}, schedule=name))
    result.append(train("AdamW, cosine_decay", "AdamW", {"lr": 0.5, "weight_decay": 0.02},
                        schedule="cosine_decay"))
    return {"x": array(x), "labels": labels, "targets": array(targets),
            "parameters": [array(p) for p in start], "runs": result}


def main():
    made = {"generated": datetime.date.today().isoformat(), "python": platform.python_version(),
            "torch": torch.__version__, "numpy": numpy.__version__}
    training = traces()
    runs = ",\n".join(json.dumps(run, separators=(",", ":")) for run in training.pop("runs"))
    text = '{"made":' + json.dumps(made)
    text += ',\n"training":' + json.dumps(training, separators=(",", ":"))
    text += ',\n"traces":[\n' + runs + "]}\n"
    path = pathlib.Path(__file__).with_name("traces.json")
    path.write_text(text)
    print(f"{path}: {text.count(chr(10)) - 3} traces, {len(text)} bytes")


main()
