#pragma once

#include <cstddef>

/// Counts every allocation by operator new in the test program, which replaces it.

/// False under the address and thread sanitizers, which replace operator new themselves and find
/// more with theirs.
bool counts_allocations();

/// How often operator new, of any form, has been called so far by any thread.
std::size_t allocation_count();
