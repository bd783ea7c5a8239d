# What every target of the tree is compiled with.
#
# x86-64-v3 (AVX2, BMI2; every server since 2015) with carry-less multiply is the floor, so that
# simdjson picks its AVX2 kernel and our loops vectorise. docs/decisions/0002 says why.
add_library(thalweg_flags INTERFACE)
target_include_directories(thalweg_flags INTERFACE ${PROJECT_SOURCE_DIR})
target_compile_options(thalweg_flags INTERFACE -march=x86-64-v3 -mpclmul -maes -fno-omit-frame-pointer
  $<$<CONFIG:Release>:-O3 -g1>
  $<$<CONFIG:Debug>:-g1>)

if(SANITIZE STREQUAL "address")
  # What libFuzzer counts is in the same objects, so that one build serves the tests and the fuzz
  # targets.
  if(NOT CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    message(FATAL_ERROR "SANITIZE=address is for clang, which has libFuzzer: cmake --preset asan")
  endif()
  set(flags -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all -O1)
elseif(SANITIZE STREQUAL "thread")
  set(flags -fsanitize=thread -Wno-tsan -O1)
elseif(SANITIZE)
  message(FATAL_ERROR "SANITIZE is '${SANITIZE}', not one of: address, thread")
endif()
target_compile_options(thalweg_flags INTERFACE ${flags})
target_link_options(thalweg_flags INTERFACE ${flags})

add_library(thalweg_base INTERFACE)
target_link_libraries(thalweg_base INTERFACE thalweg_flags thalweg_warnings)

# One library a folder, made of the .cc files in it and below; a file is added by writing it.
function(thalweg_library folder)
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cc)
  if(NOT sources)
    add_library(${folder} INTERFACE)
    return()
  endif()
  add_library(${folder} STATIC ${sources})
  target_link_libraries(${folder} PRIVATE thalweg_base)
  target_link_libraries(${folder} PUBLIC thalweg_flags ${ARGN})
  target_include_directories(${folder} SYSTEM PUBLIC ${EXPECTED_INCLUDE_DIR})
endfunction()
