#pragma once

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>
#include <xtape.hpp>

#include "benchmarks/peers/problem.hpp"

/// The problems with networks of images: a folder has spec.txt with the name and the shape, and
/// images.f32. problem.py reads them in Python.

namespace peers {

/// A network and the shape of its batches. The peers in Python build the same network by its name.
struct ImageProblem {
  std::string name;
  /// A batch: (batch, height, width, channels), (batch, time, features) or (batch, features).
  xtape::Shape images;
  xtape::nn::Sequential<float> (*make)(xtape::Rng& rng);
};

/// Makes the folder and writes the specification and so many batches of random images.
inline void write_images(const std::filesystem::path& folder, const ImageProblem& problem,
                         std::size_t batches, xtape::Rng& rng) {
  std::filesystem::create_directories(folder);
  std::ofstream spec(folder / "spec.txt");
  spec << problem.name << '\n';
  for (const std::size_t extent : problem.images) {
    spec << extent << ' ';
  }
  spec << '\n';
  std::vector<float> images(batches * xtape::element_count(problem.images));
  rng.fill_uniform(std::span<float>(images), 0, 1);
  write_file((folder / "images.f32").string(), images);
}

/// Returns the problem of a folder. Throws DataError if it is none of `problems`.
inline const ImageProblem& find_problem(const std::filesystem::path& folder,
                                        const std::vector<ImageProblem>& problems) {
  std::string name;
  std::getline(std::ifstream(folder / "spec.txt"), name);
  const auto found = std::find_if(problems.begin(), problems.end(),
                                  [&](const ImageProblem& each) { return each.name == name; });
  xtape::require<xtape::DataError>(found != problems.end(), "no problem '{}'", name);
  return *found;
}

/// Returns the network of a problem, with the weights of its folder.
inline xtape::nn::Sequential<float> read_model(const std::filesystem::path& folder,
                                               const ImageProblem& problem) {
  xtape::Rng rng{1};
  auto model = problem.make(rng);
  xtape::nn::load_weights(folder / "weights.safetensors", model, {.pytorch = true});
  return model;
}

/// Returns the batches of a folder.
inline std::vector<xtape::Array<float>> read_images(const std::filesystem::path& folder,
                                                    const ImageProblem& problem) {
  const auto numbers = read_file<float>((folder / "images.f32").string());
  const std::size_t size = xtape::element_count(problem.images);
  std::vector<xtape::Array<float>> batches;
  for (std::size_t begin = 0; begin < numbers.size(); begin += size) {
    batches.emplace_back(problem.images);
    std::copy_n(numbers.data() + begin, size, batches.back().data());
  }
  return batches;
}

}  // namespace peers
