#!/usr/bin/env python3
"""Writes attention.json: what PyTorch's MultiheadAttention and TransformerEncoderLayer compute in
float64, and their gradients, which tests/nn/layers/attention_test.cpp and transformer_test.cpp
repeat.

    venv/bin/python tests/oracle/attention.py
"""

import json
import pathlib

import torch

from arrays import array, drawer

draw = drawer(22, -1, 1)


def run(module, call, *shapes):
    """The result of a module and its gradients. Weights are as in the weights file of PyTorch. The
    loss weighs all results."""
    inputs = [draw(shape).requires_grad_() for shape in shapes]
    for parameter in module.parameters():
        parameter.data = draw(parameter.shape)
    y = call(*inputs)
    weights = draw(y.shape)
    (y * weights).sum().backward()
    named = dict(module.named_parameters())
    return {"inputs": [array(each) for each in inputs], "y": array(y), "weights": array(weights),
            "input_grads": [array(each.grad) for each in inputs],
            "parameters": {name: array(each) for name, each in named.items()},
            "grads": {name: array(each.grad) for name, each in named.items()}}


def attention(**masks):
    layer = torch.nn.MultiheadAttention(4, 2, batch_first=True)
    return layer, lambda query, memory=None: layer(
        query, query if memory is None else memory, query if memory is None else memory,
        need_weights=False, **masks)[0]


def block(causal, **options):
    layer = torch.nn.TransformerEncoderLayer(4, 2, 6, dropout=0, batch_first=True, **options)
    mask = torch.nn.Transformer.generate_square_subsequent_mask(5) if causal else None
    return layer, lambda x: layer(x, src_mask=mask, is_causal=causal)


hidden = torch.ones(5, 5, dtype=torch.bool).triu(1)
padding = torch.tensor([[False, False, False, True, True], [True, False, False, False, False]])
added = draw((5, 5))
result = {
    "torch": torch.__version__, "padding": array(padding * 1.0), "added": array(added),
    "self": run(*attention(), (2, 5, 4)),
    "causal": run(*attention(attn_mask=hidden), (2, 5, 4)),
    "padded": run(*attention(key_padding_mask=padding), (2, 5, 4)),
    "added_scores": run(*attention(attn_mask=added), (2, 5, 4)),
    "cross": run(*attention(), (2, 3, 4), (2, 5, 4)),
    "block": run(*block(False), (2, 5, 4)),
    "norm_first": run(*block(True, norm_first=True, activation="gelu"), (2, 5, 4)),
}
path = pathlib.Path(__file__).with_suffix(".json")
path.write_text(json.dumps(result, separators=(",", ":")) + "\n", encoding="utf-8")
