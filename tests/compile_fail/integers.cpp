#include <vector>
#include <xtape.hpp>

int main() {
  return static_cast<int>(xtape::array(std::vector<int>{1, 2}).size());  // of int, or of float?
}
