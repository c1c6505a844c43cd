"""Checks that an nn.Sequential of PyTorch and one of xtape give the same logits from the same
weight file, whichever of them wrote it, and a ResNet-20 for CIFAR the same logits, gradients and
running statistics. Not part of the tests, because PyTorch is several
gigabytes; run it by hand with a Python that has torch and safetensors:

    PYTHON tests/python/pytorch.py build/release/tests/python/exchange
"""

import pathlib
import subprocess
import sys
import tempfile

import torch
import torch.nn.functional as F
from safetensors.torch import load_file, save_file

sys.path.append(str(pathlib.Path(__file__).parents[1] / "oracle"))
import resnet


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


def distance(ours, theirs):
    """The greatest difference, relative to the greatest element of each tensor."""
    assert theirs.keys() <= ours.keys(), theirs.keys() - ours.keys()
    return max(((ours[name] - tensor).abs().max() / tensor.abs().max()).item()
               for name, tensor in theirs.items())


def compare_resnets(exchange, dtype, folder):
    """The greatest differences of a ResNet-20 in PyTorch, with weights from a file of xtape's, and
    one in xtape, with weights from a file of PyTorch's."""
    images, labels = resnet.draw(*resnet.IMAGES).to(dtype), torch.tensor(resnet.LABELS)
    model = resnet.resnet20()
    resnet.set_state(model)
    model = model.to(dtype)
    save_file(model.state_dict(), folder / "pytorch")
    save_file({"images": images.permute(0, 2, 3, 1).contiguous(), "labels": labels}, folder / "batch")
    name = {torch.float32: "float", torch.float64: "double"}[dtype]
    subprocess.run([exchange, "resnet", name, folder], check=True)
    model = resnet.resnet20().to(dtype)
    model.load_state_dict(load_file(folder / "xtape"))
    with torch.no_grad():
        evaluated = model.eval()(images)
    trained = model.train()(images)
    F.cross_entropy(trained, labels).backward()
    statistics = {name: b for name, b in model.named_buffers() if b.dim() > 0}
    return {"logits": distance(load_file(folder / "logits"),
                               {"evaluated": evaluated, "trained": trained.detach()}),
            "gradients": distance(load_file(folder / "gradients"),
                                  {name: p.grad for name, p in model.named_parameters()}),
            "running statistics": distance(load_file(folder / "after"), statistics)}


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
        good = worst < 1e-6
        for dtype, limit in (torch.float32, 1e-5), (torch.float64, 1e-10):
            for what, difference in compare_resnets(exchange, dtype, folder).items():
                print(f"ResNet-20, {dtype}: {what} differ by at most {difference:.1e}")
                good &= difference < limit
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
