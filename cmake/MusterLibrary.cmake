# muster_library(<room> WING w FLOOR n [HEADERS ...] [SOURCES ...] [TESTS ...] [SERVICE_SUITES ...]
#                [BENCHES ...] [FUZZERS ...] [USES muster::room ...] [EXTERNAL target ...] [TEST_USES target ...])
#
# One room of the house: the target muster_<room> (alias muster::<room>) with its public door in
# include/muster/<room>/ and all else in src/. Refuses, at configure time, an arrow that does not
# point down (see docs/DESIGN in ARCHITECTURE.md): a room may use a lower floor, or a room that was
# declared before it on the same floor of the same wing, and only wings to its left.
#
# Tests: all `*_test.cpp` of a room make one program, muster_<room>_test. ctest runs it twice: as
# unit.<room>, for every save, without SERVICE_SUITES (names of suites), and as service.<room> with
# these alone: tests that put the room between its real neighbours in one process, with servers, TLS,
# threads and ports. A suite that nobody names is a unit test.
# Benches: one program, muster_<room>_bench (Google Benchmark). Fuzzers: x_fuzz.cpp makes
# muster_<room>_<x>_fuzz under the fuzz preset; elsewhere the same file replays corpus/<x>/ in ctest.

set(MUSTER_WINGS foundation fleet world platform)
set(MUSTER_TEST_NAMES "" CACHE INTERNAL "")

function(muster_check_arrow room wing floor used)
    get_target_property(real ${used} ALIASED_TARGET)
    if(NOT real)
        set(real ${used})
    endif()
    get_target_property(used_wing ${real} MUSTER_WING)
    get_target_property(used_floor ${real} MUSTER_FLOOR)
    list(FIND MUSTER_WINGS ${wing} here)
    list(FIND MUSTER_WINGS ${used_wing} there)
    if(there GREATER here OR used_floor GREATER floor)
        message(FATAL_ERROR
            "layering: muster::${room} (${wing}, floor ${floor}) may not use ${used} (${used_wing}, floor ${used_floor})")
    endif()
    if(wing STREQUAL "platform" AND used_wing STREQUAL "world")
        message(FATAL_ERROR "layering: muster::${room} (platform) may not know ${used} (world)")
    endif()
endfunction()

function(muster_library room)
    cmake_parse_arguments(PARSE_ARGV 1 arg "" "WING;FLOOR"
        "HEADERS;SOURCES;TESTS;SERVICE_SUITES;BENCHES;FUZZERS;USES;EXTERNAL;TEST_USES")
    if(arg_UNPARSED_ARGUMENTS)
        message(FATAL_ERROR "muster_library(${room}): unknown arguments ${arg_UNPARSED_ARGUMENTS}")
    endif()
    set(target muster_${room})
    if(arg_SOURCES)
        add_library(${target} STATIC)
        set(scope PUBLIC)
        target_link_libraries(${target} PRIVATE muster_flags)
        target_sources(${target} PRIVATE ${arg_SOURCES})
        target_include_directories(${target} PRIVATE src)
        if(arg_FLOOR LESS_EQUAL 1)
            target_compile_options(${target} PRIVATE $<$<CONFIG:Debug>:-O1>)
        endif()
    else()
        add_library(${target} INTERFACE)
        set(scope INTERFACE)
    endif()
    add_library(muster::${room} ALIAS ${target})
    set_target_properties(${target} PROPERTIES MUSTER_WING ${arg_WING} MUSTER_FLOOR ${arg_FLOOR})
    target_sources(${target} ${scope} FILE_SET HEADERS BASE_DIRS include FILES ${arg_HEADERS})
    foreach(used IN LISTS arg_USES)
        muster_check_arrow(${room} ${arg_WING} ${arg_FLOOR} ${used})
    endforeach()
    target_link_libraries(${target} ${scope} ${arg_USES} ${arg_EXTERNAL})

    if(arg_TESTS)
        add_executable(${target}_test ${arg_TESTS})
        target_include_directories(${target}_test PRIVATE src)
        target_link_libraries(${target}_test PRIVATE muster_flags ${target} ${arg_TEST_USES}
            GTest::gmock GTest::gtest GTest::gtest_main Threads::Threads)
        muster_test(${room} unit "-" "${arg_SERVICE_SUITES}")
        muster_test(${room} service "" "${arg_SERVICE_SUITES}")
    endif()
    if(arg_BENCHES AND CMAKE_BUILD_TYPE STREQUAL "Release")
        find_package(benchmark REQUIRED)
        add_executable(${target}_bench ${arg_BENCHES})
        target_include_directories(${target}_bench PRIVATE src)
        target_link_libraries(${target}_bench PRIVATE muster_flags ${target} ${arg_TEST_USES}
            benchmark::benchmark)
    endif()
    foreach(file IN LISTS arg_FUZZERS)
        muster_fuzzer(${room} ${file} "${arg_TEST_USES}")
    endforeach()
endfunction()

# One run of a room's tests: without the suites ("-") or with these alone ("").
function(muster_test room label sign suites)
    set(filter "")
    if(suites)
        list(TRANSFORM suites APPEND ".*")
        list(JOIN suites ":" filter)
        set(filter "--gtest_filter=${sign}${filter}")
    elseif(label STREQUAL "service")
        return()
    endif()
    add_test(NAME ${label}.${room} COMMAND muster_${room}_test ${filter})
    set_tests_properties(${label}.${room} PROPERTIES LABELS ${label} TIMEOUT 120
        WORKING_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR})
endfunction()

function(muster_fuzzer room file uses)
    get_filename_component(name ${file} NAME_WE)
    string(REGEX REPLACE "_fuzz$" "" subject ${name})
    set(target muster_${room}_${subject}_fuzz)
    add_executable(${target} ${file})
    target_include_directories(${target} PRIVATE src)
    target_link_libraries(${target} PRIVATE muster_flags muster_${room} ${uses})
    if(MUSTER_FUZZ)
        target_link_options(${target} PRIVATE -fsanitize=fuzzer)
    else()
        target_sources(${target} PRIVATE ${CMAKE_SOURCE_DIR}/cmake/replay_main.cpp)
        add_test(NAME unit.corpus.${room}.${subject}
            COMMAND ${target} ${CMAKE_CURRENT_SOURCE_DIR}/corpus/${subject})
        set_tests_properties(unit.corpus.${room}.${subject} PROPERTIES LABELS unit TIMEOUT 60)
    endif()
endfunction()
