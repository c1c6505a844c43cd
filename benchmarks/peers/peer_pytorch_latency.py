"""PyTorch on the networks of peer_xtape_latency.cpp, an image at a time, in inference mode."""

import os
import sys

import torch
from safetensors.torch import load_file
from torch import nn

from image_networks import widths_64_128_128
from problem import read_images, run


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


NETWORKS = {
    "one image, 784-128-10": lambda: dense(nn.Sigmoid, 784, 128, 10),
    "one image, 784-1024-1024-10": lambda: dense(nn.ReLU, 784, 1024, 1024, 10),
    "one image, mnist's cnn": mnist_cnn,
    "one image, cifar10's 64-128-128": lambda: widths_64_128_128(nn.GELU),
}

folder, threads, seconds = sys.argv[1:4]
torch.set_num_threads(int(threads))
name, numbers = read_images(folder)
model = nn.Sequential(*NETWORKS[name]())
model.load_state_dict(load_file(os.path.join(folder, "weights.safetensors")))
model.eval()
images = [torch.from_numpy(x) for x in numbers]
if numbers.ndim == 5:
    images = [x.permute(0, 3, 1, 2).contiguous() for x in images]


def step(index):
    with torch.inference_mode():
        return model(images[index]).abs().sum()


run(len(images), float(seconds), step)
