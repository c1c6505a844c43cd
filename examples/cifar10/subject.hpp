#pragma once

#include "examples/cifar10/recipes.hpp"
#include "examples/images/course.hpp"
#include "examples/images/subject.hpp"

namespace cifar10 {

/// Returns the subject of the program: small colour images.
const images::Subject& subject();

/// Returns the course of a recipe.
images::Course course_of(const Recipe& recipe);

/// Returns SGD with Nesterov momentum for so many steps of an epoch, as airbench has it. A learning
/// rate r of the recipe means that a step for the mean loss of `batch_size` images has the rate r
/// batch_size / 1024 / (1 + 1 / (1 - momentum)). The rate rises along a line from a fifth, and
/// falls along a line to 7 %. The biases of batch norm have a rate and a decay of their own.
std::unique_ptr<xtape::nn::Optimizer<float>> make_optimizer(const Recipe& recipe,
                                                            std::size_t steps_per_epoch);

}  // namespace cifar10
