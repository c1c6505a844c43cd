#include <set>

#include "nn/io/safetensors.hpp"
#include "nn/io/weights.hpp"
#include "nn/layers/linear.hpp"
#include "nn/sequential.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/temporary_folder.hpp"

// The promises of docs/security.md about untrusted names.

namespace nn = xtape::nn;
namespace fs = std::filesystem;

TEST_CASE("The names in a safetensors file are never paths") {
  const TemporaryFolder folder;
  const fs::path inside = folder / "inside";
  fs::create_directory(inside);
  std::vector<std::byte> bytes(8);
  std::vector<nn::TensorView> tensors;
  for (const std::string& name :
       {std::string("../outside"), std::string(".."), std::string("/"), std::string("a/b"),
        std::string("../../../outside.weight"), (folder / "absolute").string()}) {
    tensors.push_back({name, "F32", {2}, bytes});
  }
  nn::write_safetensors(inside / "file", std::move(tensors), {{"../key", "../value"}});

  const nn::SafetensorsFile file(inside / "file");
  CHECK(file.tensors().size() == 6);
  for (const auto& [name, tensor] : file.tensors()) {
    file.read(tensor, bytes);
  }
  xtape::Rng rng{1};
  nn::Sequential<float> model{nn::Linear<float>(2, 2, rng)};
  CHECK_THROWS_AS(nn::load_weights(inside / "file", model), xtape::DataError);
  std::set<std::string> left;
  for (const auto& entry : fs::recursive_directory_iterator(folder.path())) {
    left.insert(entry.path().lexically_relative(folder.path()).string());
  }
  CHECK(left == std::set<std::string>{"inside", "inside/file"});
}

TEST_CASE("What is printed of a stranger's text has no control characters") {
  CHECK(nn::printable("a\x1b[2J\r\n\t\x7f z") == "a?[2J???? z");
  CHECK(nn::printable("\xc2\x9b\xc2\x80\xc2\xa0\xc3\x9b\xc2") == "??\xc2\xa0\xc3\x9b\xc2");
  CHECK(nn::printable(std::string(1, '\0')) == "?");
  CHECK(nn::in_quotes("\xc2\x9b-5n") == "'?-5n'");
}
