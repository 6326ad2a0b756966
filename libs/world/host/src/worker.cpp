#include "worker.hpp"

#include <pthread.h>
#include <sched.h>
#include <sys/prctl.h>

#include <system_error>
#include <vector>

namespace muster::host {
namespace {

// Of the cores that this process may use, which a container may have narrowed.
void pin_to(unsigned core) {
    cpu_set_t allowed;
    CPU_ZERO(&allowed);
    if (sched_getaffinity(0, sizeof allowed, &allowed) != 0) return;
    std::vector<unsigned> cores;
    for (unsigned i = 0; i < CPU_SETSIZE; ++i) {
        if (CPU_ISSET(i, &allowed)) cores.push_back(i);
    }
    if (cores.empty()) return;
    cpu_set_t chosen;
    CPU_ZERO(&chosen);
    CPU_SET(cores[core % cores.size()], &chosen);
    pthread_setaffinity_np(pthread_self(), sizeof chosen, &chosen);
}

}  // namespace

Result<std::thread> start_thread(const std::string& name, std::optional<unsigned> core,
                                 std::function<void()> body) {
    try {
        return std::thread([name = name.substr(0, 15), core, body = std::move(body)] {
            pthread_setname_np(pthread_self(), name.c_str());
            // A tick is waited for by the microsecond, not by the 50 that the system rounds to.
            prctl(PR_SET_TIMERSLACK, 1'000UL);
            if (core) pin_to(*core);
            body();
        });
    } catch (const std::system_error& error) {
        return fail(Errc::unavailable, "no thread for " + name + ": " + error.what());
    }
}

}  // namespace muster::host
