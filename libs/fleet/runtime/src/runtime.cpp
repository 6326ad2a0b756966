#include "muster/runtime/runtime.hpp"

#include <array>

namespace muster::runtime {
namespace {

constexpr std::array<std::pair<Phase, std::string_view>, 7> phases{{
    {Phase::created, "created"},
    {Phase::running, "running"},
    {Phase::paused, "paused"},
    {Phase::restarting, "restarting"},
    {Phase::removing, "removing"},
    {Phase::exited, "exited"},
    {Phase::dead, "dead"},
}};

}  // namespace

std::string_view name_of(Phase phase) {
    for (const auto& [known, name] : phases) {
        if (known == phase) return name;
    }
    return "dead";
}

std::optional<Phase> phase_from_name(std::string_view name) {
    for (const auto& [phase, known] : phases) {
        if (known == name) return phase;
    }
    return std::nullopt;
}

}  // namespace muster::runtime
