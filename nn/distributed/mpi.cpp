#include "nn/distributed/mpi.hpp"

#include <fmt/format.h>
#include <mpi.h>
#ifdef __linux__
#include <sched.h>
#endif

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <functional>
#include <string>
#include <thread>
#include <variant>
#include <vector>

#include "tensor/error.hpp"
#include "tensor/parallel.hpp"
#include "tensor/processors.hpp"
#include "tensor/rng.hpp"

namespace xtape::nn {
namespace {

// The constants of MPI are casts in C's style inside macros of its header. Handles are integers in
// MPICH and pointers in Open MPI.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wold-style-cast"
// NOLINTBEGIN(misc-misplaced-const)
const MPI_Comm world = MPI_COMM_WORLD;
const MPI_Datatype byte_type = MPI_BYTE;
const MPI_Datatype double_type = MPI_DOUBLE;
const MPI_Datatype float_type = MPI_FLOAT;
const MPI_Op sum = MPI_SUM;
const MPI_Info no_info = MPI_INFO_NULL;
const MPI_Errhandler return_errors = MPI_ERRORS_RETURN;
void* const in_place = MPI_IN_PLACE;
MPI_Status* const no_statuses = MPI_STATUSES_IGNORE;
// NOLINTEND(misc-misplaced-const)
#pragma GCC diagnostic pop

MPI_Datatype type_of(float) { return float_type; }
MPI_Datatype type_of(double) { return double_type; }

/// Throws Error, with the name of the function of MPI, unless it has succeeded.
void check(const char* function, int status) {
  if (status == MPI_SUCCESS) [[likely]] {
    return;
  }
  std::array<char, MPI_MAX_ERROR_STRING> text{};
  int size = 0;
  MPI_Error_string(status, text.data(), &size);
  fail<Error>("{}: {}", function, std::string(text.data(), static_cast<std::size_t>(size)));
}

/// Calls `call(part, count)` for parts that MPI can count.
template <class U, class Call>
void in_parts(std::span<U> all, Call call) {
  constexpr std::size_t most = std::size_t{1} << 30;
  while (!all.empty()) {
    const std::size_t count = std::min(all.size(), most);
    call(all.data(), static_cast<int>(count));
    all = all.subspan(count);
  }
}

/// Waits until all requests are complete. MPICH's blocking functions keep the processor while they
/// wait. Ranks that share a processor would then take turns of some milliseconds.
void complete(std::span<MPI_Request> requests) {
  constexpr int patience = 1000;  // some 100 us
  int done = 0;
  for (int tries = 0; done == 0; ++tries) {
    if (tries > patience) {
      std::this_thread::yield();
    }
    check("MPI_Testall",
          MPI_Testall(static_cast<int>(requests.size()), requests.data(), &done, no_statuses));
  }
}

/// Calls a function of MPI that starts something, as `start(request)`, and waits for its end.
template <class Start>
void run(const char* function, Start start) {
  MPI_Request request{};
  check(function, start(&request));
  complete({&request, 1});
}

/// Returns the processors that this rank has for itself, at least 1.
std::size_t processors_of_rank() {
  MPI_Comm node{};
  check("MPI_Comm_split_type", MPI_Comm_split_type(world, MPI_COMM_TYPE_SHARED, 0, no_info, &node));
  int ranks = 1;
  check("MPI_Comm_size", MPI_Comm_size(node, &ranks));
  double mine = static_cast<double>(usable_processors()) / ranks;
#ifdef __linux__
  cpu_set_t allowed;
  std::vector<double> users(CPU_SETSIZE, 0);
  if (::sched_getaffinity(0, sizeof allowed, &allowed) == 0) {
    for (std::size_t i = 0; i < users.size(); ++i) {
      users[i] = CPU_ISSET(i, &allowed) ? 1 : 0;
    }
  }
  std::vector<double> all = users;
  check("MPI_Allreduce", MPI_Allreduce(in_place, all.data(), CPU_SETSIZE, double_type, sum, node));
  double parts = 0;
  for (std::size_t i = 0; i < users.size(); ++i) {
    parts += users[i] > 0 ? 1 / all[i] : 0;
  }
  const auto allowed_count = std::count(users.begin(), users.end(), 1.);
  const bool quota = usable_processors() < static_cast<std::size_t>(allowed_count);
  if (parts > 0) {
    mine = quota ? std::min(mine, parts) : parts;
  }
#endif
  check("MPI_Comm_free", MPI_Comm_free(&node));
  return std::max<std::size_t>(1, static_cast<std::size_t>(mine + 1e-6));
}

/// Returns the longest delay of XTAPE_MPI_DELAYS, in microseconds.
std::uint64_t longest_delay() {
  const char* text = std::getenv("XTAPE_MPI_DELAYS");
  return text == nullptr ? 0 : std::strtoull(text, nullptr, 10);
}

/// All processes of MPI.
class MpiGroup final : public ProcessGroup {
 public:
  MpiGroup() {
    int before = 0, level = 0;
    MPI_Initialized(&before);
    require<Error>(before == 0, "init_process_group: MPI was initialized before");
    check("MPI_Init_thread", MPI_Init_thread(nullptr, nullptr, MPI_THREAD_FUNNELED, &level));
    require<Error>(level >= MPI_THREAD_FUNNELED,
                   "init_process_group: this MPI does not allow programs of several threads");
    check("MPI_Comm_set_errhandler", MPI_Comm_set_errhandler(world, return_errors));
    check("MPI_Comm_rank", MPI_Comm_rank(world, &rank_));
    check("MPI_Comm_size", MPI_Comm_size(world, &size_));
    random_ = Rng{longest_delay() + static_cast<std::uint64_t>(rank_)};
    const std::size_t processors = processors_of_rank();
    if (std::getenv("OMP_NUM_THREADS") == nullptr) {
      set_thread_count(std::min(processors, std::size_t{1024}));
    }
  }

  ~MpiGroup() override {
    if (std::uncaught_exceptions() > exceptions_) {
      abort("an exception ended the scope of the process group");
    }
    MPI_Finalize();
  }

  std::size_t rank() const override { return static_cast<std::size_t>(rank_); }
  std::size_t size() const override { return static_cast<std::size_t>(size_); }

  void broadcast(std::span<std::byte> bytes) override {
    delay();
    in_parts(bytes, [](std::byte* part, int count) {
      run("MPI_Ibcast", [&](MPI_Request* request) {
        return MPI_Ibcast(part, count, byte_type, 0, world, request);
      });
    });
  }

  void all_reduce(std::span<float> numbers) override { reduce(numbers); }
  void all_reduce(std::span<double> numbers) override { reduce(numbers); }
  void start_all_reduce(std::span<float> numbers) override { start(numbers); }
  void start_all_reduce(std::span<double> numbers) override { start(numbers); }

  void poll() override {
    int done = 0;
    check("MPI_Testall",
          MPI_Testall(static_cast<int>(requests_.size()), requests_.data(), &done, no_statuses));
    if (done != 0) {
      finish();
    }
  }

  void wait() override {
    delay();
    complete(requests_);
    finish();
  }

  void all_gather(double mine, std::span<double> all) override {
    delay();
    require<ShapeError>(all.size() == size(), "all_gather: expected {} elements, got {}", size(),
                        all.size());
    run("MPI_Iallgather", [&](MPI_Request* request) {
      return MPI_Iallgather(&mine, 1, double_type, all.data(), 1, double_type, world, request);
    });
  }

 private:
  void end_all(std::string_view message) noexcept override {
    std::fflush(stdout);
    std::fprintf(stderr, "rank %d of %d: %.*s\n", rank_, size_, static_cast<int>(message.size()),
                 message.data());
    std::fflush(stderr);
    MPI_Abort(world, 1);
    std::_Exit(1);  // not reached
  }

  template <class U>
  void reduce(std::span<U> numbers) {
    start(numbers);
    wait();
  }

  /// Begins a sum over the ranks. Open MPI 4.1 makes a sum in place by a tree, which sends each
  /// number 2 ceil(log2(ranks)) times, one after the other. Two ranks exchange their numbers
  /// instead. More ranks sum a copy, for which Open MPI takes a ring from four ranks on.
  template <class U>
  void start(std::span<U> numbers) {
    delay();
    in_parts(numbers, [this](U* part, int count) {
      const std::span<U> sum_of(part, static_cast<std::size_t>(count));
      sums_.push_back(sum_of);
      if (copies_.size() < sums_.size()) {
        copies_.emplace_back();
      }
      std::vector<std::byte>& copy = copies_[sums_.size() - 1];
      copy.resize(sum_of.size_bytes());
      if (size_ == 2) {
        exchange(part, copy.data(), count, type_of(U()));
      } else {
        std::memcpy(copy.data(), part, copy.size());
        check("MPI_Iallreduce", MPI_Iallreduce(copy.data(), part, count, type_of(U()), sum, world,
                                               &requests_.emplace_back()));
      }
    });
  }

  /// Begins to send numbers to the other one of two ranks, and to receive as many.
  void exchange(const void* mine, void* others, int count, MPI_Datatype type) {
    check("MPI_Irecv",
          MPI_Irecv(others, count, type, 1 - rank_, 0, world, &requests_.emplace_back()));
    check("MPI_Isend",
          MPI_Isend(mine, count, type, 1 - rank_, 0, world, &requests_.emplace_back()));
  }

  /// Adds what two ranks have exchanged.
  void finish() {
    for (std::size_t i = 0; size_ == 2 && i < sums_.size(); ++i) {
      std::visit([&](auto numbers) { add(numbers, copies_[i]); }, sums_[i]);
    }
    sums_.clear();
    requests_.clear();
  }

  template <class U>
  static void add(std::span<U> numbers, const std::vector<std::byte>& others) {
    const U* from = reinterpret_cast<const U*>(others.data());
    std::transform(numbers.begin(), numbers.end(), from, numbers.begin(), std::plus<>());
  }

  void delay() {
    if (longest_delay_ > 0) [[unlikely]] {
      std::this_thread::sleep_for(std::chrono::microseconds(random_.below(longest_delay_ + 1)));
    }
  }

  int rank_ = 0, size_ = 1;
  int exceptions_ = std::uncaught_exceptions();
  std::uint64_t longest_delay_ = longest_delay();
  Rng random_;
  std::vector<MPI_Request> requests_;
  std::vector<std::variant<std::span<float>, std::span<double>>> sums_;  // those that have begun
  std::vector<std::vector<std::byte>> copies_;  // one for each sum, kept for the next ones
};

}  // namespace

bool started_by_mpi() {
  const std::array names{"OMPI_COMM_WORLD_RANK", "PMIX_RANK", "PMI_RANK"};
  return std::any_of(names.begin(), names.end(),
                     [](const char* name) { return std::getenv(name) != nullptr; });
}

std::unique_ptr<ProcessGroup> init_process_group() {
  return started_by_mpi() ? std::make_unique<MpiGroup>() : nullptr;
}

}  // namespace xtape::nn
