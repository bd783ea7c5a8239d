# The warnings of our own code. What is off for g++ 12 are false reports at -O3: -Wrestrict of
# std::string concatenation, -Wmaybe-uninitialized of std::variant moved inside of a vector,
# -Wmismatched-new-delete of coroutine frames, -Wnull-dereference inside of the standard library.
# clang 19 takes libstdc++ 12's own use of a deprecated buffer in std::stable_sort for ours.
add_library(thalweg_warnings INTERFACE)
target_compile_options(thalweg_warnings INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wold-style-cast
  -Wnon-virtual-dtor -Woverloaded-virtual -Wnull-dereference -Wdouble-promotion
  $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict -Wno-maybe-uninitialized -Wno-mismatched-new-delete -Wno-null-dereference>
  $<$<CXX_COMPILER_ID:Clang>:-Wno-gnu-zero-variadic-macro-arguments -Wno-deprecated-declarations>
  $<$<BOOL:${WERROR}>:-Werror>)
