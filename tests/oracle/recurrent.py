#!/usr/bin/env python3
"""Writes recurrent.json: what PyTorch's LSTM and GRU compute in float64, and their gradients,
which tests/nn/layers/recurrent_test.cpp repeats.

    venv/bin/python tests/oracle/recurrent.py
"""

import json
import pathlib

import torch

from arrays import array, drawer

draw = drawer(21, -1, 1)


def run(layer, state):
    """The result of a layer and its gradients, from a state. The loss weighs all results."""
    x = draw((2, 4, 3)).requires_grad_()
    for parameter in layer.parameters():
        parameter.data = draw(parameter.shape)
    names = list(layer.state_dict())
    state = [each.requires_grad_() for each in state]
    y, last = layer(x, tuple(each[None] for each in state) if len(state) > 1 else state[0][None])
    last = [each[0] for each in last] if len(state) > 1 else [last[0]]
    weights = [draw(each.shape) for each in [y, *last]]
    sum((a * b).sum() for a, b in zip([y, *last], weights)).backward()
    return {"x": array(x), "state": [array(each) for each in state], "y": array(y),
            "last": [array(each) for each in last], "weights": [array(each) for each in weights],
            "names": names, "parameters": [array(each) for each in layer.parameters()],
            "x_grad": array(x.grad), "state_grads": [array(each.grad) for each in state],
            "grads": [array(each.grad) for each in layer.parameters()]}


result = {"torch": torch.__version__,
          "lstm": run(torch.nn.LSTM(3, 5, batch_first=True), [draw((2, 5)), draw((2, 5))]),
          "gru": run(torch.nn.GRU(3, 5, batch_first=True), [draw((2, 5))])}
path = pathlib.Path(__file__).with_suffix(".json")
path.write_text(json.dumps(result, separators=(",", ":")) + "\n", encoding="utf-8")
