#pragma once

#include "examples/cli/command_line.hpp"
#include "examples/images/subject.hpp"

/// Commands that programs about images share. Each returns the exit status. run_data() is in
/// data.hpp, run_train() and run_check_gradients() are in train.hpp.

namespace images {

/// Measures a saved network on the test images.
int run_evaluate(const Subject& subject, const cli::Command& command,
                 const cli::Arguments& arguments);

/// Writes a saved network to an ONNX file, for other programs.
int run_export(const Subject& subject, const cli::Command& command,
               const cli::Arguments& arguments);

/// Says what pictures show.
int run_predict(const Subject& subject, const cli::Command& command,
                const cli::Arguments& arguments);

}  // namespace images
