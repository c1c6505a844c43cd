#pragma once

/// @file
/// Libraries that have threads of their own; used by tensor/gemm.cpp.

namespace xtape {

/// Keeps oneDNN and BLAS to the calling thread while it lives.
///
/// oneDNN 2.6 divides its work by the number of threads that OpenMP promises, and computes only
/// part of it where OpenMP gives fewer. A BLAS with OpenMP has the same number. OpenBLAS's own
/// threads are switched off for good: their number is one for the whole process.
class OneThread {
 public:
  OneThread();
  ~OneThread();
  OneThread(const OneThread&) = delete;
  OneThread& operator=(const OneThread&) = delete;

 private:
  int before_;
};

}  // namespace xtape
