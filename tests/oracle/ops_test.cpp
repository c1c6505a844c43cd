#include <fmt/format.h>

#include <cstdint>
#include <fstream>
#include <span>
#include <string>
#include <vector>

#include "autograd/ops/ops.hpp"
#include "tests/ops/check.hpp"
#include "tests/ops/table.hpp"
#include "tests/oracle/cases.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/operands.hpp"

/// Every row of the table of ops against PyTorch, in double. `./run ops` writes what PyTorch is
/// asked, has tests/oracle/answer.py answer, and keeps the answers in tests/oracle/answers.json.

namespace xtape {
namespace {

using nlohmann::json;

/// Operands, and weights of the result's elements in the loss. With `each`, every element is
/// compared on its own scale, and computed alone, too.
struct Question {
  std::vector<Array<double>> operands;
  Of of{};
  Array<double> weight{};
  bool each = false;
};

/// The samples of few elements, some of those of more, and the row's own numbers.
std::vector<Question> questions_of(const Row& row) {
  std::vector<Question> questions;
  std::size_t larger = 0;
  for (const Sample& sample : row.kind.samples) {
    std::size_t count = 0;
    for (const Shape& shape : sample.shapes) {
      count += element_count(shape);
    }
    if (row.sampled && (count <= 8 || (count <= 40 && larger++ % 5 == 0))) {
      questions.push_back({operands_of(row, sample), sample.of, {}, row.formula.has_value()});
    }
  }
  for (const Numbers& numbers : row.numbers) {
    questions.push_back({numbers.operands, numbers.of, {}, numbers.each});
  }
  Rng rng(2);
  for (Question& question : questions) {
    Tape<double> tape;
    std::vector<Variable<double>> x;
    for (const Array<double>& operand : question.operands) {
      x.push_back(tape.constant(operand));
    }
    const Shape shape = row.call(std::span<const Variable<double>>(x), question.of).shape();
    question.weight = question.each ? Array<double>(shape, 1.0) : anywhere(shape, rng);
  }
  return questions;
}

json to_json(const Array<double>& array) {
  json data = json::array();
  for (const double element : array.storage()) {
    data.push_back(std::isfinite(element) ? json(element) : json(fmt::format("{}", element)));
  }
  return {{"shape", std::vector<std::size_t>(array.shape().begin(), array.shape().end())},
          {"data", data}};
}

json to_json(const Row& row, const std::vector<Question>& questions) {
  json list = json::array();
  for (const Question& question : questions) {
    json of = json::object(), operands = json::array();
    question.of.visit([&](const char* name, const auto& value) {
      if (row.text.find(std::string("of.") + name) == std::string::npos) {
        return;  // an argument that the op does not take
      }
      if constexpr (std::is_same_v<decltype(value), const Reduction&>) {
        of[name] = value == Reduction::mean ? "mean" : "sum";
      } else if constexpr (std::is_same_v<decltype(value), const Pair&>) {
        of[name] = {value.height, value.width};
      } else if constexpr (std::is_same_v<decltype(value), const Margins&>) {
        of[name] = {value.left, value.right, value.top, value.bottom};  // PyTorch's order
      } else {
        of[name] = value;
      }
    });
    for (const Array<double>& operand : question.operands) {
      operands.push_back(to_json(operand));
    }
    list.push_back({{"of", of}, {"operands", operands}, {"weight", to_json(question.weight)}});
  }
  return {{"torch", row.torch}, {"numpy", row.numpy}, {"oracle", row.oracle}, {"questions", list}};
}

/// A number for what a row asks, so that answers to other questions are noticed.
std::string digest(const json& asked) {
  std::uint64_t hash = 14695981039346656037u;  // FNV-1a
  for (const char letter : asked.dump()) {
    hash = (hash ^ static_cast<unsigned char>(letter)) * 1099511628211u;
  }
  return fmt::format("{:016x}", hash);
}

std::vector<Row> asked_rows() {
  std::vector<Row> rows(table().begin(), table().end());
  rows.insert(rows.end(), lines().begin(), lines().end());
  return rows;
}

std::string key_of(const Row& row) { return row.overload + ": " + row.text; }

/// Compares the op with an answer: its value and the gradient of each operand.
void check(const Row& row, const Question& question, const Array<double>& value,
           const std::vector<Array<double>>& gradients) {
  constexpr double tolerance = 1e-12;
  Tape<double> tape;
  std::vector<Variable<double>> x;
  for (const Array<double>& operand : question.operands) {
    x.push_back(tape.variable(operand));
  }
  const auto y = row.call(std::span<const Variable<double>>(x), question.of);
  CHECK(oracle::difference(y.value(), value, tolerance, question.each) == "");
  tape.backward(sum(y * tape.constant(question.weight)));
  for (std::size_t i = 0; i < x.size(); ++i) {
    INFO("gradient of operand " << i);
    CHECK(oracle::difference(x[i].grad(), gradients[i], tolerance, question.each) == "");
  }
}

/// The same for element i alone: what a vector register does is also done by what remains beside
/// it.
void check_alone(const Row& row, const Question& question, const Array<double>& value,
                 const std::vector<Array<double>>& gradients, std::size_t i) {
  const auto element = [i](const Array<double>& array) {
    return Array<double>(Shape{}, array.data()[i]);
  };
  const auto elements = [&](const std::vector<Array<double>>& arrays) {
    std::vector<Array<double>> only;
    for (const Array<double>& array : arrays) {
      only.push_back(element(array));
    }
    return only;
  };
  INFO("at " << question.operands[0].data()[i]);
  check(row, {elements(question.operands), question.of, element(question.weight), true},
        element(value), elements(gradients));
}

void check(const Row& row, const Question& question, const json& answer) {
  const Array<double> value = oracle::array_from(answer.at("value"));
  std::vector<Array<double>> gradients;
  for (std::size_t i = 0; i < question.operands.size(); ++i) {
    gradients.push_back(
        oracle::array_from(answer.at("gradients").at(i), question.operands[i].shape()));
  }
  check(row, question, value, gradients);
  for (std::size_t i = 0; question.each && i < value.size(); ++i) {
    check_alone(row, question, value, gradients, i);
  }
}

}  // namespace

TEST_CASE("oracle: every op computes what PyTorch does, and its gradients") {
  const json& answers = oracle::read("answers.json").at("rows");
  for (const Row& row : asked_rows()) {
    DYNAMIC_SECTION(key_of(row)) {
      const auto questions = questions_of(row);
      INFO("tests/oracle/answers.json has no answers, or those to other questions: ./run ops");
      REQUIRE(answers.contains(key_of(row)));
      const json& entry = answers.at(key_of(row));
      REQUIRE(entry.at("asked") == digest(to_json(row, questions)));
      REQUIRE(entry.at("answers").size() == questions.size());
      for (std::size_t i = 0; i < questions.size(); ++i) {
        INFO("question " << i);
        check(row, questions[i], entry.at("answers").at(i));
      }
    }
  }
}

TEST_CASE("write what PyTorch is asked", "[.write]") {
  json rows;
  for (const Row& row : asked_rows()) {
    json asked = to_json(row, questions_of(row));
    asked["asked"] = digest(asked);
    rows[key_of(row)] = asked;
  }
  std::ofstream("questions.json") << rows.dump();
}

}  // namespace xtape
