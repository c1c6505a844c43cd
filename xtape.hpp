#pragma once

/// All of xtape: `#include <xtape.hpp>` is all that a program needs.

#include "autograd/gradcheck.hpp"
#include "autograd/ops.hpp"
#include "autograd/record.hpp"
#include "nn/activations.hpp"
#include "nn/adam.hpp"
#include "nn/batches.hpp"
#include "nn/clip.hpp"
#include "nn/files.hpp"
#include "nn/idx.hpp"
#include "nn/initializers.hpp"
#include "nn/linear.hpp"
#include "nn/losses.hpp"
#include "nn/metrics.hpp"
#include "nn/schedule.hpp"
#include "nn/sequential.hpp"
#include "nn/sgd.hpp"
#include "tensor/gemm.hpp"
#include "tensor/parallel.hpp"
#include "tensor/version.hpp"
