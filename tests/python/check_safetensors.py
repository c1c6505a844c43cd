"""check_safetensors.py EXCHANGE FOLDER: weight files travel between xtape and safetensors' own
Python package, in both directions. EXCHANGE is the program of exchange.cpp."""

import pathlib
import subprocess
import sys

import numpy
from safetensors import safe_open
from safetensors.numpy import save_file

SHAPES = {"0.weight": (5, 4), "0.bias": (4,), "2.weight": (4, 3), "2.bias": (3,)}


def known(dtype, pytorch=False):
    """Number i of parameter k is (i + 1) / (k + 3), as exchange.cpp has it."""
    weights = {}
    for k, (name, shape) in enumerate(SHAPES.items()):
        array = ((numpy.arange(numpy.prod(shape)) + 1) / (k + 3)).astype(dtype).reshape(shape)
        weights[name] = numpy.ascontiguousarray(array.T) if pytorch else array
    return weights


def check_file(path, wanted, metadata):
    with safe_open(path, "np") as file:
        assert sorted(file.keys()) == sorted(wanted), file.keys()
        for name, array in wanted.items():
            found = file.get_tensor(name)
            assert found.dtype == array.dtype, (path, name, found.dtype)
            assert found.shape == array.shape, (path, name, found.shape)
            assert (found == array).all(), (path, name, found)
        for key, text in metadata.items():
            assert file.metadata()[key] == text, (path, file.metadata())
        assert file.metadata()["xtape"]


def main(exchange, folder):
    subprocess.run([exchange, "write", folder], check=True)
    model = ", ".join(f"{name} {shape}" for name, shape in SHAPES.items()).replace(",)", ")")
    check_file(folder / "float.safetensors", known("f4"), {"model": model, "layout": "in, out"})
    check_file(folder / "double.safetensors", known("f8"), {"activation": "sigmoid"})
    check_file(folder / "pytorch.safetensors", known("f4", True), {"layout": "out, in"})

    save_file(known("f4"), folder / "from_float.safetensors")
    save_file(known("f8"), folder / "from_double.safetensors", {"any": "text", "layout": "mine"})
    save_file(known("f4", True), folder / "from_pytorch.safetensors")
    subprocess.run([exchange, "read", folder], check=True)
    print("weights went from xtape to Python's safetensors and back")


if __name__ == "__main__":
    main(sys.argv[1], pathlib.Path(sys.argv[2]))
