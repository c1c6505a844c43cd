#!/usr/bin/env python3
"""Writes resnet.json: what PyTorch computes with a ResNet-20 for CIFAR (He et al. 2015) and with a
convolution whose output is flattened, in float64. tests/oracle/resnet_test.cpp computes the same
with xtape, from weights in files of PyTorch's layout.

    venv/bin/python tests/oracle/resnet.py

All numbers follow from a formula, so that no weights are stored: draw(k, ...) is the same here and
in the test, where k is the place of a tensor among the sorted names.
"""

import json
import pathlib

import numpy
import torch
import torch.nn.functional as F
from torch import nn


class Residual(nn.Module):
    """A block under the names that xtape gives its parts."""

    def __init__(self, channels, out, stride):
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(channels, out, 3, stride, 1, bias=False), nn.BatchNorm2d(out), nn.ReLU(),
            nn.Conv2d(out, out, 3, 1, 1, bias=False), nn.BatchNorm2d(out))
        self.shortcut = nn.Sequential()
        if channels != out:
            self.shortcut = nn.Sequential(nn.Conv2d(channels, out, 1, stride, bias=False),
                                          nn.BatchNorm2d(out))

    def forward(self, x):
        return self.shortcut(x) + self.body(x)


def resnet20():
    layers = [nn.Conv2d(3, 16, 3, 1, 1, bias=False), nn.BatchNorm2d(16), nn.ReLU()]
    channels = 16
    for out in 16, 32, 64:
        for _ in range(3):
            layers += [Residual(channels, out, 1 if channels == out else 2), nn.ReLU()]
            channels = out
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 10))


def flattened():
    return nn.Sequential(nn.Conv2d(3, 4, 3, 2, bias=False), nn.ReLU(), nn.Flatten(),
                         nn.Linear(4 * 7 * 5, 3))


def draw(k, shape, scale=1.0, offset=0.0):
    """Numbers in offset + scale [-1/2, 1/2) with 22 binary digits: exact in float32, too."""
    h = numpy.arange(numpy.prod(shape, dtype=numpy.int64), dtype=numpy.uint64)
    mask = numpy.uint64(0xFFFFFFFF)
    h = (h * numpy.uint64(2654435761) + numpy.uint64(k) * numpy.uint64(40503) + numpy.uint64(1)) & mask
    for _ in range(2):
        h = ((h ^ (h >> numpy.uint64(16))) * numpy.uint64(0x45D9F3B)) & mask
    h ^= h >> numpy.uint64(16)
    unit = (h >> numpy.uint64(10)).astype(numpy.float64) / 2**22
    return torch.tensor((unit - 0.5) * scale + offset).reshape(shape)


def set_state(model):
    state = model.state_dict()
    for k, name in enumerate(sorted(state)):
        tensor = state[name]
        if name.endswith("num_batches_tracked"):
            tensor.fill_(3)
        elif tensor.dim() == 1:  # a bias, or what a norm has
            positive = name.endswith(("weight", "running_var"))
            tensor.copy_(draw(k, tensor.shape, 0.5, 1.0 if positive else 0.0))
        else:
            fan = tensor[0].numel()
            tensor.copy_(draw(k, tensor.shape, 2.0 ** round(numpy.log2(24 / fan) / 2)))


def some(tensor):
    """At most 16 elements at even distances, and the sum of all elements times drawn numbers."""
    flat = tensor.detach().reshape(-1)
    step = max(1, flat.numel() // 16)
    return {"sum": (flat * draw(999, flat.shape)).sum().item(), "most": flat.abs().max().item(),
            "elements": flat[::step][:16].tolist()}


def answer(model, images, labels):
    set_state(model)
    with torch.no_grad():
        evaluated = model.eval()(images)
    logits = model.train()(images)
    loss = F.cross_entropy(logits, labels)
    loss.backward()
    return {"evaluated": some(evaluated), "trained": some(logits), "loss": loss.item(),
            "gradients": {name: some(p.grad) for name, p in model.named_parameters()},
            "statistics": {name: some(b) for name, b in model.named_buffers() if b.dim() > 0}}


# No input of a ReLU is nearer to 0 than 2e-5 of their deviation, so rounding in float decides on no
# gradient.
IMAGES = 1034, (4, 3, 16, 16), 4.0
LABELS = 3, 1, 4, 1


def main():
    torch.set_default_dtype(torch.float64)
    torch.set_num_threads(1)
    small = draw(1001, (4, 3, 15, 11), 4.0)
    result = {"torch": torch.__version__,
              "resnet20": answer(resnet20(), draw(*IMAGES), torch.tensor(LABELS)),
              "flattened": answer(flattened(), small, torch.tensor([2, 0, 1, 2]))}
    path = pathlib.Path(__file__).with_suffix(".json")
    path.write_text(json.dumps(result, separators=(",", ":")) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
