"""check_onnx.py EXPORT_MODELS MNIST CIFAR10 FOLDER: the models of export_models are valid ONNX, their shapes can be inferred, and
onnxruntime computes from them what xtape computes. What onnxruntime has no kernel for, which is the
case for some operators of double, ONNX's own reference computes. The files of the programs mnist and
cifar10 predict as the programs do."""

import json
import pathlib
import subprocess
import sys

import numpy
import onnx
import onnx.reference
import onnxruntime
from onnx.reference.ops.op_conv_transpose import ConvTranspose as OneGroup
from safetensors import safe_open

TOLERANCE = {numpy.dtype("f4"): 1e-5, numpy.dtype("f8"): 1e-7}


class ConvTranspose(OneGroup):
    """ONNX's reference is right for one group only, so this calls it for each group."""

    def _run(self, X, W, B=None, group=None, **attributes):
        groups = group or 1
        pairs = zip(numpy.split(X, groups, axis=1), numpy.split(W, groups, axis=0))
        parts = [OneGroup._run(self, x, w, None, group=1, **attributes)[0] for x, w in pairs]
        sums = numpy.concatenate(parts, axis=1)
        return (sums if B is None else sums + B.reshape(1, -1, 1, 1),)


def session_of(path):
    """What computes a model, and whether it is onnxruntime."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    try:
        return onnxruntime.InferenceSession(path, options, ["CPUExecutionProvider"]), True
    except onnxruntime.capi.onnxruntime_pybind11_state.NotImplemented:
        return onnx.reference.ReferenceEvaluator(str(path), new_ops=[ConvTranspose]), False


def check_structure(path, model, names):
    onnx.checker.check_model(model, full_check=True)
    inferred = onnx.shape_inference.infer_shapes(model, check_type=True, strict_mode=True)
    assert model.ir_version == 8, model.ir_version
    assert [(each.domain, each.version) for each in model.opset_import] == [("", 17)]
    (port,) = model.graph.input
    assert port.type.tensor_type.shape.dim[0].dim_param == "batch", port
    found = {each.name for each in model.graph.initializer}
    missing = [name for name in names if name not in found]
    assert not missing, f"{path}: no initializers {missing} in {sorted(found)}"
    return inferred


def difference(found, wanted):
    """The greatest difference, relative to a number or, where that is less, to the mean of all."""
    scale = numpy.maximum(abs(wanted), abs(wanted).mean())
    return (abs(found - wanted) / numpy.maximum(scale, 1e-30)).max() if wanted.size else 0.0


def check_case(path):
    model = onnx.load(path)
    with safe_open(path.with_suffix(".safetensors"), "np") as file:
        check_structure(path, model, file.metadata()["names"].split())
        session, is_runtime = session_of(path)
        worst = 0.0
        for batch in (1, 7):
            x, wanted = file.get_tensor(f"input{batch}"), file.get_tensor(f"output{batch}")
            (found,) = session.run(None, {"input": x})
            assert found.dtype == wanted.dtype, (path, found.dtype, wanted.dtype)
            assert found.shape == wanted.shape, (path, found.shape, wanted.shape)
            worst = max(worst, difference(found.astype("f8"), wanted.astype("f8")))
        assert worst <= TOLERANCE[wanted.dtype], f"{path}: differs by {worst:.1e}"
    return worst, is_runtime


def check_models(folder):
    """How many of the models are not as they should be."""
    failed = 0
    for type_name in ("float", "double"):
        paths = sorted((folder / type_name).glob("*.onnx"))
        assert len(paths) > 100, f"only {len(paths)} models in {folder / type_name}"
        results = []
        for path in paths:
            try:
                results.append(check_case(path))
            except Exception as error:  # to name all of them
                failed += 1
                print(f"{type_name}/{path.stem}: {type(error).__name__}: {error}", file=sys.stderr)
        runtime = sum(is_runtime for _, is_runtime in results)
        worst = max(worst for worst, _ in results)
        print(
            f"{type_name}: {len(results)} models agree, {runtime} in onnxruntime and"
            f" {len(results) - runtime} in ONNX's reference; the greatest difference is {worst:.1e}"
        )
    return failed


def softmax(logits):
    powers = numpy.exp(logits - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def check_program(command, folder, pixels, bytes_of, flags):
    """A network that the program trains, and what its file makes of images, against `predict`."""
    weights, file, images = folder / "weights", folder / "model.onnx", folder / "images"
    run = lambda *words: subprocess.run([command, *words], check=True, capture_output=True, text=True)
    run("train", "--dataset", "synthetic", "--epochs", "1", "--quiet", "--save", weights, *flags)
    run("export", "--weights", weights, "--onnx", file)
    images.write_bytes(bytes_of(pixels))
    lines = run("predict", "--weights", weights, "--json", *(f"{images}:{i}" for i in range(len(pixels))))
    wanted = numpy.array([json.loads(line)["probabilities"] for line in lines.stdout.splitlines()])
    model = onnx.load(file)
    onnx.checker.check_model(model, full_check=True)
    classes = {each.key: each.value for each in model.metadata_props}["classes"]
    assert len(json.loads(classes)) == 10, classes
    (logits,) = session_of(file)[0].run(["logits"], {"pixels": pixels.astype("f4") / 255})
    worst = abs(softmax(logits.astype("f8")) - wanted).max()
    assert worst < 1e-4, f"{command} {flags}: probabilities differ by {worst:.1e}"
    print(f"{command.name} {' '.join(flags)}: probabilities differ by at most {worst:.1e}")


def main(export_models, mnist, cifar10, folder):
    subprocess.run([export_models, folder], check=True)
    failed = check_models(folder)
    random = numpy.random.default_rng(1)
    digits = random.integers(0, 256, (7, 28, 28), "u1")
    idx = lambda images: b"\0\0\x08\x03" + numpy.array(images.shape, ">u4").tobytes() + images.tobytes()
    for flags in (["--hidden", "16"], ["--filters", "4,4", "--hidden", "16", "--standardize"]):
        check_program(mnist, folder, digits, idx, flags)
    colours = random.integers(0, 256, (7, 32, 32, 3), "u1")
    batch = lambda images: b"".join(b"\3" + image.transpose(2, 0, 1).tobytes() for image in images)
    check_program(cifar10, folder, colours, batch, ["--recipe", "fast", "--widths", "4,4"])
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main(*map(pathlib.Path, sys.argv[1:]))
