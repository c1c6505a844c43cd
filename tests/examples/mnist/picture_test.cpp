#include "examples/mnist/picture.hpp"

#include "tensor/error.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/temporary_folder.hpp"

TEST_CASE("read_picture takes FILE:NUMBER from an IDX file as it is") {
  const TemporaryFolder folder;
  const std::string header("\0\0\10\3\0\0\0\2\0\0\0\1\0\0\0\3", 16);
  const std::string file = folder.write("two-idx3-ubyte", header + "abcxyz").string();
  const images::Picture second = mnist::read_picture(file + ":1");
  CHECK(second.name == file + ":1");
  CHECK((second.image.shape() == xtape::Shape{1, 3}));
  const auto pixels = second.image.sample<std::uint8_t>(0);
  CHECK(std::string(pixels.begin(), pixels.end()) == "xyz");
  CHECK_THROWS_WITH(mnist::read_picture(file + ":2"),
                    file + ": holds 2 images, so there is no number 2 (from 0)");
  CHECK_THROWS_AS(mnist::read_picture(file + ":-1"), xtape::DataError);
  CHECK_THROWS_AS(mnist::read_picture(file), xtape::DataError);
}
