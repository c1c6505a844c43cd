#pragma once

#include <concepts>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "nn/module.hpp"
#include "nn/table.hpp"

/// @file
/// Selections: a part of a model, used as a model.

namespace xtape::nn {

namespace detail {

template <class Predicate, class A>
bool chooses(Predicate& predicate, const std::string& name, const A& array) {
  if constexpr (std::predicate<Predicate&, const std::string&, const A&>) {
    return predicate(name, array);
  } else {
    static_assert(std::predicate<Predicate&, const std::string&>,
                  "the predicate of nn::select takes the dotted name, or the name and the array, "
                  "and returns a bool");
    return predicate(name);
  }
}

/// Throws ValueError, because an empty selection would silently train, save or clip nothing.
[[noreturn]] void fail_empty_selection(const std::vector<std::string>& names);

/// Throws ValueError, because the model has gained or lost arrays since the selection was made.
[[noreturn]] void fail_changed_selection(std::size_t then);

}  // namespace detail

/// Some of the parameters and buffers of a model. See select(). A selection refers to the model and
/// copies nothing. The model must outlive the selection.
template <class Model>
class Selection {
 public:
  /// Calls `predicate` for each array of `model`. Throws ValueError if it selects no array.
  template <class Predicate>
  Selection(Model& model, Predicate&& predicate) : model_(&model) {
    std::vector<std::string> names;
    bool any = false;
    for_each_array(model, [&](const ParameterName& name, const auto& array) -> void {
      chosen_.push_back(detail::chooses(predicate, names.emplace_back(name.str()), array));
      any = any || chosen_.back();
    });
    if (!any) {
      detail::fail_empty_selection(names);
    }
  }

  /// Calls `f` for each selected array, as for_each_array() does. Throws ValueError if the model
  /// has gained or lost arrays since the selection was made.
  template <class F>
  void each_array(F&& f, const ParameterName* prefix) const {
    std::size_t index = 0;
    const auto on_array = [&](const ParameterName& name, auto& array) -> void {
      if (index == chosen_.size()) {
        detail::fail_changed_selection(chosen_.size());
      }
      if (chosen_[index++]) {
        f(name, array);
      }
    };
    for_each_array(*model_, on_array, prefix);
    if (index != chosen_.size()) {
      detail::fail_changed_selection(chosen_.size());
    }
  }

  /// Adds the rows of nn::table() that have selected arrays.
  void add_rows(detail::TableBuilder& table, const std::string& name) const {
    std::set<const void*> arrays;
    each_array([&](const ParameterName&, const auto& array) { arrays.insert(&array); }, nullptr);
    table.add_only(std::move(arrays), *model_, name);
  }

 private:
  Model* model_;
  std::vector<bool> chosen_;  // one for each array of the model, in the order of the visit lines
};

/// Returns the part of `model` with the parameters and buffers that `predicate` selects, as a
/// model. The predicate gets the dotted name of each array. If the predicate takes two arguments,
/// it gets the array too:
///
///     const auto head = nn::select(model, [](auto name) { return name.starts_with("head."); });
///     sgd.step(head, tape);  // the rest of the model stays as it is
///
/// Optimizers, clip_grad_norm(), freeze(), weights files, checkpoints, parameter_count() and
/// table() take a selection like any model. select() calls the predicate once per array, so make
/// selections before the loop. Throws ValueError if the predicate selects no array.
template <class Model, class Predicate>
Selection<Model> select(Model& model, Predicate&& predicate) {
  return Selection<Model>(model, predicate);
}
template <class Model, class Predicate>
Selection<Model> select(const Model&& model, Predicate&& predicate) = delete;

}  // namespace xtape::nn
