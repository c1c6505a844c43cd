// Programs that must not compile. A test defines the name of one of them.

#include <string_view>
#include <vector>
#include <xtape.hpp>

using namespace xtape;

namespace {

[[maybe_unused]] Tape<float> tape;
[[maybe_unused]] Rng rng;
[[maybe_unused]] const Array<float> ones(Shape{3}, 1.f);
[[maybe_unused]] const Array<double> wide(Shape{3}, 1e300);

#if defined(BUFFER_OF_A_MODULE)
struct Confused {
  nn::Linear<float> layer;

  static void visit(auto& self, auto&& f) { f.buffer("layer", self.layer); }
};
const auto count = nn::parameter_count(Confused{nn::Linear(2, 3, rng)});

#elif defined(CAPTURED_ARRAY)
Variable<float> scaled(Variable<float> x, const Array<float>& factors) {
  return record("scaled", {x}, x.value() * factors, [=](Variable<float> y) {
    accumulate(x, y.grad() * factors);  // a copy of the array, on the heap
  });
}
const auto y = scaled(tape.variable(ones), ones);

#elif defined(INTEGERS)
const auto array_of_what = array(std::vector<int>{1, 2});  // of int, or of float?

#elif defined(LOCAL_EXPRESSION)
Variable<float> cube(Variable<float> x) {
  return define("cube", {x}, x.value() * x.value() * x.value(), [=](auto y) {
    const auto squared = x.value() * x.value();
    return 3.f * y.grad() * squared;  // refers to an expression that is gone by then
  });
}
const auto y = cube(tape.variable(2.f));

#elif defined(MISSING_VISIT)
struct Forgetful {
  nn::Linear<float> layer;

  Variable<float> operator()(Variable<float> x) const { return layer(x); }
};
const nn::Sequential model{Forgetful{nn::Linear(2, 3, rng)}};

#elif defined(MIXED_LEVELS)
Tape<Dual<float> > tape_of_duals;
const auto y = tape.variable(ones) + tape_of_duals.variable(ones);

#elif defined(MIXED_NESTED_LEVELS)
Tape<Dual<double> > tape_of_duals;
Tape<Dual<Dual<double> > > tape_of_nested;
const auto y = tape_of_nested.variable(2.0) * tape_of_duals.variable(2.0);

#elif defined(NESTED_NUMBERS)
Tape<Dual<Dual<double> > > tape_of_nested;
const auto y = tape_of_nested.variable(2.0);

#elif defined(NESTED_SOLVE)
Tape<Dual<Dual<double> > > tape_of_nested;
const auto a = tape_of_nested.variable(Array<double>{{2, 0}, {0, 1}});
const auto y = solve(a, a);

#elif defined(THIRD_LEVEL)
Tape<Dual<Dual<double> > > tape_of_nested;
const auto x = tape_of_nested.variable(2.0);
const auto y = derivative([](auto at) { return exp(at); }, x, Array<double>(1.0));

#elif defined(RETURNED_ARRAY)
Variable<float> same(Variable<float> x) {
  return define("same", {x}, x.value() * 1.f,
                [](auto y) { return y.grad(); });  // a copy of the array, on the heap
}
const auto y = same(tape.variable(2.f));

#elif defined(SELECT_PREDICATE)
const nn::Linear layer(2, 3, rng);
const auto part = nn::select(layer, [](int index) { return index == 0; });
const auto count = nn::parameter_count(part);

#elif defined(TEMPORARY_PARAMETER)
const auto x = tape.parameter(Array<float>(Shape{3}, 1.f));  // gone before backward

#elif defined(TEMPORARY_SELECTION)
const auto all = nn::select(nn::Linear(2, 3, rng), [](auto) { return true; });  // gone at once

#elif defined(TEMPORARY_VIEW)
const auto x = tape.constant_view(Array<float>(Shape{3}, 1.f));  // gone at once

#elif defined(TYPED_FUNCTION)
const auto f = [](Variable<float> x) { return sum(x * x); };
const auto hv = hvp(f, ones, ones);

#elif defined(VARIABLE_IN_EXPRESSION)
const auto y = xt::hypot(tape.variable(ones), ones);  // xtensor's, which would record nothing

#elif defined(VECTOR_ON_TAPE)
const auto x = tape.constant(std::vector<float>{1, 2});

#elif defined(VISIT_WITHOUT_BUFFERS)
struct Centred {
  Array<float> running_mean;

  static void visit(auto& self, auto&& f) { f.buffer("running_mean", self.running_mean); }
};
const Centred model{{1.f}};
void count() {
  Centred::visit(model, [](std::string_view, auto&) {});  // not told of buffers
}

#elif defined(WIDE_ARRAY)
const auto y = tape.variable(2.f) * wide;

#elif defined(WIDE_ARRAY_OF_DUALS)
const auto y = hvp([](auto x) { return sum(x * x * wide); }, ones, ones);

#elif defined(WIDE_CONSTANT)
const auto x = tape.constant(wide);

#elif defined(WIDE_VARIABLE)
const auto x = tape.variable(-wide / 2);
#endif

}  // namespace
