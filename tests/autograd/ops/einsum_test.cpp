#include "autograd/ops/einsum.hpp"

#include <string>
#include <vector>

#include "tests/support/evaluate.hpp"

using namespace xtape;

TEST_CASE("einsum takes spaces, axes of extent 1 and lists of operands") {
  Tape<double> tape;
  const auto x = tape.variable(array_of<double>(Shape{2, 1}, {1, 2}));
  const auto y = tape.variable(array_of<double>(Shape{3, 2}, {1, 2, 3, 4, 5, 6}));
  CHECK((einsum(" ij , jk -> ik", x, y).value() == array_of<double>(Shape{2, 2}, {9, 12, 18, 24})));
  const std::vector<Variable<double>> both{x, y};
  CHECK((einsum("ij,kl->", std::span<const Variable<double>>(both)).item() == 63));
  CHECK((einsum("ab", x).value() == x.value()));
}

TEST_CASE("einsum repeats an axis of extent 1 that is summed") {
  Tape<double> tape;
  const auto a = tape.variable(Array<double>(Shape{2, 3, 4}, 2.0));
  const auto b = tape.variable(Array<double>(Shape{1, 4}, 5.0));
  const auto y = einsum("ijk,jk->i", a, b);
  CHECK((y.value() == Array<double>(Shape{2}, 120.0)));  // 3 * 4 * 2 * 5
  tape.backward(sum(y));
  CHECK((a.grad() == Array<double>(Shape{2, 3, 4}, 5.0)));
  CHECK((b.grad() == Array<double>(Shape{1, 4}, 12.0)));  // 2 * 3 * 2
}

TEST_CASE("einsum refuses equations that it cannot read") {
  Tape<double> tape;
  const auto x = tape.variable(Array<double>(Shape{2, 3}, 1.0));
  const std::vector<Variable<double>> none;
  CHECK_REFUSED(tape, einsum("ij,jk->ik", x), ValueError,
                "einsum: 'ij,jk->ik' has 2 operands, got 1");
  CHECK_REFUSED(tape, einsum("i1->i", x), ValueError, "einsum: '1' is not an index, in 'i1->i'");
  CHECK_REFUSED(tape, einsum("...j->j", x), ValueError,
                "einsum: '.' is not an index, in '...j->j'");
  CHECK_REFUSED(tape, einsum("ij->ik", x), ValueError,
                "einsum: index k of the result is in no operand of 'ij->ik'");
  CHECK_REFUSED(tape, einsum("ij->ii", x), ValueError,
                "einsum: index i is twice in the result of 'ij->ii'");
  CHECK_REFUSED(tape, einsum("ij,ij->i,j", x, x), ValueError,
                "einsum: index , of the result is in no operand of 'ij,ij->i,j'");
  CHECK_REFUSED(tape, einsum("ij", std::span<const Variable<double>>(none)), ValueError,
                "einsum: expected at least one operand, got none");
}

TEST_CASE("einsum names the index that does not fit") {
  Tape<double> tape;
  const auto x = tape.variable(Array<double>(Shape{2, 3}, 1.0));
  CHECK_REFUSED(tape, einsum("ij,jk->ik", x, x), ShapeError,
                "einsum: index j is 3 in operand 0 and 2 in operand 1");
  CHECK_REFUSED(tape, einsum("ii->i", x), ShapeError,
                "einsum: index i is 2 in operand 0 and 3 in operand 0");
  CHECK_REFUSED(tape, einsum("ijk->i", x), ShapeError,
                "einsum: operand 0 has 3 indices in 'ijk->i', and the shape (2, 3)");
}
