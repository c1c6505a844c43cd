"""PyTorch: the eager loop, or with `compile` as a fourth argument the network through torch.compile."""

import sys

import torch
import torch.nn.functional as F

from problem import LEARNING_RATE, arguments, run

problem, threads, seconds = arguments()
torch.set_num_threads(threads)
weights = [torch.from_numpy(w).requires_grad_() for w in problem.weights]
biases = [torch.from_numpy(b).requires_grad_() for b in problem.biases]
parameters = weights + biases
batches = [(torch.from_numpy(x), torch.from_numpy(y).long()) for x, y in problem.batches]


def loss_of(x, y):
    for i, (w, b) in enumerate(zip(weights, biases)):
        x = torch.addmm(b, x, w)
        if i + 1 < len(weights):
            x = torch.sigmoid(x)
    return F.cross_entropy(x, y)


if sys.argv[4:] == ["compile"]:
    loss_of = torch.compile(loss_of)


def step(index):
    loss = loss_of(*batches[index])
    grads = torch.autograd.grad(loss, parameters)
    with torch.no_grad():
        torch._foreach_add_(parameters, grads, alpha=-LEARNING_RATE)
    return loss.detach()


run(len(problem.batches), seconds, step)
