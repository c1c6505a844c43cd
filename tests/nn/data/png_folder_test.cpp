#include "nn/data/png_folder.hpp"

#include "nn/data/png.hpp"
#include "tests/support/complaints.hpp"
#include "tests/support/datasets.hpp"

namespace nn = xtape::nn;
namespace fs = std::filesystem;

namespace {

/// A picture of 2 x 3 pixels of one colour, or of other sides.
std::string picture(const nn::Colour& colour, std::size_t rows = 2, std::size_t columns = 3) {
  return nn::encode_png(std::vector<std::uint8_t>(rows * columns), rows, columns,
                        std::vector{colour});
}

std::string folder_complaint(const fs::path& file, const fs::path& folder) {
  return complaint_about(file, [&](auto) { nn::read_png_folder(folder); });
}

}  // namespace

TEST_CASE("read_png_folder takes folders for classes, in colour or grey") {
  const TemporaryFolder folder;
  for (const char* name : {"dogs", "cats", ".hidden"}) {
    fs::create_directory(folder / name);
  }
  folder.write("dogs/2.png", picture({10, 20, 30}));
  folder.write("dogs/1.PNG", picture({40, 40, 40}));
  folder.write("cats/a.png", picture({200, 200, 200, 0}));  // white shows through
  folder.write("cats/notes.txt", "no picture");
  folder.write("cats/.b.png", "no picture");
  folder.write("labels.png", "no picture");
  const nn::PngFolder colour = nn::read_png_folder(folder.path());
  CHECK(colour.class_names == std::vector<std::string>{"cats", "dogs"});
  CHECK((colour.data.features.shape() == xtape::Shape{2, 3, 3}));
  CHECK(colour.files[1] == folder / "dogs" / "1.PNG");
  CHECK(elements_of<std::int64_t>(colour.data.targets) == std::vector<std::int64_t>{0, 1, 1});
  CHECK(colour.data.features.sample<std::uint8_t>(0)[0] == 255);
  CHECK(colour.data.features.sample<std::uint8_t>(1)[17] == 40);
  const auto blue = colour.data.features.sample<std::uint8_t>(2);
  CHECK((blue[3] == 10 && blue[4] == 20 && blue[5] == 30));
  const nn::PngFolder grey = nn::read_png_folder(folder.path(), nn::PngColours::grey);
  CHECK((grey.data.features.shape() == xtape::Shape{2, 3}));
  CHECK(grey.data.features.sample<std::uint8_t>(1)[5] == 40);
}

TEST_CASE("read_png_folder names what it cannot use") {
  const TemporaryFolder folder;
  const fs::path& all = folder.path();
  CHECK(folder_complaint(folder / "none", folder / "none") ==
        "cannot be read: No such file or directory");
  CHECK(folder_complaint(all, all) == "holds no folders of PNG files");
  fs::create_directory(folder / "a");
  CHECK(folder_complaint(folder / "a", all) == "holds no PNG files");
  const fs::path first = folder.write("a/1.png", picture({1, 2, 3}));
  const fs::path second = folder.write("a/2.png", picture({1, 2, 3}, 3, 2));
  CHECK(folder_complaint(second, all) == "has 2 x 3 pixels, but " + first.string() + " has 3 x 2");
  folder.write("a/2.png", "nonsense");
  CHECK(folder_complaint(second, all) == "does not begin as a PNG file");
}
