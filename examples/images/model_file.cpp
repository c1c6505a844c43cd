#include "examples/images/model_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "nn/io/weights.hpp"

namespace images {

namespace nn = xtape::nn;
using xtape::DataError;
using xtape::require;

namespace {

constexpr std::size_t most_names = 1 << 16;  // bytes of JSON: parsed, they take many times that

}  // namespace

void save_model(const std::filesystem::path& path, const Model& model) {
  nn::SaveOptions options{.metadata = model.facts};
  options.metadata.emplace("classes", nlohmann::json(model.class_names).dump());
  nn::save_weights(path, model.network, options);
}

std::string text_of(const nn::SafetensorsFile& file, const std::string& key,
                    const std::string& otherwise) {
  const auto found = file.metadata().find(key);
  return found == file.metadata().end() ? otherwise : found->second;
}

std::vector<std::string> class_names_of(const nn::SafetensorsFile& file, std::size_t classes) {
  const std::string json = text_of(file, "classes", "[]");
  const auto list =
      json.size() <= most_names ? nlohmann::json::parse(json, nullptr, false) : nlohmann::json();
  const bool names_all =
      list.is_array() && list.size() == classes &&
      std::all_of(list.begin(), list.end(), [](const auto& name) { return name.is_primitive(); });
  std::vector<std::string> names;
  for (std::size_t i = 0; i < classes; ++i) {
    const std::string number = fmt::format("{}", i);
    names.push_back(!names_all            ? number
                    : list[i].is_string() ? nn::printable(list[i].get<std::string>())
                                          : list[i].dump());
  }
  return names;
}

void require_sound(const nn::SafetensorsFile& file, const nn::Sequential<float>& network) {
  if (const auto bad = nn::find_not_finite(network)) {
    xtape::fail<DataError>("{}: {}", file.name(), *bad);
  }
  nn::for_each_buffer(network, [&](const nn::ParameterName& name, const auto& array) {
    const std::string buffer = name.str();
    for (const float value : array.storage()) {
      require<DataError>(value > 0 || !buffer.ends_with("deviation"),
                         "{}: {} is {}, expected a mean and a deviation above 0", file.name(),
                         buffer, value);
      require<DataError>(value >= 0 || !buffer.ends_with("running_var"),
                         "{}: {} is {}, expected a variance of at least 0", file.name(), buffer,
                         value);
      require<DataError>(value > 0 || !buffer.ends_with("num_batches_tracked"),
                         "{}: {} is {}, expected statistics of at least one batch", file.name(),
                         buffer, value);
    }
  });
}

}  // namespace images
