#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace muster::coordinator {

/// A histogram of durations with fixed bounds, as Prometheus counts them.
class Histogram {
  public:
    static constexpr std::array<double, 12> bounds{0.001, 0.005, 0.01, 0.05, 0.1, 0.5,
                                                   1,     5,     15,   60,   300, 1800};
    void observe(double seconds);

    std::array<std::uint64_t, bounds.size()> below{};  ///< not cumulative
    std::uint64_t count = 0;
    double sum = 0;
};

/// Writes the Prometheus text format 0.0.4.
class Exposition {
  public:
    using Labels = std::vector<std::pair<std::string_view, std::string>>;
    void family(std::string_view name, std::string_view type, std::string_view help);
    void sample(std::string_view name, const Labels& labels, double value);
    void histogram(std::string_view name, const Labels& labels, const Histogram& histogram);
    [[nodiscard]] std::string take() { return std::move(out_); }

  private:
    std::string out_;
};

}  // namespace muster::coordinator
