#include "nn/data/npy.hpp"

#include <algorithm>

#include "tests/support/complaints.hpp"

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

nn::Samples read(const std::string& content) {
  const TemporaryFolder folder;
  return nn::read_npy(folder.write("array.npy", content));
}

std::string npy_complaint(const std::string& content) {
  return complaint_about_file_of(content, [](auto path) { nn::read_npy(path); });
}

/// Returns the complaint about a file of six bytes with this header.
std::string complaint_about_header(const std::string& header) {
  return npy_complaint(npy(header, std::string(6, '\7')));
}

/// Reads six elements of a type as an array (3, 2).
template <class E, class Kept = E>
void check_type(const char* descr, const std::vector<E>& elements) {
  CAPTURE(descr);
  const std::string bytes(reinterpret_cast<const char*>(elements.data()), 6 * sizeof(E));
  for (const char version : {'\1', '\2', '\3'}) {
    const nn::Samples samples = read(npy(dict(descr, "(3, 2)"), bytes, version));
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

TEST_CASE("read_npy reads every byte but 0 of a bool as 1, as NumPy does") {
  const nn::Samples samples = read(npy(dict("|b1", "(4,)"), std::string("\0\1\2\xff", 4)));
  const auto found = samples.as<std::int64_t>();
  CHECK(std::vector(found.begin(), found.end()) == std::vector<std::int64_t>{0, 1, 1, 1});
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
  CHECK(npy_complaint("") == "does not begin as a .npy file");
  CHECK(npy_complaint("\x93NUMPX\1\0\0\0") == "does not begin as a .npy file");
  CHECK(npy_complaint(npy(dict("|u1", "(6,)"), "", 4)) == "is of .npy version 4, expected 1 to 3");
  for (const std::string type : {"|O", ">f4"}) {
    CHECK(complaint_about_header(dict(type, "(6,)")) ==
          "holds elements of type '" + type + "', expected numbers such as '<f4' or '|u1'");
  }
  CHECK(complaint_about_header(dict("|u1", "(2, 3)", "True")) ==
        "is in Fortran order: save numpy.ascontiguousarray of it");
  for (const std::string shape : {"()", "(4294967296, 4294967296)"}) {
    CHECK(complaint_about_header(dict("|u1", shape)) ==
          "has the shape " + shape + ", expected an array (samples, ...)");
  }
  CHECK(npy_complaint(npy(dict("|u1", "(2, 0)"), "")) ==
        "has the shape (2, 0), whose samples are empty");
  CHECK(npy_complaint(npy(dict("<u8", "(1,)"), std::string(8, '\xff'))) ==
        "element 0 is 18446744073709551615, too large");
}

TEST_CASE("read_npy refuses headers that are none") {
  const auto header = complaint_about_header;
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
  for (const int size : {11, 16}) {
    CHECK(
        npy_complaint(npy(dict("<f4", "(3,)"), std::string(static_cast<std::size_t>(size), 'x'))) ==
        "the header promises 3 elements of 4 bytes, but " + std::to_string(size) + " bytes follow");
  }
  CHECK(npy_complaint(npy(dict("<f8", "(4611686018427387904,)"), "")) ==
        "the header promises 4611686018427387904 elements of 8 bytes, but 0 bytes follow");
  CHECK(npy_complaint(std::string("\x93NUMPY\1\0\xff\xff", 10)) ==
        "promises a header of 65535 bytes, expected at most 65536 within the file");
  CHECK(npy_complaint(std::string("\x93NUMPY\2\0\xff\xff\xff\xff", 12)) ==
        "promises a header of 4294967295 bytes, expected at most 65536 within the file");
  const std::string whole = npy(dict("<f4", "(3,)"), std::string(12, '\0'));
  for (std::size_t size = 0; size < whole.size(); ++size) {
    npy_complaint(whole.substr(0, size));
  }
}
