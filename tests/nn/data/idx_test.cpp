#include "nn/data/idx.hpp"

#include <sys/stat.h>
#include <zlib.h>

#include <algorithm>

#include "tests/support/complaints.hpp"
#include "tests/support/cost.hpp"
#include "tests/support/datasets.hpp"
#include "tests/support/gzip.hpp"
#include "tests/support/mnist_data.hpp"

namespace nn = xtape::nn;
namespace fs = std::filesystem;
using Content = std::vector<std::uint8_t>;

namespace {

/// The first bytes of an IDX file.
Content header(std::initializer_list<std::uint32_t> extents, std::uint8_t type = 8) {
  Content bytes{0, 0, type, static_cast<std::uint8_t>(extents.size())};
  for (std::uint32_t extent : extents) {
    for (int shift : {24, 16, 8, 0}) {
      bytes.push_back(static_cast<std::uint8_t>(extent >> shift));
    }
  }
  return bytes;
}

/// An IDX file that holds 0, 1, 2, ... modulo 251.
Content idx(std::initializer_list<std::uint32_t> extents) {
  Content bytes = header(extents);
  const std::size_t count = xtape::element_count(xtape::Shape(extents.begin(), extents.end()));
  for (std::size_t i = 0; i < count; ++i) {
    bytes.push_back(static_cast<std::uint8_t>(i % 251));
  }
  return bytes;
}

/// Makes a gzip file say at its end that it unpacks to `size` bytes.
Content with_recorded_size(Content packed, std::uint32_t size) {
  for (std::size_t i = 0; i < 4; ++i) {
    packed[packed.size() - 4 + i] = static_cast<std::uint8_t>(size >> (8 * i));
  }
  return packed;
}

/// An IDX file of `size` random bytes.
Content noise(std::uint32_t size, std::initializer_list<std::uint32_t> extents) {
  Content bytes = header(extents);
  xtape::Rng rng;
  std::generate_n(std::back_inserter(bytes), size,
                  [&] { return static_cast<std::uint8_t>(rng()); });
  return bytes;
}

/// What it takes to read a sound gzip file of `size` bytes and a few more, which holds noise.
Cost cost_of_noise(std::uint32_t size) {
  const TemporaryFolder folder;
  const fs::path path = folder.write("noise", gzip(noise(size, {1, 1, size})));
  return cost_of([&] { nn::read_idx(path, 3); });
}

Content content_of(const nn::Samples& samples) { return elements_of<std::uint8_t>(samples); }

/// Returns the content without its last byte.
Content shorter(Content content) {
  content.pop_back();
  return content;
}

std::string idx_complaint(const Content& content, std::size_t rank = 3) {
  return complaint_about_file_of(content, [&](auto path) { nn::read_idx(path, rank); });
}

/// Writes a tiny MNIST of 3 images for training and 2 for testing, 4 x 5 pixels each.
void write_mnist(const TemporaryFolder& folder, const std::string& separator, bool packed) {
  const auto write = [&](const std::string& stem, const std::string& ending, const Content& file) {
    folder.write(stem + separator + ending + (packed ? ".gz" : ""), packed ? gzip(file) : file);
  };
  write("train-images", "idx3-ubyte", idx({3, 4, 5}));
  write("train-labels", "idx1-ubyte", idx({3}));
  write("t10k-images", "idx3-ubyte", idx({2, 4, 5}));
  write("t10k-labels", "idx1-ubyte", idx({2}));
}

}  // namespace

TEST_CASE("read_idx reads raw and gzip files of any rank") {
  const TemporaryFolder folder;
  const Content file = idx({3, 20, 30});
  const Content values(file.begin() + 16, file.end());
  for (const Content& content : {file, gzip(file)}) {
    const auto array = nn::read_idx(folder.write("images", content), 3);
    CHECK((array.shape() == xtape::Shape{20, 30}));
    CHECK(content_of(array) == values);
  }
  CHECK((content_of(nn::read_idx(folder.write("one", idx({4})), 1)) == Content{0, 1, 2, 3}));
  CHECK_THROWS_AS(nn::read_idx(folder.write("none", Content{0, 0, 8, 0, 7}), 0), xtape::ValueError);
}

TEST_CASE("read_idx unpacks files larger than its buffers") {
  const TemporaryFolder folder;
  const Content file = noise(2100000, {3, 700, 1000});
  const auto array = nn::read_idx(folder.write("images.gz", gzip(file)), 3);
  CHECK((content_of(array) == Content(file.begin() + 16, file.end())));
}

TEST_CASE("read_idx tells what cannot be opened") {
  const TemporaryFolder folder;
  const auto idx_complaint = [](const fs::path& file) {
    return complaint_about(file, [](auto path) { nn::read_idx(path, 3); });
  };
  CHECK(idx_complaint(folder / "missing") == "cannot open: No such file or directory");
  CHECK(idx_complaint(folder.path()) == "is a folder, expected an IDX file");
  REQUIRE(mkfifo((folder / "pipe").c_str(), 0600) == 0);
  CHECK(idx_complaint(folder / "pipe") == "is not a regular file, expected an IDX file");
  const fs::path secret = folder.write("secret", idx({1, 1, 1}));
  fs::permissions(secret, fs::perms::none);
  if (std::ifstream(secret).fail()) {  // root may read everything
    CHECK(idx_complaint(secret) == "cannot open: Permission denied");
  }
}

TEST_CASE("read_idx refuses what is no IDX file of bytes") {
  CHECK(idx_complaint({}) == "is empty, expected an IDX file");
  CHECK(idx_complaint({0x89, 'P', 'N', 'G', 13}) ==
        "begins with 89 50 4e 47, expected 00 00 08 03, the magic of an IDX file");
  CHECK(idx_complaint({0, 1, 8, 3}) ==
        "begins with 00 01 08 03, expected 00 00 08 03, the magic of an IDX file");
  CHECK(idx_complaint(header({1, 1, 1}, 0x0d)) ==
        "holds elements of type 0x0d (float), expected 0x08 (unsigned byte)");
  CHECK(idx_complaint(header({1, 1, 1}, 0x77)) ==
        "holds elements of type 0x77 (unknown), expected 0x08 (unsigned byte)");
  CHECK(idx_complaint(idx({3})) == "has 1 axes, expected 3");
  CHECK(idx_complaint(idx({3, 1, 1}), 1) == "has 3 axes, expected 1");
}

TEST_CASE("read_idx refuses raw files of another size than their header promises") {
  CHECK(idx_complaint({0, 0}) == "ends after 2 bytes, expected a header of 16");
  CHECK(idx_complaint(shorter(header({2, 3, 4}))) ==
        "ends after 15 bytes, expected a header of 16");
  Content file = idx({2, 3, 4});
  CHECK(idx_complaint(shorter(file)) ==
        "the header promises (2, 3, 4), a file of 40 bytes, but it has 39");
  file.resize(42);
  CHECK(idx_complaint(file) == "the header promises (2, 3, 4), a file of 40 bytes, but it has 42");
}

TEST_CASE("read_idx refuses impossible extents") {
  CHECK(idx_complaint(header({0, 28, 28})) == "the header promises (0, 28, 28), which is empty");
  CHECK(idx_complaint(header({5, 28, 0})) == "the header promises (5, 28, 0), which is empty");
  const std::uint32_t most = 0xffffffff;
  const std::string overflow =
      "the header promises (4294967295, 4294967295, 4294967295), more bytes than can be counted";
  CHECK(idx_complaint(header({most, most, most})) == overflow);
  CHECK(idx_complaint(gzip(header({most, most, most}))) == overflow);
  CHECK(idx_complaint(header({most, 65535, 65535})).find("a file of 18446") != std::string::npos);
}

TEST_CASE("read_idx reads gzip files of several members, or with zeros at the end") {
  const Content file = idx({2, 3, 4});
  const Content wanted(file.begin() + 16, file.end());
  const auto check = [&](const Content& packed) {
    const TemporaryFolder folder;
    CHECK(content_of(nn::read_idx(folder.write("images.gz", packed), 3)) == wanted);
  };
  for (std::size_t first = 0; first <= file.size(); ++first) {
    CAPTURE(first);
    check(gzip_in_two(file, first));
  }
  for (const std::size_t zeros : {1u, 3u, 4u, 512u, 300000u}) {
    CAPTURE(zeros);
    for (Content packed : {gzip(file), gzip_in_two(file, 20)}) {
      packed.resize(packed.size() + zeros);
      check(packed);
      packed.push_back(1);
      CHECK(idx_complaint(packed) == "bytes follow the end of the gzip data");
    }
  }
}

TEST_CASE("read_idx reads members that end anywhere in its buffer of input") {
  const std::uint32_t size = 131072;
  const Content file = noise(size, {1, 1, size});
  const std::size_t overhead = gzip(file).size() - file.size();
  const TemporaryFolder folder;
  for (std::size_t before = 0; before < 40; ++before) {
    CAPTURE(before);
    const fs::path path =
        folder.write("images.gz", gzip_in_two(file, size + 20 - overhead - before));
    CHECK((content_of(nn::read_idx(path, 3)) == Content(file.begin() + 16, file.end())));
  }
}

TEST_CASE("read_idx refuses truncated gzip files") {
  const Content file = idx({20, 30, 40});
  const Content packed = gzip(file);
  CHECK(idx_complaint({0x1f, 0x8b}) == "the gzip data are cut short after 2 bytes");
  CHECK(idx_complaint(Content(packed.begin(), packed.begin() + 15)) ==
        "the gzip data are cut short after 15 bytes");
  const Content half(packed.begin(), packed.begin() + 200);
  CHECK(idx_complaint(half) == "the gzip data are cut short after 200 bytes");
  // The same when the size at its end happens to be right.
  CHECK(idx_complaint(with_recorded_size(half, 24016)).find("gzip data") != std::string::npos);
  const Content two = gzip_in_two(file, 12000);
  for (std::size_t size = gzip(std::span(file).first(12000)).size() + 1; size < two.size();
       ++size) {
    CHECK(idx_complaint(Content(two.begin(), two.begin() + static_cast<std::ptrdiff_t>(size))) ==
          "the gzip data are cut short after " + std::to_string(size) + " bytes");
  }
}

TEST_CASE("read_idx refuses damaged gzip files") {
  const Content packed = gzip(idx({2, 3, 4}));
  Content bad = packed;
  bad[bad.size() - 8] ^= 1;
  CHECK(idx_complaint(bad) == "damaged gzip data: incorrect data check");
  bad = packed;
  bad[2] = 7;
  CHECK(idx_complaint(bad) == "damaged gzip data: unknown compression method");
  bad = packed;
  bad.insert(bad.end(), packed.end() - 4, packed.end());
  CHECK(idx_complaint(bad) == "bytes follow the end of the gzip data");
  bad = packed;
  bad.insert(bad.end(), packed.begin(), packed.end());
  CHECK(idx_complaint(bad) == "unpacks to more than the header promises");
  bad[packed.size() + 1] = 0;
  CHECK(idx_complaint(bad) == "damaged gzip data: incorrect header check");
}

TEST_CASE("read_idx refuses gzip files that unpack to another size than their header promises") {
  Content file = shorter(idx({2, 3, 4}));
  CHECK(idx_complaint(gzip(file)) ==
        "the header promises (2, 3, 4), 40 bytes unpacked, but the gzip file holds 39");
  CHECK(idx_complaint(with_recorded_size(gzip(file), 40)) ==
        "damaged gzip data: incorrect length check");
  file.resize(file.size() + 3);
  CHECK(idx_complaint(with_recorded_size(gzip(file), 40)) ==
        "unpacks to more than the header promises");
  CHECK(idx_complaint(gzip(Content{0, 0, 8, 3, 0, 0})) ==
        "ends after 6 bytes, expected a header of 16");
  CHECK(idx_complaint(gzip(Content{})) == "ends after 0 bytes, expected a header of 16");
}

TEST_CASE("read_idx refuses files cut short anywhere") {
  for (const Content& whole : {idx({2, 3, 4}), gzip(idx({2, 3, 4}))}) {
    for (Content part = shorter(whole); !part.empty(); part.pop_back()) {
      idx_complaint(part);
    }
  }
}

TEST_CASE("read_idx refuses a hostile header at once") {
  const std::uint32_t bytes = 60000u * 60000u;
  Content small = header({1, 60000, 60000});
  small.resize(1000);
  CHECK(idx_complaint(with_recorded_size(gzip(small), bytes + 16))
            .starts_with("the header promises (1, 60000, 60000), 3600000016 bytes unpacked, "
                         "more than a gzip file of "));
  CHECK(idx_complaint(header({1, 60000, 60000})) ==
        "the header promises (1, 60000, 60000), a file of 3600000016 bytes, but it has 16");
  const TemporaryFolder folder;
  const std::uint32_t most = 0xffffffff;
  for (const Content& content :
       {with_recorded_size(gzip(small), bytes + 16), header({1, 60000, 60000}),
        header({most, most, most}), gzip(header({most, most, most}))}) {
    const fs::path file = folder.write("file", content);
    check_refused_at_once([&] { nn::read_idx(file, 3); }, cost_of_noise(1));
  }
}

TEST_CASE("read_idx refuses a gzip bomb at once") {
  const TemporaryFolder folder;
  Content large = header({1, 1, 1});
  large.resize(100 << 20);
  const Content bomb = gzip(large);
  const Cost sound = cost_of_noise(static_cast<std::uint32_t>(bomb.size()));
  for (const Content& content : {bomb, with_recorded_size(bomb, 17)}) {
    const fs::path file = folder.write("file", content);
    check_refused_at_once([&] { nn::read_idx(file, 3); }, sound);
  }
  // One that is large enough for what it promises, but does not keep it.
  Content broken = header({1, 14000, 14000});
  broken.resize(1 << 20);
  broken = gzip(broken);
  broken.resize(1 << 20);
  for (const Content& content : {broken, with_recorded_size(broken, 196000016)}) {
    const fs::path file = folder.write("file", content);
    check_refused_at_once([&] { nn::read_idx(file, 3); }, cost_of_noise(1 << 20));
  }
  // Many members that hold nothing.
  Content empty;
  while (empty.size() < 1 << 20) {
    const Content member = gzip(std::string_view());
    empty.insert(empty.end(), member.begin(), member.end());
  }
  const fs::path file = folder.write("file", empty);
  check_refused_at_once([&] { nn::read_idx(file, 3); }, cost_of_noise(1 << 20));
}

TEST_CASE("read_dataset joins images and labels") {
  const TemporaryFolder folder;
  const fs::path images = folder.write("images", idx({3, 4, 5}));
  const fs::path labels = folder.write("labels.gz", gzip(idx({3})));
  const nn::Dataset data = nn::read_dataset(images, labels);
  CHECK((data.features.shape() == xtape::Shape{4, 5}));
  CHECK(data.features.sample<std::uint8_t>(2)[19] == 59);
  CHECK((data.targets.shape() == xtape::Shape{}));
  CHECK(elements_of<std::int64_t>(data.targets) == std::vector<std::int64_t>{0, 1, 2});

  const fs::path fewer = folder.write("fewer", idx({2}));
  CHECK_FAILS(nn::read_dataset(images, fewer), xtape::DataError,
              images.string() + ": holds 3 images, but " + fewer.string() + " holds 2 labels");
}

TEST_CASE("read_mnist finds every spelling") {
  for (const char* separator : {"-", "."}) {
    for (bool packed : {false, true}) {
      const TemporaryFolder folder;
      write_mnist(folder, separator, packed);
      const nn::Mnist mnist = nn::read_mnist(folder.path());
      CHECK(mnist.train.size() == 3);
      CHECK(mnist.test.size() == 2);
      CHECK((mnist.test.features.shape() == xtape::Shape{4, 5}));
      CHECK(mnist.test.features.as<std::uint8_t>()[39] == 39);
    }
  }
}

TEST_CASE("read_mnist prefers raw files") {
  const TemporaryFolder folder;
  write_mnist(folder, ".", false);
  folder.write("train-images-idx3-ubyte.gz", "nonsense");
  CHECK(nn::read_mnist(folder.path()).train.size() == 3);
}

TEST_CASE("read_mnist tells what is missing or does not fit") {
  const TemporaryFolder folder;
  const auto idx_complaint = [](const fs::path& file, const fs::path& read) {
    return complaint_about(file, [&](auto) { nn::read_mnist(read); });
  };
  const fs::path& all = folder.path();
  CHECK(idx_complaint(all / "none", all / "none") == "no such folder");
  folder.write("file", "x");
  CHECK(idx_complaint(all / "file", all / "file") == "is not a folder");

  write_mnist(folder, "-", false);
  const std::string labels = "t10k-labels-idx1-ubyte", images = "t10k-images-idx3-ubyte";
  fs::remove(all / labels);
  CHECK(idx_complaint(all, all) ==
        "none of t10k-labels-idx1-ubyte, t10k-labels.idx1-ubyte, t10k-labels-idx1-ubyte.gz, "
        "t10k-labels.idx1-ubyte.gz is in this folder");
  Content bad = idx({2});
  bad.back() = 10;
  folder.write(labels, bad);
  CHECK(idx_complaint(all / labels, all) == "label 10 of item 1, expected 0 to 9");

  folder.write(labels, idx({2}));
  folder.write(images, idx({2, 5, 4}));
  CHECK(idx_complaint(all / images, all) ==
        "images of 5 x 4, but " + all.string() + "/train-images-idx3-ubyte holds images of 4 x 5");
}

TEST_CASE("read_mnist reads the real files") {
  MNIST_OR_SKIP(folder);
  const nn::Mnist mnist = nn::read_mnist(folder);
  CHECK(mnist.train.size() == 60000);
  CHECK(mnist.test.size() == 10000);
  CHECK((mnist.train.features.shape() == xtape::Shape{28, 28}));
  const auto checksum = [](const Content& bytes) {
    return crc32(0, bytes.data(), static_cast<uInt>(bytes.size()));
  };
  const auto labels = [](const nn::Dataset& data) {
    const auto read = data.targets.as<std::int64_t>();
    return Content(read.begin(), read.end());
  };
  CHECK(checksum(content_of(mnist.train.features)) == 0xf3639b56);
  CHECK(checksum(labels(mnist.train)) == 0xba07e8ef);
  CHECK(checksum(content_of(mnist.test.features)) == 0xe4ca5f57);
  CHECK(checksum(labels(mnist.test)) == 0xee8604d9);
}
