#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <fstream>
#include <numeric>
#include <string>
#include <vector>

/// The problem that all peers solve, read from the folder that `peer_xtape --write` fills, and the
/// way they are timed. problem.py is the same in Python.

namespace peers {

inline constexpr int traced_steps = 50;
inline constexpr float learning_rate = 0.1f;

struct Problem {
  std::size_t batch = 0;
  std::vector<std::size_t> widths;
  std::vector<float> images;  ///< All batches, one after the other: (batches * batch, widths[0]).
  std::vector<std::uint8_t> labels;  ///< (batches * batch).
  std::vector<std::vector<float>> weights, biases;

  std::size_t batches() const { return labels.size() / batch; }
};

/// Writes numbers as they lie in memory.
template <class T>
void write_file(const std::string& path, const std::vector<T>& numbers) {
  std::ofstream file(path, std::ios::binary);
  file.write(reinterpret_cast<const char*>(numbers.data()),
             static_cast<std::streamsize>(numbers.size() * sizeof(T)));
  if (!file.flush()) {
    std::fprintf(stderr, "cannot write %s\n", path.c_str());
    std::exit(1);
  }
}

template <class T>
std::vector<T> read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary | std::ios::ate);
  std::vector<T> numbers(static_cast<std::size_t>(file.tellg()) / sizeof(T));
  file.seekg(0);
  file.read(reinterpret_cast<char*>(numbers.data()),
            static_cast<std::streamsize>(numbers.size() * sizeof(T)));
  if (!file) {
    std::fprintf(stderr, "cannot read %s\n", path.c_str());
    std::exit(1);
  }
  return numbers;
}

inline Problem read_problem(const std::string& folder) {
  Problem problem;
  std::ifstream spec(folder + "/spec.txt");
  spec >> problem.batch;
  for (std::size_t width; spec >> width;) {
    problem.widths.push_back(width);
  }
  problem.images = read_file<float>(folder + "/images.f32");
  problem.labels = read_file<std::uint8_t>(folder + "/labels.u8");
  for (std::size_t i = 0; i + 1 < problem.widths.size(); ++i) {
    problem.weights.push_back(read_file<float>(folder + "/w" + std::to_string(i) + ".f32"));
    problem.biases.push_back(read_file<float>(folder + "/b" + std::to_string(i) + ".f32"));
  }
  return problem;
}

/// Calls `write(folder / "0", problems[0])` and so on, and writes the names to names.txt.
template <class Problems, class Write>
void write_problems(const std::filesystem::path& folder, const Problems& problems, Write write) {
  std::filesystem::create_directories(folder);
  std::ofstream names(folder / "names.txt");
  for (std::size_t i = 0; i < problems.size(); ++i) {
    write(folder / std::to_string(i), problems[i]);
    names << problems[i].name << '\n';
  }
}

/// Calls `step(index)` for the batches in turn. It returns the loss. Prints the losses of the first
/// `traced` steps, and the median and the mean time of the later ones in microseconds.
template <class Step>
void run(std::size_t batches, double seconds, Step step, int traced = traced_steps) {
  std::size_t index = 0;
  const auto next = [&] { return step(index++ % batches); };
  std::printf("losses");
  for (int i = 0; i < traced; ++i) {
    std::printf(" %.9g", static_cast<double>(next()));
  }
  using Clock = std::chrono::steady_clock;
  const auto since = [](Clock::time_point start) {
    return std::chrono::duration<double>(Clock::now() - start).count();
  };
  auto start = Clock::now();
  next();
  const int repetitions = std::max(1, static_cast<int>(2e-3 / since(start)));
  std::vector<double> samples;
  const auto begin = Clock::now();
  while (since(begin) < seconds || samples.size() < 5) {
    start = Clock::now();
    for (int i = 0; i < repetitions; ++i) {
      next();
    }
    samples.push_back(1e6 * since(start) / repetitions);
  }
  std::sort(samples.begin(), samples.end());
  std::printf("\nmicroseconds %.3f\n", samples[samples.size() / 2]);
  const double sum = std::accumulate(samples.begin(), samples.end(), 0.0);
  std::printf("mean %.3f\n", sum / static_cast<double>(samples.size()));
}

/// The main() of a peer that also makes the problems: calls write(folder) for `NAME --write FOLDER`
/// and solve(folder, threads, seconds) for `NAME FOLDER THREADS SECONDS`. Returns the exit status.
template <class Write, class Solve>
int run_peer(const char* name, int argc, char** argv, Write write, Solve solve) try {
  if (argc == 3 && std::string(argv[1]) == "--write") {
    write(argv[2]);
  } else if (argc == 4) {
    solve(argv[1], std::stoul(argv[2]), std::stod(argv[3]));
  } else {
    std::fprintf(stderr, "usage: %s --write FOLDER | FOLDER THREADS SECONDS\n", name);
    return 2;
  }
  return 0;
} catch (const std::exception& error) {
  std::fprintf(stderr, "%s: %s\n", name, error.what());
  return 1;
}

}  // namespace peers
