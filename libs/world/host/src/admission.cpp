#include "admission.hpp"

#include <algorithm>

namespace muster::host {
namespace {

constexpr std::size_t addresses_max = 8'192;

Rate rate_of(double per_second) {
    return {.per_second = std::max(per_second, 0.01), .burst = std::max(per_second, 1.0)};
}

std::unexpected<Error> too_many(milliseconds wait) {
    const auto seconds = std::chrono::ceil<std::chrono::seconds>(wait);
    return fail(Errc::rate_limited,
                "too many joins; try again in " + std::to_string(seconds.count()) + " s");
}

}  // namespace

Admission::Admission(const Options& options)
    : sessions_max_(options.sessions_max),
      per_address_max_(options.sessions_per_address_max),
      opening_max_(std::max<std::size_t>(per_address_max_ / 4, 16)),
      all_(rate_of(options.joins_per_second)),
      by_address_(rate_of(options.joins_per_address_per_second), addresses_max) {}

Result<void> Admission::check(const std::string& address, Timestamp now) {
    if (sessions_ >= sessions_max_) return fail(Errc::exhausted, "the server is full");
    const auto known = sessions_of_.find(address);
    if (known != sessions_of_.end() && known->second.all >= per_address_max_) {
        return fail(Errc::rate_limited, "too many sessions from this address");
    }
    if (known != sessions_of_.end() && known->second.opening >= opening_max_) {
        return fail(Errc::rate_limited,
                    "too many joins from this address whose connections do not come");
    }
    if (!by_address_.take(address, now)) return too_many(by_address_.wait(address, now));
    if (!all_.take(now)) return too_many(all_.wait(now));
    return {};
}

Result<void> Admission::admit(const std::string& address, Timestamp now) {
    const std::lock_guard lock(mutex_);
    auto allowed = check(address, now);
    if (!allowed) {
        ++refused_;
        return allowed;
    }
    count(address);
    return {};
}

Result<void> Admission::admit_guest(const std::string& address) {
    const std::lock_guard lock(mutex_);
    if (sessions_ >= sessions_max_) {
        ++refused_;
        return fail(Errc::exhausted, "the server is full");
    }
    count(address);
    return {};
}

void Admission::count(const std::string& address) {
    ++sessions_;
    Sessions& sessions = sessions_of_[address];
    ++sessions.all;
    ++sessions.opening;
}

void Admission::opened(const std::string& address) {
    const std::lock_guard lock(mutex_);
    const auto known = sessions_of_.find(address);
    MUSTER_ASSERT(known != sessions_of_.end() && known->second.opening > 0);
    --known->second.opening;
}

void Admission::release(const std::string& address, bool was_opened) {
    const std::lock_guard lock(mutex_);
    const auto known = sessions_of_.find(address);
    MUSTER_ASSERT(known != sessions_of_.end() && sessions_ > 0);
    --sessions_;
    if (!was_opened) --known->second.opening;
    if (--known->second.all == 0) sessions_of_.erase(known);
}

std::size_t Admission::sessions() const {
    const std::lock_guard lock(mutex_);
    return sessions_;
}

std::uint64_t Admission::refused() const {
    const std::lock_guard lock(mutex_);
    return refused_;
}

}  // namespace muster::host
