"""What the scripts that ask PyTorch share: float64 on one thread, and arrays that JSON holds exactly."""

import numpy
import torch

torch.set_default_dtype(torch.float64)
torch.set_num_threads(1)


def drawer(seed, low, high):
    """Returns a function that draws an array of a shape from [low, high], in steps of 1/256. Its calls
    may give other bounds."""
    random = numpy.random.default_rng(seed)

    def draw(shape, low=low, high=high):
        return torch.tensor(numpy.round(random.uniform(low, high, shape) * 256) / 256)

    return draw


def array(tensor):
    return {"shape": list(tensor.shape), "data": tensor.detach().reshape(-1).tolist()}
