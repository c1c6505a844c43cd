#include "nn/data/gzip.hpp"

#include <zlib.h>

#include <algorithm>
#include <array>

#include "tensor/error.hpp"

namespace xtape::nn::detail {

namespace {

constexpr std::array<std::uint8_t, 2> magic{0x1f, 0x8b};

}  // namespace

bool is_gzip(const InputFile& file) {
  std::array<std::uint8_t, 2> start{};
  file.read_at(0, std::as_writable_bytes(std::span(start)));
  return start == magic;
}

struct GzipReader::Stream {
  z_stream z{};
};

GzipReader::GzipReader(const InputFile& file)
    : file_(file), input_(1 << 17), stream_(std::make_unique<Stream>()) {
  const int gzip_only = 16;
  require<Error>(inflateInit2(&stream_->z, gzip_only + MAX_WBITS) == Z_OK,
                 "{}: zlib cannot start: out of memory", file.name());
}

GzipReader::~GzipReader() { inflateEnd(&stream_->z); }

bool GzipReader::refill() {
  z_stream& z = stream_->z;
  if (z.avail_in == 0) {
    const std::size_t count = file_.read_at(position_, std::as_writable_bytes(std::span(input_)));
    position_ += count;
    z.next_in = input_.data();
    z.avail_in = static_cast<uInt>(count);
  }
  return z.avail_in > 0;
}

bool GzipReader::next_member() {
  z_stream& z = stream_->z;
  if (refill() && *z.next_in == magic[0]) {
    inflateReset(&z);
    return true;
  }
  while (refill()) {
    const std::span<const Bytef> rest(z.next_in, z.avail_in);
    require<DamagedGzip>(
        std::all_of(rest.begin(), rest.end(), [](Bytef byte) { return byte == 0; }),
        "{}: bytes follow the end of the gzip data", file_.name());
    z.avail_in = 0;
  }
  return false;
}

std::size_t GzipReader::read(std::span<std::uint8_t> out) {
  z_stream& z = stream_->z;
  std::size_t done = 0;
  while (done < out.size() && !ended_) {
    require<DamagedGzip>(refill(), "{}: the gzip data are cut short after {} bytes", file_.name(),
                         file_.size());
    const std::size_t step = std::min<std::size_t>(out.size() - done, 1 << 30);
    z.next_out = out.data() + done;
    z.avail_out = static_cast<uInt>(step);
    const int status = inflate(&z, Z_NO_FLUSH);
    require<DamagedGzip>(status == Z_STREAM_END || status == Z_OK, "{}: damaged gzip data: {}",
                         file_.name(), z.msg != nullptr ? z.msg : zError(status));
    done += step - z.avail_out;
    ended_ = status == Z_STREAM_END && !next_member();
  }
  return done;
}

void GzipReader::expect_end() {
  std::array<std::uint8_t, 1> extra{};
  require<DamagedGzip>(read(extra) == 0, "{}: unpacks to more than the header promises",
                       file_.name());
}

}  // namespace xtape::nn::detail
