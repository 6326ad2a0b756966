#pragma once

#include <map>
#include <string>
#include <vector>

#include "muster/territory/holdings.hpp"
#include "muster/territory/state.hpp"

namespace muster::territory {

/// What must never happen, looked for from where everything can be seen: all servers and the disk.
class Promises {
  public:
    struct Owner {
        std::string server{};
        const Holdings* holdings = nullptr;
        Instant now{};  ///< of its own clock
    };

    /// After anything that may begin an ownership at `one`: nobody else has a point of it, and
    /// nobody was ever granted a point of it with a greater epoch.
    void check_owner(const Owner& one, const std::vector<Owner>& all,
                     const std::vector<Grant>& gained);
    /// Between what was durable and what is now.
    void check_record(const WorldRecord* before, const WorldRecord& after,
                      const Standing& standing);
    void check_durable(const Answer& answer, const std::map<std::string, WorldRecord>& disk);

    void complain(std::string what) { violations.push_back(std::move(what)); }
    std::vector<std::string> violations;

  private:
    struct Granted {
        std::string server{};
        Grant grant{};
    };
    std::vector<Granted> granted_;  ///< without those that later ones cover
};

}  // namespace muster::territory
