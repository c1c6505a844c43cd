#pragma once

/// @file
/// All of xtape: `#include <xtape.hpp>` is all that a program needs.

#include "autograd/anomaly.hpp"
#include "autograd/dot.hpp"
#include "autograd/gradcheck.hpp"
#include "autograd/ops.hpp"
#include "autograd/record.hpp"
#include "autograd/scope.hpp"
#include "nn/activations.hpp"
#include "nn/adam.hpp"
#include "nn/augment.hpp"
#include "nn/batches.hpp"
#include "nn/checkpoint.hpp"
#include "nn/clip.hpp"
#include "nn/files.hpp"
#include "nn/idx.hpp"
#include "nn/initializers.hpp"
#include "nn/linear.hpp"
#include "nn/losses.hpp"
#include "nn/metrics.hpp"
#include "nn/safetensors.hpp"
#include "nn/schedule.hpp"
#include "nn/sequential.hpp"
#include "nn/sgd.hpp"
#include "nn/weights.hpp"
#include "tensor/gemm.hpp"
#include "tensor/parallel.hpp"
#include "tensor/version.hpp"

/// Arrays, random numbers, the tape, its ops and the gradient checker. Each family of functions has
/// a header of its own.
namespace xtape {

/// Layers, losses, initializers, optimizers, schedules, data, metrics, weight files, checkpoints.
namespace nn {}

}  // namespace xtape
