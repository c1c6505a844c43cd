#pragma once

#include "examples/images/course.hpp"
#include "examples/images/subject.hpp"
#include "examples/mnist/recipes.hpp"

namespace mnist {

/// Returns the subject of the program: digits, and what has the format of MNIST.
const images::Subject& subject();

/// Returns the course of a recipe.
images::Course course_of(const Recipe& recipe);

}  // namespace mnist
