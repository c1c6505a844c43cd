#include "nn/io/weights.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "nn/io/checksum.hpp"
#include "nn/io/replaceable.hpp"
#include "nn/io/safetensors.hpp"
#include "nn/io/tensor_targets.hpp"
#include "tensor/error.hpp"
#include "tensor/version.hpp"

namespace xtape::nn {
namespace {

namespace fs = std::filesystem;

using detail::ArrayBytes;

constexpr const char* layout_key = "layout";

const char* layout(bool pytorch) { return pytorch ? "out, in" : "in, out"; }

/// Returns the axes (..., in, out) that are (out, in, ...) in the file, or nothing. A weight (in,
/// out) that reads flattened images is (height, width, channels, out).
template <class Byte>
Shape order_of(const ArrayBytes<Byte>& array, bool pytorch) {
  if (!pytorch || !array.transposed_in_pytorch || array.shape.size() < 2) {
    return {};
  }
  if (array.flattened.empty() || array.shape.size() > 2) {
    return array.shape;
  }
  require<ShapeError>(element_count(array.flattened) == array.shape[0],
                      "{} is {}, but its module flattens {}", in_quotes(array.name), array.shape,
                      array.flattened);
  Shape order = array.flattened;
  order.push_back(array.shape[1]);
  return order;
}

/// True if samples of this shape have another order when PyTorch flattens them, channels first.
bool is_reordered(const Shape& flattened) {
  return !flattened.empty() && flattened.back() > 1 && element_count(flattened) > flattened.back();
}

/// Checks that the order of all numbers in PyTorch is known. The arrays come in the order in which
/// a model computes.
template <class Byte>
class OrderCheck {
 public:
  /// `user` is a name for messages.
  explicit OrderCheck(const char* user) : user_(user) {}

  /// Throws ValueError if an array reads flattened images whose numbers PyTorch has in another,
  /// unknown order. `each` is the next array of the model.
  void operator()(const ArrayBytes<Byte>& each) {
    flattened_ = each.follows_flatten && (flattened_ || !behind_);
    behind_ = each.follows_flatten;
    const bool is_weight = each.transposed_in_pytorch && each.shape.size() >= 2;
    if (is_weight && each.shape.size() > 2) {
      channels_ = each.results > 0 ? each.results : each.shape.back();
    } else if (is_weight) {
      check_weight(each);
    } else if (flattened_ && each.shape.size() == 1 && each.shape[0] > 1) {
      by_feature_ = &each;
    }
  }

  /// The same at the end of the model. What no weight reads has a shape that nobody says.
  void end() { check_features(by_feature_ != nullptr && channels_ != by_feature_->shape[0]); }

 private:
  void check_features(bool reordered) const {
    if (by_feature_ != nullptr && reordered) {
      fail<ValueError>(
          "{}: {} {} has a number for each flattened pixel, and PyTorch flattens in another order, "
          "channels first: put its layer before the Flatten",
          user_, in_quotes(by_feature_->name), by_feature_->shape);
    }
  }

  /// A weight is unclear if it is the first behind a Flatten, or the first behind a convolution,
  /// unless it has as many inputs as the convolution has channels.
  void check_weight(const ArrayBytes<Byte>& each) {
    const bool unclear = channels_ == 0 ? flattened_ : channels_ != each.shape[0];
    require<ValueError>(
        !unclear || !each.flattened.empty(),
        "{}: {} {} reads samples that PyTorch flattens in another order, channels first: give its "
        "Linear their shape, nn::Linear({{height, width, channels}}, {}, rng)",
        user_, in_quotes(each.name), each.shape, each.shape[1]);
    check_features(is_reordered(each.flattened));
    channels_ = 0;
    flattened_ = false;
    by_feature_ = nullptr;
  }

  const char* user_;
  std::size_t channels_ = 0;                      // of the last convolution; 0: none
  bool flattened_ = false;                        // and not yet read by a weight
  bool behind_ = false;                           // the arrays before follow a Flatten
  const ArrayBytes<Byte>* by_feature_ = nullptr;  // the last one behind a Flatten
};

template <class Byte>
void require_known_order(const char* user, const std::vector<ArrayBytes<Byte>>& arrays) {
  OrderCheck<Byte> check(user);
  for (const ArrayBytes<Byte>& each : arrays) {
    check(each);
  }
  check.end();
}

std::map<std::string, std::string> describe(const std::string& file,
                                            const std::vector<ArrayBytes<const std::byte>>& arrays,
                                            const SaveOptions& options) {
  std::string model;
  for (const auto& each : arrays) {
    model += fmt::format("{}{} {}", model.empty() ? "" : ", ", each.name, each.shape);
  }
  std::map<std::string, std::string> metadata{{"xtape", version()},
                                              {"model", model},
                                              {layout_key, layout(options.pytorch)},
                                              {checksum_key, ""}};  // known later
  for (const auto& [key, text] : options.metadata) {
    require<ValueError>(metadata.emplace(key, text).second,
                        "{}: the metadata have their own {} already", file, in_quotes(key));
  }
  return metadata;
}

}  // namespace

void detail::write_weights(const fs::path& path,
                           const std::vector<ArrayBytes<const std::byte>>& arrays,
                           const SaveOptions& options) {
  if (options.pytorch) {
    require_known_order("save_weights", arrays);
  }
  std::vector<TensorView> tensors;
  std::vector<Buffer<std::byte>> copies;
  for (const auto& each : arrays) {
    TensorView& tensor =
        tensors.emplace_back(TensorView{each.name, each.dtype, each.shape, each.bytes});
    if (const Shape order = order_of(each, options.pytorch); !order.empty()) {
      tensor.shape = shape_in_pytorch(each.shape);
      tensor.bytes = copies.emplace_back(to_pytorch(each.bytes, order));
    }
  }
  auto metadata = describe(path.string(), arrays, options);
  metadata[checksum_key] = checksum(tensors, metadata);
  write_safetensors(path, std::move(tensors), metadata);
}

void detail::read_weights(const fs::path& path, const std::vector<ArrayBytes<std::byte>>& arrays,
                          const LoadOptions& options) {
  if (options.pytorch) {
    require_known_order("load_weights", arrays);
  }
  const SafetensorsFile file(path);
  if (file.metadata().contains(checksum_key)) {
    require_checksum(file);
  }
  const auto stated = file.metadata().find(layout_key);
  const bool ours = file.metadata().count("xtape") > 0;
  if (ours && stated != file.metadata().end() && stated->second != layout(options.pytorch)) {
    fail<DataError>("{}: its layout is {}, expected '{}': load it with .pytorch = {}", file.name(),
                    in_quotes(stated->second), layout(options.pytorch), !options.pytorch);
  }
  std::vector<TensorTarget> targets;
  targets.reserve(arrays.size());
  for (const auto& each : arrays) {
    targets.push_back({.key = each.name,
                       .dtype = each.dtype,
                       .shape = each.shape,
                       .bytes = {},
                       .converts = true,
                       .order = order_of(each, options.pytorch),
                       .numbers = each.is_count ? Numbers::counts : Numbers::any});
  }
  require_same_tensors(file, targets);
  std::vector<Buffer<std::byte>> values;
  for (std::size_t i = 0; i < targets.size(); ++i) {
    targets[i].bytes = values.emplace_back(arrays[i].bytes.size());
    read_tensor(file, targets[i]);
  }
  for (std::size_t i = 0; i < values.size(); ++i) {  // cannot fail from here on
    std::copy(values[i].begin(), values[i].end(), arrays[i].bytes.begin());
  }
}

void require_weights_writable(const fs::path& path) {
  require_replaceable(path, "weights", [](const fs::path& file) {
    return !SafetensorsFile(file).metadata().contains("checkpoint");
  });
  require_writable(path);
}

}  // namespace xtape::nn
