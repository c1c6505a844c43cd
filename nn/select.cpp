#include "nn/select.hpp"

#include <algorithm>

#include "tensor/error.hpp"

namespace xtape::nn::detail {

void fail_empty_selection(const std::vector<std::string>& names) {
  constexpr std::size_t most_named = 10;
  std::string list;
  for (std::size_t i = 0; i < std::min(names.size(), most_named); ++i) {
    list += (i == 0 ? ": " : ", ") + names[i];
  }
  fail<ValueError>("select: the predicate chose none of the model's {} arrays{}{}", names.size(),
                   list, names.size() > most_named ? ", ..." : "");
}

void fail_changed_selection(std::size_t then) {
  fail<ValueError>(
      "select: the model had {} arrays when the selection was made, and has another number now; "
      "select again",
      then);
}

}  // namespace xtape::nn::detail
