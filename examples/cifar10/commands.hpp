#pragma once

#include "examples/cli/command_line.hpp"

namespace cifar10 {

/// The commands of the program.
extern const cli::Command train_command;
extern const cli::Command evaluate_command;
extern const cli::Command predict_command;
extern const cli::Command check_gradients_command;
extern const cli::Command data_command;

}  // namespace cifar10
