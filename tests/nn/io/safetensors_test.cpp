#include "nn/io/safetensors.hpp"

#include "tensor/rng.hpp"
#include "tests/nn/io/safetensors_cost.hpp"
#include "tests/nn/io/safetensors_files.hpp"
#include "tests/support/complaints.hpp"

namespace nn = xtape::nn;
namespace fs = std::filesystem;
using xtape::Shape;
using Texts = std::map<std::string, std::string>;
using Cases = std::vector<std::pair<std::string, std::string>>;

namespace {

std::string complaint(const fs::path& file) {
  return complaint_about(file, [](const fs::path& path) { nn::SafetensorsFile{path}; });
}

/// Checks the complaint about each header, of a file with `size` zero bytes after it.
void check_complaints(const Cases& cases, std::size_t size) {
  const TemporaryFolder folder;
  for (const auto& [header, wanted] : cases) {
    CAPTURE(header);
    CHECK(complaint(write_unsound(folder, header, size)) == wanted);
  }
}

std::string text_of(const nn::SafetensorsFile& file, const std::string& key) {
  std::string bytes(file.tensors().at(key).size, '\0');
  file.read(file.tensors().at(key), std::as_writable_bytes(std::span(bytes)));
  return bytes;
}

nn::TensorView view(std::string key, std::string dtype, const Shape& shape,
                    std::string_view bytes) {
  return {std::move(key), std::move(dtype), shape, std::as_bytes(std::span(bytes))};
}

/// Returns the header of a file with a tensor "a" of these fields.
std::string tensor_a(const std::string& fields) { return R"({"a":{)" + fields + "}}"; }

}  // namespace

TEST_CASE("Tensors and metadata come back from a safetensors file") {
  const TemporaryFolder folder;
  const fs::path path = folder / "file";
  const std::string any_key = "\xc3\xa9 \" \\ \n";
  const Texts metadata{{"version", "1"}, {any_key, "any \t text"}};
  nn::write_safetensors(
      path,
      {view("bytes", "U8", {3}, "abc"), view("wide", "F64", {2, 1}, "0123456701234567"),
       view("scalar", "F32", {}, "wxyz"), view("empty", "F32", {4, 0}, ""),
       view(any_key, "U16", {1}, "hi")},
      metadata);
  const nn::SafetensorsFile file(path);
  CHECK(file.metadata() == metadata);
  REQUIRE(file.tensors().size() == 5);
  CHECK(text_of(file, "bytes") == "abc");
  CHECK(text_of(file, "wide") == "0123456701234567");
  CHECK(text_of(file, "scalar") == "wxyz");
  CHECK(text_of(file, "empty").empty());
  CHECK(text_of(file, any_key) == "hi");
  CHECK(file.tensors().at("wide").dtype == "F64");
  CHECK(xtape::same_shape(file.tensors().at("wide").shape, {2, 1}));
  CHECK(xtape::same_shape(file.tensors().at("scalar").shape, {}));
  CHECK(xtape::same_shape(file.tensors().at("empty").shape, {4, 0}));
}

TEST_CASE("A safetensors file is written aligned, wide dtypes first") {
  const TemporaryFolder folder;
  const fs::path path = folder / "file";
  nn::write_safetensors(path,
                        {view("a", "U8", {3}, "abc"), view("b", "F32", {1}, "wxyz"),
                         view("c", "F64", {1}, "01234567"), view("d", "F32", {1}, "WXYZ")},
                        {{"k", "v"}});
  const std::string header = R"({"__metadata__":{"k":"v"},)"
                             R"("c":{"dtype":"F64","shape":[1],"data_offsets":[0,8]},)"
                             R"("b":{"dtype":"F32","shape":[1],"data_offsets":[8,12]},)"
                             R"("d":{"dtype":"F32","shape":[1],"data_offsets":[12,16]},)"
                             R"("a":{"dtype":"U8","shape":[3],"data_offsets":[16,19]}})";
  const std::string padding((8 - header.size() % 8) % 8, ' ');
  CHECK(nn::read_file(path, 1000) == safetensors_bytes(header + padding, "01234567wxyzWXYZabc"));
}

TEST_CASE("A safetensors file may have no tensors, any order of keys, and whitespace") {
  const TemporaryFolder folder;
  CHECK(nn::SafetensorsFile(write_unsound(folder, "{}")).tensors().empty());
  CHECK(nn::SafetensorsFile(write_unsound(folder, "{   } \n\t ")).tensors().empty());
  const fs::path path = write_unsound(
      folder,
      "{\n\t\"z\" : {\"shape\": [ 2 ], \"data_offsets\": [3, 5],\r\n \"dtype\": \"U8\"}, \"e\": "
      "{\"data_offsets\":[3,3],\"dtype\":\"F64\",\"shape\":[0,18446744073709551615]},"
      "\"a\":{\"dtype\":\"I8\",\"shape\":[1,3,1],\"data_offsets\":[0,3]}}   ",
      5);
  const nn::SafetensorsFile file(path);
  CHECK(file.tensors().at("z").begin == 3);
  CHECK(file.tensors().at("a").begin == 0);
  CHECK(file.tensors().at("e").size == 0);
}

TEST_CASE("A safetensors file that is no JSON of the format's kind is refused") {
  const std::string good = R"("dtype":"U8","shape":[],"data_offsets":[0,1])";
  const std::string wants =
      ", expected dtype (a string), shape and data_offsets (lists of whole numbers)";
  const Cases cases{
      {"", "its header does not begin with '{'"},
      {" {}", "its header does not begin with '{'"},
      {"[]", "its header does not begin with '{'"},
      {"{", "the header is no JSON from its byte 2 on"},
      {"{}x", "the header is no JSON from its byte 3 on"},
      {"{}{}", "the header is no JSON from its byte 3 on"},
      {std::string("{}\0x", 4), "its header holds a zero byte"},
      {"{\"\xff\":1}", "the header is no JSON from its byte 3 on"},
      {R"({"a":1})", "'a' is a number, expected an object"},
      {R"({"a":null})", "'a' is null, expected an object"},
      {R"({"a":true})", "'a' is a boolean, expected an object"},
      {R"({"a":[]})", "'a' is an array, expected an object"},
      {R"({"__metadata__":"x"})", "'__metadata__' is a string, expected an object"},
      {R"({"__metadata__":{"k":1}})", "metadata 'k' is a number, expected a string"},
      {R"({"__metadata__":{"k":{}}})", "metadata 'k' is an object, expected a string"},
      {R"({"__metadata__":{"shape":[]}})", "metadata 'shape' is an array, expected a string"},
      {R"({"__metadata__":{"k":"","k":""}})", "the key 'k' comes twice in the metadata"},
      {R"({"__metadata__":{},"__metadata__":{}})",
       "the key '__metadata__' comes twice in the header"},
      {"{\"a\":{" + good + "},\"a\":{" + good + "}}", "the key 'a' comes twice in the header"},
      {tensor_a(good + R"(,"dtype":"U8")"), "tensor 'a': dtype comes twice"},
      {tensor_a(good + R"(,"shape":[])"), "tensor 'a': shape comes twice"},
      {tensor_a(good + R"(,"data_offsets":[0,1])"), "tensor 'a': data_offsets comes twice"},
      {tensor_a(good + R"(,"extra":"x")"), "tensor 'a': 'extra' is a string" + wants},
      {tensor_a(R"("dtype":{})"), "tensor 'a': 'dtype' is an object" + wants},
      {tensor_a(R"("dtype":[])"), "tensor 'a': 'dtype' is an array" + wants},
      {tensor_a(R"("shape":3)"), "tensor 'a': 'shape' is a number" + wants},
      {tensor_a(R"("shape":[[]])"), "tensor 'a': 'shape' holds an array" + wants},
      {tensor_a(R"("shape":[{}])"), "tensor 'a': 'shape' holds an object" + wants},
      {tensor_a(R"("shape":["3"])"), "tensor 'a': 'shape' holds a string" + wants},
      {tensor_a(R"("shape":[-1])"), "tensor 'a': 'shape' holds a negative number" + wants},
      {tensor_a(R"("shape":[1.0])"), "tensor 'a': 'shape' holds a fraction" + wants},
      {tensor_a(R"("shape":[18446744073709551616])"),
       "tensor 'a': 'shape' holds a fraction" + wants},
      {tensor_a(R"("shape":[NaN])"), "the header is no JSON from its byte 16 on"},
      {tensor_a(R"("shape":[1e999])"), "the header is no JSON from its byte 20 on"},
      {tensor_a(R"("shape":[)" + repeat("1,", 64) + "1]"),
       "tensor 'a': shape of more than 64 numbers"},
      {tensor_a(R"("shape":[],"data_offsets":[0,1])"), "tensor 'a': has no dtype"},
      {tensor_a(R"("dtype":"U8","data_offsets":[0,1])"), "tensor 'a': has no shape"},
      {tensor_a(R"("dtype":"U8","shape":[])"), "tensor 'a': has no data_offsets"},
      {tensor_a(R"("dtype":"U8","shape":[],"data_offsets":[0,1,1])"),
       "tensor 'a': 3 data_offsets, expected 2"},
      {tensor_a(R"("dtype":"F4","shape":[],"data_offsets":[0,1])"),
       "tensor 'a': unknown dtype 'F4'"},
      {tensor_a(R"("dtype":"U8","shape":[4294967296,4294967296],"data_offsets":[0,1])"),
       "tensor 'a': (4294967296, 4294967296) has more bytes than can be counted"},
      {tensor_a(R"("dtype":"F32","shape":[4611686018427387904],"data_offsets":[0,0])"),
       "tensor 'a': (4611686018427387904) has more bytes than can be counted"},
      {tensor_a(R"("dtype":"F32","shape":[1],"data_offsets":[0,1])"),
       "tensor 'a': F32 (1) is 4 bytes, but its data_offsets are 0 to 1"},
      {tensor_a(R"("dtype":"U8","shape":[1],"data_offsets":[1,0])"),
       "tensor 'a': U8 (1) is 1 bytes, but its data_offsets are 1 to 0"},
  };
  check_complaints(cases, 1);
}

TEST_CASE("A safetensors file whose tensors do not fill it is refused") {
  const auto bytes = [](const std::string& key, std::size_t begin, std::size_t end) {
    return '"' + key + R"(":{"dtype":"U8","shape":[)" + std::to_string(end - begin) +
           R"(],"data_offsets":[)" + std::to_string(begin) + "," + std::to_string(end) + "]}";
  };
  Cases cases{
      {bytes("a", 0, 4), "1 bytes follow its last tensor"},
      {"", "5 bytes follow its last tensor"},
      {bytes("a", 1, 5), "tensor 'a': begins at byte 1, expected 0: there is a hole before it"},
      {bytes("a", 0, 6), "tensor 'a': ends at byte 6, but the file has 5 for all"},
      {bytes("a", 0, 2) + "," + bytes("b", 3, 5),
       "tensor 'b': begins at byte 3, expected 2: there is a hole before it"},
      {bytes("b", 2, 5) + "," + bytes("a", 0, 3),
       "tensor 'b': begins at byte 2, expected 3: tensors overlap"},
      {bytes("a", 0, 5) + "," + bytes("b", 0, 5),
       "tensor 'b': begins at byte 0, expected 5: tensors overlap"},
      {bytes("a", 0, 5) + "," + bytes("b", 9, 9),
       "tensor 'b': begins at byte 9, expected 5: there is a hole before it"},
  };
  for (auto& [header, wanted] : cases) {
    header = "{" + header + "}";
  }
  check_complaints(cases, 5);
}

TEST_CASE("A safetensors file whose header cannot be is refused") {
  const TemporaryFolder folder;
  const std::string longest = "{}" + std::string((2 << 20) - 2, ' ');
  for (const auto& [bytes, wanted] :
       Cases{{"", "is 0 bytes, too short for a safetensors file"},
             {"1234567", "is 7 bytes, too short for a safetensors file"},
             {std::string(8, '\0'), "its header does not begin with '{'"},
             {std::string(8, '\xff') + "{}",
              "promises a header of 18446744073709551615 bytes, but is 10 bytes in all"},
             {safetensors_bytes("{}").substr(0, 9),
              "promises a header of 2 bytes, but is 9 bytes in all"},
             {safetensors_bytes(longest + " "),
              "has a header of 2097153 bytes, more than the 2097152 that are read"}}) {
    CHECK(complaint(folder.write("file", bytes)) == wanted);
  }
  CHECK(nn::SafetensorsFile(write_unsound(folder, longest)).tensors().empty());
  CHECK(complaint(folder.path()) == "is a folder, expected a safetensors file");
  CHECK(complaint(folder / "none") == "cannot open: No such file or directory");
}

TEST_CASE("A name in a safetensors file cannot play with the terminal") {
  const std::string wanted = "' is a number, expected an object", x(100, 'x');
  check_complaints({{R"({"\u001b[31m\n\u007f":1})", "'?[31m??" + wanted},
                    {"{\"" + repeat(x, 10) + "\":1}", "'" + x + "..." + wanted}},
                   0);
}

TEST_CASE("A hostile safetensors header costs neither time nor memory") {
  const std::size_t most = 2 << 20;
  const TemporaryFolder folder;
  const Cost sound = cost_of_sound_header();
  for (const std::string& header :
       {"{\"a\":" + std::string(most - 5, '['), R"({"a":{"shape":)" + std::string(most - 14, '['),
        repeat("{\"a\":", most / 5), "{" + std::string(most - 2, '\t') + "x",
        "{\"" + std::string(most - 2, 'x'), "{\"" + std::string(most - 3, 'x') + "\x01",
        "{\"" + repeat("\\u0041", (most - 2) / 6),
        "{\"a\":{\"shape\":[" + repeat("1,", (most - 20) / 2),
        "{\"a\":" + std::string(most - 6, '9') + "x", "{" + many_tensors(most - 2) + "x",
        "{" + many_tensors(most - 2), "{\"__metadata__\":{" + many_texts(most - 30)}) {
    CAPTURE(header.substr(0, 30));
    REQUIRE(header.size() <= most);
    const fs::path path = write_unsound(folder, header);
    check_refused_at_once([&] { nn::SafetensorsFile{path}; }, sound);
  }
}

TEST_CASE("A safetensors file cut short anywhere is refused") {
  const TemporaryFolder folder;
  const fs::path whole = folder / "whole";
  nn::write_safetensors(whole, {view("a", "F32", {1, 2}, "01234567"), view("b", "U8", {3}, "abc")},
                        {{"k", "v"}});
  const std::string bytes = nn::read_file(whole, 1000);
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    complaint(folder.write("cut", bytes.substr(0, size)));
  }
}

TEST_CASE("What is no safetensors file is not written") {
  const TemporaryFolder folder;
  const fs::path path = folder.write("file", "old");
  const auto refuses = [&](std::vector<nn::TensorView> tensors, const std::string& message,
                           const Texts& metadata = {}) {
    const std::string found =
        message_of([&] { nn::write_safetensors(path, std::move(tensors), metadata); });
    CAPTURE(found);
    CHECK(found.starts_with(path.string() + ": " + message));
  };
  const nn::TensorView a = view("a", "U8", {3}, "abc");
  refuses({a, a}, "a second tensor with the key 'a'");
  refuses({view("__metadata__", "U8", {3}, "abc")}, "a second tensor with the key '__metadata__'");
  refuses({view("a", "U8", {4}, "abc")}, "tensor 'a': 3 bytes are no U8 (4)");
  refuses({view("a", "X", {3}, "abc")}, "tensor 'a': 3 bytes are no X (3)");
  refuses({view("\xff", "U8", {3}, "abc")}, "a key or text is no UTF-8: ");
  refuses({a}, "a key or text is no UTF-8: ", {{"k", "\xff"}});
  refuses({a}, "the header would be 2097232 bytes, more than 2097152",
          {{"k", std::string(2 << 20, 'x')}});
  CHECK(nn::read_file(path, 10) == "old");
}

TEST_CASE("A damaged safetensors file is refused or read, whatever the damage") {
  const TemporaryFolder folder;
  nn::write_safetensors(folder / "good",
                        {view("0.weight", "F32", {1, 2}, "01234567"), view("b", "U8", {3}, "abc")},
                        {{"xtape", "0.1.0"}});
  const std::string good = nn::read_file(folder / "good", 1000);
  xtape::Rng rng(5);
  int refused = 0;
  for (int round = 0; round < 500; ++round) {
    std::string bytes = good;
    for (std::uint64_t change = rng.below(3) + 1; change > 0; --change) {
      const std::size_t place = rng.below(bytes.size());
      if (rng.below(3) == 0) {
        bytes.erase(place, rng.below(5));
      } else {
        bytes[place] = rng.below(4) == 0 ? static_cast<char>(rng.below(256)) : good[rng.below(80)];
      }
    }
    const fs::path path = folder.write("bad", bytes);
    const std::string message = message_of([&] { nn::SafetensorsFile{path}; });
    const bool names_file = message.starts_with(path.string() + ": ");
    REQUIRE((names_file || message == "(nothing thrown)"));
    refused += names_file;
  }
  CHECK(refused > 300);
}
