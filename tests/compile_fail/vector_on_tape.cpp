#include <vector>
#include <xtape.hpp>

int main() {
  xtape::Tape tape;
  return static_cast<int>(tape.constant(std::vector<float>{1, 2}).value().size());
}
