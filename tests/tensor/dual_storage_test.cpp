#include "tensor/dual_storage.hpp"

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <utility>
#include <vector>

#include "tensor/arena.hpp"
#include "tensor/array.hpp"
#include "tests/support/catch.hpp"

using xtape::Arena;
using xtape::Array;
using xtape::Dual;
using xtape::Shape;
using xtape::Storage;

namespace {

using D = Dual<double>;
using Numbers = Storage<D>;

Numbers three() {
  Numbers storage(3);
  storage[0] = D(1, 4);
  storage[1] = D(2, 5);
  storage[2] = D(3, 6);
  return storage;
}

bool holds_three(const Numbers& storage) {
  const std::vector<D> wanted{D(1, 4), D(2, 5), D(3, 6)};
  return std::equal(storage.begin(), storage.end(), wanted.begin(), wanted.end());
}

}  // namespace

TEST_CASE("Values of Dual numbers follow each other, and so do tangents") {
  const Numbers storage = three();
  CHECK(storage.values()[2] == 3);
  CHECK(storage.tangents()[0] == 4);
  CHECK(reinterpret_cast<std::uintptr_t>(Numbers(100).values()) % 64 == 0);
  CHECK(reinterpret_cast<std::uintptr_t>(Numbers(100).tangents()) % 64 == 0);
  CHECK(storage.front() == D(1, 4));
  CHECK(storage.back() == D(3, 6));
  CHECK(holds_three(storage));
  CHECK(Numbers(5, D(1, 2))[4] == D(1, 2));
}

TEST_CASE("The storage of Dual numbers is copied, moved and traded") {
  Numbers a = three();
  const Numbers copy = a;
  CHECK(holds_three(copy));
  CHECK(copy == a);
  Numbers assigned(1);
  assigned = a;
  CHECK(holds_three(assigned));
  const Numbers moved = std::move(a);
  CHECK(holds_three(moved));
  CHECK(a.empty());  // NOLINT(bugprone-use-after-move)
  a = std::move(assigned);
  CHECK(holds_three(a));
  CHECK(assigned.empty());  // NOLINT(bugprone-use-after-move)
  assigned.trade(a);
  CHECK(holds_three(assigned));
  CHECK(a.empty());
  Arena arena;
  Numbers lent(arena);
  lent.resize(3);
  std::copy_n(copy.begin(), 3, lent.begin());
  CHECK(holds_three(lent));
  CHECK(holds_three(Numbers(std::move(lent))));
}

TEST_CASE("The storage of Dual numbers knows that all tangents are 0 until somebody may write") {
  Numbers storage = three();
  CHECK_FALSE(storage.is_constant());
  storage.drop_tangents();
  const Numbers& view = storage;
  CHECK(view.is_constant());
  CHECK(view[1] == D(2));
  CHECK(view.data().constant);
  const Numbers copy = view;
  CHECK(copy.is_constant());
  Numbers moved = std::move(storage);
  CHECK(moved.is_constant());
  moved.resize(2);
  CHECK(moved.is_constant());
  moved.resize(3);
  CHECK(moved.is_constant());
  moved.resize(4);
  CHECK_FALSE(moved.is_constant());
  moved.drop_tangents();
  moved[0] = D(7, 8);
  CHECK_FALSE(moved.is_constant());
  CHECK(std::as_const(moved)[0] == D(7, 8));
  moved.drop_tangents();
  moved.tangents()[3] = 1;
  CHECK_FALSE(moved.is_constant());
  moved.drop_tangents();
  CHECK_FALSE(moved.data().constant);
  CHECK_FALSE(moved.is_constant());
}

TEST_CASE("Pointers to Dual numbers are iterators") {
  Numbers storage = three();
  static_assert(std::random_access_iterator<Numbers::const_iterator>);
  auto p = storage.begin();
  *p += D(1, 1);
  CHECK(D(*p) == D(2, 5));
  *p++ -= D(1, 1);
  *p *= D(2);
  CHECK(D(p[0]) == D(4, 10));
  p[0] = p[1];
  CHECK(D(*p--) == D(3, 6));
  ++p;
  --p;
  CHECK(p == storage.begin());
  CHECK(storage.end() - p == 3);
  CHECK(p < storage.end());
  CHECK(*(1 + Numbers::const_iterator(p)) == D(3, 6));
  CHECK(*(storage.cend() - 1) == D(3, 6));
  CHECK(*std::as_const(storage).rbegin() == D(3, 6));
  std::fill(storage.begin(), storage.end(), D(9, 8));
  CHECK(std::count(storage.cbegin(), storage.cend(), D(9, 8)) == 3);
}

TEST_CASE("An array of Dual numbers is an array") {
  Array<D> a(Shape{2, 3}, D(1, 2));
  a(1, 2) = D(5, 6);
  CHECK(D(a(1, 2)) == D(5, 6));
  CHECK(std::as_const(a)(0, 0) == D(1, 2));
  a.reshape({3, 2});
  CHECK(D(a(2, 1)) == D(5, 6));
  const Array<D> sum = a + a;  // by xtensor's own assignment
  CHECK(sum(2, 1) == D(10, 12));
  a.fill(D(3));
  CHECK(std::as_const(a)(2, 1) == D(3));
  CHECK((a == Array<D>(Shape{3, 2}, D(3))));
  const Array<D> taken = std::move(a);
  CHECK_FALSE(a.is_whole());  // NOLINT(bugprone-use-after-move)
  CHECK(taken.is_whole());
  CHECK(xtape::is_dual<Array<D>::value_type>);
}

TEST_CASE("The storage of Dual numbers reads borrowed elements in place until it is written to") {
  const std::vector<double> values{1, 2, 3}, tangents{4, 5, 6};
  Numbers storage(7);
  storage.borrow(values.data(), tangents.data(), 3);
  const Numbers& view = storage;
  CHECK(view.values() == values.data());
  CHECK(view.tangents() == tangents.data());
  CHECK(view.size() == 3);
  CHECK_FALSE(view.is_constant());
  CHECK(holds_three(view));
  const Numbers copy = storage;
  CHECK(copy.values() != values.data());
  CHECK(holds_three(copy));
  Numbers other;
  other.trade(storage);
  CHECK(std::as_const(other).values() == values.data());
  CHECK(storage.empty());
  other[1] = D(20, 50);
  CHECK(std::as_const(other).values() != values.data());
  CHECK(other.front() == D(1, 4));
  CHECK(values[1] == 2);
  CHECK(tangents[1] == 5);
  const Numbers moved = std::move(other);
  CHECK(moved[1] == D(20, 50));
}

TEST_CASE("Borrowed elements without tangents have tangents of 0") {
  const std::vector<double> values{1, 2, 3}, tangents{4, 5, 6};
  Numbers storage = three();
  storage.borrow(values.data(), nullptr, 3);
  const Numbers& view = storage;
  CHECK(view.is_constant());
  CHECK(view[2] == D(3, 0));
  const double* const zeros = view.tangents();
  storage.borrow(values.data(), tangents.data(), 3);
  CHECK(view[2] == D(3, 6));
  storage.drop_tangents();
  CHECK(view.is_constant());
  CHECK(view.tangents() == zeros);
  CHECK(view.values() == values.data());
  CHECK(view[1] == D(2, 0));
}

TEST_CASE("A storage of borrowed elements is resized like any other") {
  const std::vector<double> values{1, 2, 3}, tangents{4, 5, 6};
  Numbers storage;
  storage.borrow(values.data(), tangents.data(), 3);
  storage.resize(3);
  CHECK(std::as_const(storage).values() != values.data());
  std::copy_n(three().begin(), 3, storage.begin());
  CHECK(holds_three(storage));
  storage.borrow(values.data(), nullptr, 2);
  storage.reserve(2);
  CHECK(std::as_const(storage)[1] == D(2, 0));
  CHECK(std::as_const(storage).values() != values.data());
  storage.reserve(10);  // the elements are lost, as always
  CHECK(storage.size() == 2);
  storage.borrow(nullptr, nullptr, 0);
  CHECK(storage.empty());
  storage.set_values(values.data());
  storage.resize(2);
  storage.set_values(values.data());
  CHECK(std::as_const(storage)[1] == D(2, 0));
  CHECK(std::as_const(storage).is_constant());
  CHECK(values[0] == 1);
}
