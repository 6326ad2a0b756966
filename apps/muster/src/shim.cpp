#include <string>
#include <vector>

#include "muster/runtime_process/process.hpp"

// The supervisor of one server under the process runtime, without the rest of muster: there is one
// of it for each server, and it should be small.
int main(int argc, char** argv) {
    return muster::runtime_process::shim_main(std::vector<std::string>(argv + 1, argv + argc));
}
