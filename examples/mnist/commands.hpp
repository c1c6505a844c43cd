#pragma once

#include "examples/mnist/command_line.hpp"

namespace mnist {

/// Each is defined in a file of its name.
extern const Command train_command;
extern const Command evaluate_command;
extern const Command predict_command;
extern const Command check_gradients_command;
extern const Command data_command;

}  // namespace mnist
