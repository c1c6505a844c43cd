"""Networks of images that several peers build: benchmarks/nets.hpp in PyTorch."""

from torch import nn


def widths_64_128_128(activation):
    layers, channels = [nn.Conv2d(3, 24, 2), activation()], 24
    for out in (64, 128, 128):
        layers += [nn.Conv2d(channels, out, 3, padding=1, bias=False), nn.MaxPool2d(2)]
        layers += [nn.BatchNorm2d(out), activation()]
        layers += [nn.Conv2d(out, out, 3, padding=1, bias=False), nn.BatchNorm2d(out), activation()]
        channels = out
    return [*layers, nn.MaxPool2d(3), nn.Flatten(), nn.Linear(channels, 10)]
