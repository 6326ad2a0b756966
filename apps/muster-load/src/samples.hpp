#pragma once

#include <sys/utsname.h>
#include <time.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <string>
#include <vector>

namespace muster::load {

/// Processor time of this thread in microseconds: what a busy machine cannot add to.
[[nodiscard]] inline double processor_us() {
    timespec at{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &at);
    return static_cast<double>(at.tv_sec) * 1e6 + static_cast<double>(at.tv_nsec) / 1e3;
}

[[nodiscard]] inline double wall_us() {
    const auto now = std::chrono::steady_clock::now().time_since_epoch();
    return std::chrono::duration<double, std::micro>(now).count();
}

/// All values of one measured thing, and their quantiles.
class Samples {
  public:
    explicit Samples(std::size_t expected) { values_.reserve(expected); }
    void add(double value) { values_.push_back(value); }
    void sort() { std::ranges::sort(values_); }
    /// After sort().
    [[nodiscard]] double at(double share) const {
        if (values_.empty()) return 0;
        return values_[static_cast<std::size_t>(static_cast<double>(values_.size() - 1) * share)];
    }
    [[nodiscard]] double mean() const {
        double sum = 0;
        for (const double value : values_) sum += value;
        return values_.empty() ? 0 : sum / static_cast<double>(values_.size());
    }
    [[nodiscard]] double max() const { return values_.empty() ? 0 : values_.back(); }
    [[nodiscard]] std::size_t count() const { return values_.size(); }

  private:
    std::vector<double> values_;
};

[[nodiscard]] inline std::string machine() {
    utsname name{};
    uname(&name);
    return std::string(name.sysname) + " " + name.release + " " + name.machine;
}

}  // namespace muster::load
