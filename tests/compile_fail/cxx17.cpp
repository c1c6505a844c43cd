#include <xtape.hpp>

int main() {}
