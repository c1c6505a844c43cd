#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

/// The ops that the headers of autograd/ops/ declare.

namespace xtape {

/// A declaration of an op.
struct Declared {
  std::string op, family;  ///< The family is the name of the header.
  std::string comment;     ///< Its own, or that of its group.
};

/// All of them, in the order of the headers.
std::vector<Declared> declared_ops();

/// How often each op is declared.
std::map<std::string, std::size_t> count_by_name(const std::vector<Declared>& declared);

/// The overloads that the table has of an op, in its order.
std::vector<std::string> overloads_of(const std::string& op);

}  // namespace xtape
