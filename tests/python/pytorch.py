"""Checks that an nn.Sequential of PyTorch and one of xtape give the same logits from the same
weight file, whichever of them wrote it. Not part of the tests, because PyTorch is several
gigabytes; run it by hand with a Python that has torch and safetensors:

    PYTHON tests/python/pytorch.py build/release/tests/python/exchange
"""

import pathlib
import subprocess
import sys
import tempfile

import torch
from safetensors.torch import load_file, save_file


def compare(exchange, weights, folder):
    """The greatest difference between the logits of the two."""
    model = torch.nn.Sequential(
        torch.nn.Linear(784, 128), torch.nn.Sigmoid(), torch.nn.Linear(128, 10)
    )
    model.load_state_dict(load_file(weights))  # strict: all names and shapes
    images = torch.rand(64, 784)
    save_file({"input": images}, folder / "input")
    command = [exchange, "logits", weights, folder / "input", folder / "logits"]
    subprocess.run(command, check=True)
    with torch.no_grad():
        return (model(images) - load_file(folder / "logits")["logits"]).abs().max().item()


def main(exchange):
    torch.manual_seed(7)
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        model = torch.nn.Sequential(
            torch.nn.Linear(784, 128), torch.nn.Sigmoid(), torch.nn.Linear(128, 10)
        )
        save_file(model.state_dict(), folder / "pytorch.safetensors")
        subprocess.run([exchange, "random", folder / "xtape.safetensors"], check=True)
        worst = 0
        for origin in "pytorch", "xtape":
            difference = compare(exchange, folder / f"{origin}.safetensors", folder)
            print(f"weights of {origin}: logits differ by at most {difference:.1e}")
            worst = max(worst, difference)
    return 0 if worst < 1e-6 else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
