#pragma once

#include <string>
#include <string_view>

namespace muster {

enum class Level { debug, info, warning, error };

/// What a role says about its own life, on standard error: text for people, or JSON lines. Copies
/// share the sink.
class Log {
  public:
    /// `level`: debug, info, warning or error; what is milder is left out.
    Log(std::string_view level, bool as_json);
    void say(Level level, std::string_view text) const;

  private:
    Level least_;
    bool as_json_;
};

}  // namespace muster
