"""ONNX Runtime on the networks that peer_xtape_latency.cpp exports, an image at a time."""

import os
import sys

import onnxruntime

from problem import read_images, run

folder, threads, seconds = sys.argv[1:4]
options = onnxruntime.SessionOptions()
options.intra_op_num_threads = int(threads)
options.inter_op_num_threads = 1
session = onnxruntime.InferenceSession(
    os.path.join(folder, "model.onnx"), options, ["CPUExecutionProvider"]
)
_, images = read_images(folder)


def step(index):
    (logits,) = session.run(None, {"input": images[index]})
    return abs(logits).sum()


run(len(images), float(seconds), step)
