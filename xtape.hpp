#pragma once

/// @file
/// The umbrella header: `#include <xtape.hpp>`.

#if (defined(_MSVC_LANG) ? _MSVC_LANG : __cplusplus) < 202002L
#error "xtape needs C++20: compile with -std=c++20 (MSVC: /std:c++20)"
#include <C++20>  // no such header: ends the compilation before hundreds of other errors
#endif

// This header comes first. It keeps the program's macros from changing the headers below.
#include "tensor/hide_macros.hpp"

#include "autograd/check/anomaly.hpp"
#include "autograd/check/dot.hpp"
#include "autograd/check/gradcheck.hpp"
#include "autograd/checkpoint.hpp"
#include "autograd/define.hpp"
#include "autograd/derivatives.hpp"
#include "autograd/inner_derivatives.hpp"
#include "autograd/no_expression.hpp"
#include "autograd/no_grad.hpp"
#include "autograd/ops/ops.hpp"
#include "autograd/print.hpp"
#include "autograd/record.hpp"
#include "autograd/scope.hpp"
#include "nn/data/augment.hpp"
#include "nn/data/batches.hpp"
#include "nn/data/cifar.hpp"
#include "nn/data/csv.hpp"
#include "nn/data/dataset.hpp"
#include "nn/data/idx.hpp"
#include "nn/data/image_transforms.hpp"
#include "nn/data/npy.hpp"
#include "nn/data/samples.hpp"
#include "nn/freeze.hpp"
#include "nn/hessian_product.hpp"
#include "nn/initializers.hpp"
#include "nn/io/checkpoint.hpp"
#include "nn/io/files.hpp"
#include "nn/io/safetensors.hpp"
#include "nn/io/weights.hpp"
#include "nn/layers/activations.hpp"
#include "nn/layers/attention.hpp"
#include "nn/layers/batch_norm.hpp"
#include "nn/layers/conv.hpp"
#include "nn/layers/dropout.hpp"
#include "nn/layers/embedding.hpp"
#include "nn/layers/flatten.hpp"
#include "nn/layers/group_norm.hpp"
#include "nn/layers/layer_norm.hpp"
#include "nn/layers/linear.hpp"
#include "nn/layers/pooling.hpp"
#include "nn/layers/positions.hpp"
#include "nn/layers/recurrent.hpp"
#include "nn/layers/reshape.hpp"
#include "nn/layers/residual.hpp"
#include "nn/layers/standardize.hpp"
#include "nn/layers/transformer.hpp"
#include "nn/layers/upsample.hpp"
#include "nn/losses.hpp"
#include "nn/optim/accumulate.hpp"
#include "nn/optim/adam.hpp"
#include "nn/optim/average_weights.hpp"
#include "nn/optim/clip.hpp"
#include "nn/optim/factors.hpp"
#include "nn/optim/lbfgs.hpp"
#include "nn/optim/learning_rate.hpp"
#include "nn/optim/rmsprop.hpp"
#include "nn/optim/schedule.hpp"
#include "nn/optim/sgd.hpp"
#include "nn/parameters.hpp"
#include "nn/predict.hpp"
#include "nn/score.hpp"
#include "nn/select.hpp"
#include "nn/sequential.hpp"
#include "nn/statistics.hpp"
#include "nn/table.hpp"
#include "nn/train/data_parallel.hpp"
#include "nn/train/epochs.hpp"
#include "nn/train/finite.hpp"
#include "nn/train/fit.hpp"
#include "nn/train/local_steps.hpp"
#include "nn/train/metrics.hpp"
#include "nn/train/process_group.hpp"
#include "nn/train/regression.hpp"
#include "nn/whitening.hpp"
#include "tensor/argmax.hpp"
#include "tensor/classes.hpp"
#include "tensor/conversions.hpp"
#include "tensor/gemm.hpp"
#include "tensor/matmul_precision.hpp"
#include "tensor/parallel.hpp"
#include "tensor/print.hpp"
#include "tensor/version.hpp"

// This header comes last. It restores the program's macros.
#include "tensor/restore_macros.hpp"

/// Arrays, random numbers, the tape, its ops and the gradient checker. Each family of functions has
/// its own header.
namespace xtape {

/// Layers, losses, initializers, optimizers, schedules, data, metrics, weight files, checkpoints.
namespace nn {}

}  // namespace xtape
