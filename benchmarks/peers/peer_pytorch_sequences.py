"""PyTorch on layers of sequences: peer_xtape_sequences.cpp writes the problems."""

import os
import sys

import torch
from safetensors.torch import load_file
from torch import nn

from problem import read_images, run

TRACED_STEPS = 5
LEARNING_RATE = 0.1


def block():
    return nn.TransformerEncoderLayer(
        128, 4, 512, dropout=0, activation="gelu", batch_first=True, norm_first=True
    )


LAYERS = {
    "transformer block, 32 x 128 x 128": block,
    "LSTM 64 to 128, 32 x 64": lambda: nn.LSTM(64, 128, batch_first=True),
    "GRU 64 to 128, 32 x 64": lambda: nn.GRU(64, 128, batch_first=True),
}

folder, threads, seconds = sys.argv[1:4]
torch.set_num_threads(int(threads))
name, numbers = read_images(folder)
model = nn.Sequential(LAYERS[name]())
model.load_state_dict(load_file(os.path.join(folder, "weights.safetensors")))
(layer,) = model
sequences = [torch.from_numpy(x) for x in numbers]
parameters = list(model.parameters())
mask = nn.Transformer.generate_square_subsequent_mask(numbers.shape[2])


def output(x):
    if isinstance(layer, nn.TransformerEncoderLayer):
        return layer(x, mask, is_causal=True)
    return layer(x)[0]


def step(index):
    loss = output(sequences[index]).square().mean()
    grads = torch.autograd.grad(loss, parameters)
    with torch.no_grad():
        torch._foreach_add_(parameters, grads, alpha=-LEARNING_RATE)
    return loss.detach()


run(len(sequences), float(seconds), step, traced=TRACED_STEPS)
