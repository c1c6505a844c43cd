#include "tensor/layout.hpp"

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>

namespace xtape::detail {
namespace {

constexpr std::size_t places = std::size_t{1} << 14;  // in the table
constexpr std::size_t attempts = 32;                  // places that one shape may take

/// The layouts that are never freed. Each has the first free place from its hash on, and places are
/// only ever filled. So a search needs no lock, and a forked child can go on with the table.
constinit std::array<std::atomic<const Layout*>, places> table{};

std::size_t hash(const Shape& shape) {
  std::uint64_t hash = shape.size();
  for (const std::size_t extent : shape) {
    hash = (hash ^ extent) * 0x9E3779B97F4A7C15u;
    hash ^= hash >> 32;
  }
  return static_cast<std::size_t>(hash);
}

std::unique_ptr<Layout> make_layout(const Shape& shape) {
  const std::optional<std::size_t> count = count_elements(shape);
  require<ShapeError>(count.has_value(),
                      "an array of shape {} has more elements than can be counted", shape);
  const xt::get_strides_t<Shape> zeros(shape.size(), 0);
  constexpr std::size_t never = static_cast<std::size_t>(-1);
  const std::size_t whole_count = shape.size() <= max_rank ? *count : never;
  std::unique_ptr<Layout> layout(new Layout{shape, zeros, zeros, *count, whole_count});
  xt::compute_strides(shape, xt::layout_type::row_major, layout->strides, layout->backstrides);
  return layout;
}

}  // namespace

LayoutReference::LayoutReference()
    : layout_([] {
        static const LayoutReference& scalar = *new LayoutReference(Shape{});  // never freed
        return scalar.layout_;
      }()) {
  acquire();
}

// Made at start: a forked child would wait for ever for a thread that was about to make it.
[[maybe_unused]] const LayoutReference& scalar_at_start = *new LayoutReference;

LayoutReference::LayoutReference(const Shape& shape) {
  std::unique_ptr<Layout> made;
  const std::size_t first = hash(shape);
  for (std::size_t i = 0; i < attempts; ++i) {
    std::atomic<const Layout*>& place = table[(first + i) % places];
    layout_ = place.load(std::memory_order_acquire);
    if (layout_ == nullptr) {
      made = made ? std::move(made) : make_layout(shape);
      if (place.compare_exchange_strong(layout_, made.get(), std::memory_order_acq_rel)) {
        layout_ = made.release();
        return;
      }
    }
    if (same_shape(layout_->shape, shape)) {
      return;
    }
  }
  made = made ? std::move(made) : make_layout(shape);
  made->users = 1;
  layout_ = made.release();
}

void LayoutReference::drop() const noexcept {
  if (layout_->users.fetch_sub(1, std::memory_order_acq_rel) == 1) {
    delete layout_;
  }
}

}  // namespace xtape::detail
