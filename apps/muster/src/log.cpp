#include "log.hpp"

#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <nlohmann/json.hpp>

#include "muster/base/encoding.hpp"
#include "muster/base/time.hpp"

namespace muster {
namespace {

constexpr std::string_view names[] = {"debug", "info", "warning", "error"};

Level level_from(std::string_view name) {
    for (int i = 0; i < 4; ++i) {
        if (names[i] == name) return static_cast<Level>(i);
    }
    return Level::info;
}

// One logger for the process, made at the first word; the roles write from one thread.
spdlog::logger& logger() {
    static const auto made = [] {
        auto out = std::make_shared<spdlog::logger>(
            "muster", std::make_shared<spdlog::sinks::stderr_color_sink_st>());
        out->set_level(spdlog::level::trace);
        out->flush_on(spdlog::level::trace);
        return out;
    }();
    return *made;
}

}  // namespace

Log::Log(std::string_view level, bool as_json) : least_(level_from(level)), as_json_(as_json) {
    logger().set_pattern(as_json ? "%v" : "%Y-%m-%d %H:%M:%S.%e %^%l%$ %v");
}

void Log::say(Level level, std::string_view text) const {
    if (level < least_) return;
    const std::string clean = to_utf8(text);
    if (as_json_) {
        const nlohmann::json line{{"time", to_rfc3339(SystemClock().now())},
                                  {"level", names[static_cast<int>(level)]},
                                  {"message", clean}};
        logger().info("{}", line.dump());
        return;
    }
    constexpr spdlog::level::level_enum levels[] = {spdlog::level::debug, spdlog::level::info,
                                                    spdlog::level::warn, spdlog::level::err};
    logger().log(levels[static_cast<int>(level)], "{}", clean);
}

}  // namespace muster
