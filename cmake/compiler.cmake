# Compiler flags: for all targets of this project, and for the library's kernels only.

include(CheckCXXCompilerFlag)

# Adds `flag` to `target` if the compiler supports it.
function(xtape_add_flag target scope flag)
  string(MAKE_C_IDENTIFIER "XTAPE_HAS${flag}" known)
  check_cxx_compiler_flag("${flag}" ${known})
  if(${known})
    target_compile_options(${target} ${scope} "$<BUILD_INTERFACE:${flag}>")
  endif()
endfunction()

# Sets the project's warnings, for its own targets only.
function(xtape_set_warnings target)
  target_compile_options(${target} PRIVATE -Wall -Wextra -Wpedantic -Wshadow -Wconversion)
  if(XTAPE_WERROR)
    target_compile_options(${target} PRIVATE -Werror)
  else()
    # A project that contains xtape may set -Werror, and warnings that xtape does not use.
    target_compile_options(${target} PRIVATE -Wno-error)
  endif()
  if(CMAKE_UNITY_BUILD)
    # A local name is no mistake where another source of the same unit has that name. Neither is a
    # type in an unnamed namespace where GCC takes the source for a header.
    target_compile_options(${target} PRIVATE -Wno-shadow
                                             $<$<CXX_COMPILER_ID:GNU>:-Wno-subobject-linkage>)
  endif()
  if(CMAKE_CXX_COMPILER_ID STREQUAL GNU)
    # Copying the small buffer of an xtensor shape reads only what was written.
    target_compile_options(${target} PRIVATE -Wno-maybe-uninitialized)
    if(CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
      # GCC 12 mistakes xsimd's AVX-512 intrinsics for uses of uninitialised values, and
      # std::string's insertions for overlapping copies.
      target_compile_options(${target} PRIVATE -Wno-uninitialized -Wno-restrict)
    else()
      # GCC 13 and 14 take every reference that a function of a temporary returns for a part of it.
      target_compile_options(${target} PRIVATE -Wno-dangling-reference)
    endif()
  endif()
  if(CMAKE_CXX_COMPILER_ID STREQUAL Clang)
    # clang 19 warns about -march=native itself if the processor has AVX10.
    xtape_add_flag(${target} PRIVATE -Wno-invalid-feature-combination)
  endif()
endfunction()

# Stricter warnings. Projects that contain xtape may set them for all sources, and so for its
# headers. `package: subproject` tests the headers with them.
set(xtape_strict_warnings
    -Wsign-conversion
    -Wdouble-promotion
    -Wold-style-cast
    -Wcast-align
    -Wcast-qual
    -Wnon-virtual-dtor
    -Woverloaded-virtual
    -Wformat=2
    -Wundef
    -Wredundant-decls
    -Wmissing-declarations
    -Wextra-semi)

# Allows a program to drop unused functions (-Wl,--gc-sections).
function(xtape_separate_functions target)
  target_compile_options(${target} PRIVATE -ffunction-sections -fdata-sections)
endfunction()

# Never -ffast-math: when linked, it makes the whole process flush subnormals to zero.
function(xtape_optimise_kernels target)
  target_compile_options(${target} PRIVATE -fno-math-errno -fno-trapping-math)
  if(CMAKE_CXX_COMPILER_ID STREQUAL Clang)
    # A loop marked `omp simd` may stay scalar, as under a sanitizer.
    target_compile_options(${target} PRIVATE -Wno-pass-failed)
  endif()
  xtape_separate_functions(${target})
  if(XTAPE_ARCH)
    # Public inside the tree, because xtensor's inline code depends on it. Not exported, because a
    # program that uses an installed xtape chooses its own processor.
    xtape_add_flag(${target} PUBLIC -march=${XTAPE_ARCH})
    xtape_add_flag(${target} PRIVATE -mprefer-vector-width=512)
  endif()
endfunction()

# For code that takes little of the time, such as the reading of flags: half the machine code, and
# less to compile.
function(xtape_optimise_size target)
  target_compile_options(${target} PRIVATE "$<$<CONFIG:Release>:-Os>")
endfunction()

# A precompiled header is read once for all sources of a target. CMake would make it a system header,
# whose mistakes have no warnings.
set(CMAKE_PCH_PROLOGUE "")

# xtape_share_headers(TARGET [SIZE]): one precompiled xtape.hpp for this target and all others that
# call this. SIZE is for those with xtape_optimise_size, because flags must agree. For the same
# reason, programs of position-independent code share none: they have -fPIE where libraries have
# -fPIC.
function(xtape_share_headers target)
  get_target_property(type ${target} TYPE)
  if(CMAKE_POSITION_INDEPENDENT_CODE AND type STREQUAL EXECUTABLE)
    return()
  endif()
  cmake_parse_arguments(PARSE_ARGV 1 arg "SIZE" "" "")
  set(headers xtape_headers)
  if(arg_SIZE)
    set(headers xtape_headers_for_size)
  endif()
  if(NOT TARGET ${headers})
    set(source "${PROJECT_BINARY_DIR}/${headers}.cpp") # a target needs a source
    file(CONFIGURE OUTPUT "${source}" CONTENT "")
    add_library(${headers} OBJECT EXCLUDE_FROM_ALL "${source}")
    target_link_libraries(${headers} PRIVATE xtape::xtape)
    target_precompile_headers(${headers} PRIVATE "${PROJECT_SOURCE_DIR}/xtape.hpp")
    xtape_set_warnings(${headers})
    if(arg_SIZE)
      xtape_optimise_size(${headers})
    endif()
  endif()
  target_precompile_headers(${target} REUSE_FROM ${headers})
endfunction()

# xtape_add_program(NAME SOURCE...): a program of this project.
function(xtape_add_program name)
  add_executable(${name} ${ARGN})
  xtape_set_warnings(${name})
  xtape_share_headers(${name})
endfunction()

# xtape_add_parts(NAME SOURCE...): the parts of a program that take little of its time.
function(xtape_add_parts name)
  add_library(${name} STATIC ${ARGN})
  xtape_set_warnings(${name})
  xtape_separate_functions(${name})
  xtape_optimise_size(${name})
  xtape_share_headers(${name} SIZE)
endfunction()
