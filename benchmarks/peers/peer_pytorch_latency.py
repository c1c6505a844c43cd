"""PyTorch on the networks of peer_xtape_latency.cpp, an image at a time, in inference mode."""

import os
import sys

import numpy as np
import torch
from safetensors.torch import load_file
from torch import nn

from problem import run


def dense(activation, *widths):
    layers = []
    for i, (before, after) in enumerate(zip(widths, widths[1:])):
        layers += [nn.Linear(before, after)] + [activation()] * (i + 2 < len(widths))
    return layers


def mnist_cnn():
    layers, channels = [nn.Unflatten(1, (1, 28))], 1
    for out in (16, 32):
        layers += [nn.Conv2d(channels, out, 5, bias=False), nn.BatchNorm2d(out), nn.ReLU()]
        layers += [nn.MaxPool2d(2)]
        channels = out
    return [*layers, nn.Flatten(), nn.Linear(512, 128), nn.ReLU(), nn.Linear(128, 10)]


def widths_64_128_128():
    layers, channels = [nn.Conv2d(3, 24, 2), nn.GELU()], 24
    for out in (64, 128, 128):
        layers += [nn.Conv2d(channels, out, 3, padding=1, bias=False), nn.MaxPool2d(2)]
        layers += [nn.BatchNorm2d(out), nn.GELU()]
        layers += [nn.Conv2d(out, out, 3, padding=1, bias=False), nn.BatchNorm2d(out), nn.GELU()]
        channels = out
    return [*layers, nn.MaxPool2d(3), nn.Flatten(), nn.Linear(channels, 10)]


NETWORKS = {
    "one image, 784-128-10": lambda: dense(nn.Sigmoid, 784, 128, 10),
    "one image, 784-1024-1024-10": lambda: dense(nn.ReLU, 784, 1024, 1024, 10),
    "one image, mnist's cnn": mnist_cnn,
    "one image, cifar10's 64-128-128": widths_64_128_128,
}

folder, threads, seconds = sys.argv[1:4]
torch.set_num_threads(int(threads))
with open(os.path.join(folder, "spec.txt")) as spec:
    name = spec.readline().strip()
    shape = [int(extent) for extent in spec.readline().split()]
model = nn.Sequential(*NETWORKS[name]())
model.load_state_dict(load_file(os.path.join(folder, "weights.safetensors")))
model.eval()
numbers = np.fromfile(os.path.join(folder, "images.f32"), np.float32).reshape(-1, 1, *shape)
images = [torch.from_numpy(x) for x in numbers]
if len(shape) == 3:
    images = [x.permute(0, 3, 1, 2).contiguous() for x in images]


def step(index):
    with torch.inference_mode():
        return model(images[index]).abs().sum()


run(len(images), float(seconds), step)
