#include "tests/support/faulty_system.hpp"

#include <dlfcn.h>
#include <fcntl.h>
#include <sys/types.h>

#include <algorithm>
#include <cerrno>
#include <cstdarg>

namespace {

thread_local FaultySystem* current = nullptr;

Outcome outcome_of(const char* function) {
  return current == nullptr ? succeeds() : current->call(function);
}

/// Returns the next function of this name after the ones in this file: a sanitizer's, which checks
/// its arguments, or the C library's.
template <class Function>
Function* original(const char* name) {
  void* found = ::dlsym(RTLD_DEFAULT, ("__interceptor_" + std::string(name)).c_str());
  return reinterpret_cast<Function*>(found != nullptr ? found : ::dlsym(RTLD_NEXT, name));
}

template <class Call>
auto unless_it_fails(const Outcome& outcome, Call call) -> decltype(call()) {
  if (outcome.error != 0) {
    errno = outcome.error;
    return -1;
  }
  return call();
}

}  // namespace

FaultySystem::FaultySystem() { current = this; }
FaultySystem::~FaultySystem() { current = nullptr; }

void FaultySystem::next(const std::string& function, std::initializer_list<Outcome> outcomes) {
  outcomes_[function].assign(outcomes);
}

std::size_t FaultySystem::outcomes_left() const {
  std::size_t count = 0;
  for (const auto& [function, outcomes] : outcomes_) {
    count += outcomes.size();
  }
  return count;
}

Outcome FaultySystem::call(const char* function) {
  calls_.emplace_back(function);
  std::deque<Outcome>& outcomes = outcomes_[function];
  if (outcomes.empty()) {
    return succeeds();
  }
  const Outcome outcome = outcomes.front();
  outcomes.pop_front();
  return outcome;
}

// Their names in C++ are different, because the system's headers may define inline functions with
// these names (_FORTIFY_SOURCE).

int test_open(const char* path, int flags, ...) __asm__("open");
int test_close(int file) __asm__("close");
ssize_t test_pread(int file, void* to, std::size_t count, off_t offset) __asm__("pread");
ssize_t test_write(int file, const void* from, std::size_t count) __asm__("write");
int test_fsync(int file) __asm__("fsync");
int test_rename(const char* from, const char* to) __asm__("rename");
int test_flock(int file, int operation) __asm__("flock");

int test_open(const char* path, int flags, ...) {
  static auto* const next = original<int(const char*, int, ...)>("open");
  mode_t mode = 0;
  if ((flags & O_CREAT) != 0 || (flags & O_TMPFILE) == O_TMPFILE) {
    va_list arguments;
    va_start(arguments, flags);
    mode = va_arg(arguments, mode_t);
    va_end(arguments);
  }
  return unless_it_fails(outcome_of("open"), [&] { return next(path, flags, mode); });
}

/// On Linux, the file is closed even if this fails.
int test_close(int file) {
  static auto* const next = original<int(int)>("close");
  const int result = next(file);
  return unless_it_fails(outcome_of("close"), [&] { return result; });
}

ssize_t test_pread(int file, void* to, std::size_t count, off_t offset) {
  static auto* const next = original<ssize_t(int, void*, std::size_t, off_t)>("pread");
  const Outcome outcome = outcome_of("pread");
  return unless_it_fails(outcome,
                         [&] { return next(file, to, std::min(count, outcome.most), offset); });
}

ssize_t test_write(int file, const void* from, std::size_t count) {
  static auto* const next = original<ssize_t(int, const void*, std::size_t)>("write");
  const Outcome outcome = outcome_of("write");
  return unless_it_fails(outcome, [&] { return next(file, from, std::min(count, outcome.most)); });
}

int test_fsync(int file) {
  static auto* const next = original<int(int)>("fsync");
  return unless_it_fails(outcome_of("fsync"), [&] { return next(file); });
}

int test_rename(const char* from, const char* to) {
  static auto* const next = original<int(const char*, const char*)>("rename");
  return unless_it_fails(outcome_of("rename"), [&] { return next(from, to); });
}

int test_flock(int file, int operation) {
  static auto* const next = original<int(int, int)>("flock");
  return unless_it_fails(outcome_of("flock"), [&] { return next(file, operation); });
}
