#include <cstddef>
#include <filesystem>
#include <fstream>
#include <regex>
#include <set>
#include <span>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "nn/linear.hpp"
#include "nn/safetensors.hpp"
#include "nn/sequential.hpp"
#include "nn/weights.hpp"
#include "tests/catch.hpp"
#include "tests/temporary_folder.hpp"

// What docs/security.md promises of the sources as a whole, and of names that strangers choose.

namespace nn = xtape::nn;
namespace fs = std::filesystem;

namespace {

const std::set<std::string> none;

/// The sources of the library and the examples, comments left out, in which `pattern` is found.
std::set<std::string> sources_with(const std::string& pattern) {
  const std::regex wanted(pattern), comment("//[^\n]*");
  const fs::path root = XTAPE_SOURCE_DIR;
  std::set<std::string> found;
  std::size_t files = 0;
  for (const char* folder : {"tensor", "autograd", "nn", "examples"}) {
    for (const auto& entry : fs::recursive_directory_iterator(root / folder)) {
      const std::string extension = entry.path().extension().string();
      if (extension == ".cpp" || extension == ".hpp") {
        std::ostringstream text;
        text << std::ifstream(entry.path()).rdbuf();
        const std::string code = std::regex_replace(text.str(), comment, "");
        if (std::regex_search(code, wanted)) {
          found.insert(entry.path().lexically_relative(root).string());
        }
        ++files;
      }
    }
  }
  CHECK(files > 100);
  return found;
}

}  // namespace

TEST_CASE("Neither the library nor the examples start another program") {
  CHECK(sources_with(R"(\b(system|popen|v?fork|wordexp|dlopen|posix_spawnp?)\s*\()") == none);
  CHECK(sources_with(R"(\bexec(l|le|lp|v|ve|vp|vpe)\s*\()") == none);
}

TEST_CASE("Files are written in two places, which create them safely") {
  CHECK(sources_with(R"(std::o?fstream|\b(f(re)?open|creat|O_WRONLY|O_RDWR|O_CREAT)\b)") ==
        std::set<std::string>{"nn/files.cpp", "examples/mnist/data/file.cpp"});
  CHECK(sources_with(R"(\b(tmpnam|tempnam|mktemp|tmpfile|temp_directory_path)\b)") == none);
}

TEST_CASE("mnist prints by a function that keeps in mind what standard output refuses") {
  std::set<std::string> printers = sources_with(R"(fmt::print\(|\b(puts|printf|putchar|cout)\b)");
  std::erase_if(printers, [](const auto& file) { return !file.starts_with("examples/mnist/"); });
  CHECK(printers == none);
}

TEST_CASE("The names in a safetensors file are never paths") {
  const TemporaryFolder folder;
  const fs::path inside = folder / "inside";
  fs::create_directory(inside);
  const std::vector<std::string> names{"../outside",
                                       "..",
                                       "/",
                                       "a/b",
                                       "../../../outside.weight",
                                       folder.path().string() + "/absolute"};
  const xtape::Array<float> array(xtape::Shape{2}, 1.f);
  std::vector<nn::TensorView> tensors;
  for (const std::string& name : names) {
    tensors.push_back({name, "F32", array.shape(), std::as_bytes(std::span(array.storage()))});
  }
  nn::write_safetensors(inside / "file", std::move(tensors), {{"../key", "../value"}});

  const nn::SafetensorsFile file(inside / "file");
  CHECK(file.tensors().size() == names.size());
  std::vector<std::byte> bytes(8);
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
