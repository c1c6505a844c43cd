#pragma once

#include <cstddef>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "nn/describe.hpp"
#include "nn/module.hpp"

/// @file
/// Tables of the modules of a model, with their parameters and buffers.

namespace xtape::nn {

namespace detail {

/// A line of a table. Columns that are empty in all rows are left out.
struct TableRow {
  std::string name, layer, output{}, parameters{}, buffers{};
  std::optional<std::size_t> numbers = 0;        ///< In the parameters. None if rows below say it.
  std::optional<std::size_t> multiplications{};  ///< For one sample, if they were counted.

  /// Adds the shape of an array, and its numbers if it is a parameter.
  void add(ArrayKind kind, std::string_view array_name, const Shape& shape, std::size_t size);
};

/// Returns the rows as text, below a header and above the totals.
std::string format_table(const std::vector<TableRow>& rows, std::size_t in_buffers);

/// A builder for the rows of a table. The table has one row for each module that has its own
/// arrays, or no modules inside.
class TableBuilder {
 public:
  /// Adds the rows of a module that have some of `arrays`. Within a call of this function, only
  /// arrays of both calls count.
  template <class M>
  void add_only(std::set<const void*> arrays, const M& module, const std::string& name) {
    if (only_) {
      std::erase_if(arrays, [&](const void* array) { return !only_->contains(array); });
    }
    auto outer = std::exchange(only_, std::move(arrays));
    add(module, name);
    only_ = std::move(outer);
  }

  /// Adds the rows of a module and of the modules inside it.
  template <class M>
  void add(const M& module, const std::string& name) {
    if constexpr (HasVisit<const M>) {
      add_members(module, name);
    } else if constexpr (requires { module.add_rows(*this, name); }) {
      module.add_rows(*this, name);
    } else if constexpr (std::ranges::range<const M>) {
      std::size_t index = 0;
      for (const auto& element : module) {
        add(element, join(name, std::to_string(index++)));
      }
    } else if (!only_) {
      rows_.push_back({name, describe(module)});
    }
  }

  /// Adds the rows of a layer. Its own row shows the shape of its output and its multiplications. A
  /// layer whose arrays are all in modules inside gets a row without numbers for that.
  template <class L>
  void add_layer(const L& layer, const std::string& name, std::string output,
                 std::size_t multiplications) {
    const std::size_t row = rows_.size();
    add(layer, name);
    if (row == rows_.size() || rows_[row].name != name) {
      rows_.insert(rows_.begin() + static_cast<std::ptrdiff_t>(row), {name, describe(layer)});
      rows_[row].numbers.reset();
    }
    rows_[row].output = std::move(output);
    rows_[row].multiplications = multiplications;
  }

  /// Returns the table.
  std::string text() const { return format_table(rows_, in_buffers_); }

  /// Returns the rows.
  const std::vector<TableRow>& rows() const { return rows_; }

 private:
  template <class M>
  void add_members(const M& module, const std::string& name) {
    const std::size_t row = rows_.size();
    rows_.push_back({name, describe(module)});
    bool arrays = false, modules = false;
    const auto on_array = [&](ArrayKind kind, std::string_view last, const auto& array) {
      if (!only_ || only_->count(&array) > 0) {
        rows_[row].add(kind, last, array.shape(), array.size());
        in_buffers_ += kind == ArrayKind::buffer ? array.size() : 0;
        arrays = true;
      }
    };
    const auto on_member = [&](std::string_view last, const auto& member) {
      if constexpr (is_array<std::remove_cvref_t<decltype(member)>>) {
        on_array(ArrayKind::parameter, last, member);
      } else {
        add(member, join(name, last));
        modules = true;
      }
    };
    M::visit(module, MemberVisitor{on_member, [&](std::string_view last, const auto& buffer) {
                                     on_array(ArrayKind::buffer, last, buffer);
                                   }});
    if (!arrays && (modules || only_)) {
      rows_.erase(rows_.begin() + static_cast<std::ptrdiff_t>(row));
    }
  }

  static std::string join(const std::string& name, std::string_view last) {
    return name + (name.empty() || last.empty() ? "" : ".") + std::string(last);
  }

  std::vector<TableRow> rows_;
  std::size_t in_buffers_ = 0;
  std::optional<std::set<const void*>> only_;
};

}  // namespace detail

/// Returns a table of the modules inside `model`. The table has a line for each module that has its
/// own parameters or buffers, or no modules inside. A line shows the dotted name, the description,
/// the shapes of parameters and buffers, and the number of elements of the parameters. The totals
/// come last. Sequential::table() also shows the shapes of outputs.
template <class Model>
std::string table(const Model& model) {
  detail::TableBuilder builder;
  builder.add(model, "");
  return builder.text();
}

}  // namespace xtape::nn
