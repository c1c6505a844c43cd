#!/usr/bin/env python3
"""Writes batch_norm.json: how PyTorch trains a network with batch norm in float64, with the running
statistics after each step, which tests/nn/statistics_test.cpp repeats.

    venv/bin/python tests/oracle/batch_norm.py
"""

import json
import pathlib

import torch
import torch.nn.functional as F

from arrays import array, drawer

draw = drawer(20, -2, 2)
w1, w2 = draw((5, 7), -1, 1), draw((7, 3), -1, 1)
model = torch.nn.Sequential(torch.nn.Linear(5, 7, bias=False), torch.nn.BatchNorm1d(7, momentum=0.25),
                            torch.nn.Tanh(), torch.nn.Linear(7, 3, bias=False))
with torch.no_grad():
    model[0].weight.copy_(w1.T)
    model[3].weight.copy_(w2.T)
batches, targets = draw((3, 8, 5)), draw((3, 8, 3))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
steps = []
for x, target in zip(batches, targets):
    model.train()
    optimizer.zero_grad()
    loss = F.mse_loss(model(x), target)
    loss.backward()
    optimizer.step()
    model.eval()
    norm = model[1]
    steps.append({"loss": loss.item(), "running_mean": array(norm.running_mean),
                  "running_var": array(norm.running_var), "weight": array(norm.weight),
                  "bias": array(norm.bias), "evaluated": array(model(batches[0]))})
result = {"torch": torch.__version__, "w1": array(w1), "w2": array(w2), "batches": array(batches),
          "targets": array(targets), "steps": steps}
path = pathlib.Path(__file__).with_suffix(".json")
path.write_text(json.dumps(result, separators=(",", ":")) + "\n", encoding="utf-8")
