"""ONNX Runtime on the networks that peer_xtape_latency.cpp exports, an image at a time."""

import os
import sys

import numpy as np
import onnxruntime

from problem import run

folder, threads, seconds = sys.argv[1:4]
with open(os.path.join(folder, "spec.txt")) as spec:
    spec.readline()
    shape = [int(extent) for extent in spec.readline().split()]
options = onnxruntime.SessionOptions()
options.intra_op_num_threads = int(threads)
options.inter_op_num_threads = 1
session = onnxruntime.InferenceSession(
    os.path.join(folder, "model.onnx"), options, ["CPUExecutionProvider"]
)
images = np.fromfile(os.path.join(folder, "images.f32"), np.float32).reshape(-1, 1, *shape)


def step(index):
    (logits,) = session.run(None, {"input": images[index]})
    return abs(logits).sum()


run(len(images), float(seconds), step)
