#include "nn/data/tar.hpp"

#include "tests/support/complaints.hpp"
#include "tests/support/cost.hpp"
#include "tests/support/gzip.hpp"
#include "tests/support/tar.hpp"

using xtape::nn::InputFile;
using xtape::nn::detail::TarMember;
using xtape::nn::detail::TarReader;

namespace {

constexpr std::uint64_t limit = 1 << 20;

/// Reads a whole archive, and returns a line about each member.
std::vector<std::string> members_of(const std::filesystem::path& path) {
  const InputFile file(path);
  TarReader archive(file, limit);
  std::vector<std::string> lines;
  while (const std::optional<TarMember> member = archive.next()) {
    std::string content(member->is_file ? static_cast<std::size_t>(member->size) : 0, '\0');
    archive.read(std::span(reinterpret_cast<std::uint8_t*>(content.data()), content.size()));
    lines.push_back(fmt::format("{} {} {} {}", member->name, member->size, member->is_file,
                                content.substr(0, 4)));
  }
  return lines;
}

std::vector<std::string> members_of(const std::string& archive) {
  const TemporaryFolder folder;
  return members_of(folder.write("x.tar.gz", gzip(archive)));
}

std::string complaint(const std::string& archive) {
  return complaint_about_file_of(gzip(archive), [](auto path) { members_of(path); });
}

using Lines = std::vector<std::string>;

}  // namespace

TEST_CASE("TarReader reads the members of the formats of POSIX, GNU and Unix 7") {
  CHECK(members_of(tar({})) == Lines{});
  CHECK(members_of(tar({{"a", "one"},
                        {"b", ""},
                        {"c/d", std::string(512, 'x')},
                        {"e", std::string(513, 'y')}})) ==
        Lines{"a 3 true one", "b 0 true ", "c/d 512 true xxxx", "e 513 true yyyy"});
  CHECK(members_of(tar({{.name = "file", .content = "x", .prefix = "very/long"}})) ==
        Lines{"very/long/file 1 true x"});
  // The bytes at the place of the prefix are something else in these.
  CHECK(members_of(tar({{.name = "f", .content = "x", .magic = "ustar  ", .prefix = "1234"}})) ==
        Lines{"f 1 true x"});
  CHECK(
      members_of(tar({{.name = "f", .content = "x", .type = '\0', .magic = "", .prefix = "1"}})) ==
      Lines{"f 1 true x"});
  CHECK(members_of(tar({{.name = std::string(100, 'n'), .content = "x"}})) ==
        Lines{std::string(100, 'n') + " 1 true x"});
  for (const std::string size : {"          3 ", "3 ", "0000000003 ", "000000000003", " 3"}) {
    CAPTURE(size);
    CHECK(members_of(tar({{.name = "a", .content = "one", .size = size}, {"b", "two"}})) ==
          Lines{"a 3 true one", "b 3 true two"});
  }
}

TEST_CASE("TarReader passes over what is no file, with its content if it has one") {
  CHECK(members_of(tar({{.name = "folder/", .type = '5'},
                        {.name = "pax", .content = "11 path=b\n", .type = 'x'},
                        {.name = "././@LongLink", .content = "name", .type = 'L'},
                        {.name = "link", .type = '2', .size = "00000001000"},
                        {.name = "hard", .type = '1', .size = "00000001000"},
                        {.name = "device", .type = '3'},
                        {"a", "one"}})) ==
        Lines{"folder/ 0 false ", "pax 10 false ", "././@LongLink 4 false ", "link 512 false ",
              "hard 512 false ", "device 0 false ", "a 3 true one"});
}

TEST_CASE("TarReader refuses what is no archive, and says where") {
  const std::string sound = tar({{"a", "one"}, {"b", "two"}});
  CHECK(complaint("") == "the archive is cut short after 0 bytes");
  CHECK(complaint(std::string(512, 'x')) ==
        "no header of a tar archive at byte 0, or its checksum is wrong");
  std::string damaged = sound;
  damaged[1024] = 'c';
  CHECK(complaint(damaged) == "no header of a tar archive at byte 1024, or its checksum is wrong");
  damaged = sound;
  damaged.back() = 1;
  CHECK(complaint(damaged) == "bytes follow the end of the archive");
  const std::string binary("\x80\0\0\0\0\0\0\0\0\0\0\1", 12);
  for (std::string size :
       {std::string("-0000000001"), std::string("8"), std::string("0x10"), binary}) {
    CAPTURE(size);
    size.resize(12);
    CHECK(complaint(tar({{.name = "a\nb", .content = "x", .size = size}})) ==
          "the size of 'a?b' is not an octal number");
  }
  CHECK(complaint(tar({{.name = "a", .size = std::string(12, ' ')}})) ==
        "the size of 'a' is not an octal number");
}

TEST_CASE("TarReader refuses archives that are cut short anywhere") {
  const std::string members = tar_members({{"a", "one"}, {"b", std::string(600, 'x')}});
  for (std::size_t size = 0; size <= members.size(); size += 64) {
    CAPTURE(size);
    CHECK(complaint(members.substr(0, size)) ==
          fmt::format("the archive is cut short after {} bytes", size));
  }
  CHECK(members_of(members + std::string(512, '\0')).size() == 2);  // one block is enough
  std::vector<std::uint8_t> packed = gzip(tar({{"a", "one"}}));
  packed.resize(packed.size() - 5);
  CHECK(complaint_about_file_of(packed, [](auto path) {
          members_of(path);
        }).starts_with("the gzip data are cut short after "));
  packed = gzip(tar({{"a", "one"}}));
  packed[packed.size() - 7] ^= 1;
  CHECK(complaint_about_file_of(packed, [](auto path) { members_of(path); }) ==
        "damaged gzip data: incorrect data check");
}

TEST_CASE("TarReader stops at its limit, however much an archive would unpack to") {
  const std::string zeros(std::size_t{200} << 20, '\0');
  const TemporaryFolder folder;
  const auto sound = folder.write("sound", gzip(tar({{"a", std::string(limit / 2, 'x')}})));
  const Cost cost = cost_of([&] { members_of(sound); });
  const std::vector<std::string> bombs{
      zeros, tar_header({.name = "a", .size = "10000000000"}) + zeros,
      tar_header({.name = "a", .type = 'x', .size = "77777777777"}) + zeros};
  for (const std::string& bomb : bombs) {
    const auto path = folder.write("bomb", gzip(bomb));
    CHECK(complaint_about(path, [](auto file) {
            const InputFile input(file);
            TarReader archive(input, limit);
            while (archive.next()) {
            }
          }) == "unpacks to more than 1048576 bytes");
    check_refused_at_once(
        [&] {
          const InputFile input(path);
          TarReader archive(input, limit);
          while (archive.next()) {
          }
        },
        cost);
  }
}

TEST_CASE("TarReader reads gzip files of two members, or with zeros at the end") {
  const std::string archive = tar({{"a", "one"}, {"b", "two"}});
  const std::span bytes(reinterpret_cast<const std::uint8_t*>(archive.data()), archive.size());
  const TemporaryFolder folder;
  for (const std::size_t first : {std::size_t{0}, std::size_t{700}, archive.size()}) {
    CAPTURE(first);
    std::vector<std::uint8_t> packed = gzip_in_two(bytes, first);
    packed.resize(packed.size() + 512);
    CHECK(members_of(folder.write("x.tar.gz", packed)) == Lines{"a 3 true one", "b 3 true two"});
  }
}

TEST_CASE("TarReader does not read beyond a member") {
  const TemporaryFolder folder;
  const InputFile file(folder.write("x", gzip(tar({{"a", "one"}, {"b", "two"}}))));
  TarReader archive(file, limit);
  std::array<std::uint8_t, 4> bytes{};
  CHECK_FAILS(archive.read(bytes), xtape::ValueError,
              "TarReader: the member has 0 bytes left, not 4");
  archive.next();
  CHECK_FAILS(archive.read(bytes), xtape::ValueError,
              "TarReader: the member has 3 bytes left, not 4");
  archive.read(std::span(bytes).first(2));
  CHECK(archive.next()->name == "b");
}
