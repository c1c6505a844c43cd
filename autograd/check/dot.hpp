#pragma once

#include <map>
#include <string>

#include "autograd/tape.hpp"

/// @file
/// A picture of what a tape has recorded, for Graphviz (https://graphviz.org/doc/info/lang.html):
///
///     std::ofstream("tape.dot") << to_dot(tape, nn::parameter_names(model));
///     $ dot -Tsvg tape.dot > tape.svg

namespace xtape {

/// What to call parameters, by their address; see nn::parameter_names().
using ParameterNames = std::map<const void*, std::string>;

/// The recording as a graph in Graphviz's DOT language: a node for each value, in the order in
/// which they were recorded, with its op and shape, and an edge from each input to the op that uses
/// it. Parameters are blue boxes with their name in `names`, variables white boxes, constants
/// dashed grey boxes, ops are rounded; edges along which no gradient flows are dashed. The same
/// recording gives the same text.
template <class T>
std::string to_dot(const Tape<T>& tape, const ParameterNames& names = {});

}  // namespace xtape
