// A tool of GradBench: it reads a message a line from standard input, and answers each in a line.
#include <iostream>
#include <string>

#include "benchmarks/gradbench/eval.hpp"

namespace gradbench {

namespace {

const std::map<std::string, Functions>& modules() {
  static const std::map<std::string, Functions> all{
      {"ba", ba()},     {"det", det()},       {"gmm", gmm()},           {"hello", hello()},
      {"ht", ht()},     {"kmeans", kmeans()}, {"llsq", llsq()},         {"lse", lse()},
      {"lstm", lstm()}, {"ode", ode()},       {"particle", particle()}, {"saddle", saddle()}};
  return all;
}

json failure(const std::string& error) { return {{"success", false}, {"error", error}}; }

json evaluate(const std::string& module, const std::string& function, const json& input) {
  const auto functions = modules().find(module);
  if (functions == modules().end()) {
    return failure("no module " + module);
  }
  const auto found = functions->second.find(function);
  if (found == functions->second.end()) {
    return failure("no function " + function + " in module " + module);
  }
  if (!found->second) {
    return failure(module + ": " + function + " needs an xtape with XTAPE_NESTED_DUALS");
  }
  const Answer answer = found->second(input);
  json timings = json::array();
  for (const auto time : answer.times) {
    timings.push_back({{"name", "evaluate"}, {"nanoseconds", time.count()}});
  }
  return {{"success", true}, {"output", answer.output}, {"timings", timings}};
}

json answer(const json& message) try {
  const std::string kind = message.at("kind");
  if (kind == "start") {
    return {{"tool", "xtape"}};
  }
  if (kind == "define") {
    const std::string module = message.at("module");
    return modules().contains(module) ? json{{"success", true}} : failure("no module " + module);
  }
  if (kind == "evaluate") {
    return evaluate(message.at("module"), message.at("function"), message.at("input"));
  }
  return json::object();
} catch (const std::exception& error) {
  return failure(error.what());
}

}  // namespace

}  // namespace gradbench

int main() try {
  for (std::string line; std::getline(std::cin, line);) {
    const auto message = gradbench::json::parse(line);
    auto response = gradbench::answer(message);
    response["id"] = message.at("id");
    std::cout << response << std::endl;
  }
} catch (const std::exception& error) {
  std::cerr << "gradbench: " << error.what() << '\n';
  return 1;
}
