#include <cstdio>
#include <exception>
#include <filesystem>

#include "tests/python/onnx_cases.hpp"

/// Writes the models for check_onnx.py: `export_models FOLDER`.
int main(int count, char** words) try {
  if (count != 2) {
    std::fputs("usage: export_models FOLDER\n", stderr);
    return 2;
  }
  const std::filesystem::path folder = words[1];
  for (const bool in_double : {false, true}) {
    const std::filesystem::path place = folder / (in_double ? "double" : "float");
    onnx_cases::write_layers(place, in_double);
    onnx_cases::write_ops(place, in_double);
  }
  onnx_cases::write_networks(folder / "float");
  return 0;
} catch (const std::exception& error) {
  std::fprintf(stderr, "export_models: %s\n", error.what());
  return 1;
}
