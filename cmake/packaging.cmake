# `cmake --install` installs the headers, the libraries, a CMake package and pkg-config files.

include(CMakePackageConfigHelpers)

set(package_dir "${CMAKE_INSTALL_LIBDIR}/cmake/xtape")

if(XTAPE_ARCH AND NOT XTAPE_ARCH MATCHES "^x86-64$")
  install(CODE "message(NOTICE \"This xtape is built for -march=${XTAPE_ARCH} and may not run on \
other processors; configure with -DXTAPE_ARCH= for one that does.\")")
endif()

set(CMAKE_INSTALL_DEFAULT_COMPONENT_NAME development)
install(FILES xtape.hpp DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}/xtape")
install(DIRECTORY tensor autograd nn DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}/xtape"
        FILES_MATCHING PATTERN "*.hpp")
install(TARGETS xtape EXPORT xtapeTargets)

install(EXPORT xtapeTargets NAMESPACE xtape:: DESTINATION "${package_dir}")
foreach(component IN LISTS xtape_components)
  # Each component has its own targets file. Programs without components need no libcurl or libpng.
  install(TARGETS xtape_${component} EXPORT xtape_${component}Targets)
  install(EXPORT xtape_${component}Targets NAMESPACE xtape:: DESTINATION "${package_dir}")
endforeach()
configure_package_config_file(cmake/xtapeConfig.cmake.in xtapeConfig.cmake
                              INSTALL_DESTINATION "${package_dir}")
write_basic_package_version_file(xtapeConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES "${PROJECT_BINARY_DIR}/xtapeConfig.cmake"
              "${PROJECT_BINARY_DIR}/xtapeConfigVersion.cmake" cmake/FindOneDNN.cmake
        DESTINATION "${package_dir}")

# A program that links a static library must also link the library's dependencies.
set(pc_requires "xtl xtensor fmt")
set(pc_cflags "")
if(XTAPE_USE_XSIMD)
  string(APPEND pc_requires " xsimd")
  set(pc_cflags "-DXTENSOR_USE_XSIMD")
endif()
if(XTAPE_NESTED_DUALS)
  string(APPEND pc_cflags " -DXTAPE_NESTED_DUALS=1")
endif()
set(pc_libs "")
if(NOT BUILD_SHARED_LIBS)
  string(APPEND pc_requires " zlib")
  set(pc_libs ${BLAS_LIBRARIES} ${CMAKE_THREAD_LIBS_INIT})
  if(xtape_lapack STREQUAL "LAPACK::LAPACK")
    list(PREPEND pc_libs ${LAPACK_LIBRARIES})
  endif()
  if(xtape_gemm STREQUAL onednn)
    list(APPEND pc_libs "${OneDNN_LIBRARY}")
  endif()
  if(CMAKE_CXX_COMPILER_ID STREQUAL GNU)
    # By name, because other versions of GCC have it in other folders.
    list(TRANSFORM OpenMP_CXX_LIB_NAMES PREPEND "-l" OUTPUT_VARIABLE pc_openmp)
    list(APPEND pc_libs ${pc_openmp})
  elseif(OpenMP_CXX_FOUND)
    list(APPEND pc_libs ${OpenMP_CXX_LIBRARIES})
  endif()
  list(JOIN pc_libs " " pc_libs)
endif()
file(RELATIVE_PATH pc_prefix "${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig" "${CMAKE_INSTALL_PREFIX}")
string(REGEX REPLACE "/$" "" pc_prefix "${pc_prefix}")
configure_file(cmake/xtape.pc.in xtape.pc @ONLY)
install(FILES "${PROJECT_BINARY_DIR}/xtape.pc" DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig")

set(pc_about_datasets "known data sets, found or downloaded")
set(pc_about_mpi "training on several processes")
set(pc_about_onnx "models as ONNX files")
set(pc_about_png "pictures in PNG files")
set(pc_about_report "reports of training runs")
set(pc_requires_datasets "")
set(pc_requires_mpi "")
set(pc_requires_onnx "")
set(pc_requires_png "")
set(pc_requires_report ", xtape-png = ${PROJECT_VERSION}")
if(NOT BUILD_SHARED_LIBS)
  set(pc_requires_datasets ", libcurl, libcrypto")
  set(pc_requires_mpi ", mpi-c")
  set(pc_requires_png ", libpng, zlib")
endif()
foreach(pc_component IN LISTS xtape_components)
  set(pc_requires "${pc_requires_${pc_component}}")
  set(pc_about "${pc_about_${pc_component}}")
  configure_file(cmake/xtape-component.pc.in xtape-${pc_component}.pc @ONLY)
  install(FILES "${PROJECT_BINARY_DIR}/xtape-${pc_component}.pc"
          DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig")
endforeach()
