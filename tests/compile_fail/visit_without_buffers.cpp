#include <string_view>
#include <xtape.hpp>

namespace {

struct Centred {
  xtape::Array<float> running_mean;

  static void visit(auto& self, auto&& f) { f.buffer("running_mean", self.running_mean); }
};

}  // namespace

int main() {
  const Centred model{{1.f}};
  int count = 0;
  Centred::visit(model, [&](std::string_view, auto&) { ++count; });  // not told of buffers
  return count;
}
