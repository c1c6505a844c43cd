#pragma once

#include <string>
#include <vector>

#include "tests/support/tar.hpp"
#include "tests/support/temporary_folder.hpp"

/// Files of CIFAR-10's binary version with few images.

/// A record whose pixel (row, column) is red `row`, green `column` and blue `label`.
inline std::string cifar_record(int label) {
  std::string bytes(1, static_cast<char>(label));
  for (const int channel : {0, 1, 2}) {
    for (int pixel = 0; pixel < 1024; ++pixel) {
      const int values[] = {pixel / 32, pixel % 32, label};
      bytes += static_cast<char>(values[channel]);
    }
  }
  return bytes;
}

/// The members of an archive: the folder, five files of one image, whose label is the number of the
/// file, a text, and a file of two test images with the labels 0 and 7.
inline std::vector<TarEntry> cifar_members() {
  const std::string folder = "cifar-10-batches-bin/";
  std::vector<TarEntry> members{{.name = folder, .type = '5'}};
  for (int i = 1; i <= 5; ++i) {
    members.push_back({folder + "data_batch_" + std::to_string(i) + ".bin", cifar_record(i)});
  }
  members.push_back({folder + "batches.meta.txt", "airplane\n"});
  members.push_back({folder + "test_batch.bin", cifar_record(0) + cifar_record(7)});
  return members;
}

/// Writes the same files without an archive, in `cifar-10-batches-bin`.
inline void write_cifar_files(const TemporaryFolder& folder) {
  create_directories(folder / "cifar-10-batches-bin");
  for (const TarEntry& member : cifar_members()) {
    if (member.type == '0') {
      folder.write(member.name, member.content);
    }
  }
}
