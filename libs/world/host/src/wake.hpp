#pragma once

#include "muster/base/error.hpp"

namespace muster::host {

/// Wakes a thread that waits for descriptors (an eventfd). signal() from any thread.
class Wake {
  public:
    Wake();
    ~Wake();
    Wake(const Wake&) = delete;
    Wake& operator=(const Wake&) = delete;

    [[nodiscard]] bool is_open() const { return descriptor_ >= 0; }
    [[nodiscard]] int descriptor() const { return descriptor_; }
    void signal();
    void clear();  ///< the waiting thread's

  private:
    int descriptor_ = -1;
};

}  // namespace muster::host
