"""PyTorch on networks of images: peer_xtape_images.cpp writes the problems.

The fourth argument is the memory layout: "channels_last", or "default" (batch, channels, height, width).
"""

import os
import sys

import numpy as np
import torch
import torch.nn.functional as F
from safetensors.torch import load_file
from torch import nn

from image_networks import widths_64_128_128
from problem import read_images, run

TRACED_STEPS = 5
LEARNING_RATE = 0.001  # small: batch norm amplifies differences in rounding


def lenet():
    first = [nn.Conv2d(1, 16, 5), nn.ReLU(), nn.MaxPool2d(2)]
    second = [nn.Conv2d(16, 32, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten()]
    return [*first, *second, nn.Linear(512, 128), nn.ReLU(), nn.Linear(128, 10)]


def convolution(channels, out):
    return lambda: [nn.Conv2d(channels, out, 3, padding=1, bias=False)]


NETWORKS = {
    "LeNet": lenet,
    "64-128-128": lambda: widths_64_128_128(nn.ReLU),
    "conv 64 to 128, 16 x 16": convolution(64, 128),
    "conv 128 to 256, 8 x 8": convolution(128, 256),
    "conv 256 to 256, 8 x 8": convolution(256, 256),
}

folder, threads, seconds, layout = sys.argv[1:5]
torch.set_num_threads(int(threads))
memory = torch.channels_last if layout == "channels_last" else torch.contiguous_format
name, numbers = read_images(folder)
model = nn.Sequential(*NETWORKS[name]())
model.load_state_dict(load_file(os.path.join(folder, "weights.safetensors")))
model = model.to(memory_format=memory)
images = [torch.from_numpy(x).permute(0, 3, 1, 2).contiguous(memory_format=memory) for x in numbers]
labels = np.fromfile(os.path.join(folder, "labels.u8"), np.uint8).reshape(-1, numbers.shape[1])
labels = [torch.from_numpy(y).long() for y in labels]
parameters = list(model.parameters())
single = len(model) == 1
if single:
    for image in images:
        image.requires_grad_()


def step(index):
    if single:
        loss = model(images[index]).sum()
        torch.autograd.grad(loss, [*parameters, images[index]])
        return loss.detach()
    loss = F.cross_entropy(model(images[index]), labels[index])
    grads = torch.autograd.grad(loss, parameters)
    with torch.no_grad():
        torch._foreach_add_(parameters, grads, alpha=-LEARNING_RATE)
    return loss.detach()


run(len(images), float(seconds), step, traced=TRACED_STEPS)
