#include <stdexcept>

#include "autograd/ops/ops.hpp"
#include "autograd/record.hpp"
#include "tests/support/arrays.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/complaints.hpp"

// Tape::observe(): what a recording says of buffers.

using namespace xtape;

TEST_CASE("A tape returns what was observed, in order, until it is rewound") {
  Tape<float> tape;
  const Array<float> mean{0, 0}, count(Shape{}, 0.f);
  const auto first = tape.keep<float>(2), second = tape.keep<float>(1);
  first[0] = 3, first[1] = 4, second[0] = 1;
  CHECK(tape.observations().empty());
  tape.observe(mean, first);
  tape.observe(count, second, Statistic::count);
  REQUIRE(tape.observations().size() == 2);
  CHECK(tape.observations()[0].buffer == &mean);
  CHECK(tape.observations()[0].values[1] == 4);
  CHECK(tape.observations()[0].statistic == Statistic::average);
  CHECK(tape.observations()[1].buffer == &count);
  CHECK(tape.observations()[1].statistic == Statistic::count);
  CHECK((mean(0) == 0 && count() == 0));
  tape.rewind();
  CHECK(tape.observations().empty());
}

TEST_CASE("A composed op that throws takes its observations back") {
  Tape<float> tape;
  const Array<float> mean{0, 0};
  const auto values = tape.keep<float>(2);
  tape.observe(mean, values);
  const auto failing = [&]() -> Variable<float> {
    tape.observe(mean, values);
    throw std::runtime_error("no");
  };
  CHECK_THROWS(compose(tape, failing));
  CHECK(tape.observations().size() == 1);
}

TEST_CASE("An observation has a value for each element of the buffer") {
  Tape<float> tape;
  const Array<float> mean{0, 0};
  CHECK_FAILS(tape.observe(mean, tape.keep<float>(3)), ShapeError,
              "observe: got 3 values for a buffer (2)");
}
