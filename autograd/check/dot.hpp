#pragma once

#include <map>
#include <string>

#include "autograd/tape.hpp"

/// @file
/// A picture of a recording, for Graphviz (https://graphviz.org/doc/info/lang.html):
///
///     std::ofstream("tape.dot") << to_dot(tape, nn::parameter_names(model));
///     $ dot -Tsvg tape.dot > tape.svg

namespace xtape {

/// The names of parameters, by address. See nn::parameter_names().
using ParameterNames = std::map<const void*, std::string>;

/// Returns the recording as a graph in Graphviz's DOT language. The graph has a node for each
/// value, in recording order, with its op and shape. An edge goes from each input to the op that
/// uses it. Parameters are blue boxes with their name in `names`, variables white boxes, constants
/// dashed grey boxes, and ops are rounded. Dashed edges carry no gradient. The same recording gives
/// the same text.
template <class T>
std::string to_dot(const Tape<T>& tape, const ParameterNames& names = {});

}  // namespace xtape
