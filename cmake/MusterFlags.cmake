# Flags that every target of ours shares. Generated code does not: it is not ours to mend.
add_library(muster_flags INTERFACE)
target_compile_options(muster_flags INTERFACE
    -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wold-style-cast
    -Wnon-virtual-dtor -Woverloaded-virtual -Wnull-dereference)
target_compile_definitions(muster_flags INTERFACE $<$<CONFIG:Debug>:_GLIBCXX_ASSERTIONS>)

if(MUSTER_SANITIZE)
    add_compile_options(-fsanitize=${MUSTER_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
    add_link_options(-fsanitize=${MUSTER_SANITIZE})
endif()
if(MUSTER_FUZZ)
    add_compile_options(-fsanitize=fuzzer-no-link)
endif()
# Debug information of lines only: stack traces stay readable and links stay quick. Optimising would double the time to
# compile; the pure rooms, whose tests compute most, are optimised all the same (MusterLibrary.cmake).
if(CMAKE_BUILD_TYPE STREQUAL "Debug")
    add_compile_options(-gline-tables-only)
endif()
add_link_options(-fuse-ld=mold)
