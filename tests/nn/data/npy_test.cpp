#include "nn/data/npy.hpp"

#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

#include "tensor/error.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/temporary_folder.hpp"

namespace nn = xtape::nn;
using xtape::Shape;

namespace {

std::string npy(std::string header, const std::string& elements, char version = 1) {
  const std::size_t before = version == 1 ? 10 : 12;
  header.append(64 - (before + header.size() + 1) % 64, ' ') += '\n';
  std::string file = std::string("\x93NUMPY") + version + '\0';
  file += static_cast<char>(header.size() & 255);
  file += static_cast<char>(header.size() >> 8);
  return file + std::string(before - 10, '\0') + header + elements;
}

std::string dict(const std::string& descr, const std::string& shape,
                 const char* fortran = "False") {
  return "{'descr': '" + descr + "', 'fortran_order': " + fortran + ", 'shape': " + shape + ", }";
}

template <class E>
std::string bytes_of(const std::vector<E>& elements) {
  std::string bytes(elements.size() * sizeof(E), '\0');
  std::memcpy(bytes.data(), elements.data(), bytes.size());
  return bytes;
}

nn::Samples read(const std::string& content) {
  const TemporaryFolder folder;
  return nn::read_npy(folder.write("array.npy", content));
}

std::string complaint(const std::string& content) {
  const TemporaryFolder folder;
  const auto path = folder.write("array.npy", content);
  CHECK_THROWS_AS(nn::read_npy(path), xtape::DataError);
  const std::string message = message_of([&] { nn::read_npy(path); });
  const std::string name = path.string() + ": ";
  REQUIRE(message.substr(0, name.size()) == name);
  CHECK(std::count(message.begin(), message.end(), '\n') == 0);
  return message.substr(name.size());
}

/// Reads six elements of a type as an array (3, 2).
template <class E, class Kept = E>
void check_type(const char* descr, const std::vector<E>& elements) {
  CAPTURE(descr);
  for (const char version : {'\1', '\2', '\3'}) {
    const nn::Samples samples = read(npy(dict(descr, "(3, 2)"), bytes_of(elements), version));
    CHECK(samples.size() == 3);
    CHECK((samples.shape() == Shape{2}));
    const auto found = samples.as<Kept>();
    CHECK(std::equal(found.begin(), found.end(), elements.begin(), elements.end(),
                     [](Kept a, E b) { return a == static_cast<Kept>(b); }));
  }
}

}  // namespace

TEST_CASE("read_npy reads every type of number") {
  check_type<std::uint8_t>("|u1", {0, 1, 2, 3, 4, 255});
  check_type<float>("<f4", {0, -1.5F, 2, 3, 4, 1e30F});
  check_type<double>("<f8", {0, -1.5, 2, 3, 4, 1e300});
  check_type<std::int64_t>("<i8", {0, -1, 2, 3, 4, INT64_MIN});
  check_type<std::uint8_t, std::int64_t>("|b1", {0, 1, 1, 0, 1, 0});
  check_type<std::int8_t, std::int64_t>("|i1", {0, -1, 2, 3, 4, -128});
  check_type<std::int16_t, std::int64_t>("<i2", {0, -1, 2, 3, 4, -32768});
  check_type<std::int32_t, std::int64_t>("<i4", {0, -1, 2, 3, 4, INT32_MIN});
  check_type<std::uint16_t, std::int64_t>("<u2", {0, 1, 2, 3, 4, 65535});
  check_type<std::uint32_t, std::int64_t>("<u4", {0, 1, 2, 3, 4, UINT32_MAX});
  check_type<std::uint64_t, std::int64_t>("<u8", {0, 1, 2, 3, 4, INT64_MAX});
}

TEST_CASE("read_npy reads arrays of any shape") {
  const std::string six(6, '\7');
  CHECK((read(npy(dict("|u1", "(6,)"), six)).shape() == Shape{}));
  CHECK((read(npy(dict("|u1", "(1, 2, 3)"), six)).shape() == Shape{2, 3}));
  CHECK(read(npy(dict("|u1", "(0, 2)"), "")).size() == 0);
  CHECK(read(npy(dict("|u1", "(6,)", "True"), six)).size() == 6);
  CHECK(read(npy("{\"shape\":(6,),\"descr\":\"|u1\",\"fortran_order\":False}", six)).size() == 6);
}

TEST_CASE("read_npy refuses what it cannot read") {
  const std::string six(6, '\7');
  CHECK(complaint("") == "does not begin as a .npy file");
  CHECK(complaint("\x93NUMPX\1\0\0\0") == "does not begin as a .npy file");
  CHECK(complaint(npy(dict("|u1", "(6,)"), six, 4)) == "is of .npy version 4, expected 1 to 3");
  CHECK(complaint(npy(dict("|O", "(6,)"), six)) ==
        "holds elements of type '|O', expected numbers such as '<f4' or '|u1'");
  CHECK(complaint(npy(dict(">f4", "(6,)"), six)) ==
        "holds elements of type '>f4', expected numbers such as '<f4' or '|u1'");
  CHECK(complaint(npy(dict("|u1", "(2, 3)", "True"), six)) ==
        "is in Fortran order: save numpy.ascontiguousarray of it");
  CHECK(complaint(npy(dict("|u1", "()"), six)) ==
        "has the shape (), expected an array (samples, ...)");
  CHECK(complaint(npy(dict("|u1", "(2, 0)"), "")) ==
        "has the shape (2, 0), whose samples are empty");
  CHECK(complaint(npy(dict("|u1", "(4294967296, 4294967296)"), six)) ==
        "has the shape (4294967296, 4294967296), expected an array (samples, ...)");
  CHECK(complaint(npy(dict("<u8", "(1,)"), std::string(8, '\xff'))) ==
        "element 0 is 18446744073709551615, too large");
}

TEST_CASE("read_npy refuses headers that are none") {
  const auto header = [](const std::string& text) { return complaint(npy(text, "")); };
  CHECK(header("") == "expected '{' at character 54 of its header");
  CHECK(header("{}") == "its header is not the dict of an array");
  CHECK(header("{'descr': [('a', '<f4')], }") == "expected ''' at character 10 of its header");
  CHECK(header("{'descr': '<f4") == "a string of its header does not end");
  CHECK(header("{'fortran_order': 1, }") == "expected True or False at character 18 of its header");
  CHECK(header("{'shape': (-1,), }") == "its header has no shape of at most 63 axes");
  CHECK(header("{'shape': (1 2), }") == "expected ')' at character 13 of its header");
  CHECK(header("{'colour': 'red', }") == "its header has the key 'colour'");
  CHECK(header("{'descr': '<f4' 'shape': (), }") == "expected '}' at character 16 of its header");
  CHECK(header(dict("<f4", "(1,)") + " x") == "its header is not the dict of an array");
}

TEST_CASE("read_npy refuses files of another size than their header promises") {
  CHECK(complaint(npy(dict("<f4", "(3,)"), std::string(11, '\0'))) ==
        "the header promises 3 elements of 4 bytes, but 11 bytes follow");
  CHECK(complaint(npy(dict("<f4", "(3,)"), std::string(16, '\0'))) ==
        "the header promises 3 elements of 4 bytes, but 16 bytes follow");
  CHECK(complaint(npy(dict("<f8", "(4611686018427387904,)"), "")) ==
        "the header promises 4611686018427387904 elements of 8 bytes, but 0 bytes follow");
  CHECK(complaint(std::string("\x93NUMPY\1\0\xff\xff", 10)) ==
        "promises a header of 65535 bytes, expected at most 65536 within the file");
  CHECK(complaint(std::string("\x93NUMPY\2\0\xff\xff\xff\xff", 12)) ==
        "promises a header of 4294967295 bytes, expected at most 65536 within the file");
  const std::string whole = npy(dict("<f4", "(3,)"), std::string(12, '\0'));
  for (std::size_t size = 0; size < whole.size(); ++size) {
    CAPTURE(size);
    CHECK(complaint(whole.substr(0, size)) != "");
  }
}
