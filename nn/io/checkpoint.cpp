#include "nn/io/checkpoint.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <iterator>
#include <map>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>

#include "nn/io/checkpoint_file.hpp"
#include "nn/io/checksum.hpp"
#include "nn/io/packed.hpp"
#include "nn/io/safetensors.hpp"
#include "nn/io/tensor_targets.hpp"
#include "nn/io/weights.hpp"
#include "tensor/error.hpp"
#include "tensor/version.hpp"

namespace xtape::nn {
namespace {

namespace fs = std::filesystem;

using detail::checkpoint_format;
using detail::identity_prefix;
using detail::ModelArrays;
using detail::NamedArray;
using detail::plateau_key;
using detail::Position;
using detail::position_key;
using detail::Reports;
using detail::require_checkpoint;
using detail::require_packed;
using detail::unpack;

using Metadata = std::map<std::string, std::string>;

std::string model_key(const std::string& name) { return "model." + name; }
std::string slot_key(const std::string& parameter, std::size_t index) {
  return fmt::format("optimizer.{}.{}", parameter, index);
}
std::string rng_key(const std::string& name) { return "rng." + name; }
constexpr std::string_view series_prefix = "series.";
std::string series_key(const std::string& name) { return std::string(series_prefix) + name; }
std::string number_key(const std::string& name) { return "number." + name; }

/// The optimizer's steps, how many arrays it keeps for each parameter, and for how many parameters.
using Steps = std::array<std::uint64_t, 3>;
constexpr const char* steps_key = "optimizer.steps";
constexpr std::uint64_t most_steps = std::uint64_t{1} << 53;  // doubles are exact up to here

template <class Words>
constexpr const char* word_dtype =
    std::is_same_v<typename Words::value_type, double> ? "F64" : "U64";

template <class T>
TensorView view_of(std::string key, const Array<T>& array) {
  return {std::move(key), dtype_of<T>, array.shape(),
          std::as_bytes(std::span(array.data(), array.size()))};
}
TensorView view_of(std::string key, const double& number) {
  return {std::move(key), "F64", Shape{}, std::as_bytes(std::span(&number, 1))};
}
/// A std::array or a std::vector.
template <class Words>
TensorView view_of(std::string key, const Words& words) {
  return {std::move(key), word_dtype<Words>, Shape{words.size()}, std::as_bytes(std::span(words))};
}

template <class T>
TensorTarget target_of(std::string key, Array<T>& array, Numbers numbers = Numbers::any) {
  TensorTarget target{std::move(key), dtype_of<T>, array.shape(),
                      std::as_writable_bytes(std::span(array.data(), array.size()))};
  target.numbers = numbers;
  return target;
}
TensorTarget target_of(std::string key, double& number) {
  return {std::move(key), "F64", Shape{}, std::as_writable_bytes(std::span(&number, 1))};
}
template <class Words>
TensorTarget target_of(std::string key, Words& words) {
  return {std::move(key), word_dtype<Words>, Shape{words.size()},
          std::as_writable_bytes(std::span(words))};
}

Metadata make_metadata(const char* optimizer, const Identity& identity) {
  Metadata metadata{
      {"xtape", version()}, {"checkpoint", checkpoint_format}, {"optimizer", optimizer}};
  for (const auto& [key, text] : identity) {
    metadata.emplace(std::string(identity_prefix) + key, text);
  }
  return metadata;
}

/// Describes the metadata under `key` for a message.
std::string shown(const Metadata& metadata, const std::string& key) {
  const auto found = metadata.find(key);
  return found == metadata.end() ? "nothing" : in_quotes(found->second);
}

bool same_entry(const Metadata& a, const Metadata& b, const std::string& key) {
  const auto in_a = a.find(key), in_b = b.find(key);
  return in_a != a.end() && in_b != b.end() && in_a->second == in_b->second;
}

/// Throws DataError with all differences.
void require_same_metadata(const SafetensorsFile& file, const Metadata& wanted) {
  Problems differences;
  const auto compare = [&](const std::string& key) {
    if (!same_entry(file.metadata(), wanted, key)) {
      differences.add([&] {
        const std::size_t prefix = key.starts_with(identity_prefix) ? identity_prefix.size() : 0;
        return fmt::format("{} is {}, this run has {}", in_quotes(key.substr(prefix)),
                           shown(file.metadata(), key), shown(wanted, key));
      });
    }
  };
  for (const auto& entry : wanted) {
    compare(entry.first);
  }
  for (const auto& entry : file.metadata()) {
    if (wanted.count(entry.first) == 0 && entry.first != checksum_key) {
      compare(entry.first);
    }
  }
  require<DataError>(differences.none(), "{}: is of another run: {}", file.name(),
                     differences.text());
}

/// The content of a checkpoint, read and checked before anything of the run changes.
template <class T>
struct Loaded {
  using Slot = typename Optimizer<T>::Slot;

  Steps steps{};
  Reports reports{};
  std::vector<Array<T>> values;  // of the parameters and then of the buffers
  std::vector<Slot> slots;
  Position position{};
  std::map<std::string, Rng::State> rngs;
  std::map<std::string, std::vector<double>> series;
  std::map<std::string, double> numbers;
};

/// Reads the optimizer's position, which says whether the file has slots. A file without this
/// tensor is rejected later, together with all other problems.
Steps read_steps(const SafetensorsFile& file, std::size_t state_count) {
  Steps steps{};
  const TensorTarget target = target_of(steps_key, steps);
  const auto found = file.tensors().find(target.key);
  if (found != file.tensors().end() && found->second.dtype == target.dtype &&
      same_shape(found->second.shape, target.shape)) {
    read_tensor(file, target);
    const bool none_yet = steps[0] == 0 && steps[1] == 0;
    require<DataError>(none_yet || steps[1] == state_count,
                       "{}: its optimizer keeps {} arrays for each parameter, that of this run {}",
                       file.name(), steps[1], state_count);
    require<DataError>(none_yet || steps[0] > 0,
                       "{}: its optimizer has made 0 steps, but keeps arrays for {} parameters",
                       file.name(), steps[2]);
    require<DataError>(steps[1] == 0 || steps[2] > 0,
                       "{}: its optimizer keeps arrays for 0 parameters, but has made {} steps",
                       file.name(), steps[0]);
    require<DataError>(steps[0] <= most_steps,
                       "{}: its optimizer has made {} steps, more than can be counted", file.name(),
                       steps[0]);
  }
  return steps;
}

/// Returns the parameters that the optimizer of the file trained. If they are not as many as the
/// file says, all parameters are wanted, so that the error lists what is missing.
template <class T>
std::vector<NamedArray<Array<T>>> trained_parameters(
    const SafetensorsFile& file, const Steps& steps,
    const std::vector<NamedArray<Array<T>>>& parameters) {
  std::vector<NamedArray<Array<T>>> trained;
  std::copy_if(parameters.begin(), parameters.end(), std::back_inserter(trained),
               [&](const auto& each) { return file.tensors().count(slot_key(each.name, 0)) > 0; });
  return trained.size() == steps[2] ? trained : parameters;
}

template <class T>
std::vector<TensorTarget> make_targets(const SafetensorsFile& file, Loaded<T>& loaded,
                                       const ModelArrays<Array<T>>& model,
                                       const Optimizer<T>& optimizer, const TrainingState& state) {
  std::vector<TensorTarget> targets{target_of(steps_key, loaded.steps),
                                    target_of(plateau_key, loaded.reports)};
  for (const auto* list : {&model.parameters, &model.buffers}) {
    const Numbers usual = list == &model.parameters ? Numbers::finite : Numbers::any;
    for (const NamedArray<Array<T>>& each : *list) {
      loaded.values.emplace_back(each.array->shape());
      targets.push_back(target_of(model_key(each.name), loaded.values.back(),
                                  each.is_count ? Numbers::counts : usual));
    }
  }
  for (const auto& each : trained_parameters(file, loaded.steps, model.parameters)) {
    std::vector<Array<T>> arrays(loaded.steps[1], Array<T>(each.array->shape()));
    for (std::size_t i = 0; i < arrays.size(); ++i) {
      const bool squares = optimizer.holds_squares(i);
      targets.push_back(target_of(slot_key(each.name, i), arrays[i],
                                  squares ? Numbers::finite_and_not_negative : Numbers::finite));
    }
    if (!arrays.empty()) {
      loaded.slots.push_back({each.array, std::move(arrays)});
    }
  }
  if (state.batches != nullptr) {
    targets.push_back(target_of(position_key, loaded.position));
  }
  for (const auto& [name, rng] : state.rngs) {
    targets.push_back(target_of(rng_key(name), loaded.rngs[name]));
  }
  for (const auto& [name, number] : state.numbers) {
    targets.push_back(target_of(number_key(name), loaded.numbers[name]));
  }
  return targets;
}

/// Adds the series of the file, whatever their names and lengths.
template <class T>
void add_series(const SafetensorsFile& file, Loaded<T>& loaded,
                std::vector<TensorTarget>& targets) {
  for (const auto& [key, tensor] : file.tensors()) {
    if (key.starts_with(series_prefix) && tensor.dtype == "F64" && tensor.shape.size() == 1) {
      auto& series = loaded.series[key.substr(series_prefix.size())];
      series.resize(tensor.shape[0]);
      targets.push_back(target_of(key, series));
    }
  }
}

template <class T>
void require_sound(const SafetensorsFile& file, const Loaded<T>& loaded,
                   const TrainingState& state) {
  require<DataError>(loaded.slots.size() == loaded.steps[2],
                     "{}: its optimizer keeps arrays for {} parameters, but it holds those of {}",
                     file.name(), loaded.steps[2], loaded.slots.size());
  for (const auto& [name, words] : loaded.rngs) {
    require<DataError>(words != Rng::State{}, "{}: the state of the Rng {} is all zeros",
                       file.name(), in_quotes(name));
  }
  try {
    require_packed(loaded.reports);
    if (state.batches != nullptr) {
      require_packed(loaded.position);
      state.batches->check(unpack(loaded.position));
    }
    if (state.check) {
      state.check({loaded.steps[0], unpack(loaded.position), loaded.numbers, loaded.series});
    }
  } catch (const ValueError& error) {
    fail<DataError>("{}: {}", file.name(), printable(error.what()));  // it may name a tensor
  }
}

/// Hands everything to the run. Cannot fail.
template <class T>
void commit(Loaded<T>& loaded, const ModelArrays<Array<T>>& model, Optimizer<T>& optimizer,
            TrainingState& state) {
  optimizer.restore(std::move(loaded.slots), loaded.steps[0], unpack(loaded.reports));
  auto value = loaded.values.begin();
  for (const auto* list : {&model.parameters, &model.buffers}) {
    for (const NamedArray<Array<T>>& each : *list) {
      std::copy(value->data(), value->data() + value->size(), each.array->data());
      ++value;
    }
  }
  if (state.batches != nullptr) {
    state.batches->restore(unpack(loaded.position));
  }
  for (const auto& [name, rng] : state.rngs) {
    rng->restore(loaded.rngs[name]);
  }
  state.series = std::move(loaded.series);
  state.numbers = std::move(loaded.numbers);
}

/// Returns the names of the parameters that the optimizer trains. Throws TapeError if the model
/// does not have one of them.
template <class T>
std::map<const Array<T>*, std::string> trained_names(const Optimizer<T>& optimizer,
                                                     const ModelArrays<const Array<T>>& model) {
  std::map<const Array<T>*, std::string> all, names;
  for (const NamedArray<const Array<T>>& each : model.parameters) {
    all.emplace(each.array, each.name);
  }
  for (const Array<T>* known : optimizer.parameters()) {
    const auto found = all.find(known);
    require<TapeError>(found != all.end(),
                       "{}: this optimizer began with another model (of its {} parameters, this "
                       "one of {} lacks some)",
                       optimizer.name(), optimizer.parameters().size(), all.size());
    names.insert(*found);
  }
  return names;
}

}  // namespace

template <class T>
void detail::write_checkpoint(const fs::path& path, const ModelArrays<const Array<T>>& model,
                              const Optimizer<T>& optimizer, const TrainingState& state,
                              const Identity& identity) {
  optimizer.require_usable();
  const auto names = trained_names(optimizer, model);
  std::vector<TensorView> tensors;
  const auto& slots = optimizer.slots();
  const Steps steps{optimizer.steps(), slots.empty() ? 0 : slots[0].state.size(), slots.size()};
  const Reports reports = pack(optimizer.plateau());
  tensors.push_back(view_of(steps_key, steps));
  tensors.push_back(view_of(plateau_key, reports));
  for (const auto* list : {&model.parameters, &model.buffers}) {
    for (const NamedArray<const Array<T>>& each : *list) {
      tensors.push_back(view_of(model_key(each.name), *each.array));
    }
  }
  for (const auto& slot : slots) {
    for (std::size_t i = 0; i < slot.state.size(); ++i) {
      tensors.push_back(view_of(slot_key(names.at(slot.parameter), i), slot.state[i]));
    }
  }
  Position position{};
  if (state.batches != nullptr) {
    position = pack(state.batches->position());
    tensors.push_back(view_of(position_key, position));
  }
  for (const auto& [name, rng] : state.rngs) {
    tensors.push_back(view_of(rng_key(name), rng->state()));
  }
  for (const auto& [name, series] : state.series) {
    tensors.push_back(view_of(series_key(name), series));
  }
  for (const auto& [name, number] : state.numbers) {
    tensors.push_back(view_of(number_key(name), number));
  }
  Metadata metadata = make_metadata(optimizer.name(), identity);
  metadata.emplace(checksum_key, checksum(tensors, metadata));
  write_safetensors(path, std::move(tensors), metadata);
}

template <class T>
void detail::read_checkpoint(const fs::path& path, const ModelArrays<Array<T>>& model,
                             Optimizer<T>& optimizer, TrainingState& state,
                             const Identity& identity) {
  optimizer.require_usable();
  const SafetensorsFile file(path);
  require_checkpoint(file);
  require_checksum(file);
  require_same_metadata(file, make_metadata(optimizer.name(), identity));
  Loaded<T> loaded;
  loaded.steps = read_steps(file, optimizer.state_count());
  std::vector<TensorTarget> targets = make_targets(file, loaded, model, optimizer, state);
  add_series(file, loaded, targets);
  require_same_tensors(file, targets);
  for (const TensorTarget& target : targets) {
    read_tensor(file, target);
  }
  require_sound(file, loaded, state);
  commit(loaded, model, optimizer, state);
}

#define XTAPE_INSTANTIATE(T)                                                                  \
  template void detail::write_checkpoint(const fs::path&, const ModelArrays<const Array<T>>&, \
                                         const Optimizer<T>&, const TrainingState&,           \
                                         const Identity&);                                    \
  template void detail::read_checkpoint(const fs::path&, const ModelArrays<Array<T>>&,        \
                                        Optimizer<T>&, TrainingState&, const Identity&)
XTAPE_FOR_EACH_SCALAR(XTAPE_INSTANTIATE);
#undef XTAPE_INSTANTIATE

}  // namespace xtape::nn
